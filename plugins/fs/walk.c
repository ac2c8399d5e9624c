/* The path walk: parts, dots, mounts, symbolic links, RESOLVE_*.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "walk.h"

#include <errno.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>

#include "permission.h"

#ifndef RESOLVE_CACHED
#  define RESOLVE_CACHED 0x20
#endif
#ifndef MS_NOSYMFOLLOW
#  define MS_NOSYMFOLLOW 256
#endif

#define MAX_LINKS 40
#define SCOPED (RESOLVE_BENEATH | RESOLVE_IN_ROOT)

static gboolean
has_resolve (const SentryFsWalk *w, guint64 bits)
{
  return (w->req->resolve & bits) != 0;
}

static void
leave_epoch (SentryFsWalk *w)
{
  if (w->in_epoch)
    sentry_fs_epoch_leave (w->epoch);
  w->in_epoch = FALSE;
}

static void
drop_place (SentryFsWalk *w)
{
  SentryPath path = { w->mount, w->dentry };

  w->mount = NULL;
  w->dentry = NULL;
  if (w->held)
    sentry_path_unref (&path);
}

/* Stands on a place that somebody else holds. */
static void
go_to_borrowed (SentryFsWalk *w, const SentryPath *path)
{
  if (w->held)
    sentry_path_ref (path);
  drop_place (w);
  w->mount = path->mount;
  w->dentry = path->dentry;
}

/* Takes over a reference on `d`, and on `m` if it is another mount, when held. */
static void
go_to (SentryFsWalk *w, SentryMount *m, SentryDentry *d)
{
  SentryPath old = { w->mount == m ? NULL : w->mount, w->dentry };

  w->mount = m;
  w->dentry = d;
  if (w->held)
    sentry_path_unref (&old);
}

int
sentry_fs_walk_hold (SentryFsWalk *w)
{
  if (w->held)
    return 0;
  if (!sentry_ref_try_get (&w->dentry->ref))
    return -ECHILD;
  if (!sentry_ref_try_get (&w->mount->ref))
    {
      leave_epoch (w);
      if (sentry_ref_put (&w->dentry->ref))
        w->dentry->release (w->dentry);
      return -ECHILD;
    }
  w->held = TRUE;
  leave_epoch (w);
  /* Unmounting counts references: one that it has not seen must not come into being. */
  return sentry_fs_vfs_mount_seq (w->vfs) == w->mount_seq ? 0 : -ECHILD;
}

/* Before a file system is asked. */
static int
hold_for_fs (SentryFsWalk *w)
{
  return has_resolve (w, RESOLVE_CACHED) ? -EAGAIN : sentry_fs_walk_hold (w);
}

/* Above `rest`, which lies at the end of a buffer. */
static int
make_room (SentryFsWalk *w, gsize len)
{
  gsize rest_len = strlen (w->rest) + 1;
  gboolean inside = w->rest >= w->buf && w->rest < w->buf + w->buf_size;

  if (len + rest_len > w->buf_size)
    {
      gsize size = len + rest_len + 4096;
      char *bigger = g_try_malloc (size);

      if (bigger == NULL)
        return -ENOMEM;
      memcpy (bigger + size - rest_len, w->rest, rest_len);
      g_free (w->heap_buf);
      w->heap_buf = w->buf = bigger;
      w->buf_size = size;
    }
  else if (!inside)
    memcpy (w->buf + w->buf_size - rest_len, w->rest, rest_len);
  w->rest = w->buf + w->buf_size - rest_len;
  return 0;
}

static int
prepend (SentryFsWalk *w, const char *target)
{
  gsize len = strlen (target);
  int r = make_room (w, len);

  if (r < 0)
    return r;
  w->rest -= len;
  memcpy ((char *) w->rest, target, len);
  return 0;
}

/* nd_jump_root */
static int
go_to_root (SentryFsWalk *w)
{
  if (has_resolve (w, RESOLVE_BENEATH))
    return -EXDEV; /* Linux compares with a root that it may not know yet: then an absolute link
                      counts as leaving the mount. */
  if (has_resolve (w, RESOLVE_NO_XDEV) && w->mount != NULL
      && (!w->root_known || w->root.mount != w->mount))
    return -EXDEV;
  w->root_known = TRUE;
  go_to_borrowed (w, &w->root);
  return 0;
}

int
sentry_fs_walk_init (SentryFsWalk *w, SentryFsVfs *vfs, const SentryWalk *req, const char *name,
                     gboolean lazy)
{
  w->vfs = vfs;
  w->req = req;
  w->cred = req->cred;
  w->root = has_resolve (w, SCOPED) ? req->start : req->root;
  w->mount = NULL;
  w->dentry = NULL;
  w->held = !lazy;
  w->in_epoch = lazy;
  w->links = 0;
  w->root_known = has_resolve (w, SCOPED);
  w->rest = name;
  w->last = NULL;
  w->last_len = 0;
  w->last_type = SENTRY_FS_LAST_NONE;
  w->last_slash = w->want_dir = FALSE;
  w->heap_buf = NULL;
  w->buf = w->inline_buf;
  w->buf_size = sizeof w->inline_buf;
  if (lazy)
    w->epoch = sentry_fs_epoch_enter ();
  w->mount_seq = sentry_fs_vfs_mount_seq (vfs);
  w->move_count = sentry_fs_dcache_move_count (vfs->cache);
  if (lazy && (w->mount_seq & 1))
    return -ECHILD;
  if (*name == '\0')
    return -ENOENT;
  if (*name == '/' && !has_resolve (w, SCOPED))
    return go_to_root (w);
  if (sentry_path_is_empty (&req->start))
    return req->start_error;
  if (*name == '/')
    return go_to_root (w);
  go_to_borrowed (w, &req->start);
  return 0;
}

void
sentry_fs_walk_clear (SentryFsWalk *w)
{
  leave_epoch (w);
  drop_place (w);
  g_clear_pointer (&w->heap_buf, g_free);
  sentry_fs_epoch_reclaim ();
}

/* Mounts stood still since the walk began: what was seen of them is true. */
static int
check_mounts (SentryFsWalk *w)
{
  return w->held || sentry_fs_vfs_mount_seq (w->vfs) == w->mount_seq ? 0 : -ECHILD;
}

/* Onto what is mounted here, and on that (handle_mounts). */
static int
cross_down (SentryFsWalk *w)
{
  while (w->dentry->anonymous_name == NULL)
    {
      SentryFsDentry *d = sentry_fs_dentry (w->dentry);
      SentryFsMount *child;

      if (__atomic_load_n (&d->n_mounts, __ATOMIC_SEQ_CST) == 0)
        return 0;
      if (w->held)
        child = sentry_fs_mount_get (w->vfs, sentry_fs_mount (w->mount), d);
      else
        child = sentry_fs_mount_peek (w->vfs, sentry_fs_mount (w->mount), d);
      if (check_mounts (w) < 0)
        return -ECHILD;
      if (child == NULL)
        return 0;
      if (w->held)
        sentry_fs_dentry_ref (child->root);
      go_to (w, &child->pub, &child->root->pub);
      if (has_resolve (w, RESOLVE_NO_XDEV))
        return -EXDEV;
    }
  return 0;
}

static gboolean
at_root (const SentryFsWalk *w)
{
  return w->mount == w->root.mount && w->dentry == w->root.dentry;
}

/* From the root of a mount to where it hangs; *ret_moved FALSE: there is nothing above. */
static int
cross_up (SentryFsWalk *w, gboolean *ret_moved)
{
  SentryFsMount *m = sentry_fs_mount (w->mount), *parent = NULL;
  SentryFsDentry *mountpoint = NULL;

  *ret_moved = FALSE;
  if (w->held)
    {
      if (!sentry_fs_mount_get_mountpoint (m, &parent, &mountpoint))
        return 0;
    }
  else
    {
      parent = __atomic_load_n (&m->parent, __ATOMIC_ACQUIRE);
      mountpoint = __atomic_load_n (&m->mountpoint, __ATOMIC_ACQUIRE);
      if (check_mounts (w) < 0)
        return -ECHILD;
      if (parent == NULL)
        return 0;
    }
  if (has_resolve (w, RESOLVE_NO_XDEV))
    {
      SentryPath dropped = { &parent->pub, &mountpoint->pub };
      if (w->held)
        sentry_path_unref (&dropped);
      return -EXDEV;
    }
  go_to (w, &parent->pub, &mountpoint->pub);
  *ret_moved = TRUE;
  return 0;
}

/* A rename may have moved this directory out of what a bind mount shows: then `..` leads nowhere
 * (path_connected). */
static gboolean
parent_is_shown (SentryFsWalk *w, SentryFsDentry *parent)
{
  SentryFsMount *m = sentry_fs_mount (w->mount);

  return m->root == m->super->root || sentry_fs_dentry_is_below (parent, m->root);
}

static int
go_to_parent (SentryFsWalk *w)
{
  SentryFsDentry *d = sentry_fs_dentry (w->dentry), *parent;

  if (w->held)
    parent = sentry_fs_dentry_get_parent (d);
  else
    parent = __atomic_load_n (&d->parent, __ATOMIC_ACQUIRE);
  if (parent == NULL)
    return 0;
  if (!parent_is_shown (w, parent))
    {
      if (w->held)
        sentry_fs_dentry_unref (parent);
      return -ENOENT;
    }
  go_to (w, w->mount, &parent->pub);
  return 0;
}

/* `..`, as follow_dotdot: the root stays where it is, but what is mounted over it is entered. */
static int
go_up (SentryFsWalk *w)
{
  SentryPath stay = { w->mount, w->dentry };
  gboolean moved = TRUE;
  int r = 0;

  w->root_known = TRUE;
  if (at_root (w))
    return has_resolve (w, RESOLVE_BENEATH) ? -EXDEV : cross_down (w);
  if (w->held)
    sentry_path_ref (&stay);
  while (r == 0 && moved && !at_root (w) && w->dentry == &sentry_fs_mount (w->mount)->root->pub)
    r = cross_up (w, &moved);
  if (r == 0 && (!moved || at_root (w)))
    {
      r = has_resolve (w, RESOLVE_BENEATH) ? -EXDEV : 0;
      go_to_borrowed (w, &stay);
    }
  else if (r == 0)
    r = go_to_parent (w);
  if (w->held)
    sentry_path_unref (&stay);
  if (r == 0 && has_resolve (w, SCOPED)
      && (sentry_fs_vfs_mount_seq (w->vfs) != w->mount_seq
          || sentry_fs_dcache_move_count (w->vfs->cache) != w->move_count || (w->move_count & 1)))
    r = -EAGAIN;
  return r < 0 ? r : cross_down (w);
}

static int
follow_magic (SentryFsWalk *w, SentryInode *link)
{
  SentryPath target = { NULL, NULL };
  int r;

  if (has_resolve (w, RESOLVE_NO_MAGICLINKS))
    return -ELOOP;
  r = link->ops->follow (link, (SentryCred *) w->cred, &target);
  if (r < 0)
    return r;
  if (has_resolve (w, SCOPED) || (has_resolve (w, RESOLVE_NO_XDEV) && target.mount != w->mount))
    r = -EXDEV;
  else
    go_to_borrowed (w, &target);
  sentry_path_unref (&target);
  return r;
}

/* get_link and what pick_link checks before.  Stands in the link's directory. */
static int
follow_link (SentryFsWalk *w, SentryFsDentry *link)
{
  SentryInode *inode = sentry_fs_dentry_inode (link);
  const char *target;
  char *own;
  int r;

  if (w->links++ >= MAX_LINKS || has_resolve (w, RESOLVE_NO_SYMLINKS)
      || (sentry_fs_mount_flags (w->mount) & MS_NOSYMFOLLOW))
    return -ELOOP;
  if (inode->ops->follow != NULL)
    return follow_magic (w, inode);
  r = sentry_fs_link_target (link, w->cred, &target, &own);
  if (r < 0)
    return r;
  if (*target == '\0')
    r = -ENOENT;
  else if (*target == '/')
    r = go_to_root (w);
  if (r == 0)
    r = prepend (w, target);
  g_free (own);
  return r;
}

/* The child, with a reference if held; may hold on the way.  Maybe negative. */
static int
find_child (SentryFsWalk *w, const char *name, gsize len, SentryFsDentry **ret_child)
{
  SentryFsDentry *dir = sentry_fs_dentry (w->dentry), *child;
  SentryInode *dir_inode = sentry_fs_dentry_inode (dir);
  int r;

  if (!w->held && dir_inode->ops->revalidate == NULL && len <= SENTRY_FS_NAME_MAX)
    {
      guint64 hash = sentry_fs_dcache_hash (w->vfs->cache, dir, name, len);

      child = sentry_fs_dcache_peek (w->vfs->cache, dir, name, len, hash);
      /* A link that must be asked for its target is looked up again with references. */
      if (child != NULL
          && (child->pub.inode == NULL || !S_ISLNK (child->pub.inode->type)
              || __atomic_load_n (&child->link, __ATOMIC_ACQUIRE) != NULL))
        {
          *ret_child = child;
          return 0;
        }
    }
  r = hold_for_fs (w);
  return r < 0 ? r : sentry_fs_lookup_child (dir, w->cred, name, len, ret_child);
}

static int
step (SentryFsWalk *w, const char *name, gsize len, gboolean follow)
{
  SentryFsDentry *child = NULL;
  int r = find_child (w, name, len, &child);

  if (r < 0)
    return r;
  if (child->pub.inode == NULL)
    r = -ENOENT;
  else if (follow && S_ISLNK (child->pub.inode->type))
    r = follow_link (w, child);
  else
    {
      go_to (w, w->mount, &child->pub);
      return cross_down (w);
    }
  if (w->held)
    sentry_fs_dentry_unref (child);
  return r;
}

static SentryFsLast
classify (const char *name, gsize len)
{
  if (name[0] != '.' || len > 2)
    return SENTRY_FS_LAST_NORMAL;
  if (len == 1)
    return SENTRY_FS_LAST_DOT;
  return name[1] == '.' ? SENTRY_FS_LAST_DOTDOT : SENTRY_FS_LAST_NORMAL;
}

static int
may_search_here (SentryFsWalk *w)
{
  int r;

  if (!sentry_fs_dentry_is_dir (w->dentry))
    return -ENOTDIR;
  r = sentry_fs_may_search (w->dentry->inode, w->cred, w->held);
  if (r != -ECHILD || w->held)
    return r;
  r = hold_for_fs (w);
  return r < 0 ? r : sentry_fs_may_search (w->dentry->inode, w->cred, TRUE);
}

int
sentry_fs_walk_parent (SentryFsWalk *w)
{
  for (;;)
    {
      const char *name = w->rest + strspn (w->rest, "/");
      const char *end = strchrnul (name, '/');
      const char *next = end + strspn (end, "/");
      gsize len = end - name;
      SentryFsLast type;
      int r;

      if (len == 0)
        {
          w->want_dir |= name > w->rest;
          w->rest = name;
          w->last_type = SENTRY_FS_LAST_NONE;
          w->last_len = 0;
          return 0;
        }
      r = may_search_here (w);
      if (r < 0)
        return r;
      type = classify (name, len);
      if (*next == '\0')
        {
          w->rest = next;
          w->last = name;
          w->last_len = len;
          w->last_type = type;
          w->last_slash = next > end;
          return 0;
        }
      w->rest = end;
      if (type == SENTRY_FS_LAST_DOTDOT)
        r = go_up (w);
      else if (type == SENTRY_FS_LAST_NORMAL)
        r = step (w, name, len, TRUE);
      if (r < 0)
        return r;
    }
}

int
sentry_fs_walk_last (SentryFsWalk *w, gboolean follow)
{
  for (;;)
    {
      guint links = w->links;
      int r = 0;

      if (w->last_type == SENTRY_FS_LAST_DOTDOT)
        r = go_up (w);
      else if (w->last_type == SENTRY_FS_LAST_NORMAL)
        {
          if (w->last_slash)
            follow = w->want_dir = TRUE;
          r = step (w, w->last, w->last_len, follow);
        }
      if (r == 0 && w->links != links)
        {
          r = sentry_fs_walk_parent (w);
          if (r == 0)
            continue;
        }
      if (r == 0 && w->want_dir && !sentry_fs_dentry_is_dir (w->dentry))
        r = -ENOTDIR;
      return r;
    }
}

int
sentry_fs_walk_take (SentryFsWalk *w, SentryPath *ret_path)
{
  int r = sentry_fs_walk_hold (w);

  if (r < 0)
    return r;
  *ret_path = (SentryPath){ w->mount, w->dentry };
  w->mount = NULL;
  w->dentry = NULL;
  return 0;
}

int
sentry_fs_walk_last_name (const SentryFsWalk *w, char *ret_name)
{
  if (w->last_len > SENTRY_FS_NAME_MAX)
    return -ENAMETOOLONG;
  memcpy (ret_name, w->last, w->last_len);
  ret_name[w->last_len] = '\0';
  return 0;
}

int
sentry_fs_walk_step_onto (SentryFsWalk *w, SentryFsDentry *child)
{
  g_assert (w->held);
  go_to (w, w->mount, &child->pub);
  return cross_down (w);
}

int
sentry_fs_walk_follow (SentryFsWalk *w, const SentryPath *parent)
{
  SentryFsDentry *link = sentry_fs_dentry_ref (sentry_fs_dentry (w->dentry));
  int r;

  g_assert (w->held);
  go_to_borrowed (w, parent);
  r = follow_link (w, link);
  sentry_fs_dentry_unref (link);
  return r;
}

/* TRUE: once more, with references. */
static gboolean
must_retry (SentryFsWalk *w, int r, gboolean lazy)
{
  return lazy && (r == -ECHILD || (r < 0 && check_mounts (w) < 0));
}

int
sentry_fs_lookup (SentryFsVfs *vfs, const SentryWalk *req, const char *name, guint32 flags,
                  SentryPath *ret_path)
{
  gboolean lazy = TRUE, again;
  SentryFsWalk w;
  int r;

  if (*name == '\0' && (flags & SENTRY_LOOKUP_EMPTY))
    {
      if (sentry_path_is_empty (&req->start))
        return req->start_error;
      if ((flags & SENTRY_LOOKUP_DIRECTORY) && !sentry_fs_dentry_is_dir (req->start.dentry))
        return -ENOTDIR;
      *ret_path = req->start;
      sentry_path_ref (ret_path);
      return 0;
    }
  do
    {
      r = sentry_fs_walk_init (&w, vfs, req, name, lazy);
      w.want_dir = (flags & SENTRY_LOOKUP_DIRECTORY) != 0;
      if (r == 0)
        r = sentry_fs_walk_parent (&w);
      if (r == 0)
        r = sentry_fs_walk_last (&w, (flags & SENTRY_LOOKUP_FOLLOW) != 0);
      if (r == 0)
        r = sentry_fs_walk_take (&w, ret_path);
      again = must_retry (&w, r, lazy);
      sentry_fs_walk_clear (&w);
      lazy = FALSE;
    }
  while (again && !(req->resolve & RESOLVE_CACHED));
  return again ? -EAGAIN : r;
}

int
sentry_fs_lookup_parent (SentryFsVfs *vfs, const SentryWalk *req, const char *name, SentryFsWalk *w)
{
  gboolean lazy = TRUE;

  for (;;)
    {
      int r = sentry_fs_walk_init (w, vfs, req, name, lazy);

      if (r == 0)
        r = sentry_fs_walk_parent (w);
      if (r == 0)
        r = sentry_fs_walk_hold (w);
      if (!must_retry (w, r, lazy))
        return r;
      sentry_fs_walk_clear (w);
      lazy = FALSE;
    }
}
