/* Whole trees of mounts: taking them down. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount.h"

/* Children first, without recursion: a guest may stack mounts as deep as it likes. */
void
sentry_fs_detach_tree_locked (SentryFsMount *top, GPtrArray *drop)
{
  SentryFsMount *m = top;

  for (;;)
    {
      SentryFsMount *parent = m->parent;

      if (!sentry_list_is_empty (&m->children))
        {
          m = SENTRY_CONTAINER (m->children.next, SentryFsMount, sibling);
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
