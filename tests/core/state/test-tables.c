/* Every registered table: covers its struct, survives a round trip, refuses damaged images.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample.h"

#include "state/state-private.h"

static gpointer
load (GBytes *image, const SentryStateTable *table, GError **error)
{
  g_autoptr (SentryStateReader) r = sentry_state_reader_new (image, NULL);

  sentry_state_reader_set_raw (r);
  sentry_state_reader_set_max_memory (r, 64 << 20);
  return sentry_state_load (r, table, error);
}

static void
test_covers (gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  sentry_state_table_check (data, &error);
  g_assert_no_error (error);
}

static void
test_round_trip (gconstpointer data)
{
  const SentryStateTable *table = data;

  for (guint32 seed = 1; seed <= 20; seed++)
    {
      g_autoptr (GError) error = NULL;
      Sample *s = sample_new (table, seed);
      g_autoptr (GBytes) first = sample_save (table, sample_root (s)), second = NULL;
      gpointer loaded;

      g_assert_nonnull (first);
      loaded = load (first, table, &error);
      g_assert_no_error (error);
      second = sample_save (table, loaded);
      g_assert_nonnull (second);
      g_assert_true (g_bytes_equal (first, second));
      sample_free_loaded (table, loaded);
      sample_free (s);
    }
}

static void
refuse (GBytes *image, const SentryStateTable *table)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (load (image, table, &error));
  g_assert_nonnull (error);
}

/* The image ends early; and, with lengths and checksums put right, so does the object in it. */
static void
test_truncated (gconstpointer data)
{
  const SentryStateTable *table = data;
  Sample *s = sample_new (table, 1);
  g_autoptr (GBytes) image = sample_save (table, sample_root (s));
  gsize len, payload_len;
  const guint8 *bytes = g_bytes_get_data (image, &len);
  const guint8 *payload = sample_payload (image, &payload_len);
  guint32 n_objects;

  memcpy (&n_objects, bytes + len - 16, sizeof n_objects);
  for (gsize n = 0; n < len; n++)
    {
      g_autoptr (GBytes) cut = g_bytes_new (bytes, n);
      refuse (cut, table);
    }
  for (gsize n = 0; n < payload_len; n++)
    {
      g_autoptr (GBytes) cut = sample_reseal (payload, n, GUINT32_FROM_LE (n_objects));
      refuse (cut, table);
    }
  sample_free (s);
}

/* Bytes changed behind valid checksums: refused, or another object; never a crash. */
static void
test_damaged (gconstpointer data)
{
  const SentryStateTable *table = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (g_test_rand_int ());
  Sample *s = sample_new (table, 2);
  g_autoptr (GBytes) image = sample_save (table, sample_root (s));
  gsize len;
  const guint8 *payload = sample_payload (image, &len), *bytes;
  guint32 n_objects;

  bytes = g_bytes_get_data (image, NULL);
  memcpy (&n_objects, bytes + g_bytes_get_size (image) - 16, sizeof n_objects);
  for (guint i = 0; i < 400; i++)
    {
      g_autofree guint8 *damaged = g_memdup2 (payload, len);
      g_autoptr (GBytes) other = NULL;
      gpointer loaded;

      for (guint n = g_rand_int_range (rand, 1, 4); n > 0; n--)
        damaged[g_rand_int_range (rand, 0, len)] = g_rand_boolean (rand)
                                                       ? g_rand_int_range (rand, 0, 4)
                                                       : g_rand_int_range (rand, 0, 256);
      other = sample_reseal (damaged, len, GUINT32_FROM_LE (n_objects));
      loaded = load (other, table, NULL);
      if (loaded != NULL)
        sample_free_loaded (table, loaded);
    }
  sample_free (s);
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) tables = NULL;

  g_test_init (&argc, &argv, NULL);
  tables = sentry_state_tables ();
  for (guint i = 0; i < tables->len; i++)
    {
      const SentryStateTable *t = tables->pdata[i];
      g_autofree char *covers = g_strdup_printf ("/sentry/state/%s/covers-its-struct", t->name);
      g_autofree char *round = g_strdup_printf ("/sentry/state/%s/survives-a-round-trip", t->name);
      g_autofree char *cut = g_strdup_printf ("/sentry/state/%s/refuses-truncation", t->name);
      g_autofree char *bad = g_strdup_printf ("/sentry/state/%s/survives-damage", t->name);

      g_test_add_data_func (covers, t, test_covers);
      g_test_add_data_func (round, t, test_round_trip);
      g_test_add_data_func (cut, t, test_truncated);
      g_test_add_data_func (bad, t, test_damaged);
    }
  return g_test_run ();
}
