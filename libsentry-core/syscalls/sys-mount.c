/* mount, umount2, pivot_root. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

#define PAGE_SIZE 4096

/* The data of mount(2): up to a page, NUL-terminated by us; NULL stays NULL. */
static int
copy_in_data (SentryUserMem *um, guint64 addr, char **ret_data)
{
  char *data;

  *ret_data = NULL;
  if (addr == 0)
    return 0;
  data = g_malloc0 (PAGE_SIZE + 1);
  if (sentry_copy_in_partial (um, data, addr, PAGE_SIZE) == 0)
    {
      g_free (data);
      return -EFAULT;
    }
  *ret_data = data;
  return 0;
}

static int
copy_in_optional (SentryUserMem *um, guint64 addr, char **ret_string)
{
  *ret_string = NULL;
  return addr == 0 ? 0 : sentry_copy_in_path (um, addr, ret_string);
}

gint64
sentry_sys_mount (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  g_autofree char *source = NULL, *type = NULL, *data = NULL;
  SentryPathArg target;
  gint64 r = copy_in_optional (um, args->arg[2], &type);

  if (r == 0)
    r = copy_in_optional (um, args->arg[0], &source);
  if (r == 0)
    r = copy_in_data (um, args->arg[4], &data);
  if (r < 0)
    return r;
  r = sentry_path_arg_init (task, AT_FDCWD, args->arg[1], &target);
  if (r == 0 && !sentry_task_capable (task, CAP_SYS_ADMIN))
    r = -EPERM;
  if (r == 0)
    r = target.ops->mount (target.ns, &target.walk, source, target.name, type, args->arg[3], data);
  sentry_path_arg_clear (&target);
  return r;
}

gint64
sentry_sys_umount2 (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryPathArg target;
  gint64 r;

  if (args->arg[1] & ~(guint64) (MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
    return -EINVAL;
  r = sentry_path_arg_init (task, AT_FDCWD, args->arg[0], &target);
  if (r == 0 && !sentry_task_capable (task, CAP_SYS_ADMIN))
    r = -EPERM;
  if (r == 0)
    r = target.ops->umount (target.ns, &target.walk, target.name, args->arg[1]);
  sentry_path_arg_clear (&target);
  return r;
}

gint64
sentry_sys_pivot_root (SentryTask *task, const SentrySyscallArgs *args)
{
  const guint32 flags = SENTRY_LOOKUP_FOLLOW | SENTRY_LOOKUP_DIRECTORY;
  SentryPath new_root, put_old, root;
  gint64 r;

  if (!sentry_task_capable (task, CAP_SYS_ADMIN))
    return -EPERM;
  r = sentry_path_arg_lookup (task, AT_FDCWD, args->arg[0], flags, FALSE, &new_root);
  if (r < 0)
    return r;
  r = sentry_path_arg_lookup (task, AT_FDCWD, args->arg[1], flags, FALSE, &put_old);
  if (r == 0)
    {
      sentry_fs_state_get (task->fs, &root, NULL);
      r = sentry_mount_namespace_ops (task->mount_ns)
              ->pivot_root (task->mount_ns, &root, &new_root, &put_old);
      sentry_path_unref (&root);
      sentry_path_unref (&put_old);
    }
  sentry_path_unref (&new_root);
  return r;
}
