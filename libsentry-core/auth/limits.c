/* Resource limits. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "auth/sentry-limits.h"

#include <errno.h>
#include <string.h>

static gboolean
limits_post_load (gpointer object, gpointer context, GError **error)
{
  SentryLimits *limits = object;

  for (guint i = 0; i < SENTRY_N_LIMITS; i++)
    if (limits->limit[i].soft > limits->limit[i].hard)
      {
        g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT,
                     "limits: soft above hard");
        return FALSE;
      }
  return TRUE;
}

SENTRY_STATE_TABLE_WITH (SentryLimits, "limits", 1, (.post_load = limits_post_load),
                         SENTRY_STATE_MUTEX (SentryLimits, lock, SENTRY_LOCK_CRED),
                         SENTRY_STATE_BYTES (SentryLimits, limit));

#define INF SENTRY_RLIM_INFINITY

/* include/asm-generic/resource.h, with systemd-like room for descriptors. */
static const SentryLimit initial[SENTRY_N_LIMITS] = {
  [RLIMIT_CPU] = { INF, INF },
  [RLIMIT_FSIZE] = { INF, INF },
  [RLIMIT_DATA] = { INF, INF },
  [RLIMIT_STACK] = { 8 << 20, INF },
  [RLIMIT_CORE] = { 0, INF },
  [RLIMIT_RSS] = { INF, INF },
  [RLIMIT_NPROC] = { 32768, 32768 },
  [RLIMIT_NOFILE] = { 1024, 1048576 },
  [RLIMIT_MEMLOCK] = { 8 << 20, 8 << 20 },
  [RLIMIT_AS] = { INF, INF },
  [RLIMIT_LOCKS] = { INF, INF },
  [RLIMIT_SIGPENDING] = { 32768, 32768 },
  [RLIMIT_MSGQUEUE] = { 819200, 819200 },
  [RLIMIT_NICE] = { 0, 0 },
  [RLIMIT_RTPRIO] = { 0, 0 },
  [RLIMIT_RTTIME] = { INF, INF },
};

static const char *const names[SENTRY_N_LIMITS] = {
  [RLIMIT_CPU] = "cpu",           [RLIMIT_FSIZE] = "fsize",
  [RLIMIT_DATA] = "data",         [RLIMIT_STACK] = "stack",
  [RLIMIT_CORE] = "core",         [RLIMIT_RSS] = "rss",
  [RLIMIT_NPROC] = "nproc",       [RLIMIT_NOFILE] = "nofile",
  [RLIMIT_MEMLOCK] = "memlock",   [RLIMIT_AS] = "as",
  [RLIMIT_LOCKS] = "locks",       [RLIMIT_SIGPENDING] = "sigpending",
  [RLIMIT_MSGQUEUE] = "msgqueue", [RLIMIT_NICE] = "nice",
  [RLIMIT_RTPRIO] = "rtprio",     [RLIMIT_RTTIME] = "rttime",
};

void
sentry_limits_init (SentryLimits *limits)
{
  sentry_mutex_init (&limits->lock, SENTRY_LOCK_CRED);
  memcpy (limits->limit, initial, sizeof initial);
}

void
sentry_limits_copy (SentryLimits *dst, SentryLimits *src)
{
  sentry_mutex_init (&dst->lock, SENTRY_LOCK_CRED);
  sentry_mutex_lock (&src->lock);
  memcpy (dst->limit, src->limit, sizeof dst->limit);
  sentry_mutex_unlock (&src->lock);
}

guint64
sentry_limits_get (SentryLimits *limits, int which)
{
  return __atomic_load_n (&limits->limit[which].soft, __ATOMIC_RELAXED);
}

SentryLimit
sentry_limits_get_both (SentryLimits *limits, int which)
{
  SentryLimit l;

  sentry_mutex_lock (&limits->lock);
  l = limits->limit[which];
  sentry_mutex_unlock (&limits->lock);
  return l;
}

int
sentry_limits_swap (SentryLimits *limits, int which, const SentryLimit *set, gboolean privileged,
                    SentryLimit *ret_old)
{
  SentryLimit *l = &limits->limit[which];
  SentryLimit old;
  int r = 0;

  if (set != NULL && set->soft > set->hard)
    return -EINVAL;
  if (set != NULL && which == RLIMIT_NOFILE && set->hard > 1048576)
    return -EPERM;
  sentry_mutex_lock (&limits->lock);
  old = *l;
  if (set != NULL && set->hard > old.hard && !privileged)
    r = -EPERM;
  else if (set != NULL)
    {
      __atomic_store_n (&l->soft, set->soft, __ATOMIC_RELAXED);
      l->hard = set->hard;
    }
  sentry_mutex_unlock (&limits->lock);
  if (r == 0 && ret_old != NULL)
    *ret_old = old;
  return r;
}

int
sentry_limit_from_name (const char *name)
{
  for (int i = 0; i < SENTRY_N_LIMITS; i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      return i;
  return -1;
}

const char *
sentry_limit_name (int which)
{
  return names[which];
}
