#!/bin/sh
# What a program sees of the machine and of itself; each line starts with the part it belongs to.
# SPDX-License-Identifier: LGPL-2.1-or-later
part() { sed "s/^/$1: /"; }
sh -c 'uname -a' | part uname
sh -c 'id' | part id
# Folders that change while we look: their size, link count and time say nothing.
sh -c 'ls -l /' | sed -E '/^total/d; / (dev|proc|run|sys|tmp)$/s/^([^ ]+) +[0-9]+ +([^ ]+) +([^ ]+) .* /\1 \2 \3 /' |
  tr -s ' ' | part ls
# Numbers that two native runs don't share: ids, resident memory, switches.
sh -c 'cat /proc/self/status' |
  sed -E '/^(Tgid|Ngid|Pid|PPid|NSpid|NSpgid|NSsid|NStgid|VmHWM|VmRSS|Rss.*|VmPTE|SigQ|.*ctxt.*):/s/[0-9]+/N/g' | part status
# Addresses are random; what is mapped, with which protection, is not.
sh -c 'cat /proc/self/maps' |
  sed -E 's/^[0-9a-f]+-[0-9a-f]+ ([rwxps-]+) ([0-9a-f]+) [0-9a-f:]+ [0-9]+ */\1 \2 /' | part maps
sh -c 'cat /proc/mounts' | part mounts
