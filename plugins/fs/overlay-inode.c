/* Overlay inodes: one for each file, whatever layer it lies in and whatever name led to it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/sentry-charge.h"

/* Retries of a lookup beside which files were copied up in its directory. */
#define MAX_RETRIES 1000

/* --- places --- */

static void
unref_overlay (SentryOverlayInode *o)
{
  if (o != NULL)
    sentry_inode_unref (&o->base);
}

void
sentry_overlay_set_place (SentryOverlayInode *o, SentryOverlayInode *dir, const char *name)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  SentryOverlayInode *old = NULL;

  sentry_mutex_lock (&sb->lock);
  if (o->parent != dir || g_strcmp0 (o->name, name) != 0)
    {
      old = o->parent;
      o->parent = dir;
      if (dir != NULL)
        sentry_inode_ref (&dir->base);
      g_free (o->name);
      o->name = g_strdup (name);
    }
  sentry_mutex_unlock (&sb->lock);
  unref_overlay (old);
}

void
sentry_overlay_leave_place (SentryOverlayInode *o, SentryOverlayInode *dir, const char *name)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  SentryOverlayInode *old = NULL;

  sentry_mutex_lock (&sb->lock);
  if (o->parent == dir && g_strcmp0 (o->name, name) == 0)
    {
      old = g_steal_pointer (&o->parent);
      g_clear_pointer (&o->name, g_free);
    }
  sentry_mutex_unlock (&sb->lock);
  unref_overlay (old);
}

/* Up to the first redirect, or the root.  Directories only move under the superblock's rename lock,
 * and the caller either holds it or holds the directory's parent still. */
char *
sentry_overlay_lower_path (SentryOverlayInode *dir)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);
  GString *path = g_string_new (NULL);
  SentryOverlayInode *o;

  sentry_mutex_lock (&sb->lock);
  for (o = dir; o->parent != NULL && o->redirect == NULL && path->len < PATH_MAX; o = o->parent)
    {
      g_string_prepend (path, o->name);
      g_string_prepend_c (path, '/');
    }
  if (o->redirect != NULL)
    g_string_prepend (path, o->redirect);
  sentry_mutex_unlock (&sb->lock);
  if (path->len == 0 || path->len >= PATH_MAX)
    return g_string_free (path, TRUE);
  return g_string_free (path, FALSE);
}

/* --- counts --- */

void
sentry_overlay_subdirs_changed (SentryOverlayInode *dir, gint delta)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);

  sentry_mutex_lock (&sb->lock);
  dir->subdirs_delta += delta;
  sentry_mutex_unlock (&sb->lock);
}

static guint32
lower_nlink (SentryOverlayInode *o)
{
  SentryInode *lower = o->n_lower > 0 ? o->lower[0].inode : NULL;
  SentryAttr attr;

  return lower == NULL || lower->ops->getattr (lower, &attr) < 0 ? 1 : attr.nlink;
}

void
sentry_overlay_lost_below (SentryOverlayInode *o)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  guint32 nlink = lower_nlink (o);

  sentry_mutex_lock (&sb->lock);
  if (!o->below_known)
    o->below = nlink;
  o->below_known = TRUE;
  o->below -= o->below > 0;
  sentry_mutex_unlock (&sb->lock);
}

/* --- records --- */

/* The inode goes, but its lower names are still seen: hands over what it knows. */
static gboolean
leave_record_locked (SentryOverlaySuper *sb, SentryOverlayInode *o)
{
  SentryOverlayRecord *rec;

  if (o->base.type == S_IFDIR || o->n_lower == 0 || !o->below_known || o->below == 0
      || !sentry_charge (sizeof *rec))
    return FALSE;
  rec = g_new0 (SentryOverlayRecord, 1);
  rec->upper = g_steal_pointer (&o->upper);
  rec->lower = o->lower[0];
  o->n_lower = 0;
  rec->work_name = g_steal_pointer (&o->work_name);
  rec->below = o->below;
  g_hash_table_insert (sb->records, rec->lower.inode, rec);
  if (rec->upper != NULL)
    g_hash_table_insert (sb->records, rec->upper, rec);
  return TRUE;
}

static SentryOverlayRecord *
find_record_locked (SentryOverlaySuper *sb, SentryInode *upper, const SentryOverlayLower *lower,
                    guint n_lower)
{
  SentryOverlayRecord *rec = upper == NULL ? NULL : g_hash_table_lookup (sb->records, upper);

  return rec == NULL && n_lower > 0 ? g_hash_table_lookup (sb->records, lower[0].inode) : rec;
}

static void
remove_record_locked (SentryOverlaySuper *sb, SentryOverlayRecord *rec)
{
  g_hash_table_remove (sb->records, rec->lower.inode);
  if (rec->upper != NULL)
    g_hash_table_remove (sb->records, rec->upper);
}

static void
free_record (SentryOverlayRecord *rec)
{
  sentry_inode_unref (rec->upper);
  sentry_inode_unref (rec->lower.inode);
  g_free (rec->work_name);
  g_free (rec);
  sentry_uncharge (sizeof *rec);
}

/* Nobody else is left. */
void
sentry_overlay_records_free (SentryOverlaySuper *sb)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key, value;

  /* Each is there under its lower inode, and maybe again under its upper one. */
  g_hash_table_iter_init (&iter, sb->records);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (key == ((SentryOverlayRecord *) value)->lower.inode)
      g_ptr_array_add (all, value);
  g_hash_table_unref (sb->records);
  for (guint i = 0; i < all->len; i++)
    {
      SentryOverlayRecord *rec = all->pdata[i];
      if (rec->work_name != NULL)
        sentry_overlay_work_discard (sb, rec->work_name, rec->upper);
      free_record (rec);
    }
}

/* --- numbers --- */

guint64
sentry_overlay_lower_ino (SentryOverlaySuper *sb, SentryInode *lower, guint layer)
{
  gboolean own_device = lower->dev_minor != sb->lower[layer]->dev_minor;

  return own_device || layer == 0 ? lower->ino : lower->ino + SENTRY_OVERLAY_INO_STEP * (layer + 1);
}

/* A copy keeps the number that the file had below. */
guint64
sentry_overlay_upper_ino (SentryOverlaySuper *sb, SentryInode *upper)
{
  g_autofree char *origin = NULL;
  guint64 ino;

  if (upper->type != S_IFDIR)
    origin = sentry_overlay_get_mark (sb, upper, "origin");
  if (origin != NULL && g_ascii_string_to_unsigned (origin, 16, 1, G_MAXUINT64, &ino, NULL))
    return ino;
  return upper->ino + SENTRY_OVERLAY_INO_STEP;
}

/* --- life --- */

static guint64
number_of (SentryOverlaySuper *sb, SentryInode *upper, const SentryOverlayLower *lower,
           guint n_lower)
{
  return n_lower > 0 ? sentry_overlay_lower_ino (sb, lower[0].inode, lower[0].layer)
                     : sentry_overlay_upper_ino (sb, upper);
}

/* What is new inside a host submount belongs to its device, as on the host. */
static guint32
device_of (SentryOverlaySuper *sb, SentryOverlayInode *dir, const SentryOverlayLower *lower,
           guint n_lower)
{
  if (n_lower > 0 && lower[0].inode->dev_minor != sb->lower[lower[0].layer]->dev_minor)
    return lower[0].inode->dev_minor;
  return n_lower == 0 && dir != NULL ? dir->base.dev_minor : sb->base.dev_minor;
}

/* Takes over the layer inodes, unless there is no memory (NULL). Touches memory only. */
static SentryOverlayInode *
new_inode (SentryOverlaySuper *sb, SentryOverlayInode *dir, SentryInode *upper,
           const SentryOverlayLower *lower, guint n_lower, guint64 ino)
{
  SentryInode *real = upper != NULL ? upper : lower[0].inode;
  SentryOverlayInode *o;

  if (!sentry_charge (sizeof *o))
    return NULL;
  o = g_new0 (SentryOverlayInode, 1);
  sentry_inode_init (&o->base, &sentry_overlay_inode_ops, &sb->base, ino, real->type);
  sentry_rwlock_clear (&o->base.lock);
  sentry_rwlock_init (&o->base.lock, SENTRY_LOCK_STACKED_INODE);
  o->base.rdev_major = real->rdev_major;
  o->base.rdev_minor = sentry_overlay_is_guest_whiteout (real) ? 0 : real->rdev_minor;
  o->base.dev_minor = device_of (sb, dir, lower, n_lower);
  o->upper = upper;
  o->n_lower = n_lower;
  o->lower = g_memdup2 (lower, n_lower * sizeof *lower);
  /* A directory that isn't merged, or not yet in the upper layer, has what its layer says. */
  o->subdirs_known = upper == NULL || n_lower == 0;
  sentry_overlay_maps_init (o);
  sentry_overlay_sync_owner (o);
  return o;
}

void
sentry_overlay_sync_owner (SentryOverlayInode *o)
{
  SentryInode *real = sentry_overlay_real (o);

  sentry_inode_set_owner (&o->base, __atomic_load_n (&real->mode, __ATOMIC_RELAXED),
                          __atomic_load_n (&real->uid, __ATOMIC_RELAXED),
                          __atomic_load_n (&real->gid, __ATOMIC_RELAXED));
}

static void
enter_table_locked (SentryOverlaySuper *sb, SentryOverlayInode *o)
{
  if (o->upper != NULL)
    g_hash_table_replace (sb->inodes, o->upper, o);
  if (o->n_lower > 0)
    g_hash_table_replace (sb->inodes, o->lower[0].inode, o);
}

static void
leave_table_locked (SentryOverlaySuper *sb, SentryOverlayInode *o)
{
  if (o->upper != NULL && g_hash_table_lookup (sb->inodes, o->upper) == o)
    g_hash_table_remove (sb->inodes, o->upper);
  if (o->n_lower > 0 && g_hash_table_lookup (sb->inodes, o->lower[0].inode) == o)
    g_hash_table_remove (sb->inodes, o->lower[0].inode);
}

static void
drop_layers (SentryInode *upper, SentryOverlayLower *lower, guint n_lower)
{
  sentry_inode_unref (upper);
  sentry_overlay_lower_clear (lower, n_lower);
}

/* Frees it, but for its parent, which the caller goes on with. */
static void
free_one (SentryOverlaySuper *sb, SentryOverlayInode *o)
{
  sentry_mutex_lock (&sb->lock);
  leave_table_locked (sb, o);
  leave_record_locked (sb, o);
  sentry_mutex_unlock (&sb->lock);
  if (o->work_name != NULL)
    sentry_overlay_work_discard (sb, o->work_name, o->upper);
  sentry_overlay_maps_clear (o);
  drop_layers (o->upper, o->lower, o->n_lower);
  sentry_inode_clear (&o->base);
  g_free (o->lower);
  g_free (o->name);
  g_free (o->redirect);
  g_free (o->work_name);
  g_free (o);
  sentry_uncharge (sizeof *o);
}

/* Goes up by a loop: a guest can make trees deeper than a thread's stack. */
static void
overlay_free (SentryInode *base)
{
  SentryOverlayInode *o = sentry_overlay_inode (base);
  SentrySuperBlock *sb = sentry_super_block_ref (base->sb);

  while (o != NULL)
    {
      SentryOverlayInode *parent = o->parent;
      free_one (sentry_overlay_super (sb), o);
      o = parent != NULL && sentry_ref_put (&parent->base.ref) ? parent : NULL;
    }
  sentry_super_block_unref (sb);
}

/* A reference to the inode that stands for one of these, or NULL.  One that is just being freed is
 * waited for: it has only a few instructions to go until it is out of the table, and may leave a
 * record there. */
static SentryOverlayInode *
find_locked (SentryOverlaySuper *sb, SentryInode *upper, const SentryOverlayLower *lower,
             guint n_lower)
{
  for (;;)
    {
      SentryOverlayInode *o = upper == NULL ? NULL : g_hash_table_lookup (sb->inodes, upper);

      /* By the lower file, because a copy may be on its way. */
      if (o == NULL && n_lower > 0)
        o = g_hash_table_lookup (sb->inodes, lower[0].inode);
      if (o == NULL || sentry_ref_try_get (&o->base.ref))
        return o;
      sentry_mutex_unlock (&sb->lock);
      g_thread_yield ();
      sentry_mutex_lock (&sb->lock);
    }
}

/* Makes the inode again out of the record of one of these. */
static SentryOverlayInode *
revive_locked (SentryOverlaySuper *sb, SentryOverlayInode *dir, SentryInode *upper,
               const SentryOverlayLower *lower, guint n_lower)
{
  SentryOverlayRecord *rec = find_record_locked (sb, upper, lower, n_lower);
  SentryOverlayInode *o;

  if (rec == NULL)
    return NULL;
  o = new_inode (sb, dir, rec->upper, &rec->lower, 1, number_of (sb, rec->upper, &rec->lower, 1));
  if (o == NULL)
    return NULL;
  remove_record_locked (sb, rec);
  o->work_name = rec->work_name;
  o->below = rec->below;
  o->below_known = TRUE;
  g_free (rec);
  sentry_uncharge (sizeof *rec);
  enter_table_locked (sb, o);
  return o;
}

static SentryOverlayInode *
find_known (SentryOverlaySuper *sb, SentryOverlayInode *dir, SentryInode *upper,
            const SentryOverlayLower *lower, guint n_lower)
{
  SentryOverlayInode *o;

  sentry_mutex_lock (&sb->lock);
  o = find_locked (sb, upper, lower, n_lower);
  if (o == NULL)
    o = revive_locked (sb, dir, upper, lower, n_lower);
  sentry_mutex_unlock (&sb->lock);
  return o;
}

/* Nobody had it a moment ago.  *ret_used: it is new, and holds the layer inodes. */
static SentryOverlayInode *
find_or_enter (SentryOverlaySuper *sb, SentryOverlayInode *dir, SentryInode *upper,
               const SentryOverlayLower *lower, guint n_lower, gboolean *ret_used)
{
  guint64 ino = number_of (sb, upper, lower, n_lower);
  SentryOverlayInode *o;

  sentry_mutex_lock (&sb->lock);
  o = find_locked (sb, upper, lower, n_lower);
  if (o == NULL)
    o = revive_locked (sb, dir, upper, lower, n_lower);
  if (o == NULL)
    {
      o = new_inode (sb, dir, upper, lower, n_lower, ino);
      *ret_used = o != NULL;
      if (o != NULL)
        enter_table_locked (sb, o);
    }
  sentry_mutex_unlock (&sb->lock);
  return o;
}

int
sentry_overlay_obtain (SentryOverlaySuper *sb, SentryOverlayInode *dir, const char *name,
                       SentryInode *upper, SentryOverlayLower *lower, guint n_lower,
                       SentryOverlayInode **ret_inode)
{
  SentryOverlayInode *o = find_known (sb, dir, upper, lower, n_lower);
  gboolean used = FALSE;

  if (o == NULL)
    o = find_or_enter (sb, dir, upper, lower, n_lower, &used);
  if (!used)
    drop_layers (upper, lower, n_lower);
  if (o == NULL)
    return -ENOMEM;
  if (dir != NULL)
    sentry_overlay_set_place (o, dir, name);
  *ret_inode = o;
  return 0;
}

/* --- lookup --- */

/* What of `name` lies below an upper entry of the same name. */
static int
lower_of (SentryOverlaySuper *sb, SentryOverlayInode *dir, const char *name, SentryInode *upper,
          char **ret_redirect, SentryOverlayLower *ret_lower)
{
  g_autofree char *opaque = NULL;
  int n;

  if (upper == NULL)
    return sentry_overlay_lower_lookup (sb, dir->lower, dir->n_lower, name, ret_lower);
  if (upper->type != S_IFDIR)
    return 0;
  *ret_redirect = sentry_overlay_get_mark (sb, upper, "redirect");
  if (*ret_redirect == NULL && dir->n_lower == 0)
    return 0;
  opaque = sentry_overlay_get_mark (sb, upper, "opaque");
  if (g_strcmp0 (opaque, "y") == 0)
    return 0;
  n = *ret_redirect != NULL
          ? sentry_overlay_lower_walk (sb, *ret_redirect, ret_lower)
          : sentry_overlay_lower_lookup (sb, dir->lower, dir->n_lower, name, ret_lower);
  /* A file below a directory is hidden by it. */
  if (n > 0 && ret_lower[0].inode->type != S_IFDIR)
    {
      sentry_overlay_lower_clear (ret_lower, (guint) n);
      n = 0;
    }
  return n;
}

static int
upper_of (SentryOverlayInode *dir, const char *name, SentryInode **ret_upper)
{
  SentryInode *upper_dir = sentry_overlay_upper (dir);
  int r;

  *ret_upper = NULL;
  if (upper_dir == NULL)
    return 0;
  r = sentry_overlay_layer_lookup_any (upper_dir, name, ret_upper);
  if (r == -ENOENT)
    return 0;
  if (r == 0 && sentry_overlay_is_whiteout (*ret_upper))
    {
      sentry_inode_unref (g_steal_pointer (ret_upper));
      return -ENOENT;
    }
  return r;
}

static int
lookup_once (SentryOverlaySuper *sb, SentryOverlayInode *dir, const char *name,
             SentryOverlayInode **ret_inode)
{
  SentryOverlayLower lower[SENTRY_OVERLAY_MAX_LOWER];
  g_autofree char *redirect = NULL;
  SentryInode *upper;
  int n, r = upper_of (dir, name, &upper);

  if (r < 0)
    return r;
  n = lower_of (sb, dir, name, upper, &redirect, lower);
  if (n < 0 || (n == 0 && upper == NULL))
    {
      sentry_inode_unref (upper);
      return n < 0 ? n : -ENOENT;
    }
  r = sentry_overlay_obtain (sb, dir, name, upper, lower, (guint) n, ret_inode);
  if (r == 0 && redirect != NULL)
    {
      sentry_mutex_lock (&sb->lock);
      if ((*ret_inode)->redirect == NULL)
        (*ret_inode)->redirect = g_steal_pointer (&redirect);
      sentry_mutex_unlock (&sb->lock);
    }
  return r;
}

/* The directory's lock keeps names still, but not copies: one that comes and goes between the looks
 * into the two layers would be missed. */
int
sentry_overlay_lookup (SentryInode *base, SentryCred *cred, const char *name,
                       SentryInode **ret_inode)
{
  SentryOverlayInode *dir = sentry_overlay_inode (base), *found;
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);

  for (guint i = 0;; i++)
    {
      guint32 before = __atomic_load_n (&dir->changes, __ATOMIC_ACQUIRE);
      int r = lookup_once (sb, dir, name, &found);

      if (r < 0)
        return r;
      if (sentry_overlay_upper (found) != NULL || i == MAX_RETRIES
          || __atomic_load_n (&dir->changes, __ATOMIC_ACQUIRE) == before)
        break;
      unref_overlay (found);
    }
  *ret_inode = &found->base;
  return 0;
}

static int
overlay_readlink (SentryInode *inode, SentryCred *cred, char **ret_target)
{
  SentryInode *real = sentry_overlay_real (sentry_overlay_inode (inode));

  return real->ops->readlink == NULL ? -EINVAL : real->ops->readlink (real, cred, ret_target);
}

static int
overlay_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
              guint32 flags, SentryFile **ret_file)
{
  switch (inode->type)
    {
    case S_IFREG:
      return sentry_overlay_file_open (inode, path, cred, mode, flags, ret_file);
    case S_IFDIR:
      return sentry_overlay_dir_open (inode, path, cred, mode, flags, ret_file);
    default:
      return sentry_inode_open_special (inode, path, cred, mode, flags, ret_file);
    }
}

const SentryInodeOps sentry_overlay_inode_ops = {
  .free = overlay_free,
  .lookup = sentry_overlay_lookup,
  .create = sentry_overlay_create,
  .mkdir = sentry_overlay_mkdir,
  .mknod = sentry_overlay_mknod,
  .symlink = sentry_overlay_symlink,
  .link = sentry_overlay_link,
  .unlink = sentry_overlay_unlink,
  .rmdir = sentry_overlay_rmdir,
  .rename = sentry_overlay_rename,
  .tmpfile = sentry_overlay_tmpfile,
  .readlink = overlay_readlink,
  .getattr = sentry_overlay_getattr,
  .setattr = sentry_overlay_setattr,
  .getxattr = sentry_overlay_getxattr,
  .setxattr = sentry_overlay_setxattr,
  .listxattr = sentry_overlay_listxattr,
  .removexattr = sentry_overlay_removexattr,
  .open = overlay_open,
};
