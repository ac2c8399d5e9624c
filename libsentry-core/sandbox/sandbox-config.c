/* All that a person decides about one sandbox: defaults and life.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/sandbox-config.h"
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define DEFAULT_MAX_TASKS 4096

static guint64
half_of_memory (void)
{
  return (guint64) sysconf (_SC_PHYS_PAGES) * (guint64) sysconf (_SC_PAGESIZE) / 2;
}

static void
set_caller (SentrySandboxConfig *c)
{
  struct utsname uts;
  int n = getgroups (0, NULL);

  c->uid = geteuid ();
  c->gid = getegid ();
  c->groups = g_new (gid_t, MAX (n, 0) + 1);
  n = getgroups (MAX (n, 0), c->groups);
  c->n_groups = (guint) MAX (n, 0);
  c->umask = umask (0);
  umask (c->umask);
  uname (&uts);
  c->hostname = g_strdup (uts.nodename);
  c->env = g_get_environ ();
}

static void
set_limits (SentrySandboxConfig *c)
{
  for (int i = 0; i < RLIM_NLIMITS; i++)
    {
      struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

      getrlimit ((__rlimit_resource_t) i, &r);
      c->limits[i] = (SentrySandboxLimit){ r.rlim_cur, r.rlim_max };
    }
}

SentrySandboxConfig *
sentry_sandbox_config_new (void)
{
  SentrySandboxConfig *c = g_new0 (SentrySandboxConfig, 1);

  set_caller (c);
  set_limits (c);
  c->root = g_strdup ("/");
  c->binds = g_ptr_array_new_with_free_func ((GDestroyNotify) sentry_sandbox_bind_free);
  c->tmpfs = g_new0 (char *, 1);
  c->hide = g_new0 (char *, 1);
  c->plugin_dirs = g_new0 (char *, 1);
  c->pretend_missing = g_new0 (char *, 1);
  c->platform = g_strdup ("auto");
  c->max_memory = half_of_memory ();
  c->max_upper = half_of_memory () / 2;
  c->max_tasks = DEFAULT_MAX_TASKS;
  return c;
}

void
sentry_sandbox_config_free (SentrySandboxConfig *c)
{
  g_strfreev (c->argv);
  g_strfreev (c->env);
  g_free (c->cwd);
  g_free (c->groups);
  g_free (c->hostname);
  g_free (c->root);
  g_free (c->keep);
  g_ptr_array_unref (c->binds);
  g_strfreev (c->tmpfs);
  g_strfreev (c->hide);
  g_free (c->platform);
  g_strfreev (c->plugin_dirs);
  g_strfreev (c->pretend_missing);
  g_free (c->strace_filter);
  g_free (c->debug_log);
  g_free (c);
}

SentrySandboxBind *
sentry_sandbox_bind_new (const char *source, const char *target, gboolean read_only)
{
  SentrySandboxBind *b = g_new0 (SentrySandboxBind, 1);

  b->source = g_strdup (source);
  b->target = g_strdup (target);
  b->read_only = read_only;
  return b;
}

void
sentry_sandbox_bind_free (SentrySandboxBind *b)
{
  g_free (b->source);
  g_free (b->target);
  g_free (b);
}
