#!/bin/sh
# awk (mawk on Debian).  SPDX-License-Identifier: LGPL-2.1-or-later
t() { echo "\$ $*"; sh -c "$*"; echo "= $?"; }
printf 'ann 30 x\nbob 25 y\ncid 41 x\n' > f
t "awk '{print \$1, \$NF}' f; awk 'NR==2' f; awk '/x/{n++} END{print n}' f"
t "awk '\$2>26{s+=\$2} END{print s, s/NR}' f; awk -F: '\$1==\"root\"{print \$3}' /etc/passwd"
t "awk 'BEGIN{OFS=\"-\"} {\$1=\$1; print}' f; awk 'BEGIN{printf \"%5.2f|%-4s|%03d\\n\", 3.14159, \"a\", 7}'"
t "awk '{a[\$3]=a[\$3] \" \" \$1} END{for(k in a) print k a[k]}' f | sort"
t "awk 'BEGIN{print length(\"hello\"), substr(\"hello\",2,3), index(\"hello\",\"l\"), toupper(\"abc\")}'"
t "awk 'BEGIN{n=split(\"a:b:c\",p,\":\"); print n,p[3]; s=\"aXbX\"; gsub(/X/,\"-\",s); print s; print match(\"foobar\",/o+/), RSTART, RLENGTH}'"
t "awk 'function f(n){return n<2?n:f(n-1)+f(n-2)} BEGIN{print f(20)}'"
t "awk 'BEGIN{while((\"echo a; echo b\" | getline l)>0) print \"got\", l; close(\"echo a; echo b\")}'"
t "awk '{print | \"sort -r\"} END{close(\"sort -r\"); print \"end\"}' f"
t "awk 'BEGIN{while((getline l < \"f\")>0) n++; print n; print \"to file\" > \"out\"; close(\"out\"); getline l < \"out\"; print l}'"
t "awk 'BEGIN{print ENVIRON[\"TZ\"], ARGC, ARGV[1]; exit 4}' arg"
t "awk -v x=5 'BEGIN{print x*2, x^3, x%3, int(7.9), sqrt(16); print (x ~ /5/), !x, x==5.0}'"
t "awk 'BEGIN{system(\"echo from system\"); r=system(\"exit 3\"); print r}'"
t "awk 'BEGIN{RS=\"\"} {print NR\": \"\$1}' f; seq 100000 | awk '{s+=\$1} END{print s}'"
t "awk 'BEGIN{do{i++; if(i==3) continue; if(i>5) break; printf i\" \"}while(1); print \"\"; delete a; a[1,2]=3; for(k in a){split(k,q,SUBSEP); print q[1],q[2]}}'"
t "awk 'syntax error here' 2>/dev/null; awk '{print}' nothing 2>/dev/null; awk 'BEGIN{print 1/0}' 2>/dev/null"
