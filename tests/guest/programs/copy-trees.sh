#!/bin/sh
# cp -a of a real tree, comparison, changes, rm -rf.  SPDX-License-Identifier: LGPL-2.1-or-later
# time-out: 300
cp -a /usr/include/linux linux; echo "cp $?"
diff -r /usr/include/linux linux; echo "diff $?"
(cd linux && find . -type f -printf '%p %m %s %T@\n' | sort | sha256sum)
(cd /usr/include/linux && find . -type f -printf '%p %m %s %T@\n' | sort | sha256sum)
cp -al linux hard; find hard -type f -links 2 | wc -l
cp -as "$PWD/linux" soft; find soft -type l | wc -l; cat soft/if.h | cmp - linux/if.h
find linux -name '*.h' -exec sed -i 's/define/DEFINE/' {} +; grep -rl DEFINE linux | wc -l
grep -rl DEFINE hard | wc -l
cp -a --reflink=auto --preserve=all linux again; diff -r linux again; echo "again $?"
mv linux moved; ls -d moved; find moved | wc -l
chmod -R a-w hard; rm -rf hard; echo "rm $?"; ls -d hard 2>/dev/null
chmod -R u+w hard 2>/dev/null; rm -rf hard
mkdir -p deep; (cd deep; i=0; while [ $i -lt 60 ]; do mkdir dddddddddddddddddddd; cd dddddddddddddddddddd; i=$((i + 1)); done; echo bottom > f)
find deep -name f -exec cat {} \; ; rm -r deep; echo "deep $?"
i=0; mkdir many; while [ $i -lt 2000 ]; do : > many/$i; i=$((i + 1)); done; ls many | wc -l; rm -rf many
rm -rf moved soft again; ls
