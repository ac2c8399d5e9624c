/* The kernel's clocks and the timers that run on them. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <time.h>
#include "base/sentry-lock.h"
#include "iface/sentry-timekeeper.h"

G_BEGIN_DECLS

#define SENTRY_NSEC_PER_SEC G_GINT64_CONSTANT (1000000000)
#define SENTRY_TIME_NEVER G_MAXINT64

/* All timers of one kernel: a heap of deadlines and one thread that sleeps until the earliest.
 * Nothing runs while none is armed. */
typedef struct SentryTimerWheel SentryTimerWheel;
typedef struct SentryTimer SentryTimer;

SentryTimerWheel *sentry_timer_wheel_new (SentryTimekeeper *tk);
void sentry_timer_wheel_free (SentryTimerWheel *w);
/* Stops expiry until resume; as monotonic time stands still meanwhile, deadlines on it move along.
 * Nests. */
void sentry_timer_wheel_pause (SentryTimerWheel *w);
void sentry_timer_wheel_resume (SentryTimerWheel *w);

/* CLOCK_REALTIME was set: timers on it expire by its new value. */
void sentry_timer_wheel_realtime_changed (SentryTimerWheel *w);
SentryTimekeeper *sentry_timer_wheel_timekeeper (SentryTimerWheel *w);

/* ns of CLOCK_REALTIME, MONOTONIC, BOOTTIME (and their COARSE, RAW, TAI kin); CPU clocks are the
 * kernel's. */
gint64 sentry_clock_now (SentryTimekeeper *tk, clockid_t clock);
/* The time when `clock` shows `value` (REALTIME, MONOTONIC, BOOTTIME and kin), on the monotonic
 * clock, as things stand now. */
gint64 sentry_clock_to_monotonic (SentryTimekeeper *tk, clockid_t clock, gint64 value);

/* `expire` is called on the wheel's thread with no lock held: it may wake, send signals, re-arm.
 * `overruns` >= 1 is the number of periods that have passed since the last call. */
typedef void (*SentryTimerFunc) (SentryTimer *timer, guint64 overruns, gpointer data);

struct SentryTimer
{
  SentryTimerWheel *wheel; /* I */
  SentryTimerFunc expire;  /* I */
  gpointer data;           /* I */
  clockid_t clock;         /* I: REALTIME, MONOTONIC or BOOTTIME */
  gint64 deadline;         /* m: wheel lock; in clock's ns; SENTRY_TIME_NEVER disarmed */
  gint64 key;              /* m: the same on the monotonic clock */
  gint64 period;           /* m: 0 one shot */
  guint heap_index;        /* m: 0 not queued */
  gboolean running;        /* m: expire is being called */
};

void sentry_timer_init (SentryTimer *t, SentryTimerWheel *wheel, clockid_t clock,
                        SentryTimerFunc expire, gpointer data);
/* Swaps the setting; *ret_remaining (0: was disarmed; at least 1 when armed) and *ret_period of the
 * old one may be NULL. */
void sentry_timer_set (SentryTimer *t, gint64 deadline, gint64 period, gint64 *ret_remaining,
                       gint64 *ret_period);
void sentry_timer_get (SentryTimer *t, gint64 *ret_remaining, gint64 *ret_period);
/* Disarms and waits for a running expire to end (not from within expire). */
void sentry_timer_cancel_sync (SentryTimer *t);

/* The default timekeeper: the host's clocks, read by the TSC where that is trustworthy. Monotonic
 * and boot time start at one second, as on a machine that has just booted; realtime is the host's.
 */
#define SENTRY_TYPE_HOST_TIMEKEEPER (sentry_host_timekeeper_get_type ())
G_DECLARE_FINAL_TYPE (SentryHostTimekeeper, sentry_host_timekeeper, SENTRY, HOST_TIMEKEEPER,
                      GObject)
SentryTimekeeper *sentry_host_timekeeper_new (void);

G_END_DECLS
