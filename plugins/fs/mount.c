/* Mounts: their table, their lives, hanging them up and taking them down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-private.h"

#include <string.h>
#include <sys/mount.h>

#include "base/sentry-charge.h"

SentryFsVfs *
sentry_fs_vfs_new (SentryKernel *kernel)
{
  SentryFsVfs *vfs = g_new0 (SentryFsVfs, 1);

  sentry_ref_init (&vfs->ref);
  vfs->kernel = kernel;
  vfs->cache = sentry_fs_dcache_new (SENTRY_FS_MAX_DENTRIES);
  sentry_mutex_init (&vfs->lock, SENTRY_LOCK_MOUNT);
  vfs->supers = g_hash_table_new (NULL, NULL);
  vfs->filesystems = g_ptr_array_new_with_free_func (g_object_unref);
  vfs->next_mount_id = 21;
  vfs->next_group_id = 1;
  return vfs;
}

SentryFsVfs *
sentry_fs_vfs_ref (SentryFsVfs *vfs)
{
  sentry_ref_get (&vfs->ref);
  return vfs;
}

void
sentry_fs_vfs_unref (SentryFsVfs *vfs)
{
  if (vfs == NULL || !sentry_ref_put (&vfs->ref))
    return;
  g_assert (g_hash_table_size (vfs->supers) == 0);
  g_hash_table_unref (vfs->supers);
  g_ptr_array_unref (vfs->filesystems);
  sentry_fs_dcache_free (vfs->cache);
  g_free (vfs);
}

void
sentry_fs_vfs_lock (SentryFsVfs *vfs)
{
  sentry_mutex_lock (&vfs->lock);
}

void
sentry_fs_vfs_unlock (SentryFsVfs *vfs)
{
  sentry_mutex_unlock (&vfs->lock);
}

void
sentry_fs_vfs_begin_change (SentryFsVfs *vfs)
{
  __atomic_store_n (&vfs->mount_seq, vfs->mount_seq + 1, __ATOMIC_SEQ_CST);
}

void
sentry_fs_vfs_end_change (SentryFsVfs *vfs)
{
  __atomic_store_n (&vfs->mount_seq, vfs->mount_seq + 1, __ATOMIC_RELEASE);
}

SentryFilesystem *
sentry_fs_vfs_find_filesystem (SentryFsVfs *vfs, const char *name)
{
  SentryFilesystem *found = NULL;

  sentry_mutex_lock (&vfs->lock);
  for (guint i = 0; i < vfs->filesystems->len && found == NULL; i++)
    if (strcmp (sentry_filesystem_get_name (vfs->filesystems->pdata[i]), name) == 0)
      found = g_object_ref (vfs->filesystems->pdata[i]);
  sentry_mutex_unlock (&vfs->lock);
  return found;
}

void
sentry_fs_vfs_add_filesystem (SentryFsVfs *vfs, SentryFilesystem *fs)
{
  sentry_mutex_lock (&vfs->lock);
  g_ptr_array_add (vfs->filesystems, g_object_ref (fs));
  sentry_mutex_unlock (&vfs->lock);
}

/* A reference; made if it isn't mounted yet. */
static SentryFsSuper *
super_get (SentryFsVfs *vfs, SentrySuperBlock *sb)
{
  SentryFsSuper *super, *fresh = g_new0 (SentryFsSuper, 1);

  sentry_ref_init (&fresh->ref);
  fresh->vfs = vfs;
  fresh->root
      = sentry_fs_dcache_new_unhashed (vfs->cache, fresh, NULL, "/", sentry_inode_ref (sb->root));
  if (fresh->root == NULL)
    {
      g_free (fresh);
      return NULL;
    }
  fresh->root->sb = sentry_super_block_ref (sb);
  fresh->sb = sentry_super_block_ref (sb);
  sentry_mutex_lock (&vfs->lock);
  super = g_hash_table_lookup (vfs->supers, sb);
  if (super == NULL)
    g_hash_table_insert (vfs->supers, sb, super = g_steal_pointer (&fresh));
  else
    sentry_ref_get (&super->ref);
  sentry_mutex_unlock (&vfs->lock);
  if (fresh != NULL)
    {
      sentry_fs_dentry_unref (fresh->root);
      sentry_super_block_unref (fresh->sb);
      g_free (fresh);
    }
  return super;
}

static void
super_unref (SentryFsSuper *super)
{
  SentryFsVfs *vfs = super->vfs;
  gboolean last;

  sentry_mutex_lock (&vfs->lock);
  last = sentry_ref_put (&super->ref);
  if (last)
    g_hash_table_remove (vfs->supers, super->sb);
  sentry_mutex_unlock (&vfs->lock);
  if (!last)
    return;
  sentry_fs_dcache_prune (vfs->cache, super);
  sentry_fs_dentry_unref (super->root);
  if (super->sb->ops->kill != NULL)
    super->sb->ops->kill (super->sb);
  sentry_fs_epoch_reclaim ();
  sentry_super_block_unref (super->sb);
  g_free (super);
}

static void
free_retired (SentryFsRetired *r)
{
  SentryFsMount *m = SENTRY_CONTAINER (r, SentryFsMount, retired);

  sentry_uncharge (sizeof *m);
  g_free (m->source);
  g_free (m);
}

static void
mount_free (SentryMount *pub)
{
  SentryFsMount *m = sentry_fs_mount (pub);
  SentryFsVfs *vfs = m->vfs;

  g_assert (m->tree == NULL && m->parent == NULL);
  sentry_fs_dentry_unref (m->root);
  super_unref (m->super);
  sentry_fs_epoch_retire (&m->retired, free_retired);
  sentry_fs_epoch_reclaim ();
  sentry_fs_vfs_unref (vfs);
}

/* Takes over `super`. */
static SentryFsMount *
mount_alloc (SentryFsSuper *super, SentryFsDentry *root, const char *source, guint32 flags)
{
  SentryFsVfs *vfs = super->vfs;
  SentryFsMount *m = sentry_charge (sizeof *m) ? g_try_new0 (SentryFsMount, 1) : NULL;

  if (m == NULL)
    return NULL;
  m->pub.free = mount_free;
  sentry_ref_init (&m->pub.ref);
  m->pub.sb = super->sb;
  m->pub.flags = flags;
  m->vfs = sentry_fs_vfs_ref (vfs);
  m->super = super;
  m->root = sentry_fs_dentry_ref (root);
  m->source = g_strdup (source == NULL ? "none" : source);
  sentry_list_init (&m->children);
  sentry_list_init (&m->peers);
  sentry_list_init (&m->slaves);
  m->pub.id = __atomic_fetch_add (&vfs->next_mount_id, 1, __ATOMIC_RELAXED);
  return m;
}

SentryFsMount *
sentry_fs_mount_new (SentryFsVfs *vfs, SentrySuperBlock *sb, const char *source, guint32 flags)
{
  SentryFsSuper *super = super_get (vfs, sb);
  SentryFsMount *m = super == NULL ? NULL : mount_alloc (super, super->root, source, flags);

  if (m == NULL && super != NULL)
    super_unref (super);
  return m;
}

SentryFsMount *
sentry_fs_mount_new_like (SentryFsMount *like, SentryFsDentry *root)
{
  SentryFsMount *m;

  sentry_ref_get (&like->super->ref);
  m = mount_alloc (like->super, root, like->source, sentry_fs_mount_flags (&like->pub));
  /* Not the last one: `like` has another. */
  if (m == NULL)
    (void) sentry_ref_put (&like->super->ref);
  return m;
}

static SentryFsMount **
bucket_of (SentryFsVfs *vfs, SentryFsMount *m, SentryFsDentry *d)
{
  guint64 h = ((guintptr) m >> 6) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)
              + ((guintptr) d >> 6) * G_GUINT64_CONSTANT (0xc2b2ae3d27d4eb4f);

  return &vfs->mount_buckets[(h >> 32) & (SENTRY_FS_N_MOUNT_BUCKETS - 1)];
}

SentryFsMount *
sentry_fs_mount_peek (SentryFsVfs *vfs, SentryFsMount *m, SentryFsDentry *d)
{
  SentryFsMount *child = __atomic_load_n (bucket_of (vfs, m, d), __ATOMIC_ACQUIRE);
  guint steps = 0;

  while (child != NULL
         && (__atomic_load_n (&child->parent, __ATOMIC_ACQUIRE) != m
             || __atomic_load_n (&child->mountpoint, __ATOMIC_ACQUIRE) != d)
         && steps++ < SENTRY_FS_MAX_MOUNTS)
    child = __atomic_load_n (&child->next, __ATOMIC_ACQUIRE);
  return child;
}

SentryFsMount *
sentry_fs_mount_find_locked (SentryFsVfs *vfs, SentryFsMount *m, SentryFsDentry *d)
{
  return sentry_fs_mount_peek (vfs, m, d);
}

SentryFsMount *
sentry_fs_mount_get (SentryFsVfs *vfs, SentryFsMount *m, SentryFsDentry *d)
{
  SentryFsMount *child;

  sentry_mutex_lock (&vfs->lock);
  child = sentry_fs_mount_find_locked (vfs, m, d);
  if (child != NULL)
    sentry_fs_mount_ref (child);
  sentry_mutex_unlock (&vfs->lock);
  return child;
}

gboolean
sentry_fs_mount_get_mountpoint (SentryFsMount *m, SentryFsMount **ret_parent,
                                SentryFsDentry **ret_mountpoint)
{
  gboolean has_one;

  sentry_mutex_lock (&m->vfs->lock);
  has_one = m->parent != NULL;
  if (has_one)
    {
      *ret_parent = sentry_fs_mount_ref (m->parent);
      *ret_mountpoint = sentry_fs_dentry_ref (m->mountpoint);
    }
  sentry_mutex_unlock (&m->vfs->lock);
  return has_one;
}

gboolean
sentry_fs_mount_is_below_locked (SentryFsMount *m, SentryFsMount *top)
{
  while (m != NULL && m != top)
    m = m->parent;
  return m != NULL;
}

static void
hash_locked (SentryFsMount *m)
{
  SentryFsMount **bucket = bucket_of (m->vfs, m->parent, m->mountpoint);

  __atomic_store_n (&m->next, *bucket, __ATOMIC_RELEASE);
  __atomic_store_n (bucket, m, __ATOMIC_RELEASE);
}

static void
unhash_locked (SentryFsMount *m)
{
  SentryFsMount **at = bucket_of (m->vfs, m->parent, m->mountpoint);

  while (*at != m)
    at = &(*at)->next;
  __atomic_store_n (at, m->next, __ATOMIC_RELEASE);
}

/* All that hang together, without recursion. */
static void
join_tree_locked (SentryFsMount *top, SentryFsTree *tree)
{
  sentry_fs_tree_each (top, m)
  {
    if (m->tree != NULL)
      continue;
    m->tree = tree;
    tree->n_mounts++;
    sentry_list_append (&tree->mounts, &m->in_tree);
  }
}

void
sentry_fs_mount_attach_locked (SentryFsMount *m, SentryFsTree *tree, SentryFsMount *parent,
                               SentryFsDentry *mountpoint)
{
  g_assert (m->parent == NULL);
  if (parent != NULL)
    {
      __atomic_store_n (&m->parent, sentry_fs_mount_ref (parent), __ATOMIC_RELEASE);
      __atomic_store_n (&m->mountpoint, sentry_fs_dentry_ref (mountpoint), __ATOMIC_RELEASE);
      __atomic_fetch_add (&mountpoint->n_mounts, 1, __ATOMIC_SEQ_CST);
      hash_locked (m);
      sentry_list_append (&parent->children, &m->sibling);
    }
  if (tree != NULL && m->tree == NULL)
    join_tree_locked (m, tree);
}

void
sentry_fs_mount_unhang_locked (SentryFsMount *m, SentryFsMount **ret_parent,
                               SentryFsDentry **ret_mountpoint)
{
  unhash_locked (m);
  sentry_list_remove (&m->sibling);
  __atomic_fetch_sub (&m->mountpoint->n_mounts, 1, __ATOMIC_SEQ_CST);
  *ret_parent = m->parent;
  *ret_mountpoint = m->mountpoint;
  __atomic_store_n (&m->parent, NULL, __ATOMIC_RELEASE);
  __atomic_store_n (&m->mountpoint, NULL, __ATOMIC_RELEASE);
}

void
sentry_fs_mount_detach_locked (SentryFsMount *m, GPtrArray *drop)
{
  SentryFsMount *parent;
  SentryFsDentry *mountpoint;

  g_assert (sentry_list_is_empty (&m->children));
  sentry_fs_mount_set_private_locked (m);
  if (m->tree != NULL)
    {
      sentry_list_remove (&m->in_tree);
      m->tree->n_mounts--;
      if (m->tree->root == m)
        m->tree->root = NULL;
      m->tree = NULL;
    }
  if (m->parent != NULL)
    {
      sentry_fs_mount_unhang_locked (m, &parent, &mountpoint);
      sentry_fs_drop_dentry (drop, mountpoint);
      sentry_fs_drop_mount (drop, parent);
    }
  sentry_fs_drop_mount (drop, m);
}

/* Tagged pointers: dentries have the lowest bit. */
GPtrArray *
sentry_fs_drop_list_new (void)
{
  return g_ptr_array_new ();
}

void
sentry_fs_drop_mount (GPtrArray *drop, SentryFsMount *m)
{
  g_ptr_array_add (drop, m);
}

void
sentry_fs_drop_dentry (GPtrArray *drop, SentryFsDentry *d)
{
  g_ptr_array_add (drop, (gpointer) ((guintptr) d | 1));
}

void
sentry_fs_drop_list_free (GPtrArray *drop)
{
  for (guint i = 0; i < drop->len; i++)
    {
      guintptr p = (guintptr) drop->pdata[i];

      if (p & 1)
        sentry_fs_dentry_unref ((SentryFsDentry *) (p & ~(guintptr) 1));
      else
        sentry_fs_mount_unref ((SentryFsMount *) p);
    }
  g_ptr_array_unref (drop);
}

gboolean
sentry_fs_tree_is_mountpoint (SentryFsVfs *vfs, SentryFsTree *tree, SentryFsDentry *d)
{
  gboolean found = FALSE;

  if (__atomic_load_n (&d->n_mounts, __ATOMIC_SEQ_CST) == 0)
    return FALSE;
  sentry_mutex_lock (&vfs->lock);
  SENTRY_LIST_FOREACH (link, safe, &tree->mounts)
  found |= SENTRY_CONTAINER (link, SentryFsMount, in_tree)->mountpoint == d;
  sentry_mutex_unlock (&vfs->lock);
  return found;
}
