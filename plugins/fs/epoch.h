/* Freeing what walks without references may still be looking at.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A path walk over cached names takes no reference on the dentries, inodes and mounts that it
 * passes: it runs inside an epoch, and what is taken out of the tables meanwhile is freed only when
 * every walk that was in progress has ended (the idea of RCU, with counters as in Linux's SRCU,
 * because threads here may sleep anywhere).
 *
 * enter and leave cost one atomic add each, on a cache line that few threads share.  A reader may
 * not block for long: what is retired meanwhile waits for it.  Nests. */
typedef guint32 SentryFsEpoch;

SentryFsEpoch sentry_fs_epoch_enter (void);
/* Thread: the one that entered. */
void sentry_fs_epoch_leave (SentryFsEpoch epoch);

typedef struct SentryFsRetired
{
  struct SentryFsRetired *next;
  guint64 epoch;
  void (*free) (struct SentryFsRetired *self);
} SentryFsRetired;

/* No new reader can find the object any more.  `free` runs later, on any thread, with no lock held.
 * May be called under any lock. */
void sentry_fs_epoch_retire (SentryFsRetired *r, void (*free) (SentryFsRetired *self));
/* Frees what can be freed now: all of it, when no walk is in progress.  No lock may be held. */
void sentry_fs_epoch_reclaim (void);

G_END_DECLS
