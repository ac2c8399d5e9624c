# What the isolation tests share: starting sentry, checks, watching the host.  SPDX-License-Identifier: LGPL-2.1-or-later
import argparse
import ctypes
import os
import select
import struct
import subprocess
import sys

IN_OPEN = 0x20
IN_ACCESS = 0x1
IN_MODIFY = 0x2


class Checks:
    """Arguments, `sentry run` and one line a check; the exit status is 1 once a check has failed."""

    def __init__(self, description):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument('--sentry', required=True, help='the sentry program')
        parser.add_argument('--platform', default='ptrace')
        parser.add_argument('--quick', action='store_true', help='fewer rounds')
        parser.add_argument('--count', type=int, help='how many rounds, where a test has rounds')
        self.args = parser.parse_args()
        self.failed = False

    def command(self, *argv, options=()):
        return [self.args.sentry, f'--platform={self.args.platform}', 'run', *options, '--', *argv]

    def run(self, *argv, options=(), timeout=30):
        """The finished process; what it printed is text."""
        return subprocess.run(self.command(*argv, options=options), stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=timeout, text=True, errors='replace')

    def shell(self, script, options=(), timeout=30):
        return self.run('/bin/sh', '-c', script, options=options, timeout=timeout)

    def check(self, name, condition, detail=''):
        print(f'{name} {"ok" if condition else "FAILED: " + str(detail)}', flush=True)
        self.failed |= not condition
        return condition

    def equal(self, name, got, expected):
        return self.check(name, got == expected, f'{got!r}, expected {expected!r}')

    def finish(self):
        sys.exit(1 if self.failed else 0)


class Watch:
    """inotify on host files: which of them were opened, read or written since the last look."""

    def __init__(self, *paths):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK)
        self.names = {}
        for path in paths:
            wd = self.libc.inotify_add_watch(self.fd, os.fsencode(path), IN_OPEN | IN_ACCESS | IN_MODIFY)
            if wd < 0:
                raise OSError(ctypes.get_errno(), f'inotify_add_watch {path}')
            self.names[wd] = os.path.basename(path)

    def events(self):
        seen = set()
        while select.select([self.fd], [], [], 0)[0]:
            data = os.read(self.fd, 65536)
            while data:
                wd, mask, _, length = struct.unpack_from('iIII', data)
                seen.add((self.names[wd], hex(mask)))
                data = data[16 + length:]
        return sorted(seen)
