/* What signals do by default, and what tasks want done. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernel/task-private.h"

#include <string.h>

#define M(sig) SENTRY_SIGMASK (sig)

static const SentrySigset ignored_by_default
    = M (SIGCONT) | M (SIGCHLD) | M (SIGWINCH) | M (SIGURG);
static const SentrySigset stopping = M (SIGSTOP) | M (SIGTSTP) | M (SIGTTIN) | M (SIGTTOU);
static const SentrySigset dumping = M (SIGQUIT) | M (SIGILL) | M (SIGTRAP) | M (SIGABRT)
                                    | M (SIGFPE) | M (SIGSEGV) | M (SIGBUS) | M (SIGSYS)
                                    | M (SIGXCPU) | M (SIGXFSZ);
static const SentrySigset unblockable = M (SIGKILL) | M (SIGSTOP);

gboolean
sentry_signal_ignored_by_default (int sig)
{
  return (ignored_by_default & M (sig)) != 0;
}

gboolean
sentry_signal_stops (int sig)
{
  return (stopping & M (sig)) != 0;
}

gboolean
sentry_signal_dumps (int sig)
{
  return (dumping & M (sig)) != 0;
}

SentrySignalHandlers *
sentry_signal_handlers_new (void)
{
  SentrySignalHandlers *h = g_try_new0 (SentrySignalHandlers, 1);

  if (h == NULL)
    return NULL;
  sentry_ref_init (&h->ref);
  sentry_mutex_init (&h->lock, SENTRY_LOCK_SIGHAND);
  return h;
}

SentrySignalHandlers *
sentry_signal_handlers_copy (SentrySignalHandlers *h)
{
  SentrySignalHandlers *copy = sentry_signal_handlers_new ();

  if (copy == NULL)
    return NULL;
  sentry_mutex_lock (&h->lock);
  memcpy (copy->action, h->action, sizeof copy->action);
  sentry_mutex_unlock (&h->lock);
  return copy;
}

SentrySignalHandlers *
sentry_signal_handlers_ref (SentrySignalHandlers *h)
{
  sentry_ref_get (&h->ref);
  return h;
}

void
sentry_signal_handlers_unref (SentrySignalHandlers *h)
{
  if (h != NULL && sentry_ref_put (&h->ref))
    g_free (h);
}

void
sentry_signal_handlers_reset (SentrySignalHandlers *h, gboolean force)
{
  sentry_mutex_lock (&h->lock);
  for (int i = 0; i < SENTRY_NSIG; i++)
    {
      SentrySigaction *a = &h->action[i];
      gboolean ignored = a->handler == SENTRY_SIG_IGN && !force;
      *a = (SentrySigaction){ .handler = ignored ? SENTRY_SIG_IGN : SENTRY_SIG_DFL };
    }
  sentry_mutex_unlock (&h->lock);
}

/* SA_UNSUPPORTED is never stored, so that a program can ask which flags are known. */
#define KNOWN_FLAGS                                                                                \
  (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND  \
   | SENTRY_SA_EXPOSE_TAGBITS | SENTRY_SA_RESTORER)

/* POSIX: signals that have become ignored are thrown away, pending and blocked ones too. */
static void
drop_ignored (SentryTask *task, int sig, const SentrySigaction *action)
{
  SentryThreadGroup *group = task->group;
  gboolean ignored
      = action->handler == SENTRY_SIG_IGN
        || (action->handler == SENTRY_SIG_DFL && sentry_signal_ignored_by_default (sig));

  if (!ignored)
    return;
  sentry_pending_remove (&group->pending, M (sig));
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  sentry_pending_remove (&SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->pending, M (sig));
}

int
sentry_task_sigaction (SentryTask *task, int sig, const SentrySigaction *set,
                       SentrySigaction *ret_old)
{
  SentrySignalHandlers *h = task->group->handlers;

  if (sig < 1 || sig > SENTRY_NSIG || (set != NULL && (M (sig) & unblockable)))
    return -EINVAL;
  sentry_mutex_lock (&h->lock);
  SentrySigaction *action = &h->action[sig - 1];
  if (ret_old != NULL)
    *ret_old = *action;
  if (set != NULL)
    {
      *action = *set;
      action->flags &= KNOWN_FLAGS;
      action->mask &= ~unblockable;
      drop_ignored (task, sig, action);
      sentry_task_recalc_pending_sighand (task);
    }
  sentry_mutex_unlock (&h->lock);
  return 0;
}

SentrySigset
sentry_task_blocked (SentryTask *task)
{
  return task->priv->blocked;
}

void
sentry_task_set_blocked (SentryTask *task, SentrySigset mask)
{
  SentryTaskPrivate *priv = task->priv;
  SentrySignalHandlers *h = task->group->handlers;

  mask &= ~unblockable;
  if (mask == priv->blocked)
    return;
  sentry_mutex_lock (&h->lock);
  SentrySigset newly = mask & ~priv->blocked;
  priv->blocked = mask;
  sentry_task_retarget_sighand (task, newly);
  sentry_task_recalc_pending_sighand (task);
  sentry_mutex_unlock (&h->lock);
}

SentrySigset
sentry_task_sigpending (SentryTask *task)
{
  SentrySignalHandlers *h = task->group->handlers;
  SentrySigset set;

  sentry_mutex_lock (&h->lock);
  set = (task->priv->pending.set | task->group->pending.set) & task->priv->blocked;
  sentry_mutex_unlock (&h->lock);
  return set;
}

static gboolean
on_altstack (const SentryAltStack *s, guint64 sp)
{
  return s->size != 0 && sp > s->sp && sp - s->sp <= s->size;
}

int
sentry_task_sigaltstack (SentryTask *task, const SentryAltStack *set, SentryAltStack *ret_old,
                         gsize min_size)
{
  SentryAltStack *s = &task->priv->altstack;
  guint64 sp = task->context->regs.rsp;
  /* Autodisarm empties the setting while a handler runs, so such a stack never counts as in use. */
  gboolean in_use = !(s->flags & (gint32) SENTRY_SS_AUTODISARM) && on_altstack (s, sp);

  if (ret_old != NULL)
    {
      *ret_old = *s;
      ret_old->pad = 0;
      ret_old->flags = (s->size == 0 ? SS_DISABLE
                        : in_use     ? SS_ONSTACK
                                     : 0)
                       | (s->flags & (gint32) SENTRY_SS_AUTODISARM);
    }
  if (set == NULL)
    return 0;
  if (in_use)
    return -EPERM;
  gint32 mode = set->flags & ~(gint32) SENTRY_SS_AUTODISARM;
  if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
    return -EINVAL;
  SentryAltStack now = *set;
  if (mode == SS_DISABLE)
    now.sp = now.size = 0;
  else if (now.size < min_size)
    return -ENOMEM;
  *s = now;
  return 0;
}

void
sentry_task_signal_info (SentryTask *task, SentrySignalInfo *ret_info)
{
  SentryKernel *k = task->kernel;

  *ret_info = (SentrySignalInfo){ 0 };
  sentry_rwlock_read_lock (&k->task_set);
  SentryThreadGroup *group = task->group;
  SentrySignalHandlers *h = group->handlers;
  sentry_mutex_lock (&h->lock);
  ret_info->pending = task->priv->pending.set;
  ret_info->shared_pending = group->pending.set;
  ret_info->blocked = task->priv->blocked;
  for (int i = 0; i < SENTRY_NSIG; i++)
    if (h->action[i].handler == SENTRY_SIG_IGN)
      ret_info->ignored |= M (i + 1);
    else if (h->action[i].handler != SENTRY_SIG_DFL)
      ret_info->caught |= M (i + 1);
  sentry_mutex_unlock (&h->lock);
  if (task->priv->user != NULL)
    ret_info->n_queued = __atomic_load_n (&task->priv->user->n_signals, __ATOMIC_RELAXED);
  ret_info->max_queued = sentry_limits_get (&group->limits, RLIMIT_SIGPENDING);
  sentry_rwlock_read_unlock (&k->task_set);
}
