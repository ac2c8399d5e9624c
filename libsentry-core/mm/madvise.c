/* madvise and mseal. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <sys/mman.h>

#include "iface/sentry-file.h"

/* Newer than Debian 12's headers. */
#define ADVICE_POPULATE_READ 22
#define ADVICE_POPULATE_WRITE 23
#define ADVICE_DONTNEED_LOCKED 24
#define ADVICE_COLLAPSE 25
#define ADVICE_GUARD_INSTALL 102
#define ADVICE_GUARD_REMOVE 103

typedef enum
{
  UNKNOWN,
  BOOKS,     /* changes flags of VMAs */
  HOST,      /* the host does it, errors are the guest's */
  HOST_HINT, /* may be lost without anybody noticing */
} Effect;

static Effect
effect_of (int advice)
{
  switch (advice)
    {
    case MADV_NORMAL:
    case MADV_SEQUENTIAL:
    case MADV_RANDOM:
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
      return BOOKS;
    case MADV_DONTNEED:
    case ADVICE_DONTNEED_LOCKED:
    case MADV_FREE:
    case MADV_REMOVE:
    case ADVICE_POPULATE_READ:
    case ADVICE_POPULATE_WRITE:
    case ADVICE_GUARD_INSTALL:
    case ADVICE_GUARD_REMOVE:
      return HOST;
    case MADV_WILLNEED:
    case MADV_COLD:
    case MADV_PAGEOUT:
      return HOST_HINT;
    default:
      return UNKNOWN;
    }
}

/* Flags after the advice, or a negative errno (madvise_vma_behavior). */
static gint64
new_flags (const SentryVma *vma, int advice)
{
  guint32 f = vma->flags;

  switch (advice)
    {
    case MADV_NORMAL:
      return f & ~(guint32) (SENTRY_VMA_SEQUENTIAL | SENTRY_VMA_RANDOM);
    case MADV_SEQUENTIAL:
      return (f & ~(guint32) SENTRY_VMA_RANDOM) | SENTRY_VMA_SEQUENTIAL;
    case MADV_RANDOM:
      return (f & ~(guint32) SENTRY_VMA_SEQUENTIAL) | SENTRY_VMA_RANDOM;
    case MADV_DONTFORK:
      return f | SENTRY_VMA_DONTFORK;
    case MADV_DOFORK:
      return f & SENTRY_VMA_SPECIAL ? -EINVAL : (gint64) (f & ~(guint32) SENTRY_VMA_DONTFORK);
    case MADV_WIPEONFORK:
      return vma->mappable != NULL ? -EINVAL : (gint64) (f | SENTRY_VMA_WIPEONFORK);
    case MADV_KEEPONFORK:
      return f & ~(guint32) SENTRY_VMA_WIPEONFORK;
    case MADV_DONTDUMP:
      return f | SENTRY_VMA_DONTDUMP;
    case MADV_DODUMP:
      return f & SENTRY_VMA_SPECIAL ? -EINVAL : (gint64) (f & ~(guint32) SENTRY_VMA_DONTDUMP);
    case MADV_MERGEABLE:
      return f & (SENTRY_VMA_SPECIAL | SENTRY_VMA_SHARED) ? f : f | SENTRY_VMA_KSM;
    case MADV_UNMERGEABLE:
      return f & ~(guint32) SENTRY_VMA_KSM;
    case MADV_HUGEPAGE:
      return (f & ~(guint32) SENTRY_VMA_NOHUGEPAGE) | SENTRY_VMA_HUGEPAGE;
    default: /* MADV_NOHUGEPAGE */
      return (f & ~(guint32) SENTRY_VMA_HUGEPAGE) | SENTRY_VMA_NOHUGEPAGE;
    }
}

/* Linux refuses to drop the contents of a sealed mapping that the caller can't write anyway. */
static gboolean
seal_refuses (const SentryVma *vma, int advice)
{
  switch (advice)
    {
    case MADV_DONTNEED:
    case ADVICE_DONTNEED_LOCKED:
    case MADV_FREE:
    case MADV_REMOVE:
    case MADV_DONTFORK:
    case MADV_WIPEONFORK:
    case ADVICE_GUARD_INSTALL:
      return (vma->flags & SENTRY_VMA_SEALED) && vma->mappable == NULL && !(vma->prot & PROT_WRITE);
    default:
      return FALSE;
    }
}

/* What Linux checks before it lets the host's page tables feel it. */
static int
check_host_advice (const SentryVma *vma, int advice)
{
  gboolean locked = (vma->flags & SENTRY_VMA_LOCKED) != 0;
  gboolean special = (vma->flags & SENTRY_VMA_SPECIAL) != 0;

  switch (advice)
    {
    case MADV_DONTNEED:
    case MADV_COLD:
    case MADV_PAGEOUT:
      return locked || special ? -EINVAL : 0;
    case ADVICE_DONTNEED_LOCKED:
      return special ? -EINVAL : 0;
    case MADV_FREE:
      return vma->mappable != NULL ? -EINVAL : 0;
    case MADV_REMOVE:
      if (locked || vma->mappable == NULL)
        return -EINVAL;
      return (vma->flags & SENTRY_VMA_SHARED) && (vma->prot & PROT_WRITE) ? 0 : -EACCES;
    case ADVICE_GUARD_INSTALL:
      return locked || special ? -EINVAL : 0;
    default:
      return 0;
    }
}

static int
advise_books_locked (SentryMM *mm, SentryContext *ctx, SentryVmaBatch *b, SentryVma *vma,
                     guint64 start, guint64 end, int advice)
{
  gint64 flags = new_flags (vma, advice);

  if (flags < 0)
    return flags;
  if (flags == (gint64) vma->flags)
    return 0;
  if (!sentry_mm_has_room_locked (mm, sentry_vma_count_splits (mm, start, end)))
    return -ENOMEM;
  /* Huge pages and read-ahead are the host's to give; fork and dumps are ours. */
  if (advice == MADV_HUGEPAGE || advice == MADV_NOHUGEPAGE || advice <= MADV_SEQUENTIAL)
    mm->as->ops->advise (mm->as, ctx, start, end - start, advice);
  sentry_vma_isolate (mm, b, start, end);
  sentry_vma_set_flags (mm, sentry_vma_find (mm, start), flags);
  return 0;
}

static int
advise_one_locked (SentryMM *mm, SentryContext *ctx, SentryVmaBatch *b, SentryVma *vma,
                   guint64 start, guint64 end, int advice)
{
  Effect effect = effect_of (advice);
  int r;

  if (seal_refuses (vma, advice))
    return -EPERM;
  if (effect == BOOKS)
    return advise_books_locked (mm, ctx, b, vma, start, end, advice);
  r = check_host_advice (vma, advice);
  if (r < 0)
    return r;
  r = mm->as->ops->advise (mm->as, ctx, start, end - start, advice);
  return effect == HOST_HINT ? 0 : r;
}

/* Holes are passed over and reported at the end (madvise_walk_vmas); each step has a batch of its
 * own, as it splits. */
static int
advise_range (SentryMM *mm, SentryContext *ctx, guint64 start, guint64 end, int advice)
{
  guint64 at = start;
  int hole = 0, r = 0;

  while (at < end && r == 0)
    {
      SentryVmaBatch b;
      SentryVma *vma;

      r = sentry_vma_batch_init (&b, 2);
      if (r < 0)
        return r;
      sentry_mm_lock (mm);
      vma = sentry_vma_find_from (mm, at);
      if (vma == NULL || vma->range.start > at)
        hole = -ENOMEM;
      if (vma == NULL || vma->range.start >= end)
        at = end;
      else
        {
          guint64 from = MAX (vma->range.start, at);

          at = MIN (vma->range.end, end);
          r = advise_one_locked (mm, ctx, &b, vma, from, at, advice);
        }
      if (r == 0 && at == end && effect_of (advice) == BOOKS)
        sentry_vma_merge_around (mm, &b, start, end);
      sentry_mm_unlock (mm);
      sentry_vma_batch_clear (&b);
    }
  return r < 0 ? r : hole;
}

int
sentry_mm_madvise (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len, int advice)
{
  guint64 pages = sentry_page_up (len);

  if (effect_of (advice) == UNKNOWN || addr % SENTRY_PAGE_SIZE != 0 || (len != 0 && pages == 0)
      || addr + pages < addr)
    return -EINVAL;
  if (pages == 0)
    return 0;
  return advise_range (mm, ctx, addr, addr + pages, advice);
}

int
sentry_mm_mseal (SentryMM *mm, guint64 addr, guint64 len, guint64 flags)
{
  guint64 end = addr + sentry_page_up (len);
  SentryVmaBatch b;
  int r;

  if (flags != 0 || addr % SENTRY_PAGE_SIZE != 0 || (len != 0 && sentry_page_up (len) == 0)
      || end < addr)
    return -EINVAL;
  if (end == addr)
    return 0;
  r = sentry_vma_batch_init (&b, 2);
  if (r < 0)
    return r;
  sentry_mm_lock (mm);
  if (!sentry_vma_covered (mm, addr, end)
      || !sentry_mm_has_room_locked (mm, sentry_vma_count_splits (mm, addr, end)))
    r = -ENOMEM;
  else
    {
      sentry_vma_isolate (mm, &b, addr, end);
      SENTRY_VMA_FOREACH_IN (vma, mm, addr, end)
      sentry_vma_set_flags (mm, vma, vma->flags | SENTRY_VMA_SEALED);
      sentry_vma_merge_around (mm, &b, addr, end);
    }
  sentry_mm_unlock (mm);
  sentry_vma_batch_clear (&b);
  return r;
}
