/* Queues of pending signals. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <string.h>

/* Faults of the instruction itself: they go first, so that the frame's registers are those of the
 * fault. */
#define SYNCHRONOUS                                                                                \
  (SENTRY_SIGMASK (SIGSEGV) | SENTRY_SIGMASK (SIGBUS) | SENTRY_SIGMASK (SIGILL)                    \
   | SENTRY_SIGMASK (SIGTRAP) | SENTRY_SIGMASK (SIGFPE) | SENTRY_SIGMASK (SIGSYS))

void
sentry_pending_init (SentryPendingSignals *p)
{
  p->set = 0;
  sentry_list_init (&p->queue);
}

static void
entry_free (SentryQueuedSignal *q)
{
  sentry_list_remove (&q->link);
  if (q->user != NULL)
    __atomic_fetch_sub (&q->user->n_signals, 1, __ATOMIC_RELAXED);
  g_free (q);
}

void
sentry_pending_flush (SentryPendingSignals *p)
{
  sentry_pending_remove (p, ~G_GUINT64_CONSTANT (0));
}

void
sentry_pending_remove (SentryPendingSignals *p, SentrySigset mask)
{
  if ((p->set & mask) == 0)
    return;
  p->set &= ~mask;
  SENTRY_LIST_FOREACH (link, safe, &p->queue)
  {
    SentryQueuedSignal *q = SENTRY_CONTAINER (link, SentryQueuedSignal, link);
    if (SENTRY_SIGMASK (q->info.si_signo) & mask)
      entry_free (q);
  }
}

/* Takes the oldest entry of `sig`; the number stays pending while there is another. */
static void
collect (SentryPendingSignals *p, int sig, siginfo_t *ret_info)
{
  SentryQueuedSignal *first = NULL;
  gboolean more = FALSE;

  SENTRY_LIST_FOREACH (link, safe, &p->queue)
  {
    SentryQueuedSignal *q = SENTRY_CONTAINER (link, SentryQueuedSignal, link);
    if (q->info.si_signo != sig)
      continue;
    more = first != NULL;
    if (more)
      break;
    first = q;
  }
  if (!more)
    p->set &= ~SENTRY_SIGMASK (sig);
  if (first == NULL)
    {
      /* The queue was full: only the number is known. */
      sentry_siginfo_init (ret_info, sig, SI_USER);
      return;
    }
  *ret_info = first->info;
  entry_free (first);
}

int
sentry_pending_dequeue (SentryPendingSignals *p, SentrySigset blocked, siginfo_t *ret_info)
{
  SentrySigset ready = p->set & ~blocked;

  if (ready == 0)
    return 0;
  if (ready & SYNCHRONOUS)
    ready &= SYNCHRONOUS;
  int sig = __builtin_ctzll (ready) + 1;
  collect (p, sig, ret_info);
  return sig;
}

int
sentry_pending_dequeue_synchronous (SentryPendingSignals *p, SentrySigset blocked,
                                    siginfo_t *ret_info)
{
  if ((p->set & ~blocked & SYNCHRONOUS) == 0)
    return 0;
  SENTRY_LIST_FOREACH (link, safe, &p->queue)
  {
    SentryQueuedSignal *q = SENTRY_CONTAINER (link, SentryQueuedSignal, link);
    int sig = q->info.si_signo;
    if (q->info.si_code <= SI_USER || (SENTRY_SIGMASK (sig) & SYNCHRONOUS & ~blocked) == 0)
      continue;
    collect (p, sig, ret_info);
    return sig;
  }
  return 0;
}

/* Standard signals that the kernel sends, or kill, may pass the limit: there is at most one of each
 * per queue. */
static SentryQueuedSignal *
entry_new (SentryTask *target, const siginfo_t *info)
{
  SentryUserCount *user = target->priv->user;
  gboolean may_exceed = info->si_signo < SENTRY_SIGRTMIN && info->si_code >= 0;
  guint64 limit = sentry_limits_get (&target->group->limits, RLIMIT_SIGPENDING);
  guint n = __atomic_add_fetch (&user->n_signals, 1, __ATOMIC_RELAXED);
  SentryQueuedSignal *q = may_exceed || n <= limit ? g_try_new0 (SentryQueuedSignal, 1) : NULL;

  if (q == NULL)
    {
      __atomic_fetch_sub (&user->n_signals, 1, __ATOMIC_RELAXED);
      return NULL;
    }
  q->info = *info;
  q->user = user;
  return q;
}

/* Entries without a user are timers': no guest can forge one. */
static SentryQueuedSignal *
find_timer (SentryPendingSignals *p, int id)
{
  SENTRY_LIST_FOREACH (link, safe, &p->queue)
  {
    SentryQueuedSignal *q = SENTRY_CONTAINER (link, SentryQueuedSignal, link);
    if (q->user == NULL && q->info.si_timerid == id)
      return q;
  }
  return NULL;
}

int
sentry_pending_add_timer (SentryPendingSignals *p, const siginfo_t *info)
{
  SentryQueuedSignal *q;

  if (find_timer (p, info->si_timerid) != NULL)
    return 0;
  q = g_try_new0 (SentryQueuedSignal, 1);
  if (q == NULL)
    return -EAGAIN;
  q->info = *info;
  sentry_list_append (&p->queue, &q->link);
  p->set |= SENTRY_SIGMASK (info->si_signo);
  return 0;
}

void
sentry_pending_remove_timer (SentryPendingSignals *p, int id)
{
  SentryQueuedSignal *q = find_timer (p, id);
  int sig;

  if (q == NULL)
    return;
  sig = q->info.si_signo;
  entry_free (q);
  SENTRY_LIST_FOREACH (link, safe, &p->queue)
  if (SENTRY_CONTAINER (link, SentryQueuedSignal, link)->info.si_signo == sig)
    return;
  p->set &= ~SENTRY_SIGMASK (sig);
}

int
sentry_pending_add (SentryPendingSignals *p, SentryTask *target, const siginfo_t *info)
{
  int sig = info->si_signo;

  if (sig < SENTRY_SIGRTMIN && (p->set & SENTRY_SIGMASK (sig)))
    return 0;
  if (sig != SIGKILL)
    {
      SentryQueuedSignal *q = entry_new (target, info);
      if (q != NULL)
        sentry_list_append (&p->queue, &q->link);
      else if (sig >= SENTRY_SIGRTMIN && info->si_code != SI_USER && info->si_code != SI_KERNEL)
        return -EAGAIN;
    }
  p->set |= SENTRY_SIGMASK (sig);
  return 0;
}
