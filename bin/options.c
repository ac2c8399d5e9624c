/* Parses the command line: options before or after the verb, then CMD.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include <string.h>
#include <unistd.h>

G_DEFINE_QUARK (sentry - usage - error - quark, sentry_usage_error)

/* An option as it was given.  Kept until the configuration files, which the command line overrides,
 * have been read. */
typedef struct
{
  const SentryOption *option;
  char *value;
} Given;

static void
given_free (gpointer data)
{
  Given *g = data;

  g_free (g->value);
  g_free (g);
}

static const SentryOption *
find_option (const char *given)
{
  for (const SentryOption *o = sentry_options; o->name != NULL; o++)
    if ((g_str_has_prefix (given, "--") && g_str_equal (given + 2, o->name))
        || (given[0] == '-' && given[1] == o->short_name && given[2] == '\0'))
      return o;
  g_assert_not_reached ();
}

static gboolean
collect (const char *name, const char *value, gpointer data, GError **error)
{
  GPtrArray *all = data;
  Given *g = g_new0 (Given, 1);

  g->option = find_option (name);
  g->value = g_strdup (value);
  g_ptr_array_add (all, g);
  return TRUE;
}

static void
add_entry (GArray *entries, const SentryOption *o, GOptionFlags flags)
{
  GOptionEntry e = { o->name, o->short_name, (int) flags, G_OPTION_ARG_CALLBACK, (gpointer) collect,
                     o->help, o->value };

  if (o->help == NULL)
    e.flags |= G_OPTION_FLAG_HIDDEN;
  g_array_append_val (entries, e);
}

/* An option with "[X]" is entered twice, as a switch and, hidden, with a value: GOption's own
 * optional values would swallow the word after it. */
static GOptionContext *
new_context (GPtrArray *all)
{
  GOptionContext *context = g_option_context_new ("run [OPTIONS] -- CMD [ARG…]");
  GOptionGroup *group = g_option_group_new ("", "", "", all, NULL);
  g_autoptr (GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));

  for (const SentryOption *o = sentry_options; o->name != NULL; o++)
    if (o->value == NULL)
      add_entry (entries, o, G_OPTION_FLAG_NO_ARG);
    else if (*o->value == '[')
      {
        add_entry (entries, o, G_OPTION_FLAG_NO_ARG);
        add_entry (entries, o, G_OPTION_FLAG_HIDDEN | G_OPTION_FLAG_FILENAME);
      }
    else
      add_entry (entries, o, G_OPTION_FLAG_FILENAME);
  g_option_group_add_entries (group, (GOptionEntry *) (gpointer) entries->data);
  g_option_context_set_main_group (context, group);
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_help_enabled (context, FALSE);
  return context;
}

static const char *const verbs[] = { "run", "plugins", "doctor", NULL };

char *
sentry_command_help (void)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  GOptionContext *context = new_context (all);
  char *text;

  g_option_context_set_summary (
      context, "Runs CMD in a sandbox.  Other commands:\n"
               "  sentry plugins    lists the plugins, and whether they work here\n"
               "  sentry doctor     says what this host offers each platform");
  g_option_context_set_description (
      context, "Each option is also a key of the configuration file; see sentry(1).");
  text = g_option_context_get_help (context, TRUE, NULL);
  g_option_context_free (context);
  return text;
}

static void
unknown_option (const char *given, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *name = g_strdup (given + strspn (given, "-"));
  const char *near;

  *strchrnul (name, '=') = '\0';
  for (const SentryOption *o = sentry_options; o->name != NULL; o++)
    if (o->help != NULL)
      g_ptr_array_add (names, (gpointer) o->name);
  g_ptr_array_add (names, NULL);
  near = sentry_suggest (name, (const char *const *) names->pdata);
  if (near != NULL)
    usage_error (error, "%.*s: unknown option; did you mean --%s?", (int) strcspn (given, "="),
                 given, near);
  else
    usage_error (error, "%.*s: unknown option", (int) strcspn (given, "="), given);
}

/* GOption's two errors say all in their texts; the program never calls setlocale (), so they are
 * these. */
static void
translate_error (const GError *from, GError **error)
{
  static const char unknown[] = "Unknown option ";
  static const char missing[] = "Missing argument for ";

  if (g_str_has_prefix (from->message, unknown))
    unknown_option (from->message + strlen (unknown), error);
  else if (g_str_has_prefix (from->message, missing))
    usage_error (error, "%s: needs a value", from->message + strlen (missing));
  else
    usage_error (error, "command line: %s", from->message);
}

/* Takes the options at the head of *argv off it, up to the first word that is none; "--" ends them
 * too. */
static gboolean
parse_options (int *argc, char ***argv, GPtrArray *all, GError **error)
{
  GOptionContext *context = new_context (all);
  g_autoptr (GError) local = NULL;
  gboolean ok = g_option_context_parse (context, argc, argv, &local);

  g_option_context_free (context);
  if (!ok)
    translate_error (local, error);
  return ok;
}

static gboolean
check_verb (const char *verb, GError **error)
{
  const char *near;

  if (g_strv_contains (verbs, verb))
    return TRUE;
  near = sentry_suggest (verb, verbs);
  if (near != NULL)
    usage_error (error, "%s: unknown command; did you mean %s?", verb, near);
  else
    usage_error (error, "%s: unknown command; the commands are run, plugins and doctor", verb);
  return FALSE;
}

static gboolean
apply_given (SentryCommand *c, GPtrArray *all, gboolean config_only, GError **error)
{
  for (guint i = 0; i < all->len; i++)
    {
      Given *g = g_ptr_array_index (all, i);

      if (g_str_equal (g->option->name, "config") != config_only)
        continue;
      if (!g->option->apply (c, g->value, error))
        {
          g_prefix_error (error, "--%s: ", g->option->name);
          return FALSE;
        }
    }
  return TRUE;
}

static void
set_environment (SentryCommand *c)
{
  g_auto (GStrv) caller = g_strdupv (c->sandbox->env);

  if (c->clear_env)
    {
      g_strfreev (c->sandbox->env);
      c->sandbox->env = g_new0 (char *, 1);
    }
  for (guint i = 0; i < c->env->len; i++)
    {
      g_auto (GStrv) sides = g_strsplit (g_ptr_array_index (c->env, i), "=", 2);
      const char *value = sides[1] != NULL ? sides[1] : g_environ_getenv (caller, sides[0]);

      if (value != NULL)
        c->sandbox->env = g_environ_setenv (c->sandbox->env, sides[0], value, TRUE);
    }
}

/* What only the whole of the options decides. */
static gboolean
complete (SentryCommand *c, GError **error)
{
  set_environment (c);
  if (c->sandbox->cwd == NULL)
    c->sandbox->cwd = g_str_equal (c->sandbox->root, "/") ? g_get_current_dir () : g_strdup ("/");
  if (c->user != NULL && !sentry_user_resolve (c->sandbox, c->user, error))
    {
      g_prefix_error (error, "--user: ");
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_arguments (SentryCommand *c, GError **error)
{
  gboolean runs = g_str_equal (c->verb, "run");

  if (!runs && c->sandbox->argv[0] != NULL)
    usage_error (error, "%s: takes no argument, but was given '%s'", c->verb, c->sandbox->argv[0]);
  else if (runs && c->sandbox->argv[0] == NULL && !c->sandbox->print_host_syscalls)
    usage_error (error, "run: needs a command to run, as in: sentry run -- ls");
  else
    return TRUE;
  return FALSE;
}

static gboolean
parse (SentryCommand *c, int argc, char **argv, GPtrArray *all, GError **error)
{
  if (!parse_options (&argc, &argv, all, error))
    return FALSE;
  if (argc > 1)
    {
      c->verb = argv[1];
      argv++;
      argc--;
      if (!check_verb (c->verb, error) || !parse_options (&argc, &argv, all, error))
        return FALSE;
    }
  argv++;
  if (argc > 1 && g_str_equal (argv[0], "--"))
    argv++;
  c->sandbox->argv = g_strdupv (argv);
  return apply_given (c, all, TRUE, error) && sentry_config_read (c, c->config_file, error)
         && apply_given (c, all, FALSE, error);
}

SentryCommand *
sentry_command_parse (int argc, char **argv, GError **error)
{
  g_autoptr (SentryCommand) c = g_new0 (SentryCommand, 1);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (given_free);

  c->sandbox = sentry_sandbox_config_new ();
  c->env = g_ptr_array_new_with_free_func (g_free);
  if (!parse (c, argc, argv, all, error))
    return NULL;
  if (c->help || c->version)
    return g_steal_pointer (&c);
  if (c->verb == NULL)
    {
      usage_error (error,
                   "command line: needs a command: run, plugins or doctor; try sentry --help");
      return NULL;
    }
  if (!check_arguments (c, error) || !complete (c, error))
    return NULL;
  return g_steal_pointer (&c);
}

void
sentry_command_free (SentryCommand *c)
{
  sentry_sandbox_config_free (c->sandbox);
  g_ptr_array_unref (c->env);
  g_free (c->config_file);
  g_free (c->user);
  g_free (c);
}
