/* The life of an mm, its limits and its counts. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Which mm the calling thread's own context is trapped in. */
static __thread struct
{
  SentryMM *mm;
  SentryContext *ctx;
} own;

SentryMM *
sentry_mm_new (SentryPlatform *platform, SentryLimits *limits, gboolean randomize, int *ret_errno)
{
  SentryAddressSpace *as = sentry_platform_new_address_space (platform, ret_errno);
  SentryMM *mm;

  if (as == NULL)
    return NULL;
  mm = g_new0 (SentryMM, 1);
  sentry_ref_init (&mm->ref);
  sentry_mutex_init (&mm->lock, SENTRY_LOCK_MM);
  mm->as = as;
  mm->um.as = as;
  mm->um.fault = sentry_mm_user_fault;
  sentry_mm_set_limits (mm, limits);
  sentry_mm_layout_init (mm, mm->stack_limit, randomize);
  return mm;
}

SentryMM *
sentry_mm_ref (SentryMM *mm)
{
  sentry_ref_get (&mm->ref);
  return mm;
}

/* The address space goes first: no guest code can use an object after its books say that it's free.
 */
void
sentry_mm_unref (SentryMM *mm)
{
  SentryVmaBatch b = { NULL, NULL };

  if (mm == NULL || !sentry_ref_put (&mm->ref))
    return;
  sentry_address_space_unref (mm->as);
  SENTRY_INTERVAL_FOREACH (i, &mm->vmas)
  sentry_vma_remove (mm, &b, sentry_vma_of (i));
  sentry_vma_batch_clear (&b);
  if (mm->exe != NULL)
    sentry_file_unref (mm->exe);
  g_free (mm->auxv);
  g_free (mm);
}

void
sentry_mm_enter (SentryMM *mm, SentryContext *ctx)
{
  own.mm = mm;
  own.ctx = ctx;
}

SentryContext *
sentry_mm_current_context (SentryMM *mm)
{
  return own.mm == mm ? own.ctx : NULL;
}

void
sentry_mm_set_limits (SentryMM *mm, SentryLimits *limits)
{
  __atomic_store_n (&mm->stack_limit, sentry_limits_get (limits, RLIMIT_STACK), __ATOMIC_RELAXED);
  __atomic_store_n (&mm->as_limit, sentry_limits_get (limits, RLIMIT_AS), __ATOMIC_RELAXED);
  __atomic_store_n (&mm->data_limit, sentry_limits_get (limits, RLIMIT_DATA), __ATOMIC_RELAXED);
}

SentryUserMem *
sentry_mm_usermem (SentryMM *mm)
{
  return &mm->um;
}

SentryAddressSpace *
sentry_mm_address_space (SentryMM *mm)
{
  return mm->as;
}

/* Linux's is_data_mapping and its kin (mm/internal.h): private writable memory is data, be it a
 * file's. */
static gboolean
counts_as_data (int prot, guint32 flags)
{
  return (prot & PROT_WRITE) && !(flags & (SENTRY_VMA_SHARED | SENTRY_VMA_GROWSDOWN));
}

gboolean
sentry_mm_may_expand_locked (SentryMM *mm, int prot, guint32 flags, guint64 bytes)
{
  guint64 pages = bytes / SENTRY_PAGE_SIZE;
  guint64 as_limit = __atomic_load_n (&mm->as_limit, __ATOMIC_RELAXED);
  guint64 data_limit = __atomic_load_n (&mm->data_limit, __ATOMIC_RELAXED);

  if (mm->counts.total + pages > as_limit / SENTRY_PAGE_SIZE)
    return FALSE;
  return !counts_as_data (prot, flags) || mm->counts.data + pages <= data_limit / SENTRY_PAGE_SIZE;
}

gboolean
sentry_mm_may_lock_locked (SentryMM *mm, SentryLimits *limits, guint32 flags, guint64 bytes)
{
  guint64 limit = sentry_limits_get (limits, RLIMIT_MEMLOCK) / SENTRY_PAGE_SIZE;

  return !(flags & SENTRY_VMA_LOCKED) || mm->may_lock_any
         || mm->counts.locked + bytes / SENTRY_PAGE_SIZE <= limit;
}

static void
count (guint64 *counter, guint64 pages, gboolean add)
{
  *counter += add ? pages : -pages;
}

void
sentry_mm_account_locked (SentryMM *mm, const SentryVma *vma, guint64 bytes, gboolean add)
{
  guint64 pages = bytes / SENTRY_PAGE_SIZE;
  SentryMMCounts *c = &mm->counts;

  count (&c->total, pages, add);
  c->peak = MAX (c->peak, c->total);
  if ((vma->prot & (PROT_EXEC | PROT_WRITE)) == PROT_EXEC && !(vma->flags & SENTRY_VMA_GROWSDOWN))
    count (&c->exec, pages, add);
  else if (vma->flags & SENTRY_VMA_GROWSDOWN)
    count (&c->stack, pages, add);
  else if (counts_as_data (vma->prot, vma->flags))
    count (&c->data, pages, add);
  if (vma->flags & SENTRY_VMA_LOCKED)
    count (&c->locked, pages, add);
  if (vma->flags & SENTRY_VMA_SHARED)
    count (&c->shared, pages, add);
}

void
sentry_mm_stats (SentryMM *mm, SentryMMStats *ret_stats)
{
  guint64 rss = 0, rss_shared = 0, peak;
  SentryMMCounts c;

  sentry_mm_lock (mm);
  c = mm->counts;
  ret_stats->n_vmas = mm->vmas.count;
  sentry_mm_unlock (mm);
  if (mm->as->ops->rss != NULL)
    mm->as->ops->rss (mm->as, &rss, &rss_shared);
  peak = MAX (__atomic_load_n (&mm->peak_rss, __ATOMIC_RELAXED), rss);
  __atomic_store_n (&mm->peak_rss, peak, __ATOMIC_RELAXED);
  ret_stats->total_vm = c.total * SENTRY_PAGE_SIZE;
  ret_stats->peak_vm = c.peak * SENTRY_PAGE_SIZE;
  ret_stats->data_vm = c.data * SENTRY_PAGE_SIZE;
  ret_stats->stack_vm = c.stack * SENTRY_PAGE_SIZE;
  ret_stats->exec_vm = c.exec * SENTRY_PAGE_SIZE;
  ret_stats->locked_vm = c.locked * SENTRY_PAGE_SIZE;
  ret_stats->shared_vm = c.shared * SENTRY_PAGE_SIZE;
  ret_stats->pinned_vm = 0;
  ret_stats->rss = rss;
  ret_stats->rss_shared = rss_shared;
  ret_stats->peak_rss = peak;
}

SentryMMLayout *
sentry_mm_layout (SentryMM *mm)
{
  return &mm->layout;
}

void
sentry_mm_set_auxv (SentryMM *mm, const guint64 *auxv, gsize n_words)
{
  guint64 *copy = g_memdup2 (auxv, n_words * sizeof *auxv), *old;

  sentry_mm_lock (mm);
  old = mm->auxv;
  mm->auxv = copy;
  mm->auxv_size = n_words * sizeof *auxv;
  sentry_mm_unlock (mm);
  g_free (old);
}

guint64 *
sentry_mm_get_auxv (SentryMM *mm, gsize *ret_n_words)
{
  guint64 *copy;

  sentry_mm_lock (mm);
  copy = g_memdup2 (mm->auxv, mm->auxv_size);
  *ret_n_words = mm->auxv_size / sizeof *mm->auxv;
  sentry_mm_unlock (mm);
  return copy;
}

void
sentry_mm_set_exe (SentryMM *mm, SentryFile *exe)
{
  SentryFile *old;

  sentry_mm_lock (mm);
  old = mm->exe;
  mm->exe = exe != NULL ? sentry_file_ref (exe) : NULL;
  sentry_mm_unlock (mm);
  if (old != NULL)
    sentry_file_unref (old);
}

SentryFile *
sentry_mm_get_exe (SentryMM *mm)
{
  SentryFile *exe;

  sentry_mm_lock (mm);
  exe = mm->exe != NULL ? sentry_file_ref (mm->exe) : NULL;
  sentry_mm_unlock (mm);
  return exe;
}
