/* close, close_range: descriptors that go, descriptors that stay, CLOSE_RANGE_ flags.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: close close_range */
#include "guest.h"

#include <linux/close_range.h>
#include <sched.h>

static bool
is_open (int fd)
{
  return sys (fcntl, fd, F_GETFD) >= 0;
}

static int
open_at (int fd)
{
  int other = MUST (open (".", O_RDONLY));

  MUST (dup2 (other, fd));
  close (other);
  return fd;
}

static void
test_close (void)
{
  int fd = open_at (20);

  IS ("close/open", sys (close, fd), 0);
  IS ("close/again", sys (close, fd), -EBADF);
  IS ("close/negative", sys (close, -1), -EBADF);
  IS ("close/never-opened", sys (close, 1000000), -EBADF);
  fd = MUST (open (".", O_PATH));
  IS ("close/O_PATH", sys (close, fd), 0);
  /* The high half of the register does not count.  */
  open_at (20);
  IS ("close/high-bits-ignored", sys (close, 0x100000014), 0);
}

static void
test_range (void)
{
  for (int fd = 30; fd < 40; fd++)
    open_at (fd);
  IS ("close_range/part", sys (close_range, 32, 35, 0), 0);
  CHECK ("close_range/inside-gone", !is_open (32) && !is_open (35));
  CHECK ("close_range/outside-stays", is_open (31) && is_open (36));
  IS ("close_range/nothing-open", sys (close_range, 32, 35, 0), 0);
  IS ("close_range/first-over-last", sys (close_range, 36, 35, 0), -EINVAL);
  IS ("close_range/unknown-flag", sys (close_range, 30, 40, 1), -EINVAL);
  IS ("close_range/CLOEXEC", sys (close_range, 36, 38, CLOSE_RANGE_CLOEXEC), 0);
  IS ("close_range/CLOEXEC-set", sys (fcntl, 36, F_GETFD), FD_CLOEXEC);
  IS ("close_range/CLOEXEC-not-beyond", sys (fcntl, 39, F_GETFD), 0);
  IS ("close_range/to-the-end", sys (close_range, 37, ~0u, 0), 0);
  CHECK ("close_range/end-gone", is_open (36) && !is_open (37) && !is_open (39));
}

static void
unshare_in_child (void)
{
  IS ("close_range/UNSHARE", sys (close_range, 30, ~0u, CLOSE_RANGE_UNSHARE), 0);
  CHECK ("close_range/UNSHARE-closed-here", !is_open (30));
  _exit (guest_done ());
}

static void
test_unshare (void)
{
  long pid = MUST (sys (clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0));

  if (pid == 0)
    unshare_in_child ();
  IS ("close_range/UNSHARE-child", guest_wait (pid), 0);
  CHECK ("close_range/UNSHARE-not-here", is_open (30));
}

int
main (void)
{
  test_close ();
  test_range ();
  test_unshare ();
  return guest_done ();
}
