/* The plugin host: finds, checks, ranks and loads plugins, and makes the objects they provide.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include "iface/sentry-plugin.h"
#include "plugin/plugin-key-file.h"

G_BEGIN_DECLS

#define SENTRY_TYPE_PLUGIN_HOST (sentry_plugin_host_get_type ())
G_DECLARE_FINAL_TYPE (SentryPluginHost, sentry_plugin_host, SENTRY, PLUGIN_HOST, GObject)

#define SENTRY_PLUGIN_ERROR (sentry_plugin_error_quark ())
GQuark sentry_plugin_error_quark (void);
typedef enum
{
  SENTRY_PLUGIN_ERROR_KEY_FILE,   /* unreadable, or a key missing or malformed */
  SENTRY_PLUGIN_ERROR_ABI,        /* built for another sentry */
  SENTRY_PLUGIN_ERROR_DEPENDENCY, /* another plugin that it needs isn't there or was refused */
  SENTRY_PLUGIN_ERROR_LOAD,       /* the module can't be loaded */
  SENTRY_PLUGIN_ERROR_INTERFACE,  /* provides something other than it says */
  SENTRY_PLUGIN_ERROR_START,      /* its start function failed */
  SENTRY_PLUGIN_ERROR_NOT_FOUND,  /* nothing provides what was asked for */
} SentryPluginError;

/* One plugin, refused or not.  Owned by the host. */
typedef struct _SentryPlugin SentryPlugin;

SentryPluginHost *sentry_plugin_host_new (void);

/* The folder that belongs to the running program: plugins/ of the build tree that it lies in, else
 * the installed one found relative to it.  Never looks at the environment. */
char *sentry_plugin_host_default_folder (GError **error);

/* Adds the plugins of `folder`: each sub-folder NAME that holds NAME.plugin.  A plugin that isn't
 * as it should be is kept as a refused one; only a folder that can't be read at all is an error.
 * Loads no code.  A name that an earlier folder has given is ignored in later ones. */
gboolean sentry_plugin_host_add_folder (SentryPluginHost *self, const char *folder, GError **error);
/* Adds a plugin that is part of this program. */
void sentry_plugin_host_add_embedded (SentryPluginHost *self, const char *name, int rank,
                                      const SentryPluginDescriptor *descriptor);

/* Every plugin, by rank (highest first), then by name.  (transfer container) */
GPtrArray *sentry_plugin_host_list (SentryPluginHost *self);
/* Loads one plugin and what it depends on: FALSE with the one sentence that says why it is refused.
 * Harmless when loaded already.  Thread: one, before lock-down. */
gboolean sentry_plugin_host_load (SentryPluginHost *self, SentryPlugin *plugin, GError **error);

/* A new object of `kind` called `name`.  Loads the plugin of highest rank that provides it. */
GObject *sentry_plugin_host_create (SentryPluginHost *self, const char *kind, const char *name,
                                    GError **error);
/* The same, from one plugin only. */
GObject *sentry_plugin_host_create_from (SentryPluginHost *self, SentryPlugin *plugin,
                                         const char *kind, const char *name, GError **error);
/* The names under which `kind` is provided, by rank; refused plugins are left out.  (transfer full)
 */
char **sentry_plugin_host_names (SentryPluginHost *self, const char *kind);

const char *sentry_plugin_get_name (SentryPlugin *plugin);
const char *sentry_plugin_get_description (SentryPlugin *plugin);
int sentry_plugin_get_rank (SentryPlugin *plugin);
/* The folder it was found in; NULL for an embedded one. */
const char *sentry_plugin_get_folder (SentryPlugin *plugin);
/* What it provides, of SentryPluginProvides; empty for one whose key file is refused. */
GPtrArray *sentry_plugin_get_provides (SentryPlugin *plugin);
/* Why it is refused; NULL while it isn't. */
const GError *sentry_plugin_get_refusal (SentryPlugin *plugin);

G_END_DECLS
