/* fork: a copy of the books for a copy of the address space.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <string.h>

/* Copies each mapping; locks are not inherited. The copy is in `child`'s tree, in no books of the
 * host yet. */
static int
copy_vmas_locked (SentryMM *mm, SentryMM *child)
{
  SENTRY_INTERVAL_FOREACH (i, &mm->vmas)
  {
    SentryVma *vma = sentry_vma_of (i);
    SentryVmaBatch b;
    SentryVma *copy;

    if (sentry_vma_batch_init (&b, 1) < 0)
      return -ENOMEM;
    copy = sentry_vma_batch_take (&b);
    sentry_vma_copy_attributes (copy, vma);
    copy->flags &= ~(guint32) SENTRY_VMA_LOCK_MASK;
    copy->range.start = vma->range.start;
    copy->range.end = vma->range.end;
    sentry_vma_insert (child, copy);
  }
  return 0;
}

/* The host copied all; now what madvise kept from children goes, or is emptied. */
static int
drop_unwanted (SentryMM *child, SentryVmaBatch *dead)
{
  const SentryAddressSpaceOps *ops = child->as->ops;

  SENTRY_VMA_FOREACH_IN (vma, child, 0, sentry_mm_task_size (child))
  {
    guint64 start = vma->range.start, len = sentry_vma_len (vma);
    int r = 0;

    if (vma->flags & SENTRY_VMA_DONTFORK)
      {
        r = ops->unmap (child->as, NULL, start, len);
        sentry_vma_remove (child, dead, vma);
      }
    else if (vma->flags & SENTRY_VMA_WIPEONFORK)
      r = ops->map (child->as, NULL, start, len, vma->prot, SENTRY_MAP_PRIVATE, -1, 0);
    if (r < 0)
      return r;
  }
  return 0;
}

static SentryMM *
new_child (SentryMM *mm)
{
  SentryMM *child = g_try_new0 (SentryMM, 1);

  if (child == NULL)
    return NULL;
  sentry_ref_init (&child->ref);
  sentry_mutex_init (&child->lock, SENTRY_LOCK_MM);
  child->um.fault = mm->um.fault;
  child->mmap_base = mm->mmap_base;
  child->mmap_legacy_base = mm->mmap_legacy_base;
  child->stack_top = mm->stack_top;
  child->randomize = mm->randomize;
  child->brk_start = mm->brk_start;
  child->brk = mm->brk;
  child->layout = mm->layout;
  child->stack_limit = mm->stack_limit;
  child->as_limit = mm->as_limit;
  child->data_limit = mm->data_limit;
  child->auxv = g_memdup2 (mm->auxv, mm->auxv_size);
  child->auxv_size = mm->auxv_size;
  child->exe = mm->exe != NULL ? sentry_file_ref (mm->exe) : NULL;
  return child;
}

static int
fork_locked (SentryMM *mm, SentryContext *parent, SentryContext *child_ctx, SentryMM *child)
{
  int r = copy_vmas_locked (mm, child);

  if (r == 0)
    r = mm->as->ops->fork (mm->as, parent, child_ctx, &child->as);
  if (r == 0)
    child->um.as = child->as;
  return r;
}

int
sentry_mm_fork (SentryMM *mm, SentryContext *parent, SentryContext *child_ctx, SentryMM **ret_mm)
{
  SentryVmaBatch dead = { NULL, NULL };
  SentryMM *child;
  int r;

  sentry_mm_lock (mm);
  child = new_child (mm);
  r = child != NULL ? fork_locked (mm, parent, child_ctx, child) : -ENOMEM;
  sentry_mm_unlock (mm);
  if (r == 0)
    r = drop_unwanted (child, &dead);
  sentry_vma_batch_clear (&dead);
  if (r == 0)
    *ret_mm = child;
  else if (child != NULL)
    sentry_mm_unref (child);
  return r;
}
