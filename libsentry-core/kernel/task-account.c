/* CPU time and other use of resources. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <time.h>

/* User time is what the platform's context ran, system time what the task's sentry thread did for
 * it. */

static gint64
thread_time (SentryTaskPrivate *priv)
{
  struct timespec ts;

  if (!priv->has_thread || clock_gettime (priv->thread_clock, &ts) != 0)
    return 0;
  return ts.tv_sec * SENTRY_NSEC_PER_SEC + ts.tv_nsec;
}

void
sentry_task_usage (SentryTask *task, SentryUsage *ret_usage)
{
  SentryTaskPrivate *priv = task->priv;

  sentry_mutex_lock (&task->lock);
  *ret_usage = priv->usage;
  if (!priv->usage_final)
    {
      if (task->context != NULL)
        ret_usage->user_ns = task->context->ops->cpu_time (task->context);
      ret_usage->system_ns = thread_time (priv);
    }
  sentry_mutex_unlock (&task->lock);
}

/* The host takes the guest's page faults and tells nobody; a page that is there took one. */
static guint64
faults_at_least (const SentryMMStats *stats)
{
  return stats->peak_rss / 4096;
}

/* Own thread, before its context goes. */
void
sentry_task_finish_usage (SentryTask *task)
{
  SentryUsage usage;
  SentryMMStats stats;

  sentry_task_usage (task, &usage);
  if (task->mm != NULL)
    {
      sentry_mm_stats (task->mm, &stats);
      usage.max_rss = stats.peak_rss;
      if (task->group->leader == task)
        usage.minflt = faults_at_least (&stats);
    }
  sentry_mutex_lock (&task->lock);
  task->priv->usage = usage;
  task->priv->usage_final = TRUE;
  sentry_mutex_unlock (&task->lock);
}

void
sentry_usage_add (SentryUsage *sum, const SentryUsage *u)
{
  sum->user_ns += u->user_ns;
  sum->system_ns += u->system_ns;
  sum->minflt += u->minflt;
  sum->majflt += u->majflt;
  sum->nvcsw += u->nvcsw;
  sum->nivcsw += u->nivcsw;
  sum->max_rss = MAX (sum->max_rss, u->max_rss);
}

/* SIGHAND or TASK_SET held. */
void
sentry_thread_group_usage (SentryThreadGroup *group, SentryUsage *ret_usage)
{
  SentryUsage one;

  *ret_usage = group->dead;
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    sentry_task_usage (&SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->task, &one);
    sentry_usage_add (ret_usage, &one);
  }
}

void
sentry_task_cpu_times (SentryTask *task, gint64 *ret_user, gint64 *ret_system)
{
  SentryUsage usage;

  sentry_task_usage (task, &usage);
  *ret_user = usage.user_ns;
  *ret_system = usage.system_ns;
}

/* TASK_SET held. */
void
sentry_thread_group_cpu_times_locked (SentryThreadGroup *group, gint64 *ret_user,
                                      gint64 *ret_system)
{
  SentryUsage usage;

  sentry_thread_group_usage (group, &usage);
  *ret_user = usage.user_ns;
  *ret_system = usage.system_ns;
}

void
sentry_thread_group_cpu_times (SentryThreadGroup *group, gint64 *ret_user, gint64 *ret_system)
{
  sentry_rwlock_read_lock (&group->kernel->task_set);
  sentry_thread_group_cpu_times_locked (group, ret_user, ret_system);
  sentry_rwlock_read_unlock (&group->kernel->task_set);
}

static struct timeval
to_timeval (gint64 ns)
{
  return (struct timeval){ .tv_sec = ns / SENTRY_NSEC_PER_SEC,
                           .tv_usec = ns % SENTRY_NSEC_PER_SEC / 1000 };
}

void
sentry_usage_to_rusage (const SentryUsage *u, struct rusage *ret_usage)
{
  *ret_usage = (struct rusage){ .ru_utime = to_timeval (u->user_ns),
                                .ru_stime = to_timeval (u->system_ns),
                                .ru_maxrss = (long) (u->max_rss / 1024),
                                .ru_minflt = (long) u->minflt,
                                .ru_majflt = (long) u->majflt,
                                .ru_nvcsw = (long) u->nvcsw,
                                .ru_nivcsw = (long) u->nivcsw };
}

void
sentry_task_rusage (SentryTask *task, int who, struct rusage *ret_usage)
{
  SentryUsage usage = { 0 };
  SentryMMStats stats;

  if (who == RUSAGE_THREAD)
    sentry_task_usage (task, &usage);
  else
    {
      sentry_rwlock_read_lock (&task->kernel->task_set);
      if (who == RUSAGE_CHILDREN)
        usage = task->group->children;
      else
        sentry_thread_group_usage (task->group, &usage);
      sentry_rwlock_read_unlock (&task->kernel->task_set);
    }
  if (who != RUSAGE_CHILDREN && task->mm != NULL)
    {
      sentry_mm_stats (task->mm, &stats);
      usage.max_rss = MAX (usage.max_rss, stats.peak_rss);
      usage.minflt = MAX (usage.minflt, faults_at_least (&stats));
    }
  sentry_usage_to_rusage (&usage, ret_usage);
}
