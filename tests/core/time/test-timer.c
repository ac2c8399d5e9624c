/* Timers on a clock that the test moves. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-timekeeper.h"

/* `n` and `overruns` count under the mutex; the test waits for them, never for time. */
typedef struct
{
  TestFakeTimekeeper *tk;
  SentryTimerWheel *wheel;
  GMutex mutex;
  GCond cond;
  guint n;
  guint64 overruns;
  gboolean hold; /* expire waits while it is set */
  gboolean inside;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->tk = g_object_new (TEST_TYPE_FAKE_TIMEKEEPER, NULL);
  f->wheel = sentry_timer_wheel_new (SENTRY_TIMEKEEPER (f->tk));
  g_mutex_init (&f->mutex);
  g_cond_init (&f->cond);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  sentry_timer_wheel_free (f->wheel);
  g_object_unref (f->tk);
  g_mutex_clear (&f->mutex);
  g_cond_clear (&f->cond);
}

static void
expired (SentryTimer *timer, guint64 overruns, gpointer data)
{
  Fixture *f = data;

  g_mutex_lock (&f->mutex);
  f->inside = TRUE;
  g_cond_broadcast (&f->cond);
  while (f->hold)
    g_cond_wait (&f->cond, &f->mutex);
  f->inside = FALSE;
  f->n++;
  f->overruns += overruns;
  g_cond_broadcast (&f->cond);
  g_mutex_unlock (&f->mutex);
}

static void
move_to (Fixture *f, gint64 now)
{
  __atomic_store_n (&f->tk->monotonic, now, __ATOMIC_SEQ_CST);
  sentry_timer_wheel_realtime_changed (f->wheel); /* makes the thread look */
}

static void
wait_for (Fixture *f, guint n)
{
  g_mutex_lock (&f->mutex);
  while (f->n < n)
    g_cond_wait (&f->cond, &f->mutex);
  g_assert_cmpuint (f->n, ==, n);
  g_mutex_unlock (&f->mutex);
}

static void
one_shot_expires_once (Fixture *f, gconstpointer data)
{
  SentryTimer t;
  gint64 remaining, period;

  sentry_timer_init (&t, f->wheel, CLOCK_MONOTONIC, expired, f);
  sentry_timer_get (&t, &remaining, &period);
  g_assert_cmpint (remaining, ==, 0);
  sentry_timer_set (&t, 1500, 0, &remaining, &period);
  g_assert_cmpint (remaining, ==, 0);
  sentry_timer_get (&t, &remaining, &period);
  g_assert_cmpint (remaining, ==, 500);
  move_to (f, 1499);
  sentry_timer_get (&t, &remaining, &period);
  g_assert_cmpint (remaining, ==, 1);
  move_to (f, 1500);
  wait_for (f, 1);
  g_assert_cmpuint (f->overruns, ==, 1);
  sentry_timer_get (&t, &remaining, &period);
  g_assert_cmpint (remaining, ==, 0);
  sentry_timer_cancel_sync (&t);
}

static void
periods_are_counted (Fixture *f, gconstpointer data)
{
  SentryTimer t;
  gint64 remaining, period;

  sentry_timer_init (&t, f->wheel, CLOCK_MONOTONIC, expired, f);
  sentry_timer_set (&t, 1100, 100, NULL, NULL);
  move_to (f, 1100);
  wait_for (f, 1);
  move_to (f, 1555);
  wait_for (f, 2);
  g_assert_cmpuint (f->overruns, ==, 1 + 4);
  sentry_timer_get (&t, &remaining, &period);
  g_assert_cmpint (remaining, ==, 1600 - 1555);
  g_assert_cmpint (period, ==, 100);
  sentry_timer_set (&t, SENTRY_TIME_NEVER, 0, &remaining, &period);
  g_assert_cmpint (remaining, ==, 45);
  g_assert_cmpint (period, ==, 100);
  sentry_timer_cancel_sync (&t);
}

static void
past_deadline_expires_at_once (Fixture *f, gconstpointer data)
{
  SentryTimer t;

  sentry_timer_init (&t, f->wheel, CLOCK_MONOTONIC, expired, f);
  sentry_timer_set (&t, 1, 0, NULL, NULL);
  wait_for (f, 1);
  sentry_timer_cancel_sync (&t);
}

static void
realtime_timer_follows_its_clock (Fixture *f, gconstpointer data)
{
  SentryTimer real, boot;
  gint64 remaining;

  sentry_timer_init (&real, f->wheel, CLOCK_REALTIME, expired, f);
  sentry_timer_init (&boot, f->wheel, CLOCK_BOOTTIME, expired, f);
  sentry_timer_set (&real, 2000000, 0, NULL, NULL);
  sentry_timer_set (&boot, 2007, 0, NULL, NULL);
  move_to (f, 2000);
  wait_for (f, 1);
  sentry_timer_get (&real, &remaining, NULL);
  g_assert_cmpint (remaining, ==, 2000000 - 1002000);
  sentry_timekeeper_set_realtime (SENTRY_TIMEKEEPER (f->tk), 1999999);
  sentry_timer_wheel_realtime_changed (f->wheel);
  sentry_timer_get (&real, &remaining, NULL);
  g_assert_cmpint (remaining, ==, 1);
  move_to (f, 2001);
  wait_for (f, 2);
  sentry_timer_cancel_sync (&real);
  sentry_timer_cancel_sync (&boot);
}

static void
pause_holds_expiry_back (Fixture *f, gconstpointer data)
{
  SentryTimer t;

  sentry_timer_init (&t, f->wheel, CLOCK_MONOTONIC, expired, f);
  sentry_timer_wheel_pause (f->wheel);
  sentry_timer_wheel_pause (f->wheel);
  sentry_timer_set (&t, 1001, 0, NULL, NULL);
  move_to (f, 5000);
  sentry_timer_wheel_resume (f->wheel);
  g_assert_cmpuint (f->n, ==, 0);
  sentry_timer_wheel_resume (f->wheel);
  wait_for (f, 1);
  sentry_timer_cancel_sync (&t);
}

static gpointer
release_later (gpointer data)
{
  Fixture *f = data;

  g_mutex_lock (&f->mutex);
  f->hold = FALSE;
  g_cond_broadcast (&f->cond);
  g_mutex_unlock (&f->mutex);
  return NULL;
}

static void
cancel_waits_for_expiry (Fixture *f, gconstpointer data)
{
  SentryTimer t;
  GThread *thread;

  f->hold = TRUE;
  sentry_timer_init (&t, f->wheel, CLOCK_MONOTONIC, expired, f);
  sentry_timer_set (&t, 1, 1, NULL, NULL);
  g_mutex_lock (&f->mutex);
  while (!f->inside)
    g_cond_wait (&f->cond, &f->mutex);
  g_mutex_unlock (&f->mutex);
  thread = g_thread_new ("release", release_later, f);
  sentry_timer_cancel_sync (&t);
  g_assert_false (f->inside);
  g_assert_cmpuint (f->n, >=, 1);
  g_thread_join (thread);
}

static void
rearm (SentryTimer *timer, guint64 overruns, gpointer data)
{
  Fixture *f = data;

  if (f->n < 9)
    sentry_timer_set (timer, 1, 0, NULL, NULL);
  expired (timer, overruns, data);
}

static void
expire_may_arm_again (Fixture *f, gconstpointer data)
{
  SentryTimer t;

  sentry_timer_init (&t, f->wheel, CLOCK_MONOTONIC, rearm, f);
  sentry_timer_set (&t, 1, 0, NULL, NULL);
  wait_for (f, 10);
  sentry_timer_cancel_sync (&t);
}

#define N_TIMERS 200

typedef struct
{
  SentryTimer timer;
  Fixture *f;
  gint64 due; /* NEVER: not armed */
  gboolean fired;
} Many;

static void
check_order (SentryTimer *timer, guint64 overruns, gpointer data)
{
  Many *m = data;

  g_assert_cmpint (m->due, <=, sentry_clock_now (SENTRY_TIMEKEEPER (m->f->tk), CLOCK_MONOTONIC));
  m->fired = TRUE;
  expired (timer, overruns, m->f);
}

/* Armed, moved and disarmed at random: exactly those that are due have fired. */
static void
many_timers_agree_with_a_list (Fixture *f, gconstpointer data)
{
  Many *many = g_new0 (Many, N_TIMERS);
  guint expected = 0;

  for (guint i = 0; i < N_TIMERS; i++)
    {
      many[i].f = f;
      many[i].due = SENTRY_TIME_NEVER;
      sentry_timer_init (&many[i].timer, f->wheel, CLOCK_MONOTONIC, check_order, &many[i]);
    }
  for (guint round = 0; round < 5000; round++)
    {
      Many *m = &many[g_test_rand_int_range (0, N_TIMERS)];

      m->due = g_test_rand_int_range (0, 4) == 0 ? SENTRY_TIME_NEVER
                                                 : g_test_rand_int_range (2000, 12000);
      sentry_timer_set (&m->timer, m->due, 0, NULL, NULL);
    }
  for (gint64 now = 2000; now <= 12000; now += 500)
    {
      expected = 0;
      for (guint i = 0; i < N_TIMERS; i++)
        expected += many[i].due <= now;
      move_to (f, now);
      wait_for (f, expected);
    }
  for (guint i = 0; i < N_TIMERS; i++)
    {
      sentry_timer_cancel_sync (&many[i].timer);
      g_assert_cmpint (many[i].fired, ==, many[i].due != SENTRY_TIME_NEVER);
    }
  g_free (many);
}

#define ADD(name, test)                                                                            \
  g_test_add ("/sentry/time/timer/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("one-shot-expires-once", one_shot_expires_once);
  ADD ("periods-are-counted", periods_are_counted);
  ADD ("past-deadline-expires-at-once", past_deadline_expires_at_once);
  ADD ("realtime-one-follows-its-clock", realtime_timer_follows_its_clock);
  ADD ("pause-holds-expiry-back", pause_holds_expiry_back);
  ADD ("cancel-waits-for-expiry", cancel_waits_for_expiry);
  ADD ("expire-may-arm-again", expire_may_arm_again);
  ADD ("many-agree-with-a-list", many_timers_agree_with_a_list);
  return g_test_run ();
}
