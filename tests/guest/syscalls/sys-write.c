/* write, pwrite64, writev, pwritev, pwritev2: offsets, O_APPEND, limits, errors, faults, full
 * pipes. SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: write pwrite64 writev pwritev pwritev2 */
#include "guest.h"

#include <sys/resource.h>
#include <sys/uio.h>

static int fds[2];
static char big[1 << 20];

static void
drain (void)
{
  MUST (read (fds[0], big, sizeof big));
}

static void
test_regular (void)
{
  int fd = guest_file ("file", "0123456789");

  IS ("write/at-start", sys (write, fd, "abc", 3), 3);
  CHECK ("write/bytes", !strcmp (guest_content ("file"), "abc3456789"));
  IS ("write/zero", sys (write, fd, NULL, 0), 0);
  IS ("pwrite64/middle", sys (pwrite64, fd, "XY", 2, 6), 2);
  CHECK ("pwrite64/bytes", !strcmp (guest_content ("file"), "abc345XY89"));
  IS ("pwrite64/leaves-offset", sys (lseek, fd, 0, SEEK_CUR), 3);
  IS ("pwrite64/negative", sys (pwrite64, fd, "x", 1, -1), -EINVAL);
  IS ("pwrite64/hole", sys (pwrite64, fd, "z", 1, 12), 1);
  CHECK ("pwrite64/hole-is-zero", !memcmp (guest_content ("file") + 10, "\0\0z", 4));
  IS ("write/count-negative", sys (write, fd, "x", -1), -EFAULT);
  close (fd);
}

static void
test_append (void)
{
  MUST (close (guest_file ("file", "0123")));
  int fd = MUST (open ("file", O_RDWR | O_APPEND));
  struct iovec v = { "P", 1 };

  IS ("write/O_APPEND", sys (write, fd, "ab", 2), 2);
  CHECK ("write/O_APPEND-bytes", !strcmp (guest_content ("file"), "0123ab"));
  IS ("write/O_APPEND-offset", sys (lseek, fd, 0, SEEK_CUR), 6);
  /* Linux appends here, whatever POSIX says of pwrite.  */
  IS ("pwrite64/O_APPEND", sys (pwrite64, fd, "c", 1, 0), 1);
  CHECK ("pwrite64/O_APPEND-bytes", !strcmp (guest_content ("file"), "0123abc"));
  close (fd);
  fd = MUST (open ("file", O_RDWR));
  IS ("pwritev2/RWF_APPEND", sys (pwritev2, fd, &v, 1, 0, 0, RWF_APPEND), 1);
  CHECK ("pwritev2/RWF_APPEND-bytes", !strcmp (guest_content ("file"), "0123abcP"));
  IS ("pwritev2/RWF_DSYNC", sys (pwritev2, fd, &v, 1, 0, 0, RWF_DSYNC), 1);
  IS ("pwritev2/RWF_SYNC", sys (pwritev2, fd, &v, 1, 1, 0, RWF_SYNC), 1);
  IS ("pwritev2/unknown-flag", sys (pwritev2, fd, &v, 1, 0, 0, 0x40000000), -EOPNOTSUPP);
  CHECK ("pwritev2/bytes", !strcmp (guest_content ("file"), "PP23abcP"));
  close (fd);
}

static void
test_vectors (void)
{
  int fd = guest_file ("file", "");
  struct iovec v[3] = { { "abc", 3 }, { NULL, 0 }, { "de", 2 } };

  IS ("writev/three", sys (writev, fd, v, 3), 5);
  IS ("writev/none", sys (writev, fd, v, 0), 0);
  IS ("pwritev/offset", sys (pwritev, fd, v, 1, 5, 0), 3);
  IS ("pwritev/leaves-offset", sys (lseek, fd, 0, SEEK_CUR), 5);
  IS ("pwritev2/at-file-offset", sys (pwritev2, fd, v + 2, 1, -1, -1, 0), 2);
  IS ("pwritev2/moves-file-offset", sys (lseek, fd, 0, SEEK_CUR), 7);
  CHECK ("writev/bytes", !strcmp (guest_content ("file"), "abcdedec"));
  IS ("pwritev/negative", sys (pwritev, fd, v, 1, -1, -1), -EINVAL);
  IS ("pwritev2/negative", sys (pwritev2, fd, v, 1, -2, -1, 0), -EINVAL);
  IS ("writev/count-over-IOV_MAX", sys (writev, fd, v, 1025), -EINVAL);
  IS ("writev/count-negative", sys (writev, fd, v, -1), -EINVAL);
  v[2].iov_len = -1;
  IS ("writev/length-negative", sys (writev, fd, v, 3), -EINVAL);
  IS ("pwritev/length-negative", sys (pwritev, fd, v, 3, 0, 0), -EINVAL);
  CHECK ("writev/nothing-written", strlen (guest_content ("file")) == 8);
  close (fd);
}

static void
test_errors (void)
{
  int rdonly = MUST (open ("file", O_RDONLY));
  int path = MUST (open ("file", O_PATH));
  struct iovec v = { "x", 1 };

  IS ("write/EBADF", sys (write, -1, "x", 1), -EBADF);
  IS ("write/EBADF-read-only", sys (write, rdonly, "x", 1), -EBADF);
  IS ("write/EBADF-O_PATH", sys (write, path, "x", 1), -EBADF);
  IS ("pwrite64/EBADF", sys (pwrite64, rdonly, "x", 1, 0), -EBADF);
  IS ("pwrite64/ESPIPE", sys (pwrite64, fds[1], "x", 1, 0), -ESPIPE);
  IS ("writev/EBADF", sys (writev, rdonly, &v, 1), -EBADF);
  IS ("pwritev/EBADF", sys (pwritev, -1, &v, 1, 0, 0), -EBADF);
  IS ("pwritev/ESPIPE", sys (pwritev, fds[1], &v, 1, 0, 0), -ESPIPE);
  IS ("pwritev2/EBADF", sys (pwritev2, -1, &v, 1, 0, 0, 0), -EBADF);
  IS ("pwritev2/ESPIPE", sys (pwritev2, fds[1], &v, 1, 0, 0, 0), -ESPIPE);
  close (rdonly);
  close (path);
}

static void
test_faults (void)
{
  int fd = guest_file ("file", "");

  FAULTS ("write/buf", BAD_IN & ~BAD_CROSS, 8, p, sys (write, fd, p, 8));
  FAULTS ("pwrite64/buf", BAD_IN & ~BAD_CROSS, 8, p, sys (pwrite64, fd, p, 8, 0));
  FAULTS ("writev/vector", BAD_IN, 16, p, sys (writev, fd, p, 1));
  FAULTS ("pwritev/vector", BAD_IN, 16, p, sys (pwritev, fd, p, 1, 0, 0));
  FAULTS ("pwritev2/vector", BAD_IN, 16, p, sys (pwritev2, fd, p, 1, 0, 0, 0));
  FAULTS ("writev/buf", BAD_IN & ~BAD_CROSS, 8, p, sys (writev, fd, (&(struct iovec){ p, 8 }), 1));
  FAULTS ("write/pipe-buf", BAD_IN & ~BAD_CROSS, 8, p, sys (write, fds[1], p, 8));
  IS ("write/file-still-empty", sys (lseek, fd, 0, SEEK_END), 0);
  close (fd);
}

/* RLIMIT_FSIZE: the write that crosses it is cut short, the next one raises SIGXFSZ and fails.  */
static void
file_size_limit (void)
{
  int fd = guest_file ("limited", "");
  struct rlimit limit = { 10, RLIM_INFINITY };

  MUST (setrlimit (RLIMIT_FSIZE, &limit));
  guest_handle (SIGXFSZ, 0);
  IS ("write/to-limit", sys (write, fd, "0123456789ab", 12), 10);
  IS ("write/no-SIGXFSZ-yet", guest_signals, 0);
  IS ("write/EFBIG", sys (write, fd, "c", 1), -EFBIG);
  IS ("write/SIGXFSZ", guest_signals, 1);
  IS ("pwrite64/EFBIG", sys (pwrite64, fd, "c", 1, 100), -EFBIG);
  IS ("pwrite64/below-limit", sys (pwrite64, fd, "c", 1, 0), 1);
}

static void
test_pipe (void)
{
  struct iovec v = { big, 70000 };

  MUST (fcntl (fds[1], F_SETPIPE_SZ, 65536));
  IS ("write/fills-pipe", sys (write, fds[1], big, 65536), 65536);
  BLOCKS ("write/pipe-waits", drain, sys (write, fds[1], big, 4096), 4096);
  drain ();
  MUST (write (fds[1], big, 65536));
  INTERRUPTED ("write/EINTR", 0, NULL, sys (write, fds[1], big, 1), -EINTR);
  INTERRUPTED ("write/restart", SA_RESTART, drain, sys (write, fds[1], big, 1), 1);
  drain ();
  INTERRUPTED ("write/interrupted-midway", 0, NULL, sys (write, fds[1], big, 70000), 65536);
  INTERRUPTED ("writev/EINTR", 0, NULL, sys (writev, fds[1], &v, 1), -EINTR);
  STOPPED ("write/stop-continue", drain, sys (write, fds[1], big, 1), 1);
  drain ();
  INTERRUPTED ("writev/interrupted-midway", 0, NULL, sys (writev, fds[1], &v, 1), 65536);
  MUST (fcntl (fds[1], F_SETFL, O_NONBLOCK));
  IS ("write/EAGAIN", sys (write, fds[1], big, 1), -EAGAIN);
  IS ("writev/EAGAIN", sys (writev, fds[1], &v, 1), -EAGAIN);
  IS ("pwritev2/EAGAIN", sys (pwritev2, fds[1], &v, 1, -1, -1, 0), -EAGAIN);
  MUST (read (fds[0], big, 4096));
  IS ("write/partial", sys (write, fds[1], big, 8192), 4096);
  MUST (read (fds[0], big, 4095));
  IS ("write/atomic-up-to-PIPE_BUF", sys (write, fds[1], big, 4096), -EAGAIN);
}

static void
test_broken_pipe (void)
{
  struct iovec v = { "x", 1 };

  close (fds[0]);
  guest_handle (SIGPIPE, 0);
  IS ("write/EPIPE", sys (write, fds[1], "x", 1), -EPIPE);
  IS ("write/SIGPIPE", guest_signals, 1);
  IS ("writev/EPIPE", sys (writev, fds[1], &v, 1), -EPIPE);
  IS ("writev/SIGPIPE", guest_signals, 2);
}

int
main (void)
{
  MUST (pipe (fds));
  test_regular ();
  test_append ();
  test_vectors ();
  test_errors ();
  test_faults ();
  guest_child (file_size_limit);
  test_pipe ();
  test_broken_pipe ();
  return guest_done ();
}
