/* The program break. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <sys/mman.h>

void
sentry_mm_set_brk_start (SentryMM *mm, guint64 addr)
{
  sentry_mm_lock (mm);
  mm->brk_start = mm->brk = addr;
  mm->layout.start_brk = addr;
  sentry_mm_unlock (mm);
}

/* check_data_rlimit: heap and data segment together. */
static gboolean
within_data_limit (SentryMM *mm, guint64 brk)
{
  guint64 limit = __atomic_load_n (&mm->data_limit, __ATOMIC_RELAXED);
  guint64 data = mm->layout.end_data - mm->layout.start_data;

  return limit == SENTRY_RLIM_INFINITY || brk - mm->brk_start + data <= limit;
}

static gboolean
grow_locked (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, SentryVmaBatch *b,
             guint64 from, guint64 to)
{
  SentryVma *vma;
  guint32 flags = mm->future_flags;

  if (to > sentry_mm_task_size (mm) - SENTRY_PAGE_SIZE
      || sentry_vma_bytes_in (mm, from, to + SENTRY_PAGE_SIZE) > 0)
    return FALSE;
  vma = sentry_vma_find_from (mm, to);
  if (vma != NULL && vma->range.start < to + vma->range.guard)
    return FALSE;
  if (!sentry_mm_may_expand_locked (mm, PROT_READ | PROT_WRITE, 0, to - from)
      || !sentry_mm_may_lock_locked (mm, limits, flags, to - from) || sentry_mm_is_full_locked (mm))
    return FALSE;
  vma = sentry_vma_batch_take (b);
  vma->range.start = from;
  vma->range.end = to;
  vma->prot = PROT_READ | PROT_WRITE;
  vma->max_prot = SENTRY_PROT_MASK;
  vma->flags = flags;
  vma->offset = from;
  if (sentry_mm_host_map_locked (mm, ctx, vma, from, to - from,
                                 (flags & SENTRY_VMA_LOCK_MASK) == SENTRY_VMA_LOCKED)
      < 0)
    {
      sentry_vma_batch_drop (b, vma);
      return FALSE;
    }
  sentry_vma_insert (mm, vma);
  sentry_vma_merge_around (mm, b, from, to);
  return TRUE;
}

static void
brk_locked (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, SentryVmaBatch *b, guint64 addr)
{
  guint64 old_end = sentry_page_up (mm->brk), new_end = sentry_page_up (addr);
  gboolean done = TRUE;

  if (addr < mm->brk_start || addr > sentry_mm_task_size (mm) || !within_data_limit (mm, addr))
    return;
  if (new_end < old_end)
    done = sentry_mm_unmap_locked (mm, ctx, b, new_end, old_end) == 0;
  else if (new_end > old_end)
    done = grow_locked (mm, ctx, limits, b, old_end, new_end);
  if (done)
    mm->brk = addr;
}

guint64
sentry_mm_brk (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, guint64 addr)
{
  SentryVmaBatch b;
  guint64 brk;

  if (sentry_vma_batch_init (&b, 3) < 0)
    return __atomic_load_n (&mm->brk, __ATOMIC_RELAXED);
  sentry_mm_set_limits (mm, limits);
  sentry_mm_lock (mm);
  brk_locked (mm, ctx, limits, &b, addr);
  brk = mm->brk;
  sentry_mm_unlock (mm);
  sentry_vma_batch_clear (&b);
  return brk;
}
