/* One guest host-process under ptrace: attach, resume, wait, run hidden code.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracee.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hidden.h"

G_STATIC_ASSERT (sizeof (SentryRegs) == sizeof (struct user_regs_struct));
G_STATIC_ASSERT (G_STRUCT_OFFSET (SentryRegs, rip)
                 == G_STRUCT_OFFSET (struct user_regs_struct, rip));

#define TRACE_OPTIONS (PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)

pid_t
sentry_tracee_self (void)
{
  static __thread pid_t self;

  if (self == 0)
    self = (pid_t) syscall (SYS_gettid);
  return self;
}

SentryTracee *
sentry_tracee_new (pid_t pid, SentryTraceeState state)
{
  SentryTracee *t = g_new0 (SentryTracee, 1);

  t->pid = pid;
  t->state = state;
  t->tracer = state == SENTRY_TRACEE_STOPPED ? sentry_tracee_self () : 0;
  return t;
}

static gboolean
await_stop (SentryTracee *t, int *ret_status)
{
  siginfo_t info;

  /* WNOWAIT: a death is seen but not collected, so the number isn't reused while others may still
   * send to it. */
  while (waitid (P_PID, (id_t) t->pid, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL) != 0)
    if (errno != EINTR)
      return FALSE;
  if (info.si_code != CLD_TRAPPED)
    return FALSE;
  *ret_status = info.si_status;
  return TRUE;
}

gboolean
sentry_tracee_seize (SentryTracee *t)
{
  int status;

  g_assert (t->state == SENTRY_TRACEE_PARKED);
  if (ptrace (PTRACE_SEIZE, t->pid, 0, TRACE_OPTIONS) != 0)
    return FALSE;
  t->state = SENTRY_TRACEE_STOPPED;
  t->tracer = sentry_tracee_self ();
  return ptrace (PTRACE_INTERRUPT, t->pid, 0, 0) == 0 && await_stop (t, &status);
}

static void
hidden_regs (SentryRegs *regs, guint entry)
{
  regs->rip = HIDDEN_CODE + entry;
  regs->orig_rax = ~(guint64) 0; /* the host must restart nothing */
  regs->eflags = 0x202;
  regs->cs = SENTRY_USER_CS;
  regs->ss = SENTRY_USER_SS;
}

void
sentry_tracee_park (SentryTracee *t)
{
  SentryRegs regs = { .r12 = (guint64) getpid () };

  g_assert (t->state == SENTRY_TRACEE_STOPPED && t->tracer == sentry_tracee_self ());
  hidden_regs (&regs, HIDDEN_AT_PARK);
  /* If either fails it's dead already: the next seize finds out. */
  if (sentry_tracee_set_regs (t, &regs))
    ptrace (PTRACE_DETACH, t->pid, 0, 0);
  t->state = SENTRY_TRACEE_PARKED;
  t->tracer = 0;
}

void
sentry_tracee_release (SentryTracee *t)
{
  SentryRegs regs = { 0 };

  if (t->state == SENTRY_TRACEE_STOPPED && t->tracer == sentry_tracee_self ())
    {
      hidden_regs (&regs, HIDDEN_AT_DIE);
      if (sentry_tracee_set_regs (t, &regs)
          && ptrace (PTRACE_DETACH, t->pid, 0, (gpointer) SIGKILL) == 0)
        return;
    }
  kill (t->pid, SIGKILL);
}

/* Most system calls change nothing but rax, and writing one register costs a tenth of writing all.
 * orig_rax then keeps the call's number, which is harmless unless the result looks like one of the
 * host's own restart codes (ERESTARTSYS … ERESTART_RESTARTBLOCK). */
static gboolean
only_rax_differs (const SentryTracee *t, const SentryRegs *regs)
{
  SentryRegs want = *regs;
  gint64 result = (gint64) regs->rax;

  if (!t->regs_known || (result <= -512 && result >= -516))
    return FALSE;
  want.rax = t->regs.rax;
  want.orig_rax = t->regs.orig_rax;
  return memcmp (&want, &t->regs, sizeof want) == 0;
}

gboolean
sentry_tracee_set_regs (SentryTracee *t, const SentryRegs *regs)
{
  if (only_rax_differs (t, regs))
    return ptrace (PTRACE_POKEUSER, t->pid, (gpointer) G_STRUCT_OFFSET (struct user, regs.rax),
                   (gpointer) regs->rax)
           == 0;
  t->regs_known = FALSE;
  return ptrace (PTRACE_SETREGS, t->pid, 0, regs) == 0;
}

gboolean
sentry_tracee_get_regs (SentryTracee *t, SentryRegs *ret_regs)
{
  if (ptrace (PTRACE_GETREGS, t->pid, 0, ret_regs) != 0)
    return FALSE;
  t->regs = *ret_regs;
  t->regs_known = TRUE;
  return TRUE;
}

gboolean
sentry_tracee_resume (SentryTracee *t, int request, int sig, int *ret_status)
{
  t->regs_known = FALSE;
  if (ptrace (request, t->pid, 0, (gpointer) (gintptr) sig) != 0)
    return FALSE;
  return await_stop (t, ret_status);
}

/* Is the signal that it stopped for the CPU's, rather than somebody's?  The host lets no process
 * send another one a positive si_code. */
static gboolean
is_from_cpu (SentryTracee *t)
{
  siginfo_t info;

  return ptrace (PTRACE_GETSIGINFO, t->pid, 0, &info) == 0 && info.si_code > 0;
}

SentryHiddenResult
sentry_tracee_run_hidden (SentryTracee *t, guint entry, SentryRegs *regs)
{
  int status;

  hidden_regs (regs, entry);
  if (!sentry_tracee_set_regs (t, regs))
    return SENTRY_HIDDEN_DEAD;
  for (;;)
    {
      if (!sentry_tracee_resume (t, PTRACE_CONT, 0, &status))
        return SENTRY_HIDDEN_DEAD;
      /* Anything else than its own traps (the doorbell of interrupt, an outsider's signal) is
       * dropped here: an interrupt is remembered in the context. */
      if (status == SIGTRAP && is_from_cpu (t))
        return sentry_tracee_get_regs (t, regs) ? SENTRY_HIDDEN_DONE : SENTRY_HIDDEN_DEAD;
      if ((status == SIGSEGV || status == SIGBUS) && is_from_cpu (t))
        return SENTRY_HIDDEN_FAULT;
    }
}

gint64
sentry_tracee_call (SentryTracee *t, int nr, guint64 a, guint64 b, guint64 c, guint64 d, guint64 e)
{
  SentryRegs regs = { .rax = (guint64) nr, .rdi = a, .rsi = b, .rdx = c, .r10 = d, .r8 = e };

  if (sentry_tracee_run_hidden (t, HIDDEN_AT_CALL, &regs) != SENTRY_HIDDEN_DONE)
    return -ESRCH;
  return (gint64) regs.rax;
}

gint64
sentry_tracee_birth (SentryTracee *t, guint64 clone_flags)
{
  /* A sibling, not a child: all guest processes are direct children of the sentry's parent thread.
   */
  SentryRegs regs = { .rdi = clone_flags | CLONE_PARENT, .r12 = (guint64) getpid () };

  if (sentry_tracee_run_hidden (t, HIDDEN_AT_BIRTH, &regs) != SENTRY_HIDDEN_DONE)
    return -ESRCH;
  return (gint64) regs.rax;
}

/* The host's xstate may be longer than ours (dynamic features that the sandbox doesn't offer): what
 * we don't know stays in its initial state. */
typedef struct
{
  guint8 bytes[2 * SENTRY_XSTATE_MAX];
} HostXstate;

static gboolean
host_xstate (SentryTracee *t, HostXstate *x, gsize *ret_size)
{
  struct iovec iov = { x->bytes, sizeof x->bytes };

  if (ptrace (PTRACE_GETREGSET, t->pid, (gpointer) NT_X86_XSTATE, &iov) != 0)
    return FALSE;
  *ret_size = iov.iov_len;
  return TRUE;
}

gboolean
sentry_tracee_get_xstate (SentryTracee *t, guint8 *ret_xstate, gsize size)
{
  struct iovec iov = { ret_xstate, size };

  return ptrace (PTRACE_GETREGSET, t->pid, (gpointer) NT_X86_XSTATE, &iov) == 0;
}

gboolean
sentry_tracee_set_xstate (SentryTracee *t, const guint8 *xstate, gsize size)
{
  struct iovec iov = { (gpointer) xstate, size };
  g_autofree HostXstate *padded = NULL;
  gsize host_size;

  if (ptrace (PTRACE_SETREGSET, t->pid, (gpointer) NT_X86_XSTATE, &iov) == 0)
    return TRUE;
  if (errno != EFAULT)
    return FALSE;
  padded = g_new0 (HostXstate, 1);
  if (!host_xstate (t, padded, &host_size) || host_size <= size)
    return FALSE;
  memset (padded->bytes, 0, host_size);
  memcpy (padded->bytes, xstate, size);
  iov = (struct iovec){ padded->bytes, host_size };
  return ptrace (PTRACE_SETREGSET, t->pid, (gpointer) NT_X86_XSTATE, &iov) == 0;
}
