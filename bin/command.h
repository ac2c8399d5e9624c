/* What the files of the sentry program share. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "plugin/plugin-host.h"
#include "sandbox/sandbox-config.h"

/* Exit statuses of sentry itself; any other is the guest's. */
#define SENTRY_EXIT_USAGE 2
#define SENTRY_EXIT_FAILED 125
#define SENTRY_EXIT_NOT_EXECUTABLE 126
#define SENTRY_EXIT_NOT_FOUND 127

#define SENTRY_USAGE_ERROR (sentry_usage_error_quark ())
GQuark sentry_usage_error_quark (void);
#define usage_error(error, ...) g_set_error (error, SENTRY_USAGE_ERROR, 0, __VA_ARGS__)

/* What was asked for: the sandbox, and what only the program itself needs. */
typedef struct
{
  SentrySandboxConfig *sandbox;
  const char *verb; /* NULL: none given */
  gboolean help, version;
  char *config_file; /* --config; NULL: search */
  gboolean clear_env;
  GPtrArray *env; /* of NAME=VALUE or NAME */
  char *user;     /* --user as given; NULL: the caller */
} SentryCommand;

/* One way to say something, as `--name VALUE` or as `name=VALUE` in a configuration file. */
typedef struct
{
  const char *name;
  char short_name;
  const char *value; /* name of the value for help; NULL: a switch; "[X]": may be left out */
  const char *help;  /* NULL: not shown */
  gboolean command_line_only;
  /* `value` is NULL for a switch.  Fails with a text that doesn't repeat the option's name. */
  gboolean (*apply) (SentryCommand *command, const char *value, GError **error);
} SentryOption;

extern const SentryOption sentry_options[];

/* Reads the command line and the configuration files. */
SentryCommand *sentry_command_parse (int argc, char **argv, GError **error);
void sentry_command_free (SentryCommand *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SentryCommand, sentry_command_free)
char *sentry_command_help (void);

/* Applies the keys of `path`, or of the files on the search path when it is NULL. */
gboolean sentry_config_read (SentryCommand *command, const char *path, GError **error);

/* Turns --user into ids, from the passwd and group files of `root`. */
gboolean sentry_user_resolve (SentrySandboxConfig *sandbox, const char *user, GError **error);

/* The name in `names` nearest to `typed`, if it is near enough for a typo. */
const char *sentry_suggest (const char *typed, const char *const *names);

/* A host that knows the plugins of --plugin-dir and those of the program. */
SentryPluginHost *sentry_command_plugin_host (const SentrySandboxConfig *sandbox, GError **error);

/* The verbs; each gives the exit status. */
int sentry_cmd_run (SentryCommand *command, GError **error);
int sentry_cmd_plugins (SentryCommand *command, GError **error);
int sentry_cmd_doctor (SentryCommand *command, GError **error);
