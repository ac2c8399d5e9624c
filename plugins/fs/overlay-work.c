/* The overlay's work directory: new inodes are made there and moved into place, so that nobody sees
 * them half done. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
sentry_overlay_work_name (SentryOverlaySuper *sb, char ret_name[SENTRY_OVERLAY_WORK_NAME])
{
  guint64 n = __atomic_add_fetch (&sb->next_work_name, 1, __ATOMIC_RELAXED);

  g_snprintf (ret_name, SENTRY_OVERLAY_WORK_NAME, "#%" G_GINT64_MODIFIER "x", n);
}

static int
make_locked (SentryInode *work, SentryCred *cred, const char *name, guint32 mode, guint32 major,
             guint32 minor, const char *target, SentryInode **ret_inode)
{
  const SentryInodeOps *ops = work->ops;

  switch (mode & S_IFMT)
    {
    case S_IFREG:
      return ops->create (work, cred, name, mode, ret_inode);
    case S_IFDIR:
      return ops->mkdir (work, cred, name, mode, ret_inode);
    case S_IFLNK:
      return ops->symlink (work, cred, name, target, ret_inode);
    default:
      return ops->mknod (work, cred, name, mode, major, minor, ret_inode);
    }
}

int
sentry_overlay_work_make (SentryOverlaySuper *sb, SentryCred *cred, guint32 mode, guint32 major,
                          guint32 minor, const char *target,
                          char ret_name[SENTRY_OVERLAY_WORK_NAME], SentryInode **ret_inode)
{
  int r;

  sentry_overlay_work_name (sb, ret_name);
  sentry_rwlock_write_lock (&sb->work->lock);
  r = make_locked (sb->work, cred, ret_name, mode, major, minor, target, ret_inode);
  sentry_rwlock_write_unlock (&sb->work->lock);
  return r;
}

static int
remove_locked (SentryInode *dir, const char *name, SentryInode *inode)
{
  int r;

  if (inode->type != S_IFDIR)
    return dir->ops->unlink (dir, name, inode);
  sentry_rwlock_write_lock_nested (&inode->lock);
  r = dir->ops->rmdir (dir, name, inode);
  sentry_rwlock_write_unlock (&inode->lock);
  return r;
}

/* Removes what the callback's caller can't see any more. `whiteouts_only`: anything else is
 * -ENOTEMPTY. */
static int
remove_children (SentryOverlaySuper *sb, SentryInode *dir, gboolean whiteouts_only)
{
  g_autoptr (GPtrArray) entries = NULL;
  int r = sentry_overlay_layer_list (sb, dir, &entries);

  for (guint i = 0; r == 0 && i < entries->len; i++)
    {
      const SentryOverlayEntry *e = entries->pdata[i];
      SentryInode *child;

      if (strcmp (e->name, ".") == 0 || strcmp (e->name, "..") == 0)
        continue;
      r = sentry_overlay_layer_lookup_any (dir, e->name, &child);
      if (r < 0)
        return r;
      if (whiteouts_only && !sentry_overlay_is_whiteout (child))
        r = -ENOTEMPTY;
      else
        {
          sentry_rwlock_write_lock (&dir->lock);
          r = remove_locked (dir, e->name, child);
          sentry_rwlock_write_unlock (&dir->lock);
        }
      sentry_inode_unref (child);
    }
  return r;
}

int
sentry_overlay_empty_dir (SentryOverlaySuper *sb, SentryInode *upper_dir)
{
  return remove_children (sb, upper_dir, TRUE);
}

void
sentry_overlay_work_discard (SentryOverlaySuper *sb, const char *name, SentryInode *inode)
{
  if (inode->type == S_IFDIR)
    remove_children (sb, inode, TRUE);
  sentry_rwlock_write_lock (&sb->work->lock);
  remove_locked (sb->work, name, inode);
  sentry_rwlock_write_unlock (&sb->work->lock);
}

/* What an overlay that was cut off left behind. */
void
sentry_overlay_work_clean (SentryOverlaySuper *sb)
{
  g_autoptr (GPtrArray) entries = NULL;

  if (sentry_overlay_layer_list (sb, sb->work, &entries) < 0)
    return;
  for (guint i = 0; i < entries->len; i++)
    {
      const SentryOverlayEntry *e = entries->pdata[i];
      SentryInode *child;

      if (e->name[0] != '#' || sentry_overlay_layer_lookup_any (sb->work, e->name, &child) < 0)
        continue;
      sentry_overlay_work_discard (sb, e->name, child);
      sentry_inode_unref (child);
    }
}

void
sentry_overlay_work_lock (SentryOverlaySuper *sb, SentryInode *upper_dir, SentryInode *other_dir)
{
  sentry_rwlock_write_lock (&sb->work->lock);
  if (other_dir == upper_dir)
    other_dir = NULL;
  if (other_dir != NULL && (guintptr) other_dir < (guintptr) upper_dir)
    sentry_rwlock_write_lock_nested (&other_dir->lock);
  sentry_rwlock_write_lock_nested (&upper_dir->lock);
  if (other_dir != NULL && (guintptr) other_dir > (guintptr) upper_dir)
    sentry_rwlock_write_lock_nested (&other_dir->lock);
}

void
sentry_overlay_work_unlock (SentryOverlaySuper *sb, SentryInode *upper_dir, SentryInode *other_dir)
{
  if (other_dir != NULL && other_dir != upper_dir)
    sentry_rwlock_write_unlock (&other_dir->lock);
  sentry_rwlock_write_unlock (&upper_dir->lock);
  sentry_rwlock_write_unlock (&sb->work->lock);
}

int
sentry_overlay_work_install_locked (SentryOverlaySuper *sb, const char *name, SentryInode *inode,
                                    SentryInode *upper_dir, const char *dir_name,
                                    SentryInode *victim, gboolean exchange)
{
  return sb->work->ops->rename (sb->work, name, inode, upper_dir, dir_name, victim,
                                exchange ? RENAME_EXCHANGE : 0);
}

static int
make_whiteout (SentryOverlaySuper *sb, SentryInode *upper_dir, const char *dir_name)
{
  SentryInode *whiteout;
  int r;

  sentry_rwlock_write_lock (&upper_dir->lock);
  r = upper_dir->ops->mknod (upper_dir, sb->cred, dir_name, S_IFCHR, 0, 0, &whiteout);
  sentry_rwlock_write_unlock (&upper_dir->lock);
  if (r == 0)
    sentry_inode_unref (whiteout);
  return r;
}

/* A directory can't be replaced by a whiteout, only change places with it. */
int
sentry_overlay_hide (SentryOverlaySuper *sb, SentryInode *upper_dir, const char *dir_name,
                     SentryInode *victim)
{
  char name[SENTRY_OVERLAY_WORK_NAME];
  SentryInode *whiteout;
  gboolean exchange;
  int r;

  if (victim == NULL)
    return make_whiteout (sb, upper_dir, dir_name);
  exchange = victim->type == S_IFDIR;
  r = sentry_overlay_work_make (sb, sb->cred, S_IFCHR, 0, 0, NULL, name, &whiteout);
  if (r < 0)
    return r;
  sentry_overlay_work_lock (sb, upper_dir, NULL);
  r = sentry_overlay_work_install_locked (sb, name, whiteout, upper_dir, dir_name, victim,
                                          exchange);
  sentry_overlay_work_unlock (sb, upper_dir, NULL);
  if (r < 0)
    sentry_overlay_work_discard (sb, name, whiteout);
  else if (exchange)
    sentry_overlay_work_discard (sb, name, victim);
  sentry_inode_unref (whiteout);
  return r;
}
