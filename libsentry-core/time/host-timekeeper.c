/* The default timekeeper: host clocks, extrapolated by the TSC between rare looks at them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "time/clock.h"

#include <cpuid.h>
#include <errno.h>
#include <gio/gio.h>
#include <string.h>

/* No thread keeps the parameters fresh.  They are valid for a window; whoever reads a clock past
 * its end, in the kernel or in a guest (the vDSO then makes the system call), takes a new sample of
 * the host's clocks and publishes a new window.  So a sandbox in which nobody looks at the time
 * does nothing.
 *
 * Error.  A sample couples TSC and host clock to about 50 ns; the rate comes from two samples a
 * baseline apart and is used for at most WINDOW_PER_BASELINE baselines: some hundred ns at the end
 * of each window.  Windows grow from a few ms to MAX_WINDOW; the host's own slewing (at most 500
 * ppm) adds less than half a ms to the worst.
 *
 * Monotonic time never goes back: a new window starts at what the old one could have shown at most,
 * and runs slower if that was too much. */

#define NS SENTRY_NSEC_PER_SEC
/* The sandbox is a machine that booted a second ago: programs take times near 0 for unset ones. */
#define UPTIME_AT_START NS
#define SHIFT 24 /* mult fits 32 bits for a TSC of 4 MHz and more */
#define MIN_BASELINE (NS / 1000)
#define WINDOW_PER_BASELINE 8
#define MAX_WINDOW NS
/* A sample older than this gives way, so that the rate follows the host's. */
#define MAX_BASELINE (32 * NS)
/* Realtime follows the host's steps from here on; below it is noise of the samples. */
#define REALTIME_STEP 20000
/* Deadlines reach the host this much later, so that nobody wakes before the time that it asked for.
 */
#define SLEEP_MARGIN 2000
/* A rate that changes by more than 1/1000 was measured across a suspension of the host; so often in
 * a row, the TSC is no clock. */
#define RATE_TOLERANCE 1000
#define MAX_BAD_RATES 3
#define MAX_SAMPLE_TRIES 5

typedef struct
{
  guint64 tsc;
  gint64 monotonic, realtime, boottime; /* host's */
} Sample;

struct _SentryHostTimekeeper
{
  GObject parent_instance;

  SentryMutex lock; /* TIMEKEEPER */
  SentryVdsoParams
      own; /* m writes; read by its seq: used before start and beside the shared page */
  SentryVdsoParams *shared; /* m: what guests see, or NULL */
  gboolean tsc_ok;          /* m */
  Sample anchor, last;      /* m: the baseline's start, and the newest sample */
  guint32 mult;             /* m: ns per tick << SHIFT, 0 before the first baseline */
  /* Sandbox clock = host clock + offset. */
  gint64 monotonic_offset;        /* m, reads a */
  gint64 boottime_offset;         /* I */
  gint64 realtime_offset;         /* m: clock_settime */
  gint64 realtime_less_monotonic; /* m: of the window, in sandbox clocks */
  gint64 floor;      /* m: the latest monotonic time that was shown outside of windows */
  guint n_bad_rates; /* m: in a row */
  gboolean paused;   /* m, reads a */
};

static void timekeeper_iface_init (SentryTimekeeperInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SentryHostTimekeeper, sentry_host_timekeeper, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SENTRY_TYPE_TIMEKEEPER,
                                                      timekeeper_iface_init))

static guint64
read_tsc (void)
{
  guint32 low, high;

  __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
  return (guint64) high << 32 | low;
}

static gint64
host_now (clockid_t clock)
{
  struct timespec ts;

  clock_gettime (clock, &ts);
  return ts.tv_sec * NS + ts.tv_nsec;
}

/* The tightest of a few tries: a preempted one would couple times that don't belong together. */
static void
take_sample (Sample *ret)
{
  guint64 best = G_MAXUINT64;

  for (guint i = 0; i < MAX_SAMPLE_TRIES; i++)
    {
      Sample s;
      guint64 before = read_tsc (), width;

      s.monotonic = host_now (CLOCK_MONOTONIC);
      width = read_tsc () - before;
      s.tsc = before + width / 2;
      s.realtime = host_now (CLOCK_REALTIME);
      s.boottime = host_now (CLOCK_BOOTTIME);
      if (width >= best)
        continue;
      best = width;
      *ret = s;
    }
}

/* The TSC ticks evenly, in every sleep state, and the host itself trusts it. */
static gboolean
host_tsc_is_trustworthy (void)
{
  static const char *const trusted[] = { "tsc", "kvm-clock", "hyperv_clocksource_tsc_page", NULL };
  guint32 a, b, c, d;
  g_autofree char *source = NULL;

  if (!__get_cpuid (0x80000007, &a, &b, &c, &d) || !(d & (1u << 8)))
    return FALSE;
  if (!g_file_get_contents ("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                            &source, NULL, NULL))
    return FALSE;
  return g_strv_contains (trusted, g_strstrip (source));
}

/* --- publishing --- */

/* Seqlocks over plain words; tz and host_cpus of the shared page are others' to write. */
#define N_WORDS (G_STRUCT_OFFSET (SentryVdsoParams, tz_minuteswest) / sizeof (guint32))

static void
write_params (SentryVdsoParams *to, const SentryVdsoParams *from)
{
  guint32 seq = to->seq, *words = (guint32 *) to;

  __atomic_store_n (&to->seq, seq + 1, __ATOMIC_RELAXED);
  __atomic_thread_fence (__ATOMIC_RELEASE);
  for (guint i = 1; i < N_WORDS; i++)
    __atomic_store_n (&words[i], ((const guint32 *) from)[i], __ATOMIC_RELAXED);
  __atomic_store_n (&to->seq, seq + 2, __ATOMIC_RELEASE);
}

static void
publish_locked (SentryHostTimekeeper *self, const SentryVdsoParams *params)
{
  write_params (&self->own, params);
  if (self->shared != NULL)
    write_params (self->shared, params);
}

static gboolean
read_params (const SentryVdsoParams *from, SentryVdsoParams *ret)
{
  guint32 seq;

  do
    {
      seq = __atomic_load_n (&from->seq, __ATOMIC_ACQUIRE);
      for (guint i = 0; i < N_WORDS; i++)
        ((guint32 *) ret)[i] = __atomic_load_n (&((const guint32 *) from)[i], __ATOMIC_RELAXED);
      __atomic_thread_fence (__ATOMIC_ACQUIRE);
    }
  while ((seq & 1) || __atomic_load_n (&from->seq, __ATOMIC_RELAXED) != seq);
  return ret->usable != 0;
}

static guint64
extrapolate (const SentryVdsoParams *p, guint64 ticks)
{
  return (guint64) ((unsigned __int128) ticks * p->mult >> p->shift);
}

static guint64
to_ticks (const SentryVdsoParams *p, gint64 ns)
{
  return (guint64) (((unsigned __int128) ns << p->shift) / p->mult);
}

/* --- calibration --- */

static gboolean
rate_is_plausible (SentryHostTimekeeper *self, guint64 mult)
{
  if (mult == 0 || mult > G_MAXUINT32)
    return FALSE;
  return self->mult == 0
         || ABS ((gint64) mult - (gint64) self->mult) <= (gint64) (self->mult / RATE_TOLERANCE);
}

/* The rate over the baseline.  FALSE: there is none yet. */
static gboolean
measure_rate_locked (SentryHostTimekeeper *self, const Sample *now)
{
  gint64 baseline = now->monotonic - self->anchor.monotonic;
  guint64 ticks = now->tsc - self->anchor.tsc, mult;

  if (baseline < MIN_BASELINE)
    return FALSE;
  mult = ticks > 0 ? (guint64) (((unsigned __int128) baseline << SHIFT) / ticks) : 0;
  if (rate_is_plausible (self, mult))
    {
      self->mult = mult;
      self->n_bad_rates = 0;
      return TRUE;
    }
  self->mult = 0;
  self->anchor = self->last = *now;
  if (++self->n_bad_rates >= MAX_BAD_RATES)
    {
      g_warning (
          "timekeeper: the TSC does not keep time with the host's clock; it is no longer used");
      self->tsc_ok = FALSE;
    }
  return FALSE;
}

/* What readers of the old window can have seen at most. */
static gint64
highest_shown_locked (SentryHostTimekeeper *self, guint64 tsc)
{
  SentryVdsoParams *p = &self->own;

  if (!p->usable)
    return self->floor;
  return MAX (self->floor,
              (gint64) (p->monotonic_ns + extrapolate (p, MIN (tsc - p->base_tsc, p->max_tsc))));
}

/* Sends all readers here. */
static void
close_window_locked (SentryHostTimekeeper *self)
{
  if (!self->own.usable)
    return;
  self->floor = highest_shown_locked (self, read_tsc ());
  publish_locked (self, &(SentryVdsoParams){ .usable = 0 });
}

static void
follow_realtime_locked (SentryHostTimekeeper *self, const Sample *now, gint64 host_monotonic)
{
  gint64 host_realtime = now->realtime + self->realtime_offset;
  gint64 less = host_realtime - host_monotonic;

  if (ABS (less - self->realtime_less_monotonic) > REALTIME_STEP)
    self->realtime_less_monotonic = less;
}

/* Starts a new window at `now`. */
static void
open_window_locked (SentryHostTimekeeper *self, const Sample *now)
{
  gint64 baseline = now->monotonic - self->anchor.monotonic, ahead;
  gint64 window = CLAMP (baseline * WINDOW_PER_BASELINE, MIN_BASELINE, MAX_WINDOW);
  gint64 host = now->monotonic + self->monotonic_offset;
  gint64 base = MAX (host, highest_shown_locked (self, now->tsc));
  SentryVdsoParams p = { .usable = 1, .base_tsc = now->tsc, .mult = self->mult, .shift = SHIFT };

  /* Too fast before: slower now, by at most a tenth, so as to meet the host at the end. */
  ahead = MIN (base - host, window / 10);
  p.mult -= (guint32) ((unsigned __int128) p.mult * ahead / window);
  p.max_tsc = to_ticks (&p, window);
  follow_realtime_locked (self, now, host);
  p.monotonic_ns = base;
  p.realtime_ns = base + self->realtime_less_monotonic;
  p.boottime_ns
      = base + (now->boottime - now->monotonic) + (self->boottime_offset - self->monotonic_offset);
  publish_locked (self, &p);
}

/* New parameters if those that there are can't be used at this moment. */
static void
refresh_locked (SentryHostTimekeeper *self)
{
  Sample now;

  if (!self->tsc_ok || self->paused)
    return;
  if (self->own.usable && read_tsc () - self->own.base_tsc <= self->own.max_tsc)
    return; /* somebody else was faster */
  take_sample (&now);
  if (!measure_rate_locked (self, &now))
    {
      close_window_locked (self);
      return;
    }
  open_window_locked (self, &now);
  if (now.monotonic - self->anchor.monotonic > MAX_BASELINE)
    self->anchor = self->last;
  self->last = now;
}

/* --- the interface --- */

/* Without a window: the host's own clocks. */
static void
now_from_host_locked (SentryHostTimekeeper *self, SentryTimeNow *ret)
{
  if (!self->paused)
    self->floor = MAX (self->floor, host_now (CLOCK_MONOTONIC) + self->monotonic_offset);
  ret->monotonic = self->floor;
  ret->realtime = host_now (CLOCK_REALTIME) + self->realtime_offset;
  ret->boottime = host_now (CLOCK_BOOTTIME) + self->boottime_offset;
}

static gboolean
now_from_tsc (SentryHostTimekeeper *self, SentryTimeNow *ret)
{
  SentryVdsoParams p;
  guint64 ticks, ns;

  if (!read_params (&self->own, &p))
    return FALSE;
  ticks = read_tsc () - p.base_tsc;
  if (ticks > p.max_tsc)
    return FALSE;
  ns = extrapolate (&p, ticks);
  ret->monotonic = p.monotonic_ns + ns;
  ret->realtime = p.realtime_ns + ns;
  ret->boottime = p.boottime_ns + ns;
  return TRUE;
}

static void
host_timekeeper_now (SentryTimekeeper *tk, SentryTimeNow *ret_now)
{
  SentryHostTimekeeper *self = SENTRY_HOST_TIMEKEEPER (tk);

  if (now_from_tsc (self, ret_now))
    return;
  sentry_mutex_lock (&self->lock);
  refresh_locked (self);
  if (!now_from_tsc (self, ret_now))
    now_from_host_locked (self, ret_now);
  sentry_mutex_unlock (&self->lock);
}

static gboolean
host_timekeeper_start (SentryTimekeeper *tk, SentryVdsoParams *params, GError **error)
{
  SentryHostTimekeeper *self = SENTRY_HOST_TIMEKEEPER (tk);

  sentry_mutex_lock (&self->lock);
  self->shared = params;
  if (params != NULL)
    write_params (params, &self->own);
  refresh_locked (self);
  sentry_mutex_unlock (&self->lock);
  return TRUE;
}

/* Monotonic time stands still at the floor. */
static void
host_timekeeper_pause (SentryTimekeeper *tk)
{
  SentryHostTimekeeper *self = SENTRY_HOST_TIMEKEEPER (tk);
  SentryTimeNow now;

  sentry_mutex_lock (&self->lock);
  if (!self->paused)
    {
      close_window_locked (self);
      now_from_host_locked (self, &now);
      __atomic_store_n (&self->paused, TRUE, __ATOMIC_RELEASE);
    }
  sentry_mutex_unlock (&self->lock);
}

static void
host_timekeeper_resume (SentryTimekeeper *tk)
{
  SentryHostTimekeeper *self = SENTRY_HOST_TIMEKEEPER (tk);

  sentry_mutex_lock (&self->lock);
  if (self->paused)
    {
      __atomic_store_n (&self->monotonic_offset, self->floor - host_now (CLOCK_MONOTONIC),
                        __ATOMIC_RELAXED);
      __atomic_store_n (&self->paused, FALSE, __ATOMIC_RELEASE);
      refresh_locked (self);
    }
  sentry_mutex_unlock (&self->lock);
}

static gint64
host_timekeeper_to_host (SentryTimekeeper *tk, gint64 monotonic)
{
  SentryHostTimekeeper *self = SENTRY_HOST_TIMEKEEPER (tk);
  gint64 host;

  if (monotonic == G_MAXINT64 || __atomic_load_n (&self->paused, __ATOMIC_ACQUIRE))
    return G_MAXINT64;
  if (__builtin_sub_overflow (
          monotonic, __atomic_load_n (&self->monotonic_offset, __ATOMIC_RELAXED) - SLEEP_MARGIN,
          &host))
    return G_MAXINT64;
  return MAX (host, 0);
}

static int
host_timekeeper_set_realtime (SentryTimekeeper *tk, gint64 realtime)
{
  SentryHostTimekeeper *self = SENTRY_HOST_TIMEKEEPER (tk);

  if (realtime < 0)
    return -EINVAL;
  sentry_mutex_lock (&self->lock);
  self->realtime_offset = realtime - host_now (CLOCK_REALTIME);
  if (self->own.usable)
    {
      SentryVdsoParams p = self->own;
      guint64 shown = p.monotonic_ns + extrapolate (&p, MIN (read_tsc () - p.base_tsc, p.max_tsc));

      self->realtime_less_monotonic = realtime - (gint64) shown;
      p.realtime_ns = p.monotonic_ns + self->realtime_less_monotonic;
      publish_locked (self, &p);
    }
  sentry_mutex_unlock (&self->lock);
  return 0;
}

static void
timekeeper_iface_init (SentryTimekeeperInterface *iface)
{
  iface->start = host_timekeeper_start;
  iface->now = host_timekeeper_now;
  iface->pause = host_timekeeper_pause;
  iface->resume = host_timekeeper_resume;
  iface->to_host = host_timekeeper_to_host;
  iface->set_realtime = host_timekeeper_set_realtime;
}

static void
sentry_host_timekeeper_class_init (SentryHostTimekeeperClass *klass)
{
}

/* The first sample is taken here: by the time the sandbox starts, the baseline is long enough for a
 * first rate. */
static void
sentry_host_timekeeper_init (SentryHostTimekeeper *self)
{
  sentry_mutex_init (&self->lock, SENTRY_LOCK_TIMEKEEPER);
  self->tsc_ok = host_tsc_is_trustworthy ();
  take_sample (&self->anchor);
  self->last = self->anchor;
  self->monotonic_offset = UPTIME_AT_START - self->anchor.monotonic;
  self->boottime_offset = UPTIME_AT_START - self->anchor.boottime;
  self->realtime_less_monotonic = self->anchor.realtime - UPTIME_AT_START;
}

SentryTimekeeper *
sentry_host_timekeeper_new (void)
{
  return SENTRY_TIMEKEEPER (g_object_new (SENTRY_TYPE_HOST_TIMEKEEPER, NULL));
}
