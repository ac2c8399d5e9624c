/* System calls of interval timers and POSIX timers. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "syscalls/arguments.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "kernel/group-timers.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "syscalls/handlers.h"

/* --- interval timers --- */

static gboolean
timeval_to_ns (const struct timeval *tv, gint64 *ret_ns)
{
  if (tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= G_USEC_PER_SEC)
    return FALSE;
  *ret_ns = tv->tv_sec >= G_MAXINT64 / SENTRY_NSEC_PER_SEC
                ? SENTRY_TIME_NEVER - 1
                : tv->tv_sec * SENTRY_NSEC_PER_SEC + tv->tv_usec * 1000;
  return TRUE;
}

/* Rounded up: an armed timer never shows as 0. */
static struct timeval
ns_to_timeval (gint64 ns)
{
  gint64 us = ns / 1000 + (ns % 1000 != 0);

  return (struct timeval){ us / G_USEC_PER_SEC, us % G_USEC_PER_SEC };
}

static int
put_itimerval (SentryTask *task, guint64 addr, const SentryTimerSetting *setting)
{
  struct itimerval out = { .it_interval = ns_to_timeval (setting->interval),
                           .it_value = ns_to_timeval (setting->value) };

  return sentry_copy_out_object (sentry_task_usermem (task), addr, &out);
}

gint64
sentry_sys_getitimer (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryTimerSetting setting;
  int which = (int) args->arg[0];

  if (which < ITIMER_REAL || which > ITIMER_PROF)
    return -EINVAL;
  sentry_itimer_get (task, which, &setting);
  return put_itimerval (task, args->arg[1], &setting);
}

/* No new value at all is as good as zeroes (a misfeature that Linux keeps). */
gint64
sentry_sys_setitimer (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryTimerSetting set = { 0, 0 }, old;
  struct itimerval in;
  int which = (int) args->arg[0];

  if (args->arg[1] != 0)
    {
      if (sentry_copy_in_object (sentry_task_usermem (task), &in, args->arg[1]) < 0)
        return -EFAULT;
      if (!timeval_to_ns (&in.it_value, &set.value)
          || !timeval_to_ns (&in.it_interval, &set.interval))
        return -EINVAL;
    }
  if (which < ITIMER_REAL || which > ITIMER_PROF)
    return -EINVAL;
  sentry_itimer_set (task, which, &set, &old);
  return args->arg[2] != 0 ? put_itimerval (task, args->arg[2], &old) : 0;
}

/* What is left is rounded to seconds, but never to 0. */
gint64
sentry_sys_alarm (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryTimerSetting set = { MIN ((guint32) args->arg[0], G_MAXINT32) * SENTRY_NSEC_PER_SEC, 0 },
                     old;
  gint64 seconds, rest;

  sentry_itimer_set (task, ITIMER_REAL, &set, &old);
  seconds = old.value / SENTRY_NSEC_PER_SEC;
  rest = old.value % SENTRY_NSEC_PER_SEC;
  if ((seconds == 0 && rest > 0) || rest >= SENTRY_NSEC_PER_SEC / 2)
    seconds++;
  return seconds;
}

/* --- POSIX timers --- */

/* As the guest passes it; the rest of its 64 bytes says nothing. */
typedef struct
{
  guint64 value;
  gint32 signo, notify, tid;
  guint8 pad[44];
} GuestSigevent;
G_STATIC_ASSERT (sizeof (GuestSigevent) == 64);

static int
find_thread (SentryTask *task, gint32 tid, gint32 *ret_tid)
{
  SentryTask *target = sentry_task_find (task, tid);
  gboolean own;

  if (target == NULL)
    return -EINVAL;
  own = target->group == task->group;
  *ret_tid = target->tid;
  sentry_task_unref (target);
  return own ? 0 : -EINVAL;
}

/* Linux's good_sigevent. */
static int
read_sigevent (SentryTask *task, const GuestSigevent *event, SentryPosixTimerConfig *config)
{
  switch (event->notify)
    {
    case SIGEV_SIGNAL | SIGEV_THREAD_ID:
      if (find_thread (task, event->tid, &config->tid) < 0)
        return -EINVAL;
      break;
    case SIGEV_SIGNAL:
    case SIGEV_THREAD:
      break;
    case SIGEV_NONE:
      config->silent = TRUE;
      return 0;
    default:
      return -EINVAL;
    }
  if (event->signo <= 0 || event->signo > SENTRY_NSIG)
    return -EINVAL;
  config->signo = event->signo;
  config->value = event->value;
  return 0;
}

static int
check_clock (clockid_t id)
{
  switch (id)
    {
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
      return -EOPNOTSUPP;
    default:
      return 0;
    }
}

gint64
sentry_sys_timer_create (SentryTask *task, const SentrySyscallArgs *args)
{
  clockid_t id = (clockid_t) args->arg[0];
  SentryPosixTimerConfig config = { .signo = SIGALRM, .default_value = TRUE };
  GuestSigevent event;
  gint32 number;
  int r;

  if (args->arg[1] != 0
      && sentry_copy_in_object (sentry_task_usermem (task), &event, args->arg[1]) < 0)
    return -EFAULT;
  r = check_clock (id);
  if (r == 0)
    r = sentry_guest_clock_find (task, id, FALSE, &config.clock);
  if (r < 0)
    return r;
  if (args->arg[1] != 0)
    {
      config.default_value = FALSE;
      r = read_sigevent (task, &event, &config);
    }
  if (r < 0)
    {
      sentry_guest_clock_clear (&config.clock);
      return r;
    }
  number = sentry_posix_timer_create (task, &config);
  if (number < 0)
    return number;
  r = sentry_copy_out_object (sentry_task_usermem (task), args->arg[2], &number);
  if (r < 0)
    sentry_posix_timer_delete (task, number);
  return r;
}

static gboolean
timespec_to_ns (const struct timespec *ts, gint64 *ret_ns)
{
  if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= SENTRY_NSEC_PER_SEC)
    return FALSE;
  *ret_ns = ts->tv_sec >= G_MAXINT64 / SENTRY_NSEC_PER_SEC
                ? SENTRY_TIME_NEVER - 1
                : ts->tv_sec * SENTRY_NSEC_PER_SEC + ts->tv_nsec;
  return TRUE;
}

static int
put_itimerspec (SentryTask *task, guint64 addr, const SentryTimerSetting *s)
{
  struct itimerspec out
      = { .it_interval = { s->interval / SENTRY_NSEC_PER_SEC, s->interval % SENTRY_NSEC_PER_SEC },
          .it_value = { s->value / SENTRY_NSEC_PER_SEC, s->value % SENTRY_NSEC_PER_SEC } };

  return sentry_copy_out_object (sentry_task_usermem (task), addr, &out);
}

gint64
sentry_sys_timer_settime (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryTimerSetting set, old;
  struct itimerspec in;
  int r;

  if (args->arg[2] == 0)
    return -EINVAL;
  if (sentry_copy_in_object (sentry_task_usermem (task), &in, args->arg[2]) < 0)
    return -EFAULT;
  if (!timespec_to_ns (&in.it_value, &set.value)
      || !timespec_to_ns (&in.it_interval, &set.interval))
    return -EINVAL;
  r = sentry_posix_timer_set (task, (int) args->arg[0], (args->arg[1] & TIMER_ABSTIME) != 0, &set,
                              &old);
  if (r == 0 && args->arg[3] != 0)
    r = put_itimerspec (task, args->arg[3], &old);
  return r;
}

gint64
sentry_sys_timer_gettime (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryTimerSetting setting;
  int r = sentry_posix_timer_get (task, (int) args->arg[0], &setting);

  return r < 0 ? r : put_itimerspec (task, args->arg[1], &setting);
}

gint64
sentry_sys_timer_getoverrun (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_posix_timer_overrun (task, (int) args->arg[0]);
}

gint64
sentry_sys_timer_delete (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_posix_timer_delete (task, (int) args->arg[0]);
}
