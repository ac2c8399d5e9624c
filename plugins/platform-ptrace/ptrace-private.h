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
  gboolean started;               /* I after start */
  guint max_tasks;                /* I after start */
  int proc_fd;                    /* I after start: procfs of our PID namespace, -1 = none */
  SentryHostFdPool fds;           /* I after start */
  SentryHostReaper *reaper;       /* I after start */
  SentryHostPlacement *placement; /* I after start */
  gint n_contexts;                /* a */
  SentryMutex lock;               /* PLATFORM */
  SentryTracee *template;         /* m: parked but while the lock is held */
};

/* Life: made with a keeper, a parked process of its own that no context is at home in; the first
 * context to come takes the keeper for its home.  fork makes one whose only process is the child's
 * home.  Each home holds a reference, so the struct lives as long as a process with its memory. */
struct SentryPtraceSpace
{
  SentryAddressSpace base;
  SentryPtracePlatform *platform; /* I */
  SentryMutex lock;               /* PLATFORM: one operation or birth at a time */
  SentryTracee *keeper;           /* m lock: parked but while the lock is held; NULL once taken */
  SentryRWLock tasks_lock;        /* PLATFORM_TASKS */
  SentryList tasks;               /* m tasks_lock: tracees; held shared, none of them is reaped */
  guint32 scratch_used;           /* a: one bit a part of the scratch memory */
};

typedef enum
{
  RUN_RUNNING = 1 << 0,
  RUN_INTERRUPT = 1 << 1, /* remembered once */
} SentryPtraceRunState;

typedef struct SentryPtraceRequest SentryPtraceRequest;

/* Life: made without a home; fork and clone give it one, else its first run takes the keeper.
 * Another address space means another process: the context moves by taking that one's keeper and
 * releasing the old home.  The thread that runs it first owns it: it alone can act on its home. */
struct SentryPtraceContext
{
  SentryContext base;
  SentryPtracePlatform *platform;  /* I */
  pid_t owner;                     /* a: the thread that runs it, 0 before its first run */
  SentryPtraceContext *next_owned; /* T: of the same thread */
  SentryTracee *home;              /* T; read by the owner's signal handler */
  SentryTracee
      *next;     /* T, likewise: keeper of the address space that exec is building, ours already */
  gboolean busy; /* T, likewise: the owner is about something with home; see perform.c */
  SentryPtraceRequest *request; /* a: what another thread wants of the owner */
  gboolean gone;                /* T */
  guint32 run_state;            /* a */
  SentryMutex kick_lock;        /* PLATFORM_LEAF */
  pid_t kick_pid;               /* m: home's number while it can be signalled, else 0 */
  guint8 *xstate;               /* T: to load into the next home, or NULL */
  gboolean step;                /* T */
  gboolean step_over;           /* T: the last event was a system call that the step ends with */
  gint64 old_cpu_time;          /* a: of former homes, ns */
  SentryHostPair pair;          /* this thread and home, on one CPU */
};

/* The doorbell, of guest processes for interrupt () and of owners for requests: ignored by default,
 * so harmless to a process that isn't traced. */
#define SENTRY_PTRACE_KICK SIGURG

/* context.c */
SentryContext *sentry_ptrace_context_new (SentryPtracePlatform *platform);
/* `t` becomes the home; it's in the list of its space already. */
void sentry_ptrace_context_adopt (SentryPtraceContext *c, SentryTracee *t);
/* Stops guest code for a moment: the run loop serves a request, and returns if it was an interrupt.
 */
void sentry_ptrace_context_kick (SentryPtraceContext *c);

/* event.c */
/* Makes an event of a stop other than the doorbell's and a system call's; regs have been read.
 * FALSE: nothing that concerns the guest. */
gboolean sentry_ptrace_decode_trap (SentryPtraceContext *c, int status, SentryEvent *event);
void sentry_ptrace_decode_syscall (SentryPtraceContext *c, SentryEvent *event);

/* perform.c: who executes what. */
/* Work on a stopped tracee of the calling thread, for instance hidden host calls.  It may run in a
 * signal handler. */
typedef gint64 (*SentryPtraceWork) (SentryTracee *t, gpointer data);
/* Has `work` done by the calling task's own thread, the keeper, or another context's owner. -ESRCH:
 * no process is left that could.  The space's lock is held. */
gint64 sentry_ptrace_perform_locked (SentryPtraceSpace *s, SentryContext *ctx,
                                     SentryPtraceWork work, gpointer data);
/* Has it done on the home of `c`, which isn't inside run. */
gint64 sentry_ptrace_perform_at_home (SentryPtraceContext *c, SentryPtraceWork work, gpointer data);
/* Bracket what the owner does with the home. */
void sentry_ptrace_enter (SentryPtraceContext *c);
void sentry_ptrace_leave (SentryPtraceContext *c);
/* Does what is wanted; inside the brackets. */
void sentry_ptrace_serve (SentryPtraceContext *c);
/* The context that the calling thread ran last, or NULL. */
SentryPtraceContext *sentry_ptrace_current (void);
void sentry_ptrace_set_current (SentryPtraceContext *c);
/* The calling thread becomes the owner, or (`c` is about to be freed) stops being it. */
void sentry_ptrace_own (SentryPtraceContext *c);
void sentry_ptrace_disown (SentryPtraceContext *c);
void sentry_ptrace_install_handler (void);

/* space.c */
SentryAddressSpace *sentry_ptrace_space_new (SentryPtracePlatform *platform, int *ret_errno);
int sentry_ptrace_space_fork (SentryAddressSpace *as, SentryContext *parent, SentryContext *child,
                              SentryAddressSpace **ret_child_as);
int sentry_ptrace_space_clone (SentryPtraceSpace *s, SentryPtraceContext *parent,
                               SentryPtraceContext *child);
void sentry_ptrace_space_free (SentryAddressSpace *as);
/* The keeper for `c`, stopped; NULL: there is none.  The space's lock is held. */
SentryTracee *sentry_ptrace_space_take_keeper_locked (SentryPtraceSpace *s, SentryPtraceContext *c);
/* A process for `c`, stopped: the keeper, or else a clone of another one.  NULL: none is left. */
SentryTracee *sentry_ptrace_space_enter (SentryPtraceSpace *s, SentryPtraceContext *c);
/* Nobody finds it any more through its space. */
void sentry_ptrace_space_remove (SentryTracee *t);
/* Ends a removed tracee: kills, hands to the reaper, frees, drops its reference to the space. */
void sentry_ptrace_retire (SentryPtracePlatform *platform, SentryTracee *t);

/* copies.c: what needs no help of a guest thread. */
gsize sentry_ptrace_copy_in (SentryAddressSpace *as, gpointer dst, guint64 src, gsize len);
gsize sentry_ptrace_copy_out (SentryAddressSpace *as, guint64 dst, gconstpointer src, gsize len);
int sentry_ptrace_poke (SentryAddressSpace *as, SentryContext *ctx, guint64 dst, gconstpointer src,
                        gsize len);
int sentry_ptrace_load32 (SentryAddressSpace *as, guint64 addr, guint32 *ret_value);
int sentry_ptrace_resident (SentryAddressSpace *as, guint64 addr, guint64 len, guint8 *ret_vec);
int sentry_ptrace_foreach_private_page (SentryAddressSpace *as, guint64 addr, guint64 len,
                                        gboolean (*page) (guint64 addr, gpointer data),
                                        gpointer data);
void sentry_ptrace_rss (SentryAddressSpace *as, guint64 *ret_total, guint64 *ret_shared);

/* operations.c */
extern const SentryAddressSpaceOps sentry_ptrace_space_ops;
/* 0, or the error for a range that isn't whole pages of guest memory. */
int sentry_ptrace_check_range (SentryPtraceSpace *s, guint64 addr, guint64 len);

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
