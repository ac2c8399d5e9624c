#!/bin/sh
# xargs -P4 over many files and processes.  SPDX-License-Identifier: LGPL-2.1-or-later
# time-out: 300
find /usr/include/linux -type f | sort | xargs -P4 -n 10 sha256sum | sort | sha256sum
seq 200 | xargs -P4 -n1 sh -c 'echo $(($0 * $0))' | sort -n | sha256sum
seq 40 | xargs -P4 -I{} sh -c 'echo {} > out.{}; cat out.{}' | sort -n | paste -sd,
seq 8 | xargs -P4 -n1 sh -c '[ $0 != 5 ]'; echo $?
seq 100 | xargs -P 0 -n1 true; echo $?
