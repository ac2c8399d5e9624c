/* tmpfs directories: names, and reading them in a stable order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/random.h>

#include "base/sentry-charge.h"
#include "permission.h"
#include "tmpfs.h"

#ifndef RENAME_EXCHANGE
#  define RENAME_EXCHANGE (1 << 1)
#endif
#ifndef RENAME_WHITEOUT
#  define RENAME_WHITEOUT (1 << 2)
#endif

/* Read positions: 0 is ".", 1 is "..", 2 the newest entry; else the next entry is the newest below
 * the position. */
#define FIRST_COOKIE 3
#define READ_BATCH 32

struct SentryTmpfsEntry
{
  guint64 cookie;          /* I while in the directory */
  SentryTmpfsInode *inode; /* owned */
  char name[];
};

static guint64 hash_key;

static guint
hash_entry (gconstpointer p)
{
  const SentryTmpfsEntry *e = p;
  guint64 h = hash_key;

  /* Keyed: a guest chooses the names. */
  for (const guint8 *s = (const guint8 *) e->name; *s != '\0'; s++)
    h = (h ^ *s) * (hash_key | 1) + (h >> 29);
  return h ^ (h >> 32);
}

static gboolean
same_name (gconstpointer a, gconstpointer b)
{
  return strcmp (((const SentryTmpfsEntry *) a)->name, ((const SentryTmpfsEntry *) b)->name) == 0;
}

/* The newest first. */
static gint
compare_cookies (gconstpointer a, gconstpointer b, gpointer data)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return x > y ? -1 : x < y;
}

static gsize
entry_cost (const char *name)
{
  /* With the nodes of both tables. */
  return sizeof (SentryTmpfsEntry) + strlen (name) + 1 + 96;
}

static void
entry_free (SentryTmpfsEntry *e)
{
  sentry_uncharge (entry_cost (e->name));
  g_free (e);
}

void
sentry_tmpfs_dir_init (SentryTmpfsDir *dir)
{
  static gsize ready;

  if (g_once_init_enter (&ready))
    {
      if (getrandom (&hash_key, sizeof hash_key, 0) != sizeof hash_key)
        g_error ("getrandom: %s", g_strerror (errno));
      g_once_init_leave (&ready, 1);
    }
  dir->by_name = g_hash_table_new (hash_entry, same_name);
  dir->by_cookie = g_tree_new_with_data (compare_cookies, NULL);
  dir->next_cookie = FIRST_COOKIE;
}

guint
sentry_tmpfs_dir_size (SentryTmpfsDir *dir)
{
  return g_hash_table_size (dir->by_name);
}

static SentryTmpfsEntry *
find (SentryTmpfsInode *dir, const char *name)
{
  union
  {
    SentryTmpfsEntry entry;
    char bytes[sizeof (SentryTmpfsEntry) + 256];
  } key;

  g_assert (strlen (name) < 256);
  strcpy (key.bytes + G_STRUCT_OFFSET (SentryTmpfsEntry, name), name);
  return g_hash_table_lookup (dir->dir.by_name, &key);
}

static void
put_in (SentryTmpfsDir *dir, SentryTmpfsEntry *e)
{
  e->cookie = dir->next_cookie++;
  g_hash_table_add (dir->by_name, e);
  g_tree_insert (dir->by_cookie, &e->cookie, e);
}

static void
take_out (SentryTmpfsDir *dir, SentryTmpfsEntry *e)
{
  g_hash_table_remove (dir->by_name, e);
  g_tree_remove (dir->by_cookie, &e->cookie);
}

/* An entry that isn't in a directory yet; takes its own reference.  NULL: no space. */
static SentryTmpfsEntry *
entry_new (const char *name, SentryTmpfsInode *inode)
{
  SentryTmpfsEntry *e;

  if (!sentry_charge (entry_cost (name)))
    return NULL;
  e = g_try_malloc0 (sizeof *e + strlen (name) + 1);
  if (e == NULL)
    {
      sentry_uncharge (entry_cost (name));
      return NULL;
    }
  strcpy (e->name, name);
  e->inode = inode;
  sentry_inode_ref (&inode->inode);
  return e;
}

/* What an inode loses with a name; the reference that the entry held goes later, when no lock is
 * held: the caller's dentry holds another. */
static void
drop_entry (SentryTmpfsInode *dir, SentryTmpfsEntry *e)
{
  SentryTmpfsInode *inode = e->inode;

  take_out (&dir->dir, e);
  entry_free (e);
  sentry_inode_unref (&inode->inode);
}

static void
change_nlink (SentryTmpfsInode *inode, int delta)
{
  sentry_mutex_lock (&inode->attr_lock);
  inode->nlink += delta;
  sentry_mutex_unlock (&inode->attr_lock);
}

/* Moves what the directory holds alone to `todo` (directories) or drops it. */
static void
take_apart (SentryTmpfsDir *dir, GPtrArray *todo)
{
  GHashTableIter iter;
  gpointer key;

  if (dir->by_name == NULL)
    return;
  g_hash_table_iter_init (&iter, dir->by_name);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      SentryTmpfsEntry *e = key;

      if (S_ISDIR (e->inode->inode.type))
        g_ptr_array_add (todo, e->inode);
      else
        sentry_inode_unref (&e->inode->inode);
      g_hash_table_iter_remove (&iter);
      entry_free (e);
    }
  g_clear_pointer (&dir->by_cookie, g_tree_unref);
  g_clear_pointer (&dir->by_name, g_hash_table_unref);
}

void
sentry_tmpfs_dir_clear (SentryTmpfsInode *top)
{
  GPtrArray *todo = g_ptr_array_new ();

  take_apart (&top->dir, todo);
  while (todo->len > 0)
    {
      SentryTmpfsInode *dir = g_ptr_array_steal_index_fast (todo, todo->len - 1);

      take_apart (&dir->dir, todo);
      sentry_inode_unref (&dir->inode);
    }
  g_ptr_array_unref (todo);
}

static int
dir_lookup (SentryInode *dir, SentryCred *cred, const char *name, SentryInode **ret_inode)
{
  SentryTmpfsEntry *e = find (sentry_tmpfs_inode (dir), name);

  if (e == NULL)
    return -ENOENT;
  *ret_inode = sentry_inode_ref (&e->inode->inode);
  return 0;
}

/* Gives `inode` a name; *ret keeps the caller's reference. */
static int
add (SentryTmpfsInode *dir, const char *name, SentryTmpfsInode *inode)
{
  SentryTmpfsEntry *e = entry_new (name, inode);

  if (e == NULL)
    return -ENOSPC;
  put_in (&dir->dir, e);
  if (S_ISDIR (inode->inode.type))
    change_nlink (dir, 1);
  sentry_tmpfs_touch (dir, TRUE);
  return 0;
}

int
sentry_tmpfs_make (SentryTmpfsInode *dir, const char *name, guint32 mode, guint32 uid, guint32 gid,
                   guint32 major, guint32 minor, const char *target, SentryTmpfsInode **ret_inode)
{
  SentryTmpfsInode *inode;
  int r = sentry_tmpfs_inode_new (sentry_tmpfs_of (dir), mode, uid, gid, &inode);

  if (r < 0)
    return r;
  inode->inode.rdev_major = major;
  inode->inode.rdev_minor = minor;
  if (target != NULL && sentry_charge (strlen (target) + 1))
    inode->target = g_strdup (target);
  r = target != NULL && inode->target == NULL ? -ENOSPC : add (dir, name, inode);
  if (r < 0)
    sentry_inode_unref (&inode->inode);
  else
    *ret_inode = inode;
  return r;
}

static int
make_owned (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode, guint32 major,
            guint32 minor, const char *target, SentryInode **ret_inode)
{
  SentryTmpfsInode *inode;
  guint32 uid, gid;
  int r;

  sentry_fs_init_owner (dir, cred, &mode, &uid, &gid);
  r = sentry_tmpfs_make (sentry_tmpfs_inode (dir), name, mode, uid, gid, major, minor, target,
                         &inode);
  if (r == 0)
    *ret_inode = &inode->inode;
  return r;
}

static int
dir_create (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
            SentryInode **ret_inode)
{
  return make_owned (dir, cred, name, S_IFREG | (mode & 07777), 0, 0, NULL, ret_inode);
}

static int
dir_mkdir (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
           SentryInode **ret_inode)
{
  return make_owned (dir, cred, name, S_IFDIR | (mode & 07777), 0, 0, NULL, ret_inode);
}

static int
dir_mknod (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode, guint32 major,
           guint32 minor, SentryInode **ret_inode)
{
  gboolean device = S_ISCHR (mode) || S_ISBLK (mode);

  return make_owned (dir, cred, name, mode, device ? major : 0, device ? minor : 0, NULL,
                     ret_inode);
}

static int
dir_symlink (SentryInode *dir, SentryCred *cred, const char *name, const char *target,
             SentryInode **ret_inode)
{
  return make_owned (dir, cred, name, S_IFLNK | 0777, 0, 0, target, ret_inode);
}

static int
dir_link (SentryInode *base, const char *name, SentryInode *inode_base)
{
  SentryTmpfsInode *dir = sentry_tmpfs_inode (base), *inode = sentry_tmpfs_inode (inode_base);
  gboolean may;
  int r;

  sentry_mutex_lock (&inode->attr_lock);
  may = inode->nlink > 0 || inode->linkable;
  if (may)
    inode->nlink++;
  inode->linkable = FALSE;
  sentry_mutex_unlock (&inode->attr_lock);
  if (!may)
    return -ENOENT;
  r = add (dir, name, inode);
  if (r < 0)
    change_nlink (inode, -1);
  else
    sentry_tmpfs_touch (inode, FALSE);
  return r;
}

static int
dir_unlink (SentryInode *base, const char *name, SentryInode *inode_base)
{
  SentryTmpfsInode *dir = sentry_tmpfs_inode (base), *inode = sentry_tmpfs_inode (inode_base);
  SentryTmpfsEntry *e = find (dir, name);

  if (e == NULL || e->inode != inode)
    return -ENOENT;
  drop_entry (dir, e);
  change_nlink (inode, -1);
  sentry_tmpfs_touch (inode, FALSE);
  sentry_tmpfs_touch (dir, TRUE);
  return 0;
}

static int
dir_rmdir (SentryInode *base, const char *name, SentryInode *inode_base)
{
  SentryTmpfsInode *dir = sentry_tmpfs_inode (base), *inode = sentry_tmpfs_inode (inode_base);

  if (sentry_tmpfs_dir_size (&inode->dir) > 0)
    return -ENOTEMPTY;
  change_nlink (inode, -1);
  change_nlink (dir, -1);
  return dir_unlink (base, name, inode_base);
}

/* Both names stay; the entries swap their inodes, and count as new. */
static int
exchange (SentryTmpfsInode *old_dir, SentryTmpfsEntry *a, SentryTmpfsInode *new_dir,
          SentryTmpfsEntry *b)
{
  SentryTmpfsInode *inode = a->inode;
  int delta = (S_ISDIR (b->inode->inode.type) ? 1 : 0) - (S_ISDIR (a->inode->inode.type) ? 1 : 0);

  take_out (&old_dir->dir, a);
  take_out (&new_dir->dir, b);
  a->inode = b->inode;
  b->inode = inode;
  put_in (&old_dir->dir, a);
  put_in (&new_dir->dir, b);
  if (old_dir != new_dir && delta != 0)
    {
      change_nlink (old_dir, delta);
      change_nlink (new_dir, -delta);
    }
  sentry_tmpfs_touch (a->inode, FALSE);
  sentry_tmpfs_touch (b->inode, FALSE);
  return 0;
}

static void
replace_victim (SentryTmpfsInode *dir, SentryTmpfsEntry *e)
{
  SentryTmpfsInode *victim = e->inode;

  sentry_inode_ref (&victim->inode);
  drop_entry (dir, e);
  if (S_ISDIR (victim->inode.type))
    {
      change_nlink (victim, -1);
      change_nlink (dir, -1);
    }
  change_nlink (victim, -1);
  sentry_tmpfs_touch (victim, FALSE);
  sentry_inode_unref (&victim->inode);
}

/* The whiteout that takes the old name (RENAME_WHITEOUT), made before anything changes. */
static int
make_whiteout (SentryTmpfsInode *dir, const char *name, SentryTmpfsEntry **ret_entry)
{
  SentryTmpfsInode *whiteout;
  int r = sentry_tmpfs_inode_new (sentry_tmpfs_of (dir), S_IFCHR, dir->inode.uid, dir->inode.gid,
                                  &whiteout);

  if (r < 0)
    return r;
  *ret_entry = entry_new (name, whiteout);
  sentry_inode_unref (&whiteout->inode);
  return *ret_entry == NULL ? -ENOSPC : 0;
}

static int
dir_rename (SentryInode *old_base, const char *old_name, SentryInode *inode_base,
            SentryInode *new_base, const char *new_name, SentryInode *victim, guint32 flags)
{
  SentryTmpfsInode *old_dir = sentry_tmpfs_inode (old_base);
  SentryTmpfsInode *new_dir = sentry_tmpfs_inode (new_base);
  SentryTmpfsInode *inode = sentry_tmpfs_inode (inode_base);
  SentryTmpfsEntry *from = find (old_dir, old_name), *to = find (new_dir, new_name);
  SentryTmpfsEntry *fresh, *whiteout = NULL;
  int r = 0;

  if (from == NULL || from->inode != inode || (to == NULL) != (victim == NULL))
    return -ENOENT;
  if (flags & RENAME_EXCHANGE)
    r = exchange (old_dir, from, new_dir, to);
  else
    {
      if (to != NULL && S_ISDIR (victim->type) && sentry_tmpfs_dir_size (&to->inode->dir) > 0)
        return -ENOTEMPTY;
      if (flags & RENAME_WHITEOUT)
        r = make_whiteout (old_dir, old_name, &whiteout);
      if (r < 0)
        return r;
      fresh = entry_new (new_name, inode);
      if (fresh == NULL)
        {
          if (whiteout != NULL)
            {
              sentry_inode_unref (&whiteout->inode->inode);
              entry_free (whiteout);
            }
          return -ENOSPC;
        }
      if (to != NULL)
        replace_victim (new_dir, to);
      drop_entry (old_dir, from);
      if (whiteout != NULL)
        put_in (&old_dir->dir, whiteout);
      put_in (&new_dir->dir, fresh);
      if (S_ISDIR (inode_base->type))
        {
          change_nlink (old_dir, -1);
          change_nlink (new_dir, 1);
        }
      sentry_tmpfs_touch (inode, FALSE);
    }
  sentry_tmpfs_touch (old_dir, TRUE);
  if (new_dir != old_dir)
    sentry_tmpfs_touch (new_dir, TRUE);
  return r;
}

static int
dir_tmpfile (SentryInode *dir, SentryCred *cred, guint32 mode, gboolean linkable,
             SentryInode **ret_inode)
{
  SentryTmpfsInode *inode;
  guint32 uid, gid;
  int r;

  mode = S_IFREG | (mode & 07777);
  sentry_fs_init_owner (dir, cred, &mode, &uid, &gid);
  r = sentry_tmpfs_inode_new ((SentryTmpfs *) dir->sb, mode, uid, gid, &inode);
  if (r < 0)
    return r;
  inode->nlink = 0;
  inode->linkable = linkable;
  *ret_inode = &inode->inode;
  return 0;
}

/* --- reading --- */

typedef struct
{
  guint64 ino, cookie;
  guint8 type;
  char name[256];
} Read;

/* Copies entries below `pos`, so that they are handed out without the lock. */
static guint
read_batch (SentryTmpfsInode *dir, guint64 pos, Read *batch)
{
  GTreeNode *node = NULL;
  guint n = 0;

  sentry_rwlock_read_lock (&dir->inode.lock);
  if (dir->dir.by_cookie != NULL)
    node = pos < FIRST_COOKIE ? g_tree_node_first (dir->dir.by_cookie)
                              : g_tree_upper_bound (dir->dir.by_cookie, &pos);
  for (; node != NULL && n < READ_BATCH; node = g_tree_node_next (node), n++)
    {
      SentryTmpfsEntry *e = g_tree_node_value (node);

      batch[n].ino = e->inode->inode.ino;
      batch[n].cookie = e->cookie;
      batch[n].type = e->inode->inode.type >> 12;
      g_strlcpy (batch[n].name, e->name, sizeof batch[n].name);
    }
  sentry_rwlock_read_unlock (&dir->inode.lock);
  return n;
}

static guint64
parent_ino (SentryFile *f)
{
  SentryFsDentry *parent;
  guint64 ino = f->inode->ino;

  if (sentry_path_is_empty (&f->path) || f->path.dentry->inode != f->inode)
    return ino;
  parent = sentry_fs_dentry_get_parent (sentry_fs_dentry (f->path.dentry));
  if (parent != NULL)
    ino = parent->pub.inode->ino;
  sentry_fs_dentry_unref (parent);
  return ino;
}

static gboolean
emit_dots (SentryFile *f, SentryDirEmit *emit)
{
  if (f->pos == 0)
    {
      if (!emit->emit (emit, ".", 1, f->inode->ino, DT_DIR, 1))
        return FALSE;
      f->pos = 1;
    }
  if (f->pos == 1)
    {
      if (!emit->emit (emit, "..", 2, parent_ino (f), DT_DIR, 2))
        return FALSE;
      f->pos = 2;
    }
  return TRUE;
}

static int
dir_iterate (SentryFile *f, SentryDirEmit *emit)
{
  SentryTmpfsInode *dir = sentry_tmpfs_inode (f->inode);
  g_autofree Read *batch = NULL;
  guint n = READ_BATCH;

  if (!emit_dots (f, emit))
    return 0;
  batch = g_try_new (Read, READ_BATCH);
  if (batch == NULL)
    return -ENOMEM;
  while (n == READ_BATCH)
    {
      n = read_batch (dir, f->pos, batch);
      for (guint i = 0; i < n; i++)
        {
          if (!emit->emit (emit, batch[i].name, strlen (batch[i].name), batch[i].ino, batch[i].type,
                           batch[i].cookie))
            {
              n = 0;
              break;
            }
          f->pos = batch[i].cookie;
        }
    }
  sentry_tmpfs_touch_atime (dir, f);
  return 0;
}

static gint64
dir_seek (SentryFile *f, gint64 offset, int whence)
{
  if (whence == SEEK_CUR)
    offset += f->pos;
  else if (whence != SEEK_SET)
    return -EINVAL;
  if (offset < 0)
    return -EINVAL;
  f->pos = offset;
  return offset;
}

static int
dir_fsync (SentryFile *f, gboolean data_only)
{
  return 0;
}

static void
dir_release (SentryFile *f)
{
  sentry_file_clear (f);
  g_free (f);
}

static const SentryFileOps dir_file_ops = {
  .name = "tmpfs-dir",
  .release = dir_release,
  .seek = dir_seek,
  .iterate = dir_iterate,
  .fsync = dir_fsync,
};

int
sentry_tmpfs_dir_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                       guint32 flags, SentryFile **ret_file)
{
  SentryFile *f = g_try_new0 (SentryFile, 1);

  if (f == NULL)
    return -ENOMEM;
  sentry_file_init (f, &dir_file_ops, mode, flags, path, inode, cred);
  *ret_file = f;
  return 0;
}

const SentryInodeOps sentry_tmpfs_dir_ops = {
  .free = sentry_tmpfs_free,
  .lookup = dir_lookup,
  .create = dir_create,
  .mkdir = dir_mkdir,
  .mknod = dir_mknod,
  .symlink = dir_symlink,
  .link = dir_link,
  .unlink = dir_unlink,
  .rmdir = dir_rmdir,
  .rename = dir_rename,
  .tmpfile = dir_tmpfile,
  .getattr = sentry_tmpfs_getattr,
  .setattr = sentry_tmpfs_setattr,
  .getxattr = sentry_tmpfs_getxattr,
  .setxattr = sentry_tmpfs_setxattr,
  .listxattr = sentry_tmpfs_listxattr,
  .removexattr = sentry_tmpfs_removexattr,
  .open = sentry_tmpfs_dir_open,
};
