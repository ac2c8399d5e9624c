/* The default timekeeper against the host's clocks. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "time/clock.h"

#include <stdlib.h>

#define MS (SENTRY_NSEC_PER_SEC / 1000)

typedef struct
{
  SentryTimekeeper *tk;
  SentryVdsoParams params;
} Fixture;

static gint64
host_now (clockid_t clock)
{
  struct timespec ts;

  clock_gettime (clock, &ts);
  return ts.tv_sec * SENTRY_NSEC_PER_SEC + ts.tv_nsec;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->tk = sentry_host_timekeeper_new ();
  g_assert_true (sentry_timekeeper_start (f->tk, &f->params, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->tk);
}

/* What the vDSO computes; 0: it would ask the kernel. */
static gint64
vdso_monotonic (const SentryVdsoParams *p)
{
  guint64 ticks = __builtin_ia32_rdtsc () - p->base_tsc;

  if (!p->usable || ticks > p->max_tsc)
    return 0;
  return p->monotonic_ns + (gint64) ((unsigned __int128) ticks * p->mult >> p->shift);
}

/* Through a kernel entry where the page can't say, as guests do. */
static gint64
guest_monotonic (Fixture *f)
{
  gint64 ns = vdso_monotonic (&f->params);

  return ns != 0 ? ns : sentry_clock_now (f->tk, CLOCK_MONOTONIC);
}

static void
time_never_goes_back (Fixture *f, gconstpointer data)
{
  gint64 end = host_now (CLOCK_MONOTONIC) + 300 * MS, last = 0;
  guint by_page = 0;

  while (host_now (CLOCK_MONOTONIC) < end)
    {
      gint64 a = guest_monotonic (f), b = sentry_clock_now (f->tk, CLOCK_MONOTONIC);

      by_page += vdso_monotonic (&f->params) != 0;
      g_assert_cmpint (a, >=, last);
      g_assert_cmpint (b, >=, a);
      last = b;
    }
  if (f->params.usable)
    g_assert_cmpuint (by_page, >, 1000);
  else
    g_test_message ("this host's TSC is not to be trusted: the page stays unused");
}

static void
clocks_keep_to_the_host (Fixture *f, gconstpointer data)
{
  gint64 offset = sentry_clock_now (f->tk, CLOCK_MONOTONIC) - host_now (CLOCK_MONOTONIC), worst = 0;
  gint64 end = host_now (CLOCK_MONOTONIC) + 300 * MS;

  while (host_now (CLOCK_MONOTONIC) < end)
    {
      gint64 before = host_now (CLOCK_MONOTONIC), now = guest_monotonic (f),
             after = host_now (CLOCK_MONOTONIC);

      if (now < before + offset)
        worst = MAX (worst, before + offset - now);
      if (now > after + offset)
        worst = MAX (worst, now - after - offset);
    }
  g_test_message ("worst error %" G_GINT64_FORMAT " ns", worst);
  g_assert_cmpint (worst, <, MS);
  g_assert_cmpint (llabs (sentry_clock_now (f->tk, CLOCK_REALTIME) - host_now (CLOCK_REALTIME)), <,
                   20 * MS);
}

static void
pause_stops_monotonic_time (Fixture *f, gconstpointer data)
{
  gint64 at, real, boot;

  sentry_timekeeper_pause (f->tk);
  sentry_timekeeper_pause (f->tk);
  g_assert_cmpint (vdso_monotonic (&f->params), ==, 0);
  at = sentry_clock_now (f->tk, CLOCK_MONOTONIC);
  real = sentry_clock_now (f->tk, CLOCK_REALTIME);
  boot = sentry_clock_now (f->tk, CLOCK_BOOTTIME);
  g_assert_cmpint (sentry_timekeeper_to_host (f->tk, at + 1), ==, G_MAXINT64);
  for (gint64 end = host_now (CLOCK_MONOTONIC) + 20 * MS; host_now (CLOCK_MONOTONIC) < end;)
    g_assert_cmpint (sentry_clock_now (f->tk, CLOCK_MONOTONIC), ==, at);
  g_assert_cmpint (sentry_clock_now (f->tk, CLOCK_REALTIME), >=, real + 20 * MS);
  g_assert_cmpint (sentry_clock_now (f->tk, CLOCK_BOOTTIME), >=, boot + 20 * MS);
  sentry_timekeeper_resume (f->tk);
  sentry_timekeeper_resume (f->tk);
  boot = sentry_clock_now (f->tk, CLOCK_BOOTTIME) - sentry_clock_now (f->tk, CLOCK_MONOTONIC);
  g_assert_cmpint (boot, >=, 19 * MS);
  g_assert_cmpint (sentry_clock_now (f->tk, CLOCK_MONOTONIC), >=, at);
  g_assert_cmpint (sentry_clock_now (f->tk, CLOCK_MONOTONIC), <, at + 1000 * MS);
}

static void
deadlines_reach_the_host (Fixture *f, gconstpointer data)
{
  gint64 deadline = sentry_clock_now (f->tk, CLOCK_MONOTONIC) + 50 * MS;
  gint64 host = sentry_timekeeper_to_host (f->tk, deadline);

  g_assert_cmpint (host, >, host_now (CLOCK_MONOTONIC));
  g_assert_cmpint (host, <=, host_now (CLOCK_MONOTONIC) + 51 * MS);
  while (host_now (CLOCK_MONOTONIC) < host)
    ;
  g_assert_cmpint (sentry_clock_now (f->tk, CLOCK_MONOTONIC), >=, deadline);
  g_assert_cmpint (sentry_timekeeper_to_host (f->tk, G_MAXINT64), ==, G_MAXINT64);
  g_assert_cmpint (sentry_timekeeper_to_host (f->tk, G_MAXINT64 - 1), ==, G_MAXINT64);
}

static void
realtime_can_be_set (Fixture *f, gconstpointer data)
{
  gint64 before = sentry_clock_now (f->tk, CLOCK_MONOTONIC), now;

  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (sentry_timekeeper_set_realtime (f->tk, 12345 * SENTRY_NSEC_PER_SEC), ==, 0);
      now = sentry_clock_now (f->tk, CLOCK_REALTIME);
      g_assert_cmpint (now, >=, 12345 * SENTRY_NSEC_PER_SEC - MS);
      g_assert_cmpint (now, <, 12346 * SENTRY_NSEC_PER_SEC);
      for (gint64 end = host_now (CLOCK_MONOTONIC) + 20 * MS; host_now (CLOCK_MONOTONIC) < end;)
        sentry_clock_now (f->tk, CLOCK_MONOTONIC);
      g_assert_cmpint (sentry_clock_now (f->tk, CLOCK_REALTIME), >=, now + 19 * MS);
      g_assert_cmpint (sentry_clock_now (f->tk, CLOCK_REALTIME), <, 12347 * SENTRY_NSEC_PER_SEC);
    }
  g_assert_cmpint (sentry_clock_now (f->tk, CLOCK_MONOTONIC), >=, before);
  g_assert_cmpint (sentry_timekeeper_set_realtime (f->tk, -1), <, 0);
}

static gpointer
watch_time (gpointer data)
{
  Fixture *f = data;
  gint64 end = host_now (CLOCK_MONOTONIC) + 100 * MS, last = 0;

  while (host_now (CLOCK_MONOTONIC) < end)
    {
      gint64 now = sentry_clock_now (f->tk, CLOCK_MONOTONIC);

      g_assert_cmpint (now, >=, last);
      last = now;
    }
  return NULL;
}

static void
threads_agree (Fixture *f, gconstpointer data)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("watch", watch_time, f);
  for (guint i = 0; i < 10; i++)
    {
      sentry_timekeeper_pause (f->tk);
      sentry_timekeeper_resume (f->tk);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
values_move_between_clocks (Fixture *f, gconstpointer data)
{
  gint64 real = sentry_clock_now (f->tk, CLOCK_REALTIME), mono;

  mono = sentry_clock_to_monotonic (f->tk, CLOCK_REALTIME, real + 1000 * MS);
  g_assert_cmpint (mono, >, sentry_clock_now (f->tk, CLOCK_MONOTONIC));
  g_assert_cmpint (mono, <=, sentry_clock_now (f->tk, CLOCK_MONOTONIC) + 1000 * MS);
  g_assert_cmpint (sentry_clock_to_monotonic (f->tk, CLOCK_REALTIME, SENTRY_TIME_NEVER), ==,
                   SENTRY_TIME_NEVER);
  g_assert_cmpint (sentry_clock_to_monotonic (f->tk, CLOCK_REALTIME, 0), <, 0);
}

#define ADD(name, test)                                                                            \
  g_test_add ("/sentry/time/host-timekeeper/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("time-never-goes-back", time_never_goes_back);
  ADD ("clocks-keep-to-the-host", clocks_keep_to_the_host);
  ADD ("pause-stops-monotonic-time", pause_stops_monotonic_time);
  ADD ("deadlines-reach-the-host", deadlines_reach_the_host);
  ADD ("realtime-can-be-set", realtime_can_be_set);
  ADD ("threads-agree", threads_agree);
  ADD ("values-move-between-clocks", values_move_between_clocks);
  return g_test_run ();
}
