/* mount, umount, bind, move, propagation, pivot_root, each asked of the host's kernel too.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
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

static void
make_dirs (Twin *t)
{
  SAME (t, TWIN_MKDIR, "/m", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/m/below", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/n", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/o", .mode = 0755);
  SAME (t, TWIN_OPEN, "/f", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  SAME (t, TWIN_OPEN, "/g", .flags = O_CREAT | O_WRONLY, .mode = 0644);
}

static void
test_new (Twin *t)
{
  make_dirs (t);
  EXPECT (t, -ENOENT, TWIN_MOUNT, "none", "/none", .mode = 1);
  EXPECT (t, -ENOTDIR, TWIN_MOUNT, "none", "/f", .mode = 1);
  EXPECT (t, -EINVAL, TWIN_MOUNT, "none", "/m", .mode = 0);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m", .mode = 1);
  EXPECT (t, -ENOENT, TWIN_STAT, "/m/below");
  EXPECT (t, 0, TWIN_STAT, "/m");
  EXPECT (t, 0, TWIN_STAT, "/m/..");
  EXPECT (t, 0, TWIN_STAT, "/m/../n");
  EXPECT (t, 0, TWIN_MKDIR, "/m/on", .mode = 0755);
  EXPECT (t, -EBUSY, TWIN_RMDIR, "/m");
  EXPECT (t, -EBUSY, TWIN_RENAME, "/m", "/p");
  EXPECT (t, -EBUSY, TWIN_RENAME, "/n", "/m");
  EXPECT (t, -EXDEV, TWIN_RENAME, "/m/on", "/n/on");
  EXPECT (t, -EXDEV, TWIN_LINK, "/f", "/m/f");
  EXPECT (t, 0, TWIN_CHDIR, "/m/on");
  EXPECT (t, 6, TWIN_GETCWD);
  EXPECT (t, -EBUSY, TWIN_UMOUNT, "/m");
  EXPECT (t, -EXDEV, TWIN_OPEN, "../..", .number = RESOLVE_NO_XDEV);
  EXPECT (t, 0, TWIN_CHDIR, "/");
  EXPECT (t, -EXDEV, TWIN_OPEN, "m/on", .number = RESOLVE_NO_XDEV);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m", .mode = 1);
  EXPECT (t, -ENOENT, TWIN_STAT, "/m/on");
  EXPECT (t, 0, TWIN_UMOUNT, "/m");
  EXPECT (t, 0, TWIN_STAT, "/m/on");
  EXPECT (t, 0, TWIN_UMOUNT, "/m");
  EXPECT (t, 0, TWIN_STAT, "/m/below");
  EXPECT (t, -EINVAL, TWIN_UMOUNT, "/m");
  EXPECT (t, -EINVAL, TWIN_UMOUNT, "/m", .flags = 0x100);
}

static void
test_detach (Twin *t)
{
  make_dirs (t);
  SAME (t, TWIN_MOUNT, "none", "/m", .mode = 1);
  SAME (t, TWIN_MKDIR, "/m/a", .mode = 0755);
  SAME (t, TWIN_MOUNT, "none", "/m/a", .mode = 1);
  EXPECT (t, -EBUSY, TWIN_UMOUNT, "/m");
  EXPECT (t, 0, TWIN_CHDIR, "/m/a");
  EXPECT (t, 0, TWIN_UMOUNT, "/m", .flags = MNT_DETACH);
  EXPECT (t, 0, TWIN_MKDIR, "still", .mode = 0755);
  EXPECT (t, 0, TWIN_STAT, "still");
  EXPECT (t, 0, TWIN_STAT, "..");
  EXPECT (t, 0, TWIN_STAT, "../still");
  EXPECT (t, -ENOENT, TWIN_MOUNT, "none", "still", .mode = 1);
  EXPECT (t, 0, TWIN_STAT, "/m/below");
  SAME (t, TWIN_GETCWD);
  SAME (t, TWIN_CHDIR, "/");
  SAME (t, TWIN_MOUNT, "none", "/n", .mode = 1);
  EXPECT (t, -EINVAL, TWIN_UMOUNT, "/n", .flags = MNT_EXPIRE | MNT_DETACH);
  EXPECT (t, -EAGAIN, TWIN_UMOUNT, "/n", .flags = MNT_EXPIRE);
  EXPECT (t, 0, TWIN_UMOUNT, "/n", .flags = MNT_EXPIRE);
}

static void
test_flags (Twin *t)
{
  make_dirs (t);
  SAME (t, TWIN_MOUNT, "none", "/m", .mode = 1, .number = MS_NOSUID | MS_NODEV | MS_NOEXEC);
  EXPECT (t, 0, TWIN_STATFS, "/m");
  EXPECT (t, 0, TWIN_OPEN, "/m/f", .flags = O_CREAT | O_WRONLY, .mode = 0755);
  EXPECT (t, -EACCES, TWIN_ACCESS, "/m/f", .mode = X_OK);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m", .number = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV);
  EXPECT (t, 0, TWIN_STATFS, "/m");
  EXPECT (t, 0, TWIN_ACCESS, "/m/f", .mode = X_OK);
  EXPECT (t, -EROFS, TWIN_ACCESS, "/m/f", .mode = W_OK);
  EXPECT (t, -EROFS, TWIN_OPEN, "/m/f", .flags = O_WRONLY);
  EXPECT (t, -EROFS, TWIN_OPEN, "/m/f", .flags = O_RDONLY | O_TRUNC);
  EXPECT (t, 0, TWIN_OPEN, "/m/f", .flags = O_RDONLY | O_CREAT, .mode = 0644);
  EXPECT (t, -EROFS, TWIN_OPEN, "/m/x", .flags = O_WRONLY | O_CREAT, .mode = 0644);
  EXPECT (t, -EEXIST, TWIN_OPEN, "/m/f", .flags = O_WRONLY | O_CREAT | O_EXCL, .mode = 0644);
  EXPECT (t, -EEXIST, TWIN_MKDIR, "/m/f", .mode = 0755);
  EXPECT (t, -EROFS, TWIN_MKDIR, "/m/d", .mode = 0755);
  EXPECT (t, -EROFS, TWIN_UNLINK, "/m/f");
  EXPECT (t, -EROFS, TWIN_UNLINK, "/m/none");
  EXPECT (t, -EROFS, TWIN_RMDIR, "/m/none");
  EXPECT (t, -EROFS, TWIN_RENAME, "/m/none", "/m/f");
  EXPECT (t, -EROFS, TWIN_CHMOD, "/m/f", .mode = 0600);
  EXPECT (t, -EROFS, TWIN_TRUNCATE, "/m/f", .number = 1);
  EXPECT (t, -EROFS, TWIN_SETXATTR, "/m/f", "user.x", .mode = 1);
  EXPECT (t, -EROFS, TWIN_OPEN, "/m", .flags = O_TMPFILE | O_RDWR, .mode = 0644);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m", .number = MS_REMOUNT | MS_BIND | MS_NOATIME);
  EXPECT (t, 0, TWIN_STATFS, "/m");
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m", .number = MS_REMOUNT | MS_BIND);
  EXPECT (t, 0, TWIN_STATFS, "/m");
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m", .number = MS_REMOUNT | MS_BIND | MS_STRICTATIME);
  EXPECT (t, 0, TWIN_STATFS, "/m");
  EXPECT (t, -EINVAL, TWIN_MOUNT, "none", "/n", .number = MS_REMOUNT | MS_BIND);
  if (!twin_has_users (t))
    return;
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m", .number = MS_REMOUNT | MS_RDONLY, .mode = 1);
  EXPECT (t, 0, TWIN_STATFS, "/m");
  EXPECT (t, 0, TWIN_CHMOD, "/", .mode = 0755);
  EXPECT (t, 0, TWIN_USER, .number = 1000);
  EXPECT (t, -EPERM, TWIN_MOUNT, "none", "/n", .mode = 1);
  EXPECT (t, -EPERM, TWIN_UMOUNT, "/m");
  EXPECT (t, -ENOENT, TWIN_MOUNT, "none", "/none", .mode = 1);
}

static void
test_bind (Twin *t)
{
  make_dirs (t);
  SAME (t, TWIN_MKDIR, "/m/below/deep", .mode = 0755);
  EXPECT (t, -EINVAL, TWIN_MOUNT, "", "/n", .number = MS_BIND);
  EXPECT (t, -ENOENT, TWIN_MOUNT, "/none", "/n", .number = MS_BIND);
  EXPECT (t, -ENOTDIR, TWIN_MOUNT, "/f", "/n", .number = MS_BIND);
  EXPECT (t, -ENOTDIR, TWIN_MOUNT, "/m", "/f", .number = MS_BIND);
  EXPECT (t, 0, TWIN_MOUNT, "/m/below", "/n", .number = MS_BIND);
  EXPECT (t, 0, TWIN_STAT, "/n/deep");
  EXPECT (t, 0, TWIN_STAT, "/n/deep/../../m");
  EXPECT (t, 0, TWIN_MKDIR, "/n/both", .mode = 0755);
  EXPECT (t, 0, TWIN_STAT, "/m/below/both");
  EXPECT (t, -EXDEV, TWIN_RENAME, "/n/both", "/m/both");
  EXPECT (t, 0, TWIN_CHDIR, "/n/deep");
  EXPECT (t, 8, TWIN_GETCWD);
  /* Moved out of what the bind mount shows. */
  EXPECT (t, 0, TWIN_RENAME, "/m/below/deep", "/m/deep");
  EXPECT (t, -ENOENT, TWIN_STAT, "..");
  EXPECT (t, 0, TWIN_STAT, ".");
  EXPECT (t, 0, TWIN_CHDIR, "/");
  EXPECT (t, 0, TWIN_MOUNT, "/f", "/g", .number = MS_BIND);
  EXPECT (t, 5, TWIN_WRITE, "/g", .mode = 5);
  EXPECT (t, 0, TWIN_STAT, "/f");
  EXPECT (t, -EBUSY, TWIN_UNLINK, "/g");
  EXPECT (t, 0, TWIN_UMOUNT, "/g");
  EXPECT (t, 0, TWIN_STAT, "/g");
  /* A recursive one takes along what is mounted below, a plain one doesn't. */
  SAME (t, TWIN_MOUNT, "none", "/m/below", .mode = 1);
  SAME (t, TWIN_MKDIR, "/m/below/tree", .mode = 0755);
  EXPECT (t, 0, TWIN_MOUNT, "/m", "/o", .number = MS_BIND);
  EXPECT (t, -ENOENT, TWIN_STAT, "/o/below/tree");
  EXPECT (t, 0, TWIN_UMOUNT, "/o");
  EXPECT (t, 0, TWIN_MOUNT, "/m", "/o", .number = MS_BIND | MS_REC);
  EXPECT (t, 0, TWIN_STAT, "/o/below/tree");
  EXPECT (t, -EBUSY, TWIN_UMOUNT, "/o");
  EXPECT (t, 0, TWIN_UMOUNT, "/o/below");
  EXPECT (t, 0, TWIN_UMOUNT, "/o");
  EXPECT (t, 0, TWIN_STAT, "/m/below/tree");
  /* A directory onto itself is a mount, on which another can be made unbindable. */
  EXPECT (t, 0, TWIN_MOUNT, "/o", "/o", .number = MS_BIND);
  EXPECT (t, -EBUSY, TWIN_RMDIR, "/o");
  EXPECT (t, 0, TWIN_MOUNT, "none", "/o", .number = MS_UNBINDABLE);
  EXPECT (t, -EINVAL, TWIN_MOUNT, "/o", "/m", .number = MS_BIND);
}

static void
test_move (Twin *t)
{
  make_dirs (t);
  EXPECT (t, -EINVAL, TWIN_MOUNT, "/m", "/n", .number = MS_MOVE);
  SAME (t, TWIN_MOUNT, "none", "/m", .mode = 1);
  SAME (t, TWIN_MKDIR, "/m/in", .mode = 0755);
  EXPECT (t, -EINVAL, TWIN_MOUNT, "/m", "/f", .number = MS_MOVE);
  EXPECT (t, -EINVAL, TWIN_MOUNT, "/m/in", "/n", .number = MS_MOVE);
  EXPECT (t, -ELOOP, TWIN_MOUNT, "/m", "/m/in", .number = MS_MOVE);
  EXPECT (t, 0, TWIN_CHDIR, "/m/in");
  EXPECT (t, 0, TWIN_MOUNT, "/m", "/n", .number = MS_MOVE);
  EXPECT (t, 6, TWIN_GETCWD);
  EXPECT (t, 0, TWIN_STAT, "../../m/below");
  EXPECT (t, 0, TWIN_STAT, "/n/in");
  EXPECT (t, -EINVAL, TWIN_UMOUNT, "/m");
}

static void
test_propagation (Twin *t)
{
  make_dirs (t);
  EXPECT (t, -EINVAL, TWIN_MOUNT, "none", "/m", .number = MS_SHARED);
  SAME (t, TWIN_MOUNT, "none", "/m", .mode = 1);
  SAME (t, TWIN_MKDIR, "/m/a", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/m/b", .mode = 0755);
  EXPECT (t, -EINVAL, TWIN_MOUNT, "none", "/m", .number = MS_SHARED | MS_SLAVE);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m", .number = MS_SHARED);
  EXPECT (t, 0, TWIN_MOUNT, "/m", "/n", .number = MS_BIND);
  EXPECT (t, 0, TWIN_MOUNT, "/m", "/o", .number = MS_BIND);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/o", .number = MS_SLAVE);
  /* From a peer to its peers and slaves … */
  EXPECT (t, 0, TWIN_MOUNT, "none", "/n/a", .mode = 1);
  EXPECT (t, 0, TWIN_MKDIR, "/n/a/seen", .mode = 0755);
  EXPECT (t, 0, TWIN_STAT, "/m/a/seen");
  EXPECT (t, 0, TWIN_STAT, "/o/a/seen");
  /* … but not back from a slave. */
  EXPECT (t, 0, TWIN_MOUNT, "none", "/o/b", .mode = 1);
  EXPECT (t, 0, TWIN_MKDIR, "/o/b/hidden", .mode = 0755);
  EXPECT (t, -ENOENT, TWIN_STAT, "/m/b/hidden");
  /* What propagated is shared in its turn. */
  EXPECT (t, 0, TWIN_MKDIR, "/m/a/c", .mode = 0755);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m/a/c", .mode = 1);
  EXPECT (t, 0, TWIN_MKDIR, "/m/a/c/deeper", .mode = 0755);
  EXPECT (t, 0, TWIN_STAT, "/n/a/c/deeper");
  EXPECT (t, 0, TWIN_STAT, "/o/a/c/deeper");
  EXPECT (t, -EINVAL, TWIN_MOUNT, "/m/a", "/n/b", .number = MS_MOVE);
  EXPECT (t, 0, TWIN_UMOUNT, "/n/a/c");
  EXPECT (t, -ENOENT, TWIN_STAT, "/m/a/c/deeper");
  EXPECT (t, -ENOENT, TWIN_STAT, "/o/a/c/deeper");
  EXPECT (t, 0, TWIN_CHDIR, "/o/a");
  EXPECT (t, -EBUSY, TWIN_UMOUNT, "/m/a");
  EXPECT (t, 0, TWIN_CHDIR, "/");
  EXPECT (t, 0, TWIN_UMOUNT, "/m/a");
  EXPECT (t, -ENOENT, TWIN_STAT, "/n/a/seen");
  EXPECT (t, -ENOENT, TWIN_STAT, "/o/a/seen");
  /* A slave that is cut off sees nothing any more. */
  EXPECT (t, 0, TWIN_MOUNT, "none", "/o", .number = MS_PRIVATE);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m/a", .mode = 1);
  EXPECT (t, 0, TWIN_MKDIR, "/m/a/again", .mode = 0755);
  EXPECT (t, 0, TWIN_STAT, "/n/a/again");
  EXPECT (t, -ENOENT, TWIN_STAT, "/o/a/again");
  /* A slave with peers of its own passes on. */
  EXPECT (t, 0, TWIN_MOUNT, "none", "/n", .number = MS_SLAVE);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/n", .number = MS_SHARED);
  EXPECT (t, 0, TWIN_MKDIR, "/p", .mode = 0755);
  EXPECT (t, 0, TWIN_MOUNT, "/n", "/p", .number = MS_BIND);
  EXPECT (t, 0, TWIN_MOUNT, "none", "/m/b", .mode = 1);
  EXPECT (t, 0, TWIN_MKDIR, "/m/b/x", .mode = 0755);
  EXPECT (t, 0, TWIN_STAT, "/n/b/x");
  EXPECT (t, 0, TWIN_STAT, "/p/b/x");
  EXPECT (t, 0, TWIN_UMOUNT, "/n/b");
  EXPECT (t, -ENOENT, TWIN_STAT, "/p/b/x");
  EXPECT (t, 0, TWIN_STAT, "/m/b/x");
}

static void
test_pivot_root (Twin *t)
{
  SAME (t, TWIN_MKDIR, "/new", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/other", .mode = 0755);
  EXPECT (t, -EBUSY, TWIN_PIVOT, "/other", "/new");
  SAME (t, TWIN_MOUNT, "none", "/new", .mode = 1);
  EXPECT (t, -ENOENT, TWIN_PIVOT, "/new", "/new/old");
  SAME (t, TWIN_MKDIR, "/new/old", .mode = 0755);
  SAME (t, TWIN_OPEN, "/new/mark", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  EXPECT (t, -EBUSY, TWIN_PIVOT, "/new", "/other");
  EXPECT (t, 0, TWIN_CHDIR, "/");
  EXPECT (t, 0, TWIN_PIVOT, "/new", "/new/old");
  EXPECT (t, 0, TWIN_STAT, "/mark");
  EXPECT (t, 0, TWIN_STAT, "/old/other");
  EXPECT (t, 0, TWIN_STAT, "mark");
  EXPECT (t, -EBUSY, TWIN_RMDIR, "/old");
  EXPECT (t, 0, TWIN_UMOUNT, "/old", .flags = MNT_DETACH);
  EXPECT (t, 0, TWIN_RMDIR, "/old");
  EXPECT (t, 0, TWIN_STAT, "/..");
}

static void
test_chroot (Twin *t)
{
  SAME (t, TWIN_MKDIR, "/jail", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/jail/in", .mode = 0755);
  SAME (t, TWIN_SYMLINK, "/in", "/jail/abs");
  EXPECT (t, 0, TWIN_CHDIR, "/jail/in");
  EXPECT (t, 0, TWIN_CHROOT, "/jail");
  EXPECT (t, 0, TWIN_STAT, "/in");
  EXPECT (t, 0, TWIN_STAT, "/../../in");
  EXPECT (t, 0, TWIN_STAT, "/abs");
  EXPECT (t, 4, TWIN_GETCWD);
  EXPECT (t, 0, TWIN_CHDIR, "/");
  EXPECT (t, 0, TWIN_CHROOT, "/in");
  /* The classic way out. */
  EXPECT (t, 0, TWIN_STAT, "../jail");
  SAME (t, TWIN_CHDIR, "..");
  EXPECT (t, 0, TWIN_STAT, "jail/in");
}

/* What mountinfo says, checked by its own words: the numbers differ from the host's. */
static void
test_mountinfo (Twin *t)
{
  SentryMountNamespace *ns = twin_namespace (t);
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (ns);
  g_autoptr (GString) info = g_string_new (NULL), mounts = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  SentryPath root;

  SAME (t, TWIN_MKDIR, "/a b", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/a b/c", .mode = 0755);
  SAME (t, TWIN_MKDIR, "/d", .mode = 0755);
  SAME (t, TWIN_MOUNT, "src", "/a b", .mode = 1, .number = MS_NOSUID | MS_RDONLY);
  SAME (t, TWIN_MOUNT, "/", "/d", .number = MS_BIND);
  SAME (t, TWIN_MOUNT, "none", "/d", .number = MS_SHARED);
  ops->get_root (ns, &root);
  ops->show_mounts (ns, &root, 'i', info);
  ops->show_mounts (ns, &root, 'm', mounts);
  sentry_path_unref (&root);
  lines = g_strsplit (info->str, "\n", -1);
  g_assert_cmpint (g_strv_length (lines), ==, 4);
  g_assert_true (g_regex_match_simple (
      "^\\d+ \\d+ 0:\\d+ / / rw,relatime - tmpfs tmpfs rw,mode=755$", lines[0], 0, 0));
  g_assert_true (g_regex_match_simple (
      "^\\d+ \\d+ 0:\\d+ / /a\\\\040b ro,nosuid,relatime - tmpfs src ro$", lines[1], 0, 0));
  g_assert_true (g_regex_match_simple (
      "^\\d+ \\d+ 0:\\d+ / /d rw,relatime shared:1 - tmpfs tmpfs rw,mode=755$", lines[2], 0, 0));
  g_assert_cmpstr (mounts->str, ==,
                   "tmpfs / tmpfs rw,relatime,mode=755 0 0\n"
                   "src /a\\040b tmpfs ro,nosuid,relatime 0 0\n"
                   "tmpfs /d tmpfs rw,relatime,mode=755 0 0\n");
}

static void
test_clone (Twin *t)
{
  SentryMountNamespace *ns = twin_namespace (t), *copy;
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (ns);
  TwinSide *side;
  TwinAnswer answer;
  SentryPath paths[2], before;

  SAME (t, TWIN_MKDIR, "/m", .mode = 0755);
  SAME (t, TWIN_MOUNT, "none", "/m", .mode = 1);
  SAME (t, TWIN_MKDIR, "/m/in", .mode = 0755);
  ops->get_root (ns, &paths[0]);
  ops->get_root (ns, &paths[1]);
  before = paths[0];
  copy = ops->clone (ns, paths, 2);
  g_assert_nonnull (copy);
  g_assert_true (paths[0].mount != before.mount && paths[0].dentry == before.dentry);
  g_assert_true (paths[1].mount == paths[0].mount);
  side = twin_side_new (copy);
  twin_side_call (side, &(TwinCall){ TWIN_STAT, "/m/in" }, &answer);
  g_assert_cmpint (answer.result, ==, 0);
  twin_side_call (side, &(TwinCall){ TWIN_UMOUNT, "/m" }, &answer);
  g_assert_cmpint (answer.result, ==, 0);
  twin_side_call (side, &(TwinCall){ TWIN_STAT, "/m/in" }, &answer);
  g_assert_cmpint (answer.result, ==, -ENOENT);
  EXPECT (t, 0, TWIN_STAT, "/m/in");
  /* A mountpoint of another namespace can be removed: its mount goes with it. */
  EXPECT (t, -EBUSY, TWIN_RMDIR, "/m");
  twin_side_call (side, &(TwinCall){ TWIN_RMDIR, "/m" }, &answer);
  g_assert_cmpint (answer.result, ==, 0);
  twin_side_free (side);
  sentry_path_unref (&paths[0]);
  sentry_path_unref (&paths[1]);
  ops->destroy (copy);
  g_object_unref (copy);
}

static const struct
{
  const char *name;
  TwinTest test;
} tests[] = {
  { "mount-and-umount", test_new },
  { "lazy-umount", test_detach },
  { "flags-and-remount", test_flags },
  { "bind", test_bind },
  { "move", test_move },
  { "propagation", test_propagation },
  { "pivot-root", test_pivot_root },
  { "chroot", test_chroot },
  { "mountinfo", test_mountinfo },
  { "clone", test_clone },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strdup_printf ("/sentry/fs/mounts/%s", tests[i].name);
      g_test_add_data_func (path, &tests[i].test, run);
    }
  return g_test_run ();
}
