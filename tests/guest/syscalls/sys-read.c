/* read, pread64, readv, preadv, preadv2: offsets, vectors, errors, faults, what interrupts them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: read pread64 readv preadv preadv2 */
#include "guest.h"

#include <limits.h>
#include <sys/uio.h>

static int fds[2];
static char buf[64];

static void
feed (void)
{
  MUST (write (fds[1], "x", 1));
}

static void
hang_up (void)
{
  close (fds[1]);
}

static void
test_regular (void)
{
  int fd = guest_file ("file", "0123456789");

  IS ("read/whole", sys (read, fd, buf, 64), 10);
  CHECK ("read/bytes", memcmp (buf, "0123456789", 10) == 0);
  IS ("read/end", sys (read, fd, buf, 64), 0);
  IS ("pread64/middle", sys (pread64, fd, buf, 3, 4), 3);
  CHECK ("pread64/bytes", memcmp (buf, "456", 3) == 0);
  IS ("pread64/leaves-offset", sys (lseek, fd, 0, SEEK_CUR), 10);
  IS ("pread64/past-end", sys (pread64, fd, buf, 1, 1000), 0);
  IS ("pread64/huge-offset", sys (pread64, fd, buf, 1, 1L << 40), 0);
  IS ("pread64/negative", sys (pread64, fd, buf, 1, -1), -EINVAL);
  IS ("read/zero", sys (read, fd, NULL, 0), 0);
  /* One call moves at most MAX_RW_COUNT; a larger count is no error.  */
  MUST (lseek (fd, 8, SEEK_SET));
  IS ("read/count-over-2G", sys (read, fd, buf, 1L << 40), 2);
  IS ("read/count-negative", sys (read, fd, buf, -1), -EFAULT);
  close (fd);
}

static void
test_vectors (void)
{
  int fd = guest_file ("file", "0123456789");
  char a[3], b[4], c[8];
  struct iovec v[3] = { { a, 3 }, { b, 4 }, { c, 8 } };

  IS ("readv/three", sys (readv, fd, v, 3), 10);
  CHECK ("readv/bytes", !memcmp (a, "012", 3) && !memcmp (b, "3456", 4) && !memcmp (c, "789", 3));
  IS ("readv/none", sys (readv, fd, v, 0), 0);
  IS ("preadv/two", sys (preadv, fd, v, 2, 2, 0), 7);
  CHECK ("preadv/bytes", !memcmp (a, "234", 3) && !memcmp (b, "5678", 4));
  IS ("preadv/negative", sys (preadv, fd, v, 2, -1, -1), -EINVAL);
  IS ("preadv2/offset", sys (preadv2, fd, v, 1, 5, 0, 0), 3);
  MUST (lseek (fd, 1, SEEK_SET));
  IS ("preadv2/at-file-offset", sys (preadv2, fd, v, 1, -1, -1, 0), 3);
  CHECK ("preadv2/at-file-offset-bytes", !memcmp (a, "123", 3));
  IS ("preadv2/moves-file-offset", sys (lseek, fd, 0, SEEK_CUR), 4);
  IS ("preadv2/negative", sys (preadv2, fd, v, 1, -2, -1, 0), -EINVAL);
  IS ("preadv2/unknown-flag", sys (preadv2, fd, v, 1, 0, 0, 0x40000000), -EOPNOTSUPP);
  IS ("preadv2/RWF_HIPRI", sys (preadv2, fd, v, 1, 0, 0, RWF_HIPRI), 3);
  IS ("readv/count-over-IOV_MAX", sys (readv, fd, v, 1025), -EINVAL);
  IS ("readv/count-negative", sys (readv, fd, v, -1), -EINVAL);
  v[1].iov_len = -1;
  IS ("readv/length-negative", sys (readv, fd, v, 2), -EINVAL);
  IS ("preadv/length-negative", sys (preadv, fd, v, 2, 0, 0), -EINVAL);
  close (fd);
}

static void
test_errors (void)
{
  int wronly = MUST (open ("file", O_WRONLY));
  int dir = MUST (open (".", O_RDONLY | O_DIRECTORY));
  int path = MUST (open ("file", O_PATH));
  struct iovec v = { buf, 4 };

  IS ("read/EBADF", sys (read, -1, buf, 1), -EBADF);
  IS ("read/EBADF-large", sys (read, 100000, buf, 1), -EBADF);
  IS ("read/EBADF-write-only", sys (read, wronly, buf, 1), -EBADF);
  IS ("read/EBADF-O_PATH", sys (read, path, buf, 1), -EBADF);
  IS ("read/EISDIR", sys (read, dir, buf, 1), -EISDIR);
  IS ("pread64/EBADF", sys (pread64, -1, buf, 1, 0), -EBADF);
  IS ("pread64/EISDIR", sys (pread64, dir, buf, 1, 0), -EISDIR);
  IS ("pread64/ESPIPE", sys (pread64, fds[0], buf, 1, 0), -ESPIPE);
  IS ("readv/EBADF", sys (readv, -1, &v, 1), -EBADF);
  IS ("readv/EBADF-write-only", sys (readv, wronly, &v, 1), -EBADF);
  IS ("readv/EISDIR", sys (readv, dir, &v, 1), -EISDIR);
  IS ("preadv/EBADF", sys (preadv, -1, &v, 1, 0, 0), -EBADF);
  IS ("preadv/ESPIPE", sys (preadv, fds[0], &v, 1, 0, 0), -ESPIPE);
  IS ("preadv2/EBADF", sys (preadv2, -1, &v, 1, 0, 0, 0), -EBADF);
  IS ("preadv2/ESPIPE", sys (preadv2, fds[0], &v, 1, 0, 0, 0), -ESPIPE);
  close (wronly);
  close (dir);
  close (path);
}

static void
test_faults (void)
{
  int fd = guest_file ("file", "0123456789");

  FAULTS ("read/buf", BAD_OUT & ~BAD_CROSS, 8, p, (lseek (fd, 0, SEEK_SET), sys (read, fd, p, 8)));
  FAULTS ("pread64/buf", BAD_OUT & ~BAD_CROSS, 8, p, sys (pread64, fd, p, 8, 0));
  FAULTS ("readv/vector", BAD_IN, 16, p, sys (readv, fd, p, 1));
  FAULTS ("preadv/vector", BAD_IN, 16, p, sys (preadv, fd, p, 1, 0, 0));
  FAULTS ("preadv2/vector", BAD_IN, 16, p, sys (preadv2, fd, p, 1, 0, 0, 0));
  FAULTS ("readv/buf", BAD_OUT & ~BAD_CROSS, 8, p, sys (readv, fd, (&(struct iovec){ p, 8 }), 1));
  FAULTS ("preadv/buf", BAD_OUT & ~BAD_CROSS, 8, p,
          sys (preadv, fd, (&(struct iovec){ p, 8 }), 1, 0, 0));
  FAULTS ("preadv2/buf", BAD_OUT & ~BAD_CROSS, 8, p,
          sys (preadv2, fd, (&(struct iovec){ p, 8 }), 1, 0, 0, 0));
  /* A buffer that ends in a hole: what fits is read, and the offset has moved by just that.  */
  char *cross = guest_bad_pointer (BAD_CROSS, 8);
  MUST (lseek (fd, 0, SEEK_SET));
  IS ("read/partial", sys (read, fd, cross, 8), 4);
  IS ("read/partial-offset", sys (lseek, fd, 0, SEEK_CUR), 4);
  struct iovec v[2] = { { buf, 2 }, { guest_bad_pointer (BAD_HOLE, 1), 4 } };
  IS ("readv/partial", sys (preadv, fd, v, 2, 0, 0), 2);
  close (fd);
}

static void
test_pipe (void)
{
  MUST (write (fds[1], "abc", 3));
  IS ("read/pipe-short", sys (read, fds[0], buf, 64), 3);
  BLOCKS ("read/pipe-waits", feed, sys (read, fds[0], buf, 64), 1);
  INTERRUPTED ("read/EINTR", 0, NULL, sys (read, fds[0], buf, 1), -EINTR);
  INTERRUPTED ("read/restart", SA_RESTART, feed, sys (read, fds[0], buf, 1), 1);
  STOPPED ("read/stop-continue", feed, sys (read, fds[0], buf, 1), 1);
  struct iovec v = { buf, 4 };
  INTERRUPTED ("readv/EINTR", 0, NULL, sys (readv, fds[0], &v, 1), -EINTR);
  INTERRUPTED ("readv/restart", SA_RESTART, feed, sys (readv, fds[0], &v, 1), 1);
  INTERRUPTED ("preadv2/EINTR", 0, NULL, sys (preadv2, fds[0], &v, 1, -1, -1, 0), -EINTR);
  INTERRUPTED ("preadv2/restart", SA_RESTART, feed, sys (preadv2, fds[0], &v, 1, -1, -1, 0), 1);
  IS ("preadv2/RWF_NOWAIT-empty", sys (preadv2, fds[0], &v, 1, -1, -1, RWF_NOWAIT), -EAGAIN);
  IS ("read/pipe-zero-bytes", sys (read, fds[0], buf, 0), 0);
  MUST (fcntl (fds[0], F_SETFL, O_NONBLOCK));
  IS ("read/EAGAIN", sys (read, fds[0], buf, 1), -EAGAIN);
  IS ("readv/EAGAIN", sys (readv, fds[0], &v, 1), -EAGAIN);
  MUST (fcntl (fds[0], F_SETFL, 0));
  hang_up ();
  IS ("read/pipe-end", sys (read, fds[0], buf, 1), 0);
  IS ("readv/pipe-end", sys (readv, fds[0], &v, 1), 0);
}

int
main (void)
{
  MUST (pipe (fds));
  test_regular ();
  test_vectors ();
  test_errors ();
  test_faults ();
  test_pipe ();
  return guest_done ();
}
