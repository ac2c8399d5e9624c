/* Process groups and sessions. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

/* All under TASK_SET.  A process group lives while a thread group is in it, a session while it has
 * a process group; their numbers stay taken as long. */

static SentryPidNamespace *
namespace_of (SentryThreadGroup *group)
{
  return group->kernel->pid_ns;
}

static SentryProcessGroup *
pgrp_new (SentryThreadGroup *group, SentrySession *session)
{
  SentryPid *pid = sentry_pid_lookup (namespace_of (group), group->tgid);
  SentryProcessGroup *pgrp = g_new0 (SentryProcessGroup, 1);

  g_assert (pid->pgrp == NULL);
  pgrp->pgid = group->tgid;
  pgrp->session = session;
  sentry_list_init (&pgrp->groups);
  session->n_pgrps++;
  pid->pgrp = pgrp;
  return pgrp;
}

static void
pgrp_free (SentryPidNamespace *ns, SentryProcessGroup *pgrp)
{
  SentrySession *session = pgrp->session;
  SentryPid *pid = sentry_pid_lookup (ns, pgrp->pgid);

  pid->pgrp = NULL;
  sentry_pid_put (ns, pid);
  g_free (pgrp);
  if (--session->n_pgrps > 0)
    return;
  pid = sentry_pid_lookup (ns, session->sid);
  pid->session = NULL;
  sentry_pid_put (ns, pid);
  g_free (session);
}

void
sentry_thread_group_join_pgrp (SentryThreadGroup *group, SentryProcessGroup *pgrp)
{
  group->pgrp = pgrp;
  sentry_list_append (&pgrp->groups, &group->pgrp_link);
}

void
sentry_thread_group_leave_pgrp (SentryThreadGroup *group)
{
  SentryProcessGroup *pgrp = group->pgrp;

  sentry_list_remove (&group->pgrp_link);
  group->pgrp = NULL;
  if (sentry_list_is_empty (&pgrp->groups))
    pgrp_free (namespace_of (group), pgrp);
}

int
sentry_thread_group_new_session (SentryThreadGroup *group)
{
  SentryPid *pid = sentry_pid_lookup (namespace_of (group), group->tgid);
  SentrySession *session;

  if (group->session_leader || pid->pgrp != NULL)
    return -EPERM;
  session = g_new0 (SentrySession, 1);
  session->sid = group->tgid;
  pid->session = session;
  SentryProcessGroup *pgrp = pgrp_new (group, session);
  if (group->pgrp != NULL)
    sentry_thread_group_leave_pgrp (group);
  sentry_thread_group_join_pgrp (group, pgrp);
  group->session_leader = TRUE;
  return 0;
}

gboolean
sentry_process_group_is_orphaned (SentryProcessGroup *pgrp, SentryThreadGroup *ignored)
{
  SENTRY_LIST_FOREACH (link, safe, &pgrp->groups)
  {
    SentryThreadGroup *group = SENTRY_CONTAINER (link, SentryThreadGroup, pgrp_link);
    SentryTaskPrivate *leader = group->leader->priv;
    if (group == ignored || leader->parent == NULL
        || __atomic_load_n (&leader->exit_state, __ATOMIC_RELAXED) != SENTRY_EXIT_ALIVE)
      continue;
    SentryProcessGroup *parents = leader->parent->group->pgrp;
    if (parents != pgrp && parents->session == pgrp->session)
      return FALSE;
  }
  return TRUE;
}

gboolean
sentry_process_group_has_stopped (SentryProcessGroup *pgrp)
{
  SENTRY_LIST_FOREACH (link, safe, &pgrp->groups)
  {
    SentryThreadGroup *group = SENTRY_CONTAINER (link, SentryThreadGroup, pgrp_link);
    if (__atomic_load_n (&group->flags, __ATOMIC_RELAXED) & SENTRY_GROUP_STOPPED)
      return TRUE;
  }
  return FALSE;
}

void
sentry_process_group_send_locked (SentryProcessGroup *pgrp, const siginfo_t *info)
{
  SENTRY_LIST_FOREACH (link, safe, &pgrp->groups)
  {
    SentryThreadGroup *group = SENTRY_CONTAINER (link, SentryThreadGroup, pgrp_link);
    sentry_signal_send_locked (group->leader, TRUE, info);
  }
}

gint32
sentry_task_tgid (SentryTask *task)
{
  return task->group->tgid;
}

/* An orphan's parent is the kernel object; the guest sees init there, as it would natively. */
gint32
sentry_task_ppid (SentryTask *task)
{
  gint32 ppid = 0;

  sentry_rwlock_read_lock (&task->kernel->task_set);
  SentryTask *leader = task->group->leader;
  if (leader != NULL && leader->priv->parent != NULL)
    ppid = leader->priv->parent->group->tgid;
  else if (leader != NULL && leader->priv->orphaned)
    ppid = 1;
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return ppid;
}

gint32
sentry_task_pgid (SentryTask *task)
{
  gint32 pgid;

  sentry_rwlock_read_lock (&task->kernel->task_set);
  pgid = task->group->pgrp != NULL ? task->group->pgrp->pgid : 0;
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return pgid;
}

gint32
sentry_task_sid (SentryTask *task)
{
  gint32 sid;

  sentry_rwlock_read_lock (&task->kernel->task_set);
  sid = task->group->pgrp != NULL ? task->group->pgrp->session->sid : 0;
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return sid;
}

/* The checks and their order are those of Linux's setpgid. */
static int
setpgid_locked (SentryTask *task, gint32 pid, gint32 pgid)
{
  SentryPid *entry = sentry_pid_lookup (task->priv->pid_ns, pid);
  SentryTask *target = entry != NULL ? entry->task : NULL;

  if (target == NULL)
    return -ESRCH;
  SentryThreadGroup *group = target->group;
  if (group->leader != target)
    return -EINVAL;
  if (target->priv->parent != NULL && target->priv->parent->group == task->group)
    {
      if (group->pgrp->session != task->group->pgrp->session)
        return -EPERM;
      if (group->did_exec)
        return -EACCES;
    }
  else if (group != task->group)
    return -ESRCH;
  if (group->session_leader)
    return -EPERM;

  SentryProcessGroup *pgrp;
  if (pgid != pid)
    {
      entry = sentry_pid_lookup (task->priv->pid_ns, pgid);
      pgrp = entry != NULL ? entry->pgrp : NULL;
      if (pgrp == NULL || pgrp->session != task->group->pgrp->session)
        return -EPERM;
    }
  else
    pgrp = entry->pgrp != NULL ? entry->pgrp : pgrp_new (group, group->pgrp->session);
  if (pgrp != group->pgrp)
    {
      sentry_thread_group_leave_pgrp (group);
      sentry_thread_group_join_pgrp (group, pgrp);
    }
  return 0;
}

gint64
sentry_task_setpgid (SentryTask *task, gint32 pid, gint32 pgid)
{
  int r;

  if (pid == 0)
    pid = task->group->tgid;
  if (pgid == 0)
    pgid = pid;
  if (pgid < 0)
    return -EINVAL;
  sentry_rwlock_write_lock (&task->kernel->task_set);
  r = setpgid_locked (task, pid, pgid);
  sentry_rwlock_write_unlock (&task->kernel->task_set);
  return r;
}

gint64
sentry_task_setsid (SentryTask *task)
{
  int r;

  sentry_rwlock_write_lock (&task->kernel->task_set);
  r = sentry_thread_group_new_session (task->group);
  sentry_rwlock_write_unlock (&task->kernel->task_set);
  return r < 0 ? r : task->group->tgid;
}
