/* Contract: one guest address space, as a platform provides it. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "base/sentry-ref.h"

G_BEGIN_DECLS

/* The core (mm) owns the truth about mappings; the AddressSpace makes it so and decides how.
 *
 * Order.  Operations of one address space take effect in the order in which they were called,
 * whoever executes them.  On platforms where only a guest thread can change its memory, an
 * operation is done before its call returns when `ctx` (below) is trapped in this address space;
 * otherwise any trapped thread is borrowed, and if none is trapped one is interrupted.  A range
 * whose unmap has not been acknowledged is quarantined: the platform finishes it before a later map
 * of the same range.  fork drains the queue.
 *
 * Failure.  Every operation is atomic: it is done whole, or it returns a negative errno and the
 * host mappings are as before (a platform that could not put them back reports the address space
 * gone).  The core then rolls its own books back.  One exception: a protect of several mappings,
 * which the host can refuse half way; only the core knows what each had before, so it protects each
 * again with that (which only undoes, and needs nothing new).  An operation whose address space has
 * lost its last host thread returns -ESRCH.
 *
 * `ctx` is the context of the calling task, or NULL: an outsider acts (procfs, process_vm_writev,
 * restore), or exec builds an address space in which nobody runs yet.
 *
 * Thread: any, except that a non-NULL `ctx` must be the caller's own.  The core serialises map,
 * unmap, protect, remap and fork of one address space by its mm lock; copies, loads and cmpxchg32
 * run beside them. */

typedef struct SentryAddressSpace SentryAddressSpace;
typedef struct SentryContext SentryContext;

typedef enum
{
  SENTRY_MAP_PRIVATE = 0,     /* anonymous (fd < 0) or a copy-on-write view of a host descriptor */
  SENTRY_MAP_SHARED = 1 << 0, /* a shared view; fd is required */
  SENTRY_MAP_POPULATE = 1 << 1,
  SENTRY_MAP_NORESERVE = 1 << 2,
  SENTRY_MAP_STACK = 1 << 3,
} SentryMapFlags;

/* Non-faulting access kinds of copies, also told to fault callbacks. */
typedef enum
{
  SENTRY_ACCESS_READ = 1 << 0,
  SENTRY_ACCESS_WRITE = 1 << 1,
  SENTRY_ACCESS_EXEC = 1 << 2,
} SentryAccess;

typedef struct
{
  /* Addresses and lengths are multiples of the page size (4096) unless said otherwise.  `prot`:
   * PROT_* bits. `fd` is borrowed for the call; a shared mapping is given a descriptor no stronger
   * than the guest's. */
  int (*map) (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int prot,
              SentryMapFlags flags, int fd, guint64 offset);
  int (*unmap) (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len);
  int (*protect) (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int prot);
  /* Moves or resizes one mapping to exactly `new_addr` (mremap MAYMOVE|FIXED; may equal `addr`).
   * With `keep_source` the old range stays mapped and empty (MREMAP_DONTUNMAP). */
  int (*remap) (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 old_len,
                guint64 new_addr, guint64 new_len, gboolean keep_source);
  /* A listed madvise value; -EINVAL for one that this platform does not pass on. */
  int (*advise) (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int advice);
  /* msync to the host object behind shared mappings. */
  int (*sync) (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int flags);

  /* A copy of this address space with copy-on-write private memory, in which `child` (a fresh
   * context) will run: the caller has set child's registers.  `parent` is the caller's own, trapped
   * here. */
  int (*fork) (SentryAddressSpace *as, SentryContext *parent, SentryContext *child,
               SentryAddressSpace **ret_child_as);

  /* Copies between sentry memory and the guest's; any alignment and length.  Return the number of
   * bytes copied before the first address that isn't mapped with the needed right (0 … len); never
   * an errno, never a signal. They fault pages in as the host would but call no fault callback:
   * sentry_usermem_* does that.  A bad page in the middle: everything before it was copied. */
  gsize (*copy_in) (SentryAddressSpace *as, gpointer dst, guint64 src, gsize len);
  gsize (*copy_out) (SentryAddressSpace *as, guint64 dst, gconstpointer src, gsize len);
  /* Ignores protections, as ptrace's POKE does (private mappings become copies).  0 or negative
   * errno. */
  int (*poke) (SentryAddressSpace *as, SentryContext *ctx, guint64 dst, gconstpointer src,
               gsize len);

  /* An aligned 32-bit load, never torn.  0 or -EFAULT. */
  int (*load32) (SentryAddressSpace *as, guint64 addr, guint32 *ret_value);
  /* Atomic against guest code and other address spaces that map the same object: if *addr ==
   * expected, store desired.  Gives the value found.  0 (look at *ret_found), or -EFAULT (not
   * mapped writable).  May borrow a guest thread: fault pages in first, and call it under a futex
   * bucket lock only with `nonblock`, where -EAGAIN means "not without waiting: drop the lock, call
   * without nonblock, retry". */
  int (*cmpxchg32) (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint32 expected,
                    guint32 desired, gboolean nonblock, guint32 *ret_found);

  /* One byte a page, as mincore: bit 0 resident.  0 or negative errno. */
  int (*resident) (SentryAddressSpace *as, guint64 addr, guint64 len, guint8 *ret_vec);
  /* Private pages that differ from their file or from zero, for save: calls `page` in address
   * order. */
  int (*foreach_private_page) (SentryAddressSpace *as, guint64 addr, guint64 len,
                               gboolean (*page) (guint64 addr, gpointer data), gpointer data);
  /* Bytes of host memory resident for the guest, total and shared. */
  void (*rss) (SentryAddressSpace *as, guint64 *ret_total, guint64 *ret_shared);

  /* No context runs in it any more; host resources go at once. */
  void (*free) (SentryAddressSpace *as);
} SentryAddressSpaceOps;

/* Platforms embed it first in their own struct. */
struct SentryAddressSpace
{
  const SentryAddressSpaceOps *ops; /* I */
  SentryRef ref;
  guint64 min_addr; /* I: lowest address that can be mapped */
  guint64 max_addr; /* I: one past the highest; the hidden region lies above */
};

static inline SentryAddressSpace *
sentry_address_space_ref (SentryAddressSpace *as)
{
  sentry_ref_get (&as->ref);
  return as;
}

static inline void
sentry_address_space_unref (SentryAddressSpace *as)
{
  if (as != NULL && sentry_ref_put (&as->ref))
    as->ops->free (as);
}

G_END_DECLS
