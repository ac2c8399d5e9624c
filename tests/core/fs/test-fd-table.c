/* Descriptor tables: numbers, limits, sharing, closing. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <fcntl.h>

#include "auth/sentry-cred.h"
#include "fs/fd-table.h"
#include "fs/pipe.h"

typedef struct
{
  SentryFdTable *table;
  SentryFile *r, *w;
} Fixture;

static void
set_up (Fixture *fx, gconstpointer data)
{
  fx->table = sentry_fd_table_new ();
  g_assert_cmpint (sentry_pipe_new (NULL, 0, &fx->r, &fx->w), ==, 0);
}

static void
tear_down (Fixture *fx, gconstpointer data)
{
  sentry_file_unref (fx->r);
  sentry_file_unref (fx->w);
  sentry_fd_table_unref (fx->table);
}

static void
test_lowest (Fixture *fx, gconstpointer data)
{
  for (int i = 0; i < 200; i++)
    g_assert_cmpint (sentry_fd_table_install (fx->table, fx->r, 0, 1024, FALSE), ==, i);
  g_assert_cmpint (sentry_fd_table_close (fx->table, 7), ==, 0);
  g_assert_cmpint (sentry_fd_table_close (fx->table, 3), ==, 0);
  g_assert_cmpint (sentry_fd_table_install (fx->table, fx->r, 5, 1024, FALSE), ==, 7);
  g_assert_cmpint (sentry_fd_table_install (fx->table, fx->r, 0, 1024, FALSE), ==, 3);
  g_assert_cmpint (sentry_fd_table_install (fx->table, fx->r, 0, 1024, FALSE), ==, 200);
  g_assert_cmpint (sentry_fd_table_install (fx->table, fx->r, 500, 1024, FALSE), ==, 500);
}

static void
test_limit (Fixture *fx, gconstpointer data)
{
  for (int i = 0; i < 10; i++)
    g_assert_cmpint (sentry_fd_table_install (fx->table, fx->r, 0, 10, FALSE), ==, i);
  g_assert_cmpint (sentry_fd_table_install (fx->table, fx->r, 0, 10, FALSE), ==, -EMFILE);
  g_assert_cmpint (sentry_fd_table_replace (fx->table, 10, fx->r, 10, FALSE), ==, -EBADF);
  g_assert_cmpint (sentry_fd_table_replace (fx->table, -1, fx->r, 10, FALSE), ==, -EBADF);
  g_assert_cmpint (sentry_fd_table_install (fx->table, fx->r, 0, G_MAXUINT64, FALSE), ==, 10);
}

static void
test_reserve (Fixture *fx, gconstpointer data)
{
  int fd = sentry_fd_table_reserve (fx->table, 0, 64);

  g_assert_cmpint (fd, ==, 0);
  g_assert_null (sentry_fd_table_get (fx->table, 0));
  g_assert_cmpint (sentry_fd_table_close (fx->table, 0), ==, -EBADF);
  g_assert_cmpint (sentry_fd_table_replace (fx->table, 0, fx->r, 64, FALSE), ==, -EBUSY);
  g_assert_cmpint (sentry_fd_table_reserve (fx->table, 0, 64), ==, 1);
  sentry_fd_table_cancel (fx->table, 0);
  g_assert_cmpint (sentry_fd_table_install (fx->table, fx->w, 0, 64, FALSE), ==, 0);
  sentry_fd_table_fill (fx->table, 1, fx->r, TRUE);
  g_assert_cmpint (sentry_fd_table_get_cloexec (fx->table, 1), ==, 1);
}

static void
test_copy_and_exec (Fixture *fx, gconstpointer data)
{
  SentryFdTable *copy;

  sentry_fd_table_install (fx->table, fx->r, 0, 64, FALSE);
  sentry_fd_table_install (fx->table, fx->w, 0, 64, TRUE);
  copy = sentry_fd_table_copy (fx->table, G_MAXUINT);
  g_assert_cmpuint (sentry_fd_table_id (copy), !=, sentry_fd_table_id (fx->table));
  sentry_fd_table_close_on_exec (copy);
  g_assert_cmpint (sentry_fd_table_get_cloexec (copy, 0), ==, 0);
  g_assert_cmpint (sentry_fd_table_get_cloexec (copy, 1), ==, -EBADF);
  g_assert_cmpint (sentry_fd_table_get_cloexec (fx->table, 1), ==, 1);
  sentry_fd_table_close_range (fx->table, 1, G_MAXUINT, FALSE);
  g_assert_cmpint (sentry_fd_table_next (fx->table, 0, NULL, NULL), ==, 0);
  g_assert_cmpint (sentry_fd_table_next (fx->table, 1, NULL, NULL), ==, -1);
  sentry_fd_table_unref (copy);
}

static gpointer
hammer (gpointer data)
{
  Fixture *fx = data;

  for (int i = 0; i < 5000; i++)
    {
      int fd = sentry_fd_table_install (fx->table, i & 1 ? fx->r : fx->w, 0, 1024, FALSE);
      SentryFile *f = sentry_fd_table_get (fx->table, fd);

      g_assert_nonnull (f);
      sentry_file_unref (f);
      g_assert_cmpint (sentry_fd_table_close (fx->table, fd), ==, 0);
    }
  return NULL;
}

static void
test_threads (Fixture *fx, gconstpointer data)
{
  GThread *t[4];

  for (int i = 0; i < 4; i++)
    t[i] = g_thread_new ("hammer", hammer, fx);
  for (int i = 0; i < 4; i++)
    g_thread_join (t[i]);
  g_assert_cmpint (sentry_fd_table_next (fx->table, 0, NULL, NULL), ==, -1);
}

#define ADD(name, func)                                                                            \
  g_test_add ("/sentry/fs/fd-table/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("gives-the-lowest-free-number", test_lowest);
  ADD ("keeps-to-the-limit", test_limit);
  ADD ("reserved-numbers-are-not-files", test_reserve);
  ADD ("copies-and-closes-on-exec", test_copy_and_exec);
  ADD ("survives-threads", test_threads);
  return g_test_run ();
}
