/* Attributes by path: stat, notify_change, access, readlink, statfs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "namei.h"
#include "permission.h"

int
sentry_fs_getattr (SentryMountNamespace *ns, const SentryPath *path, SentryAttr *ret_attr)
{
  SentryInode *inode = path->dentry->inode;
  int r;

  memset (ret_attr, 0, sizeof *ret_attr);
  if (inode->ops->getattr == NULL)
    return -ENOSYS;
  r = inode->ops->getattr (inode, ret_attr);
  ret_attr->attributes_mask |= STATX_ATTR_MOUNT_ROOT;
  if (path->dentry->anonymous_name == NULL
      && path->dentry == &sentry_fs_mount (path->mount)->root->pub)
    ret_attr->attributes |= STATX_ATTR_MOUNT_ROOT;
  return r;
}

static guint32
mode_of (SentryInode *inode)
{
  return __atomic_load_n (&inode->mode, __ATOMIC_RELAXED);
}

static guint32
gid_of (SentryInode *inode)
{
  return __atomic_load_n (&inode->gid, __ATOMIC_RELAXED);
}

static gboolean
may_change_owner (SentryInode *inode, const SentryCred *cred, const SentrySetAttr *set)
{
  guint32 uid = __atomic_load_n (&inode->uid, __ATOMIC_RELAXED);

  if ((set->valid & SENTRY_SET_UID) && !(cred->fsuid == uid && set->uid == uid)
      && !sentry_fs_capable_for (inode, cred, CAP_CHOWN))
    return FALSE;
  if ((set->valid & SENTRY_SET_GID)
      && !(cred->fsuid == uid
           && (sentry_cred_in_group (cred, set->gid) || set->gid == gid_of (inode)))
      && !sentry_fs_capable_for (inode, cred, CAP_CHOWN))
    return FALSE;
  return TRUE;
}

/* setattr_prepare: who may. */
static int
may_set (SentryInode *inode, const SentryCred *cred, SentrySetAttr *set)
{
  if (!may_change_owner (inode, cred, set))
    return -EPERM;
  if (set->valid & SENTRY_SET_MODE)
    {
      guint32 gid = set->valid & SENTRY_SET_GID ? set->gid : gid_of (inode);

      if (!sentry_fs_is_owner (inode, cred))
        return -EPERM;
      if (!sentry_fs_in_group_or_capable (inode, cred, gid))
        set->mode &= ~S_ISGID;
    }
  if ((set->valid & (SENTRY_SET_ATIME | SENTRY_SET_MTIME | SENTRY_SET_TIMES_CHOSEN))
      && !sentry_fs_is_owner (inode, cred))
    return -EPERM;
  return 0;
}

/* may_setattr: times set to now ask for write permission of those who aren't owners. */
static int
may_touch (SentryInode *inode, const SentryCred *cred, const SentrySetAttr *set)
{
  const guint32 now = SENTRY_SET_ATIME_NOW | SENTRY_SET_MTIME_NOW;

  if ((set->valid & (now | SENTRY_SET_ATIME | SENTRY_SET_MTIME | SENTRY_SET_SIZE)) != now
      || sentry_fs_is_owner (inode, cred))
    return 0;
  return sentry_fs_inode_permission (inode, cred, SENTRY_MAY_WRITE);
}

/* Which set-id bits a change of owner or content takes away. */
static guint32
mode_without_privs (SentryInode *inode, const SentryCred *cred, guint32 mode)
{
  mode &= ~S_ISUID;
  if ((mode & S_ISGID)
      && ((mode & S_IXGRP) || !sentry_fs_in_group_or_capable (inode, cred, gid_of (inode))))
    mode &= ~S_ISGID;
  return mode;
}

/* SENTRY_SET_KILL_SUID becomes a mode, which counts like any other: who isn't the owner can't even
 * chown to what is. */
static void
resolve_kill (SentryInode *inode, const SentryCred *cred, SentrySetAttr *set)
{
  if ((set->valid & SENTRY_SET_KILL_SUID) && !S_ISDIR (inode->type))
    {
      guint32 old = set->valid & SENTRY_SET_MODE ? set->mode : mode_of (inode) & 07777;
      guint32 mode = mode_without_privs (inode, cred, old);

      if (mode != old || (set->valid & SENTRY_SET_MODE))
        {
          set->valid |= SENTRY_SET_MODE;
          set->mode = mode;
        }
    }
  set->valid &= ~SENTRY_SET_KILL_SUID;
}

/* Also with nothing to set: the change time moves. */
static int
apply (SentryInode *inode, SentryCred *cred, const SentrySetAttr *set)
{
  return inode->ops->setattr == NULL ? -EPERM : inode->ops->setattr (inode, cred, set);
}

int
sentry_fs_truncate (SentryInode *inode, SentryCred *cred, guint64 size, guint32 more_valid)
{
  SentrySetAttr set = { .valid = SENTRY_SET_SIZE | more_valid, .size = size };

  if (!sentry_cred_capable_in (cred, cred->user_ns, CAP_FSETID))
    set.valid |= SENTRY_SET_KILL_SUID;
  resolve_kill (inode, cred, &set);
  return apply (inode, cred, &set);
}

/* truncate(2): what vfs_truncate asks. */
static int
truncate_path (const SentryPath *path, SentryCred *cred, guint64 size)
{
  SentryInode *inode = path->dentry->inode;
  int r;

  if (S_ISDIR (inode->type))
    return -EISDIR;
  if (!S_ISREG (inode->type))
    return -EINVAL;
  if (sentry_fs_mount_is_read_only (path->mount))
    return -EROFS;
  r = sentry_fs_inode_permission (inode, cred, SENTRY_MAY_WRITE);
  if (r == 0)
    r = sentry_inode_get_writer (inode);
  if (r < 0)
    return r;
  r = sentry_fs_truncate (inode, cred, size, 0);
  sentry_inode_put_writer (inode);
  return r;
}

int
sentry_fs_setattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                   const SentrySetAttr *set)
{
  SentryInode *inode = path->dentry->inode;
  SentrySetAttr copy = *set;
  int r;

  if (set->valid & SENTRY_SET_SIZE)
    return truncate_path (path, cred, set->size);
  if (sentry_fs_mount_is_read_only (path->mount))
    return -EROFS;
  /* A symbolic link has no mode of its own: vfs refuses before the file system is asked. */
  if ((set->valid & SENTRY_SET_MODE) && S_ISLNK (inode->type))
    return -EOPNOTSUPP;
  copy.mode &= 07777;
  resolve_kill (inode, cred, &copy);
  r = may_touch (inode, cred, &copy);
  if (r == 0)
    r = may_set (inode, cred, &copy);
  return r < 0 ? r : apply (inode, cred, &copy);
}

int
sentry_fs_access (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred, guint32 mask)
{
  SentryInode *inode = path->dentry->inode;
  int r;

  if ((mask & SENTRY_MAY_EXEC) && S_ISREG (inode->type)
      && ((sentry_fs_mount_flags (path->mount) & MS_NOEXEC)
          || (path->mount->sb != NULL && path->mount->sb->no_exec)))
    return -EACCES;
  r = mask == 0 ? 0 : sentry_fs_inode_permission (inode, cred, mask);
  if (r == 0 && (mask & SENTRY_MAY_WRITE) && sentry_fs_mount_is_read_only (path->mount)
      && !S_ISCHR (inode->type) && !S_ISBLK (inode->type) && !S_ISFIFO (inode->type)
      && !S_ISSOCK (inode->type))
    return -EROFS;
  return r;
}

int
sentry_fs_readlink (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                    char **ret_target)
{
  SentryInode *inode = path->dentry->inode;
  const char *target;
  char *own;
  int r;

  if (!S_ISLNK (inode->type))
    return -EINVAL;
  r = sentry_fs_link_target (sentry_fs_dentry (path->dentry), cred, &target, &own);
  if (r == 0)
    *ret_target = own != NULL ? own : g_strdup (target);
  return r;
}

/* ST_* bits as statfs(2) shows them; ST_VALID says that they are there. */
static long
statfs_flags (guint32 mount_flags, SentrySuperBlock *sb)
{
  static const struct
  {
    guint32 mount;
    long st;
  } bits[] = { { MS_RDONLY, 0x1 },       { MS_NOSUID, 0x2 },       { MS_NODEV, 0x4 },
               { MS_NOEXEC, 0x8 },       { MS_SYNCHRONOUS, 0x10 }, { MS_NOATIME, 0x400 },
               { MS_NODIRATIME, 0x800 }, { MS_RELATIME, 0x1000 },  { 256, 0x2000 } };
  long st = 0x20;

  if (__atomic_load_n (&sb->read_only, __ATOMIC_RELAXED))
    st |= 0x1;
  for (guint i = 0; i < G_N_ELEMENTS (bits); i++)
    if (mount_flags & bits[i].mount)
      st |= bits[i].st;
  return st;
}

int
sentry_fs_statfs (SentryMountNamespace *ns, const SentryPath *path, struct statfs *ret_st)
{
  SentrySuperBlock *sb = path->mount->sb;
  int r;

  memset (ret_st, 0, sizeof *ret_st);
  if (sb == NULL || sb->ops->statfs == NULL)
    return -ENOSYS;
  r = sb->ops->statfs (sb, ret_st);
  if (r < 0)
    return r;
  ret_st->f_flags = statfs_flags (sentry_fs_mount_flags (path->mount), sb);
  return 0;
}
