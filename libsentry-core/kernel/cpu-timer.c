/* Timers on CPU clocks. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

#include <errno.h>

/* As Linux, which looks at each tick. */
#define TICK (SENTRY_NSEC_PER_SEC / 250)

static SentryTimekeeper *
timekeeper (SentryGroupTimers *timers)
{
  return timers->group->kernel->timekeeper;
}

/* The clock of a group runs as fast as it has threads; nothing runs faster than all CPUs. */
static gint64
wait_for (SentryGroupTimers *timers, gint64 left)
{
  return MAX (left / MAX (timers->group->kernel->n_cpus, 1), TICK);
}

static void
look_in_locked (SentryGroupTimers *timers, gint64 ns)
{
  gint64 at, now = sentry_clock_now (timekeeper (timers), CLOCK_MONOTONIC);

  if (__builtin_add_overflow (now, ns, &at))
    at = SENTRY_TIME_NEVER;
  sentry_timer_set (&timers->cpu_poll, at, 0, NULL, NULL);
}

void
sentry_cpu_timer_arm_locked (SentryGroupTimers *timers, SentryCpuTimer *t, gint64 deadline)
{
  g_assert (t->link.next == NULL);
  t->deadline = deadline;
  sentry_list_append (&timers->cpu_timers, &t->link);
  __atomic_store_n (&timers->cpu_parked, FALSE, __ATOMIC_SEQ_CST);
  look_in_locked (timers, TICK);
}

void
sentry_cpu_timer_disarm_locked (SentryCpuTimer *t)
{
  sentry_list_remove (&t->link);
  t->deadline = SENTRY_TIME_NEVER;
}

/* Lets each due one expire; the ns until the nearest of the others may be due, NEVER if there are
 * none. */
static gint64
expire_due_locked (SentryGroupTimers *timers, GArray *events)
{
  gint64 nearest = SENTRY_TIME_NEVER;

  SENTRY_LIST_FOREACH (link, safe, &timers->cpu_timers)
  {
    SentryCpuTimer *t = SENTRY_CONTAINER (link, SentryCpuTimer, link);
    gint64 now = sentry_guest_clock_now (timers->group->kernel, t->clock);

    if (now >= t->deadline)
      t->expire (t, now, events);
    if (t->deadline == SENTRY_TIME_NEVER)
      sentry_list_remove (&t->link);
    else
      nearest = MIN (nearest, MAX (t->deadline - now, 0));
  }
  return nearest;
}

/* Only its own threads move the clocks that are waited for, and they all sleep. */
static gboolean
everybody_sleeps_locked (SentryGroupTimers *timers)
{
  SentryThreadGroup *group = timers->group;
  gboolean asleep = TRUE;

  SENTRY_LIST_FOREACH (link, safe, &timers->cpu_timers)
  if (sentry_guest_clock_group (SENTRY_CONTAINER (link, SentryCpuTimer, link)->clock) != group)
    return FALSE;
  sentry_rwlock_read_lock (&group->kernel->task_set);
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTask *t = &SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->task;
    SentryRunState state = __atomic_load_n (&t->run_state, __ATOMIC_SEQ_CST);

    if (state != SENTRY_RUN_BLOCKED && state != SENTRY_RUN_ZOMBIE && state != SENTRY_RUN_DEAD)
      asleep = FALSE;
  }
  sentry_rwlock_read_unlock (&group->kernel->task_set);
  return asleep;
}

/* The flag goes up before the threads are looked at, and a thread that wakes is awake before it
 * looks at the flag: one of the two sees the other. */
static void
schedule_locked (SentryGroupTimers *timers, gint64 nearest)
{
  __atomic_store_n (&timers->cpu_parked, TRUE, __ATOMIC_SEQ_CST);
  if (everybody_sleeps_locked (timers))
    return;
  __atomic_store_n (&timers->cpu_parked, FALSE, __ATOMIC_SEQ_CST);
  look_in_locked (timers, wait_for (timers, nearest));
}

void
sentry_cpu_timer_poll (SentryTimer *timer, guint64 overruns, gpointer data)
{
  SentryGroupTimers *timers = data;
  g_autoptr (GArray) events = g_array_new (FALSE, FALSE, sizeof (SentryTimerEvent));
  gint64 nearest;

  sentry_mutex_lock (&timers->lock);
  nearest = expire_due_locked (timers, events);
  if (nearest != SENTRY_TIME_NEVER)
    schedule_locked (timers, nearest);
  sentry_mutex_unlock (&timers->lock);
  sentry_timer_events_send (timers, events);
}

void
sentry_cpu_timers_unpark (SentryGroupTimers *timers)
{
  sentry_mutex_lock (&timers->lock);
  if (timers->cpu_parked)
    {
      __atomic_store_n (&timers->cpu_parked, FALSE, __ATOMIC_SEQ_CST);
      look_in_locked (timers, TICK);
    }
  sentry_mutex_unlock (&timers->lock);
}

/* --- clock_nanosleep --- */

typedef struct
{
  SentryCpuTimer cpu;
  SentryTask *task;
} CpuSleep;

static void
wake_sleeper (SentryCpuTimer *timer, gint64 now, GArray *events)
{
  SentryTimerEvent event
      = { .wake = sentry_task_ref (SENTRY_CONTAINER (timer, CpuSleep, cpu)->task) };

  g_array_append_val (events, event);
  timer->deadline = SENTRY_TIME_NEVER;
}

int
sentry_task_sleep_cpu (SentryTask *task, const SentryGuestClock *clock, gint64 deadline)
{
  SentryGroupTimers *timers = sentry_group_timers (task->group);
  CpuSleep s = { .cpu.expire = wake_sleeper, .cpu.clock = clock, .task = task };
  int r = 0;

  while (r == 0)
    {
      sentry_sleeper_prepare (&task->sleeper);
      if (sentry_guest_clock_now (task->kernel, clock) >= deadline)
        break;
      sentry_mutex_lock (&timers->lock);
      sentry_cpu_timer_arm_locked (timers, &s.cpu, deadline);
      sentry_mutex_unlock (&timers->lock);
      r = sentry_task_sleep (task, SENTRY_TIME_NEVER);
      sentry_mutex_lock (&timers->lock);
      sentry_cpu_timer_disarm_locked (&s.cpu);
      sentry_mutex_unlock (&timers->lock);
    }
  return r;
}
