/* ioctl on descriptors, pipes, files and directories.  SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* covers: ioctl */
#include "guest.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <termios.h>

static void
test_descriptor (void)
{
  int fd = guest_file ("file", "0123456789");
  int path = MUST (open ("file", O_PATH));
  int on = 1, off = 0;

  IS ("ioctl/FIOCLEX", sys (ioctl, fd, FIOCLEX), 0);
  IS ("ioctl/FIOCLEX-set", sys (fcntl, fd, F_GETFD), FD_CLOEXEC);
  IS ("ioctl/FIONCLEX", sys (ioctl, fd, FIONCLEX), 0);
  IS ("ioctl/FIONCLEX-clear", sys (fcntl, fd, F_GETFD), 0);
  IS ("ioctl/FIONBIO", sys (ioctl, fd, FIONBIO, &on), 0);
  IS ("ioctl/FIONBIO-set", sys (fcntl, fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  IS ("ioctl/FIONBIO-off", sys (ioctl, fd, FIONBIO, &off), 0);
  IS ("ioctl/FIONBIO-clear", sys (fcntl, fd, F_GETFL) & O_NONBLOCK, 0);
  FAULTS ("ioctl/FIONBIO", BAD_IN, 4, p, sys (ioctl, fd, FIONBIO, p));
  IS ("ioctl/EBADF", sys (ioctl, -1, FIOCLEX), -EBADF);
  IS ("ioctl/EBADF-O_PATH", sys (ioctl, path, FIOCLEX), -EBADF);
  IS ("ioctl/FIOASYNC-off", sys (ioctl, fd, FIOASYNC, &off), 0);
  IS ("ioctl/FIOASYNC-file", sys (ioctl, fd, FIOASYNC, &on), -ENOTTY);
  FAULTS ("ioctl/FIOASYNC", BAD_IN, 4, p, sys (ioctl, fd, FIOASYNC, p));
  close (path);
  close (fd);
}

static void
test_file (void)
{
  int fd = MUST (open ("file", O_RDWR));
  int n = -1;
  struct winsize size;
  struct termios termios;

  IS ("ioctl/FIONREAD-file", sys (ioctl, fd, FIONREAD, &n), 0);
  IS ("ioctl/FIONREAD-file-left", n, 10);
  MUST (lseek (fd, 4, SEEK_SET));
  IS ("ioctl/FIONREAD-offset", sys (ioctl, fd, FIONREAD, &n), 0);
  IS ("ioctl/FIONREAD-offset-left", n, 6);
  FAULTS ("ioctl/FIONREAD-file", BAD_OUT, 4, p, sys (ioctl, fd, FIONREAD, p));
  IS ("ioctl/FIGETBSZ", sys (ioctl, fd, FIGETBSZ, &n), 0);
  CHECK ("ioctl/FIGETBSZ-value", n >= 512);
  FAULTS ("ioctl/FIGETBSZ", BAD_OUT, 4, p, sys (ioctl, fd, FIGETBSZ, p));
  IS ("ioctl/TCGETS-file", sys (ioctl, fd, TCGETS, &termios), -ENOTTY);
  IS ("ioctl/TIOCGWINSZ-file", sys (ioctl, fd, TIOCGWINSZ, &size), -ENOTTY);
  IS ("ioctl/TIOCGPGRP-file", sys (ioctl, fd, TIOCGPGRP, &n), -ENOTTY);
  IS ("ioctl/unknown", sys (ioctl, fd, 0x12345678, &n), -ENOTTY);
  IS ("ioctl/high-bits-ignored", sys (ioctl, fd, 0x100000000 | FIONREAD, &n), 0);
  close (fd);
}

static void
test_others (void)
{
  int dir = MUST (open (".", O_RDONLY));
  int null = MUST (open ("/dev/null", O_RDWR));
  struct termios termios;
  int n;

  IS ("ioctl/TCGETS-directory", sys (ioctl, dir, TCGETS, &termios), -ENOTTY);
  IS ("ioctl/FIONREAD-directory", sys (ioctl, dir, FIONREAD, &n), -ENOTTY);
  IS ("ioctl/TCGETS-null", sys (ioctl, null, TCGETS, &termios), -ENOTTY);
  IS ("ioctl/FIOCLEX-directory", sys (ioctl, dir, FIOCLEX), 0);
  close (dir);
  close (null);
}

static void
test_pipe (void)
{
  int fds[2], n = -1, on = 1, off = 0;
  char c;

  MUST (pipe (fds));
  IS ("ioctl/FIONREAD-empty", sys (ioctl, fds[0], FIONREAD, &n), 0);
  IS ("ioctl/FIONREAD-empty-is-0", n, 0);
  MUST (write (fds[1], "hello", 5));
  IS ("ioctl/FIONREAD-pipe", sys (ioctl, fds[0], FIONREAD, &n), 0);
  IS ("ioctl/FIONREAD-pipe-bytes", n, 5);
  IS ("ioctl/FIONREAD-write-end", sys (ioctl, fds[1], FIONREAD, &n), 0);
  FAULTS ("ioctl/FIONREAD-pipe", BAD_OUT, 4, p, sys (ioctl, fds[0], FIONREAD, p));
  IS ("ioctl/TCGETS-pipe", sys (ioctl, fds[0], TCGETS, &n), -ENOTTY);
  MUST (read (fds[0], &c, 1));
  IS ("ioctl/FIONBIO-pipe", sys (ioctl, fds[0], FIONBIO, &on), 0);
  char rest[8];
  IS ("ioctl/FIONBIO-rest", sys (read, fds[0], rest, 8), 4);
  IS ("ioctl/FIONBIO-EAGAIN", sys (read, fds[0], &c, 1), -EAGAIN);
  guest_handle (SIGIO, 0);
  MUST (fcntl (fds[0], F_SETOWN, getpid ()));
  IS ("ioctl/FIOASYNC", sys (ioctl, fds[0], FIOASYNC, &on), 0);
  IS ("ioctl/FIOASYNC-flag", sys (fcntl, fds[0], F_GETFL) & O_ASYNC, O_ASYNC);
  MUST (write (fds[1], "x", 1));
  IS ("ioctl/SIGIO", guest_signals, 1);
  IS ("ioctl/FIOASYNC-pipe-off", sys (ioctl, fds[0], FIOASYNC, &off), 0);
  MUST (write (fds[1], "x", 1));
  IS ("ioctl/no-SIGIO", guest_signals, 1);
}

int
main (void)
{
  test_descriptor ();
  test_file ();
  test_others ();
  test_pipe ();
  return guest_done ();
}
