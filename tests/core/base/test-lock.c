/* Locks: pairs, and the checker of their order. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-lock.h"

typedef struct
{
  SentryMutex locks[3];
  guint values[3]; /* m: the lock of the same index */
} Bank;

static gpointer
move_about (gpointer data)
{
  Bank *b = data;

  for (guint i = 0; i < 30000; i++)
    {
      guint x = g_random_int_range (0, 3), y = g_random_int_range (0, 3);

      sentry_mutex_lock_pair (&b->locks[x], &b->locks[y]);
      b->values[x]++;
      b->values[y]--;
      sentry_mutex_unlock_pair (&b->locks[x], &b->locks[y]);
    }
  return NULL;
}

static void
test_pairs (void)
{
  Bank b = { 0 };
  GThread *threads[3];

  for (guint i = 0; i < 3; i++)
    sentry_mutex_init (&b.locks[i], SENTRY_LOCK_PIPE);
  for (guint i = 0; i < 3; i++)
    threads[i] = g_thread_new ("mover", move_about, &b);
  for (guint i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (b.values[0] + b.values[1] + b.values[2], ==, 0);
  sentry_mutex_lock_pair (&b.locks[0], NULL);
  g_assert_false (sentry_mutex_trylock (&b.locks[0]));
  sentry_mutex_unlock_pair (&b.locks[0], NULL);
  g_assert_true (sentry_mutex_trylock (&b.locks[0]));
  sentry_mutex_unlock (&b.locks[0]);
}

typedef struct
{
  SentryRWLock lock;
  guint a, b; /* m: always equal */
} Record;

static gpointer
read_or_write (gpointer data)
{
  Record *r = data;

  for (guint i = 0; i < 20000; i++)
    if (i % 8 == 0)
      {
        sentry_rwlock_write_lock (&r->lock);
        r->a++;
        r->b++;
        sentry_rwlock_write_unlock (&r->lock);
      }
    else
      {
        sentry_rwlock_read_lock (&r->lock);
        g_assert_cmpuint (r->a, ==, r->b);
        sentry_rwlock_read_unlock (&r->lock);
      }
  return NULL;
}

static void
test_rwlock (void)
{
  Record r = { 0 };
  GThread *threads[3];

  sentry_rwlock_init (&r.lock, SENTRY_LOCK_INODE);
  for (guint i = 0; i < 3; i++)
    threads[i] = g_thread_new ("user", read_or_write, &r);
  for (guint i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (r.a, ==, 7500);
  sentry_rwlock_clear (&r.lock);
}

#ifdef SENTRY_LOCK_CHECK

static SentryMutex outer, inner, other;

static void
make_locks (void)
{
  sentry_mutex_init (&outer, SENTRY_LOCK_TASK_SET);
  sentry_mutex_init (&inner, SENTRY_LOCK_TASK);
  sentry_mutex_init (&other, SENTRY_LOCK_TASK);
}

static void
wrong_order (void)
{
  make_locks ();
  sentry_mutex_lock (&inner);
  sentry_mutex_lock (&outer);
}

static void
same_class (void)
{
  make_locks ();
  sentry_mutex_lock (&inner);
  sentry_mutex_lock (&other);
}

static void
twice (void)
{
  make_locks ();
  sentry_mutex_lock (&inner);
  sentry_mutex_lock_nested (&inner);
}

static void
not_held (void)
{
  make_locks ();
  sentry_mutex_unlock (&inner);
}

static void
asleep (void)
{
  make_locks ();
  sentry_mutex_lock (&outer);
  sentry_lock_check_none_held ("sleeping");
}

static void
faulting (void)
{
  SentryMutex mm;

  sentry_mutex_init (&mm, SENTRY_LOCK_MM);
  sentry_mutex_lock (&mm);
  sentry_lock_check_may_take (SENTRY_LOCK_MM, "guest memory access");
}

static void
expect_abort (const char *path, const char *message)
{
  g_test_trap_subprocess (path, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (message);
}

static void
test_checker (void)
{
  make_locks ();
  sentry_mutex_lock (&outer);
  sentry_mutex_lock (&inner);
  sentry_mutex_lock_nested (&other);
  sentry_mutex_unlock (&inner); /* in any order */
  sentry_mutex_unlock (&other);
  sentry_mutex_unlock (&outer);
  sentry_lock_check_none_held ("at the end");
  expect_abort ("/sentry/base/lock/subprocess/wrong-order", "*TASK_SET * taken under TASK *");
  expect_abort ("/sentry/base/lock/subprocess/same-class", "*TASK * taken under TASK *");
  expect_abort ("/sentry/base/lock/subprocess/twice", "*taken twice*");
  expect_abort ("/sentry/base/lock/subprocess/not-held", "*released but not held*");
  expect_abort ("/sentry/base/lock/subprocess/asleep", "*sleeping with lock TASK_SET * held*");
  expect_abort ("/sentry/base/lock/subprocess/faulting",
                "*guest memory access with lock MM * held*");
}

#else

static void
test_checker (void)
{
  g_test_skip ("built without -Dlock_check=true");
}

#endif

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/base/lock/pairs-never-deadlock", test_pairs);
  g_test_add_func ("/sentry/base/rwlock/excludes-writers", test_rwlock);
  g_test_add_func ("/sentry/base/lock/checker-finds-each-mistake", test_checker);
#ifdef SENTRY_LOCK_CHECK
  g_test_add_func ("/sentry/base/lock/subprocess/wrong-order", wrong_order);
  g_test_add_func ("/sentry/base/lock/subprocess/same-class", same_class);
  g_test_add_func ("/sentry/base/lock/subprocess/twice", twice);
  g_test_add_func ("/sentry/base/lock/subprocess/not-held", not_held);
  g_test_add_func ("/sentry/base/lock/subprocess/asleep", asleep);
  g_test_add_func ("/sentry/base/lock/subprocess/faulting", faulting);
#endif
  return g_test_run ();
}
