/* Resource limits of a thread group. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/resource.h>
#include "base/sentry-lock.h"
#include "state/sentry-state.h"

G_BEGIN_DECLS

#define SENTRY_N_LIMITS 16
#define SENTRY_RLIM_INFINITY G_MAXUINT64

typedef struct
{
  guint64 soft, hard;
} SentryLimit;

/* One a thread group, copied by fork.  get is one atomic load of the soft value. */
typedef struct
{
  SentryMutex lock;                   /* CRED */
  SentryLimit limit[SENTRY_N_LIMITS]; /* m; soft also a */
} SentryLimits;

SENTRY_STATE_DECLARE (SentryLimits);

/* Linux's INIT_RLIMITS with what the sandbox changes (NOFILE 1024:1048576, NPROC by max_tasks). */
void sentry_limits_init (SentryLimits *limits);
void sentry_limits_copy (SentryLimits *dst, SentryLimits *src);
guint64 sentry_limits_get (SentryLimits *limits, int which);
SentryLimit sentry_limits_get_both (SentryLimits *limits, int which);
/* Swaps: *ret_old (may be NULL) is what was, set NULL only asks.  -EINVAL soft > hard, -EPERM
 * raising hard without `privileged` (CAP_SYS_RESOURCE). */
int sentry_limits_swap (SentryLimits *limits, int which, const SentryLimit *set,
                        gboolean privileged, SentryLimit *ret_old);
/* "nofile" → RLIMIT_NOFILE, -1 if unknown; and back, for --limit and /proc/PID/limits. */
int sentry_limit_from_name (const char *name);
const char *sentry_limit_name (int which);

G_END_DECLS
