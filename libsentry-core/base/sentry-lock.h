/* Mutexes and read-write locks with a place in the lock order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "base/lock-order.h"

G_BEGIN_DECLS

/* A mutex costs one atomic operation when nobody holds it and has no destructor to forget: it may
 * lie in zeroed memory that is freed as it is.  With -Dlock_check=true each lock knows its class
 * and a thread that takes one against lock-order.h aborts, naming both classes. */
typedef struct
{
  GMutex mutex;
#ifdef SENTRY_LOCK_CHECK
  SentryLockClass klass;
#endif
} SentryMutex;

typedef struct
{
  GRWLock lock;
#ifdef SENTRY_LOCK_CHECK
  SentryLockClass klass;
#endif
} SentryRWLock;

/* GLib's mutexes are made of futexes inside a library that ThreadSanitizer doesn't see. */
#ifdef __SANITIZE_THREAD__
void __tsan_acquire (void *address);
void __tsan_release (void *address);
#  define SENTRY_TSAN_ACQUIRED(lock) __tsan_acquire (lock)
#  define SENTRY_TSAN_RELEASING(lock) __tsan_release (lock)
#else
#  define SENTRY_TSAN_ACQUIRED(lock) ((void) 0)
#  define SENTRY_TSAN_RELEASING(lock) ((void) 0)
#endif

void sentry_lock_check_acquire (SentryLockClass klass, gconstpointer lock, gboolean nested);
void sentry_lock_check_release (SentryLockClass klass, gconstpointer lock);
/* Aborts unless this thread holds no lock at all: called where a task sleeps. */
void sentry_lock_check_none_held (const char *where);
/* Aborts unless this thread may take a lock of `klass` now: called where guest memory may fault
 * (the fault handler takes MM). */
void sentry_lock_check_may_take (SentryLockClass klass, const char *where);

static inline void
sentry_mutex_init (SentryMutex *m, SentryLockClass klass)
{
  g_mutex_init (&m->mutex);
#ifdef SENTRY_LOCK_CHECK
  m->klass = klass;
#endif
}

static inline void
sentry_mutex_lock (SentryMutex *m)
{
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_acquire (m->klass, m, FALSE);
#endif
  g_mutex_lock (&m->mutex);
  SENTRY_TSAN_ACQUIRED (m);
}

/* For classes whose line in lock-order.h says "nests". */
static inline void
sentry_mutex_lock_nested (SentryMutex *m)
{
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_acquire (m->klass, m, TRUE);
#endif
  g_mutex_lock (&m->mutex);
  SENTRY_TSAN_ACQUIRED (m);
}

static inline gboolean
sentry_mutex_trylock (SentryMutex *m)
{
  if (!g_mutex_trylock (&m->mutex))
    return FALSE;
  SENTRY_TSAN_ACQUIRED (m);
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_acquire (m->klass, m, TRUE);
#endif
  return TRUE;
}

static inline void
sentry_mutex_unlock (SentryMutex *m)
{
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_release (m->klass, m);
#endif
  SENTRY_TSAN_RELEASING (m);
  g_mutex_unlock (&m->mutex);
}

/* Two locks of one class, the lower address first; `a` and `b` may be the same lock, or `b` NULL.
 */
void sentry_mutex_lock_pair (SentryMutex *a, SentryMutex *b);
void sentry_mutex_unlock_pair (SentryMutex *a, SentryMutex *b);

void sentry_rwlock_init (SentryRWLock *l, SentryLockClass klass);
void sentry_rwlock_clear (SentryRWLock *l);
void sentry_rwlock_read_lock (SentryRWLock *l);
/* For classes whose line in lock-order.h says "nests". */
void sentry_rwlock_read_lock_nested (SentryRWLock *l);
void sentry_rwlock_read_unlock (SentryRWLock *l);
void sentry_rwlock_write_lock (SentryRWLock *l);
void sentry_rwlock_write_lock_nested (SentryRWLock *l);
void sentry_rwlock_write_unlock (SentryRWLock *l);
/* Two locks of one class for writing, the lower address first; `a` and `b` may be the same lock, or
 * `b` NULL. */
void sentry_rwlock_write_lock_pair (SentryRWLock *a, SentryRWLock *b);
void sentry_rwlock_write_unlock_pair (SentryRWLock *a, SentryRWLock *b);

G_END_DECLS
