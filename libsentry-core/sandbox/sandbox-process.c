/* The sandbox process: assembles the sandbox, locks itself down, runs the guest.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control/control-message.h"
#include "fs/host-file.h"
#include "fs/host-poll.h"
#include "sandbox/crash-report.h"
#include "sandbox/host-capabilities.h"
#include "sandbox/host-features.h"
#include "sandbox/landlock.h"
#include "sandbox/log.h"
#include "sandbox/preload.h"
#include "sandbox/sandbox-private.h"
#include "strace/strace.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the terminal sends to the whole foreground process group reaches the guest through the
 * program in front of us; a pipe of the guest's that nobody reads is EPIPE, and the guest's own
 * SIGPIPE. */
static void
set_signals (void)
{
  static const int ignored[]
      = { SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2 };
  sigset_t none;

  for (gsize i = 0; i < G_N_ELEMENTS (ignored); i++)
    signal (ignored[i], SIG_IGN);
  signal (SIGCHLD, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

/* Leaves the standard descriptors and the control socket; a core dump would hold guest memory. */
static gboolean
set_descriptors (SentrySandboxProcess *s, GError **error)
{
  struct rlimit files, no_core = { 0, 0 };
  int messages = fcntl (2, F_DUPFD_CLOEXEC, 3);
  int debug = -1;

  if (s->config->debug_log != NULL)
    {
      debug = open (s->config->debug_log,
                    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
      if (debug < 0)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "--debug-log: %s: %s",
                       s->config->debug_log, g_strerror (errno));
          return FALSE;
        }
    }
  sentry_log_start (messages, debug);
  s->output = s->config->print_host_syscalls ? fcntl (1, F_DUPFD_CLOEXEC, 3) : -1;
  setrlimit (RLIMIT_CORE, &no_core);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0)
    {
      files.rlim_cur = files.rlim_max;
      setrlimit (RLIMIT_NOFILE, &files);
    }
  return TRUE;
}

static gboolean
start_platform (SentrySandboxProcess *s, GError **error)
{
  SentryPlatformConfig config = {
    .max_tasks = s->config->max_tasks,
    .max_memory = s->config->max_memory,
    .pid_namespace = s->privileged,
    .pretend_missing = (const char *const *) s->config->pretend_missing,
  };

  if (sentry_platform_start (s->platform, &config, error))
    return TRUE;
  g_prefix_error (error, "--platform: ");
  return FALSE;
}

/* With one thread: what is a thread's own is here (namespaces, Landlock, capabilities), and the
 * template of guest processes, which must not see more of this process than it has now. */
static gboolean
assemble (SentrySandboxProcess *s, GError **error)
{
  const char *const read_too[] = { "/proc", NULL };
  int abi = 0;

  if (!set_descriptors (s, error) || (s->privileged && !sentry_host_enter_namespaces (error))
      || !sentry_sandbox_make_objects (s, error))
    return FALSE;
  sentry_preload_libraries ();
  if (!sentry_sandbox_donate_descriptors (s, error))
    return FALSE;
  if (!s->privileged && !sentry_landlock_restrict (s->config, read_too, &abi, error))
    return FALSE;
  if (!start_platform (s, error)
      || !sentry_donated_open (&s->donated, s->config, s->privileged, error)
      || (s->privileged && !sentry_host_empty_root (error))
      || !sentry_host_drop_capabilities (error))
    return FALSE;
  /* After the last change of credentials, which clears it. */
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  g_debug ("lock-down: %s", sentry_host_lockdown_level (s->privileged, abi));
  return TRUE;
}

SentryHostCallSet *
sentry_sandbox_collect_host_calls (SentrySandboxProcess *s)
{
  SentryHostCallSet *set = sentry_host_call_set_new ();
  const SentryMountNamespaceInterface *mounts = sentry_mount_namespace_ops (s->mounts);

  sentry_host_call_set_add (set, "core", sentry_core_host_calls ());
  sentry_host_call_set_add (set, "sanitizer", sentry_sanitizer_host_calls ());
  sentry_host_call_set_add (set, "fs", sentry_fs_host_calls ());
  sentry_host_call_set_add (set, "platform", sentry_platform_host_calls (s->platform));
  if (mounts->host_calls != NULL)
    sentry_host_call_set_add (set, "mounts", mounts->host_calls (s->mounts));
  for (guint i = 0; i < s->filesystems->len; i++)
    {
      SentryFilesystem *fs = g_ptr_array_index (s->filesystems, i);

      sentry_host_call_set_add (set, sentry_filesystem_get_name (fs),
                                sentry_filesystem_host_calls (fs));
    }
  return set;
}

/* exit () would run destructors of libraries beside running threads. */
G_GNUC_NORETURN static void
leave (int status)
{
  for (;;)
    syscall (SYS_exit_group, status);
}

/* The list that would be enforced now: what is bound and kept decides too. */
G_GNUC_NORETURN static void
print_host_calls (SentrySandboxProcess *s)
{
  g_autoptr (SentryHostCallSet) set = sentry_sandbox_collect_host_calls (s);
  g_autofree char *lines = sentry_host_call_set_describe (set);

  dprintf (s->output, "%s\n%u calls\n", lines, sentry_host_call_set_size (set));
  sentry_control_send (s->control, SENTRY_CONTROL_EXITED, 0, NULL);
  leave (0);
}

static gboolean
lock_down (SentrySandboxProcess *s, GError **error)
{
  g_autoptr (SentryHostCallSet) calls = sentry_sandbox_collect_host_calls (s);

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "lock-down: %s",
                   g_strerror (errno));
      return FALSE;
    }
  return sentry_host_call_set_enforce (calls, error);
}

static gboolean
run (SentrySandboxProcess *s, GError **error)
{
  if (!assemble (s, error) || !sentry_sandbox_make_kernel (s, error))
    return FALSE;
  if (s->config->print_host_syscalls)
    print_host_calls (s);
  sentry_host_poll_start ();
  sentry_crash_report_start (SENTRY_SANDBOX_FAILED);
  if (!lock_down (s, error) || !sentry_sandbox_exec (s, error))
    return FALSE;
  /* Fails when the other end has died before PDEATHSIG was set. */
  if (sentry_control_send (s->control, SENTRY_CONTROL_STARTED, 0, NULL) < 0)
    return FALSE;
  sentry_sandbox_serve_control (s);
  return sentry_kernel_start (s->kernel, error);
}

void
sentry_sandbox_process_main (SentrySandboxProcess *s)
{
  g_autoptr (GError) error = NULL;
  int wait_status;

  set_signals ();
  s->exit_status = SENTRY_SANDBOX_FAILED;
  if (!run (s, &error))
    {
      sentry_control_send (s->control, SENTRY_CONTROL_FAILED, s->exit_status,
                           error != NULL ? error->message : "");
      leave (SENTRY_SANDBOX_FAILED);
    }
  wait_status = sentry_kernel_wait_exited (s->kernel);
  sentry_strace_stop ();
  if (sentry_kernel_exit_error (s->kernel) != NULL)
    sentry_control_send (s->control, SENTRY_CONTROL_FAILED, SENTRY_SANDBOX_FAILED,
                         sentry_kernel_exit_error (s->kernel)->message);
  sentry_kernel_destroy (s->kernel);
  sentry_control_send (s->control, SENTRY_CONTROL_EXITED, wait_status, NULL);
  leave (0);
}
