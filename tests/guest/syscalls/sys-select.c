/* select, pselect6: the three sets, time-outs and what is left of them, masks, errors, faults,
 * signals. SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: select pselect6 */
#include "guest.h"

#include <sys/select.h>
#include <sys/time.h>

static int fds[2];
static char buf[70000];
static fd_set r, w, e;

static void
feed (void)
{
  MUST (write (fds[1], "x", 1));
}

static void
sets (void)
{
  FD_ZERO (&r);
  FD_ZERO (&w);
  FD_ZERO (&e);
  FD_SET (fds[0], &r);
}

static void
test_ready (void)
{
  struct timeval zero = { 0, 0 };

  sets ();
  FD_SET (fds[1], &w);
  FD_SET (fds[0], &e);
  IS ("select/writable", sys (select, 20, &r, &w, &e, &zero), 1);
  CHECK ("select/sets", !FD_ISSET (fds[0], &r) && FD_ISSET (fds[1], &w) && !FD_ISSET (fds[0], &e));
  sets ();
  FD_SET (fds[1], &w);
  feed ();
  IS ("select/both", sys (select, 20, &r, &w, NULL, NULL), 2);
  CHECK ("select/both-sets", FD_ISSET (fds[0], &r) && FD_ISSET (fds[1], &w));
  sets ();
  IS ("select/n-too-small", sys (select, fds[0], &r, NULL, NULL, &zero), 0);
  /* Whole words are written back, so what lies beyond n in its word is cleared.  */
  CHECK ("select/beyond-n-cleared", !FD_ISSET (fds[0], &r));
  MUST (read (fds[0], buf, 1));
  int more[2];
  MUST (pipe (more));
  close (more[1]);
  FD_ZERO (&r);
  FD_SET (more[0], &r);
  IS ("select/end-of-file-is-readable", sys (select, 20, &r, NULL, NULL, &zero), 1);
  close (more[0]);
  MUST (pipe (more));
  close (more[0]);
  FD_ZERO (&w);
  FD_SET (more[1], &w);
  IS ("select/broken-is-writable", sys (select, 20, NULL, &w, NULL, &zero), 1);
  close (more[1]);
}

static void
test_timeouts (void)
{
  struct timeval tv = { 0, 30000 };
  struct timespec ts = { 0, 30000000 };
  int64_t start = guest_now (CLOCK_MONOTONIC);

  sets ();
  IS ("select/times-out", sys (select, 20, &r, NULL, NULL, &tv), 0);
  CHECK ("select/waited", guest_now (CLOCK_MONOTONIC) - start >= 30000000);
  CHECK ("select/set-cleared", !FD_ISSET (fds[0], &r));
  CHECK ("select/time-left-is-0", tv.tv_sec == 0 && tv.tv_usec == 0);
  start = guest_now (CLOCK_MONOTONIC);
  IS ("pselect6/times-out", sys (pselect6, 0, NULL, NULL, NULL, &ts, NULL), 0);
  CHECK ("pselect6/waited", guest_now (CLOCK_MONOTONIC) - start >= 30000000);
  feed ();
  sets ();
  tv.tv_sec = ts.tv_sec = 100;
  IS ("select/ready", sys (select, 20, &r, NULL, NULL, &tv), 1);
  CHECK ("select/time-left", tv.tv_sec == 99);
  IS ("pselect6/ready", sys (pselect6, 20, &r, NULL, NULL, &ts, NULL), 1);
  CHECK ("pselect6/time-left", ts.tv_sec == 99);
  MUST (read (fds[0], buf, 1));
  /* Too many microseconds become seconds; negative ones are refused.  */
  tv = (struct timeval){ 0, 1001000 };
  feed ();
  IS ("select/many-microseconds", sys (select, 20, &r, NULL, NULL, &tv), 1);
  MUST (read (fds[0], buf, 1));
  tv = (struct timeval){ -1, 0 };
  IS ("select/negative-time", sys (select, 20, &r, NULL, NULL, &tv), -EINVAL);
  ts = (struct timespec){ 0, 1000000000 };
  IS ("pselect6/nanoseconds", sys (pselect6, 20, &r, NULL, NULL, &ts, NULL), -EINVAL);
}

static void
test_signals (void)
{
  struct timespec ts = { 100, 0 };
  struct
  {
    const sigset_t *set;
    size_t size;
  } mask;
  sigset_t usr1, none;

  sets ();
  BLOCKS ("select/wakes", feed, sys (select, 20, &r, NULL, NULL, NULL), 1);
  MUST (read (fds[0], buf, 1));
  INTERRUPTED ("select/EINTR", 0, NULL, sys (select, 20, &r, NULL, NULL, NULL), -EINTR);
  CHECK ("select/EINTR-set-untouched", FD_ISSET (fds[0], &r));
  INTERRUPTED ("select/EINTR-even-SA_RESTART", SA_RESTART, NULL,
               sys (select, 20, &r, NULL, NULL, NULL), -EINTR);
  STOPPED ("select/stop-continue", feed, sys (select, 20, &r, NULL, NULL, NULL), 1);
  MUST (read (fds[0], buf, 1));
  INTERRUPTED ("pselect6/EINTR", 0, NULL, sys (pselect6, 20, &r, NULL, NULL, &ts, NULL), -EINTR);
  STOPPED ("pselect6/stop-continue", feed, sys (pselect6, 20, &r, NULL, NULL, &ts, NULL), 1);
  MUST (read (fds[0], buf, 1));
  sigemptyset (&none);
  sigemptyset (&usr1);
  sigaddset (&usr1, SIGUSR1);
  guest_handle (SIGUSR1, 0);
  MUST (sigprocmask (SIG_BLOCK, &usr1, NULL));
  raise (SIGUSR1);
  mask.set = &none;
  mask.size = 8;
  IS ("pselect6/mask-lets-in", sys (pselect6, 20, &r, NULL, NULL, &ts, &mask), -EINTR);
  IS ("pselect6/handled", guest_signals, 1);
  MUST (sigprocmask (SIG_UNBLOCK, &usr1, NULL));
  mask.size = 4;
  IS ("pselect6/mask-size", sys (pselect6, 20, &r, NULL, NULL, &ts, &mask), -EINVAL);
  mask.set = NULL;
  ts = (struct timespec){ 0, 0 };
  IS ("pselect6/no-mask", sys (pselect6, 20, &r, NULL, NULL, &ts, &mask), 0);
  mask.set = guest_bad_pointer (BAD_HOLE, 8);
  mask.size = 8;
  IS ("pselect6/mask-itself/EFAULT", sys (pselect6, 20, &r, NULL, NULL, &ts, &mask), -EFAULT);
}

static void
test_errors (void)
{
  struct timeval tv = { 0, 0 };
  struct timespec ts = { 0, 0 };

  sets ();
  FD_SET (15, &r);
  IS ("select/EBADF", sys (select, 20, &r, NULL, NULL, &tv), -EBADF);
  sets ();
  IS ("select/n-negative", sys (select, -1, &r, NULL, NULL, &tv), -EINVAL);
  IS ("pselect6/n-negative", sys (pselect6, -1, &r, NULL, NULL, &ts, NULL), -EINVAL);
  IS ("select/n-huge", sys (select, 1 << 20, NULL, NULL, NULL, &tv), 0);
  FAULTS ("select/read", BAD_IN_OPTIONAL, 8, p, sys (select, 20, p, NULL, NULL, &tv));
  FAULTS ("select/write", BAD_IN_OPTIONAL, 8, p, sys (select, 20, NULL, p, NULL, &tv));
  FAULTS ("select/except", BAD_IN_OPTIONAL, 8, p, sys (select, 20, NULL, NULL, p, &tv));
  FAULTS ("select/timeout", BAD_IN_OPTIONAL, 16, p, sys (select, 20, NULL, NULL, NULL, p));
  IS ("select/read-only-set",
      sys (select, 20, guest_bad_pointer (BAD_READONLY, 8), NULL, NULL, &tv), -EFAULT);
  FAULTS ("pselect6/read", BAD_IN_OPTIONAL, 8, p, sys (pselect6, 20, p, NULL, NULL, &ts, NULL));
  FAULTS ("pselect6/write", BAD_IN_OPTIONAL, 8, p, sys (pselect6, 20, NULL, p, NULL, &ts, NULL));
  FAULTS ("pselect6/except", BAD_IN_OPTIONAL, 8, p, sys (pselect6, 20, NULL, NULL, p, &ts, NULL));
  FAULTS ("pselect6/timeout", BAD_IN_OPTIONAL, 16, p,
          sys (pselect6, 20, NULL, NULL, NULL, p, NULL));
  FAULTS ("pselect6/mask", BAD_IN_OPTIONAL, 16, p, sys (pselect6, 20, NULL, NULL, NULL, &ts, p));
}

int
main (void)
{
  MUST (pipe (fds));
  test_ready ();
  test_timeouts ();
  test_signals ();
  test_errors ();
  return guest_done ();
}
