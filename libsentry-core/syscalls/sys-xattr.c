/* Extended attributes. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

typedef gint64 (*XattrFunc) (SentryTask *task, const SentryPath *path, const guint64 *arg);

static gint64
on_name (SentryTask *task, const SentrySyscallArgs *args, guint32 lookup, XattrFunc func)
{
  SentryPath path;
  gint64 r = sentry_path_arg_lookup (task, AT_FDCWD, args->arg[0], lookup, FALSE, &path);

  if (r < 0)
    return r;
  r = func (task, &path, args->arg + 1);
  sentry_path_unref (&path);
  return r;
}

static gint64
on_fd (SentryTask *task, const SentrySyscallArgs *args, XattrFunc func)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = func (task, &f->path, args->arg + 1);
  sentry_file_unref (f);
  return r;
}

/* -ERANGE for an empty or too long name, as strncpy_from_user leads to in fs/xattr.c. */
static int
copy_in_name (SentryTask *task, guint64 addr, char *ret_name)
{
  gssize n = sentry_copy_in_string (sentry_task_usermem (task), ret_name, addr, XATTR_NAME_MAX + 1);

  return n == -ENAMETOOLONG || n == 0 ? -ERANGE : n < 0 ? (int) n : 0;
}

static gint64
do_set (SentryTask *task, const SentryPath *path, const guint64 *arg)
{
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (task->mount_ns);
  char name[XATTR_NAME_MAX + 1];
  g_autofree guint8 *value = NULL;
  gsize size = arg[2];
  int r;

  if (arg[3] & ~(guint64) (XATTR_CREATE | XATTR_REPLACE))
    return -EINVAL;
  r = copy_in_name (task, arg[0], name);
  if (r < 0)
    return r;
  if (size > XATTR_SIZE_MAX)
    return -E2BIG;
  value = g_malloc (size + 1);
  if (sentry_copy_in (sentry_task_usermem (task), value, arg[1], size) < 0)
    return -EFAULT;
  return ops->setxattr (task->mount_ns, path, task->cred, name, value, size, arg[3]);
}

static gint64
do_get (SentryTask *task, const SentryPath *path, const guint64 *arg)
{
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (task->mount_ns);
  char name[XATTR_NAME_MAX + 1];
  g_autofree guint8 *value = NULL;
  gsize size = MIN (arg[2], XATTR_SIZE_MAX);
  gssize n = copy_in_name (task, arg[0], name);

  if (n < 0)
    return n;
  value = g_malloc (size + 1);
  n = ops->getxattr (task->mount_ns, path, task->cred, name, value, size);
  if (n > 0 && size > 0 && sentry_copy_out (sentry_task_usermem (task), arg[1], value, n) < 0)
    return -EFAULT;
  return n;
}

static gint64
do_list (SentryTask *task, const SentryPath *path, const guint64 *arg)
{
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (task->mount_ns);
  gsize size = MIN (arg[1], XATTR_LIST_MAX);
  g_autofree char *list = g_malloc (size + 1);
  gssize n = ops->listxattr (task->mount_ns, path, task->cred, list, size);

  if (n > 0 && size > 0 && sentry_copy_out (sentry_task_usermem (task), arg[0], list, n) < 0)
    return -EFAULT;
  return n;
}

static gint64
do_remove (SentryTask *task, const SentryPath *path, const guint64 *arg)
{
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (task->mount_ns);
  char name[XATTR_NAME_MAX + 1];
  int r = copy_in_name (task, arg[0], name);

  return r < 0 ? r : ops->removexattr (task->mount_ns, path, task->cred, name);
}

gint64
sentry_sys_setxattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_name (task, args, SENTRY_LOOKUP_FOLLOW, do_set);
}

gint64
sentry_sys_lsetxattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_name (task, args, 0, do_set);
}

gint64
sentry_sys_fsetxattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_fd (task, args, do_set);
}

gint64
sentry_sys_getxattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_name (task, args, SENTRY_LOOKUP_FOLLOW, do_get);
}

gint64
sentry_sys_lgetxattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_name (task, args, 0, do_get);
}

gint64
sentry_sys_fgetxattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_fd (task, args, do_get);
}

gint64
sentry_sys_listxattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_name (task, args, SENTRY_LOOKUP_FOLLOW, do_list);
}

gint64
sentry_sys_llistxattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_name (task, args, 0, do_list);
}

gint64
sentry_sys_flistxattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_fd (task, args, do_list);
}

gint64
sentry_sys_removexattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_name (task, args, SENTRY_LOOKUP_FOLLOW, do_remove);
}

gint64
sentry_sys_lremovexattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_name (task, args, 0, do_remove);
}

gint64
sentry_sys_fremovexattr (SentryTask *task, const SentrySyscallArgs *args)
{
  return on_fd (task, args, do_remove);
}
