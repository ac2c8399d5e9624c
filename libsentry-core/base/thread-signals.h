/* Which host signals the sentry's threads leave open. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <signal.h>

/* Everything is for the main thread, except what a thread does to itself: a fault, or a refused
 * host call (SIGSYS), must reach the crash report, and the host kills a process whose own fault is
 * blocked. */
static inline void
sentry_thread_signals (sigset_t *ret_blocked)
{
  static const int open[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS };

  sigfillset (ret_blocked);
  for (unsigned i = 0; i < sizeof open / sizeof open[0]; i++)
    sigdelset (ret_blocked, open[i]);
}
