/* nanosleep and clock_nanosleep. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "syscalls/arguments.h"

#include <errno.h>
#include <time.h>

#include "kernel/group-timers.h"
#include "syscalls/handlers.h"
#include "time/clock.h"

/* What the call remembers in call.scratch while it sleeps.  A relative sleep, on whatever clock,
 * has call.deadline on the monotonic one: setting the time moves it not. */
#define REMAIN_ADDR 0 /* where what is left goes; 0: nowhere */
#define CLOCK_ID 1    /* of an absolute sleep */
#define CLOCK_VALUE 2 /* when it ends */
#define IS_ABSOLUTE 3 /* on a CPU clock */

static int
get_timespec (SentryTask *task, guint64 addr, gint64 *ret_ns)
{
  struct timespec ts;

  if (sentry_copy_in_object (sentry_task_usermem (task), &ts, addr) < 0)
    return -EFAULT;
  if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= SENTRY_NSEC_PER_SEC)
    return -EINVAL;
  *ret_ns = ts.tv_sec >= G_MAXINT64 / SENTRY_NSEC_PER_SEC
                ? SENTRY_TIME_NEVER
                : ts.tv_sec * SENTRY_NSEC_PER_SEC + ts.tv_nsec;
  return 0;
}

/* 0 when the monotonic clock has reached the deadline, else what broke the sleep. */
static int
sleep_until (SentryTask *task, gint64 deadline)
{
  SentryTimekeeper *tk = sentry_kernel_timekeeper (task->kernel);

  for (;;)
    {
      int r;

      sentry_sleeper_prepare (&task->sleeper);
      if (sentry_clock_now (tk, CLOCK_MONOTONIC) >= deadline)
        return 0;
      r = sentry_task_sleep (task, deadline);
      if (r < 0 && r != -ETIMEDOUT)
        return r;
    }
}

static gint64 sleep_relative (SentryTask *task);

static gint64
interrupted (SentryTask *task)
{
  guint64 addr = task->call.scratch[REMAIN_ADDR];
  gint64 left = task->call.deadline
                - sentry_clock_now (sentry_kernel_timekeeper (task->kernel), CLOCK_MONOTONIC);
  struct timespec ts;

  if (left <= 0)
    return 0;
  ts = (struct timespec){ left / SENTRY_NSEC_PER_SEC, left % SENTRY_NSEC_PER_SEC };
  if (addr != 0 && sentry_copy_out_object (sentry_task_usermem (task), addr, &ts) < 0)
    return -EFAULT;
  return sentry_task_set_restart (task, sleep_relative);
}

/* Also what restart_syscall goes on with. */
static gint64
sleep_relative (SentryTask *task)
{
  int r = sleep_until (task, task->call.deadline);

  return r == -SENTRY_ERESTARTSYS ? interrupted (task) : r;
}

static gint64
begin_relative (SentryTask *task, guint64 request, guint64 remain)
{
  gint64 ns;
  int r;

  if (!task->call.has_deadline)
    {
      r = get_timespec (task, request, &ns);
      if (r < 0)
        return r;
      task->call.scratch[REMAIN_ADDR] = remain;
      sentry_task_call_deadline (task, ns);
    }
  return sleep_relative (task);
}

static void
wake_task (SentryTimer *timer, guint64 overruns, gpointer data)
{
  sentry_sleeper_wake (&((SentryTask *) data)->sleeper);
}

/* Until the realtime clock shows it, however often the clock is set meanwhile: the timer wheel
 * hears of that. */
static int
sleep_until_realtime (SentryTask *task, gint64 value)
{
  SentryTimekeeper *tk = sentry_kernel_timekeeper (task->kernel);
  SentryTimer timer;
  int r = 0;

  sentry_timer_init (&timer, sentry_kernel_timers (task->kernel), CLOCK_REALTIME, wake_task, task);
  while (r == 0)
    {
      sentry_sleeper_prepare (&task->sleeper);
      if (sentry_clock_now (tk, CLOCK_REALTIME) >= value)
        break;
      sentry_timer_set (&timer, value, 0, NULL, NULL);
      r = sentry_task_sleep (task, SENTRY_TIME_NEVER);
    }
  sentry_timer_cancel_sync (&timer);
  return r;
}

static gint64
sleep_absolute (SentryTask *task)
{
  clockid_t id = (clockid_t) task->call.scratch[CLOCK_ID];
  gint64 value = (gint64) task->call.scratch[CLOCK_VALUE];
  SentryTimekeeper *tk = sentry_kernel_timekeeper (task->kernel);
  int r;

  if (id == CLOCK_REALTIME || id == CLOCK_TAI)
    r = sleep_until_realtime (task, value);
  else
    r = sleep_until (task, sentry_clock_to_monotonic (tk, id, value));
  return r == -SENTRY_ERESTARTSYS ? -SENTRY_ERESTARTNOHAND : r;
}

static gint64
begin_absolute (SentryTask *task, clockid_t id, guint64 request)
{
  gint64 ns;
  int r;

  if (!task->call.has_deadline)
    {
      r = get_timespec (task, request, &ns);
      if (r < 0)
        return r;
      task->call.has_deadline = TRUE;
      task->call.scratch[CLOCK_ID] = (guint64) id;
      task->call.scratch[CLOCK_VALUE] = (guint64) ns;
    }
  return sleep_absolute (task);
}

/* --- CPU clocks --- */

static gint64 sleep_cpu (SentryTask *task);

static gint64
cpu_interrupted (SentryTask *task, gint64 left)
{
  guint64 addr = task->call.scratch[REMAIN_ADDR];
  struct timespec ts = { left / SENTRY_NSEC_PER_SEC, left % SENTRY_NSEC_PER_SEC };

  if (task->call.scratch[IS_ABSOLUTE])
    return -SENTRY_ERESTARTNOHAND;
  if (left <= 0)
    return 0;
  if (addr != 0 && sentry_copy_out_object (sentry_task_usermem (task), addr, &ts) < 0)
    return -EFAULT;
  return sentry_task_set_restart (task, sleep_cpu);
}

/* The clock is found anew on each entry: its process may have gone. */
static gint64
sleep_cpu (SentryTask *task)
{
  gint64 deadline = (gint64) task->call.scratch[CLOCK_VALUE];
  SentryGuestClock clock;
  int r = sentry_guest_clock_find (task, (clockid_t) task->call.scratch[CLOCK_ID], FALSE, &clock);
  gint64 left;

  if (r < 0)
    return r;
  r = sentry_task_sleep_cpu (task, &clock, deadline);
  left = deadline - sentry_guest_clock_now (task->kernel, &clock);
  sentry_guest_clock_clear (&clock);
  return r == -SENTRY_ERESTARTSYS ? cpu_interrupted (task, left) : r;
}

static gint64
begin_cpu (SentryTask *task, const SentrySyscallArgs *args, const SentryGuestClock *clock)
{
  gint64 ns, now;
  gboolean absolute = (args->arg[1] & TIMER_ABSTIME) != 0;
  int r;

  if (!task->call.has_deadline)
    {
      r = get_timespec (task, args->arg[2], &ns);
      if (r < 0)
        return r;
      now = sentry_guest_clock_now (task->kernel, clock);
      if (!absolute && __builtin_add_overflow (ns, now, &ns))
        ns = SENTRY_TIME_NEVER - 1;
      task->call.has_deadline = TRUE;
      task->call.scratch[REMAIN_ADDR] = args->arg[3];
      task->call.scratch[CLOCK_ID] = args->arg[0];
      task->call.scratch[CLOCK_VALUE] = (guint64) ns;
      task->call.scratch[IS_ABSOLUTE] = absolute;
    }
  return sleep_cpu (task);
}

/* A thread can't wait for its own CPU clock, and there is no sleeping on the clock number that
 * means it. */
static gint64
sleep_on_cpu_clock (SentryTask *task, const SentrySyscallArgs *args)
{
  clockid_t id = (clockid_t) args->arg[0];
  SentryGuestClock clock;
  gint64 r;

  if (id == CLOCK_THREAD_CPUTIME_ID)
    return -EOPNOTSUPP;
  r = sentry_guest_clock_find (task, id, FALSE, &clock);
  if (r < 0)
    return r;
  if (clock.kind == SENTRY_GUEST_CLOCK_KERNEL)
    r = -EOPNOTSUPP;
  else
    r = clock.task == task ? -EINVAL : begin_cpu (task, args, &clock);
  sentry_guest_clock_clear (&clock);
  return r;
}

/* --- the calls --- */

gint64
sentry_sys_nanosleep (SentryTask *task, const SentrySyscallArgs *args)
{
  return begin_relative (task, args->arg[0], args->arg[1]);
}

gint64
sentry_sys_clock_nanosleep (SentryTask *task, const SentrySyscallArgs *args)
{
  clockid_t id = (clockid_t) args->arg[0];

  switch (id)
    {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
      if (args->arg[1] & TIMER_ABSTIME)
        return begin_absolute (task, id, args->arg[2]);
      return begin_relative (task, args->arg[2], args->arg[3]);
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
      return -EOPNOTSUPP;
    default:
      return sleep_on_cpu_clock (task, args);
    }
}
