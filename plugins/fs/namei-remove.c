/* unlink and rmdir. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namei.h"

#include <errno.h>

#include "permission.h"

/* One removal in progress. */
typedef struct
{
  SentryFsMountNamespace *ns;
  SentryFsWalk walk;
  SentryFsDentry *dir; /* borrowed from walk; locked when not NULL */
  SentryFsDentry *victim;
  char name[SENTRY_FS_NAME_MAX + 1];
} Removal;

/* The name of what is to go, its directory locked. */
static int
find_victim (Removal *rm, const SentryCred *cred)
{
  SentryFsDentry *dir = sentry_fs_dentry (rm->walk.dentry);
  int r = sentry_fs_walk_last_name (&rm->walk, rm->name);

  if (r < 0)
    return r;
  if (sentry_fs_mount_is_read_only (rm->walk.mount))
    return -EROFS;
  rm->dir = dir;
  sentry_rwlock_write_lock (&sentry_fs_dentry_inode (dir)->lock);
  r = sentry_fs_lookup_child_locked (dir, cred, rm->name, rm->walk.last_len, &rm->victim);
  if (r == 0 && rm->victim->pub.inode == NULL)
    r = -ENOENT;
  return r;
}

static void
end (Removal *rm, gboolean done)
{
  if (rm->dir != NULL)
    sentry_rwlock_write_unlock (&sentry_fs_dentry_inode (rm->dir)->lock);
  if (done)
    sentry_fs_detach_mounts (rm->ns->vfs, rm->victim);
  sentry_fs_dentry_unref (rm->victim);
  sentry_fs_walk_clear (&rm->walk);
}

static gboolean
is_mountpoint (Removal *rm)
{
  return sentry_fs_tree_is_mountpoint (rm->ns->vfs, &rm->ns->tree, rm->victim);
}

int
sentry_fs_unlink (SentryMountNamespace *ns, const SentryWalk *walk, const char *name)
{
  Removal rm = { .ns = sentry_fs_mount_namespace (ns) };
  const SentryInodeOps *ops;
  int r = sentry_fs_lookup_parent (rm.ns->vfs, walk, name, &rm.walk);

  if (r == 0 && rm.walk.last_type != SENTRY_FS_LAST_NORMAL)
    r = -EISDIR;
  if (r == 0)
    r = find_victim (&rm, walk->cred);
  if (r == 0 && rm.walk.last_slash)
    r = S_ISDIR (rm.victim->pub.inode->type) ? -EISDIR : -ENOTDIR;
  if (r == 0)
    r = sentry_fs_may_delete (rm.dir, rm.victim, walk->cred, FALSE);
  if (r == 0)
    {
      ops = sentry_fs_dentry_inode (rm.dir)->ops;
      if (ops->unlink == NULL)
        r = -EPERM;
      else if (is_mountpoint (&rm))
        r = -EBUSY;
      else
        r = ops->unlink (sentry_fs_dentry_inode (rm.dir), rm.name, rm.victim->pub.inode);
    }
  if (r == 0)
    sentry_fs_dcache_remove (rm.victim);
  end (&rm, r == 0);
  return r;
}

static int
rmdir_last_error (SentryFsLast type)
{
  switch (type)
    {
    case SENTRY_FS_LAST_DOTDOT:
      return -ENOTEMPTY;
    case SENTRY_FS_LAST_DOT:
      return -EINVAL;
    case SENTRY_FS_LAST_NONE:
      return -EBUSY;
    case SENTRY_FS_LAST_NORMAL:
      break;
    }
  return 0;
}

int
sentry_fs_rmdir (SentryMountNamespace *ns, const SentryWalk *walk, const char *name)
{
  Removal rm = { .ns = sentry_fs_mount_namespace (ns) };
  int r = sentry_fs_lookup_parent (rm.ns->vfs, walk, name, &rm.walk);

  if (r == 0)
    r = rmdir_last_error (rm.walk.last_type);
  if (r == 0)
    r = find_victim (&rm, walk->cred);
  if (r == 0)
    r = sentry_fs_may_delete (rm.dir, rm.victim, walk->cred, TRUE);
  if (r == 0)
    r = sentry_fs_remove_dir_locked (rm.ns, rm.dir, rm.name, rm.victim);
  end (&rm, r == 0);
  return r;
}

/* vfs_rmdir: nothing can be made in it from the moment it is empty until it is gone. */
int
sentry_fs_remove_dir_locked (SentryFsMountNamespace *ns, SentryFsDentry *dir, const char *name,
                             SentryFsDentry *victim)
{
  SentryInode *dir_inode = sentry_fs_dentry_inode (dir);
  SentryInode *inode = sentry_fs_dentry_inode (victim);
  int r;

  if (dir_inode->ops->rmdir == NULL)
    return -EPERM;
  sentry_rwlock_write_lock_nested (&inode->lock);
  if (sentry_fs_tree_is_mountpoint (ns->vfs, &ns->tree, victim))
    r = -EBUSY;
  else
    r = dir_inode->ops->rmdir (dir_inode, name, inode);
  if (r == 0)
    __atomic_store_n (&inode->dead, TRUE, __ATOMIC_RELEASE);
  sentry_rwlock_write_unlock (&inode->lock);
  if (r == 0)
    sentry_fs_dcache_remove (victim);
  return r;
}
