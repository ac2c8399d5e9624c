/* Id table: lowest free first, bounds, growth. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-id-table.h"

#include <errno.h>

static void
test_lowest_first (void)
{
  SentryIdTable t;
  int x;

  sentry_id_table_init (&t, 20000);
  for (int i = 0; i < 10000; i++)
    g_assert_cmpint (sentry_id_table_alloc (&t, 0, G_MAXUINT, &x), ==, i);
  g_assert_true (sentry_id_table_remove (&t, 9999) == &x);
  g_assert_true (sentry_id_table_remove (&t, 77) == &x);
  g_assert_null (sentry_id_table_remove (&t, 77));
  g_assert_cmpint (sentry_id_table_alloc (&t, 78, G_MAXUINT, NULL), ==, 9999);
  g_assert_cmpint (sentry_id_table_alloc (&t, 5, G_MAXUINT, NULL), ==, 77);
  g_assert_cmpint (sentry_id_table_alloc (&t, 0, G_MAXUINT, NULL), ==, 10000);
  g_assert_true (sentry_id_table_is_taken (&t, 77));
  g_assert_null (sentry_id_table_get (&t, 77));
  g_assert_cmpuint (t.count, ==, 10001);
  sentry_id_table_clear (&t);
}

static void
test_bounds (void)
{
  SentryIdTable t;
  gpointer old;
  int x, y;

  sentry_id_table_init (&t, 3);
  g_assert_null (sentry_id_table_get (&t, 5));
  g_assert_cmpint (sentry_id_table_next (&t, 0), ==, -1);
  g_assert_cmpint (sentry_id_table_alloc (&t, 3, G_MAXUINT, &x), ==, -ENOSPC);
  g_assert_cmpint (sentry_id_table_alloc (&t, 1, 1, &x), ==, -ENOSPC);
  g_assert_cmpint (sentry_id_table_set (&t, 3, &x, NULL), ==, -ENOSPC);
  g_assert_cmpint (sentry_id_table_set (&t, 1, &x, &old), ==, 0);
  g_assert_null (old);
  g_assert_cmpint (sentry_id_table_set (&t, 1, &y, &old), ==, 0);
  g_assert_true (old == &x);
  g_assert_cmpint (sentry_id_table_alloc (&t, 0, 2, &x), ==, 0);
  g_assert_cmpint (sentry_id_table_alloc (&t, 0, 2, &x), ==, -ENOSPC);
  g_assert_cmpint (sentry_id_table_alloc (&t, 0, 99, &x), ==, 2);
  g_assert_cmpint (sentry_id_table_alloc (&t, 0, 99, &x), ==, -ENOSPC);
  sentry_id_table_set_limit (&t, 1 << 20);
  g_assert_cmpint (sentry_id_table_alloc (&t, 1 << 19, 1 << 20, &x), ==, 1 << 19);
  sentry_id_table_set_limit (&t, 2);
  g_assert_true (sentry_id_table_remove (&t, 1 << 19) == &x);
  g_assert_cmpint (sentry_id_table_alloc (&t, 0, G_MAXUINT, &x), ==, -ENOSPC);
  sentry_id_table_clear (&t);
}

static void
test_against_model (void)
{
  enum
  {
    N = 9000
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (g_test_rand_int ());
  g_autofree gboolean *taken = g_new0 (gboolean, N);
  SentryIdTable t;

  sentry_id_table_init (&t, N);
  for (guint step = 0; step < 60000; step++)
    {
      guint id = g_rand_int_range (rand, 0, N), model = id, used = id;

      while (model < N && taken[model])
        model++;
      while (used < N && !taken[used])
        used++;
      g_assert_cmpint (sentry_id_table_next (&t, id), ==, used < N ? (int) used : -1);
      g_assert_cmpint (sentry_id_table_is_taken (&t, id), ==, taken[id]);
      if (g_rand_int_range (rand, 0, 10) < (step / 20000 == 1 ? 3 : 8))
        {
          int got = sentry_id_table_alloc (&t, id, N, &t);
          g_assert_cmpint (got, ==, model < N ? (int) model : -ENOSPC);
          if (got >= 0)
            taken[got] = TRUE;
        }
      else
        {
          g_assert_true (sentry_id_table_remove (&t, id) == (taken[id] ? &t : NULL));
          taken[id] = FALSE;
        }
    }
  sentry_id_table_clear (&t);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/base/id-table/gives-the-lowest-free-id", test_lowest_first);
  g_test_add_func ("/sentry/base/id-table/keeps-to-its-bounds", test_bounds);
  g_test_add_func ("/sentry/base/id-table/agrees-with-an-array", test_against_model);
  return g_test_run ();
}
