/* signalfd, signalfd4: reading signals, changing the set, polling, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: signalfd signalfd4 */
#include "guest.h"

#include <poll.h>
#include <sys/signalfd.h>

#define BIT(signo) (1ul << ((signo) -1))

static int fd;
static uint64_t set;
static struct signalfd_siginfo got[4];

static void
send (void)
{
  kill (getppid (), SIGUSR2);
}

static void
raise_usr2 (void)
{
  raise (SIGUSR2);
}

static void
test_read (void)
{
  union sigval v = { .sival_int = 55 };
  struct pollfd p = { .events = POLLIN };

  fd = OK ("signalfd4", sys (signalfd4, -1, &set, 8, 0));
  p.fd = fd;
  IS ("signalfd4/poll-nothing", sys (poll, &p, 1, 0), 0);
  raise (SIGUSR2);
  IS ("signalfd4/poll", sys (poll, &p, 1, -1), 1);
  IS ("signalfd4/read", sys (read, fd, got, sizeof got), 128);
  CHECK ("signalfd4/info", got[0].ssi_signo == SIGUSR2 && got[0].ssi_pid == (unsigned) getpid ()
                               && got[0].ssi_uid == getuid ());
  sigqueue (getpid (), 40, v);
  sigqueue (getpid (), 40, v);
  raise (SIGUSR2);
  IS ("signalfd4/read-many", sys (read, fd, got, sizeof got), 3 * 128);
  CHECK ("signalfd4/order", got[0].ssi_signo == SIGUSR2 && got[1].ssi_signo == 40);
  CHECK ("signalfd4/queued", got[1].ssi_code == SI_QUEUE && got[1].ssi_int == 55);
  raise (SIGUSR2);
  IS ("signalfd4/room-for-one", sys (read, fd, got, 200), 128);
  IS ("signalfd4/read-short", sys (read, fd, got, 127), -EINVAL);
  IS ("signalfd4/write", sys (write, fd, got, 128), -EINVAL);
}

static void
in_child (void)
{
  raise (SIGUSR2);
  IS ("signalfd4/child-reads-its-own", sys (read, fd, got, sizeof got), 128);
  CHECK ("signalfd4/child-pid", got[0].ssi_pid == (unsigned) getpid ());
}

static void
test_change (void)
{
  uint64_t only40 = BIT (40);

  IS ("signalfd4/change", sys (signalfd4, fd, &only40, 8, 0), fd);
  raise (SIGUSR2);
  struct pollfd p = { fd, POLLIN, 0 };
  IS ("signalfd4/changed-away", sys (poll, &p, 1, 0), 0);
  IS ("signalfd4/change-back", sys (signalfd4, fd, &set, 8, 0), fd);
  IS ("signalfd4/changed-back", sys (read, fd, got, 128), 128);
  IS ("signalfd", sys (signalfd, fd, &set, 8), fd);
  IS ("signalfd4/flags-on-change", sys (signalfd4, fd, &set, 8, SFD_NONBLOCK), fd);
  guest_child (in_child);
}

static void
test_blocking (void)
{
  BLOCKS ("signalfd4/read-waits", send, sys (read, fd, got, 128), 128);
  INTERRUPTED ("signalfd4/read-EINTR", 0, NULL, sys (read, fd, got, 128), -EINTR);
  INTERRUPTED ("signalfd4/read-restart", SA_RESTART, raise_usr2, sys (read, fd, got, 128), 128);
  raise (SIGUSR2);
  FAULTS ("signalfd4/read", BAD_OUT, 128, p, (raise (SIGUSR2), sys (read, fd, p, 128)));
}

static void
test_errors (void)
{
  int f = OK ("signalfd4/flags", sys (signalfd4, -1, &set, 8, SFD_CLOEXEC | SFD_NONBLOCK));

  IS ("signalfd4/CLOEXEC", fcntl (f, F_GETFD), FD_CLOEXEC);
  IS ("signalfd4/NONBLOCK", fcntl (f, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  while (read (f, got, sizeof got) > 0)
    ;
  IS ("signalfd4/EAGAIN", sys (read, f, got, 128), -EAGAIN);
  IS ("signalfd4/unknown-flag", sys (signalfd4, -1, &set, 8, 1), -EINVAL);
  IS ("signalfd4/size", sys (signalfd4, -1, &set, 4, 0), -EINVAL);
  IS ("signalfd4/EBADF", sys (signalfd4, 500, &set, 8, 0), -EBADF);
  IS ("signalfd4/not-one", sys (signalfd4, 1, &set, 8, 0), -EINVAL);
  IS ("signalfd/size", sys (signalfd, -1, &set, 16), -EINVAL);
  FAULTS ("signalfd4/set", BAD_IN, 8, p, sys (signalfd4, -1, p, 8, 0));
  FAULTS ("signalfd/set", BAD_IN, 8, p, sys (signalfd, -1, p, 8));
}

int
main (void)
{
  set = BIT (SIGUSR2) | BIT (40);
  MUST (sys (rt_sigprocmask, SIG_BLOCK, &set, NULL, 8));
  test_read ();
  test_change ();
  test_blocking ();
  test_errors ();
  return guest_done ();
}
