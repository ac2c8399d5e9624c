/* Traces system calls and signals in strace(1)'s format. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "kernel/task.h"

G_BEGIN_DECLS

/* Once, before the first process.  `filter` as strace/filter.h says; lines go to `fd`, which stays
 * the caller's, one write each.  Not started, tracing costs one comparison a call.  A task waits
 * while a line can't be written, as the tracee of an strace whose output nobody reads. */
gboolean sentry_strace_start (const char *filter, int fd, gboolean times, GError **error);
/* After the last task; writes the list of refused calls for "missing". */
void sentry_strace_stop (void);

/* For the run loop; called on the task's own thread with no lock held. */
void sentry_strace_enter (SentryTask *task, SentrySyscallAbi abi, guint64 nr,
                          const SentrySyscallArgs *args);
void sentry_strace_leave (SentryTask *task, SentrySyscallAbi abi, guint64 nr,
                          const SentrySyscallArgs *args, gint64 result);
void sentry_strace_signal (SentryTask *task, const siginfo_t *info);
void sentry_strace_exited (SentryTask *task, int wait_status, gboolean group);

G_END_DECLS
