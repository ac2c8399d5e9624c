/* Random changes of an overlay and of a plain directory beside it, which must look the same
 * afterwards: the host's file system is
 * the model. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay-fixture.h"

typedef struct
{
  OverlayFixture f;
  SentrySuperBlock *model;
  GRand *rnd;
  gboolean links; /* hard links are made, too */
  guint step;
} World;

static const char tree[] = "mkdir -p a/b/c a/d b/a c && for i in a a/b a/b/c b c; do echo $i > "
                           "$i/x; echo y$i > $i/y; done && "
                           "ln -s x a/l && mkfifo b/f && echo top > x";
static const char links[] = " && ln a/x a/b/h && ln a/x b/h && ln c/y c/z";

static char *
random_path (World *w)
{
  static const char *const names[] = { "a", "b", "c", "d", "x", "y", "h", "l", "z" };
  GString *path = g_string_new (NULL);
  guint depth = (guint) g_rand_int_range (w->rnd, 1, 4);

  for (guint i = 0; i < depth; i++)
    g_string_append_printf (path, "%s%s", i > 0 ? "/" : "",
                            names[g_rand_int_range (w->rnd, 0, i + 1 == depth ? 9 : 4)]);
  return g_string_free (path, FALSE);
}

static int
act (World *w, SentrySuperBlock *sb, guint what, const char *a, const char *b, guint n)
{
  SentrySetAttr size = { .valid = SENTRY_SET_SIZE, .size = n % 20 };
  g_autofree char *text = g_strdup_printf ("text %u", n);

  switch (what)
    {
    case 0:
      return fs_create (sb, a, 0600 + n % 64);
    case 1:
      return fs_mkdir (sb, a, 0700 + n % 64);
    case 2:
      return fs_symlink (sb, a, b);
    case 3:
      return w->links ? fs_link (sb, a, b) : 0;
    case 4:
      return fs_unlink (sb, a);
    case 5:
      return fs_rmdir (sb, a);
    case 6:
    case 7:
      return fs_rename (sb, a, b, 0);
    case 8:
      return fs_rename (sb, a, b, n % 2 ? RENAME_EXCHANGE : RENAME_NOREPLACE);
    case 9:
      return fs_chmod (sb, a, 0700 + n % 64);
    case 10:
      return fs_setattr (sb, a, &size);
    case 11:
      return fs_mknod (sb, a, S_IFIFO | 0600);
    default:
      return fs_write (sb, a, text);
    }
}

/* Links can't be chmodded, directories and FIFOs not written: the mount namespace keeps such calls
 * away. */
static gboolean
makes_sense (World *w, guint what, const char *a)
{
  SentryAttr attr;

  if (what < 9 || what == 11 || fs_getattr (w->model, a, &attr) < 0)
    return TRUE;
  return what == 9 ? !S_ISLNK (attr.mode) : S_ISREG (attr.mode);
}

static void compare_dirs (World *w, const char *path);

static void
compare_entry (World *w, const char *path, guint8 type, guint64 d_ino)
{
  SentryAttr o, m;

  g_assert_cmpint (fs_getattr (w->f.sb, path, &o), ==, 0);
  g_assert_cmpint (fs_getattr (w->model, path, &m), ==, 0);
  g_assert_cmpuint (o.ino, ==, d_ino);
  if (!S_ISLNK (m.mode))
    g_assert_cmpuint (o.mode, ==, m.mode);
  g_assert_cmpuint (o.nlink, ==, m.nlink);
  if (S_ISREG (m.mode))
    {
      g_autofree char *ot = fs_read (w->f.sb, path), *mt = fs_read (w->model, path);
      g_assert_cmpstr (ot, ==, mt);
    }
  else if (S_ISLNK (m.mode))
    {
      g_autofree char *ot = NULL, *mt = NULL;
      g_assert_cmpint (fs_readlink (w->f.sb, path, &ot), ==, 0);
      g_assert_cmpint (fs_readlink (w->model, path, &mt), ==, 0);
      g_assert_cmpstr (ot, ==, mt);
    }
  else if (S_ISDIR (m.mode))
    compare_dirs (w, path);
}

static void
compare_dirs (World *w, const char *path)
{
  g_autofree char *o = fs_names (w->f.sb, path), *m = fs_names (w->model, path);
  g_autoptr (GPtrArray) entries = fs_list (w->f.sb, path);

  if (strcmp (o, m) != 0)
    g_error ("step %u: '%s' has '%s', not '%s'", w->step, path, o, m);
  for (guint i = 0; i < entries->len; i++)
    {
      const FsEntry *e = entries->pdata[i];
      g_autofree char *child
          = *path == '\0' ? g_strdup (e->name) : g_strconcat (path, "/", e->name, NULL);
      if (strcmp (e->name, ".") != 0 && strcmp (e->name, "..") != 0)
        compare_entry (w, child, e->type, e->ino);
    }
}

static void
take_steps (World *w, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      guint what = (guint) g_rand_int_range (w->rnd, 0, 14), number = g_rand_int (w->rnd) & 0xffff;
      g_autofree char *a = random_path (w), *b = random_path (w);
      int o, m;

      w->step++;
      if (!makes_sense (w, what, a))
        continue;
      m = act (w, w->model, what, a, b, number);
      o = act (w, w->f.sb, what, a, b, number);
      if (o != m)
        g_error ("step %u: %u of %s, %s (%u): overlay %d, model %d", w->step, what, a, b, number, o,
                 m);
      if (i % 10 == 0)
        compare_dirs (w, "");
    }
}

static void
run (guint32 seed, gboolean with_links)
{
  g_autofree char *script = g_strconcat (tree, with_links ? links : "", NULL),
                  *model_dir = fs_temp_dir ();
  World w = { .links = with_links, .rnd = g_rand_new_with_seed (seed) };
  g_autofree char *copy = NULL, *before = NULL, *after = NULL;

  overlay_fixture_init (&w.f, script);
  copy = g_strdup_printf ("cp -a '%s/.' '%s'", w.f.lower_dir, model_dir);
  g_assert_cmpint (system (copy), ==, 0);
  w.model = fs_mount_host (model_dir, FALSE, FALSE);
  before = overlay_fixture_sum (w.f.lower_dir);
  take_steps (&w, 400);
  compare_dirs (&w, "");
  /* Which names are one file isn't kept beyond a mount. */
  if (!with_links)
    {
      overlay_fixture_remount (&w.f);
      compare_dirs (&w, "");
      take_steps (&w, 200);
      compare_dirs (&w, "");
    }
  after = overlay_fixture_sum (w.f.lower_dir);
  g_assert_cmpstr (before, ==, after);
  sentry_super_block_unref (w.model);
  overlay_fixture_clear (&w.f);
  g_rand_free (w.rnd);
}

static void
test_random (gconstpointer data)
{
  for (guint i = 0; i < 12; i++)
    {
      guint32 seed = (guint32) g_test_rand_int ();
      g_test_message ("seed %u", seed);
      run (seed, GPOINTER_TO_INT (data));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sentry/fs/overlay/behaves-as-a-plain-directory", GINT_TO_POINTER (FALSE),
                        test_random);
  g_test_add_data_func ("/sentry/fs/overlay/behaves-as-a-plain-directory-with-hard-links",
                        GINT_TO_POINTER (TRUE), test_random);
  return g_test_run ();
}
