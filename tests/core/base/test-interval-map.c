/* Interval map: against a byte map that can't be wrong. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/sentry-interval-map.h"

#define N 512 /* the model's universe */

typedef struct
{
  SentryIntervalMap map;
  SentryInterval *at[N]; /* which interval holds each point */
} Model;

static gboolean
is_free (const Model *m, guint64 start, guint64 end)
{
  for (guint64 i = start; i < end; i++)
    if (m->at[i] != NULL)
      return FALSE;
  return TRUE;
}

/* As is_free, but guard gaps count as taken. */
static gboolean
is_hole (const Model *m, guint64 start, guint64 end)
{
  if (!is_free (m, start, end))
    return FALSE;
  for (guint64 i = end; i < N; i++)
    if (m->at[i] != NULL)
      return m->at[i]->start - MIN (m->at[i]->guard, m->at[i]->start) >= end;
  return TRUE;
}

static void
paint (Model *m, guint64 start, guint64 end, SentryInterval *i)
{
  for (guint64 p = start; p < end; p++)
    m->at[p] = i;
}

static guint
check_node (const SentryInterval *i)
{
  guint l, r;

  if (i == NULL)
    return 0;
  l = check_node (i->left);
  r = check_node (i->right);
  g_assert_cmpuint (MAX (l, r) - MIN (l, r), <=, 1);
  g_assert_cmpuint (i->height, ==, 1 + MAX (l, r));
  g_assert_true (i->left == NULL || (i->left->parent == i && i->left->last <= i->start));
  g_assert_true (i->right == NULL || (i->right->parent == i && i->right->start >= i->end));
  return i->height;
}

static void
check_order (Model *m)
{
  guint count = 0;
  guint64 edge = 0;

  check_node (m->map.root);
  SENTRY_INTERVAL_FOREACH (i, &m->map)
  {
    g_assert_cmpuint (i->start, >=, edge);
    g_assert_true (m->at[i->start] == i && m->at[i->end - 1] == i);
    g_assert_true (sentry_interval_next (i) == NULL
                   || sentry_interval_prev (sentry_interval_next (i)) == i);
    edge = i->end;
    count++;
  }
  g_assert_cmpuint (count, ==, m->map.count);
}

static void
check_finds (Model *m, GRand *rand)
{
  guint64 p = g_rand_int_range (rand, 0, N), q = p + g_rand_int_range (rand, 1, 40);
  SentryInterval *from = NULL, *below = NULL;

  for (guint64 i = p; i < N && from == NULL; i++)
    from = m->at[i];
  for (guint64 i = p; i-- > 0 && below == NULL;)
    below = m->at[i];
  g_assert_true (sentry_interval_map_find (&m->map, p) == m->at[p]);
  g_assert_true (sentry_interval_map_find_from (&m->map, p) == from);
  g_assert_true (sentry_interval_map_find_below (&m->map, p) == below);
  g_assert_true (sentry_interval_map_find_in (&m->map, p, q)
                 == (from != NULL && from->start < q ? from : NULL));
}

static void
check_holes (Model *m, GRand *rand)
{
  guint64 lo = g_rand_int_range (rand, 0, N), hi = g_rand_int_range (rand, 0, N + 1);
  guint64 len = g_rand_int_range (rand, 1, 60), low = N, high = N, got;

  for (guint64 a = lo; a + len <= hi; a++)
    if (is_hole (m, a, a + len))
      {
        low = MIN (low, a);
        high = a;
      }
  g_assert_cmpint (sentry_interval_map_lowest_hole (&m->map, lo, hi, len, &got), ==, low < N);
  g_assert_true (low == N || got == low);
  g_assert_cmpint (sentry_interval_map_highest_hole (&m->map, lo, hi, len, &got), ==, low < N);
  g_assert_true (low == N || got == high);
}

static void
insert_random (Model *m, GRand *rand)
{
  SentryInterval *i = g_new0 (SentryInterval, 1);

  i->start = g_rand_int_range (rand, 0, N - 1);
  i->end = i->start + g_rand_int_range (rand, 0, 12);
  i->end = MIN (i->end, N);
  i->guard = g_rand_int_range (rand, 0, 4) == 0 ? g_rand_int_range (rand, 0, 20) : 0;
  if (sentry_interval_map_insert (&m->map, i))
    {
      g_assert_true (is_free (m, i->start, i->end));
      paint (m, i->start, i->end, i);
      return;
    }
  g_assert_true (i->start == i->end || !is_free (m, i->start, i->end));
  g_assert_false (sentry_interval_in_map (i));
  g_free (i);
}

static void
resize (Model *m, SentryInterval *i, GRand *rand)
{
  guint64 start = i->start, end = i->end;
  guint64 new_start = start + g_rand_int_range (rand, 0, 6), back = g_rand_int_range (rand, 0, 6);
  guint64 new_end = end + g_rand_int_range (rand, 0, 11) - 5;
  gboolean can;

  new_start = MIN (new_start - MIN (new_start, back), N - 1);
  new_end = MIN (new_end, N);
  paint (m, start, end, NULL);
  can = new_start < new_end && is_free (m, new_start, new_end)
        && (sentry_interval_next (i) == NULL || new_start < sentry_interval_next (i)->start)
        && (sentry_interval_prev (i) == NULL || new_start >= sentry_interval_prev (i)->end);
  g_assert_cmpint (sentry_interval_map_resize (&m->map, i, new_start, new_end), ==, can);
  paint (m, i->start, i->end, i);
}

static void
change_random (Model *m, GRand *rand)
{
  SentryInterval *i = m->at[g_rand_int_range (rand, 0, N)];
  SentryInterval *next = i != NULL ? sentry_interval_next (i) : NULL;

  if (i == NULL)
    return;
  switch (g_rand_int_range (rand, 0, 5))
    {
    case 0:
      sentry_interval_map_erase (&m->map, i);
      paint (m, i->start, i->end, NULL);
      g_free (i);
      break;
    case 1:
      resize (m, i, rand);
      break;
    case 2:
      sentry_interval_map_set_guard (&m->map, i, g_rand_int_range (rand, 0, 30));
      break;
    case 3:
      if (i->end - i->start > 1)
        {
          next = g_new0 (SentryInterval, 1);
          sentry_interval_map_split (&m->map, i, g_rand_int_range (rand, i->start + 1, i->end),
                                     next);
          paint (m, next->start, next->end, next);
        }
      break;
    default:
      if (next != NULL && next->start == i->end)
        {
          sentry_interval_map_merge (&m->map, i, next);
          paint (m, i->start, i->end, i);
          g_free (next);
        }
    }
}

static void
test_against_model (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (g_test_rand_int ());
  Model *m = g_new0 (Model, 1);

  for (guint step = 0; step < 40000; step++)
    {
      /* Phases of growth and of decay. */
      if (g_rand_int_range (rand, 0, 10) < (step / 2000 % 2 == 0 ? 7 : 2))
        insert_random (m, rand);
      else
        change_random (m, rand);
      check_finds (m, rand);
      if (step % 4 == 0)
        check_holes (m, rand);
      if (step % 16 == 0)
        check_order (m);
    }
  SENTRY_INTERVAL_FOREACH (i, &m->map)
  {
    sentry_interval_map_erase (&m->map, i);
    g_free (i);
  }
  g_assert_null (m->map.root);
  g_free (m);
}

static void
test_whole_space (void)
{
  SentryIntervalMap map = { 0 };
  SentryInterval top = { .start = G_MAXUINT64 - 10, .end = G_MAXUINT64 };
  guint64 got;

  g_assert_true (sentry_interval_map_insert (&map, &top));
  g_assert_null (sentry_interval_map_find (&map, G_MAXUINT64));
  g_assert_true (sentry_interval_map_highest_hole (&map, 0, G_MAXUINT64, 5, &got));
  g_assert_cmpuint (got, ==, G_MAXUINT64 - 15);
  g_assert_false (sentry_interval_map_highest_hole (&map, 100, 50, 5, &got));
  g_assert_false (sentry_interval_map_lowest_hole (&map, 0, G_MAXUINT64, G_MAXUINT64 - 9, &got));
  g_assert_true (sentry_interval_map_lowest_hole (&map, 0, G_MAXUINT64, G_MAXUINT64 - 10, &got));
  g_assert_cmpuint (got, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/base/interval-map/agrees-with-a-byte-map", test_against_model);
  g_test_add_func ("/sentry/base/interval-map/reaches-the-end-of-the-space", test_whole_space);
  return g_test_run ();
}
