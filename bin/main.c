/* The sentry program: reads the command line and calls the verb.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include <locale.h>
#include <stdio.h>

static const struct
{
  const char *verb;
  int (*run) (SentryCommand *command, GError **error);
} verbs[] = {
  { "run", sentry_cmd_run },
  { "plugins", sentry_cmd_plugins },
  { "doctor", sentry_cmd_doctor },
};

SentryPluginHost *
sentry_command_plugin_host (const SentrySandboxConfig *sandbox, GError **error)
{
  g_autoptr (SentryPluginHost) host = sentry_plugin_host_new ();
  g_autofree char *folder = sentry_plugin_host_default_folder (error);

  for (char **dir = sandbox->plugin_dirs; folder != NULL && *dir != NULL; dir++)
    if (!sentry_plugin_host_add_folder (host, *dir, error))
      {
        g_prefix_error (error, "--plugin-dir: ");
        return NULL;
      }
  if (folder == NULL || !sentry_plugin_host_add_folder (host, folder, error))
    {
      g_prefix_error (error, "plugins: ");
      return NULL;
    }
  return g_steal_pointer (&host);
}

static int
run_verb (SentryCommand *command, GError **error)
{
  g_autofree char *help = NULL;

  if (command->help)
    {
      help = sentry_command_help ();
      fputs (help, stdout);
      return 0;
    }
  if (command->version)
    {
      puts ("sentry " SENTRY_VERSION);
      return 0;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].verb, command->verb))
      return verbs[i].run (command, error);
  g_assert_not_reached ();
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SentryCommand) command = NULL;
  int status;

  g_set_prgname ("sentry");
  /* Messages are UTF-8 whatever the caller's locale is, and no conversion modules have to be loaded
   * for them. */
  setlocale (LC_CTYPE, "C.UTF-8");
  command = sentry_command_parse (argc, argv, &error);
  status = command == NULL ? SENTRY_EXIT_USAGE : run_verb (command, &error);
  if (error != NULL)
    {
      fprintf (stderr, "sentry: %s\n", error->message);
      if (g_error_matches (error, SENTRY_USAGE_ERROR, 0))
        status = SENTRY_EXIT_USAGE;
    }
  return status;
}
