/* What a plugin is made of: its ABI number and the one macro that registers it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gmodule.h>

G_BEGIN_DECLS

/* Raised with every change of an installed header that a compiled plugin could notice.  A plugin is
 * accepted only if its key file and its code both carry exactly the number of the program that
 * loads it. */
#define SENTRY_PLUGIN_ABI 1

/* One thing that a plugin provides: an object type of some kind under a name that a person can
 * choose
 * (`--platform=ptrace`).  Its key file must list the same things in X-Sentry-Provides, as
 * `kind:name;kind:name`. */
typedef struct
{
  const char *kind; /* "platform", "network-stack", "timekeeper", "mount-namespace", "filesystem" */
  const char *name; /* lower-case letters, digits and '-' */
  GType (*get_type) (void); /* a class that implements the kind's interface */
} SentryPluginExtension;

/* All that the host reads of a plugin's code.  The first member stays the first for ever, so that
 * any ABI can be told. */
typedef struct
{
  guint32 abi;
  guint32 n_extensions;
  const SentryPluginExtension *extensions;
  /* May be NULL.  Called once, right after loading, in a process with one thread; FALSE: refuse
   * this plugin. */
  gboolean (*start) (GError **error);
} SentryPluginDescriptor;

struct _PeasObjectModule;

/* Used by the macro only: tells libpeas the extension types of a module. */
void sentry_plugin_register_types (struct _PeasObjectModule *module,
                                   const SentryPluginDescriptor *descriptor);

/* At the end of x-plugin.c:
 *
 *   SENTRY_PLUGIN_DEFINE (ptrace, NULL, { "platform", "ptrace", sentry_ptrace_platform_get_type })
 *
 * The same source is a module (found by its key file), or, compiled with -DSENTRY_PLUGIN_EMBEDDED,
 * part of a program that hands `sentry_plugin_ptrace` to sentry_plugin_host_add_embedded ().  The
 * descriptor is hidden: a program that embeds a plugin must not interpose the module's own copy. */
#define SENTRY_PLUGIN_DEFINE(ident, start_func, ...)                                               \
  static const SentryPluginExtension sentry_plugin_##ident##_extensions[] = { __VA_ARGS__ };       \
  G_GNUC_INTERNAL extern const SentryPluginDescriptor sentry_plugin_##ident;                       \
  const SentryPluginDescriptor sentry_plugin_##ident                                               \
      = { SENTRY_PLUGIN_ABI, G_N_ELEMENTS (sentry_plugin_##ident##_extensions),                    \
          sentry_plugin_##ident##_extensions, start_func };                                        \
  SENTRY_PLUGIN_ENTRY_ (sentry_plugin_##ident)

#ifdef SENTRY_PLUGIN_EMBEDDED
#  define SENTRY_PLUGIN_ENTRY_(descriptor) G_STATIC_ASSERT (TRUE)
#else
#  define SENTRY_PLUGIN_ENTRY_(descriptor)                                                         \
    G_MODULE_EXPORT const SentryPluginDescriptor *sentry_plugin_descriptor (void);                 \
    G_MODULE_EXPORT void peas_register_types (struct _PeasObjectModule *module);                   \
                                                                                                   \
    const SentryPluginDescriptor *sentry_plugin_descriptor (void) { return &descriptor; }          \
                                                                                                   \
    void peas_register_types (struct _PeasObjectModule *module)                                    \
    {                                                                                              \
      sentry_plugin_register_types (module, &descriptor);                                          \
    }                                                                                              \
    G_STATIC_ASSERT (TRUE)
#endif

G_END_DECLS
