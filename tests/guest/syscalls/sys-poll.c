/* poll, ppoll: events of pipes, files and bad descriptors, time-outs, masks, errors, faults,
 * signals. SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: poll ppoll */
#include "guest.h"

#include <poll.h>
#include <sys/resource.h>

static int fds[2];
static char buf[70000];

static void
feed (void)
{
  MUST (write (fds[1], "x", 1));
}

static short
events (int fd, short asked)
{
  struct pollfd p = { fd, asked, 0x7777 };

  MUST (sys (poll, &p, 1, 0));
  return p.revents;
}

static void
test_pipe (void)
{
  const short all = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM;

  IS ("poll/empty-read-end", events (fds[0], all), 0);
  IS ("poll/write-end", events (fds[1], all), POLLOUT | POLLWRNORM);
  IS ("poll/write-end-only-POLLIN", events (fds[1], POLLIN), 0);
  feed ();
  IS ("poll/full-read-end", events (fds[0], all), POLLIN | POLLRDNORM);
  IS ("poll/asked-only", events (fds[0], POLLIN), POLLIN);
  MUST (read (fds[0], buf, 1));
  MUST (write (fds[1], buf, 65536));
  IS ("poll/full-write-end", events (fds[1], all), 0);
  MUST (read (fds[0], buf, 65536));
  int more[2];
  MUST (pipe (more));
  close (more[1]);
  IS ("poll/POLLHUP", events (more[0], all), POLLHUP);
  IS ("poll/POLLHUP-unasked", events (more[0], 0), POLLHUP);
  close (more[0]);
  MUST (pipe (more));
  close (more[0]);
  IS ("poll/POLLERR", events (more[1], POLLOUT), POLLOUT | POLLERR);
  close (more[1]);
}

static void
test_others (void)
{
  int file = guest_file ("file", "");
  int path = MUST (open ("file", O_PATH));
  int dir = MUST (open (".", O_RDONLY));
  int null = MUST (open ("/dev/null", O_RDWR));
  short all = POLLIN | POLLOUT | POLLPRI;

  IS ("poll/file", events (file, all), POLLIN | POLLOUT);
  IS ("poll/directory", events (dir, all), POLLIN | POLLOUT);
  IS ("poll/null", events (null, all), POLLIN | POLLOUT);
  IS ("poll/POLLNVAL", events (500, all), POLLNVAL);
  IS ("poll/POLLNVAL-O_PATH", events (path, all), POLLNVAL);
  IS ("poll/negative-ignored", events (-1, all), 0);
  struct pollfd p[3] = { { fds[0], POLLIN }, { -5, POLLIN, 99 }, { file, POLLIN } };
  IS ("poll/counts-ready", sys (poll, p, 3, -1), 1);
  CHECK ("poll/each", p[0].revents == 0 && p[1].revents == 0 && p[2].revents == POLLIN);
  close (file);
  close (path);
}

static void
test_timeouts (void)
{
  struct pollfd p = { fds[0], POLLIN, 0 };
  struct timespec ts = { 0, 30000000 };
  int64_t start = guest_now (CLOCK_MONOTONIC);

  IS ("poll/times-out", sys (poll, &p, 1, 30), 0);
  CHECK ("poll/waited", guest_now (CLOCK_MONOTONIC) - start >= 30000000);
  IS ("poll/nothing-to-watch", sys (poll, NULL, 0, 1), 0);
  start = guest_now (CLOCK_MONOTONIC);
  IS ("ppoll/times-out", sys (ppoll, &p, 1, &ts, NULL, 8), 0);
  CHECK ("ppoll/waited", guest_now (CLOCK_MONOTONIC) - start >= 30000000);
  CHECK ("ppoll/time-left-is-0", ts.tv_sec == 0 && ts.tv_nsec == 0);
  ts.tv_sec = 100;
  feed ();
  IS ("ppoll/ready", sys (ppoll, &p, 1, &ts, NULL, 8), 1);
  CHECK ("ppoll/time-left", ts.tv_sec == 99);
  MUST (read (fds[0], buf, 1));
  ts.tv_nsec = 1000000000;
  IS ("ppoll/nanoseconds", sys (ppoll, &p, 1, &ts, NULL, 8), -EINVAL);
  ts.tv_nsec = -1;
  IS ("ppoll/nanoseconds-negative", sys (ppoll, &p, 1, &ts, NULL, 8), -EINVAL);
  ts = (struct timespec){ -1, 0 };
  IS ("ppoll/seconds-negative", sys (ppoll, &p, 1, &ts, NULL, 8), -EINVAL);
}

static void
test_signals (void)
{
  struct pollfd p = { fds[0], POLLIN, 0 };
  struct timespec ts = { 100, 0 };
  sigset_t usr1, none;

  BLOCKS ("poll/wakes", feed, sys (poll, &p, 1, -1), 1);
  MUST (read (fds[0], buf, 1));
  INTERRUPTED ("poll/EINTR", 0, NULL, sys (poll, &p, 1, -1), -EINTR);
  INTERRUPTED ("poll/EINTR-even-SA_RESTART", SA_RESTART, feed, sys (poll, &p, 1, -1), -EINTR);
  MUST (read (fds[0], buf, 1));
  STOPPED ("poll/stop-continue", feed, sys (poll, &p, 1, -1), 1);
  MUST (read (fds[0], buf, 1));
  INTERRUPTED ("ppoll/EINTR", 0, NULL, sys (ppoll, &p, 1, &ts, NULL, 8), -EINTR);
  INTERRUPTED ("ppoll/EINTR-even-SA_RESTART", SA_RESTART, NULL, sys (ppoll, &p, 1, &ts, NULL, 8),
               -EINTR);
  STOPPED ("ppoll/stop-continue", feed, sys (ppoll, &p, 1, &ts, NULL, 8), 1);
  MUST (read (fds[0], buf, 1));
  /* The mask holds during the wait only, and what it lets in is handled before the call returns. */
  sigemptyset (&none);
  sigemptyset (&usr1);
  sigaddset (&usr1, SIGUSR1);
  guest_handle (SIGUSR1, 0);
  MUST (sigprocmask (SIG_BLOCK, &usr1, NULL));
  raise (SIGUSR1);
  IS ("ppoll/blocked-signal", guest_signals, 0);
  ts = (struct timespec){ 100, 0 };
  IS ("ppoll/mask-lets-in", sys (ppoll, &p, 1, &ts, &none, 8), -EINTR);
  IS ("ppoll/handled", guest_signals, 1);
  MUST (sigprocmask (SIG_BLOCK, NULL, &none));
  CHECK ("ppoll/mask-restored", sigismember (&none, SIGUSR1));
  MUST (sigprocmask (SIG_UNBLOCK, &usr1, NULL));
  ts = (struct timespec){ 0, 1000000 };
  raise (SIGUSR1);
  IS ("ppoll/mask-keeps-out", sys (ppoll, &p, 1, &ts, &usr1, 8), 0);
  IS ("ppoll/mask-size", sys (ppoll, &p, 1, &ts, &usr1, 16), -EINVAL);
}

static void
test_errors (void)
{
  struct pollfd p = { fds[0], POLLIN, 0 };
  struct timespec ts = { 0, 0 };

  IS ("poll/too-many", sys (poll, &p, 100000, 0), -EINVAL);
  IS ("poll/count-negative", sys (poll, &p, -1, 0), -EINVAL);
  FAULTS ("poll/fds", BAD_OUT, 8, p2, sys (poll, p2, 1, 0));
  FAULTS ("ppoll/fds", BAD_OUT, 8, p2, sys (ppoll, p2, 1, &ts, NULL, 8));
  FAULTS ("ppoll/timeout", BAD_IN_OPTIONAL, 16, p2, sys (ppoll, &p, 1, p2, NULL, 8));
  FAULTS ("ppoll/mask", BAD_IN_OPTIONAL, 8, p2, sys (ppoll, &p, 1, &ts, p2, 8));
}

int
main (void)
{
  MUST (pipe (fds));
  test_pipe ();
  test_others ();
  test_timeouts ();
  test_signals ();
  test_errors ();
  return guest_done ();
}
