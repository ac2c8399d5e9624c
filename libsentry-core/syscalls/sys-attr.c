/* Changing what a file is: mode, owner, times, size. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <utime.h>

#include "auth/user-namespace.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

static gint64
set_path (SentryTask *task, const SentryPath *path, const SentrySetAttr *set)
{
  return sentry_mount_namespace_ops (task->mount_ns)
      ->setattr (task->mount_ns, path, task->cred, set);
}

static gint64
set_at (SentryTask *task, int dirfd, guint64 name, guint32 lookup, gboolean null_is_empty,
        const SentrySetAttr *set)
{
  SentryPath path;
  gint64 r = sentry_path_arg_lookup (task, dirfd, name, lookup, null_is_empty, &path);

  if (r < 0)
    return r;
  r = set_path (task, &path, set);
  sentry_path_unref (&path);
  return r;
}

static gint64
set_fd (SentryTask *task, gint64 fd, const SentrySetAttr *set)
{
  SentryFile *f = sentry_task_file_io (task, fd);
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = set_path (task, &f->path, set);
  sentry_file_unref (f);
  return r;
}

static gint64
do_chmod (SentryTask *task, int dirfd, guint64 name, guint32 mode, int flags)
{
  SentrySetAttr set = { .valid = SENTRY_SET_MODE, .mode = mode & 07777 };

  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
    return -EINVAL;
  return set_at (task, dirfd, name,
                 (flags & AT_SYMLINK_NOFOLLOW ? 0 : SENTRY_LOOKUP_FOLLOW)
                     | (flags & AT_EMPTY_PATH ? SENTRY_LOOKUP_EMPTY : 0),
                 FALSE, &set);
}

gint64
sentry_sys_chmod (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_chmod (task, AT_FDCWD, args->arg[0], args->arg[1], 0);
}

gint64
sentry_sys_fchmodat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_chmod (task, args->arg[0], args->arg[1], args->arg[2], 0);
}

gint64
sentry_sys_fchmodat2 (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_chmod (task, args->arg[0], args->arg[1], args->arg[2], args->arg[3]);
}

gint64
sentry_sys_fchmod (SentryTask *task, const SentrySyscallArgs *args)
{
  SentrySetAttr set = { .valid = SENTRY_SET_MODE, .mode = args->arg[1] & 07777 };

  return set_fd (task, args->arg[0], &set);
}

/* -1 leaves an id alone; other ids must be known to the caller's user namespace. */
static int
chown_set (SentryTask *task, guint32 uid, guint32 gid, SentrySetAttr *ret_set)
{
  SentryUserNamespace *ns = task->cred->user_ns;

  *ret_set = (SentrySetAttr){ .valid = SENTRY_SET_KILL_SUID };
  if (uid != G_MAXUINT32)
    {
      ret_set->valid |= SENTRY_SET_UID;
      ret_set->uid = sentry_user_namespace_uid_from (ns, uid);
    }
  if (gid != G_MAXUINT32)
    {
      ret_set->valid |= SENTRY_SET_GID;
      ret_set->gid = sentry_user_namespace_gid_from (ns, gid);
    }
  if ((uid != G_MAXUINT32 && ret_set->uid == SENTRY_ID_INVALID)
      || (gid != G_MAXUINT32 && ret_set->gid == SENTRY_ID_INVALID))
    return -EINVAL;
  return 0;
}

static gint64
do_chown (SentryTask *task, int dirfd, guint64 name, guint32 uid, guint32 gid, int flags)
{
  SentrySetAttr set;
  gint64 r;

  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
    return -EINVAL;
  r = chown_set (task, uid, gid, &set);
  if (r < 0)
    return r;
  return set_at (task, dirfd, name,
                 (flags & AT_SYMLINK_NOFOLLOW ? 0 : SENTRY_LOOKUP_FOLLOW)
                     | (flags & AT_EMPTY_PATH ? SENTRY_LOOKUP_EMPTY : 0),
                 FALSE, &set);
}

gint64
sentry_sys_chown (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_chown (task, AT_FDCWD, args->arg[0], args->arg[1], args->arg[2], 0);
}

gint64
sentry_sys_lchown (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_chown (task, AT_FDCWD, args->arg[0], args->arg[1], args->arg[2], AT_SYMLINK_NOFOLLOW);
}

gint64
sentry_sys_fchownat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_chown (task, args->arg[0], args->arg[1], args->arg[2], args->arg[3], args->arg[4]);
}

gint64
sentry_sys_fchown (SentryTask *task, const SentrySyscallArgs *args)
{
  SentrySetAttr set;
  gint64 r = chown_set (task, args->arg[1], args->arg[2], &set);

  return r < 0 ? r : set_fd (task, args->arg[0], &set);
}

/* --- times --- */

static int
times_set (const struct timespec *ts, SentrySetAttr *ret_set)
{
  *ret_set = (SentrySetAttr){ 0 };
  if (ts == NULL)
    {
      ret_set->valid = SENTRY_SET_ATIME_NOW | SENTRY_SET_MTIME_NOW;
      return 0;
    }
  for (int i = 0; i < 2; i++)
    if (ts[i].tv_nsec != UTIME_NOW && ts[i].tv_nsec != UTIME_OMIT
        && (ts[i].tv_nsec < 0 || ts[i].tv_nsec >= 1000000000))
      return -EINVAL;
  if (ts[0].tv_nsec != UTIME_OMIT)
    ret_set->valid |= ts[0].tv_nsec == UTIME_NOW ? SENTRY_SET_ATIME_NOW : SENTRY_SET_ATIME;
  if (ts[1].tv_nsec != UTIME_OMIT)
    ret_set->valid |= ts[1].tv_nsec == UTIME_NOW ? SENTRY_SET_MTIME_NOW : SENTRY_SET_MTIME;
  if (ts[0].tv_nsec != UTIME_NOW || ts[1].tv_nsec != UTIME_NOW)
    ret_set->valid |= SENTRY_SET_TIMES_CHOSEN;
  ret_set->atime = (SentryTimestamp){ ts[0].tv_sec, ts[0].tv_nsec };
  ret_set->mtime = (SentryTimestamp){ ts[1].tv_sec, ts[1].tv_nsec };
  return 0;
}

/* do_utimes: a NULL name means the descriptor itself. */
static gint64
do_utimes (SentryTask *task, int dirfd, guint64 name, const struct timespec *ts, int flags)
{
  SentrySetAttr set;
  gint64 r = times_set (ts, &set);

  if (r < 0)
    return r;
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
    return -EINVAL;
  if (name == 0 && dirfd != AT_FDCWD)
    return flags != 0 ? -EINVAL : set_fd (task, dirfd, &set);
  return set_at (task, dirfd, name,
                 (flags & AT_SYMLINK_NOFOLLOW ? 0 : SENTRY_LOOKUP_FOLLOW)
                     | (flags & AT_EMPTY_PATH ? SENTRY_LOOKUP_EMPTY : 0),
                 FALSE, &set);
}

gint64
sentry_sys_utimensat (SentryTask *task, const SentrySyscallArgs *args)
{
  struct timespec ts[2];

  if (args->arg[2] == 0)
    return do_utimes (task, args->arg[0], args->arg[1], NULL, args->arg[3]);
  if (sentry_copy_in (sentry_task_usermem (task), ts, args->arg[2], sizeof ts) < 0)
    return -EFAULT;
  if (ts[0].tv_nsec == UTIME_OMIT && ts[1].tv_nsec == UTIME_OMIT)
    return 0;
  return do_utimes (task, args->arg[0], args->arg[1], ts, args->arg[3]);
}

static gint64
do_futimesat (SentryTask *task, int dirfd, guint64 name, guint64 times)
{
  struct timespec ts[2];
  struct timeval tv[2];

  if (times == 0)
    return do_utimes (task, dirfd, name, NULL, 0);
  if (sentry_copy_in (sentry_task_usermem (task), tv, times, sizeof tv) < 0)
    return -EFAULT;
  for (int i = 0; i < 2; i++)
    {
      if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
        return -EINVAL;
      ts[i] = (struct timespec){ tv[i].tv_sec, tv[i].tv_usec * 1000 };
    }
  return do_utimes (task, dirfd, name, ts, 0);
}

gint64
sentry_sys_utimes (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_futimesat (task, AT_FDCWD, args->arg[0], args->arg[1]);
}

gint64
sentry_sys_futimesat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_futimesat (task, args->arg[0], args->arg[1], args->arg[2]);
}

gint64
sentry_sys_utime (SentryTask *task, const SentrySyscallArgs *args)
{
  struct timespec ts[2] = { 0 };
  struct utimbuf ut;

  if (args->arg[1] == 0)
    return do_utimes (task, AT_FDCWD, args->arg[0], NULL, 0);
  if (sentry_copy_in_object (sentry_task_usermem (task), &ut, args->arg[1]) < 0)
    return -EFAULT;
  ts[0].tv_sec = ut.actime;
  ts[1].tv_sec = ut.modtime;
  return do_utimes (task, AT_FDCWD, args->arg[0], ts, 0);
}

/* --- size --- */

static gint64
check_size_limit (SentryTask *task, gint64 size)
{
  guint64 limit = sentry_limits_get (sentry_task_limits (task), RLIMIT_FSIZE);

  if (limit == SENTRY_RLIM_INFINITY || (guint64) size <= limit)
    return 0;
  sentry_task_send_self (task, SIGXFSZ);
  return -EFBIG;
}

gint64
sentry_sys_truncate (SentryTask *task, const SentrySyscallArgs *args)
{
  SentrySetAttr set = { .valid = SENTRY_SET_SIZE | SENTRY_SET_KILL_SUID, .size = args->arg[1] };
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (task->mount_ns);
  SentryPath path;
  guint32 type;
  gint64 r;

  if ((gint64) args->arg[1] < 0)
    return -EINVAL;
  r = sentry_path_arg_lookup (task, AT_FDCWD, args->arg[0], SENTRY_LOOKUP_FOLLOW, FALSE, &path);
  if (r < 0)
    return r;
  type = sentry_path_inode (&path)->type;
  if (type != S_IFREG)
    r = type == S_IFDIR ? -EISDIR : -EINVAL;
  if (r == 0)
    r = ops->access (task->mount_ns, &path, task->cred, SENTRY_MAY_WRITE);
  if (r == 0)
    r = sentry_inode_get_writer (sentry_path_inode (&path));
  if (r == 0)
    {
      r = check_size_limit (task, args->arg[1]);
      if (r == 0)
        r = set_path (task, &path, &set);
      sentry_inode_put_writer (sentry_path_inode (&path));
    }
  sentry_path_unref (&path);
  return r;
}

gint64
sentry_sys_ftruncate (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f;
  gint64 r;

  if ((gint64) args->arg[1] < 0)
    return -EINVAL;
  f = sentry_task_file_io (task, args->arg[0]);
  if (f == NULL)
    return -EBADF;
  if (!(f->mode & SENTRY_FMODE_WRITE) || f->inode == NULL || f->inode->type != S_IFREG)
    r = -EINVAL;
  else
    r = check_size_limit (task, args->arg[1]);
  if (r == 0)
    r = f->ops->truncate != NULL ? f->ops->truncate (f, args->arg[1]) : -EINVAL;
  sentry_file_unref (f);
  return r;
}
