/* Every option, in one table: how it is written and what it sets.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A number with an optional suffix K, M, G or T (powers of 1024). */
static gboolean
parse_size (const char *text, guint64 *ret_value, GError **error)
{
  static const char suffixes[] = "KMGT";
  char *end;
  const char *suffix;
  guint64 v;
  guint shift = 0;

  errno = 0;
  v = g_ascii_strtoull (text, &end, 10);
  if (!g_ascii_isdigit (*text) || errno != 0)
    goto bad;
  if (*end != '\0' && (suffix = strchr (suffixes, g_ascii_toupper (*end))) != NULL)
    {
      shift = 10 * (guint) (suffix - suffixes + 1);
      end++;
    }
  if (*end != '\0' || v > (guint64) G_MAXINT64 >> shift)
    goto bad;
  *ret_value = v << shift;
  return TRUE;
bad:
  usage_error (error, "'%s' is not a size such as 512M", text);
  return FALSE;
}

static gboolean
set_path (char **path, const char *value, GError **error)
{
  if (*value == '\0')
    {
      usage_error (error, "the path is empty");
      return FALSE;
    }
  g_free (*path);
  *path = g_canonicalize_filename (value, NULL);
  return TRUE;
}

static gboolean
append_guest_path (char ***list, const char *value, GError **error)
{
  guint n = g_strv_length (*list);

  if (*value != '/')
    {
      usage_error (error, "'%s' is not an absolute path in the sandbox", value);
      return FALSE;
    }
  *list = g_renew (char *, *list, n + 2);
  (*list)[n] = g_strdup (value);
  (*list)[n + 1] = NULL;
  return TRUE;
}

static gboolean
apply_platform (SentryCommand *c, const char *value, GError **error)
{
  g_free (c->sandbox->platform);
  c->sandbox->platform = g_strdup (value);
  return TRUE;
}

static gboolean
apply_plugin_dir (SentryCommand *c, const char *value, GError **error)
{
  guint n = g_strv_length (c->sandbox->plugin_dirs);
  char *path = NULL;

  if (!set_path (&path, value, error))
    return FALSE;
  c->sandbox->plugin_dirs = g_renew (char *, c->sandbox->plugin_dirs, n + 2);
  c->sandbox->plugin_dirs[n] = path;
  c->sandbox->plugin_dirs[n + 1] = NULL;
  return TRUE;
}

static gboolean
apply_config (SentryCommand *c, const char *value, GError **error)
{
  return set_path (&c->config_file, value, error);
}

static gboolean
apply_root (SentryCommand *c, const char *value, GError **error)
{
  return set_path (&c->sandbox->root, value, error);
}

static gboolean
apply_keep (SentryCommand *c, const char *value, GError **error)
{
  return set_path (&c->sandbox->keep, value, error);
}

static gboolean
apply_bind (SentryCommand *c, const char *value, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (value, ":", -1);
  guint n = g_strv_length (parts);
  g_autofree char *source = NULL;

  if ((n != 2 && !(n == 3 && g_str_equal (parts[2], "ro"))) || *parts[0] == '\0')
    {
      usage_error (error, "'%s' is not SRC:DST or SRC:DST:ro", value);
      return FALSE;
    }
  if (*parts[1] != '/')
    {
      usage_error (error, "'%s' is not an absolute path in the sandbox", parts[1]);
      return FALSE;
    }
  source = g_canonicalize_filename (parts[0], NULL);
  g_ptr_array_add (c->sandbox->binds, sentry_sandbox_bind_new (source, parts[1], n == 3));
  return TRUE;
}

static gboolean
apply_tmpfs (SentryCommand *c, const char *value, GError **error)
{
  return append_guest_path (&c->sandbox->tmpfs, value, error);
}

static gboolean
apply_hide (SentryCommand *c, const char *value, GError **error)
{
  return append_guest_path (&c->sandbox->hide, value, error);
}

static gboolean
apply_env (SentryCommand *c, const char *value, GError **error)
{
  if (*value == '\0' || *value == '=')
    {
      usage_error (error, "'%s' is not NAME=VALUE or NAME", value);
      return FALSE;
    }
  g_ptr_array_add (c->env, g_strdup (value));
  return TRUE;
}

static gboolean
apply_clear_env (SentryCommand *c, const char *value, GError **error)
{
  c->clear_env = TRUE;
  return TRUE;
}

static gboolean
apply_cwd (SentryCommand *c, const char *value, GError **error)
{
  if (*value != '/')
    {
      usage_error (error, "'%s' is not an absolute path in the sandbox", value);
      return FALSE;
    }
  g_free (c->sandbox->cwd);
  c->sandbox->cwd = g_strdup (value);
  return TRUE;
}

static gboolean
apply_user (SentryCommand *c, const char *value, GError **error)
{
  g_free (c->user);
  c->user = g_strdup (value);
  return TRUE;
}

static gboolean
apply_hostname (SentryCommand *c, const char *value, GError **error)
{
  static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  gsize n = strlen (value);

  if (n == 0 || n > 64 || strspn (value, good) != n)
    {
      usage_error (error, "'%s' is not a host name of 1 to 64 letters, digits, '-', '.' and '_'",
                   value);
      return FALSE;
    }
  g_free (c->sandbox->hostname);
  c->sandbox->hostname = g_strdup (value);
  c->sandbox->hostname_set = TRUE;
  return TRUE;
}

static const struct
{
  const char *name;
  int resource;
} limit_names[] = {
  { "as", RLIMIT_AS },
  { "core", RLIMIT_CORE },
  { "cpu", RLIMIT_CPU },
  { "data", RLIMIT_DATA },
  { "fsize", RLIMIT_FSIZE },
  { "locks", RLIMIT_LOCKS },
  { "memlock", RLIMIT_MEMLOCK },
  { "msgqueue", RLIMIT_MSGQUEUE },
  { "nice", RLIMIT_NICE },
  { "nofile", RLIMIT_NOFILE },
  { "nproc", RLIMIT_NPROC },
  { "rss", RLIMIT_RSS },
  { "rtprio", RLIMIT_RTPRIO },
  { "rttime", RLIMIT_RTTIME },
  { "sigpending", RLIMIT_SIGPENDING },
  { "stack", RLIMIT_STACK },
};

static gboolean
limit_resource (const char *name, int *ret_resource, GError **error)
{
  const char *names[G_N_ELEMENTS (limit_names) + 1] = { NULL };
  const char *near;

  for (gsize i = 0; i < G_N_ELEMENTS (limit_names); i++)
    {
      names[i] = limit_names[i].name;
      if (g_str_equal (name, names[i]))
        {
          *ret_resource = limit_names[i].resource;
          return TRUE;
        }
    }
  near = sentry_suggest (name, names);
  usage_error (error, "'%s' is not a limit%s%s%s", name, near != NULL ? "; did you mean " : "",
               near != NULL ? near : "", near != NULL ? "?" : "");
  return FALSE;
}

static gboolean
limit_value (const char *text, guint64 *ret_value, GError **error)
{
  if (!g_str_equal (text, "unlimited"))
    return parse_size (text, ret_value, error);
  *ret_value = RLIM_INFINITY;
  return TRUE;
}

/* Without HARD, the hard limit becomes SOFT too, as ulimit's does. */
static gboolean
apply_limit (SentryCommand *c, const char *value, GError **error)
{
  g_auto (GStrv) sides = g_strsplit (value, "=", 2);
  g_auto (GStrv) values = NULL;
  SentrySandboxLimit limit;
  int resource;

  if (g_strv_length (sides) == 2)
    values = g_strsplit (sides[1], ":", 2);
  if (values == NULL || values[0] == NULL)
    {
      usage_error (error, "'%s' is not NAME=SOFT or NAME=SOFT:HARD", value);
      return FALSE;
    }
  if (!limit_resource (sides[0], &resource, error) || !limit_value (values[0], &limit.soft, error))
    return FALSE;
  limit.hard = limit.soft;
  if (values[1] != NULL && !limit_value (values[1], &limit.hard, error))
    return FALSE;
  if (limit.soft > limit.hard)
    {
      usage_error (error, "'%s': the soft limit is above the hard one", value);
      return FALSE;
    }
  c->sandbox->limits[resource] = limit;
  return TRUE;
}

static gboolean
apply_max_memory (SentryCommand *c, const char *value, GError **error)
{
  guint64 size;

  if (!parse_size (value, &size, error))
    return FALSE;
  if (size < 1024 * 1024)
    {
      usage_error (error, "'%s' is less than 1M", value);
      return FALSE;
    }
  c->sandbox->max_memory = size;
  c->sandbox->max_upper = size / 2;
  return TRUE;
}

static gboolean
apply_max_tasks (SentryCommand *c, const char *value, GError **error)
{
  guint64 n;

  if (!g_ascii_string_to_unsigned (value, 10, 1, 1 << 22, &n, NULL))
    {
      usage_error (error, "'%s' is not a number from 1 to 4194304", value);
      return FALSE;
    }
  c->sandbox->max_tasks = (guint) n;
  return TRUE;
}

static gboolean
apply_strace (SentryCommand *c, const char *value, GError **error)
{
  c->sandbox->strace = TRUE;
  g_free (c->sandbox->strace_filter);
  c->sandbox->strace_filter = value != NULL && *value != '\0' ? g_strdup (value) : NULL;
  return TRUE;
}

static gboolean
apply_debug_log (SentryCommand *c, const char *value, GError **error)
{
  return set_path (&c->sandbox->debug_log, value, error);
}

static gboolean
apply_print_host_syscalls (SentryCommand *c, const char *value, GError **error)
{
  c->sandbox->print_host_syscalls = TRUE;
  return TRUE;
}

static gboolean
apply_pause_every (SentryCommand *c, const char *value, GError **error)
{
  guint64 n;

  if (!g_ascii_string_to_unsigned (value, 10, 0, 60000, &n, NULL))
    {
      usage_error (error, "'%s' is not a number of milliseconds", value);
      return FALSE;
    }
  c->sandbox->pause_every_ms = (guint) n;
  return TRUE;
}

static gboolean
apply_pretend_missing (SentryCommand *c, const char *value, GError **error)
{
  g_strfreev (c->sandbox->pretend_missing);
  c->sandbox->pretend_missing = g_strsplit (value, ",", -1);
  return TRUE;
}

static gboolean
apply_help (SentryCommand *c, const char *value, GError **error)
{
  c->help = TRUE;
  return TRUE;
}

static gboolean
apply_version (SentryCommand *c, const char *value, GError **error)
{
  c->version = TRUE;
  return TRUE;
}

const SentryOption sentry_options[] = {
  { "platform", 0, "NAME", "How guest code runs: auto, or a name that `sentry plugins` lists",
    FALSE, apply_platform },
  { "plugin-dir", 0, "DIR", "Look for plugins in DIR first", FALSE, apply_plugin_dir },
  { "config", 0, "FILE", "Read FILE instead of the configuration files", TRUE, apply_config },
  { "root", 0, "DIR", "Host directory that the sandbox sees as / (read-only; writes vanish)", FALSE,
    apply_root },
  { "bind", 0, "SRC:DST[:ro]", "Show host path SRC at DST, writable unless :ro", FALSE,
    apply_bind },
  { "tmpfs", 0, "PATH", "An empty temporary directory at PATH", FALSE, apply_tmpfs },
  { "hide", 0, "PATH", "Show PATH as empty", FALSE, apply_hide },
  { "keep", 0, "DIR", "Keep what the sandbox writes in host directory DIR", FALSE, apply_keep },
  { "env", 0, "NAME[=VALUE]", "Set an environment variable, or pass the caller's on", FALSE,
    apply_env },
  { "clear-env", 0, NULL, "Start with an empty environment", FALSE, apply_clear_env },
  { "cwd", 0, "DIR", "Working directory in the sandbox", FALSE, apply_cwd },
  { "user", 0, "USER[:GROUP,…]", "Who CMD runs as, by name or number", FALSE, apply_user },
  { "hostname", 0, "NAME", "The sandbox's host name", FALSE, apply_hostname },
  { "limit", 0, "NAME=SOFT[:HARD]", "A resource limit, such as nofile=256 or stack=8M:unlimited",
    FALSE, apply_limit },
  { "max-memory", 0, "SIZE", "Bound on the memory of the whole sandbox", FALSE, apply_max_memory },
  { "max-tasks", 0, "N", "Bound on the number of tasks", FALSE, apply_max_tasks },
  { "strace", 0, "[FILTER]",
    "Trace system calls; =missing sums up refused ones, =NAME,… shows only these", FALSE,
    apply_strace },
  { "debug-log", 0, "FILE", "Write the log to FILE", FALSE, apply_debug_log },
  { "print-host-syscalls", 0, NULL,
    "Print the host system calls that the sandbox may make, and run nothing", FALSE,
    apply_print_host_syscalls },
  { "pause-every", 0, "MS", NULL, FALSE, apply_pause_every },
  { "pretend-missing", 0, "FEATURE,…", NULL, FALSE, apply_pretend_missing },
  { "help", 'h', NULL, "Show this", TRUE, apply_help },
  { "version", 0, NULL, "Show the version", TRUE, apply_version },
  { NULL, 0, NULL, NULL, FALSE, NULL },
};
