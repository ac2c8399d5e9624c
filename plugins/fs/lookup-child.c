/* One name in one directory: from the cache, or from its file system.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "walk.h"

/* The cached one if it still holds; what has changed behind us leaves the cache (d_revalidate,
 * d_invalidate). */
static SentryFsDentry *
get_valid (SentryFsDentry *dir, const char *name, gsize len)
{
  SentryInode *inode = sentry_fs_dentry_inode (dir);
  guint64 hash = sentry_fs_dcache_hash (dir->cache, dir, name, len);
  SentryFsDentry *d = sentry_fs_dcache_get (dir->cache, dir, name, len, hash);
  char copy[SENTRY_FS_NAME_MAX + 1];

  if (d == NULL || inode->ops->revalidate == NULL)
    return d;
  memcpy (copy, name, len);
  copy[len] = '\0';
  if (inode->ops->revalidate (inode, copy, d->pub.inode))
    return d;
  sentry_fs_dcache_remove (d);
  sentry_fs_dentry_unref (d);
  return NULL;
}

static int
ask (SentryFsDentry *dir, const SentryCred *cred, const char *name, gsize len,
     SentryFsDentry **ret_dentry)
{
  SentryInode *dir_inode = sentry_fs_dentry_inode (dir), *inode = NULL;
  char copy[SENTRY_FS_NAME_MAX + 1];
  int r;

  if (sentry_inode_is_dead (dir_inode))
    return -ENOENT;
  if (dir_inode->ops->lookup == NULL)
    return -ENOTDIR;
  memcpy (copy, name, len);
  copy[len] = '\0';
  r = dir_inode->ops->lookup (dir_inode, (SentryCred *) cred, copy, &inode);
  if (r < 0 && r != -ENOENT)
    return r;
  *ret_dentry = sentry_fs_dcache_add (dir->cache, dir, name, len, r == 0 ? inode : NULL);
  return *ret_dentry == NULL ? -ENOMEM : 0;
}

int
sentry_fs_lookup_child (SentryFsDentry *dir, const SentryCred *cred, const char *name, gsize len,
                        SentryFsDentry **ret_dentry)
{
  SentryInode *inode = sentry_fs_dentry_inode (dir);
  int r;

  if (len > SENTRY_FS_NAME_MAX)
    return -ENAMETOOLONG;
  /* Also for what was cached before the directory was removed. */
  if (sentry_inode_is_dead (inode))
    return -ENOENT;
  *ret_dentry = get_valid (dir, name, len);
  if (*ret_dentry != NULL)
    return 0;
  sentry_rwlock_read_lock (&inode->lock);
  r = ask (dir, cred, name, len, ret_dentry);
  sentry_rwlock_read_unlock (&inode->lock);
  return r;
}

int
sentry_fs_lookup_child_locked (SentryFsDentry *dir, const SentryCred *cred, const char *name,
                               gsize len, SentryFsDentry **ret_dentry)
{
  if (len > SENTRY_FS_NAME_MAX)
    return -ENAMETOOLONG;
  if (sentry_inode_is_dead (sentry_fs_dentry_inode (dir)))
    return -ENOENT;
  *ret_dentry = get_valid (dir, name, len);
  return *ret_dentry != NULL ? 0 : ask (dir, cred, name, len, ret_dentry);
}

/* A symbolic link's target never changes (one that is different tomorrow has another inode then),
 * except in proc, where it may depend on who asks. */
int
sentry_fs_link_target (SentryFsDentry *d, const SentryCred *cred, const char **ret_target,
                       char **ret_own)
{
  SentryInode *inode = sentry_fs_dentry_inode (d);
  char *target = __atomic_load_n (&d->link, __ATOMIC_ACQUIRE), *none = NULL;
  int r;

  *ret_own = NULL;
  *ret_target = target;
  if (target != NULL)
    return 0;
  if (inode->ops->readlink == NULL)
    return -EINVAL;
  r = inode->ops->readlink (inode, (SentryCred *) cred, &target);
  if (r < 0)
    return r;
  *ret_target = target;
  if (inode->sb->is_proc
      || !__atomic_compare_exchange_n (&d->link, &none, target, FALSE, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE))
    *ret_own = target;
  return 0;
}
