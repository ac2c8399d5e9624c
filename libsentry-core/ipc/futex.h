/* Futexes: who waits on which word of guest memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "base/sentry-list.h"
#include "base/sentry-wait-queue.h"
#include "mm/mm.h"
#include "state/sentry-state.h"

G_BEGIN_DECLS

typedef struct SentryFutexWaiter SentryFutexWaiter;

/* One task waiting on one word.  Lies in the task, so that it keeps its place while a pause holds
 * the call back. */
struct SentryFutexWaiter
{
  SentryList link;        /* FUTEX of its bucket */
  SentryFutexKey key;     /* FUTEX: requeue changes it */
  guint32 bucket;         /* FUTEX of that bucket; read without it by dequeue, which checks again */
  guint32 bitset;         /* I while queued */
  SentrySleeper *sleeper; /* I while queued */
  gboolean queued;        /* T */
  gboolean woken;         /* a: taken off the queue by a waker */
};

SENTRY_STATE_DECLARE (SentryFutexWaiter);

#define SENTRY_FUTEX_ANY 0xffffffffu

/* Queues `w` if the word at `addr` is `expected`: 0, -EAGAIN, -EFAULT, -EINVAL (unaligned). */
int sentry_futex_enqueue (SentryFutexWaiter *w, SentrySleeper *sleeper, SentryMM *mm, guint64 addr,
                          gboolean shared, guint32 expected, guint32 bitset);
/* Harmless when it isn't queued.  TRUE: a waker had taken it. */
gboolean sentry_futex_dequeue (SentryFutexWaiter *w);
static inline gboolean
sentry_futex_was_woken (SentryFutexWaiter *w)
{
  return __atomic_load_n (&w->woken, __ATOMIC_ACQUIRE);
}

/* All: the number of waiters woken (and requeued), or a negative errno.  `ctx`: the calling task's
 * own context. */
int sentry_futex_wake (SentryMM *mm, guint64 addr, gboolean shared, guint32 n, guint32 bitset);
int sentry_futex_wake_op (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 addr2,
                          gboolean shared, guint32 n, guint32 n2, guint32 op);
/* `compare` NULL: FUTEX_REQUEUE. */
int sentry_futex_requeue (SentryMM *mm, guint64 addr, guint64 addr2, gboolean shared,
                          guint32 n_wake, guint32 n_requeue, const guint32 *compare);

/* A task ends, or gives up its memory: words on its robust list that it owns are marked, and a
 * waiter is woken. */
void sentry_futex_release_robust_list (SentryMM *mm, SentryContext *ctx, gint32 tid, guint64 head);

G_END_DECLS
