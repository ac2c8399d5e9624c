/* rename, with exchange, no-replace and whiteout. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namei.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "permission.h"

#ifndef RENAME_WHITEOUT
#  define RENAME_WHITEOUT (1 << 2)
#endif

/* One end of a rename. */
typedef struct
{
  SentryFsWalk walk;
  SentryFsDentry *dir; /* borrowed from walk */
  SentryFsDentry *d;   /* what the name is; owned */
  char name[SENTRY_FS_NAME_MAX + 1];
  SentryFsName *becomes; /* the name that goes there; owned until the move */
} End;

typedef struct
{
  SentryFsMountNamespace *ns;
  const SentryCred *cred;
  guint32 flags;
  End from, to;
  SentryFsDentry *trap; /* the child of one directory on the way to the other; borrowed */
  gboolean locked, rename_locked;
} Rename;

static SentryInode *
dir_inode (const End *e)
{
  return sentry_fs_dentry_inode (e->dir);
}

/* The child of `top` that `d` is below of; NULL if `top` isn't above it. */
static SentryFsDentry *
child_towards (SentryFsDentry *top, SentryFsDentry *d)
{
  while (d != NULL && d->parent != top)
    d = d->parent;
  return d;
}

/* lock_rename: ancestors first, strangers by address.  Under the superblock's rename lock no
 * directory changes its parent. */
static void
lock_dirs (Rename *rn)
{
  SentryFsDentry *a = rn->from.dir, *b = rn->to.dir;
  gboolean a_first = (guintptr) a < (guintptr) b;

  rn->locked = TRUE;
  if (a == b)
    {
      sentry_rwlock_write_lock (&dir_inode (&rn->from)->lock);
      return;
    }
  rn->rename_locked = TRUE;
  sentry_mutex_lock (&rn->from.walk.mount->sb->rename_lock);
  rn->trap = child_towards (a, b);
  if (rn->trap != NULL)
    a_first = TRUE;
  else if ((rn->trap = child_towards (b, a)) != NULL)
    a_first = FALSE;
  sentry_rwlock_write_lock (a_first ? &dir_inode (&rn->from)->lock : &dir_inode (&rn->to)->lock);
  sentry_rwlock_write_lock_nested (a_first ? &dir_inode (&rn->to)->lock
                                           : &dir_inode (&rn->from)->lock);
}

static void
unlock_dirs (Rename *rn)
{
  if (!rn->locked)
    return;
  sentry_rwlock_write_unlock (&dir_inode (&rn->from)->lock);
  if (rn->from.dir != rn->to.dir)
    sentry_rwlock_write_unlock (&dir_inode (&rn->to)->lock);
  if (rn->rename_locked)
    sentry_mutex_unlock (&rn->from.walk.mount->sb->rename_lock);
}

static int
find_parents (Rename *rn, const SentryWalk *old_walk, const char *old_name,
              const SentryWalk *new_walk, const char *new_name)
{
  int r = sentry_fs_lookup_parent (rn->ns->vfs, old_walk, old_name, &rn->from.walk);

  if (r < 0)
    return r;
  r = sentry_fs_lookup_parent (rn->ns->vfs, new_walk, new_name, &rn->to.walk);
  if (r < 0)
    return r;
  if (rn->from.walk.mount != rn->to.walk.mount)
    return -EXDEV;
  if (rn->from.walk.last_type != SENTRY_FS_LAST_NORMAL)
    return -EBUSY;
  if (rn->to.walk.last_type != SENTRY_FS_LAST_NORMAL)
    return rn->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
  if (sentry_fs_mount_is_read_only (rn->from.walk.mount))
    return -EROFS;
  rn->from.dir = sentry_fs_dentry (rn->from.walk.dentry);
  rn->to.dir = sentry_fs_dentry (rn->to.walk.dentry);
  return 0;
}

static int
find_end (Rename *rn, End *e)
{
  int r = sentry_fs_walk_last_name (&e->walk, e->name);

  return r < 0 ? r
               : sentry_fs_lookup_child_locked (e->dir, rn->cred, e->name, e->walk.last_len, &e->d);
}

/* What do_renameat2 checks between the look-ups and vfs_rename. */
static int
check_ends (Rename *rn)
{
  gboolean exchange = (rn->flags & RENAME_EXCHANGE) != 0;
  int r = find_end (rn, &rn->from);

  if (r < 0)
    return r;
  if (rn->from.d->pub.inode == NULL)
    return -ENOENT;
  r = find_end (rn, &rn->to);
  if (r < 0)
    return r;
  if ((rn->flags & RENAME_NOREPLACE) && rn->to.d->pub.inode != NULL)
    return -EEXIST;
  if (exchange && rn->to.d->pub.inode == NULL)
    return -ENOENT;
  if (exchange && !sentry_fs_dentry_is_dir (&rn->to.d->pub) && rn->to.walk.last_slash)
    return -ENOTDIR;
  if (!sentry_fs_dentry_is_dir (&rn->from.d->pub)
      && (rn->from.walk.last_slash || (!exchange && rn->to.walk.last_slash)))
    return -ENOTDIR;
  if (rn->trap != NULL && rn->from.d == rn->trap)
    return -EINVAL;
  if (rn->trap != NULL && rn->to.d == rn->trap)
    return exchange ? -EINVAL : -ENOTEMPTY;
  return 0;
}

/* The permission part of vfs_rename. */
static int
may_rename (Rename *rn)
{
  SentryInode *source = rn->from.d->pub.inode, *target = rn->to.d->pub.inode;
  gboolean is_dir = S_ISDIR (source->type),
           target_is_dir = target != NULL && S_ISDIR (target->type);
  gboolean exchange = (rn->flags & RENAME_EXCHANGE) != 0;
  int r = sentry_fs_may_delete (rn->from.dir, rn->from.d, rn->cred, is_dir);

  if (r < 0)
    return r;
  if (target == NULL)
    r = sentry_fs_may_create (rn->to.dir, rn->cred);
  else
    r = sentry_fs_may_delete (rn->to.dir, rn->to.d, rn->cred, exchange ? target_is_dir : is_dir);
  if (r < 0)
    return r;
  if (dir_inode (&rn->from)->ops->rename == NULL)
    return -EPERM;
  /* A directory that gets another parent has its ".." written. */
  if (rn->from.dir != rn->to.dir && is_dir)
    r = sentry_fs_inode_permission (source, rn->cred, SENTRY_MAY_WRITE);
  if (r == 0 && rn->from.dir != rn->to.dir && exchange && target_is_dir)
    r = sentry_fs_inode_permission (target, rn->cred, SENTRY_MAY_WRITE);
  return r;
}

static gboolean
is_mountpoint (Rename *rn, SentryFsDentry *d)
{
  return sentry_fs_tree_is_mountpoint (rn->ns->vfs, &rn->ns->tree, d);
}

static void
move_in_cache (Rename *rn)
{
  if (rn->flags & RENAME_EXCHANGE)
    {
      sentry_fs_dcache_exchange (rn->from.d, rn->to.becomes, rn->to.d, rn->from.becomes);
      rn->from.becomes = NULL;
    }
  else
    sentry_fs_dcache_move (rn->from.d, rn->to.dir, rn->to.becomes);
  rn->to.becomes = NULL;
}

/* RENAME_WHITEOUT made a node in the old place: it is the caller's. */
static void
own_whiteout (Rename *rn)
{
  SentrySetAttr owner = { .valid = SENTRY_SET_UID | SENTRY_SET_GID };
  SentryInode *dir = dir_inode (&rn->from), *whiteout;
  guint32 mode = S_IFCHR;

  sentry_fs_init_owner (dir, rn->cred, &mode, &owner.uid, &owner.gid);
  if (dir->ops->lookup (dir, (SentryCred *) rn->cred, rn->from.name, &whiteout) < 0)
    return;
  if (S_ISCHR (whiteout->type) && whiteout->ops->setattr != NULL)
    whiteout->ops->setattr (whiteout, (SentryCred *) rn->cred, &owner);
  sentry_inode_unref (whiteout);
}

/* The directory that is replaced is locked too: nothing may be made in it while it goes. */
static int
rename_locked (Rename *rn)
{
  SentryInode *source = rn->from.d->pub.inode, *target = rn->to.d->pub.inode;
  gboolean replaces_dir
      = target != NULL && S_ISDIR (target->type) && !(rn->flags & RENAME_EXCHANGE);
  int r;

  if (source == target)
    return 0;
  r = may_rename (rn);
  if (r < 0)
    return r;
  if (is_mountpoint (rn, rn->from.d) || is_mountpoint (rn, rn->to.d))
    return -EBUSY;
  rn->to.becomes = sentry_fs_name_new (rn->to.name, rn->to.walk.last_len);
  if (rn->flags & RENAME_EXCHANGE)
    rn->from.becomes = sentry_fs_name_new (rn->from.name, rn->from.walk.last_len);
  if (rn->to.becomes == NULL || ((rn->flags & RENAME_EXCHANGE) && rn->from.becomes == NULL))
    return -ENOMEM;
  if (replaces_dir)
    sentry_rwlock_write_lock_nested (&target->lock);
  r = dir_inode (&rn->from)->ops->rename (dir_inode (&rn->from), rn->from.name, source,
                                          dir_inode (&rn->to), rn->to.name, target, rn->flags);
  if (r == 0 && replaces_dir)
    __atomic_store_n (&target->dead, TRUE, __ATOMIC_RELEASE);
  if (replaces_dir)
    sentry_rwlock_write_unlock (&target->lock);
  if (r == 0)
    move_in_cache (rn);
  if (r == 0 && (rn->flags & RENAME_WHITEOUT))
    own_whiteout (rn);
  return r;
}

static void
end_clear (End *e)
{
  sentry_fs_dentry_unref (e->d);
  sentry_fs_name_free (e->becomes);
  sentry_fs_walk_clear (&e->walk);
}

int
sentry_fs_rename (SentryMountNamespace *ns, const SentryWalk *old_walk, const char *old_name,
                  const SentryWalk *new_walk, const char *new_name, guint32 flags)
{
  g_autofree Rename *rn = NULL;
  gboolean replaced;
  int r;

  if ((flags & ~(guint32) (RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
      || ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT))))
    return -EINVAL;
  /* Two walks are a lot for a small stack. */
  rn = g_try_new0 (Rename, 1);
  if (rn == NULL)
    return -ENOMEM;
  rn->ns = sentry_fs_mount_namespace (ns);
  rn->cred = old_walk->cred;
  rn->flags = flags;
  r = find_parents (rn, old_walk, old_name, new_walk, new_name);
  if (r == 0)
    {
      lock_dirs (rn);
      r = check_ends (rn);
    }
  if (r == 0)
    r = rename_locked (rn);
  unlock_dirs (rn);
  replaced = r == 0 && !(flags & RENAME_EXCHANGE) && rn->to.d->pub.inode != NULL;
  if (replaced)
    sentry_fs_detach_mounts (rn->ns->vfs, rn->to.d);
  end_clear (&rn->from);
  end_clear (&rn->to);
  return r;
}
