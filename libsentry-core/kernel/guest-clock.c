/* Finding and reading a guest's clocks. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/guest-clock.h"

#include <errno.h>

#include "kernel/process.h"
#include "kernel/task-private.h"
#include "time/clock.h"

/* A negative number names a process or thread: the inverted pid above three bits, of which two say
 * which of its clocks and one that it's a thread's (include/linux/posix-timers.h). */
#define CPU_CLOCK_WHICH(id) ((id) &3)
#define CPU_CLOCK_PER_THREAD(id) (((id) &4) != 0)
#define CPU_CLOCK_PID(id) (~((id) >> 3))

static int
find_thread (SentryTask *task, gint32 pid, SentryTask **ret_task)
{
  SentryTask *found = pid == 0 ? sentry_task_ref (task) : sentry_task_find (task, pid);

  if (found == NULL)
    return -EINVAL;
  if (found->group != task->group)
    {
      sentry_task_unref (found);
      return -EINVAL;
    }
  *ret_task = found;
  return 0;
}

static int
find_group (SentryTask *task, gint32 pid, gboolean reading, SentryThreadGroup **ret_group)
{
  SentryTask *found;
  int r = 0;

  if (pid == 0)
    {
      *ret_group = sentry_thread_group_ref (task->group);
      return 0;
    }
  found = sentry_task_find (task, pid);
  if (found == NULL)
    return -EINVAL;
  if (sentry_task_tgid (found) == pid || (reading && found == task))
    *ret_group = sentry_thread_group_ref (found->group);
  else
    r = -EINVAL;
  sentry_task_unref (found);
  return r;
}

static int
find_cpu_clock (SentryTask *task, gint32 pid, gboolean per_thread, guint which, gboolean reading,
                SentryGuestClock *ret)
{
  if (which > SENTRY_CPU_CLOCK_SCHED)
    return -EINVAL;
  ret->which = which;
  ret->kind = per_thread ? SENTRY_GUEST_CLOCK_TASK_CPU : SENTRY_GUEST_CLOCK_GROUP_CPU;
  return per_thread ? find_thread (task, pid, &ret->task)
                    : find_group (task, pid, reading, &ret->group);
}

/* No alarm clocks: the sandbox has no clock that could wake a sleeping machine. */
int
sentry_guest_clock_find (SentryTask *task, clockid_t id, gboolean reading,
                         SentryGuestClock *ret_clock)
{
  *ret_clock = (SentryGuestClock){ .kind = SENTRY_GUEST_CLOCK_KERNEL, .id = id };
  if (id < 0)
    return find_cpu_clock (task, CPU_CLOCK_PID (id), CPU_CLOCK_PER_THREAD (id),
                           CPU_CLOCK_WHICH (id), reading, ret_clock);
  switch (id)
    {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
      return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
      return find_cpu_clock (task, 0, id == CLOCK_THREAD_CPUTIME_ID, SENTRY_CPU_CLOCK_SCHED,
                             reading, ret_clock);
    default:
      return -EINVAL;
    }
}

void
sentry_guest_clock_clear (SentryGuestClock *clock)
{
  g_clear_pointer (&clock->task, sentry_task_unref);
  g_clear_pointer (&clock->group, sentry_thread_group_unref);
}

SentryThreadGroup *
sentry_guest_clock_group (const SentryGuestClock *clock)
{
  return clock->task != NULL ? clock->task->group : clock->group;
}

gint64
sentry_guest_clock_now (SentryKernel *k, const SentryGuestClock *clock)
{
  gint64 user, system;

  if (clock->kind == SENTRY_GUEST_CLOCK_KERNEL)
    return sentry_clock_now (sentry_kernel_timekeeper (k), clock->id);
  if (clock->kind == SENTRY_GUEST_CLOCK_TASK_CPU)
    sentry_task_cpu_times (clock->task, &user, &system);
  else
    sentry_thread_group_cpu_times (clock->group, &user, &system);
  return clock->which == SENTRY_CPU_CLOCK_VIRT ? user : user + system;
}
