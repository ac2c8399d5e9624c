/* Mode bits, capabilities, sticky directories, and what new inodes inherit.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "permission.h"

#include <errno.h>

static inline guint32
load32 (const guint32 *p)
{
  return __atomic_load_n (p, __ATOMIC_RELAXED);
}

static gboolean
knows_ids (const SentryCred *cred, guint32 uid, guint32 gid)
{
  SentryUserNamespace *ns = cred->user_ns;

  return sentry_user_namespace_uid_from (ns, sentry_user_namespace_uid_to (ns, uid)) == uid
         && sentry_user_namespace_gid_from (ns, sentry_user_namespace_gid_to (ns, gid)) == gid;
}

gboolean
sentry_fs_capable_for (SentryInode *inode, const SentryCred *cred, int cap)
{
  return sentry_cred_capable_in (cred, cred->user_ns, cap)
         && knows_ids (cred, load32 (&inode->uid), load32 (&inode->gid));
}

gboolean
sentry_fs_is_owner (SentryInode *inode, const SentryCred *cred)
{
  return cred->fsuid == load32 (&inode->uid) || sentry_fs_capable_for (inode, cred, CAP_FOWNER);
}

gboolean
sentry_fs_in_group_or_capable (SentryInode *inode, const SentryCred *cred, guint32 gid)
{
  return sentry_cred_in_group (cred, gid) || sentry_fs_capable_for (inode, cred, CAP_FSETID);
}

/* acl_permission_check: only one of the three sets counts. */
static gboolean
mode_allows (SentryInode *inode, const SentryCred *cred, guint32 mask)
{
  guint32 mode = load32 (&inode->mode);

  if (cred->fsuid == load32 (&inode->uid))
    mode >>= 6;
  else if (((mode >> 3) & 7) != (mode & 7) && sentry_cred_in_group (cred, load32 (&inode->gid)))
    mode >>= 3;
  return (mask & ~mode & 7) == 0;
}

/* generic_permission */
static int
check_mode (SentryInode *inode, const SentryCred *cred, guint32 mask)
{
  gboolean is_dir = S_ISDIR (inode->type);

  if (mode_allows (inode, cred, mask))
    return 0;
  if (is_dir && !(mask & SENTRY_MAY_WRITE)
      && sentry_fs_capable_for (inode, cred, CAP_DAC_READ_SEARCH))
    return 0;
  if (!is_dir && mask == SENTRY_MAY_READ
      && sentry_fs_capable_for (inode, cred, CAP_DAC_READ_SEARCH))
    return 0;
  /* Nobody executes a file without any x bit. */
  if ((is_dir || !(mask & SENTRY_MAY_EXEC) || (load32 (&inode->mode) & 0111))
      && sentry_fs_capable_for (inode, cred, CAP_DAC_OVERRIDE))
    return 0;
  return -EACCES;
}

int
sentry_fs_permission (SentryInode *inode, const SentryCred *cred, guint32 mask)
{
  if (inode->ops->permission != NULL)
    return inode->ops->permission (inode, (SentryCred *) cred, mask);
  return check_mode (inode, cred, mask);
}

int
sentry_fs_inode_permission (SentryInode *inode, const SentryCred *cred, guint32 mask)
{
  if ((mask & SENTRY_MAY_WRITE) && __atomic_load_n (&inode->sb->read_only, __ATOMIC_RELAXED)
      && (S_ISREG (inode->type) || S_ISDIR (inode->type) || S_ISLNK (inode->type)))
    return -EROFS;
  return sentry_fs_permission (inode, cred, mask);
}

int
sentry_fs_may_create (SentryFsDentry *dir, const SentryCred *cred)
{
  if (sentry_inode_is_dead (sentry_fs_dentry_inode (dir)))
    return -ENOENT;
  if (!knows_ids (cred, cred->fsuid, cred->fsgid))
    return -EOVERFLOW;
  return sentry_fs_inode_permission (sentry_fs_dentry_inode (dir), cred,
                                     SENTRY_MAY_WRITE | SENTRY_MAY_EXEC);
}

/* check_sticky */
static gboolean
sticky_forbids (SentryInode *dir, SentryInode *victim, const SentryCred *cred)
{
  return (load32 (&dir->mode) & S_ISVTX) && cred->fsuid != load32 (&victim->uid)
         && cred->fsuid != load32 (&dir->uid) && !sentry_fs_capable_for (victim, cred, CAP_FOWNER);
}

int
sentry_fs_may_delete (SentryFsDentry *dir, SentryFsDentry *victim, const SentryCred *cred,
                      gboolean is_dir)
{
  SentryInode *dir_inode = sentry_fs_dentry_inode (dir), *inode = sentry_fs_dentry_inode (victim);
  int r;

  if (inode == NULL)
    return -ENOENT;
  r = sentry_fs_inode_permission (dir_inode, cred, SENTRY_MAY_WRITE | SENTRY_MAY_EXEC);
  if (r < 0)
    return r;
  if (sticky_forbids (dir_inode, inode, cred))
    return -EPERM;
  if (is_dir && !S_ISDIR (inode->type))
    return -ENOTDIR;
  if (!is_dir && S_ISDIR (inode->type))
    return -EISDIR;
  return sentry_inode_is_dead (dir_inode) ? -ENOENT : 0;
}

guint32
sentry_fs_prepare_mode (SentryInode *dir, const SentryCred *cred, guint32 mode, guint32 umask)
{
  if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && !S_ISDIR (mode)
      && (load32 (&dir->mode) & S_ISGID)
      && !sentry_fs_in_group_or_capable (dir, cred, load32 (&dir->gid)))
    mode &= ~S_ISGID;
  return mode & ~umask;
}

void
sentry_fs_init_owner (SentryInode *dir, const SentryCred *cred, guint32 *mode, guint32 *ret_uid,
                      guint32 *ret_gid)
{
  *ret_uid = cred->fsuid;
  *ret_gid = cred->fsgid;
  if (!(load32 (&dir->mode) & S_ISGID))
    return;
  *ret_gid = load32 (&dir->gid);
  if (S_ISDIR (*mode))
    *mode |= S_ISGID;
}
