/* One POSIX timer. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kernel/group-timers.h"
#include "kernel/task-private.h"

G_BEGIN_DECLS

/* Life: in its group's table from create to delete. */
typedef struct
{
  SentryGroupTimers *timers;     /* I */
  int id;                        /* I */
  SentryPosixTimerConfig config; /* I: owns the clock's task */
  SentryUserCount *user;         /* I: whose RLIMIT_SIGPENDING it counts against */
  /* A relative setting on the realtime clock isn't moved by clock_settime: it runs on the monotonic
   * one. */
  SentryTimer steady, realtime;
  SentryCpuTimer cpu;
  clockid_t clock; /* m GROUP_TIMER as what follows: that the deadline is on */
  gint64 deadline; /* NEVER: not armed */
  gint64 interval;
  gboolean waiting; /* its signal has been sent and not been taken */
  gint64 overrun, overrun_last;
} SentryPosixTimer;
SENTRY_STATE_DECLARE (SentryPosixTimer);

G_END_DECLS
