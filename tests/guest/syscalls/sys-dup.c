/* dup, dup2, dup3: which number, which flags, what is shared.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: dup dup2 dup3 */
#include "guest.h"

#include <sys/resource.h>

static int fd;

static void
test_dup (void)
{
  int copy = sys (dup, fd);

  IS ("dup/lowest-free", copy, fd + 1);
  MUST (fcntl (fd, F_SETFD, FD_CLOEXEC));
  int other = sys (dup, fd);
  IS ("dup/cloexec-not-copied", sys (fcntl, other, F_GETFD), 0);
  MUST (fcntl (copy, F_SETFL, O_NONBLOCK));
  IS ("dup/status-flags-shared", sys (fcntl, fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  MUST (fcntl (copy, F_SETFL, 0));
  close (copy);
  close (other);
  int path = MUST (open (".", O_PATH));
  copy = OK ("dup/O_PATH", sys (dup, path));
  IS ("dup/O_PATH-stays-so", sys (fcntl, copy, F_GETFL) & O_PATH, O_PATH);
  close (path);
  close (copy);
  IS ("dup/EBADF", sys (dup, -1), -EBADF);
  IS ("dup/EBADF-closed", sys (dup, 500), -EBADF);
}

static void
test_dup2 (void)
{
  int fds[2];
  char c;

  IS ("dup2/number", sys (dup2, fd, 50), 50);
  IS ("dup2/same", sys (dup2, fd, fd), fd);
  IS ("dup2/same-keeps-cloexec", sys (fcntl, fd, F_GETFD), FD_CLOEXEC);
  IS ("dup2/same-EBADF", sys (dup2, 500, 500), -EBADF);
  IS ("dup2/EBADF", sys (dup2, -1, 51), -EBADF);
  IS ("dup2/EBADF-negative", sys (dup2, fd, -1), -EBADF);
  IS ("dup2/EBADF-over-limit", sys (dup2, fd, 5000), -EBADF);
  MUST (pipe (fds));
  IS ("dup2/onto-open", sys (dup2, fd, fds[1]), fds[1]);
  IS ("dup2/closes-the-old", sys (read, fds[0], &c, 1), 0);
  close (fds[0]);
  close (fds[1]);
  close (50);
}

static void
test_dup3 (void)
{
  IS ("dup3/number", sys (dup3, fd, 50, 0), 50);
  IS ("dup3/no-cloexec", sys (fcntl, 50, F_GETFD), 0);
  IS ("dup3/O_CLOEXEC", sys (dup3, fd, 50, O_CLOEXEC), 50);
  IS ("dup3/cloexec", sys (fcntl, 50, F_GETFD), FD_CLOEXEC);
  IS ("dup3/same", sys (dup3, fd, fd, 0), -EINVAL);
  IS ("dup3/same-EBADF-too", sys (dup3, 500, 500, 0), -EINVAL);
  IS ("dup3/unknown-flag", sys (dup3, fd, 50, O_NONBLOCK), -EINVAL);
  IS ("dup3/EBADF", sys (dup3, -1, 50, 0), -EBADF);
  IS ("dup3/EBADF-negative", sys (dup3, fd, -1, 0), -EBADF);
  IS ("dup3/EBADF-over-limit", sys (dup3, fd, 5000, 0), -EBADF);
}

static void
limited (void)
{
  struct rlimit limit = { 10, 10 };

  while (sys (dup, fd) < 9)
    ;
  MUST (setrlimit (RLIMIT_NOFILE, &limit));
  IS ("dup/EMFILE", sys (dup, fd), -EMFILE);
  IS ("dup2/replaces-at-limit", sys (dup2, fd, 9), 9);
  IS ("dup2/EBADF-at-limit", sys (dup2, fd, 10), -EBADF);
  IS ("dup3/EBADF-at-limit", sys (dup3, fd, 10, 0), -EBADF);
}

int
main (void)
{
  fd = MUST (open (".", O_RDONLY));
  test_dup ();
  test_dup2 ();
  test_dup3 ();
  guest_child (limited);
  return guest_done ();
}
