/* A plugin's `.plugin` key file, read and checked. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugin/plugin-key-file.h"
#include "plugin/plugin-host.h"
#include "plugin/plugin-kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "Plugin"

#define refuse(error, code, ...)                                                                   \
  g_set_error (error, SENTRY_PLUGIN_ERROR, SENTRY_PLUGIN_ERROR_##code, __VA_ARGS__)

/* Its own reader, not g_key_file_load_from_file: one open, bounded, and the file that was checked
 * is the one read. */
static char *
read_text (const char *path, gsize *ret_len, GError **error)
{
  g_autofree char *text = g_malloc (SENTRY_PLUGIN_KEY_FILE_MAX + 1);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat st;
  ssize_t n = -1;
  int saved;

  if (fd >= 0 && fstat (fd, &st) == 0)
    n = read (fd, text, SENTRY_PLUGIN_KEY_FILE_MAX + 1);
  saved = errno;
  if (fd >= 0)
    close (fd);
  if (n < 0)
    refuse (error, KEY_FILE, "its key file can't be read: %s", g_strerror (saved));
  else if (st.st_mode & S_IWOTH)
    refuse (error, KEY_FILE, "its key file can be written by everyone");
  else if (n > SENTRY_PLUGIN_KEY_FILE_MAX)
    refuse (error, KEY_FILE, "its key file is longer than %d bytes", SENTRY_PLUGIN_KEY_FILE_MAX);
  else
    {
      *ret_len = (gsize) n;
      return g_steal_pointer (&text);
    }
  return NULL;
}

static GKeyFile *
parse (const char *path, GError **error)
{
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  gsize len;
  g_autofree char *text = read_text (path, &len, error);

  if (text == NULL)
    return NULL;
  if (!g_key_file_load_from_data (key_file, text, len, G_KEY_FILE_NONE, &local))
    refuse (error, KEY_FILE, "its key file isn't one: %s", local->message);
  else if (!g_key_file_has_group (key_file, GROUP))
    refuse (error, KEY_FILE, "its key file has no [" GROUP "] group");
  else
    return g_steal_pointer (&key_file);
  return NULL;
}

/* FALSE with an error when the key is there and isn't an integer, or is missing. */
static gboolean
get_integer (GKeyFile *key_file, const char *key, int *ret_value, GError **error)
{
  g_autofree char *text = g_key_file_get_value (key_file, GROUP, key, NULL);
  gint64 value;

  if (text == NULL)
    {
      refuse (error, KEY_FILE, "its key file lacks %s=", key);
      return FALSE;
    }
  if (!g_ascii_string_to_signed (text, 10, -1000000, 1000000, &value, NULL))
    {
      refuse (error, KEY_FILE, "%s= in its key file is '%s', not a number", key, text);
      return FALSE;
    }
  *ret_value = (int) value;
  return TRUE;
}

static gboolean
is_name (const char *s)
{
  return *s != '\0' && strlen (s) <= 64
         && strspn (s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen (s);
}

static void
provides_free (gpointer data)
{
  SentryPluginProvides *p = data;

  g_free (p->kind);
  g_free (p->name);
  g_free (p);
}

static gboolean
parse_provides (GKeyFile *key_file, GPtrArray *provides, GError **error)
{
  gsize n = 0;
  g_auto (GStrv) items
      = g_key_file_get_string_list (key_file, GROUP, "X-Sentry-Provides", &n, NULL);

  if (n == 0 || n > SENTRY_PLUGIN_PROVIDES_MAX)
    {
      refuse (error, KEY_FILE, "X-Sentry-Provides= in its key file must list 1 to %d things",
              SENTRY_PLUGIN_PROVIDES_MAX);
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    {
      g_auto (GStrv) parts = g_strsplit (g_strstrip (items[i]), ":", 2);
      SentryPluginProvides *p;

      if (g_strv_length (parts) != 2 || !is_name (parts[1])
          || sentry_plugin_kind_interface (parts[0]) == G_TYPE_INVALID)
        {
          refuse (error, KEY_FILE,
                  "its key file says that it provides '%s', which isn't KIND:NAME of a known kind",
                  items[i]);
          return FALSE;
        }
      p = g_new0 (SentryPluginProvides, 1);
      p->kind = g_strdup (parts[0]);
      p->name = g_strdup (parts[1]);
      g_ptr_array_add (provides, p);
    }
  return TRUE;
}

static gboolean
check_abi (GKeyFile *key_file, GError **error)
{
  int abi;

  if (!get_integer (key_file, "X-Sentry-ABI", &abi, error))
    return FALSE;
  if (abi == SENTRY_PLUGIN_ABI)
    return TRUE;
  refuse (error, ABI, "its key file says ABI %d, this sentry has ABI %d", abi, SENTRY_PLUGIN_ABI);
  return FALSE;
}

/* libpeas would read these keys too: nothing that makes it start another loader may pass. */
static gboolean
check_loader (GKeyFile *key_file, GError **error)
{
  g_autofree char *loader = g_key_file_get_string (key_file, GROUP, "Loader", NULL);

  if (loader != NULL && !g_str_equal (loader, "C") && !g_str_equal (loader, "c"))
    {
      refuse (error, KEY_FILE, "its key file asks for the loader '%s', only C modules are loaded",
              loader);
      return FALSE;
    }
  if (g_key_file_has_key (key_file, GROUP, "Embedded", NULL))
    {
      refuse (error, KEY_FILE, "its key file has Embedded=, which a module can't be");
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_module (const char *module, GError **error)
{
  if (module == NULL)
    refuse (error, KEY_FILE, "its key file lacks Module=");
  else if (!is_name (module))
    refuse (error, KEY_FILE, "Module= in its key file is '%s', not a plain name", module);
  else
    return TRUE;
  return FALSE;
}

SentryPluginKeyFile *
sentry_plugin_key_file_read (const char *path, GError **error)
{
  g_autoptr (GKeyFile) key_file = parse (path, error);
  g_autoptr (SentryPluginKeyFile) k = NULL;

  if (key_file == NULL || !check_abi (key_file, error) || !check_loader (key_file, error))
    return NULL;
  k = g_new0 (SentryPluginKeyFile, 1);
  k->provides = g_ptr_array_new_with_free_func (provides_free);
  k->module = g_key_file_get_string (key_file, GROUP, "Module", NULL);
  k->name = g_key_file_get_string (key_file, GROUP, "Name", NULL);
  k->description = g_key_file_get_string (key_file, GROUP, "Description", NULL);
  k->depends = g_key_file_get_string_list (key_file, GROUP, "Depends", NULL, NULL);
  if (k->depends == NULL)
    k->depends = g_new0 (char *, 1);
  if (k->name == NULL)
    {
      refuse (error, KEY_FILE, "its key file lacks Name=");
      return NULL;
    }
  if (!check_module (k->module, error) || !get_integer (key_file, "X-Sentry-Rank", &k->rank, error)
      || !parse_provides (key_file, k->provides, error))
    return NULL;
  return g_steal_pointer (&k);
}

void
sentry_plugin_key_file_free (SentryPluginKeyFile *k)
{
  g_free (k->module);
  g_free (k->name);
  g_free (k->description);
  g_strfreev (k->depends);
  g_ptr_array_unref (k->provides);
  g_free (k);
}
