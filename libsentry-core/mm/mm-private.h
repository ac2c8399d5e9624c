/* Inside of an mm, for this folder only. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/sentry-lock.h"
#include "base/sentry-ref.h"
#include "mm/vma.h"

G_BEGIN_DECLS

#define SENTRY_MAX_MAP_COUNT 65530
#define SENTRY_STACK_GUARD_GAP (256u * SENTRY_PAGE_SIZE)
/* mmap accepts these and no more on a MAP_SHARED_VALIDATE mapping (Linux's LEGACY_MAP_MASK). */
#define SENTRY_PROT_MASK (PROT_READ | PROT_WRITE | PROT_EXEC)

/* What the books count, in pages. */
typedef struct
{
  guint64 total, peak, data, stack, exec, locked, shared;
} SentryMMCounts;
SENTRY_STATE_DECLARE (SentryMMCounts);

struct SentryMM
{
  SentryRef ref;
  SentryAddressSpace *as;   /* I; owned */
  SentryUserMem um;         /* I */
  SentryMutex lock;         /* MM */
  SentryIntervalMap vmas;   /* m: SentryVma */
  SentryMMCounts counts;    /* m */
  guint64 mmap_base;        /* I: searches go down from here */
  guint64 mmap_legacy_base; /* I: and up from here */
  guint64 stack_top;        /* I */
  gboolean randomize;       /* I */
  guint64 brk_start, brk;   /* m */
  guint32 future_flags;     /* m: mlockall (MCL_FUTURE): flags of new mappings */
  gboolean may_lock_any;    /* m: the last who could lock had CAP_IPC_LOCK */
  SentryMMLayout layout;    /* guarded by whoever writes it: exec before the mm is seen, prctl under
                               the MM lock */
  guint64 *auxv;            /* m; owned */
  gsize auxv_size;          /* m: bytes */
  SentryFile *exe;          /* m; a reference */
  guint64 stack_limit, as_limit, data_limit; /* a: soft limits as last seen */
  guint64 peak_rss;                          /* a: bytes */
  guint64 fault_addr;                        /* a: see sentry_mm_handle_fault */
  guint fault_repeats;                       /* a */
};

static inline void
sentry_mm_lock (SentryMM *mm)
{
  sentry_mutex_lock (&mm->lock);
}

static inline void
sentry_mm_unlock (SentryMM *mm)
{
  sentry_mutex_unlock (&mm->lock);
}

/* Linux's may_expand_vm: may `bytes` more of such a mapping be made? */
gboolean sentry_mm_may_expand_locked (SentryMM *mm, int prot, guint32 flags, guint64 bytes);
/* Linux's mlock_future_ok. */
gboolean sentry_mm_may_lock_locked (SentryMM *mm, SentryLimits *limits, guint32 flags,
                                    guint64 bytes);
/* Adds (or takes) such a mapping to the counts. */
void sentry_mm_account_locked (SentryMM *mm, const SentryVma *vma, guint64 bytes, gboolean add);
/* Linux lets one more than the bound be mapped, but nothing be split beyond it. */
static inline gboolean
sentry_mm_is_full_locked (SentryMM *mm)
{
  return mm->vmas.count > SENTRY_MAX_MAP_COUNT;
}

static inline gboolean
sentry_mm_has_room_locked (SentryMM *mm, guint splits)
{
  return splits == 0 || mm->vmas.count + splits <= SENTRY_MAX_MAP_COUNT;
}

void sentry_mm_layout_init (SentryMM *mm, guint64 stack_limit, gboolean randomize);
/* Where Linux's get_unmapped_area puts `len` bytes: an address, or -ENOMEM, -EINVAL, -EPERM as
 * guint64. */
gint64 sentry_mm_place_locked (SentryMM *mm, guint64 hint, guint64 len, int flags,
                               gboolean file_backed);

/* Makes the host map [addr, addr + len) of `vma`'s object with its rights. */
int sentry_mm_host_map_locked (SentryMM *mm, SentryContext *ctx, const SentryVma *vma, guint64 addr,
                               guint64 len, gboolean populate);
/* munmap of a page-aligned range under the lock; the batch has two spares. */
int sentry_mm_unmap_locked (SentryMM *mm, SentryContext *ctx, SentryVmaBatch *b, guint64 addr,
                            guint64 end);
/* Faults pages in, as far as it goes. */
void sentry_mm_populate_locked (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 end);
/* The context that the calling thread entered this mm with, or NULL. */
SentryContext *sentry_mm_current_context (SentryMM *mm);
gboolean sentry_mm_user_fault (SentryUserMem *um, guint64 addr, SentryAccess access);

G_END_DECLS
