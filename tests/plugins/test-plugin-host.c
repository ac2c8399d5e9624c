/* The plugin host: good plugins work, each kind of broken one is refused with its one sentence.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-filesystem.h"
#include "plugin/plugin-host.h"
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_GNUC_INTERNAL extern const SentryPluginDescriptor sentry_plugin_good;

#define HEAD "[Plugin]\nName=For tests\nX-Sentry-ABI=1\nX-Sentry-Rank=10\n"

G_STATIC_ASSERT (SENTRY_PLUGIN_ABI == 1); /* the sentences below carry the number */

/* One plugin folder: the module of tests/plugins/broken that it holds, its key file, and why it is
 * refused. */
typedef struct
{
  const char *name;
  const char *module; /* NULL: none */
  const char *key_file;
  const char *refusal; /* %s: the path of its module; NULL: works */
  SentryPluginError code;
} Case;

static const Case cases[] = {
  { "good", "broken-good",
    HEAD "Module=broken-good\nDescription=nothing wrong\n"
         "X-Sentry-Provides=filesystem:good;filesystem:better\n",
    NULL, 0 },
  { "key-abi", "broken-good",
    "[Plugin]\nModule=broken-good\nX-Sentry-ABI=2\nX-Sentry-Rank=1\nX-Sentry-Provides=filesystem:"
    "good\n",
    "plugin key-abi: its key file says ABI 2, this sentry has ABI 1", SENTRY_PLUGIN_ERROR_ABI },
  { "module-abi", "broken-wrong-abi",
    HEAD "Module=broken-wrong-abi\nX-Sentry-Provides=filesystem:wrong-abi\n",
    "plugin module-abi: its module was built for ABI 4711, this sentry has ABI 1",
    SENTRY_PLUGIN_ERROR_ABI },
  { "missing-symbol", "broken-missing-symbol",
    HEAD "Module=broken-missing-symbol\nX-Sentry-Provides=filesystem:missing-symbol\n",
    "plugin missing-symbol: its module can't be loaded: undefined symbol: sentry_no_such_function",
    SENTRY_PLUGIN_ERROR_LOAD },
  { "missing-library", "broken-missing-library",
    HEAD "Module=broken-missing-library\nX-Sentry-Provides=filesystem:missing-library\n",
    "plugin missing-library: its module can't be loaded: libvanished-for-good.so.7: cannot open "
    "shared object "
    "file: No such file or directory",
    SENTRY_PLUGIN_ERROR_LOAD },
  { "missing-dependency", "broken-good",
    HEAD "Module=broken-good\nDepends=sentry-nowhere\nX-Sentry-Provides=filesystem:good;filesystem:"
         "better\n",
    "plugin missing-dependency: it depends on sentry-nowhere, which isn't there",
    SENTRY_PLUGIN_ERROR_DEPENDENCY },
  { "refused-dependency", "broken-good",
    HEAD "Module=broken-good\nDepends=broken-liar\nX-Sentry-Provides=filesystem:good;filesystem:"
         "better\n",
    "plugin refused-dependency: it depends on broken-liar, which is refused",
    SENTRY_PLUGIN_ERROR_DEPENDENCY },
  { "circle", "broken-circle",
    HEAD "Module=broken-circle\nDepends=broken-circle\nX-Sentry-Provides=filesystem:circle\n",
    "plugin circle: it and broken-circle depend on each other", SENTRY_PLUGIN_ERROR_DEPENDENCY },
  { "liar", "broken-liar", HEAD "Module=broken-liar\nX-Sentry-Provides=filesystem:liar\n",
    "plugin liar: it says that it provides filesystem:liar but its LiarThing doesn't implement "
    "SentryFilesystem",
    SENTRY_PLUGIN_ERROR_INTERFACE },
  { "boaster", "broken-good",
    HEAD
    "Module=broken-good\nX-Sentry-Provides=filesystem:good;filesystem:better;platform:ptrace\n",
    "plugin boaster: it says that it provides platform:ptrace but has no such thing",
    SENTRY_PLUGIN_ERROR_INTERFACE },
  { "secretive", "broken-good", HEAD "Module=broken-good\nX-Sentry-Provides=filesystem:good\n",
    "plugin secretive: it provides 2 things but its key file lists 1",
    SENTRY_PLUGIN_ERROR_INTERFACE },
  { "no-start", "broken-no-start",
    HEAD "Module=broken-no-start\nX-Sentry-Provides=filesystem:good;filesystem:better\n",
    "plugin no-start: it failed to start: the flux capacitor is missing",
    SENTRY_PLUGIN_ERROR_START },
  { "not-a-plugin", "broken-not-a-plugin",
    HEAD "Module=broken-not-a-plugin\nX-Sentry-Provides=filesystem:good\n",
    "plugin not-a-plugin: its module isn't a sentry plugin: it lacks SENTRY_PLUGIN_DEFINE",
    SENTRY_PLUGIN_ERROR_LOAD },
  { "no-module", NULL, HEAD "Module=broken-nowhere\nX-Sentry-Provides=filesystem:good\n",
    "plugin no-module: its module %s isn't there", SENTRY_PLUGIN_ERROR_LOAD },
  { "garbage", NULL, "\x7f\x45LF\n",
    "plugin garbage: its key file isn't one: Key file contains line “\x7f"
    "ELF” which is not a key-value pair, group, or comment",
    SENTRY_PLUGIN_ERROR_KEY_FILE },
  { "other-group", NULL, "[Desktop Entry]\nName=x\n",
    "plugin other-group: its key file has no [Plugin] group", SENTRY_PLUGIN_ERROR_KEY_FILE },
  { "no-abi", NULL, "[Plugin]\nModule=broken-good\n",
    "plugin no-abi: its key file lacks X-Sentry-ABI=", SENTRY_PLUGIN_ERROR_KEY_FILE },
  { "no-name", NULL, "[Plugin]\nModule=broken-good\nX-Sentry-ABI=1\n",
    "plugin no-name: its key file lacks Name=", SENTRY_PLUGIN_ERROR_KEY_FILE },
  { "bad-rank", NULL,
    "[Plugin]\nName=x\nModule=broken-good\nX-Sentry-ABI=1\nX-Sentry-Rank=high\nX-Sentry-Provides="
    "filesystem:good\n",
    "plugin bad-rank: X-Sentry-Rank= in its key file is 'high', not a number",
    SENTRY_PLUGIN_ERROR_KEY_FILE },
  { "no-provides", NULL, HEAD "Module=broken-good\n",
    "plugin no-provides: X-Sentry-Provides= in its key file must list 1 to 64 things",
    SENTRY_PLUGIN_ERROR_KEY_FILE },
  { "bad-kind", NULL, HEAD "Module=broken-good\nX-Sentry-Provides=teapot:short\n",
    "plugin bad-kind: its key file says that it provides 'teapot:short', which isn't KIND:NAME of "
    "a known kind",
    SENTRY_PLUGIN_ERROR_KEY_FILE },
  { "bad-module", NULL, HEAD "Module=../../evil\nX-Sentry-Provides=filesystem:good\n",
    "plugin bad-module: Module= in its key file is '../../evil', not a plain name",
    SENTRY_PLUGIN_ERROR_KEY_FILE },
  { "python", NULL, HEAD "Module=broken-good\nLoader=python3\nX-Sentry-Provides=filesystem:good\n",
    "plugin python: its key file asks for the loader 'python3', only C modules are loaded",
    SENTRY_PLUGIN_ERROR_KEY_FILE },
};

typedef struct
{
  char *folder;
  SentryPluginHost *host;
} Fixture;

static char *
module_path (const Case *c, const char *folder)
{
  g_autofree char *dir = g_build_filename (folder, c->name, NULL);

  return g_module_build_path (dir, c->module != NULL ? c->module : "broken-nowhere");
}

static void
lay_out (const Case *c, const char *folder)
{
  g_autofree char *key_name = g_strconcat (c->name, ".plugin", NULL);
  g_autofree char *key_path = g_build_filename (folder, c->name, key_name, NULL);
  g_autofree char *dir = g_path_get_dirname (key_path);
  g_autofree char *built = g_test_build_filename (G_TEST_BUILT, "plugins", "broken", NULL);
  g_autofree char *from = NULL;
  g_autofree char *to = module_path (c, folder);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (dir, 0755), ==, 0);
  g_file_set_contents (key_path, c->key_file, -1, &error);
  g_assert_no_error (error);
  if (c->module == NULL)
    return;
  from = g_module_build_path (built, c->module);
  g_assert_cmpint (symlink (from, to), ==, 0);
}

static void
set_up (Fixture *f, gconstpointer only)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("sentry-plugins-XXXXXX", &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (only == NULL || g_str_equal (only, cases[i].name) || g_str_equal ("good", cases[i].name)
        || g_str_equal ("liar", cases[i].name))
      lay_out (&cases[i], f->folder);
  f->host = sentry_plugin_host_new ();
  sentry_plugin_host_add_folder (f->host, f->folder, &error);
  g_assert_no_error (error);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (!g_file_test (child, G_FILE_TEST_IS_SYMLINK) && g_file_test (child, G_FILE_TEST_IS_DIR))
        remove_tree (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->host);
  remove_tree (f->folder);
  g_free (f->folder);
}

static SentryPlugin *
find (SentryPluginHost *host, const char *name)
{
  g_autoptr (GPtrArray) list = sentry_plugin_host_list (host);

  for (guint i = 0; i < list->len; i++)
    if (g_str_equal (sentry_plugin_get_name (g_ptr_array_index (list, i)), name))
      return g_ptr_array_index (list, i);
  g_assert_not_reached ();
}

static void
check_case (Fixture *f, const Case *c)
{
  SentryPlugin *p = find (f->host, c->name);
  g_autoptr (GError) error = NULL;
  gboolean loaded = sentry_plugin_host_load (f->host, p, &error);
  g_autofree char *path = module_path (c, f->folder);
  g_autofree char *expected = NULL;

  if (c->refusal == NULL)
    {
      g_assert_no_error (error);
      g_assert_true (loaded);
      return;
    }
  expected = strstr (c->refusal, "%s") != NULL ? g_strdup_printf (c->refusal, path)
                                               : g_strdup (c->refusal);
  if (loaded)
    g_error ("%s: not refused", c->name);
  g_assert_error (error, SENTRY_PLUGIN_ERROR, (int) c->code);
  g_assert_cmpstr (error->message, ==, expected);
  g_assert_cmpstr (sentry_plugin_get_refusal (p)->message, ==, expected);
}

/* Each case beside a good plugin, in a process of its own host: the good one still works
 * afterwards. */
static void
test_case (Fixture *f, gconstpointer name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) fs = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (g_str_equal (cases[i].name, name))
      check_case (f, &cases[i]);
  fs = sentry_plugin_host_create (f->host, "filesystem", "good", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sentry_filesystem_get_name (SENTRY_FILESYSTEM (fs)), ==, "good");
}

/* All of them in one folder. */
static void
test_all_together (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) fs = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (!g_str_equal (cases[i].name, "refused-dependency")
        && !g_str_equal (cases[i].name, "missing-dependency"))
      check_case (f, &cases[i]);
  fs = sentry_plugin_host_create (f->host, "filesystem", "better", &error);
  g_assert_no_error (error);
  g_assert_true (SENTRY_IS_FILESYSTEM (fs));
}

static void
test_unknown_name (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sentry_plugin_host_create (f->host, "filesystem", "ugly", &error));
  g_assert_error (error, SENTRY_PLUGIN_ERROR, SENTRY_PLUGIN_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "no plugin provides filesystem:ugly");
}

/* When the only provider is refused, asking for what it provides tells why. */
static void
test_create_from_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sentry_plugin_host_create (f->host, "filesystem", "liar", &error));
  g_assert_error (error, SENTRY_PLUGIN_ERROR, SENTRY_PLUGIN_ERROR_INTERFACE);
}

static void
test_key_file_is_directory (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "dir", "dir.plugin", NULL);
  g_autoptr (SentryPluginHost) host = sentry_plugin_host_new ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
  sentry_plugin_host_add_folder (host, f->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sentry_plugin_get_refusal (find (host, "dir"))->message, ==,
                   "plugin dir: its key file can't be read: Is a directory");
}

static void
test_key_file_writable_by_everyone (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "good", "good.plugin", NULL);
  g_autoptr (SentryPluginHost) host = sentry_plugin_host_new ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_chmod (path, 0666), ==, 0);
  sentry_plugin_host_add_folder (host, f->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sentry_plugin_get_refusal (find (host, "good"))->message, ==,
                   "plugin good: its key file can be written by everyone");
}

static void
test_folder_missing (void)
{
  g_autoptr (SentryPluginHost) host = sentry_plugin_host_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (sentry_plugin_host_add_folder (host, "/nonexistent/plugins", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* The embedded copy of the same source has the higher rank, so it provides "good"; the module stays
 * loadable. */
static void
test_rank_and_embedded (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GObject) fs = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;

  sentry_plugin_host_add_embedded (f->host, "built-in", 20, &sentry_plugin_good);
  list = sentry_plugin_host_list (f->host);
  g_assert_cmpstr (sentry_plugin_get_name (g_ptr_array_index (list, 0)), ==, "built-in");
  g_assert_null (sentry_plugin_get_folder (g_ptr_array_index (list, 0)));
  fs = sentry_plugin_host_create (f->host, "filesystem", "good", &error);
  g_assert_no_error (error);
  g_assert_true (SENTRY_IS_FILESYSTEM (fs));
  names = sentry_plugin_host_names (f->host, "filesystem");
  g_assert_cmpstr (names[0], ==, "good");
  g_assert_cmpstr (names[1], ==, "better");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/sentry/plugin/refused/%s", cases[i].name);

      g_test_add (path, Fixture, cases[i].name, set_up, test_case, tear_down);
    }
  g_test_add ("/sentry/plugin/all-together", Fixture, NULL, set_up, test_all_together, tear_down);
  g_test_add ("/sentry/plugin/unknown-name", Fixture, "good", set_up, test_unknown_name, tear_down);
  g_test_add ("/sentry/plugin/create-from-refused", Fixture, "liar", set_up,
              test_create_from_refused, tear_down);
  g_test_add ("/sentry/plugin/key-file-is-directory", Fixture, "good", set_up,
              test_key_file_is_directory, tear_down);
  g_test_add ("/sentry/plugin/key-file-writable-by-everyone", Fixture, "good", set_up,
              test_key_file_writable_by_everyone, tear_down);
  g_test_add_func ("/sentry/plugin/folder-missing", test_folder_missing);
  g_test_add ("/sentry/plugin/rank-and-embedded", Fixture, "good", set_up, test_rank_and_embedded,
              tear_down);
  return g_test_run ();
}
