/* From a place back to its name: getcwd, /proc/PID/fd, mountinfo.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "namei.h"

/* Reading this often while everything moves is enough; then moves wait. */
#define LOCKLESS_TRIES 4

typedef struct
{
  char *buf; /* text at its end */
  gsize size, start;
  gboolean reached;
  gboolean inside; /* stop at the superblock's root */
} Name;

static void
put_front (Name *n, const char *s, gsize len)
{
  if (n->start < len)
    {
      gsize used = n->size - n->start, size = 2 * (n->size + len);
      char *bigger = g_malloc (size);

      memcpy (bigger + size - used, n->buf + n->start, used);
      g_free (n->buf);
      n->buf = bigger;
      n->start = size - used;
      n->size = size;
    }
  n->start -= len;
  memcpy (n->buf + n->start, s, len);
}

/* prepend_path.  Inside an epoch; what it reads is consistent if neither moves nor mounts happened
 * meanwhile. */
static void
read_name (Name *n, const SentryPath *path, const SentryPath *root)
{
  SentryFsMount *m = sentry_fs_mount (path->mount);
  SentryFsDentry *d = sentry_fs_dentry (path->dentry);

  n->start = n->size;
  n->reached = FALSE;
  for (;;)
    {
      SentryFsDentry *parent;
      SentryFsName *name;

      n->reached = !n->inside && &m->pub == root->mount && &d->pub == root->dentry;
      if (n->reached)
        return;
      parent = __atomic_load_n (&d->parent, __ATOMIC_ACQUIRE);
      if (n->inside && parent == NULL)
        return;
      if (!n->inside && (d == m->root || parent == NULL))
        {
          SentryFsDentry *mountpoint = __atomic_load_n (&m->mountpoint, __ATOMIC_ACQUIRE);

          m = __atomic_load_n (&m->parent, __ATOMIC_ACQUIRE);
          if (m == NULL || mountpoint == NULL)
            return;
          d = mountpoint;
          continue;
        }
      name = __atomic_load_n (&d->name, __ATOMIC_ACQUIRE);
      put_front (n, name->bytes, name->len);
      put_front (n, "/", 1);
      d = parent;
    }
}

static gboolean
read_name_once (SentryFsVfs *vfs, Name *n, const SentryPath *path, const SentryPath *root)
{
  SentryFsEpoch epoch = sentry_fs_epoch_enter ();
  guint32 moves = sentry_fs_dcache_move_count (vfs->cache), mounts = sentry_fs_vfs_mount_seq (vfs);
  gboolean stable;

  read_name (n, path, root);
  stable = !((moves | mounts) & 1) && moves == sentry_fs_dcache_move_count (vfs->cache)
           && mounts == sentry_fs_vfs_mount_seq (vfs);
  sentry_fs_epoch_leave (epoch);
  return stable;
}

static void
read_name_stable (SentryFsVfs *vfs, Name *n, const SentryPath *path, const SentryPath *root)
{
  for (int i = 0; i < LOCKLESS_TRIES; i++)
    if (read_name_once (vfs, n, path, root))
      return;
  sentry_fs_dcache_lock_moves (vfs->cache);
  sentry_fs_vfs_lock (vfs);
  read_name_once (vfs, n, path, root);
  sentry_fs_vfs_unlock (vfs);
  sentry_fs_dcache_unlock_moves (vfs->cache);
}

char *
sentry_fs_vfs_path_name (SentryFsVfs *vfs, const SentryPath *path, const SentryPath *root,
                         gboolean *ret_reachable, gboolean *ret_deleted)
{
  Name n = { .buf = g_malloc (256), .size = 256 };
  gboolean deleted;
  char *result;

  if (path->dentry->anonymous_name != NULL)
    {
      g_free (n.buf);
      if (ret_reachable != NULL)
        *ret_reachable = TRUE;
      if (ret_deleted != NULL)
        *ret_deleted = FALSE;
      return path->dentry->anonymous_name (path->dentry);
    }
  read_name_stable (vfs, &n, path, root);
  if (n.start == n.size)
    put_front (&n, "/", 1);
  deleted = sentry_fs_dentry_is_deleted (sentry_fs_dentry (path->dentry));
  result = g_strdup_printf ("%s%.*s%s", n.reached ? "" : "(unreachable)", (int) (n.size - n.start),
                            n.buf + n.start, deleted ? " (deleted)" : "");
  g_free (n.buf);
  if (ret_reachable != NULL)
    *ret_reachable = n.reached;
  if (ret_deleted != NULL)
    *ret_deleted = deleted;
  return result;
}

char *
sentry_fs_dentry_name (SentryFsVfs *vfs, SentryFsDentry *d)
{
  Name n = { .buf = g_malloc (256), .size = 256, .inside = TRUE };
  const SentryPath path = { NULL, &d->pub };
  char *result;

  read_name_stable (vfs, &n, &path, &path);
  if (n.start == n.size)
    put_front (&n, "/", 1);
  result = g_strdup_printf ("%.*s%s", (int) (n.size - n.start), n.buf + n.start,
                            sentry_fs_dentry_is_deleted (d) ? "//deleted" : "");
  g_free (n.buf);
  return result;
}

char *
sentry_fs_path_name (SentryMountNamespace *ns, const SentryPath *path, const SentryPath *root,
                     gboolean *ret_reachable, gboolean *ret_deleted)
{
  return sentry_fs_vfs_path_name (sentry_fs_mount_namespace (ns)->vfs, path, root, ret_reachable,
                                  ret_deleted);
}
