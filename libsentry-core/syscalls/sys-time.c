/* System calls that read and set clocks. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "syscalls/arguments.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#include "kernel/process.h"
#include "loader/loader.h"
#include "kernel/guest-clock.h"
#include "syscalls/handlers.h"
#include "time/clock.h"

static SentryTimekeeper *
timekeeper (SentryTask *task)
{
  return sentry_kernel_timekeeper (task->kernel);
}

static int
put_timespec (SentryTask *task, guint64 addr, gint64 ns)
{
  struct timespec ts = { ns / SENTRY_NSEC_PER_SEC, ns % SENTRY_NSEC_PER_SEC };

  return sentry_copy_out_object (sentry_task_usermem (task), addr, &ts);
}

gint64
sentry_sys_clock_gettime (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryGuestClock clock;
  int r = sentry_guest_clock_find (task, (clockid_t) args->arg[0], TRUE, &clock);

  if (r < 0)
    return r;
  r = put_timespec (task, args->arg[1], sentry_guest_clock_now (task->kernel, &clock));
  sentry_guest_clock_clear (&clock);
  return r;
}

/* The coarse clocks move with the host's tick. */
static gint64
resolution (const SentryGuestClock *clock)
{
  struct timespec tick;

  if (clock->kind == SENTRY_GUEST_CLOCK_KERNEL && clock->id != CLOCK_REALTIME_COARSE
      && clock->id != CLOCK_MONOTONIC_COARSE)
    return 1;
  if (clock->kind != SENTRY_GUEST_CLOCK_KERNEL && clock->which == SENTRY_CPU_CLOCK_SCHED)
    return 1;
  return clock_getres (CLOCK_MONOTONIC_COARSE, &tick) == 0 ? tick.tv_nsec : 10000000;
}

gint64
sentry_sys_clock_getres (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryGuestClock clock;
  int r = sentry_guest_clock_find (task, (clockid_t) args->arg[0], FALSE, &clock);

  if (r < 0)
    return r;
  if (args->arg[1] != 0)
    r = put_timespec (task, args->arg[1], resolution (&clock));
  sentry_guest_clock_clear (&clock);
  return r;
}

static int
set_realtime (SentryTask *task, gint64 sec, gint64 nsec)
{
  int r;

  if (sec < 0 || nsec < 0 || nsec >= SENTRY_NSEC_PER_SEC || sec >= G_MAXINT64 / SENTRY_NSEC_PER_SEC)
    return -EINVAL;
  if (!sentry_task_capable (task, CAP_SYS_TIME))
    return -EPERM;
  r = sentry_timekeeper_set_realtime (timekeeper (task), sec * SENTRY_NSEC_PER_SEC + nsec);
  if (r == 0)
    sentry_timer_wheel_realtime_changed (sentry_kernel_timers (task->kernel));
  return r;
}

gint64
sentry_sys_clock_settime (SentryTask *task, const SentrySyscallArgs *args)
{
  clockid_t id = (clockid_t) args->arg[0];
  struct timespec ts;
  SentryGuestClock clock;

  if (id < 0)
    {
      int r = sentry_guest_clock_find (task, id, FALSE, &clock);

      if (r < 0)
        return r;
      sentry_guest_clock_clear (&clock);
    }
  else if (id != CLOCK_REALTIME)
    return -EINVAL;
  if (sentry_copy_in_object (sentry_task_usermem (task), &ts, args->arg[1]) < 0)
    return -EFAULT;
  return id < 0 ? -EPERM : set_realtime (task, ts.tv_sec, ts.tv_nsec);
}

gint64
sentry_sys_gettimeofday (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  const SentryVdsoParams *params = sentry_vdso_params ();
  gint64 now = sentry_clock_now (timekeeper (task), CLOCK_REALTIME);
  struct timeval tv = { now / SENTRY_NSEC_PER_SEC, now % SENTRY_NSEC_PER_SEC / 1000 };
  struct timezone tz = { 0, 0 };

  if (params != NULL)
    tz = (struct timezone){ params->tz_minuteswest, params->tz_dsttime };
  if (args->arg[0] != 0 && sentry_copy_out_object (um, args->arg[0], &tv) < 0)
    return -EFAULT;
  if (args->arg[1] != 0 && sentry_copy_out_object (um, args->arg[1], &tz) < 0)
    return -EFAULT;
  return 0;
}

#define MAX_MINUTESWEST (15 * 60)

static int
set_timezone (SentryTask *task, const struct timezone *tz)
{
  SentryVdsoParams *params = sentry_vdso_params ();

  if (tz->tz_minuteswest > MAX_MINUTESWEST || tz->tz_minuteswest < -MAX_MINUTESWEST)
    return -EINVAL;
  if (params == NULL)
    return -ENODEV;
  __atomic_store_n (&params->tz_minuteswest, tz->tz_minuteswest, __ATOMIC_RELAXED);
  __atomic_store_n (&params->tz_dsttime, tz->tz_dsttime, __ATOMIC_RELAXED);
  return 0;
}

gint64
sentry_sys_settimeofday (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  struct timeval tv = { 0, 0 };
  struct timezone tz;
  int r = 0;

  if (args->arg[0] != 0)
    {
      if (sentry_copy_in_object (um, &tv, args->arg[0]) < 0)
        return -EFAULT;
      if (tv.tv_usec < 0 || tv.tv_usec > G_USEC_PER_SEC)
        return -EINVAL;
    }
  if (args->arg[1] != 0 && sentry_copy_in_object (um, &tz, args->arg[1]) < 0)
    return -EFAULT;
  if (args->arg[0] != 0 && (tv.tv_sec < 0 || tv.tv_usec == G_USEC_PER_SEC))
    return -EINVAL;
  if (!sentry_task_capable (task, CAP_SYS_TIME))
    return -EPERM;
  if (args->arg[1] != 0)
    r = set_timezone (task, &tz);
  if (r == 0 && args->arg[0] != 0)
    r = set_realtime (task, tv.tv_sec, tv.tv_usec * 1000);
  return r;
}

gint64
sentry_sys_time (SentryTask *task, const SentrySyscallArgs *args)
{
  gint64 now = sentry_clock_now (timekeeper (task), CLOCK_REALTIME) / SENTRY_NSEC_PER_SEC;

  if (args->arg[0] != 0
      && sentry_copy_out_object (sentry_task_usermem (task), args->arg[0], &now) < 0)
    return -EFAULT;
  return now;
}

/* The sandbox's clock can't be steered: it tells what a kernel tells that nobody has ever
 * synchronised. */
#define PHASE_LIMIT 16000000

static gint64
adjust (SentryTask *task, guint64 addr)
{
  SentryUserMem *um = sentry_task_usermem (task);
  struct timex tx;
  gint64 now;

  if (sentry_copy_in_object (um, &tx, addr) < 0)
    return -EFAULT;
  if (tx.modes != 0 && tx.modes != ADJ_OFFSET_SS_READ)
    return -EPERM;
  now = sentry_clock_now (timekeeper (task), CLOCK_REALTIME);
  tx = (struct timex){ .modes = tx.modes,
                       .maxerror = PHASE_LIMIT,
                       .esterror = PHASE_LIMIT,
                       .status = STA_UNSYNC,
                       .constant = 2,
                       .precision = 1,
                       .tolerance = 32768000,
                       .time = { now / SENTRY_NSEC_PER_SEC, now % SENTRY_NSEC_PER_SEC / 1000 },
                       .tick = 10000 };
  return sentry_copy_out_object (um, addr, &tx) < 0 ? -EFAULT : TIME_ERROR;
}

gint64
sentry_sys_adjtimex (SentryTask *task, const SentrySyscallArgs *args)
{
  return adjust (task, args->arg[0]);
}

gint64
sentry_sys_clock_adjtime (SentryTask *task, const SentrySyscallArgs *args)
{
  clockid_t id = (clockid_t) args->arg[0];
  struct timex tx;
  SentryGuestClock clock;
  int r;

  if (sentry_copy_in_object (sentry_task_usermem (task), &tx, args->arg[1]) < 0)
    return -EFAULT;
  if (id == CLOCK_REALTIME)
    return adjust (task, args->arg[1]);
  r = sentry_guest_clock_find (task, id, FALSE, &clock);
  if (r < 0)
    return r;
  sentry_guest_clock_clear (&clock);
  return -EOPNOTSUPP;
}
