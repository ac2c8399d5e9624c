/* How signals are saved. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#define UNBLOCKABLE (SENTRY_SIGMASK (SIGKILL) | SENTRY_SIGMASK (SIGSTOP))

static gboolean
bad (GError **error, const char *what)
{
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "signals: %s", what);
  return FALSE;
}

static gboolean
handlers_post_load (gpointer object, gpointer context, GError **error)
{
  SentrySignalHandlers *h = object;

  for (int sig = 1; sig <= SENTRY_NSIG; sig++)
    if ((SENTRY_SIGMASK (sig) & UNBLOCKABLE) && h->action[sig - 1].handler != SENTRY_SIG_DFL)
      return bad (error, "a handler for a signal that can't have one");
  return TRUE;
}

static gboolean
queued_post_load (gpointer object, gpointer context, GError **error)
{
  SentryQueuedSignal *q = object;

  if (q->info.si_signo < 1 || q->info.si_signo > SENTRY_NSIG
      || (q->user == NULL && q->info.si_code != SI_TIMER))
    return bad (error, "a queued one without number or owner");
  return TRUE;
}

SENTRY_STATE_TABLE (SentrySigaction, "sigaction", 1, SENTRY_STATE_U64 (SentrySigaction, handler),
                    SENTRY_STATE_U64 (SentrySigaction, flags),
                    SENTRY_STATE_U64 (SentrySigaction, restorer),
                    SENTRY_STATE_U64 (SentrySigaction, mask));

SENTRY_STATE_TABLE_WITH (SentrySignalHandlers, "signal-handlers", 1,
                         (.post_load = handlers_post_load),
                         SENTRY_STATE_REFCOUNT (SentrySignalHandlers, ref),
                         SENTRY_STATE_MUTEX (SentrySignalHandlers, lock, SENTRY_LOCK_SIGHAND),
                         SENTRY_STATE_STRUCT (SentrySignalHandlers, action, SentrySigaction));

SENTRY_STATE_TABLE (SentryUserCount, "user-count", 1, SENTRY_STATE_U32 (SentryUserCount, uid),
                    SENTRY_STATE_U32 (SentryUserCount, n_processes),
                    SENTRY_STATE_U32 (SentryUserCount, n_signals));

SENTRY_STATE_TABLE_WITH (SentryQueuedSignal, "queued-signal", 1, (.post_load = queued_post_load),
                         SENTRY_STATE_LINK (SentryQueuedSignal, link),
                         SENTRY_STATE_BYTES (SentryQueuedSignal, info),
                         SENTRY_STATE_WEAK_REF (SentryQueuedSignal, user, SentryUserCount));

SENTRY_STATE_TABLE (SentryPendingSignals, "pending-signals", 1,
                    SENTRY_STATE_U64 (SentryPendingSignals, set),
                    SENTRY_STATE_LIST (SentryPendingSignals, queue, SentryQueuedSignal, link));

SENTRY_STATE_TABLE (SentryAltStack, "alternate-stack", 1, SENTRY_STATE_U64 (SentryAltStack, sp),
                    SENTRY_STATE_I32 (SentryAltStack, flags),
                    SENTRY_STATE_SKIP (SentryAltStack, pad, "the guest's copy has it"),
                    SENTRY_STATE_U64 (SentryAltStack, size));
