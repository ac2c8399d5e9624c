/* pipe, pipe2: flags, ends, packet mode, capacity, limits.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: pipe pipe2 */
#include "guest.h"

#include <sys/resource.h>

static void
test_ends (void)
{
  int fds[2] = { -1, -1 };
  char buf[8];

  IS ("pipe", sys (pipe, fds), 0);
  CHECK ("pipe/lowest-numbers", fds[0] == 3 && fds[1] == 4);
  IS ("pipe/read-end-flags", sys (fcntl, fds[0], F_GETFL), O_RDONLY);
  IS ("pipe/write-end-flags", sys (fcntl, fds[1], F_GETFL), O_WRONLY);
  IS ("pipe/no-cloexec", sys (fcntl, fds[0], F_GETFD) | sys (fcntl, fds[1], F_GETFD), 0);
  IS ("pipe/write", sys (write, fds[1], "hello", 5), 5);
  IS ("pipe/read", sys (read, fds[0], buf, 8), 5);
  CHECK ("pipe/bytes", !memcmp (buf, "hello", 5));
  IS ("pipe/write-to-read-end", sys (write, fds[0], "x", 1), -EBADF);
  IS ("pipe/read-from-write-end", sys (read, fds[1], buf, 1), -EBADF);
  close (fds[0]);
  close (fds[1]);
}

static void
test_flags (void)
{
  int fds[2];

  IS ("pipe2/0", sys (pipe2, fds, 0), 0);
  close (fds[0]);
  close (fds[1]);
  IS ("pipe2/O_CLOEXEC", sys (pipe2, fds, O_CLOEXEC), 0);
  IS ("pipe2/cloexec-both", sys (fcntl, fds[0], F_GETFD) & sys (fcntl, fds[1], F_GETFD),
      FD_CLOEXEC);
  close (fds[0]);
  close (fds[1]);
  IS ("pipe2/O_NONBLOCK", sys (pipe2, fds, O_NONBLOCK), 0);
  IS ("pipe2/nonblock-both",
      sys (fcntl, fds[0], F_GETFL) & sys (fcntl, fds[1], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  IS ("pipe2/EAGAIN", sys (read, fds[0], fds, 1), -EAGAIN);
  close (fds[0]);
  close (fds[1]);
  IS ("pipe2/unknown-flag", sys (pipe2, fds, O_APPEND), -EINVAL);
  IS ("pipe2/unknown-flag-high", sys (pipe2, fds, 0x40000000), -EINVAL);
}

/* O_DIRECT: each write is a packet, each read takes one, its rest is lost.  */
static void
test_packets (void)
{
  int fds[2];
  char buf[8];

  IS ("pipe2/O_DIRECT", sys (pipe2, fds, O_DIRECT), 0);
  MUST (write (fds[1], "abcd", 4));
  MUST (write (fds[1], "ef", 2));
  IS ("pipe2/packet-cut", sys (read, fds[0], buf, 2), 2);
  IS ("pipe2/next-packet", sys (read, fds[0], buf, 8), 2);
  CHECK ("pipe2/packet-bytes", !memcmp (buf, "ef", 2));
  close (fds[0]);
  close (fds[1]);
}

static void
test_capacity (void)
{
  int fds[2];
  char *bytes = guest_pages (32, PROT_READ | PROT_WRITE);

  MUST (pipe2 (fds, O_NONBLOCK));
  IS ("pipe/capacity", sys (write, fds[1], bytes, 32 * 4096), 65536);
  IS ("pipe/full", sys (write, fds[1], bytes, 1), -EAGAIN);
  IS ("pipe/drained", sys (read, fds[0], bytes, 32 * 4096), 65536);
  close (fds[1]);
  IS ("pipe/end-of-file", sys (read, fds[0], bytes, 1), 0);
  close (fds[0]);
}

/* /proc/self/fd opens the same pipe again.  */
static void
test_reopen (void)
{
  int fds[2];
  char c;

  MUST (pipe (fds));
  int writer = OK ("pipe/reopen", sys (open, text ("/proc/self/fd/%d", fds[0]), O_WRONLY));
  close (fds[1]);
  IS ("pipe/reopened-writes", sys (write, writer, "x", 1), 1);
  IS ("pipe/reopened-reads", sys (read, fds[0], &c, 1), 1);
  close (writer);
  close (fds[0]);
}

static void
limited (void)
{
  struct rlimit limit = { 4, 4 };
  int fds[2] = { -1, -1 };

  MUST (setrlimit (RLIMIT_NOFILE, &limit));
  IS ("pipe/EMFILE", sys (pipe, fds), -EMFILE);
  IS ("pipe2/EMFILE", sys (pipe2, fds, 0), -EMFILE);
  CHECK ("pipe/EMFILE-writes-nothing", fds[0] == -1);
  IS ("pipe/EMFILE-leaves-nothing", sys (dup, 1), 3);
}

int
main (void)
{
  test_ends ();
  test_flags ();
  test_packets ();
  test_capacity ();
  test_reopen ();
  guest_child (limited);
  FAULTS ("pipe/fds", BAD_OUT, 8, p, sys (pipe, p));
  FAULTS ("pipe2/fds", BAD_OUT, 8, p, sys (pipe2, p, 0));
  /* Descriptors made before the fault are gone again.  */
  IS ("pipe/fault-leaves-nothing", sys (dup, 1), 3);
  return guest_done ();
}
