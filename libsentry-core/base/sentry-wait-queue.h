/* Wait queues: how a task sleeps until something is ready.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "base/sentry-list.h"
#include "base/sentry-lock.h"

G_BEGIN_DECLS

typedef struct SentryWaitQueue SentryWaitQueue;
typedef struct SentryWaiter SentryWaiter;
typedef struct SentrySleeper SentrySleeper;

/* Called with the queue's lock held, from whatever thread made the thing ready: it may only set
 * flags, wake a sleeper, or wake another queue whose class comes later in its owner's order (epoll:
 * bounded nesting). `events` are POLL* bits.  Returns TRUE if an exclusive waiter took the event.
 */
typedef gboolean (*SentryWakeFunc) (SentryWaiter *waiter, guint32 events);

/* One entry on one queue.  Lies on the stack of a sleeping call (removed before that call returns,
 * also for SENTRY_EPAUSE) or inside a longer-lived object (epoll item). */
struct SentryWaiter
{
  SentryList link;        /* m: queue lock */
  SentryWaitQueue *queue; /* T: NULL when on no queue */
  SentryWakeFunc wake;    /* I: while queued */
  gpointer data;          /* I: while queued; a SentrySleeper for sentry_wake_sleeper */
  guint32 events;         /* I: while queued; POLL* bits that interest it, 0 = any */
  gboolean exclusive;     /* I: while queued; queued last, one woken a time */
};

struct SentryWaitQueue
{
  SentryMutex lock;
  SentryList waiters; /* m */
  guint n_waiters; /* a: lets wakers skip the lock when it is 0 (a fence orders it; see the .c) */
};

/* A thing that one thread sleeps on.  Each task has one; unit tests make their own.
 * word: 0 idle, 1 woken, 2 asleep in the host futex.  A wake between the check of a condition and
 * the sleep is never lost: it leaves 1 behind, and the sleep returns at once. */
struct SentrySleeper
{
  guint32 word;      /* a */
  guint32 interrupt; /* a: SENTRY_INTERRUPT_* bits; while non-zero sleeping returns at once */
};

/* Why a sleep must end although nothing is ready.  The kernel sets and clears the bits. */
#define SENTRY_INTERRUPT_SIGNAL (1u << 0) /* an unblocked signal is pending, or a group stop */
#define SENTRY_INTERRUPT_KILL (1u << 1)   /* the task must exit */
#define SENTRY_INTERRUPT_PAUSE (1u << 2)  /* unwind to the run loop with SENTRY_EPAUSE */

void sentry_wait_queue_init (SentryWaitQueue *q);
/* Every waiter must be gone. */
void sentry_wait_queue_clear (SentryWaitQueue *q);
void sentry_wait_queue_add (SentryWaitQueue *q, SentryWaiter *w);
/* Harmless when `w` is on no queue.  After it returns, `wake` isn't running and won't be called. */
void sentry_wait_queue_remove (SentryWaiter *w);
/* Wakes every waiter whose events meet `events`, but at most `n_exclusive` exclusive ones (0 =
 * all). */
void sentry_wait_queue_wake (SentryWaitQueue *q, guint32 events, guint n_exclusive);
/* The same from within a SentryWakeFunc: another queue's lock is held (epoll sets, which never form
 * a circle). */
void sentry_wait_queue_wake_nested (SentryWaitQueue *q, guint32 events, guint n_exclusive);

/* Prepares `w` to wake `s`; the usual waiter of a blocking call. */
void sentry_waiter_init (SentryWaiter *w, SentrySleeper *s, guint32 events);
gboolean sentry_wake_sleeper (SentryWaiter *w, guint32 events);

void sentry_sleeper_wake (SentrySleeper *s);
/* Sets `bits` and wakes; sentry_sleeper_clear takes them back. */
void sentry_sleeper_interrupt (SentrySleeper *s, guint32 bits);
void sentry_sleeper_clear (SentrySleeper *s, guint32 bits);
/* Forgets earlier wake-ups; call before the condition is checked for the last time. */
void sentry_sleeper_prepare (SentrySleeper *s);
/* Sleeps until woken, interrupted or `deadline` (host CLOCK_MONOTONIC, ns; G_MAXINT64 = for ever).
 * 0: woken (check the condition again; it may be spurious); -ETIMEDOUT; -SENTRY_EPAUSE for PAUSE;
 * -SENTRY_ERESTARTSYS for SIGNAL or KILL (they win over PAUSE; a wake-up since prepare wins over
 * SIGNAL, so that the condition is looked at once more first).  Thread: the sleeper's own.  One
 * host futex call. */
int sentry_sleeper_sleep (SentrySleeper *s, gint64 deadline);
/* The same, but only KILL and PAUSE end it (Linux's killable sleeps: vfork, exec). */
int sentry_sleeper_sleep_killable (SentrySleeper *s, gint64 deadline);

G_END_DECLS
