#!/usr/bin/python3
"""Each header compiles by itself.  SPDX-License-Identifier: LGPL-2.1-or-later

headers.py ROOT BUILD COMPILER…
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import files, finish


def compile_one(root, command, path):
    source = f'#include "{root / path}"\n'
    done = subprocess.run([*command, '-x', 'c', '-fsyntax-only', '-'], input=source, text=True, capture_output=True)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if ' error: ' in line] or done.stderr.splitlines()
    return f'{path}: does not compile alone: {errors[0] if errors else "?"}'


def main():
    root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    packages = subprocess.run(['pkg-config', '--cflags', 'gio-unix-2.0', 'libpeas-1.0', 'json-glib-1.0'],
                              capture_output=True, text=True, check=True).stdout.split()
    command = sys.argv[3:] + packages
    command += ['-D_GNU_SOURCE', '-std=gnu11', f'-I{root}/libsentry-core', f'-I{build}/libsentry-core', f'-I{root}/plugins',
                f'-I{root}/plugins/host-process', f'-I{root}/bin', f'-I{root}/tests/mocks', f'-I{build}/plugins']
    headers = [p for p in files(root, '.h') if p.parts[0] in ('libsentry-core', 'bin')
               or (p.parts[0] == 'plugins' and 'template' not in p.name)]
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda p: compile_one(root, command, p), headers)
    finish([fault for fault in results if fault])


main()
