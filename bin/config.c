/* The configuration files: each option as a key. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define GROUP "sentry"

static const SentryOption *
find_key (const char *key, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *near;

  for (const SentryOption *o = sentry_options; o->name != NULL; o++)
    {
      if (o->command_line_only)
        continue;
      if (g_str_equal (o->name, key))
        return o;
      if (o->help != NULL)
        g_ptr_array_add (names, (gpointer) o->name);
    }
  g_ptr_array_add (names, NULL);
  near = sentry_suggest (key, (const char *const *) names->pdata);
  if (near != NULL)
    usage_error (error, "unknown key; did you mean %s?", near);
  else
    usage_error (error, "unknown key");
  return NULL;
}

/* A key that may be given several times on the command line is a list here. */
static gboolean
apply_list (SentryCommand *c, const SentryOption *o, GKeyFile *file, GError **error)
{
  g_auto (GStrv) values = g_key_file_get_string_list (file, GROUP, o->name, NULL, error);

  if (values == NULL)
    return FALSE;
  for (char **v = values; *v != NULL; v++)
    if (!o->apply (c, *v, error))
      return FALSE;
  return TRUE;
}

static gboolean
apply_switch (SentryCommand *c, const SentryOption *o, GKeyFile *file, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean on = g_key_file_get_boolean (file, GROUP, o->name, &local);

  if (local != NULL)
    {
      usage_error (error, "is neither true nor false");
      return FALSE;
    }
  return !on || o->apply (c, NULL, error);
}

static gboolean
is_list (const char *name)
{
  static const char *const lists[]
      = { "plugin-dir", "bind", "tmpfs", "hide", "env", "limit", NULL };

  return g_strv_contains (lists, name);
}

static gboolean
apply_key (SentryCommand *c, const char *key, GKeyFile *file, GError **error)
{
  const SentryOption *o = find_key (key, error);
  g_autofree char *value = NULL;

  if (o == NULL)
    return FALSE;
  if (o->value == NULL)
    return apply_switch (c, o, file, error);
  if (is_list (o->name))
    return apply_list (c, o, file, error);
  value = g_key_file_get_string (file, GROUP, key, error);
  return value != NULL && o->apply (c, value, error);
}

static gboolean
apply_file (SentryCommand *c, const char *path, GKeyFile *file, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  g_auto (GStrv) keys = g_key_file_get_keys (file, GROUP, NULL, NULL);

  for (char **g = groups; *g != NULL; g++)
    if (!g_str_equal (*g, GROUP))
      {
        usage_error (error, "%s: unknown group [%s]; every key belongs into [" GROUP "]", path, *g);
        return FALSE;
      }
  for (char **key = keys; key != NULL && *key != NULL; key++)
    if (!apply_key (c, *key, file, error))
      {
        g_prefix_error (error, "%s: %s: ", path, *key);
        return FALSE;
      }
  return TRUE;
}

/* A file of the search path may be missing; one that was asked for must be there. */
static gboolean
read_file (SentryCommand *c, const char *path, gboolean required, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;
  gsize len;

  if (access (path, R_OK) != 0)
    {
      if (!required && errno == ENOENT)
        return TRUE;
      usage_error (error, "--config: %s: %s", path, g_strerror (errno));
      return FALSE;
    }
  if (!g_file_get_contents (path, &text, &len, &local))
    {
      usage_error (error, "--config: %s", local->message);
      return FALSE;
    }
  if (len > 0 && !g_key_file_load_from_data (file, text, len, G_KEY_FILE_NONE, &local))
    {
      usage_error (error, "%s: %s", path, local->message);
      return FALSE;
    }
  return apply_file (c, path, file, error);
}

/* The home directory is the one of the user database: the environment can't bring in a file that
 * names plugins. */
gboolean
sentry_config_read (SentryCommand *c, const char *path, GError **error)
{
  struct passwd *pw;
  g_autofree char *own = NULL;

  if (path != NULL)
    return read_file (c, path, TRUE, error);
  if (!read_file (c, SENTRY_SYSCONFDIR "/sentry/sentry.conf", FALSE, error))
    return FALSE;
  pw = getpwuid (getuid ());
  if (pw == NULL || pw->pw_dir == NULL || *pw->pw_dir != '/')
    return TRUE;
  own = g_build_filename (pw->pw_dir, ".config", "sentry", "sentry.conf", NULL);
  return access (own, F_OK) != 0 || read_file (c, own, FALSE, error);
}
