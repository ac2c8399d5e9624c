/* tmpfs beside the host's: rules, and random calls. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sentry-charge.h"
#include "plugins/fs/mount-namespace.h"
#include "plugins/fs/tmpfs.h"
#include "twin.h"
#include "usermem/sentry-usermem.h"

typedef void (*TwinTest) (Twin *t);

static void
run (gconstpointer data)
{
  guint64 charged = sentry_charge_used ();
  const char *why;
  Twin *t = twin_new (&why);

  if (t == NULL)
    {
      g_test_skip (why);
      return;
    }
  (*(TwinTest *) data) (t);
  twin_free (t);
  /* Everything that was made is gone again. */
  g_assert_cmpuint (sentry_charge_used (), ==, charged);
}

static void
test_bytes (Twin *t)
{
  EXPECT (t, 100, TWIN_WRITE, "/f", .flags = O_CREAT, .mode = 100);
  EXPECT (t, 100, TWIN_READ, "/f", .mode = 200);
  EXPECT (t, 0, TWIN_READ, "/f", .mode = 200, .number = 100);
  EXPECT (t, 0, TWIN_READ, "/f", .mode = 200, .number = 1 << 20);
  EXPECT (t, 10, TWIN_WRITE, "/f", .mode = 10, .number = 9000);
  EXPECT (t, 9010, TWIN_READ, "/f", .mode = 10000);
  EXPECT (t, 30, TWIN_WRITE, "/f", .mode = 30, .number = 5, .flags = O_APPEND);
  EXPECT (t, 0, TWIN_STAT, "/f");
  EXPECT (t, 0, TWIN_TRUNCATE, "/f", .number = 50);
  EXPECT (t, 0, TWIN_TRUNCATE, "/f", .number = 5000);
  EXPECT (t, 5000, TWIN_READ, "/f", .mode = 10000);
  EXPECT (t, -EINVAL, TWIN_TRUNCATE, "/f", .number = -1);
  EXPECT (t, -EISDIR, TWIN_TRUNCATE, "/");
  /* Far out, past what an array of pages would hold. */
  EXPECT (t, 7, TWIN_WRITE, "/f", .mode = 7, .number = G_GINT64_CONSTANT (1) << 60);
  EXPECT (t, 7, TWIN_READ, "/f", .mode = 100, .number = G_GINT64_CONSTANT (1) << 60);
  EXPECT (t, 0, TWIN_STAT, "/f");
  EXPECT (t, 100, TWIN_READ, "/f", .mode = 100, .number = G_GINT64_CONSTANT (1) << 59);
  EXPECT (t, -EINVAL, TWIN_WRITE, "/f", .mode = 7, .number = G_MAXINT64);
  SAME (t, TWIN_WRITE, "/f", .mode = 7, .number = G_MAXINT64 - 3);
  EXPECT (t, 0, TWIN_TRUNCATE, "/f", .number = 100);
  EXPECT (t, 100, TWIN_READ, "/f", .mode = 100000);
}

static void
test_holes (Twin *t)
{
  EXPECT (t, 1, TWIN_WRITE, "/f", .flags = O_CREAT, .mode = 1, .number = 20000);
  EXPECT (t, 16384, TWIN_SEEK, "/f", .flags = SEEK_DATA);
  EXPECT (t, 0, TWIN_SEEK, "/f", .flags = SEEK_HOLE);
  EXPECT (t, 20001, TWIN_SEEK, "/f", .flags = SEEK_HOLE, .number = 20000);
  EXPECT (t, -ENXIO, TWIN_SEEK, "/f", .flags = SEEK_DATA, .number = 20001);
  EXPECT (t, -ENXIO, TWIN_SEEK, "/f", .flags = SEEK_HOLE, .number = 20001);
  EXPECT (t, 20001, TWIN_SEEK, "/f", .flags = SEEK_END);
  EXPECT (t, -EINVAL, TWIN_SEEK, "/f", .flags = SEEK_SET, .number = -1);
  EXPECT (t, -EINVAL, TWIN_SEEK, "/f", .flags = 9);
  EXPECT (t, 20000, TWIN_WRITE, "/g", .flags = O_CREAT, .mode = 20000);
  EXPECT (t, 0, TWIN_FALLOCATE, "/g", .flags = 3, .number = 4096, .mode = 8192);
  EXPECT (t, 4096, TWIN_SEEK, "/g", .flags = SEEK_HOLE);
  EXPECT (t, 12288, TWIN_SEEK, "/g", .flags = SEEK_DATA, .number = 5000);
  EXPECT (t, 20000, TWIN_READ, "/g", .mode = 20000);
  EXPECT (t, 0, TWIN_FALLOCATE, "/g", .flags = 3, .number = 100, .mode = 50);
  EXPECT (t, 0, TWIN_FALLOCATE, "/g", .flags = 3, .number = 13000, .mode = 5000);
  EXPECT (t, 20000, TWIN_READ, "/g", .mode = 20000);
  EXPECT (t, -EOPNOTSUPP, TWIN_FALLOCATE, "/g", .flags = 2, .number = 0, .mode = 50);
  EXPECT (t, -EOPNOTSUPP, TWIN_FALLOCATE, "/g", .flags = 0x10, .number = 0, .mode = 50);
  EXPECT (t, -EINVAL, TWIN_FALLOCATE, "/g", .flags = 0, .number = 0, .mode = 0);
  EXPECT (t, 0, TWIN_FALLOCATE, "/g", .flags = 1, .number = 30000, .mode = 50);
  EXPECT (t, 0, TWIN_STAT, "/g");
  EXPECT (t, 0, TWIN_FALLOCATE, "/g", .flags = 0, .number = 30000, .mode = 50);
  EXPECT (t, 0, TWIN_STAT, "/g");
  EXPECT (t, 30050, TWIN_READ, "/g", .mode = 40000);
}

static void
test_mapped (Twin *t)
{
  EXPECT (t, 10000, TWIN_WRITE, "/f", .flags = O_CREAT, .mode = 10000);
  EXPECT (t, 0, TWIN_MMAP_WRITE, "/f", .number = 5000, .mode = 'X');
  EXPECT (t, 10000, TWIN_READ, "/f", .mode = 20000);
  EXPECT (t, 5000, TWIN_WRITE, "/f", .mode = 5000, .number = 8000);
  EXPECT (t, 0, TWIN_STAT, "/f");
  EXPECT (t, 0, TWIN_TRUNCATE, "/f", .number = 4100);
  EXPECT (t, 0, TWIN_TRUNCATE, "/f", .number = 10000);
  EXPECT (t, 10000, TWIN_READ, "/f", .mode = 20000);
  EXPECT (t, 8192, TWIN_SEEK, "/f", .flags = SEEK_HOLE, .number = 8192);
  EXPECT (t, 0, TWIN_FALLOCATE, "/f", .flags = 3, .number = 0, .mode = 4096);
  EXPECT (t, 4096, TWIN_SEEK, "/f", .flags = SEEK_DATA);
  EXPECT (t, 10000, TWIN_READ, "/f", .mode = 20000);
  EXPECT (t, 0, TWIN_FALLOCATE, "/f", .number = 9000, .mode = 9000);
  EXPECT (t, 0, TWIN_STAT, "/f");
  EXPECT (t, 0, TWIN_UNLINK, "/f");
}

static void
test_xattrs (Twin *t)
{
  SAME (t, TWIN_MKDIR, "/d", .mode = 0755);
  SAME (t, TWIN_OPEN, "/f", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  SAME (t, TWIN_SYMLINK, "f", "/l");
  SAME (t, TWIN_MKNOD, "/p", .mode = S_IFIFO | 0644);
  EXPECT (t, 0, TWIN_LISTXATTR, "/f");
  EXPECT (t, -ENODATA, TWIN_GETXATTR, "/f", "user.a", .mode = 10);
  EXPECT (t, 0, TWIN_SETXATTR, "/f", "user.b", .mode = 10);
  EXPECT (t, 0, TWIN_SETXATTR, "/f", "user.a", .mode = 20);
  EXPECT (t, -EEXIST, TWIN_SETXATTR, "/f", "user.a", .mode = 20, .flags = XATTR_CREATE);
  EXPECT (t, -ENODATA, TWIN_SETXATTR, "/f", "user.c", .mode = 20, .flags = XATTR_REPLACE);
  EXPECT (t, 0, TWIN_SETXATTR, "/f", "user.a", .mode = 5, .flags = XATTR_REPLACE);
  EXPECT (t, -EINVAL, TWIN_SETXATTR, "/f", "user.a", .mode = 5, .flags = 4);
  EXPECT (t, 5, TWIN_GETXATTR, "/f", "user.a", .mode = 100);
  EXPECT (t, 5, TWIN_GETXATTR, "/f", "user.a", .mode = 0);
  EXPECT (t, -ERANGE, TWIN_GETXATTR, "/f", "user.a", .mode = 4);
  EXPECT (t, 14, TWIN_LISTXATTR, "/f");
  EXPECT (t, -EINVAL, TWIN_SETXATTR, "/f", "user.", .mode = 5);
  EXPECT (t, -EOPNOTSUPP, TWIN_SETXATTR, "/f", "nothing", .mode = 5);
  EXPECT (t, -EOPNOTSUPP, TWIN_SETXATTR, "/f", "foo.bar", .mode = 5);
  EXPECT (t, -EOPNOTSUPP, TWIN_GETXATTR, "/f", "foo.bar", .mode = 5);
  EXPECT (t, -ERANGE, TWIN_GETXATTR, "/f", "", .mode = 5);
  EXPECT (t, 0, TWIN_SETXATTR, "/d", "user.dir", .mode = 5);
  EXPECT (t, -EPERM, TWIN_SETXATTR, "/p", "user.fifo", .mode = 5);
  EXPECT (t, -ENODATA, TWIN_GETXATTR, "/p", "user.fifo", .mode = 5);
  EXPECT (t, 0, TWIN_REMOVEXATTR, "/f", "user.b");
  EXPECT (t, -ENODATA, TWIN_REMOVEXATTR, "/f", "user.b");
  EXPECT (t, 7, TWIN_LISTXATTR, "/l");
  if (!twin_has_users (t))
    return;
  EXPECT (t, 0, TWIN_SETXATTR, "/f", "trusted.t", .mode = 5);
  EXPECT (t, 0, TWIN_SETXATTR, "/f", "security.s", .mode = 5);
  EXPECT (t, 5, TWIN_GETXATTR, "/f", "trusted.t", .mode = 5);
  SAME (t, TWIN_LISTXATTR, "/f");
  SAME (t, TWIN_MKDIR, "/sticky", .mode = 0777);
  SAME (t, TWIN_CHMOD, "/sticky", .mode = 01777);
  EXPECT (t, 0, TWIN_USER, .number = 1000);
  SAME (t, TWIN_LISTXATTR, "/f");
  EXPECT (t, -ENODATA, TWIN_GETXATTR, "/f", "trusted.t", .mode = 5);
  EXPECT (t, -EPERM, TWIN_SETXATTR, "/f", "trusted.t", .mode = 5);
  EXPECT (t, 5, TWIN_GETXATTR, "/f", "security.s", .mode = 5);
  EXPECT (t, -EPERM, TWIN_SETXATTR, "/f", "security.s", .mode = 5);
  EXPECT (t, -EACCES, TWIN_SETXATTR, "/f", "user.a", .mode = 5);
  EXPECT (t, 5, TWIN_GETXATTR, "/f", "user.a", .mode = 5);
  EXPECT (t, -EPERM, TWIN_SETXATTR, "/sticky", "user.a", .mode = 5);
}

static void
test_times (Twin *t)
{
  SAME (t, TWIN_OPEN, "/f", .flags = O_CREAT | O_WRONLY, .mode = 0644);
  EXPECT (t, 0, TWIN_UTIMES, "/f", .number = 12345);
  EXPECT (t, 0, TWIN_UTIMES, "/f", .number = -5);
  EXPECT (t, 0, TWIN_UTIMES, "/", .number = 1);
  EXPECT (t, 0, TWIN_UTIMES, "/f", .flags = 1);
}

static void
test_listing (Twin *t)
{
  TwinCall c = { TWIN_OPEN, .flags = O_CREAT | O_WRONLY, .mode = 0644 };

  for (int i = 0; i < 100; i++)
    {
      g_snprintf (c.a, sizeof c.a, "/%d", (i * 37) % 100);
      g_assert_true (twin_call (t, &c, NULL));
    }
  EXPECT (t, 0, TWIN_LIST, "/");
  c.kind = TWIN_UNLINK;
  for (int i = 0; i < 100; i += 3)
    {
      g_snprintf (c.a, sizeof c.a, "/%d", i);
      g_assert_true (twin_call (t, &c, NULL));
    }
  EXPECT (t, 0, TWIN_RENAME, "/1", "/2");
  EXPECT (t, 0, TWIN_RENAME, "/4", "/new");
  EXPECT (t, 0, TWIN_RENAME, "/5", "/7", .flags = 2);
  EXPECT (t, 0, TWIN_LIST, "/");
}

/* Names from a small tree, so that calls meet. */
static void
random_path (GRand *rand, char *out, gsize size)
{
  static const char *const parts[] = { "a", "b", "c", "d", "l", ".", "..", "a/", "/b" };
  gsize used = g_rand_boolean (rand) ? g_strlcpy (out, "/", size) : 0;

  out[used] = '\0';
  for (int n = g_rand_int_range (rand, 1, 5); n > 0; n--)
    used += g_snprintf (out + used, size - used, "%s%s", used > 0 ? "/" : "",
                        parts[g_rand_int_range (rand, 0, G_N_ELEMENTS (parts))]);
}

static void
random_call (GRand *rand, TwinCall *c)
{
  static const TwinKind kinds[]
      = { TWIN_OPEN,   TWIN_OPEN,     TWIN_STAT,      TWIN_STAT,   TWIN_MKDIR,      TWIN_MKDIR,
          TWIN_MKDIR,  TWIN_MKNOD,    TWIN_SYMLINK,   TWIN_LINK,   TWIN_UNLINK,     TWIN_UNLINK,
          TWIN_RMDIR,  TWIN_RMDIR,    TWIN_RENAME,    TWIN_RENAME, TWIN_CHMOD,      TWIN_TRUNCATE,
          TWIN_ACCESS, TWIN_READLINK, TWIN_CHDIR,     TWIN_GETCWD, TWIN_LIST,       TWIN_WRITE,
          TWIN_WRITE,  TWIN_READ,     TWIN_FALLOCATE, TWIN_SEEK,   TWIN_MMAP_WRITE, TWIN_CHOWN,
          TWIN_USER,   TWIN_UMASK };
  static const guint32 flags[] = { O_RDONLY,
                                   O_WRONLY,
                                   O_RDWR | O_CREAT,
                                   O_RDWR | O_CREAT | O_EXCL,
                                   O_RDONLY | O_NOFOLLOW,
                                   O_RDONLY | O_DIRECTORY,
                                   O_PATH,
                                   O_PATH | O_NOFOLLOW,
                                   O_WRONLY | O_TRUNC,
                                   O_RDWR | O_CREAT | O_NOFOLLOW,
                                   O_RDWR | O_TMPFILE };

  *c = (TwinCall){ .kind = kinds[g_rand_int_range (rand, 0, G_N_ELEMENTS (kinds))] };
  random_path (rand, c->a, sizeof c->a);
  random_path (rand, c->b, sizeof c->b);
  c->mode = 0755;
  switch (c->kind)
    {
    case TWIN_OPEN:
      c->flags = flags[g_rand_int_range (rand, 0, G_N_ELEMENTS (flags))];
      c->number = g_rand_int_range (rand, 0, 4) > 0 ? 0 : g_rand_int_range (rand, 0, 32);
      /* Whether it is cached is the host's business. */
      c->number &= ~(gint64) 0x20;
      if ((c->number & 0x18) == 0x18)
        c->number &= ~(gint64) 8;
      break;
    case TWIN_STAT:
      c->flags = g_rand_boolean (rand) ? AT_SYMLINK_NOFOLLOW : 0;
      break;
    case TWIN_LINK:
      c->flags = g_rand_boolean (rand) ? AT_SYMLINK_FOLLOW : 0;
      break;
    case TWIN_CHMOD:
      c->mode = g_rand_int_range (rand, 0, 4) == 0 ? (guint32) g_rand_int_range (rand, 0, 010000)
                                                   : 0777u | g_rand_int_range (rand, 0, 8) << 9;
      break;
    case TWIN_MKDIR:
      c->mode = g_rand_int_range (rand, 0, 5) > 0 ? 0777 : 0700;
      break;
    case TWIN_CHOWN:
      c->number = g_rand_int_range (rand, -1, 4);
      c->mode = g_rand_int_range (rand, -1, 4);
      c->flags = g_rand_boolean (rand) ? AT_SYMLINK_NOFOLLOW : 0;
      break;
    case TWIN_USER:
      c->number = g_rand_boolean (rand) ? 0 : g_rand_int_range (rand, 0, 4);
      break;
    case TWIN_UMASK:
      c->mode = g_rand_boolean (rand) ? 0 : 022;
      break;
    case TWIN_MKNOD:
      c->mode = 0644 | (g_rand_boolean (rand) ? S_IFSOCK : S_IFREG);
      break;
    case TWIN_RENAME:
      c->flags = g_rand_int_range (rand, 0, 6);
      break;
    case TWIN_ACCESS:
      c->mode = g_rand_int_range (rand, 0, 8);
      break;
    case TWIN_TRUNCATE:
    case TWIN_FALLOCATE:
    case TWIN_SEEK:
    case TWIN_WRITE:
    case TWIN_READ:
    case TWIN_MMAP_WRITE:
      c->number = g_rand_int_range (rand, 0, 30000);
      c->mode = g_rand_int_range (rand, 0, 20000);
      if (c->kind == TWIN_FALLOCATE)
        c->flags = g_rand_int_range (rand, 0, 4);
      if (c->kind == TWIN_SEEK)
        c->flags = g_rand_int_range (rand, 0, 5);
      if (c->kind == TWIN_WRITE)
        c->flags = g_rand_boolean (rand) ? O_APPEND : 0;
      break;
    default:
      break;
    }
}

/* A store through a mapping past the end of the file is SIGBUS on both sides; don't. */
static gboolean
is_safe (Twin *t, const TwinCall *c)
{
  TwinAnswer answer;
  TwinCall stat = { TWIN_STAT };
  const char *size;

  if (c->kind != TWIN_MMAP_WRITE)
    return TRUE;
  g_strlcpy (stat.a, c->a, sizeof stat.a);
  g_assert_true (twin_call (t, &stat, &answer));
  size = strstr (answer.text, "size ");
  return answer.result < 0 || size == NULL || g_ascii_strtoll (size + 5, NULL, 10) > c->number;
}

/* What lies on the way, for a person who wants to know why. */
static void
explain (Twin *t, const char *path)
{
  for (gsize i = 1; i <= strlen (path); i++)
    if (path[i] == '/' || path[i] == '\0')
      {
        TwinCall stat = { TWIN_STAT, .flags = AT_SYMLINK_NOFOLLOW }, link = { TWIN_READLINK };
        TwinAnswer a, b;

        memcpy (stat.a, path, i);
        memcpy (link.a, path, i);
        twin_call (t, &stat, &a);
        twin_call (t, &link, &b);
        g_test_message ("%s: %ld %s -> %s", stat.a, a.result, a.text, b.text);
      }
}

static void
test_random (Twin *t)
{
  guint32 seed = g_test_rand_int ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  int n = g_test_slow () ? 200000 : 20000;
  TwinCall c;

  g_test_message ("seed %u", seed);
  for (int i = 0; i < n; i++)
    {
      random_call (rand, &c);
      if (!twin_has_users (t) && (c.kind == TWIN_USER || c.kind == TWIN_CHOWN))
        continue;
      if (is_safe (t, &c) && !twin_call (t, &c, NULL))
        {
          explain (t, c.a);
          explain (t, c.b);
          g_error ("they differ at call %d of seed %u", i, seed);
        }
    }
}

/* --- without the host --- */

static TwinSide *
new_side (const char *options, SentryMountNamespace **ret_ns)
{
  SentryMountNamespace *ns = g_object_new (SENTRY_FS_TYPE_MOUNT_NAMESPACE, NULL);
  const SentryMountPlan plan = { .root_fd = -1, .keep_fd = -1 };
  SentryFilesystem *tmpfs = g_object_new (SENTRY_TYPE_TMPFS_FILESYSTEM, NULL);
  GError *error = NULL;
  TwinSide *side;
  TwinAnswer answer;
  SentryWalk walk = { 0 };

  sentry_mount_namespace_ops (ns)->add_filesystem (ns, tmpfs);
  g_object_unref (tmpfs);
  sentry_mount_namespace_populate (ns, NULL, &plan, &error);
  g_assert_no_error (error);
  side = twin_side_new (ns);
  twin_side_call (side, &(TwinCall){ TWIN_MKDIR, "/t", .mode = 0755 }, &answer);
  walk.cred = twin_side_cred (side);
  sentry_mount_namespace_ops (ns)->get_root (ns, &walk.root);
  g_assert_cmpint (
      sentry_mount_namespace_ops (ns)->mount (ns, &walk, "none", "/t", "tmpfs", 0, options), ==, 0);
  sentry_path_unref (&walk.root);
  *ret_ns = ns;
  return side;
}

static void
drop_side (TwinSide *side, SentryMountNamespace *ns)
{
  twin_side_free (side);
  sentry_mount_namespace_ops (ns)->destroy (ns);
  g_object_unref (ns);
}

static gint64
call (TwinSide *side, const TwinCall *c)
{
  TwinAnswer answer;

  twin_side_call (side, c, &answer);
  return answer.result;
}
#define CALL(side, ...) call (side, &(TwinCall){ __VA_ARGS__ })

static void
test_quota (void)
{
  SentryMountNamespace *ns;
  guint64 charged = sentry_charge_used ();
  TwinSide *s = new_side ("size=40k,nr_inodes=4", &ns);

  g_assert_cmpint (CALL (s, TWIN_WRITE, "/t/a", .flags = O_CREAT, .mode = 30000), ==, 30000);
  g_assert_cmpint (CALL (s, TWIN_WRITE, "/t/b", .flags = O_CREAT, .mode = 30000), ==, 8192);
  g_assert_cmpint (CALL (s, TWIN_WRITE, "/t/b", .mode = 1, .number = 9000), ==, -ENOSPC);
  g_assert_cmpint (CALL (s, TWIN_WRITE, "/t/b", .mode = 1, .number = 100), ==, 1);
  g_assert_cmpint (CALL (s, TWIN_FALLOCATE, "/t/b", .number = 9000, .mode = 10), ==, -ENOSPC);
  /* Mapped, it still counts. */
  g_assert_cmpint (CALL (s, TWIN_MMAP_WRITE, "/t/a", .number = 1, .mode = 'x'), ==, 0);
  g_assert_cmpint (CALL (s, TWIN_WRITE, "/t/a", .mode = 1, .number = 40000), ==, -ENOSPC);
  g_assert_cmpint (CALL (s, TWIN_UNLINK, "/t/a"), ==, 0);
  g_assert_cmpint (CALL (s, TWIN_WRITE, "/t/b", .mode = 1, .number = 9000), ==, 1);
  g_assert_cmpint (CALL (s, TWIN_MKDIR, "/t/c", .mode = 0755), ==, 0);
  g_assert_cmpint (CALL (s, TWIN_MKDIR, "/t/d", .mode = 0755), ==, 0);
  g_assert_cmpint (CALL (s, TWIN_MKDIR, "/t/e", .mode = 0755), ==, -ENOSPC);
  g_assert_cmpint (CALL (s, TWIN_RMDIR, "/t/d"), ==, 0);
  g_assert_cmpint (CALL (s, TWIN_SYMLINK, "x", "/t/e"), ==, 0);
  drop_side (s, ns);
  g_assert_cmpuint (sentry_charge_used (), ==, charged);
}

/* Many levels deep: nothing may recurse. */
static void
test_deep_tree (void)
{
  SentryMountNamespace *ns;
  guint64 charged = sentry_charge_used ();
  TwinSide *s = new_side (NULL, &ns);

  g_assert_cmpint (CALL (s, TWIN_CHDIR, "/t"), ==, 0);
  for (int i = 0; i < 100000; i++)
    {
      g_assert_cmpint (CALL (s, TWIN_MKDIR, "d", .mode = 0755), ==, 0);
      g_assert_cmpint (CALL (s, TWIN_CHDIR, "d"), ==, 0);
    }
  g_assert_cmpint (CALL (s, TWIN_CHDIR, "/"), ==, 0);
  g_assert_cmpint (CALL (s, TWIN_UMOUNT, "/t"), ==, 0);
  drop_side (s, ns);
  g_assert_cmpuint (sentry_charge_used (), ==, charged);
}

/* More names than the cache keeps: the old ones go, and come back from the file system. */
static void
test_many_names (void)
{
  SentryMountNamespace *ns;
  guint64 charged = sentry_charge_used ();
  TwinSide *s = new_side ("nr_inodes=0,size=0", &ns);
  TwinCall c = { TWIN_OPEN, .flags = O_CREAT | O_WRONLY, .mode = 0644 };
  TwinAnswer answer;

  for (int i = 0; i < 150000; i++)
    {
      g_snprintf (c.a, sizeof c.a, "/t/some-name-%d", i);
      twin_side_call (s, &c, &answer);
      g_assert_cmpint (answer.result, ==, 0);
      g_assert_cmpuint (sentry_fs_dcache_size (sentry_fs_mount_namespace (ns)->vfs->cache), <,
                        SENTRY_FS_MAX_DENTRIES + 64);
    }
  c.kind = TWIN_STAT;
  c.flags = 0;
  for (int i = 0; i < 150000; i += 11)
    {
      g_snprintf (c.a, sizeof c.a, "/t/some-name-%d", i);
      twin_side_call (s, &c, &answer);
      g_assert_cmpint (answer.result, ==, 0);
    }
  drop_side (s, ns);
  g_assert_cmpuint (sentry_charge_used (), ==, charged);
}

static void
test_memory_bound (void)
{
  SentryMountNamespace *ns;
  TwinSide *s = new_side (NULL, &ns);

  sentry_charge_set_bound (sentry_charge_used () + 100000);
  g_assert_cmpint (CALL (s, TWIN_WRITE, "/t/a", .flags = O_CREAT, .mode = 200000), <, 100000);
  g_assert_cmpint (CALL (s, TWIN_WRITE, "/t/a", .flags = O_APPEND, .mode = 10000), ==, -ENOSPC);
  sentry_charge_set_bound (0);
  g_assert_cmpint (CALL (s, TWIN_WRITE, "/t/a", .flags = O_APPEND, .mode = 10000), ==, 10000);
  drop_side (s, ns);
}

static void
test_options (void)
{
  static const struct
  {
    const char *options;
    int result;
  } cases[] = { { "size=1M,mode=0700,uid=5,gid=6", 0 },
                { "size=50%", 0 },
                { "", 0 },
                { "nr_blocks=10,nr_inodes=1k", 0 },
                { "huge=always,mpol=default", 0 },
                { "size=x", -EINVAL },
                { "size=1Q", -EINVAL },
                { "mode=9", -EINVAL },
                { "uid=-1", -EINVAL },
                { "bogus", -EINVAL },
                { "bogus=1", -EINVAL },
                { "size=99999999999999999999t", -EINVAL } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SentryMountRequest req = { .host_fd = -1, .options = cases[i].options };
      g_autoptr (GString) shown = g_string_new (NULL);
      SentrySuperBlock *sb;
      int r = sentry_tmpfs_mount (&req, "tmpfs", &sb);

      g_assert_cmpint (r, ==, cases[i].result);
      if (r < 0)
        continue;
      sb->ops->show_options (sb, shown);
      if (i == 0)
        g_assert_cmpstr (shown->str, ==, ",size=1024k,mode=700,uid=5,gid=6");
      if (i == 2)
        g_assert_cmpstr (shown->str, ==, "");
      sb->ops->kill (sb);
      sentry_super_block_unref (sb);
    }
}

static const struct
{
  const char *name;
  TwinTest test;
} tests[] = {
  { "bytes", test_bytes },         { "holes", test_holes }, { "mapped", test_mapped },
  { "xattrs", test_xattrs },       { "times", test_times }, { "listing", test_listing },
  { "random-calls", test_random },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strdup_printf ("/sentry/fs/tmpfs/%s", tests[i].name);
      g_test_add_data_func (path, &tests[i].test, run);
    }
  g_test_add_func ("/sentry/fs/tmpfs/quota", test_quota);
  g_test_add_func ("/sentry/fs/tmpfs/memory-bound", test_memory_bound);
  g_test_add_func ("/sentry/fs/tmpfs/options", test_options);
  g_test_add_func ("/sentry/fs/tmpfs/deep-tree", test_deep_tree);
  g_test_add_func ("/sentry/fs/tmpfs/many-names", test_many_names);
  return g_test_run ();
}
