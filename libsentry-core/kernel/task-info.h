/* What others may see of a task: /proc, ps. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "kernel/task.h"

G_BEGIN_DECLS

/* One look at a task, consistent in what the tree and the signal lock guard. */
typedef struct
{
  gint32 tid, tgid, ppid, pgid, sid;
  char comm[16];
  char state; /* R S D T Z X, as ps shows it */
  guint n_threads;
  gint32 nice, policy, rt_priority;
  int exit_signal;
  int exit_code;             /* wait status; of a zombie */
  gint64 start_time;         /* boottime ns */
  gint64 user_ns, system_ns; /* of the task, or of the whole group */
  gint64 children_user_ns, children_system_ns;
  guint64 minflt, majflt, children_minflt, children_majflt, nvcsw, nivcsw;
  gboolean is_kernel_exiting; /* it has no memory any more */
  guint32 dumpable;
  guint64 personality, timer_slack;
  gint64 call_nr; /* the call it is in; -1 none */
  guint64 call_args[6], call_sp, call_pc;
} SentryTaskInfo;

/* `group`: times and faults are those of the whole group (/proc/PID), not of the one thread
 * (/proc/PID/task/TID). Thread: any. */
void sentry_task_get_info (SentryTask *task, gboolean group, SentryTaskInfo *ret_info);

/* Numbers in ascending order, of gint32; free with g_array_unref. */
GArray *sentry_kernel_list_processes (SentryKernel *k);
GArray *sentry_task_list_threads (SentryTask *task);
GArray *sentry_task_list_children (SentryTask *task);
/* The leader of `task`'s group; a reference, NULL once it has been reaped. */
SentryTask *sentry_task_get_leader (SentryTask *task);

G_END_DECLS
