/* What the sandbox as a whole looks like: sysinfo(2), /proc/meminfo, /proc/loadavg.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "kernel/sentry-kernel.h"

G_BEGIN_DECLS

#define SENTRY_LOAD_SHIFT 11 /* fixed point of load averages, as Linux's FSHIFT */

typedef struct
{
  gint64 uptime_ns;                                                   /* boottime */
  guint64 total_memory, free_memory, available_memory, shared_memory; /* bytes */
  gulong load[3];
  guint n_tasks, n_running;
  gint32 last_pid;
  guint64 n_forks;
} SentrySysinfo;

/* Thread: any. */
void sentry_kernel_sysinfo (SentryKernel *k, SentrySysinfo *ret_info);

G_END_DECLS
