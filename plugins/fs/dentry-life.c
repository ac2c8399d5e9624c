/* Lives of dentries: allocation, the last reference, the clock that evicts unused ones, moves.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/sentry-charge.h"
#include "dentry-private.h"

/* How many the clock's hand passes for one that is added: enough to keep up, few enough to be
 * cheap. */
#define EVICT_SCAN 8
#define EVICT_BATCH 128

static gsize
cost (const SentryFsDentry *d, gsize name_len)
{
  return sizeof *d + sizeof (SentryFsName) + name_len + 1;
}

static void
fill_name (SentryFsName *n, const char *name, gsize len, gboolean separate)
{
  n->len = len;
  n->separate = separate;
  memcpy (n->bytes, name, len);
  n->bytes[len] = '\0';
}

static void
free_retired_name (SentryFsRetired *r)
{
  sentry_fs_name_free (SENTRY_CONTAINER (r, SentryFsName, retired));
}

SentryFsName *
sentry_fs_name_new (const char *name, gsize len)
{
  SentryFsName *n;

  if (!sentry_charge (sizeof *n + len + 1))
    return NULL;
  n = g_try_malloc (sizeof *n + len + 1);
  if (n == NULL)
    sentry_uncharge (sizeof *n + len + 1);
  else
    fill_name (n, name, len, TRUE);
  return n;
}

void
sentry_fs_name_free (SentryFsName *n)
{
  if (n == NULL)
    return;
  sentry_uncharge (sizeof *n + n->len + 1);
  g_free (n);
}

/* The name that was allocated with the dentry. */
static SentryFsName *
own_name (SentryFsDentry *d)
{
  return (SentryFsName *) (d + 1);
}

static void
free_retired (SentryFsRetired *r)
{
  SentryFsDentry *d = SENTRY_CONTAINER (r, SentryFsDentry, retired);

  if (d->name->separate)
    sentry_fs_name_free (d->name);
  sentry_uncharge (cost (d, own_name (d)->len));
  sentry_inode_unref (d->pub.inode);
  sentry_super_block_unref (d->sb);
  g_free (d->link);
  g_free (d);
}

/* Nobody can reach it but walks in this epoch.  Parents may lose their last user with it, in a loop
 * and not by recursion: trees are as deep as the guest likes. */
static void
dentry_release (SentryDentry *pub)
{
  SentryFsDentry *d = (SentryFsDentry *) pub;

  while (d != NULL)
    {
      SentryFsDentry *parent = d->parent;
      SentryFsDcache *cache = d->cache;

      sentry_mutex_lock (&cache->clock_lock);
      sentry_list_remove (&d->clock);
      sentry_mutex_unlock (&cache->clock_lock);
      __atomic_fetch_sub (&cache->n, 1, __ATOMIC_RELAXED);
      sentry_fs_epoch_retire (&d->retired, free_retired);
      d = parent != NULL && sentry_ref_put (&parent->pub.ref) ? parent : NULL;
    }
}

static guint evict_some (SentryFsDcache *cache, guint scan, guint max_evicted);

SentryFsDentry *
sentry_fs_dentry_alloc (SentryFsDcache *cache, SentryFsSuper *super, SentryFsDentry *parent,
                        const char *name, gsize len, SentryInode *inode)
{
  SentryFsDentry *d = NULL;
  gsize size = cost (d, len);

  if (sentry_charge (size)
      || (evict_some (cache, 2 * EVICT_BATCH, EVICT_BATCH) > 0 && sentry_charge (size)))
    {
      d = g_try_malloc0 (size);
      if (d == NULL)
        sentry_uncharge (size);
    }
  if (d == NULL)
    {
      sentry_inode_unref (inode);
      return NULL;
    }
  d->pub.release = dentry_release;
  d->pub.inode = inode;
  sentry_ref_init (&d->pub.ref);
  d->cache = cache;
  d->super = super;
  d->parent = parent == NULL ? NULL : sentry_fs_dentry_ref (parent);
  d->name = own_name (d);
  fill_name (d->name, name, len, FALSE);
  return d;
}

void
sentry_fs_dentry_discard (SentryFsDentry *d)
{
  sentry_fs_dentry_unref (d->parent);
  /* Later: the inode may have no other user, and the caller holds a lock. */
  sentry_fs_epoch_retire (&d->retired, free_retired);
}

void
sentry_fs_dcache_count (SentryFsDcache *cache, SentryFsDentry *d)
{
  sentry_mutex_lock (&cache->clock_lock);
  sentry_list_append (&cache->clock, &d->clock);
  sentry_mutex_unlock (&cache->clock_lock);
  if (__atomic_add_fetch (&cache->n, 1, __ATOMIC_RELAXED) > cache->max)
    evict_some (cache, EVICT_SCAN, 2);
}

guint
sentry_fs_dcache_size (SentryFsDcache *cache)
{
  return __atomic_load_n (&cache->n, __ATOMIC_RELAXED);
}

/* The table's reference is the last one: from here on nobody gets another. */
static gboolean
kill_unused (SentryFsDentry *d)
{
  guint one = 1;

  return !(sentry_fs_dentry_flags (d) & SENTRY_FS_DENTRY_UNHASHED)
         && __atomic_compare_exchange_n (&d->pub.ref.count, &one, 0, FALSE, __ATOMIC_ACQ_REL,
                                         __ATOMIC_RELAXED);
}

/* `d` was killed by us. */
static void
finish_eviction (SentryFsDentry *d)
{
  SentryMutex *lock = sentry_fs_dcache_bucket_lock (d->cache, d->hash);

  sentry_mutex_lock (lock);
  sentry_fs_dcache_unlink_locked (d->cache, d);
  sentry_mutex_unlock (lock);
  dentry_release (&d->pub);
}

/* Second chance: the hand passes over what was used since it last came by, and over what is in use.
 */
static guint
evict_some (SentryFsDcache *cache, guint scan, guint max_evicted)
{
  guint n = 0;

  while (scan-- > 0 && n < max_evicted)
    {
      SentryFsDentry *d;
      gboolean killed = FALSE;

      sentry_mutex_lock (&cache->clock_lock);
      if (sentry_list_is_empty (&cache->clock))
        scan = 0;
      else
        {
          d = SENTRY_CONTAINER (cache->clock.next, SentryFsDentry, clock);
          sentry_list_remove (&d->clock);
          sentry_list_append (&cache->clock, &d->clock);
          if (!(__atomic_fetch_and (&d->flags, ~SENTRY_FS_DENTRY_REFERENCED, __ATOMIC_RELAXED)
                & SENTRY_FS_DENTRY_REFERENCED))
            killed = kill_unused (d);
        }
      sentry_mutex_unlock (&cache->clock_lock);
      if (killed)
        finish_eviction (d);
      n += killed;
    }
  return n;
}

/* Every one that nobody uses now, in one pass. */
static GPtrArray *
kill_all_of (SentryFsDcache *cache, SentryFsSuper *super)
{
  GPtrArray *killed = g_ptr_array_new ();

  sentry_mutex_lock (&cache->clock_lock);
  SENTRY_LIST_FOREACH (link, safe, &cache->clock)
  {
    SentryFsDentry *d = SENTRY_CONTAINER (link, SentryFsDentry, clock);
    if (d->super == super && kill_unused (d))
      g_ptr_array_add (killed, d);
  }
  sentry_mutex_unlock (&cache->clock_lock);
  return killed;
}

/* Takes a killed dentry away, and those above it that only it kept: a chain of directories costs
 * its length, not a search for each of them.  Parents stay readable for as long as the epoch lasts.
 */
static void
finish_upwards (SentryFsDentry *d)
{
  SentryFsEpoch epoch = sentry_fs_epoch_enter ();

  while (d != NULL)
    {
      SentryFsDentry *parent = d->parent;

      finish_eviction (d);
      d = parent != NULL && kill_unused (parent) ? parent : NULL;
    }
  sentry_fs_epoch_leave (epoch);
}

/* Children hold their parents: what a pass leaves is in use, or was kept by something that went
 * outside of it. */
void
sentry_fs_dcache_prune (SentryFsDcache *cache, SentryFsSuper *super)
{
  guint n;

  do
    {
      g_autoptr (GPtrArray) killed = kill_all_of (cache, super);

      n = killed->len;
      for (guint i = 0; i < n; i++)
        finish_upwards (killed->pdata[i]);
    }
  while (n > 0);
}

SentryFsDentry *
sentry_fs_dentry_get_parent (SentryFsDentry *d)
{
  SentryFsEpoch epoch = sentry_fs_epoch_enter ();
  SentryFsDentry *parent;

  do
    parent = __atomic_load_n (&d->parent, __ATOMIC_ACQUIRE);
  while (parent != NULL && !sentry_ref_try_get (&parent->pub.ref));
  sentry_fs_epoch_leave (epoch);
  return parent;
}

gboolean
sentry_fs_dentry_is_below (SentryFsDentry *d, SentryFsDentry *top)
{
  SentryFsEpoch epoch = sentry_fs_epoch_enter ();

  while (d != NULL && d != top)
    d = __atomic_load_n (&d->parent, __ATOMIC_ACQUIRE);
  sentry_fs_epoch_leave (epoch);
  return d != NULL;
}

guint32
sentry_fs_dcache_move_count (SentryFsDcache *cache)
{
  return __atomic_load_n (&cache->moves, __ATOMIC_ACQUIRE);
}

void
sentry_fs_dcache_lock_moves (SentryFsDcache *cache)
{
  sentry_mutex_lock (&cache->move_lock);
}

void
sentry_fs_dcache_unlock_moves (SentryFsDcache *cache)
{
  sentry_mutex_unlock (&cache->move_lock);
}

static void
begin_move (SentryFsDentry *d)
{
  __atomic_store_n (&d->seq, d->seq + 1, __ATOMIC_SEQ_CST);
}

/* Under the move lock and both bucket locks.  Returns what the caller must drop afterwards.  One
 * that a revalidation has taken out of the table meanwhile only gets its new name. */
static SentryFsDentry *
rename_locked (SentryFsDentry *d, SentryFsDentry *parent, SentryFsName *name, guint64 hash)
{
  SentryFsDentry *old_parent = d->parent;
  SentryFsName *old_name = d->name;
  gboolean hashed = !(sentry_fs_dentry_flags (d) & SENTRY_FS_DENTRY_UNHASHED);

  begin_move (d);
  if (hashed)
    sentry_fs_dcache_unlink_locked (d->cache, d);
  __atomic_store_n (&d->parent, sentry_fs_dentry_ref (parent), __ATOMIC_RELEASE);
  __atomic_store_n (&d->name, name, __ATOMIC_RELEASE);
  __atomic_store_n (&d->hash, hash, __ATOMIC_RELEASE);
  if (hashed)
    sentry_fs_dcache_link_locked (d->cache, d);
  __atomic_store_n (&d->seq, d->seq + 1, __ATOMIC_RELEASE);
  if (old_name->separate)
    sentry_fs_epoch_retire (&old_name->retired, free_retired_name);
  return old_parent;
}

static void
count_move (SentryFsDcache *cache)
{
  __atomic_store_n (&cache->moves, cache->moves + 1, __ATOMIC_SEQ_CST);
}

void
sentry_fs_dcache_move (SentryFsDentry *d, SentryFsDentry *new_parent, SentryFsName *name)
{
  SentryFsDcache *cache = d->cache;
  guint64 hash = sentry_fs_dcache_hash (cache, new_parent, name->bytes, name->len);
  SentryFsDentry *stands = sentry_fs_dcache_get (cache, new_parent, name->bytes, name->len, hash);
  SentryMutex *from = sentry_fs_dcache_bucket_lock (cache, d->hash);
  SentryMutex *to = sentry_fs_dcache_bucket_lock (cache, hash);
  SentryFsDentry *old_parent;

  if (stands != NULL)
    {
      sentry_fs_dcache_remove (stands);
      sentry_fs_dentry_unref (stands);
    }
  sentry_fs_dcache_lock_moves (cache);
  count_move (cache);
  sentry_mutex_lock_pair (from, to);
  old_parent = rename_locked (d, new_parent, name, hash);
  sentry_mutex_unlock_pair (from, to);
  count_move (cache);
  sentry_fs_dcache_unlock_moves (cache);
  sentry_fs_dentry_unref (old_parent);
}

void
sentry_fs_dcache_exchange (SentryFsDentry *a, SentryFsName *new_name_of_a, SentryFsDentry *b,
                           SentryFsName *new_name_of_b)
{
  SentryFsDcache *cache = a->cache;
  guint64 hash_a = a->hash, hash_b = b->hash;
  SentryMutex *lock_a = sentry_fs_dcache_bucket_lock (cache, hash_a);
  SentryMutex *lock_b = sentry_fs_dcache_bucket_lock (cache, hash_b);
  SentryFsDentry *parent_a = a->parent, *parent_b = b->parent;

  sentry_fs_dcache_lock_moves (cache);
  count_move (cache);
  sentry_mutex_lock_pair (lock_a, lock_b);
  rename_locked (a, parent_b, new_name_of_a, hash_b);
  rename_locked (b, parent_a, new_name_of_b, hash_a);
  sentry_mutex_unlock_pair (lock_a, lock_b);
  count_move (cache);
  sentry_fs_dcache_unlock_moves (cache);
  sentry_fs_dentry_unref (parent_a);
  sentry_fs_dentry_unref (parent_b);
}
