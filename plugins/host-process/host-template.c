/* Starts the template from which every guest host-process is forked.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-template.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hidden.h"
#include "iface/sentry-platform.h"
#include "template-steps.h"

#ifndef MFD_EXEC
#  define MFD_EXEC 0x0010U
#endif
/* What the host's out-of-memory killer adds to a guest process before it looks at the sentry. */
#define OOM_SCORE_MORE 300

typedef struct
{
  int image;
  int sockets[HIDDEN_SOCKETS]; /* the guests' ends */
  pid_t parent;
  guint64 max_memory;
  int oom_score_adj;
} Birth;

static void
set_error (GError **error, const char *what, int errnum)
{
  g_set_error (error, SENTRY_PLATFORM_ERROR, SENTRY_PLATFORM_ERROR_FAILED, "guest template: %s: %s",
               what, g_strerror (errnum));
}

static int
open_image (GError **error)
{
  gsize done = 0;
  int fd = memfd_create ("sentry-guest", MFD_CLOEXEC | MFD_EXEC);

  if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
    fd = memfd_create ("sentry-guest", MFD_CLOEXEC);
  if (fd < 0)
    {
      set_error (error, "memfd_create", errno);
      return -1;
    }
  while (done < sentry_host_template_image_size)
    {
      ssize_t n
          = write (fd, sentry_host_template_image + done, sentry_host_template_image_size - done);
      if (n <= 0)
        {
          set_error (error, "write of its image", errno);
          close (fd);
          return -1;
        }
      done += (gsize) n;
    }
  return fd;
}

static gboolean
open_sockets (SentryHostTemplate *t, GError **error)
{
  for (guint i = 0; i < HIDDEN_SOCKETS; i++)
    {
      int pair[2];

      if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        {
          set_error (error, "socketpair", errno);
          return FALSE;
        }
      t->send[i] = pair[0];
      t->recv[i] = pair[1];
    }
  return TRUE;
}

static void
close_sockets (SentryHostTemplate *t)
{
  for (guint i = 0; i < HIDDEN_SOCKETS; i++)
    {
      if (t->send[i] >= 0)
        close (t->send[i]);
      if (t->recv[i] >= 0)
        close (t->recv[i]);
    }
}

/* From here to exec only what is safe after fork in any process: plain system calls. */

static void
check (int step, gboolean ok)
{
  if (!ok)
    _exit (step);
}

static void
set_limit (int resource, rlim_t value)
{
  struct rlimit old, new = { value, value };

  check (TEMPLATE_STEP_LIMITS, getrlimit (resource, &old) == 0);
  if (old.rlim_max < value)
    new.rlim_cur = new.rlim_max = old.rlim_max;
  check (TEMPLATE_STEP_LIMITS, setrlimit (resource, &new) == 0);
}

/* The sockets become descriptors 0 … HIDDEN_SOCKETS - 1, the image stays above until exec closes
 * it. */
static void
arrange_descriptors (Birth *b)
{
  for (guint i = 0; i < HIDDEN_SOCKETS; i++)
    {
      b->sockets[i] = fcntl (b->sockets[i], F_DUPFD_CLOEXEC, 2 * HIDDEN_SOCKETS);
      check (TEMPLATE_STEP_DESCRIPTORS, b->sockets[i] >= 0);
    }
  b->image = fcntl (b->image, F_DUPFD_CLOEXEC, 2 * HIDDEN_SOCKETS);
  check (TEMPLATE_STEP_DESCRIPTORS, b->image >= 0);
  for (guint i = 0; i < HIDDEN_SOCKETS; i++)
    check (TEMPLATE_STEP_DESCRIPTORS, dup2 (b->sockets[i], (int) i) == (int) i);
  check (TEMPLATE_STEP_DESCRIPTORS, dup2 (b->image, HIDDEN_SLOT) == HIDDEN_SLOT);
  check (TEMPLATE_STEP_DESCRIPTORS, fcntl (HIDDEN_SLOT, F_SETFD, FD_CLOEXEC) == 0);
  check (TEMPLATE_STEP_DESCRIPTORS, syscall (SYS_close_range, HIDDEN_SLOT + 1, ~0u, 0) == 0);
  b->image = HIDDEN_SLOT;
}

static void
raise_oom_score (const Birth *b)
{
  char text[16];
  int n = snprintf (text, sizeof text, "%d", b->oom_score_adj);
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return; /* no procfs: nothing worth failing for */
  if (write (fd, text, (size_t) n) < 0)
    (void) 0;
  close (fd);
}

G_GNUC_NORETURN static void
become_template (Birth *b)
{
  static const char *const none[] = { NULL };
  sigset_t empty;
  char go;

  check (TEMPLATE_STEP_SIGNAL, prctl (PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid () == b->parent);
  /* A sentry that has changed its user may not be traced, nor then its copy; the image that follows
   * may. */
  check (TEMPLATE_STEP_SIGNAL, prctl (PR_SET_DUMPABLE, 1) == 0);
  check (TEMPLATE_STEP_SIGNAL, send (b->sockets[0], "d", 1, MSG_NOSIGNAL) == 1);
  check (TEMPLATE_STEP_SIGNAL, recv (b->sockets[0], &go, 1, 0) == 1); /* the tracer is there */
  check (TEMPLATE_STEP_SESSION, setsid () > 0); /* a terminal's signals are for the sentry */
  raise_oom_score (b);
  arrange_descriptors (b);
  for (int sig = 1; sig < 32; sig++)
    signal (sig, SIG_DFL);
  sigemptyset (&empty);
  check (TEMPLATE_STEP_SESSION, sigprocmask (SIG_SETMASK, &empty, NULL) == 0);
  check (TEMPLATE_STEP_SESSION, personality (PER_LINUX) >= 0);
  umask (0777);
  check (TEMPLATE_STEP_SESSION, chdir ("/") == 0);
  set_limit (RLIMIT_CORE, 0);
  set_limit (RLIMIT_NOFILE, HIDDEN_SLOT + 1);
  if (b->max_memory > 0)
    set_limit (RLIMIT_AS, b->max_memory);
  syscall (SYS_execveat, b->image, "", none, none, AT_EMPTY_PATH);
  _exit (TEMPLATE_STEP_EXEC);
}

static int
wanted_oom_score (void)
{
  g_autofree char *text = NULL;
  int own = 0;

  if (g_file_get_contents ("/proc/self/oom_score_adj", &text, NULL, NULL))
    own = (int) g_ascii_strtoll (text, NULL, 10);
  return MIN (own + OOM_SCORE_MORE, 1000);
}

static const char *
step_name (int step)
{
  static const char *const names[TEMPLATE_N_STEPS] = {
    [TEMPLATE_STEP_SIGNAL] = "it couldn't ask to die with the sentry",
    [TEMPLATE_STEP_SESSION] = "it couldn't start a session of its own",
    [TEMPLATE_STEP_DESCRIPTORS] = "it couldn't arrange its descriptors",
    [TEMPLATE_STEP_LIMITS] = "it couldn't set its limits",
    [TEMPLATE_STEP_EXEC] = "its image couldn't be executed (vm.memfd_noexec?)",
    [TEMPLATE_STEP_CAPABILITIES] = "it couldn't drop its capabilities",
    [TEMPLATE_STEP_HANDLERS] = "it couldn't set signal handlers",
    [TEMPLATE_STEP_HIDDEN] = "it couldn't map its hidden region",
    [TEMPLATE_STEP_FILTER] = "it couldn't install a seccomp filter",
  };

  return step > 0 && step < TEMPLATE_N_STEPS && names[step] != NULL ? names[step]
                                                                    : "it ended at once";
}

/* Lets it run to the breakpoint at the end of its last step. */
static gboolean
await_breakpoint (pid_t pid, GError **error)
{
  siginfo_t info;

  for (;;)
    {
      int sig;

      if (waitid (P_PID, (id_t) pid, &info, WSTOPPED | WEXITED | __WALL) != 0)
        {
          if (errno == EINTR)
            continue;
          set_error (error, "waitid", errno);
          return FALSE;
        }
      if (info.si_code != CLD_TRAPPED)
        {
          g_set_error (error, SENTRY_PLATFORM_ERROR, SENTRY_PLATFORM_ERROR_FAILED,
                       "guest template: %s (%s %d)",
                       step_name (info.si_code == CLD_EXITED ? info.si_status : 0),
                       info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
          return FALSE;
        }
      sig = info.si_status & 0xff;
      if (info.si_status == SIGTRAP)
        return TRUE;
      if (info.si_status >> 8 != 0 || sig == SIGSTOP)
        sig = 0;
      ptrace (PTRACE_CONT, pid, 0, (gpointer) (gintptr) sig);
    }
}

static gboolean
finished_cleanly (pid_t pid, GError **error)
{
  struct
  {
    guint64 r15, r14, r13, r12, rbp, rbx, rest[21];
  } regs;

  if (ptrace (PTRACE_GETREGS, pid, 0, &regs) != 0)
    {
      set_error (error, "PTRACE_GETREGS", errno);
      return FALSE;
    }
  if (regs.rbx != 0)
    {
      g_set_error_literal (error, SENTRY_PLATFORM_ERROR, SENTRY_PLATFORM_ERROR_FAILED,
                           "guest template: it couldn't empty its address space (sealed vDSO?)");
      return FALSE;
    }
  return TRUE;
}

static gboolean
trace_to_the_end (SentryHostTemplate *t, GError **error)
{
  struct pollfd poll_fd = { t->send[0], POLLIN, 0 };
  char ready;

  /* The time is bounded, because a child that dies before it's traced closes nothing that we could
   * see. */
  if (poll (&poll_fd, 1, 10 * 1000) != 1 || recv (t->send[0], &ready, 1, 0) != 1)
    {
      set_error (error, "it didn't start", ESRCH);
      return FALSE;
    }
  if (ptrace (PTRACE_SEIZE, t->pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) != 0)
    {
      set_error (error, "PTRACE_SEIZE", errno);
      return FALSE;
    }
  if (send (t->send[0], "g", 1, MSG_NOSIGNAL) != 1)
    {
      set_error (error, "send", errno);
      return FALSE;
    }
  return await_breakpoint (t->pid, error) && finished_cleanly (t->pid, error);
}

gboolean
sentry_host_template_start (SentryHostTemplate *ret_template, guint64 max_memory, GError **error)
{
  SentryHostTemplate t;
  Birth b = { .parent = getpid (), .max_memory = max_memory, .oom_score_adj = wanted_oom_score () };
  gboolean ok = FALSE;

  memset (&t, -1, sizeof t);
  b.image = open_image (error);
  if (b.image < 0)
    return FALSE;
  if (open_sockets (&t, error))
    {
      memcpy (b.sockets, t.recv, sizeof b.sockets);
      t.pid = fork ();
      if (t.pid == 0)
        become_template (&b);
      if (t.pid < 0)
        set_error (error, "fork", errno);
      else if (trace_to_the_end (&t, error))
        ok = TRUE;
      else
        {
          kill (t.pid, SIGKILL);
          waitpid (t.pid, NULL, __WALL);
        }
    }
  close (b.image);
  if (ok)
    *ret_template = t;
  else
    close_sockets (&t);
  return ok;
}
