#!/bin/bash
# ps, pgrep, pkill, free, uptime, sysctl and kin.  Only processes of our own are looked at.
# SPDX-License-Identifier: LGPL-2.1-or-later
# needs: ps pgrep pkill free uptime pmap sysctl
t() { echo "\$ $1"; eval "$1"; echo "= $?"; }
sleep 1000 & a=$!
sh -c 'exec -a odd-name sleep 1001' & b=$!
bash -c 'exec -a odd-name sleep 1001' & c=$!
wait $b 2>/dev/null
until [ "$(ps -o args= -p $c)" = 'odd-name 1001' ] && [ "$(ps -o args= -p $a)" = 'sleep 1000' ]; do :; done
t 'ps -o comm= -p $a; ps -o args= -p $a,$c; ps -o comm=,stat= -p $a'
t '[ $(ps -o ppid= -p $a) = $$ ]; [ $(ps -o pgid= -p $a) = $(ps -o pgid= -p $$) ]; [ $(ps -o sid= -p $a) = $(ps -o sid= -p $$) ]'
t 'ps -o user=,group=,ruser=,nlwp=,pri=,ni= -p $a | tr -s " "; ps -o tty= -p $a'
t 'ps --ppid $$ -o comm= | sort | uniq -c | grep sleep | tr -s " "; ps -C nothing-at-all -o pid='
t 'ps -p $a -o pid,comm | wc -l; ps -e -o pid= | grep -cx " *$a"; ps aux | awk "\$2 == $a {print \$11, \$12}"'
t 'ps -ef | awk "\$2 == $c {print \$8, \$9}"; ps -eLo pid=,lwp= | awk "\$1 == $a {print (\$1 == \$2)}"'
t 'ps -o etimes= -p $a | awk "{print (\$1 < 100)}"; ps -o time= -p $a; ps -o vsz= -p $a | awk "{print (\$1 > 1000)}"'
t 'ps -o wchan= -p $a | wc -l; ps -o blocked=,ignored=,caught=,pending= -p $a; ps --forest -o comm= -p $a; ps -o cls= -p $a'
t 'pgrep -P $$ -x sleep | wc -l; pgrep -P $$ -f "odd-name 1001" | wc -l; pgrep -P $$ nothing; pgrep -P $$ -c sleep; pgrep -P $$ -l -x sleep | cut -d" " -f2 | sort'
t '[ "$(pgrep -P $$ -n sleep)" = $c ]; [ "$(pgrep -P $$ -o sleep)" = $a ]; pgrep -s 0 -x sleep | wc -l'
t 'pidof -s nothing; pidwait --help > /dev/null; pwdx $a | sed "s/^[0-9]*: //" | cmp - <(pwd)'
t 'pmap $a | sed -n "1s/^[0-9]*: *//p"; pmap $a | tail -n 1 | tr -s " 0-9K" " "; pmap -x $a | grep -c sleep | awk "{print (\$1 > 2)}"'
t 'free | awk "{print \$1}"; free -b | awk "/Mem/ {print (\$2 >= \$3)}"; free -h --si | wc -l'
t 'uptime | grep -c "load average"; uptime -p | cut -c1-2; uptime -s | wc -c; vmstat | wc -l; w -h | wc -l | sed "s/.*/users/"'
t 'top -bn1 -p $a | awk "\$1 == $a {print \$NF}"; top -bn1 | head -n 1 | cut -c1-3'
t 'sysctl -n kernel.ostype; sysctl kernel.pid_max | cut -d" " -f1; sysctl -n kernel.nothing 2>/dev/null'
t 'pkill -P $$ -x -TERM sleep; wait $a; echo $?; wait $c; echo $?; pkill -P $$ nothing'
t 'kill -l | head -n 1 | wc -w; skill --help > /dev/null; snice --help > /dev/null; tload -V | wc -l'
