#!/bin/sh
# tar and cpio-like copying.  SPDX-License-Identifier: LGPL-2.1-or-later
t() { echo "\$ $*"; sh -c "$*"; echo "= $?"; }
mkdir -p d/sub; echo one > d/1; echo two > d/sub/2; ln d/1 d/hard; ln -s 1 d/soft; mkfifo d/fifo; truncate -s 100000 d/sparse
find d -exec touch -h -d '2010-10-10 10:10:10' {} +
chmod 4711 d/sub/2; chmod 750 d/sub
tar="tar --owner=u:1000 --group=g:1000 --sort=name --mtime=2010-10-10"
t "$tar -cf a.tar d; sha256sum a.tar; tar -tf a.tar"
t 'tar -tvf a.tar | sed "s/  */ /g"'
t 'mkdir x; tar -xf a.tar -C x --no-same-owner; diff -r --no-dereference d x/d 2>&1; readlink x/d/soft'
t 'stat -c "%a %h %n" x/d/1 x/d/sub x/d/sub/2; stat -c "%Y" x/d/1 x/d/soft; [ x/d/1 -ef x/d/hard ]'
t "$tar -czf a.tgz d; tar -tzf a.tgz | wc -l; $tar -cjf a.tbz d 2>/dev/null; $tar -cJf a.txz d && tar -tJf a.txz | wc -l"
t 'tar -df a.tar 2>&1 | sed "s/differs/&/" | grep -v -e Uid -e Gid; echo three >> d/1; tar -df a.tar 2>&1 | grep -c "d/1: Size"'
t "$tar -rf a.tar d/sub/2; tar -tf a.tar | tail -n 1; tar --delete -f a.tar d/fifo; tar -tf a.tar | grep -c fifo"
t 'tar -xOf a.tar d/sub/2 | sort -u; tar -xf a.tar --strip-components=1 -C x d/soft; ls x'
t "$tar -Scf s.tar d/sparse; [ \$(stat -c %s s.tar) -lt 50000 ] && echo small; tar -xOf s.tar d/sparse | wc -c"
t "$tar -cf - d | tar -xf - -C x --overwrite --no-same-owner; $tar --exclude='*.x' --exclude=sub -cf - d | tar -tf -"
t 'tar -cf /dev/null d; tar -xf nothing.tar 2>/dev/null; echo garbage | tar -xf - 2>/dev/null'
t "printf 'd/1\\nd/soft\\n' | $tar -T - -cf - | tar -t; $tar --format=pax -cf p.tar d; tar -tf p.tar | wc -l; $tar --format=v7 -cf - d/1 | wc -c"
t 'tar -cf m.tar -g snap d 2>/dev/null; tar -tf m.tar | wc -l; tar --totals -cf - d/1 2>/dev/null | wc -c'
