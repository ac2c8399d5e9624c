/* Copying a lower file into the upper layer before it is changed for the first time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "usermem/sentry-usermem.h"

#define CHUNK (128 * 1024)

/* The copy is made and filled in the work directory, gets its attributes there, and is moved into
 * place whole.  Then the overlay inode says `upper`, and everybody who has the file open goes over
 * to it with the next operation.  Mappings of the lower file that exist by then keep its pages, as
 * with Linux's overlayfs. */

/* --- contents --- */

/* Moves bytes at one position. 0 at the end. */
static gint64
transfer (SentryFile *f, gboolean out, gpointer buf, gsize len, gint64 pos)
{
  SentryIter it;
  gint64 n;

  sentry_iter_init_kernel (&it, buf, len);
  n = out ? f->ops->write (f, &it, &pos) : f->ops->read (f, &it, &pos);
  sentry_iter_clear (&it);
  return n;
}

static gint64
copy_chunk (SentryFile *from, SentryFile *to, gpointer buf, gsize len, gint64 pos)
{
  gint64 n = transfer (from, FALSE, buf, len, pos), done = 0;

  while (n > 0 && done < n)
    {
      gint64 part = transfer (to, TRUE, (char *) buf + done, (gsize) (n - done), pos + done);
      if (part <= 0)
        return part < 0 ? part : -EIO;
      done += part;
    }
  return n;
}

/* The next position with data at or behind `pos`; G_MAXINT64: only a hole follows. */
static gint64
next_data (SentryFile *f, gint64 pos)
{
  gint64 r = f->ops->seek == NULL ? -EINVAL : f->ops->seek (f, pos, SEEK_DATA);

  return r == -ENXIO ? G_MAXINT64 : r < 0 ? pos : r;
}

static int
copy_bytes (SentryFile *from, SentryFile *to, gint64 size)
{
  g_autofree gpointer buf = g_try_malloc (CHUNK);
  gint64 pos = 0, n = 1;

  if (buf == NULL)
    return -ENOMEM;
  while (n > 0 && (pos = next_data (from, pos)) < size)
    {
      n = copy_chunk (from, to, buf, (gsize) MIN (size - pos, CHUNK), pos);
      pos += MAX (n, 0);
    }
  return n < 0 ? (int) n : 0;
}

static int
copy_contents (SentryOverlaySuper *sb, SentryInode *lower, SentryInode *upper, guint64 size)
{
  SentrySetAttr set = { .valid = SENTRY_SET_SIZE, .size = size };
  SentryPath none = { NULL, NULL };
  SentryFile *from, *to;
  int r;

  if (size == 0)
    return 0;
  r = lower->ops->open (lower, &none, sb->cred, SENTRY_FMODE_READ, O_RDONLY | O_NOATIME, &from);
  if (r < 0)
    return r;
  r = upper->ops->open (upper, &none, sb->cred, SENTRY_FMODE_WRITE, O_WRONLY, &to);
  if (r == 0)
    {
      r = copy_bytes (from, to, (gint64) size);
      sentry_file_unref (to);
      /* A hole at the end. */
      if (r == 0)
        r = upper->ops->setattr (upper, sb->cred, &set);
    }
  sentry_file_unref (from);
  return r;
}

/* --- attributes --- */

static void
copy_one_xattr (SentryInode *lower, SentryInode *upper, const char *name)
{
  gssize size = lower->ops->getxattr (lower, name, NULL, 0);
  g_autofree gpointer value = size >= 0 ? g_try_malloc ((gsize) size + 1) : NULL;

  if (value == NULL)
    return;
  size = lower->ops->getxattr (lower, name, value, (gsize) size);
  if (size >= 0)
    upper->ops->setxattr (upper, name, value, (gsize) size, 0);
}

/* What the upper layer can't keep is lost, as on a copy by cp -a. */
static void
copy_xattrs (SentryOverlaySuper *sb, SentryInode *lower, SentryInode *upper)
{
  g_autofree char *list = NULL;
  gssize len;

  if (lower->ops->listxattr == NULL || upper->ops->setxattr == NULL)
    return;
  len = lower->ops->listxattr (lower, NULL, 0);
  list = len > 0 ? g_try_malloc0 ((gsize) len + 1) : NULL;
  if (list == NULL)
    return;
  len = lower->ops->listxattr (lower, list, (gsize) len);
  for (gssize at = 0; at < len; at += (gssize) strlen (list + at) + 1)
    if (!g_str_has_prefix (list + at, sb->prefix))
      copy_one_xattr (lower, upper, list + at);
}

/* An ordinary user can't give a file away on the host; all others are errors. */
static int
copy_owner_and_times (SentryOverlaySuper *sb, SentryInode *upper, const SentryAttr *attr)
{
  SentrySetAttr owner
      = { .valid = SENTRY_SET_UID | SENTRY_SET_GID, .uid = attr->uid, .gid = attr->gid };
  SentrySetAttr mode = { .valid = SENTRY_SET_MODE, .mode = attr->mode & 07777 };
  SentrySetAttr times = { .valid = SENTRY_SET_ATIME | SENTRY_SET_MTIME,
                          .atime = attr->atime,
                          .mtime = attr->mtime };
  int r = upper->ops->setattr (upper, sb->cred, &owner);

  if (r < 0 && r != -EPERM)
    return r;
  if (upper->type != S_IFLNK)
    {
      r = upper->ops->setattr (upper, sb->cred, &mode);
      if (r < 0)
        return r;
    }
  return upper->ops->setattr (upper, sb->cred, &times);
}

static int
fill_copy (SentryOverlayInode *o, SentryInode *upper, const SentryAttr *attr, guint64 size)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  SentryInode *lower = o->lower[0].inode;
  char origin[24];
  int r = 0;

  if (upper->type == S_IFREG)
    r = copy_contents (sb, lower, upper, size);
  if (r < 0)
    return r;
  copy_xattrs (sb, lower, upper);
  if (upper->type != S_IFDIR)
    {
      /* Missing, the file would only get another number once its inode was forgotten. */
      g_snprintf (origin, sizeof origin, "%" G_GINT64_MODIFIER "x", o->base.ino);
      sentry_overlay_set_mark (sb, upper, "origin", origin);
    }
  return copy_owner_and_times (sb, upper, attr);
}

static int
make_copy (SentryOverlayInode *o, guint64 max_size, char name[SENTRY_OVERLAY_WORK_NAME],
           SentryInode **ret_upper)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  SentryInode *lower = o->lower[0].inode;
  g_autofree char *target = NULL;
  SentryAttr attr;
  int r = lower->ops->getattr (lower, &attr);

  if (r == 0 && lower->type == S_IFLNK)
    r = lower->ops->readlink (lower, sb->cred, &target);
  if (r < 0)
    return r;
  /* Nobody may look into it before it has its owner. */
  r = sentry_overlay_work_make (sb, sb->cred, lower->type | (lower->type == S_IFDIR ? 0700 : 0600),
                                attr.rdev_major, attr.rdev_minor, target, name, ret_upper);
  if (r < 0)
    return r;
  r = fill_copy (o, *ret_upper, &attr, MIN (attr.size, max_size));
  if (r < 0)
    {
      sentry_overlay_work_discard (sb, name, *ret_upper);
      sentry_inode_unref (*ret_upper);
    }
  return r;
}

/* --- moving it into place --- */

/* A reference to the directory and a copy of the name; NULL: it has none. */
static SentryOverlayInode *
get_place (SentryOverlayInode *o, char **ret_name)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  SentryOverlayInode *dir;

  sentry_mutex_lock (&sb->lock);
  dir = o->parent;
  *ret_name = g_strdup (o->name);
  if (dir != NULL)
    sentry_inode_ref (&dir->base);
  sentry_mutex_unlock (&sb->lock);
  return dir;
}

static gboolean
is_place (SentryOverlayInode *o, SentryOverlayInode *dir, const char *name)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  gboolean same;

  sentry_mutex_lock (&sb->lock);
  same = o->parent == dir && g_strcmp0 (o->name, name) == 0;
  sentry_mutex_unlock (&sb->lock);
  return same;
}

static void
enter_upper (SentryOverlayInode *o, SentryInode *upper)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);

  sentry_mutex_lock (&sb->lock);
  g_hash_table_replace (sb->inodes, upper, o);
  sentry_mutex_unlock (&sb->lock);
}

static void
leave_upper (SentryOverlayInode *o, SentryInode *upper)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);

  sentry_mutex_lock (&sb->lock);
  g_hash_table_remove (sb->inodes, upper);
  sentry_mutex_unlock (&sb->lock);
}

static void
restore_times (SentryOverlaySuper *sb, SentryInode *dir, const SentryAttr *attr)
{
  SentrySetAttr times = { .valid = SENTRY_SET_ATIME | SENTRY_SET_MTIME,
                          .atime = attr->atime,
                          .mtime = attr->mtime };

  dir->ops->setattr (dir, sb->cred, &times);
}

/* Known by its new layer inode before anybody can find that by name; the directory doesn't look
 * changed. -EAGAIN: the file was renamed or removed meanwhile. */
static int
install (SentryOverlayInode *o, SentryInode *upper, const char *work_name, SentryOverlayInode *dir,
         const char *name)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  SentryInode *upper_dir = sentry_overlay_upper (dir);
  SentryAttr attr;
  int r = upper_dir->ops->getattr (upper_dir, &attr);

  if (r < 0)
    return r;
  enter_upper (o, upper);
  sentry_overlay_work_lock (sb, upper_dir, NULL);
  r = is_place (o, dir, name)
          ? sentry_overlay_work_install_locked (sb, work_name, upper, upper_dir, name, NULL, FALSE)
          : -EAGAIN;
  if (r == 0)
    {
      __atomic_store_n (&o->upper, upper, __ATOMIC_RELEASE);
      __atomic_add_fetch (&dir->changes, 1, __ATOMIC_RELEASE);
    }
  sentry_overlay_work_unlock (sb, upper_dir, NULL);
  if (r == 0)
    restore_times (sb, upper_dir, &attr);
  else
    leave_upper (o, upper);
  return r;
}

/* No name is known: it was removed while somebody had it open, or has only lower names that nobody
 * has looked up.  Then it stays in the work directory until they are gone too. */
static void
install_nameless (SentryOverlayInode *o, SentryInode *upper, const char *work_name)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);

  enter_upper (o, upper);
  sentry_mutex_lock (&sb->lock);
  o->work_name = g_strdup (work_name);
  sentry_mutex_unlock (&sb->lock);
  __atomic_store_n (&o->upper, upper, __ATOMIC_RELEASE);
}

static int
copy_up_now (SentryOverlayInode *o, guint64 max_size)
{
  char work_name[SENTRY_OVERLAY_WORK_NAME];
  SentryInode *upper;
  int r = make_copy (o, max_size, work_name, &upper);

  if (r < 0)
    return r;
  do
    {
      g_autofree char *name = NULL;
      SentryOverlayInode *dir = get_place (o, &name);

      if (dir == NULL)
        {
          install_nameless (o, upper, work_name);
          return 0;
        }
      r = sentry_overlay_copy_up (dir, G_MAXUINT64);
      if (r == 0)
        r = install (o, upper, work_name, dir, name);
      if (r == 0 && o->base.type != S_IFDIR)
        sentry_overlay_lost_below (o);
      sentry_inode_unref (&dir->base);
    }
  while (r == -EAGAIN);
  if (r < 0)
    {
      sentry_overlay_work_discard (sentry_overlay_inode_super (o), work_name, upper);
      sentry_inode_unref (upper);
    }
  return r;
}

/* One thread copies, others wait for it. */
static int
copy_up_one (SentryOverlayInode *o, guint64 max_size)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  int r = 0;

  sentry_mutex_lock (&sb->lock);
  while (o->copying)
    g_cond_wait (&sb->copied, &sb->lock.mutex);
  o->copying = TRUE;
  sentry_mutex_unlock (&sb->lock);

  if (sentry_overlay_upper (o) == NULL)
    r = copy_up_now (o, max_size);

  sentry_mutex_lock (&sb->lock);
  o->copying = FALSE;
  g_cond_broadcast (&sb->copied);
  sentry_mutex_unlock (&sb->lock);
  return r;
}

void
sentry_overlay_settle (SentryOverlayInode *o)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);

  sentry_mutex_lock (&sb->lock);
  while (o->copying)
    g_cond_wait (&sb->copied, &sb->lock.mutex);
  sentry_mutex_unlock (&sb->lock);
}

static void
unref_inode (gpointer inode)
{
  sentry_inode_unref (&((SentryOverlayInode *) inode)->base);
}

/* The inode and its directories up to the first that is in the upper layer, top last. */
static GPtrArray *
chain_to_copy (SentryOverlayInode *o)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  GPtrArray *chain = g_ptr_array_new_with_free_func (unref_inode);

  sentry_mutex_lock (&sb->lock);
  for (; o != NULL && o->upper == NULL; o = o->parent)
    g_ptr_array_add (chain, sentry_overlay_inode (sentry_inode_ref (&o->base)));
  sentry_mutex_unlock (&sb->lock);
  return chain;
}

int
sentry_overlay_copy_up (SentryOverlayInode *o, guint64 max_size)
{
  GPtrArray *chain;
  int r = 0;

  if (sentry_overlay_upper (o) != NULL)
    return 0;
  if (sentry_overlay_inode_super (o)->upper == NULL)
    return -EROFS;
  chain = chain_to_copy (o);
  for (guint i = chain->len; r == 0 && i > 0; i--)
    r = copy_up_one (chain->pdata[i - 1], i == 1 ? max_size : G_MAXUINT64);
  g_ptr_array_unref (chain);
  return r;
}
