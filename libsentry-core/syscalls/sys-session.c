/* Process groups and sessions. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "kernel/process.h"
#include "syscalls/handlers.h"

gint64
sentry_sys_setpgid (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_setpgid (task, (gint32) args->arg[0], (gint32) args->arg[1]);
}

static gint64
ask (SentryTask *task, gint32 pid, gint32 (*get) (SentryTask *task))
{
  SentryTask *target;
  gint32 r;

  if (pid == 0)
    return get (task);
  target = sentry_task_find (task, pid);
  if (target == NULL)
    return -ESRCH;
  r = get (target);
  sentry_task_unref (target);
  return r != 0 ? r : -ESRCH;
}

gint64
sentry_sys_getpgid (SentryTask *task, const SentrySyscallArgs *args)
{
  return ask (task, (gint32) args->arg[0], sentry_task_pgid);
}

gint64
sentry_sys_getpgrp (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_pgid (task);
}

gint64
sentry_sys_setsid (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_setsid (task);
}

gint64
sentry_sys_getsid (SentryTask *task, const SentrySyscallArgs *args)
{
  return ask (task, (gint32) args->arg[0], sentry_task_sid);
}
