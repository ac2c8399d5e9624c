/* Contexts: how guest code runs under ptrace. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ptrace-private.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void
set_kick (SentryPtraceContext *c, pid_t pid)
{
  sentry_mutex_lock (&c->kick_lock);
  c->kick_pid = pid;
  sentry_mutex_unlock (&c->kick_lock);
}

void
sentry_ptrace_context_kick (SentryPtraceContext *c)
{
  sentry_mutex_lock (&c->kick_lock);
  if (c->kick_pid != 0)
    syscall (SYS_tgkill, c->kick_pid, c->kick_pid, SENTRY_PTRACE_KICK);
  sentry_mutex_unlock (&c->kick_lock);
}

/* The CPU clock of another process: see clock_getcpuclockid(3). */
static gint64
process_cpu_time (pid_t pid)
{
  clockid_t clock = (clockid_t) ((~(unsigned) pid << 3) | 2);
  struct timespec ts;

  if (clock_gettime (clock, &ts) != 0)
    return 0;
  return (gint64) ts.tv_sec * G_GINT64_CONSTANT (1000000000) + ts.tv_nsec;
}

void
sentry_ptrace_context_adopt (SentryPtraceContext *c, SentryTracee *t)
{
  c->home = t;
  set_kick (c, t->pid);
}

/* A former home, in no list any more, dies. */
static void
leave (SentryPtraceContext *c, SentryTracee *t)
{
  __atomic_fetch_add (&c->old_cpu_time, process_cpu_time (t->pid), __ATOMIC_RELAXED);
  sentry_ptrace_retire (c->platform, t);
}

static void
drop_next (SentryPtraceContext *c)
{
  SentryTracee *t = c->next;

  if (t == NULL)
    return;
  sentry_ptrace_space_remove (t);
  c->next = NULL;
  sentry_ptrace_retire (c->platform, t);
}

static gint64
work_get_xstate (SentryTracee *t, gpointer data)
{
  return sentry_tracee_get_xstate (t, data, sentry_xstate_size ()) ? 0 : -ESRCH;
}

/* FPU state moves along. */
static void
save_xstate (SentryPtraceContext *c)
{
  if (c->xstate != NULL || c->home == NULL)
    return;
  c->xstate = g_malloc (sentry_xstate_size ());
  if (sentry_ptrace_perform_at_home (c, work_get_xstate, c->xstate) != 0)
    sentry_xstate_init (c->xstate, sentry_xstate_size ());
}

static gboolean
load_xstate (SentryPtraceContext *c)
{
  gboolean ok = sentry_tracee_set_xstate (c->home, c->xstate, sentry_xstate_size ());

  g_clear_pointer (&c->xstate, g_free);
  return ok;
}

static SentryTracee *
find_home (SentryPtraceContext *c, SentryPtraceSpace *s)
{
  SentryTracee *t = c->next;

  if (t == NULL || t->space != s)
    return sentry_ptrace_space_enter (s, c);
  return t;
}

static gboolean
move_to (SentryPtraceContext *c, SentryPtraceSpace *s)
{
  SentryTracee *t = find_home (c, s), *old = c->home;

  if (t == NULL)
    return FALSE;
  save_xstate (c);
  if (old != NULL)
    sentry_ptrace_space_remove (old); /* first: until then others may ask for it */
  sentry_ptrace_context_adopt (c, t);
  if (c->next == t)
    c->next = NULL;
  sentry_host_placement_join (c->platform->placement, &c->pair, t->pid);
  if (old != NULL)
    leave (c, old);
  return TRUE;
}

/* The first run of a context that fork or clone gave its home. */
static gboolean
enter_home (SentryPtraceContext *c)
{
  SentryPtraceSpace *s = c->home->space;
  gboolean ok;

  sentry_host_placement_join (c->platform->placement, &c->pair, c->home->pid);
  sentry_mutex_lock (&s->lock); /* an outsider may be using it, parked as it was */
  ok = sentry_tracee_seize (c->home);
  sentry_mutex_unlock (&s->lock);
  return ok;
}

/* Makes the home of `c` a tracee of this thread, in `s`. */
static gboolean
come_home (SentryPtraceContext *c, SentryPtraceSpace *s)
{
  if (c->gone)
    return FALSE;
  if (G_UNLIKELY (c->owner == 0))
    sentry_ptrace_own (c);
  g_assert (c->owner == sentry_tracee_self ());
  if ((c->home == NULL || c->home->space != s) && !move_to (c, s))
    return FALSE;
  if (G_UNLIKELY (c->next != NULL))
    drop_next (c);
  return c->home->state == SENTRY_TRACEE_STOPPED || enter_home (c);
}

static gboolean
take_interrupt (SentryPtraceContext *c)
{
  return (__atomic_fetch_and (&c->run_state, ~(guint32) RUN_INTERRUPT, __ATOMIC_SEQ_CST)
          & RUN_INTERRUPT)
         != 0;
}

/* Notes that guest code runs; FALSE: an interrupt came before. */
static gboolean
enter_run (SentryPtraceContext *c)
{
  __atomic_fetch_or (&c->run_state, RUN_RUNNING, __ATOMIC_SEQ_CST);
  return !take_interrupt (c);
}

static void
leave_run (SentryPtraceContext *c)
{
  __atomic_fetch_and (&c->run_state, ~(guint32) RUN_RUNNING, __ATOMIC_SEQ_CST);
}

/* The doorbell rang: TRUE if run shall return.  A late one, of an interrupt that was taken
 * otherwise, means nothing. */
static gboolean
answer_doorbell (SentryPtraceContext *c, SentryEvent *event)
{
  event->kind = SENTRY_EVENT_INTERRUPTED;
  if (take_interrupt (c))
    return TRUE;
  sentry_ptrace_serve (c);
  return FALSE;
}

/* TRUE: the stop is an event.  Registers are read. */
static gboolean
decode_stop (SentryPtraceContext *c, int status, SentryEvent *event)
{
  if (G_LIKELY (status == (SIGTRAP | 0x80)))
    {
      sentry_ptrace_decode_syscall (c, event);
      return TRUE;
    }
  c->base.regs.orig_rax
      = ~(guint64) 0; /* the host may still know the number of a call that has ended */
  if (status == SENTRY_PTRACE_KICK)
    return answer_doorbell (c, event);
  return sentry_ptrace_decode_trap (c, status, event);
}

/* Resumes guest code until a stop that means something. FALSE: the process died. */
static gboolean
run_guest (SentryPtraceContext *c, SentryEvent *event)
{
  int request = c->step ? PTRACE_SYSEMU_SINGLESTEP : PTRACE_SYSEMU, status;

  if (G_UNLIKELY (c->xstate != NULL) && !load_xstate (c))
    return FALSE;
  sentry_ptrace_serve (c); /* asked before it was seen that we run */
  do
    {
      c->base.regs.orig_rax
          = ~(guint64) 0; /* or the host would restart a call that it never made */
      if (!sentry_tracee_set_regs (c->home, &c->base.regs)
          || !sentry_tracee_resume (c->home, request, 0, &status)
          || !sentry_tracee_get_regs (c->home, &c->base.regs))
        return FALSE;
    }
  while (!decode_stop (c, status, event));
  return TRUE;
}

/* Stepping over a system call stops after it, before another instruction; the host's emulation
 * would run one more. */
static gboolean
finish_step_over (SentryPtraceContext *c, SentryEvent *event)
{
  gboolean due = c->step && c->step_over;

  c->step_over = FALSE;
  if (!due)
    return FALSE;
  event->kind = SENTRY_EVENT_EXCEPTION;
  event->trapno = 1;
  event->info.si_signo = SIGTRAP;
  event->info.si_code = TRAP_BRKPT; /* as Linux reports a step that ends at a system call's exit */
  event->info.si_addr = (gpointer) (guintptr) c->base.regs.rip;
  return TRUE;
}

/* With a home.  RUNNING is noted only while busy, when the owner waits for no lock: who sees it
 * rings at the guest. */
static gboolean
run_at_home (SentryPtraceContext *c, SentryEvent *event)
{
  gboolean ok = TRUE;

  sentry_ptrace_enter (c);
  if (enter_run (c) && !(G_UNLIKELY (c->step_over) && finish_step_over (c, event)))
    {
      ok = run_guest (c, event);
      c->step_over = event->kind == SENTRY_EVENT_SYSCALL;
    }
  leave_run (c);
  sentry_ptrace_leave (c);
  return ok;
}

/* The host process died: of no use to others either. */
static void
be_gone (SentryPtraceContext *c, SentryEvent *event)
{
  c->gone = TRUE;
  if (c->home != NULL)
    sentry_ptrace_space_remove (c->home);
  memset (event, 0, sizeof *event);
  event->kind = SENTRY_EVENT_GONE;
}

static void
ptrace_run (SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  SentryPtraceContext *c = sentry_ptrace_context (ctx);

  memset (event, 0, sizeof *event);
  event->kind = SENTRY_EVENT_INTERRUPTED;
  sentry_ptrace_set_current (c);
  if (take_interrupt (c))
    return;
  if (ctx->regs_dirty)
    sentry_regs_sanitize (&ctx->regs);
  ctx->regs_dirty = FALSE;
  if (!come_home (c, sentry_ptrace_space (as)) || !run_at_home (c, event))
    be_gone (c, event);
}

static void
ptrace_interrupt (SentryContext *ctx)
{
  SentryPtraceContext *c = sentry_ptrace_context (ctx);
  guint32 old = __atomic_fetch_or (&c->run_state, RUN_INTERRUPT, __ATOMIC_SEQ_CST);

  if (!(old & RUN_INTERRUPT) && (old & RUN_RUNNING))
    sentry_ptrace_context_kick (c);
}

static int
ptrace_clone_thread (SentryContext *parent, SentryAddressSpace *as, SentryContext *child)
{
  SentryPtraceContext *c = sentry_ptrace_context (child);

  g_assert (c->home == NULL);
  return sentry_ptrace_space_clone (sentry_ptrace_space (as), sentry_ptrace_context (parent), c);
}

static void
ptrace_get_xstate (SentryContext *ctx, guint8 *ret_xstate, gsize size)
{
  SentryPtraceContext *c = sentry_ptrace_context (ctx);

  g_assert (size == sentry_xstate_size ());
  if (c->xstate != NULL)
    memcpy (ret_xstate, c->xstate, size);
  else if (c->home == NULL || sentry_ptrace_perform_at_home (c, work_get_xstate, ret_xstate) != 0)
    sentry_xstate_init (ret_xstate, size);
}

static void
ptrace_set_xstate (SentryContext *ctx, const guint8 *xstate, gsize size)
{
  SentryPtraceContext *c = sentry_ptrace_context (ctx);

  g_assert (size == sentry_xstate_size ());
  if (c->xstate == NULL)
    c->xstate = g_malloc (size);
  memcpy (c->xstate, xstate, size);
}

static void
ptrace_set_single_step (SentryContext *ctx, gboolean on)
{
  sentry_ptrace_context (ctx)->step = on;
}

static gint64
ptrace_cpu_time (SentryContext *ctx)
{
  SentryPtraceContext *c = sentry_ptrace_context (ctx);
  gint64 now = 0;

  sentry_mutex_lock (&c->kick_lock);
  if (c->kick_pid != 0)
    now = process_cpu_time (c->kick_pid);
  sentry_mutex_unlock (&c->kick_lock);
  return now + __atomic_load_n (&c->old_cpu_time, __ATOMIC_RELAXED);
}

static void
ptrace_idle (SentryContext *ctx, gboolean idle)
{
  SentryPtraceContext *c = sentry_ptrace_context (ctx);

  sentry_host_placement_idle (c->platform->placement, &c->pair, idle);
}

static void
ptrace_context_free (SentryContext *ctx)
{
  SentryPtraceContext *c = sentry_ptrace_context (ctx);

  sentry_host_placement_leave (c->platform->placement, &c->pair);
  set_kick (c, 0);
  drop_next (c);
  if (c->home != NULL)
    {
      sentry_ptrace_space_remove (c->home); /* from here on nobody asks for it */
      leave (c, c->home);
    }
  sentry_ptrace_disown (c);
  g_free (c->xstate);
  g_atomic_int_add (&c->platform->n_contexts, -1);
  g_object_unref (c->platform);
  g_free (c);
}

static const SentryContextOps ptrace_context_ops = {
  .run = ptrace_run,
  .interrupt = ptrace_interrupt,
  .clone_thread = ptrace_clone_thread,
  .get_xstate = ptrace_get_xstate,
  .set_xstate = ptrace_set_xstate,
  .set_single_step = ptrace_set_single_step,
  .cpu_time = ptrace_cpu_time,
  .idle = ptrace_idle,
  .free = ptrace_context_free,
};

SentryContext *
sentry_ptrace_context_new (SentryPtracePlatform *platform)
{
  SentryPtraceContext *c = g_new0 (SentryPtraceContext, 1);

  c->base.ops = &ptrace_context_ops;
  c->base.regs_dirty = TRUE;
  c->platform = g_object_ref (platform);
  sentry_mutex_init (&c->kick_lock, SENTRY_LOCK_PLATFORM_LEAF);
  return &c->base;
}
