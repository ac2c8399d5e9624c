/* splice, tee, vmsplice: between pipes and files, flags, errors, faults, blocking.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: splice tee vmsplice */
#include "guest.h"

#include <sys/uio.h>

static int a[2], b[2], file;
static char buf[70000];

static void
feed (void)
{
  MUST (write (a[1], "x", 1));
}

static void
drain_b (void)
{
  MUST (read (b[0], buf, sizeof buf));
}

static void
test_splice (void)
{
  loff_t offset = 2;

  IS ("splice/file-to-pipe", sys (splice, file, &offset, a[1], NULL, 5, 0), 5);
  IS ("splice/offset-updated", offset, 7);
  IS ("splice/offset-leaves-file", sys (lseek, file, 0, SEEK_CUR), 0);
  IS ("splice/pipe-to-pipe", sys (splice, a[0], NULL, b[1], NULL, 100, 0), 5);
  IS ("splice/read", sys (read, b[0], buf, 100), 5);
  CHECK ("splice/bytes", !memcmp (buf, "23456", 5));
  IS ("splice/file-offset", sys (splice, file, NULL, a[1], NULL, 3, SPLICE_F_MOVE), 3);
  IS ("splice/moves-file", sys (lseek, file, 0, SEEK_CUR), 3);
  offset = 8;
  IS ("splice/pipe-to-file", sys (splice, a[0], NULL, file, &offset, 3, 0), 3);
  CHECK ("splice/file-bytes", !strcmp (guest_content ("file"), "01234567012"));
  IS ("splice/length-0", sys (splice, a[0], NULL, b[1], NULL, 0, 0), 0);
  IS ("splice/end-of-file", sys (splice, file, (&(loff_t){ 100 }), a[1], NULL, 5, 0), 0);
}

static void
test_tee (void)
{
  MUST (write (a[1], "hello", 5));
  IS ("tee", sys (tee, a[0], b[1], 3, 0), 3);
  IS ("tee/copied", sys (read, b[0], buf, 100), 3);
  IS ("tee/not-consumed", sys (read, a[0], buf, 100), 5);
  CHECK ("tee/bytes", !memcmp (buf, "hello", 5));
  IS ("tee/EAGAIN", sys (tee, a[0], b[1], 3, SPLICE_F_NONBLOCK), -EAGAIN);
  IS ("tee/same-pipe", sys (tee, a[0], a[1], 3, 0), -EINVAL);
  IS ("tee/file", sys (tee, file, b[1], 3, 0), -EINVAL);
  IS ("tee/EBADF", sys (tee, -1, b[1], 3, 0), -EBADF);
  IS ("tee/unknown-flag", sys (tee, a[0], b[1], 3, 0x100), -EINVAL);
  IS ("tee/length-0", sys (tee, a[0], b[1], 0, 0), 0);
  INTERRUPTED ("tee/EINTR", 0, NULL, sys (tee, a[0], b[1], 3, 0), -EINTR);
  INTERRUPTED ("tee/restart", SA_RESTART, feed, sys (tee, a[0], b[1], 3, 0), 1);
  MUST (read (a[0], buf, 100));
  MUST (read (b[0], buf, 100));
}

static void
test_vmsplice (void)
{
  char bytes[] = "0123456789", in[10];
  struct iovec v[2] = { { bytes, 4 }, { bytes + 6, 4 } }, into = { in, 10 };

  IS ("vmsplice/write", sys (vmsplice, a[1], v, 2, 0), 8);
  IS ("vmsplice/read-end", sys (vmsplice, a[0], &into, 1, 0), 8);
  CHECK ("vmsplice/bytes", !memcmp (in, "01236789", 8));
  IS ("vmsplice/count-0", sys (vmsplice, a[1], v, 0, 0), 0);
  IS ("vmsplice/file", sys (vmsplice, file, v, 1, 0), -EBADF);
  IS ("vmsplice/EBADF", sys (vmsplice, -1, v, 1, 0), -EBADF);
  IS ("vmsplice/unknown-flag", sys (vmsplice, a[1], v, 1, 0x100), -EINVAL);
  IS ("vmsplice/count-over-IOV_MAX", sys (vmsplice, a[1], v, 1025, 0), -EINVAL);
  FAULTS ("vmsplice/vector", BAD_IN, 16, p, sys (vmsplice, a[1], p, 1, 0));
  FAULTS ("vmsplice/buf", BAD_IN & ~BAD_CROSS, 8, p,
          sys (vmsplice, a[1], (&(struct iovec){ p, 8 }), 1, 0));
  MUST (fcntl (a[1], F_SETPIPE_SZ, 4096));
  MUST (write (a[1], buf, 4096));
  IS ("vmsplice/EAGAIN", sys (vmsplice, a[1], v, 1, SPLICE_F_NONBLOCK), -EAGAIN);
  INTERRUPTED ("vmsplice/EINTR", 0, NULL, sys (vmsplice, a[1], v, 1, 0), -EINTR);
  MUST (read (a[0], buf, 4096));
  MUST (fcntl (a[1], F_SETPIPE_SZ, 65536));
}

static void
test_errors (void)
{
  loff_t offset = 0;
  int append = MUST (open ("file", O_WRONLY | O_APPEND));
  int rdonly = MUST (open ("file", O_RDONLY));

  MUST (write (a[1], "x", 1));
  IS ("splice/no-pipe", sys (splice, file, NULL, file, NULL, 1, 0), -EINVAL);
  IS ("splice/same-pipe", sys (splice, a[0], NULL, a[1], NULL, 1, 0), -EINVAL);
  IS ("splice/EBADF-in", sys (splice, -1, NULL, a[1], NULL, 1, 0), -EBADF);
  IS ("splice/EBADF-out", sys (splice, file, NULL, -1, NULL, 1, 0), -EBADF);
  IS ("splice/EBADF-read-end", sys (splice, file, NULL, a[0], NULL, 1, 0), -EBADF);
  IS ("splice/EBADF-read-only", sys (splice, a[0], NULL, rdonly, NULL, 1, 0), -EBADF);
  IS ("splice/ESPIPE-in", sys (splice, a[0], &offset, file, NULL, 1, 0), -ESPIPE);
  IS ("splice/ESPIPE-out", sys (splice, file, NULL, a[1], &offset, 1, 0), -ESPIPE);
  IS ("splice/O_APPEND", sys (splice, a[0], NULL, append, NULL, 1, 0), -EINVAL);
  IS ("splice/unknown-flag", sys (splice, file, NULL, a[1], NULL, 1, 0x100), -EINVAL);
  FAULTS ("splice/in-offset", BAD_IN_OPTIONAL, 8, p, sys (splice, file, p, a[1], NULL, 1, 0));
  FAULTS ("splice/out-offset", BAD_IN_OPTIONAL, 8, p, sys (splice, a[0], NULL, file, p, 1, 0));
  MUST (read (a[0], buf, 1));
}

static void
test_blocking (void)
{
  IS ("splice/EAGAIN", sys (splice, a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK), -EAGAIN);
  INTERRUPTED ("splice/EINTR", 0, NULL, sys (splice, a[0], NULL, b[1], NULL, 1, 0), -EINTR);
  INTERRUPTED ("splice/restart", SA_RESTART, feed, sys (splice, a[0], NULL, b[1], NULL, 1, 0), 1);
  drain_b ();
  MUST (write (b[1], buf, 65536));
  MUST (write (a[1], "x", 1));
  BLOCKS ("splice/waits-for-room", drain_b, sys (splice, a[0], NULL, b[1], NULL, 1, 0), 1);
  close (a[1]);
  IS ("splice/end-of-pipe", sys (splice, a[0], NULL, b[1], NULL, 1, 0), 0);
  IS ("tee/end-of-pipe", sys (tee, a[0], b[1], 1, 0), 0);
  close (b[0]);
  guest_handle (SIGPIPE, 0);
  IS ("splice/EPIPE", sys (splice, file, (&(loff_t){ 0 }), b[1], NULL, 1, 0), -EPIPE);
  IS ("splice/SIGPIPE", guest_signals, 1);
}

int
main (void)
{
  MUST (pipe (a));
  MUST (pipe (b));
  file = guest_file ("file", "0123456789");
  test_splice ();
  test_tee ();
  test_vmsplice ();
  test_errors ();
  test_blocking ();
  return guest_done ();
}
