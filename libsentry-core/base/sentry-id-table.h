/* A table from small integers to pointers that hands out the lowest free one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* For descriptors, process ids, timer ids, IPC indices.  Memory grows with the highest id in use (8
 * 1/8 bytes each), the search for a free one looks at one bit per 64 ids, and remembers below which
 * id everything is taken.  Locking is the owner's. */
typedef struct
{
  gpointer *slots;  /* one an id; NULL: free, or taken without a value yet */
  guint64 *used;    /* one bit an id */
  guint64 *full;    /* one bit a word of `used`: all taken */
  guint n_slots;    /* ids that there is memory for; a multiple of 4096 or 0 */
  guint limit;      /* ids are below it */
  guint count;      /* taken ids */
  guint first_free; /* no id below it is free */
} SentryIdTable;

/* limit is at most 1 << 30.  Zeroed memory with a limit is an empty table. */
void sentry_id_table_init (SentryIdTable *t, guint limit);
/* Frees the table, not what the values point to. */
void sentry_id_table_clear (SentryIdTable *t);
/* Raises or lowers the limit; ids above a lowered one stay until removed. */
void sentry_id_table_set_limit (SentryIdTable *t, guint limit);

/* Takes the lowest free id ≥ from and < MIN (end, limit), for `value` (NULL: reserved, set later).
 * The id, -ENOSPC (none is free), or -ENOMEM. */
int sentry_id_table_alloc (SentryIdTable *t, guint from, guint end, gpointer value);
/* Takes this id whether it is free or not; its old value (or NULL) to *ret_old, if not NULL.  0,
 * -ENOSPC (not below the limit) or -ENOMEM. */
int sentry_id_table_set (SentryIdTable *t, guint id, gpointer value, gpointer *ret_old);
/* Frees the id and gives its value; NULL if it was free. */
gpointer sentry_id_table_remove (SentryIdTable *t, guint id);
/* The lowest taken id ≥ from, or -1. */
int sentry_id_table_next (const SentryIdTable *t, guint from);

static inline gpointer
sentry_id_table_get (const SentryIdTable *t, guint id)
{
  return id < t->n_slots ? t->slots[id] : NULL;
}

static inline gboolean
sentry_id_table_is_taken (const SentryIdTable *t, guint id)
{
  return id < t->n_slots && (t->used[id / 64] >> (id % 64) & 1) != 0;
}

#define SENTRY_ID_TABLE_FOREACH(id, t)                                                             \
  for (int id = sentry_id_table_next (t, 0); id >= 0; id = sentry_id_table_next (t, id + 1))

G_END_DECLS
