#!/usr/bin/python3
"""Reads syscalls.tbl and writes what is made of it.  SPDX-License-Identifier: LGPL-2.1-or-later

generate-syscalls.py TABLE table FILE      the C source of the dispatch and description table
generate-syscalls.py TABLE handlers FILE   the header that declares the handlers
generate-syscalls.py TABLE doc FILE        docs/syscalls.md
generate-syscalls.py TABLE format          rewrites TABLE with its columns aligned
generate-syscalls.py TABLE counts          prints how many calls are full, partial …
generate-syscalls.py TABLE check TESTS DOC fails if a full call has no guest test below TESTS, or DOC is not current
"""

import re
import sys
from pathlib import Path

LAST = 469
SUPPORT = ('full', 'partial', 'stub', 'none')
CLASSES = {'F': 'FILE', 'D': 'DESC', 'P': 'PROCESS', 'N': 'NETWORK', 'S': 'SIGNAL', 'I': 'IPC', 'M': 'MEMORY',
           'C': 'CREDS', 'T': 'CLOCK'}
# What an argument or a result can be; strace/ knows how to print each.
KINDS = set('''
    arch-prctl bytes cap-data cap-header clockid clone clone-args cpuset dev dirents dirfd enum epoll_event fcntl-arg fd fdset filemode flags
    futex-op hex hex32 int ioctl ioctl-arg iovec iovec-raw ipc-key itimerspec itimerval
    long mmsghdr mode mq-attr msghdr off open-how optval path pipefd pollfd prctl protocol ptr random rlimit rusage sched-attr sembuf
    siginfo sigaction sig sigevent sigreturn sigset sigset-arg size skip sockaddr sockopt socktype stack stat statfs statx str strv
    sysinfo timespec timeval timezone tms uid uint ulong utimbuf utsname wstatus'''.split())
RESULTS = {'int', 'fd', 'hex', 'off', 'mode', 'noreturn', 'flags', 'fcntl'}
ARGUMENT = re.compile(r'([a-z_0-9]+):([a-z_0-9-]+)([*>&]?)(?:\(([a-z_0-9,-]+)\))?$')


class Argument:
    def __init__(self, text):
        m = ARGUMENT.match(text)
        if not m or m[2] not in KINDS:
            raise ValueError(f'"{text}" is not NAME:KIND[*|>|&][(PARAMETERS)] with a known kind')
        self.text, self.name, self.kind = text, m[1], m[2]
        self.direction = {'': 'VALUE', '*': 'IN', '>': 'OUT', '&': 'INOUT'}[m[3]]
        self.names, self.link, self.count = None, 'SENTRY_ARG_NONE', 1
        for p in (m[4] or '').split(',') if m[4] else ():
            self.parameter(p)

    def parameter(self, p):
        if p == 'ret':
            self.link = 'SENTRY_ARG_RESULT'
        elif p == 'eintr':
            self.link = 'SENTRY_ARG_INTERRUPTED'
        elif p == 'count':
            self.link = 'SENTRY_ARG_COUNTED'
        elif p.isdigit():
            self.link = p
        elif re.match(r'x\d+$', p):
            self.count = int(p[1:])
        else:
            self.names = p

    def c(self):
        names = '&sentry_names_' + self.names.replace('-', '_') if self.names else 'NULL'
        return (f'{{ "{self.name}", SENTRY_ARG_{self.kind.upper().replace("-", "_")}, SENTRY_ARG_{self.direction}, '
                f'{self.link}, {self.count}, {names} }}')

    def doc(self):
        return self.name


class Call:
    def __init__(self, line):
        text, _, self.note = (p.strip() for p in line.partition(' -- '))
        fields = text.split()
        if len(fields) < 6:
            raise ValueError('fewer than 6 columns')
        numbers, self.name, self.support, self.errno, self.classes, self.result = fields[:6]
        first, _, last = numbers.partition('-')
        self.number, self.last = int(first), int(last or first)
        self.args = [Argument(a) for a in fields[6:]]
        self.check()

    def check(self):
        if self.support not in SUPPORT:
            raise ValueError(f'support "{self.support}" is none of {", ".join(SUPPORT)}')
        if not re.match(r'E[A-Z0-9]+$', self.errno):
            raise ValueError(f'"{self.errno}" is no errno')
        if self.support in ('partial', 'stub') and not self.note:
            raise ValueError(f'{self.support} needs a note: "-- what is missing"')
        if self.name == '-' and self.support != 'none':
            raise ValueError('a number without a name has no handler')
        if self.result.partition('(')[0] not in RESULTS:
            raise ValueError(f'unknown result "{self.result}"')
        if len(self.args) > 6:
            raise ValueError('more than six arguments')
        for letter in self.classes.strip('-'):
            if letter not in CLASSES:
                raise ValueError(f'unknown class "{letter}"')

    @property
    def handled(self):
        return self.support != 'none'

    def class_bits(self):
        letters = set(self.classes.strip('-'))
        kinds = {a.kind for a in self.args}
        if 'path' in kinds:
            letters.add('F')
        if kinds & {'fd', 'dirfd', 'pollfd', 'fdset', 'pipefd'} or self.result == 'fd':
            letters.add('D')
        return ' | '.join(f'SENTRY_SYSCALL_{CLASSES[c]}' for c in sorted(letters)) or '0'

    def result_c(self):
        kind, _, rest = self.result.partition('(')
        names = rest.rstrip(')').replace('-', '_')
        kind_c = f'SENTRY_RESULT_{kind.upper()}'
        return kind_c, f'&sentry_names_{names}' if kind == 'flags' else 'NULL'


def read_table(path):
    """The calls by number, and the lines as they stand: text, or a Call."""
    lines, calls, expected = [], [], 0
    for n, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            lines.append(line)
            continue
        try:
            call = Call(line)
            if call.number != expected:
                raise ValueError(f'number {call.number} where {expected} belongs')
        except ValueError as e:
            sys.exit(f'{path}:{n}: {e}')
        expected = call.last + 1
        lines.append(call)
        calls.append(call)
    if expected != LAST + 1:
        sys.exit(f'{path}: ends before {LAST}')
    names = [c.name for c in calls if c.name != '-']
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        sys.exit(f'{path}: twice: {", ".join(sorted(twice))}')
    return lines, calls


def format_table(lines):
    out = []
    for line in lines:
        if isinstance(line, Call):
            c = line
            numbers = f'{c.number}-{c.last}' if c.last > c.number else str(c.number)
            text = (f'{numbers:>7} {c.name:<23} {c.support:<7} {c.errno:<9} {c.classes:<3} {c.result:<12} '
                    + ' '.join(a.text for a in c.args)).rstrip()
            line = text + (f'  -- {c.note}' if c.note else '')
        out.append(line)
    return '\n'.join(out) + '\n'


HEAD = 'made by generate-syscalls.py from syscalls.tbl. SPDX-License-Identifier: LGPL-2.1-or-later'


def c_string(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def table_source(calls):
    out = [f'/* The system call table, {HEAD} */', '#include "syscalls/syscall-table.h"', '',
           '#include <errno.h>', '#include "strace/names.h"', '#include "syscalls/handlers.h"', '',
           f'const SentrySyscallInfo sentry_syscall_table[{LAST + 1}] = {{']
    for c in calls:
        if c.name == '-':
            for number in range(c.number, c.last + 1):
                out.append(f'  [{number}] = {{ .error = {c.errno} }},')
            continue
        kind, names = c.result_c()
        out.append(f'  [{c.number}] = {{ "{c.name}", {f"sentry_sys_{c.name}" if c.handled else "NULL"}, {c.errno}, '
                   f'SENTRY_SUPPORT_{c.support.upper()}, {c.class_bits()}, {kind}, {names}, {len(c.args)},')
        out.append('    { ' + ',\n      '.join(a.c() for a in c.args) + ' },' if c.args else '    { { NULL } },')
        out.append(f'    {c_string(c.note) if c.note else "NULL"} }},')
    out += ['};', '']
    return '\n'.join(out)


def handlers_header(calls):
    out = [f'/* The handlers of system calls, {HEAD} */', '#pragma once', '', '#include "kernel/task.h"', '',
           'G_BEGIN_DECLS', '']
    for c in calls:
        if c.name != '-':
            out.append(f'int64_t sentry_sys_{c.name} (SentryTask *task, const SentrySyscallArgs *args);')
    out += ['', 'G_END_DECLS', '']
    return '\n'.join(out)


def doc(calls):
    out = ['# System calls', '',
           'Made by `libsentry-core/syscalls/generate-syscalls.py` from `syscalls.tbl` (`ninja -C build syscalls-doc`); a test',
           'checks that it is current. What the words mean:', '',
           '- **full**: every flag and error of Linux that can be provoked, with a guest test;',
           '- **partial**: works as far as the note says; **stub**: the note says what it does instead;',
           '- **none**: fails as where Linux is configured without the call. Numbers above the table, the x32 numbers and',
           '  the 32-bit entry give ENOSYS.', '',
           '| number | call | support | note |', '| ---: | --- | --- | --- |']
    for c in calls:
        numbers = str(c.number) if c.last == c.number else f'{c.number}–{c.last}'
        call = f'`{c.name} ({", ".join(a.doc() for a in c.args)})`' if c.name != '-' else 'reserved'
        support = c.support if c.handled else f'none, {c.errno}'
        out.append(f'| {numbers} | {call} | {support} | {c.note} |')
    return '\n'.join(out) + '\n'


def counts(calls):
    of = {s: sum(c.last - c.number + 1 for c in calls if c.support == s) for s in SUPPORT}
    return ', '.join(f'{of[s]} {s}' for s in SUPPORT)


def covered(tests):
    calls = set()
    for source in tests.rglob('*.c'):
        for names in re.findall(r'/\* covers: (.*?) \*/', source.read_text(), re.S):
            calls.update(names.replace('*', ' ').split())
    return calls


def check(calls, tests, doc_path):
    known = covered(Path(tests))
    bad = [f'{c.name} is full, but no guest test covers it' for c in calls if c.support == 'full' and c.name not in known]
    unknown = known - {c.name for c in calls}
    bad += [f'a guest test covers {name}, which is no system call' for name in sorted(unknown)]
    if not Path(doc_path).exists() or Path(doc_path).read_text() != doc(calls):
        bad.append(f'{doc_path} is not current: run ninja -C build syscalls-doc')
    return bad


def main():
    path, mode, *rest = sys.argv[1:]
    path = Path(path)
    lines, calls = read_table(path)
    if mode == 'format':
        path.write_text(format_table(lines))
    elif mode == 'counts':
        print(counts(calls))
    elif mode == 'check':
        bad = check(calls, *rest)
        if format_table(lines) != path.read_text():
            bad.append(f'{path} is not aligned: run ninja -C build syscalls-doc')
        sys.exit('\n'.join(bad) if bad else 0)
    else:
        made = {'table': table_source, 'handlers': handlers_header, 'doc': doc}[mode](calls)
        Path(rest[0]).write_text(made)
        if mode == 'doc':
            path.write_text(format_table(lines))


if __name__ == '__main__':
    main()
