/* The bitmaps behind sentry-id-table.h. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-id-table.h"

#include <errno.h>
#include <string.h>

/* One word of `full` stands for this many ids. */
#define CHUNK 4096

void
sentry_id_table_init (SentryIdTable *t, guint limit)
{
  g_assert (limit <= 1u << 30);
  memset (t, 0, sizeof *t);
  t->limit = limit;
}

void
sentry_id_table_clear (SentryIdTable *t)
{
  g_free (t->slots);
  g_free (t->used);
  g_free (t->full);
  sentry_id_table_init (t, t->limit);
}

void
sentry_id_table_set_limit (SentryIdTable *t, guint limit)
{
  g_assert (limit <= 1u << 30);
  t->limit = limit;
}

static gboolean
grow_array (gpointer *array, gsize old_bytes, gsize bytes)
{
  char *larger = g_try_realloc (*array, bytes);

  if (larger == NULL)
    return FALSE;
  memset (larger + old_bytes, 0, bytes - old_bytes);
  *array = larger;
  return TRUE;
}

/* A part that fails leaves the others larger than n_slots says, which is harmless: the next try
 * asks again, and zeroes them again from n_slots on. */
static int
grow (SentryIdTable *t, guint id)
{
  guint n = t->n_slots;

  if (id < n)
    return 0;
  n = MIN (MAX (n * 2, id + 1), 1u << 30);
  n = (n + CHUNK - 1) / CHUNK * CHUNK;
  if (!grow_array ((gpointer *) &t->slots, t->n_slots * sizeof *t->slots, n * sizeof *t->slots)
      || !grow_array ((gpointer *) &t->used, t->n_slots / 8, n / 8)
      || !grow_array ((gpointer *) &t->full, t->n_slots / CHUNK * 8, n / CHUNK * 8))
    return -ENOMEM;
  t->n_slots = n;
  return 0;
}

static void
mark_used (SentryIdTable *t, guint id)
{
  guint word = id / 64;

  t->used[word] |= G_GUINT64_CONSTANT (1) << id % 64;
  if (t->used[word] == G_MAXUINT64)
    t->full[word / 64] |= G_GUINT64_CONSTANT (1) << word % 64;
  t->count++;
  if (id == t->first_free)
    t->first_free++;
}

/* The lowest word ≥ `word` with a free bit; n_slots / 64 if there is none. */
static guint
next_word_with_room (const SentryIdTable *t, guint word)
{
  guint n = t->n_slots / 64;
  guint64 skip = (G_GUINT64_CONSTANT (1) << word % 64) - 1;

  for (guint s = word / 64; s < n / 64; s++, skip = 0)
    {
      guint64 room = ~t->full[s] & ~skip;
      if (room != 0)
        return s * 64 + __builtin_ctzll (room);
    }
  return n;
}

/* The lowest free id ≥ from; n_slots if every one that there is memory for is taken. */
static guint
next_free (const SentryIdTable *t, guint from)
{
  guint word = from / 64;
  guint64 room;

  if (from >= t->n_slots)
    return from;
  room = ~t->used[word] & (G_MAXUINT64 << from % 64);
  if (room == 0)
    {
      word = next_word_with_room (t, word + 1);
      if (word == t->n_slots / 64)
        return t->n_slots;
      room = ~t->used[word];
    }
  return word * 64 + __builtin_ctzll (room);
}

int
sentry_id_table_alloc (SentryIdTable *t, guint from, guint end, gpointer value)
{
  gboolean whole = from <= t->first_free;
  guint id = next_free (t, MAX (from, t->first_free));

  if (whole)
    t->first_free = id;
  if (id >= MIN (end, t->limit))
    return -ENOSPC;
  if (grow (t, id) < 0)
    return -ENOMEM;
  mark_used (t, id);
  t->slots[id] = value;
  return id;
}

int
sentry_id_table_set (SentryIdTable *t, guint id, gpointer value, gpointer *ret_old)
{
  if (id >= t->limit)
    return -ENOSPC;
  if (grow (t, id) < 0)
    return -ENOMEM;
  if (ret_old != NULL)
    *ret_old = t->slots[id];
  if (!sentry_id_table_is_taken (t, id))
    mark_used (t, id);
  t->slots[id] = value;
  return 0;
}

gpointer
sentry_id_table_remove (SentryIdTable *t, guint id)
{
  guint word = id / 64;
  gpointer value;

  if (!sentry_id_table_is_taken (t, id))
    return NULL;
  value = t->slots[id];
  t->slots[id] = NULL;
  t->used[word] &= ~(G_GUINT64_CONSTANT (1) << id % 64);
  t->full[word / 64] &= ~(G_GUINT64_CONSTANT (1) << word % 64);
  t->count--;
  t->first_free = MIN (t->first_free, id);
  return value;
}

int
sentry_id_table_next (const SentryIdTable *t, guint from)
{
  if (from >= t->n_slots)
    return -1;
  guint64 bits = t->used[from / 64] & (G_MAXUINT64 << from % 64);

  for (guint word = from / 64;;)
    {
      if (bits != 0)
        return word * 64 + __builtin_ctzll (bits);
      if (++word == t->n_slots / 64)
        return -1;
      bits = t->used[word];
    }
}
