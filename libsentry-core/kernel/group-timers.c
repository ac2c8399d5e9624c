/* The life of a group's timers, interval timers, and the signals that expiries send.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

#include <errno.h>
#include <sys/time.h>

/* Linux's bound is RLIMIT_SIGPENDING; this one keeps the table's memory small. */
#define MAX_POSIX_TIMERS (1 << 20)
#define TICK (SENTRY_NSEC_PER_SEC / 250)

static void real_expired (SentryTimer *timer, guint64 overruns, gpointer data);
static void cpu_itimer_expired (SentryCpuTimer *timer, gint64 now, GArray *events);
static void cpu_limit_reached (SentryCpuTimer *timer, gint64 now, GArray *events);

static SentryGuestClock
group_clock (SentryThreadGroup *group, SentryCpuClock which)
{
  return (SentryGuestClock){ .kind = SENTRY_GUEST_CLOCK_GROUP_CPU, .which = which, .group = group };
}

static SentryGroupTimers *
timers_new (SentryThreadGroup *group)
{
  SentryGroupTimers *timers = g_new0 (SentryGroupTimers, 1);
  SentryTimerWheel *wheel = sentry_kernel_timers (group->kernel);

  timers->group = group;
  sentry_mutex_init (&timers->lock, SENTRY_LOCK_GROUP_TIMER);
  sentry_timer_init (&timers->real, wheel, CLOCK_MONOTONIC, real_expired, timers);
  sentry_timer_init (&timers->cpu_poll, wheel, CLOCK_MONOTONIC, sentry_cpu_timer_poll, timers);
  sentry_list_init (&timers->cpu_timers);
  sentry_id_table_init (&timers->posix, MAX_POSIX_TIMERS);
  for (guint i = 0; i < 2; i++)
    {
      timers->itimer[i].cpu.expire = cpu_itimer_expired;
      timers->itimer[i].cpu.clock = &timers->itimer[i].clock;
      timers->itimer[i].clock
          = group_clock (group, i == 0 ? SENTRY_CPU_CLOCK_VIRT : SENTRY_CPU_CLOCK_PROF);
      timers->itimer[i].cpu.deadline = SENTRY_TIME_NEVER;
      timers->itimer[i].signo = i == 0 ? SIGVTALRM : SIGPROF;
    }
  timers->cpu_limit.expire = cpu_limit_reached;
  timers->cpu_limit.clock = &timers->cpu_limit_clock;
  timers->cpu_limit.deadline = SENTRY_TIME_NEVER;
  timers->cpu_limit_clock = group_clock (group, SENTRY_CPU_CLOCK_PROF);
  return timers;
}

static SentryGroupTimers *
existing (SentryThreadGroup *group)
{
  return __atomic_load_n (&group->timers, __ATOMIC_SEQ_CST);
}

static void
timers_free (SentryGroupTimers *timers)
{
  sentry_id_table_clear (&timers->posix);
  g_free (timers);
}

SentryGroupTimers *
sentry_group_timers (SentryThreadGroup *group)
{
  SentryGroupTimers *timers = existing (group), *fresh, *nothing = NULL;

  if (timers != NULL)
    return timers;
  fresh = timers_new (group);
  if (__atomic_compare_exchange_n (&group->timers, &nothing, fresh, FALSE, __ATOMIC_SEQ_CST,
                                   __ATOMIC_SEQ_CST))
    return fresh;
  timers_free (fresh);
  return existing (group);
}

/* The flag goes up first: whoever arms after it sees it under the lock, whoever armed before is
 * disarmed. */
void
sentry_group_timers_stop (SentryThreadGroup *group)
{
  SentryGroupTimers *timers;

  __atomic_store_n (&group->timers_gone, TRUE, __ATOMIC_SEQ_CST);
  timers = existing (group);
  if (timers == NULL)
    return;
  sentry_posix_timers_delete_all (timers);
  sentry_mutex_lock (&timers->lock);
  SENTRY_LIST_FOREACH (link, safe, &timers->cpu_timers)
  sentry_cpu_timer_disarm_locked (SENTRY_CONTAINER (link, SentryCpuTimer, link));
  timers->real_deadline = SENTRY_TIME_NEVER;
  timers->real_interval = 0;
  sentry_mutex_unlock (&timers->lock);
  sentry_timer_cancel_sync (&timers->real);
  sentry_timer_cancel_sync (&timers->cpu_poll);
}

void
sentry_group_timers_free (SentryThreadGroup *group)
{
  g_clear_pointer (&group->timers, timers_free);
}

void
sentry_group_timers_exec (SentryThreadGroup *group)
{
  SentryGroupTimers *timers = existing (group);

  if (timers != NULL)
    sentry_posix_timers_delete_all (timers);
}

void
sentry_group_timers_woken (SentryThreadGroup *group)
{
  SentryGroupTimers *timers = existing (group);

  if (timers != NULL && __atomic_load_n (&timers->cpu_parked, __ATOMIC_SEQ_CST))
    sentry_cpu_timers_unpark (timers);
}

/* --- signals --- */

static void
send_event (SentryGroupTimers *timers, const SentryTimerEvent *event)
{
  SentryThreadGroup *group = timers->group;

  if (event->wake != NULL)
    {
      sentry_sleeper_wake (&event->wake->sleeper);
      sentry_task_unref (event->wake);
    }
  else if (!event->is_posix)
    sentry_thread_group_send_signal (group, &event->info);
  else if (!sentry_thread_group_send_timer_signal (group, event->tid, &event->info))
    sentry_posix_timer_unheard (timers, event->info.si_timerid);
}

void
sentry_timer_events_send (SentryGroupTimers *timers, GArray *events)
{
  for (guint i = 0; i < events->len; i++)
    send_event (timers, &g_array_index (events, SentryTimerEvent, i));
}

static void
rearm_real_locked (SentryGroupTimers *timers, gint64 now)
{
  gint64 passed;

  if (timers->real_interval == 0 || timers->real_deadline == SENTRY_TIME_NEVER
      || timers->real_deadline > now)
    return;
  passed = (now - timers->real_deadline) / timers->real_interval + 1;
  timers->real_deadline += passed * timers->real_interval;
  sentry_timer_set (&timers->real, timers->real_deadline, 0, NULL, NULL);
}

void
sentry_group_timers_dequeued (SentryThreadGroup *group, siginfo_t *info)
{
  SentryGroupTimers *timers = existing (group);

  if (timers == NULL)
    return;
  if (info->si_code == SI_TIMER)
    sentry_posix_timer_dequeued (timers, info);
  if (info->si_signo != SIGALRM)
    return;
  sentry_mutex_lock (&timers->lock);
  rearm_real_locked (timers, sentry_clock_now (group->kernel->timekeeper, CLOCK_MONOTONIC));
  sentry_mutex_unlock (&timers->lock);
}

/* --- ITIMER_REAL --- */

static void
real_expired (SentryTimer *timer, guint64 overruns, gpointer data)
{
  SentryGroupTimers *timers = data;
  siginfo_t info;

  sentry_siginfo_init (&info, SIGALRM, SI_KERNEL);
  sentry_thread_group_send_signal (timers->group, &info);
}

/* While its signal waits the timer doesn't run: nothing is left. */
static void
get_real_locked (SentryGroupTimers *timers, SentryTimerSetting *ret)
{
  sentry_timer_get (&timers->real, &ret->value, NULL);
  ret->interval = timers->real_interval;
}

static void
set_real_locked (SentryGroupTimers *timers, const SentryTimerSetting *set)
{
  gint64 now = sentry_clock_now (timers->group->kernel->timekeeper, CLOCK_MONOTONIC), deadline;

  if (set->value == 0 || __builtin_add_overflow (now, set->value, &deadline))
    deadline = SENTRY_TIME_NEVER;
  timers->real_deadline = deadline;
  timers->real_interval = set->value == 0 ? 0 : set->interval;
  sentry_timer_set (&timers->real, deadline, 0, NULL, NULL);
}

/* --- ITIMER_VIRTUAL, ITIMER_PROF --- */

static void
cpu_itimer_expired (SentryCpuTimer *timer, gint64 now, GArray *events)
{
  SentryCpuItimer *it = SENTRY_CONTAINER (timer, SentryCpuItimer, cpu);
  SentryTimerEvent event = { .tid = 0 };

  sentry_siginfo_init (&event.info, it->signo, SI_KERNEL);
  g_array_append_val (events, event);
  if (it->interval == 0 || __builtin_add_overflow (timer->deadline, it->interval, &timer->deadline))
    timer->deadline = SENTRY_TIME_NEVER;
}

static void
get_cpu_locked (SentryGroupTimers *timers, SentryCpuItimer *it, SentryTimerSetting *ret)
{
  *ret = (SentryTimerSetting){ 0, it->interval };
  if (it->cpu.deadline == SENTRY_TIME_NEVER)
    return;
  ret->value = it->cpu.deadline - sentry_guest_clock_now (timers->group->kernel, &it->clock);
  if (ret->value <= 0)
    ret->value = TICK; /* about to fire */
}

static void
set_cpu_locked (SentryGroupTimers *timers, SentryCpuItimer *it, const SentryTimerSetting *set)
{
  gint64 deadline;

  sentry_cpu_timer_disarm_locked (&it->cpu);
  it->interval = set->value == 0 ? 0 : set->interval;
  if (set->value == 0)
    return;
  if (__builtin_add_overflow (sentry_guest_clock_now (timers->group->kernel, &it->clock),
                              set->value, &deadline))
    deadline = SENTRY_TIME_NEVER - 1;
  sentry_cpu_timer_arm_locked (timers, &it->cpu, deadline);
}

/* --- RLIMIT_CPU --- */

/* SIGXCPU at the soft limit and each second from there on (as Linux, which moves the limit),
 * SIGKILL at the hard one. */
static void
cpu_limit_reached (SentryCpuTimer *timer, gint64 now, GArray *events)
{
  SentryGroupTimers *timers = SENTRY_CONTAINER (timer, SentryGroupTimers, cpu_limit);
  SentryLimits *limits = &timers->group->limits;
  SentryLimit limit = sentry_limits_get_both (limits, RLIMIT_CPU);
  guint64 seconds = now / SENTRY_NSEC_PER_SEC;
  SentryTimerEvent event = { .tid = 0 };

  timer->deadline = SENTRY_TIME_NEVER;
  if (seconds < limit.soft)
    return;
  sentry_siginfo_init (&event.info, seconds >= limit.hard ? SIGKILL : SIGXCPU, SI_KERNEL);
  g_array_append_val (events, event);
  if (limit.soft >= limit.hard)
    return;
  limit.soft++;
  sentry_limits_swap (limits, RLIMIT_CPU, &limit, TRUE, NULL);
  timer->deadline = limit.soft * SENTRY_NSEC_PER_SEC;
}

void
sentry_group_timers_cpu_limit (SentryThreadGroup *group)
{
  guint64 soft = sentry_limits_get (&group->limits, RLIMIT_CPU);
  SentryGroupTimers *timers = existing (group);

  if (timers == NULL && soft == SENTRY_RLIM_INFINITY)
    return;
  timers = sentry_group_timers (group);
  sentry_mutex_lock (&timers->lock);
  sentry_cpu_timer_disarm_locked (&timers->cpu_limit);
  /* 0 counts as one second. */
  if (soft < G_MAXINT64 / SENTRY_NSEC_PER_SEC
      && !__atomic_load_n (&group->timers_gone, __ATOMIC_SEQ_CST))
    sentry_cpu_timer_arm_locked (timers, &timers->cpu_limit, MAX (soft, 1) * SENTRY_NSEC_PER_SEC);
  sentry_mutex_unlock (&timers->lock);
}

/* --- both --- */

static void
get_locked (SentryGroupTimers *timers, int which, SentryTimerSetting *ret)
{
  if (which == ITIMER_REAL)
    get_real_locked (timers, ret);
  else
    get_cpu_locked (timers, &timers->itimer[which == ITIMER_PROF], ret);
}

void
sentry_itimer_get (SentryTask *task, int which, SentryTimerSetting *ret)
{
  SentryGroupTimers *timers = existing (task->group);

  *ret = (SentryTimerSetting){ 0, 0 };
  if (timers == NULL)
    return;
  sentry_mutex_lock (&timers->lock);
  get_locked (timers, which, ret);
  sentry_mutex_unlock (&timers->lock);
}

void
sentry_itimer_set (SentryTask *task, int which, const SentryTimerSetting *set,
                   SentryTimerSetting *ret_old)
{
  SentryGroupTimers *timers = sentry_group_timers (task->group);

  sentry_mutex_lock (&timers->lock);
  get_locked (timers, which, ret_old);
  if (which == ITIMER_REAL)
    set_real_locked (timers, set);
  else
    set_cpu_locked (timers, &timers->itimer[which == ITIMER_PROF], set);
  sentry_mutex_unlock (&timers->lock);
}
