/* Acts on a superblock by path, for tests of file system types.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs-harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/fs/host-private.h"
#include "usermem/sentry-usermem.h"

SentryCred *
fs_root_cred (void)
{
  static SentryCred *cred;

  if (cred == NULL)
    cred = sentry_cred_new_root (sentry_user_namespace_new_root ());
  return cred;
}

static GPtrArray *temp_dirs;

static void
remove_temp_dirs (void)
{
  for (guint i = 0; i < temp_dirs->len; i++)
    {
      g_autofree char *command
          = g_strdup_printf ("chmod -R u+rwX '%s' && rm -rf '%s'", (char *) temp_dirs->pdata[i],
                             (char *) temp_dirs->pdata[i]);
      if (system (command) != 0)
        g_printerr ("can't remove %s\n", (char *) temp_dirs->pdata[i]);
    }
}

char *
fs_temp_dir (void)
{
  char *dir = g_dir_make_tmp ("sentry-fs-XXXXXX", NULL);

  g_assert_nonnull (dir);
  if (temp_dirs == NULL)
    {
      temp_dirs = g_ptr_array_new ();
      atexit (remove_temp_dirs);
    }
  g_ptr_array_add (temp_dirs, g_strdup (dir));
  return dir;
}

SentrySuperBlock *
fs_mount_host (const char *dir, gboolean read_only, gboolean revalidate)
{
  g_autoptr (SentryFilesystem) fs = g_object_new (SENTRY_TYPE_HOST_FILESYSTEM, NULL);
  SentryMountRequest req = { .cred = fs_root_cred (),
                             .read_only = read_only,
                             .revalidate = revalidate,
                             .host_fd = open (dir, O_PATH | O_CLOEXEC) };
  SentrySuperBlock *sb = NULL;

  g_assert_cmpint (sentry_filesystem_mount (fs, &req, &sb), ==, 0);
  return sb;
}

static int
lookup_in (SentryInode *dir, const char *name, SentryInode **ret_inode)
{
  int r;

  if (dir->ops->lookup == NULL || dir->type != S_IFDIR)
    return -ENOTDIR;
  sentry_rwlock_read_lock (&dir->lock);
  r = dir->ops->lookup (dir, fs_root_cred (), name, ret_inode);
  sentry_rwlock_read_unlock (&dir->lock);
  return r;
}

int
fs_lookup (SentrySuperBlock *sb, const char *path, SentryInode **ret_inode)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  SentryInode *at = sentry_inode_ref (sb->root);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      SentryInode *next;
      int r = lookup_in (at, parts[i], &next);
      sentry_inode_unref (at);
      if (r < 0)
        return r;
      at = next;
    }
  *ret_inode = at;
  return 0;
}

SentryInode *
fs_get (SentrySuperBlock *sb, const char *path)
{
  SentryInode *inode = NULL;

  g_assert_cmpint (fs_lookup (sb, path, &inode), ==, 0);
  return inode;
}

int
fs_getattr (SentrySuperBlock *sb, const char *path, SentryAttr *ret_attr)
{
  SentryInode *inode;
  int r = fs_lookup (sb, path, &inode);

  if (r < 0)
    return r;
  r = inode->ops->getattr (inode, ret_attr);
  sentry_inode_unref (inode);
  return r;
}

/* The directory of `path`, locked for writing, and the last name. */
static int
begin (SentrySuperBlock *sb, const char *path, SentryInode **ret_dir, const char **ret_name)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *dir = g_strndup (path, slash == NULL ? 0 : (gsize) (slash - path));
  int r = fs_lookup (sb, dir, ret_dir);

  if (r < 0)
    return r;
  if ((*ret_dir)->type != S_IFDIR)
    {
      sentry_inode_unref (*ret_dir);
      return -ENOTDIR;
    }
  *ret_name = slash == NULL ? path : slash + 1;
  sentry_rwlock_write_lock (&(*ret_dir)->lock);
  return 0;
}

static void
end (SentryInode *dir)
{
  sentry_rwlock_write_unlock (&dir->lock);
  sentry_inode_unref (dir);
}

/* -EEXIST as the mount namespace finds it out. */
static int
must_be_absent (SentryInode *dir, const char *name)
{
  SentryInode *there;
  int r = dir->ops->lookup (dir, fs_root_cred (), name, &there);

  if (r < 0)
    return r == -ENOENT ? 0 : r;
  sentry_inode_unref (there);
  return -EEXIST;
}

typedef int (*Maker) (SentryInode *dir, const char *name, guint32 mode, const char *target,
                      SentryInode **ret_inode);

static int
make (SentrySuperBlock *sb, const char *path, Maker maker, guint32 mode, const char *target)
{
  SentryInode *dir, *made;
  const char *name;
  int r = begin (sb, path, &dir, &name);

  if (r < 0)
    return r;
  r = must_be_absent (dir, name);
  if (r == 0)
    r = maker (dir, name, mode, target, &made);
  end (dir);
  if (r == 0)
    sentry_inode_unref (made);
  return r;
}

static int
make_file (SentryInode *dir, const char *name, guint32 mode, const char *target,
           SentryInode **ret_inode)
{
  return dir->ops->create (dir, fs_root_cred (), name, S_IFREG | mode, ret_inode);
}

static int
make_dir (SentryInode *dir, const char *name, guint32 mode, const char *target,
          SentryInode **ret_inode)
{
  return dir->ops->mkdir (dir, fs_root_cred (), name, S_IFDIR | mode, ret_inode);
}

static int
make_node (SentryInode *dir, const char *name, guint32 mode, const char *target,
           SentryInode **ret_inode)
{
  return dir->ops->mknod (dir, fs_root_cred (), name, mode, 0, 0, ret_inode);
}

static int
make_symlink (SentryInode *dir, const char *name, guint32 mode, const char *target,
              SentryInode **ret_inode)
{
  return dir->ops->symlink (dir, fs_root_cred (), name, target, ret_inode);
}

int
fs_create (SentrySuperBlock *sb, const char *path, guint32 mode)
{
  return make (sb, path, make_file, mode, NULL);
}

int
fs_mkdir (SentrySuperBlock *sb, const char *path, guint32 mode)
{
  return make (sb, path, make_dir, mode, NULL);
}

int
fs_mknod (SentrySuperBlock *sb, const char *path, guint32 mode)
{
  return make (sb, path, make_node, mode, NULL);
}

int
fs_symlink (SentrySuperBlock *sb, const char *path, const char *target)
{
  return make (sb, path, make_symlink, 0, target);
}

int
fs_link (SentrySuperBlock *sb, const char *old_path, const char *path)
{
  SentryInode *inode, *dir;
  const char *name;
  int r = fs_lookup (sb, old_path, &inode);

  if (r < 0)
    return r;
  r = begin (sb, path, &dir, &name);
  if (r == 0)
    {
      r = must_be_absent (dir, name);
      if (r == 0)
        r = dir->ops->link (dir, name, inode);
      end (dir);
    }
  sentry_inode_unref (inode);
  return r;
}

static int
remove_one (SentrySuperBlock *sb, const char *path, gboolean is_dir)
{
  SentryInode *dir, *inode = NULL;
  const char *name;
  int r = begin (sb, path, &dir, &name);

  if (r < 0)
    return r;
  r = dir->ops->lookup (dir, fs_root_cred (), name, &inode);
  if (r == 0)
    {
      if (is_dir != (inode->type == S_IFDIR))
        r = is_dir ? -ENOTDIR : -EISDIR;
      else
        r = is_dir ? dir->ops->rmdir (dir, name, inode) : dir->ops->unlink (dir, name, inode);
    }
  end (dir);
  sentry_inode_unref (inode);
  return r;
}

int
fs_unlink (SentrySuperBlock *sb, const char *path)
{
  return remove_one (sb, path, FALSE);
}

int
fs_rmdir (SentrySuperBlock *sb, const char *path)
{
  return remove_one (sb, path, TRUE);
}

static gboolean
is_below (const char *path, const char *top)
{
  gsize len = strlen (top);

  return strncmp (path, top, len) == 0 && path[len] == '/';
}

/* What the mount namespace checks before it calls rename. */
static int
check_rename (SentryInode *inode, SentryInode *victim, guint32 flags)
{
  if (victim == NULL)
    return flags & RENAME_EXCHANGE ? -ENOENT : 0;
  if (flags & RENAME_NOREPLACE)
    return -EEXIST;
  if (flags & RENAME_EXCHANGE)
    return 0;
  if (inode->type == S_IFDIR && victim->type != S_IFDIR)
    return -ENOTDIR;
  return inode->type != S_IFDIR && victim->type == S_IFDIR ? -EISDIR : 0;
}

static int
rename_locked (SentryInode *old_dir, const char *old_name, SentryInode *new_dir,
               const char *new_name, guint32 flags)
{
  SentryInode *inode = NULL, *victim = NULL;
  int r = old_dir->ops->lookup (old_dir, fs_root_cred (), old_name, &inode);

  if (r < 0)
    return r;
  r = new_dir->ops->lookup (new_dir, fs_root_cred (), new_name, &victim);
  if (r == 0 || r == -ENOENT)
    r = check_rename (inode, victim, flags);
  if (r == 0 && inode != victim)
    r = old_dir->ops->rename (old_dir, old_name, inode, new_dir, new_name, victim, flags);
  sentry_inode_unref (inode);
  sentry_inode_unref (victim);
  return r;
}

int
fs_rename (SentrySuperBlock *sb, const char *old_path, const char *new_path, guint32 flags)
{
  const char *old_slash = strrchr (old_path, '/'), *new_slash = strrchr (new_path, '/');
  g_autofree char *old_dir_path
      = g_strndup (old_path, old_slash == NULL ? 0 : (gsize) (old_slash - old_path));
  g_autofree char *new_dir_path
      = g_strndup (new_path, new_slash == NULL ? 0 : (gsize) (new_slash - new_path));
  SentryInode *old_dir, *new_dir;
  int r;

  if (is_below (new_path, old_path))
    return -EINVAL;
  if (is_below (old_path, new_path))
    return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
  r = fs_lookup (sb, old_dir_path, &old_dir);
  if (r < 0)
    return r;
  r = fs_lookup (sb, new_dir_path, &new_dir);
  if (r == 0)
    {
      sentry_mutex_lock (&sb->rename_lock);
      sentry_rwlock_write_lock_pair (&old_dir->lock, &new_dir->lock);
      if (new_dir->type != S_IFDIR || old_dir->type != S_IFDIR)
        r = -ENOTDIR;
      else
        r = rename_locked (old_dir, old_slash == NULL ? old_path : old_slash + 1, new_dir,
                           new_slash == NULL ? new_path : new_slash + 1, flags);
      sentry_rwlock_write_unlock_pair (&old_dir->lock, &new_dir->lock);
      sentry_mutex_unlock (&sb->rename_lock);
      sentry_inode_unref (new_dir);
    }
  sentry_inode_unref (old_dir);
  return r;
}

int
fs_setattr (SentrySuperBlock *sb, const char *path, const SentrySetAttr *set)
{
  SentryInode *inode;
  int r = fs_lookup (sb, path, &inode);

  if (r < 0)
    return r;
  r = inode->ops->setattr (inode, fs_root_cred (), set);
  sentry_inode_unref (inode);
  return r;
}

int
fs_chmod (SentrySuperBlock *sb, const char *path, guint32 mode)
{
  SentrySetAttr set = { .valid = SENTRY_SET_MODE, .mode = mode };

  return fs_setattr (sb, path, &set);
}

int
fs_readlink (SentrySuperBlock *sb, const char *path, char **ret_target)
{
  SentryInode *inode;
  int r = fs_lookup (sb, path, &inode);

  if (r < 0)
    return r;
  r = inode->ops->readlink == NULL || inode->type != S_IFLNK
          ? -EINVAL
          : inode->ops->readlink (inode, fs_root_cred (), ret_target);
  sentry_inode_unref (inode);
  return r;
}

/* --- files --- */

int
fs_open_inode (SentryInode *inode, guint32 flags, SentryFile **ret_file)
{
  guint32 mode = (flags & O_ACCMODE) == O_RDONLY   ? SENTRY_FMODE_READ
                 : (flags & O_ACCMODE) == O_WRONLY ? SENTRY_FMODE_WRITE
                                                   : SENTRY_FMODE_READ | SENTRY_FMODE_WRITE;
  SentryPath none = { NULL, NULL };

  if (inode->ops->open == NULL)
    return -ENXIO;
  return inode->ops->open (inode, &none, fs_root_cred (), mode, flags, ret_file);
}

int
fs_open (SentrySuperBlock *sb, const char *path, guint32 flags, SentryFile **ret_file)
{
  SentryInode *inode;
  int r = fs_lookup (sb, path, &inode);

  if (r < 0)
    return r;
  r = fs_open_inode (inode, flags, ret_file);
  sentry_inode_unref (inode);
  return r;
}

gint64
fs_pread (SentryFile *f, gpointer buf, gsize len, gint64 pos)
{
  SentryIter it;
  gint64 r;

  sentry_iter_init_kernel (&it, buf, len);
  r = sentry_file_read (f, &it, &pos);
  sentry_iter_clear (&it);
  return r;
}

gint64
fs_pwrite (SentryFile *f, gconstpointer buf, gsize len, gint64 pos)
{
  SentryIter it;
  gint64 r;

  sentry_iter_init_kernel (&it, (gpointer) buf, len);
  r = sentry_file_write (f, &it, &pos);
  sentry_iter_clear (&it);
  return r;
}

char *
fs_read_all (SentryFile *f)
{
  GString *text = g_string_new (NULL);
  char buf[1000];
  gint64 pos = 0, n;

  while ((n = fs_pread (f, buf, sizeof buf, pos)) > 0)
    {
      g_string_append_len (text, buf, n);
      pos += n;
    }
  g_assert_cmpint (n, ==, 0);
  return g_string_free (text, FALSE);
}

char *
fs_read (SentrySuperBlock *sb, const char *path)
{
  SentryFile *f;
  char *text;

  if (fs_open (sb, path, O_RDONLY, &f) < 0)
    return NULL;
  text = fs_read_all (f);
  sentry_file_unref (f);
  return text;
}

int
fs_write (SentrySuperBlock *sb, const char *path, const char *text)
{
  SentrySetAttr empty = { .valid = SENTRY_SET_SIZE };
  SentryFile *f;
  int r = fs_create (sb, path, 0644);

  if (r == -EEXIST)
    r = fs_setattr (sb, path, &empty);
  if (r < 0)
    return r;
  r = fs_open (sb, path, O_WRONLY, &f);
  if (r < 0)
    return r;
  if (*text != '\0')
    r = (int) fs_pwrite (f, text, strlen (text), 0);
  sentry_file_unref (f);
  return r < 0 ? r : 0;
}

/* --- directories --- */

typedef struct
{
  SentryDirEmit base;
  GPtrArray *entries;
  guint max;
} Collector;

static void
free_entry (gpointer p)
{
  FsEntry *e = p;

  g_free (e->name);
  g_free (e);
}

static gboolean
collect (SentryDirEmit *self, const char *name, gsize name_len, guint64 ino, guint8 type,
         gint64 next_off)
{
  Collector *c = (Collector *) self;
  FsEntry *e;

  if (c->entries->len >= c->max)
    return FALSE;
  e = g_new0 (FsEntry, 1);
  e->name = g_strndup (name, name_len);
  e->ino = ino;
  e->type = type;
  e->off = next_off;
  g_ptr_array_add (c->entries, e);
  return TRUE;
}

GPtrArray *
fs_list_file (SentryFile *f, guint max)
{
  Collector c = { { collect }, g_ptr_array_new_with_free_func (free_entry), max };
  guint before;

  do
    {
      before = c.entries->len;
      g_assert_cmpint (sentry_file_iterate (f, &c.base), ==, 0);
    }
  while (c.entries->len > before && c.entries->len < max);
  return c.entries;
}

GPtrArray *
fs_list (SentrySuperBlock *sb, const char *path)
{
  SentryFile *f = NULL;
  GPtrArray *entries;

  g_assert_cmpint (fs_open (sb, path, O_RDONLY | O_DIRECTORY, &f), ==, 0);
  entries = fs_list_file (f, G_MAXUINT);
  sentry_file_unref (f);
  return entries;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const FsEntry *const *) a)->name, (*(const FsEntry *const *) b)->name);
}

char *
fs_names (SentrySuperBlock *sb, const char *path)
{
  g_autoptr (GPtrArray) entries = fs_list (sb, path);
  GString *names = g_string_new (NULL);

  g_ptr_array_sort (entries, compare_names);
  for (guint i = 0; i < entries->len; i++)
    {
      const FsEntry *e = entries->pdata[i];
      if (strcmp (e->name, ".") != 0 && strcmp (e->name, "..") != 0)
        g_string_append_printf (names, "%s%s", names->len > 0 ? " " : "", e->name);
    }
  return g_string_free (names, FALSE);
}
