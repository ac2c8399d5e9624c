/* Contract: one guest thread of execution, as a platform provides it. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <signal.h>
#include "arch/x86-64/sentry-regs.h"
#include "iface/sentry-address-space.h"

G_BEGIN_DECLS

typedef enum
{
  /* regs->orig_rax is the number, arguments in rdi rsi rdx r10 r8 r9; rax holds -ENOSYS.  rip is
   * after the instruction.  Set rax and run again to return. */
  SENTRY_EVENT_SYSCALL,
  /* A page fault that the platform can't resolve by the mappings it was given: addr, access. */
  SENTRY_EVENT_FAULT,
  /* Any other exception, as the siginfo Linux would give (SIGILL, SIGTRAP, SIGFPE, SIGSEGV of a
     #GP, SIGBUS …). */
  SENTRY_EVENT_EXCEPTION,
  /* interrupt () was called; registers are valid. */
  SENTRY_EVENT_INTERRUPTED,
  /* The host thread died (killed by the host, out of memory …): the task must exit by SIGKILL. */
  SENTRY_EVENT_GONE,
} SentryEventKind;

typedef enum
{
  SENTRY_ABI_AMD64,
  SENTRY_ABI_I386, /* int $0x80 or compatibility mode */
  SENTRY_ABI_X32,
} SentrySyscallAbi;

typedef struct
{
  SentryEventKind kind;
  SentrySyscallAbi abi;       /* SYSCALL */
  guint64 addr;               /* FAULT */
  SentryAccess access;        /* FAULT */
  siginfo_t info;             /* FAULT (si_code SEGV_MAPERR/ACCERR, SIGBUS codes) and EXCEPTION */
  guint64 trapno, error_code; /* FAULT and EXCEPTION: for the signal frame's sigcontext */
} SentryEvent;

typedef struct
{
  /* Runs guest code in `as` until an event; registers go in from and come back to ctx->regs.  If
   * `as` is not the one that it last ran in, the context moves there first (exec).  Thread: always
   * the same one for one context: the first that called run (a ptrace tracer can't change). */
  void (*run) (SentryContext *ctx, SentryAddressSpace *as, SentryEvent *ret_event);

  /* Makes a running `run` return INTERRUPTED soon, or the next one at once.  An interrupt that
   * arrives while no run is under way is remembered, once.  Thread: any. */
  void (*interrupt) (SentryContext *ctx);

  /* Prepares `child` (fresh) to run in `as` beside `parent` (the caller's own, trapped in `as`):
   * clone with CLONE_VM. 0 or negative errno (host limits: -EAGAIN). */
  int (*clone_thread) (SentryContext *parent, SentryAddressSpace *as, SentryContext *child);

  /* FPU state of a context that is not inside run.  Thread: any.  `size` is sentry_xstate_size ().
   * set: sanitised bytes only. */
  void (*get_xstate) (SentryContext *ctx, guint8 *ret_xstate, gsize size);
  void (*set_xstate) (SentryContext *ctx, const guint8 *xstate, gsize size);

  /* One step: the next run returns EXCEPTION/SIGTRAP after one instruction.  Stays set until
   * changed. */
  void (*set_single_step) (SentryContext *ctx, gboolean on);

  /* CPU time that guest code of this context used, ns. */
  gint64 (*cpu_time) (SentryContext *ctx);
  /* The thread that calls run is about to sleep in the sentry (TRUE), or has woken (FALSE):
   * placement and spinning hints.  May be NULL. */
  void (*idle) (SentryContext *ctx, gboolean idle);

  /* Ends the host thread.  Thread: the one that ran it, or any if it never ran. */
  void (*free) (SentryContext *ctx);
} SentryContextOps;

/* Platforms embed it first in their own struct. */
struct SentryContext
{
  const SentryContextOps *ops; /* I */
  SentryRegs regs;             /* T */
  gboolean
      regs_dirty; /* T: set by the core when it changed regs other than rax since the last run */
};

G_END_DECLS
