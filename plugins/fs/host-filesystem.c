/* The file system type "host": a directory (or one file) of the host, by a donated descriptor.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <fcntl.h>

/* Life of a superblock: mount makes it from the donated O_PATH descriptor, which becomes the root
 * inode's path descriptor; the last unref frees it.
 *
 * Nobody else is expected to change a read-only root (the lower layer of /): its names are looked
 * up once, and a file that somebody does replace says ESTALE when it is opened, until its name
 * falls out of the dentry cache.  Attributes and contents are always the host's present ones. Binds
 * are asked again at each step of a walk (req->revalidate). */

struct _SentryHostFilesystem
{
  GObject parent_instance;
};

static void sentry_host_filesystem_iface_init (SentryFilesystemInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (SentryHostFilesystem, sentry_host_filesystem, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SENTRY_TYPE_FILESYSTEM,
                                                      sentry_host_filesystem_iface_init))

static gboolean any_writable; /* a: decides which host calls are asked for */

static guint
identity_hash (gconstpointer p)
{
  const SentryHostInode *inode = p;
  guint64 mixed
      = (inode->base.ino ^ (inode->host_dev << 32)) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  return (guint) (mixed >> 32);
}

static gboolean
identity_equal (gconstpointer a, gconstpointer b)
{
  const SentryHostInode *x = a, *y = b;

  return x->base.ino == y->base.ino && x->host_dev == y->host_dev;
}

/* The root's name in /proc/mounts is that of the host's file system. */
static const char *
name_of_magic (guint64 magic)
{
  static const struct
  {
    guint64 magic;
    const char *name;
  } known[] = {
    { EXT4_SUPER_MAGIC, "ext4" },
    { XFS_SUPER_MAGIC, "xfs" },
    { BTRFS_SUPER_MAGIC, "btrfs" },
    { TMPFS_MAGIC, "tmpfs" },
    { OVERLAYFS_SUPER_MAGIC, "overlay" },
    { NFS_SUPER_MAGIC, "nfs" },
    { F2FS_SUPER_MAGIC, "f2fs" },
    { SQUASHFS_MAGIC, "squashfs" },
    { V9FS_MAGIC, "9p" },
    { FUSE_SUPER_MAGIC, "fuse" },
    { 0x2fc12fc1, "zfs" },
    { EROFS_SUPER_MAGIC_V1, "erofs" },
    { MSDOS_SUPER_MAGIC, "vfat" },
    { ISOFS_SUPER_MAGIC, "iso9660" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].magic == magic)
      return known[i].name;
  return "host";
}

static void
super_free (SentrySuperBlock *base)
{
  SentryHostSuper *sb = sentry_host_super (base);

  sentry_super_block_clear (base);
  g_assert (g_hash_table_size (sb->inodes) == 0);
  sentry_host_fd_cache_remove (&sb->fd_cache);
  g_hash_table_unref (sb->inodes);
  g_hash_table_unref (sb->devs);
  g_free (sb);
}

static int
super_statfs (SentrySuperBlock *base, struct statfs *ret_st)
{
  int fd, r = sentry_host_path_get (sentry_host_inode (base->root), &fd);

  if (r < 0)
    return r;
  r = fstatfs (fd, ret_st) < 0 ? -errno : 0;
  sentry_host_path_put (sentry_host_inode (base->root));
  return r;
}

static int
super_sync (SentrySuperBlock *base)
{
  SentryHostInode *root = sentry_host_inode (base->root);
  SentryHostHandle *h;
  int r;

  if (!sentry_host_super (base)->writable)
    return 0;
  r = sentry_host_handle_get (root, SENTRY_HOST_WANT_READ, &h);
  if (r < 0)
    return r;
  r = syncfs (h->fd) < 0 ? -errno : 0;
  sentry_host_handle_put (root, h);
  return r;
}

static const SentrySuperBlockOps super_ops = {
  .free = super_free,
  .statfs = super_statfs,
  .sync = super_sync,
};

static SentryHostSuper *
new_super (const SentryMountRequest *req, const struct statx *stx, guint64 magic)
{
  SentryHostSuper *sb = g_new0 (SentryHostSuper, 1);

  sentry_super_block_init (&sb->base, &super_ops, name_of_magic (magic), (guint32) magic);
  sb->base.read_only = req->read_only;
  sb->revalidate = req->revalidate;
  sb->writable = !req->read_only;
  sb->uid = geteuid ();
  sb->reads_all = sb->uid == 0;
  sb->host_dev = sentry_host_stx_dev (stx);
  sentry_mutex_init (&sb->lock, SENTRY_LOCK_AUX);
  sb->inodes = g_hash_table_new (identity_hash, identity_equal);
  sb->devs = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  sentry_list_init (&sb->lru);
  sb->fd_cache.reclaim = sentry_host_reclaim;
  sentry_host_fd_cache_add (&sb->fd_cache);
  return sb;
}

/* The root keeps the donated descriptor for good; it is no part of the budget, so it is given one
 * to give back. */
static int
make_root (SentryHostSuper *sb, const struct statx *stx, int fd)
{
  SentryHostInode *root;
  int r = sentry_host_fd_take ();

  if (r < 0)
    return r;
  r = sentry_host_inode_obtain (sb, NULL, NULL, stx, &root);
  if (r < 0)
    {
      sentry_host_fd_give ();
      return r;
    }
  sentry_super_block_set_root (&sb->base, &root->base);
  sentry_host_path_adopt (root, fd);
  return 0;
}

static int
host_filesystem_mount (SentryFilesystem *self, const SentryMountRequest *req,
                       SentrySuperBlock **ret_sb)
{
  SentryHostSuper *sb;
  struct statfs st;
  struct statx stx;
  int r;

  if (req->host_fd < 0)
    return -EINVAL;
  r = sentry_host_statx (req->host_fd, "", &stx);
  if (r < 0)
    return r;
  if (!S_ISDIR (stx.stx_mode) && !S_ISREG (stx.stx_mode))
    return -ENOTDIR;
  if (fstatfs (req->host_fd, &st) < 0)
    return -errno;
  sentry_host_keep_proc ();
  /* New files get the mode that the guest's own umask leaves, not ours. */
  if (!req->read_only)
    {
      umask (0);
      __atomic_store_n (&any_writable, TRUE, __ATOMIC_RELAXED);
    }
  sb = new_super (req, &stx, (guint64) st.f_type);
  r = make_root (sb, &stx, req->host_fd);
  if (r < 0)
    {
      sentry_super_block_unref (&sb->base);
      return r;
    }
  *ret_sb = &sb->base;
  return 0;
}

static const char *
host_filesystem_get_name (SentryFilesystem *self)
{
  return "host";
}

/* A guest has no descriptors to donate. */
static gboolean
host_filesystem_guest_may_mount (SentryFilesystem *self)
{
  return FALSE;
}

static const SentryHostCall *
host_filesystem_host_calls (SentryFilesystem *self)
{
  return sentry_host_calls (__atomic_load_n (&any_writable, __ATOMIC_RELAXED));
}

static void
sentry_host_filesystem_iface_init (SentryFilesystemInterface *iface)
{
  iface->get_name = host_filesystem_get_name;
  iface->guest_may_mount = host_filesystem_guest_may_mount;
  iface->mount = host_filesystem_mount;
  iface->host_calls = host_filesystem_host_calls;
}

static void
sentry_host_filesystem_class_init (SentryHostFilesystemClass *klass)
{
}

static void
sentry_host_filesystem_init (SentryHostFilesystem *self)
{
}
