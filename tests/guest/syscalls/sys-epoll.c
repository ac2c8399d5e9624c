/* The epoll calls: edges and levels, one-shot, nesting, time-outs, masks, errors, faults, signals.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 */
#include "guest.h"

#include <poll.h>
#include <sys/epoll.h>

static int ep, fds[2];
static struct epoll_event got[8];
static char buf[70000];

static void
feed (void)
{
  MUST (write (fds[1], "x", 1));
}

static long
ctl (int op, int fd, uint32_t events, uint64_t data)
{
  struct epoll_event e = { .events = events, .data.u64 = data };

  return sys (epoll_ctl, ep, op, fd, &e);
}

static long
ready (void)
{
  return sys (epoll_wait, ep, got, 8, 0);
}

static void
test_create (void)
{
  ep = OK ("epoll_create1", sys (epoll_create1, 0));
  IS ("epoll_create1/no-cloexec", fcntl (ep, F_GETFD), 0);
  close (ep);
  ep = OK ("epoll_create1/CLOEXEC", sys (epoll_create1, EPOLL_CLOEXEC));
  IS ("epoll_create1/CLOEXEC-set", fcntl (ep, F_GETFD), FD_CLOEXEC);
  close (ep);
  IS ("epoll_create1/unknown-flag", sys (epoll_create1, 1), -EINVAL);
  IS ("epoll_create/0", sys (epoll_create, 0), -EINVAL);
  IS ("epoll_create/negative", sys (epoll_create, -1), -EINVAL);
  ep = OK ("epoll_create", sys (epoll_create, 1));
}

static void
test_level (void)
{
  IS ("epoll_ctl/ADD", ctl (EPOLL_CTL_ADD, fds[0], EPOLLIN, 0x1122334455667788), 0);
  IS ("epoll_wait/nothing", ready (), 0);
  feed ();
  IS ("epoll_wait/ready", ready (), 1);
  CHECK ("epoll_wait/event", got[0].events == EPOLLIN && got[0].data.u64 == 0x1122334455667788);
  IS ("epoll_wait/level-again", ready (), 1);
  MUST (read (fds[0], buf, 1));
  IS ("epoll_wait/level-gone", ready (), 0);
  IS ("epoll_ctl/ADD-EEXIST", ctl (EPOLL_CTL_ADD, fds[0], EPOLLIN, 0), -EEXIST);
  IS ("epoll_ctl/ADD-writer", ctl (EPOLL_CTL_ADD, fds[1], EPOLLOUT, 2), 0);
  IS ("epoll_wait/writer", ready (), 1);
  CHECK ("epoll_wait/writer-event", got[0].events == EPOLLOUT && got[0].data.u64 == 2);
  feed ();
  IS ("epoll_wait/both", ready (), 2);
  IS ("epoll_wait/maxevents", sys (epoll_wait, ep, got, 1, 0), 1);
  uint64_t first = got[0].data.u64;
  MUST (sys (epoll_wait, ep, got, 1, 0));
  CHECK ("epoll_wait/takes-turns", got[0].data.u64 != first);
  IS ("epoll_ctl/MOD", ctl (EPOLL_CTL_MOD, fds[1], 0, 0), 0);
  IS ("epoll_wait/after-MOD", ready (), 1);
  IS ("epoll_ctl/DEL", ctl (EPOLL_CTL_DEL, fds[0], 0, 0), 0);
  IS ("epoll_ctl/DEL-NULL-event", sys (epoll_ctl, ep, EPOLL_CTL_DEL, fds[1], NULL), 0);
  IS ("epoll_ctl/DEL-ENOENT", ctl (EPOLL_CTL_DEL, fds[0], 0, 0), -ENOENT);
  IS ("epoll_ctl/MOD-ENOENT", ctl (EPOLL_CTL_MOD, fds[0], 0, 0), -ENOENT);
  MUST (read (fds[0], buf, 1));
}

static void
test_edge (void)
{
  feed ();
  IS ("epoll_ctl/EPOLLET", ctl (EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLET, 1), 0);
  IS ("epoll_wait/edge", ready (), 1);
  IS ("epoll_wait/edge-once", ready (), 0);
  feed ();
  IS ("epoll_wait/edge-new-data", ready (), 1);
  IS ("epoll_ctl/MOD-rearms-edge", ctl (EPOLL_CTL_MOD, fds[0], EPOLLIN | EPOLLET, 1), 0);
  IS ("epoll_wait/edge-rearmed", ready (), 1);
  MUST (read (fds[0], buf, 1));
  IS ("epoll_wait/edge-after-partial-read", ready (), 0);
  IS ("epoll_ctl/ONESHOT", ctl (EPOLL_CTL_MOD, fds[0], EPOLLIN | EPOLLONESHOT, 1), 0);
  IS ("epoll_wait/oneshot", ready (), 1);
  feed ();
  IS ("epoll_wait/oneshot-over", ready (), 0);
  MUST (ctl (EPOLL_CTL_MOD, fds[0], EPOLLIN | EPOLLONESHOT, 1));
  IS ("epoll_wait/oneshot-rearmed", ready (), 1);
  MUST (ctl (EPOLL_CTL_DEL, fds[0], 0, 0));
  MUST (read (fds[0], buf, 100));
}

static void
test_hangup (void)
{
  int p[2];

  MUST (pipe (p));
  MUST (ctl (EPOLL_CTL_ADD, p[0], EPOLLIN, 7));
  close (p[1]);
  IS ("epoll_wait/hangup", ready (), 1);
  IS ("epoll_wait/EPOLLHUP", got[0].events, EPOLLHUP);
  MUST (ctl (EPOLL_CTL_MOD, p[0], 0, 7));
  IS ("epoll_wait/EPOLLHUP-unasked", ready (), 1);
  int copy = MUST (dup (p[0]));
  close (p[0]);
  IS ("epoll_wait/dup-keeps-it", ready (), 1);
  close (copy);
  IS ("epoll_wait/last-close-removes", ready (), 0);
  MUST (pipe (p));
  MUST (ctl (EPOLL_CTL_ADD, p[1], EPOLLOUT, 8));
  close (p[0]);
  MUST (ready ());
  IS ("epoll_wait/EPOLLERR", got[0].events, EPOLLOUT | EPOLLERR);
  close (p[1]);
}

static void
test_nesting (void)
{
  int outer = MUST (sys (epoll_create1, 0));
  struct epoll_event e = { EPOLLIN, { .u64 = 5 } };
  struct pollfd p = { outer, POLLIN, 0 };

  MUST (ctl (EPOLL_CTL_ADD, fds[0], EPOLLIN, 1));
  IS ("epoll/nested-ADD", sys (epoll_ctl, outer, EPOLL_CTL_ADD, ep, &e), 0);
  IS ("epoll/nested-nothing", sys (epoll_wait, outer, got, 8, 0), 0);
  IS ("epoll/poll-nothing", sys (poll, &p, 1, 0), 0);
  feed ();
  IS ("epoll/nested-ready", sys (epoll_wait, outer, got, 8, 0), 1);
  IS ("epoll/poll-ready", sys (poll, &p, 1, -1), 1);
  e.data.u64 = 6;
  IS ("epoll/ELOOP", sys (epoll_ctl, ep, EPOLL_CTL_ADD, outer, &e), -ELOOP);
  IS ("epoll/itself", sys (epoll_ctl, ep, EPOLL_CTL_ADD, ep, &e), -EINVAL);
  int chain[7] = { outer };
  long last = 0;
  for (int i = 1; i < 7 && last == 0; i++)
    {
      chain[i] = MUST (sys (epoll_create1, 0));
      last = sys (epoll_ctl, chain[i], EPOLL_CTL_ADD, chain[i - 1], &e);
    }
  IS ("epoll/too-deep", last, -ELOOP);
  MUST (read (fds[0], buf, 1));
  close (outer);
}

static void
test_waiting (void)
{
  struct timespec ts = { 0, 20000000 };
  int64_t start = guest_now (CLOCK_MONOTONIC);
  sigset_t usr1, none;

  IS ("epoll_wait/times-out", sys (epoll_wait, ep, got, 8, 20), 0);
  CHECK ("epoll_wait/waited", guest_now (CLOCK_MONOTONIC) - start >= 20000000);
  IS ("epoll_pwait2/times-out", sys (epoll_pwait2, ep, got, 8, &ts, NULL, 8), 0);
  CHECK ("epoll_pwait2/timeout-untouched", ts.tv_nsec == 20000000);
  BLOCKS ("epoll_wait/wakes", feed, sys (epoll_wait, ep, got, 8, -1), 1);
  MUST (read (fds[0], buf, 1));
  INTERRUPTED ("epoll_wait/EINTR", 0, NULL, sys (epoll_wait, ep, got, 8, -1), -EINTR);
  INTERRUPTED ("epoll_wait/EINTR-even-SA_RESTART", SA_RESTART, NULL,
               sys (epoll_wait, ep, got, 8, -1), -EINTR);
  INTERRUPTED ("epoll_pwait/EINTR", 0, NULL, sys (epoll_pwait, ep, got, 8, -1, NULL, 8), -EINTR);
  INTERRUPTED ("epoll_pwait2/EINTR", 0, NULL, sys (epoll_pwait2, ep, got, 8, NULL, NULL, 8),
               -EINTR);
  sigemptyset (&none);
  sigemptyset (&usr1);
  sigaddset (&usr1, SIGUSR1);
  guest_handle (SIGUSR1, 0);
  MUST (sigprocmask (SIG_BLOCK, &usr1, NULL));
  raise (SIGUSR1);
  IS ("epoll_pwait/mask-lets-in", sys (epoll_pwait, ep, got, 8, -1, &none, 8), -EINTR);
  IS ("epoll_pwait/handled", guest_signals, 1);
  raise (SIGUSR1);
  IS ("epoll_pwait2/mask-lets-in", sys (epoll_pwait2, ep, got, 8, NULL, &none, 8), -EINTR);
  MUST (sigprocmask (SIG_UNBLOCK, &usr1, NULL));
  IS ("epoll_pwait/mask-size", sys (epoll_pwait, ep, got, 8, 0, &none, 4), -EINVAL);
  IS ("epoll_pwait2/mask-size", sys (epoll_pwait2, ep, got, 8, &ts, &none, 4), -EINVAL);
  ts.tv_nsec = 1000000000;
  IS ("epoll_pwait2/nanoseconds", sys (epoll_pwait2, ep, got, 8, &ts, NULL, 8), -EINVAL);
}

static void
test_errors (void)
{
  int file = guest_file ("file", ""), dir = MUST (open (".", O_RDONLY));
  struct epoll_event e = { EPOLLIN, { 0 } };
  struct timespec ts = { 0, 0 };

  IS ("epoll_ctl/EPERM-file", ctl (EPOLL_CTL_ADD, file, EPOLLIN, 0), -EPERM);
  IS ("epoll_ctl/EPERM-directory", ctl (EPOLL_CTL_ADD, dir, EPOLLIN, 0), -EPERM);
  IS ("epoll_ctl/EBADF", ctl (EPOLL_CTL_ADD, 500, EPOLLIN, 0), -EBADF);
  IS ("epoll_ctl/EBADF-epoll", sys (epoll_ctl, -1, EPOLL_CTL_ADD, fds[1], &e), -EBADF);
  IS ("epoll_ctl/EINVAL-not-epoll", sys (epoll_ctl, fds[0], EPOLL_CTL_ADD, fds[1], &e), -EINVAL);
  IS ("epoll_ctl/EINVAL-operation", ctl (9, fds[1], EPOLLIN, 0), -EINVAL);
  IS ("epoll_ctl/EXCLUSIVE", ctl (EPOLL_CTL_ADD, fds[1], EPOLLIN | EPOLLEXCLUSIVE, 0), 0);
  IS ("epoll_ctl/EXCLUSIVE-MOD", ctl (EPOLL_CTL_MOD, fds[1], EPOLLIN, 0), -EINVAL);
  MUST (ctl (EPOLL_CTL_DEL, fds[1], 0, 0));
  IS ("epoll_ctl/EXCLUSIVE-ONESHOT", ctl (EPOLL_CTL_ADD, fds[1], EPOLLEXCLUSIVE | EPOLLONESHOT, 0),
      -EINVAL);
  IS ("epoll_wait/EBADF", sys (epoll_wait, -1, got, 8, 0), -EBADF);
  IS ("epoll_wait/EINVAL-not-epoll", sys (epoll_wait, fds[0], got, 8, 0), -EINVAL);
  IS ("epoll_wait/maxevents-0", sys (epoll_wait, ep, got, 0, 0), -EINVAL);
  IS ("epoll_wait/maxevents-negative", sys (epoll_wait, ep, got, -1, 0), -EINVAL);
  IS ("epoll_wait/maxevents-huge", sys (epoll_wait, ep, got, 0x7fffffff, 0), -EINVAL);
  FAULTS ("epoll_ctl/event", BAD_IN, 12, p, sys (epoll_ctl, ep, EPOLL_CTL_ADD, fds[1], p));
  feed ();
  FAULTS ("epoll_wait/events", BAD_OUT, 12, p, sys (epoll_wait, ep, p, 1, 0));
  FAULTS ("epoll_pwait/events", BAD_OUT, 12, p, sys (epoll_pwait, ep, p, 1, 0, NULL, 8));
  FAULTS ("epoll_pwait/mask", BAD_IN_OPTIONAL, 8, p, sys (epoll_pwait, ep, got, 1, 0, p, 8));
  FAULTS ("epoll_pwait2/timeout", BAD_IN_OPTIONAL, 16, p,
          sys (epoll_pwait2, ep, got, 1, p, NULL, 8));
  FAULTS ("epoll_pwait2/mask", BAD_IN_OPTIONAL, 8, p, sys (epoll_pwait2, ep, got, 1, &ts, p, 8));
}

int
main (void)
{
  MUST (pipe (fds));
  test_create ();
  test_level ();
  test_edge ();
  test_hangup ();
  test_nesting ();
  test_waiting ();
  test_errors ();
  return guest_done ();
}
