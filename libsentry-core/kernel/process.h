/* Making, replacing, ending and waiting for processes. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <sys/resource.h>
#include "kernel/task.h"

G_BEGIN_DECLS

/* clone3's struct clone_args, as it lies in guest memory (CLONE_ARGS_SIZE_VER2). */
typedef struct
{
  guint64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
      set_tid_size, cgroup;
} SentryCloneArgs;

/* The child's tid, or negative errno. */
gint64 sentry_task_clone (SentryTask *task, const SentryCloneArgs *args);
/* unshare: the parts of it that exist. */
gint64 sentry_task_unshare (SentryTask *task, guint64 flags);

/* `path` and the vectors are in sentry memory already; consumes neither.  Flags: AT_EMPTY_PATH,
 * AT_SYMLINK_NOFOLLOW. -SENTRY_ENORETURN when the new image is in place. */
gint64 sentry_task_execve (SentryTask *task, int dirfd, const char *path, char **argv, char **envv,
                           int flags);
/* Bytes that argv and envv may take together. */
gsize sentry_task_exec_budget (SentryTask *task);
/* A NULL-terminated vector of guest strings with execve's limits. *budget: bytes left for strings
 * and pointers. */
int sentry_task_copy_in_strv (SentryTask *task, guint64 addr, gsize *budget, char ***ret_strv);

/* The task leaves the run loop when its handler returns.  Statuses as wait(2) encodes them. */
gint64 sentry_task_exit (SentryTask *task, int wait_status);
gint64 sentry_task_exit_group (SentryTask *task, int wait_status);

typedef struct
{
  int which;   /* P_ALL, P_PID, P_PGID, P_PIDFD */
  gint32 id;   /* P_PGID 0: the caller's group */
  int options; /* WNOHANG … __WALL */
} SentryWaitArgs;

typedef struct
{
  gint32 pid; /* 0: nothing with WNOHANG */
  guint32 uid;
  int cause;  /* CLD_* */
  int status; /* as siginfo's si_status */
  int wait_status;
  struct rusage usage;
} SentryWaitResult;

/* 0 or negative errno. */
gint64 sentry_task_wait (SentryTask *task, const SentryWaitArgs *args,
                         SentryWaitResult *ret_result);

/* Numbers, as `viewer` sees them. */
gint32 sentry_task_tgid (SentryTask *task);
gint32 sentry_task_ppid (SentryTask *task);
gint32 sentry_task_pgid (SentryTask *task);
gint32 sentry_task_sid (SentryTask *task);
/* 0 or negative errno; `pid` 0: the caller. */
gint64 sentry_task_setpgid (SentryTask *task, gint32 pid, gint32 pgid);
gint64 sentry_task_setsid (SentryTask *task);

void sentry_task_get_comm (SentryTask *task, char ret_comm[16]);
void sentry_task_set_comm (SentryTask *task, const char *comm);

/* Nanoseconds used so far; group: with threads that have ended. */
void sentry_task_cpu_times (SentryTask *task, gint64 *ret_user, gint64 *ret_system);
void sentry_thread_group_cpu_times (SentryThreadGroup *group, gint64 *ret_user, gint64 *ret_system);
/* RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD, RUSAGE_BOTH (-2). */
void sentry_task_rusage (SentryTask *task, int who, struct rusage *ret_usage);

G_END_DECLS
