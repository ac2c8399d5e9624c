/* One guest host-process under ptrace: attach, resume, wait, run hidden code.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "arch/x86-64/sentry-regs.h"
#include "base/sentry-list.h"

#include <signal.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct SentryPtraceSpace SentryPtraceSpace;
typedef struct SentryPtraceContext SentryPtraceContext;

/* Life of a guest host-process:
 *
 *                 birth (clone in hidden code)
 *                     │
 *                     ▼        seize
 *                  PARKED ──────────────► STOPPED ──resume──► guest or hidden code
 *                     ▲                   │  │  ▲                   │
 *                     └───────park────────┘  │  └──────stop─────────┘
 *                                            ▼ release, kill, death
 *                                          gone (reaper)
 *
 * Only the thread that attached can drive a tracee, and it can't hand it to another; so whoever
 * gives one away parks it: points it at hidden code that sleeps, and detaches.  An untraced process
 * is in hidden code from its birth and from each detach on, with no guest register loaded: it reads
 * no memory, its code is read-only, and no other thread can change its registers.  The window in
 * which a guest thread could run guest code untraced doesn't exist; if a mistake of ours opened
 * one, the seccomp filter that each process inherits from the template would kill it at its first
 * call.
 *
 * Death of the sentry: traced processes die by PTRACE_O_EXITKILL, parked ones by their parent-death
 * signal, which hidden code asks for before it sleeps; it then compares its parent's number, so
 * that a death before the request isn't missed. */
typedef enum
{
  SENTRY_TRACEE_PARKED,
  SENTRY_TRACEE_STOPPED, /* by the thread `tracer` */
} SentryTraceeState;

typedef struct
{
  pid_t pid;                  /* I */
  SentryTraceeState state;    /* T, or of the keeper lock of its space */
  pid_t tracer;               /* with state */
  SentryPtraceSpace *space;   /* I; a reference, except a keeper's and the template's */
  SentryPtraceContext *owner; /* m: the space's lock; NULL: keeper */
  SentryRegs regs;            /* with state: what the host holds while regs_known */
  gboolean regs_known;        /* with state */
  SentryList link;            /* m: the space's tasks_lock */
} SentryTracee;

/* How a stretch in hidden code ended. */
typedef enum
{
  SENTRY_HIDDEN_DONE,
  SENTRY_HIDDEN_FAULT, /* it touched guest memory that isn't there */
  SENTRY_HIDDEN_DEAD,
} SentryHiddenResult;

pid_t sentry_tracee_self (void); /* the calling thread's number */

SentryTracee *sentry_tracee_new (pid_t pid, SentryTraceeState state);
/* FALSE: it's dead. */
gboolean sentry_tracee_seize (SentryTracee *t);
void sentry_tracee_park (SentryTracee *t);
/* Lets it go and die, whatever its state; somebody must still reap it. */
void sentry_tracee_release (SentryTracee *t);

gboolean sentry_tracee_set_regs (SentryTracee *t, const SentryRegs *regs);
gboolean sentry_tracee_get_regs (SentryTracee *t, SentryRegs *ret_regs);
/* Resumes by a PTRACE_ request and waits for the next stop: its status, as in si_status of waitid
 * (signal | event << 8). FALSE: it's dead; it stays a zombie, its number taken, until the reaper
 * gets it. */
gboolean sentry_tracee_resume (SentryTracee *t, int request, int sig, int *ret_status);

/* Runs hidden code from offset `entry` to its breakpoint; regs go in and come back. */
SentryHiddenResult sentry_tracee_run_hidden (SentryTracee *t, guint entry, SentryRegs *regs);
/* One host call: its result, or -ESRCH if the process died. */
gint64 sentry_tracee_call (SentryTracee *t, int nr, guint64 a, guint64 b, guint64 c, guint64 d,
                           guint64 e);
/* A child by clone: its number, or negative errno. */
gint64 sentry_tracee_birth (SentryTracee *t, guint64 clone_flags);

gboolean sentry_tracee_get_xstate (SentryTracee *t, guint8 *ret_xstate, gsize size);
gboolean sentry_tracee_set_xstate (SentryTracee *t, const guint8 *xstate, gsize size);

G_END_DECLS
