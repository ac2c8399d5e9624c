/* The file system type "overlay". SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

/* Life of a superblock: mount makes it over its layers' superblocks, of which it keeps references;
 * the last unref drops them.  An upper layer that is used for the first time gets its two
 * directories, and its root the attributes of the lower layer's. */

struct _SentryOverlayFilesystem
{
  GObject parent_instance;
};

static void sentry_overlay_filesystem_iface_init (SentryFilesystemInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (SentryOverlayFilesystem, sentry_overlay_filesystem, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SENTRY_TYPE_FILESYSTEM,
                                                      sentry_overlay_filesystem_iface_init))

static void
super_free (SentrySuperBlock *base)
{
  SentryOverlaySuper *sb = sentry_overlay_super (base);

  sentry_super_block_clear (base);
  sentry_overlay_records_free (sb);
  g_assert (g_hash_table_size (sb->inodes) == 0);
  g_hash_table_unref (sb->inodes);
  sentry_inode_unref (sb->upper_root);
  sentry_inode_unref (sb->work);
  sentry_super_block_unref (sb->upper);
  for (guint i = 0; i < sb->n_lower; i++)
    sentry_super_block_unref (sb->lower[i]);
  g_free (sb->lower);
  sentry_cred_unref (sb->cred);
  g_cond_clear (&sb->copied);
  g_free (sb);
}

/* Nobody uses a layer but this overlay: their last use ends with its own. */
static void
super_kill (SentrySuperBlock *base)
{
  SentryOverlaySuper *sb = sentry_overlay_super (base);

  if (sb->upper != NULL && sb->upper->ops->kill != NULL)
    sb->upper->ops->kill (sb->upper);
  for (guint i = 0; i < sb->n_lower; i++)
    if (sb->lower[i]->ops->kill != NULL)
      sb->lower[i]->ops->kill (sb->lower[i]);
}

/* What is free is what the upper layer can still take. */
static int
super_statfs (SentrySuperBlock *base, struct statfs *ret_st)
{
  SentryOverlaySuper *sb = sentry_overlay_super (base);
  SentrySuperBlock *layer = sb->upper != NULL ? sb->upper : sb->lower[0];
  int r = layer->ops->statfs == NULL ? -ENOSYS : layer->ops->statfs (layer, ret_st);

  if (r == 0)
    {
      ret_st->f_type = OVERLAYFS_SUPER_MAGIC;
      ret_st->f_namelen = 255;
    }
  return r;
}

static int
super_sync (SentrySuperBlock *base)
{
  SentryOverlaySuper *sb = sentry_overlay_super (base);

  return sb->upper == NULL || sb->upper->ops->sync == NULL ? 0 : sb->upper->ops->sync (sb->upper);
}

static const SentrySuperBlockOps super_ops = {
  .free = super_free,
  .kill = super_kill,
  .statfs = super_statfs,
  .sync = super_sync,
};

static SentryOverlaySuper *
new_super (const SentryMountRequest *req)
{
  SentryOverlaySuper *sb = g_new0 (SentryOverlaySuper, 1);
  gboolean user = req->options != NULL && strstr (req->options, "userxattr") != NULL;

  sentry_super_block_init (&sb->base, &super_ops, "overlay", OVERLAYFS_SUPER_MAGIC);
  sb->base.read_only = req->read_only || req->upper == NULL;
  sb->base.max_bytes = req->upper != NULL ? req->upper->max_bytes : req->lower[0]->max_bytes;
  sb->upper = req->upper == NULL ? NULL : sentry_super_block_ref (req->upper);
  sb->n_lower = req->n_lower;
  sb->lower = g_new0 (SentrySuperBlock *, req->n_lower);
  for (guint i = 0; i < req->n_lower; i++)
    sb->lower[i] = sentry_super_block_ref (req->lower[i]);
  sb->prefix = user ? "user.overlay." : "trusted.overlay.";
  sb->cred = sentry_cred_ref (req->cred);
  sentry_mutex_init (&sb->lock, SENTRY_LOCK_AUX);
  g_cond_init (&sb->copied);
  sb->inodes = g_hash_table_new (NULL, NULL);
  sb->records = g_hash_table_new (NULL, NULL);
  return sb;
}

static int
find_or_make_dir (SentryOverlaySuper *sb, const char *name, guint32 mode, gboolean *ret_made,
                  SentryInode **ret_dir)
{
  SentryInode *root = sb->upper->root;
  int r;

  *ret_made = FALSE;
  if (root->type != S_IFDIR || root->ops->mkdir == NULL)
    return -ENOTDIR;
  r = sentry_overlay_layer_lookup (root, name, ret_dir);
  if (r == -ENOENT)
    {
      sentry_rwlock_write_lock (&root->lock);
      r = root->ops->mkdir (root, sb->cred, name, S_IFDIR | mode, ret_dir);
      sentry_rwlock_write_unlock (&root->lock);
      *ret_made = r == 0;
    }
  else if (r == 0 && (*ret_dir)->type != S_IFDIR)
    {
      sentry_inode_unref (g_steal_pointer (ret_dir));
      r = -ENOTDIR;
    }
  return r;
}

static int
copy_root_attr (SentryOverlaySuper *sb)
{
  SentryInode *lower = sb->lower[0]->root, *upper = sb->upper_root;
  SentrySetAttr owner = { .valid = SENTRY_SET_UID | SENTRY_SET_GID };
  SentrySetAttr rest = { .valid = SENTRY_SET_MODE | SENTRY_SET_ATIME | SENTRY_SET_MTIME };
  SentryAttr attr;
  int r = lower->ops->getattr (lower, &attr);

  if (r < 0)
    return r;
  owner.uid = attr.uid;
  owner.gid = attr.gid;
  rest.mode = attr.mode & 07777;
  rest.atime = attr.atime;
  rest.mtime = attr.mtime;
  r = upper->ops->setattr (upper, sb->cred, &owner);
  return r < 0 && r != -EPERM ? r : upper->ops->setattr (upper, sb->cred, &rest);
}

/* Marks must be kept, or removed directories would come back. */
static int
check_marks (SentryOverlaySuper *sb)
{
  g_autofree char *back = NULL;
  int r = sentry_overlay_set_mark (sb, sb->work, "work", "y");

  if (r < 0)
    return r;
  back = sentry_overlay_get_mark (sb, sb->work, "work");
  return g_strcmp0 (back, "y") == 0 ? 0 : -EOPNOTSUPP;
}

static int
open_upper (SentryOverlaySuper *sb)
{
  gboolean fresh, made_work;
  int r;

  if (sb->upper == NULL)
    return 0;
  r = find_or_make_dir (sb, "upper", 0755, &fresh, &sb->upper_root);
  if (r == 0)
    r = find_or_make_dir (sb, "work", 0700, &made_work, &sb->work);
  if (r == 0)
    r = check_marks (sb);
  if (r < 0)
    return r;
  if (!made_work)
    sentry_overlay_work_clean (sb);
  return fresh ? copy_root_attr (sb) : 0;
}

static int
make_root (SentryOverlaySuper *sb)
{
  SentryOverlayLower lower[SENTRY_OVERLAY_MAX_LOWER];
  SentryOverlayInode *root;
  int r;

  for (guint i = 0; i < sb->n_lower; i++)
    lower[i] = (SentryOverlayLower){ sentry_inode_ref (sb->lower[i]->root), i };
  r = sentry_overlay_obtain (sb, NULL, NULL,
                             sb->upper_root == NULL ? NULL : sentry_inode_ref (sb->upper_root),
                             lower, sb->n_lower, &root);
  if (r == 0)
    sentry_super_block_set_root (&sb->base, &root->base);
  return r;
}

static int
overlay_mount (SentryFilesystem *self, const SentryMountRequest *req, SentrySuperBlock **ret_sb)
{
  SentryOverlaySuper *sb;
  int r;

  if (req->n_lower == 0 || req->n_lower > SENTRY_OVERLAY_MAX_LOWER)
    return -EINVAL;
  for (guint i = 0; i < req->n_lower; i++)
    if (req->lower[i]->root->type != S_IFDIR)
      return -ENOTDIR;
  sb = new_super (req);
  r = open_upper (sb);
  if (r == 0)
    r = make_root (sb);
  if (r < 0)
    {
      sentry_super_block_unref (&sb->base);
      return r;
    }
  *ret_sb = &sb->base;
  return 0;
}

static const char *
overlay_get_name (SentryFilesystem *self)
{
  return "overlay";
}

/* Its layers are superblocks, which a guest has no name for yet. */
static gboolean
overlay_guest_may_mount (SentryFilesystem *self)
{
  return FALSE;
}

static void
sentry_overlay_filesystem_iface_init (SentryFilesystemInterface *iface)
{
  iface->get_name = overlay_get_name;
  iface->guest_may_mount = overlay_guest_may_mount;
  iface->mount = overlay_mount;
}

static void
sentry_overlay_filesystem_class_init (SentryOverlayFilesystemClass *klass)
{
}

static void
sentry_overlay_filesystem_init (SentryOverlayFilesystem *self)
{
}
