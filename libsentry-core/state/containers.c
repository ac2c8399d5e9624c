/* Containers that state tables can name. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-id-table.h"
#include "base/sentry-interval-map.h"
#include "state/sentry-state.h"

typedef void (*Visit) (gpointer data, guint64 key, gpointer object);

/* --- GHashTable with numbers as keys --- */

static gint
compare_keys (gconstpointer a, gconstpointer b)
{
  gsize x = GPOINTER_TO_SIZE (a), y = GPOINTER_TO_SIZE (b);
  return x < y ? -1 : x > y;
}

static void
hash_foreach (const SentryStateField *field, gconstpointer member, Visit visit, gpointer data)
{
  GHashTable *hash = *(GHashTable *const *) member;
  GList *keys = hash != NULL ? g_list_sort (g_hash_table_get_keys (hash), compare_keys) : NULL;

  for (GList *k = keys; k != NULL; k = k->next)
    visit (data, GPOINTER_TO_SIZE (k->data), g_hash_table_lookup (hash, k->data));
  g_list_free (keys);
}

static void
hash_make (const SentryStateField *field, gpointer member)
{
  *(GHashTable **) member = g_hash_table_new (NULL, NULL);
}

static gboolean
hash_insert (const SentryStateField *field, gpointer member, guint64 key, gpointer object)
{
  return g_hash_table_insert (*(GHashTable **) member, GSIZE_TO_POINTER (key), object);
}

static void
hash_clear (const SentryStateField *field, gpointer member)
{
  g_clear_pointer ((GHashTable **) member, g_hash_table_unref);
}

const SentryStateContainer sentry_state_hash = {
  .foreach = hash_foreach,
  .make = hash_make,
  .insert = hash_insert,
  .clear = hash_clear,
};

/* --- SentryIdTable --- */

static void
id_table_foreach (const SentryStateField *field, gconstpointer member, Visit visit, gpointer data)
{
  const SentryIdTable *t = member;

  SENTRY_ID_TABLE_FOREACH (id, t)
  {
    if (t->slots[id] != NULL)
      visit (data, id, t->slots[id]);
  }
}

/* The limit is not known here, so the largest; its owner lowers it in post_load. */
static void
id_table_make (const SentryStateField *field, gpointer member)
{
  sentry_id_table_init (member, 1u << 30);
}

/* An id costs memory for all below it: those of one image are bounded by what Linux allows (4194304
 * pids, and nr_open's ceiling is of the same order). */
static gboolean
id_table_insert (const SentryStateField *field, gpointer member, guint64 key, gpointer object)
{
  return key < 1u << 22 && !sentry_id_table_is_taken (member, key)
         && sentry_id_table_set (member, key, object, NULL) == 0;
}

static void
id_table_clear (const SentryStateField *field, gpointer member)
{
  sentry_id_table_clear (member);
}

const SentryStateContainer sentry_state_id_table = {
  .foreach = id_table_foreach,
  .make = id_table_make,
  .insert = id_table_insert,
  .clear = id_table_clear,
};

/* --- SentryIntervalMap --- */

SENTRY_STATE_TABLE (SentryInterval, "interval", 1, SENTRY_STATE_U64 (SentryInterval, start),
                    SENTRY_STATE_U64 (SentryInterval, end),
                    SENTRY_STATE_U64 (SentryInterval, guard),
                    SENTRY_STATE_SKIP (SentryInterval, parent, "made by inserting into the map"),
                    SENTRY_STATE_SKIP (SentryInterval, left, "made by inserting into the map"),
                    SENTRY_STATE_SKIP (SentryInterval, right, "made by inserting into the map"),
                    SENTRY_STATE_SKIP (SentryInterval, first, "made by inserting into the map"),
                    SENTRY_STATE_SKIP (SentryInterval, last, "made by inserting into the map"),
                    SENTRY_STATE_SKIP (SentryInterval, hole, "made by inserting into the map"),
                    SENTRY_STATE_SKIP (SentryInterval, height, "made by inserting into the map"));

static void
interval_map_foreach (const SentryStateField *field, gconstpointer member, Visit visit,
                      gpointer data)
{
  SENTRY_INTERVAL_FOREACH (i, (const SentryIntervalMap *) member)
  {
    visit (data, 0, (char *) i - field->link_offset);
  }
}

static void
interval_map_make (const SentryStateField *field, gpointer member)
{
  sentry_interval_map_init (member);
}

static gboolean
interval_map_insert (const SentryStateField *field, gpointer member, guint64 key, gpointer object)
{
  SentryInterval *i = (SentryInterval *) ((char *) object + field->link_offset);

  return key == 0 && !sentry_interval_in_map (i) && sentry_interval_map_insert (member, i);
}

const SentryStateContainer sentry_state_interval_map = {
  .foreach = interval_map_foreach,
  .make = interval_map_make,
  .insert = interval_map_insert,
};
