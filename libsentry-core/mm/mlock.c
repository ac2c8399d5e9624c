/* mlock and kin: the accounts are kept, the host's pages are faulted in but may be swapped.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <sys/mman.h>

#define ADVICE_POPULATE_READ 22
#define ADVICE_POPULATE_WRITE 23

void
sentry_mm_populate_locked (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 end)
{
  SENTRY_VMA_FOREACH_IN (vma, mm, addr, end)
  {
    guint64 from = MAX (vma->range.start, addr), to = MIN (vma->range.end, end);
    gboolean copy = (vma->prot & PROT_WRITE) && !(vma->flags & SENTRY_VMA_SHARED);

    if (vma->prot != 0)
      mm->as->ops->advise (mm->as, ctx, from, to - from,
                           copy ? ADVICE_POPULATE_WRITE : ADVICE_POPULATE_READ);
  }
}

/* Sets the lock bits of [start, end) up to the first hole (apply_vma_lock_flags).  0 or -ENOMEM. */
static int
apply_locked (SentryMM *mm, SentryVmaBatch *b, guint64 start, guint64 end, guint32 lock_flags)
{
  guint64 reach = start;

  if (!sentry_mm_has_room_locked (mm, sentry_vma_count_splits (mm, start, end)))
    return -ENOMEM;
  sentry_vma_isolate (mm, b, start, end);
  SENTRY_VMA_FOREACH_IN (vma, mm, start, end)
  {
    guint32 flags = vma->flags & ~(guint32) SENTRY_VMA_LOCK_MASK;

    if (vma->range.start != reach)
      break;
    reach = vma->range.end;
    sentry_vma_set_flags (mm, vma, flags & SENTRY_VMA_SPECIAL ? flags : flags | lock_flags);
  }
  sentry_vma_merge_around (mm, b, start, end);
  return reach < end ? -ENOMEM : 0;
}

static guint64
locked_bytes_in (SentryMM *mm, guint64 start, guint64 end)
{
  guint64 bytes = 0;

  SENTRY_VMA_FOREACH_IN (vma, mm, start, end)
  if (vma->flags & SENTRY_VMA_LOCKED)
    bytes += MIN (vma->range.end, end) - MAX (vma->range.start, start);
  return bytes;
}

static gboolean
round_range (guint64 *addr, guint64 *end)
{
  guint64 len = *end;

  *end = sentry_page_up (*addr + len);
  if (*addr + len < *addr || (*end == 0 && len != 0))
    return FALSE;
  *addr = sentry_page_down (*addr);
  return TRUE;
}

static int
mlock_locked (SentryMM *mm, SentryContext *ctx, SentryVmaBatch *b, guint64 addr, guint64 end,
              guint32 flags, guint64 limit)
{
  guint64 wanted = end - addr + mm->counts.locked * SENTRY_PAGE_SIZE;
  int r;

  if (wanted > limit && !mm->may_lock_any)
    wanted -= locked_bytes_in (mm, addr, end);
  if (wanted > limit && !mm->may_lock_any)
    return -ENOMEM;
  r = apply_locked (mm, b, addr, end, flags);
  if (r == 0 && !(flags & SENTRY_VMA_LOCKONFAULT))
    sentry_mm_populate_locked (mm, ctx, addr, end);
  return r;
}

int
sentry_mm_mlock (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, guint64 addr, guint64 len,
                 int flags, gboolean privileged)
{
  guint32 lock_flags = SENTRY_VMA_LOCKED;
  guint64 end = len, limit = sentry_page_down (sentry_limits_get (limits, RLIMIT_MEMLOCK));
  SentryVmaBatch b;
  int r;

  if (flags & ~MLOCK_ONFAULT)
    return -EINVAL;
  if (flags & MLOCK_ONFAULT)
    lock_flags |= SENTRY_VMA_LOCKONFAULT;
  if (limit == 0 && !privileged)
    return -EPERM;
  if (!round_range (&addr, &end))
    return -EINVAL;
  if (addr == end)
    return 0;
  r = sentry_vma_batch_init (&b, 2);
  if (r < 0)
    return r;
  sentry_mm_lock (mm);
  mm->may_lock_any = privileged;
  r = mlock_locked (mm, ctx, &b, addr, end, lock_flags, limit);
  sentry_mm_unlock (mm);
  sentry_vma_batch_clear (&b);
  return r;
}

int
sentry_mm_munlock (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len)
{
  guint64 end = len;
  SentryVmaBatch b;
  int r;

  if (!round_range (&addr, &end))
    return -EINVAL;
  if (addr == end)
    return 0;
  r = sentry_vma_batch_init (&b, 2);
  if (r < 0)
    return r;
  sentry_mm_lock (mm);
  r = apply_locked (mm, &b, addr, end, 0);
  sentry_mm_unlock (mm);
  sentry_vma_batch_clear (&b);
  return r;
}

static void
lock_all_locked (SentryMM *mm, SentryContext *ctx, SentryVmaBatch *b, guint32 lock_flags)
{
  guint64 size = sentry_mm_task_size (mm);

  SENTRY_VMA_FOREACH_IN (vma, mm, 0, size)
  if (!(vma->flags & SENTRY_VMA_SPECIAL))
    sentry_vma_set_flags (mm, vma, (vma->flags & ~(guint32) SENTRY_VMA_LOCK_MASK) | lock_flags);
  sentry_vma_merge_around (mm, b, 0, size);
  if (lock_flags == SENTRY_VMA_LOCKED)
    sentry_mm_populate_locked (mm, ctx, 0, size);
}

/* `flags` 0 is munlockall. */
int
sentry_mm_mlockall (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, int flags,
                    gboolean privileged)
{
  guint64 limit = sentry_limits_get (limits, RLIMIT_MEMLOCK) / SENTRY_PAGE_SIZE;
  guint32 lock_flags = flags != 0 ? SENTRY_VMA_LOCKED : 0;
  SentryVmaBatch b = { NULL, NULL };
  int r = 0;

  if (flags & MCL_ONFAULT)
    lock_flags |= SENTRY_VMA_LOCKONFAULT;
  if (flags != 0 && limit == 0 && !privileged)
    return -EPERM;
  sentry_mm_lock (mm);
  mm->may_lock_any = privileged;
  if ((flags & MCL_CURRENT) && mm->counts.total > limit && !privileged)
    r = -ENOMEM;
  else
    {
      mm->future_flags = flags & MCL_FUTURE ? lock_flags : 0;
      if (flags == 0 || (flags & MCL_CURRENT))
        lock_all_locked (mm, ctx, &b, lock_flags);
    }
  sentry_mm_unlock (mm);
  sentry_vma_batch_clear (&b);
  return r;
}
