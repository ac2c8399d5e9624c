#!/usr/bin/python3
"""The trace of a probe is what strace(1) says of the same probe.  SPDX-License-Identifier: LGPL-2.1-or-later

compare.py PROBE SENTRY…

Runs the probe under strace and under SENTRY… run --strace, and compares what they say of each process, call by call.
Only what must differ is made equal: process numbers, addresses, and how a line was cut when another process came between.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path


def run(command, folder, trace):
    folder.mkdir()
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    text = trace.read_text() if trace else done.stderr
    if done.returncode != 0:
        sys.exit(f'{" ".join(map(str, command))}: status {done.returncode}\n{text[-2000:]}')
    return text


def lines_by_process(text):
    """Process number to its lines; a line that was cut is whole again.  In order of birth."""
    processes, cut = {}, {}
    for line in text.splitlines():
        m = re.match(r'(?:\[pid +(\d+)\]|(\d+)) +(?:\d\d:\d\d:\d\d\.\d+ )?(.*)$', line)
        if not m:
            continue
        pid, what = m[1] or m[2], m[3]
        if what.endswith(' <unfinished ...>'):
            cut[pid] = what[:-len(' <unfinished ...>')]
            continue
        resumed = re.match(r'<\.\.\. \w+ resumed>(.*)$', what)
        if resumed:
            what = cut.pop(pid) + resumed[1]
        processes.setdefault(pid, []).append(what)
    return processes


def normal(text):
    """The traces of all processes, with the same names for the same things."""
    processes = lines_by_process(text)
    names = {pid: f'P{n}' for n, pid in enumerate(processes)}
    out = []
    for pid, lines in processes.items():
        start = next((i for i, l in enumerate(lines) if '"begin"' in l), -1)
        end = next((i for i, l in enumerate(lines) if '"end"' in l), len(lines))
        for line in lines[start + 1:end]:
            line = re.sub(r' += ', ' = ', line)
            line = re.sub(r' /\* \d{4}-\d\d-\d\dT.*? \*/', '', line)  # dates: strace explains some numbers
            # Natively a task dies in the call by which it kills itself, here on the way back from it.
            line = re.sub(r'(SIGKILL\)) = \?$', r'\1 = 0', line)
            line = re.sub(r'0x[0-9a-f]{5,}', 'ADDR', line)
            for number, name in names.items():
                line = re.sub(rf'(?<![\w.]){number}(?=[,)]|$)', name, line) if len(number) > 2 else line
            out.append(f'{names[pid]} {line}')
    return out, names


def name_small_pids(lines, names):
    """In the sandbox pids are small numbers: only where a pid belongs they are named."""
    where = (r'(kill\()(\d+)(,)', r'(tgkill\()(\d+)(,)', r'(tgkill\(P\d+, )(\d+)(,)', r'(wait4\()(\d+)(,)',
             r'(waitid\(P_PID, )(\d+)(,)', r'(si_pid=)(\d+)(,)', r'(rt_sigreturn\(.*\) = )(\d+)($)', r'(get(?:pid|tid)\(\) = )(\d+)($)',
             r'(fork\(\) = )(\d+)($)', r'(clone\(.*\) = )(\d+)($)', r'(wait4\(.*\) = )(\d+)($)')
    for i, line in enumerate(lines):
        for pattern in where:
            line = re.sub(pattern, lambda m: m[1] + names.get(m[2], m[2]) + m[3], line)
        lines[i] = line
    return lines


def main():
    probe, sentry = Path(sys.argv[1]).resolve(), [Path(sys.argv[2]).resolve(), *sys.argv[3:]]
    try:
        subprocess.run(['strace', '-o', '/dev/null', 'true'], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print('strace is not installed, or may not trace here')
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        native = run(['strace', '-f', '-o', folder / 'trace', probe], folder / 'native', folder / 'trace')
        inside = run([*sentry, 'run', '--strace', '--', probe], folder / 'inside', None)
    expected = name_small_pids(*normal(native))
    got = name_small_pids(*normal(inside))
    bad = [(e, g) for e, g in zip(expected, got) if e != g]
    for e, g in bad:
        print(f'strace: {e}\nsentry: {g}')
    if len(expected) != len(got):
        print(f'{len(expected)} lines natively, {len(got)} in the sandbox')
        sys.exit(1)
    print(f'{len(expected)} lines compared')
    sys.exit(1 if bad else 0)


main()
