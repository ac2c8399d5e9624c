#!/usr/bin/python3
# python3 with files, folders, pipes, subprocesses, signals.  SPDX-License-Identifier: LGPL-2.1-or-later
import fcntl
import hashlib
import mmap
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def say(*what):
    print(*what, flush=True)


def files():
    Path('f').write_text('\n'.join(f'line {i}' for i in range(1000)))
    say(os.path.getsize('f'), hashlib.sha256(Path('f').read_bytes()).hexdigest())
    with open('f', 'r+b') as f:
        f.seek(100)
        say(f.read(10), f.tell())
        f.truncate(50)
        fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with mmap.mmap(f.fileno(), 0) as m:
            m[0:4] = b'LINE'
            say(m[:6], len(m))
    say(Path('f').read_text()[:4], oct(os.stat('f').st_mode))
    os.utime('f', ns=(1, 2_000_000_003))
    say(os.stat('f').st_mtime_ns)


def folders():
    os.makedirs('a/b/c')
    for i in range(5):
        Path(f'a/b/{i}').touch()
    os.symlink('b', 'a/link')
    say(sorted(str(p) for p in Path('a').rglob('*')))
    say(sorted((e.name, e.is_dir(follow_symlinks=False)) for e in os.scandir('a')))
    shutil.copytree('a', 'copy', symlinks=True)
    say(sorted(os.listdir('copy/b')), os.readlink('copy/link'))
    shutil.rmtree('a')
    say(os.path.exists('a'), sum(len(f) for _, _, f in os.walk('/usr/include/linux')))
    with tempfile.TemporaryDirectory(dir='.') as d:
        say(os.path.isdir(d))
    say(os.path.isdir(d))


def pipes():
    r, w = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(r)
        os.write(w, b'x' * 100000)
        os._exit(9)
    os.close(w)
    with os.fdopen(r, 'rb') as f:
        say(len(f.read()))
    say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    r, w = os.pipe()
    say(select.select([r], [w], [], 0)[1] == [w], select.select([r], [], [], 0.01)[0])
    poll = select.epoll()
    poll.register(r, select.EPOLLIN)
    os.write(w, b'!')
    say([e for _, e in poll.poll(1)])


def processes():
    say(subprocess.run(['sh', '-c', 'echo out; echo err >&2; exit 3'], capture_output=True))
    say(subprocess.check_output('seq 1000 | sort -rn | head -n 2', shell=True))
    with subprocess.Popen(['tr', 'a-z', 'A-Z'], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        say(p.communicate(b'some text\n'))
    try:
        subprocess.run(['sleep', '100'], timeout=0.05)
    except subprocess.TimeoutExpired:
        say('timed out')
    say(subprocess.run(['sh', '-c', 'kill -9 $$']).returncode)
    say(subprocess.run('env', env={'ONLY': 'this'}, stdout=subprocess.PIPE).stdout)
    try:
        subprocess.run(['./nothing'])
    except FileNotFoundError as e:
        say(e.errno)
    many = [subprocess.Popen(['sh', '-c', f'exit {i}']) for i in range(10)]
    say([p.wait() for p in many])


def signals():
    got = []
    signal.signal(signal.SIGUSR1, lambda s, f: got.append(s))
    os.kill(os.getpid(), signal.SIGUSR1)
    say(got)
    signal.signal(signal.SIGALRM, lambda s, f: got.append(s))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    signal.pause()
    say(got[-1])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    os.kill(os.getpid(), signal.SIGUSR1)
    say(signal.sigpending(), signal.sigtimedwait([signal.SIGUSR1], 1).si_signo)


def clocks():
    start = time.monotonic()
    time.sleep(0.02)
    say(time.monotonic() - start >= 0.02, abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 1)
    say(time.strftime('%F', time.gmtime(0)), time.process_time() > 0)


for part in files, folders, pipes, processes, signals, clocks:
    say('==', part.__name__)
    part()
sys.exit(6)
