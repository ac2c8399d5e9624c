#!/usr/bin/python3
"""The generator refuses a bad table and writes a good one.  SPDX-License-Identifier: LGPL-2.1-or-later"""

import subprocess
import sys
import tempfile
from pathlib import Path

GENERATOR, TABLE = sys.argv[1], Path(sys.argv[2]).read_text()
LINE = next(line for line in TABLE.splitlines() if line.split()[:2] == ['3', 'close'])


def run(folder, text, *arguments):
    table = folder / 'table.tbl'
    table.write_text(text)
    return subprocess.run([sys.executable, GENERATOR, table, *arguments], capture_output=True, text=True), table


def refuses(folder, new_line, message):
    done, _ = run(folder, TABLE.replace(LINE, new_line), 'counts')
    return done.returncode != 0 and message in done.stderr


def check(folder, covers, support):
    """What `check` says of a table where close alone has this support and the guest tests cover these calls."""
    tests = folder / 'tests'
    tests.mkdir(exist_ok=True)
    (tests / 'a.c').write_text(f'/* covers: {covers} */\n')
    rest = TABLE.replace(LINE, '@').replace(' full ', ' none ')
    _, table = run(folder, rest.replace('@', f'3 close {support} ENOSYS - int fd:fd'), 'format')
    text, page = table.read_text(), folder / 'page.md'
    run(folder, text, 'doc', page)
    return run(folder, text, 'check', tests, page)[0]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = [
            ('accepts the table', run(folder, TABLE, 'counts')[0].returncode == 0),
            ('wants a note for partial', refuses(folder, '3 close partial ENOSYS - int fd:fd', 'partial needs a note')),
            ('knows four kinds of support', refuses(folder, '3 close most ENOSYS - int fd:fd', 'support "most"')),
            ('knows its argument kinds', refuses(folder, '3 close none ENOSYS - int fd:number', '"fd:number" is not')),
            ('wants every number', refuses(folder, '', 'number 4 where 3 belongs')),
            ('wants each name once', refuses(folder, '3 read none ENOSYS - int fd:fd', 'twice: read')),
            ('wants an errno', refuses(folder, '3 close none 38 - int fd:fd', '"38" is no errno')),
            ('ends at 469', 'ends before 469' in run(folder, TABLE[:TABLE.rindex('469')].rstrip(' '), 'counts')[0].stderr),
            ('wants a guest test for full', 'close is full, but no guest test' in check(folder, 'read', 'full').stderr),
            ('finds the guest test of full', check(folder, 'read close', 'full').returncode == 0),
            ('knows what tests cover', 'opne, which is no system call' in check(folder, 'opne close', 'full').stderr),
            ('keeps an aligned table', run(folder, TABLE, 'format')[1].read_text() == TABLE),
        ]
        (folder / 'page.md').write_text('old')
        old = run(folder, TABLE, 'check', folder, folder / 'page.md')[0]
        cases.append(('finds an old page', 'is not current' in old.stderr))
    print(f'1..{len(cases)}')
    for n, (what, ok) in enumerate(cases, 1):
        print('ok' if ok else 'not ok', n, what)
    sys.exit(0 if all(ok for _, ok in cases) else 1)


main()
