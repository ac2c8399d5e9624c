/* Walks, renames, creation, removal, mounts and eviction at the same time. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/sentry-charge.h"
#include "plugins/fs/mount-namespace.h"
#include "plugins/fs/tmpfs.h"
#include "twin.h"

typedef struct
{
  SentryMountNamespace *ns;
  guint32 stop;  /* a */
  guint64 walks; /* a */
} Shared;

static SentryMountNamespace *
new_namespace (void)
{
  SentryMountNamespace *ns = g_object_new (SENTRY_FS_TYPE_MOUNT_NAMESPACE, NULL);
  const SentryMountPlan plan = { .root_fd = -1, .keep_fd = -1 };
  SentryFilesystem *tmpfs = g_object_new (SENTRY_TYPE_TMPFS_FILESYSTEM, NULL);
  GError *error = NULL;

  sentry_mount_namespace_ops (ns)->add_filesystem (ns, tmpfs);
  g_object_unref (tmpfs);
  sentry_mount_namespace_populate (ns, NULL, &plan, &error);
  g_assert_no_error (error);
  return ns;
}

static gint64
call (TwinSide *side, const TwinCall *c, TwinAnswer *ret_answer)
{
  TwinAnswer answer;

  twin_side_call (side, c, ret_answer != NULL ? ret_answer : &answer);
  return ret_answer != NULL ? ret_answer->result : answer.result;
}
#define CALL(side, ...) call (side, &(TwinCall){ __VA_ARGS__ }, NULL)

static gboolean
running (Shared *s)
{
  return !__atomic_load_n (&s->stop, __ATOMIC_RELAXED);
}

/* The file is always under one of two names, in one of two places: a look at all of them may miss
 * it, but what is found must be it; and the directory that never moves is always found. */
static gpointer
walker (gpointer data)
{
  Shared *s = data;
  TwinSide *side = twin_side_new (s->ns);

  while (running (s))
    {
      static const char *const names[]
          = { "/x/d/e/file", "/y/d/e/file", "/x/d2/e/file", "/x/d/e/../../d/e/file" };
      TwinAnswer answer;

      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        {
          TwinCall c = { TWIN_STAT };

          g_strlcpy (c.a, names[i], sizeof c.a);
          call (side, &c, &answer);
          g_assert_true (answer.result == 0 || answer.result == -ENOENT);
          if (answer.result == 0)
            g_assert_nonnull (strstr (answer.text, "size 12345"));
        }
      g_assert_cmpint (CALL (side, TWIN_STAT, "/fixed/a/b/c/d/e"), ==, 0);
      g_assert_cmpint (CALL (side, TWIN_STAT, "/fixed/link/d/e"), ==, 0);
      g_assert_cmpint (CALL (side, TWIN_STAT, "/fixed/a/none"), ==, -ENOENT);
      __atomic_fetch_add (&s->walks, 1, __ATOMIC_RELAXED);
    }
  twin_side_free (side);
  return NULL;
}

/* Names of a directory that moves are always ones that it has had. */
static gpointer
namer (gpointer data)
{
  Shared *s = data;
  TwinSide *side = twin_side_new (s->ns);
  TwinAnswer answer;

  while (CALL (side, TWIN_CHDIR, "/x/d/e") < 0)
    ;
  while (running (s))
    {
      call (side, &(TwinCall){ TWIN_GETCWD }, &answer);
      g_assert_cmpint (answer.result, >, 0);
      g_assert_true (strcmp (answer.text, "/x/d/e") == 0 || strcmp (answer.text, "/y/d/e") == 0
                     || strcmp (answer.text, "/x/d2/e") == 0
                     || strcmp (answer.text, "/y/d2/e") == 0);
    }
  twin_side_free (side);
  return NULL;
}

static gpointer
renamer (gpointer data)
{
  Shared *s = data;
  TwinSide *side = twin_side_new (s->ns);

  while (running (s))
    {
      CALL (side, TWIN_RENAME, "/x/d", "/y/d");
      CALL (side, TWIN_RENAME, "/y/d", "/x/d");
      CALL (side, TWIN_RENAME, "/x/d", "/x/d2");
      CALL (side, TWIN_RENAME, "/x/d2", "/x/d");
      CALL (side, TWIN_RENAME, "/x/swap1", "/y/swap2", .flags = 2);
    }
  twin_side_free (side);
  return NULL;
}

static gpointer
maker (gpointer data)
{
  Shared *s = data;
  TwinSide *side = twin_side_new (s->ns);

  while (running (s))
    {
      gint64 r = CALL (side, TWIN_OPEN, "/m/f", .flags = O_CREAT | O_RDWR, .mode = 0644);

      g_assert_true (r == 0 || r == -ENOENT || r == -EISDIR);
      r = CALL (side, TWIN_WRITE, "/m/f", .mode = 5000);
      g_assert_true (r == 5000 || r == -ENOENT || r == -EISDIR);
      r = CALL (side, TWIN_UNLINK, "/m/f");
      g_assert_true (r == 0 || r == -ENOENT || r == -EISDIR);
      r = CALL (side, TWIN_MKDIR, "/m/f", .mode = 0755);
      g_assert_true (r == 0 || r == -EEXIST || r == -ENOENT);
      r = CALL (side, TWIN_RMDIR, "/m/f");
      g_assert_true (r == 0 || r == -ENOENT || r == -ENOTDIR || r == -EBUSY);
      r = CALL (side, TWIN_LIST, "/m");
      g_assert_true (r == 0 || r == -ENOENT);
    }
  twin_side_free (side);
  return NULL;
}

static gpointer
mounter (gpointer data)
{
  Shared *s = data;
  TwinSide *side = twin_side_new (s->ns);

  while (running (s))
    {
      if (CALL (side, TWIN_MOUNT, "none", "/mnt", .mode = 1) == 0)
        {
          g_assert_cmpint (CALL (side, TWIN_MKDIR, "/mnt/inside", .mode = 0755), <=, 0);
          CALL (side, TWIN_UMOUNT, "/mnt");
          CALL (side, TWIN_UMOUNT, "/mnt", .flags = MNT_DETACH);
        }
      g_assert_true (CALL (side, TWIN_STAT, "/mnt/../fixed/a/b") == 0);
    }
  twin_side_free (side);
  return NULL;
}

static void
prepare (TwinSide *side)
{
  static const char *const dirs[] = {
    "/x",       "/y",       "/m",         "/mnt",         "/x/d",           "/x/d/e",
    "/fixed",   "/fixed/a", "/fixed/a/b", "/fixed/a/b/c", "/fixed/a/b/c/d", "/fixed/a/b/c/d/e",
    "/x/swap1", "/y/swap2"
  };

  for (guint i = 0; i < G_N_ELEMENTS (dirs); i++)
    {
      TwinCall c = { TWIN_MKDIR, .mode = 0755 };

      g_strlcpy (c.a, dirs[i], sizeof c.a);
      g_assert_cmpint (call (side, &c, NULL), ==, 0);
    }
  g_assert_cmpint (CALL (side, TWIN_SYMLINK, "../fixed/a/b/c", "/fixed/link"), ==, 0);
  g_assert_cmpint (CALL (side, TWIN_WRITE, "/x/d/e/file", .flags = O_CREAT, .mode = 12345), ==,
                   12345);
}

static void
run_threads (const GThreadFunc *functions, guint n, guint walks)
{
  guint64 charged = sentry_charge_used ();
  Shared s = { .ns = new_namespace () };
  TwinSide *side = twin_side_new (s.ns);
  GThread *threads[16];

  prepare (side);
  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("fs", functions[i], &s);
  while (__atomic_load_n (&s.walks, __ATOMIC_RELAXED) < walks)
    g_thread_yield ();
  __atomic_store_n (&s.stop, 1, __ATOMIC_RELAXED);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
  twin_side_free (side);
  sentry_mount_namespace_ops (s.ns)->destroy (s.ns);
  g_object_unref (s.ns);
  sentry_fs_epoch_reclaim ();
  g_assert_cmpuint (sentry_charge_used (), ==, charged);
}

static void
test_rename (void)
{
  static const GThreadFunc functions[] = { walker, walker, namer, renamer };

  run_threads (functions, G_N_ELEMENTS (functions), 60000);
}

static void
test_make (void)
{
  static const GThreadFunc functions[] = { walker, maker, maker, renamer };

  run_threads (functions, G_N_ELEMENTS (functions), 40000);
}

static void
test_mount (void)
{
  static const GThreadFunc functions[] = { walker, mounter, mounter, maker, renamer };

  run_threads (functions, G_N_ELEMENTS (functions), 20000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/fs/concurrency/walks-beside-renames", test_rename);
  g_test_add_func ("/sentry/fs/concurrency/walks-beside-making-and-removing", test_make);
  g_test_add_func ("/sentry/fs/concurrency/walks-beside-mounts", test_mount);
  return g_test_run ();
}
