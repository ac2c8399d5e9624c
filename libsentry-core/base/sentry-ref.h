/* An atomic reference count that no guest can wrap. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint count; /* a */
} SentryRef;

static inline void
sentry_ref_init (SentryRef *r)
{
  __atomic_store_n (&r->count, 1, __ATOMIC_RELAXED);
}

static inline void
sentry_ref_get (SentryRef *r)
{
  guint old = __atomic_fetch_add (&r->count, 1, __ATOMIC_RELAXED);
  g_assert (old > 0 && old < G_MAXINT);
}

/* For caches: takes a reference unless the last one is already gone. */
static inline gboolean
sentry_ref_try_get (SentryRef *r)
{
  guint old = __atomic_load_n (&r->count, __ATOMIC_RELAXED);
  while (old > 0)
    if (__atomic_compare_exchange_n (&r->count, &old, old + 1, TRUE, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
      return TRUE;
  return FALSE;
}

/* TRUE for the one caller that dropped the last reference. */
static inline gboolean
sentry_ref_put (SentryRef *r)
{
  /* Acquire is for the last one; a fence would do it for that one alone, but x86 asks no price, and
   * ThreadSanitizer knows no fences. */
  guint old = __atomic_fetch_sub (&r->count, 1, __ATOMIC_ACQ_REL);
  g_assert (old > 0);
  return old == 1;
}

G_END_DECLS
