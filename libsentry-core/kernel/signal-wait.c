/* Waiting for signals: sigtimedwait, sigsuspend, pause. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

/* A signal of `which` from the task's own queue or the group's; blocked or not. */
static int
take_one (SentryTask *task, SentrySigset which, siginfo_t *ret_info)
{
  int sig = sentry_pending_dequeue (&task->priv->pending, ~which, ret_info);

  return sig != 0 ? sig : sentry_pending_dequeue (&task->group->pending, ~which, ret_info);
}

static int
poll_signals (SentryTask *task, SentrySigset which, siginfo_t *ret_info, gboolean unblock)
{
  SentryTaskPrivate *priv = task->priv;
  SentrySignalHandlers *h = task->group->handlers;
  int sig;

  sentry_mutex_lock (&h->lock);
  sig = take_one (task, which, ret_info);
  if (sig == 0 && unblock)
    {
      /* While it sleeps the wanted signals are unblocked, so that they are sent to this thread and
       * wake it; real_blocked keeps them from being dropped as ignored or acted on as fatal. */
      priv->real_blocked = priv->blocked;
      priv->blocked &= ~which;
    }
  sentry_task_recalc_pending_sighand (task);
  sentry_mutex_unlock (&h->lock);
  return sig;
}

static int
end_wait (SentryTask *task, SentrySigset which, siginfo_t *ret_info)
{
  SentryTaskPrivate *priv = task->priv;
  SentrySignalHandlers *h = task->group->handlers;
  int sig;

  sentry_mutex_lock (&h->lock);
  priv->blocked = priv->real_blocked;
  priv->real_blocked = 0;
  sig = take_one (task, which, ret_info);
  sentry_task_retarget_sighand (task, priv->blocked);
  sentry_task_recalc_pending_sighand (task);
  sentry_mutex_unlock (&h->lock);
  return sig;
}

static gint64
wait_signal (SentryTask *task, SentrySigset which, gint64 deadline, siginfo_t *ret_info)
{
  int sig, r;

  which &= ~(SENTRY_SIGMASK (SIGKILL) | SENTRY_SIGMASK (SIGSTOP));
  sentry_sleeper_prepare (&task->sleeper);
  sig = poll_signals (task, which, ret_info, deadline != 0);
  if (sig != 0)
    return sig;
  if (deadline == 0)
    return -EAGAIN;
  do
    {
      r = sentry_task_sleep (task, deadline);
      if (r == 0)
        sentry_sleeper_prepare (&task->sleeper);
    }
  while (r == 0 && !sentry_task_signal_pending (task));
  sig = end_wait (task, which, ret_info);
  if (sig != 0)
    return sig;
  return r == -SENTRY_EPAUSE ? r : r == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

gint64
sentry_task_sigwait (SentryTask *task, SentrySigset which, gint64 deadline, siginfo_t *ret_info)
{
  gint64 sig = wait_signal (task, which, deadline, ret_info);

  if (sig > 0)
    sentry_group_timers_dequeued (task->group, ret_info);
  return sig;
}

gint64
sentry_task_sigsuspend (SentryTask *task)
{
  int r;

  do
    {
      sentry_sleeper_prepare (&task->sleeper);
      r = sentry_task_sleep (task, SENTRY_TIME_NEVER);
    }
  while (r == 0);
  return r == -SENTRY_EPAUSE ? r : -SENTRY_ERESTARTNOHAND;
}
