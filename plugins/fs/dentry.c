/* The dentry cache's table: finding, adding and removing names.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dentry.h"

#include <string.h>
#include <sys/random.h>

#include "base/sentry-charge.h"
#include "dentry-private.h"

/* A reader that a move has carried into another chain, again and again, gives up. */
#define MAX_CHAIN 4096

static inline guint64
fold (guint64 a, guint64 b)
{
  unsigned __int128 product = (unsigned __int128) a * b;

  return (guint64) product ^ (guint64) (product >> 64);
}

guint64
sentry_fs_dcache_hash (SentryFsDcache *cache, SentryFsDentry *parent, const char *name, gsize len)
{
  guint64 h = fold ((guintptr) parent ^ cache->key[0], cache->key[1] ^ len);
  guint64 word;

  for (; len >= 8; len -= 8, name += 8)
    {
      memcpy (&word, name, 8);
      h = fold (h ^ word, cache->key[2]);
    }
  word = 0;
  memcpy (&word, name, len);
  return fold (h ^ word, cache->key[3]);
}

static inline SentryFsDentry **
bucket_of (SentryFsDcache *cache, guint64 hash)
{
  return &cache->buckets[hash & (SENTRY_FS_N_BUCKETS - 1)];
}

SentryMutex *
sentry_fs_dcache_bucket_lock (SentryFsDcache *cache, guint64 hash)
{
  return &cache->locks[hash & (SENTRY_FS_N_BUCKET_LOCKS - 1)];
}

static gboolean
has_name (SentryFsDentry *d, SentryFsDentry *parent, const char *name, gsize len, guint64 hash)
{
  SentryFsName *n;

  if (__atomic_load_n (&d->hash, __ATOMIC_ACQUIRE) != hash
      || __atomic_load_n (&d->parent, __ATOMIC_ACQUIRE) != parent)
    return FALSE;
  n = __atomic_load_n (&d->name, __ATOMIC_ACQUIRE);
  return n->len == len && memcmp (n->bytes, name, len) == 0;
}

static inline void
mark_referenced (SentryFsDentry *d)
{
  if (!(__atomic_load_n (&d->flags, __ATOMIC_RELAXED) & SENTRY_FS_DENTRY_REFERENCED))
    __atomic_fetch_or (&d->flags, SENTRY_FS_DENTRY_REFERENCED, __ATOMIC_RELAXED);
}

SentryFsDentry *
sentry_fs_dcache_peek (SentryFsDcache *cache, SentryFsDentry *parent, const char *name, gsize len,
                       guint64 hash)
{
  SentryFsDentry *d = __atomic_load_n (bucket_of (cache, hash), __ATOMIC_ACQUIRE);

  for (guint steps = 0; d != NULL && steps < MAX_CHAIN; steps++)
    {
      guint32 seq = __atomic_load_n (&d->seq, __ATOMIC_ACQUIRE);

      if (!(seq & 1) && has_name (d, parent, name, len, hash))
        {
          /* One that is being evicted (no references) may have had a successor that was removed. */
          if (__atomic_load_n (&d->pub.ref.count, __ATOMIC_ACQUIRE) == 0
              || __atomic_load_n (&d->seq, __ATOMIC_RELAXED) != seq)
            return NULL;
          mark_referenced (d);
          return d;
        }
      d = __atomic_load_n (&d->next, __ATOMIC_ACQUIRE);
    }
  return NULL;
}

static SentryFsDentry *
find_locked (SentryFsDcache *cache, SentryFsDentry *parent, const char *name, gsize len,
             guint64 hash)
{
  for (SentryFsDentry *d = *bucket_of (cache, hash); d != NULL; d = d->next)
    if (has_name (d, parent, name, len, hash) && sentry_ref_try_get (&d->pub.ref))
      return d;
  return NULL;
}

SentryFsDentry *
sentry_fs_dcache_get (SentryFsDcache *cache, SentryFsDentry *parent, const char *name, gsize len,
                      guint64 hash)
{
  SentryMutex *lock = sentry_fs_dcache_bucket_lock (cache, hash);
  SentryFsDentry *d;

  sentry_mutex_lock (lock);
  d = find_locked (cache, parent, name, len, hash);
  sentry_mutex_unlock (lock);
  if (d != NULL)
    mark_referenced (d);
  return d;
}

void
sentry_fs_dcache_link_locked (SentryFsDcache *cache, SentryFsDentry *d)
{
  SentryFsDentry **bucket = bucket_of (cache, d->hash);

  __atomic_store_n (&d->next, *bucket, __ATOMIC_RELEASE);
  __atomic_store_n (bucket, d, __ATOMIC_RELEASE);
}

/* Its own `next` stays: a walk that stands on it goes on. */
void
sentry_fs_dcache_unlink_locked (SentryFsDcache *cache, SentryFsDentry *d)
{
  SentryFsDentry **at = bucket_of (cache, d->hash);

  while (*at != d)
    at = &(*at)->next;
  __atomic_store_n (at, d->next, __ATOMIC_RELEASE);
}

void
sentry_fs_dentry_set_flags (SentryFsDentry *d, guint32 flags)
{
  __atomic_fetch_or (&d->flags, flags, __ATOMIC_ACQ_REL);
}

/* Under the bucket's lock.  TRUE: the caller now owns the table's reference. */
static gboolean
unhash_locked (SentryFsDentry *d)
{
  if (sentry_fs_dentry_flags (d) & SENTRY_FS_DENTRY_UNHASHED)
    return FALSE;
  sentry_fs_dcache_unlink_locked (d->cache, d);
  sentry_fs_dentry_set_flags (d, SENTRY_FS_DENTRY_UNHASHED);
  return TRUE;
}

void
sentry_fs_dcache_remove (SentryFsDentry *d)
{
  SentryMutex *lock;
  gboolean removed, again;

  do
    {
      guint64 hash = __atomic_load_n (&d->hash, __ATOMIC_ACQUIRE);

      lock = sentry_fs_dcache_bucket_lock (d->cache, hash);
      sentry_mutex_lock (lock);
      again = d->hash != hash; /* it moved before we had the lock */
      removed = !again && unhash_locked (d);
      sentry_mutex_unlock (lock);
    }
  while (again);
  if (removed)
    sentry_fs_dentry_unref (d);
}

SentryFsDentry *
sentry_fs_dcache_add (SentryFsDcache *cache, SentryFsDentry *parent, const char *name, gsize len,
                      SentryInode *inode)
{
  guint64 hash = sentry_fs_dcache_hash (cache, parent, name, len);
  SentryMutex *lock = sentry_fs_dcache_bucket_lock (cache, hash);
  SentryFsDentry *d = sentry_fs_dentry_alloc (cache, parent->super, parent, name, len, inode);
  SentryFsDentry *old, *replaced = NULL;

  if (d == NULL)
    return NULL;
  d->hash = hash;
  sentry_mutex_lock (lock);
  old = find_locked (cache, parent, name, len, hash);
  if (old != NULL && old->pub.inode == NULL && inode != NULL)
    {
      if (unhash_locked (old))
        replaced = old;
      sentry_fs_dentry_unref (old); /* the table's reference, or ours: not the last */
      old = NULL;
    }
  if (old == NULL)
    {
      sentry_ref_get (&d->pub.ref); /* the table's */
      sentry_fs_dcache_link_locked (cache, d);
    }
  sentry_mutex_unlock (lock);
  if (replaced != NULL)
    sentry_fs_dentry_unref (replaced);
  if (old != NULL)
    {
      sentry_fs_dentry_discard (d);
      return old;
    }
  sentry_fs_dcache_count (cache, d);
  return d;
}

SentryFsDentry *
sentry_fs_dcache_new_unhashed (SentryFsDcache *cache, SentryFsSuper *super, SentryFsDentry *parent,
                               const char *name, SentryInode *inode)
{
  SentryFsDentry *d = sentry_fs_dentry_alloc (cache, super, parent, name, strlen (name), inode);

  if (d == NULL)
    return NULL;
  d->flags = SENTRY_FS_DENTRY_UNHASHED;
  sentry_fs_dcache_count (cache, d);
  return d;
}

SentryFsDcache *
sentry_fs_dcache_new (guint max_unused)
{
  SentryFsDcache *cache = g_new0 (SentryFsDcache, 1);

  cache->buckets = g_new0 (SentryFsDentry *, SENTRY_FS_N_BUCKETS);
  cache->max = max_unused;
  for (guint i = 0; i < SENTRY_FS_N_BUCKET_LOCKS; i++)
    sentry_mutex_init (&cache->locks[i], SENTRY_LOCK_DENTRY);
  sentry_mutex_init (&cache->move_lock, SENTRY_LOCK_DENTRY_MOVE);
  sentry_mutex_init (&cache->clock_lock, SENTRY_LOCK_AUX);
  sentry_list_init (&cache->clock);
  if (getrandom (cache->key, sizeof cache->key, 0) != sizeof cache->key)
    g_error ("getrandom: %s", g_strerror (errno));
  for (guint i = 0; i < G_N_ELEMENTS (cache->key); i++)
    cache->key[i] |= 1;
  return cache;
}

void
sentry_fs_dcache_free (SentryFsDcache *cache)
{
  sentry_fs_epoch_reclaim ();
  g_assert (sentry_list_is_empty (&cache->clock));
  g_free (cache->buckets);
  g_free (cache);
}
