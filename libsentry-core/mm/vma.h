/* Mappings and the books about them. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/sentry-interval-map.h"
#include "mm/mm.h"

G_BEGIN_DECLS

typedef enum
{
  SENTRY_VMA_SHARED = 1 << 0, /* mapped with MAP_SHARED (Linux's VM_MAYSHARE) */
  SENTRY_VMA_GROWSDOWN = 1 << 1,
  SENTRY_VMA_LOCKED = 1 << 2,
  SENTRY_VMA_LOCKONFAULT = 1 << 3,
  SENTRY_VMA_DONTFORK = 1 << 4,
  SENTRY_VMA_WIPEONFORK = 1 << 5,
  SENTRY_VMA_DONTDUMP = 1 << 6,
  SENTRY_VMA_NORESERVE = 1 << 7,
  SENTRY_VMA_SEQUENTIAL = 1 << 8,
  SENTRY_VMA_RANDOM = 1 << 9,
  SENTRY_VMA_HUGEPAGE = 1 << 10,
  SENTRY_VMA_NOHUGEPAGE = 1 << 11,
  SENTRY_VMA_KSM = 1 << 12,
  SENTRY_VMA_SEALED = 1 << 13,
  SENTRY_VMA_SPECIAL = 1 << 14, /* the kernel's own pages: no resize, no merge */
} SentryVmaFlags;

#define SENTRY_VMA_LOCK_MASK (SENTRY_VMA_LOCKED | SENTRY_VMA_LOCKONFAULT)

typedef struct SentryVma SentryVma;

/* Life: taken from a batch, in the tree of one mm while it is mapped, then on the batch's dead list
 * until the lock is gone (dropping its references may block).  All members are guarded by the MM
 * lock, but the objects stay while somebody holds a reference. */
struct SentryVma
{
  SentryInterval range;
  gint32 prot;     /* PROT_READ | WRITE | EXEC */
  gint32 max_prot; /* what mprotect may give */
  guint32 flags;   /* SentryVmaFlags */
  /* In bytes: position in the file or object; for private anonymous memory the address where it was
   * first mapped, so that two neighbours merge only if they are as they were made (Linux's
   * vm_pgoff). */
  guint64 offset;
  SentryMappable *mappable; /* a reference; NULL: private anonymous memory */
  SentryFile *file;         /* a reference or NULL */
  const char *name;         /* static, or NULL */
  SentryVma *next;          /* in batches */
};

SENTRY_STATE_DECLARE (SentryVma);

static inline SentryVma *
sentry_vma_of (SentryInterval *i)
{
  return (SentryVma *) i; /* range is the first member */
}

static inline guint64
sentry_vma_len (const SentryVma *vma)
{
  return vma->range.end - vma->range.start;
}

/* What a change of mappings needs, made before the lock is taken, so that nothing can fail once the
 * host has done its part; and what it left over, dropped after the lock. */
typedef struct
{
  SentryVma *spare, *dead;
} SentryVmaBatch;

/* `n` spare VMAs.  0 or -ENOMEM. */
int sentry_vma_batch_init (SentryVmaBatch *b, guint n);
/* No lock may be held: last references go. */
void sentry_vma_batch_clear (SentryVmaBatch *b);
SentryVma *sentry_vma_batch_take (SentryVmaBatch *b);
/* Gives one back that is in no tree; its references go with the batch. */
void sentry_vma_batch_drop (SentryVmaBatch *b, SentryVma *vma);

/* All below: under the MM lock. */
SentryVma *sentry_vma_find (SentryMM *mm, guint64 addr);
SentryVma *sentry_vma_find_from (SentryMM *mm, guint64 addr);
SentryVma *sentry_vma_next (SentryVma *vma);
SentryVma *sentry_vma_prev (SentryVma *vma);
/* References of `to` are its own. Range, guard and links aren't copied. */
void sentry_vma_copy_attributes (SentryVma *to, const SentryVma *from);
/* Puts it into the tree and the books. */
void sentry_vma_insert (SentryMM *mm, SentryVma *vma);
/* Makes `start` and `end` boundaries of VMAs where they lie inside of one; at most two spares. */
void sentry_vma_isolate (SentryMM *mm, SentryVmaBatch *b, guint64 start, guint64 end);
/* Number of splits that isolate would make. */
guint sentry_vma_count_splits (SentryMM *mm, guint64 start, guint64 end);
/* Takes [start, end) out of tree and books; at most two spares. */
void sentry_vma_remove_range (SentryMM *mm, SentryVmaBatch *b, guint64 start, guint64 end);
/* Takes one whole VMA out. */
void sentry_vma_remove (SentryMM *mm, SentryVmaBatch *b, SentryVma *vma);
/* Merges neighbours that became alike, from the one that ends at `start` to the one that starts at
 * `end`. */
void sentry_vma_merge_around (SentryMM *mm, SentryVmaBatch *b, guint64 start, guint64 end);
/* Changes that the books count. */
void sentry_vma_set_prot (SentryMM *mm, SentryVma *vma, int prot);
void sentry_vma_set_flags (SentryMM *mm, SentryVma *vma, guint32 flags);
/* Moves the low end down (stack growth), or the high end up (brk, mremap): the place must be free.
 */
void sentry_vma_extend_down (SentryMM *mm, SentryVma *vma, guint64 start);
void sentry_vma_extend_up (SentryMM *mm, SentryVma *vma, guint64 end);
/* Bytes of [start, end) that are mapped. */
guint64 sentry_vma_bytes_in (SentryMM *mm, guint64 start, guint64 end);
/* TRUE if no byte of the range is unmapped. */
gboolean sentry_vma_covered (SentryMM *mm, guint64 start, guint64 end);
gboolean sentry_vma_any_sealed (SentryMM *mm, guint64 start, guint64 end);

#define SENTRY_VMA_FOREACH_IN(vma, mm, start_, end_)                                               \
  for (SentryVma *vma = sentry_vma_find_from (mm, start_), *vma##_next = NULL;                     \
       vma != NULL && vma->range.start < (end_) && (vma##_next = sentry_vma_next (vma), TRUE);     \
       vma = vma##_next)

G_END_DECLS
