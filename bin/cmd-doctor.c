/* sentry doctor: what this host offers, and what each platform makes of it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "iface/sentry-platform.h"
#include "sandbox/host-features.h"
#include <errno.h>
#include <stdio.h>

static void
print_features (void)
{
  for (const SentryHostFeature *f = sentry_host_features; f->name != NULL; f++)
    {
      g_autofree char *why = NULL;
      gboolean there = f->probe (&why);

      printf ("%-14s %-4s %s\n", f->name, there ? "yes" : "no", why != NULL ? why : f->what);
    }
}

static void
print_platform (SentryPluginHost *host, SentryPlugin *plugin, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) object
      = sentry_plugin_host_create_from (host, plugin, "platform", name, &error);

  if (object != NULL && sentry_platform_probe (SENTRY_PLATFORM (object), &error))
    printf ("platform %s: works here\n", name);
  else
    printf ("platform %s: %s\n", name, error->message);
}

static void
print_platforms (SentryPluginHost *host)
{
  g_autoptr (GPtrArray) list = sentry_plugin_host_list (host);

  for (guint i = 0; i < list->len; i++)
    {
      SentryPlugin *plugin = g_ptr_array_index (list, i);
      GPtrArray *provides = sentry_plugin_get_provides (plugin);

      for (guint j = 0; j < provides->len; j++)
        {
          const SentryPluginProvides *p = g_ptr_array_index (provides, j);

          if (g_str_equal (p->kind, "platform"))
            print_platform (host, plugin, p->name);
        }
    }
}

int
sentry_cmd_doctor (SentryCommand *command, GError **error)
{
  g_autoptr (SentryPluginHost) host = sentry_command_plugin_host (command->sandbox, error);

  if (host == NULL)
    return SENTRY_EXIT_FAILED;
  print_features ();
  printf ("\n");
  print_platforms (host);
  printf ("\nlock-down: %s\n",
          sentry_host_lockdown_level (sentry_host_is_privileged (), sentry_host_landlock_abi ()));
  return 0;
}
