#!/bin/sh
# Tools of util-linux.  SPDX-License-Identifier: LGPL-2.1-or-later
# needs: column hexdump flock getopt lscpu findmnt prlimit
t() { echo "\$ $*"; sh -c "$*"; echo "= $?"; }
printf 'name size\na 1\nlonger 22\n' > f
t 'column -t f; column -s: -t -N user,pw -H pw /etc/passwd | head -n 1 | cut -c1-4; column -J -N a,b -n x f'
t 'hexdump -C f; hexdump -e "4/1 \"%02x \" \"\n\"" f; hd f | wc -l'
t 'rev f; look na f; colrm 2 3 < f; col -b < f; echo abc | ul; colcrt f'
t 'getopt -o ab:c -l long,arg: -- -a -b x --arg=y rest; getopt -o a -- -z 2>/dev/null; getopt -T'
t 'flock lock echo locked; flock -n lock -c "flock -n lock true; echo inner \$?"; flock -s lock -c "flock -n -s lock echo shared"; flock -w 0.05 lock -c "flock -w 0.05 lock true"'
t 'setsid sh -c "[ \$(cut -d\" \" -f6 /proc/self/stat) -gt 0 ] && echo session"; setsid -w sh -c "exit 6"'
t 'prlimit --nofile=64:64 sh -c "ulimit -n"; prlimit --core --raw --noheadings -o RESOURCE,SOFT; prlimit --pid $$ --cpu | wc -l'
t 'ionice -c 2 -n 3 ionice; ionice -c 3 ionice; ionice -p $$ | wc -l; renice -n 3 -p $$ | sed "s/[0-9]* (/N (/"; nice'
t 'chrt -p $$ | sed "s/[0-9]*.s current/current/"; chrt -b 0 chrt -p 0 | head -n 1 | grep -o SCHED_.*; chrt -i 0 true; chrt -m | wc -l'
t 'taskset -c 0 nproc; taskset -p $$ | sed "s/.*: //"; taskset 1 taskset -p $$ > /dev/null'
t 'lscpu | grep ^Architecture | tr -s " "; lscpu -p=CPU | grep -vc "#"; lscpu | grep "^CPU(s):" | tr -s " "'
t 'mountpoint /proc; mountpoint -q /etc; findmnt -n -o FSTYPE /proc; findmnt -n -o TARGET --target /proc/self/stat; findmnt /nothing'
t 'whereis -b true; namei -m /bin/sh | tail -n 1; mcookie | wc -c; uuidgen 2>/dev/null | wc -c > /dev/null; fallocate -l 5000 z; wc -c < z'
t 'setarch -R true; setarch i686 uname -m; linux64 uname -m; linux32 uname -m'
t 'choom -p $$ | sed "s/pid [0-9]*/pid N/;s/: [0-9]*$/: N/"; choom -n 500 -- cat /proc/self/oom_score_adj'
t 'fincore -n f | wc -l; ipcmk --help > /dev/null; logger --help > /dev/null; wdctl --help > /dev/null; isosize f 2>/dev/null'
t 'rename.ul a b f 2>/dev/null; more f; line < f 2>/dev/null; pg f 2>/dev/null; script --version | wc -l; cal 2 2024 2>/dev/null | head -n 1'
t 'kill -l 9; /bin/kill -l TERM; /bin/kill -s 0 $$; /bin/kill -L | wc -l; /bin/kill 999999 2>/dev/null'
t 'setpriv --no-new-privs grep NoNewPrivs /proc/self/status; readlink /proc/self/ns/pid | cut -d: -f1; nsenter --help > /dev/null; unshare --help > /dev/null'
t 'setpriv --nnp --inh-caps=-all --pdeathsig KILL echo ok; setterm --version | wc -l; swapon --show | wc -l; lslocks -n | wc -l | sed "s/.*/locks/"'
