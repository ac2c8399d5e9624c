/* How timers are saved. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/sentry-state.h"
#include "time/clock.h"

static gboolean
timer_post_load (gpointer object, gpointer context, GError **error)
{
  const SentryTimer *t = object;

  if (t->deadline >= 0 && t->period >= 0
      && (t->clock == CLOCK_REALTIME || t->clock == CLOCK_MONOTONIC || t->clock == CLOCK_BOOTTIME))
    return TRUE;
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT,
               "timer: a clock or a time that it can't have");
  return FALSE;
}

/* The embedding object calls sentry_timer_init and sets the deadline anew. */
SENTRY_STATE_TABLE_WITH (
    SentryTimer, "timer", 1, (.post_load = timer_post_load),
    SENTRY_STATE_SKIP (SentryTimer, wheel, "armed again on the new wheel"),
    SENTRY_STATE_SKIP (SentryTimer, expire, "set by the object it lies in"),
    SENTRY_STATE_SKIP (SentryTimer, data, "set by the object it lies in"),
    SENTRY_STATE_I32 (SentryTimer, clock), SENTRY_STATE_I64 (SentryTimer, deadline),
    SENTRY_STATE_SKIP (SentryTimer, key, "follows from the deadline"),
    SENTRY_STATE_I64 (SentryTimer, period),
    SENTRY_STATE_SKIP (SentryTimer, heap_index, "armed again on the new wheel"),
    SENTRY_STATE_SKIP (SentryTimer, running, "nothing runs in a paused kernel"));
