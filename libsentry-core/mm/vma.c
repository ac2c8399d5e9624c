/* The books of one mm: which mapping lies where, split and merged as Linux does.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/vma.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <sys/mman.h>

int
sentry_vma_batch_init (SentryVmaBatch *b, guint n)
{
  b->spare = b->dead = NULL;
  for (guint i = 0; i < n; i++)
    {
      SentryVma *vma = g_try_new0 (SentryVma, 1);

      if (vma == NULL)
        {
          sentry_vma_batch_clear (b);
          return -ENOMEM;
        }
      vma->next = b->spare;
      b->spare = vma;
    }
  return 0;
}

static void
vma_free (SentryVma *vma)
{
  g_assert (!sentry_interval_in_map (&vma->range));
  if (vma->mappable != NULL)
    vma->mappable->ops->unref (vma->mappable);
  if (vma->file != NULL)
    sentry_file_unref (vma->file);
  g_free (vma);
}

static void
free_list (SentryVma **list)
{
  while (*list != NULL)
    {
      SentryVma *vma = *list;

      *list = vma->next;
      vma_free (vma);
    }
}

void
sentry_vma_batch_clear (SentryVmaBatch *b)
{
  free_list (&b->spare);
  free_list (&b->dead);
}

SentryVma *
sentry_vma_batch_take (SentryVmaBatch *b)
{
  SentryVma *vma = b->spare;

  g_assert (vma != NULL);
  b->spare = vma->next;
  vma->next = NULL;
  return vma;
}

void
sentry_vma_batch_drop (SentryVmaBatch *b, SentryVma *vma)
{
  vma->next = b->dead;
  b->dead = vma;
}

SentryVma *
sentry_vma_find (SentryMM *mm, guint64 addr)
{
  SentryInterval *i = sentry_interval_map_find (&mm->vmas, addr);
  return i != NULL ? sentry_vma_of (i) : NULL;
}

SentryVma *
sentry_vma_find_from (SentryMM *mm, guint64 addr)
{
  SentryInterval *i = sentry_interval_map_find_from (&mm->vmas, addr);
  return i != NULL ? sentry_vma_of (i) : NULL;
}

SentryVma *
sentry_vma_next (SentryVma *vma)
{
  SentryInterval *i = sentry_interval_next (&vma->range);
  return i != NULL ? sentry_vma_of (i) : NULL;
}

SentryVma *
sentry_vma_prev (SentryVma *vma)
{
  SentryInterval *i = sentry_interval_prev (&vma->range);
  return i != NULL ? sentry_vma_of (i) : NULL;
}

void
sentry_vma_copy_attributes (SentryVma *to, const SentryVma *from)
{
  to->prot = from->prot;
  to->max_prot = from->max_prot;
  to->flags = from->flags;
  to->offset = from->offset;
  to->name = from->name;
  to->mappable = from->mappable != NULL ? from->mappable->ops->ref (from->mappable) : NULL;
  to->file = from->file != NULL ? sentry_file_ref (from->file) : NULL;
}

/* Tells the object about `len` bytes more or less of it that are mapped. */
static void
tell_mappable (const SentryVma *vma, guint64 offset, guint64 len, int delta)
{
  gboolean shared = (vma->flags & SENTRY_VMA_SHARED) != 0;

  if (vma->mappable != NULL && vma->mappable->ops->mapped != NULL)
    vma->mappable->ops->mapped (vma->mappable, offset, len, shared,
                                shared && (vma->max_prot & PROT_WRITE), delta);
}

void
sentry_vma_insert (SentryMM *mm, SentryVma *vma)
{
  gboolean inserted = sentry_interval_map_insert (&mm->vmas, &vma->range);

  g_assert (inserted);
  if (vma->flags & SENTRY_VMA_GROWSDOWN)
    sentry_interval_map_set_guard (&mm->vmas, &vma->range, SENTRY_STACK_GUARD_GAP);
  sentry_mm_account_locked (mm, vma, sentry_vma_len (vma), TRUE);
  tell_mappable (vma, vma->offset, sentry_vma_len (vma), 1);
}

void
sentry_vma_remove (SentryMM *mm, SentryVmaBatch *b, SentryVma *vma)
{
  sentry_interval_map_erase (&mm->vmas, &vma->range);
  sentry_mm_account_locked (mm, vma, sentry_vma_len (vma), FALSE);
  tell_mappable (vma, vma->offset, sentry_vma_len (vma), -1);
  sentry_vma_batch_drop (b, vma);
}

/* The upper half becomes a VMA of its own.  A stack's guard gap stays below the lower one; both
 * grow down, as in Linux. */
static void
split_at (SentryMM *mm, SentryVmaBatch *b, guint64 at)
{
  SentryVma *vma = sentry_vma_find (mm, at), *upper;

  if (vma == NULL || vma->range.start == at)
    return;
  upper = sentry_vma_batch_take (b);
  sentry_vma_copy_attributes (upper, vma);
  upper->offset += at - vma->range.start;
  sentry_interval_map_split (&mm->vmas, &vma->range, at, &upper->range);
  if (upper->flags & SENTRY_VMA_GROWSDOWN)
    sentry_interval_map_set_guard (&mm->vmas, &upper->range, SENTRY_STACK_GUARD_GAP);
}

void
sentry_vma_isolate (SentryMM *mm, SentryVmaBatch *b, guint64 start, guint64 end)
{
  split_at (mm, b, start);
  split_at (mm, b, end);
}

guint
sentry_vma_count_splits (SentryMM *mm, guint64 start, guint64 end)
{
  SentryVma *first = sentry_vma_find (mm, start), *last = sentry_vma_find (mm, end);

  return (first != NULL && first->range.start != start)
         + (last != NULL && last->range.start != end);
}

void
sentry_vma_remove_range (SentryMM *mm, SentryVmaBatch *b, guint64 start, guint64 end)
{
  sentry_vma_isolate (mm, b, start, end);
  SENTRY_VMA_FOREACH_IN (vma, mm, start, end)
  sentry_vma_remove (mm, b, vma);
}

/* Linux's is_mergeable_vma and can_vma_merge_after, without what only the host knows (anon_vma):
 * there a VMA may be cut finer than here, which mremap alone would notice. */
static gboolean
can_merge (const SentryVma *low, const SentryVma *high)
{
  return low->range.end == high->range.start && low->prot == high->prot
         && low->max_prot == high->max_prot && low->flags == high->flags
         && !(low->flags & SENTRY_VMA_SPECIAL) && low->mappable == high->mappable
         && low->file == high->file && low->name == high->name
         && low->offset + sentry_vma_len (low) == high->offset;
}

void
sentry_vma_merge_around (SentryMM *mm, SentryVmaBatch *b, guint64 start, guint64 end)
{
  SentryInterval *below = sentry_interval_map_find_below (&mm->vmas, start);
  SentryVma *vma = below != NULL ? sentry_vma_of (below) : sentry_vma_find_from (mm, start);
  SentryVma *next;

  for (; vma != NULL && vma->range.start < end; vma = next)
    {
      next = sentry_vma_next (vma);
      if (next == NULL || next->range.start > end)
        break;
      if (!can_merge (vma, next))
        continue;
      sentry_interval_map_merge (&mm->vmas, &vma->range, &next->range);
      sentry_vma_batch_drop (b, next);
      next = vma;
    }
}

void
sentry_vma_set_prot (SentryMM *mm, SentryVma *vma, int prot)
{
  sentry_mm_account_locked (mm, vma, sentry_vma_len (vma), FALSE);
  vma->prot = prot;
  sentry_mm_account_locked (mm, vma, sentry_vma_len (vma), TRUE);
}

void
sentry_vma_set_flags (SentryMM *mm, SentryVma *vma, guint32 flags)
{
  sentry_mm_account_locked (mm, vma, sentry_vma_len (vma), FALSE);
  vma->flags = flags;
  sentry_mm_account_locked (mm, vma, sentry_vma_len (vma), TRUE);
}

void
sentry_vma_extend_down (SentryMM *mm, SentryVma *vma, guint64 start)
{
  guint64 more = vma->range.start - start;
  gboolean resized = sentry_interval_map_resize (&mm->vmas, &vma->range, start, vma->range.end);

  g_assert (resized);
  vma->offset -= more;
  sentry_mm_account_locked (mm, vma, more, TRUE);
}

void
sentry_vma_extend_up (SentryMM *mm, SentryVma *vma, guint64 end)
{
  guint64 old_len = sentry_vma_len (vma), more = end - vma->range.end;
  gboolean resized = sentry_interval_map_resize (&mm->vmas, &vma->range, vma->range.start, end);

  g_assert (resized);
  sentry_mm_account_locked (mm, vma, more, TRUE);
  tell_mappable (vma, vma->offset + old_len, more, 1);
}

guint64
sentry_vma_bytes_in (SentryMM *mm, guint64 start, guint64 end)
{
  guint64 bytes = 0;

  SENTRY_VMA_FOREACH_IN (vma, mm, start, end)
  bytes += MIN (vma->range.end, end) - MAX (vma->range.start, start);
  return bytes;
}

gboolean
sentry_vma_covered (SentryMM *mm, guint64 start, guint64 end)
{
  return sentry_vma_bytes_in (mm, start, end) == end - start;
}

gboolean
sentry_vma_any_sealed (SentryMM *mm, guint64 start, guint64 end)
{
  SENTRY_VMA_FOREACH_IN (vma, mm, start, end)
  if (vma->flags & SENTRY_VMA_SEALED)
    return TRUE;
  return FALSE;
}
