/* What a sandbox process still says when it crashes. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <signal.h>

G_BEGIN_DECLS

/* Installs handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT and SIGSYS (a host system call
 * that the filter refused): one `sentry: sandbox: …` line, then the process ends with `status`,
 * which takes the guests along. */
void sentry_crash_report_start (int status);

/* Asked first, in the handler, about SIGSEGV and SIGBUS: TRUE when the fault was expected and
 * `context` (a ucontext_t) now goes on somewhere else.  For copies from mapped files that others
 * can truncate.  Async-signal-safe.  Up to 4. */
typedef gboolean (*SentryFaultFixup) (int signo, const siginfo_t *info, gpointer context);
void sentry_crash_report_add_fixup (SentryFaultFixup fixup);

/* Called after the line was written, to add more: async-signal-safe. */
void sentry_crash_report_set_details (void (*details) (void));

G_END_DECLS
