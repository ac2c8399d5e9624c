/* POSIX timers: timer_create and kin. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/group-timers.h"
#include "kernel/posix-timer.h"
#include "kernel/task-private.h"

#include <errno.h>
#include <limits.h>

/* An interval timer stands still while its signal waits to be taken; then it is moved on past the
 * present, and the periods that it has jumped over are its overruns (as Linux does).  One whose
 * signal is ignored goes on in steps of at least this. */
#define IGNORED_STEP (SENTRY_NSEC_PER_SEC / 100)

static gboolean
is_cpu (const SentryPosixTimer *t)
{
  return t->config.clock.kind != SENTRY_GUEST_CLOCK_KERNEL;
}

static gint64
now_locked (const SentryPosixTimer *t)
{
  SentryKernel *k = t->timers->group->kernel;

  return is_cpu (t) ? sentry_guest_clock_now (k, &t->config.clock)
                    : sentry_clock_now (k->timekeeper, t->clock);
}

static void
disarm_locked (SentryPosixTimer *t)
{
  if (is_cpu (t))
    sentry_cpu_timer_disarm_locked (&t->cpu);
  sentry_timer_set (&t->steady, SENTRY_TIME_NEVER, 0, NULL, NULL);
  sentry_timer_set (&t->realtime, SENTRY_TIME_NEVER, 0, NULL, NULL);
}

static void
arm_locked (SentryPosixTimer *t)
{
  if (t->config.silent || t->deadline == SENTRY_TIME_NEVER)
    return;
  if (is_cpu (t))
    {
      sentry_cpu_timer_disarm_locked (&t->cpu);
      sentry_cpu_timer_arm_locked (t->timers, &t->cpu, t->deadline);
    }
  else
    sentry_timer_set (t->clock == CLOCK_REALTIME ? &t->realtime : &t->steady, t->deadline, 0, NULL,
                      NULL);
}

/* Moves the deadline past `now`; the periods that it took. */
static gint64
forward_locked (SentryPosixTimer *t, gint64 now)
{
  gint64 passed;

  if (t->interval == 0 || t->deadline > now)
    return 0;
  passed = (now - t->deadline) / t->interval + 1;
  if (__builtin_add_overflow (t->deadline, passed * t->interval, &t->deadline))
    t->deadline = SENTRY_TIME_NEVER - 1;
  return passed;
}

static SentryPosixTimer *
find_locked (SentryGroupTimers *timers, int id)
{
  return id >= 0 ? sentry_id_table_get (&timers->posix, id) : NULL;
}

/* --- expiry --- */

static void
make_event_locked (SentryPosixTimer *t, SentryTimerEvent *ret)
{
  *ret = (SentryTimerEvent){ .tid = t->config.tid, .is_posix = TRUE };
  sentry_siginfo_init (&ret->info, t->config.signo, SI_TIMER);
  ret->info.si_timerid = t->id;
  ret->info.si_value.sival_ptr
      = GSIZE_TO_POINTER (t->config.default_value ? (guint64) t->id : t->config.value);
  t->waiting = t->interval != 0;
  if (t->interval == 0)
    t->deadline = SENTRY_TIME_NEVER;
}

/* Nobody takes the signal: go on by ourselves. */
void
sentry_posix_timer_unheard (SentryGroupTimers *timers, int id)
{
  SentryPosixTimer *t;

  sentry_mutex_lock (&timers->lock);
  t = find_locked (timers, id);
  if (t != NULL && t->waiting)
    {
      t->waiting = FALSE;
      forward_locked (t, now_locked (t) + IGNORED_STEP);
      arm_locked (t);
    }
  sentry_mutex_unlock (&timers->lock);
}

/* It may have been set anew in the meantime, and two clocks may differ by a little: then it is not
 * due. */
static void
wheel_expired (SentryTimer *timer, guint64 overruns, gpointer data)
{
  SentryPosixTimer *t = data;
  SentryGroupTimers *timers = t->timers;
  g_autoptr (GArray) events = g_array_new (FALSE, FALSE, sizeof (SentryTimerEvent));
  SentryTimerEvent event;

  sentry_mutex_lock (&timers->lock);
  if (!t->waiting && t->deadline != SENTRY_TIME_NEVER)
    {
      if (now_locked (t) < t->deadline)
        arm_locked (t);
      else
        {
          make_event_locked (t, &event);
          g_array_append_val (events, event);
        }
    }
  sentry_mutex_unlock (&timers->lock);
  sentry_timer_events_send (timers, events);
}

static void
cpu_expired (SentryCpuTimer *timer, gint64 now, GArray *events)
{
  SentryPosixTimer *t = SENTRY_CONTAINER (timer, SentryPosixTimer, cpu);
  SentryTimerEvent event;

  timer->deadline = SENTRY_TIME_NEVER;
  make_event_locked (t, &event);
  g_array_append_val (events, event);
}

void
sentry_posix_timer_dequeued (SentryGroupTimers *timers, siginfo_t *info)
{
  SentryPosixTimer *t;

  sentry_mutex_lock (&timers->lock);
  t = info->si_timerid >= 0 ? sentry_id_table_get (&timers->posix, info->si_timerid) : NULL;
  if (t != NULL)
    {
      if (t->waiting)
        {
          t->waiting = FALSE;
          t->overrun += forward_locked (t, now_locked (t));
          t->overrun_last = t->overrun;
          t->overrun = -1;
          arm_locked (t);
        }
      info->si_overrun = (int) CLAMP (t->overrun_last, 0, INT_MAX);
    }
  sentry_mutex_unlock (&timers->lock);
}

/* --- create and delete --- */

static int
charge (SentryTask *task, SentryUserCount **ret_user)
{
  SentryUserCount *user = task->priv->user;
  guint64 limit = sentry_limits_get (&task->group->limits, RLIMIT_SIGPENDING);

  if (__atomic_add_fetch (&user->n_signals, 1, __ATOMIC_RELAXED) > limit)
    {
      __atomic_fetch_sub (&user->n_signals, 1, __ATOMIC_RELAXED);
      return -EAGAIN;
    }
  *ret_user = user;
  return 0;
}

static void
timer_free (SentryPosixTimer *t)
{
  sentry_timer_cancel_sync (&t->steady);
  sentry_timer_cancel_sync (&t->realtime);
  sentry_thread_group_forget_timer_signal (t->timers->group, t->id);
  __atomic_fetch_sub (&t->user->n_signals, 1, __ATOMIC_RELAXED);
  sentry_guest_clock_clear (&t->config.clock);
  g_free (t);
}

static SentryPosixTimer *
timer_new (SentryTask *task, const SentryPosixTimerConfig *config)
{
  SentryPosixTimer *t = g_try_new0 (SentryPosixTimer, 1);
  SentryTimerWheel *wheel = sentry_kernel_timers (task->kernel);
  clockid_t steady = config->clock.id == CLOCK_BOOTTIME ? CLOCK_BOOTTIME : CLOCK_MONOTONIC;

  if (t == NULL)
    return NULL;
  t->timers = sentry_group_timers (task->group);
  t->config = *config;
  t->clock = steady;
  t->deadline = SENTRY_TIME_NEVER;
  t->cpu.expire = cpu_expired;
  t->cpu.clock = &t->config.clock;
  t->cpu.deadline = SENTRY_TIME_NEVER;
  sentry_timer_init (&t->steady, wheel, steady, wheel_expired, t);
  sentry_timer_init (&t->realtime, wheel, CLOCK_REALTIME, wheel_expired, t);
  return t;
}

/* A fresh number, not one that was in use a moment ago. */
static int
number_locked (SentryGroupTimers *timers, SentryPosixTimer *t)
{
  int id = sentry_id_table_alloc (&timers->posix, timers->next_posix, timers->posix.limit, t);

  if (id == -ENOSPC)
    id = sentry_id_table_alloc (&timers->posix, 0, timers->posix.limit, t);
  if (id < 0)
    return -EAGAIN;
  timers->next_posix = id + 1;
  t->id = id;
  return id;
}

int
sentry_posix_timer_create (SentryTask *task, SentryPosixTimerConfig *config)
{
  SentryPosixTimer *t;
  SentryUserCount *user;
  int r = charge (task, &user);

  if (r < 0)
    {
      sentry_guest_clock_clear (&config->clock);
      return r;
    }
  t = timer_new (task, config);
  if (t == NULL)
    {
      __atomic_fetch_sub (&user->n_signals, 1, __ATOMIC_RELAXED);
      sentry_guest_clock_clear (&config->clock);
      return -EAGAIN;
    }
  t->user = user;
  t->id = -1;
  sentry_mutex_lock (&t->timers->lock);
  r = number_locked (t->timers, t);
  sentry_mutex_unlock (&t->timers->lock);
  if (r < 0)
    timer_free (t);
  return r;
}

static SentryPosixTimer *
take_out_locked (SentryGroupTimers *timers, int id)
{
  SentryPosixTimer *t = id >= 0 ? sentry_id_table_remove (&timers->posix, id) : NULL;

  if (t == NULL)
    return NULL;
  t->deadline = SENTRY_TIME_NEVER;
  t->waiting = FALSE;
  disarm_locked (t);
  return t;
}

int
sentry_posix_timer_delete (SentryTask *task, int id)
{
  SentryGroupTimers *timers = sentry_group_timers (task->group);
  SentryPosixTimer *t;

  sentry_mutex_lock (&timers->lock);
  t = take_out_locked (timers, id);
  sentry_mutex_unlock (&timers->lock);
  if (t == NULL)
    return -EINVAL;
  timer_free (t);
  return 0;
}

void
sentry_posix_timers_delete_all (SentryGroupTimers *timers)
{
  SentryPosixTimer *t;

  do
    {
      sentry_mutex_lock (&timers->lock);
      t = take_out_locked (timers, sentry_id_table_next (&timers->posix, 0));
      sentry_mutex_unlock (&timers->lock);
      if (t != NULL)
        timer_free (t);
    }
  while (t != NULL);
}

/* --- set and get --- */

/* One that stands still, or is never armed on the wheel, is brought up to date here. */
static void
get_locked (SentryPosixTimer *t, SentryTimerSetting *ret)
{
  gint64 now;

  *ret = (SentryTimerSetting){ 0, t->interval };
  if (t->deadline == SENTRY_TIME_NEVER)
    return;
  now = now_locked (t);
  if (t->waiting || t->config.silent)
    t->overrun += forward_locked (t, now);
  ret->value = t->deadline - now;
  if (ret->value <= 0)
    ret->value = t->config.silent ? 0 : 1;
}

static void
set_locked (SentryPosixTimer *t, gboolean absolute, const SentryTimerSetting *set)
{
  disarm_locked (t);
  t->waiting = FALSE;
  t->interval = set->value == 0 ? 0 : set->interval;
  t->overrun = -1;
  t->overrun_last = 0;
  t->deadline = SENTRY_TIME_NEVER;
  if (set->value == 0)
    return;
  if (t->config.clock.id == CLOCK_REALTIME || t->config.clock.id == CLOCK_TAI)
    t->clock = absolute ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  if (absolute)
    t->deadline = set->value;
  else if (__builtin_add_overflow (now_locked (t), set->value, &t->deadline))
    t->deadline = SENTRY_TIME_NEVER - 1;
  arm_locked (t);
}

int
sentry_posix_timer_set (SentryTask *task, int id, gboolean absolute, const SentryTimerSetting *set,
                        SentryTimerSetting *ret_old)
{
  SentryGroupTimers *timers = sentry_group_timers (task->group);
  SentryPosixTimer *t;

  sentry_mutex_lock (&timers->lock);
  t = find_locked (timers, id);
  if (t != NULL)
    {
      get_locked (t, ret_old);
      /* A signal of the old setting is not to be taken for one of the new. */
      sentry_thread_group_forget_timer_signal (task->group, id);
      set_locked (t, absolute, set);
    }
  sentry_mutex_unlock (&timers->lock);
  return t != NULL ? 0 : -EINVAL;
}

int
sentry_posix_timer_get (SentryTask *task, int id, SentryTimerSetting *ret)
{
  SentryGroupTimers *timers = sentry_group_timers (task->group);
  SentryPosixTimer *t;

  sentry_mutex_lock (&timers->lock);
  t = find_locked (timers, id);
  if (t != NULL)
    get_locked (t, ret);
  sentry_mutex_unlock (&timers->lock);
  return t != NULL ? 0 : -EINVAL;
}

int
sentry_posix_timer_overrun (SentryTask *task, int id)
{
  SentryGroupTimers *timers = sentry_group_timers (task->group);
  SentryPosixTimer *t;
  int r = -EINVAL;

  sentry_mutex_lock (&timers->lock);
  t = find_locked (timers, id);
  if (t != NULL)
    r = (int) CLAMP (t->overrun_last, 0, INT_MAX);
  sentry_mutex_unlock (&timers->lock);
  return r;
}
