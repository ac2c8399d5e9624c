/* The rules of path walks, each asked of the host's kernel too.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "twin.h"

typedef void (*TwinTest) (Twin *t);

static void
run (gconstpointer data)
{
  const char *why;
  Twin *t = twin_new (&why);

  if (t == NULL)
    {
      g_test_skip (why);
      return;
    }
  (*(TwinTest *) data) (t);
  twin_free (t);
}

/* a/b/c/file, a/link -> b/c, a/abs -> /a/b, a/file-link -> b/c/file, a/dangling -> nowhere */
static void
make_tree (Twin *t)
{
  SAME (t, TWIN_MKDIR, "/a", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/a/b", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/a/b/c", .mode = 0755);
  SAME (t, TWIN_OPEN, "/a/b/c/file", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  SAME (t, TWIN_SYMLINK, "b/c", "/a/link");
  SAME (t, TWIN_SYMLINK, "/a/b", "/a/abs");
  SAME (t, TWIN_SYMLINK, "b/c/file", "/a/file-link");
  SAME (t, TWIN_SYMLINK, "nowhere", "/a/dangling");
  SAME (t, TWIN_SYMLINK, "b/c/", "/a/slash-link");
  SAME (t, TWIN_SYMLINK, "..", "/a/up");
}

static void
test_plain (Twin *t)
{
  make_tree (t);
  EXPECT (t, 0, TWIN_STAT, "/a/b/c/file");
  EXPECT (t, 0, TWIN_STAT, "//a///b//c/./file");
  EXPECT (t, 0, TWIN_STAT, "/a/b/../b/c/../../b/c/file");
  EXPECT (t, 0, TWIN_STAT, "/");
  EXPECT (t, 0, TWIN_STAT, "/../../a");
  EXPECT (t, 0, TWIN_STAT, "/.");
  EXPECT (t, -ENOENT, TWIN_STAT, "");
  EXPECT (t, -ENOENT, TWIN_STAT, "/a/x");
  EXPECT (t, -ENOENT, TWIN_STAT, "/a/x/y");
  EXPECT (t, -ENOENT, TWIN_STAT, "/a/x/..");
  EXPECT (t, -ENOENT, TWIN_STAT, "/a/x/.");
  EXPECT (t, -ENOTDIR, TWIN_STAT, "/a/b/c/file/x");
  EXPECT (t, -ENOTDIR, TWIN_STAT, "/a/b/c/file/..");
  EXPECT (t, -ENOTDIR, TWIN_STAT, "/a/b/c/file/.");
  EXPECT (t, 0, TWIN_CHDIR, "/a/b");
  EXPECT (t, 0, TWIN_STAT, "c/file");
  EXPECT (t, 0, TWIN_STAT, "../link/file");
  EXPECT (t, 5, TWIN_GETCWD);
  EXPECT (t, -ENOTDIR, TWIN_CHDIR, "c/file");
}

static void
test_slashes (Twin *t)
{
  make_tree (t);
  EXPECT (t, 0, TWIN_STAT, "/a/b/c/");
  EXPECT (t, -ENOTDIR, TWIN_STAT, "/a/b/c/file/");
  EXPECT (t, -ENOTDIR, TWIN_STAT, "/a/file-link/");
  EXPECT (t, 0, TWIN_STAT, "/a/link/", .flags = AT_SYMLINK_NOFOLLOW);
  EXPECT (t, 0, TWIN_STAT, "/a/slash-link");
  EXPECT (t, -ENOENT, TWIN_STAT, "/a/dangling/");
  EXPECT (t, 0, TWIN_MKDIR, "/a/new/", .mode = 0755);
  EXPECT (t, -EEXIST, TWIN_MKDIR, "/a/new//", .mode = 0755);
  EXPECT (t, -ENOENT, TWIN_MKNOD, "/a/node/", .mode = S_IFIFO | 0644);
  EXPECT (t, -ENOENT, TWIN_SYMLINK, "x", "/a/s/");
  EXPECT (t, -EEXIST, TWIN_SYMLINK, "x", "/a/link/");
  EXPECT (t, -ENOTDIR, TWIN_UNLINK, "/a/b/c/file/");
  EXPECT (t, -EISDIR, TWIN_UNLINK, "/a/b/c/");
  EXPECT (t, -ENOTDIR, TWIN_UNLINK, "/a/link/");
  EXPECT (t, -ENOTDIR, TWIN_RMDIR, "/a/link/");
  EXPECT (t, -ENOENT, TWIN_LINK, "/a/b/c/file", "/a/hard/");
  EXPECT (t, -ENOTDIR, TWIN_RENAME, "/a/b/c/file", "/a/moved/");
  EXPECT (t, -ENOTDIR, TWIN_RENAME, "/a/b/c/file/", "/a/moved");
  EXPECT (t, 0, TWIN_RENAME, "/a/new/", "/a/newer/");
  EXPECT (t, -ENOTDIR, TWIN_RENAME, "/a/link/", "/a/newer2/");
  EXPECT (t, 0, TWIN_RMDIR, "/a/newer/");
  EXPECT (t, -EISDIR, TWIN_OPEN, "/a/created/", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  EXPECT (t, -EISDIR, TWIN_OPEN, "/a/b/", .flags = O_CREAT | O_RDONLY, .mode = 0644);
}

static void
test_last_dots (Twin *t)
{
  make_tree (t);
  EXPECT (t, -EEXIST, TWIN_MKDIR, "/", .mode = 0755);
  EXPECT (t, -EEXIST, TWIN_MKDIR, "/a/.", .mode = 0755);
  EXPECT (t, -EEXIST, TWIN_MKDIR, "/a/..", .mode = 0755);
  EXPECT (t, -EINVAL, TWIN_RMDIR, "/a/.");
  EXPECT (t, -ENOTEMPTY, TWIN_RMDIR, "/a/..");
  EXPECT (t, -EBUSY, TWIN_RMDIR, "/");
  EXPECT (t, -EISDIR, TWIN_UNLINK, "/a/.");
  EXPECT (t, -EISDIR, TWIN_UNLINK, "/");
  EXPECT (t, -EBUSY, TWIN_RENAME, "/a/.", "/z");
  EXPECT (t, -EBUSY, TWIN_RENAME, "/a/b", "/a/..");
  EXPECT (t, -EEXIST, TWIN_RENAME, "/a/b", "/a/..", .flags = 1);
  EXPECT (t, -EISDIR, TWIN_OPEN, "/a/.", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  EXPECT (t, -EISDIR, TWIN_OPEN, "/", .flags = O_CREAT | O_RDONLY, .mode = 0644);
  EXPECT (t, -EEXIST, TWIN_OPEN, "/a/..", .flags = O_CREAT | O_EXCL | O_RDONLY, .mode = 0644);
}

static void
test_links (Twin *t)
{
  TwinCall c = { TWIN_SYMLINK };

  make_tree (t);
  EXPECT (t, 0, TWIN_STAT, "/a/link/file");
  EXPECT (t, 0, TWIN_STAT, "/a/abs/c/file");
  EXPECT (t, 0, TWIN_STAT, "/a/up/a/link/../c/file");
  EXPECT (t, 3, TWIN_READLINK, "/a/link");
  EXPECT (t, -EINVAL, TWIN_READLINK, "/a/b");
  EXPECT (t, -ENOENT, TWIN_STAT, "/a/dangling");
  EXPECT (t, 0, TWIN_STAT, "/a/dangling", .flags = AT_SYMLINK_NOFOLLOW);
  SAME (t, TWIN_SYMLINK, "loop", "/a/loop");
  SAME (t, TWIN_SYMLINK, "loop3", "/a/loop2");
  SAME (t, TWIN_SYMLINK, "loop2", "/a/loop3");
  EXPECT (t, -ELOOP, TWIN_STAT, "/a/loop");
  EXPECT (t, -ELOOP, TWIN_STAT, "/a/loop2/x");
  EXPECT (t, -ELOOP, TWIN_OPEN, "/a/loop", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  /* A chain of 40 links is followed, one of 41 isn't. */
  SAME (t, TWIN_SYMLINK, "b", "/a/chain0");
  for (int i = 1; i <= 40; i++)
    {
      g_snprintf (c.a, sizeof c.a, "chain%d", i - 1);
      g_snprintf (c.b, sizeof c.b, "/a/chain%d", i);
      g_assert_true (twin_call (t, &c, NULL));
    }
  EXPECT (t, 0, TWIN_STAT, "/a/chain39");
  EXPECT (t, -ELOOP, TWIN_STAT, "/a/chain40");
  EXPECT (t, 0, TWIN_STAT, "/a/chain39/c/file");
  EXPECT (t, -ELOOP, TWIN_STAT, "/a/chain39/../link");
  EXPECT (t, 0, TWIN_STAT, "/a/chain38/../link");
  EXPECT (t, -ENOENT, TWIN_SYMLINK, "", "/a/empty");
}

static void
test_long_names (Twin *t)
{
  TwinCall c = { TWIN_MKDIR, "/", .mode = 0755 };

  memset (c.a + 1, 'n', 255);
  g_assert_true (twin_call (t, &c, NULL));
  c.kind = TWIN_STAT;
  g_assert_true (twin_call (t, &c, NULL));
  memset (c.a + 1, 'n', 256);
  for (c.kind = TWIN_OPEN; c.kind <= TWIN_RMDIR; c.kind++)
    g_assert_true (twin_call (t, &c, NULL));
  c.kind = TWIN_OPEN;
  c.flags = O_CREAT | O_WRONLY;
  g_assert_true (twin_call (t, &c, NULL));
  strcpy (c.a + 257, "/x");
  g_assert_true (twin_call (t, &c, NULL));
  SAME (t, TWIN_MKDIR, "/short", .mode = 0755);
  c.kind = TWIN_RENAME;
  strcpy (c.b, "/short");
  g_assert_true (twin_call (t, &c, NULL));
}

static void
test_open_flags (Twin *t)
{
  make_tree (t);
  EXPECT (t, -ELOOP, TWIN_OPEN, "/a/file-link", .flags = O_RDONLY | O_NOFOLLOW);
  EXPECT (t, 0, TWIN_OPEN, "/a/file-link", .flags = O_PATH | O_NOFOLLOW);
  EXPECT (t, -ENOTDIR, TWIN_OPEN, "/a/link", .flags = O_RDONLY | O_NOFOLLOW | O_DIRECTORY);
  EXPECT (t, -ENOTDIR, TWIN_OPEN, "/a/file-link", .flags = O_RDONLY | O_DIRECTORY);
  EXPECT (t, 0, TWIN_OPEN, "/a/link", .flags = O_RDONLY | O_DIRECTORY);
  EXPECT (t, 0, TWIN_OPEN, "/a/link/", .flags = O_RDONLY | O_NOFOLLOW);
  EXPECT (t, -EISDIR, TWIN_OPEN, "/a/b", .flags = O_WRONLY);
  EXPECT (t, -EISDIR, TWIN_OPEN, "/a/b", .flags = O_RDONLY | O_TRUNC);
  EXPECT (t, -EISDIR, TWIN_OPEN, "/a/b", .flags = O_RDONLY | O_CREAT, .mode = 0644);
  EXPECT (t, -EEXIST, TWIN_OPEN, "/a/file-link", .flags = O_CREAT | O_EXCL | O_WRONLY,
          .mode = 0644);
  EXPECT (t, -EEXIST, TWIN_OPEN, "/a/dangling", .flags = O_CREAT | O_EXCL | O_WRONLY, .mode = 0644);
  EXPECT (t, 0, TWIN_OPEN, "/a/dangling", .flags = O_CREAT | O_WRONLY, .mode = 0666);
  EXPECT (t, 0, TWIN_STAT, "/a/nowhere");
  EXPECT (t, -ENOENT, TWIN_OPEN, "/a/none", .flags = O_RDWR);
  EXPECT (t, -ENOENT, TWIN_OPEN, "/a/none/x", .flags = O_CREAT | O_RDWR, .mode = 0644);
  EXPECT (t, -ENOTDIR, TWIN_OPEN, "/a/b/c/file/x", .flags = O_CREAT | O_RDWR, .mode = 0644);
  EXPECT (t, 0, TWIN_OPEN, "/a/b", .flags = O_TMPFILE | O_RDWR, .mode = 0600);
  EXPECT (t, -EINVAL, TWIN_OPEN, "/a/b", .flags = O_TMPFILE | O_RDONLY, .mode = 0600);
  EXPECT (t, -ENOTDIR, TWIN_OPEN, "/a/b/c/file", .flags = O_TMPFILE | O_RDWR, .mode = 0600);
  EXPECT (t, -EINVAL, TWIN_OPEN, "/a/dir", .flags = O_CREAT | O_DIRECTORY | O_RDONLY, .mode = 0700);
  EXPECT (t, 10, TWIN_WRITE, "/a/file-link", .mode = 10);
  EXPECT (t, 0, TWIN_OPEN, "/a/file-link", .flags = O_WRONLY | O_TRUNC);
  EXPECT (t, 0, TWIN_MKNOD, "/a/socket", .mode = S_IFSOCK | 0644);
  EXPECT (t, -ENXIO, TWIN_OPEN, "/a/socket", .flags = O_RDONLY);
  EXPECT (t, 0, TWIN_OPEN, "/a/socket", .flags = O_PATH);
  EXPECT (t, -EPERM, TWIN_MKNOD, "/a/dir", .mode = S_IFDIR | 0644);
  EXPECT (t, -EINVAL, TWIN_MKNOD, "/a/lnk", .mode = S_IFLNK | 0644);
  EXPECT (t, 0, TWIN_MKNOD, "/a/reg", .mode = 0600);
}

static void
test_resolve (Twin *t)
{
  make_tree (t);
  EXPECT (t, 0, TWIN_CHDIR, "/a");
  EXPECT (t, 0, TWIN_OPEN, "b/c/file", .number = RESOLVE_BENEATH);
  EXPECT (t, 0, TWIN_OPEN, "link/../c/file", .number = RESOLVE_BENEATH);
  EXPECT (t, -EXDEV, TWIN_OPEN, "../a/b", .number = RESOLVE_BENEATH);
  EXPECT (t, -EXDEV, TWIN_OPEN, "/a/b", .number = RESOLVE_BENEATH);
  EXPECT (t, -EXDEV, TWIN_OPEN, "abs", .number = RESOLVE_BENEATH);
  EXPECT (t, -EXDEV, TWIN_OPEN, "up", .number = RESOLVE_BENEATH);
  EXPECT (t, -EXDEV, TWIN_OPEN, "..", .number = RESOLVE_BENEATH);
  EXPECT (t, 0, TWIN_OPEN, "/b/c/file", .number = RESOLVE_IN_ROOT);
  EXPECT (t, 0, TWIN_OPEN, "../../b/c/file", .number = RESOLVE_IN_ROOT);
  EXPECT (t, -ENOENT, TWIN_OPEN, "abs", .number = RESOLVE_IN_ROOT);
  EXPECT (t, 0, TWIN_OPEN, "up", .number = RESOLVE_IN_ROOT);
  EXPECT (t, -ELOOP, TWIN_OPEN, "link/file", .number = RESOLVE_NO_SYMLINKS);
  EXPECT (t, -ELOOP, TWIN_OPEN, "file-link", .number = RESOLVE_NO_SYMLINKS);
  EXPECT (t, 0, TWIN_OPEN, "file-link", .number = RESOLVE_NO_SYMLINKS,
          .flags = O_PATH | O_NOFOLLOW);
  EXPECT (t, 0, TWIN_OPEN, "b/c/file", .number = RESOLVE_NO_XDEV);
  EXPECT (t, 0, TWIN_OPEN, "b/c/file", .number = RESOLVE_CACHED);
  EXPECT (t, 0, TWIN_OPEN, "link/file", .number = RESOLVE_NO_MAGICLINKS);
}

static void
test_removed_directory (Twin *t)
{
  EXPECT (t, 0, TWIN_MKDIR, "/d", .mode = 0755);
  EXPECT (t, 0, TWIN_MKDIR, "/d/e", .mode = 0755);
  EXPECT (t, 0, TWIN_CHDIR, "/d/e");
  EXPECT (t, 0, TWIN_RMDIR, "/d/e");
  EXPECT (t, -ENOENT, TWIN_GETCWD);
  EXPECT (t, -ENOENT, TWIN_MKDIR, "x", .mode = 0755);
  EXPECT (t, -ENOENT, TWIN_OPEN, "x", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  EXPECT (t, -ENOENT, TWIN_SYMLINK, "x", "y");
  EXPECT (t, -ENOENT, TWIN_STAT, "x");
  EXPECT (t, 0, TWIN_STAT, ".");
  EXPECT (t, 0, TWIN_STAT, "..");
  EXPECT (t, 0, TWIN_LIST, ".");
  EXPECT (t, 0, TWIN_MKDIR, "../e", .mode = 0755);
  EXPECT (t, -ENOENT, TWIN_STAT, "../e/x");
  EXPECT (t, -ENOENT, TWIN_RENAME, "/d/e", "z");
}

static void
test_permissions (Twin *t)
{
  if (!twin_has_users (t))
    {
      g_test_skip ("changing users needs root");
      return;
    }
  SAME (t, TWIN_MKDIR, "/open", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/closed", .mode = 0700);
  SAME (t, TWIN_MKDIR, "/closed/in", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/search", .mode = 0711);
  SAME (t, TWIN_OPEN, "/search/file", .flags = O_CREAT | O_WRONLY, .mode = 0604);
  SAME (t, TWIN_OPEN, "/search/secret", .flags = O_CREAT | O_WRONLY, .mode = 0600);
  SAME (t, TWIN_MKDIR, "/tmp", .mode = 0755);
  SAME (t, TWIN_CHMOD, "/tmp", .mode = 01777);
  SAME (t, TWIN_OPEN, "/tmp/roots", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  SAME (t, TWIN_MKDIR, "/tmp/rootdir", .mode = 0755);
  EXPECT (t, 0, TWIN_USER, .number = 1000);
  EXPECT (t, -EACCES, TWIN_STAT, "/closed/in");
  EXPECT (t, -EACCES, TWIN_STAT, "/closed/none");
  EXPECT (t, -EACCES, TWIN_STAT, "/closed/..");
  EXPECT (t, -EACCES, TWIN_CHDIR, "/closed");
  EXPECT (t, 0, TWIN_STAT, "/search/file");
  EXPECT (t, -EACCES, TWIN_LIST, "/search");
  EXPECT (t, 0, TWIN_OPEN, "/search/file");
  EXPECT (t, -EACCES, TWIN_OPEN, "/search/file", .flags = O_WRONLY);
  EXPECT (t, -EACCES, TWIN_OPEN, "/search/file", .flags = O_RDONLY | O_TRUNC);
  EXPECT (t, -EACCES, TWIN_OPEN, "/search/secret");
  EXPECT (t, 0, TWIN_OPEN, "/search/secret", .flags = O_PATH);
  EXPECT (t, -EPERM, TWIN_OPEN, "/search/file", .flags = O_RDONLY | O_NOATIME);
  EXPECT (t, -EACCES, TWIN_OPEN, "/open/new", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  EXPECT (t, -EACCES, TWIN_MKDIR, "/open/new", .mode = 0755);
  EXPECT (t, -EACCES, TWIN_UNLINK, "/search/file");
  EXPECT (t, -ENOENT, TWIN_UNLINK, "/search/none");
  EXPECT (t, -EPERM, TWIN_UNLINK, "/tmp/roots");
  EXPECT (t, -EPERM, TWIN_RMDIR, "/tmp/rootdir");
  EXPECT (t, -EPERM, TWIN_RENAME, "/tmp/roots", "/tmp/mine");
  EXPECT (t, 0, TWIN_OPEN, "/tmp/mine", .flags = O_CREAT | O_WRONLY, .mode = 0666);
  EXPECT (t, -EPERM, TWIN_RENAME, "/tmp/mine", "/tmp/roots");
  EXPECT (t, 0, TWIN_RENAME, "/tmp/mine", "/tmp/mine2");
  EXPECT (t, -EPERM, TWIN_CHMOD, "/tmp/roots", .mode = 0777);
  EXPECT (t, 0, TWIN_CHMOD, "/tmp/mine2", .mode = 06777);
  EXPECT (t, 0, TWIN_STAT, "/tmp/mine2");
  EXPECT (t, -EPERM, TWIN_CHOWN, "/tmp/mine2", .number = 1, .mode = -1);
  EXPECT (t, -EPERM, TWIN_CHOWN, "/tmp/mine2", .number = -1, .mode = 1);
  EXPECT (t, 0, TWIN_CHOWN, "/tmp/mine2", .number = 1000, .mode = 1000);
  EXPECT (t, 0, TWIN_STAT, "/tmp/mine2");
  EXPECT (t, 0, TWIN_CHMOD, "/tmp/mine2", .mode = 06777);
  EXPECT (t, 3, TWIN_WRITE, "/tmp/mine2", .mode = 3);
  EXPECT (t, 0, TWIN_STAT, "/tmp/mine2");
  EXPECT (t, -EPERM, TWIN_MKNOD, "/tmp/dev", .mode = S_IFCHR | 0666);
  EXPECT (t, 0, TWIN_MKNOD, "/tmp/fifo", .mode = S_IFIFO | 0666);
  EXPECT (t, -EACCES, TWIN_ACCESS, "/search/secret", .mode = R_OK);
  EXPECT (t, 0, TWIN_ACCESS, "/search/secret", .mode = F_OK);
  EXPECT (t, -EACCES, TWIN_ACCESS, "/search/file", .mode = X_OK);
  EXPECT (t, -EPERM, TWIN_UTIMES, "/search/file", .number = 5);
  EXPECT (t, -EACCES, TWIN_UTIMES, "/search/file", .flags = 1);
  EXPECT (t, 0, TWIN_USER, .number = 0);
  EXPECT (t, -EACCES, TWIN_ACCESS, "/search/secret", .mode = X_OK);
  EXPECT (t, 0, TWIN_ACCESS, "/search/secret", .mode = R_OK | W_OK);
  EXPECT (t, 0, TWIN_STAT, "/closed/in");
}

static void
test_set_group_id (Twin *t)
{
  SAME (t, TWIN_MKDIR, "/g", .mode = 0777);
  SAME (t, TWIN_CHMOD, "/g", .mode = 02777);
  SAME (t, TWIN_CHOWN, "/g", .number = -1, .mode = 7);
  SAME (t, TWIN_CHMOD, "/g", .mode = 02777);
  SAME (t, TWIN_MKDIR, "/g/d", .mode = 0755);
  SAME (t, TWIN_STAT, "/g/d");
  SAME (t, TWIN_OPEN, "/g/f", .flags = O_CREAT | O_WRONLY, .mode = 02755);
  SAME (t, TWIN_STAT, "/g/f");
  SAME (t, TWIN_SYMLINK, "x", "/g/l");
  SAME (t, TWIN_STAT, "/g/l", .flags = AT_SYMLINK_NOFOLLOW);
  if (twin_has_users (t))
    SAME (t, TWIN_USER, .number = 1000);
  SAME (t, TWIN_OPEN, "/g/f2", .flags = O_CREAT | O_WRONLY, .mode = 02755);
  SAME (t, TWIN_STAT, "/g/f2");
  SAME (t, TWIN_MKNOD, "/g/n", .mode = S_IFREG | 06775);
  SAME (t, TWIN_STAT, "/g/n");
  SAME (t, TWIN_CHMOD, "/g/f2", .mode = 02775);
  SAME (t, TWIN_STAT, "/g/f2");
  SAME (t, TWIN_UMASK, .mode = 0777);
  SAME (t, TWIN_MKDIR, "/g/m", .mode = 03777);
  SAME (t, TWIN_STAT, "/g/m");
}

static void
test_rename (Twin *t)
{
  make_tree (t);
  EXPECT (t, -EINVAL, TWIN_RENAME, "/a", "/a/b/x");
  EXPECT (t, -EINVAL, TWIN_RENAME, "/a/b", "/a/b/c");
  EXPECT (t, -ENOTEMPTY, TWIN_RENAME, "/a/b/c", "/a/b");
  EXPECT (t, -ENOTEMPTY, TWIN_RENAME, "/a/b/c/file", "/a/b");
  EXPECT (t, -EISDIR, TWIN_RENAME, "/a/dangling", "/a/b");
  EXPECT (t, -ENOTDIR, TWIN_RENAME, "/a/b", "/a/dangling");
  EXPECT (t, -ENOENT, TWIN_RENAME, "/a/none", "/a/b");
  EXPECT (t, -ENOENT, TWIN_RENAME, "/a/none", "/a/none2/x");
  EXPECT (t, -EEXIST, TWIN_RENAME, "/a/b/c/file", "/a/dangling", .flags = 1);
  EXPECT (t, 0, TWIN_RENAME, "/a/b/c/file", "/a/b/c/file2", .flags = 1);
  EXPECT (t, 0, TWIN_RENAME, "/a/b/c/file2", "/a/b/c/file");
  EXPECT (t, -ENOENT, TWIN_RENAME, "/a/b/c/file", "/a/none", .flags = 2);
  EXPECT (t, -EINVAL, TWIN_RENAME, "/a/b/c/file", "/a/none", .flags = 3);
  EXPECT (t, -EINVAL, TWIN_RENAME, "/a/b/c/file", "/a/none", .flags = 8);
  EXPECT (t, 0, TWIN_RENAME, "/a/b/c/file", "/a/b/c/file");
  EXPECT (t, 0, TWIN_LINK, "/a/b/c/file", "/a/hard");
  EXPECT (t, 0, TWIN_RENAME, "/a/b/c/file", "/a/hard");
  EXPECT (t, 0, TWIN_STAT, "/a/b/c/file");
  EXPECT (t, 0, TWIN_RENAME, "/a/b/c", "/a/hard", .flags = 2);
  EXPECT (t, 0, TWIN_STAT, "/a/hard/file");
  EXPECT (t, 0, TWIN_STAT, "/a");
  EXPECT (t, 0, TWIN_STAT, "/a/b");
  EXPECT (t, -EINVAL, TWIN_RENAME, "/a", "/a/hard/file", .flags = 2);
  EXPECT (t, -EINVAL, TWIN_RENAME, "/a/hard/file", "/a", .flags = 2);
  EXPECT (t, 0, TWIN_CHDIR, "/a/hard");
  EXPECT (t, 0, TWIN_RENAME, "/a/hard", "/moved");
  EXPECT (t, 7, TWIN_GETCWD);
  EXPECT (t, 0, TWIN_STAT, "file");
  EXPECT (t, 0, TWIN_STAT, "../a");
  EXPECT (t, 0, TWIN_RENAME, "file", "/a/b/whited", .flags = 4);
  EXPECT (t, 0, TWIN_STAT, "file");
  EXPECT (t, 0, TWIN_LIST, ".");
  EXPECT (t, 0, TWIN_MKDIR, "/empty", .mode = 0755);
  EXPECT (t, 0, TWIN_MKDIR, "/full", .mode = 0755);
  EXPECT (t, 0, TWIN_MKDIR, "/full/x", .mode = 0755);
  EXPECT (t, -ENOTEMPTY, TWIN_RENAME, "/empty", "/full");
  EXPECT (t, 0, TWIN_RENAME, "/full", "/empty");
  EXPECT (t, 0, TWIN_STAT, "/empty/x");
  EXPECT (t, 0, TWIN_STAT, "/empty");
  EXPECT (t, 0, TWIN_STAT, "/");
}

static const struct
{
  const char *name;
  TwinTest test;
} tests[] = {
  { "parts-and-dots", test_plain },
  { "trailing-slashes", test_slashes },
  { "dots-in-the-last-place", test_last_dots },
  { "symbolic-links", test_links },
  { "long-names", test_long_names },
  { "open-flags", test_open_flags },
  { "resolve-flags", test_resolve },
  { "removed-directory", test_removed_directory },
  { "permissions", test_permissions },
  { "set-group-id", test_set_group_id },
  { "rename", test_rename },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strdup_printf ("/sentry/fs/walk/%s", tests[i].name);
      g_test_add_data_func (path, &tests[i].test, run);
    }
  return g_test_run ();
}
