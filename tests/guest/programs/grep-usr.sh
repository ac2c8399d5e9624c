#!/bin/sh
# grep -r over real trees.  SPDX-License-Identifier: LGPL-2.1-or-later
# time-out: 300
grep -r -c '' /usr/include/linux | sort | sha256sum
grep -rl EINVAL /usr/include | sort | wc -l
grep -rhow 'struct [a-z]*' /usr/include/asm-generic | sort | uniq -c | sort -rn | head -n 20
grep -rI --include='*.conf' -c . /etc 2>/dev/null | sort | head -n 50
