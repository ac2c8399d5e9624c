/* kill and its kin: who may send what to whom. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

/* TASK_SET held. */
static int
may_signal_locked (SentryTask *sender, SentryTask *target, int sig)
{
  const SentryCred *from = sender->cred;
  SentryCred *to;
  gboolean ok;

  if (sender->group == target->group)
    return 0;
  to = sentry_task_get_cred (target);
  ok = from->euid == to->suid || from->euid == to->ruid || from->ruid == to->suid
       || from->ruid == to->ruid || sentry_cred_capable_in (from, to->user_ns, CAP_KILL);
  sentry_cred_unref (to);
  /* A shell may continue whatever is in its session. */
  if (!ok && sig == SIGCONT && target->group->pgrp != NULL && sender->group->pgrp != NULL)
    ok = target->group->pgrp->session == sender->group->pgrp->session;
  return ok ? 0 : -EPERM;
}

int
sentry_task_may_signal (SentryTask *sender, SentryTask *target, int sig)
{
  int r;

  sentry_rwlock_read_lock (&sender->kernel->task_set);
  r = may_signal_locked (sender, target, sig);
  sentry_rwlock_read_unlock (&sender->kernel->task_set);
  return r;
}

static gboolean
valid_signal (int sig)
{
  return sig >= 0 && sig <= SENTRY_NSIG;
}

static int
send_checked_locked (SentryTask *sender, SentryTask *target, gboolean to_group, int sig,
                     const siginfo_t *info)
{
  int r = may_signal_locked (sender, target, sig);

  if (r == 0 && sig != 0)
    r = sentry_signal_send_locked (target, to_group, info);
  return r;
}

/* Success if one could be signalled; otherwise the last error. */
static int
kill_pgrp_locked (SentryTask *task, SentryProcessGroup *pgrp, int sig, const siginfo_t *info)
{
  gboolean any = FALSE;
  int r = -ESRCH;

  if (pgrp == NULL)
    return -ESRCH;
  SENTRY_LIST_FOREACH (link, safe, &pgrp->groups)
  {
    SentryThreadGroup *group = SENTRY_CONTAINER (link, SentryThreadGroup, pgrp_link);
    r = send_checked_locked (task, group->leader, TRUE, sig, info);
    any |= r == 0;
  }
  return any ? 0 : r;
}

/* Everybody but init and the sender.  EPERM is not an answer unless nobody else is there. */
static int
kill_all_locked (SentryTask *task, int sig, const siginfo_t *info)
{
  SentryPidNamespace *ns = task->priv->pid_ns;
  GHashTableIter iter;
  gpointer value;
  int r = -ESRCH;

  g_hash_table_iter_init (&iter, ns->pids);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SentryTask *target = ((SentryPid *) value)->task;
      if (target == NULL || target->group->leader != target || target->group == task->group
          || target->group == ns->init)
        continue;
      int one = send_checked_locked (task, target, TRUE, sig, info);
      if (one != -EPERM)
        r = one;
    }
  return r;
}

static int
kill_one_locked (SentryTask *task, gint32 pid, int sig, const siginfo_t *info)
{
  SentryPid *entry = sentry_pid_lookup (task->priv->pid_ns, pid);

  if (entry == NULL || entry->task == NULL)
    return -ESRCH;
  return send_checked_locked (task, entry->task, TRUE, sig, info);
}

int
sentry_task_kill (SentryTask *task, gint32 pid, int sig, const siginfo_t *info)
{
  SentryPid *entry;
  int r;

  if (pid == G_MININT32)
    return -ESRCH;
  if (!valid_signal (sig))
    return -EINVAL;
  sentry_rwlock_read_lock (&task->kernel->task_set);
  if (pid > 0)
    r = kill_one_locked (task, pid, sig, info);
  else if (pid == 0)
    r = kill_pgrp_locked (task, task->group->pgrp, sig, info);
  else if (pid == -1)
    r = kill_all_locked (task, sig, info);
  else
    {
      entry = sentry_pid_lookup (task->priv->pid_ns, -pid);
      r = kill_pgrp_locked (task, entry != NULL ? entry->pgrp : NULL, sig, info);
    }
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return r;
}

int
sentry_task_tgkill (SentryTask *task, gint32 tgid, gint32 tid, int sig, const siginfo_t *info)
{
  SentryPid *entry;
  int r = -ESRCH;

  sentry_rwlock_read_lock (&task->kernel->task_set);
  entry = sentry_pid_lookup (task->priv->pid_ns, tid);
  if (entry != NULL && entry->task != NULL && (tgid <= 0 || entry->task->group->tgid == tgid))
    r = valid_signal (sig) ? send_checked_locked (task, entry->task, FALSE, sig, info) : -EINVAL;
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return r;
}

int
sentry_task_sigqueue (SentryTask *task, gint32 tgid, int sig, const siginfo_t *info)
{
  int r;

  if (!valid_signal (sig))
    return -EINVAL;
  sentry_rwlock_read_lock (&task->kernel->task_set);
  r = kill_one_locked (task, tgid, sig, info);
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return r;
}
