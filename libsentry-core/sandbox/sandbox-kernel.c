/* Builds the kernel of a sandbox from its configuration, and its first process.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/host-file.h"
#include "fs/host-poll.h"
#include "kernel/sentry-kernel.h"
#include "sandbox/log.h"
#include "sandbox/sandbox-private.h"
#include "strace/strace.h"
#include "time/host-timekeeper.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

static SentryFile *
donated_file (SentrySandboxProcess *s, int number, int null_fd, GError **error)
{
  int fd = fcntl (number, F_DUPFD_CLOEXEC, 3);

  if (fd < 0 || dup2 (null_fd, number) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "descriptor %d: %s", number,
                   g_strerror (errno));
      return NULL;
    }
  return sentry_host_file_new (fd, s->cred, error);
}

/* Descriptors 0 to 2 go to the guest; their numbers are held by the host's null device from then
 * on, so that nothing opened later gets one.  A number that the caller had closed is closed in the
 * guest. */
gboolean
sentry_sandbox_donate_descriptors (SentrySandboxProcess *s, GError **error)
{
  int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  if (null_fd < 0 || !sentry_host_poll_open ())
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "/dev/null: %s",
                   g_strerror (errno));
      return FALSE;
    }
  s->user_ns = sentry_user_namespace_new_root ();
  s->cred = sentry_cred_new_user (s->user_ns, s->config->uid, s->config->gid, s->config->groups,
                                  s->config->n_groups);
  s->fds = sentry_fd_table_new ();
  for (int number = 0; number <= 2; number++)
    {
      SentryFile *f;
      int rc;

      if (number == null_fd || fcntl (number, F_GETFD) < 0)
        continue;
      f = donated_file (s, number, null_fd, error);
      if (f == NULL)
        return FALSE;
      rc = sentry_fd_table_install (s->fds, f, number, 3, FALSE);
      sentry_file_unref (f);
      g_assert (rc == number);
    }
  if (null_fd > 2)
    close (null_fd);
  return TRUE;
}

static gboolean
start_strace (const SentrySandboxConfig *c, GError **error)
{
  if (sentry_strace_start (c->strace_filter, sentry_log_fd (), TRUE, error))
    return TRUE;
  g_prefix_error (error, "--strace: ");
  return FALSE;
}

static gboolean
init_kernel (SentrySandboxProcess *s, GError **error)
{
  const SentrySandboxConfig *c = s->config;
  g_autoptr (SentryTimekeeper) timekeeper = sentry_host_timekeeper_new ();
  SentryKernelConfig config = {
    .features = sentry_feature_set_new_host (),
    .timekeeper = timekeeper,
    .user_ns = s->user_ns,
    .n_cpus = g_get_num_processors (),
    .hostname = c->hostname,
    .max_tasks = c->max_tasks,
    .max_memory = c->max_memory,
    .stack_check_ms = c->pause_every_ms,
  };

  if (c->strace && !start_strace (c, error))
    return FALSE;
  s->kernel = sentry_kernel_new ();
  sentry_kernel_set_platform (s->kernel, s->platform);
  sentry_kernel_set_syscalls (s->kernel, sentry_strace_syscalls ());
  return sentry_kernel_setup (s->kernel, &config, error);
}

static gboolean
populate (SentrySandboxProcess *s, GError **error)
{
  const SentrySandboxConfig *c = s->config;
  g_autofree SentryBind *binds = g_new0 (SentryBind, s->donated.n_binds + 1);
  SentryMountPlan plan = {
    .root_fd = s->donated.root,
    .keep_fd = s->donated.keep,
    .upper_max = c->max_upper,
    .binds = binds,
    .n_binds = s->donated.n_binds,
    .tmpfs = (const char *const *) c->tmpfs,
    .hide = (const char *const *) c->hide,
    .hostname = c->hostname_set ? c->hostname : NULL,
  };

  for (guint i = 0; i < plan.n_binds; i++)
    {
      const SentrySandboxBind *b = g_ptr_array_index (c->binds, i);

      binds[i] = (SentryBind){ b->target, s->donated.binds[i], b->read_only };
    }
  for (guint i = 0; i < s->filesystems->len; i++)
    sentry_mount_namespace_ops (s->mounts)->add_filesystem (s->mounts,
                                                            g_ptr_array_index (s->filesystems, i));
  return sentry_mount_namespace_populate (s->mounts, s->kernel, &plan, error);
}

gboolean
sentry_sandbox_make_kernel (SentrySandboxProcess *s, GError **error)
{
  if (!init_kernel (s, error) || !populate (s, error))
    return FALSE;
  sentry_kernel_set_mount_namespace (s->kernel, s->mounts);
  return TRUE;
}

static void
set_limits (const SentrySandboxConfig *c, SentryLimits *limits)
{
  sentry_limits_init (limits);
  for (int i = 0; i < SENTRY_N_LIMITS && i < RLIM_NLIMITS; i++)
    {
      SentryLimit limit = { c->limits[i].soft, c->limits[i].hard };

      sentry_limits_swap (limits, i, &limit, TRUE, NULL);
    }
}

/* The names under which execvp would try CMD, in order. */
static char **
candidates (const SentrySandboxConfig *c)
{
  const char *path = g_environ_getenv (c->env, "PATH");
  g_auto (GStrv) folders = NULL;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  if (strchr (c->argv[0], '/') != NULL)
    {
      g_autofree char *name = g_canonicalize_filename (c->argv[0], c->cwd);

      g_strv_builder_add (names, *c->argv[0] == '/' ? c->argv[0] : name);
      return g_strv_builder_end (names);
    }
  folders = g_strsplit (path != NULL ? path : "/bin:/usr/bin", ":", -1);
  for (char **folder = folders; *folder != NULL; folder++)
    {
      g_autofree char *base = g_canonicalize_filename (**folder != '\0' ? *folder : ".", c->cwd);
      g_autofree char *name = g_build_filename (base, c->argv[0], NULL);

      g_strv_builder_add (names, name);
    }
  return g_strv_builder_end (names);
}

static gboolean
create (SentrySandboxProcess *s, const char *file_name, const char *const *argv, int *ret_errno,
        GError **error)
{
  const SentrySandboxConfig *c = s->config;
  SentryLimits limits;
  SentryProcessConfig config = {
    .file_name = file_name,
    .argv = argv,
    .envv = (const char *const *) c->env,
    .cwd = c->cwd,
    .cred = s->cred,
    .fds = s->fds,
    .umask = c->umask,
    .limits = &limits,
  };
  gint32 pid;

  set_limits (c, &limits);
  *ret_errno = 0;
  return sentry_kernel_create_process (s->kernel, &config, &pid, ret_errno, error);
}

/* A file without a format that we know is a script of the shell, as execvp has it. */
static gboolean
create_by_shell (SentrySandboxProcess *s, const char *file_name, int *ret_errno, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, (gpointer) "/bin/sh");
  g_ptr_array_add (argv, (gpointer) file_name);
  for (char **arg = s->config->argv + 1; *arg != NULL; arg++)
    g_ptr_array_add (argv, *arg);
  g_ptr_array_add (argv, NULL);
  return create (s, "/bin/sh", (const char *const *) argv->pdata, ret_errno, error);
}

static gboolean
try_candidates (SentrySandboxProcess *s, char **names, int *ret_errno, GError **error)
{
  int denied = 0;

  for (char **name = names; *name != NULL; name++)
    {
      int rc = 0;

      g_clear_error (error);
      if (create (s, *name, (const char *const *) s->config->argv, &rc, error))
        return TRUE;
      if (rc == ENOEXEC)
        {
          g_clear_error (error);
          return create_by_shell (s, *name, ret_errno, error);
        }
      *ret_errno = rc;
      if (rc == EACCES)
        denied = EACCES;
      else if (rc != ENOENT && rc != ENOTDIR)
        return FALSE;
    }
  if (denied != 0)
    *ret_errno = denied;
  return FALSE;
}

/* Makes the first process.  On failure s->exit_status is what a shell would give. */
gboolean
sentry_sandbox_exec (SentrySandboxProcess *s, GError **error)
{
  g_auto (GStrv) names = candidates (s->config);
  g_autoptr (GError) local = NULL;
  int rc = 0;

  if (try_candidates (s, names, &rc, &local))
    return TRUE;
  if (rc == 0) /* not the program's fault: the text says whose */
    {
      if (g_error_matches (local, SENTRY_KERNEL_ERROR, SENTRY_KERNEL_ERROR_NOT_FOUND))
        g_prefix_error (&local, "--cwd: ");
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  s->exit_status = rc == ENOENT || rc == ENOTDIR ? 127 : 126;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (rc), "%s: %s", s->config->argv[0],
               g_strerror (rc));
  return FALSE;
}
