/* Descriptors of processes. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "kernel/task.h"

G_BEGIN_DECLS

/* A descriptor keeps its process's number and status readable, not the process: once it has been
 * reaped, calls say ESRCH. */
SentryFile *sentry_pidfd_new (SentryTask *task, SentryThreadGroup *group, guint32 flags);
/* NULL: not a pidfd.  Borrowed from the file. */
SentryThreadGroup *sentry_pidfd_group (SentryFile *f);
/* The leader, dead or alive; a reference, NULL once it has been reaped. */
SentryTask *sentry_thread_group_get_leader (SentryThreadGroup *group);
/* pidfd_open's search: 0 and a reference, -ESRCH, -ENOENT (not a leader). */
int sentry_task_find_group (SentryTask *viewer, gint32 pid, SentryThreadGroup **ret_group);
void sentry_thread_group_drop (SentryThreadGroup *group);

G_END_DECLS
