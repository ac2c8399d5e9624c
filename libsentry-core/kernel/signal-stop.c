/* Group stop and continue. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

/* A stop signal that one thread takes sets PENDING and CONSUME on every thread and counts them in
 * stop_count; each thread stops when it next looks at its signals and counts itself down; the last
 * one makes the group STOPPED and tells the parent. SIGCONT takes all of it back at the moment when
 * it is sent (signal-send.c). */

gboolean
sentry_task_begin_stop_sighand (SentryTask *task, int sig)
{
  SentryThreadGroup *group = task->group;
  SentryTaskPrivate *priv = task->priv;

  if (priv->stop & SENTRY_STOP_PENDING)
    return TRUE;
  if (!(priv->stop & SENTRY_STOP_DEQUEUED) || (group->flags & SENTRY_GROUP_EXIT))
    return FALSE;
  if (!(group->flags & SENTRY_GROUP_STOPPED))
    group->exit_code = sig;
  group->stop_count = 0;
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTaskPrivate *other = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
    if (other->stopped || other->dying || other->kill)
      continue;
    other->stop |= SENTRY_STOP_PENDING | SENTRY_STOP_CONSUME;
    group->stop_count++;
    if (other != priv)
      sentry_task_kick (&other->task, SENTRY_INTERRUPT_SIGNAL);
  }
  return TRUE;
}

gboolean
sentry_task_join_stop_sighand (SentryTask *task)
{
  SentryThreadGroup *group = task->group;
  SentryTaskPrivate *priv = task->priv;
  gboolean consume = (priv->stop & SENTRY_STOP_CONSUME) != 0;

  priv->stop = 0;
  if (!consume)
    return FALSE;
  if (group->stop_count > 0)
    group->stop_count--;
  if (group->stop_count > 0 || (group->flags & SENTRY_GROUP_STOPPED))
    return FALSE;
  group->flags
      = (group->flags & ~(SENTRY_GROUP_CONTINUED | SENTRY_GROUP_NOTIFY)) | SENTRY_GROUP_STOPPED;
  return TRUE;
}

void
sentry_task_wait_stopped (SentryTask *task)
{
  SentrySignalHandlers *h = task->group->handlers;
  gboolean stopped;
  int r = 0;

  do
    {
      sentry_sleeper_prepare (&task->sleeper);
      sentry_mutex_lock (&h->lock);
      stopped = task->priv->stopped;
      if (!stopped)
        sentry_task_recalc_pending_sighand (task);
      sentry_mutex_unlock (&h->lock);
      if (!stopped)
        break;
      __atomic_store_n (&task->run_state, SENTRY_RUN_STOPPED, __ATOMIC_SEQ_CST);
      r = sentry_sleeper_sleep_killable (&task->sleeper, G_MAXINT64);
    }
  while (r == 0);
  __atomic_store_n (&task->run_state, SENTRY_RUN_SYSCALL, __ATOMIC_SEQ_CST);
}

void
sentry_thread_group_notify_stop_locked (SentryThreadGroup *group, int why)
{
  SentryTask *leader = group->leader, *parent = leader->priv->parent;
  siginfo_t info;
  gint64 user_ns, system_ns;

  if (parent == NULL)
    return;
  sentry_thread_group_cpu_times_locked (group, &user_ns, &system_ns);
  sentry_task_fill_siginfo (leader, SIGCHLD, why, &info);
  info.si_status = why == CLD_CONTINUED ? SIGCONT : group->exit_code & 0x7f;
  info.si_utime = user_ns / (SENTRY_NSEC_PER_SEC / 100);
  info.si_stime = system_ns / (SENTRY_NSEC_PER_SEC / 100);

  SentrySignalHandlers *h = parent->group->handlers;
  sentry_mutex_lock (&h->lock);
  const SentrySigaction *action = &h->action[SIGCHLD - 1];
  if (action->handler != SENTRY_SIG_IGN && !(action->flags & SA_NOCLDSTOP))
    sentry_signal_send_sighand (parent, TRUE, &info);
  sentry_mutex_unlock (&h->lock);
  sentry_wait_queue_wake (&parent->group->wait_child, 0, 0);
}
