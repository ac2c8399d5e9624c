#!/usr/bin/python3
# sentry is killed at random moments of a guest that forks and executes all the time: no process may be left.
# SPDX-License-Identifier: LGPL-2.1-or-later
# time-out: 600
"""This process makes itself the subreaper of all that descends from it, so whatever outlives sentry becomes its child
and can't be missed."""

import ctypes
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from sandbox import Checks

PR_SET_CHILD_SUBREAPER = 36
GRACE = 1.0

GUESTS = {
    'fork and exec': 'while :; do /bin/true & /bin/true & (exec /bin/true); wait; done',
    'fork only': 'f() { (:) & (: & (:)); wait; }; while :; do f; done',
    'pipelines': 'while :; do echo a | cat | cat > /dev/null; x=$(echo b | tr b c); done',
    'orphans': 'while :; do (sh -c "sleep 1000 & sleep 1000 &"); setsid -f sleep 1000; done',
    'many sleepers': 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done; while :; do /bin/true; done',
}


def processes():
    """pid -> (parent, state, name) of every process."""
    found = {}
    for entry in os.scandir('/proc'):
        if entry.name.isdigit():
            try:
                text = Path(entry.path, 'stat').read_text()
            except OSError:
                continue
            name, rest = text[text.index('(') + 1:text.rindex(')')], text[text.rindex(')') + 2:].split()
            found[int(entry.name)] = int(rest[1]), rest[0], name
    return found


def descendants(top):
    everyone = processes()
    found, todo = {}, [top]
    while todo:
        parent = todo.pop()
        children = [p for p, (q, _, _) in everyone.items() if q == parent]
        found.update({p: everyone[p] for p in children})
        todo += children
    return found


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def left_over(top, deadline):
    """Who still lives once the time is up: at once nobody, if all goes well."""
    while True:
        reap()
        alive = {p: v for p, v in descendants(top).items() if v[1] not in 'ZX'}
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.005)


def victim(cli):
    """The command line's process, or the sandbox it has started."""
    children = [p for p, (parent, _, _) in descendants(cli).items() if parent == cli]
    return random.choice([cli, *children])


def one_round(checks, number, longest):
    name = random.choice(list(GUESTS))
    delay = random.uniform(0, longest)
    child = subprocess.Popen(checks.command('/bin/sh', '-c', GUESTS[name]), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(delay)
    target = victim(child.pid)
    whom = 'command line' if target == child.pid else 'sandbox'
    try:
        os.kill(target, signal.SIGKILL)
    except ProcessLookupError:
        pass
    start = time.monotonic()
    alive = left_over(os.getpid(), start + GRACE)
    took = time.monotonic() - start
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    left_over(os.getpid(), time.monotonic() + 10)
    child.returncode = 0
    if alive:
        checks.check(f'round {number}', False, f'{whom} killed {delay:.3f} s after the start ({name}): left are '
                     + ', '.join(f'{n} ({s})' for _, s, n in alive.values()))
    return not alive, took


def main():
    checks = Checks(__doc__)
    count = checks.args.count or (20 if checks.args.quick else 200)
    seed = int(os.environ.get('GUEST_SEED', time.time_ns() % 1000000))
    random.seed(seed)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # The moments should cover the start of a sandbox too, and then the guest at work.
    start = time.monotonic()
    checks.check('a sandbox starts', checks.run('/bin/true').returncode == 0)
    longest = 3 * (time.monotonic() - start) + 0.2
    results = [one_round(checks, i, longest) for i in range(1, count + 1)]
    print(f'seed {seed}, longest until the last process was gone: {max(t for _, t in results):.3f} s')
    checks.check(f'{count} rounds', all(ok for ok, _ in results),
                 f'{sum(not ok for ok, _ in results)} rounds left processes')
    checks.finish()


if __name__ == '__main__':
    main()
