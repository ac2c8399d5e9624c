/* Waiting for children. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <sys/wait.h>

typedef struct
{
  const SentryWaitArgs *args;
  SentryProcessGroup *pgrp; /* P_PGID */
  gboolean any;             /* there is a child that could match one day */
  SentryTask *released;     /* its tree reference is the caller's */
  SentryWaitResult *result;
} Search;

static gboolean
matches_id (const Search *s, SentryTask *child)
{
  switch (s->args->which)
    {
    case P_PID:
      return child->tid == s->args->id;
    case P_PGID:
      return child->group->pgrp == s->pgrp && s->pgrp != NULL;
    default:
      return TRUE;
    }
}

/* "Clone" children are those that do not send SIGCHLD. */
static gboolean
is_eligible (const Search *s, SentryTask *child)
{
  gboolean clone = child->priv->exit_signal != SIGCHLD;

  if (!matches_id (s, child))
    return FALSE;
  return (s->args->options & __WALL) || clone == !!(s->args->options & __WCLONE);
}

static void
fill_common (SentryTask *child, SentryWaitResult *r)
{
  SentryCred *cred = sentry_task_get_cred (child);
  SentryUsage usage;

  *r = (SentryWaitResult){ .pid = child->tid };
  r->uid = sentry_user_namespace_uid_to (cred->user_ns, cred->ruid);
  sentry_cred_unref (cred);
  sentry_thread_group_usage (child->group, &usage);
  sentry_usage_add (&usage, &child->group->children);
  sentry_usage_to_rusage (&usage, &r->usage);
}

/* The dead child's whole use of resources becomes the waiter's children's. */
static void
inherit_usage (SentryTask *task, SentryTask *child)
{
  SentryUsage usage;

  sentry_thread_group_usage (child->group, &usage);
  sentry_usage_add (&usage, &child->group->children);
  sentry_usage_add (&task->group->children, &usage);
}

static gboolean
wait_zombie (Search *s, SentryTask *task, SentryTask *child)
{
  SentryThreadGroup *group = child->group;
  SentryWaitResult *r = s->result;
  int code = group->flags & SENTRY_GROUP_EXIT ? group->exit_code : child->priv->exit_code;

  if (!(s->args->options & WEXITED))
    return FALSE;
  fill_common (child, r);
  r->wait_status = code;
  r->cause = WIFEXITED (code) ? CLD_EXITED : WCOREDUMP (code) ? CLD_DUMPED : CLD_KILLED;
  r->status = WIFEXITED (code) ? WEXITSTATUS (code) : WTERMSIG (code);
  if (s->args->options & WNOWAIT)
    return TRUE;
  inherit_usage (task, child);
  s->released = sentry_task_release_locked (child);
  return TRUE;
}

static gboolean
wait_stopped (Search *s, SentryTask *child)
{
  SentryThreadGroup *group = child->group;
  int sig = 0;

  if (!(s->args->options & WSTOPPED))
    return FALSE;
  sentry_mutex_lock (&group->handlers->lock);
  if (group->flags & SENTRY_GROUP_STOPPED)
    sig = group->exit_code;
  if (sig != 0 && !(s->args->options & WNOWAIT))
    group->exit_code = 0;
  sentry_mutex_unlock (&group->handlers->lock);
  if (sig == 0)
    return FALSE;
  fill_common (child, s->result);
  s->result->wait_status = sig << 8 | 0x7f;
  s->result->cause = CLD_STOPPED;
  s->result->status = sig;
  return TRUE;
}

static gboolean
wait_continued (Search *s, SentryTask *child)
{
  SentryThreadGroup *group = child->group;
  gboolean continued;

  if (!(s->args->options & WCONTINUED))
    return FALSE;
  sentry_mutex_lock (&group->handlers->lock);
  continued = (group->flags & SENTRY_GROUP_CONTINUED) != 0;
  if (continued && !(s->args->options & WNOWAIT))
    group->flags &= ~SENTRY_GROUP_CONTINUED;
  sentry_mutex_unlock (&group->handlers->lock);
  if (!continued)
    return FALSE;
  fill_common (child, s->result);
  s->result->wait_status = 0xffff;
  s->result->cause = CLD_CONTINUED;
  s->result->status = SIGCONT;
  return TRUE;
}

static gboolean
consider (Search *s, SentryTask *task, SentryTask *child)
{
  if (!is_eligible (s, child))
    return FALSE;
  s->any = TRUE;
  if (child->priv->exit_state == SENTRY_EXIT_ZOMBIE
      && child->group->tasks.next->next == &child->group->tasks)
    return wait_zombie (s, task, child);
  return wait_stopped (s, child) || wait_continued (s, child);
}

static gboolean
search_children (Search *s, SentryTask *task, SentryTask *parent)
{
  SENTRY_LIST_FOREACH (link, safe, &parent->priv->children)
  if (consider (s, task, &SENTRY_CONTAINER (link, SentryTaskPrivate, sibling)->task))
    return TRUE;
  return FALSE;
}

/* 1: found, 0: none yet, -ECHILD. */
static int
search (SentryTask *task, Search *s)
{
  gboolean found = FALSE;

  s->any = FALSE;
  sentry_rwlock_write_lock (&task->kernel->task_set);
  if (s->args->which == P_PGID)
    {
      SentryPid *pid = sentry_pid_lookup (task->priv->pid_ns, s->args->id);
      s->pgrp = s->args->id == 0 ? task->group->pgrp : pid != NULL ? pid->pgrp : NULL;
    }
  if (s->args->options & __WNOTHREAD)
    found = search_children (s, task, task);
  else
    SENTRY_LIST_FOREACH (link, safe, &task->group->tasks)
    {
      SentryTaskPrivate *thread = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
      if ((found = search_children (s, task, &thread->task)))
        break;
    }
  sentry_rwlock_write_unlock (&task->kernel->task_set);
  sentry_task_unref (s->released);
  return found ? 1 : s->any ? 0 : -ECHILD;
}

gint64
sentry_task_wait (SentryTask *task, const SentryWaitArgs *args, SentryWaitResult *ret_result)
{
  Search s = { .args = args, .result = ret_result };
  SentryWaiter waiter;
  int r;

  sentry_waiter_init (&waiter, &task->sleeper, 0);
  sentry_wait_queue_add (&task->group->wait_child, &waiter);
  for (;;)
    {
      sentry_sleeper_prepare (&task->sleeper);
      r = search (task, &s);
      if (r == 0 && (args->options & WNOHANG))
        {
          *ret_result = (SentryWaitResult){ 0 };
          break;
        }
      if (r != 0 || (r = sentry_task_sleep (task, SENTRY_TIME_NEVER)) < 0)
        break;
    }
  sentry_wait_queue_remove (&waiter);
  return MIN (r, 0);
}
