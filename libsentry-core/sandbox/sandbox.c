/* A sandbox as the program that starts it sees it: a process and a control socket.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/sandbox.h"
#include "control/control-message.h"
#include "sandbox/host-features.h"
#include "sandbox/sandbox-private.h"
#include <errno.h>
#include <gio/gio.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* A root without the right to make namespaces (in a container) is treated as any user. */
static gboolean
enter_pid_namespace (void)
{
  return sentry_host_is_privileged () && unshare (CLONE_NEWPID) == 0;
}

static void
start_process (const SentrySandboxConfig *config, SentryPluginHost *plugins, int control,
               gboolean privileged)
{
  SentrySandboxProcess s
      = { .config = config, .plugins = plugins, .control = control, .privileged = privileged };

  sentry_sandbox_process_main (&s);
}

gboolean
sentry_sandbox_launch (const SentrySandboxConfig *config, SentryPluginHost *plugins,
                       SentrySandbox *ret_sandbox, GError **error)
{
  gboolean privileged;
  int ends[2];
  int rc = sentry_control_pair (ends);
  pid_t pid;

  if (rc < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (-rc), "sandbox: %s", g_strerror (-rc));
      return FALSE;
    }
  privileged = enter_pid_namespace ();
  pid = fork ();
  if (pid == 0)
    {
      close (ends[0]);
      start_process (config, plugins, ends[1], privileged);
    }
  close (ends[1]);
  if (pid < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "sandbox: %s",
                   g_strerror (errno));
      close (ends[0]);
      return FALSE;
    }
  *ret_sandbox = (SentrySandbox){ pid, ends[0] };
  return TRUE;
}
