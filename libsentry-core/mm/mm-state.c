/* How an mm is saved: its books; what the pages hold goes into the image's memory section.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm-private.h"
#include "state/sentry-state.h"

#include <sys/mman.h>

#define ALL_VMA_FLAGS ((SENTRY_VMA_SPECIAL << 1) - 1)
#define MAX_AUXV 1024

static gboolean
bad (GError **error, const char *what)
{
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "mm: %s", what);
  return FALSE;
}

static gboolean
vma_post_load (gpointer object, gpointer context, GError **error)
{
  SentryVma *vma = object;

  if (((vma->range.start | vma->range.end | vma->offset) & (SENTRY_PAGE_SIZE - 1)) != 0
      || vma->range.end > SENTRY_USER_MAX)
    return bad (error, "a mapping that is not of whole pages of the user half");
  if ((vma->prot & ~vma->max_prot) || (vma->max_prot & ~SENTRY_PROT_MASK))
    return bad (error, "a mapping with rights that it may not have");
  if (vma->flags & ~(guint32) ALL_VMA_FLAGS)
    return bad (error, "a mapping with unknown flags");
  return TRUE;
}

/* Counts are not believed but made anew; the number of mappings is bound as for any guest. */
static gboolean
mm_post_load (gpointer object, gpointer context, GError **error)
{
  SentryMM *mm = object;

  if (mm->vmas.count > SENTRY_MAX_MAP_COUNT + 1)
    return bad (error, "too many mappings");
  if (mm->brk < mm->brk_start || mm->brk > SENTRY_USER_MAX)
    return bad (error, "a break below its start");
  if (mm->mmap_base > SENTRY_USER_MAX || mm->mmap_legacy_base > SENTRY_USER_MAX
      || mm->stack_top > SENTRY_USER_MAX)
    return bad (error, "a layout outside of the user half");
  if (mm->future_flags & ~(guint32) SENTRY_VMA_LOCK_MASK)
    return bad (error, "unknown flags for new mappings");
  mm->counts.total = mm->counts.data = mm->counts.stack = mm->counts.exec = mm->counts.locked
      = mm->counts.shared = 0;
  SENTRY_INTERVAL_FOREACH (i, &mm->vmas)
  {
    sentry_mm_account_locked (mm, sentry_vma_of (i), i->end - i->start, TRUE);
  }
  return TRUE;
}

/* clang-format off */
SENTRY_STATE_DECLARE (SentryFile);
SENTRY_STATE_TABLE_WITH (SentryVma, "vma", 1, (.post_load = vma_post_load),
  SENTRY_STATE_STRUCT (SentryVma, range, SentryInterval),
  SENTRY_STATE_I32 (SentryVma, prot),
  SENTRY_STATE_I32 (SentryVma, max_prot),
  SENTRY_STATE_U32 (SentryVma, flags),
  SENTRY_STATE_U64 (SentryVma, offset),
  SENTRY_STATE_SKIP (SentryVma, mappable, "found again through the file, or made anew for shared memory"),
  SENTRY_STATE_REF (SentryVma, file, SentryFile),
  SENTRY_STATE_SKIP (SentryVma, name, "static: found again by the object that is mapped"),
  SENTRY_STATE_SKIP (SentryVma, next, "in no batch while the kernel is paused"));

SENTRY_STATE_TABLE (SentryMMLayout, "mm-layout", 1,
  SENTRY_STATE_U64 (SentryMMLayout, start_code),
  SENTRY_STATE_U64 (SentryMMLayout, end_code),
  SENTRY_STATE_U64 (SentryMMLayout, start_data),
  SENTRY_STATE_U64 (SentryMMLayout, end_data),
  SENTRY_STATE_U64 (SentryMMLayout, start_brk),
  SENTRY_STATE_U64 (SentryMMLayout, start_stack),
  SENTRY_STATE_U64 (SentryMMLayout, arg_start),
  SENTRY_STATE_U64 (SentryMMLayout, arg_end),
  SENTRY_STATE_U64 (SentryMMLayout, env_start),
  SENTRY_STATE_U64 (SentryMMLayout, env_end));

SENTRY_STATE_TABLE (SentryMMCounts, "mm-counts", 1,
  SENTRY_STATE_SKIP (SentryMMCounts, total, "counted anew"),
  SENTRY_STATE_U64 (SentryMMCounts, peak),
  SENTRY_STATE_SKIP (SentryMMCounts, data, "counted anew"),
  SENTRY_STATE_SKIP (SentryMMCounts, stack, "counted anew"),
  SENTRY_STATE_SKIP (SentryMMCounts, exec, "counted anew"),
  SENTRY_STATE_SKIP (SentryMMCounts, locked, "counted anew"),
  SENTRY_STATE_SKIP (SentryMMCounts, shared, "counted anew"));

SENTRY_STATE_TABLE_WITH (SentryMM, "mm", 1, (.post_load = mm_post_load),
  SENTRY_STATE_REFCOUNT (SentryMM, ref),
  SENTRY_STATE_SKIP (SentryMM, as, "made by the platform when the memory is loaded"),
  SENTRY_STATE_SKIP (SentryMM, um, "made with the address space"),
  SENTRY_STATE_MUTEX (SentryMM, lock, SENTRY_LOCK_MM),
  SENTRY_STATE_INTERVAL_MAP (SentryMM, vmas, SentryVma, range),
  SENTRY_STATE_STRUCT (SentryMM, counts, SentryMMCounts),
  SENTRY_STATE_U64 (SentryMM, mmap_base),
  SENTRY_STATE_U64 (SentryMM, mmap_legacy_base),
  SENTRY_STATE_U64 (SentryMM, stack_top),
  SENTRY_STATE_BOOL (SentryMM, randomize),
  SENTRY_STATE_U64 (SentryMM, brk_start),
  SENTRY_STATE_U64 (SentryMM, brk),
  SENTRY_STATE_U32 (SentryMM, future_flags),
  SENTRY_STATE_BOOL (SentryMM, may_lock_any),
  SENTRY_STATE_STRUCT (SentryMM, layout, SentryMMLayout),
  SENTRY_STATE_BUFFER (SentryMM, auxv, auxv_size, MAX_AUXV * sizeof (guint64)),
  SENTRY_STATE_REF (SentryMM, exe, SentryFile),
  SENTRY_STATE_U64 (SentryMM, stack_limit),
  SENTRY_STATE_U64 (SentryMM, as_limit),
  SENTRY_STATE_U64 (SentryMM, data_limit),
  SENTRY_STATE_U64 (SentryMM, peak_rss),
  SENTRY_STATE_SKIP (SentryMM, fault_addr, "starts over"),
  SENTRY_STATE_SKIP (SentryMM, fault_repeats, "starts over"));
/* clang-format on */
