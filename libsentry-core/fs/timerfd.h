/* timerfd: a timer that is read. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "iface/sentry-file.h"
#include "time/clock.h"

G_BEGIN_DECLS

/* `clock`: REALTIME, MONOTONIC or BOOTTIME (alarm clocks as those they follow).  NULL: out of
 * memory. */
SentryFile *sentry_timerfd_new (SentryCred *cred, SentryTimerWheel *wheel, clockid_t clock,
                                guint32 open_flags);
gboolean sentry_file_is_timerfd (SentryFile *f);
/* ns; deadline SENTRY_TIME_NEVER disarms.  The old setting: remaining 0 when it was disarmed. */
void sentry_timerfd_set (SentryFile *f, gint64 deadline, gint64 period, gint64 *ret_remaining,
                         gint64 *ret_period);
void sentry_timerfd_get (SentryFile *f, gint64 *ret_remaining, gint64 *ret_period);
clockid_t sentry_timerfd_clock (SentryFile *f);

G_END_DECLS
