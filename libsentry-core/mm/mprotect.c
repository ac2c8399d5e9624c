/* mprotect. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <sys/mman.h>

#define PROT_SEM_BIT 0x8
#define PROT_GROWS (PROT_GROWSDOWN | PROT_GROWSUP)

/* Linux changes one VMA after the other and stops at the first that refuses: what lies before it
 * has changed.  Finds where that is. */
static int
find_reach_locked (SentryMM *mm, guint64 start, guint64 end, int prot, guint64 *ret_reach)
{
  guint64 reach = start;
  int r = 0;

  SENTRY_VMA_FOREACH_IN (vma, mm, start, end)
  {
    guint64 stop = MIN (vma->range.end, end);

    if (vma->range.start > reach)
      break;
    if (vma->flags & SENTRY_VMA_SEALED)
      r = -EPERM;
    else if (prot & ~vma->max_prot)
      r = -EACCES;
    else if ((prot & PROT_WRITE) && !(vma->prot & PROT_WRITE)
             && !sentry_mm_may_expand_locked (mm, prot, vma->flags, stop - reach)
             && sentry_mm_may_expand_locked (mm, vma->prot, vma->flags, stop - reach))
      r = -ENOMEM;
    if (r < 0)
      break;
    reach = stop;
  }
  *ret_reach = reach;
  return r == 0 && reach < end ? -ENOMEM : r;
}

static gboolean
changes_anything_locked (SentryMM *mm, guint64 start, guint64 end, int prot)
{
  SENTRY_VMA_FOREACH_IN (vma, mm, start, end)
  if (vma->prot != prot)
    return TRUE;
  return FALSE;
}

/* The host may have changed some of the mappings before it refused. */
static void
restore_locked (SentryMM *mm, SentryContext *ctx, guint64 start, guint64 end)
{
  SENTRY_VMA_FOREACH_IN (vma, mm, start, end)
  {
    guint64 from = MAX (vma->range.start, start), to = MIN (vma->range.end, end);

    mm->as->ops->protect (mm->as, ctx, from, to - from, vma->prot);
  }
}

/* Locked private memory that becomes writable gets its pages at once. */
static gboolean
wakes_locked_pages (const SentryVma *vma, int prot)
{
  return (prot & PROT_WRITE) && !(vma->prot & PROT_WRITE)
         && (vma->flags & (SENTRY_VMA_LOCK_MASK | SENTRY_VMA_SHARED)) == SENTRY_VMA_LOCKED;
}

static int
protect_locked (SentryMM *mm, SentryContext *ctx, SentryVmaBatch *b, guint64 start, guint64 end,
                int prot)
{
  int r;

  if (!changes_anything_locked (mm, start, end, prot))
    return 0;
  if (!sentry_mm_has_room_locked (mm, sentry_vma_count_splits (mm, start, end)))
    return -ENOMEM;
  r = mm->as->ops->protect (mm->as, ctx, start, end - start, prot);
  if (r < 0)
    {
      restore_locked (mm, ctx, start, end);
      return r;
    }
  sentry_vma_isolate (mm, b, start, end);
  SENTRY_VMA_FOREACH_IN (vma, mm, start, end)
  {
    gboolean wakes = wakes_locked_pages (vma, prot);

    sentry_vma_set_prot (mm, vma, prot);
    if (wakes)
      sentry_mm_populate_locked (mm, ctx, vma->range.start, vma->range.end);
  }
  sentry_vma_merge_around (mm, b, start, end);
  return 0;
}

/* PROT_GROWSDOWN: from the start of the stack VMA that holds the range. */
static int
widen_to_stack_locked (SentryMM *mm, int grows, guint64 *start, guint64 end)
{
  SentryVma *vma = sentry_vma_find_from (mm, *start);

  if (vma == NULL)
    return -ENOMEM;
  if (grows & PROT_GROWSDOWN)
    {
      if (vma->range.start >= end)
        return -ENOMEM;
      if (!(vma->flags & SENTRY_VMA_GROWSDOWN))
        return -EINVAL;
      *start = vma->range.start;
      return 0;
    }
  if (vma->range.start > *start)
    return -ENOMEM;
  return grows & PROT_GROWSUP ? -EINVAL : 0;
}

static int
mprotect_locked (SentryMM *mm, SentryContext *ctx, SentryVmaBatch *b, guint64 start, guint64 end,
                 int prot, int grows)
{
  guint64 reach;
  int r = widen_to_stack_locked (mm, grows, &start, end), refused;

  if (r < 0)
    return r;
  refused = find_reach_locked (mm, start, end, prot, &reach);
  if (reach > start)
    r = protect_locked (mm, ctx, b, start, reach, prot);
  return r < 0 ? r : refused;
}

int
sentry_mm_mprotect (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len, int prot)
{
  int grows = prot & PROT_GROWS, r;
  guint64 end;
  SentryVmaBatch b;

  prot &= ~PROT_GROWS;
  if (grows == PROT_GROWS || addr % SENTRY_PAGE_SIZE != 0)
    return -EINVAL;
  if (len == 0)
    return 0;
  end = addr + sentry_page_up (len);
  if (end <= addr)
    return -ENOMEM;
  if (prot & ~(SENTRY_PROT_MASK | PROT_SEM_BIT))
    return -EINVAL;
  r = sentry_vma_batch_init (&b, 2);
  if (r < 0)
    return r;
  sentry_mm_lock (mm);
  r = mprotect_locked (mm, ctx, &b, addr, end, prot & SENTRY_PROT_MASK, grows);
  sentry_mm_unlock (mm);
  sentry_vma_batch_clear (&b);
  return r;
}
