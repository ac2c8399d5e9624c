/* What the files of the plugin host share. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugin/plugin-host.h"

/* Life: found (key file read, or refused) → loading → loaded, or refused with `refusal`.  A refused
 * plugin stays refused, and a loaded one loaded: C modules with GTypes can't leave a process. */
typedef enum
{
  SENTRY_PLUGIN_FOUND,
  SENTRY_PLUGIN_LOADING,
  SENTRY_PLUGIN_LOADED,
  SENTRY_PLUGIN_REFUSED,
} SentryPluginState;

struct _SentryPlugin
{
  char *name;                    /* I: the folder's name */
  char *folder;                  /* I: NULL: embedded */
  int rank;                      /* I */
  SentryPluginKeyFile *key_file; /* I: NULL: embedded, or refused */
  GPtrArray *provides;           /* I: of SentryPluginProvides, borrowed or own */
  const SentryPluginDescriptor
      *descriptor; /* set when loaded; from the start for an embedded one */
  SentryPluginState state;
  GError *refusal; /* set with SENTRY_PLUGIN_REFUSED */
};

/* Loads the code of a plugin whose dependencies are loaded: opens the module, checks its ABI and
 * what it provides, makes it known to libpeas.  *engine: the libpeas engine, made at the first call
 * (an opaque GObject here). */
const SentryPluginDescriptor *sentry_plugin_load_module (GObject **engine, SentryPlugin *plugin,
                                                         GError **error);
/* TRUE if the descriptor provides exactly `provides`, each by a class that implements its
 * interface. */
gboolean sentry_plugin_check_provides (const SentryPluginDescriptor *descriptor,
                                       GPtrArray *provides, GError **error);
