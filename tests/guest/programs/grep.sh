#!/bin/sh
# grep.  SPDX-License-Identifier: LGPL-2.1-or-later
t() { echo "\$ $*"; sh -c "$*"; echo "= $?"; }
printf 'The quick\nbrown fox\njumps over\nthe lazy dog\n' > f; printf 'fox\n' > g; mkdir r; cp f g r; printf 'a\0b\n' > bin
t 'grep fox f; grep -v o f; grep -i the f; grep nothing f'
t 'grep -c o f; grep -n o f; grep -b fox f; grep -l fox f g; grep -L fox f g bin'
t 'grep -o "[a-z]*o[a-z]*" f; grep -w the f; grep -x fox g; grep -m1 o f'
t 'grep -A1 fox f; grep -B1 fox f; grep -C1 jumps f'
t 'grep -E "(quick|lazy)" f; grep -F . f; grep -P "\bfo\w" f; grep "o\{2\}" f'
t 'grep -r fox r | sort; grep -rl o r | sort; grep -rh fox r | sort; grep -r --include=g fox . | sort'
t 'grep -q fox f; grep -s x nothing; grep x nothing; grep -e fox -e dog f; grep -f g f'
t 'grep a bin; grep -a a bin | od -c; grep -z b bin | od -c; grep -I a bin'
t 'cat f | grep --label=in -H fox; grep -T fox f; grep --color=always fox f'
t 'egrep "a|b" f 2>/dev/null; fgrep a. f 2>/dev/null; zgrep fox f'
t 'grep -c "" /etc/passwd | awk "{print (\$1 > 5)}"; grep ^root: /etc/passwd'
t 'head -c 1000000 /dev/zero | tr "\0" a | grep -c aaa; seq 100000 | grep -c 7'
