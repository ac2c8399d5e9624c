/* What a task does about its signals before it goes back to the guest.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

#define M(sig) SENTRY_SIGMASK (sig)

typedef enum
{
  TAKE_NONE,    /* nothing to do: go on in the guest */
  TAKE_HANDLER, /* a handler must run */
  TAKE_AGAIN,   /* the task was stopped, or must exit: the run loop decides */
} Take;

static void
tell_parent_locked_out (SentryTask *task, int why)
{
  sentry_rwlock_read_lock (&task->kernel->task_set);
  sentry_thread_group_notify_stop_locked (task->group, why);
  sentry_rwlock_read_unlock (&task->kernel->task_set);
}

/* SIGHAND is dropped here and in the caller's way out. */
static void
stop_now (SentryTask *task, SentrySignalHandlers *h)
{
  gboolean last;

  __atomic_store_n (&task->priv->stopped, TRUE, __ATOMIC_RELAXED);
  last = sentry_task_join_stop_sighand (task);
  sentry_mutex_unlock (&h->lock);
  if (last)
    tell_parent_locked_out (task, CLD_STOPPED);
  sentry_task_wait_stopped (task);
}

static gboolean
pgrp_is_orphaned (SentryTask *task)
{
  gboolean orphaned;

  sentry_rwlock_read_lock (&task->kernel->task_set);
  orphaned = sentry_process_group_is_orphaned (task->group->pgrp, NULL);
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return orphaned;
}

static int
dequeue (SentryTask *task, siginfo_t *ret_info)
{
  SentryTaskPrivate *priv = task->priv;
  int sig = sentry_pending_dequeue_synchronous (&priv->pending, priv->blocked, ret_info);

  if (sig == 0)
    sig = sentry_pending_dequeue (&priv->pending, priv->blocked, ret_info);
  if (sig == 0)
    sig = sentry_pending_dequeue (&task->group->pending, priv->blocked, ret_info);
  if (sig != 0 && sentry_signal_stops (sig))
    priv->stop |= SENTRY_STOP_DEQUEUED;
  return sig;
}

static void
die (SentryTask *task, int sig)
{
  /* RLIMIT_CORE is 0 here: no core, and so no core flag in the status. */
  sentry_task_exit_group (task, sig);
}

/* A signal whose action is the default one, SIGHAND held.  Returns with SIGHAND dropped. */
static Take
default_action (SentryTask *task, SentrySignalHandlers *h, int sig)
{
  if (!sentry_signal_stops (sig))
    {
      sentry_mutex_unlock (&h->lock);
      die (task, sig);
      return TAKE_AGAIN;
    }
  if (sig != SIGSTOP)
    {
      sentry_mutex_unlock (&h->lock);
      /* A group that nobody could continue is not stopped by the terminal's signals. */
      if (pgrp_is_orphaned (task))
        return TAKE_AGAIN;
      sentry_mutex_lock (&h->lock);
    }
  if (sentry_task_begin_stop_sighand (task, sig))
    stop_now (task, h);
  else
    sentry_mutex_unlock (&h->lock);
  return TAKE_AGAIN;
}

static Take
take_signal (SentryTask *task, siginfo_t *ret_info, SentrySigaction *ret_action)
{
  SentryTaskPrivate *priv = task->priv;
  SentryThreadGroup *group = task->group;
  SentrySignalHandlers *h = group->handlers;
  int sig;

  sentry_mutex_lock (&h->lock);
  if (group->flags & SENTRY_GROUP_NOTIFY)
    {
      int why = group->flags & SENTRY_GROUP_NOTIFY_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
      group->flags &= ~SENTRY_GROUP_NOTIFY;
      sentry_mutex_unlock (&h->lock);
      tell_parent_locked_out (task, why);
      return TAKE_AGAIN;
    }
  if (priv->stop & SENTRY_STOP_PENDING)
    {
      stop_now (task, h);
      return TAKE_AGAIN;
    }
  while ((sig = dequeue (task, ret_info)) != 0)
    {
      SentrySigaction *action = &h->action[sig - 1];
      if (action->handler == SENTRY_SIG_IGN
          || (action->handler == SENTRY_SIG_DFL && sentry_signal_ignored_by_default (sig)))
        continue;
      if (action->handler == SENTRY_SIG_DFL)
        return default_action (task, h, sig);
      *ret_action = *action;
      if (action->flags & SA_RESETHAND)
        action->handler = SENTRY_SIG_DFL;
      break;
    }
  sentry_task_recalc_pending_sighand (task);
  sentry_mutex_unlock (&h->lock);
  return sig != 0 ? TAKE_HANDLER : TAKE_NONE;
}

static void
run_handler (SentryTask *task, const siginfo_t *info, const SentrySigaction *action)
{
  SentryTaskPrivate *priv = task->priv;
  SentrySigset mask = task->call.has_saved_mask ? task->call.saved_mask : priv->blocked;
  int sig = info->si_signo;

  if (task->kernel->syscalls->signal != NULL)
    task->kernel->syscalls->signal (task, info);
  sentry_task_interrupt_call (task, action->flags);
  if (sentry_task_push_signal_frame (task, action, info, mask) < 0)
    {
      sentry_task_force_segv (task, sig);
      return;
    }
  task->call.has_saved_mask = FALSE;
  SentrySigset blocked = priv->blocked | action->mask;
  if (!(action->flags & SA_NODEFER))
    blocked |= M (sig);
  sentry_task_set_blocked (task, blocked);
}

static void
finish_call (SentryTask *task)
{
  sentry_task_restart_call (task);
  if (task->call.has_saved_mask)
    sentry_task_set_blocked (task, task->call.saved_mask);
  sentry_task_clear_call (task);
}

void
sentry_task_deliver_signals (SentryTask *task)
{
  SentrySigaction action;
  siginfo_t info;
  Take take;

  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  take = take_signal (task, &info, &action);
  if (take == TAKE_HANDLER)
    {
      sentry_group_timers_dequeued (task->group, &info);
      run_handler (task, &info, &action);
      task->priv->exit_work = TRUE;
    }
  else if (take == TAKE_NONE)
    finish_call (task);
  else
    task->priv->exit_work = TRUE;
}
