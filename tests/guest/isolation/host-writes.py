#!/usr/bin/python3
# Nothing that a guest writes reaches the host, unless a --bind says so.  SPDX-License-Identifier: LGPL-2.1-or-later
import hashlib
import os
import shutil
import stat

from sandbox import Checks

checks = Checks(__doc__)
top = os.getcwd()


def fill(folder):
    """A folder with something of each kind that a guest might change."""
    os.makedirs(f'{folder}/sub/deep')
    for name in 'a', 'b', 'sub/c', 'sub/deep/d', 'mapped', 'renamed', 'removed':
        with open(f'{folder}/{name}', 'w') as f:
            f.write(f'the host wrote {name}\n' * 100)
    os.link(f'{folder}/a', f'{folder}/hard')
    os.symlink('a', f'{folder}/soft')
    os.mkfifo(f'{folder}/fifo')


def snapshot(folder):
    """Everything that stat and read can tell of a tree, but for access times."""
    found = {}
    for where, folders, files in os.walk(folder):
        for name in ['.', *folders, *files]:
            path = os.path.normpath(os.path.join(where, name))
            st = os.lstat(path)
            content = None
            if stat.S_ISREG(st.st_mode):
                content = hashlib.sha256(open(path, 'rb').read()).hexdigest()
            elif stat.S_ISLNK(st.st_mode):
                content = os.readlink(path)
            found[path] = (st.st_mode, st.st_ino, st.st_nlink, st.st_uid, st.st_gid, st.st_size, st.st_mtime_ns,
                           st.st_ctime_ns, content)
    return found


CHANGES = '''
cd {folder} || exit 1
echo changed > a; echo more >> b; : > sub/c; echo new > created; mkdir made; echo x > made/x
chmod 0 sub/deep/d; touch -d 2001-01-01 b soft; mv renamed moved; mv sub/deep made/; rm removed; rm -r sub
ln b another; ln -s b link; rm soft; mkfifo other; truncate -s 5 hard; cp a copy
chown "$(id -u)" a; dd if=/dev/zero of=b bs=4096 count=10 seek=3 conv=notrunc 2> /dev/null; sync
/usr/bin/python3 -c '
import mmap, os
with open("mapped", "r+b") as f:
    m = mmap.mmap(f.fileno(), 0)
    m[:7] = b"CHANGED"
    m.flush()
try:
    os.setxattr("mapped", "user.test", b"x")
except OSError:
    pass
os.close(os.open(".", os.O_TMPFILE | os.O_RDWR))
'
head -c 7 mapped; echo; cat a created; ls -d made moved link | paste -sd,
'''
EXPECTED = 'CHANGED\nchang' + 'new\n' + 'link,made,moved\n'


def without_bind():
    fill('plain')
    before = snapshot('plain')
    result = checks.shell(CHANGES.format(folder=f'{top}/plain'))
    checks.equal('changes are seen inside', result.stdout, EXPECTED)
    checks.equal('nothing reached the host', snapshot('plain'), before)
    again = checks.shell(f'cat {top}/plain/created 2>&1 | grep -c "No such file"; wc -c < {top}/plain/a')
    checks.equal('a second sandbox sees the host as it was', again.stdout, f'1\n{os.path.getsize("plain/a")}\n')
    outside = [p for p in ('/tmp/sentry-isolation-test', '/var/tmp/sentry-isolation-test') if os.path.exists(p)]
    checks.equal('test files do not exist yet', outside, [])
    checks.shell('for d in /tmp /var/tmp /dev/shm "$HOME" / /etc /usr; do echo x > $d/sentry-isolation-test; done')
    found = [d for d in ('/tmp', '/var/tmp', '/dev/shm', os.environ['HOME'], '/', '/etc', '/usr')
             if os.path.exists(f'{d}/sentry-isolation-test')]
    checks.equal('nothing in the folders that anybody may write to', found, [])


def with_bind():
    fill('bound')
    result = checks.shell(CHANGES.format(folder=f'{top}/bound'), options=[f'--bind={top}/bound:{top}/bound'])
    checks.equal('bind: changes are seen inside', result.stdout, EXPECTED)
    checks.equal('bind: a new file is on the host', open('bound/created').read() if os.path.exists('bound/created')
                 else None, 'new\n')
    checks.check('bind: a removed one is gone', not os.path.exists('bound/removed') and os.path.exists('bound/moved'))
    checks.equal('bind: through a shared mapping', open('bound/mapped').read(7), 'CHANGED')
    if os.path.exists('bound/created'):
        checks.equal('bind: made as the caller', os.stat('bound/created').st_uid, os.getuid())
    os.makedirs('other')
    result = checks.shell('echo there > /mnt/f; ls /mnt', options=[f'--bind={top}/other:/mnt'])
    checks.equal('bind: at another place', (result.stdout, os.listdir('other')), ('f\n', ['f']))


def with_read_only_bind():
    fill('readonly')
    before = snapshot('readonly')
    script = f'cd {top}/readonly; echo x > new || echo refused; cat a > /dev/null && echo readable'
    result = checks.shell(script, options=[f'--bind={top}/readonly:{top}/readonly:ro'])
    checks.equal('bind ro: refuses writes', result.stdout, 'refused\nreadable\n')
    checks.equal('bind ro: nothing changed', snapshot('readonly'), before)


def with_root():
    fill('tree')
    before = snapshot('tree')
    os.makedirs('kept')
    options = [f'--keep={top}/kept']
    result = checks.shell(CHANGES.format(folder=f'{top}/tree'), options=options)
    checks.equal('keep: changes are seen inside', result.stdout, EXPECTED)
    checks.equal('keep: the host tree is as it was', snapshot('tree'), before)
    again = checks.shell(f'cat {top}/tree/created; ls {top}/tree/removed 2>/dev/null || echo removed', options=options)
    checks.equal('keep: a second sandbox goes on', again.stdout, 'new\nremoved\n')
    checks.equal('keep: and without it nothing is there', checks.shell(f'ls {top}/tree/created 2>/dev/null').stdout, '')


def hidden():
    fill('secret')
    result = checks.shell(f'ls {top}/secret | wc -l; cat {top}/secret/a 2>&1 | grep -c wrote',
                          options=[f'--hide={top}/secret'])
    checks.equal('hide: nothing to see', result.stdout, '0\n0\n')
    result = checks.shell(f'ls {top}/secret | wc -l; echo x > {top}/secret/x; cat {top}/secret/x',
                          options=[f'--tmpfs={top}/secret'])
    checks.equal('tmpfs: empty and writable', result.stdout, '0\nx\n')
    checks.check('tmpfs: not on the host', not os.path.exists('secret/x'))


for part in without_bind, with_bind, with_read_only_bind, with_root, hidden:
    part()
for name in os.listdir('.'):
    shutil.rmtree(name, ignore_errors=True)
checks.finish()
