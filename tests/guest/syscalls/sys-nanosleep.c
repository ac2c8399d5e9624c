/* nanosleep, clock_nanosleep: relative and absolute, what is left, restart after a stop, errors,
 * faults. SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: nanosleep clock_nanosleep */
#include "guest.h"

static struct timespec left;

static void
test_sleep (void)
{
  struct timespec ts = { 0, 30000000 };
  int64_t start = guest_now (CLOCK_MONOTONIC);

  IS ("nanosleep", sys (nanosleep, &ts, NULL), 0);
  CHECK ("nanosleep/long-enough", guest_now (CLOCK_MONOTONIC) - start >= 30000000);
  left.tv_sec = 77;
  IS ("nanosleep/remainder-untouched", (sys (nanosleep, &ts, &left), left.tv_sec), 77);
  ts = (struct timespec){ 0, 0 };
  IS ("nanosleep/0", sys (nanosleep, &ts, NULL), 0);
  start = guest_now (CLOCK_MONOTONIC);
  ts.tv_nsec = 30000000;
  IS ("clock_nanosleep/monotonic", sys (clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, NULL), 0);
  CHECK ("clock_nanosleep/long-enough", guest_now (CLOCK_MONOTONIC) - start >= 30000000);
  IS ("clock_nanosleep/realtime", sys (clock_nanosleep, CLOCK_REALTIME, 0, &ts, NULL), 0);
  IS ("clock_nanosleep/boottime", sys (clock_nanosleep, CLOCK_BOOTTIME, 0, &ts, NULL), 0);
  IS ("clock_nanosleep/tai", sys (clock_nanosleep, CLOCK_TAI, 0, &ts, NULL), 0);
}

static void
test_absolute (void)
{
  int64_t until = guest_now (CLOCK_MONOTONIC) + 30000000;
  struct timespec ts = { until / 1000000000, until % 1000000000 };

  IS ("clock_nanosleep/ABSTIME", sys (clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL),
      0);
  CHECK ("clock_nanosleep/ABSTIME-reached", guest_now (CLOCK_MONOTONIC) >= until);
  ts = (struct timespec){ 1, 0 };
  IS ("clock_nanosleep/ABSTIME-past",
      sys (clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL), 0);
  until = guest_now (CLOCK_REALTIME) + 20000000;
  ts = (struct timespec){ until / 1000000000, until % 1000000000 };
  IS ("clock_nanosleep/ABSTIME-realtime",
      sys (clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL), 0);
  CHECK ("clock_nanosleep/ABSTIME-realtime-reached", guest_now (CLOCK_REALTIME) >= until);
}

static void
test_cpu_clock (void)
{
  struct timespec ts = { 0, 1 };

  IS ("clock_nanosleep/own-thread-cpu",
      sys (clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL), -EOPNOTSUPP);
  INTERRUPTED (
      "clock_nanosleep/process-cpu-EINTR", 0, NULL,
      sys (clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, (&(struct timespec){ 100, 0 }), NULL),
      -EINTR);
}

static void
test_signals (void)
{
  struct timespec ts = { 100, 0 }, soon = { 0, 50000000 };
  int64_t until = guest_now (CLOCK_MONOTONIC) + 100000000000;
  struct timespec late = { until / 1000000000, until % 1000000000 };

  INTERRUPTED ("nanosleep/EINTR", 0, NULL, sys (nanosleep, &ts, &left), -EINTR);
  CHECK ("nanosleep/remainder", left.tv_sec >= 90 && left.tv_sec < 100);
  INTERRUPTED ("nanosleep/EINTR-even-SA_RESTART", SA_RESTART, NULL, sys (nanosleep, &ts, &left),
               -EINTR);
  INTERRUPTED ("nanosleep/EINTR-no-remainder", 0, NULL, sys (nanosleep, &ts, NULL), -EINTR);
  left.tv_sec = 0;
  INTERRUPTED ("clock_nanosleep/EINTR", 0, NULL,
               sys (clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, &left), -EINTR);
  CHECK ("clock_nanosleep/remainder", left.tv_sec >= 90 && left.tv_sec < 100);
  left.tv_sec = 77;
  INTERRUPTED ("clock_nanosleep/ABSTIME-EINTR", 0, NULL,
               sys (clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &late, &left), -EINTR);
  IS ("clock_nanosleep/ABSTIME-no-remainder", left.tv_sec, 77);
  INTERRUPTED ("clock_nanosleep/ABSTIME-EINTR-even-SA_RESTART", SA_RESTART, NULL,
               sys (clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &late, &left), -EINTR);
  /* Stopped and continued, it sleeps on, and not longer than was asked.  */
  int64_t start = guest_now (CLOCK_MONOTONIC);
  STOPPED ("nanosleep/stop-continue", NULL, sys (nanosleep, &soon, NULL), 0);
  CHECK ("nanosleep/stop-continue-time", guest_now (CLOCK_MONOTONIC) - start >= 50000000);
  STOPPED ("clock_nanosleep/stop-continue", NULL,
           sys (clock_nanosleep, CLOCK_MONOTONIC, 0, &soon, NULL), 0);
}

static void
test_errors (void)
{
  struct timespec ts = { 0, 1000000000 }, ok = { 0, 0 };

  IS ("nanosleep/nanoseconds", sys (nanosleep, &ts, NULL), -EINVAL);
  IS ("clock_nanosleep/nanoseconds", sys (clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, NULL), -EINVAL);
  ts.tv_nsec = -1;
  IS ("nanosleep/nanoseconds-negative", sys (nanosleep, &ts, NULL), -EINVAL);
  ts = (struct timespec){ -1, 0 };
  IS ("nanosleep/seconds-negative", sys (nanosleep, &ts, NULL), -EINVAL);
  IS ("clock_nanosleep/ABSTIME-negative",
      sys (clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), -EINVAL);
  IS ("clock_nanosleep/unknown-clock", sys (clock_nanosleep, 999, 0, &ok, NULL), -EINVAL);
  IS ("clock_nanosleep/coarse", sys (clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &ok, NULL),
      -EOPNOTSUPP);
  IS ("clock_nanosleep/raw", sys (clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &ok, NULL), -EOPNOTSUPP);
  IS ("clock_nanosleep/other-flags-ignored", sys (clock_nanosleep, CLOCK_MONOTONIC, 2, &ok, NULL),
      0);
  FAULTS ("nanosleep/request", BAD_IN, 16, p, sys (nanosleep, p, NULL));
  FAULTS ("clock_nanosleep/request", BAD_IN, 16, p,
          sys (clock_nanosleep, CLOCK_MONOTONIC, 0, p, NULL));
  struct timespec ts100 = { 100, 0 };
  char *bad = guest_bad_pointer (BAD_HOLE, 16);
  INTERRUPTED ("nanosleep/remainder/EFAULT", 0, NULL, sys (nanosleep, &ts100, bad), -EFAULT);
  INTERRUPTED ("clock_nanosleep/remainder/EFAULT", 0, NULL,
               sys (clock_nanosleep, CLOCK_MONOTONIC, 0, &ts100, bad), -EFAULT);
}

int
main (void)
{
  test_sleep ();
  test_absolute ();
  test_cpu_clock ();
  test_signals ();
  test_errors ();
  return guest_done ();
}
