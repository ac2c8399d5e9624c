#!/usr/bin/python3
# FIFOs, sockets and devices of a host folder: a guest that uses them opens nothing on the host.
# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import select
import socket

from sandbox import Checks, Watch

checks = Checks(__doc__)
top = os.getcwd()


def fifos():
    os.mkfifo('fifo')
    watch = Watch('fifo')
    checks.shell('ls -l fifo; stat fifo; test -p fifo; find . -name fifo')
    checks.equal('fifo: looking opens nothing', watch.events(), [])
    checks.equal('fifo: is one', checks.shell('test -p fifo && echo fifo').stdout, 'fifo\n')
    checks.equal('fifo: works inside', checks.shell('echo through > fifo & cat fifo').stdout, 'through\n')
    result = checks.shell('timeout 0.3 cat fifo; echo $?; timeout 0.3 sh -c "echo x > fifo"; echo $?')
    checks.equal('fifo: has no partner on the host', result.stdout, '124\n124\n')
    checks.equal('fifo: using it opens nothing', watch.events(), [])


def fifo_with_partner():
    """A host process holds both ends and has put something in; the guest neither gets it nor adds to it."""
    os.mkfifo('busy')
    fd = os.open('busy', os.O_RDWR | os.O_NONBLOCK)
    os.write(fd, b'for the host only')
    watch = Watch('busy')
    result = checks.shell('timeout 0.3 cat busy; timeout 0.3 sh -c "echo intruder > busy"; timeout 0.3 dd if=busy '
                          'iflag=nonblock bs=100 count=1 2>/dev/null; echo done')
    checks.equal('busy fifo: nothing comes out', result.stdout, 'done\n')
    checks.equal('busy fifo: opens nothing', watch.events(), [])
    checks.equal('busy fifo: nothing was added', os.read(fd, 100), b'for the host only')
    os.close(fd)


def sockets():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind('socket')
    listener.listen()
    datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagram.bind('datagram')
    watch = Watch('socket', 'datagram')
    result = checks.shell('test -S socket && echo socket; cat socket 2>/dev/null || echo refused')
    checks.equal('socket: is one, and is not opened', result.stdout, 'socket\nrefused\n')
    script = '''
import socket
for kind, name in (socket.SOCK_STREAM, 'socket'), (socket.SOCK_DGRAM, 'datagram'):
    try:
        s = socket.socket(socket.AF_UNIX, kind)
        s.connect(name)
        s.send(b'intruder')
        print('connected')
    except OSError as e:
        print('refused')
'''
    checks.equal('socket: no connection', checks.run('/usr/bin/python3', '-c', script).stdout, 'refused\nrefused\n')
    checks.equal('socket: nobody came', select.select([listener, datagram], [], [], 0)[0], [])
    checks.equal('socket: opens nothing', watch.events(), [])


def devices():
    if os.getuid() != 0:
        return
    try:
        os.mknod('zero', 0o666 | 0o020000, os.makedev(1, 5))
        os.mknod('tty', 0o666 | 0o020000, os.makedev(4, 64))
        os.mknod('disk', 0o666 | 0o060000, os.makedev(7, 0))
    except PermissionError:
        return
    watch = Watch('zero', 'tty', 'disk')
    result = checks.shell('ls -l zero tty disk | wc -l; stat -c %F zero disk; head -c 4 zero | od -An -c; '
                          'timeout 1 head -c 1 tty; timeout 1 head -c 1 disk; echo x > disk; echo done')
    checks.equal('device: kinds are shown', result.stdout.splitlines()[:3],
                 ['3', 'character special file', 'block special file'])
    checks.equal('device: opens nothing', watch.events(), [])


for part in fifos, fifo_with_partner, sockets, devices:
    part()
checks.finish()
