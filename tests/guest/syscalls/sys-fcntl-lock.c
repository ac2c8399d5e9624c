/* fcntl's record locks: of a process, of an open file description, waiting, deadlock.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: fcntl */
#include "guest.h"

static int fd;
static struct flock other;

static struct flock
range (int type, off_t start, off_t length)
{
  return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static long
lock (int file, int command, int type, off_t start, off_t length)
{
  struct flock l = range (type, start, length);

  return sys (fcntl, file, command, &l);
}

/* What another process sees: the type of the first lock in its way.  */
static void
look (void)
{
  other.l_pid = -2;
  MUST (sys (fcntl, fd, F_GETLK, &other));
  guest_say ("  seen: type %d start %ld length %ld%s", other.l_type, (long) other.l_start,
             (long) other.l_len, other.l_pid == getppid () ? " mine" : "");
}

static void
seen (int type, off_t start, off_t length)
{
  other = range (type, start, length);
  guest_child (look);
}

static void
test_ranges (void)
{
  IS ("fcntl/F_SETLK", lock (fd, F_SETLK, F_WRLCK, 10, 10), 0);
  seen (F_WRLCK, 0, 0);
  seen (F_RDLCK, 0, 10);
  seen (F_RDLCK, 19, 1);
  IS ("fcntl/F_SETLK-split", lock (fd, F_SETLK, F_UNLCK, 14, 2), 0);
  seen (F_RDLCK, 12, 4);
  seen (F_RDLCK, 14, 2);
  seen (F_RDLCK, 15, 5);
  IS ("fcntl/F_SETLK-downgrade", lock (fd, F_SETLK, F_RDLCK, 10, 4), 0);
  seen (F_RDLCK, 10, 4);
  seen (F_WRLCK, 10, 4);
  IS ("fcntl/F_SETLK-merge", lock (fd, F_SETLK, F_WRLCK, 5, 15), 0);
  seen (F_RDLCK, 0, 0);
  IS ("fcntl/F_SETLK-negative-length", lock (fd, F_SETLK, F_WRLCK, 100, -10), 0);
  seen (F_RDLCK, 95, 1);
  IS ("fcntl/F_SETLK-unlock-all", lock (fd, F_SETLK, F_UNLCK, 0, 0), 0);
  seen (F_WRLCK, 0, 0);
}

static void
test_whence (void)
{
  struct flock l = range (F_WRLCK, 0, 0);

  MUST (lseek (fd, 30, SEEK_SET));
  l.l_whence = SEEK_CUR;
  l.l_start = -10;
  l.l_len = 5;
  IS ("fcntl/F_SETLK-SEEK_CUR", sys (fcntl, fd, F_SETLK, &l), 0);
  seen (F_RDLCK, 0, 0);
  l.l_whence = SEEK_END;
  l.l_start = -2;
  IS ("fcntl/F_SETLK-SEEK_END", sys (fcntl, fd, F_SETLK, &l), 0);
  seen (F_RDLCK, 0, 10);
  l.l_whence = 9;
  IS ("fcntl/F_SETLK-whence", sys (fcntl, fd, F_SETLK, &l), -EINVAL);
  IS ("fcntl/F_SETLK-type", lock (fd, F_SETLK, 9, 0, 0), -EINVAL);
  IS ("fcntl/F_GETLK-type", lock (fd, F_GETLK, F_UNLCK, 0, 0), -EINVAL);
  IS ("fcntl/F_SETLK-before-start", lock (fd, F_SETLK, F_RDLCK, -1, 0), -EINVAL);
  IS ("fcntl/F_SETLK-start-overflow", lock (fd, F_SETLK, F_RDLCK, INT64_MAX, 2), -EOVERFLOW);
  IS ("fcntl/F_SETLK-to-the-end", lock (fd, F_SETLK, F_UNLCK, 0, 0), 0);
}

static void
conflict (void)
{
  IS ("fcntl/F_SETLK-EAGAIN", lock (fd, F_SETLK, F_WRLCK, 0, 1), -EAGAIN);
  IS ("fcntl/F_SETLK-EAGAIN-read", lock (fd, F_SETLK, F_RDLCK, 0, 1), -EAGAIN);
  IS ("fcntl/F_SETLK-beside", lock (fd, F_SETLK, F_WRLCK, 1, 1), 0);
}

static void
test_errors (void)
{
  int rdonly = MUST (open ("file", O_RDONLY));
  int wronly = MUST (open ("file", O_WRONLY));

  MUST (lock (fd, F_SETLK, F_WRLCK, 0, 1));
  guest_child (conflict);
  IS ("fcntl/F_SETLK-EBADF", lock (-1, F_SETLK, F_RDLCK, 0, 0), -EBADF);
  IS ("fcntl/F_SETLK-EBADF-read-only", lock (rdonly, F_SETLK, F_WRLCK, 50, 1), -EBADF);
  IS ("fcntl/F_SETLK-EBADF-write-only", lock (wronly, F_SETLK, F_RDLCK, 50, 1), -EBADF);
  IS ("fcntl/F_SETLK-own-lock", lock (wronly, F_SETLK, F_WRLCK, 0, 1), 0);
  FAULTS ("fcntl/F_SETLK", BAD_IN, sizeof (struct flock), p, sys (fcntl, fd, F_SETLK, p));
  FAULTS ("fcntl/F_SETLKW", BAD_IN, sizeof (struct flock), p, sys (fcntl, fd, F_SETLKW, p));
  FAULTS ("fcntl/F_GETLK", BAD_IN, sizeof (struct flock), p, sys (fcntl, fd, F_GETLK, p));
  FAULTS ("fcntl/F_OFD_SETLK", BAD_IN, sizeof (struct flock), p, sys (fcntl, fd, F_OFD_SETLK, p));
  /* Closing any descriptor of the file drops all of the process' locks on it.  */
  close (rdonly);
  close (wronly);
  seen (F_WRLCK, 0, 0);
}

static int ready[2];

/* Holds a lock until its parent has slept on it, or for good.  */
static void
hold (void)
{
  char c = 0;

  MUST (lock (fd, F_SETLK, F_WRLCK, 0, 1));
  MUST (write (ready[1], &c, 1));
  guest_wait_state (getppid (), 'S');
}

static void
hold_forever (void)
{
  MUST (lock (fd, F_SETLK, F_WRLCK, 0, 1));
  MUST (write (ready[1], "x", 1));
  pause ();
}

static pid_t holder;

static void
kill_holder (void)
{
  kill (holder, SIGKILL);
}

static void
start_holder (void (*fn) (void))
{
  char c;

  holder = guest_fork (fn);
  MUST (read (ready[0], &c, 1));
}

static void
test_waiting (void)
{
  MUST (pipe (ready));
  start_holder (hold);
  IS ("fcntl/F_SETLKW", lock (fd, F_SETLKW, F_WRLCK, 0, 1), 0);
  guest_wait (holder);
  MUST (lock (fd, F_SETLK, F_UNLCK, 0, 0));
  start_holder (hold_forever);
  INTERRUPTED ("fcntl/F_SETLKW-EINTR", 0, NULL, lock (fd, F_SETLKW, F_RDLCK, 0, 1), -EINTR);
  INTERRUPTED ("fcntl/F_SETLKW-restart", SA_RESTART, kill_holder,
               lock (fd, F_SETLKW, F_RDLCK, 0, 1), 0);
  guest_wait (holder);
  MUST (lock (fd, F_SETLK, F_UNLCK, 0, 0));
}

/* The child holds byte 1 and waits for byte 0, which its parent holds; then the parent asks for
 * byte 1.  */
static void
wait_for_parent (void)
{
  MUST (lock (fd, F_SETLK, F_WRLCK, 1, 1));
  MUST (write (ready[1], "x", 1));
  MUST (lock (fd, F_SETLKW, F_WRLCK, 0, 1));
}

static void
test_deadlock (void)
{
  MUST (lock (fd, F_SETLK, F_WRLCK, 0, 1));
  start_holder (wait_for_parent);
  guest_wait_state (holder, 'S');
  IS ("fcntl/F_SETLKW-EDEADLK", lock (fd, F_SETLKW, F_WRLCK, 1, 1), -EDEADLK);
  MUST (lock (fd, F_SETLK, F_UNLCK, 0, 1));
  IS ("fcntl/deadlock-over", guest_wait (holder), 0);
}

static void
let_go (void)
{
  MUST (lock (fd, F_OFD_SETLK, F_UNLCK, 0, 0));
}

static void
test_ofd (void)
{
  int second = MUST (open ("file", O_RDWR));
  int same = MUST (dup (fd));
  struct flock l = range (F_WRLCK, 0, 10);

  IS ("fcntl/F_OFD_SETLK", sys (fcntl, fd, F_OFD_SETLK, &l), 0);
  IS ("fcntl/F_OFD_SETLK-conflicts-in-process", lock (second, F_OFD_SETLK, F_RDLCK, 5, 1), -EAGAIN);
  IS ("fcntl/F_OFD_SETLK-dup", lock (same, F_OFD_SETLK, F_WRLCK, 5, 1), 0);
  IS ("fcntl/F_OFD-against-process-lock", lock (second, F_SETLK, F_RDLCK, 5, 1), -EAGAIN);
  close (same);
  IS ("fcntl/F_OFD-close-of-dup-keeps", lock (second, F_OFD_SETLK, F_RDLCK, 5, 1), -EAGAIN);
  l = range (F_RDLCK, 0, 0);
  IS ("fcntl/F_OFD_GETLK", sys (fcntl, second, F_OFD_GETLK, &l), 0);
  CHECK ("fcntl/F_OFD_GETLK-value", l.l_type == F_WRLCK && l.l_len == 10 && l.l_pid == -1);
  l.l_pid = 1;
  IS ("fcntl/F_OFD-pid-must-be-0", sys (fcntl, second, F_OFD_SETLK, &l), -EINVAL);
  BLOCKS ("fcntl/F_OFD_SETLKW", let_go, lock (second, F_OFD_SETLKW, F_WRLCK, 0, 0), 0);
  INTERRUPTED ("fcntl/F_OFD_SETLKW-EINTR", 0, NULL, lock (fd, F_OFD_SETLKW, F_RDLCK, 0, 1), -EINTR);
  close (second);
  IS ("fcntl/F_OFD-close-releases", lock (fd, F_OFD_SETLK, F_WRLCK, 0, 0), 0);
  let_go ();
}

int
main (void)
{
  fd = guest_file ("file", "0123456789012345678901234567890123456789");
  test_ranges ();
  test_whence ();
  test_errors ();
  test_waiting ();
  test_deadlock ();
  test_ofd ();
  return guest_done ();
}
