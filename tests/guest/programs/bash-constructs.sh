#!/bin/bash
# Constructs of bash, each printing its result.  SPDX-License-Identifier: LGPL-2.1-or-later
n=0
t() { n=$((n + 1)); echo "$n $1: $2"; }

t pipeline "$(printf 'c\na\nb\n' | sort | tr '\n' ' ')"
t pipestatus "$(false | true | (exit 3); echo "${PIPESTATUS[*]}")"
t pipefail "$(set -o pipefail; false | true; echo $?)"
t here-document "$(cat <<END
line one
  $((1 + 1)) two
END
)"
t here-document-quoted "$(cat <<'END'
no $expansion `here`
END
)"
t here-document-tabs "$(cat <<-END
	indented
	END
)"
t here-string "$(wc -c <<< 'four')"
t subshell "$( (x=inner; cd /; echo "$x $PWD"); echo "${x-unset}")"
t group "$({ echo one; echo two; } | paste -sd+)"
t command-substitution-nested "$(echo "$(echo "$(echo deep)")")"
t trap-exit "$(bash -c 'trap "echo bye" EXIT; echo hi')"
t trap-signal "$(bash -c 'trap "echo got USR1" USR1; kill -USR1 $$; echo after')"
t trap-term-in-wait "$(bash -c 'trap "echo term; exit 9" TERM; sleep 100 >/dev/null & p=$!; (kill -TERM $$); wait $p; echo never'; echo $?)"
t trap-err "$(bash -c 'trap "echo err" ERR; false; true')"
t trap-return "$(f() { trap 'echo ret' RETURN; echo body; }; f)"
t trap-inherited-ignore "$(bash -c 'trap "" INT; bash -c "kill -INT \$\$; echo survived"')"
sleep 100 & job=$!
kill %1
wait $job; t background-kill $?
(exit 5) & wait $!; t background-status $?
(exit 1) & a=$!; (exit 2) & b=$!
wait $b; r=$?; wait $a; t background-two "$r $?"
# bash forgets a child that ended before wait -n, so this one ends while its parent sleeps.
(until read -r _ _ state _ < /proc/$$/stat && [ "$state" = S ]; do :; done; exit 7) & wait -n; t wait-n $?
t jobs "$(sleep 100 >/dev/null & jobs | tr -s ' '; kill %1)"
t process-substitution-in "$(paste <(echo a; echo b) <(echo 1; echo 2) | tr '\t' '-' | paste -sd,)"
t process-substitution-out "$(echo data | tee >(cat > sub.txt) > /dev/null; while [ ! -s sub.txt ]; do :; done; cat sub.txt)"
coproc UP { while read -r line; do echo "${line^^}"; done; }
echo 'first line' >&"${UP[1]}"; read -r reply <&"${UP[0]}"
t coproc "$reply"
echo 'second' >&"${UP[1]}"; read -r reply <&"${UP[0]}"
t coproc-again "$reply"
eval "exec ${UP[1]}>&-"; wait "$UP_PID"; t coproc-end $?
echo content > file; echo more >> file
t redirect-append "$(cat file | paste -sd' ')"
t redirect-stderr "$( (echo out; echo err >&2) 2>&1 >/dev/null)"
t redirect-both "$(ls /nonexistent file &> both; wc -l < both)"
exec 5<> file; read -r first <&5; echo XX >&5; exec 5>&-
t redirect-read-write "$first $(cat file | paste -sd' ')"
t redirect-clobber "$(set -C; (echo x > file) 2>/dev/null || echo refused; echo y >| file; cat file)"
exec {fd}> allocated; echo via >&$fd; exec {fd}>&-; t redirect-allocated "$(cat allocated) $((fd >= 10))"
t redirect-closed "$( (echo x >&9) 2>/dev/null; echo $?)"
t if-elif "$(if false; then echo a; elif true; then echo b; else echo c; fi)"
t for-in "$(for i in x y z; do printf %s. "$i"; done)"
t for-arithmetic "$(for ((i = 0; i < 4; i++)); do printf %d "$i"; done)"
t while-read "$(printf '1 a\n2 b\n' | while read -r k v; do printf '%s=%s ' "$v" "$k"; done)"
t until "$(i=3; until [ $i = 0 ]; do printf %d $i; i=$((i - 1)); done)"
t break-continue "$(for i in 1 2 3 4 5; do [ $i = 2 ] && continue; [ $i = 4 ] && break; printf %d $i; done)"
t case "$(for w in apple 42 x.c; do case $w in [0-9]*) printf N;; *.c) printf C;; a*) printf A;; esac; done)"
t case-fallthrough "$(case a in a) printf 1;& b) printf 2;;& a) printf 3;; esac)"
t select "$(echo 2 | (PS3=; select w in p q; do echo "$w"; break; done) 2>/dev/null)"
t function "$(f() { local v=$1; echo "$v $# $FUNCNAME"; return 4; }; f a b; echo $?)"
t recursion "$(fact() { (($1 < 2)) && echo 1 || echo $(($1 * $(fact $(($1 - 1))))); }; fact 10)"
a=(one two 'three four'); a+=(five); t array "${#a[@]} ${a[2]} ${!a[*]} ${a[@]:1:2}"
declare -A m=([k]=v [x]=y); t associative "${m[k]}${m[x]} ${#m[@]}"
mapfile -t lines < <(seq 3); t mapfile "${lines[*]}"
s=hello.tar.gz; t expansion "${s%.*} ${s%%.*} ${s#*.} ${s##*.} ${s/tar/zip} ${s:1:3} ${#s} ${s^} ${none:-default}"
t arithmetic "$((7 / 2)) $((7 % 3)) $((2 ** 10)) $((0x1f)) $((1 << 5)) $((5 > 3 ? 8 : 9))"
t brace "$(echo {a,b}{1..3} {01..03})"
touch g1 g2 h1; t glob "$(echo g* [gh]1)"
shopt -s extglob nullglob; t extglob "$(echo !(g*|sub*|file|both|allocated)) $(echo zz*)"; shopt -u nullglob
mkdir -p d/e/f; touch d/e/f/x; shopt -s globstar; t globstar "$(echo d/**/x)"
t test "$([ -f file ] && [ ! -d file ] && [[ -d d && file -nt /etc/passwd ]] && echo yes)"
[[ 'key=value' =~ ^([a-z]+)=(.*)$ ]]; t regex "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
t printf "$(printf '%05d|%-6s|%x|%q' 42 ab 255 'a b')"
t getopts "$(f() { while getopts ab:c o; do printf '%s%s ' "$o" "$OPTARG"; done; echo "$OPTIND"; }; f -a -b val -c)"
t read-timeout "$(bash -c 'mkfifo p; exec 3<>p; read -t 0.05 -u 3 x; echo $(($? > 128))')"
t read-array "$(read -ra w <<< 'q w e'; echo "${#w[@]}${w[2]}")"
t indirection "$(v=s; echo "${!v}")"
t eval "$(c='echo $((6 * 7))'; eval "$c")"
t source "$(echo 'sourced=$1' > lib; . ./lib arg; echo "$sourced")"
t exec "$(bash -c 'exec echo replaced; echo never')"
t exec-name "$(bash -c 'exec -a other sh -c "echo \$0"')"
t status-126 "$(./file 2>/dev/null; echo $?)"
t status-127 "$(./nothing-here 2>/dev/null; echo $?)"
t status-signal "$(bash -c 'kill -9 $$' 2>/dev/null; echo $?)"
t set-e "$(bash -c 'set -e; false; echo never'; echo $?)"
t set-u "$(bash -c 'set -u; echo $undefined_variable' 2>/dev/null; echo $?)"
t umask "$(umask 077; touch private; stat -c %a private)"
t ulimit "$(ulimit -S -n 100; ulimit -n)"
t times "$(times | wc -l)"
t kill-l "$(kill -l 15 9 | paste -sd' ')"
t timeout "$(timeout 0.05 sleep 100; echo $?)"
t type "$(type -t cd ls if t)"
t pushd "$(pushd d/e > /dev/null; dirs -p | wc -l; popd > /dev/null; [ -f file ] && echo back)"
t subshell-level "$BASH_SUBSHELL $(echo $BASH_SUBSHELL) $( (echo $BASH_SUBSHELL) )"
t negation "$(! false; echo $?)"
t and-or "$(false && echo a || echo b; true && echo c)"
t arithmetic-command "$(x=5; ((x += 3)); let x*=2; echo $x)"
t env-prefix "$(V=prefix bash -c 'echo $V'; echo "${V-unset}")"
t export "$(export E=exported; bash -c 'echo $E')"
t readonly "$(bash -c 'readonly r=1; r=2' 2>/dev/null; echo $?)"
t random-seeded "$(RANDOM=42; a=$RANDOM; RANDOM=42; [ $a = $RANDOM ] && echo same)"
t disown "$(sleep 100 >/dev/null & disown; jobs | wc -l; kill $!)"
t long-pipeline "$(seq 1000 | grep 7 | sed s/7/x/ | awk '{n++} END {print n}' | cat | cat | cat)"
t big-variable "$(x=$(head -c 300000 /dev/zero | tr '\0' a); echo ${#x})"
exit 3
