/* What a file is: stat and kin, access, readlink, statfs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "auth/user-namespace.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

#define AT_STATX_SYNC_TYPE_MASK 0x6000

static guint32
lookup_flags (int at_flags)
{
  return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : SENTRY_LOOKUP_FOLLOW)
         | (at_flags & AT_EMPTY_PATH ? SENTRY_LOOKUP_EMPTY : 0);
}

static void
stat_from_attr (SentryTask *task, const SentryAttr *attr, struct stat *ret_st)
{
  SentryUserNamespace *ns = task->cred->user_ns;

  memset (ret_st, 0, sizeof *ret_st);
  ret_st->st_dev = makedev (attr->dev_major, attr->dev_minor);
  ret_st->st_ino = attr->ino;
  ret_st->st_nlink = attr->nlink;
  ret_st->st_mode = attr->mode;
  ret_st->st_uid = sentry_user_namespace_uid_to (ns, attr->uid);
  ret_st->st_gid = sentry_user_namespace_gid_to (ns, attr->gid);
  ret_st->st_rdev = makedev (attr->rdev_major, attr->rdev_minor);
  ret_st->st_size = attr->size;
  ret_st->st_blksize = attr->blksize;
  ret_st->st_blocks = attr->blocks;
  ret_st->st_atim = (struct timespec){ attr->atime.sec, attr->atime.nsec };
  ret_st->st_mtim = (struct timespec){ attr->mtime.sec, attr->mtime.nsec };
  ret_st->st_ctim = (struct timespec){ attr->ctime.sec, attr->ctime.nsec };
}

static gint64
copy_out_stat (SentryTask *task, const SentryAttr *attr, guint64 addr)
{
  struct stat st;

  stat_from_attr (task, attr, &st);
  return sentry_copy_out_object (sentry_task_usermem (task), addr, &st);
}

/* By name, or by descriptor when the name is empty and may be. */
static gint64
attr_at (SentryTask *task, int dirfd, guint64 name, int at_flags, gboolean null_is_empty,
         SentryAttr *ret_attr, guint32 *ret_mount_id)
{
  SentryPath path;
  gint64 r
      = sentry_path_arg_lookup (task, dirfd, name, lookup_flags (at_flags), null_is_empty, &path);

  if (r < 0)
    return r;
  r = sentry_mount_namespace_ops (task->mount_ns)->getattr (task->mount_ns, &path, ret_attr);
  if (ret_mount_id != NULL)
    *ret_mount_id = path.mount->id;
  sentry_path_unref (&path);
  return r;
}

static gint64
attr_fd (SentryTask *task, gint64 fd, SentryAttr *ret_attr)
{
  SentryFile *f = sentry_task_file (task, fd);
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = sentry_mount_namespace_ops (task->mount_ns)->getattr (task->mount_ns, &f->path, ret_attr);
  sentry_file_unref (f);
  return r;
}

gint64
sentry_sys_stat (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryAttr attr;
  gint64 r = attr_at (task, AT_FDCWD, args->arg[0], 0, FALSE, &attr, NULL);

  return r < 0 ? r : copy_out_stat (task, &attr, args->arg[1]);
}

gint64
sentry_sys_lstat (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryAttr attr;
  gint64 r = attr_at (task, AT_FDCWD, args->arg[0], AT_SYMLINK_NOFOLLOW, FALSE, &attr, NULL);

  return r < 0 ? r : copy_out_stat (task, &attr, args->arg[1]);
}

gint64
sentry_sys_fstat (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryAttr attr;
  gint64 r = attr_fd (task, args->arg[0], &attr);

  return r < 0 ? r : copy_out_stat (task, &attr, args->arg[1]);
}

gint64
sentry_sys_newfstatat (SentryTask *task, const SentrySyscallArgs *args)
{
  int flags = (int) args->arg[3];
  SentryAttr attr;
  gint64 r;

  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE_MASK))
    return -EINVAL;
  r = attr_at (task, args->arg[0], args->arg[1], flags, TRUE, &attr, NULL);
  return r < 0 ? r : copy_out_stat (task, &attr, args->arg[2]);
}

static struct statx_timestamp
to_statx_time (SentryTimestamp t)
{
  return (struct statx_timestamp){ .tv_sec = t.sec, .tv_nsec = t.nsec };
}

static void
statx_from_attr (SentryTask *task, const SentryAttr *attr, guint32 mount_id, struct statx *ret_stx)
{
  SentryUserNamespace *ns = task->cred->user_ns;

  memset (ret_stx, 0, sizeof *ret_stx);
  ret_stx->stx_mask = STATX_BASIC_STATS | STATX_MNT_ID | (attr->has_btime ? STATX_BTIME : 0);
  ret_stx->stx_blksize = attr->blksize;
  ret_stx->stx_attributes = attr->attributes;
  ret_stx->stx_attributes_mask = attr->attributes_mask;
  ret_stx->stx_nlink = attr->nlink;
  ret_stx->stx_uid = sentry_user_namespace_uid_to (ns, attr->uid);
  ret_stx->stx_gid = sentry_user_namespace_gid_to (ns, attr->gid);
  ret_stx->stx_mode = attr->mode;
  ret_stx->stx_ino = attr->ino;
  ret_stx->stx_size = attr->size;
  ret_stx->stx_blocks = attr->blocks;
  ret_stx->stx_atime = to_statx_time (attr->atime);
  ret_stx->stx_btime = to_statx_time (attr->btime);
  ret_stx->stx_ctime = to_statx_time (attr->ctime);
  ret_stx->stx_mtime = to_statx_time (attr->mtime);
  ret_stx->stx_rdev_major = attr->rdev_major;
  ret_stx->stx_rdev_minor = attr->rdev_minor;
  ret_stx->stx_dev_major = attr->dev_major;
  ret_stx->stx_dev_minor = attr->dev_minor;
  ret_stx->stx_mnt_id = mount_id;
}

gint64
sentry_sys_statx (SentryTask *task, const SentrySyscallArgs *args)
{
  int flags = (int) args->arg[2];
  struct statx stx;
  guint32 mount_id = 0;
  SentryAttr attr;
  gint64 r;

  if ((guint32) args->arg[3] & 0x80000000u /* STATX__RESERVED */)
    return -EINVAL;
  if ((flags & AT_STATX_SYNC_TYPE_MASK) == AT_STATX_SYNC_TYPE_MASK
      || (flags
          & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE_MASK)))
    return -EINVAL;
  r = attr_at (task, args->arg[0], args->arg[1], flags, TRUE, &attr, &mount_id);
  if (r < 0)
    return r;
  statx_from_attr (task, &attr, mount_id, &stx);
  return sentry_copy_out_object (sentry_task_usermem (task), args->arg[4], &stx);
}

/* access(2) judges by the real ids, with the capabilities that they would have (override_creds of
 * fs/open.c). */
static SentryCred *
real_cred (const SentryCred *cred)
{
  SentryCred *real = sentry_cred_copy (cred);

  real->fsuid = cred->ruid;
  real->fsgid = cred->rgid;
  if (!(cred->securebits & SENTRY_SECBIT_NO_SETUID_FIXUP))
    real->cap_effective = cred->ruid == 0 ? cred->cap_permitted : 0;
  return real;
}

static gint64
do_access (SentryTask *task, int dirfd, guint64 name, guint32 mode, int flags)
{
  SentryPathArg arg;
  SentryPath path;
  gint64 r;

  if ((mode & ~7u) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
    return -EINVAL;
  r = sentry_path_arg_init (task, dirfd, name, &arg);
  if (r == 0)
    {
      SentryCred *own = arg.walk.cred;
      SentryCred *judge = flags & AT_EACCESS ? sentry_cred_ref (own) : real_cred (own);

      arg.walk.cred = judge;
      r = arg.ops->lookup (arg.ns, &arg.walk, arg.name, lookup_flags (flags), &path);
      if (r == 0)
        {
          r = arg.ops->access (arg.ns, &path, judge, mode);
          sentry_path_unref (&path);
        }
      arg.walk.cred = own;
      sentry_cred_unref (judge);
    }
  sentry_path_arg_clear (&arg);
  return r;
}

gint64
sentry_sys_access (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_access (task, AT_FDCWD, args->arg[0], args->arg[1], 0);
}

gint64
sentry_sys_faccessat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_access (task, args->arg[0], args->arg[1], args->arg[2], 0);
}

gint64
sentry_sys_faccessat2 (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_access (task, args->arg[0], args->arg[1], args->arg[2], args->arg[3]);
}

static gint64
do_readlink (SentryTask *task, int dirfd, guint64 name, guint64 buf, gint32 size)
{
  g_autofree char *target = NULL;
  SentryPathArg arg;
  SentryPath path;
  gint64 r;

  if (size <= 0)
    return -EINVAL;
  r = sentry_path_arg_init (task, dirfd, name, &arg);
  if (r == 0)
    r = arg.ops->lookup (arg.ns, &arg.walk, arg.name, SENTRY_LOOKUP_EMPTY, &path);
  if (r == 0)
    {
      r = arg.ops->readlink (arg.ns, &path, arg.walk.cred, &target);
      /* readlinkat ("") on a descriptor that is no link is ENOENT, by name it is EINVAL. */
      if (r == -EINVAL && arg.name[0] == '\0')
        r = -ENOENT;
      sentry_path_unref (&path);
    }
  sentry_path_arg_clear (&arg);
  if (r < 0)
    return r;
  r = MIN ((gsize) size, strlen (target));
  return sentry_copy_out (sentry_task_usermem (task), buf, target, r) < 0 ? -EFAULT : r;
}

gint64
sentry_sys_readlink (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_readlink (task, AT_FDCWD, args->arg[0], args->arg[1], args->arg[2]);
}

gint64
sentry_sys_readlinkat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_readlink (task, args->arg[0], args->arg[1], args->arg[2], args->arg[3]);
}

static gint64
statfs_path (SentryTask *task, const SentryPath *path, guint64 addr)
{
  struct statfs st;
  int r = sentry_mount_namespace_ops (task->mount_ns)->statfs (task->mount_ns, path, &st);

  return r < 0 ? r : sentry_copy_out_object (sentry_task_usermem (task), addr, &st);
}

gint64
sentry_sys_statfs (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryPath path;
  gint64 r
      = sentry_path_arg_lookup (task, AT_FDCWD, args->arg[0], SENTRY_LOOKUP_FOLLOW, FALSE, &path);

  if (r < 0)
    return r;
  r = statfs_path (task, &path, args->arg[1]);
  sentry_path_unref (&path);
  return r;
}

gint64
sentry_sys_fstatfs (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f = sentry_task_file (task, args->arg[0]);
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = statfs_path (task, &f->path, args->arg[1]);
  sentry_file_unref (f);
  return r;
}
