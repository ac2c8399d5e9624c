/* sendfile: with and without an offset, from file to file and pipe, errors, faults, full pipes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: sendfile */
#include "guest.h"

static int in, out, fds[2];
static char buf[70000];

static void
drain (void)
{
  MUST (read (fds[0], buf, sizeof buf));
}

static void
test_offsets (void)
{
  off_t offset = 3;

  IS ("sendfile/whole", sys (sendfile, out, in, NULL, 100), 10);
  CHECK ("sendfile/bytes", !strcmp (guest_content ("out"), "0123456789"));
  IS ("sendfile/moves-input", sys (lseek, in, 0, SEEK_CUR), 10);
  IS ("sendfile/moves-output", sys (lseek, out, 0, SEEK_CUR), 10);
  IS ("sendfile/at-end", sys (sendfile, out, in, NULL, 100), 0);
  IS ("sendfile/offset", sys (sendfile, out, in, &offset, 4), 4);
  IS ("sendfile/offset-updated", offset, 7);
  IS ("sendfile/offset-leaves-input", sys (lseek, in, 0, SEEK_CUR), 10);
  CHECK ("sendfile/offset-bytes", !strcmp (guest_content ("out"), "01234567893456"));
  IS ("sendfile/count-0", sys (sendfile, out, in, &offset, 0), 0);
  offset = 100;
  IS ("sendfile/offset-past-end", sys (sendfile, out, in, &offset, 4), 0);
  offset = -1;
  IS ("sendfile/offset-negative", sys (sendfile, out, in, &offset, 4), -EINVAL);
  FAULTS ("sendfile/offset", BAD_OUT_OPTIONAL, 8, p, sys (sendfile, out, in, p, 0));
}

static void
test_pipe (void)
{
  off_t offset = 0;
  int big = guest_file ("big", "");

  MUST (ftruncate (big, 100000));
  IS ("sendfile/to-pipe", sys (sendfile, fds[1], in, &offset, 10), 10);
  IS ("sendfile/from-pipe-read", sys (read, fds[0], buf, 100), 10);
  CHECK ("sendfile/pipe-bytes", !memcmp (buf, "0123456789", 10));
  offset = 0;
  MUST (write (fds[1], buf, 65536));
  BLOCKS ("sendfile/waits-for-room", drain, sys (sendfile, fds[1], in, &offset, 5), 5);
  MUST (read (fds[0], buf, sizeof buf));
  MUST (write (fds[1], buf, 65536));
  INTERRUPTED ("sendfile/EINTR", 0, NULL, sys (sendfile, fds[1], in, &offset, 5), -EINTR);
  INTERRUPTED ("sendfile/restart", SA_RESTART, drain, sys (sendfile, fds[1], in, &offset, 5), 5);
  MUST (fcntl (fds[1], F_SETFL, O_NONBLOCK));
  drain ();
  offset = 0;
  CHECK ("sendfile/nonblock-partial",
         sys (sendfile, fds[1], big, &offset, 100000) == offset && offset > 0 && offset < 100000);
  IS ("sendfile/EAGAIN", sys (sendfile, fds[1], in, NULL, 10) <= 0, 1);
}

static void
test_errors (void)
{
  int rdonly = MUST (open ("out", O_RDONLY));
  int wronly = MUST (open ("out", O_WRONLY));
  int append = MUST (open ("out", O_WRONLY | O_APPEND));
  int path = MUST (open ("in", O_PATH));
  int dir = MUST (open (".", O_RDONLY));
  off_t offset = 0;

  IS ("sendfile/EBADF-in", sys (sendfile, out, -1, NULL, 1), -EBADF);
  IS ("sendfile/EBADF-out", sys (sendfile, -1, in, NULL, 1), -EBADF);
  IS ("sendfile/EBADF-in-write-only", sys (sendfile, out, wronly, NULL, 1), -EBADF);
  IS ("sendfile/EBADF-out-read-only", sys (sendfile, rdonly, in, NULL, 1), -EBADF);
  IS ("sendfile/EBADF-O_PATH", sys (sendfile, out, path, NULL, 1), -EBADF);
  IS ("sendfile/O_APPEND", sys (sendfile, append, in, &offset, 1), -EINVAL);
  IS ("sendfile/directory", sys (sendfile, out, dir, &offset, 1), -EINVAL);
  IS ("sendfile/ESPIPE", sys (sendfile, out, fds[0], &offset, 1), -ESPIPE);
}

int
main (void)
{
  in = guest_file ("in", "0123456789");
  out = guest_file ("out", "");
  MUST (pipe (fds));
  test_offsets ();
  test_errors ();
  test_pipe ();
  return guest_done ();
}
