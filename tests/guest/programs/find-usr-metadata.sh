#!/bin/sh
# slow: stats each file of /usr/share and /usr/lib: type, mode, links, owner, size, blocks, times, inode, device.
# SPDX-License-Identifier: LGPL-2.1-or-later
# time-out: 600
find /usr/share/doc /usr/lib -xdev -printf '%p %y %m %n %U %G %s %b %T@ %C@ %i %l\n' | sort > all
wc -l < all
sha256sum < all
# Hard links and directory order need inode numbers that stay.
find /usr/include -xdev -type f -printf '%i\n' | sort | uniq -d | wc -l
find /usr/include -xdev | sha256sum
