/* File locks against a byte-by-byte model. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fs/file-lock.h"
#include "fs/pipe.h"

#define SPAN 40
#define OWNERS 3

static SentryFileLock
lock_of (int owner, int type, int start, int end)
{
  return (SentryFileLock){ .kind = owner == 2 ? SENTRY_LOCK_KIND_OFD : SENTRY_LOCK_KIND_POSIX,
                           .type = type,
                           .start = start,
                           .end = end,
                           .owner = owner + 1,
                           .pid = owner };
}

/* model[o][i]: F_UNLCK, F_RDLCK or F_WRLCK of owner o at byte i. */
static gboolean
model_conflict (int model[OWNERS][SPAN], int owner, int type, int start, int end)
{
  for (int o = 0; o < OWNERS; o++)
    for (int i = start; o != owner && i <= end; i++)
      if (model[o][i] == F_WRLCK || (model[o][i] == F_RDLCK && type == F_WRLCK))
        return TRUE;
  return FALSE;
}

static void
test_model (void)
{
  int model[OWNERS][SPAN];
  SentryFile *f, *other;

  g_assert_cmpint (sentry_pipe_new (NULL, 0, &f, &other), ==, 0);
  for (int o = 0; o < OWNERS; o++)
    for (int i = 0; i < SPAN; i++)
      model[o][i] = F_UNLCK;
  for (int step = 0; step < 30000; step++)
    {
      static const int types[] = { F_RDLCK, F_WRLCK, F_UNLCK };
      int owner = g_test_rand_int_range (0, OWNERS), type = types[g_test_rand_int_range (0, 3)];
      int start = g_test_rand_int_range (0, SPAN), end = g_test_rand_int_range (start, SPAN);
      SentryFileLock lock = lock_of (owner, type, start, end), found;
      gboolean conflict = type != F_UNLCK && model_conflict (model, owner, type, start, end);

      if (type != F_UNLCK)
        {
          sentry_file_lock_test (f, &lock, &found);
          g_assert_cmpint (found.type != F_UNLCK, ==, conflict);
        }
      g_assert_cmpint (sentry_file_lock_set (f, &lock, FALSE, NULL), ==, conflict ? -EAGAIN : 0);
      for (int i = start; !conflict && i <= end; i++)
        model[owner][i] = type;
    }
  sentry_file_locks_release_posix (f, 1);
  sentry_file_locks_release_posix (f, 2);
  sentry_file_unref (f);
  sentry_file_unref (other);
}

static void
test_deadlock (void)
{
  SentrySleeper sleeper = { 0 };
  SentryWaiter w1, w2;
  SentryFile *f, *other;
  SentryFileLock a0 = lock_of (0, F_WRLCK, 0, 0), a1 = lock_of (0, F_WRLCK, 1, 1);
  SentryFileLock b0 = lock_of (1, F_WRLCK, 0, 0), b1 = lock_of (1, F_WRLCK, 1, 1);

  g_assert_cmpint (sentry_pipe_new (NULL, 0, &f, &other), ==, 0);
  sentry_waiter_init (&w1, &sleeper, 0);
  sentry_waiter_init (&w2, &sleeper, 0);
  g_assert_cmpint (sentry_file_lock_set (f, &a0, FALSE, NULL), ==, 0);
  g_assert_cmpint (sentry_file_lock_set (f, &b1, FALSE, NULL), ==, 0);
  g_assert_cmpint (sentry_file_lock_set (f, &a1, TRUE, &w1), ==, -EAGAIN);
  g_assert_cmpint (sentry_file_lock_set (f, &b0, TRUE, &w2), ==, -EDEADLK);
  sentry_file_lock_cancel (f, &b0, &w2);
  sentry_sleeper_prepare (&sleeper);
  sentry_file_locks_release_posix (f, 2);
  g_assert_cmpuint (sleeper.word, ==, 1);
  g_assert_cmpint (sentry_file_lock_set (f, &a1, TRUE, &w1), ==, 0);
  sentry_file_lock_cancel (f, &a1, &w1);
  sentry_file_unref (f);
  sentry_file_unref (other);
}

static void
test_flock (void)
{
  SentryFile *r, *w;
  SentryFileLock lr, lw;

  /* Both ends of a pipe are two descriptions of one inode. */
  g_assert_cmpint (sentry_pipe_new (NULL, 0, &r, &w), ==, 0);
  lr = (SentryFileLock){ SENTRY_LOCK_KIND_FLOCK, F_RDLCK, 0, G_MAXINT64, r->id, 1 };
  lw = (SentryFileLock){ SENTRY_LOCK_KIND_FLOCK, F_RDLCK, 0, G_MAXINT64, w->id, 2 };
  g_assert_cmpint (sentry_file_lock_set (r, &lr, FALSE, NULL), ==, 0);
  g_assert_cmpint (sentry_file_lock_set (w, &lw, FALSE, NULL), ==, 0);
  lw.type = F_WRLCK;
  g_assert_cmpint (sentry_file_lock_set (w, &lw, FALSE, NULL), ==, -EAGAIN);
  sentry_file_unref (r);
  g_assert_cmpint (sentry_file_lock_set (w, &lw, FALSE, NULL), ==, 0);
  sentry_file_unref (w);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/fs/file-lock/agrees-with-a-model", test_model);
  g_test_add_func ("/sentry/fs/file-lock/finds-deadlocks", test_deadlock);
  g_test_add_func ("/sentry/fs/file-lock/flock-belongs-to-the-description", test_flock);
  return g_test_run ();
}
