/* sentry run: a command in a sandbox; this process keeps the terminal, forwards signals, and gives
 * the exit status. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "control/control-message.h"
#include "sandbox/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

typedef struct
{
  SentrySandbox sandbox;
  int signals;             /* signalfd */
  gboolean gone;           /* the sandbox process was waited for */
  int death;               /* its wait status then */
  gboolean told;           /* EXITED or FAILED came */
  int status;              /* what to exit with, once told */
  int terminal_fd;         /* -1: standard input is none */
  struct termios terminal; /* as it was */
} Run;

/* Forwarded to the guest's init, unless whoever started us had it ignored. */
static const int forwarded[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH };

static gboolean
is_ignored (int signo)
{
  struct sigaction action;

  return sigaction (signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void
open_signals (Run *r)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  sigaddset (&set, SIGQUIT);
  sigaddset (&set, SIGTSTP);
  for (gsize i = 0; i < G_N_ELEMENTS (forwarded); i++)
    if (!is_ignored (forwarded[i]))
      sigaddset (&set, forwarded[i]);
  sigprocmask (SIG_BLOCK, &set, NULL);
  r->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
remember_terminal (Run *r)
{
  r->terminal_fd = -1;
  if (tcgetattr (0, &r->terminal) == 0)
    r->terminal_fd = fcntl (0, F_DUPFD_CLOEXEC, 3);
}

/* A guest that ended well may leave the terminal as it likes, like any program; one that was cut
 * short could not. */
static void
restore_terminal (Run *r)
{
  signal (SIGTTOU, SIG_IGN);
  if (r->terminal_fd >= 0)
    tcsetattr (r->terminal_fd, TCSADRAIN, &r->terminal);
}

/* Whoever reads our standard output must see its end when the guest closes it, so the guest has the
 * only copies. */
static void
let_go_of_standard_descriptors (void)
{
  int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  if (null_fd < 0)
    return;
  dup2 (null_fd, 0);
  dup2 (null_fd, 1);
  if (null_fd > 2)
    close (null_fd);
}

static int
status_of_guest (int wait_status)
{
  return WIFSIGNALED (wait_status) ? 128 + WTERMSIG (wait_status) : WEXITSTATUS (wait_status);
}

/* FALSE at the end of the control socket. */
static gboolean
hear (Run *r)
{
  SentryControlMessage m;

  if (sentry_control_receive (r->sandbox.control, &m) != 1)
    return FALSE;
  if (r->told)
    return TRUE;
  if (m.type == SENTRY_CONTROL_EXITED)
    {
      r->told = TRUE;
      r->status = status_of_guest (m.value);
    }
  else if (m.type == SENTRY_CONTROL_FAILED)
    {
      r->told = TRUE;
      r->status = m.value;
      restore_terminal (r);
      fprintf (stderr, "sentry: %s\n", m.text);
    }
  return TRUE;
}

static void
reap (Run *r)
{
  if (!r->gone && waitpid (r->sandbox.pid, &r->death, WNOHANG) == r->sandbox.pid)
    r->gone = TRUE;
}

/* The terminal stops us: no guest code runs meanwhile, and the shell gets the terminal back. */
static void
stop_with_sandbox (Run *r)
{
  SentryControlMessage m;

  if (sentry_control_send (r->sandbox.control, SENTRY_CONTROL_PAUSE, 0, NULL) < 0)
    return;
  while (sentry_control_receive (r->sandbox.control, &m) == 1 && m.type != SENTRY_CONTROL_PAUSED)
    if (m.type == SENTRY_CONTROL_EXITED)
      {
        r->told = TRUE;
        r->status = status_of_guest (m.value);
        return;
      }
  kill (getpid (), SIGSTOP);
  sentry_control_send (r->sandbox.control, SENTRY_CONTROL_UNPAUSE, 0, NULL);
}

static void
forward (Run *r, const struct signalfd_siginfo *info)
{
  char origin[64];

  g_snprintf (origin, sizeof origin, "process %u of user %u", info->ssi_pid, info->ssi_uid);
  sentry_control_send (r->sandbox.control, SENTRY_CONTROL_SIGNAL, (int) info->ssi_signo, origin);
}

static void
take_signals (Run *r)
{
  struct signalfd_siginfo info;

  while (read (r->signals, &info, sizeof info) == sizeof info)
    switch (info.ssi_signo)
      {
      case SIGCHLD:
        reap (r);
        break;
      case SIGQUIT:
        sentry_control_send (r->sandbox.control, SENTRY_CONTROL_DUMP, 0, NULL);
        break;
      case SIGTSTP:
        stop_with_sandbox (r);
        break;
      default:
        forward (r, &info);
      }
}

static void
loop (Run *r)
{
  struct pollfd fds[] = { { r->sandbox.control, POLLIN, 0 }, { r->signals, POLLIN, 0 } };

  while (!r->gone)
    {
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno != EINTR)
        break;
      if (fds[0].revents != 0 && !hear (r))
        fds[0].fd = -1;
      if (fds[1].revents != 0)
        take_signals (r);
    }
  while (fds[0].fd >= 0 && hear (r))
    ;
}

/* The sandbox process ended without a word: after a crash report of its own, or killed. */
static int
untold_end (Run *r)
{
  restore_terminal (r);
  if (WIFSIGNALED (r->death))
    fprintf (stderr, "sentry: sandbox: killed by signal %d (%s)\n", WTERMSIG (r->death),
             strsignal (WTERMSIG (r->death)));
  else if (WEXITSTATUS (r->death) != SENTRY_EXIT_FAILED)
    fprintf (stderr, "sentry: sandbox: ended with status %d\n", WEXITSTATUS (r->death));
  return SENTRY_EXIT_FAILED;
}

static gboolean
check_platform (SentryPluginHost *host, const char *wanted, GError **error)
{
  g_auto (GStrv) names = sentry_plugin_host_names (host, "platform");
  const char *near;

  if (g_str_equal (wanted, "auto") || g_strv_contains ((const char *const *) names, wanted))
    return TRUE;
  near = sentry_suggest (wanted, (const char *const *) names);
  if (near != NULL)
    usage_error (error, "--platform: '%s' is not a platform; did you mean %s?", wanted, near);
  else
    usage_error (error, "--platform: '%s' is not a platform; see sentry plugins", wanted);
  return FALSE;
}

int
sentry_cmd_run (SentryCommand *command, GError **error)
{
  g_autoptr (SentryPluginHost) host = sentry_command_plugin_host (command->sandbox, error);
  Run r = { 0 };

  if (host == NULL || !check_platform (host, command->sandbox->platform, error))
    return SENTRY_EXIT_FAILED;
  fflush (NULL);
  remember_terminal (&r);
  open_signals (&r);
  if (!sentry_sandbox_launch (command->sandbox, host, &r.sandbox, error))
    return SENTRY_EXIT_FAILED;
  let_go_of_standard_descriptors ();
  loop (&r);
  return r.told ? r.status : untold_end (&r);
}
