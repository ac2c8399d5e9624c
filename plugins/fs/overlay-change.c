/* New names in an overlay directory, and their removal. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "overlay-private.h"

#include <errno.h>
#include <string.h>

int
sentry_overlay_find_there (SentryInode *upper_dir, const char *name, SentryInode **ret_there)
{
  int r = sentry_overlay_layer_lookup_any (upper_dir, name, ret_there);

  if (r == -ENOENT)
    *ret_there = NULL;
  return r == -ENOENT ? 0 : r;
}

/* --- making --- */

/* A new inode, by what mknod and its kin need. */
typedef struct
{
  SentryCred *cred;
  guint32 mode; /* with type */
  guint32 major, minor;
  const char *target;
} New;

static int
make_here (SentryInode *upper_dir, const char *name, const New *new, SentryInode **ret_inode)
{
  const SentryInodeOps *ops = upper_dir->ops;
  int r;

  sentry_rwlock_write_lock (&upper_dir->lock);
  switch (new->mode &S_IFMT)
    {
    case S_IFREG:
      r = ops->create (upper_dir, new->cred, name, new->mode, ret_inode);
      break;
    case S_IFDIR:
      r = ops->mkdir (upper_dir, new->cred, name, new->mode, ret_inode);
      break;
    case S_IFLNK:
      r = ops->symlink (upper_dir, new->cred, name, new->target, ret_inode);
      break;
    default:
      r = ops->mknod (upper_dir, new->cred, name, new->mode, new->major, new->minor, ret_inode);
      break;
    }
  sentry_rwlock_write_unlock (&upper_dir->lock);
  return r;
}

/* The group and S_ISGID that it would have got in the directory that it goes to. */
static int
inherit_group (SentryOverlaySuper *sb, SentryInode *upper_dir, SentryInode *inode)
{
  SentrySetAttr group = { .valid = SENTRY_SET_GID };
  SentrySetAttr mode = { .valid = SENTRY_SET_MODE };
  int r;

  if (!(__atomic_load_n (&upper_dir->mode, __ATOMIC_RELAXED) & S_ISGID))
    return 0;
  mode.mode = (__atomic_load_n (&inode->mode, __ATOMIC_RELAXED) & 07777)
              | (inode->type == S_IFDIR ? S_ISGID : 0);
  group.gid = __atomic_load_n (&upper_dir->gid, __ATOMIC_RELAXED);
  r = inode->ops->setattr (inode, sb->cred, &group);
  return r < 0 || inode->type == S_IFLNK ? r : inode->ops->setattr (inode, sb->cred, &mode);
}

/* A file takes the whiteout's place; a directory changes places with it. */
static int
make_over_whiteout (SentryOverlaySuper *sb, SentryInode *upper_dir, const char *name,
                    SentryInode *whiteout, const New *new, SentryInode **ret_inode)
{
  gboolean exchange = S_ISDIR (new->mode);
  char work_name[SENTRY_OVERLAY_WORK_NAME];
  SentryInode *inode;
  int r = sentry_overlay_work_make (sb, new->cred, new->mode, new->major, new->minor, new->target,
                                    work_name, &inode);

  if (r < 0)
    return r;
  r = inherit_group (sb, upper_dir, inode);
  if (r == 0 && exchange)
    r = sentry_overlay_set_mark (sb, inode, "opaque", "y");
  if (r == 0)
    {
      sentry_overlay_work_lock (sb, upper_dir, NULL);
      r = sentry_overlay_work_install_locked (sb, work_name, inode, upper_dir, name, whiteout,
                                              exchange);
      sentry_overlay_work_unlock (sb, upper_dir, NULL);
    }
  if (r < 0)
    {
      sentry_overlay_work_discard (sb, work_name, inode);
      sentry_inode_unref (inode);
      return r;
    }
  if (exchange)
    sentry_overlay_work_discard (sb, work_name, whiteout);
  *ret_inode = inode;
  return 0;
}

static int
make (SentryInode *base, const char *name, const New *new, SentryInode **ret_inode)
{
  SentryOverlayInode *dir = sentry_overlay_inode (base), *o;
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);
  SentryInode *upper_dir, *there, *upper;
  int r = sentry_overlay_copy_up (dir, G_MAXUINT64);

  if (r < 0)
    return r;
  upper_dir = sentry_overlay_upper (dir);
  r = sentry_overlay_find_there (upper_dir, name, &there);
  if (r < 0)
    return r;
  if (there == NULL)
    r = make_here (upper_dir, name, new, &upper);
  else if (sentry_overlay_is_whiteout (there))
    r = make_over_whiteout (sb, upper_dir, name, there, new, &upper);
  else
    r = -EEXIST;
  sentry_inode_unref (there);
  if (r == 0)
    r = sentry_overlay_obtain (sb, dir, name, upper, NULL, 0, &o);
  if (r < 0)
    return r;
  if (S_ISDIR (new->mode))
    sentry_overlay_subdirs_changed (dir, 1);
  *ret_inode = &o->base;
  return 0;
}

int
sentry_overlay_create (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                       SentryInode **ret_inode)
{
  return make (dir, name, &(New){ .cred = cred, .mode = S_IFREG | (mode & 07777) }, ret_inode);
}

int
sentry_overlay_mkdir (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                      SentryInode **ret_inode)
{
  return make (dir, name, &(New){ .cred = cred, .mode = S_IFDIR | (mode & 07777) }, ret_inode);
}

/* Anybody may make a device 0:0 (Linux 5.8); it must not hide what lies below. */
int
sentry_overlay_mknod (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                      guint32 major, guint32 minor, SentryInode **ret_inode)
{
  if (S_ISCHR (mode) && major == 0 && minor == 0)
    minor = SENTRY_OVERLAY_GUEST_WHITEOUT_MINOR;
  return make (dir, name, &(New){ .cred = cred, .mode = mode, .major = major, .minor = minor },
               ret_inode);
}

int
sentry_overlay_symlink (SentryInode *dir, SentryCred *cred, const char *name, const char *target,
                        SentryInode **ret_inode)
{
  return make (dir, name, &(New){ .cred = cred, .mode = S_IFLNK | 0777, .target = target },
               ret_inode);
}

int
sentry_overlay_tmpfile (SentryInode *base, SentryCred *cred, guint32 mode, gboolean linkable,
                        SentryInode **ret_inode)
{
  SentryOverlayInode *dir = sentry_overlay_inode (base), *o;
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);
  SentryInode *upper_dir, *upper;
  int r = sentry_overlay_copy_up (dir, G_MAXUINT64);

  if (r < 0)
    return r;
  upper_dir = sentry_overlay_upper (dir);
  if (upper_dir->ops->tmpfile == NULL)
    return -EOPNOTSUPP;
  sentry_rwlock_write_lock (&upper_dir->lock);
  r = upper_dir->ops->tmpfile (upper_dir, cred, mode, linkable, &upper);
  sentry_rwlock_write_unlock (&upper_dir->lock);
  if (r == 0)
    r = sentry_overlay_obtain (sb, NULL, NULL, upper, NULL, 0, &o);
  if (r == 0)
    *ret_inode = &o->base;
  return r;
}

/* --- links --- */

int
sentry_overlay_link_here (SentryInode *upper_dir, const char *name, SentryInode *upper)
{
  int r;

  sentry_rwlock_write_lock (&upper_dir->lock);
  r = upper_dir->ops->link (upper_dir, name, upper);
  sentry_rwlock_write_unlock (&upper_dir->lock);
  return r;
}

static int
link_over_whiteout (SentryOverlaySuper *sb, SentryInode *upper_dir, const char *name,
                    SentryInode *whiteout, SentryInode *upper)
{
  char work_name[SENTRY_OVERLAY_WORK_NAME];
  int r;

  sentry_overlay_work_name (sb, work_name);
  r = sentry_overlay_link_here (sb->work, work_name, upper);
  if (r < 0)
    return r;
  sentry_overlay_work_lock (sb, upper_dir, NULL);
  r = sentry_overlay_work_install_locked (sb, work_name, upper, upper_dir, name, whiteout, FALSE);
  sentry_overlay_work_unlock (sb, upper_dir, NULL);
  if (r < 0)
    sentry_overlay_work_discard (sb, work_name, upper);
  return r;
}

int
sentry_overlay_link (SentryInode *base, const char *name, SentryInode *inode)
{
  SentryOverlayInode *dir = sentry_overlay_inode (base), *o = sentry_overlay_inode (inode);
  SentryInode *upper_dir, *upper, *there;
  int r = sentry_overlay_copy_up (o, G_MAXUINT64);

  if (r == 0)
    r = sentry_overlay_copy_up (dir, G_MAXUINT64);
  if (r < 0)
    return r;
  upper = sentry_overlay_upper (o);
  upper_dir = sentry_overlay_upper (dir);
  if (upper_dir->ops->link == NULL)
    return -EPERM;
  r = sentry_overlay_find_there (upper_dir, name, &there);
  if (r < 0)
    return r;
  r = there == NULL
          ? sentry_overlay_link_here (upper_dir, name, upper)
          : link_over_whiteout (sentry_overlay_inode_super (dir), upper_dir, name, there, upper);
  sentry_inode_unref (there);
  if (r == 0)
    sentry_overlay_set_place (o, dir, name);
  return r;
}

/* --- removal --- */

int
sentry_overlay_remove_here (SentryInode *upper_dir, const char *name, SentryInode *upper)
{
  int r;

  sentry_rwlock_write_lock (&upper_dir->lock);
  if (upper->type == S_IFDIR)
    {
      sentry_rwlock_write_lock_nested (&upper->lock);
      r = upper_dir->ops->rmdir (upper_dir, name, upper);
      sentry_rwlock_write_unlock (&upper->lock);
    }
  else
    r = upper_dir->ops->unlink (upper_dir, name, upper);
  sentry_rwlock_write_unlock (&upper_dir->lock);
  return r;
}

/* `o` is what `name` shows. */
static int
remove_name (SentryOverlayInode *dir, const char *name, SentryOverlayInode *o)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);
  SentryInode *upper_dir, *there;
  int below, r = sentry_overlay_copy_up (dir, G_MAXUINT64);

  if (r < 0)
    return r;
  below = sentry_overlay_has_below (dir, name);
  if (below < 0)
    return below;
  upper_dir = sentry_overlay_upper (dir);
  /* Whoever copies it up must be done with the name, or find out that it is gone. */
  sentry_overlay_leave_place (o, dir, name);
  sentry_overlay_settle (o);
  r = sentry_overlay_find_there (upper_dir, name, &there);
  if (r < 0)
    return r;
  if (below)
    r = sentry_overlay_hide (sb, upper_dir, name, there);
  else
    r = there == NULL ? -ESTALE : sentry_overlay_remove_here (upper_dir, name, there);
  if (r == 0 && there == NULL)
    sentry_overlay_lost_below (o);
  sentry_inode_unref (there);
  if (r < 0)
    sentry_overlay_set_place (o, dir, name);
  return r;
}

int
sentry_overlay_unlink (SentryInode *dir, const char *name, SentryInode *inode)
{
  return remove_name (sentry_overlay_inode (dir), name, sentry_overlay_inode (inode));
}

/* Anything that the whiteouts in the upper layer leave visible? */
static int
check_lower_empty (SentryOverlayInode *dir, const SentryOverlayLower *lower)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);
  g_autoptr (GPtrArray) entries = NULL;
  int r = sentry_overlay_layer_list (sb, lower->inode, &entries);

  for (guint i = 0; r == 0 && i < entries->len; i++)
    {
      const SentryOverlayEntry *e = entries->pdata[i];
      SentryInode *inode;

      if (strcmp (e->name, ".") == 0 || strcmp (e->name, "..") == 0)
        continue;
      r = sentry_overlay_lookup (&dir->base, sb->cred, e->name, &inode);
      if (r == 0)
        {
          sentry_inode_unref (inode);
          r = -ENOTEMPTY;
        }
      else if (r == -ENOENT)
        r = 0;
    }
  return r;
}

static int
check_upper_empty (SentryOverlayInode *dir)
{
  SentryInode *upper = sentry_overlay_upper (dir);
  g_autoptr (GPtrArray) entries = NULL;
  int r;

  if (upper == NULL)
    return 0;
  r = sentry_overlay_layer_list (sentry_overlay_inode_super (dir), upper, &entries);
  for (guint i = 0; r == 0 && i < entries->len; i++)
    {
      const SentryOverlayEntry *e = entries->pdata[i];
      SentryInode *inode;

      if (strcmp (e->name, ".") == 0 || strcmp (e->name, "..") == 0)
        continue;
      r = sentry_overlay_layer_lookup (upper, e->name, &inode);
      if (r == 0)
        {
          sentry_inode_unref (inode);
          r = -ENOTEMPTY;
        }
      else if (r == -ENOENT)
        r = 0;
    }
  return r;
}

int
sentry_overlay_check_empty (SentryOverlayInode *dir)
{
  int r = check_upper_empty (dir);

  for (guint i = 0; r == 0 && i < dir->n_lower; i++)
    r = check_lower_empty (dir, &dir->lower[i]);
  return r;
}

/* Its lock is held, so nothing new appears in it; the whiteouts in it go first. */
int
sentry_overlay_rmdir (SentryInode *base, const char *name, SentryInode *inode)
{
  SentryOverlayInode *dir = sentry_overlay_inode (base), *o = sentry_overlay_inode (inode);
  SentryInode *upper;
  int r = sentry_overlay_check_empty (o);

  if (r < 0)
    return r;
  upper = sentry_overlay_upper (o);
  /* Without anything below its name there is no moment in which emptying it could show what they
   * hid, but for merged directories the whole is put out of the way first (sentry_overlay_hide). */
  if (upper != NULL && sentry_overlay_has_below (dir, name) == 0)
    r = sentry_overlay_empty_dir (sentry_overlay_inode_super (dir), upper);
  if (r == 0)
    r = remove_name (dir, name, o);
  if (r == 0)
    sentry_overlay_subdirs_changed (dir, -1);
  return r;
}
