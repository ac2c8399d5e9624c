/* What the kernel folder alone knows of tasks, groups, sessions and the kernel object.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <pthread.h>
#include <sys/resource.h>
#include "base/sentry-errno.h"
#include "ipc/futex.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "kernel/task.h"
#include "kernel/uts-namespace.h"
#include "loader/loader.h"
#include "state/sentry-state.h"
#include "time/clock.h"

G_BEGIN_DECLS

typedef struct SentryTaskPrivate SentryTaskPrivate;
typedef struct SentrySession SentrySession;
typedef struct SentryProcessGroup SentryProcessGroup;
typedef struct SentryPidNamespace SentryPidNamespace;

/* Letters in member comments: I immutable, a atomic, T the task's own thread only; otherwise the
 * lock class that guards. */

/* --- signals --- */

/* Shared by CLONE_SIGHAND.  The group's pointer changes only in exec, under TASK_SET for writing,
 * when the group has one thread; so a task may follow its own group's pointer at any time, anybody
 * else under TASK_SET. */
typedef struct
{
  SentryRef ref;
  SentryMutex lock;                    /* SIGHAND */
  SentrySigaction action[SENTRY_NSIG]; /* SIGHAND */
} SentrySignalHandlers;

/* How much one real user holds: the books of RLIMIT_NPROC and RLIMIT_SIGPENDING.  Lives as long as
 * the kernel. */
typedef struct
{
  SentryKuid uid;    /* I */
  guint n_processes; /* a */
  guint n_signals;   /* a */
} SentryUserCount;

typedef struct
{
  SentryList link;
  siginfo_t info;
  SentryUserCount *user; /* whose limit it counts against; NULL: a timer's, which has been counted
                            when it was made */
} SentryQueuedSignal;

typedef struct
{
  SentrySigset set; /* numbers that are pending, with an entry or (queue full) without */
  SentryList queue;
} SentryPendingSignals;

/* Stop bits of one task (Linux's jobctl). */
#define SENTRY_STOP_PENDING (1u << 0)  /* it shall stop */
#define SENTRY_STOP_CONSUME (1u << 1)  /* and count itself out of group->stop_count when it does */
#define SENTRY_STOP_DEQUEUED (1u << 2) /* it took a stop signal, and no SIGCONT has come since */

/* Group flags. */
#define SENTRY_GROUP_STOPPED (1u << 0)
#define SENTRY_GROUP_CONTINUED (1u << 1)
#define SENTRY_GROUP_EXIT (1u << 2)
#define SENTRY_GROUP_NOTIFY_STOPPED (1u << 3) /* the next thread in get_signal tells the parent */
#define SENTRY_GROUP_NOTIFY_CONTINUED (1u << 4)
#define SENTRY_GROUP_NOTIFY (SENTRY_GROUP_NOTIFY_STOPPED | SENTRY_GROUP_NOTIFY_CONTINUED)

/* --- the tree --- */

/* One number of a namespace; it stays taken while anything bears it. */
typedef struct
{
  gint32 nr;
  SentryTask *task;
  SentryProcessGroup *pgrp;
  SentrySession *session;
} SentryPid;

/* Only the root namespace exists so far; its init dies of signals as any program does. */
struct SentryPidNamespace
{
  SentryRef ref;
  GHashTable *pids;        /* TASK_SET: nr to SentryPid */
  gint32 last_pid;         /* TASK_SET */
  guint n_pids;            /* TASK_SET */
  SentryThreadGroup *init; /* TASK_SET: a reference, kept after it has exited */
};

/* Both live under TASK_SET; freed when the last group leaves. */
struct SentrySession
{
  gint32 sid;
  guint n_pgrps;
  gpointer tty;
};

struct SentryProcessGroup
{
  gint32 pgid;
  SentrySession *session;
  SentryList groups;
};

typedef struct
{
  gint64 user_ns, system_ns;
  guint64 minflt, majflt, nvcsw, nivcsw;
  guint64 max_rss; /* bytes */
} SentryUsage;

/* Life: made with its leader; each task of it holds a reference, and so does whoever looks it up.
 * Gone from the tree when its leader, the last of its tasks, has been reaped. */
struct SentryThreadGroup
{
  SentryRef ref;
  SentryKernel *kernel; /* I */
  gint32 tgid;          /* I */
  guint32 membarrier;   /* a: registrations */
  guint64 thp_disabled; /* a: of the memory, inherited by fork and exec */
  SentryTask *leader;   /* TASK_SET */
  SentryList tasks;     /* TASK_SET; changed under SIGHAND too */
  SentryLimits limits;

  SentrySignalHandlers *handlers; /* see there */
  SentryPendingSignals pending;   /* SIGHAND */
  guint32 flags;                  /* SIGHAND: SENTRY_GROUP_* */
  guint stop_count;               /* SIGHAND: tasks that still have to stop */
  int exit_code;         /* SIGHAND: wait status of a group exit; the stop signal of a group stop */
  gboolean did_exec;     /* TASK_SET: setpgid by the parent is refused */
  SentryTask *exec_task; /* SIGHAND: it waits until it is alone */

  SentryProcessGroup *pgrp;                /* TASK_SET */
  SentryList pgrp_link;                    /* TASK_SET */
  gboolean session_leader;                 /* TASK_SET */
  gboolean is_subreaper, has_subreaper;    /* TASK_SET */
  gint32 oom_score_adj, oom_score_adj_min; /* a: remembered; the host's killer isn't told */
  guint n_live;                            /* SIGHAND: tasks that have not begun to exit */
  guint64 timers_gone;                     /* a: not 0: none of its timers is armed any more */

  SentryWaitQueue wait_child;       /* wait4: a child changed its state */
  SentryWaitQueue wait_exit;        /* pidfds: it has ended, or been reaped */
  SentryUsage dead;                 /* SIGHAND: of threads that have been released */
  SentryUsage children;             /* SIGHAND: of children that were waited for */
  gint64 start_time;                /* I: boottime ns */
  struct SentryGroupTimers *timers; /* a: made when first used; owned */
};

typedef enum
{
  SENTRY_EXIT_ALIVE,
  SENTRY_EXIT_ZOMBIE, /* waits to be reaped */
  SENTRY_EXIT_DEAD,   /* reaped, or nobody wants to know */
} SentryExitState;

/* What execve has built and not yet put in place; kept over pauses. */
typedef struct
{
  SentryExecResult result;
  SentryCred *cred;
  gboolean secure, setid;
} SentryExecState;

/* Registers from an image. */
typedef struct
{
  SentryRegs regs;
  gsize xstate_size;
  guint8 xstate[];
} SentrySavedContext;

/* What a thread that has been made waits to be told. */
typedef enum
{
  SENTRY_START_WAIT,
  SENTRY_START_RUN,
  SENTRY_START_NEVER, /* its task could not be finished */
} SentryTaskStart;

struct SentryTaskPrivate
{
  SentryTask task; /* first: one allocation */

  /* the tree, TASK_SET */
  SentryTask *parent; /* NULL: the kernel object reaps it.  No reference: children leave before a
                         parent does. */
  gboolean orphaned;  /* had a parent once: getppid says 1 */
  SentryList children;
  SentryList sibling;
  SentryList group_link;
  int exit_signal;            /* to the parent when the group has ended; -1: not a leader */
  SentryExitState exit_state; /* a; written under TASK_SET */
  int exit_code;              /* wait status */
  int pdeath_signal;
  guint64 self_exec_id;
  SentryPidNamespace *pid_ns;
  SentryUserCount *user; /* TASK_SET: where it is counted */

  /* SIGHAND */
  SentryPendingSignals pending;
  SentrySigset blocked;      /* changed by the task itself only */
  SentrySigset real_blocked; /* while sigtimedwait has unblocked what it waits for */
  guint32 stop;              /* SENTRY_STOP_* */
  gboolean stopped;          /* sleeps in a group stop */
  gboolean dying;            /* takes no more signals */
  gboolean kill;             /* SIGKILL or group exit reached it */

  guint32 n_turns; /* a: times that it came back from the guest */

  /* own thread */
  SentryAltStack altstack;
  gboolean exiting;
  SentrySyscallAbi abi;
  guint64 call_nr;
  SentrySyscallArgs call_args;
  gboolean exit_work; /* signals, restart or a saved mask to see to before the guest goes on */
  gboolean in_call;   /* a call was thrown away by a pause and will be entered again */
  SentryCallState restart_call;
  SentryFutexWaiter futex; /* stays queued while a pause holds the call back */
  guint64 clear_child_tid, robust_list;
  guint64 set_child_tid;
  SentryExecState *exec;
  guint64 fault_addr, fault_trapno, fault_error; /* of the last fault, for signal frames */
  guint64 personality;

  /* vfork: the child's side is set under its TASK lock, the parent sleeps. */
  SentryTask *vfork_parent; /* TASK: a reference; waits until this task has left the mm */

  char comm[16];                       /* TASK */
  gint32 nice;                         /* a */
  gint32 sched_policy, sched_priority; /* a */
  gboolean sched_reset_on_fork;        /* a */
  guint32 ioprio;                      /* a: class and level of ioprio_set(2); 0 none */
  guint64 timer_slack;
  guint64 *affinity;    /* TASK: NULL = all */
  guint32 affinity_len; /* TASK: bytes */
  guint32 dumpable;     /* a: of the mm, but kept here */
  gint64 start_time;    /* I: boottime ns */
  SentryUsage usage;    /* TASK */
  gboolean usage_final; /* TASK: it has exited, the counters stand */
  pthread_t thread;
  gboolean has_thread;
  clockid_t thread_clock; /* CPU clock of the sentry thread */
  GMutex start_lock;
  GCond start_cond;
  SentryTaskStart start;             /* start_lock */
  SentrySavedContext *saved_context; /* after a load, until the platform has made a context */
};

SENTRY_STATE_DECLARE (SentrySigaction);
SENTRY_STATE_DECLARE (SentrySignalHandlers);
SENTRY_STATE_DECLARE (SentryUserCount);
SENTRY_STATE_DECLARE (SentryQueuedSignal);
SENTRY_STATE_DECLARE (SentryPendingSignals);
SENTRY_STATE_DECLARE (SentryPid);
SENTRY_STATE_DECLARE (SentryPidNamespace);
SENTRY_STATE_DECLARE (SentrySession);
SENTRY_STATE_DECLARE (SentryProcessGroup);
SENTRY_STATE_DECLARE (SentryUsage);
SENTRY_STATE_DECLARE (SentryThreadGroup);
SENTRY_STATE_DECLARE (SentryAltStack);
SENTRY_STATE_DECLARE (SentryCallState);
SENTRY_STATE_DECLARE (SentrySyscallArgs);
SENTRY_STATE_DECLARE (SentryTask);
SENTRY_STATE_DECLARE (SentryTaskPrivate);
SENTRY_STATE_DECLARE (SentryKernel);

/* --- the kernel object --- */

typedef enum
{
  SENTRY_KERNEL_RAW,
  SENTRY_KERNEL_READY, /* init succeeded */
  SENTRY_KERNEL_STARTED,
  SENTRY_KERNEL_DESTROYED,
} SentryKernelState;

struct _SentryKernel
{
  GObject parent_instance;

  SentryMutex external;     /* EXTERNAL */
  SentryKernelState state;  /* EXTERNAL */
  SentryPlatform *platform; /* I after init, owned, as what follows */
  SentryTimekeeper *timekeeper;
  SentryUserNamespace *user_ns;
  SentryNetworkStack *network;
  SentryMountNamespace *mount_ns;
  SentryFeatureSet *features;
  SentryUtsNamespace *uts_ns;
  SentryTimerWheel *timers;
  guint64 *extra_auxv;
  guint n_cpus;
  gboolean use_host_cores;
  guint max_tasks;
  guint64 max_memory;
  const SentrySyscallOps *syscalls;

  guint n_tasks;       /* a: in the tree */
  guint64 last_id;     /* a */
  guint32 last_cookie; /* a */
  guint64 n_forks;     /* a */

  SentryRWLock task_set;      /* TASK_SET */
  SentryPidNamespace *pid_ns; /* I: the root */
  SentryMutex users_lock;     /* AUX */
  GHashTable *users;          /* users_lock: uid to SentryUserCount */

  SentryMutex run_lock; /* AUX: what follows */
  GCond run_cond;
  guint pause_depth; /* while it isn't 0 tasks park: pauses, and the stack check's turns */
  guint n_pauses;    /* of sentry_kernel_pause alone */
  guint n_threads;   /* sentry threads of tasks that have not ended */
  guint n_parked;
  gboolean init_exited;
  int init_status;
  gboolean killed;
  GError *exit_error;

  guint stack_check_ms;
  GThread *stack_check;
  GCond stack_check_cond;
  gboolean stack_check_stop; /* run_lock */
};

/* task.c */
SentryTask *sentry_task_new (SentryKernel *k);
SentryThreadGroup *sentry_thread_group_new (SentryKernel *k, SentrySignalHandlers *handlers);
SentryThreadGroup *sentry_thread_group_ref (SentryThreadGroup *group);
void sentry_thread_group_unref (SentryThreadGroup *group);
/* Makes a sleeping or running task look at its interrupt word. */
void sentry_task_kick (SentryTask *task, guint32 bits);

/* task-thread.c: the sentry thread of a task. */
int sentry_task_make_thread (SentryTask *task);
void sentry_task_start_thread (SentryTask *task);
void sentry_task_abandon_thread (SentryTask *task);

/* task-run.c */
void sentry_task_run (SentryTask *task);
void sentry_task_clear_call (SentryTask *task);

/* task-sleep.c: NULL for what was never registered. */
const char *sentry_restart_name (SentryRestartFunc fn);
SentryRestartFunc sentry_restart_find (const char *name);

/* task-restart.c */
gboolean sentry_is_restart (gint64 result);
/* No handler runs: the call starts again when the guest goes on. */
void sentry_task_restart_call (SentryTask *task);
/* A handler with these flags runs: EINTR, or again after it. */
void sentry_task_interrupt_call (SentryTask *task, guint64 sa_flags);

/* user-count.c.  An entry lives as long as the kernel. */
SentryUserCount *sentry_kernel_user_count (SentryKernel *k, SentryKuid uid);

/* pid-namespace.c; TASK_SET for writing unless noted. */
SentryPidNamespace *sentry_pid_namespace_new (void);
void sentry_pid_namespace_free (SentryPidNamespace *ns);
SentryPid *sentry_pid_lookup (SentryPidNamespace *ns, gint32 nr); /* for reading */
SentryPid *sentry_pid_alloc (SentryKernel *k, SentryPidNamespace *ns);
/* After the caller has cleared one of its members: frees the number when none is left. */
void sentry_pid_put (SentryPidNamespace *ns, SentryPid *pid);

/* session.c; TASK_SET for writing. */
void sentry_thread_group_join_pgrp (SentryThreadGroup *group, SentryProcessGroup *pgrp);
void sentry_thread_group_leave_pgrp (SentryThreadGroup *group);
int sentry_thread_group_new_session (SentryThreadGroup *group);
/* No member has a parent in another group of the same session; `ignored` is not counted. */
gboolean sentry_process_group_is_orphaned (SentryProcessGroup *pgrp, SentryThreadGroup *ignored);
gboolean sentry_process_group_has_stopped (SentryProcessGroup *pgrp);
void sentry_process_group_send_locked (SentryProcessGroup *pgrp, const siginfo_t *info);

/* signal-queue.c; SIGHAND. */
void sentry_pending_init (SentryPendingSignals *p);
void sentry_pending_flush (SentryPendingSignals *p);
void sentry_pending_remove (SentryPendingSignals *p, SentrySigset mask);
/* The next one not in `blocked`: synchronous ones first, then the lowest number.  0: none. */
int sentry_pending_dequeue (SentryPendingSignals *p, SentrySigset blocked, siginfo_t *ret_info);
int sentry_pending_dequeue_synchronous (SentryPendingSignals *p, SentrySigset blocked,
                                        siginfo_t *ret_info);
/* -EAGAIN: the sender's real-time signal does not fit RLIMIT_SIGPENDING. */
int sentry_pending_add (SentryPendingSignals *p, SentryTask *target, const siginfo_t *info);

/* signal-send.c; TASK_SET held (either way) and SIGHAND of the target's group taken inside. */
int sentry_signal_send_locked (SentryTask *target, gboolean to_group, const siginfo_t *info);
/* SIGHAND too. */
int sentry_signal_send_sighand (SentryTask *target, gboolean to_group, const siginfo_t *info);
void sentry_thread_group_begin_exit_sighand (SentryThreadGroup *group, int wait_status);
gboolean sentry_task_recalc_pending_sighand (SentryTask *task);
/* Other threads look at group signals that `task` will not take. */
void sentry_task_retarget_sighand (SentryTask *task, SentrySigset which);
void sentry_siginfo_init (siginfo_t *info, int sig, int code);

/* For POSIX timers: queued once a timer number.  FALSE: ignored.  Takes TASK_SET and SIGHAND. */
gboolean sentry_thread_group_send_timer_signal (SentryThreadGroup *group, gint32 tid,
                                                const siginfo_t *info);
void sentry_thread_group_forget_timer_signal (SentryThreadGroup *group, int id);
/* signal-queue.c; SIGHAND. */
int sentry_pending_add_timer (SentryPendingSignals *p, const siginfo_t *info);
void sentry_pending_remove_timer (SentryPendingSignals *p, int id);

/* signal-action.c */
SentrySignalHandlers *sentry_signal_handlers_new (void);
SentrySignalHandlers *sentry_signal_handlers_copy (SentrySignalHandlers *h);
SentrySignalHandlers *sentry_signal_handlers_ref (SentrySignalHandlers *h);
void sentry_signal_handlers_unref (SentrySignalHandlers *h);
/* execve: handlers become defaults. */
void sentry_signal_handlers_reset (SentrySignalHandlers *h, gboolean force);
gboolean sentry_signal_ignored_by_default (int sig);
gboolean sentry_signal_stops (int sig);
gboolean sentry_signal_dumps (int sig);

/* signal-deliver.c: on the way back to the guest. */
void sentry_task_deliver_signals (SentryTask *task);
/* signal-frame: 0, or the frame could not be written. */
int sentry_task_push_signal_frame (SentryTask *task, const SentrySigaction *action,
                                   const siginfo_t *info, SentrySigset mask);

/* signal-stop.c */
/* SIGHAND.  FALSE: nothing to stop for any more. */
gboolean sentry_task_begin_stop_sighand (SentryTask *task, int sig);
/* SIGHAND: counts it into the stop under way; TRUE: it was the last, tell the parent. */
gboolean sentry_task_join_stop_sighand (SentryTask *task);
/* Own thread, no lock.  Sleeps until continued, killed or paused. */
void sentry_task_wait_stopped (SentryTask *task);
/* CLD_STOPPED or CLD_CONTINUED to the parent; TASK_SET held. */
void sentry_thread_group_notify_stop_locked (SentryThreadGroup *group, int why);

/* task-exit.c */
void sentry_task_do_exit (SentryTask *task);
/* TASK_SET for writing.  Unlinks a zombie; the caller drops its reference afterwards (returned). */
SentryTask *sentry_task_release_locked (SentryTask *task);
void sentry_task_leave_mm (SentryTask *task);
void sentry_task_vfork_done (SentryTask *task);

/* exec-cred.c: a reference. */
SentryCred *sentry_task_exec_cred (SentryTask *task, SentryFile *file, gboolean *ret_secure,
                                   gboolean *ret_setid);

/* task-exec.c */
void sentry_exec_state_free (SentryExecState *state);
/* A fresh program's: FPU state too. */
void sentry_task_reset_registers (SentryTask *task, const SentryRegs *regs);

/* task-account.c */
void sentry_task_usage (SentryTask *task, SentryUsage *ret_usage);
void sentry_usage_add (SentryUsage *sum, const SentryUsage *u);
void sentry_task_finish_usage (SentryTask *task);
void sentry_thread_group_cpu_times_locked (SentryThreadGroup *group, gint64 *ret_user,
                                           gint64 *ret_system);
/* SIGHAND or TASK_SET held. */
void sentry_thread_group_usage (SentryThreadGroup *group, SentryUsage *ret_usage);
void sentry_usage_to_rusage (const SentryUsage *u, struct rusage *ret_usage);

/* kernel-process.c: create_process in two steps; between them the caller gives the task a context
 * and an mm.  Adding takes over the caller's reference on success. */
SentryTask *sentry_kernel_new_process (SentryKernel *k, SentryCred *cred, SentryFdTable *fds,
                                       SentryFsState *fs, SentryMountNamespace *mount_ns,
                                       SentryLimits *limits);
int sentry_kernel_add_process (SentryKernel *k, SentryTask *task, gint32 *ret_pid);

/* kernel-run.c */
void sentry_kernel_thread_begin (SentryKernel *k, SentryTask *task);
void sentry_kernel_thread_end (SentryKernel *k);
/* Parks while the kernel is paused. */
void sentry_kernel_park (SentryKernel *k, SentryTask *task);
void sentry_kernel_init_gone (SentryKernel *k, int wait_status);
void sentry_kernel_start_stack_check (SentryKernel *k);
void sentry_kernel_stop_stack_check (SentryKernel *k);

G_END_DECLS
