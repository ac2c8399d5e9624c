/* Attributes of overlay inodes, extended ones too. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

#include <errno.h>
#include <string.h>

/* --- stat --- */

/* +1: `e` is a directory where the lower layer has none, -1: it hides a lower directory. */
static int
subdir_delta_of (SentryOverlayInode *dir, const SentryOverlayEntry *e)
{
  SentryOverlayLower lower[SENTRY_OVERLAY_MAX_LOWER];
  SentryInode *upper;
  gboolean is_dir, was_dir = FALSE;
  int n;

  if (strcmp (e->name, ".") == 0 || strcmp (e->name, "..") == 0
      || sentry_overlay_layer_lookup_any (sentry_overlay_upper (dir), e->name, &upper) < 0)
    return 0;
  is_dir = upper->type == S_IFDIR;
  sentry_inode_unref (upper);
  n = sentry_overlay_lower_lookup (sentry_overlay_inode_super (dir), dir->lower, 1, e->name, lower);
  if (n > 0)
    {
      was_dir = lower[0].inode->type == S_IFDIR;
      sentry_overlay_lower_clear (lower, (guint) n);
    }
  return is_dir - was_dir;
}

/* Counted from the upper layer's names, which are few, when the inode's own count was lost with it.
 */
static int
count_subdirs (SentryOverlayInode *dir)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);
  g_autoptr (GPtrArray) entries = NULL;
  gint delta = 0, r = sentry_overlay_layer_list (sb, sentry_overlay_upper (dir), &entries);

  if (r < 0)
    return r;
  for (guint i = 0; i < entries->len; i++)
    delta += subdir_delta_of (dir, entries->pdata[i]);
  sentry_mutex_lock (&sb->lock);
  if (!dir->subdirs_known)
    dir->subdirs_delta = delta;
  dir->subdirs_known = TRUE;
  sentry_mutex_unlock (&sb->lock);
  return 0;
}

/* A merged directory looks as if the lower one had been changed.  Lower file systems that count no
 * subdirectories say 1. */
static int
merge_dir_attr (SentryOverlayInode *dir, SentryAttr *attr)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);
  SentryAttr lower;
  gboolean known;
  gint delta;
  int r = dir->lower[0].inode->ops->getattr (dir->lower[0].inode, &lower);

  if (r < 0)
    return r;
  sentry_mutex_lock (&sb->lock);
  known = dir->subdirs_known;
  sentry_mutex_unlock (&sb->lock);
  if (!known)
    {
      r = count_subdirs (dir);
      if (r < 0)
        return r;
    }
  sentry_mutex_lock (&sb->lock);
  delta = dir->subdirs_delta;
  sentry_mutex_unlock (&sb->lock);
  attr->nlink = lower.nlink < 2 ? lower.nlink : (guint32) MAX (2, (gint64) lower.nlink + delta);
  attr->size = lower.size;
  attr->blocks = lower.blocks;
  attr->blksize = lower.blksize;
  attr->btime = lower.btime;
  attr->has_btime = lower.has_btime;
  return 0;
}

/* Names in the upper layer and those that are still only below. */
static void
merge_file_links (SentryOverlayInode *o, SentryAttr *attr)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);

  sentry_mutex_lock (&sb->lock);
  if (o->below_known)
    {
      guint32 upper
          = o->upper == NULL ? 0 : attr->nlink - (o->work_name != NULL && attr->nlink > 0);
      attr->nlink = upper + o->below;
    }
  sentry_mutex_unlock (&sb->lock);
}

int
sentry_overlay_getattr (SentryInode *inode, SentryAttr *ret_attr)
{
  SentryOverlayInode *o = sentry_overlay_inode (inode);
  SentryInode *real = sentry_overlay_real (o);
  SentryAttr attr;
  int r = real->ops->getattr (real, &attr);

  if (r < 0)
    return r;
  sentry_overlay_sync_owner (o);
  attr.ino = inode->ino;
  attr.dev_major = inode->sb->dev_major;
  attr.dev_minor = inode->dev_minor;
  attr.rdev_minor = inode->rdev_minor;
  if (inode->type != S_IFDIR)
    merge_file_links (o, &attr);
  else if (o->n_lower > 0 && sentry_overlay_upper (o) != NULL)
    r = merge_dir_attr (o, &attr);
  if (r == 0)
    *ret_attr = attr;
  return r;
}

int
sentry_overlay_setattr (SentryInode *inode, SentryCred *cred, const SentrySetAttr *set)
{
  SentryOverlayInode *o = sentry_overlay_inode (inode);
  SentryInode *upper;
  int r = sentry_overlay_copy_up (o, set->valid & SENTRY_SET_SIZE ? set->size : G_MAXUINT64);

  if (r < 0)
    return r;
  upper = sentry_overlay_upper (o);
  if (upper->ops->setattr == NULL)
    return -EPERM;
  r = upper->ops->setattr (upper, cred, set);
  sentry_overlay_sync_owner (o);
  return r;
}

/* --- extended attributes --- */

/* The guest's own attributes under our prefix get another one behind it. */
static char *
escape (SentryOverlaySuper *sb, const char *name)
{
  if (!g_str_has_prefix (name, sb->prefix))
    return g_strdup (name);
  return g_strconcat (sb->prefix, "overlay.", name + strlen (sb->prefix), NULL);
}

gssize
sentry_overlay_getxattr (SentryInode *inode, const char *name, gpointer value, gsize size)
{
  SentryInode *real = sentry_overlay_real (sentry_overlay_inode (inode));
  g_autofree char *escaped = escape (sentry_overlay_super (inode->sb), name);

  return real->ops->getxattr == NULL ? -EOPNOTSUPP
                                     : real->ops->getxattr (real, escaped, value, size);
}

int
sentry_overlay_setxattr (SentryInode *inode, const char *name, gconstpointer value, gsize size,
                         int flags)
{
  SentryOverlayInode *o = sentry_overlay_inode (inode);
  g_autofree char *escaped = escape (sentry_overlay_super (inode->sb), name);
  SentryInode *upper;
  int r = sentry_overlay_copy_up (o, G_MAXUINT64);

  if (r < 0)
    return r;
  upper = sentry_overlay_upper (o);
  if (upper->ops->setxattr == NULL)
    return -EOPNOTSUPP;
  r = upper->ops->setxattr (upper, escaped, value, size, flags);
  sentry_overlay_sync_owner (o);
  return r;
}

/* Asked first, so that removing what isn't there copies nothing. */
int
sentry_overlay_removexattr (SentryInode *inode, const char *name)
{
  SentryOverlayInode *o = sentry_overlay_inode (inode);
  g_autofree char *escaped = escape (sentry_overlay_super (inode->sb), name);
  SentryInode *upper;
  gssize there = sentry_overlay_getxattr (inode, name, NULL, 0);
  int r;

  if (there < 0)
    return (int) there;
  r = sentry_overlay_copy_up (o, G_MAXUINT64);
  if (r < 0)
    return r;
  upper = sentry_overlay_upper (o);
  return upper->ops->removexattr == NULL ? -EOPNOTSUPP : upper->ops->removexattr (upper, escaped);
}

/* Drops our own names from the list and gives the guest's theirs back; in place, since names only
 * get shorter. */
static gsize
unescape_list (SentryOverlaySuper *sb, char *list, gsize len)
{
  g_autofree char *escaped = g_strconcat (sb->prefix, "overlay.", NULL);
  gsize out = 0, prefix_len = strlen (sb->prefix), escaped_len = strlen (escaped);

  for (gsize at = 0, n; at < len; at += n + 1)
    {
      const char *name = list + at;
      gsize cut = 0;

      n = strlen (name);
      if (strncmp (name, escaped, escaped_len) == 0)
        cut = escaped_len - prefix_len;
      else if (strncmp (name, sb->prefix, prefix_len) == 0)
        continue;
      if (cut > 0)
        {
          memmove (list + out, name, prefix_len);
          memmove (list + out + prefix_len, name + escaped_len, n - escaped_len + 1);
        }
      else
        memmove (list + out, name, n + 1);
      out += n + 1 - cut;
    }
  return out;
}

gssize
sentry_overlay_listxattr (SentryInode *inode, char *list, gsize size)
{
  SentryInode *real = sentry_overlay_real (sentry_overlay_inode (inode));
  g_autofree char *all = NULL;
  gssize len;

  if (real->ops->listxattr == NULL)
    return -EOPNOTSUPP;
  len = real->ops->listxattr (real, NULL, 0);
  if (len <= 0)
    return len;
  all = g_try_malloc0 ((gsize) len + 1);
  if (all == NULL)
    return -ENOMEM;
  len = real->ops->listxattr (real, all, (gsize) len);
  if (len < 0)
    return len;
  len = (gssize) unescape_list (sentry_overlay_super (inode->sb), all, (gsize) len);
  if (size == 0)
    return len;
  if ((gsize) len > size)
    return -ERANGE;
  memcpy (list, all, (gsize) len);
  return len;
}
