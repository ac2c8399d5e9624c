/* Which clock shows what. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "time/clock.h"

static gint64
pick (const SentryTimeNow *now, clockid_t clock)
{
  switch (clock)
    {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
      return now->realtime;
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
      return now->boottime;
    default:
      return now->monotonic;
    }
}

gint64
sentry_clock_now (SentryTimekeeper *tk, clockid_t clock)
{
  SentryTimeNow now;

  sentry_timekeeper_now (tk, &now);
  return pick (&now, clock);
}

gint64
sentry_clock_to_monotonic (SentryTimekeeper *tk, clockid_t clock, gint64 value)
{
  SentryTimeNow now;
  gint64 left;

  if (value == SENTRY_TIME_NEVER)
    return value;
  sentry_timekeeper_now (tk, &now);
  if (__builtin_sub_overflow (value, pick (&now, clock), &left))
    return value < 0 ? G_MININT64 : SENTRY_TIME_NEVER;
  if (__builtin_add_overflow (now.monotonic, left, &left))
    return left > 0 ? G_MININT64 : SENTRY_TIME_NEVER;
  return left;
}
