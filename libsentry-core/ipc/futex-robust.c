/* Robust futexes: what a dying task still holds. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ipc/futex.h"

#include <errno.h>
#include <linux/futex.h>

typedef struct
{
  SentryMM *mm;
  SentryContext *ctx;
  gint32 tid;
} Owner;

/* A list entry's lowest bit says that its futex is a priority-inheriting one. */
#define IS_PI G_GUINT64_CONSTANT (1)

/* FALSE: the list can't be followed any further. */
static gboolean
release_futex (const Owner *o, guint64 addr, gboolean is_pi, gboolean is_pending)
{
  SentryAddressSpace *as = sentry_mm_address_space (o->mm);
  guint32 value, found;

  if ((addr & 3) || sentry_copy_in_object (sentry_mm_usermem (o->mm), &value, addr) < 0)
    return FALSE;
  /* It may have died between unlocking and taking the entry off: then a waiter could be missing its
   * wake-up. */
  if (is_pending && !is_pi && value == 0)
    {
      sentry_futex_wake (o->mm, addr, TRUE, 1, SENTRY_FUTEX_ANY);
      return TRUE;
    }
  for (guint i = 0; i < 64; i++)
    {
      if ((value & FUTEX_TID_MASK) != (guint32) o->tid)
        return TRUE;
      if (as->ops->cmpxchg32 (as, o->ctx, addr, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                              FALSE, &found)
          < 0)
        return FALSE;
      if (found == value)
        break;
      value = found;
    }
  if (!is_pi && (value & FUTEX_WAITERS))
    sentry_futex_wake (o->mm, addr, TRUE, 1, SENTRY_FUTEX_ANY);
  return TRUE;
}

void
sentry_futex_release_robust_list (SentryMM *mm, SentryContext *ctx, gint32 tid, guint64 head)
{
  SentryUserMem *um = sentry_mm_usermem (mm);
  Owner o = { mm, ctx, tid };
  guint64 h[3], entry, next = 0; /* struct robust_list_head: next, futex_offset, list_op_pending */

  if (sentry_copy_in (um, h, head, sizeof h) < 0)
    return;
  entry = h[0];
  guint64 pending = h[2];
  for (guint i = 0; i < ROBUST_LIST_LIMIT && (entry & ~IS_PI) != head; i++)
    {
      /* The entry may be gone once its futex is released. */
      gboolean more = sentry_copy_in_object (um, &next, entry & ~IS_PI) == 0;
      if ((entry & ~IS_PI) != (pending & ~IS_PI)
          && !release_futex (&o, (entry & ~IS_PI) + h[1], (entry & IS_PI) != 0, FALSE))
        return;
      if (!more)
        return;
      entry = next;
    }
  if ((pending & ~IS_PI) != 0)
    release_futex (&o, (pending & ~IS_PI) + h[1], (pending & IS_PI) != 0, TRUE);
}
