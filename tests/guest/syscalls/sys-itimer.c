/* getitimer, setitimer, alarm: the three clocks, intervals, old settings, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: getitimer setitimer alarm */
#include "guest.h"

#include <sys/time.h>

static struct itimerval old;

static void
spin_until (int signals)
{
  int64_t end = guest_now (CLOCK_MONOTONIC) + 20000000000;

  while (guest_signals < signals && guest_now (CLOCK_MONOTONIC) < end)
    ;
}

static void
test_real (void)
{
  struct itimerval once = { .it_value = { 0, 20000 } }, often = { { 0, 5000 }, { 0, 5000 } };
  struct itimerval long_one = { { 7, 0 }, { 100, 0 } }, off = { 0 };

  guest_handle (SIGALRM, 0);
  IS ("setitimer/real", sys (setitimer, ITIMER_REAL, &once, NULL), 0);
  IS ("setitimer/wakes", sys (pause), -EINTR);
  IS ("setitimer/once", guest_signals, 1);
  IS ("getitimer/expired", sys (getitimer, ITIMER_REAL, &old), 0);
  CHECK ("getitimer/expired-is-0", !old.it_value.tv_sec && !old.it_value.tv_usec);
  IS ("setitimer/interval", sys (setitimer, ITIMER_REAL, &often, NULL), 0);
  while (guest_signals < 5)
    sys (pause);
  CHECK ("setitimer/interval-repeats", true);
  IS ("setitimer/replace", sys (setitimer, ITIMER_REAL, &long_one, &old), 0);
  CHECK ("setitimer/old", old.it_interval.tv_usec == 5000 && !old.it_value.tv_sec);
  IS ("getitimer", sys (getitimer, ITIMER_REAL, &old), 0);
  CHECK ("getitimer/left", old.it_interval.tv_sec == 7 && old.it_value.tv_sec >= 98);
  IS ("setitimer/off", sys (setitimer, ITIMER_REAL, &off, &old), 0);
  CHECK ("setitimer/off-old", old.it_value.tv_sec >= 98);
  IS ("getitimer/off", sys (getitimer, ITIMER_REAL, &old), 0);
  CHECK ("getitimer/off-is-0", !old.it_value.tv_sec && !old.it_value.tv_usec);
  IS ("setitimer/NULL-is-off", sys (setitimer, ITIMER_REAL, NULL, &old), 0);
}

static void
test_alarm (void)
{
  guest_handle (SIGALRM, 0);
  IS ("alarm/none-before", sys (alarm, 100), 0);
  IS ("alarm/left-rounded-up", sys (alarm, 50), 100);
  MUST (sys (getitimer, ITIMER_REAL, &old));
  CHECK ("alarm/is-ITIMER_REAL", old.it_value.tv_sec >= 49 && !old.it_interval.tv_sec);
  IS ("alarm/off", sys (alarm, 0), 50);
  IS ("alarm/off-again", sys (alarm, 0), 0);
  MUST (sys (alarm, 1));
  IS ("alarm/fires", sys (pause), -EINTR);
  IS ("alarm/once", guest_signals, 1);
}

/* Counts processor time only.  */
static void
test_cpu (void)
{
  struct itimerval v = { .it_value = { 0, 30000 } };

  guest_handle (SIGVTALRM, 0);
  IS ("setitimer/virtual", sys (setitimer, ITIMER_VIRTUAL, &v, NULL), 0);
  IS ("getitimer/virtual", sys (getitimer, ITIMER_VIRTUAL, &old), 0);
  spin_until (1);
  IS ("setitimer/virtual-fires", guest_signals, 1);
  guest_handle (SIGPROF, 0);
  v.it_interval.tv_usec = 10000;
  IS ("setitimer/prof", sys (setitimer, ITIMER_PROF, &v, NULL), 0);
  spin_until (3);
  CHECK ("setitimer/prof-repeats", guest_signals >= 3);
  IS ("setitimer/prof-off", sys (setitimer, ITIMER_PROF, NULL, &old), 0);
  IS ("setitimer/prof-old", old.it_interval.tv_usec, 10000);
}

static void
in_child (void)
{
  MUST (sys (getitimer, ITIMER_REAL, &old));
  CHECK ("setitimer/not-inherited", !old.it_value.tv_sec && !old.it_interval.tv_sec);
}

static void
test_errors (void)
{
  struct itimerval v = { .it_value = { 0, 1000000 } };

  IS ("setitimer/unknown", sys (setitimer, 3, &v, NULL), -EINVAL);
  IS ("getitimer/unknown", sys (getitimer, -1, &old), -EINVAL);
  IS ("setitimer/microseconds", sys (setitimer, ITIMER_REAL, &v, NULL), -EINVAL);
  v.it_value.tv_usec = -1;
  IS ("setitimer/microseconds-negative", sys (setitimer, ITIMER_REAL, &v, NULL), -EINVAL);
  v.it_value = (struct timeval){ -1, 0 };
  IS ("setitimer/seconds-negative", sys (setitimer, ITIMER_REAL, &v, NULL), -EINVAL);
  v = (struct itimerval){ .it_interval = { 0, 1000000 } };
  IS ("setitimer/interval-microseconds", sys (setitimer, ITIMER_REAL, &v, NULL), -EINVAL);
  FAULTS ("setitimer/new", BAD_IN_OPTIONAL, sizeof v, p, sys (setitimer, ITIMER_REAL, p, NULL));
  v = (struct itimerval){ 0 };
  FAULTS ("setitimer/old", BAD_OUT_OPTIONAL, sizeof v, p, sys (setitimer, ITIMER_REAL, &v, p));
  FAULTS ("getitimer/value", BAD_OUT, sizeof v, p, sys (getitimer, ITIMER_REAL, p));
}

int
main (void)
{
  sys (alarm, 0);
  test_real ();
  test_alarm ();
  test_cpu ();
  MUST (sys (alarm, 60));
  guest_child (in_child);
  test_errors ();
  return guest_done ();
}
