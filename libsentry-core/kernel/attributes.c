/* What prctl and small calls set on tasks. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/attributes.h"

#include "kernel/task-private.h"

#define DEFAULT_TIMER_SLACK 50000

int
sentry_task_pdeath_signal (SentryTask *task)
{
  return task->priv->pdeath_signal;
}

void
sentry_task_set_pdeath_signal (SentryTask *task, int sig)
{
  sentry_rwlock_write_lock (&task->kernel->task_set);
  task->priv->pdeath_signal = sig;
  sentry_rwlock_write_unlock (&task->kernel->task_set);
}

guint32
sentry_task_dumpable (SentryTask *task)
{
  return __atomic_load_n (&task->priv->dumpable, __ATOMIC_RELAXED);
}

void
sentry_task_set_dumpable (SentryTask *task, guint32 dumpable)
{
  __atomic_store_n (&task->priv->dumpable, dumpable, __ATOMIC_RELAXED);
}

gboolean
sentry_task_thp_disabled (SentryTask *task)
{
  return __atomic_load_n (&task->group->thp_disabled, __ATOMIC_RELAXED) != 0;
}

void
sentry_task_set_thp_disabled (SentryTask *task, gboolean disabled)
{
  __atomic_store_n (&task->group->thp_disabled, disabled, __ATOMIC_RELAXED);
}

guint64
sentry_task_timer_slack (SentryTask *task)
{
  return task->priv->timer_slack;
}

void
sentry_task_set_timer_slack (SentryTask *task, guint64 ns)
{
  task->priv->timer_slack = ns != 0 ? ns : DEFAULT_TIMER_SLACK;
}

gboolean
sentry_task_is_subreaper (SentryTask *task)
{
  return __atomic_load_n (&task->group->is_subreaper, __ATOMIC_RELAXED);
}

static void
mark_descendants_locked (SentryThreadGroup *group)
{
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTaskPrivate *priv = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
    SENTRY_LIST_FOREACH (child, next, &priv->children)
    {
      SentryThreadGroup *g = SENTRY_CONTAINER (child, SentryTaskPrivate, sibling)->task.group;
      if (!g->has_subreaper)
        {
          g->has_subreaper = TRUE;
          mark_descendants_locked (g);
        }
    }
  }
}

void
sentry_task_set_subreaper (SentryTask *task, gboolean on)
{
  sentry_rwlock_write_lock (&task->kernel->task_set);
  task->group->is_subreaper = on;
  if (on)
    mark_descendants_locked (task->group);
  sentry_rwlock_write_unlock (&task->kernel->task_set);
}

guint64
sentry_task_personality (SentryTask *task)
{
  return task->priv->personality;
}

void
sentry_task_set_personality (SentryTask *task, guint64 personality)
{
  task->priv->personality = personality;
}

guint64
sentry_task_clear_child_tid (SentryTask *task)
{
  return task->priv->clear_child_tid;
}

void
sentry_task_set_clear_child_tid (SentryTask *task, guint64 addr)
{
  task->priv->clear_child_tid = addr;
}

guint64
sentry_task_robust_list (SentryTask *task)
{
  return __atomic_load_n (&task->priv->robust_list, __ATOMIC_RELAXED);
}

void
sentry_task_set_robust_list (SentryTask *task, guint64 head)
{
  __atomic_store_n (&task->priv->robust_list, head, __ATOMIC_RELAXED);
}

gint32
sentry_task_oom_score_adj (SentryTask *task)
{
  return __atomic_load_n (&task->group->oom_score_adj, __ATOMIC_RELAXED);
}

int
sentry_task_set_oom_score_adj (SentryTask *task, gint32 adj, gboolean privileged)
{
  SentryThreadGroup *group = task->group;

  if (adj < -1000 || adj > 1000)
    return -EINVAL;
  if (adj < __atomic_load_n (&group->oom_score_adj_min, __ATOMIC_RELAXED) && !privileged)
    return -EACCES;
  __atomic_store_n (&group->oom_score_adj, adj, __ATOMIC_RELAXED);
  if (privileged)
    __atomic_store_n (&group->oom_score_adj_min, adj, __ATOMIC_RELAXED);
  return 0;
}

int
sentry_task_may_access (SentryTask *task, SentryTask *target, gboolean attach, gboolean fs_creds)
{
  const SentryCred *c = task->cred;
  SentryKuid uid = fs_creds ? c->fsuid : c->ruid;
  SentryKgid gid = fs_creds ? c->fsgid : c->rgid;
  SentryCred *t;
  gboolean ok, capable;

  if (task->group == target->group)
    return 0;
  t = sentry_task_get_cred (target);
  capable = sentry_cred_capable_in (c, t->user_ns, CAP_SYS_PTRACE);
  ok = uid == t->euid && uid == t->suid && uid == t->ruid && gid == t->egid && gid == t->sgid
       && gid == t->rgid && sentry_task_dumpable (target) == 1
       && (t->cap_permitted & ~(fs_creds ? c->cap_effective : c->cap_permitted)) == 0;
  sentry_cred_unref (t);
  return ok || capable ? 0 : -EPERM;
}
