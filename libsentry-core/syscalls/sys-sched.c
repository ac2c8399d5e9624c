/* Priorities, policies, CPU sets. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "kernel/attributes.h"
#include "syscalls/handlers.h"

#ifndef SCHED_RESET_ON_FORK
#  define SCHED_RESET_ON_FORK 0x40000000
#endif
#define SCHED_DEADLINE_ 6

gint64
sentry_sys_sched_yield (SentryTask *task, const SentrySyscallArgs *args)
{
  sched_yield ();
  return 0;
}

/* A reference; pid 0 is the caller. */
static SentryTask *
find (SentryTask *task, gint32 pid)
{
  return pid == 0 ? sentry_task_ref (task) : sentry_task_find (task, pid);
}

static guint
mask_words (SentryTask *task)
{
  return (sentry_kernel_n_cpus (task->kernel) + 63) / 64;
}

gint64
sentry_sys_sched_getaffinity (SentryTask *task, const SentrySyscallArgs *args)
{
  guint n = mask_words (task);
  g_autofree guint64 *mask = g_new0 (guint64, n);
  guint64 len = (guint32) args->arg[1];
  SentryTask *target;

  if (len * 8 < sentry_kernel_n_cpus (task->kernel) || (len & 7))
    return -EINVAL;
  target = find (task, (gint32) args->arg[0]);
  if (target == NULL)
    return -ESRCH;
  sentry_task_get_affinity (target, mask, n);
  sentry_task_unref (target);
  len = MIN (len, n * sizeof *mask);
  if (sentry_copy_out (sentry_task_usermem (task), args->arg[2], mask, len) < 0)
    return -EFAULT;
  return (gint64) len;
}

gint64
sentry_sys_sched_setaffinity (SentryTask *task, const SentrySyscallArgs *args)
{
  guint n = mask_words (task);
  g_autofree guint64 *mask = g_new0 (guint64, n);
  guint64 len = MIN ((guint32) args->arg[1], n * sizeof *mask);
  SentryTask *target;
  int r;

  if (sentry_copy_in (sentry_task_usermem (task), mask, args->arg[2], len) < 0)
    return -EFAULT;
  target = find (task, (gint32) args->arg[0]);
  if (target == NULL)
    return -ESRCH;
  r = sentry_task_set_affinity (task, target, mask, n);
  sentry_task_unref (target);
  return r;
}

gint64
sentry_sys_getcpu (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  guint32 cpu = sentry_task_cpu (task), node = 0;

  if (args->arg[0] != 0 && sentry_copy_out_object (um, args->arg[0], &cpu) < 0)
    return -EFAULT;
  if (args->arg[1] != 0 && sentry_copy_out_object (um, args->arg[1], &node) < 0)
    return -EFAULT;
  return 0;
}

/* --- policies --- */

static int
max_priority (int policy)
{
  switch (policy)
    {
    case SCHED_FIFO:
    case SCHED_RR:
      return 99;
    case SCHED_OTHER:
    case SCHED_BATCH:
    case SCHED_IDLE:
    case SCHED_DEADLINE_:
      return 0;
    default:
      return -EINVAL;
    }
}

gint64
sentry_sys_sched_get_priority_max (SentryTask *task, const SentrySyscallArgs *args)
{
  return max_priority ((int) args->arg[0]);
}

gint64
sentry_sys_sched_get_priority_min (SentryTask *task, const SentrySyscallArgs *args)
{
  return MIN (max_priority ((int) args->arg[0]), 1);
}

static int
check_schedule (const SentrySchedule *s)
{
  int max = max_priority (s->policy);

  if (max < 0 || s->policy == SCHED_DEADLINE_)
    return -EINVAL;
  return s->priority >= (max > 0) && s->priority <= max ? 0 : -EINVAL;
}

static gint64
change (SentryTask *task, gint32 pid, guint64 param, int policy)
{
  SentryTask *target;
  SentrySchedule s;
  gint32 priority;
  int r;

  if (param == 0 || pid < 0)
    return -EINVAL;
  if (sentry_copy_in_object (sentry_task_usermem (task), &priority, param) < 0)
    return -EFAULT;
  target = find (task, pid);
  if (target == NULL)
    return -ESRCH;
  sentry_task_get_schedule (target, &s);
  s.priority = priority;
  if (policy >= 0)
    {
      s.policy = policy & ~SCHED_RESET_ON_FORK;
      s.reset_on_fork = (policy & SCHED_RESET_ON_FORK) != 0;
    }
  r = check_schedule (&s);
  if (r == 0)
    r = sentry_task_set_schedule (task, target, &s);
  sentry_task_unref (target);
  return r;
}

gint64
sentry_sys_sched_setscheduler (SentryTask *task, const SentrySyscallArgs *args)
{
  int policy = (int) args->arg[1];

  return policy < 0 ? -EINVAL : change (task, (gint32) args->arg[0], args->arg[2], policy);
}

gint64
sentry_sys_sched_setparam (SentryTask *task, const SentrySyscallArgs *args)
{
  return change (task, (gint32) args->arg[0], args->arg[1], -1);
}

static int
ask (SentryTask *task, gint32 pid, SentrySchedule *ret)
{
  SentryTask *target = pid < 0 ? NULL : find (task, pid);

  if (target == NULL)
    return pid < 0 ? -EINVAL : -ESRCH;
  sentry_task_get_schedule (target, ret);
  sentry_task_unref (target);
  return 0;
}

gint64
sentry_sys_sched_getscheduler (SentryTask *task, const SentrySyscallArgs *args)
{
  SentrySchedule s;
  int r = ask (task, (gint32) args->arg[0], &s);

  return r < 0 ? r : s.policy | (s.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

gint64
sentry_sys_sched_getparam (SentryTask *task, const SentrySyscallArgs *args)
{
  SentrySchedule s;
  int r = args->arg[1] == 0 ? -EINVAL : ask (task, (gint32) args->arg[0], &s);

  return r < 0 ? r : sentry_copy_out_object (sentry_task_usermem (task), args->arg[1], &s.priority);
}

gint64
sentry_sys_sched_rr_get_interval (SentryTask *task, const SentrySyscallArgs *args)
{
  struct timespec ts = { 0 };
  SentrySchedule s;
  int r = ask (task, (gint32) args->arg[0], &s);

  if (r < 0)
    return r;
  /* The kernel's default quantum of round robin; a normal task's slice here is a constant. */
  ts.tv_nsec = s.policy == SCHED_RR ? 100000000 : s.policy == SCHED_FIFO ? 0 : 2800000;
  return sentry_copy_out_object (sentry_task_usermem (task), args->arg[1], &ts);
}

/* --- sched_setattr, sched_getattr --- */

/* uapi/linux/sched/types.h, SCHED_ATTR_SIZE_VER1 */
typedef struct
{
  guint32 size, policy;
  guint64 flags;
  gint32 nice;
  guint32 priority;
  guint64 runtime, deadline, period;
  guint32 util_min, util_max;
} SchedAttr;

#define ATTR_SIZE_VER0 48
#define FLAG_RESET_ON_FORK 1u
#define FLAG_KEEP_POLICY 8u
#define FLAG_KEEP_PARAMS 16u
#define KNOWN_FLAGS 0x7fu

static int
copy_in_attr (SentryTask *task, guint64 addr, SchedAttr *ret)
{
  SentryUserMem *um = sentry_task_usermem (task);
  guint32 size, known = sizeof *ret;
  guint8 rest[4096];

  *ret = (SchedAttr){ 0 };
  if (sentry_copy_in_object (um, &size, addr) < 0)
    return -EFAULT;
  if (size == 0)
    size = ATTR_SIZE_VER0;
  if (size < ATTR_SIZE_VER0 || size > sizeof rest)
    goto bad_size;
  if (sentry_copy_in (um, rest, addr, size) < 0)
    return -EFAULT;
  for (guint32 i = known; i < size; i++)
    if (rest[i] != 0)
      goto bad_size;
  memcpy (ret, rest, MIN (size, known));
  return 0;
bad_size:
  sentry_copy_out_object (um, addr, &known);
  return -E2BIG;
}

gint64
sentry_sys_sched_setattr (SentryTask *task, const SentrySyscallArgs *args)
{
  gint32 pid = (gint32) args->arg[0];
  SentrySchedule s;
  SentryTask *target;
  SchedAttr attr;
  int r;

  if (args->arg[1] == 0 || pid < 0 || (guint32) args->arg[2] != 0)
    return -EINVAL;
  r = copy_in_attr (task, args->arg[1], &attr);
  if (r < 0)
    return r;
  if ((gint32) attr.policy < 0 || (attr.flags & ~(guint64) KNOWN_FLAGS))
    return -EINVAL;
  target = find (task, pid);
  if (target == NULL)
    return -ESRCH;
  sentry_task_get_schedule (target, &s);
  if (!(attr.flags & FLAG_KEEP_POLICY))
    s.policy = (gint32) attr.policy;
  if (!(attr.flags & FLAG_KEEP_PARAMS))
    {
      s.priority = (gint32) attr.priority;
      s.nice = CLAMP (attr.nice, -20, 19);
    }
  s.reset_on_fork = (attr.flags & FLAG_RESET_ON_FORK) != 0;
  r = check_schedule (&s);
  if (r == 0)
    r = sentry_task_set_schedule (task, target, &s);
  sentry_task_unref (target);
  return r;
}

gint64
sentry_sys_sched_getattr (SentryTask *task, const SentrySyscallArgs *args)
{
  guint32 size = (guint32) args->arg[2];
  SchedAttr attr = { 0 };
  SentrySchedule s;
  int r;

  if (args->arg[1] == 0 || (gint32) args->arg[0] < 0 || size > 4096 || size < ATTR_SIZE_VER0
      || (guint32) args->arg[3] != 0)
    return -EINVAL;
  r = ask (task, (gint32) args->arg[0], &s);
  if (r < 0)
    return r;
  attr.size = MIN (size, sizeof attr);
  attr.policy = (guint32) s.policy;
  attr.flags = s.reset_on_fork ? FLAG_RESET_ON_FORK : 0;
  attr.priority = (guint32) s.priority;
  attr.nice = s.nice;
  attr.util_max = 1024;
  return sentry_copy_out (sentry_task_usermem (task), args->arg[1], &attr, attr.size);
}

/* --- nice values --- */

typedef struct
{
  SentryTask *task;
  int nice, result;
} Priority;

static void
best_nice (SentryTask *target, gpointer data)
{
  Priority *p = data;
  SentrySchedule s;

  sentry_task_get_schedule (target, &s);
  p->result = MAX (p->result, 20 - s.nice);
}

gint64
sentry_sys_getpriority (SentryTask *task, const SentrySyscallArgs *args)
{
  int which = (int) args->arg[0];
  Priority p = { .result = -ESRCH };

  if (which < PRIO_PROCESS || which > PRIO_USER)
    return -EINVAL;
  sentry_task_foreach_priority (task, which, (gint32) args->arg[1], best_nice, &p);
  return p.result;
}

static void
set_nice (SentryTask *target, gpointer data)
{
  Priority *p = data;
  int r = sentry_task_set_nice (p->task, target, p->nice);

  if (r < 0 || p->result == -ESRCH)
    p->result = r;
}

gint64
sentry_sys_setpriority (SentryTask *task, const SentrySyscallArgs *args)
{
  int which = (int) args->arg[0];
  Priority p = { .task = task, .nice = CLAMP ((int) args->arg[2], -20, 19), .result = -ESRCH };

  if (which < PRIO_PROCESS || which > PRIO_USER)
    return -EINVAL;
  sentry_task_foreach_priority (task, which, (gint32) args->arg[1], set_nice, &p);
  return p.result;
}
