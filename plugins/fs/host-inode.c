/* Inodes of a host directory: identity, lookup, attributes, symbolic links.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/sentry-charge.h"

guint64
sentry_host_stx_dev (const struct statx *stx)
{
  return makedev (stx->stx_dev_major, stx->stx_dev_minor);
}

gboolean
sentry_host_same (SentryHostInode *inode, const struct statx *stx)
{
  return inode->base.ino == stx->stx_ino && inode->host_dev == sentry_host_stx_dev (stx)
         && inode->base.type == (stx->stx_mode & S_IFMT)
         && inode->btime_sec == stx->stx_btime.tv_sec
         && inode->btime_nsec == stx->stx_btime.tv_nsec;
}

static void
refresh_owner (SentryHostInode *inode, const struct statx *stx)
{
  sentry_inode_set_owner (&inode->base, stx->stx_mode, stx->stx_uid, stx->stx_gid);
}

/* --- places --- */

/* TRUE if `inode` is `dir` or lies above it by what we know: then the host has moved things about,
 * and recording this place would close a circle. */
static gboolean
is_ancestor_locked (SentryHostInode *inode, SentryHostInode *dir)
{
  for (; dir != NULL; dir = dir->parent)
    if (dir == inode)
      return TRUE;
  return FALSE;
}

/* `dir` NULL: it has no name any more.  *ret_drop: a reference that the caller drops without the
 * lock, or NULL. */
void
sentry_host_inode_set_place_locked (SentryHostInode *inode, SentryHostInode *dir, const char *name,
                                    SentryHostInode **ret_drop)
{
  *ret_drop = NULL;
  if (dir != NULL && inode->parent == dir && strcmp (inode->name, name) == 0)
    return;
  if (inode->base.type == S_IFDIR && is_ancestor_locked (inode, dir))
    return;
  *ret_drop = inode->parent;
  inode->parent = dir;
  g_free (inode->name);
  inode->name = g_strdup (dir == NULL ? NULL : name);
  if (dir != NULL)
    sentry_inode_ref (&dir->base);
}

/* --- life --- */

static guint32
guest_minor_locked (SentryHostSuper *sb, guint64 host_dev)
{
  gpointer minor;

  if (host_dev == sb->host_dev)
    return sb->base.dev_minor;
  if (!g_hash_table_lookup_extended (sb->devs, &host_dev, NULL, &minor))
    {
      minor = GUINT_TO_POINTER (sentry_anonymous_minor ());
      g_hash_table_insert (sb->devs, g_memdup2 (&host_dev, sizeof host_dev), minor);
    }
  return GPOINTER_TO_UINT (minor);
}

static SentryHostInode *
new_inode (SentryHostSuper *sb, const struct statx *stx)
{
  SentryHostInode *inode;

  if (!sentry_charge (sizeof *inode))
    return NULL;
  inode = g_new0 (SentryHostInode, 1);
  sentry_inode_init (&inode->base,
                     sb->revalidate ? &sentry_host_shared_inode_ops : &sentry_host_inode_ops,
                     &sb->base, stx->stx_ino, stx->stx_mode);
  inode->base.rdev_major = stx->stx_rdev_major;
  inode->base.rdev_minor = stx->stx_rdev_minor;
  inode->mappable.ops = &sentry_host_mappable_ops;
  inode->host_dev = sentry_host_stx_dev (stx);
  inode->btime_sec = stx->stx_btime.tv_sec;
  inode->btime_nsec = stx->stx_btime.tv_nsec;
  inode->path_fd = -1;
  for (guint i = 0; i < SENTRY_HOST_N_HANDLES; i++)
    inode->handle[i].fd = -1;
  refresh_owner (inode, stx);
  return inode;
}

/* The inode of the table with this identity, if it isn't about to go. */
static SentryHostInode *
find_locked (SentryHostSuper *sb, SentryHostInode *like)
{
  SentryHostInode *found = g_hash_table_lookup (sb->inodes, like);

  return found != NULL && sentry_ref_try_get (&found->base.ref) ? found : NULL;
}

/* Puts `fresh` into the table, unless the same file's inode is there by now: the one that counts,
 * with a reference. */
static SentryHostInode *
enter_table (SentryHostSuper *sb, SentryHostInode *fresh, const struct statx *stx)
{
  SentryHostInode *found;

  sentry_mutex_lock (&sb->lock);
  found = find_locked (sb, fresh);
  if (found == NULL || !sentry_host_same (found, stx))
    {
      fresh->base.dev_minor = guest_minor_locked (sb, fresh->host_dev);
      fresh->in_table = TRUE;
      g_hash_table_replace (sb->inodes, fresh, fresh);
      sentry_mutex_unlock (&sb->lock);
      if (found != NULL)
        sentry_inode_unref (&found->base);
      return fresh;
    }
  sentry_mutex_unlock (&sb->lock);
  sentry_inode_unref (&fresh->base);
  return found;
}

static void
set_place (SentryHostInode *inode, SentryHostInode *dir, const char *name)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  SentryHostInode *old_parent;

  sentry_mutex_lock (&sb->lock);
  sentry_host_inode_set_place_locked (inode, dir, name, &old_parent);
  sentry_mutex_unlock (&sb->lock);
  if (old_parent != NULL)
    sentry_inode_unref (&old_parent->base);
}

int
sentry_host_inode_obtain (SentryHostSuper *sb, SentryHostInode *dir, const char *name,
                          const struct statx *stx, SentryHostInode **ret_inode)
{
  SentryHostInode *found,
      like = { .base.ino = stx->stx_ino, .host_dev = sentry_host_stx_dev (stx) };

  sentry_mutex_lock (&sb->lock);
  found = find_locked (sb, &like);
  sentry_mutex_unlock (&sb->lock);
  if (found != NULL && !sentry_host_same (found, stx))
    {
      /* A deleted file's number was used again. */
      sentry_inode_unref (&found->base);
      found = NULL;
    }
  if (found == NULL)
    {
      found = new_inode (sb, stx);
      if (found == NULL)
        return -ENOMEM;
      found = enter_table (sb, found, stx);
    }
  if (dir != NULL)
    set_place (found, dir, name);
  refresh_owner (found, stx);
  *ret_inode = found;
  return 0;
}

static void
free_one (SentryHostInode *inode)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);

  sentry_mutex_lock (&sb->lock);
  if (inode->in_table && g_hash_table_lookup (sb->inodes, inode) == inode)
    g_hash_table_remove (sb->inodes, inode);
  sentry_mutex_unlock (&sb->lock);
  sentry_host_descriptors_clear (inode);
  sentry_inode_clear (&inode->base);
  g_free (inode->name);
  g_free (inode);
  sentry_uncharge (sizeof *inode);
}

/* Goes up by a loop: a guest can make trees deeper than a thread's stack. */
static void
host_free (SentryInode *base)
{
  SentryHostInode *inode = sentry_host_inode (base);
  SentrySuperBlock *sb = sentry_super_block_ref (base->sb);

  while (inode != NULL)
    {
      SentryHostInode *parent = inode->parent;
      free_one (inode);
      inode = parent != NULL && sentry_ref_put (&parent->base.ref) ? parent : NULL;
    }
  sentry_super_block_unref (sb);
}

/* --- attributes --- */

/* A reference to the parent and a copy of the name, if the inode is best reached so. */
static SentryHostInode *
place_of (SentryHostInode *inode, char **ret_name)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  SentryHostInode *parent = NULL;

  sentry_mutex_lock (&sb->lock);
  if (inode->path_fd < 0 && inode->parent != NULL)
    {
      parent = inode->parent;
      sentry_inode_ref (&parent->base);
      *ret_name = g_strdup (inode->name);
    }
  sentry_mutex_unlock (&sb->lock);
  return parent;
}

static int
statx_by_place (SentryHostInode *inode, struct statx *ret_stx)
{
  g_autofree char *name = NULL;
  SentryHostInode *parent = place_of (inode, &name), *at = parent != NULL ? parent : inode;
  int fd, r = sentry_host_path_get (at, &fd);

  if (r == 0)
    {
      r = sentry_host_statx (fd, parent != NULL ? name : "", ret_stx);
      sentry_host_path_put (at);
    }
  if (parent != NULL)
    sentry_inode_unref (&parent->base);
  return r == -ENOENT ? -ESTALE : r;
}

/* An open handle knows best: also of a file that others have removed or replaced meanwhile. */
static int
statx_once (SentryHostInode *inode, struct statx *ret_stx)
{
  SentryHostHandle *h = sentry_host_handle_get_open (inode);
  int r;

  if (h != NULL)
    {
      r = sentry_host_statx (h->fd, "", ret_stx);
      sentry_host_handle_put (inode, h);
    }
  else
    r = statx_by_place (inode, ret_stx);
  return r == 0 && !sentry_host_same (inode, ret_stx) ? -ESTALE : r;
}

int
sentry_host_inode_statx (SentryHostInode *inode, struct statx *ret_stx)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  guint32 watch;
  int r;

  do
    {
      watch = sentry_host_moves_watch (sb);
      r = statx_once (inode, ret_stx);
    }
  while (r == -ESTALE && sentry_host_moved_since (sb, watch));
  if (r == 0)
    refresh_owner (inode, ret_stx);
  return r;
}

static SentryTimestamp
timestamp (struct statx_timestamp t)
{
  return (SentryTimestamp){ .sec = t.tv_sec, .nsec = t.tv_nsec };
}

static int
host_getattr (SentryInode *base, SentryAttr *ret_attr)
{
  SentryHostInode *inode = sentry_host_inode (base);
  struct statx stx;
  int r = sentry_host_inode_statx (inode, &stx);

  if (r < 0)
    return r;
  *ret_attr = (SentryAttr){
    .mode = stx.stx_mode,
    .nlink = stx.stx_nlink,
    .uid = stx.stx_uid,
    .gid = stx.stx_gid,
    .ino = stx.stx_ino,
    .dev_major = base->sb->dev_major,
    .dev_minor = inode->base.dev_minor,
    .rdev_major = stx.stx_rdev_major,
    .rdev_minor = stx.stx_rdev_minor,
    .size = stx.stx_size,
    .blocks = stx.stx_blocks,
    .blksize = stx.stx_blksize,
    .atime = timestamp (stx.stx_atime),
    .mtime = timestamp (stx.stx_mtime),
    .ctime = timestamp (stx.stx_ctime),
    .btime = timestamp (stx.stx_btime),
    .has_btime = (stx.stx_mask & STATX_BTIME) != 0,
    .attributes = stx.stx_attributes & ~(guint64) STATX_ATTR_MOUNT_ROOT,
    .attributes_mask = stx.stx_attributes_mask & ~(guint64) STATX_ATTR_MOUNT_ROOT,
  };
  return 0;
}

/* --- names --- */

static int
host_lookup (SentryInode *dir, SentryCred *cred, const char *name, SentryInode **ret_inode)
{
  SentryHostInode *inode;
  struct statx stx;
  int fd, r = sentry_host_path_get (sentry_host_inode (dir), &fd);

  if (r < 0)
    return r;
  r = sentry_host_statx (fd, name, &stx);
  sentry_host_path_put (sentry_host_inode (dir));
  if (r < 0)
    return r;
  r = sentry_host_inode_obtain (sentry_host_super (dir->sb), sentry_host_inode (dir), name, &stx,
                                &inode);
  if (r < 0)
    return r;
  *ret_inode = &inode->base;
  return 0;
}

/* One host call for each cached step. */
static gboolean
host_revalidate (SentryInode *dir, const char *name, SentryInode *inode)
{
  struct statx stx;
  int fd, r = sentry_host_path_get (sentry_host_inode (dir), &fd);

  if (r < 0)
    return FALSE;
  r = sentry_host_statx (fd, name, &stx);
  sentry_host_path_put (sentry_host_inode (dir));
  if (inode == NULL)
    return r == -ENOENT;
  if (r < 0 || !sentry_host_same (sentry_host_inode (inode), &stx))
    return FALSE;
  refresh_owner (sentry_host_inode (inode), &stx);
  return TRUE;
}

static int
host_readlink (SentryInode *base, SentryCred *cred, char **ret_target)
{
  SentryHostInode *inode = sentry_host_inode (base);
  char buf[PATH_MAX];
  gssize len;
  int fd, r = sentry_host_path_get (inode, &fd);

  if (r < 0)
    return r;
  len = readlinkat (fd, "", buf, sizeof buf);
  r = len < 0 ? -errno : 0;
  sentry_host_path_put (inode);
  if (r < 0)
    return r;
  if (len >= PATH_MAX)
    return -ENAMETOOLONG;
  *ret_target = g_strndup (buf, (gsize) len);
  return 0;
}

static int
host_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
           guint32 flags, SentryFile **ret_file)
{
  switch (inode->type)
    {
    case S_IFREG:
      return sentry_host_file_open (inode, path, cred, mode, flags, ret_file);
    case S_IFDIR:
      return sentry_host_dir_open (inode, path, cred, mode, flags, ret_file);
    default:
      /* Served by our kernel: nothing is opened on the host. */
      return sentry_inode_open_special (inode, path, cred, mode, flags, ret_file);
    }
}

#define COMMON_OPS                                                                                 \
  .free = host_free, .lookup = host_lookup, .create = sentry_host_create,                          \
  .mkdir = sentry_host_mkdir, .mknod = sentry_host_mknod, .symlink = sentry_host_symlink,          \
  .link = sentry_host_link, .unlink = sentry_host_unlink, .rmdir = sentry_host_rmdir,              \
  .rename = sentry_host_rename, .tmpfile = sentry_host_tmpfile, .readlink = host_readlink,         \
  .getattr = host_getattr, .setattr = sentry_host_setattr, .getxattr = sentry_host_getxattr,       \
  .setxattr = sentry_host_setxattr, .listxattr = sentry_host_listxattr,                            \
  .removexattr = sentry_host_removexattr, .open = host_open

const SentryInodeOps sentry_host_inode_ops = { COMMON_OPS };
const SentryInodeOps sentry_host_shared_inode_ops = { COMMON_OPS, .revalidate = host_revalidate };
