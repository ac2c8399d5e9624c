/* Sending signals: who gets them and what they do at once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <string.h>

#define M(sig) SENTRY_SIGMASK (sig)
#define STOP_SIGNALS (M (SIGSTOP) | M (SIGTSTP) | M (SIGTTIN) | M (SIGTTOU))

void
sentry_siginfo_init (siginfo_t *info, int sig, int code)
{
  memset (info, 0, sizeof *info);
  info->si_signo = sig;
  info->si_code = code;
}

gboolean
sentry_task_recalc_pending_sighand (SentryTask *task)
{
  SentryTaskPrivate *priv = task->priv;
  SentryThreadGroup *group = task->group;
  gboolean pending = ((priv->pending.set | group->pending.set) & ~priv->blocked) != 0
                     || (priv->stop & SENTRY_STOP_PENDING) || (group->flags & SENTRY_GROUP_NOTIFY);

  if (pending)
    sentry_task_kick (task, SENTRY_INTERRUPT_SIGNAL);
  else
    sentry_sleeper_clear (&task->sleeper, SENTRY_INTERRUPT_SIGNAL);
  return pending;
}

/* Would `sig` do nothing at all?  A blocked one may get a handler before it is unblocked, so it is
 * kept. */
static gboolean
is_ignored (SentryTask *t, int sig)
{
  SentryTaskPrivate *priv = t->priv;
  guint64 handler = t->group->handlers->action[sig - 1].handler;

  if ((priv->blocked | priv->real_blocked) & M (sig))
    return FALSE;
  return handler == SENTRY_SIG_IGN
         || (handler == SENTRY_SIG_DFL && sentry_signal_ignored_by_default (sig));
}

/* SIGCONT continues at once, whether or not it is blocked or ignored. */
static void
continue_group (SentryThreadGroup *group)
{
  sentry_pending_remove (&group->pending, STOP_SIGNALS);
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTaskPrivate *priv = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
    sentry_pending_remove (&priv->pending, STOP_SIGNALS);
    priv->stop = 0;
    __atomic_store_n (&priv->stopped, FALSE, __ATOMIC_RELAXED);
    sentry_sleeper_wake (&priv->task.sleeper);
  }
  guint32 notify = group->flags & SENTRY_GROUP_STOPPED ? SENTRY_GROUP_NOTIFY_CONTINUED
                   : group->stop_count > 0             ? SENTRY_GROUP_NOTIFY_STOPPED
                                                       : 0;
  if (notify == 0)
    return;
  group->flags = (group->flags & ~(SENTRY_GROUP_STOPPED | SENTRY_GROUP_NOTIFY)) | notify
                 | SENTRY_GROUP_CONTINUED;
  group->stop_count = 0;
  group->exit_code = 0;
  /* Somebody must tell the parent, even if no handler runs. */
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  sentry_task_kick (&SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->task,
                    SENTRY_INTERRUPT_SIGNAL);
}

static void
cancel_continue (SentryThreadGroup *group)
{
  sentry_pending_remove (&group->pending, M (SIGCONT));
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  sentry_pending_remove (&SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->pending,
                         M (SIGCONT));
}

/* The effects that a signal has when it is sent.  FALSE: it need not be queued. */
static gboolean
prepare (SentryTask *t, int sig)
{
  SentryThreadGroup *group = t->group;

  if (group->flags & SENTRY_GROUP_EXIT)
    return FALSE;
  if (sentry_signal_stops (sig))
    cancel_continue (group);
  else if (sig == SIGCONT)
    continue_group (group);
  return !is_ignored (t, sig);
}

static gboolean
wants (SentryTask *t, int sig)
{
  SentryTaskPrivate *priv = t->priv;

  if ((priv->blocked & M (sig)) || priv->dying)
    return FALSE;
  if (sig == SIGKILL)
    return TRUE;
  if (priv->stopped)
    return FALSE;
  return __atomic_load_n (&t->run_state, __ATOMIC_RELAXED) == SENTRY_RUN_APP
         || !(__atomic_load_n (&t->sleeper.interrupt, __ATOMIC_RELAXED) & SENTRY_INTERRUPT_SIGNAL);
}

static SentryTask *
choose (SentryTask *t, gboolean to_group, int sig)
{
  if (wants (t, sig))
    return t;
  if (!to_group)
    return NULL;
  SENTRY_LIST_FOREACH (link, safe, &t->group->tasks)
  {
    SentryTask *other = &SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->task;
    if (wants (other, sig))
      return other;
  }
  return NULL;
}

static gboolean
is_fatal (SentryTask *t, int sig)
{
  return sig == SIGKILL
         || (t->group->handlers->action[sig - 1].handler == SENTRY_SIG_DFL
             && !sentry_signal_ignored_by_default (sig) && !sentry_signal_stops (sig));
}

void
sentry_thread_group_begin_exit_sighand (SentryThreadGroup *group, int wait_status)
{
  if (group->flags & SENTRY_GROUP_EXIT)
    return;
  group->flags = SENTRY_GROUP_EXIT;
  group->exit_code = wait_status;
  group->stop_count = 0;
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTaskPrivate *priv = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
    priv->stop = 0;
    __atomic_store_n (&priv->stopped, FALSE, __ATOMIC_RELAXED);
    if (priv->dying)
      continue;
    priv->kill = TRUE;
    sentry_task_kick (&priv->task, SENTRY_INTERRUPT_KILL);
  }
}

static void
complete (SentryTask *target, gboolean to_group, int sig)
{
  SentryTask *t = choose (target, to_group, sig);

  if (t == NULL)
    return;
  if (is_fatal (t, sig) && !(t->priv->real_blocked & M (sig))
      && (sig == SIGKILL || !sentry_signal_dumps (sig)))
    sentry_thread_group_begin_exit_sighand (t->group, sig);
  else
    sentry_task_kick (t, SENTRY_INTERRUPT_SIGNAL);
}

int
sentry_signal_send_sighand (SentryTask *target, gboolean to_group, const siginfo_t *info)
{
  int sig = info->si_signo, r;

  g_assert (sig >= 1 && sig <= SENTRY_NSIG);
  if (!prepare (target, sig))
    return 0;
  r = sentry_pending_add (to_group ? &target->group->pending : &target->priv->pending, target,
                          info);
  if (r == 0)
    complete (target, to_group, sig);
  return r;
}

int
sentry_signal_send_locked (SentryTask *target, gboolean to_group, const siginfo_t *info)
{
  SentrySignalHandlers *h = target->group->handlers;
  int r;

  sentry_mutex_lock (&h->lock);
  r = sentry_signal_send_sighand (target, to_group, info);
  sentry_mutex_unlock (&h->lock);
  return r;
}

/* TASK_SET held.  The thread may have gone: then nobody gets it. */
static SentryTask *
timer_target (SentryThreadGroup *group, gint32 tid)
{
  if (tid == 0)
    return group->leader;
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTask *t = &SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->task;
    if (t->tid == tid)
      return t;
  }
  return NULL;
}

static gboolean
send_timer_signal_locked (SentryTask *target, gboolean to_group, const siginfo_t *info)
{
  SentryThreadGroup *group = target->group;
  SentrySignalHandlers *h = group->handlers;
  gboolean heard = TRUE;

  sentry_mutex_lock (&h->lock);
  if (prepare (target, info->si_signo))
    {
      sentry_pending_add_timer (to_group ? &group->pending : &target->priv->pending, info);
      complete (target, to_group, info->si_signo);
    }
  else
    heard = (group->flags & SENTRY_GROUP_EXIT) != 0;
  sentry_mutex_unlock (&h->lock);
  return heard;
}

gboolean
sentry_thread_group_send_timer_signal (SentryThreadGroup *group, gint32 tid, const siginfo_t *info)
{
  SentryTask *target;
  gboolean heard = TRUE;

  sentry_rwlock_read_lock (&group->kernel->task_set);
  target = timer_target (group, tid);
  if (target != NULL)
    heard = send_timer_signal_locked (target, tid == 0, info);
  sentry_rwlock_read_unlock (&group->kernel->task_set);
  return heard;
}

void
sentry_thread_group_forget_timer_signal (SentryThreadGroup *group, int id)
{
  SentrySignalHandlers *h;

  sentry_rwlock_read_lock (&group->kernel->task_set);
  h = group->handlers;
  sentry_mutex_lock (&h->lock);
  sentry_pending_remove_timer (&group->pending, id);
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  sentry_pending_remove_timer (&SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->pending,
                               id);
  sentry_mutex_unlock (&h->lock);
  sentry_rwlock_read_unlock (&group->kernel->task_set);
}

void
sentry_task_retarget_sighand (SentryTask *task, SentrySigset which)
{
  SentryThreadGroup *group = task->group;

  which &= group->pending.set;
  if (which == 0)
    return;
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTaskPrivate *priv = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
    if (&priv->task == task || priv->dying || (which & ~priv->blocked) == 0)
      continue;
    sentry_task_kick (&priv->task, SENTRY_INTERRUPT_SIGNAL);
    which &= priv->blocked;
    if (which == 0)
      break;
  }
}

void
sentry_task_send_signal (SentryTask *task, const siginfo_t *info)
{
  sentry_rwlock_read_lock (&task->kernel->task_set);
  sentry_signal_send_locked (task, FALSE, info);
  sentry_rwlock_read_unlock (&task->kernel->task_set);
}

void
sentry_thread_group_send_signal (SentryThreadGroup *group, const siginfo_t *info)
{
  sentry_rwlock_read_lock (&group->kernel->task_set);
  if (group->leader != NULL)
    sentry_signal_send_locked (group->leader, TRUE, info);
  sentry_rwlock_read_unlock (&group->kernel->task_set);
}

void
sentry_task_fill_siginfo (SentryTask *task, int sig, int code, siginfo_t *ret_info)
{
  SentryCred *cred = sentry_task_get_cred (task);

  sentry_siginfo_init (ret_info, sig, code);
  ret_info->si_pid = task->group->tgid;
  ret_info->si_uid = sentry_user_namespace_uid_to (cred->user_ns, cred->ruid);
  sentry_cred_unref (cred);
}

void
sentry_task_send_self (SentryTask *task, int sig)
{
  siginfo_t info;

  sentry_task_fill_siginfo (task, sig, SI_USER, &info);
  sentry_task_send_signal (task, &info);
}

/* Linux's force_sig: what the task can't refuse kills it. */
void
sentry_task_force_signal (SentryTask *task, const siginfo_t *info)
{
  SentryTaskPrivate *priv = task->priv;
  SentrySignalHandlers *h = task->group->handlers;
  int sig = info->si_signo;

  sentry_mutex_lock (&h->lock);
  SentrySigaction *action = &h->action[sig - 1];
  if (action->handler == SENTRY_SIG_IGN || (priv->blocked & M (sig)))
    {
      *action = (SentrySigaction){ .handler = SENTRY_SIG_DFL };
      priv->blocked &= ~M (sig);
    }
  sentry_signal_send_sighand (task, FALSE, info);
  sentry_task_recalc_pending_sighand (task);
  sentry_mutex_unlock (&h->lock);
}

void
sentry_task_force_segv (SentryTask *task, int sig)
{
  SentrySignalHandlers *h = task->group->handlers;
  siginfo_t info;

  if (sig == SIGSEGV)
    {
      sentry_mutex_lock (&h->lock);
      h->action[SIGSEGV - 1].handler = SENTRY_SIG_DFL;
      sentry_mutex_unlock (&h->lock);
    }
  sentry_siginfo_init (&info, SIGSEGV, SI_KERNEL);
  sentry_task_force_signal (task, &info);
}
