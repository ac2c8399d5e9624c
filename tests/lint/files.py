#!/usr/bin/python3
"""Names, lengths and heads of source files.  SPDX-License-Identifier: LGPL-2.1-or-later"""

import re
import sys
from pathlib import Path

from sources import files, finish

MAX_LINES = 1000
NAMES = re.compile(r'(^|[-_.])(utils?(?!-linux)|misc|common|helpers?)([-_.]|$)')
SOURCES = {'.c', '.h', '.S', '.py', '.build', '.txt', '.tbl', '.in', '.sh'}
# Data and tables may be long, and have no room for a head.
HEADLESS = {'.md', '.plugin', '.json', '.xml', '.svg'}
SPDX = 'SPDX-License-Identifier: LGPL-2.1-or-later'


def is_script(path):
    with open(path, 'rb') as f:
        return f.read(2) == b'#!'


def check(root, path):
    full = root / path
    if any(NAMES.search(part) for part in path.parts):
        yield f'{path}: a file is called after what it is about'
    if path.suffix not in SOURCES and not (path.suffix == '' and is_script(full)):
        return
    text = full.read_text(errors='replace')
    lines = text.splitlines()
    if len(lines) > MAX_LINES and path.suffix in ('.c', '.h', '.py'):
        yield f'{path}: {len(lines)} lines; split it by theme'
    if SPDX not in '\n'.join(lines[:6]):
        yield f'{path}: no "{SPDX}" in its head'
    if path.suffix == '.h' and '#pragma once' not in text:
        yield f'{path}: no #pragma once'
    if path.suffix in ('.c', '.h') and not text.startswith('/* '):
        yield f'{path}: does not begin by saying what it is'
    if re.search(r'[ \t]+$', text, re.M):
        yield f'{path}: blanks at the end of a line'
    if text and not text.endswith('\n'):
        yield f'{path}: the last line does not end'


def main():
    root = Path(sys.argv[1])
    finish([fault for path in files(root) for fault in check(root, path)])


main()
