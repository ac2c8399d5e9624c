/* sentry plugins: what is there, what it provides, and whether it works here.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "iface/sentry-platform.h"
#include "sandbox/host-features.h"
#include <stdio.h>

/* Only platforms depend on the host so much that they can be right and yet unusable. */
static gboolean
probe (SentryPluginHost *host, SentryPlugin *plugin, const SentryPluginProvides *p, GError **error)
{
  g_autoptr (GObject) object = NULL;

  if (!g_str_equal (p->kind, "platform"))
    return TRUE;
  object = sentry_plugin_host_create_from (host, plugin, p->kind, p->name, error);
  return object != NULL && sentry_platform_probe (SENTRY_PLATFORM (object), error);
}

static void
print_plugin (SentryPluginHost *host, SentryPlugin *plugin)
{
  GPtrArray *provides = sentry_plugin_get_provides (plugin);

  printf ("%s\n", sentry_plugin_get_name (plugin));
  if (*sentry_plugin_get_description (plugin) != '\0')
    printf ("    %s\n", sentry_plugin_get_description (plugin));
  if (!sentry_plugin_host_load (host, plugin, NULL))
    {
      printf ("    refused: %s\n", sentry_plugin_get_refusal (plugin)->message);
      return;
    }
  printf ("    rank %d\n", sentry_plugin_get_rank (plugin));
  for (guint i = 0; i < provides->len; i++)
    {
      const SentryPluginProvides *p = g_ptr_array_index (provides, i);
      g_autoptr (GError) error = NULL;

      if (probe (host, plugin, p, &error))
        printf ("    %s:%s  usable\n", p->kind, p->name);
      else
        printf ("    %s:%s  not usable here: %s\n", p->kind, p->name, error->message);
    }
}

int
sentry_cmd_plugins (SentryCommand *command, GError **error)
{
  g_autoptr (SentryPluginHost) host = sentry_command_plugin_host (command->sandbox, error);
  g_autoptr (GPtrArray) list = NULL;

  if (host == NULL)
    return SENTRY_EXIT_FAILED;
  list = sentry_plugin_host_list (host);
  for (guint i = 0; i < list->len; i++)
    print_plugin (host, g_ptr_array_index (list, i));
  if (list->len == 0)
    puts ("no plugins");
  printf ("lock-down: %s\n",
          sentry_host_lockdown_level (sentry_host_is_privileged (), sentry_host_landlock_abi ()));
  return 0;
}
