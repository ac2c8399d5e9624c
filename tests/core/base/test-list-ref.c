/* Lists, reference counts, the account of memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-charge.h"
#include "base/sentry-list.h"
#include "base/sentry-ref.h"

/* --- lists --- */

typedef struct
{
  guint number;
  SentryList link;
} Item;

static void
expect (SentryList *head, const char *order)
{
  g_autoptr (GString) s = g_string_new (NULL);
  guint backwards = 0, n = 0;

  SENTRY_LIST_FOREACH (link, safe, head)
  {
    g_string_append_printf (s, "%u", SENTRY_CONTAINER (link, Item, link)->number);
    n++;
  }
  for (SentryList *l = head->prev; l != head; l = l->prev)
    backwards++;
  g_assert_cmpstr (s->str, ==, order);
  g_assert_cmpuint (backwards, ==, n);
}

static void
test_list (void)
{
  SentryList head;
  Item items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 } };

  sentry_list_init (&head);
  g_assert_true (sentry_list_is_empty (&head));
  sentry_list_append (&head, &items[1].link);
  sentry_list_append (&head, &items[2].link);
  sentry_list_prepend (&head, &items[0].link);
  sentry_list_insert_before (&items[2].link, &items[3].link);
  expect (&head, "0132");
  g_assert_true (sentry_list_linked (&items[3].link));
  sentry_list_remove (&items[3].link);
  sentry_list_remove (&items[3].link);
  g_assert_false (sentry_list_linked (&items[3].link));
  expect (&head, "012");
  SENTRY_LIST_FOREACH (link, safe, &head)
  {
    if (SENTRY_CONTAINER (link, Item, link)->number != 1)
      sentry_list_remove (link);
  }
  expect (&head, "1");
  sentry_list_append (&head, &items[0].link); /* a removed one can be linked again */
  expect (&head, "10");
}

/* --- reference counts --- */

typedef struct
{
  SentryRef ref;
  guint ends; /* a */
} Thing;

static gpointer
hold_and_drop (gpointer data)
{
  Thing *t = data;

  for (guint i = 0; i < 50000; i++)
    {
      if (i % 2 == 0)
        sentry_ref_get (&t->ref);
      else if (!sentry_ref_try_get (&t->ref))
        g_assert_not_reached ();
      if (sentry_ref_put (&t->ref))
        g_assert_not_reached ();
    }
  if (sentry_ref_put (&t->ref))
    __atomic_fetch_add (&t->ends, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

static void
test_ref_threads (void)
{
  Thing t = { 0 };
  GThread *threads[3];

  sentry_ref_init (&t.ref);
  sentry_ref_get (&t.ref);
  sentry_ref_get (&t.ref);
  for (guint i = 0; i < 3; i++)
    threads[i] = g_thread_new ("holder", hold_and_drop, &t);
  for (guint i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (t.ends, ==, 1);
  g_assert_false (sentry_ref_try_get (&t.ref));
}

static void
get_the_dead (void)
{
  SentryRef r = { 0 };
  sentry_ref_get (&r);
}

static void
put_the_dead (void)
{
  SentryRef r = { 0 };
  sentry_ref_put (&r);
}

static void
wrap (void)
{
  SentryRef r = { G_MAXINT };
  sentry_ref_get (&r);
}

static void
test_ref_misuse (void)
{
  static const char *const paths[]
      = { "/sentry/base/ref/subprocess/get-the-dead", "/sentry/base/ref/subprocess/put-the-dead",
          "/sentry/base/ref/subprocess/wrap" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_test_trap_subprocess (paths[i], 0, 0);
      g_test_trap_assert_failed ();
      g_test_trap_assert_stderr ("*assertion failed*");
    }
}

/* --- the account --- */

/* Bytes that callers were told they may hold.  (The account itself may be larger for a moment, by
 * charges that are just being refused.) */
static guint64 held; /* a */

static gpointer
charge_and_return (gpointer data)
{
  for (guint i = 0; i < 50000; i++)
    if (sentry_charge (3))
      {
        g_assert_cmpuint (__atomic_add_fetch (&held, 3, __ATOMIC_SEQ_CST), <=, 10);
        __atomic_sub_fetch (&held, 3, __ATOMIC_SEQ_CST);
        sentry_uncharge (3);
      }
  return NULL;
}

static void
test_charge (void)
{
  GThread *threads[5];

  g_assert_true (sentry_charge (G_GUINT64_CONSTANT (1) << 40));
  sentry_uncharge (G_GUINT64_CONSTANT (1) << 40);
  sentry_charge_set_bound (10);
  g_assert_true (sentry_charge (10));
  g_assert_false (sentry_charge (1));
  g_assert_true (sentry_charge (0));
  g_assert_false (sentry_charge (G_MAXUINT64));
  g_assert_cmpuint (sentry_charge_used (), ==, 10);
  sentry_uncharge (10);
  for (guint i = 0; i < 5; i++)
    threads[i] = g_thread_new ("charger", charge_and_return, NULL);
  for (guint i = 0; i < 5; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (sentry_charge_used (), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/base/list/keeps-order", test_list);
  g_test_add_func ("/sentry/base/ref/ends-once", test_ref_threads);
  g_test_add_func ("/sentry/base/ref/aborts-on-misuse", test_ref_misuse);
  g_test_add_func ("/sentry/base/ref/subprocess/get-the-dead", get_the_dead);
  g_test_add_func ("/sentry/base/ref/subprocess/put-the-dead", put_the_dead);
  g_test_add_func ("/sentry/base/ref/subprocess/wrap", wrap);
  g_test_add_func ("/sentry/base/charge/never-passes-its-bound", test_charge);
  return g_test_run ();
}
