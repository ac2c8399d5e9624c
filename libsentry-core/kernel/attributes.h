/* What prctl and small calls set on tasks. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "kernel/task.h"

G_BEGIN_DECLS

/* Of the calling task unless another is named; plain values, checked by the caller. */
int sentry_task_pdeath_signal (SentryTask *task);
void sentry_task_set_pdeath_signal (SentryTask *task, int sig);
guint32 sentry_task_dumpable (SentryTask *task); /* any thread */
void sentry_task_set_dumpable (SentryTask *task, guint32 dumpable);
gboolean sentry_task_thp_disabled (SentryTask *task);
void sentry_task_set_thp_disabled (SentryTask *task, gboolean disabled);
guint64 sentry_task_timer_slack (SentryTask *task);
void sentry_task_set_timer_slack (SentryTask *task, guint64 ns); /* 0: the default */
gboolean sentry_task_is_subreaper (SentryTask *task);
void sentry_task_set_subreaper (SentryTask *task, gboolean on);
guint64 sentry_task_personality (SentryTask *task);
void sentry_task_set_personality (SentryTask *task, guint64 personality);
guint64 sentry_task_clear_child_tid (SentryTask *task);
void sentry_task_set_clear_child_tid (SentryTask *task, guint64 addr);
guint64 sentry_task_robust_list (SentryTask *task); /* any thread */
void sentry_task_set_robust_list (SentryTask *task, guint64 head);

gint32 sentry_task_oom_score_adj (SentryTask *task); /* any thread */
/* -1000 … 1000; lowering it below what was ever given needs `privileged` (CAP_SYS_RESOURCE):
 * -EACCES. */
int sentry_task_set_oom_score_adj (SentryTask *task, gint32 adj, gboolean privileged);

/* Linux's ptrace_may_access with PTRACE_MODE_READ (or ATTACH) and real or file-system credentials:
 * may `task` look into `target`?  0 or -EPERM. */
int sentry_task_may_access (SentryTask *task, SentryTask *target, gboolean attach,
                            gboolean fs_creds);

/* --- scheduling: remembered and shown; the host's scheduler is not told --- */

typedef struct
{
  gint32 policy; /* SCHED_* */
  gint32 priority;
  gint32 nice;
  gboolean reset_on_fork;
} SentrySchedule;

void sentry_task_get_schedule (SentryTask *target, SentrySchedule *ret_schedule);
/* -EPERM as Linux decides it for `task`. */
int sentry_task_set_schedule (SentryTask *task, SentryTask *target, const SentrySchedule *schedule);
int sentry_task_set_nice (SentryTask *task, SentryTask *target, int nice);
/* ioprio_set's number, kept as it was given.  set: -EPERM. */
guint32 sentry_task_get_ioprio (SentryTask *target);
int sentry_task_set_ioprio (SentryTask *task, SentryTask *target, guint32 ioprio);
/* Calls `func` for each task that (which, who) of getpriority(2) names; TASK_SET is held for
 * reading. FALSE: nobody. */
gboolean sentry_task_foreach_priority (SentryTask *task, int which, gint32 who,
                                       void (*func) (SentryTask *target, gpointer data),
                                       gpointer data);
/* One bit an application core; `n_words` of 64 are n_cpus rounded up. */
void sentry_task_get_affinity (SentryTask *target, guint64 *ret_mask, guint n_words);
int sentry_task_set_affinity (SentryTask *task, SentryTask *target, const guint64 *mask,
                              guint n_words);
/* The application core that the calling task "runs on". */
guint sentry_task_cpu (SentryTask *task);

G_END_DECLS
