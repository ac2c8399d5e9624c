/* Wait queues and sleepers: nothing is lost, nothing runs too late. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-wait-queue.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "base/sentry-errno.h"

/* A lost wake-up shows as a hang. */
#define PATIENCE 120

static gint64
from_now (gint64 ns)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec + ns;
}

/* --- wake-ups between threads --- */

typedef struct
{
  SentryWaitQueue queue;
  guint ball; /* a */
  guint rounds;
} Game;

typedef struct
{
  Game *game;
  guint me;
} Player;

/* The loop of every blocking call: queue, prepare, look, sleep. */
static void
wait_for (Game *g, guint value)
{
  SentrySleeper sleeper = { 0 };
  SentryWaiter w;

  sentry_waiter_init (&w, &sleeper, POLLIN);
  sentry_wait_queue_add (&g->queue, &w);
  for (;;)
    {
      sentry_sleeper_prepare (&sleeper);
      if (__atomic_load_n (&g->ball, __ATOMIC_SEQ_CST) % 2 == value)
        break;
      g_assert_cmpint (sentry_sleeper_sleep (&sleeper, G_MAXINT64), ==, 0);
    }
  sentry_wait_queue_remove (&w);
}

static gpointer
play (gpointer data)
{
  Player *p = data;

  for (guint i = 0; i < p->game->rounds; i++)
    {
      wait_for (p->game, p->me);
      __atomic_fetch_add (&p->game->ball, 1, __ATOMIC_SEQ_CST);
      sentry_wait_queue_wake (&p->game->queue, POLLIN, 0);
    }
  return NULL;
}

static void
test_no_lost_wake (void)
{
  Game g = { .rounds = 20000 };
  Player players[2] = { { &g, 0 }, { &g, 1 } };
  GThread *threads[2];

  sentry_wait_queue_init (&g.queue);
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("player", play, &players[i]);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (g.ball, ==, 40000);
  sentry_wait_queue_clear (&g.queue);
}

typedef struct
{
  SentryWaitQueue queue;
  gint tokens;   /* a */
  guint served;  /* a */
  gboolean over; /* a */
} Shop;

static gboolean
take_token (Shop *s)
{
  gint n = __atomic_load_n (&s->tokens, __ATOMIC_SEQ_CST);

  while (n > 0)
    if (__atomic_compare_exchange_n (&s->tokens, &n, n - 1, FALSE, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
      return TRUE;
  return FALSE;
}

static gpointer
shopper (gpointer data)
{
  Shop *s = data;
  SentrySleeper sleeper = { 0 };

  while (!__atomic_load_n (&s->over, __ATOMIC_SEQ_CST))
    {
      SentryWaiter w;

      sentry_waiter_init (&w, &sleeper, 0);
      w.exclusive = TRUE;
      sentry_wait_queue_add (&s->queue, &w);
      sentry_sleeper_prepare (&sleeper);
      if (take_token (s))
        __atomic_fetch_add (&s->served, 1, __ATOMIC_SEQ_CST);
      else if (!__atomic_load_n (&s->over, __ATOMIC_SEQ_CST))
        sentry_sleeper_sleep (&sleeper, G_MAXINT64);
      sentry_wait_queue_remove (&w);
      /* A token may have come with a wake-up that nobody uses: pass it on. */
      if (__atomic_load_n (&s->tokens, __ATOMIC_SEQ_CST) > 0)
        sentry_wait_queue_wake (&s->queue, POLLIN, 1);
    }
  return NULL;
}

/* Four sleepers, one woken for each token: every token is taken. */
static void
test_exclusive_threads (void)
{
  Shop s = { 0 };
  GThread *threads[4];

  sentry_wait_queue_init (&s.queue);
  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("shopper", shopper, &s);
  for (guint i = 0; i < 10000; i++)
    {
      __atomic_fetch_add (&s.tokens, 1, __ATOMIC_SEQ_CST);
      sentry_wait_queue_wake (&s.queue, POLLIN, 1);
    }
  while (__atomic_load_n (&s.served, __ATOMIC_SEQ_CST) < 10000)
    g_thread_yield ();
  __atomic_store_n (&s.over, TRUE, __ATOMIC_SEQ_CST);
  sentry_wait_queue_wake (&s.queue, POLLIN, 0);
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  sentry_wait_queue_clear (&s.queue);
}

/* --- who is woken, by what --- */

typedef struct
{
  SentryWaiter w;
  guint woken;
  gboolean takes;
} Probe;

static gboolean
probe_wake (SentryWaiter *w, guint32 events)
{
  Probe *p = SENTRY_CONTAINER (w, Probe, w);

  p->woken++;
  return p->takes;
}

static void
probe_add (Probe *p, SentryWaitQueue *q, guint32 events, gboolean exclusive)
{
  p->w = (SentryWaiter){ .wake = probe_wake, .events = events, .exclusive = exclusive };
  p->takes = TRUE;
  sentry_wait_queue_add (q, &p->w);
}

static void
test_exclusive (void)
{
  SentryWaitQueue q;
  Probe first = { 0 }, second = { 0 }, all = { 0 };

  sentry_wait_queue_init (&q);
  probe_add (&first, &q, 0, TRUE);
  probe_add (&second, &q, 0, TRUE);
  probe_add (&all, &q, 0, FALSE);
  sentry_wait_queue_wake (&q, POLLIN, 1);
  g_assert_true (first.woken == 1 && second.woken == 0 && all.woken == 1);
  first.takes = FALSE; /* it has no use for the event */
  sentry_wait_queue_wake (&q, POLLIN, 1);
  g_assert_true (first.woken == 2 && second.woken == 1 && all.woken == 2);
  sentry_wait_queue_wake (&q, POLLIN, 0);
  g_assert_true (first.woken == 3 && second.woken == 2 && all.woken == 3);
  sentry_wait_queue_remove (&first.w);
  sentry_wait_queue_remove (&first.w);
  sentry_wait_queue_wake (&q, POLLIN, 1);
  g_assert_true (first.woken == 3 && second.woken == 3);
  sentry_wait_queue_remove (&second.w);
  sentry_wait_queue_remove (&all.w);
  sentry_wait_queue_clear (&q);
}

static void
test_events (void)
{
  SentryWaitQueue q;
  Probe in = { 0 }, out = { 0 }, any = { 0 };

  sentry_wait_queue_init (&q);
  probe_add (&in, &q, POLLIN | POLLHUP, FALSE);
  probe_add (&out, &q, POLLOUT, FALSE);
  probe_add (&any, &q, 0, FALSE);
  sentry_wait_queue_wake (&q, POLLIN, 0);
  sentry_wait_queue_wake (&q, POLLHUP | POLLOUT, 0);
  sentry_wait_queue_wake (&q, POLLPRI, 0);
  g_assert_true (in.woken == 2 && out.woken == 1 && any.woken == 3);
  sentry_wait_queue_remove (&in.w);
  sentry_wait_queue_remove (&out.w);
  sentry_wait_queue_remove (&any.w);
}

/* --- removal against wakers --- */

typedef struct
{
  SentryWaitQueue queue;
  gboolean over; /* a */
} Crowd;

static gpointer
wake_always (gpointer data)
{
  Crowd *c = data;

  while (!__atomic_load_n (&c->over, __ATOMIC_SEQ_CST))
    sentry_wait_queue_wake (&c->queue, POLLIN, 0);
  return NULL;
}

static gboolean
touch (SentryWaiter *w, guint32 events)
{
  guint *counter = w->data;

  g_assert_cmpuint (*counter, !=, 0xdead);
  *counter = 2; /* counting on would reach that value some day */
  return FALSE;
}

/* After remove has returned, the callback neither runs nor will: its data may go. */
static void
test_removal (void)
{
  Crowd c = { 0 };
  GThread *threads[2];

  sentry_wait_queue_init (&c.queue);
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("waker", wake_always, &c);
  for (guint i = 0; i < 20000; i++)
    {
      guint counter = 1;
      SentryWaiter w = { .wake = touch, .data = &counter };

      sentry_wait_queue_add (&c.queue, &w);
      sentry_wait_queue_remove (&w);
      counter = 0xdead;
    }
  __atomic_store_n (&c.over, TRUE, __ATOMIC_SEQ_CST);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  sentry_wait_queue_clear (&c.queue);
}

/* --- sleepers --- */

static void
test_sleep (void)
{
  SentrySleeper s = { 0 };

  sentry_sleeper_wake (&s);
  g_assert_cmpint (sentry_sleeper_sleep (&s, G_MAXINT64), ==, 0);
  sentry_sleeper_wake (&s);
  sentry_sleeper_prepare (&s); /* forgets it */
  g_assert_cmpint (sentry_sleeper_sleep (&s, 0), ==, -ETIMEDOUT);
  sentry_sleeper_prepare (&s);
  g_assert_cmpint (sentry_sleeper_sleep (&s, from_now (1000000)), ==, -ETIMEDOUT);
  sentry_sleeper_prepare (&s);
  g_assert_cmpint (sentry_sleeper_sleep (&s, G_MININT64), ==, -ETIMEDOUT);
}

static int
sleep_once_more (SentrySleeper *s)
{
  sentry_sleeper_prepare (s);
  return sentry_sleeper_sleep (s, G_MAXINT64);
}

static void
test_interrupts (void)
{
  SentrySleeper s = { 0 };

  /* What a signal interrupts has one more look at its condition. */
  sentry_sleeper_interrupt (&s, SENTRY_INTERRUPT_SIGNAL);
  g_assert_cmpint (sentry_sleeper_sleep (&s, G_MAXINT64), ==, 0);
  g_assert_cmpint (sleep_once_more (&s), ==, -SENTRY_ERESTARTSYS);
  g_assert_cmpint (sleep_once_more (&s), ==, -SENTRY_ERESTARTSYS);
  sentry_sleeper_prepare (&s);
  g_assert_cmpint (sentry_sleeper_sleep_killable (&s, from_now (1000000)), ==, -ETIMEDOUT);
  sentry_sleeper_interrupt (&s, SENTRY_INTERRUPT_PAUSE);
  g_assert_cmpint (sleep_once_more (&s), ==, -SENTRY_ERESTARTSYS);
  sentry_sleeper_clear (&s, SENTRY_INTERRUPT_SIGNAL);
  g_assert_cmpint (sleep_once_more (&s), ==, -SENTRY_EPAUSE);
  sentry_sleeper_interrupt (&s, SENTRY_INTERRUPT_KILL);
  g_assert_cmpint (sentry_sleeper_sleep (&s, G_MAXINT64), ==, -SENTRY_ERESTARTSYS);
  g_assert_cmpint (sentry_sleeper_sleep_killable (&s, G_MAXINT64), ==, -SENTRY_ERESTARTSYS);
  sentry_sleeper_clear (&s, SENTRY_INTERRUPT_KILL | SENTRY_INTERRUPT_PAUSE);
  sentry_sleeper_prepare (&s);
  g_assert_cmpint (sentry_sleeper_sleep (&s, 0), ==, -ETIMEDOUT);
}

static gpointer
sleep_until_signal (gpointer data)
{
  int r;

  do
    {
      sentry_sleeper_prepare (data);
      r = sentry_sleeper_sleep (data, G_MAXINT64);
    }
  while (r == 0);
  return GINT_TO_POINTER (r);
}

/* Whenever the signal comes, before the sleep, in it or on the way: the sleep ends. */
static void
test_interrupt_race (void)
{
  for (guint i = 0; i < 2000; i++)
    {
      SentrySleeper s = { 0 };
      GThread *thread = g_thread_new ("sleeper", sleep_until_signal, &s);

      for (guint spin = 0; spin < i % 50 * 20; spin++)
        __asm__ volatile("pause");
      sentry_sleeper_interrupt (&s, SENTRY_INTERRUPT_SIGNAL);
      g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, -SENTRY_ERESTARTSYS);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (PATIENCE);
  g_test_add_func ("/sentry/base/wait-queue/loses-no-wake-up", test_no_lost_wake);
  g_test_add_func ("/sentry/base/wait-queue/serves-exclusive-sleepers", test_exclusive_threads);
  g_test_add_func ("/sentry/base/wait-queue/wakes-one-exclusive-waiter", test_exclusive);
  g_test_add_func ("/sentry/base/wait-queue/wakes-by-events", test_events);
  g_test_add_func ("/sentry/base/wait-queue/is-done-with-a-removed-waiter", test_removal);
  g_test_add_func ("/sentry/base/sleeper/sleeps-and-times-out", test_sleep);
  g_test_add_func ("/sentry/base/sleeper/ends-by-interrupt", test_interrupts);
  g_test_add_func ("/sentry/base/sleeper/misses-no-interrupt", test_interrupt_race);
  return g_test_run ();
}
