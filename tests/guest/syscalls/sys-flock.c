/* flock: shared and exclusive, conversion, who owns a lock, waiting.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: flock */
#include "guest.h"

#include <sys/file.h>

static int a, b;
static int ready[2];
static pid_t holder;

static void
unlock_a (void)
{
  MUST (sys (flock, a, LOCK_UN));
}

static void
kill_holder (void)
{
  kill (holder, SIGKILL);
}

static void
hold (void)
{
  int fd = MUST (open ("file", O_RDONLY));

  MUST (sys (flock, fd, LOCK_EX));
  MUST (write (ready[1], "x", 1));
  pause ();
}

static void
start_holder (void)
{
  char c;

  holder = guest_fork (hold);
  MUST (read (ready[0], &c, 1));
}

static void
test_modes (void)
{
  IS ("flock/LOCK_SH", sys (flock, a, LOCK_SH), 0);
  IS ("flock/LOCK_SH-second", sys (flock, b, LOCK_SH), 0);
  IS ("flock/upgrade-EAGAIN", sys (flock, a, LOCK_EX | LOCK_NB), -EAGAIN);
  /* A conversion is no atomic operation: the failed one has lost the old lock.  */
  IS ("flock/upgrade-lost-lock", sys (flock, b, LOCK_EX | LOCK_NB), 0);
  IS ("flock/LOCK_SH-EAGAIN", sys (flock, a, LOCK_SH | LOCK_NB), -EAGAIN);
  IS ("flock/downgrade", sys (flock, b, LOCK_SH), 0);
  IS ("flock/LOCK_SH-again", sys (flock, a, LOCK_SH | LOCK_NB), 0);
  IS ("flock/LOCK_UN", sys (flock, b, LOCK_UN), 0);
  IS ("flock/LOCK_UN-twice", sys (flock, b, LOCK_UN), 0);
  IS ("flock/LOCK_EX-same", sys (flock, a, LOCK_EX | LOCK_NB), 0);
  IS ("flock/LOCK_EX-idempotent", sys (flock, a, LOCK_EX | LOCK_NB), 0);
  MUST (sys (flock, a, LOCK_UN));
}

static void
child_unlocks (void)
{
  MUST (sys (flock, a, LOCK_UN));
}

static void
test_owner (void)
{
  int copy = MUST (dup (a));

  MUST (sys (flock, a, LOCK_EX));
  IS ("flock/dup-shares", sys (flock, copy, LOCK_EX | LOCK_NB), 0);
  close (copy);
  IS ("flock/close-of-dup-keeps", sys (flock, b, LOCK_SH | LOCK_NB), -EAGAIN);
  guest_child (child_unlocks);
  IS ("flock/child-unlocks-for-all", sys (flock, b, LOCK_SH | LOCK_NB), 0);
  MUST (sys (flock, b, LOCK_UN));
  /* flock and fcntl locks don't see each other.  */
  struct flock l = { .l_type = F_WRLCK };
  MUST (sys (fcntl, a, F_SETLK, &l));
  IS ("flock/beside-fcntl", sys (flock, b, LOCK_EX | LOCK_NB), 0);
  close (b);
  IS ("flock/last-close-unlocks", sys (flock, a, LOCK_EX | LOCK_NB), 0);
  b = MUST (open ("file", O_RDONLY));
  MUST (sys (flock, a, LOCK_UN));
}

static void
test_waiting (void)
{
  MUST (pipe (ready));
  MUST (sys (flock, a, LOCK_EX));
  BLOCKS ("flock/waits", unlock_a, sys (flock, b, LOCK_EX), 0);
  MUST (sys (flock, b, LOCK_UN));
  start_holder ();
  INTERRUPTED ("flock/EINTR", 0, NULL, sys (flock, a, LOCK_SH), -EINTR);
  INTERRUPTED ("flock/restart", SA_RESTART, kill_holder, sys (flock, a, LOCK_EX), 0);
  IS ("flock/holder-was-killed", WTERMSIG (guest_wait (holder)), SIGKILL);
}

static void
test_errors (void)
{
  int path = MUST (open ("file", O_PATH));
  int fds[2];

  MUST (pipe (fds));
  IS ("flock/EBADF", sys (flock, -1, LOCK_SH), -EBADF);
  IS ("flock/EBADF-O_PATH", sys (flock, path, LOCK_SH), -EBADF);
  IS ("flock/EINVAL-0", sys (flock, a, 0), -EINVAL);
  IS ("flock/EINVAL-both", sys (flock, a, LOCK_SH | LOCK_EX), -EINVAL);
  IS ("flock/EINVAL-large", sys (flock, a, 0x1000), -EINVAL);
  IS ("flock/pipe", sys (flock, fds[0], LOCK_EX), 0);
  IS ("flock/directory", sys (flock, MUST (open (".", O_RDONLY)), LOCK_EX | LOCK_NB), 0);
}

int
main (void)
{
  a = guest_file ("file", "");
  b = MUST (open ("file", O_RDONLY));
  test_modes ();
  test_owner ();
  test_errors ();
  test_waiting ();
  return guest_done ();
}
