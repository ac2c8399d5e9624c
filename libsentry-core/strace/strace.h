/* Traces system calls and signals in strace(1)'s format. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "kernel/task.h"

G_BEGIN_DECLS

/* Once, before the first process.  `filter` as strace/filter.h says; lines go to `fd`, which stays
 * the caller's, one write each.  Not started, tracing costs the run loop one
 * comparison a call.  A task waits
 * while a line can't be written, as the tracee of an strace whose output nobody reads. */
gboolean sentry_strace_start (const char *filter, int fd, gboolean times, GError **error);
/* After the last task; writes the list of refused calls for "missing". */
void sentry_strace_stop (void);

/* What sentry_kernel_set_syscalls wants: the dispatcher, and the tracer's hooks if it was started.
 */
const SentrySyscallOps *sentry_strace_syscalls (void);

G_END_DECLS
