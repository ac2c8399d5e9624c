/* The inside of the dentry cache. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dentry.h"

/* 512 KiB of pointers, touched as they are used. */
#define SENTRY_FS_N_BUCKETS (1u << 16)
#define SENTRY_FS_N_BUCKET_LOCKS 256

struct SentryFsDcache
{
  SentryFsDentry **buckets;                    /* a: chains; written under the bucket's lock */
  SentryMutex locks[SENTRY_FS_N_BUCKET_LOCKS]; /* DENTRY */
  guint64 key[4];                              /* I: random */

  SentryMutex move_lock; /* DENTRY_MOVE: parents and names */
  guint32 moves;         /* a: odd while one runs */

  SentryMutex clock_lock; /* AUX */
  SentryList clock;       /* m: every dentry, the next victim first */
  guint n;                /* a */
  guint max;              /* I: more than these and unused ones go */
};

SentryMutex *sentry_fs_dcache_bucket_lock (SentryFsDcache *cache, guint64 hash);
void sentry_fs_dcache_link_locked (SentryFsDcache *cache, SentryFsDentry *d);
void sentry_fs_dcache_unlink_locked (SentryFsDcache *cache, SentryFsDentry *d);

/* One reference, in no table and not on the clock.  Takes over `inode` also when it fails. */
SentryFsDentry *sentry_fs_dentry_alloc (SentryFsDcache *cache, SentryFsSuper *super,
                                        SentryFsDentry *parent, const char *name, gsize len,
                                        SentryInode *inode);
/* One that nobody has seen. */
void sentry_fs_dentry_discard (SentryFsDentry *d);
/* Puts it on the clock, and evicts others if there are too many. */
void sentry_fs_dcache_count (SentryFsDcache *cache, SentryFsDentry *d);
