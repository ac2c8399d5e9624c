/* Epochs: counters of walks in progress and the list of what waits for them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "epoch.h"

/* Two counters, for walks that entered in even and odd epochs, spread over cache lines.
 *
 * A walk counts itself in epoch e and is in it once it has seen, after counting, that the epoch is
 * still e.  The epoch goes from e to e + 1 only when nobody is in e - 1, which shares its counter
 * with e + 1; so while it is e, walks are in e or e - 1.  What was retired in e can be seen by
 * walks of e and before, and is free for all at e + 2.  Everything is sequentially consistent:
 * retire happens once for a thing, the counters are the only cost that a walk pays. */
#define N_STRIPES 32

typedef struct
{
  guint32 in[2]; /* a */
  char pad[64 - 2 * sizeof (guint32)];
} Stripe;

static Stripe stripes[N_STRIPES] __attribute__ ((aligned (64)));
static guint64 current = 2;        /* a */
static SentryFsRetired *retired;   /* a: a stack */
static guint32 reclaiming;         /* a: one thread at a time moves the epoch */
static guint32 next_stripe;        /* a */
static __thread guint32 my_stripe; /* 0: none yet, else one more than its number */

static Stripe *
stripe_of_thread (guint32 *ret_number)
{
  if (G_UNLIKELY (my_stripe == 0))
    my_stripe = __atomic_fetch_add (&next_stripe, 1, __ATOMIC_RELAXED) % N_STRIPES + 1;
  *ret_number = my_stripe - 1;
  return &stripes[my_stripe - 1];
}

SentryFsEpoch
sentry_fs_epoch_enter (void)
{
  guint32 number;
  Stripe *s = stripe_of_thread (&number);

  for (;;)
    {
      guint64 e = __atomic_load_n (&current, __ATOMIC_SEQ_CST);

      __atomic_fetch_add (&s->in[e & 1], 1, __ATOMIC_SEQ_CST);
      if (G_LIKELY (__atomic_load_n (&current, __ATOMIC_SEQ_CST) == e))
        return number << 1 | (e & 1);
      __atomic_fetch_sub (&s->in[e & 1], 1, __ATOMIC_SEQ_CST);
    }
}

void
sentry_fs_epoch_leave (SentryFsEpoch epoch)
{
  __atomic_fetch_sub (&stripes[epoch >> 1].in[epoch & 1], 1, __ATOMIC_SEQ_CST);
}

void
sentry_fs_epoch_retire (SentryFsRetired *r, void (*free_func) (SentryFsRetired *self))
{
  SentryFsRetired *head = __atomic_load_n (&retired, __ATOMIC_RELAXED);

  r->free = free_func;
  /* A read-modify-write: whoever sees a later epoch also sees that the thing was taken out. */
  r->epoch = __atomic_fetch_add (&current, 0, __ATOMIC_SEQ_CST);
  do
    r->next = head;
  while (
      !__atomic_compare_exchange_n (&retired, &head, r, TRUE, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
}

static gboolean
nobody_in (guint parity)
{
  for (guint i = 0; i < N_STRIPES; i++)
    if (__atomic_load_n (&stripes[i].in[parity], __ATOMIC_SEQ_CST) != 0)
      return FALSE;
  return TRUE;
}

/* Only the thread that holds `reclaiming`. */
static guint64
advance (void)
{
  guint64 e = __atomic_load_n (&current, __ATOMIC_SEQ_CST);

  for (guint i = 0; i < 2 && nobody_in ((e - 1) & 1); i++)
    e = __atomic_add_fetch (&current, 1, __ATOMIC_SEQ_CST);
  return e;
}

static void
push_back (SentryFsRetired *first, SentryFsRetired *last)
{
  SentryFsRetired *head = __atomic_load_n (&retired, __ATOMIC_RELAXED);

  do
    last->next = head;
  while (!__atomic_compare_exchange_n (&retired, &head, first, TRUE, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED));
}

/* Takes off the stack what no walk can see. */
static SentryFsRetired *
take_free (guint64 now)
{
  SentryFsRetired *all = __atomic_exchange_n (&retired, NULL, __ATOMIC_SEQ_CST);
  SentryFsRetired *free_list = NULL, *kept = NULL, *kept_last = NULL;

  while (all != NULL)
    {
      SentryFsRetired *r = all;

      all = r->next;
      if (r->epoch + 2 <= now)
        {
          r->next = free_list;
          free_list = r;
          continue;
        }
      if (kept == NULL)
        kept_last = r;
      r->next = kept;
      kept = r;
    }
  if (kept != NULL)
    push_back (kept, kept_last);
  return free_list;
}

void
sentry_fs_epoch_reclaim (void)
{
  gboolean progress = TRUE;

  while (progress && __atomic_load_n (&retired, __ATOMIC_RELAXED) != NULL)
    {
      SentryFsRetired *list;

      if (__atomic_exchange_n (&reclaiming, 1, __ATOMIC_SEQ_CST) != 0)
        return;
      list = take_free (advance ());
      __atomic_store_n (&reclaiming, 0, __ATOMIC_SEQ_CST);
      progress = list != NULL;
      while (list != NULL)
        {
          SentryFsRetired *r = list;

          list = r->next;
          r->free (r);
        }
    }
}
