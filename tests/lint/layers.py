#!/usr/bin/python3
"""Each #include keeps to docs/layers.md.  SPDX-License-Identifier: LGPL-2.1-or-later"""

import re
import sys
from pathlib import Path

from sources import files, finish

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
PEAS = re.compile(r'libpeas|\bpeas_|\bPeas[A-Z]|\bPEAS_')


def rows(root):
    """Folder to row, 0 the outermost."""
    text = (root / 'docs/layers.md').read_text()
    table = re.findall(r'^\| [a-z ]+ \| (`.*`) \|$', text, re.M)
    return {folder: n for n, line in enumerate(table) for folder in re.findall(r'`([^`]+)`', line)}


def home(path):
    """The folder of the table that a file lies in, or None."""
    parts = path.parts
    if parts[0] in ('bin', 'plugins'):
        return parts[0]
    return parts[1] if parts[0] == 'libsentry-core' and len(parts) > 2 else None


def resolve(root, path, name):
    """The file that an #include means, below the root; None for a generated one or a system header."""
    for base in (path.parent, Path('libsentry-core'), Path('plugins'), Path('bin')):
        candidate = base / name
        if (root / candidate).exists():
            return Path(*[p for p in candidate.parts if p != '.'])
    return None


def is_installed(path):
    return path.name.startswith('sentry-') or path.as_posix() == 'libsentry-core/base/lock-order.h'


def fault_of(table, path, name, target):
    ours, theirs = home(path), home(target) if target else name.split('/')[0]
    if ours is None or theirs not in table:
        return None
    if ours == 'plugins' and theirs == 'plugins':
        other = target.parts[1]
        if other not in (path.parts[1], 'host-process'):
            return f'{path} includes {name}: another plugin\'s header'
        return None
    if ours == 'plugins' and target and theirs != 'plugins' and not is_installed(target):
        return f'{path} includes {name}: plugins see installed headers only'
    if ours != 'plugins' and table[theirs] < table[ours]:
        return f'{path} includes {name}: {theirs} lies above {ours}'
    return None


def main():
    root = Path(sys.argv[1])
    table = rows(root)
    faults = []
    if len(table) < 15:
        finish(['docs/layers.md: the table can\'t be read'])
    folders = {p.parts[1] for p in files(root, '.c') if p.parts[0] == 'libsentry-core'}
    faults += [f'libsentry-core/{f} is missing in docs/layers.md' for f in sorted(folders - set(table))]
    for path in files(root, '.c', '.h'):
        text = (root / path).read_text()
        if path.parts[0] == 'tests':
            continue
        for name in INCLUDE.findall(text):
            fault = fault_of(table, path, name, resolve(root, path, name))
            faults += [fault] if fault else []
        peas_home = path.parts[:2] == ('libsentry-core', 'plugin')
        if PEAS.search(text) and not peas_home and path.name != 'sentry-plugin.h':
            faults.append(f'{path} names libpeas')
    finish(faults)


main()
