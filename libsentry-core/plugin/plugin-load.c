/* Loads one plugin's module; beside iface/sentry-plugin.h the only place that names libpeas.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugin/plugin-private.h"
#include "plugin/plugin-kinds.h"
#include <libpeas/peas.h>
#include <string.h>

#define refuse(error, code, ...)                                                                   \
  g_set_error (error, SENTRY_PLUGIN_ERROR, SENTRY_PLUGIN_ERROR_##code, __VA_ARGS__)

typedef const SentryPluginDescriptor *(*DescriptorFunc) (void);

/* libpeas finds one factory an interface; what a plugin provides beyond the first of a kind is made
 * from the descriptor, so here it only has to learn which interfaces there are. */
void
sentry_plugin_register_types (struct _PeasObjectModule *module,
                              const SentryPluginDescriptor *descriptor)
{
  for (guint i = 0; i < descriptor->n_extensions; i++)
    {
      GType iface = sentry_plugin_kind_interface (descriptor->extensions[i].kind);

      if (!peas_object_module_provides_object (module, iface))
        peas_object_module_register_extension_type (module, iface,
                                                    descriptor->extensions[i].get_type ());
    }
}

/* The dynamic linker's message begins with the file's path, which the reader knows. */
static const char *
module_error (const char *path)
{
  const char *text = g_module_error ();

  if (text == NULL)
    return "no reason given";
  if (g_str_has_prefix (text, path) && strncmp (text + strlen (path), ": ", 2) == 0)
    return text + strlen (path) + 2;
  return text;
}

/* Opened here before libpeas does: the reason of a failure would only be a warning there, and the
 * ABI must be known to be right before any other function of the module runs.  libpeas then gets
 * the same mapping. */
static const SentryPluginDescriptor *
open_module (SentryPlugin *plugin, GError **error)
{
  g_autofree char *path = g_module_build_path (plugin->folder, plugin->key_file->module);
  GModule *module;
  DescriptorFunc get;
  gpointer entry;
  const SentryPluginDescriptor *d;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      refuse (error, LOAD, "its module %s isn't there", path);
      return NULL;
    }
  module = g_module_open (path, G_MODULE_BIND_LOCAL);
  if (module == NULL)
    {
      refuse (error, LOAD, "its module can't be loaded: %s", module_error (path));
      return NULL;
    }
  g_module_make_resident (module);
  if (!g_module_symbol (module, "sentry_plugin_descriptor", (gpointer *) &get)
      || !g_module_symbol (module, "peas_register_types", &entry))
    {
      refuse (error, LOAD, "its module isn't a sentry plugin: it lacks SENTRY_PLUGIN_DEFINE");
      return NULL;
    }
  d = get ();
  if (d->abi != SENTRY_PLUGIN_ABI)
    {
      refuse (error, ABI, "its module was built for ABI %u, this sentry has ABI %d", d->abi,
              SENTRY_PLUGIN_ABI);
      return NULL;
    }
  return d;
}

static const SentryPluginExtension *
find_extension (const SentryPluginDescriptor *d, const SentryPluginProvides *p)
{
  for (guint i = 0; i < d->n_extensions; i++)
    if (g_str_equal (d->extensions[i].kind, p->kind)
        && g_str_equal (d->extensions[i].name, p->name))
      return &d->extensions[i];
  return NULL;
}

static gboolean
check_extension (const SentryPluginExtension *e, const SentryPluginProvides *p, GError **error)
{
  GType iface = sentry_plugin_kind_interface (p->kind);
  GType type;

  if (e == NULL)
    {
      refuse (error, INTERFACE, "it says that it provides %s:%s but has no such thing", p->kind,
              p->name);
      return FALSE;
    }
  type = e->get_type ();
  if (!g_type_is_a (type, G_TYPE_OBJECT) || !g_type_is_a (type, iface))
    {
      refuse (error, INTERFACE, "it says that it provides %s:%s but its %s doesn't implement %s",
              p->kind, p->name, g_type_name (type), g_type_name (iface));
      return FALSE;
    }
  return TRUE;
}

gboolean
sentry_plugin_check_provides (const SentryPluginDescriptor *d, GPtrArray *provides, GError **error)
{
  for (guint i = 0; i < provides->len; i++)
    {
      const SentryPluginProvides *p = g_ptr_array_index (provides, i);

      if (!check_extension (find_extension (d, p), p, error))
        return FALSE;
    }
  if (d->n_extensions == provides->len)
    return TRUE;
  refuse (error, INTERFACE, "it provides %u things but its key file lists %u", d->n_extensions,
          provides->len);
  return FALSE;
}

static gboolean
load_by_peas (PeasEngine *engine, SentryPlugin *plugin, GError **error)
{
  PeasPluginInfo *info;
  g_autoptr (GError) local = NULL;

  peas_engine_prepend_search_path (engine, plugin->folder, NULL);
  info = peas_engine_get_plugin_info (engine, plugin->key_file->module);
  if (info != NULL && peas_engine_load_plugin (engine, info))
    return TRUE;
  if (info != NULL)
    peas_plugin_info_is_available (info, &local);
  refuse (error, LOAD, "libpeas refuses it: %s",
          local != NULL ? local->message : "no reason given");
  return FALSE;
}

const SentryPluginDescriptor *
sentry_plugin_load_module (GObject **engine, SentryPlugin *plugin, GError **error)
{
  const SentryPluginDescriptor *d = open_module (plugin, error);

  if (d == NULL || !sentry_plugin_check_provides (d, plugin->provides, error))
    return NULL;
  if (*engine == NULL)
    *engine = G_OBJECT (peas_engine_new ());
  return load_by_peas (PEAS_ENGINE (*engine), plugin, error) ? d : NULL;
}
