/* Who may do what to an inode: Linux's generic permission checks.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "auth/sentry-cred.h"
#include "dentry.h"
#include "iface/sentry-inode.h"

G_BEGIN_DECLS

/* inode_permission without the superblock's part. 0, -EACCES, or what the file system says. */
int sentry_fs_permission (SentryInode *inode, const SentryCred *cred, guint32 mask);
/* With it: -EROFS for writing to a regular file, directory or symlink of a read-only superblock. */
int sentry_fs_inode_permission (SentryInode *inode, const SentryCred *cred, guint32 mask);

/* Search permission on a directory in a walk: one load for the usual mode.  -ECHILD: the file
 * system must be asked, which a walk without references can't do (`may_block` FALSE). */
static inline int
sentry_fs_may_search (SentryInode *dir, const SentryCred *cred, gboolean may_block)
{
  if (dir->ops->permission == NULL
      && (__atomic_load_n (&dir->mode, __ATOMIC_RELAXED) & 0111) == 0111)
    return 0;
  if (dir->ops->permission != NULL && !may_block)
    return -ECHILD;
  return sentry_fs_permission (dir, cred, SENTRY_MAY_EXEC);
}

/* Linux's capable_wrt_inode_uidgid: a capability in the caller's user namespace counts for files
 * whose owner is known there. */
gboolean sentry_fs_capable_for (SentryInode *inode, const SentryCred *cred, int cap);
/* inode_owner_or_capable. */
gboolean sentry_fs_is_owner (SentryInode *inode, const SentryCred *cred);
/* setgid_drop of new files: in the directory's group, or CAP_FSETID. */
gboolean sentry_fs_in_group_or_capable (SentryInode *inode, const SentryCred *cred, guint32 gid);

/* May `cred` make a name in `dir`: -ENOENT for a removed directory, -EACCES, -EROFS (superblock).
 */
int sentry_fs_may_create (SentryFsDentry *dir, const SentryCred *cred);
/* May it remove `victim` from `dir` (vfs_unlink, vfs_rmdir, both ends of a rename): -EACCES, -EPERM
 * (sticky), -ENOTDIR, -EISDIR, -EBUSY (a root), -ENOENT. */
int sentry_fs_may_delete (SentryFsDentry *dir, SentryFsDentry *victim, const SentryCred *cred,
                          gboolean is_dir);

/* Mode of a new inode in `dir`: umask, and S_ISGID that a non-member may not make
 * (vfs_prepare_mode). */
guint32 sentry_fs_prepare_mode (SentryInode *dir, const SentryCred *cred, guint32 mode,
                                guint32 umask);
/* inode_init_owner: fsuid, and fsgid or the group of a S_ISGID directory, which directories inherit
 * with the bit. */
void sentry_fs_init_owner (SentryInode *dir, const SentryCred *cred, guint32 *mode,
                           guint32 *ret_uid, guint32 *ret_gid);

G_END_DECLS
