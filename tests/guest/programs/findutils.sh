#!/bin/sh
# find and xargs.  SPDX-License-Identifier: LGPL-2.1-or-later
t() { echo "\$ $*"; sh -c "$*"; echo "= $?"; }
mkdir -p d/a/b d/c "d/with space"
for f in d/1.c d/a/2.h d/a/b/3.c 'd/with space/4 x' d/c/5; do echo "$f" > "$f"; done
ln -s ../1.c d/c/link; ln -s nowhere d/c/dead; mkfifo d/fifo
chmod 750 d/c; touch -d '2001-01-01' d/1.c; truncate -s 5000 d/a/2.h; : > d/empty
t 'find d | sort'
t 'find d -name "*.c" | sort; find d -iname "*.C" -path "*a*" | sort'
t 'find d -type d | sort; find d -type l | sort; find d -type p; find d -xtype l'
t 'find d -maxdepth 1 | sort; find d -mindepth 3 | sort'
t 'find d -size +4k; find d -size -1 | sort; find d -empty | sort'
t 'find d -perm 750; find d -perm -u+r -type f | sort | wc -l; find d -perm /o+w'
t 'find d -newermt 2000-06-01 ! -newermt 2002-06-01; find d -mtime +1000; find d -mmin -60 -type f | sort'
t 'find d -newer d/1.c -type f | sort; find d -samefile d/1.c; find d -inum $(stat -c %i d/1.c)'
t 'find d -links 1 -type f | sort | wc -l; find d -user "$(id -un)" | wc -l; find d -nouser'
t 'find d -type f -exec wc -c {} + | tail -n 1; find d -name "*.c" -exec echo got {} \; | sort'
t 'find d -execdir pwd \; | sort -u | sed "s,.*/d,d,"; find d -name 5 -ok echo {} \; < /dev/null 2>/dev/null'
t 'find d -prune; find d -name a -prune -o -type f -print | sort; find d -regex ".*/[0-9]\.[ch]" | sort'
t 'find -L d -name link; find -L d -type l; find d -lname nowhere; find -H d/c/link'
t 'find d -printf "%y %m %s %p %l\n" | grep -v ^d | sort; find d -type f -print0 | tr "\0" "\n" | sort'
t 'find d -ls | wc -l; find nothing; find d -quit | wc -l; find d -fstype proc'
t 'find d -depth -name "b" -o -depth -name "3.c"; find d -readable -name 5; find d -executable -type f'
t 'find d -name 5 -delete; find d -name 5; find d -type d -empty'
t 'find /proc/self/fd -type l | wc -l | sed "s/.*/counted/"; find /etc/passwd -xdev'
t 'seq 10 | xargs; seq 10 | xargs -n 3; seq 4 | xargs -I{} echo "<{}>"; seq 6 | xargs -L 2 echo'
t 'printf "a b\0c d\0" | xargs -0 -n1 echo; echo "x \"y z\" w" | xargs -n1; : | xargs -r echo never; : | xargs echo once'
t 'seq 20 | xargs -P4 -n1 echo | sort -n | paste -sd+; seq 3 | xargs -n1 sh -c "exit \$0"; echo; echo 1 | xargs -I{} sh -c "exit 255"'
t 'seq 1000 | xargs -s 500 | wc -l | awk "\$1 > 5 {print \"split\"}"; echo a,b | xargs -d , -n1; xargs -a d/1.c echo'
t 'echo nothing-there | xargs -I{} ./{} 2>/dev/null; locate --version >/dev/null 2>&1; echo'
