/* Tasks: the threads of the sandbox. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "auth/sentry-cred.h"
#include "base/sentry-wait-queue.h"
#include "fs/fd-table.h"
#include "fs/fs-state.h"
#include "iface/sentry-context.h"
#include "kernel/sentry-kernel.h"
#include "mm/mm.h"

G_BEGIN_DECLS

typedef struct SentryTask SentryTask;
typedef struct SentryThreadGroup SentryThreadGroup;
typedef guint64 SentrySigset; /* bit n - 1 = signal n */

#define SENTRY_SIGMASK(sig) (G_GUINT64_CONSTANT (1) << ((sig) -1))

typedef struct
{
  guint64 arg[6];
} SentrySyscallArgs;

/* What one guest call must remember between two entries of its handler (see SENTRY_EPAUSE): set on
 * the first entry, kept while the call is blocked, cleared by the run loop when it ends.  Saved
 * with the task. */
typedef struct
{
  gboolean entered;      /* the handler has run before for this call */
  gboolean has_deadline; /* .deadline is set */
  gint64 deadline;       /* sandbox monotonic ns; SENTRY_TIME_NEVER: for ever */
  guint64 done;          /* bytes moved so far by an uninterrupted write */
  guint64 scratch[4];    /* the handler's own numbers, documented there */
  SentryFile *file[2];   /* references, dropped by the run loop (FIFO opens …) */
  gboolean
      has_saved_mask; /* sigsuspend, ppoll …: restored when the call ends, or by the signal frame */
  SentrySigset saved_mask;
} SentryCallState;

/* What restart_syscall does after ERESTART_RESTARTBLOCK: calls `fn` again with what lies in the
 * task's call state as it was. */
typedef gint64 (*SentryRestartFunc) (SentryTask *task);

/* The layers above the kernel, which the run loop calls; set once by sentry_kernel_set_syscalls
 * before the first process. Every function is called on the task's own thread with no lock held. */
typedef struct
{
  /* The result that rax gets, or one of base/sentry-errno.h's. */
  gint64 (*dispatch) (SentryTask *task, SentrySyscallAbi abi, guint64 nr,
                      const SentrySyscallArgs *args);
  /* For tracing; each may be NULL.  enter: once a guest call, not again when it is re-entered after
   * a pause.  leave: with the result before restart rules are applied; not called when the task
   * dies in the call. */
  void (*enter) (SentryTask *task, SentrySyscallAbi abi, guint64 nr, const SentrySyscallArgs *args);
  void (*leave) (SentryTask *task, SentrySyscallAbi abi, guint64 nr, const SentrySyscallArgs *args,
                 gint64 result);
  void (*signal) (SentryTask *task,
                  const siginfo_t *info); /* one was taken from the queue and isn't ignored */
  void (*exited) (SentryTask *task, int wait_status, gboolean group);
  void (*blocked) (SentryTask *task); /* it is about to sleep in a call */
} SentrySyscallOps;

/* `ops` is borrowed for good. */
void sentry_kernel_set_syscalls (SentryKernel *k, const SentrySyscallOps *ops);

/* The states that a task is in, always exactly one; kernel/task-run.c draws the transitions. */
typedef enum
{
  SENTRY_RUN_NEW,     /* made, its thread has not started */
  SENTRY_RUN_APP,     /* guest code runs */
  SENTRY_RUN_SYSCALL, /* in a handler */
  SENTRY_RUN_BLOCKED, /* asleep in a handler */
  SENTRY_RUN_PAUSED,  /* parked at the run loop by a kernel pause */
  SENTRY_RUN_STOPPED, /* group stop, or ptrace stop */
  SENTRY_RUN_EXITING,
  SENTRY_RUN_ZOMBIE,
  SENTRY_RUN_DEAD,
} SentryRunState;

/* Life: clone or create_process makes it with one reference for its thread and one for the task
 * tree; the thread drops its own when it ends, the tree when the task is reaped.  Other holders
 * (procfs, pidfd, futex) take their own. kernel/task.c and its neighbours own the fields; syscall
 * handlers use them through what is declared here. */
struct SentryTask
{
  SentryRef ref;
  SentryKernel *kernel;     /* I */
  SentryThreadGroup *group; /* I after clone, m TASK_SET in exec by a non-leader */
  gint32 tid;               /* as group: number in the root PID namespace */
  SentryContext *context;   /* T */
  SentrySleeper sleeper;
  SentryRunState run_state;       /* a */
  SentryCallState call;           /* T */
  SentryRestartFunc restart;      /* T */
  SentryMM *mm;                   /* T writes under TASK; others read under TASK and ref */
  SentryFdTable *fds;             /* likewise */
  SentryFsState *fs;              /* likewise */
  SentryMountNamespace *mount_ns; /* likewise */
  SentryCred *cred;               /* likewise */
  SentryMutex lock;               /* TASK */
  struct SentryTaskPrivate *priv; /* the rest: kernel/task-private.h, for the kernel folder only */
};

/* The task whose thread calls; NULL on the sentry's own threads.  Borrowed. */
SentryTask *sentry_task_current (void);
SentryTask *sentry_task_ref (SentryTask *task);
void sentry_task_unref (SentryTask *task);

/* The calling task's own, without a reference (T). */
static inline SentryUserMem *
sentry_task_usermem (SentryTask *task)
{
  return sentry_mm_usermem (task->mm);
}
SentryLimits *sentry_task_limits (SentryTask *task);
/* References to another task's; NULL once it has exited. */
SentryMM *sentry_task_get_mm (SentryTask *task);
SentryFdTable *sentry_task_get_fds (SentryTask *task);
SentryFsState *sentry_task_get_fs (SentryTask *task);
SentryCred *sentry_task_get_cred (SentryTask *task);
gboolean sentry_task_capable (SentryTask *task, int cap);

/* Walk set up for the calling task: `dirfd` AT_FDCWD or a number.  clear drops what init took. */
void sentry_task_walk_init (SentryTask *task, int dirfd, SentryWalk *ret_walk);
void sentry_task_walk_clear (SentryWalk *walk);

/* Sleeps in a system call.  Deadline in sandbox monotonic ns.  Results as sentry_sleeper_sleep.
 * Sets the run state around it. */
int sentry_task_sleep (SentryTask *task, gint64 deadline);
int sentry_task_sleep_killable (SentryTask *task, gint64 deadline);
/* The deadline of this call: computed from `timeout_ns` (relative; < 0: never) on the first entry,
 * remembered afterwards. */
gint64 sentry_task_call_deadline (SentryTask *task, gint64 timeout_ns);
/* Replaces the signal mask for this call (ppoll, pselect, sigsuspend, epoll_pwait): on the first
 * entry only. */
void sentry_task_call_set_mask (SentryTask *task, SentrySigset mask);
/* Makes restart_syscall call `fn`; returns -SENTRY_ERESTART_RESTARTBLOCK. */
gint64 sentry_task_set_restart (SentryTask *task, SentryRestartFunc fn);
/* Restart functions have names, by which they are saved; each registers itself before main. */
void sentry_restart_register (const char *name, SentryRestartFunc fn);
#define SENTRY_RESTART_FUNC(fn)                                                                    \
  __attribute__ ((constructor)) static void fn##_register (void)                                   \
  {                                                                                                \
    sentry_restart_register (#fn, fn);                                                             \
  }                                                                                                \
  G_STATIC_ASSERT (sizeof #fn <= 64)
/* The task's place on a futex: survives a pause, taken off when the call ends. */
typedef struct SentryFutexWaiter SentryFutexWaiter;
SentryFutexWaiter *sentry_task_futex_waiter (SentryTask *task);
/* restart_syscall(2): -EINTR when there is nothing to go on with. */
gint64 sentry_task_restart_syscall (SentryTask *task);
gboolean sentry_task_signal_pending (SentryTask *task);

/* To one thread / to its group, kernel-made: SI_KERNEL or as info says.  Thread: any. */
void sentry_task_send_signal (SentryTask *task, const siginfo_t *info);
void sentry_thread_group_send_signal (SentryThreadGroup *group, const siginfo_t *info);
/* A signal the task itself caused (SIGPIPE, SIGXFSZ): to the calling thread with si_code SI_KERNEL
 * or SI_USER as Linux does. */
void sentry_task_send_self (SentryTask *task, int sig);

/* Publishes changed credentials of the calling task (takes over the caller's reference): moves the
 * count of processes to the new real user, and drops dumpability and the parent-death signal where
 * Linux's commit_creds does. */
void sentry_task_set_cred (SentryTask *task, SentryCred *cred);
/* Swaps what a task holds (unshare, setns); takes over the reference. */
void sentry_task_set_fds (SentryTask *task, SentryFdTable *fds);
void sentry_task_set_fs (SentryTask *task, SentryFsState *fs);

/* By number in the root PID namespace / as seen by `viewer`.  A reference or NULL. */
SentryTask *sentry_kernel_find_task (SentryKernel *k, gint32 tid);
SentryTask *sentry_task_find (SentryTask *viewer, gint32 tid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SentryTask, sentry_task_unref)

G_END_DECLS
