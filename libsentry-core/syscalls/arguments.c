/* Decoding what many file calls take. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "syscalls/arguments.h"

#include <errno.h>
#include <fcntl.h>

#include "usermem/sentry-usermem.h"

int
sentry_path_arg_init (SentryTask *task, int dirfd, guint64 addr, SentryPathArg *ret_arg)
{
  int r;

  *ret_arg = (SentryPathArg){ 0 };
  r = sentry_copy_in_path (sentry_task_usermem (task), addr, &ret_arg->name);
  if (r < 0)
    return r;
  sentry_task_walk_init (task, dirfd, &ret_arg->walk);
  ret_arg->ns = task->mount_ns;
  ret_arg->ops = sentry_mount_namespace_ops (ret_arg->ns);
  return 0;
}

void
sentry_path_arg_clear (SentryPathArg *arg)
{
  if (arg->ns != NULL)
    sentry_task_walk_clear (&arg->walk);
  g_free (arg->name);
}

int
sentry_path_arg_lookup (SentryTask *task, int dirfd, guint64 addr, guint32 flags,
                        gboolean null_is_empty, SentryPath *ret_path)
{
  SentryPathArg arg;
  int r = 0;

  if (addr == 0 && null_is_empty && (flags & SENTRY_LOOKUP_EMPTY))
    {
      arg = (SentryPathArg){ .name = g_strdup ("") };
      sentry_task_walk_init (task, dirfd, &arg.walk);
      arg.ns = task->mount_ns;
      arg.ops = sentry_mount_namespace_ops (arg.ns);
    }
  else
    r = sentry_path_arg_init (task, dirfd, addr, &arg);
  if (r == 0)
    r = arg.ops->lookup (arg.ns, &arg.walk, arg.name, flags, ret_path);
  sentry_path_arg_clear (&arg);
  return r;
}

SentryFile *
sentry_task_file (SentryTask *task, gint64 fd)
{
  return sentry_fd_table_get (task->fds, (int) fd);
}

SentryFile *
sentry_task_file_io (SentryTask *task, gint64 fd)
{
  return sentry_fd_table_get_io (task->fds, (int) fd);
}

int
sentry_task_take_call_mask (SentryTask *task, guint64 addr, guint64 size)
{
  SentrySigset mask;

  if (addr == 0)
    return 0;
  if (size != sizeof mask)
    return -EINVAL;
  if (sentry_copy_in_object (sentry_task_usermem (task), &mask, addr) < 0)
    return -EFAULT;
  sentry_task_call_set_mask (task, mask);
  return 0;
}
