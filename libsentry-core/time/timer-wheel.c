/* All timers of a kernel: a heap, and one thread that sleeps until the earliest is due.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "time/clock.h"

#include "base/sentry-wait-queue.h"

/* Life: made with its kernel; the thread starts with the first timer and ends in free, when all
 * timers are disarmed. */
struct SentryTimerWheel
{
  SentryTimekeeper *tk; /* I: a reference */
  SentryMutex lock;     /* TIMER */
  GPtrArray *heap;      /* m: SentryTimer, least key first; a timer's heap_index is its place + 1 */
  guint paused;         /* m */
  gboolean quit;        /* m */
  GThread *thread;      /* m: NULL until something is armed */
  GCond ran;            /* m: an expire function has returned */
  SentrySleeper sleeper; /* the thread's */
};

/* --- the heap --- */

static SentryTimer *
at (SentryTimerWheel *w, guint i)
{
  return g_ptr_array_index (w->heap, i);
}

static void
put (SentryTimerWheel *w, guint i, SentryTimer *t)
{
  w->heap->pdata[i] = t;
  t->heap_index = i + 1;
}

static void
sift_up (SentryTimerWheel *w, guint i)
{
  SentryTimer *t = at (w, i);

  for (; i > 0 && at (w, (i - 1) / 2)->key > t->key; i = (i - 1) / 2)
    put (w, i, at (w, (i - 1) / 2));
  put (w, i, t);
}

static void
sift_down (SentryTimerWheel *w, guint i)
{
  SentryTimer *t = at (w, i);

  for (;;)
    {
      guint child = 2 * i + 1;

      if (child >= w->heap->len)
        break;
      if (child + 1 < w->heap->len && at (w, child + 1)->key < at (w, child)->key)
        child++;
      if (at (w, child)->key >= t->key)
        break;
      put (w, i, at (w, child));
      i = child;
    }
  put (w, i, t);
}

static void
heap_remove_locked (SentryTimerWheel *w, SentryTimer *t)
{
  guint i = t->heap_index;
  SentryTimer *last;

  if (i-- == 0)
    return;
  t->heap_index = 0;
  last = at (w, w->heap->len - 1);
  g_ptr_array_set_size (w->heap, w->heap->len - 1);
  if (last == t)
    return;
  put (w, i, last);
  sift_down (w, i);
  sift_up (w, last->heap_index - 1);
}

static void
heap_insert_locked (SentryTimerWheel *w, SentryTimer *t)
{
  g_ptr_array_add (w->heap, t);
  t->heap_index = w->heap->len;
  sift_up (w, w->heap->len - 1);
}

/* --- expiry --- */

/* Takes the timer's next deadline; returns how many periods have passed. */
static guint64
advance_locked (SentryTimerWheel *w, SentryTimer *t)
{
  gint64 now = sentry_clock_now (w->tk, t->clock);
  guint64 passed = 1;

  heap_remove_locked (w, t);
  if (t->period == 0)
    {
      t->deadline = t->key = SENTRY_TIME_NEVER;
      return passed;
    }
  if (now > t->deadline)
    passed += (guint64) (now - t->deadline) / t->period;
  if (__builtin_add_overflow (t->deadline, (gint64) passed * t->period, &t->deadline))
    t->deadline = SENTRY_TIME_NEVER;
  t->key = sentry_clock_to_monotonic (w->tk, t->clock, t->deadline);
  if (t->deadline != SENTRY_TIME_NEVER)
    heap_insert_locked (w, t);
  return passed;
}

static void
expire_locked (SentryTimerWheel *w, SentryTimer *t)
{
  guint64 passed = advance_locked (w, t);

  t->running = TRUE;
  sentry_mutex_unlock (&w->lock);
  t->expire (t, passed, t->data);
  sentry_mutex_lock (&w->lock);
  t->running = FALSE;
  g_cond_broadcast (&w->ran);
}

/* Runs what is due; returns the monotonic time until which there is nothing more to do. */
static gint64
run_due_locked (SentryTimerWheel *w)
{
  while (!w->quit && w->paused == 0 && w->heap->len > 0)
    {
      SentryTimer *first = at (w, 0);

      if (first->key > sentry_clock_now (w->tk, CLOCK_MONOTONIC))
        return first->key;
      expire_locked (w, first);
    }
  return SENTRY_TIME_NEVER;
}

static gpointer
wheel_thread (gpointer data)
{
  SentryTimerWheel *w = data;
  gboolean quit = FALSE;

  while (!quit)
    {
      gint64 until;

      sentry_sleeper_prepare (&w->sleeper);
      sentry_mutex_lock (&w->lock);
      until = run_due_locked (w);
      quit = w->quit;
      sentry_mutex_unlock (&w->lock);
      if (!quit)
        sentry_sleeper_sleep (&w->sleeper, sentry_timekeeper_to_host (w->tk, until));
    }
  return NULL;
}

/* --- the wheel --- */

SentryTimerWheel *
sentry_timer_wheel_new (SentryTimekeeper *tk)
{
  SentryTimerWheel *w = g_new0 (SentryTimerWheel, 1);

  w->tk = g_object_ref (tk);
  sentry_mutex_init (&w->lock, SENTRY_LOCK_TIMER);
  g_cond_init (&w->ran);
  w->heap = g_ptr_array_new ();
  return w;
}

void
sentry_timer_wheel_free (SentryTimerWheel *w)
{
  GThread *thread;

  sentry_mutex_lock (&w->lock);
  g_assert (w->heap->len == 0);
  w->quit = TRUE;
  thread = w->thread;
  sentry_mutex_unlock (&w->lock);
  if (thread != NULL)
    {
      sentry_sleeper_wake (&w->sleeper);
      g_thread_join (thread);
    }
  g_ptr_array_unref (w->heap);
  g_cond_clear (&w->ran);
  g_object_unref (w->tk);
  g_free (w);
}

SentryTimekeeper *
sentry_timer_wheel_timekeeper (SentryTimerWheel *w)
{
  return w->tk;
}

void
sentry_timer_wheel_pause (SentryTimerWheel *w)
{
  sentry_mutex_lock (&w->lock);
  w->paused++;
  sentry_mutex_unlock (&w->lock);
}

void
sentry_timer_wheel_resume (SentryTimerWheel *w)
{
  sentry_mutex_lock (&w->lock);
  g_assert (w->paused > 0);
  w->paused--;
  sentry_mutex_unlock (&w->lock);
  sentry_sleeper_wake (&w->sleeper);
}

void
sentry_timer_wheel_realtime_changed (SentryTimerWheel *w)
{
  sentry_mutex_lock (&w->lock);
  for (guint i = 0; i < w->heap->len; i++)
    at (w, i)->key = sentry_clock_to_monotonic (w->tk, at (w, i)->clock, at (w, i)->deadline);
  for (guint i = w->heap->len / 2; i-- > 0;)
    sift_down (w, i);
  sentry_mutex_unlock (&w->lock);
  sentry_sleeper_wake (&w->sleeper);
}

/* --- one timer --- */

void
sentry_timer_init (SentryTimer *t, SentryTimerWheel *wheel, clockid_t clock, SentryTimerFunc expire,
                   gpointer data)
{
  *t = (SentryTimer){ .wheel = wheel,
                      .expire = expire,
                      .data = data,
                      .clock = clock,
                      .deadline = SENTRY_TIME_NEVER,
                      .key = SENTRY_TIME_NEVER };
}

static void
get_locked (SentryTimer *t, gint64 *ret_remaining, gint64 *ret_period)
{
  gint64 remaining = 0;

  if (t->deadline != SENTRY_TIME_NEVER
      && __builtin_sub_overflow (t->deadline, sentry_clock_now (t->wheel->tk, t->clock),
                                 &remaining))
    remaining = G_MAXINT64;
  if (t->deadline != SENTRY_TIME_NEVER)
    remaining = MAX (remaining, 1);
  if (ret_remaining != NULL)
    *ret_remaining = remaining;
  if (ret_period != NULL)
    *ret_period = t->period;
}

/* TRUE: the thread must look again, as this timer is now the first. */
static gboolean
set_locked (SentryTimer *t, gint64 deadline, gint64 period)
{
  SentryTimerWheel *w = t->wheel;

  heap_remove_locked (w, t);
  t->deadline = deadline;
  t->period = period;
  t->key = sentry_clock_to_monotonic (w->tk, t->clock, deadline);
  if (deadline == SENTRY_TIME_NEVER)
    return FALSE;
  heap_insert_locked (w, t);
  if (w->thread == NULL)
    w->thread = g_thread_new ("sentry-timers", wheel_thread, w);
  return at (w, 0) == t;
}

void
sentry_timer_set (SentryTimer *t, gint64 deadline, gint64 period, gint64 *ret_remaining,
                  gint64 *ret_period)
{
  gboolean first;

  sentry_mutex_lock (&t->wheel->lock);
  get_locked (t, ret_remaining, ret_period);
  first = set_locked (t, deadline, period);
  sentry_mutex_unlock (&t->wheel->lock);
  if (first)
    sentry_sleeper_wake (&t->wheel->sleeper);
}

void
sentry_timer_get (SentryTimer *t, gint64 *ret_remaining, gint64 *ret_period)
{
  sentry_mutex_lock (&t->wheel->lock);
  get_locked (t, ret_remaining, ret_period);
  sentry_mutex_unlock (&t->wheel->lock);
}

void
sentry_timer_cancel_sync (SentryTimer *t)
{
  SentryTimerWheel *w = t->wheel;

  sentry_mutex_lock (&w->lock);
  set_locked (t, SENTRY_TIME_NEVER, 0);
  while (t->running)
    {
      g_cond_wait (&w->ran, &w->lock.mutex);
      set_locked (t, SENTRY_TIME_NEVER, 0); /* expire may have armed it again */
    }
  sentry_mutex_unlock (&w->lock);
}
