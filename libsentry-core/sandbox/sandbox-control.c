/* The sandbox's end of the control socket. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control/control-message.h"
#include "sandbox/log.h"
#include "sandbox/sandbox-private.h"
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
external_signal (SentrySandboxProcess *s, int signo, const char *origin)
{
  siginfo_t info;

  if (signo < 1 || signo >= SIGRTMAX)
    return;
  memset (&info, 0, sizeof info);
  info.si_signo = signo;
  info.si_code = SI_KERNEL; /* as from a terminal */
  sentry_kernel_external_signal (s->kernel, &info, origin);
}

static void
dump (SentrySandboxProcess *s)
{
  g_autofree char *text = sentry_kernel_dump (s->kernel);

  sentry_log_text (text);
}

static void
answer (SentrySandboxProcess *s, const SentryControlMessage *m)
{
  switch (m->type)
    {
    case SENTRY_CONTROL_SIGNAL:
      external_signal (s, m->value, m->text);
      break;
    case SENTRY_CONTROL_DUMP:
      dump (s);
      break;
    case SENTRY_CONTROL_PAUSE:
      sentry_kernel_pause (s->kernel);
      sentry_control_send (s->control, SENTRY_CONTROL_PAUSED, 0, NULL);
      break;
    case SENTRY_CONTROL_UNPAUSE:
      sentry_kernel_unpause (s->kernel);
      break;
    default:
      g_warning ("control socket: message %u doesn't belong here", m->type);
    }
}

/* When the other side is gone, nobody is left to tell: the process ends, and the guests with it. */
static gpointer
control_thread (gpointer data)
{
  SentrySandboxProcess *s = data;
  SentryControlMessage m;

  while (sentry_control_receive (s->control, &m) == 1)
    answer (s, &m);
  for (;;)
    syscall (SYS_exit_group, SENTRY_SANDBOX_FAILED);
  return NULL;
}

void
sentry_sandbox_serve_control (SentrySandboxProcess *s)
{
  g_thread_unref (g_thread_new ("control", control_thread, s));
}
