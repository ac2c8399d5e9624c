#!/usr/bin/env python3
# `sentry run` is killed at random moments, now its command line process, now its sandbox: no process is left a second later.
# SPDX-License-Identifier: LGPL-2.1-or-later
import ctypes
import os
import random
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
WALL = 0x40000000
SCRIPT = 'while :; do /bin/true & (/bin/echo x | /bin/cat >/dev/null); wait; done'


def become(user):
    if user == 'nobody' and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def children(pid):
    try:
        with open(f'/proc/{pid}/task/{pid}/children') as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def all_gone(deadline):
    """Orphans become ours, because we are a subreaper."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG | WALL)
        except ChildProcessError:
            return True
        if pid == 0:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)


def kill_one(sentry, turn):
    p = subprocess.Popen([sentry, '--platform=ptrace', 'run', '--', '/bin/sh', '-c', SCRIPT], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.uniform(0, 0.15))
    victim = p.pid
    if turn % 2:
        victim = (children(p.pid) or [p.pid])[0]
    os.kill(victim, signal.SIGKILL)
    gone = all_gone(time.monotonic() + 1)
    p.returncode = 0  # reaped above
    return gone


def main():
    sentry, user, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
    become(user)
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit('no subreaper')
    print('TAP version 13\n1..1')
    for turn in range(turns):
        if not kill_one(sentry, turn):
            left = subprocess.run(['ps', '-o', 'pid,ppid,stat,comm', '--ppid', str(os.getpid())], capture_output=True,
                                  text=True).stdout
            print(''.join(f'# {line}\n' for line in left.splitlines()), end='')
            print(f'not ok 1 - processes are left after kill {turn} of {"the sandbox" if turn % 2 else "sentry"}')
            sys.exit(1)
    print(f'ok 1 - nothing survives {turns} kills as {user}')


main()
