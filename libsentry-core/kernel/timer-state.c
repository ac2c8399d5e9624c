/* How a group's timers are saved.  SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/group-timers.h"
#include "kernel/posix-timer.h"
#include "kernel/task-private.h"
#include "state/sentry-state.h"

static gboolean
bad (GError **error, const char *what)
{
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "timers: %s", what);
  return FALSE;
}

static gboolean
setting_is_sane (gint64 deadline, gint64 interval)
{
  return deadline >= 0 && interval >= 0;
}

static gboolean
posix_post_load (gpointer object, gpointer context, GError **error)
{
  SentryPosixTimer *t = object;
  const SentryPosixTimerConfig *c = &t->config;
  gboolean is_cpu = c->clock.kind != SENTRY_GUEST_CLOCK_KERNEL;

  if (t->timers == NULL || t->user == NULL || !setting_is_sane (t->deadline, t->interval))
    return bad (error, "one without owner or with a negative time");
  if (!c->silent && (c->signo < 1 || c->signo > SENTRY_NSIG))
    return bad (error, "a signal that does not exist");
  if (is_cpu != ((c->clock.task != NULL) != (c->clock.group != NULL)))
    return bad (error, "a clock that is nobody's");
  return TRUE;
}

/* The wheel, and the list of armed CPU timers, are made when the kernel that owns them starts. */
static gboolean
group_post_load (gpointer object, gpointer context, GError **error)
{
  SentryGroupTimers *timers = object;

  if (timers->group == NULL || !setting_is_sane (timers->real_deadline, timers->real_interval)
      || timers->next_posix > G_MAXINT32)
    return bad (error, "a group's with a negative time");
  for (guint i = 0; i < 2; i++)
    if (!setting_is_sane (timers->itimer[i].cpu.deadline, timers->itimer[i].interval))
      return bad (error, "an interval timer with a negative time");
  SENTRY_ID_TABLE_FOREACH (id, &timers->posix)
  if (((SentryPosixTimer *) sentry_id_table_get (&timers->posix, id))->id != id)
    return bad (error, "one under another's number");
  return TRUE;
}

SENTRY_STATE_DECLARE (SentryGuestClock);
SENTRY_STATE_DECLARE (SentryCpuTimer);
SENTRY_STATE_DECLARE (SentryCpuItimer);
SENTRY_STATE_DECLARE (SentryPosixTimerConfig);
SENTRY_STATE_DECLARE (SentryTimer);

/* clang-format off */
SENTRY_STATE_TABLE (SentryTimer, "timer", 1,
  SENTRY_STATE_SKIP (SentryTimer, wheel, "its owner's"),
  SENTRY_STATE_SKIP (SentryTimer, expire, "its owner's"),
  SENTRY_STATE_SKIP (SentryTimer, data, "its owner's"),
  SENTRY_STATE_I32 (SentryTimer, clock),
  SENTRY_STATE_I64 (SentryTimer, deadline),
  SENTRY_STATE_SKIP (SentryTimer, key, "made of the deadline when it is armed"),
  SENTRY_STATE_I64 (SentryTimer, period),
  SENTRY_STATE_SKIP (SentryTimer, heap_index, "armed again by its owner"),
  SENTRY_STATE_SKIP (SentryTimer, running, "nothing expires while the kernel is paused"));

SENTRY_STATE_TABLE (SentryGuestClock, "guest-clock", 1,
  SENTRY_STATE_U32_MAX (SentryGuestClock, kind, SENTRY_GUEST_CLOCK_TASK_CPU),
  SENTRY_STATE_I32 (SentryGuestClock, id),
  SENTRY_STATE_U32_MAX (SentryGuestClock, which, SENTRY_CPU_CLOCK_SCHED),
  SENTRY_STATE_REF (SentryGuestClock, task, SentryTask),
  SENTRY_STATE_REF (SentryGuestClock, group, SentryThreadGroup));

SENTRY_STATE_TABLE (SentryCpuTimer, "cpu-timer", 1,
  SENTRY_STATE_LINK (SentryCpuTimer, link),
  SENTRY_STATE_SKIP (SentryCpuTimer, clock, "points into its user"),
  SENTRY_STATE_I64 (SentryCpuTimer, deadline),
  SENTRY_STATE_SKIP (SentryCpuTimer, expire, "its user's"));

SENTRY_STATE_TABLE (SentryCpuItimer, "cpu-itimer", 1,
  SENTRY_STATE_STRUCT (SentryCpuItimer, cpu, SentryCpuTimer),
  SENTRY_STATE_SKIP (SentryCpuItimer, clock, "the group's own"),
  SENTRY_STATE_I64 (SentryCpuItimer, interval),
  SENTRY_STATE_I32 (SentryCpuItimer, signo));

SENTRY_STATE_TABLE (SentryPosixTimerConfig, "posix-timer-config", 1,
  SENTRY_STATE_STRUCT (SentryPosixTimerConfig, clock, SentryGuestClock),
  SENTRY_STATE_BOOL (SentryPosixTimerConfig, silent),
  SENTRY_STATE_I32 (SentryPosixTimerConfig, signo),
  SENTRY_STATE_BOOL (SentryPosixTimerConfig, default_value),
  SENTRY_STATE_U64 (SentryPosixTimerConfig, value),
  SENTRY_STATE_I32 (SentryPosixTimerConfig, tid));

SENTRY_STATE_TABLE_WITH (SentryPosixTimer, "posix-timer", 1, (.post_load = posix_post_load),
  SENTRY_STATE_WEAK_REF (SentryPosixTimer, timers, SentryGroupTimers),
  SENTRY_STATE_I32 (SentryPosixTimer, id),
  SENTRY_STATE_STRUCT (SentryPosixTimer, config, SentryPosixTimerConfig),
  SENTRY_STATE_WEAK_REF (SentryPosixTimer, user, SentryUserCount),
  SENTRY_STATE_SKIP (SentryPosixTimer, steady, "armed again by the deadline"),
  SENTRY_STATE_SKIP (SentryPosixTimer, realtime, "armed again by the deadline"),
  SENTRY_STATE_SKIP (SentryPosixTimer, cpu, "armed again by the deadline"),
  SENTRY_STATE_I32 (SentryPosixTimer, clock),
  SENTRY_STATE_I64 (SentryPosixTimer, deadline),
  SENTRY_STATE_I64 (SentryPosixTimer, interval),
  SENTRY_STATE_BOOL (SentryPosixTimer, waiting),
  SENTRY_STATE_I64 (SentryPosixTimer, overrun),
  SENTRY_STATE_I64 (SentryPosixTimer, overrun_last));

SENTRY_STATE_TABLE_WITH (SentryGroupTimers, "group-timers", 1, (.post_load = group_post_load),
  SENTRY_STATE_WEAK_REF (SentryGroupTimers, group, SentryThreadGroup),
  SENTRY_STATE_MUTEX (SentryGroupTimers, lock, SENTRY_LOCK_GROUP_TIMER),
  SENTRY_STATE_STRUCT (SentryGroupTimers, real, SentryTimer),
  SENTRY_STATE_I64 (SentryGroupTimers, real_deadline),
  SENTRY_STATE_I64 (SentryGroupTimers, real_interval),
  SENTRY_STATE_STRUCT (SentryGroupTimers, itimer, SentryCpuItimer),
  SENTRY_STATE_SKIP (SentryGroupTimers, cpu_limit, "armed again by the limit"),
  SENTRY_STATE_SKIP (SentryGroupTimers, cpu_limit_clock, "the group's own"),
  SENTRY_STATE_ID_TABLE (SentryGroupTimers, posix, SentryPosixTimer),
  SENTRY_STATE_U32 (SentryGroupTimers, next_posix),
  SENTRY_STATE_SKIP (SentryGroupTimers, cpu_timers, "armed again by their deadlines"),
  SENTRY_STATE_SKIP (SentryGroupTimers, cpu_poll, "armed again with the first CPU timer"),
  SENTRY_STATE_SKIP (SentryGroupTimers, cpu_parked, "armed again with the first CPU timer"));
/* clang-format on */
