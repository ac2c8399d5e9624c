/* Lock pairs, read-write locks, and the run-time checker of the lock order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-lock.h"

#ifdef SENTRY_LOCK_CHECK

#  define MAX_HELD 64

typedef struct
{
  SentryLockClass klass;
  gconstpointer lock;
} Held;

static __thread Held held[MAX_HELD];
static __thread guint n_held;

static const char *const class_names[] = {
#  define X(name, what) #  name,
  SENTRY_LOCK_CLASSES (X)
#  undef X
};

void
sentry_lock_check_acquire (SentryLockClass klass, gconstpointer lock, gboolean nested)
{
  for (guint i = 0; i < n_held; i++)
    {
      if (held[i].lock == lock)
        g_error ("lock %s (%p) taken twice", class_names[klass], lock);
      if (held[i].klass > klass || (held[i].klass == klass && !nested))
        g_error ("lock order: %s (%p) taken under %s (%p)", class_names[klass], lock,
                 class_names[held[i].klass], held[i].lock);
    }
  g_assert (n_held < MAX_HELD);
  held[n_held++] = (Held){ klass, lock };
}

void
sentry_lock_check_release (SentryLockClass klass, gconstpointer lock)
{
  for (guint i = n_held; i-- > 0;)
    if (held[i].lock == lock)
      {
        held[i] = held[--n_held];
        return;
      }
  g_error ("lock %s (%p) released but not held", class_names[klass], lock);
}

void
sentry_lock_check_none_held (const char *where)
{
  if (n_held > 0)
    g_error ("%s with lock %s (%p) held", where, class_names[held[n_held - 1].klass],
             held[n_held - 1].lock);
}

void
sentry_lock_check_may_take (SentryLockClass klass, const char *where)
{
  for (guint i = 0; i < n_held; i++)
    if (held[i].klass >= klass)
      g_error ("%s with lock %s (%p) held", where, class_names[held[i].klass], held[i].lock);
}

#else

void
sentry_lock_check_may_take (SentryLockClass klass, const char *where)
{
}

void
sentry_lock_check_acquire (SentryLockClass klass, gconstpointer lock, gboolean nested)
{
}

void
sentry_lock_check_release (SentryLockClass klass, gconstpointer lock)
{
}

void
sentry_lock_check_none_held (const char *where)
{
}

#endif

void
sentry_mutex_lock_pair (SentryMutex *a, SentryMutex *b)
{
  if (b == NULL || a == b)
    {
      sentry_mutex_lock (a);
      return;
    }
  if ((guintptr) a > (guintptr) b)
    {
      SentryMutex *t = a;
      a = b;
      b = t;
    }
  sentry_mutex_lock (a);
  sentry_mutex_lock_nested (b);
}

void
sentry_mutex_unlock_pair (SentryMutex *a, SentryMutex *b)
{
  sentry_mutex_unlock (a);
  if (b != NULL && a != b)
    sentry_mutex_unlock (b);
}

void
sentry_rwlock_init (SentryRWLock *l, SentryLockClass klass)
{
  g_rw_lock_init (&l->lock);
#ifdef SENTRY_LOCK_CHECK
  l->klass = klass;
#endif
}

void
sentry_rwlock_clear (SentryRWLock *l)
{
  g_rw_lock_clear (&l->lock);
}

void
sentry_rwlock_read_lock (SentryRWLock *l)
{
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_acquire (l->klass, l, FALSE);
#endif
  g_rw_lock_reader_lock (&l->lock);
}

void
sentry_rwlock_read_lock_nested (SentryRWLock *l)
{
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_acquire (l->klass, l, TRUE);
#endif
  g_rw_lock_reader_lock (&l->lock);
}

void
sentry_rwlock_read_unlock (SentryRWLock *l)
{
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_release (l->klass, l);
#endif
  g_rw_lock_reader_unlock (&l->lock);
}

void
sentry_rwlock_write_lock (SentryRWLock *l)
{
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_acquire (l->klass, l, FALSE);
#endif
  g_rw_lock_writer_lock (&l->lock);
}

void
sentry_rwlock_write_lock_nested (SentryRWLock *l)
{
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_acquire (l->klass, l, TRUE);
#endif
  g_rw_lock_writer_lock (&l->lock);
}

void
sentry_rwlock_write_unlock (SentryRWLock *l)
{
#ifdef SENTRY_LOCK_CHECK
  sentry_lock_check_release (l->klass, l);
#endif
  g_rw_lock_writer_unlock (&l->lock);
}

void
sentry_rwlock_write_lock_pair (SentryRWLock *a, SentryRWLock *b)
{
  if (b != NULL && (guintptr) a > (guintptr) b)
    {
      SentryRWLock *t = a;
      a = b;
      b = t;
    }
  sentry_rwlock_write_lock (a);
  if (b != NULL && b != a)
    sentry_rwlock_write_lock_nested (b);
}

void
sentry_rwlock_write_unlock_pair (SentryRWLock *a, SentryRWLock *b)
{
  sentry_rwlock_write_unlock (a);
  if (b != NULL && b != a)
    sentry_rwlock_write_unlock (b);
}
