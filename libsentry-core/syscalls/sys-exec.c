/* execve and execveat. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "kernel/process.h"
#include "syscalls/handlers.h"

static gint64
do_exec (SentryTask *task, int dirfd, guint64 path_addr, guint64 argv_addr, guint64 envv_addr,
         int flags)
{
  g_autofree char *path = NULL;
  g_auto (GStrv) argv = NULL;
  g_auto (GStrv) envv = NULL;
  gsize budget = sentry_task_exec_budget (task);
  int r;

  r = sentry_copy_in_path (sentry_task_usermem (task), path_addr, &path);
  if (r == 0)
    r = sentry_task_copy_in_strv (task, argv_addr, &budget, &argv);
  if (r == 0)
    r = sentry_task_copy_in_strv (task, envv_addr, &budget, &envv);
  return r < 0 ? r : sentry_task_execve (task, dirfd, path, argv, envv, flags);
}

gint64
sentry_sys_execve (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_exec (task, AT_FDCWD, args->arg[0], args->arg[1], args->arg[2], 0);
}

gint64
sentry_sys_execveat (SentryTask *task, const SentrySyscallArgs *args)
{
  int flags = (int) args->arg[4];

  if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
    return -EINVAL;
  return do_exec (task, (int) args->arg[0], args->arg[1], args->arg[2], args->arg[3], flags);
}
