/* msync and mincore. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <sys/mman.h>

/* The next mapping at or above `at`: where it ends, and its file if it must be written back now. */
typedef struct
{
  gboolean hole, busy;
  guint64 end;
  SentryFile *file; /* a reference or NULL */
} SyncStep;

static void
find_step_locked (SentryMM *mm, guint64 at, guint64 end, int flags, SyncStep *ret)
{
  SentryVma *vma = sentry_vma_find_from (mm, at);

  ret->file = NULL;
  ret->hole = vma == NULL || vma->range.start > at;
  ret->busy = FALSE;
  ret->end = end;
  if (vma == NULL || vma->range.start >= end)
    return;
  ret->end = MIN (vma->range.end, end);
  ret->busy = (flags & MS_INVALIDATE) && (vma->flags & SENTRY_VMA_LOCKED);
  if ((flags & MS_SYNC) && vma->file != NULL && (vma->flags & SENTRY_VMA_SHARED))
    ret->file = sentry_file_ref (vma->file);
}

static int
sync_step (SyncStep *step)
{
  int r = 0;

  if (step->file == NULL)
    return 0;
  if (!step->busy && step->file->ops->fsync != NULL)
    r = step->file->ops->fsync (step->file, TRUE);
  sentry_file_unref (step->file);
  return r;
}

int
sentry_mm_msync (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len, int flags)
{
  guint64 end = addr + sentry_page_up (len), at = addr;
  int hole = 0;

  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || addr % SENTRY_PAGE_SIZE != 0
      || ((flags & MS_ASYNC) && (flags & MS_SYNC)))
    return -EINVAL;
  if (end < addr)
    return -ENOMEM;
  while (at < end)
    {
      SyncStep step;
      int r;

      sentry_mm_lock (mm);
      find_step_locked (mm, at, end, flags, &step);
      sentry_mm_unlock (mm);
      r = sync_step (&step);
      if (step.busy)
        return -EBUSY;
      if (r < 0)
        return r;
      if (step.hole)
        hole = -ENOMEM;
      at = step.end;
    }
  return hole;
}

#define CHUNK_PAGES 4096

int
sentry_mm_mincore (SentryMM *mm, SentryUserMem *um, guint64 addr, guint64 len, guint64 vec)
{
  guint64 pages = len / SENTRY_PAGE_SIZE + (len % SENTRY_PAGE_SIZE != 0), done = 0;
  g_autofree guint8 *buf = NULL;

  if (addr % SENTRY_PAGE_SIZE != 0)
    return -EINVAL;
  if (!sentry_access_ok (addr, len))
    return -ENOMEM;
  if (!sentry_access_ok (vec, pages))
    return -EFAULT;
  buf = g_malloc (CHUNK_PAGES);
  while (done < pages)
    {
      guint64 n = MIN (pages - done, CHUNK_PAGES), at = addr + done * SENTRY_PAGE_SIZE;
      int r = 0;

      sentry_mm_lock (mm);
      if (!sentry_vma_covered (mm, at, at + n * SENTRY_PAGE_SIZE))
        r = -ENOMEM;
      else
        r = mm->as->ops->resident (mm->as, at, n * SENTRY_PAGE_SIZE, buf);
      sentry_mm_unlock (mm);
      if (r == 0)
        r = sentry_copy_out (um, vec + done, buf, n);
      if (r < 0)
        return r;
      done += n;
    }
  return 0;
}
