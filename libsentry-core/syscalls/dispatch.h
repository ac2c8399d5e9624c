/* The way from a trapped system call to its handler. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kernel/task.h"

G_BEGIN_DECLS

/* Runs the handler that the table names.  The result is what rax gets, or one of
 * base/sentry-errno.h's; -ENOSYS for numbers outside the table (x32's among them) and for the
 * 32-bit entry.  Thread: the task's own. */
gint64 sentry_syscall_dispatch (SentryTask *task, SentrySyscallAbi abi, guint64 nr,
                                const SentrySyscallArgs *args);

G_END_DECLS
