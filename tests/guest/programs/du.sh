#!/bin/sh
# du over real trees: blocks, bytes, inodes, links counted once.  SPDX-License-Identifier: LGPL-2.1-or-later
# time-out: 300
du -s /usr/include /usr/share/doc
du -sb /usr/lib/x86_64-linux-gnu/perl* 2>/dev/null
du -s --inodes /usr/share/zoneinfo /usr/include
du -d1 /usr/include/linux | sort -k2
du -a /etc/default | sort -k2
du -sl /usr/share/zoneinfo
dd if=/dev/zero of=f bs=4096 count=10 status=none; ln f g
du -b f g; du --apparent-size -k f
