/* Wait queues and the one futex word a task sleeps on. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/sentry-wait-queue.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/sentry-errno.h"

enum
{
  WORD_IDLE = 0,
  WORD_WOKEN = 1,
  WORD_ASLEEP = 2,
};

void
sentry_wait_queue_init (SentryWaitQueue *q)
{
  sentry_mutex_init (&q->lock, SENTRY_LOCK_WAIT_QUEUE);
  sentry_list_init (&q->waiters);
  q->n_waiters = 0;
}

void
sentry_wait_queue_clear (SentryWaitQueue *q)
{
  g_assert (sentry_list_is_empty (&q->waiters));
}

void
sentry_wait_queue_add (SentryWaitQueue *q, SentryWaiter *w)
{
  g_assert (w->queue == NULL);
  sentry_mutex_lock (&q->lock);
  w->queue = q;
  if (w->exclusive)
    sentry_list_append (&q->waiters, &w->link);
  else
    sentry_list_prepend (&q->waiters, &w->link);
  /* Sequentially consistent, as is the load in wake: either the waker sees this waiter, or the
   * caller, which checks its condition only after this, sees what the waker made ready. */
  __atomic_fetch_add (&q->n_waiters, 1, __ATOMIC_SEQ_CST);
  sentry_mutex_unlock (&q->lock);
}

void
sentry_wait_queue_remove (SentryWaiter *w)
{
  SentryWaitQueue *q = w->queue;
  if (q == NULL)
    return;
  sentry_mutex_lock (&q->lock);
  sentry_list_remove (&w->link);
  __atomic_fetch_sub (&q->n_waiters, 1, __ATOMIC_RELAXED);
  w->queue = NULL;
  sentry_mutex_unlock (&q->lock);
}

static gboolean
has_waiters (SentryWaitQueue *q)
{
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  return __atomic_load_n (&q->n_waiters, __ATOMIC_SEQ_CST) != 0;
}

static void
wake_locked (SentryWaitQueue *q, guint32 events, guint n_exclusive)
{
  guint taken = 0;

  SENTRY_LIST_FOREACH (link, safe, &q->waiters)
  {
    SentryWaiter *w = SENTRY_CONTAINER (link, SentryWaiter, link);
    if (w->events != 0 && (w->events & events) == 0)
      continue;
    if (w->wake (w, events) && w->exclusive && ++taken == n_exclusive)
      break;
  }
}

void
sentry_wait_queue_wake (SentryWaitQueue *q, guint32 events, guint n_exclusive)
{
  if (!has_waiters (q))
    return;
  sentry_mutex_lock (&q->lock);
  wake_locked (q, events, n_exclusive);
  sentry_mutex_unlock (&q->lock);
}

void
sentry_wait_queue_wake_nested (SentryWaitQueue *q, guint32 events, guint n_exclusive)
{
  if (!has_waiters (q))
    return;
  sentry_mutex_lock_nested (&q->lock);
  wake_locked (q, events, n_exclusive);
  sentry_mutex_unlock (&q->lock);
}

void
sentry_waiter_init (SentryWaiter *w, SentrySleeper *s, guint32 events)
{
  *w = (SentryWaiter){ .wake = sentry_wake_sleeper, .data = s, .events = events };
}

gboolean
sentry_wake_sleeper (SentryWaiter *w, guint32 events)
{
  sentry_sleeper_wake (w->data);
  return TRUE;
}

void
sentry_sleeper_wake (SentrySleeper *s)
{
  if (__atomic_exchange_n (&s->word, WORD_WOKEN, __ATOMIC_SEQ_CST) == WORD_ASLEEP)
    syscall (SYS_futex, &s->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void
sentry_sleeper_interrupt (SentrySleeper *s, guint32 bits)
{
  __atomic_fetch_or (&s->interrupt, bits, __ATOMIC_SEQ_CST);
  sentry_sleeper_wake (s);
}

void
sentry_sleeper_clear (SentrySleeper *s, guint32 bits)
{
  __atomic_fetch_and (&s->interrupt, ~bits, __ATOMIC_SEQ_CST);
}

void
sentry_sleeper_prepare (SentrySleeper *s)
{
  __atomic_store_n (&s->word, WORD_IDLE, __ATOMIC_SEQ_CST);
}

static int
interrupted_result (SentrySleeper *s, guint32 mask)
{
  guint32 bits = __atomic_load_n (&s->interrupt, __ATOMIC_SEQ_CST) & mask;

  if (bits & (SENTRY_INTERRUPT_SIGNAL | SENTRY_INTERRUPT_KILL))
    return -SENTRY_ERESTARTSYS;
  return bits & SENTRY_INTERRUPT_PAUSE ? -SENTRY_EPAUSE : 0;
}

/* A signal alone: what woke the sleeper at the same time goes first.  Linux's wait loops look at
 * their condition once more before they say that a signal came, so the caller gets one more turn;
 * the next sleep then says so. */
static int
unless_woken (SentrySleeper *s, int r)
{
  guint32 bits = __atomic_load_n (&s->interrupt, __ATOMIC_SEQ_CST);

  if (r != -SENTRY_ERESTARTSYS || (bits & SENTRY_INTERRUPT_KILL))
    return r;
  return __atomic_exchange_n (&s->word, WORD_IDLE, __ATOMIC_SEQ_CST) == WORD_WOKEN ? 0 : r;
}

static int
sleep_masked (SentrySleeper *s, gint64 deadline, guint32 mask)
{
  struct timespec ts
      = { deadline / G_GINT64_CONSTANT (1000000000), deadline % G_GINT64_CONSTANT (1000000000) };
  guint32 idle = WORD_IDLE;
  int r;

  sentry_lock_check_none_held ("sleeping");
  r = interrupted_result (s, mask);
  if (r < 0)
    return unless_woken (s, r);
  if (!__atomic_compare_exchange_n (&s->word, &idle, WORD_ASLEEP, FALSE, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
    return unless_woken (s, interrupted_result (s, mask));
  r = syscall (SYS_futex, &s->word, FUTEX_WAIT_BITSET_PRIVATE, WORD_ASLEEP,
               deadline == G_MAXINT64 ? NULL : &ts, NULL, FUTEX_BITSET_MATCH_ANY);
  gboolean timed_out = r < 0 && errno == ETIMEDOUT;
  guint32 asleep = WORD_ASLEEP;
  if (!__atomic_compare_exchange_n (&s->word, &asleep, WORD_IDLE, FALSE, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
    timed_out = FALSE;
  r = unless_woken (s, interrupted_result (s, mask));
  return r < 0 ? r : timed_out ? -ETIMEDOUT : 0;
}

int
sentry_sleeper_sleep (SentrySleeper *s, gint64 deadline)
{
  return sleep_masked (s, MAX (deadline, 0), ~0u);
}

int
sentry_sleeper_sleep_killable (SentrySleeper *s, gint64 deadline)
{
  return sleep_masked (s, MAX (deadline, 0), SENTRY_INTERRUPT_KILL | SENTRY_INTERRUPT_PAUSE);
}
