"""The project's own source files.  SPDX-License-Identifier: LGPL-2.1-or-later"""

from pathlib import Path

FOLDERS = ('libsentry-core', 'plugins', 'bin', 'data', 'tests', 'docs')


def files(root, *suffixes):
    """Every file of these suffixes (all: none given), in order, as paths below the root."""
    root = Path(root)
    top = [p for p in root.iterdir() if p.is_file()]
    deep = [p for f in FOLDERS if (root / f).is_dir() for p in (root / f).rglob('*') if p.is_file()]
    chosen = [p.relative_to(root) for p in top + deep if '__pycache__' not in p.parts]
    return sorted(p for p in chosen if not suffixes or p.suffix in suffixes)


def finish(faults):
    """Prints the faults, one a line, and ends with the status a test wants."""
    for fault in faults:
        print(fault)
    raise SystemExit(1 if faults else 0)
