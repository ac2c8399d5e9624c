/* Open directories of an overlay. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/sentry-charge.h"

/* A directory that only one lower layer has is passed through: the host's order, the host's
 * positions.  One that is in the upper layer too is read whole when it is read from its start, in
 * the lower layer's order with new names at the end, and positions count entries; rewinding reads
 * it anew.  A directory that gets its first change while somebody reads it goes on as it began,
 * without the names that are gone. */
typedef struct
{
  SentryFile base;
  SentryFile *lower;   /* m (base.lock): passed through; NULL when there is a snapshot */
  GPtrArray *snapshot; /* m: SentryOverlayEntry */
  gsize charged;       /* m */
} SentryOverlayDir;

static void
forget (SentryOverlayDir *dir)
{
  sentry_file_unref (g_steal_pointer (&dir->lower));
  if (dir->snapshot != NULL)
    g_ptr_array_unref (g_steal_pointer (&dir->snapshot));
  sentry_uncharge (dir->charged);
  dir->charged = 0;
}

static void
dir_release (SentryFile *f)
{
  SentryOverlayDir *dir = (SentryOverlayDir *) f;

  forget (dir);
  sentry_file_clear (f);
  g_free (dir);
}

static gboolean
is_dots (const char *name)
{
  return strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
}

static guint64
dots_ino (SentryOverlayInode *o, const char *name)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (o);
  guint64 ino = o->base.ino;

  sentry_mutex_lock (&sb->lock);
  if (name[1] == '.' && o->parent != NULL)
    ino = o->parent->base.ino;
  sentry_mutex_unlock (&sb->lock);
  return ino;
}

/* The number that stat shows for an upper file found as `name`. */
static guint64
shown_ino (SentryOverlayInode *dir, const char *name, SentryInode *upper)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (dir);
  SentryOverlayInode *known;
  SentryInode *inode;
  guint64 ino = 0;

  sentry_mutex_lock (&sb->lock);
  known = g_hash_table_lookup (sb->inodes, upper);
  if (known != NULL)
    ino = known->base.ino;
  sentry_mutex_unlock (&sb->lock);
  if (known != NULL)
    return ino;
  if (upper->type != S_IFDIR)
    return sentry_overlay_upper_ino (sb, upper);
  if (sentry_overlay_lookup (&dir->base, sb->cred, name, &inode) < 0)
    return sentry_overlay_upper_ino (sb, upper);
  ino = inode->ino;
  sentry_inode_unref (inode);
  return ino;
}

/* --- snapshots --- */

/* What the upper layer says of each name. */
typedef struct
{
  guint64 ino;
  guint8 type; /* DT_WHT: hidden */
  gboolean listed;
} UpperName;

typedef struct
{
  SentryOverlayInode *dir;
  GPtrArray *upper;  /* SentryOverlayEntry, in its order */
  GHashTable *names; /* name (of upper's entry) → UpperName */
  GHashTable *seen;  /* names already taken from a lower layer; NULL with one layer */
  GPtrArray *out;
  gsize bytes;
} Merge;

static void
put (Merge *m, const char *name, guint64 ino, guint8 type)
{
  gsize size = sizeof (SentryOverlayEntry) + strlen (name) + 1;
  SentryOverlayEntry *e = g_malloc (size);

  e->ino = ino;
  e->type = type;
  strcpy (e->name, name);
  g_ptr_array_add (m->out, e);
  m->bytes += size;
}

static int
read_upper (Merge *m)
{
  SentryInode *upper_dir = sentry_overlay_upper (m->dir);
  int r;

  if (upper_dir == NULL)
    return 0;
  r = sentry_overlay_layer_list (sentry_overlay_inode_super (m->dir), upper_dir, &m->upper);
  for (guint i = 0; r == 0 && i < m->upper->len; i++)
    {
      const SentryOverlayEntry *e = m->upper->pdata[i];
      SentryInode *inode;
      UpperName *n;

      if (is_dots (e->name) || sentry_overlay_layer_lookup_any (upper_dir, e->name, &inode) < 0)
        continue;
      n = g_new0 (UpperName, 1);
      n->type = sentry_overlay_is_whiteout (inode) ? DT_WHT : (guint8) IFTODT (inode->type);
      if (n->type != DT_WHT)
        n->ino = shown_ino (m->dir, e->name, inode);
      g_hash_table_insert (m->names, (gpointer) e->name, n);
      sentry_inode_unref (inode);
    }
  return r;
}

/* A name that the upper layer has too stands at its old place in the order. */
static int
merge_lower (Merge *m, const SentryOverlayLower *lower)
{
  SentryOverlaySuper *sb = sentry_overlay_inode_super (m->dir);
  g_autoptr (GPtrArray) entries = NULL;
  int r = sentry_overlay_layer_list (sb, lower->inode, &entries);

  for (guint i = 0; r == 0 && i < entries->len; i++)
    {
      const SentryOverlayEntry *e = entries->pdata[i];
      UpperName *n = g_hash_table_lookup (m->names, e->name);

      if (is_dots (e->name) || (m->seen != NULL && !g_hash_table_add (m->seen, g_strdup (e->name))))
        continue;
      if (n == NULL)
        put (m, e->name,
             lower->layer == 0 ? e->ino : e->ino + SENTRY_OVERLAY_INO_STEP * (lower->layer + 1),
             e->type);
      else if (n->type != DT_WHT && !n->listed)
        {
          put (m, e->name, n->ino, n->type);
          n->listed = TRUE;
        }
    }
  return r;
}

static void
put_new_names (Merge *m)
{
  for (guint i = 0; m->upper != NULL && i < m->upper->len; i++)
    {
      const SentryOverlayEntry *e = m->upper->pdata[i];
      const UpperName *n = g_hash_table_lookup (m->names, e->name);

      if (n != NULL && !n->listed && n->type != DT_WHT)
        put (m, e->name, n->ino, n->type);
    }
}

static int
merge (Merge *m)
{
  int r = read_upper (m);

  put (m, ".", dots_ino (m->dir, "."), DT_DIR);
  put (m, "..", dots_ino (m->dir, ".."), DT_DIR);
  for (guint i = 0; r == 0 && i < m->dir->n_lower; i++)
    r = merge_lower (m, &m->dir->lower[i]);
  put_new_names (m);
  return r;
}

static int
take_snapshot (SentryOverlayDir *dir)
{
  SentryOverlayInode *o = sentry_overlay_inode (dir->base.inode);
  Merge m = { .dir = o };
  int r;

  m.names = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  m.seen = o->n_lower > 1 ? g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) : NULL;
  m.out = g_ptr_array_new_with_free_func (g_free);
  /* A rename shows on both sides or not at all. */
  sentry_rwlock_read_lock (&o->base.lock);
  r = merge (&m);
  sentry_rwlock_read_unlock (&o->base.lock);
  g_hash_table_unref (m.names);
  g_clear_pointer (&m.seen, g_hash_table_unref);
  g_clear_pointer (&m.upper, g_ptr_array_unref);
  if (r == 0 && !sentry_charge (m.bytes))
    r = -ENOMEM;
  if (r < 0)
    {
      g_ptr_array_unref (m.out);
      return r;
    }
  dir->snapshot = m.out;
  dir->charged = m.bytes;
  return 0;
}

static int
emit_snapshot (SentryOverlayDir *dir, SentryDirEmit *emit)
{
  gint64 *pos = &dir->base.pos;

  for (; *pos >= 0 && *pos < dir->snapshot->len; ++*pos)
    {
      const SentryOverlayEntry *e = dir->snapshot->pdata[*pos];
      if (!emit->emit (emit, e->name, strlen (e->name), e->ino, e->type, *pos + 1))
        break;
    }
  return 0;
}

/* --- passing through --- */

typedef struct
{
  SentryDirEmit base;
  SentryDirEmit *out;
  SentryOverlayInode *dir;
} Filter;

static gboolean
filter_emit (SentryDirEmit *self, const char *name, gsize name_len, guint64 ino, guint8 type,
             gint64 next_off)
{
  Filter *filter = (Filter *) self;
  SentryInode *upper_dir = sentry_overlay_upper (filter->dir), *inode;
  guint layer = filter->dir->lower[0].layer;

  if (is_dots (name))
    ino = dots_ino (filter->dir, name);
  else if (upper_dir != NULL && sentry_overlay_layer_lookup_any (upper_dir, name, &inode) == 0)
    {
      gboolean gone = sentry_overlay_is_whiteout (inode);

      if (!gone)
        {
          ino = shown_ino (filter->dir, name, inode);
          type = (guint8) IFTODT (inode->type);
        }
      sentry_inode_unref (inode);
      if (gone)
        return TRUE;
    }
  else if (layer > 0)
    ino += SENTRY_OVERLAY_INO_STEP * (layer + 1);
  return filter->out->emit (filter->out, name, name_len, ino, type, next_off);
}

static int
pass_through (SentryOverlayDir *dir, SentryDirEmit *emit)
{
  Filter filter = { { filter_emit }, emit, sentry_overlay_inode (dir->base.inode) };
  int r;

  dir->lower->pos = dir->base.pos;
  r = dir->lower->ops->iterate (dir->lower, &filter.base);
  dir->base.pos = dir->lower->pos;
  return r;
}

/* --- the file --- */

static int
start (SentryOverlayDir *dir)
{
  SentryOverlayInode *o = sentry_overlay_inode (dir->base.inode);
  SentryInode *lower;

  forget (dir);
  if (sentry_overlay_upper (o) != NULL || o->n_lower != 1)
    return take_snapshot (dir);
  lower = o->lower[0].inode;
  return lower->ops->open (lower, &dir->base.path, dir->base.cred, SENTRY_FMODE_READ,
                           O_RDONLY | O_DIRECTORY, &dir->lower);
}

static int
dir_iterate (SentryFile *f, SentryDirEmit *emit)
{
  SentryOverlayDir *dir = (SentryOverlayDir *) f;
  int r = 0;

  if (f->pos == 0 || (dir->lower == NULL && dir->snapshot == NULL))
    r = start (dir);
  if (r < 0)
    return r;
  return dir->snapshot != NULL ? emit_snapshot (dir, emit) : pass_through (dir, emit);
}

static gint64
dir_seek (SentryFile *f, gint64 offset, int whence)
{
  if (whence == SEEK_CUR && __builtin_add_overflow (offset, f->pos, &offset))
    return -EOVERFLOW;
  if ((whence != SEEK_SET && whence != SEEK_CUR) || offset < 0)
    return -EINVAL;
  f->pos = offset;
  return offset;
}

static int
dir_fsync (SentryFile *f, gboolean data_only)
{
  SentryInode *upper = sentry_overlay_upper (sentry_overlay_inode (f->inode));
  SentryFile *real;
  int r;

  if (upper == NULL)
    return 0;
  r = upper->ops->open (upper, &f->path, f->cred, SENTRY_FMODE_READ, O_RDONLY | O_DIRECTORY, &real);
  if (r < 0)
    return r;
  if (real->ops->fsync != NULL)
    r = real->ops->fsync (real, data_only);
  sentry_file_unref (real);
  return r;
}

static const SentryFileOps dir_ops = {
  .name = "overlay-dir",
  .release = dir_release,
  .seek = dir_seek,
  .iterate = dir_iterate,
  .fsync = dir_fsync,
};

/* The layer is opened at once, so that what the host refuses is refused here. */
int
sentry_overlay_dir_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                         guint32 flags, SentryFile **ret_file)
{
  SentryOverlayInode *o = sentry_overlay_inode (inode);
  SentryOverlayDir *dir = g_new0 (SentryOverlayDir, 1);
  int r = 0;

  sentry_file_init (&dir->base, &dir_ops, mode, flags, path, inode, cred);
  if (sentry_overlay_upper (o) == NULL && o->n_lower == 1)
    r = start (dir);
  if (r < 0)
    {
      sentry_file_unref (&dir->base);
      return r;
    }
  *ret_file = &dir->base;
  return 0;
}
