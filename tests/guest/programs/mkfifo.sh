#!/bin/bash
# Named pipes between processes.  SPDX-License-Identifier: LGPL-2.1-or-later
mkfifo a b
seq 5000 > a & sha256sum < a; wait
(while read -r x; do echo $((x * 2)); done < a > b) & exec 7> a 8< b
for i in 1 2 3; do echo $i >&7; read -r y <&8; echo "$i -> $y"; done
exec 7>&- 8<&-; wait; echo "closed"
cat a > out & (echo one; echo two) > a; wait; cat out
[ -p a ] && stat -c '%F %s' a
timeout 0.05 cat a; echo "no writer $?"
timeout 0.05 sh -c 'echo x > a'; echo "no reader $?"
exec 9<> a; echo buffered >&9; read -r z <&9; echo "$z"; exec 9>&-
# The shell holds a writing end until all writers are done.
sort a > sorted & s=$!; exec 9> a
for i in 1 2 3 4; do (for j in 1 2 3 4 5; do echo "writer $i"; done > a) & w="$w $!"; done; wait $w
exec 9>&-; wait $s; uniq -c sorted | tr -s ' '
head -c 200000 /dev/zero > a & wc -c < a; wait
(trap 'echo pipe >&2' PIPE; yes > b) 2> err & head -n 2 b; wait; cat err
rm a b; ls
