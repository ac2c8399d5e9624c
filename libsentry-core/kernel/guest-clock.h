/* Clock numbers as guests name them: the kernel's clocks, and CPU clocks of tasks and groups.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <time.h>
#include "kernel/task.h"

G_BEGIN_DECLS

typedef enum
{
  SENTRY_GUEST_CLOCK_KERNEL,
  SENTRY_GUEST_CLOCK_GROUP_CPU,
  SENTRY_GUEST_CLOCK_TASK_CPU,
} SentryGuestClockKind;

typedef enum
{
  SENTRY_CPU_CLOCK_PROF, /* user and system time */
  SENTRY_CPU_CLOCK_VIRT, /* user time */
  SENTRY_CPU_CLOCK_SCHED,
} SentryCpuClock;

typedef struct
{
  SentryGuestClockKind kind;
  clockid_t id;             /* KERNEL: the clock; others: as the guest named it */
  SentryCpuClock which;     /* of CPU clocks */
  SentryTask *task;         /* TASK_CPU: a reference */
  SentryThreadGroup *group; /* GROUP_CPU: a reference */
} SentryGuestClock;

/* 0 or -EINVAL.  `reading`: clock_gettime also finds one's own process under one's own thread's
 * number. */
int sentry_guest_clock_find (SentryTask *task, clockid_t id, gboolean reading,
                             SentryGuestClock *ret_clock);
void sentry_guest_clock_clear (SentryGuestClock *clock);
gint64 sentry_guest_clock_now (SentryKernel *k, const SentryGuestClock *clock);
/* Whose threads move it; NULL for the kernel's clocks. */
SentryThreadGroup *sentry_guest_clock_group (const SentryGuestClock *clock);

G_END_DECLS
