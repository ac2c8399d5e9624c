#!/bin/sh
# dd: block sizes, seeking, pipes, devices, signals.  SPDX-License-Identifier: LGPL-2.1-or-later
t() { echo "\$ $*"; sh -c "$*" 2>&1 | sed 's/, [0-9.e-]* s, .*/, T/'; }
t 'dd if=/dev/zero of=z bs=64k count=16; sha256sum z'
t 'dd if=/dev/zero bs=1M count=8 status=none | sha256sum'
t 'seq 1000 | dd bs=7 status=none | sha256sum; seq 1000 | dd ibs=10 obs=33 status=none | sha256sum'
t 'seq 100 | dd of=s bs=3 seek=2; od -c s | head -n 2'
t 'dd if=s of=p bs=4 skip=3 count=2 conv=notrunc,fsync; cat p'
t 'dd if=s bs=1 count=20 conv=swab status=none | od -c; dd if=s conv=block cbs=4 count=1 status=none | wc -c'
t 'dd if=/dev/null of=empty; wc -c < empty; dd of=sparse bs=1 count=0 seek=1G; stat -c %s sparse'
t 'dd if=z of=/dev/null bs=4k iflag=fullblock,count_bytes count=10000; dd if=z bs=4k skip=3 iflag=skip_bytes status=none | wc -c'
t 'dd if=/dev/zero of=/dev/full bs=1 count=1; dd if=nothing; dd of=/ count=0'
t 'dd if=z of=copy oflag=append conv=notrunc bs=128k; cmp z copy; dd if=z of=dir/x'
t 'dd if=/dev/urandom of=r bs=1k count=64; wc -c < r; dd if=r of=r2 bs=999; cmp r r2 && echo same'
dd if=/dev/zero of=/dev/null bs=1k 2> stats & p=$!
# Once dd has its handler, each SIGUSR1 makes it tell how far it is.
until grep -q '^SigCgt:.*[2367abef]..$' /proc/$p/status; do :; done
kill -USR1 $p; until grep -q copied stats; do :; done; kill $p; wait $p; echo "killed $?"
