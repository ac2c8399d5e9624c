#!/usr/bin/python3
"""Every C file is as clang-format 14 writes it.  SPDX-License-Identifier: LGPL-2.1-or-later"""

import shutil
import subprocess
import sys
from pathlib import Path

from sources import files, finish


def main():
    root = Path(sys.argv[1])
    tool = shutil.which('clang-format-14') or shutil.which('clang-format')
    if tool is None or ' 14.' not in subprocess.run([tool, '--version'], capture_output=True, text=True).stdout:
        print('clang-format 14 is not installed')
        sys.exit(77)
    names = [str(p) for p in files(root, '.c', '.h')]
    done = subprocess.run([tool, '--dry-run', *names], cwd=root, capture_output=True, text=True)
    bad = {line.split(':', 1)[0] for line in done.stderr.splitlines() if 'clang-format-violations' in line}
    finish([f'{name}: run clang-format -i' for name in sorted(bad)])


main()
