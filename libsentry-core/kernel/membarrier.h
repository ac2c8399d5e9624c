/* membarrier(2): a memory barrier in every thread that shares memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "kernel/task.h"

G_BEGIN_DECLS

/* Every other task that runs guest code (`mm_only`: in the caller's memory) leaves it once before
 * this returns.  0 or -EINTR (the caller is being killed). */
int sentry_task_membarrier (SentryTask *task, gboolean mm_only);
/* MEMBARRIER_CMD_REGISTER_* that this process has done. */
guint32 sentry_task_membarrier_registered (SentryTask *task);
void sentry_task_membarrier_register (SentryTask *task, guint32 command);

G_END_DECLS
