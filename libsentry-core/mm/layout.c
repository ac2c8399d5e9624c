/* Where things lie in an address space, and where the next one goes: Linux's layout, as far up as
 * the platform reaches. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm-private.h"

#include <errno.h>
#include <sys/mman.h>

#include "mm/random-bits.h"

#ifndef MAP_32BIT
#  define MAP_32BIT 0x40
#endif

/* arch/x86: vm.mmap_rnd_bits, and the 22 bits of pages that move the stack. */
#define MMAP_RANDOM_BITS 28
#define STACK_RANDOM_PAGES 0x3fffff
#define GAP_MIN (G_GUINT64_CONSTANT (128) << 20)
#define HUGE_PAGE (G_GUINT64_CONSTANT (2) << 20)
/* Where MAP_32BIT may go. */
#define LOW_START G_GUINT64_CONSTANT (0x40000000)
#define LOW_END G_GUINT64_CONSTANT (0x80000000)
#define LOW_RANDOM 0x02000000

guint64
sentry_mm_task_size (SentryMM *mm)
{
  return MIN (sentry_page_down (mm->as->max_addr), SENTRY_USER_MAX);
}

guint64
sentry_mm_min_addr (SentryMM *mm)
{
  return MAX (sentry_page_up (mm->as->min_addr), SENTRY_PAGE_SIZE);
}

/* Linux's mmap_base: below the stack's limit and its randomness, at least 128 MiB and at most 5/6
 * of the space away from the end. */
void
sentry_mm_layout_init (SentryMM *mm, guint64 stack_limit, gboolean randomize)
{
  guint64 size = sentry_mm_task_size (mm), gap = stack_limit, pad = SENTRY_STACK_GUARD_GAP;
  guint64 random = randomize ? sentry_random_bits (MMAP_RANDOM_BITS) * SENTRY_PAGE_SIZE : 0;

  mm->randomize = randomize;
  mm->stack_top = size;
  if (randomize)
    {
      pad += (guint64) STACK_RANDOM_PAGES * SENTRY_PAGE_SIZE;
      mm->stack_top -= (sentry_random_bits (22) & STACK_RANDOM_PAGES) * SENTRY_PAGE_SIZE;
    }
  if (gap + pad > gap)
    gap += pad;
  gap = CLAMP (gap, GAP_MIN, size / 6 * 5);
  mm->mmap_base = sentry_page_up (size - gap - random);
  mm->mmap_legacy_base = sentry_page_up (size / 3) + random;
}

static gboolean
range_is_free (SentryMM *mm, guint64 addr, guint64 len)
{
  SentryVma *next = sentry_vma_find_from (mm, addr);

  if (next == NULL)
    return TRUE;
  return addr + len + next->range.guard <= next->range.start;
}

static gint64
search_up (SentryMM *mm, guint64 low, guint64 high, guint64 len)
{
  guint64 at;

  if (low < high && sentry_interval_map_lowest_hole (&mm->vmas, low, high, len, &at))
    return at;
  return -ENOMEM;
}

static gint64
search_down (SentryMM *mm, guint64 len)
{
  guint64 at, low = sentry_mm_min_addr (mm);

  if (mm->mmap_base > low
      && sentry_interval_map_highest_hole (&mm->vmas, low, mm->mmap_base, len, &at))
    return at;
  return search_up (mm, mm->mmap_legacy_base, sentry_mm_task_size (mm), len);
}

/* Linux's thp_get_unmapped_area: whole huge pages get a place where the host can use huge pages. */
static gint64
search_huge (SentryMM *mm, guint64 len)
{
  gint64 at = search_down (mm, len + HUGE_PAGE);
  guint64 off;

  if (at < 0)
    return search_down (mm, len);
  off = -(guint64) at & (HUGE_PAGE - 1);
  return off == 0 ? at + (gint64) HUGE_PAGE : at + (gint64) off;
}

static gint64
place_fixed (SentryMM *mm, guint64 addr, guint64 len)
{
  if (addr > sentry_mm_task_size (mm) - len)
    return -ENOMEM;
  if (addr % SENTRY_PAGE_SIZE != 0)
    return -EINVAL;
  if (addr < sentry_mm_min_addr (mm))
    return -EPERM;
  return addr;
}

gint64
sentry_mm_place_locked (SentryMM *mm, guint64 hint, guint64 len, int flags, gboolean file_backed)
{
  guint64 size = sentry_mm_task_size (mm);

  if (len > size)
    return -ENOMEM;
  if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
    return place_fixed (mm, hint, len);
  hint = sentry_page_down (hint);
  if (hint != 0)
    {
      guint64 end = flags & MAP_32BIT ? MIN (LOW_END, size) : size;

      hint = MAX (hint, sentry_mm_min_addr (mm));
      if (len <= end && hint <= end - len && range_is_free (mm, hint, len))
        return hint;
    }
  if (flags & MAP_32BIT)
    {
      guint64 low = LOW_START;

      if (mm->randomize)
        low += sentry_page_down (sentry_random_bits (25) & (LOW_RANDOM - 1));
      return search_up (mm, low, MIN (LOW_END, size), len);
    }
  if (hint == 0 && !file_backed && len % HUGE_PAGE == 0)
    return search_huge (mm, len);
  return search_down (mm, len);
}

guint64
sentry_mm_unused_range (SentryMM *mm, guint64 len)
{
  gint64 at;

  sentry_mm_lock (mm);
  at = sentry_mm_place_locked (mm, 0, len, 0, TRUE);
  sentry_mm_unlock (mm);
  return at < 0 ? 0 : at;
}

guint64
sentry_mm_stack_top (SentryMM *mm)
{
  return mm->stack_top;
}
