/* Keeps each guest thread and its sentry thread on one CPU, and the CPUs evenly busy.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/sentry-list.h"
#include "base/sentry-lock.h"

#include <sys/types.h>

G_BEGIN_DECLS

/* Why.  A guest thread and the sentry thread that answers it never run at the same time, and hand
 * over thousands of times a second.  On one CPU that costs a context switch; across two a wake-up
 * of an idle CPU, ten times as much, and the host's scheduler prefers to spread.  So a pair has one
 * home CPU, both threads pinned to it.
 *
 * What pinning takes away, the balancer gives back.  A pair starts where its creator runs, unless
 * it's crowded there and another CPU has nothing to do.  While any pair is busy, a thread looks
 * every few milliseconds for pairs that could have run all the time but didn't get the CPU, whoever
 * had it, and moves them to the CPU where pairs use least.  Pairs that sleep now and then, as two
 * that talk through a pipe do, are left together: for them the hand-over counts.  When all pairs
 * sleep so does the balancer. */
typedef struct SentryHostPlacement SentryHostPlacement;

#define SENTRY_HOST_BUSY 1u

typedef struct
{
  SentryList link;     /* m */
  pid_t tracer, guest; /* m: thread and process */
  guint32 place;       /* a: SENTRY_HOST_BUSY and, above it, home CPU + 1; 0 = not pinned */
  guint n_sleeps;      /* a */
  /* Of the balancer, m: as of its last look. */
  guint seen_sleeps;
  gint64 seen_time, seen_used, moved_time;
  guint waited; /* looks in a row at which it had waited */
} SentryHostPair;

SentryHostPlacement *sentry_host_placement_new (void);
/* No pair is left. */
void sentry_host_placement_free (SentryHostPlacement *p);

/* The calling thread and `guest` become a pair, busy.  If the thread already has one with this
 * SentryHostPair, the new guest takes the old one's place (exec). */
void sentry_host_placement_join (SentryHostPlacement *p, SentryHostPair *pair, pid_t guest);
/* Before the guest's number can be reused. */
void sentry_host_placement_leave (SentryHostPlacement *p, SentryHostPair *pair);
/* The pair goes to sleep (TRUE) or has woken. */
void sentry_host_placement_idle (SentryHostPlacement *p, SentryHostPair *pair, gboolean idle);
/* Puts a process that waits for work where the calling thread runs. */
void sentry_host_placement_fetch (SentryHostPlacement *p, pid_t guest);
/* For threads that belong to no pair but were started by one: any CPU again. */
void sentry_host_placement_unpin (SentryHostPlacement *p);

G_END_DECLS
