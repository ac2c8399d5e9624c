/* A plugin's `.plugin` key file, read and checked. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bounds on what a key file may hold. */
#define SENTRY_PLUGIN_KEY_FILE_MAX (64 * 1024)
#define SENTRY_PLUGIN_PROVIDES_MAX 64

typedef struct
{
  char *kind;
  char *name;
} SentryPluginProvides;

typedef struct
{
  char *module;        /* file name without lib and .so */
  char *name;          /* for people */
  char *description;   /* one line, may be empty */
  char **depends;      /* names of plugins, NULL-terminated */
  int rank;            /* higher is tried first */
  GPtrArray *provides; /* of SentryPluginProvides */
} SentryPluginKeyFile;

/* Reads `path`.  NULL and an error that is one sentence, without the plugin's name, for whatever
 * isn't as docs/plugins.md says. */
SentryPluginKeyFile *sentry_plugin_key_file_read (const char *path, GError **error);
void sentry_plugin_key_file_free (SentryPluginKeyFile *key_file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SentryPluginKeyFile, sentry_plugin_key_file_free)

G_END_DECLS
