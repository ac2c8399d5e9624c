/* Whole trees of mounts: copying and taking down. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-private.h"

static SentryFsMount *
first_child (SentryFsMount *m)
{
  return sentry_list_is_empty (&m->children)
             ? NULL
             : SENTRY_CONTAINER (m->children.next, SentryFsMount, sibling);
}

SentryFsMount *
sentry_fs_tree_next (SentryFsMount *m, SentryFsMount *top)
{
  SentryFsMount *next = first_child (m);

  while (next == NULL && m != top)
    {
      if (m->sibling.next != &m->parent->children)
        return SENTRY_CONTAINER (m->sibling.next, SentryFsMount, sibling);
      m = m->parent;
    }
  return next;
}

gboolean
sentry_fs_tree_has_room (SentryFsTree *tree, SentryFsMount *top)
{
  guint n = tree->n_mounts;

  sentry_fs_tree_each (top, m) n++;
  return n <= SENTRY_FS_MAX_MOUNTS;
}

/* Copies `m` under the copy of its parent. */
static SentryFsMount *
copy_child (SentryFsMount *m, SentryFsMount *parent_copy, SentryFsRelation relation)
{
  SentryFsMount *copy = sentry_fs_mount_new_like (m, m->root);

  if (copy == NULL)
    return NULL;
  sentry_fs_mount_relate_locked (copy, m, relation);
  sentry_fs_mount_attach_locked (copy, NULL, parent_copy, m->mountpoint);
  return copy;
}

SentryFsMount *
sentry_fs_copy_tree_locked (SentryFsMount *top, SentryFsDentry *root, SentryFsRelation relation,
                            SentryFsCopy what, GPtrArray *drop)
{
  g_autoptr (GHashTable) copies = g_hash_table_new (NULL, NULL);
  SentryFsMount *copy_of_top = sentry_fs_mount_new_like (top, root);

  if (copy_of_top == NULL)
    return NULL;
  sentry_fs_mount_relate_locked (copy_of_top, top, relation);
  g_hash_table_insert (copies, top, copy_of_top);
  if (what == SENTRY_FS_COPY_ONE)
    return copy_of_top;
  sentry_fs_tree_each (top, m)
  {
    SentryFsMount *parent_copy = m == top ? NULL : g_hash_table_lookup (copies, m->parent);
    SentryFsMount *copy;

    /* Below what wasn't copied, or outside of what is shown. */
    if (parent_copy == NULL
        || (what != SENTRY_FS_COPY_ALL && (m->state & SENTRY_FS_MOUNT_UNBINDABLE))
        || (m->parent == top && !sentry_fs_dentry_is_below (m->mountpoint, root)))
      continue;
    copy = copy_child (m, parent_copy, relation);
    if (copy == NULL)
      {
        sentry_fs_detach_tree_locked (copy_of_top, drop);
        return NULL;
      }
    g_hash_table_insert (copies, m, copy);
  }
  return copy_of_top;
}

/* Children first, without recursion: a guest may stack mounts as deep as it likes. */
void
sentry_fs_detach_tree_locked (SentryFsMount *top, GPtrArray *drop)
{
  SentryFsMount *m = top;

  for (;;)
    {
      SentryFsMount *parent = m->parent, *child = first_child (m);

      if (child != NULL)
        {
          m = child;
          continue;
        }
      sentry_fs_mount_detach_locked (m, drop);
      if (m == top)
        return;
      m = parent;
    }
}

static SentryFsMount *
find_on (SentryFsVfs *vfs, SentryFsDentry *d)
{
  for (guint i = 0; i < SENTRY_FS_N_MOUNT_BUCKETS; i++)
    for (SentryFsMount *m = vfs->mount_buckets[i]; m != NULL; m = m->next)
      if (m->mountpoint == d)
        return m;
  return NULL;
}

void
sentry_fs_detach_mounts (SentryFsVfs *vfs, SentryFsDentry *d)
{
  GPtrArray *drop;
  SentryFsMount *m;

  if (d == NULL || __atomic_load_n (&d->n_mounts, __ATOMIC_SEQ_CST) == 0)
    return;
  drop = sentry_fs_drop_list_new ();
  sentry_fs_vfs_lock (vfs);
  sentry_fs_vfs_begin_change (vfs);
  while ((m = find_on (vfs, d)) != NULL)
    sentry_fs_detach_tree_locked (m, drop);
  sentry_fs_vfs_end_change (vfs);
  sentry_fs_vfs_unlock (vfs);
  sentry_fs_drop_list_free (drop);
}

void
sentry_fs_tree_clear (SentryFsVfs *vfs, SentryFsTree *tree)
{
  GPtrArray *drop = sentry_fs_drop_list_new ();

  sentry_fs_vfs_lock (vfs);
  sentry_fs_vfs_begin_change (vfs);
  if (tree->root != NULL)
    sentry_fs_detach_tree_locked (tree->root, drop);
  g_assert (sentry_list_is_empty (&tree->mounts));
  sentry_fs_vfs_end_change (vfs);
  sentry_fs_vfs_unlock (vfs);
  sentry_fs_drop_list_free (drop);
}

void
sentry_fs_tree_get_root (SentryFsVfs *vfs, SentryFsTree *tree, SentryPath *ret_path)
{
  SentryFsMount *m, *over;

  sentry_fs_vfs_lock (vfs);
  m = over = tree->root;
  while (over != NULL)
    {
      m = over;
      over = sentry_fs_mount_find_locked (vfs, m, m->root);
    }
  *ret_path = m == NULL ? (SentryPath){ NULL, NULL } : (SentryPath){ &m->pub, &m->root->pub };
  sentry_path_ref (ret_path);
  sentry_fs_vfs_unlock (vfs);
}
