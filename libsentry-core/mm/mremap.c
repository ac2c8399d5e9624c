/* mremap. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MREMAP_DONTUNMAP
#  define MREMAP_DONTUNMAP 4
#endif

typedef struct
{
  SentryMM *mm;
  SentryContext *ctx;
  SentryLimits *limits;
  SentryVmaBatch batch;
  guint64 addr, old_len, new_len, new_addr; /* whole pages */
  int flags;
} Remap;

#define IMPLIES_NEW_ADDR (MREMAP_FIXED | MREMAP_DONTUNMAP)

static int
check_arguments (Remap *r)
{
  guint64 size = sentry_mm_task_size (r->mm);

  if (r->flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
    return -EINVAL;
  if ((r->flags & IMPLIES_NEW_ADDR) && !(r->flags & MREMAP_MAYMOVE))
    return -EINVAL;
  if ((r->flags & MREMAP_DONTUNMAP) && r->old_len != r->new_len)
    return -EINVAL;
  if (r->addr % SENTRY_PAGE_SIZE != 0 || r->addr > size)
    return -EINVAL;
  r->old_len = sentry_page_up (r->old_len);
  r->new_len = sentry_page_up (r->new_len);
  if (r->new_len == 0 || r->new_len > size || r->old_len > size)
    return -EINVAL;
  if (!(r->flags & IMPLIES_NEW_ADDR))
    return 0;
  if (r->new_addr % SENTRY_PAGE_SIZE != 0 || r->new_addr > size - r->new_len)
    return -EINVAL;
  if (r->addr + r->old_len > r->new_addr && r->new_addr + r->new_len > r->addr)
    return -EINVAL;
  return 0;
}

/* Linux's checks of the mapping that shall change size or place (check_prep_vma). */
static int
check_vma_locked (Remap *r, SentryVma *vma)
{
  guint64 more = r->new_len > r->old_len ? r->new_len - r->old_len : 0;

  if (vma == NULL)
    return -EFAULT;
  if (vma->flags & SENTRY_VMA_SEALED)
    return -EPERM;
  if (r->old_len == 0 && !(vma->flags & SENTRY_VMA_SHARED))
    return -EINVAL;
  if (r->old_len > vma->range.end - r->addr)
    return -EFAULT;
  if (more > 0 && (vma->flags & SENTRY_VMA_SPECIAL))
    return -EFAULT;
  if (vma->offset + (r->addr - vma->range.start) + r->new_len < r->new_len)
    return -EINVAL;
  if (more > 0 && !sentry_mm_may_lock_locked (r->mm, r->limits, vma->flags, more))
    return -EAGAIN;
  if (more > 0 && !sentry_mm_may_expand_locked (r->mm, vma->prot, vma->flags, more))
    return -ENOMEM;
  return 0;
}

static void
populate_growth_locked (Remap *r, const SentryVma *vma, guint64 at)
{
  if (r->new_len > r->old_len && (vma->flags & SENTRY_VMA_LOCK_MASK) == SENTRY_VMA_LOCKED)
    sentry_mm_populate_locked (r->mm, r->ctx, at + r->old_len, at + r->new_len);
}

static int
host_remap (Remap *r, guint64 addr, guint64 old_len, guint64 to, guint64 new_len)
{
  return r->mm->as->ops->remap (r->mm->as, r->ctx, addr, old_len, to, new_len,
                                (r->flags & MREMAP_DONTUNMAP) != 0);
}

/* Grows what ends at `end`, where it is. */
static int
host_grow (Remap *r, guint64 end, guint64 more)
{
  guint64 last = end - SENTRY_PAGE_SIZE;

  return r->mm->as->ops->remap (r->mm->as, r->ctx, last, SENTRY_PAGE_SIZE, last,
                                SENTRY_PAGE_SIZE + more, FALSE);
}

/* The host may have cut finer what is one mapping here (see can_merge): then it refuses the whole,
 * and halves are tried. */
static int
host_move_pieces (Remap *r, guint64 addr, guint64 len, guint64 to)
{
  guint64 half = sentry_page_down (len / 2);
  int err = host_remap (r, addr, len, to, len);

  if (err != -EFAULT || half == 0)
    return err;
  err = host_move_pieces (r, addr, half, to);
  if (err < 0)
    return err;
  err = host_move_pieces (r, addr + half, len - half, to + half);
  if (err < 0)
    {
      Remap back = *r;

      back.flags &= ~MREMAP_DONTUNMAP;
      host_move_pieces (&back, to, half, addr);
    }
  return err;
}

/* The host's part of a move; a length of 0 makes a second view of a shared mapping. */
static int
host_move_locked (Remap *r, SentryVma *moved, guint64 to)
{
  int err;

  if (r->old_len == 0)
    return sentry_mm_host_map_locked (r->mm, r->ctx, moved, to, r->new_len, FALSE);
  err = host_remap (r, r->addr, r->old_len, to, r->new_len);
  if (err != -EFAULT)
    return err;
  err = host_move_pieces (r, r->addr, r->old_len, to);
  if (err == 0 && r->new_len > r->old_len)
    err = host_grow (r, to + r->old_len, r->new_len - r->old_len);
  return err;
}

/* Grows where it is: only at the end of its VMA, into free space.  FALSE: it must move. */
static gboolean
grow_in_place_locked (Remap *r, SentryVma *vma, int *ret)
{
  guint64 end = r->addr + r->new_len;
  SentryVma *next = sentry_vma_next (vma);

  if (r->addr + r->old_len != vma->range.end || end > sentry_mm_task_size (r->mm)
      || r->old_len == 0)
    return FALSE;
  if (next != NULL && next->range.start < end + next->range.guard)
    return FALSE;
  *ret = host_grow (r, r->addr + r->old_len, r->new_len - r->old_len);
  if (*ret < 0)
    return TRUE;
  sentry_vma_extend_up (r->mm, vma, end);
  sentry_vma_merge_around (r->mm, &r->batch, r->addr, end);
  populate_growth_locked (r, vma, r->addr);
  return TRUE;
}

/* Moves [addr, addr + old_len), inside of one VMA, to free space at `to`. */
static gint64
move_locked (Remap *r, SentryVma *vma, guint64 to)
{
  guint64 end = r->addr + r->old_len;
  SentryVma *moved;
  int err;

  if (!sentry_mm_has_room_locked (r->mm, 4))
    return -ENOMEM;
  if ((r->flags & MREMAP_DONTUNMAP)
      && !sentry_mm_may_expand_locked (r->mm, vma->prot, vma->flags, r->old_len))
    return -ENOMEM;
  moved = sentry_vma_batch_take (&r->batch);
  sentry_vma_copy_attributes (moved, vma);
  moved->offset += r->addr - vma->range.start;
  moved->range.start = to;
  moved->range.end = to + r->new_len;
  err = host_move_locked (r, moved, to);
  if (err < 0)
    {
      sentry_vma_batch_drop (&r->batch, moved);
      return err;
    }
  if (r->flags & MREMAP_DONTUNMAP)
    {
      sentry_vma_isolate (r->mm, &r->batch, r->addr, end);
      vma = sentry_vma_find (r->mm, r->addr);
      sentry_vma_set_flags (r->mm, vma, vma->flags & ~(guint32) SENTRY_VMA_LOCK_MASK);
    }
  else if (r->old_len > 0)
    sentry_vma_remove_range (r->mm, &r->batch, r->addr, end);
  sentry_vma_insert (r->mm, moved);
  populate_growth_locked (r, moved, to);
  sentry_vma_merge_around (r->mm, &r->batch, to, to + r->new_len);
  sentry_vma_merge_around (r->mm, &r->batch, r->addr, end);
  return to;
}

static gint64
place_and_move_locked (Remap *r, SentryVma *vma)
{
  gint64 to
      = sentry_mm_place_locked (r->mm, r->new_addr, r->new_len,
                                r->flags & MREMAP_FIXED ? MAP_FIXED : 0, vma->mappable != NULL);

  return to < 0 ? to : move_locked (r, vma, to);
}

/* One VMA to a given place (mremap_to): what lay there goes first, as in Linux even if the move
 * fails afterwards; but a mapping that can't move at all is refused before. */
static gint64
move_to_locked (Remap *r)
{
  guint64 old_end = r->addr + r->old_len;
  int err;

  r->old_len = MIN (r->old_len, r->new_len);
  err = check_vma_locked (r, sentry_vma_find (r->mm, r->addr));
  if (err == 0 && (r->flags & MREMAP_FIXED))
    err = r->new_addr < sentry_mm_min_addr (r->mm)
              ? -EPERM
              : sentry_mm_unmap_locked (r->mm, r->ctx, &r->batch, r->new_addr,
                                        r->new_addr + r->new_len);
  if (err == 0 && old_end > r->addr + r->old_len)
    err = sentry_mm_unmap_locked (r->mm, r->ctx, &r->batch, r->addr + r->old_len, old_end);
  if (err < 0)
    return err;
  return place_and_move_locked (r, sentry_vma_find (r->mm, r->addr));
}

static gint64
resize_locked (Remap *r)
{
  SentryVma *vma = sentry_vma_find (r->mm, r->addr);
  int err;

  if (vma == NULL)
    return -EFAULT;
  if (r->old_len >= r->new_len)
    {
      if (r->old_len == r->new_len)
        return r->addr;
      err = sentry_mm_unmap_locked (r->mm, r->ctx, &r->batch, r->addr + r->new_len,
                                    r->addr + r->old_len);
      return err < 0 ? err : (gint64) r->addr;
    }
  err = check_vma_locked (r, vma);
  if (err < 0)
    return err;
  if (grow_in_place_locked (r, vma, &err))
    return err < 0 ? err : (gint64) r->addr;
  if (!(r->flags & MREMAP_MAYMOVE))
    return -ENOMEM;
  r->new_addr = 0;
  return place_and_move_locked (r, vma);
}

static int
begin (Remap *r)
{
  /* Unmaps at both places (two splits each), a split and the moved VMA itself. */
  int err = sentry_vma_batch_init (&r->batch, 8);

  if (err == 0)
    sentry_mm_lock (r->mm);
  return err;
}

static void
end (Remap *r)
{
  sentry_mm_unlock (r->mm);
  sentry_vma_batch_clear (&r->batch);
}

/* The part of `whole` from *at on that lies in one VMA.  FALSE: nothing mapped is left. */
static gboolean
next_piece_locked (const Remap *whole, guint64 at, Remap *piece)
{
  SentryVma *vma = sentry_vma_find_from (whole->mm, at);
  guint64 stop = whole->addr + whole->old_len;

  if (vma == NULL || vma->range.start >= stop)
    return FALSE;
  piece->addr = MAX (vma->range.start, at);
  piece->old_len = piece->new_len = MIN (vma->range.end, stop) - piece->addr;
  piece->new_addr = whole->new_addr + (piece->addr - whole->addr);
  return TRUE;
}

/* Since Linux 6.17 a move that changes no size may span mappings and holes; they go one by one. */
static gint64
move_many (Remap *whole)
{
  guint64 at = whole->addr, stop = whole->addr + whole->old_len;
  gboolean more = TRUE;

  while (at < stop && more)
    {
      Remap piece = *whole;
      gint64 r = begin (&piece);

      if (r < 0)
        return r;
      more = next_piece_locked (whole, at, &piece);
      if (at == whole->addr && (!more || piece.addr > at))
        r = -EFAULT;
      else if (more)
        r = move_to_locked (&piece);
      end (&piece);
      if (r < 0)
        return r;
      at = piece.addr + piece.old_len;
    }
  return whole->new_addr;
}

gint64
sentry_mm_mremap (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, guint64 old_addr,
                  guint64 old_len, guint64 new_len, int flags, guint64 new_addr)
{
  Remap r = { .mm = mm,
              .ctx = ctx,
              .limits = limits,
              .addr = old_addr,
              .old_len = old_len,
              .new_len = new_len,
              .new_addr = new_addr,
              .flags = flags };
  gint64 ret = check_arguments (&r);

  if (ret < 0)
    return ret;
  sentry_mm_set_limits (mm, limits);
  if ((flags & MREMAP_FIXED) && r.old_len == r.new_len)
    return move_many (&r);
  ret = begin (&r);
  if (ret < 0)
    return ret;
  ret = flags & IMPLIES_NEW_ADDR ? move_to_locked (&r) : resize_locked (&r);
  end (&r);
  return ret;
}
