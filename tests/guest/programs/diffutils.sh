#!/bin/sh
# diff, cmp, diff3, sdiff, patch.  SPDX-License-Identifier: LGPL-2.1-or-later
t() { echo "\$ $*"; sh -c "$*"; echo "= $?"; }
seq 10 > a; sed -e 3d -e 's/7/seven/' -e '9a nine-and-a-half' a > b; sed 's/2/two/' a > c; mkdir p q; cp a p; cp b q/a; cp a q/only
t 'diff a b; diff a a; diff a nothing 2>/dev/null'
t 'diff -u --label x --label y a b; diff -c --label x --label y a b; diff -e a b; diff -n a b'
t 'diff -y -W 40 a b; diff -q a b; diff -s a a; diff --brief p q'
t 'diff -r p q; diff -rN p q | wc -l; diff -i <<E a
1
E'
t 'diff -w -B a b | wc -l; diff -D FLAG a b | head -n 5; diff --unchanged-line-format= --old-line-format="-%L" --new-line-format="+%L" a b'
t 'cmp a b; cmp -l a b | head -n 3; cmp -s a a; cmp -n 4 a b; cmp a - < b; cmp -i 4:4 a b | wc -l'
t 'diff3 c a b; diff3 -m c a b; diff3 -e c a b | wc -l'
t 'sdiff -s -w 40 a b; sdiff -l a a | wc -l'
t 'diff -u a b > u; cp a w; patch -s w u; cmp w b; patch -s -R w u; cmp w a; patch --dry-run w u'
t 'seq 30000 > m; sed "s/5$/x/" m > n; diff m n | wc -l'
