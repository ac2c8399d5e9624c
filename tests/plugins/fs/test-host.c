/* The host directory file system against a temporary directory, and against a host that changes it
 * meanwhile. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sentry-host-fd.h"
#include "fs-harness.h"
#include "plugins/fs/host-private.h"

typedef struct
{
  char *dir;
  int fd;
  SentrySuperBlock *sb;
} Fixture;

static void
put_file (Fixture *f, const char *name, const char *text)
{
  int fd = openat (f->fd, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  close (fd);
}

static char *
host_text (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->dir, name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static void
set_up (Fixture *f, gconstpointer flags)
{
  const char *how = flags;

  f->dir = fs_temp_dir ();
  f->fd = open (f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  put_file (f, "file", "hello world");
  g_assert_cmpint (mkdirat (f->fd, "dir", 0750), ==, 0);
  put_file (f, "dir/inner", "inner");
  g_assert_cmpint (linkat (f->fd, "file", f->fd, "dir/hard", 0), ==, 0);
  g_assert_cmpint (symlinkat ("dir/inner", f->fd, "link"), ==, 0);
  g_assert_cmpint (symlinkat ("/etc/passwd", f->fd, "escape"), ==, 0);
  f->sb = fs_mount_host (f->dir, strchr (how, 'r') != NULL, strchr (how, 'v') != NULL);
}

static void
tear_down (Fixture *f, gconstpointer flags)
{
  guint idle = sentry_host_fd_used ();

  sentry_super_block_unref (f->sb);
  g_assert_cmpuint (sentry_host_fd_used (), ==, 0);
  g_assert_cmpuint (idle, <=, 1025);
  close (f->fd);
  g_free (f->dir);
}

/* --- reading --- */

static void
test_attributes (Fixture *f, gconstpointer data)
{
  SentryAttr attr;
  struct stat st;

  g_assert_cmpint (fstatat (f->fd, "file", &st, 0), ==, 0);
  g_assert_cmpint (fs_getattr (f->sb, "file", &attr), ==, 0);
  g_assert_cmpuint (attr.ino, ==, st.st_ino);
  g_assert_cmpuint (attr.mode, ==, st.st_mode);
  g_assert_cmpuint (attr.size, ==, 11);
  g_assert_cmpuint (attr.nlink, ==, 2);
  g_assert_cmpint (attr.mtime.sec, ==, st.st_mtim.tv_sec);
  g_assert_cmpuint (attr.mtime.nsec, ==, st.st_mtim.tv_nsec);
  g_assert_cmpuint (attr.dev_minor, ==, f->sb->dev_minor);
  g_assert_cmpint (fs_getattr (f->sb, "nothing", &attr), ==, -ENOENT);
  g_assert_cmpint (fs_getattr (f->sb, "file/x", &attr), ==, -ENOTDIR);
}

static void
test_hard_links (Fixture *f, gconstpointer data)
{
  SentryInode *a = fs_get (f->sb, "file"), *b = fs_get (f->sb, "dir/hard");

  g_assert_true (a == b);
  sentry_inode_unref (a);
  sentry_inode_unref (b);
}

static void
test_read (Fixture *f, gconstpointer data)
{
  g_autofree char *big = g_malloc (1000001), *text = fs_read (f->sb, "file"), *back = NULL;
  SentryFile *file;

  g_assert_cmpstr (text, ==, "hello world");
  for (guint i = 0; i < 1000000; i++)
    big[i] = 'a' + i % 23;
  big[1000000] = '\0';
  put_file (f, "big", big);
  g_assert_cmpint (fs_open (f->sb, "big", O_RDONLY, &file), ==, 0);
  back = g_malloc0 (1000001);
  g_assert_cmpint (fs_pread (file, back, 1000001, 0), ==, 1000000);
  g_assert_cmpstr (back, ==, big);
  g_assert_cmpint (fs_pread (file, back, 10, 999995), ==, 5);
  g_assert_cmpint (fs_pread (file, back, 10, 2000000), ==, 0);
  g_assert_cmpint (fs_pwrite (file, "x", 1, 0), ==, -EBADF);
  g_assert_cmpint (sentry_file_seek (file, -1, SEEK_END), ==, 999999);
  g_assert_cmpint (sentry_file_seek (file, 0, SEEK_HOLE), ==, 1000000);
  g_assert_cmpint (sentry_file_seek (file, 5, SEEK_DATA), ==, 5);
  g_assert_cmpint (sentry_file_seek (file, 1000000, SEEK_DATA), ==, -ENXIO);
  sentry_file_unref (file);
}

static void
test_symlink (Fixture *f, gconstpointer data)
{
  g_autofree char *target = NULL, *escape = NULL;
  SentryFile *file;

  g_assert_cmpint (fs_readlink (f->sb, "link", &target), ==, 0);
  g_assert_cmpstr (target, ==, "dir/inner");
  g_assert_cmpint (fs_readlink (f->sb, "escape", &escape), ==, 0);
  g_assert_cmpstr (escape, ==, "/etc/passwd");
  g_assert_cmpint (fs_open (f->sb, "escape", O_RDONLY, &file), <, 0);
  g_assert_cmpint (fs_readlink (f->sb, "file", &target), ==, -EINVAL);
}

static GPtrArray *
host_entries (const char *path)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  DIR *d = opendir (path);
  struct dirent *e;

  while ((e = readdir (d)) != NULL)
    g_ptr_array_add (names, g_strdup_printf ("%s %lu %d", e->d_name, (gulong) e->d_ino, e->d_type));
  closedir (d);
  return names;
}

/* Enough entries for several host reads; read in pieces of 7. */
static void
test_order (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->dir, "many", NULL);
  g_autoptr (GPtrArray) expected = NULL, seen = g_ptr_array_new_with_free_func (g_free);
  SentryFile *file;

  g_assert_cmpint (mkdirat (f->fd, "many", 0755), ==, 0);
  for (guint i = 0; i < 3000; i++)
    {
      g_autofree char *name = g_strdup_printf ("many/entry-%u-%u", i * 7919 % 3000, i);
      put_file (f, name, "");
    }
  expected = host_entries (path);
  g_assert_cmpint (fs_open (f->sb, "many", O_RDONLY | O_DIRECTORY, &file), ==, 0);
  for (;;)
    {
      g_autoptr (GPtrArray) part = fs_list_file (file, 7);
      if (part->len == 0)
        break;
      for (guint i = 0; i < part->len; i++)
        {
          FsEntry *e = part->pdata[i];
          g_ptr_array_add (seen, g_strdup_printf ("%s %lu %d", e->name, (gulong) e->ino, e->type));
        }
    }
  sentry_file_unref (file);
  g_assert_cmpuint (seen->len, ==, expected->len);
  for (guint i = 0; i < seen->len; i++)
    g_assert_cmpstr (seen->pdata[i], ==, expected->pdata[i]);
}

static void
test_seekdir (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) all = fs_list (f->sb, "dir");
  SentryFile *file;

  g_assert_cmpuint (all->len, ==, 4);
  g_assert_cmpint (fs_open (f->sb, "dir", O_RDONLY | O_DIRECTORY, &file), ==, 0);
  for (guint i = 0; i + 1 < all->len; i++)
    {
      FsEntry *here = all->pdata[i], *next = all->pdata[i + 1], *got;
      g_autoptr (GPtrArray) rest = NULL;

      g_assert_cmpint (sentry_file_seek (file, here->off, SEEK_SET), ==, here->off);
      rest = fs_list_file (file, 1);
      got = rest->pdata[0];
      g_assert_cmpstr (got->name, ==, next->name);
    }
  sentry_file_unref (file);
}

static void
test_xattr (Fixture *f, gconstpointer data)
{
  SentryInode *inode = fs_get (f->sb, "file");
  int fd = openat (f->fd, "file", O_RDONLY | O_CLOEXEC);
  char buf[64];

  if (fsetxattr (fd, "user.colour", "blue", 4, 0) < 0)
    g_test_skip ("the temporary directory's file system has no user attributes");
  else
    {
      g_assert_cmpint (inode->ops->getxattr (inode, "user.colour", NULL, 0), ==, 4);
      g_assert_cmpint (inode->ops->getxattr (inode, "user.colour", buf, 2), ==, -ERANGE);
      g_assert_cmpint (inode->ops->getxattr (inode, "user.colour", buf, sizeof buf), ==, 4);
      g_assert_true (memcmp (buf, "blue", 4) == 0);
      g_assert_cmpint (inode->ops->getxattr (inode, "user.shape", buf, sizeof buf), ==, -ENODATA);
      g_assert_cmpint (inode->ops->listxattr (inode, buf, sizeof buf), ==, 12);
    }
  close (fd);
  sentry_inode_unref (inode);
}

static void
test_mapping (Fixture *f, gconstpointer data)
{
  SentryMapRequest req = { .len = 4096, .prot = PROT_READ, .shared = TRUE };
  guint64 offset;
  SentryFile *file;
  char *map;
  int fd;

  g_assert_cmpint (fs_open (f->sb, "file", O_RDONLY, &file), ==, 0);
  g_assert_cmpint (file->ops->mmap (file, &req), ==, 0);
  g_assert_cmpint (req.max_prot & PROT_WRITE, ==, 0);
  g_assert_cmpint (req.mappable->ops->acquire_fd (req.mappable, TRUE, TRUE, 0, &fd, &offset), <, 0);
  g_assert_cmpint (req.mappable->ops->acquire_fd (req.mappable, TRUE, FALSE, 0, &fd, &offset), ==,
                   0);
  /* No stronger than asked for, by the host's own word. */
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_ACCMODE, ==, O_RDONLY);
  map = mmap (NULL, 4096, PROT_READ, MAP_SHARED, fd, (off_t) offset);
  req.mappable->ops->mapped (req.mappable, 0, 4096, TRUE, FALSE, 1);
  req.mappable->ops->release_fd (req.mappable, fd);
  sentry_file_unref (file);
  g_assert_cmpstr (map, ==, "hello world");
  /* Live mappings keep it. */
  g_assert_cmpuint (sentry_host_reclaim (&sentry_host_super (f->sb)->fd_cache, 100), ==, 0);
  g_assert_cmpint (req.mappable->ops->acquire_fd (req.mappable, FALSE, FALSE, 0, &fd, &offset), ==,
                   0);
  req.mappable->ops->release_fd (req.mappable, fd);
  req.mappable->ops->mapped (req.mappable, 0, 4096, TRUE, FALSE, -1);
  g_assert_cmpuint (sentry_host_reclaim (&sentry_host_super (f->sb)->fd_cache, 100), ==, 1);
  munmap (map, 4096);
  req.mappable->ops->unref (req.mappable);
}

static void
test_budget (Fixture *f, gconstpointer data)
{
  guint limit = sentry_host_fd_limit ();
  SentryFile *files[8];
  SentryInode *deep;
  int r = 0;

  g_assert_cmpint (mkdirat (f->fd, "a", 0755), ==, 0);
  g_assert_cmpint (mkdirat (f->fd, "a/b", 0755), ==, 0);
  g_assert_cmpint (mkdirat (f->fd, "a/b/c", 0755), ==, 0);
  put_file (f, "a/b/c/deep", "deep");
  deep = fs_get (f->sb, "a/b/c/deep");
  /* The root's own descriptor and five more. */
  sentry_host_fd_set_limit (6);
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *name = g_strdup_printf ("d%u", i), *inner = g_strdup_printf ("d%u/x", i);
      SentryAttr attr;
      g_assert_cmpint (mkdirat (f->fd, name, 0755), ==, 0);
      g_assert_cmpint (fs_getattr (f->sb, inner, &attr), ==, -ENOENT);
      g_assert_cmpuint (sentry_host_fd_used (), <=, 6);
      /* Its directories' descriptors were given back; they are opened again from the root. */
      g_assert_cmpint (deep->ops->getattr (deep, &attr), ==, 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *name = g_strdup_printf ("d%u", i);
      files[i] = NULL;
      r = fs_open (f->sb, name, O_RDONLY | O_DIRECTORY, &files[i]);
      if (r < 0)
        break;
    }
  g_assert_cmpint (r, ==, -ENFILE);
  for (guint i = 0; i < G_N_ELEMENTS (files) && files[i] != NULL; i++)
    sentry_file_unref (files[i]);
  sentry_host_fd_set_limit (limit);
  sentry_inode_unref (deep);
}

/* Whether the host was asked to open it: a FIFO's writer would get through, a socket would have a
 * peer. */
static void
test_special_files (Fixture *f, gconstpointer data)
{
  SentryAttr attr;

  g_assert_cmpint (mkfifoat (f->fd, "fifo", 0600), ==, 0);
  g_assert_cmpint (mknodat (f->fd, "socket", S_IFSOCK | 0600, 0), ==, 0);
  g_assert_cmpint (fs_getattr (f->sb, "fifo", &attr), ==, 0);
  g_assert_true (S_ISFIFO (attr.mode));
  g_assert_cmpint (fs_getattr (f->sb, "socket", &attr), ==, 0);
  g_assert_true (S_ISSOCK (attr.mode));
  if (mknodat (f->fd, "null", S_IFCHR | 0600, makedev (1, 3)) == 0)
    {
      g_assert_cmpint (fs_getattr (f->sb, "null", &attr), ==, 0);
      g_assert_cmpuint (attr.rdev_major, ==, 1);
      g_assert_cmpuint (attr.rdev_minor, ==, 3);
    }
  g_assert_cmpint (openat (f->fd, "fifo", O_WRONLY | O_NONBLOCK), ==, -1);
  g_assert_cmpint (errno, ==, ENXIO);
}

/* --- a hostile host --- */

/* Between lookup and open the file becomes something else. */
static void
test_swapped (Fixture *f, gconstpointer data)
{
  static const char *const kinds[] = { "symlink", "fifo", "file", "dir", "nothing" };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      SentryInode *inode;
      SentryFile *file = NULL;
      SentryAttr attr;

      put_file (f, "victim", "before");
      inode = fs_get (f->sb, "victim");
      g_assert_cmpint (renameat (f->fd, "victim", f->fd, "moved"), ==, 0);
      if (i == 0)
        g_assert_cmpint (symlinkat ("/etc/passwd", f->fd, "victim"), ==, 0);
      else if (i == 1)
        g_assert_cmpint (mkfifoat (f->fd, "victim", 0666), ==, 0);
      else if (i == 2)
        put_file (f, "victim", "other");
      else if (i == 3)
        g_assert_cmpint (mkdirat (f->fd, "victim", 0755), ==, 0);
      g_assert_cmpint (fs_open_inode (inode, O_RDONLY, &file), ==, -ESTALE);
      g_assert_cmpint (fs_open_inode (inode, O_RDWR, &file), ==, -ESTALE);
      g_assert_cmpint (inode->ops->getattr (inode, &attr), ==, -ESTALE);
      g_assert_null (file);
      sentry_inode_unref (inode);
      unlinkat (f->fd, "victim", i == 3 ? AT_REMOVEDIR : 0);
      unlinkat (f->fd, "moved", 0);
    }
}

static void
test_swapped_directory (Fixture *f, gconstpointer data)
{
  SentryInode *inner = fs_get (f->sb, "dir/inner"), *dir = fs_get (f->sb, "dir");
  SentryAttr attr;
  SentryFile *file;

  /* Forget the descriptor, then put a symlink to a directory with the same name inside in its
   * place. */
  sentry_host_reclaim (&sentry_host_super (f->sb)->fd_cache, 100);
  g_assert_cmpint (renameat (f->fd, "dir", f->fd, "elsewhere"), ==, 0);
  g_assert_cmpint (symlinkat ("elsewhere", f->fd, "dir"), ==, 0);
  g_assert_cmpint (inner->ops->getattr (inner, &attr), ==, -ESTALE);
  g_assert_cmpint (fs_open_inode (inner, O_RDONLY, &file), ==, -ESTALE);
  g_assert_cmpint (fs_open_inode (dir, O_RDONLY | O_DIRECTORY, &file), ==, -ESTALE);
  /* Found at its new place, it works again. */
  sentry_inode_unref (fs_get (f->sb, "elsewhere/inner"));
  g_assert_cmpint (inner->ops->getattr (inner, &attr), ==, 0);
  sentry_inode_unref (inner);
  sentry_inode_unref (dir);
}

static void
test_revalidate (Fixture *f, gconstpointer data)
{
  SentryInode *root = f->sb->root, *inode = fs_get (f->sb, "file");

  g_assert_nonnull (root->ops->revalidate);
  g_assert_true (root->ops->revalidate (root, "file", inode));
  g_assert_true (root->ops->revalidate (root, "absent", NULL));
  g_assert_cmpint (fchmodat (f->fd, "file", 0601, 0), ==, 0);
  g_assert_true (root->ops->revalidate (root, "file", inode));
  g_assert_cmpuint (inode->mode, ==, S_IFREG | 0601);
  put_file (f, "absent", "");
  g_assert_false (root->ops->revalidate (root, "absent", NULL));
  g_assert_cmpint (renameat (f->fd, "absent", f->fd, "file"), ==, 0);
  g_assert_false (root->ops->revalidate (root, "file", inode));
  g_assert_cmpint (unlinkat (f->fd, "file", 0), ==, 0);
  g_assert_false (root->ops->revalidate (root, "file", inode));
  sentry_inode_unref (inode);
}

/* Two threads: the host swaps a name between a file, a FIFO and a symlink, the guest opens it all
 * the time. */
static gint stop_swapping;

static gpointer
swap_for_ever (gpointer data)
{
  Fixture *f = data;

  while (!g_atomic_int_get (&stop_swapping))
    {
      (void) !renameat2 (f->fd, "one", f->fd, "two", RENAME_EXCHANGE);
      (void) !renameat2 (f->fd, "one", f->fd, "three", RENAME_EXCHANGE);
    }
  return NULL;
}

static void
test_swap_race (Fixture *f, gconstpointer data)
{
  GThread *thread;
  guint opened = 0;

  put_file (f, "one", "right");
  g_assert_cmpint (mkfifoat (f->fd, "two", 0666), ==, 0);
  g_assert_cmpint (symlinkat ("/etc/passwd", f->fd, "three"), ==, 0);
  g_atomic_int_set (&stop_swapping, 0);
  thread = g_thread_new ("swap", swap_for_ever, f);
  for (guint i = 0; i < 20000; i++)
    {
      SentryInode *inode = fs_get (f->sb, "one");
      SentryFile *file = NULL;
      int r = inode->type == S_IFREG ? fs_open_inode (inode, O_RDONLY, &file) : -ESTALE;

      if (r == 0)
        {
          g_autofree char *text = fs_read_all (file);
          g_assert_cmpstr (text, ==, "right");
          sentry_file_unref (file);
          opened++;
        }
      else
        g_assert_cmpint (r, ==, -ESTALE);
      sentry_inode_unref (inode);
    }
  g_atomic_int_set (&stop_swapping, 1);
  g_thread_join (thread);
  g_assert_cmpuint (opened, >, 0);
}

/* --- writing --- */

static void
test_create (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL, *target = NULL;
  SentryFile *file;
  struct stat st;

  g_assert_cmpint (fs_create (f->sb, "new", 0400), ==, 0);
  g_assert_cmpint (fs_create (f->sb, "new", 0400), ==, -EEXIST);
  /* Writable through its first open, although nobody may write it. */
  g_assert_cmpint (fs_open (f->sb, "new", O_WRONLY, &file), ==, 0);
  g_assert_cmpint (fs_pwrite (file, "text", 4, 0), ==, 4);
  sentry_file_unref (file);
  text = host_text (f, "new");
  g_assert_cmpstr (text, ==, "text");
  g_assert_cmpint (fs_mkdir (f->sb, "sub", 0751), ==, 0);
  g_assert_cmpint (fstatat (f->fd, "sub", &st, 0), ==, 0);
  g_assert_cmpuint (st.st_mode, ==, S_IFDIR | 0751);
  g_assert_cmpint (fs_symlink (f->sb, "sub/sym", "to/where"), ==, 0);
  g_assert_cmpint (fs_readlink (f->sb, "sub/sym", &target), ==, 0);
  g_assert_cmpstr (target, ==, "to/where");
  g_assert_cmpint (fs_mknod (f->sb, "sub/fifo", S_IFIFO | 0622), ==, 0);
  g_assert_cmpint (fstatat (f->fd, "sub/fifo", &st, 0), ==, 0);
  g_assert_cmpuint (st.st_mode, ==, S_IFIFO | 0622);
  g_assert_cmpint (fs_mknod (f->sb, "sub/block", S_IFBLK | 0622), ==, -EPERM);
}

static void
test_write (Fixture *f, gconstpointer data)
{
  g_autofree char *big = g_malloc0 (300001), *text = NULL, *appended = NULL;
  SentryFile *file;
  SentryIter it;

  memset (big, 'x', 300000);
  g_assert_cmpint (fs_write (f->sb, "dir/out", big), ==, 0);
  text = host_text (f, "dir/out");
  g_assert_cmpstr (text, ==, big);
  g_assert_cmpint (fs_open (f->sb, "file", O_WRONLY | O_APPEND, &file), ==, 0);
  g_assert_cmpint (fs_pwrite (file, "!!", 2, 0), ==, 2);
  put_file (f, "file", "shorter");
  sentry_iter_init_kernel (&it, (gpointer) "+", 1);
  g_assert_cmpint (sentry_file_write (file, &it, NULL), ==, 1);
  g_assert_cmpint (file->pos, ==, 8);
  sentry_file_unref (file);
  appended = host_text (f, "file");
  g_assert_cmpstr (appended, ==, "shorter+");
}

static void
test_unlinked (Fixture *f, gconstpointer data)
{
  SentryInode *inode = fs_get (f->sb, "dir/inner");
  g_autofree char *text = NULL;
  SentryAttr attr;
  SentryFile *file;

  g_assert_cmpint (fs_unlink (f->sb, "dir/inner"), ==, 0);
  g_assert_cmpint (faccessat (f->fd, "dir/inner", F_OK, 0), ==, -1);
  g_assert_cmpint (inode->ops->getattr (inode, &attr), ==, 0);
  g_assert_cmpuint (attr.nlink, ==, 0);
  /* As through /proc/PID/fd. */
  g_assert_cmpint (fs_open_inode (inode, O_RDONLY, &file), ==, 0);
  text = fs_read_all (file);
  g_assert_cmpstr (text, ==, "inner");
  sentry_file_unref (file);
  sentry_inode_unref (inode);
  g_assert_cmpint (fs_unlink (f->sb, "dir/inner"), ==, -ENOENT);
  g_assert_cmpint (fs_rmdir (f->sb, "dir"), ==, -ENOTEMPTY);
  g_assert_cmpint (fs_unlink (f->sb, "dir/hard"), ==, 0);
  g_assert_cmpint (fs_getattr (f->sb, "file", &attr), ==, 0);
  g_assert_cmpuint (attr.nlink, ==, 1);
  g_assert_cmpint (fs_rmdir (f->sb, "dir"), ==, 0);
}

static void
test_rename (Fixture *f, gconstpointer data)
{
  SentryInode *inner = fs_get (f->sb, "dir/inner"), *file = fs_get (f->sb, "file");
  g_autofree char *text = NULL;
  SentryAttr attr;

  g_assert_cmpint (fs_mkdir (f->sb, "other", 0755), ==, 0);
  g_assert_cmpint (fs_rename (f->sb, "dir", "other/moved", 0), ==, 0);
  g_assert_cmpint (fs_getattr (f->sb, "dir", &attr), ==, -ENOENT);
  sentry_host_reclaim (&sentry_host_super (f->sb)->fd_cache, 100);
  g_assert_cmpint (inner->ops->getattr (inner, &attr), ==, 0);
  g_assert_cmpint (fs_rename (f->sb, "file", "other/moved/inner", RENAME_NOREPLACE), ==, -EEXIST);
  g_assert_cmpint (fs_rename (f->sb, "file", "other/moved/inner", RENAME_EXCHANGE), ==, 0);
  text = fs_read (f->sb, "file");
  g_assert_cmpstr (text, ==, "inner");
  g_assert_cmpint (inner->ops->getattr (inner, &attr), ==, 0);
  g_assert_cmpint (file->ops->getattr (file, &attr), ==, 0);
  g_assert_cmpuint (attr.size, ==, 11);
  /* Over it: the victim stays reachable for who holds it. */
  g_assert_cmpint (fs_rename (f->sb, "other/moved/inner", "file", 0), ==, 0);
  g_assert_cmpint (inner->ops->getattr (inner, &attr), ==, 0);
  g_assert_cmpuint (attr.nlink, ==, 0);
  sentry_inode_unref (inner);
  sentry_inode_unref (file);
}

static void
test_setattr (Fixture *f, gconstpointer data)
{
  SentrySetAttr times
      = { .valid = SENTRY_SET_ATIME | SENTRY_SET_MTIME, .atime = { 1, 2 }, .mtime = { 3, 4 } };
  SentrySetAttr size = { .valid = SENTRY_SET_SIZE, .size = 5 };
  SentryInode *link = fs_get (f->sb, "escape");
  struct stat st;

  g_assert_cmpint (fs_chmod (f->sb, "file", 04711), ==, 0);
  g_assert_cmpint (fs_setattr (f->sb, "file", &size), ==, 0);
  g_assert_cmpint (fs_setattr (f->sb, "file", &times), ==, 0);
  g_assert_cmpint (fstatat (f->fd, "file", &st, 0), ==, 0);
  g_assert_cmpint (st.st_size, ==, 5);
  g_assert_cmpint (st.st_atim.tv_sec, ==, 1);
  g_assert_cmpint (st.st_mtim.tv_nsec, ==, 4);
  /* The symlink's own times, not its target's. */
  g_assert_cmpint (link->ops->setattr (link, fs_root_cred (), &times), ==, 0);
  g_assert_cmpint (fstatat (f->fd, "escape", &st, AT_SYMLINK_NOFOLLOW), ==, 0);
  g_assert_cmpint (st.st_mtim.tv_sec, ==, 3);
  sentry_inode_unref (link);
}

static void
test_tmpfile (Fixture *f, gconstpointer data)
{
  SentryInode *root = f->sb->root, *inode;
  g_autofree char *text = NULL;
  SentryFile *file;
  SentryAttr attr;
  int r = root->ops->tmpfile (root, fs_root_cred (), 0640, TRUE, &inode);

  if (r == -EOPNOTSUPP)
    {
      g_test_skip ("the temporary directory's file system has no O_TMPFILE");
      return;
    }
  g_assert_cmpint (r, ==, 0);
  g_assert_cmpint (inode->ops->getattr (inode, &attr), ==, 0);
  g_assert_cmpuint (attr.nlink, ==, 0);
  g_assert_cmpint (fs_open_inode (inode, O_RDWR, &file), ==, 0);
  g_assert_cmpint (fs_pwrite (file, "tmp", 3, 0), ==, 3);
  sentry_file_unref (file);
  sentry_rwlock_write_lock (&root->lock);
  g_assert_cmpint (root->ops->link (root, "linked", inode), ==, 0);
  sentry_rwlock_write_unlock (&root->lock);
  sentry_inode_unref (inode);
  text = host_text (f, "linked");
  g_assert_cmpstr (text, ==, "tmp");
}

/* As root: files belong to the caller, not to the sentry. */
static void
test_owner (Fixture *f, gconstpointer data)
{
  SentryCred *cred = sentry_cred_copy (fs_root_cred ());
  SentryInode *root = f->sb->root, *inode;
  struct stat st;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can give files away");
      return;
    }
  cred->fsuid = 1234;
  cred->fsgid = 4321;
  g_assert_cmpint (root->ops->create (root, cred, "theirs", S_IFREG | 04755, &inode), ==, 0);
  sentry_inode_unref (inode);
  g_assert_cmpint (fstatat (f->fd, "theirs", &st, 0), ==, 0);
  g_assert_cmpuint (st.st_uid, ==, 1234);
  g_assert_cmpuint (st.st_gid, ==, 4321);
  g_assert_cmpuint (st.st_mode, ==, S_IFREG | 04755);
  sentry_cred_unref (cred);
}

static void
test_deep (Fixture *f, gconstpointer data)
{
  SentryInode *at = sentry_inode_ref (f->sb->root);
  guint depth = 20000;

  /* Each inode keeps its parent: freeing the last must not recurse so deep. */
  for (guint i = 0; i < depth; i++)
    {
      SentryInode *next;
      int r = at->ops->mkdir (at, fs_root_cred (), "d", S_IFDIR | 0755, &next);

      g_assert_cmpint (r, ==, 0);
      sentry_inode_unref (at);
      at = next;
    }
  sentry_host_reclaim (&sentry_host_super (f->sb)->fd_cache, 5000);
  {
    SentryAttr attr;
    g_assert_cmpint (at->ops->getattr (at, &attr), ==, 0);
  }
  sentry_inode_unref (at);
}

static void
test_file_bind (void)
{
  g_autofree char *dir = fs_temp_dir (), *path = g_build_filename (dir, "only", NULL), *text = NULL;
  SentrySuperBlock *sb;
  SentryFile *file;

  g_assert_true (g_file_set_contents (path, "alone", -1, NULL));
  sb = fs_mount_host (path, FALSE, TRUE);
  g_assert_cmpuint (sb->root->type, ==, S_IFREG);
  g_assert_cmpint (fs_open_inode (sb->root, O_RDWR, &file), ==, 0);
  text = fs_read_all (file);
  g_assert_cmpstr (text, ==, "alone");
  sentry_file_unref (file);
  sentry_super_block_unref (sb);
}

#define TEST(name, how, func)                                                                      \
  g_test_add ("/sentry/fs/host/" name, Fixture, how, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("attributes-are-the-hosts", "r", test_attributes);
  TEST ("hard-links-share-an-inode", "r", test_hard_links);
  TEST ("reads-and-seeks", "r", test_read);
  TEST ("symlinks-are-read-not-followed", "r", test_symlink);
  TEST ("entries-keep-the-hosts-order", "r", test_order);
  TEST ("seekdir-goes-back-to-any-entry", "r", test_seekdir);
  TEST ("extended-attributes", "r", test_xattr);
  TEST ("shared-mapping-gets-no-stronger-descriptor", "r", test_mapping);
  TEST ("descriptors-stay-within-the-budget", "r", test_budget);
  TEST ("special-files-are-never-opened", "r", test_special_files);
  TEST ("swapped-files-are-stale", "r", test_swapped);
  TEST ("swapped-directories-are-stale", "r", test_swapped_directory);
  TEST ("swaps-during-open-never-open-the-wrong-file", "rv", test_swap_race);
  TEST ("revalidate-sees-the-hosts-changes", "v", test_revalidate);
  TEST ("create-makes-host-files", "v", test_create);
  TEST ("write-and-append", "v", test_write);
  TEST ("unlinked-inodes-stay-reachable", "v", test_unlinked);
  TEST ("rename-moves-places", "v", test_rename);
  TEST ("setattr", "v", test_setattr);
  TEST ("tmpfile-can-be-linked", "v", test_tmpfile);
  TEST ("new-files-belong-to-the-caller", "v", test_owner);
  TEST ("deep-trees-need-no-deep-stack", "v", test_deep);
  g_test_add_func ("/sentry/fs/host/one-file-can-be-bound", test_file_bind);
  return g_test_run ();
}
