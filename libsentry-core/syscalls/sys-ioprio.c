/* ioprio_set and ioprio_get. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/ioprio.h>
#include <sys/resource.h>

#include "kernel/attributes.h"
#include "syscalls/handlers.h"

/* IOPRIO_WHO_PROCESS, PGRP, USER are 1, 2, 3; getpriority's are one less. */
#define TO_PRIO_WHICH(which) ((which) -IOPRIO_WHO_PROCESS)

static int
check (SentryTask *task, guint32 ioprio)
{
  guint32 klass = IOPRIO_PRIO_CLASS (ioprio), level = ioprio & 7;

  switch (klass)
    {
    case IOPRIO_CLASS_RT:
      return sentry_task_capable (task, CAP_SYS_ADMIN) || sentry_task_capable (task, CAP_SYS_NICE)
                 ? 0
                 : -EPERM;
    case IOPRIO_CLASS_BE:
    case IOPRIO_CLASS_IDLE:
      return 0;
    case IOPRIO_CLASS_NONE:
      return level == 0 ? 0 : -EINVAL;
    default:
      return -EINVAL;
    }
}

typedef struct
{
  SentryTask *task;
  guint32 ioprio;
  int result;
} Change;

static void
set_one (SentryTask *target, gpointer data)
{
  Change *c = data;
  int r;

  if (c->result < 0 && c->result != -ESRCH)
    return;
  r = sentry_task_set_ioprio (c->task, target, c->ioprio);
  c->result = r;
}

gint64
sentry_sys_ioprio_set (SentryTask *task, const SentrySyscallArgs *args)
{
  int which = (int) args->arg[0], r;
  Change c = { task, (guint32) args->arg[2], -ESRCH };

  r = check (task, c.ioprio);
  if (r < 0)
    return r;
  if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
    return -EINVAL;
  sentry_task_foreach_priority (task, TO_PRIO_WHICH (which), (gint32) args->arg[1], set_one, &c);
  return c.result;
}

/* What a task without a setting of its own has: best effort, by its nice value. */
static guint32
effective (SentryTask *target)
{
  guint32 ioprio = sentry_task_get_ioprio (target);
  SentrySchedule s;

  if (IOPRIO_PRIO_CLASS (ioprio) != IOPRIO_CLASS_NONE)
    return ioprio;
  sentry_task_get_schedule (target, &s);
  return IOPRIO_PRIO_VALUE (IOPRIO_CLASS_BE, (s.nice + 20) / 5);
}

/* The best of several: the lower class number, then the lower level. */
static void
get_best (SentryTask *target, gpointer data)
{
  Change *c = data;
  int value = (int) effective (target);

  c->result = c->result < 0 ? value : MIN (c->result, value);
}

static void
get_one (SentryTask *target, gpointer data)
{
  ((Change *) data)->result = (int) sentry_task_get_ioprio (target);
}

gint64
sentry_sys_ioprio_get (SentryTask *task, const SentrySyscallArgs *args)
{
  int which = (int) args->arg[0];
  Change c = { .task = task, .result = -ESRCH };

  if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
    return -EINVAL;
  sentry_task_foreach_priority (task, TO_PRIO_WHICH (which), (gint32) args->arg[1],
                                which == IOPRIO_WHO_PROCESS ? get_one : get_best, &c);
  return c.result;
}
