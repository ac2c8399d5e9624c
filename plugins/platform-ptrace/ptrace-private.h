/* Shared by the files of platform-ptrace. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/sentry-lock.h"
#include "fd-pool.h"
#include "placement.h"
#include "ptrace-platform.h"
#include "reaper.h"
#include "tracee.h"

struct _SentryPtracePlatform
{
  GObject parent;
  gboolean started;       /* I after start */
  guint max_tasks;        /* I after start */
  int proc_fd;            /* I after start: procfs of our PID namespace, -1 = none */
  SentryMutex lock;       /* PLATFORM */
  SentryTracee *template; /* m: parked but while the lock is held */
  SentryHostFdPool fds;
  SentryHostReaper *reaper;       /* I after start */
  SentryHostPlacement *placement; /* I after start */
  gint n_contexts;                /* a */
};

/* Life: made with a keeper, a parked process of its own that no context is at home in; the first
 * context to come takes the keeper for its home.  fork makes one whose only process is the child's
 * home.  Each home holds a reference, so the struct lives as long as a process with its memory. */
struct SentryPtraceSpace
{
  SentryAddressSpace base;
  SentryPtracePlatform *platform; /* I */
  SentryMutex lock;               /* PLATFORM: one operation, fork or fault report at a time */
  SentryTracee *keeper;           /* m lock: parked but while the lock is held; NULL once taken */
  SentryRWLock tasks_lock;        /* PLATFORM_LEAF */
  SentryList tasks;               /* m tasks_lock: tracees; held shared, none of them is reaped */
};

typedef enum
{
  RUN_RUNNING = 1 << 0,
  RUN_INTERRUPT = 1 << 1, /* remembered once */
} SentryPtraceRunState;

/* Life: made without a home; fork and clone give it one, else its first run takes the keeper.
 * Another address space means another process: the context moves by taking that one's keeper and
 * releasing the old home. */
typedef struct
{
  SentryContext base;
  SentryPtracePlatform *platform; /* I */
  SentryTracee *home;             /* T */
  SentryTracee *next;    /* T: keeper of the address space that exec is building, ours already */
  gboolean gone;         /* T */
  guint32 run_state;     /* a */
  SentryMutex kick_lock; /* PLATFORM_LEAF */
  pid_t kick_pid;        /* m kick_lock: home's number while it can be signalled, else 0 */
  guint8 *xstate;        /* T: to load into the next home, or NULL */
  gboolean step;         /* T */
  gboolean step_over;    /* T: the last event was a system call that the step ends with */
  gint64 old_cpu_time;   /* a: of former homes, ns */
  SentryHostPair pair;   /* this thread and home, on one CPU */
} SentryPtraceContext;

/* The doorbell of interrupt (): ignored by default, so harmless to a process that isn't traced any
 * more. */
#define SENTRY_PTRACE_KICK SIGURG

/* context.c */
SentryContext *sentry_ptrace_context_new (SentryPtracePlatform *platform);
void sentry_ptrace_context_adopt (SentryPtraceContext *c, SentryTracee *t);

/* event.c */
/* Makes an event of a stop other than the doorbell's and a system call's; regs have been read.
 * FALSE: nothing that concerns the guest. */
gboolean sentry_ptrace_decode_trap (SentryPtraceContext *c, int status, SentryEvent *event);
void sentry_ptrace_decode_syscall (SentryPtraceContext *c, SentryEvent *event);

/* space.c, operations.c */
SentryAddressSpace *sentry_ptrace_space_new (SentryPtracePlatform *platform, int *ret_errno);
SentryPtraceSpace *sentry_ptrace_space_alloc (SentryPtracePlatform *platform);
extern const SentryAddressSpaceOps sentry_ptrace_space_ops;
/* A tracee enters (as the home or keeper to be) or leaves the list of the space's processes. */
void sentry_ptrace_space_add (SentryPtraceSpace *s, SentryTracee *t);
void sentry_ptrace_space_remove (SentryPtraceSpace *s, SentryTracee *t);
/* The keeper, seized by the calling thread and with a reference to the space; NULL: there is none.
 */
SentryTracee *sentry_ptrace_space_take_keeper (SentryPtraceSpace *s);
/* Ends a home or a taken keeper: kills, hands to the reaper, frees, drops its reference to the
 * space. */
void sentry_ptrace_retire (SentryPtracePlatform *platform, SentryTracee *t);
int sentry_ptrace_clone (SentryPtraceSpace *s, SentryPtraceContext *parent,
                         SentryPtraceContext *child);

/* host-calls.c */
extern const SentryHostCall sentry_ptrace_host_calls[];

static inline SentryPtraceSpace *
sentry_ptrace_space (SentryAddressSpace *as)
{
  return (SentryPtraceSpace *) as;
}

static inline SentryPtraceContext *
sentry_ptrace_context (SentryContext *ctx)
{
  return (SentryPtraceContext *) ctx;
}
