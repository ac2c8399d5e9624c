/* Bind mounts, moved mounts, pivot_root, and copies of whole namespaces.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "mount-call.h"
#include "mount-private.h"
#include "walk.h"

/* do_loopback */
static SentryFsMount *
copy_for_bind (SentryFsMountNamespace *ns, const SentryPath *from, gboolean recursive,
               int *ret_error)
{
  SentryFsMount *m = sentry_fs_mount (from->mount), *copy = NULL;
  GPtrArray *drop;

  *ret_error = -EINVAL;
  if (from->dentry->anonymous_name != NULL)
    return NULL;
  drop = sentry_fs_drop_list_new ();
  sentry_fs_vfs_lock (ns->vfs);
  if (m->tree == &ns->tree && !(m->state & SENTRY_FS_MOUNT_UNBINDABLE))
    {
      *ret_error = -ENOMEM;
      sentry_fs_vfs_begin_change (ns->vfs);
      copy = sentry_fs_copy_tree_locked (m, sentry_fs_dentry (from->dentry), SENTRY_FS_COPY_PEER,
                                         recursive ? SENTRY_FS_COPY_BINDABLE : SENTRY_FS_COPY_ONE,
                                         drop);
      sentry_fs_vfs_end_change (ns->vfs);
    }
  sentry_fs_vfs_unlock (ns->vfs);
  sentry_fs_drop_list_free (drop);
  return copy;
}

int
sentry_fs_bind (SentryFsMountNamespace *ns, const SentryWalk *walk, const char *source,
                const SentryPath *target, gboolean recursive)
{
  SentryFsMount *copy;
  SentryPath from;
  int r;

  if (source == NULL || *source == '\0')
    return -EINVAL;
  r = sentry_fs_lookup (ns->vfs, walk, source, SENTRY_LOOKUP_FOLLOW, &from);
  if (r < 0)
    return r;
  copy = copy_for_bind (ns, &from, recursive, &r);
  sentry_path_unref (&from);
  return copy == NULL ? r : sentry_fs_graft (ns, copy, target);
}

static gboolean
has_unbindable (SentryFsMount *top)
{
  sentry_fs_tree_each (top, m) if (m->state & SENTRY_FS_MOUNT_UNBINDABLE) return TRUE;
  return FALSE;
}

/* do_move_mount's conditions.  Under the lock. */
static int
may_move_locked (SentryFsMountNamespace *ns, const SentryPath *from, const SentryPath *target)
{
  SentryFsMount *m = sentry_fs_mount (from->mount), *to = sentry_fs_mount (target->mount);

  if (from->dentry->anonymous_name != NULL || from->dentry != &m->root->pub || m->tree != &ns->tree
      || to->tree != &ns->tree || m->parent == NULL)
    return -EINVAL;
  if (S_ISDIR (from->dentry->inode->type) != S_ISDIR (target->dentry->inode->type))
    return -EINVAL;
  if (m->parent->group != 0 || (to->group != 0 && has_unbindable (m)))
    return -EINVAL;
  return sentry_fs_mount_is_below_locked (to, m) ? -ELOOP : 0;
}

static void
hang_elsewhere_locked (SentryFsMount *m, SentryFsMount *parent, SentryFsDentry *mountpoint,
                       GPtrArray *drop)
{
  SentryFsMount *old_parent;
  SentryFsDentry *old_point;

  sentry_fs_mount_unhang_locked (m, &old_parent, &old_point);
  sentry_fs_drop_dentry (drop, old_point);
  sentry_fs_drop_mount (drop, old_parent);
  sentry_fs_mount_attach_locked (m, NULL, parent, mountpoint);
}

/* Off its place and on as if newly mounted, so that peers of the new place see it too. */
static int
move_locked (SentryFsMountNamespace *ns, SentryFsMount *m, const SentryPath *target,
             GPtrArray *drop)
{
  SentryFsMount *old_parent;
  SentryFsDentry *old_point;
  int r;

  sentry_fs_mount_unhang_locked (m, &old_parent, &old_point);
  r = sentry_fs_attach_tree_locked (m, &ns->tree, sentry_fs_mount (target->mount),
                                    sentry_fs_dentry (target->dentry), drop);
  if (r < 0)
    sentry_fs_mount_attach_locked (m, NULL, old_parent, old_point);
  sentry_fs_drop_dentry (drop, old_point);
  sentry_fs_drop_mount (drop, old_parent);
  return r;
}

int
sentry_fs_move (SentryFsMountNamespace *ns, const SentryWalk *walk, const char *source,
                const SentryPath *target)
{
  SentryInode *inode = target->dentry->inode;
  GPtrArray *drop;
  SentryPath from;
  int r;

  if (source == NULL || *source == '\0')
    return -EINVAL;
  r = sentry_fs_lookup (ns->vfs, walk, source, SENTRY_LOOKUP_FOLLOW, &from);
  if (r < 0)
    return r;
  if (target->dentry->anonymous_name != NULL)
    {
      sentry_path_unref (&from);
      return -EINVAL;
    }
  drop = sentry_fs_drop_list_new ();
  sentry_rwlock_write_lock (&inode->lock);
  sentry_fs_vfs_lock (ns->vfs);
  sentry_fs_vfs_begin_change (ns->vfs);
  if (sentry_inode_is_dead (inode)
      || sentry_fs_dentry_is_deleted (sentry_fs_dentry (target->dentry)))
    r = -ENOENT;
  else
    r = may_move_locked (ns, &from, target);
  if (r == 0)
    r = move_locked (ns, sentry_fs_mount (from.mount), target, drop);
  sentry_fs_vfs_end_change (ns->vfs);
  sentry_fs_vfs_unlock (ns->vfs);
  sentry_rwlock_write_unlock (&inode->lock);
  sentry_path_unref (&from);
  sentry_fs_drop_list_free (drop);
  return r;
}

/* is_path_reachable: going up from (m, d), is `root` passed? */
static gboolean
reaches_locked (SentryFsMount *m, SentryFsDentry *d, const SentryPath *root)
{
  while (&m->pub != root->mount && m->parent != NULL)
    {
      d = m->mountpoint;
      m = m->parent;
    }
  return &m->pub == root->mount && sentry_fs_dentry_is_below (d, sentry_fs_dentry (root->dentry));
}

/* pivot_root's conditions, in its order.  Under the lock. */
static int
may_pivot_locked (SentryFsMountNamespace *ns, const SentryPath *root, const SentryPath *new_root,
                  const SentryPath *put_old)
{
  SentryFsMount *root_m = sentry_fs_mount (root->mount);
  SentryFsMount *new_m = sentry_fs_mount (new_root->mount);
  SentryFsMount *old_m = sentry_fs_mount (put_old->mount);

  if (old_m->group != 0 || (new_m->parent != NULL && new_m->parent->group != 0)
      || (root_m->parent != NULL && root_m->parent->group != 0))
    return -EINVAL;
  if (root_m->tree != &ns->tree || new_m->tree != &ns->tree)
    return -EINVAL;
  if (sentry_fs_dentry_is_deleted (sentry_fs_dentry (new_root->dentry)))
    return -ENOENT;
  if (new_m == root_m || old_m == root_m)
    return -EBUSY;
  if (root->dentry != &root_m->root->pub || root_m->parent == NULL
      || new_root->dentry != &new_m->root->pub || new_m->parent == NULL)
    return -EINVAL;
  if (!reaches_locked (old_m, sentry_fs_dentry (put_old->dentry), new_root)
      || !reaches_locked (new_m, sentry_fs_dentry (new_root->dentry), root))
    return -EINVAL;
  return 0;
}

static void
pivot_locked (SentryFsMount *root_m, SentryFsMount *new_m, const SentryPath *put_old,
              GPtrArray *drop)
{
  SentryFsMount *root_parent = sentry_fs_mount_ref (root_m->parent);
  SentryFsDentry *root_point = sentry_fs_dentry_ref (root_m->mountpoint);

  /* The new root first: where the old one goes may lie on it. */
  hang_elsewhere_locked (new_m, root_parent, root_point, drop);
  hang_elsewhere_locked (root_m, sentry_fs_mount (put_old->mount),
                         sentry_fs_dentry (put_old->dentry), drop);
  sentry_fs_drop_dentry (drop, root_point);
  sentry_fs_drop_mount (drop, root_parent);
}

int
sentry_fs_pivot_root (SentryMountNamespace *base, const SentryPath *root,
                      const SentryPath *new_root, const SentryPath *put_old)
{
  SentryFsMountNamespace *ns = sentry_fs_mount_namespace (base);
  SentryInode *inode = put_old->dentry->inode;
  GPtrArray *drop = sentry_fs_drop_list_new ();
  int r;

  sentry_rwlock_write_lock (&inode->lock);
  sentry_fs_vfs_lock (ns->vfs);
  sentry_fs_vfs_begin_change (ns->vfs);
  r = sentry_inode_is_dead (inode) ? -ENOENT : may_pivot_locked (ns, root, new_root, put_old);
  if (r == 0)
    pivot_locked (sentry_fs_mount (root->mount), sentry_fs_mount (new_root->mount), put_old, drop);
  sentry_fs_vfs_end_change (ns->vfs);
  sentry_fs_vfs_unlock (ns->vfs);
  sentry_rwlock_write_unlock (&inode->lock);
  sentry_fs_drop_list_free (drop);
  return r;
}

/* Both trees are alike: walks them side by side and moves the paths over. */
static void
move_paths_locked (SentryFsMount *top, SentryFsMount *copy_top, SentryPath *paths, guint n_paths,
                   GPtrArray *drop)
{
  SentryFsMount *copy = copy_top;

  sentry_fs_tree_each (top, m)
  {
    for (guint i = 0; i < n_paths; i++)
      if (paths[i].mount == &m->pub)
        {
          sentry_fs_drop_mount (drop, m);
          paths[i].mount = &sentry_fs_mount_ref (copy)->pub;
        }
    copy = sentry_fs_tree_next (copy, copy_top);
  }
}

SentryMountNamespace *
sentry_fs_clone (SentryMountNamespace *base, SentryPath *paths, guint n_paths)
{
  SentryFsMountNamespace *ns = sentry_fs_mount_namespace (base);
  SentryFsMountNamespace *clone = g_object_new (SENTRY_FS_TYPE_MOUNT_NAMESPACE, NULL);
  GPtrArray *drop = sentry_fs_drop_list_new ();
  SentryFsMount *top = NULL;

  sentry_fs_vfs_unref (clone->vfs);
  clone->vfs = sentry_fs_vfs_ref (ns->vfs);
  sentry_fs_vfs_lock (ns->vfs);
  sentry_fs_vfs_begin_change (ns->vfs);
  if (ns->tree.root != NULL)
    top = sentry_fs_copy_tree_locked (ns->tree.root, ns->tree.root->root, SENTRY_FS_COPY_PEER,
                                      SENTRY_FS_COPY_ALL, drop);
  if (top != NULL)
    {
      sentry_fs_mount_attach_locked (top, &clone->tree, NULL, NULL);
      clone->tree.root = top;
      move_paths_locked (ns->tree.root, top, paths, n_paths, drop);
    }
  sentry_fs_vfs_end_change (ns->vfs);
  sentry_fs_vfs_unlock (ns->vfs);
  sentry_fs_drop_list_free (drop);
  if (top == NULL)
    g_clear_object (&clone);
  return SENTRY_MOUNT_NAMESPACE (clone);
}
