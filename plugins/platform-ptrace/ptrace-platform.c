/* Platform: guest code runs in host processes under PTRACE_SYSEMU.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ptrace-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-template.h"

static void
set_unsupported (GError **error, const char *what, int errnum)
{
  g_set_error (error, SENTRY_PLATFORM_ERROR, SENTRY_PLATFORM_ERROR_UNSUPPORTED,
               "the host lets this user not trace a child process: %s: %s", what,
               g_strerror (errnum));
}

/* Traces a child that sleeps in `pause`; `ready` is readable once it may be traced. */
static gboolean
try_to_trace (pid_t child, int ready, GError **error)
{
  siginfo_t info;
  char byte;

  if (read (ready, &byte, 1) != 1)
    {
      set_unsupported (error, "prctl", EPERM);
      return FALSE;
    }
  if (ptrace (PTRACE_SEIZE, child, 0, PTRACE_O_EXITKILL) != 0)
    {
      set_unsupported (error, "PTRACE_SEIZE", errno);
      return FALSE;
    }
  if (ptrace (PTRACE_INTERRUPT, child, 0, 0) != 0
      || waitid (P_PID, (id_t) child, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL) != 0)
    {
      set_unsupported (error, "PTRACE_INTERRUPT", errno);
      return FALSE;
    }
  if (ptrace (PTRACE_SYSEMU, child, 0, 0) != 0)
    {
      set_unsupported (error, "PTRACE_SYSEMU", errno);
      return FALSE;
    }
  return TRUE;
}

/* The probe's child.  As the template's: a process that has changed its user may not be traced
 * until it says so. */
G_GNUC_NORETURN static void
sleep_traceable (int ready)
{
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl (PR_SET_DUMPABLE, 1) != 0
      || write (ready, "", 1) != 1)
    _exit (1);
  for (;;)
    pause ();
}

static gboolean
ptrace_probe (SentryPlatform *platform, GError **error)
{
  int ready[2];
  pid_t child;
  gboolean ok;

  if (pipe2 (ready, O_CLOEXEC) != 0)
    {
      set_unsupported (error, "pipe", errno);
      return FALSE;
    }
  child = fork ();
  if (child == 0)
    sleep_traceable (ready[1]);
  close (ready[1]);
  if (child < 0)
    {
      set_unsupported (error, "fork", errno);
      close (ready[0]);
      return FALSE;
    }
  ok = try_to_trace (child, ready[0], error);
  close (ready[0]);
  kill (child, SIGKILL);
  while (waitpid (child, NULL, __WALL) < 0 && errno == EINTR)
    ;
  return ok;
}

/* Guest processes are looked up by number there, so it must be the procfs of our own PID namespace.
 */
static int
open_procfs (void)
{
  char self[24] = { 0 };
  int fd = open ("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0 && readlinkat (fd, "self", self, sizeof self - 1) > 0 && atoi (self) == getpid ())
    return fd;
  if (fd >= 0)
    close (fd);
  g_message ("ptrace platform: /proc shows another PID namespace: no resident set sizes, no pokes");
  return -1;
}

/* A traced stop isn't worth a signal to the sentry, whatever handles SIGCHLD there. */
static void
quiet_sigchld (void)
{
  struct sigaction sa;

  if (sigaction (SIGCHLD, NULL, &sa) == 0)
    {
      sa.sa_flags |= SA_NOCLDSTOP;
      sigaction (SIGCHLD, &sa, NULL);
    }
}

static gboolean
ptrace_start (SentryPlatform *platform, const SentryPlatformConfig *config, GError **error)
{
  SentryPtracePlatform *self = SENTRY_PTRACE_PLATFORM (platform);
  SentryHostTemplate t;

  g_assert (!self->started);
  if (!sentry_host_template_start (&t, config->max_memory, error))
    return FALSE;
  quiet_sigchld ();
  sentry_ptrace_install_handler ();
  self->template = sentry_tracee_new (t.pid, SENTRY_TRACEE_STOPPED);
  sentry_tracee_park (self->template);
  sentry_host_fd_pool_init (&self->fds, &t);
  self->proc_fd = open_procfs ();
  self->placement = sentry_host_placement_new ();
  self->reaper = sentry_host_reaper_new (self->placement);
  self->max_tasks = config->max_tasks;
  self->started = TRUE;
  return TRUE;
}

static void
ptrace_stop (SentryPlatform *platform)
{
  SentryPtracePlatform *self = SENTRY_PTRACE_PLATFORM (platform);

  if (!self->started)
    return;
  self->started = FALSE;
  sentry_tracee_release (self->template);
  sentry_host_reaper_add (self->reaper, self->template->pid);
  g_clear_pointer (&self->template, g_free);
  g_clear_pointer (&self->reaper, sentry_host_reaper_free);
  g_clear_pointer (&self->placement, sentry_host_placement_free);
  sentry_host_fd_pool_clear (&self->fds);
  if (self->proc_fd >= 0)
    close (self->proc_fd);
}

static SentryAddressSpace *
ptrace_new_address_space (SentryPlatform *platform, int *ret_errno)
{
  return sentry_ptrace_space_new (SENTRY_PTRACE_PLATFORM (platform), ret_errno);
}

static SentryContext *
ptrace_new_context (SentryPlatform *platform, int *ret_errno)
{
  SentryPtracePlatform *self = SENTRY_PTRACE_PLATFORM (platform);

  if (g_atomic_int_add (&self->n_contexts, 1) >= (gint) MIN (self->max_tasks, G_MAXINT)
      && self->max_tasks > 0)
    {
      g_atomic_int_add (&self->n_contexts, -1);
      *ret_errno = EAGAIN;
      return NULL;
    }
  return sentry_ptrace_context_new (self);
}

static const SentryHostCall *
ptrace_host_calls (SentryPlatform *platform)
{
  return sentry_ptrace_host_calls;
}

static void
ptrace_address_range (SentryPlatform *platform, guint64 *ret_min, guint64 *ret_max)
{
  *ret_min = HIDDEN_GUEST_MIN;
  *ret_max = HIDDEN_BASE;
}

static void
platform_iface_init (SentryPlatformInterface *iface)
{
  iface->probe = ptrace_probe;
  iface->start = ptrace_start;
  iface->stop = ptrace_stop;
  iface->new_address_space = ptrace_new_address_space;
  iface->new_context = ptrace_new_context;
  iface->host_calls = ptrace_host_calls;
  iface->address_range = ptrace_address_range;
}

G_DEFINE_TYPE_WITH_CODE (SentryPtracePlatform, sentry_ptrace_platform, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (SENTRY_TYPE_PLATFORM, platform_iface_init))

static void
sentry_ptrace_platform_init (SentryPtracePlatform *self)
{
  self->proc_fd = -1;
  sentry_mutex_init (&self->lock, SENTRY_LOCK_PLATFORM);
}

static void
ptrace_platform_finalize (GObject *object)
{
  ptrace_stop (SENTRY_PLATFORM (object));
  G_OBJECT_CLASS (sentry_ptrace_platform_parent_class)->finalize (object);
}

static void
sentry_ptrace_platform_class_init (SentryPtracePlatformClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ptrace_platform_finalize;
}
