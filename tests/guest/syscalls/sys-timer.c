/* timer_create, timer_settime, timer_gettime, timer_getoverrun, timer_delete: each kind of
 * notification, overruns, errors, faults.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: timer_create timer_settime timer_gettime timer_getoverrun timer_delete */
#include "guest.h"

#include <time.h>

static siginfo_t info;
static volatile int count;
static int id;
static struct itimerspec old;

static void
on_timer (int signo, siginfo_t *i, void *context)
{
  count++;
  info = *i;
}

static long
create (clockid_t clock, int notify, int signo)
{
  struct sigevent ev
      = { .sigev_notify = notify, .sigev_signo = signo, .sigev_value.sival_int = 4711 };

  if (notify == SIGEV_THREAD_ID)
    ev._sigev_un._tid = gettid ();
  return sys (timer_create, clock, &ev, &id);
}

static long
set (int flags, int64_t value, int64_t interval)
{
  struct itimerspec its = { { interval / 1000000000, interval % 1000000000 },
                            { value / 1000000000, value % 1000000000 } };

  return sys (timer_settime, id, flags, &its, &old);
}

static void
wait_for (int n)
{
  int64_t end = guest_now (CLOCK_MONOTONIC) + 20000000000;

  while (count < n && guest_now (CLOCK_MONOTONIC) < end)
    nanosleep (&(struct timespec){ 0, 1000000 }, NULL);
}

static void
test_signal (void)
{
  IS ("timer_create/SIGNAL", create (CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1), 0);
  IS ("timer_gettime/disarmed", sys (timer_gettime, id, &old), 0);
  CHECK ("timer_gettime/disarmed-is-0", !old.it_value.tv_sec && !old.it_value.tv_nsec);
  IS ("timer_settime/once", set (0, 10000000, 0), 0);
  wait_for (1);
  CHECK ("timer_settime/siginfo", info.si_signo == SIGUSR1 && info.si_code == SI_TIMER
                                      && info.si_value.sival_int == 4711 && info.si_overrun == 0);
  IS ("timer_settime/interval", set (0, 5000000, 5000000), 0);
  wait_for (4);
  CHECK ("timer_settime/repeats", count >= 4);
  IS ("timer_settime/old", set (0, 100000000000, 7000000000), 0);
  CHECK ("timer_settime/old-interval", old.it_interval.tv_nsec == 5000000);
  IS ("timer_gettime/armed", sys (timer_gettime, id, &old), 0);
  CHECK ("timer_gettime/left", old.it_value.tv_sec >= 98 && old.it_interval.tv_sec == 7);
  IS ("timer_settime/off", set (0, 0, 0), 0);
  IS ("timer_settime/past-absolute-fires", (count = 0, set (TIMER_ABSTIME, 1, 0)), 0);
  wait_for (1);
  IS ("timer_settime/past-absolute-fired", count, 1);
  IS ("timer_settime/absolute", set (TIMER_ABSTIME, guest_now (CLOCK_MONOTONIC) + 10000000, 0), 0);
  wait_for (2);
  IS ("timer_settime/absolute-fired", count, 2);
  IS ("timer_delete", sys (timer_delete, id), 0);
  IS ("timer_delete/again", sys (timer_delete, id), -EINVAL);
}

/* While the signal is blocked, later expirations only count.  */
static void
test_overrun (void)
{
  sigset_t usr1;

  sigemptyset (&usr1);
  sigaddset (&usr1, SIGUSR1);
  MUST (sigprocmask (SIG_BLOCK, &usr1, NULL));
  count = 0;
  MUST (create (CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1));
  MUST (set (0, 2000000, 2000000));
  nanosleep (&(struct timespec){ 0, 50000000 }, NULL);
  MUST (sigprocmask (SIG_UNBLOCK, &usr1, NULL));
  CHECK ("timer_getoverrun", sys (timer_getoverrun, id) >= 10 || count > 1);
  CHECK ("timer_getoverrun/siginfo", info.si_overrun >= 0);
  MUST (set (0, 0, 0));
  MUST (sys (timer_delete, id));
  IS ("timer_getoverrun/deleted", sys (timer_getoverrun, id), -EINVAL);
}

static void
test_notifications (void)
{
  count = 0;
  IS ("timer_create/NONE", create (CLOCK_MONOTONIC, SIGEV_NONE, 0), 0);
  MUST (set (0, 1000000, 0));
  nanosleep (&(struct timespec){ 0, 5000000 }, NULL);
  IS ("timer_create/NONE-silent", count, 0);
  MUST (sys (timer_delete, id));
  IS ("timer_create/THREAD_ID", create (CLOCK_REALTIME, SIGEV_THREAD_ID, SIGUSR1), 0);
  MUST (set (0, 1000000, 0));
  wait_for (1);
  IS ("timer_create/THREAD_ID-fires", count, 1);
  MUST (sys (timer_delete, id));
  signal (SIGALRM, SIG_IGN);
  struct sigaction action = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO };
  MUST (sigaction (SIGALRM, &action, NULL));
  IS ("timer_create/default", sys (timer_create, CLOCK_BOOTTIME, NULL, &id), 0);
  MUST (set (0, 1000000, 0));
  wait_for (2);
  CHECK ("timer_create/default-is-SIGALRM",
         info.si_signo == SIGALRM && info.si_value.sival_int == id);
  MUST (sys (timer_delete, id));
  count = 0;
  IS ("timer_create/cpu-clock", create (CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1), 0);
  MUST (set (0, 20000000, 0));
  int64_t end = guest_now (CLOCK_MONOTONIC) + 20000000000;
  while (!count && guest_now (CLOCK_MONOTONIC) < end)
    ;
  IS ("timer_create/cpu-clock-fires", count, 1);
}

static void
in_child (void)
{
  IS ("timer_create/not-inherited", sys (timer_gettime, id, &old), -EINVAL);
}

static void
test_errors (void)
{
  struct itimerspec its = { { 0, 0 }, { 0, 1000000000 } };
  struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };

  guest_child (in_child);
  IS ("timer_settime/nanoseconds", sys (timer_settime, id, 0, &its, NULL), -EINVAL);
  its.it_value.tv_nsec = -1;
  IS ("timer_settime/nanoseconds-negative", sys (timer_settime, id, 0, &its, NULL), -EINVAL);
  its.it_value = (struct timespec){ -1, 0 };
  IS ("timer_settime/seconds-negative", sys (timer_settime, id, 0, &its, NULL), -EINVAL);
  its.it_value.tv_sec = 0;
  IS ("timer_settime/unknown-timer", sys (timer_settime, 9999, 0, &its, NULL), -EINVAL);
  IS ("timer_gettime/unknown-timer", sys (timer_gettime, 9999, &old), -EINVAL);
  IS ("timer_gettime/negative-timer", sys (timer_gettime, -1, &old), -EINVAL);
  IS ("timer_create/unknown-clock", sys (timer_create, 999, &ev, &id), -EINVAL);
  IS ("timer_create/coarse-clock", sys (timer_create, CLOCK_REALTIME_COARSE, &ev, &id),
      -EOPNOTSUPP);
  ev.sigev_notify = 99;
  IS ("timer_create/notification", sys (timer_create, CLOCK_REALTIME, &ev, &id), -EINVAL);
  ev.sigev_notify = SIGEV_SIGNAL;
  ev.sigev_signo = 65;
  IS ("timer_create/signal", sys (timer_create, CLOCK_REALTIME, &ev, &id), -EINVAL);
  ev.sigev_signo = SIGUSR1;
  ev.sigev_notify = SIGEV_THREAD_ID;
  ev._sigev_un._tid = getppid () + 500000;
  IS ("timer_create/foreign-thread", sys (timer_create, CLOCK_REALTIME, &ev, &id), -EINVAL);
}

static void
test_faults (void)
{
  struct itimerspec its = { 0 };
  struct sigevent ev = { .sigev_notify = SIGEV_NONE };

  FAULTS ("timer_create/event", BAD_IN_OPTIONAL, sizeof ev, p,
          sys (timer_create, CLOCK_REALTIME, p, &id));
  FAULTS ("timer_create/id", BAD_OUT, 4, p, sys (timer_create, CLOCK_REALTIME, &ev, p));
  MUST (sys (timer_create, CLOCK_REALTIME, &ev, &id));
  FAULTS ("timer_settime/new", BAD_IN_OPTIONAL, sizeof its, p, sys (timer_settime, id, 0, p, NULL));
  IS ("timer_settime/new-NULL", sys (timer_settime, id, 0, NULL, NULL), -EINVAL);
  FAULTS ("timer_settime/old", BAD_OUT_OPTIONAL, sizeof its, p,
          sys (timer_settime, id, 0, &its, p));
  FAULTS ("timer_gettime/value", BAD_OUT, sizeof its, p, sys (timer_gettime, id, p));
}

int
main (void)
{
  struct sigaction action = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO };

  MUST (sigaction (SIGUSR1, &action, NULL));
  test_signal ();
  test_overrun ();
  test_notifications ();
  test_errors ();
  test_faults ();
  return guest_done ();
}
