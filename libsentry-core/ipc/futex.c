/* Futexes: who waits on which word of guest memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ipc/futex.h"

#include <errno.h>
#include <linux/futex.h>

/* Guest memory is made present before a bucket is locked; under the lock it is only looked at
 * again, which takes no fault of ours.  Between the two it may go away once more, and a guest that
 * unmaps in a loop must not hold us. */
#define MAX_TRIES 64
#define N_BUCKETS 256

/* Where it waits follows from the call's address, which lies in the call state: the call is entered
 * again and queues itself. */
SENTRY_STATE_TABLE (SentryFutexWaiter, "futex-waiter", 1,
                    SENTRY_STATE_SKIP (SentryFutexWaiter, link, "queued again by the call"),
                    SENTRY_STATE_SKIP (SentryFutexWaiter, key, "made again from the address"),
                    SENTRY_STATE_SKIP (SentryFutexWaiter, bucket, "made again from the key"),
                    SENTRY_STATE_U32 (SentryFutexWaiter, bitset),
                    SENTRY_STATE_SKIP (SentryFutexWaiter, sleeper, "queued again by the call"),
                    SENTRY_STATE_SKIP (SentryFutexWaiter, queued, "queued again by the call"),
                    SENTRY_STATE_BOOL (SentryFutexWaiter, woken));

typedef struct
{
  SentryMutex lock;   /* FUTEX */
  SentryList waiters; /* m: oldest first */
} Bucket;

static Bucket buckets[N_BUCKETS];

__attribute__ ((constructor)) static void
init_buckets (void)
{
  for (guint i = 0; i < N_BUCKETS; i++)
    {
      sentry_mutex_init (&buckets[i].lock, SENTRY_LOCK_FUTEX);
      sentry_list_init (&buckets[i].waiters);
    }
}

static guint
bucket_of (const SentryFutexKey *key)
{
  guint64 h = ((guint64) (guintptr) key->object >> 4) * 0x9e3779b97f4a7c15u;

  h ^= (key->offset >> 2) * 0xc2b2ae3d27d4eb4fu;
  return (h >> 32) % N_BUCKETS;
}

static gboolean
key_equal (const SentryFutexKey *a, const SentryFutexKey *b)
{
  return a->object == b->object && a->offset == b->offset;
}

static int
load (SentryMM *mm, guint64 addr, guint32 *ret_value)
{
  SentryAddressSpace *as = sentry_mm_address_space (mm);

  return as->ops->load32 (as, addr, ret_value);
}

/* 0, or -EFAULT: it can't be read at all. */
static int
fault_in (SentryMM *mm, guint64 addr)
{
  guint32 value;

  return sentry_copy_in_object (sentry_mm_usermem (mm), &value, addr);
}

static int
get_key (SentryMM *mm, guint64 addr, gboolean shared, SentryFutexKey *ret_key)
{
  if (addr & 3)
    return -EINVAL;
  return sentry_mm_futex_key (mm, addr, shared, ret_key);
}

int
sentry_futex_enqueue (SentryFutexWaiter *w, SentrySleeper *sleeper, SentryMM *mm, guint64 addr,
                      gboolean shared, guint32 expected, guint32 bitset)
{
  guint32 value;
  int r;

  g_assert (!w->queued);
  for (guint i = 0; i < MAX_TRIES; i++)
    {
      r = get_key (mm, addr, shared, &w->key);
      if (r == 0)
        r = fault_in (mm, addr);
      if (r < 0)
        return r;
      w->bucket = bucket_of (&w->key);
      Bucket *b = &buckets[w->bucket];
      sentry_mutex_lock (&b->lock);
      r = load (mm, addr, &value);
      if (r == 0 && value == expected)
        {
          w->bitset = bitset;
          w->sleeper = sleeper;
          w->woken = FALSE;
          w->queued = TRUE;
          sentry_list_append (&b->waiters, &w->link);
        }
      sentry_mutex_unlock (&b->lock);
      if (r == 0)
        return value == expected ? 0 : -EAGAIN;
    }
  return -EFAULT;
}

gboolean
sentry_futex_dequeue (SentryFutexWaiter *w)
{
  gboolean woken;

  if (!w->queued)
    return FALSE;
  for (;;)
    {
      guint n = __atomic_load_n (&w->bucket, __ATOMIC_ACQUIRE);
      Bucket *b = &buckets[n];
      sentry_mutex_lock (&b->lock);
      gboolean moved = __atomic_load_n (&w->bucket, __ATOMIC_RELAXED) != n;
      woken = w->woken;
      if (!moved)
        sentry_list_remove (&w->link);
      sentry_mutex_unlock (&b->lock);
      if (!moved)
        break;
    }
  w->queued = FALSE;
  return woken;
}

/* The waiter may be gone as soon as `woken` is set, but its sleeper belongs to a task that can't
 * leave before it has taken the bucket's lock in dequeue. */
static void
wake_one_locked (SentryFutexWaiter *w)
{
  SentrySleeper *sleeper = w->sleeper;

  sentry_list_remove (&w->link);
  __atomic_store_n (&w->woken, TRUE, __ATOMIC_RELEASE);
  sentry_sleeper_wake (sleeper);
}

static guint
wake_locked (Bucket *b, const SentryFutexKey *key, guint32 n, guint32 bitset)
{
  guint woken = 0;

  SENTRY_LIST_FOREACH (link, safe, &b->waiters)
  {
    SentryFutexWaiter *w = SENTRY_CONTAINER (link, SentryFutexWaiter, link);
    if (woken >= n)
      break;
    if (!key_equal (&w->key, key) || (w->bitset & bitset) == 0)
      continue;
    wake_one_locked (w);
    woken++;
  }
  return woken;
}

int
sentry_futex_wake (SentryMM *mm, guint64 addr, gboolean shared, guint32 n, guint32 bitset)
{
  SentryFutexKey key;
  Bucket *b;
  int r;

  if (bitset == 0)
    return -EINVAL;
  r = get_key (mm, addr, shared, &key);
  if (r < 0)
    return r;
  b = &buckets[bucket_of (&key)];
  sentry_mutex_lock (&b->lock);
  /* Linux wakes one even when asked for none. */
  r = (int) wake_locked (b, &key, MAX (n, 1), bitset);
  sentry_mutex_unlock (&b->lock);
  return r;
}

static void
requeue_locked (SentryFutexWaiter *w, const SentryFutexKey *key, guint to)
{
  sentry_list_remove (&w->link);
  w->key = *key;
  sentry_list_append (&buckets[to].waiters, &w->link);
  __atomic_store_n (&w->bucket, to, __ATOMIC_RELEASE);
}

static int
requeue_all_locked (guint from, guint to, const SentryFutexKey *key, const SentryFutexKey *key2,
                    guint32 n_wake, guint32 n_requeue)
{
  guint done = 0;

  SENTRY_LIST_FOREACH (link, safe, &buckets[from].waiters)
  {
    SentryFutexWaiter *w = SENTRY_CONTAINER (link, SentryFutexWaiter, link);
    if (!key_equal (&w->key, key))
      continue;
    if (done < n_wake)
      wake_one_locked (w);
    else if (done - n_wake < n_requeue)
      requeue_locked (w, key2, to);
    else
      break;
    done++;
  }
  return (int) done;
}

int
sentry_futex_requeue (SentryMM *mm, guint64 addr, guint64 addr2, gboolean shared, guint32 n_wake,
                      guint32 n_requeue, const guint32 *compare)
{
  SentryFutexKey key, key2;
  guint32 value = 0;
  int r;

  if ((gint32) n_wake < 0 || (gint32) n_requeue < 0)
    return -EINVAL;
  for (guint i = 0; i < MAX_TRIES; i++)
    {
      r = get_key (mm, addr, shared, &key);
      if (r == 0)
        r = get_key (mm, addr2, shared, &key2);
      if (r == 0 && compare != NULL)
        r = fault_in (mm, addr);
      if (r < 0)
        return r;
      guint from = bucket_of (&key), to = bucket_of (&key2);
      sentry_mutex_lock_pair (&buckets[from].lock, &buckets[to].lock);
      if (compare != NULL)
        r = load (mm, addr, &value);
      int done = -EAGAIN;
      if (r == 0 && (compare == NULL || value == *compare))
        done = requeue_all_locked (from, to, &key, &key2, n_wake, n_requeue);
      sentry_mutex_unlock_pair (&buckets[from].lock, &buckets[to].lock);
      if (r == 0)
        return done;
    }
  return -EFAULT;
}

/* --- FUTEX_WAKE_OP --- */

static int
apply_op (guint32 op, guint32 old, guint32 *ret_new)
{
  guint32 kind = op >> 28 & 7;
  guint32 arg = (guint32) ((gint32) (op << 8) >> 20);

  if (op & (FUTEX_OP_OPARG_SHIFT << 28))
    arg = 1u << (arg & 31);
  switch (kind)
    {
    case FUTEX_OP_SET:
      *ret_new = arg;
      return 0;
    case FUTEX_OP_ADD:
      *ret_new = old + arg;
      return 0;
    case FUTEX_OP_OR:
      *ret_new = old | arg;
      return 0;
    case FUTEX_OP_ANDN:
      *ret_new = old & ~arg;
      return 0;
    case FUTEX_OP_XOR:
      *ret_new = old ^ arg;
      return 0;
    default:
      return -ENOSYS;
    }
}

static int
compare_op (guint32 op, gint32 old)
{
  gint32 arg = (gint32) (op << 20) >> 20;

  switch (op >> 24 & 15)
    {
    case FUTEX_OP_CMP_EQ:
      return old == arg;
    case FUTEX_OP_CMP_NE:
      return old != arg;
    case FUTEX_OP_CMP_LT:
      return old < arg;
    case FUTEX_OP_CMP_GE:
      return old >= arg;
    case FUTEX_OP_CMP_LE:
      return old <= arg;
    case FUTEX_OP_CMP_GT:
      return old > arg;
    default:
      return -ENOSYS;
    }
}

/* Under the buckets' locks: 0 and *ret_old, -EAGAIN (not without waiting), or another errno. */
static int
modify_locked (SentryMM *mm, SentryContext *ctx, guint64 addr, guint32 op, guint32 *ret_old)
{
  SentryAddressSpace *as = sentry_mm_address_space (mm);
  guint32 old, now, found;
  int r = load (mm, addr, &old);

  while (r == 0)
    {
      r = apply_op (op, old, &now);
      if (r == 0)
        r = as->ops->cmpxchg32 (as, ctx, addr, old, now, TRUE, &found);
      if (r == 0 && found == old)
        break;
      old = found;
    }
  *ret_old = old;
  return r;
}

/* Makes the word writable without changing it: whatever is there is replaced by itself. */
static int
fault_in_writable (SentryMM *mm, SentryContext *ctx, guint64 addr)
{
  SentryAddressSpace *as = sentry_mm_address_space (mm);
  guint32 value, found;
  int r = fault_in (mm, addr);

  if (r == 0)
    r = load (mm, addr, &value);
  return r == 0 ? as->ops->cmpxchg32 (as, ctx, addr, value, value, FALSE, &found) : r;
}

int
sentry_futex_wake_op (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 addr2,
                      gboolean shared, guint32 n, guint32 n2, guint32 op)
{
  SentryFutexKey key, key2;
  guint32 old;
  int r;

  for (guint i = 0; i < MAX_TRIES; i++)
    {
      r = get_key (mm, addr, shared, &key);
      if (r == 0)
        r = get_key (mm, addr2, shared, &key2);
      if (r < 0)
        return r;
      Bucket *b = &buckets[bucket_of (&key)], *b2 = &buckets[bucket_of (&key2)];
      sentry_mutex_lock_pair (&b->lock, &b2->lock);
      r = modify_locked (mm, ctx, addr2, op, &old);
      int woken = 0, matches = r == 0 ? compare_op (op, (gint32) old) : 0;
      if (r == 0 && matches >= 0)
        {
          woken = (int) wake_locked (b, &key, MAX (n, 1), SENTRY_FUTEX_ANY);
          if (matches)
            woken += (int) wake_locked (b2, &key2, MAX (n2, 1), SENTRY_FUTEX_ANY);
        }
      sentry_mutex_unlock_pair (&b->lock, &b2->lock);
      if (r == 0)
        return matches < 0 ? matches : woken;
      if (r != -EAGAIN && r != -EFAULT)
        return r;
      r = fault_in_writable (mm, ctx, addr2);
      if (r < 0)
        return r;
    }
  return -EFAULT;
}
