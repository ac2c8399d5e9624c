/* What others may see of a task. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-info.h"

#include <string.h>
#include "kernel/task-private.h"

static char
state_letter (SentryTask *task)
{
  switch (__atomic_load_n (&task->run_state, __ATOMIC_RELAXED))
    {
    case SENTRY_RUN_BLOCKED:
    case SENTRY_RUN_NEW:
      return 'S';
    case SENTRY_RUN_STOPPED:
      return 'T';
    case SENTRY_RUN_ZOMBIE:
      return 'Z';
    case SENTRY_RUN_DEAD:
      return 'X';
    case SENTRY_RUN_PAUSED:
      return task->priv->stopped ? 'T' : task->priv->in_call ? 'S' : 'R';
    default:
      return 'R';
    }
}

static void
fill_usage (SentryTask *task, gboolean group, SentryTaskInfo *info)
{
  SentryUsage usage;

  if (group)
    sentry_thread_group_usage (task->group, &usage);
  else
    sentry_task_usage (task, &usage);
  info->user_ns = usage.user_ns;
  info->system_ns = usage.system_ns;
  info->minflt = usage.minflt;
  info->majflt = usage.majflt;
  info->nvcsw = usage.nvcsw;
  info->nivcsw = usage.nivcsw;
  usage = task->group->children;
  info->children_user_ns = usage.user_ns;
  info->children_system_ns = usage.system_ns;
  info->children_minflt = usage.minflt;
  info->children_majflt = usage.majflt;
}

static void
fill_tree (SentryTask *task, SentryTaskInfo *info)
{
  SentryThreadGroup *group = task->group;
  SentryTask *leader = group->leader;

  info->tid = task->tid;
  info->tgid = group->tgid;
  if (leader != NULL && leader->priv->parent != NULL)
    info->ppid = leader->priv->parent->group->tgid;
  else if (leader != NULL && leader->priv->orphaned)
    info->ppid = 1;
  if (group->pgrp != NULL)
    {
      info->pgid = group->pgrp->pgid;
      info->sid = group->pgrp->session->sid;
    }
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  info->n_threads++;
  info->exit_signal = task->priv->exit_signal;
  info->exit_code = group->flags & SENTRY_GROUP_EXIT ? group->exit_code : task->priv->exit_code;
}

static void
fill_call (SentryTask *task, SentryTaskInfo *info)
{
  SentryTaskPrivate *priv = task->priv;

  info->call_nr = -1;
  if (info->state != 'S' && info->state != 'D')
    return;
  info->call_nr = (gint64) priv->call_nr;
  memcpy (info->call_args, priv->call_args.arg, sizeof info->call_args);
  if (task->context != NULL)
    {
      info->call_sp = task->context->regs.rsp;
      info->call_pc = task->context->regs.rip;
    }
}

void
sentry_task_get_info (SentryTask *task, gboolean group, SentryTaskInfo *ret_info)
{
  SentryTaskPrivate *priv = task->priv;

  *ret_info = (SentryTaskInfo){ .start_time = priv->start_time,
                                .nice = priv->nice,
                                .policy = priv->sched_policy,
                                .rt_priority = priv->sched_priority,
                                .dumpable = priv->dumpable,
                                .personality = priv->personality,
                                .timer_slack = priv->timer_slack };
  sentry_task_get_comm (task, ret_info->comm);
  sentry_rwlock_read_lock (&task->kernel->task_set);
  ret_info->state = state_letter (task);
  fill_tree (task, ret_info);
  fill_usage (task, group, ret_info);
  sentry_mutex_lock (&task->lock);
  ret_info->is_kernel_exiting = task->mm == NULL;
  fill_call (task, ret_info);
  sentry_mutex_unlock (&task->lock);
  sentry_rwlock_read_unlock (&task->kernel->task_set);
}

static gint
compare_numbers (gconstpointer a, gconstpointer b)
{
  gint32 x = *(const gint32 *) a, y = *(const gint32 *) b;

  return x < y ? -1 : x > y;
}

GArray *
sentry_kernel_list_processes (SentryKernel *k)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (gint32));
  GHashTableIter iter;
  gpointer value;

  sentry_rwlock_read_lock (&k->task_set);
  g_hash_table_iter_init (&iter, k->pid_ns->pids);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SentryTask *task = ((SentryPid *) value)->task;
      if (task != NULL && task->group->leader == task)
        g_array_append_val (list, task->tid);
    }
  sentry_rwlock_read_unlock (&k->task_set);
  g_array_sort (list, compare_numbers);
  return list;
}

GArray *
sentry_task_list_threads (SentryTask *task)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (gint32));

  sentry_rwlock_read_lock (&task->kernel->task_set);
  SENTRY_LIST_FOREACH (link, safe, &task->group->tasks)
  {
    SentryTask *t = &SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->task;
    g_array_append_val (list, t->tid);
  }
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  g_array_sort (list, compare_numbers);
  return list;
}

GArray *
sentry_task_list_children (SentryTask *task)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (gint32));

  sentry_rwlock_read_lock (&task->kernel->task_set);
  SENTRY_LIST_FOREACH (link, safe, &task->priv->children)
  {
    SentryTask *t = &SENTRY_CONTAINER (link, SentryTaskPrivate, sibling)->task;
    g_array_append_val (list, t->tid);
  }
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  g_array_sort (list, compare_numbers);
  return list;
}

SentryTask *
sentry_task_get_leader (SentryTask *task)
{
  SentryTask *leader;

  sentry_rwlock_read_lock (&task->kernel->task_set);
  leader = task->group->leader != NULL ? sentry_task_ref (task->group->leader) : NULL;
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return leader;
}
