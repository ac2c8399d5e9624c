/* One layer's inodes, asked with the locks that their contract wants.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int
sentry_overlay_layer_lookup_any (SentryInode *dir, const char *name, SentryInode **ret_inode)
{
  int r;

  if (dir->ops->lookup == NULL)
    return -ENOTDIR;
  sentry_rwlock_read_lock (&dir->lock);
  r = dir->ops->lookup (dir, NULL, name, ret_inode);
  sentry_rwlock_read_unlock (&dir->lock);
  return r;
}

int
sentry_overlay_layer_lookup (SentryInode *dir, const char *name, SentryInode **ret_inode)
{
  SentryInode *inode;
  int r = sentry_overlay_layer_lookup_any (dir, name, &inode);

  if (r < 0)
    return r;
  if (sentry_overlay_is_whiteout (inode))
    {
      sentry_inode_unref (inode);
      return -ENOENT;
    }
  *ret_inode = inode;
  return 0;
}

/* --- marks --- */

char *
sentry_overlay_get_mark (SentryOverlaySuper *sb, SentryInode *inode, const char *name)
{
  g_autofree char *full = g_strconcat (sb->prefix, name, NULL);
  char value[4096];
  gssize len;

  if (inode->ops->getxattr == NULL)
    return NULL;
  len = inode->ops->getxattr (inode, full, value, sizeof value);
  return len < 0 ? NULL : g_strndup (value, (gsize) len);
}

int
sentry_overlay_set_mark (SentryOverlaySuper *sb, SentryInode *inode, const char *name,
                         const char *value)
{
  g_autofree char *full = g_strconcat (sb->prefix, name, NULL);

  return inode->ops->setxattr == NULL
             ? -EOPNOTSUPP
             : inode->ops->setxattr (inode, full, value, strlen (value), 0);
}

/* --- lower layers --- */

void
sentry_overlay_lower_clear (SentryOverlayLower *lower, guint n)
{
  for (guint i = 0; i < n; i++)
    sentry_inode_unref (g_steal_pointer (&lower[i].inode));
}

/* Asked only where something lies below: it costs host calls for each directory. */
static gboolean
is_opaque (SentryOverlaySuper *sb, SentryInode *dir)
{
  g_autofree char *opaque = sentry_overlay_get_mark (sb, dir, "opaque");

  return g_strcmp0 (opaque, "y") == 0;
}

int
sentry_overlay_lower_lookup (SentryOverlaySuper *sb, const SentryOverlayLower *dirs, guint n_dirs,
                             const char *name, SentryOverlayLower *ret_found)
{
  guint n = 0;
  gboolean go_on = TRUE;

  for (guint i = 0; i < n_dirs && go_on; i++)
    {
      SentryInode *inode;
      int r = sentry_overlay_layer_lookup_any (dirs[i].inode, name, &inode);

      if (r == -ENOENT || r == -ENOTDIR)
        continue;
      if (r < 0)
        {
          sentry_overlay_lower_clear (ret_found, n);
          return r;
        }
      go_on = inode->type == S_IFDIR && (i + 1 == n_dirs || !is_opaque (sb, inode));
      /* A whiteout, or a file below a directory, ends the search and isn't seen. */
      if (sentry_overlay_is_whiteout (inode) || (n > 0 && inode->type != S_IFDIR))
        sentry_inode_unref (inode);
      else
        ret_found[n++] = (SentryOverlayLower){ inode, dirs[i].layer };
    }
  return (int) n;
}

static int
lower_roots (SentryOverlaySuper *sb, SentryOverlayLower *ret_found)
{
  for (guint i = 0; i < sb->n_lower; i++)
    ret_found[i] = (SentryOverlayLower){ sentry_inode_ref (sb->lower[i]->root), i };
  return (int) sb->n_lower;
}

int
sentry_overlay_lower_walk (SentryOverlaySuper *sb, const char *path, SentryOverlayLower *ret_found)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  SentryOverlayLower next[SENTRY_OVERLAY_MAX_LOWER];
  int n = lower_roots (sb, ret_found);

  for (guint i = 0; parts[i] != NULL && n > 0; i++)
    {
      int found;

      /* What the upper layer says isn't trusted further than names go. */
      if (*parts[i] == '\0')
        continue;
      if (strcmp (parts[i], ".") == 0 || strcmp (parts[i], "..") == 0 || strlen (parts[i]) > 255)
        found = -ESTALE;
      else
        found = sentry_overlay_lower_lookup (sb, ret_found, (guint) n, parts[i], next);
      sentry_overlay_lower_clear (ret_found, (guint) n);
      n = found;
      if (found > 0)
        memcpy (ret_found, next, sizeof *next * (gsize) found);
    }
  return n;
}

int
sentry_overlay_has_below (SentryOverlayInode *dir, const char *name)
{
  SentryOverlayLower found[SENTRY_OVERLAY_MAX_LOWER];
  int n = sentry_overlay_lower_lookup (sentry_overlay_inode_super (dir), dir->lower, dir->n_lower,
                                       name, found);

  if (n > 0)
    sentry_overlay_lower_clear (found, (guint) n);
  return n > 0 ? 1 : n;
}

/* --- listing --- */

typedef struct
{
  SentryDirEmit base;
  GPtrArray *entries;
} Lister;

static gboolean
list_one (SentryDirEmit *self, const char *name, gsize name_len, guint64 ino, guint8 type,
          gint64 next_off)
{
  Lister *lister = (Lister *) self;
  SentryOverlayEntry *e = g_malloc (sizeof *e + name_len + 1);

  e->ino = ino;
  e->type = type;
  memcpy (e->name, name, name_len);
  e->name[name_len] = '\0';
  g_ptr_array_add (lister->entries, e);
  return TRUE;
}

/* The file is ours alone, so its position needs no lock. */
int
sentry_overlay_layer_list (SentryOverlaySuper *sb, SentryInode *dir, GPtrArray **ret_entries)
{
  Lister lister = { { list_one }, NULL };
  SentryPath none = { NULL, NULL };
  SentryFile *f;
  guint before;
  int r;

  if (dir->ops->open == NULL)
    return -ENOTDIR;
  r = dir->ops->open (dir, &none, sb->cred, SENTRY_FMODE_READ, O_RDONLY | O_DIRECTORY, &f);
  if (r < 0)
    return r;
  lister.entries = g_ptr_array_new_with_free_func (g_free);
  do
    {
      before = lister.entries->len;
      r = f->ops->iterate (f, &lister.base);
    }
  while (r == 0 && lister.entries->len > before);
  sentry_file_unref (f);
  if (r < 0)
    g_ptr_array_unref (lister.entries);
  else
    *ret_entries = lister.entries;
  return r;
}
