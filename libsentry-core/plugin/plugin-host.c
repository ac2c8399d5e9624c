/* The plugin host: finds, checks, ranks and loads plugins, and makes the objects they provide.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugin/plugin-host.h"
#include "plugin/plugin-kinds.h"
#include "plugin/plugin-private.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>

struct _SentryPluginHost
{
  GObject parent_instance;
  GPtrArray *plugins; /* of SentryPlugin, sorted: rank, name */
  GObject *engine;    /* libpeas's, NULL until the first module is loaded */
};

G_DEFINE_FINAL_TYPE (SentryPluginHost, sentry_plugin_host, G_TYPE_OBJECT)
G_DEFINE_QUARK (sentry - plugin - error - quark, sentry_plugin_error)

#define refuse(error, code, ...)                                                                   \
  g_set_error (error, SENTRY_PLUGIN_ERROR, SENTRY_PLUGIN_ERROR_##code, __VA_ARGS__)

static void
plugin_free (gpointer data)
{
  SentryPlugin *p = data;

  g_free (p->name);
  g_free (p->folder);
  g_clear_pointer (&p->key_file, sentry_plugin_key_file_free);
  g_ptr_array_unref (p->provides);
  g_clear_error (&p->refusal);
  g_free (p);
}

static void
sentry_plugin_host_finalize (GObject *object)
{
  SentryPluginHost *self = SENTRY_PLUGIN_HOST (object);

  g_ptr_array_unref (self->plugins);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (sentry_plugin_host_parent_class)->finalize (object);
}

static void
sentry_plugin_host_class_init (SentryPluginHostClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sentry_plugin_host_finalize;
}

static void
sentry_plugin_host_init (SentryPluginHost *self)
{
  self->plugins = g_ptr_array_new_with_free_func (plugin_free);
}

SentryPluginHost *
sentry_plugin_host_new (void)
{
  return g_object_new (SENTRY_TYPE_PLUGIN_HOST, NULL);
}

/* A build tree marks its bin/ folder, so that an installed program never takes a stray ../plugins
 * for its own. */
char *
sentry_plugin_host_default_folder (GError **error)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", error);
  g_autofree char *bin = NULL;
  g_autofree char *mark = NULL;
  g_autofree char *folder = NULL;

  if (program == NULL)
    return NULL;
  bin = g_path_get_dirname (program);
  mark = g_build_filename (bin, "sentry-uninstalled", NULL);
  if (g_file_test (mark, G_FILE_TEST_IS_REGULAR))
    folder = g_build_filename (bin, "..", "plugins", NULL);
  else
    folder = g_build_filename (bin, SENTRY_PLUGINDIR_FROM_BINDIR, NULL);
  return g_canonicalize_filename (folder, "/");
}

static SentryPlugin *
find_plugin (SentryPluginHost *self, const char *name)
{
  for (guint i = 0; i < self->plugins->len; i++)
    {
      SentryPlugin *p = g_ptr_array_index (self->plugins, i);

      if (g_str_equal (p->name, name))
        return p;
    }
  return NULL;
}

static int
compare_plugins (gconstpointer a, gconstpointer b)
{
  const SentryPlugin *p = *(SentryPlugin *const *) a;
  const SentryPlugin *q = *(SentryPlugin *const *) b;

  if (p->rank != q->rank)
    return p->rank > q->rank ? -1 : 1;
  return strcmp (p->name, q->name);
}

/* Every refusal carries the plugin's name in front, so that it can be shown alone. */
static void
set_refused (SentryPlugin *p, GError *reason)
{
  p->state = SENTRY_PLUGIN_REFUSED;
  p->refusal = reason;
  g_prefix_error (&p->refusal, "plugin %s: ", p->name);
}

static void
add_found (SentryPluginHost *self, const char *folder, const char *name, const char *key_path)
{
  SentryPlugin *p = g_new0 (SentryPlugin, 1);
  GError *error = NULL;

  p->name = g_strdup (name);
  p->folder = g_build_filename (folder, name, NULL);
  p->key_file = sentry_plugin_key_file_read (key_path, &error);
  if (p->key_file == NULL)
    {
      p->provides = g_ptr_array_new ();
      set_refused (p, error);
    }
  else
    {
      p->provides = g_ptr_array_ref (p->key_file->provides);
      p->rank = p->key_file->rank;
    }
  g_ptr_array_add (self->plugins, p);
}

static gboolean
folder_failed (const char *folder, GError **error)
{
  int saved = errno;

  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (saved), "%s: %s", folder,
               g_strerror (saved));
  return FALSE;
}

gboolean
sentry_plugin_host_add_folder (SentryPluginHost *self, const char *folder, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (folder, NULL);
  DIR *dir = opendir (absolute);
  struct dirent *entry;

  if (dir == NULL)
    return folder_failed (absolute, error);
  while ((entry = readdir (dir)) != NULL)
    {
      g_autofree char *key_name = g_strconcat (entry->d_name, ".plugin", NULL);
      g_autofree char *key_path = g_build_filename (absolute, entry->d_name, key_name, NULL);

      if (*entry->d_name != '.' && g_file_test (key_path, G_FILE_TEST_EXISTS)
          && find_plugin (self, entry->d_name) == NULL)
        add_found (self, absolute, entry->d_name, key_path);
    }
  closedir (dir);
  g_ptr_array_sort (self->plugins, compare_plugins);
  return TRUE;
}

static void
provides_free (gpointer data)
{
  SentryPluginProvides *p = data;

  g_free (p->kind);
  g_free (p->name);
  g_free (p);
}

void
sentry_plugin_host_add_embedded (SentryPluginHost *self, const char *name, int rank,
                                 const SentryPluginDescriptor *descriptor)
{
  SentryPlugin *p = g_new0 (SentryPlugin, 1);

  g_assert (find_plugin (self, name) == NULL && descriptor->abi == SENTRY_PLUGIN_ABI);
  p->name = g_strdup (name);
  p->rank = rank;
  p->descriptor = descriptor;
  p->provides = g_ptr_array_new_with_free_func (provides_free);
  for (guint i = 0; i < descriptor->n_extensions; i++)
    {
      SentryPluginProvides *item = g_new0 (SentryPluginProvides, 1);

      item->kind = g_strdup (descriptor->extensions[i].kind);
      item->name = g_strdup (descriptor->extensions[i].name);
      g_ptr_array_add (p->provides, item);
    }
  g_ptr_array_add (self->plugins, p);
  g_ptr_array_sort (self->plugins, compare_plugins);
}

GPtrArray *
sentry_plugin_host_list (SentryPluginHost *self)
{
  GPtrArray *list = g_ptr_array_sized_new (self->plugins->len);

  for (guint i = 0; i < self->plugins->len; i++)
    g_ptr_array_add (list, g_ptr_array_index (self->plugins, i));
  return list;
}

static SentryPlugin *
find_module (SentryPluginHost *self, const char *module)
{
  for (guint i = 0; i < self->plugins->len; i++)
    {
      SentryPlugin *p = g_ptr_array_index (self->plugins, i);

      if (p->key_file != NULL && g_str_equal (p->key_file->module, module))
        return p;
    }
  return NULL;
}

static gboolean
load_dependencies (SentryPluginHost *self, SentryPlugin *plugin, GError **error)
{
  for (char **name = plugin->key_file->depends; *name != NULL; name++)
    {
      SentryPlugin *other = find_module (self, *name);

      if (other == NULL)
        refuse (error, DEPENDENCY, "it depends on %s, which isn't there", *name);
      else if (other->state == SENTRY_PLUGIN_LOADING)
        refuse (error, DEPENDENCY, "it and %s depend on each other", *name);
      else if (!sentry_plugin_host_load (self, other, NULL))
        refuse (error, DEPENDENCY, "it depends on %s, which is refused", *name);
      else
        continue;
      return FALSE;
    }
  return TRUE;
}

static gboolean
load (SentryPluginHost *self, SentryPlugin *p, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (p->folder == NULL)
    {
      if (!sentry_plugin_check_provides (p->descriptor, p->provides, error))
        return FALSE;
    }
  else
    {
      if (!load_dependencies (self, p, error))
        return FALSE;
      p->descriptor = sentry_plugin_load_module (&self->engine, p, error);
      if (p->descriptor == NULL)
        return FALSE;
    }
  if (p->descriptor->start == NULL || p->descriptor->start (&local))
    return TRUE;
  refuse (error, START, "it failed to start: %s",
          local != NULL ? local->message : "it gave no reason");
  return FALSE;
}

gboolean
sentry_plugin_host_load (SentryPluginHost *self, SentryPlugin *p, GError **error)
{
  GError *reason = NULL;

  if (p->state == SENTRY_PLUGIN_FOUND)
    {
      p->state = SENTRY_PLUGIN_LOADING;
      if (load (self, p, &reason))
        p->state = SENTRY_PLUGIN_LOADED;
      else
        set_refused (p, reason);
    }
  g_assert (p->state != SENTRY_PLUGIN_LOADING);
  if (p->state == SENTRY_PLUGIN_LOADED)
    return TRUE;
  if (error != NULL)
    *error = g_error_copy (p->refusal);
  return FALSE;
}

static gboolean
provides (SentryPlugin *p, const char *kind, const char *name)
{
  for (guint i = 0; i < p->provides->len; i++)
    {
      const SentryPluginProvides *item = g_ptr_array_index (p->provides, i);

      if (g_str_equal (item->kind, kind) && g_str_equal (item->name, name))
        return TRUE;
    }
  return FALSE;
}

GObject *
sentry_plugin_host_create_from (SentryPluginHost *self, SentryPlugin *plugin, const char *kind,
                                const char *name, GError **error)
{
  if (!sentry_plugin_host_load (self, plugin, error))
    return NULL;
  for (guint i = 0; i < plugin->descriptor->n_extensions; i++)
    {
      const SentryPluginExtension *e = &plugin->descriptor->extensions[i];

      if (g_str_equal (e->kind, kind) && g_str_equal (e->name, name))
        return g_object_new (e->get_type (), NULL);
    }
  refuse (error, NOT_FOUND, "plugin %s: it doesn't provide %s:%s", plugin->name, kind, name);
  return NULL;
}

/* The first provider that loads wins; when all are refused, the one of highest rank tells why. */
GObject *
sentry_plugin_host_create (SentryPluginHost *self, const char *kind, const char *name,
                           GError **error)
{
  g_autoptr (GError) first = NULL;

  for (guint i = 0; i < self->plugins->len; i++)
    {
      SentryPlugin *p = g_ptr_array_index (self->plugins, i);
      GObject *object = NULL;

      if (provides (p, kind, name))
        object
            = sentry_plugin_host_create_from (self, p, kind, name, first == NULL ? &first : NULL);
      if (object != NULL)
        return object;
    }
  if (first != NULL)
    g_propagate_error (error, g_steal_pointer (&first));
  else
    refuse (error, NOT_FOUND, "no plugin provides %s:%s", kind, name);
  return NULL;
}

char **
sentry_plugin_host_names (SentryPluginHost *self, const char *kind)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->plugins->len; i++)
    {
      SentryPlugin *p = g_ptr_array_index (self->plugins, i);

      for (guint j = 0; p->state != SENTRY_PLUGIN_REFUSED && j < p->provides->len; j++)
        {
          const SentryPluginProvides *item = g_ptr_array_index (p->provides, j);

          if (g_str_equal (item->kind, kind) && g_hash_table_add (seen, item->name))
            g_strv_builder_add (names, item->name);
        }
    }
  return g_strv_builder_end (names);
}

const char *
sentry_plugin_get_name (SentryPlugin *plugin)
{
  return plugin->name;
}

const char *
sentry_plugin_get_description (SentryPlugin *plugin)
{
  if (plugin->key_file == NULL || plugin->key_file->description == NULL)
    return "";
  return plugin->key_file->description;
}

int
sentry_plugin_get_rank (SentryPlugin *plugin)
{
  return plugin->rank;
}

const char *
sentry_plugin_get_folder (SentryPlugin *plugin)
{
  return plugin->folder;
}

GPtrArray *
sentry_plugin_get_provides (SentryPlugin *plugin)
{
  return plugin->provides;
}

const GError *
sentry_plugin_get_refusal (SentryPlugin *plugin)
{
  return plugin->refusal;
}
