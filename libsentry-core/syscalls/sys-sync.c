/* Durability and advice: fsync and kin, fallocate, fadvise.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>

#include "iface/sentry-inode.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"

static gint64
do_fsync (SentryTask *task, gint64 fd, gboolean data_only)
{
  SentryFile *f = sentry_task_file_io (task, fd);
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = f->ops->fsync != NULL ? f->ops->fsync (f, data_only) : -EINVAL;
  sentry_file_unref (f);
  return r;
}

gint64
sentry_sys_fsync (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_fsync (task, args->arg[0], FALSE);
}

gint64
sentry_sys_fdatasync (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_fsync (task, args->arg[0], TRUE);
}

gint64
sentry_sys_sync (SentryTask *task, const SentrySyscallArgs *args)
{
  sentry_mount_namespace_ops (task->mount_ns)->sync (task->mount_ns);
  return 0;
}

gint64
sentry_sys_syncfs (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  gint64 r = 0;

  if (f == NULL)
    return -EBADF;
  if (f->inode != NULL && f->inode->sb->ops->sync != NULL)
    r = f->inode->sb->ops->sync (f->inode->sb);
  sentry_file_unref (f);
  return r;
}

/* sync_file_range promises nothing about metadata; writing everything is within its promise. */
gint64
sentry_sys_sync_file_range (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f;
  gint64 r = 0;
  gint64 offset = args->arg[1], len = args->arg[2];

  if ((args->arg[3] & ~7ull) || offset < 0 || len < 0 || len > G_MAXINT64 - offset)
    return -EINVAL;
  f = sentry_task_file_io (task, args->arg[0]);
  if (f == NULL)
    return -EBADF;
  if (f->inode->type != S_IFREG && f->inode->type != S_IFDIR && f->inode->type != S_IFLNK
      && f->inode->type != S_IFBLK)
    r = -ESPIPE;
  else if (args->arg[3] != 0 && f->ops->fsync != NULL)
    r = f->ops->fsync (f, TRUE);
  sentry_file_unref (f);
  return r;
}

static gint64
check_fallocate (SentryFile *f, int mode, gint64 offset, gint64 len)
{
  int op = mode & ~FALLOC_FL_KEEP_SIZE;

  if (offset < 0 || len <= 0)
    return -EINVAL;
  if (mode
      & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE
          | FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE))
    return -EOPNOTSUPP;
  if ((op == FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
    return -EOPNOTSUPP;
  if (op & (op - 1))
    return -EOPNOTSUPP;
  if (!(f->mode & SENTRY_FMODE_WRITE))
    return -EBADF;
  if (f->inode->type == S_IFIFO)
    return -ESPIPE;
  if (f->inode->type == S_IFDIR)
    return -EISDIR;
  if (f->inode->type != S_IFREG)
    return -ENODEV;
  if (len > G_MAXINT64 - offset)
    return -EFBIG;
  return f->ops->fallocate == NULL ? -EOPNOTSUPP : 0;
}

gint64
sentry_sys_fallocate (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  int mode = args->arg[1];
  gint64 offset = args->arg[2], len = args->arg[3], r;
  guint64 limit = sentry_limits_get (sentry_task_limits (task), RLIMIT_FSIZE);

  if (f == NULL)
    return -EBADF;
  r = check_fallocate (f, mode, offset, len);
  if (r == 0 && !(mode & FALLOC_FL_KEEP_SIZE) && (guint64) (offset + len) > limit)
    {
      sentry_task_send_self (task, SIGXFSZ);
      r = -EFBIG;
    }
  if (r == 0)
    r = f->ops->fallocate (f, mode, offset, len);
  sentry_file_unref (f);
  return r;
}

/* Advice about the page cache, which is the host's: checked as Linux checks it, and then not
 * needed. */
gint64
sentry_sys_fadvise64 (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  gint64 r = 0;

  if (f == NULL)
    return -EBADF;
  if (f->inode->type == S_IFIFO)
    r = -ESPIPE;
  else if ((gint64) args->arg[2] < 0 || args->arg[3] > POSIX_FADV_NOREUSE)
    r = -EINVAL;
  sentry_file_unref (f);
  return r;
}

gint64
sentry_sys_readahead (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  gint64 r = 0;

  if (f == NULL)
    return -EBADF;
  if (!(f->mode & SENTRY_FMODE_READ))
    r = -EBADF;
  else if (f->inode->type != S_IFREG && f->inode->type != S_IFBLK)
    r = -EINVAL;
  sentry_file_unref (f);
  return r;
}
