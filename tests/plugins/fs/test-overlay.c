/* The overlay file system over host directories. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sentry-host-fd.h"
#include "overlay-fixture.h"

static const char tree[]
    = "mkdir -p dir/sub empty deep/a/b/c && echo -n text > file && echo -n inner > dir/inner && "
      "echo -n deep > deep/a/b/c/f && ln file dir/hard && ln -s dir/inner link && "
      "mkfifo fifo && chmod 750 dir && touch -d 2001-02-03 dir/inner dir deep/a/b/c && "
      "setfattr -n user.colour -v blue dir/inner 2>/dev/null; true";

static void
set_up (OverlayFixture *f, gconstpointer data)
{
  overlay_fixture_init (f, tree);
}

static void
tear_down (OverlayFixture *f, gconstpointer data)
{
  overlay_fixture_clear (f);
  g_assert_cmpuint (sentry_host_fd_used (), ==, 0);
}

static SentryAttr
attr_of (OverlayFixture *f, const char *path)
{
  SentryAttr attr;

  g_assert_cmpint (fs_getattr (f->sb, path, &attr), ==, 0);
  return attr;
}

#define assert_text(f, path, expected)                                                             \
  do                                                                                               \
    {                                                                                              \
      g_autofree char *text_ = fs_read ((f)->sb, path);                                            \
      g_assert_cmpstr (text_, ==, expected);                                                       \
    }                                                                                              \
  while (0)
#define assert_names(f, path, expected)                                                            \
  do                                                                                               \
    {                                                                                              \
      g_autofree char *names_ = fs_names ((f)->sb, path);                                          \
      g_assert_cmpstr (names_, ==, expected);                                                      \
    }                                                                                              \
  while (0)
#define assert_ok(call) g_assert_cmpint (call, ==, 0)

static void
test_read (OverlayFixture *f, gconstpointer data)
{
  assert_text (f, "file", "text");
  assert_text (f, "deep/a/b/c/f", "deep");
  assert_names (f, "", "deep dir empty fifo file link");
  g_assert_cmpuint (attr_of (f, "").nlink, ==, 5);
  g_assert_true (S_ISFIFO (attr_of (f, "fifo").mode));
}

/* Everything but the number of names in it looks as before. */
static void
test_copy_up_keeps_attributes (OverlayFixture *f, gconstpointer data)
{
  SentryAttr file = attr_of (f, "dir/inner"), dir = attr_of (f, "dir"), after;
  SentryInode *inode = fs_get (f->sb, "dir/inner");
  char value[16];

  assert_ok (fs_chmod (f->sb, "dir/inner", 0604));
  after = attr_of (f, "dir/inner");
  g_assert_cmpuint (after.mode, ==, S_IFREG | 0604);
  g_assert_cmpuint (after.ino, ==, file.ino);
  g_assert_cmpuint (after.dev_minor, ==, file.dev_minor);
  g_assert_cmpuint (after.size, ==, 5);
  g_assert_cmpint (after.mtime.sec, ==, file.mtime.sec);
  g_assert_cmpuint (after.nlink, ==, 1);
  after = attr_of (f, "dir");
  g_assert_cmpuint (after.mode, ==, dir.mode);
  g_assert_cmpuint (after.ino, ==, dir.ino);
  g_assert_cmpint (after.mtime.sec, ==, dir.mtime.sec);
  g_assert_cmpuint (after.nlink, ==, 3);
  g_assert_cmpuint (after.size, ==, dir.size);
  assert_text (f, "dir/inner", "inner");
  if (inode->ops->getxattr (inode, "user.colour", value, sizeof value) > 0)
    g_assert_true (memcmp (value, "blue", 4) == 0);
  g_assert_cmpint (inode->ops->listxattr (inode, value, sizeof value), <=, 12);
  sentry_inode_unref (inode);
}

static void
test_open_files_see_the_copy (OverlayFixture *f, gconstpointer data)
{
  SentryFile *reader, *writer;
  char buf[16] = "";

  assert_ok (fs_open (f->sb, "file", O_RDONLY, &reader));
  g_assert_cmpint (fs_pread (reader, buf, 16, 0), ==, 4);
  assert_ok (fs_open (f->sb, "dir/hard", O_RDWR, &writer));
  g_assert_cmpint (fs_pwrite (writer, "TEXT and more", 13, 0), ==, 13);
  g_assert_cmpint (fs_pread (reader, buf, 16, 0), ==, 13);
  g_assert_cmpstr (buf, ==, "TEXT and more");
  g_assert_cmpint (sentry_file_seek (reader, 0, SEEK_END), ==, 13);
  sentry_file_unref (reader);
  sentry_file_unref (writer);
}

static void
test_hard_links_stay_one_file (OverlayFixture *f, gconstpointer data)
{
  SentryAttr before = attr_of (f, "file");

  g_assert_cmpuint (before.nlink, ==, 2);
  assert_ok (fs_write (f->sb, "dir/hard", "changed"));
  assert_text (f, "file", "changed");
  g_assert_cmpuint (attr_of (f, "file").ino, ==, before.ino);
  g_assert_cmpuint (attr_of (f, "dir/hard").ino, ==, before.ino);
  g_assert_cmpuint (attr_of (f, "file").nlink, ==, 2);
  assert_ok (fs_link (f->sb, "file", "third"));
  g_assert_cmpuint (attr_of (f, "dir/hard").nlink, ==, 3);
  assert_ok (fs_unlink (f->sb, "dir/hard"));
  g_assert_cmpuint (attr_of (f, "file").nlink, ==, 2);
  assert_text (f, "file", "changed");
  assert_ok (fs_rename (f->sb, "file", "renamed", 0));
  assert_text (f, "renamed", "changed");
  assert_ok (fs_write (f->sb, "third", "again"));
  assert_text (f, "renamed", "again");
  g_assert_cmpuint (attr_of (f, "renamed").ino, ==, before.ino);
  assert_ok (fs_unlink (f->sb, "renamed"));
  g_assert_cmpuint (attr_of (f, "third").nlink, ==, 1);
}

/* Removing one name first: the other one must not lose its link count or its later copy. */
static void
test_removed_hard_link (OverlayFixture *f, gconstpointer data)
{
  assert_ok (fs_unlink (f->sb, "file"));
  g_assert_cmpuint (attr_of (f, "dir/hard").nlink, ==, 1);
  assert_ok (fs_write (f->sb, "dir/hard", "only"));
  assert_text (f, "dir/hard", "only");
  g_assert_cmpuint (attr_of (f, "dir/hard").nlink, ==, 1);
}

static void
test_unlink (OverlayFixture *f, gconstpointer data)
{
  g_autofree char *before = overlay_fixture_sum (f->lower_dir), *after = NULL;
  SentryFile *open_file;
  g_autofree char *text = NULL;
  SentryAttr attr;

  assert_ok (fs_open (f->sb, "dir/inner", O_RDONLY, &open_file));
  assert_ok (fs_unlink (f->sb, "dir/inner"));
  g_assert_cmpint (fs_getattr (f->sb, "dir/inner", &attr), ==, -ENOENT);
  assert_names (f, "dir", "hard sub");
  text = fs_read_all (open_file);
  g_assert_cmpstr (text, ==, "inner");
  assert_ok (open_file->inode->ops->getattr (open_file->inode, &attr));
  g_assert_cmpuint (attr.nlink, ==, 0);
  /* A change of the nameless file has nowhere to be copied to, and works. */
  {
    SentrySetAttr set = { .valid = SENTRY_SET_MODE, .mode = 0600 };
    assert_ok (open_file->inode->ops->setattr (open_file->inode, fs_root_cred (), &set));
    assert_ok (open_file->inode->ops->getattr (open_file->inode, &attr));
    g_assert_cmpuint (attr.mode, ==, S_IFREG | 0600);
    g_assert_cmpuint (attr.nlink, ==, 0);
  }
  sentry_file_unref (open_file);
  assert_ok (fs_write (f->sb, "dir/inner", "new"));
  assert_text (f, "dir/inner", "new");
  overlay_fixture_remount (f);
  assert_text (f, "dir/inner", "new");
  after = overlay_fixture_sum (f->lower_dir);
  g_assert_cmpstr (before, ==, after);
}

static void
test_directories (OverlayFixture *f, gconstpointer data)
{
  SentryAttr attr;

  g_assert_cmpint (fs_rmdir (f->sb, "dir"), ==, -ENOTEMPTY);
  assert_ok (fs_unlink (f->sb, "dir/inner"));
  assert_ok (fs_unlink (f->sb, "dir/hard"));
  g_assert_cmpint (fs_rmdir (f->sb, "dir"), ==, -ENOTEMPTY);
  assert_ok (fs_rmdir (f->sb, "dir/sub"));
  g_assert_cmpuint (attr_of (f, "dir").nlink, ==, 2);
  assert_ok (fs_rmdir (f->sb, "dir"));
  g_assert_cmpint (fs_getattr (f->sb, "dir", &attr), ==, -ENOENT);
  g_assert_cmpuint (attr_of (f, "").nlink, ==, 4);
  assert_ok (fs_mkdir (f->sb, "dir", 0711));
  assert_names (f, "dir", "");
  overlay_fixture_remount (f);
  assert_names (f, "dir", "");
  g_assert_cmpuint (attr_of (f, "dir").mode, ==, S_IFDIR | 0711);
  g_assert_cmpuint (attr_of (f, "").nlink, ==, 5);
  assert_names (f, "", "deep dir empty fifo file link");
}

static void
test_rename_directory (OverlayFixture *f, gconstpointer data)
{
  SentryAttr before = attr_of (f, "deep/a"), attr;

  assert_ok (fs_rename (f->sb, "deep/a", "dir/moved", 0));
  g_assert_cmpint (fs_getattr (f->sb, "deep/a", &attr), ==, -ENOENT);
  assert_text (f, "dir/moved/b/c/f", "deep");
  g_assert_cmpuint (attr_of (f, "dir/moved").ino, ==, before.ino);
  assert_ok (fs_write (f->sb, "dir/moved/b/c/f", "written"));
  assert_ok (fs_mkdir (f->sb, "deep/a", 0755));
  assert_names (f, "deep/a", "");
  assert_ok (fs_rename (f->sb, "dir/moved/b", "b", 0));
  overlay_fixture_remount (f);
  assert_text (f, "b/c/f", "written");
  assert_names (f, "dir/moved", "");
  assert_names (f, "deep/a", "");
  g_assert_cmpuint (attr_of (f, "dir/moved").ino, ==, before.ino);
}

static void
test_rename_over (OverlayFixture *f, gconstpointer data)
{
  assert_ok (fs_rename (f->sb, "dir/inner", "file", 0));
  assert_text (f, "file", "inner");
  assert_text (f, "dir/hard", "text");
  g_assert_cmpuint (attr_of (f, "dir/hard").nlink, ==, 1);
  /* A new directory over a lower one that was emptied. */
  assert_ok (fs_unlink (f->sb, "deep/a/b/c/f"));
  assert_ok (fs_mkdir (f->sb, "new", 0755));
  assert_ok (fs_write (f->sb, "new/x", "x"));
  g_assert_cmpint (fs_rename (f->sb, "new", "deep/a/b", 0), ==, -ENOTEMPTY);
  assert_ok (fs_rename (f->sb, "new", "deep/a/b/c", 0));
  assert_names (f, "deep/a/b/c", "x");
  assert_ok (fs_rename (f->sb, "dir/sub", "empty", 0));
  assert_names (f, "dir", "hard");
  assert_ok (fs_rename (f->sb, "dir", "deep", RENAME_EXCHANGE));
  assert_names (f, "dir", "a");
  assert_names (f, "deep", "hard");
  overlay_fixture_remount (f);
  assert_names (f, "dir", "a");
  assert_names (f, "deep", "hard");
  assert_names (f, "dir/a/b/c", "x");
  assert_names (f, "", "deep dir empty fifo file link");
}

static void
test_order (OverlayFixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) before = NULL, after = NULL;
  guint at = 0;

  overlay_fixture_clear (f);
  overlay_fixture_init (
      f, "mkdir many && cd many && for i in $(seq 1000); do : > n$((i * 7919 % 1009)); done");
  before = fs_list (f->sb, "many");
  assert_ok (fs_write (f->sb, "many/n500", "changed"));
  assert_ok (fs_unlink (f->sb, "many/n600"));
  assert_ok (fs_unlink (f->sb, "many/n601"));
  assert_ok (fs_write (f->sb, "many/n601", "again"));
  assert_ok (fs_write (f->sb, "many/new", "new"));
  after = fs_list (f->sb, "many");
  g_assert_cmpuint (before->len, ==, after->len);
  for (guint i = 0; i < before->len; i++)
    {
      const FsEntry *b = before->pdata[i], *a = after->pdata[at];
      if (strcmp (b->name, "n600") == 0)
        continue;
      g_assert_cmpstr (a->name, ==, b->name);
      if (strcmp (b->name, "n601") != 0)
        g_assert_cmpuint (a->ino, ==, b->ino);
      at++;
    }
  g_assert_cmpstr (((FsEntry *) after->pdata[at])->name, ==, "new");
}

/* The first unlink changes the directory's kind behind the reader's back. */
static void
test_remove_while_reading (OverlayFixture *f, gconstpointer data)
{
  SentryFile *dir;
  guint removed = 0;

  overlay_fixture_clear (f);
  overlay_fixture_init (f, "mkdir many && cd many && for i in $(seq 3000); do : > n$i; done");
  assert_ok (fs_open (f->sb, "many", O_RDONLY | O_DIRECTORY, &dir));
  for (;;)
    {
      g_autoptr (GPtrArray) part = fs_list_file (dir, 10);
      if (part->len == 0)
        break;
      for (guint i = 0; i < part->len; i++)
        {
          const FsEntry *e = part->pdata[i];
          g_autofree char *path = g_strconcat ("many/", e->name, NULL);
          if (e->name[0] == '.')
            continue;
          assert_ok (fs_unlink (f->sb, path));
          removed++;
        }
    }
  g_assert_cmpuint (removed, ==, 3000);
  assert_names (f, "many", "");
  g_assert_cmpint (sentry_file_seek (dir, 0, SEEK_SET), ==, 0);
  {
    g_autoptr (GPtrArray) again = fs_list_file (dir, 10);
    g_assert_cmpuint (again->len, ==, 2);
  }
  sentry_file_unref (dir);
  assert_ok (fs_rmdir (f->sb, "many"));
}

static void
test_xattr_escape (OverlayFixture *f, gconstpointer data)
{
  SentryInode *dir = fs_get (f->sb, "dir");
  char list[256] = "", value[16];
  gssize len;

  assert_ok (dir->ops->setxattr (dir, "user.overlay.opaque", "y", 1, 0));
  g_assert_cmpint (dir->ops->getxattr (dir, "user.overlay.opaque", value, sizeof value), ==, 1);
  g_assert_cmpint (dir->ops->getxattr (dir, "user.overlay.redirect", value, sizeof value), ==,
                   -ENODATA);
  len = dir->ops->listxattr (dir, list, sizeof list);
  g_assert_cmpint (len, ==, strlen ("user.overlay.opaque") + 1);
  g_assert_cmpstr (list, ==, "user.overlay.opaque");
  sentry_inode_unref (dir);
  overlay_fixture_remount (f);
  assert_names (f, "dir", "hard inner sub");
}

static void
test_big_and_sparse (OverlayFixture *f, gconstpointer data)
{
  SentrySetAttr cut = { .valid = SENTRY_SET_SIZE, .size = 3 };
  SentryFile *file;
  char buf[8];

  overlay_fixture_clear (f);
  overlay_fixture_init (
      f, "truncate -s 100M sparse && printf end | dd of=sparse bs=1 seek=104857600 conv=notrunc "
         "2>/dev/null && "
         "truncate -s 200M sparse && head -c 3000000 /dev/urandom > big && cp big cut");
  assert_ok (fs_open (f->sb, "sparse", O_RDWR, &file));
  g_assert_cmpint (fs_pread (file, buf, 8, 104857600), ==, 8);
  g_assert_true (memcmp (buf, "end\0\0\0\0\0", 8) == 0);
  g_assert_cmpuint (attr_of (f, "sparse").size, ==, 200 << 20);
  g_assert_cmpuint (attr_of (f, "sparse").blocks, <, 2048);
  sentry_file_unref (file);
  assert_ok (fs_open (f->sb, "big", O_RDWR, &file));
  sentry_file_unref (file);
  assert_ok (fs_setattr (f->sb, "cut", &cut));
  g_assert_cmpuint (attr_of (f, "cut").size, ==, 3);
  {
    g_autofree char *command
        = g_strdup_printf ("cmp '%s/big' '%s/upper/big'", f->lower_dir, f->upper_dir);
    gint status = -1;
    g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, &status, NULL));
    g_assert_cmpint (status, ==, 0);
  }
}

static void
test_mapping (OverlayFixture *f, gconstpointer data)
{
  SentryMapRequest before = { .len = 4096, .prot = PROT_READ }, after = before;
  guint32 major, minor;
  guint64 ino, offset;
  SentryFile *file;
  char *path;
  int fd;

  assert_ok (fs_open (f->sb, "file", O_RDONLY, &file));
  assert_ok (file->ops->mmap (file, &before));
  before.mappable->ops->identity (before.mappable, &major, &minor, &ino, &path);
  g_assert_cmpuint (minor, ==, f->sb->dev_minor);
  g_assert_cmpuint (ino, ==, attr_of (f, "file").ino);
  assert_ok (fs_write (f->sb, "file", "copy"));
  assert_ok (file->ops->mmap (file, &after));
  g_assert_true (before.mappable != after.mappable);
  assert_ok (after.mappable->ops->acquire_fd (after.mappable, FALSE, FALSE, 0, &fd, &offset));
  path = mmap (NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  g_assert_cmpstr (path, ==, "copy");
  munmap (path, 4096);
  after.mappable->ops->release_fd (after.mappable, fd);
  after.mappable->ops->unref (after.mappable);
  before.mappable->ops->unref (before.mappable);
  sentry_file_unref (file);
}

static void
test_no_upper (void)
{
  g_autofree char *a = fs_temp_dir (), *b = fs_temp_dir ();
  g_autofree char *in_a = g_build_filename (a, "x", NULL), *in_b = g_build_filename (b, "x", NULL),
                  *only_b = g_build_filename (b, "only-b", NULL), *text = NULL, *names = NULL;
  SentrySuperBlock *lower[2], *sb;

  g_assert_true (g_file_set_contents (in_a, "a", -1, NULL));
  g_assert_true (g_file_set_contents (in_b, "b", -1, NULL));
  g_assert_true (g_file_set_contents (only_b, "b", -1, NULL));
  lower[0] = fs_mount_host (a, TRUE, FALSE);
  lower[1] = fs_mount_host (b, TRUE, FALSE);
  sb = overlay_fixture_mount (NULL, lower, 2);
  sentry_super_block_unref (lower[0]);
  sentry_super_block_unref (lower[1]);
  text = fs_read (sb, "x");
  g_assert_cmpstr (text, ==, "a");
  names = fs_names (sb, "");
  g_assert_cmpstr (names, ==, "only-b x");
  g_assert_cmpint (fs_chmod (sb, "x", 0600), ==, -EROFS);
  sentry_super_block_unref (sb);
}

/* --- many threads --- */

static gint failures;

static gpointer
act_randomly (gpointer data)
{
  static const char *const names[] = { "p/a", "p/b", "p/q/a", "p/q/b", "r/a", "r/b" };
  OverlayFixture *f = data;
  GRand *rnd = g_rand_new_with_seed (GPOINTER_TO_UINT (g_thread_self ()) & 0xffff);

  for (guint i = 0; i < 1500; i++)
    {
      const char *a = names[g_rand_int_range (rnd, 0, G_N_ELEMENTS (names))];
      const char *b = names[g_rand_int_range (rnd, 0, G_N_ELEMENTS (names))];
      SentryAttr attr;
      int r = 0;

      switch (g_rand_int_range (rnd, 0, 9))
        {
        case 0:
          r = fs_write (f->sb, a, "written");
          break;
        case 1:
          r = fs_unlink (f->sb, a);
          break;
        case 2:
          r = strcmp (a, b) == 0 ? 0 : fs_rename (f->sb, a, b, 0);
          break;
        case 3:
          r = strcmp (a, b) == 0 ? 0 : fs_link (f->sb, a, b);
          break;
        case 4:
          r = fs_chmod (f->sb, a, 0600 + g_rand_int_range (rnd, 0, 64));
          break;
        case 5:
          g_free (fs_read (f->sb, a));
          break;
        case 6:
          g_free (fs_names (f->sb, "p"));
          break;
        case 7:
          r = fs_rename (f->sb, i % 2 ? "p/q" : "s", i % 2 ? "s" : "p/q", 0);
          break;
        default:
          r = fs_getattr (f->sb, a, &attr);
          break;
        }
      if (r < 0 && r != -ENOENT && r != -EEXIST && r != -ENOTEMPTY && r != -ENOTDIR)
        {
          g_printerr ("unexpected %s\n", g_strerror (-r));
          g_atomic_int_inc (&failures);
        }
    }
  g_rand_free (rnd);
  return NULL;
}

static void
test_threads (OverlayFixture *f, gconstpointer data)
{
  GThread *threads[4];
  g_autofree char *before = NULL, *after = NULL;

  overlay_fixture_clear (f);
  overlay_fixture_init (
      f,
      "mkdir -p p/q r && for i in p p/q r; do echo a > $i/a; echo b > $i/b; done && ln p/a p/hard");
  before = overlay_fixture_sum (f->lower_dir);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("overlay", act_randomly, f);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (failures, ==, 0);
  after = overlay_fixture_sum (f->lower_dir);
  g_assert_cmpstr (before, ==, after);
  /* Nothing half done is left. */
  {
    g_autofree char *work = g_build_filename (f->upper_dir, "work", NULL);
    GDir *dir = g_dir_open (work, 0, NULL);
    const char *name = g_dir_read_name (dir);
    SentryAttr hard = attr_of (f, "p/hard");
    /* The file with a lower name may wait there for it. */
    g_assert_true (name == NULL || hard.nlink > 0);
    g_dir_close (dir);
  }
}

#define TEST(name, func)                                                                           \
  g_test_add ("/sentry/fs/overlay/" name, OverlayFixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("shows-the-lower-layer", test_read);
  TEST ("copy-up-keeps-attributes", test_copy_up_keeps_attributes);
  TEST ("open-files-see-the-copy", test_open_files_see_the_copy);
  TEST ("hard-links-stay-one-file", test_hard_links_stay_one_file);
  TEST ("removed-hard-link", test_removed_hard_link);
  TEST ("unlink-hides-the-lower-file", test_unlink);
  TEST ("directories-are-removed-and-made-anew", test_directories);
  TEST ("merged-directories-can-be-renamed", test_rename_directory);
  TEST ("rename-over-and-exchange", test_rename_over);
  TEST ("merged-directories-keep-the-order", test_order);
  TEST ("removing-while-reading-misses-nothing", test_remove_while_reading);
  TEST ("own-attributes-are-escaped", test_xattr_escape);
  TEST ("big-and-sparse-files-are-copied", test_big_and_sparse);
  TEST ("mappings-keep-their-layer", test_mapping);
  TEST ("threads-get-along", test_threads);
  g_test_add_func ("/sentry/fs/overlay/read-only-stack", test_no_upper);
  return g_test_run ();
}
