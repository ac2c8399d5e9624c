#!/bin/sh
# sed.  SPDX-License-Identifier: LGPL-2.1-or-later
t() { echo "\$ $*"; sh -c "$*"; echo "= $?"; }
seq 1 6 > n; printf 'one two\nthree four\n' > f
t 'sed s/o/0/ f; sed s/o/0/g f; sed s/o/0/2 f; sed -n s/two/2/p f'
t 'sed -n 2,4p n; sed 2d n; sed "\$d" n; sed -n "1~2p" n; sed 2q n; sed -n "\$=" n'
t 'sed "/3/,/5/d" n; sed "/3/!d" n; sed -n "/2/,+1p" n'
t 'sed "2i\\before" n; sed "2a\\after" n; sed "2c\\changed" n | head -n 4'
t 'sed -E "s/([a-z]+) ([a-z]+)/\2 \1/" f; sed "s/.*/[&]/" f; sed "s/\w\+/\u&/g" f; sed "s/./\U&/g" f'
t 'sed y/abc/xyz/ f; sed = f; sed -n l f; sed G f; sed -n "1!G;h;\$p" n'
t 'sed -e 1d -e 2d n; sed -f - n <<E
1d
s/5/five/
E'
t 'sed ":a;N;\$!ba;s/\n/,/g" n; sed "N;P;D" n | wc -l; sed "n;d" n'
t 'cp f e; sed -i s/one/1/ e; cat e; sed -i.bak s/two/2/ e; cat e e.bak; ls'
t 'sed -s -n "\$p" f n; sed -z "s/\n/;/g" n; echo; sed "r n" f | wc -l; sed "w out" f > /dev/null; cat out'
t 'sed "1e echo executed" f; sed --posix s/a/b/ f; sed -n "/t/{s//T/;p}" f; sed "s/a/b" f'
t 'seq 50000 | sed -n "/7\$/p" | tail -n 1; sed 3Q n; sed "2q5" n'
