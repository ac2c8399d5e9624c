/* Kernel-internal error numbers: results that never reach a guest.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>

/* Linux's own numbers (include/linux/errno.h), translated in one place: kernel/task-restart.c. */
#define SENTRY_ERESTARTSYS 512           /* restart if SA_RESTART or no handler, else EINTR */
#define SENTRY_ERESTARTNOINTR 513        /* always restart */
#define SENTRY_ERESTARTNOHAND 514        /* restart if no handler runs, else EINTR */
#define SENTRY_ERESTART_RESTARTBLOCK 516 /* as NOHAND, but restart through restart_syscall */

/* Ours.  A blocked call returns it unchanged, at once, from any depth: the run loop parks the task
 * (pause, save, or the stack-discarding debug mode) and later calls the same handler again with the
 * same arguments. Whatever the handler must remember between lies in the task's SentryCallState,
 * never on its stack. */
#define SENTRY_EPAUSE 530
/* Ours.  The handler replaced the whole register file (execve, rt_sigreturn): leave rax alone. */
#define SENTRY_ENORETURN 531
