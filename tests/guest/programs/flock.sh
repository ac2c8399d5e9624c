#!/bin/bash
# flock between processes: exclusion, waiting, time-outs, locks that die with their holder.
# SPDX-License-Identifier: LGPL-2.1-or-later
# needs: flock
echo 0 > counter
worker() { for ((i = 0; i < 25; i++)); do (flock 9; n=$(cat counter); echo $((n + 1)) > counter) 9> lock; done; }
for w in 1 2 3 4; do worker & done; wait
echo "counter $(cat counter)"
exec 8> held; flock 8; echo "held $?"
flock -n held true; echo "nonblocking $?"
flock -w 0.05 held true; echo "time-out $?"
flock -n -E 42 held true; echo "own status $?"
(flock held echo "waited") & w=$!
until [ "$(cut -d' ' -f3 "/proc/$w/stat")" = S ]; do :; done
flock -u 8; wait $w; echo "woken $?"
mkfifo ready
(flock held sh -c 'echo > ready; exec sleep 1000') & h=$!
read -r _ < ready; flock -n held true; echo "taken $?"
pkill -KILL -P $h; wait $h 2>/dev/null
flock held echo "free after death"
flock -s held sh -c 'flock -n -s held echo shared; flock -n held true; echo "exclusive $?"'
flock . echo directory
