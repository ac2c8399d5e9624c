/* Fills objects by their tables. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample.h"

#include "base/sentry-interval-map.h"
#include "state/state-private.h"

typedef struct
{
  gpointer object;
  const SentryStateTable *table;
} Made;

struct Sample
{
  GRand *rand;
  GArray *made; /* Made; the first is the root */
};

static void fill (Sample *s, const SentryStateTable *table, gpointer object, guint depth);

static guint64
random64 (Sample *s)
{
  return (guint64) g_rand_int (s->rand) << 32 | g_rand_int (s->rand);
}

static guint
below (Sample *s, guint n)
{
  return g_rand_int_range (s->rand, 0, n);
}

static guint64
bounded (Sample *s, guint64 max)
{
  return max == G_MAXUINT64 ? random64 (s) : random64 (s) % (max + 1);
}

static gpointer
make (Sample *s, const SentryStateTable *table, guint depth)
{
  Made m = { g_malloc0 (table->size), table };

  sentry_state_prepare (table, m.object);
  g_array_append_val (s->made, m);
  fill (s, table, m.object, depth);
  return m.object;
}

/* Something of this table that has an owner already, or NULL. */
static gpointer
pick (Sample *s, const SentryStateTable *table)
{
  for (guint tries = 0; tries < 4; tries++)
    {
      Made *m = &g_array_index (s->made, Made, below (s, s->made->len));
      if (m->table == table)
        return m->object;
    }
  return NULL;
}

static gpointer
reference (Sample *s, const SentryStateField *f, guint depth)
{
  if (f->weak)
    return pick (s, f->table);
  if (sentry_state_refcount_offset (f->table) >= 0 && below (s, 3) == 0)
    return pick (s, f->table);
  return depth < 3 && s->made->len < 60 ? make (s, f->table, depth + 1) : NULL;
}

static char *
text (Sample *s, guint64 max, gsize *ret_len)
{
  gsize len = below (s, MIN (max, 20) + 1);
  char *t = g_malloc0 (len + 1);

  for (gsize i = 0; i < len; i++)
    t[i] = 'a' + below (s, 26);
  *ret_len = len;
  return t;
}

static void
fill_strv (Sample *s, const SentryStateField *f, char ***member)
{
  guint n = below (s, MIN (f->max, 3) + 1);
  gsize len;

  *member = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    (*member)[i] = text (s, 20, &len);
}

static void
fill_buffer (Sample *s, const SentryStateField *f, gpointer object)
{
  gsize len;
  char *t = text (s, f->max, &len);

  if (len == 0)
    g_clear_pointer (&t, g_free);
  memcpy (state_member (f, object), &t, sizeof t);
  memcpy ((char *) object + f->len_offset, &len, f->len_size);
}

static void
fill_structs (Sample *s, const SentryStateField *f, gpointer object, guint depth)
{
  guint64 n = below (s, MIN (f->max, 3) + 1);
  char *first = n > 0 ? g_malloc0 (n * f->table->size) : NULL;

  for (guint i = 0; i < n; i++)
    {
      sentry_state_prepare (f->table, first + i * f->table->size);
      fill (s, f->table, first + i * f->table->size, depth);
    }
  memcpy (state_member (f, object), &first, sizeof first);
  memcpy ((char *) object + f->len_offset, &n, f->len_size);
}

static void
fill_list (Sample *s, const SentryStateField *f, SentryList *head, guint depth)
{
  for (guint n = below (s, 4); n > 0 && depth < 3 && !f->weak; n--)
    sentry_list_append (head,
                        (SentryList *) ((char *) make (s, f->table, depth + 1) + f->link_offset));
}

static void
fill_container (Sample *s, const SentryStateField *f, gpointer member, guint depth)
{
  for (guint n = 0; n < below (s, 4) && depth < 3; n++)
    {
      gboolean intervals = f->container == &sentry_state_interval_map;
      gpointer o = f->weak ? pick (s, f->table) : make (s, f->table, depth + 1);

      if (intervals)
        {
          SentryInterval *i = (SentryInterval *) ((char *) o + f->link_offset);
          *i = (SentryInterval){ .start = n * 100, .end = n * 100 + 50 };
        }
      /* One that is refused belongs to nobody, and so is not saved. */
      if (o != NULL)
        f->container->insert (f, member, intervals ? 0 : n * 7, o);
    }
}

static void
fill_field (Sample *s, const SentryStateField *f, gpointer object, guint depth)
{
  gpointer member = state_member (f, object);
  gsize len;

  switch (f->kind)
    {
    case SENTRY_STATE_KIND_UINT:
    case SENTRY_STATE_KIND_INT:
    case SENTRY_STATE_KIND_BOOL:
      for (guint i = 0; i < f->count; i++)
        {
          guint64 v = bounded (s, f->max);
          memcpy ((char *) member + i * f->elem, &v, f->elem);
        }
      break;
    case SENTRY_STATE_KIND_BYTES:
      for (guint i = 0; i < f->size; i++)
        ((guint8 *) member)[i] = below (s, 256);
      break;
    case SENTRY_STATE_KIND_STRUCT:
      for (guint i = 0; i < f->count; i++)
        fill (s, f->table, (char *) member + i * f->elem, depth);
      break;
    case SENTRY_STATE_KIND_STRING:
      *(char **) member = text (s, f->max, &len);
      break;
    case SENTRY_STATE_KIND_GSTRING:
      {
        g_autofree char *t = text (s, f->max, &len);
        *(GString **) member = g_string_new_len (t, len);
        break;
      }
    case SENTRY_STATE_KIND_STRV:
      fill_strv (s, f, member);
      break;
    case SENTRY_STATE_KIND_BUFFER:
      fill_buffer (s, f, object);
      break;
    case SENTRY_STATE_KIND_STRUCTS:
      fill_structs (s, f, object, depth);
      break;
    case SENTRY_STATE_KIND_REF:
      for (guint i = 0; i < f->count; i++)
        ((gpointer *) member)[i] = reference (s, f, depth);
      break;
    case SENTRY_STATE_KIND_LIST:
      fill_list (s, f, member, depth);
      break;
    case SENTRY_STATE_KIND_PTR_ARRAY:
      *(GPtrArray **) member = g_ptr_array_new ();
      for (guint n = below (s, MIN (f->max, 3) + 1); n > 0; n--)
        g_ptr_array_add (*(GPtrArray **) member, reference (s, f, depth));
      break;
    case SENTRY_STATE_KIND_CONTAINER:
      fill_container (s, f, member, depth);
      break;
    default: /* custom: zeroed */
      break;
    }
}

static void
fill (Sample *s, const SentryStateTable *table, gpointer object, guint depth)
{
  for (guint i = 0; i < table->n_fields; i++)
    fill_field (s, &table->fields[i], object, depth);
  for (guint i = 0; table->subsections != NULL && table->subsections[i] != NULL; i++)
    for (guint n = 0; n < table->subsections[i]->n_fields; n++)
      fill_field (s, &table->subsections[i]->fields[n], object, depth);
}

Sample *
sample_new (const SentryStateTable *table, guint32 seed)
{
  Sample *s = g_new0 (Sample, 1);

  s->rand = g_rand_new_with_seed (seed);
  s->made = g_array_new (FALSE, FALSE, sizeof (Made));
  make (s, table, 0);
  return s;
}

gpointer
sample_root (Sample *s)
{
  return g_array_index (s->made, Made, 0).object;
}

void
sample_free (Sample *s)
{
  for (guint i = 0; i < s->made->len; i++)
    sentry_state_clear (g_array_index (s->made, Made, i).table,
                        g_array_index (s->made, Made, i).object);
  for (guint i = 0; i < s->made->len; i++)
    {
      sentry_state_unprepare (g_array_index (s->made, Made, i).table,
                              g_array_index (s->made, Made, i).object);
      g_free (g_array_index (s->made, Made, i).object);
    }
  g_array_unref (s->made);
  g_rand_free (s->rand);
  g_free (s);
}

GBytes *
sample_save (const SentryStateTable *table, gpointer root)
{
  g_autoptr (SentryStateWriter) w = sentry_state_writer_new (NULL);
  g_autoptr (GError) error = NULL;

  sentry_state_writer_set_raw (w);
  if (sentry_state_save (w, table, root, &error))
    return sentry_state_writer_get_bytes (w);
  g_test_message ("%s", error->message);
  return NULL;
}

/* --- what was loaded --- */

static void
collect (gpointer data, guint64 key, gpointer object)
{
  g_ptr_array_add (data, object);
}

static void gather (const SentryStateTable *table, gpointer object, GHashTable *seen);

static void
gather_all (const SentryStateTable *table, GPtrArray *found, GHashTable *seen)
{
  for (guint i = 0; i < found->len; i++)
    if (found->pdata[i] != NULL && g_hash_table_insert (seen, found->pdata[i], (gpointer) table))
      gather (table, found->pdata[i], seen);
}

static void
gather_field (const SentryStateField *f, gpointer object, GHashTable *seen)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  gpointer member = state_member (f, object);
  GPtrArray *array;

  if (f->kind == SENTRY_STATE_KIND_REF)
    for (guint i = 0; i < f->count; i++)
      g_ptr_array_add (found, ((gpointer *) member)[i]);
  else if (f->kind == SENTRY_STATE_KIND_LIST)
    SENTRY_LIST_FOREACH (link, safe, (SentryList *) member)
    {
      g_ptr_array_add (found, (char *) link - f->link_offset);
    }
  else if (f->kind == SENTRY_STATE_KIND_PTR_ARRAY && (array = *(GPtrArray **) member) != NULL)
    g_ptr_array_extend (found, array, NULL, NULL);
  else if (f->kind == SENTRY_STATE_KIND_CONTAINER)
    f->container->foreach (f, member, collect, found);
  else if (f->kind == SENTRY_STATE_KIND_STRUCT)
    for (guint i = 0; i < f->count; i++)
      gather (f->table, (char *) member + i * f->elem, seen);
  else if (f->kind == SENTRY_STATE_KIND_STRUCTS)
    for (guint64 i = 0; i < state_length (f, object); i++)
      gather (f->table, *(char **) member + i * f->table->size, seen);
  gather_all (f->table, found, seen);
}

static void
gather (const SentryStateTable *table, gpointer object, GHashTable *seen)
{
  for (guint i = 0; i < table->n_fields; i++)
    gather_field (&table->fields[i], object, seen);
  for (guint i = 0; table->subsections != NULL && table->subsections[i] != NULL; i++)
    gather (table->subsections[i], object, seen);
}

void
sample_free_loaded (const SentryStateTable *table, gpointer root)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer object, t;

  g_hash_table_insert (seen, root, (gpointer) table);
  gather (table, root, seen);
  g_hash_table_iter_init (&iter, seen);
  while (g_hash_table_iter_next (&iter, &object, &t))
    sentry_state_clear (t, object);
  g_hash_table_iter_init (&iter, seen);
  while (g_hash_table_iter_next (&iter, &object, &t))
    {
      sentry_state_unprepare (t, object);
      g_free (object);
    }
}

/* --- images --- */

static void
append_section (GByteArray *out, guint32 kind, gconstpointer data, guint32 len)
{
  guint32 head[2] = { GUINT32_TO_LE (kind), GUINT32_TO_LE (len) }, crc;

  crc = sentry_state_crc32c (sentry_state_crc32c (0, head, sizeof head), data, len);
  crc = GUINT32_TO_LE (crc);
  g_byte_array_append (out, (guint8 *) head, sizeof head);
  g_byte_array_append (out, data, len);
  g_byte_array_append (out, (guint8 *) &crc, sizeof crc);
}

GBytes *
sample_reseal (const guint8 *payload, gsize len, guint n_objects)
{
  GByteArray *out = g_byte_array_new ();
  guint32 format[2] = { GUINT32_TO_LE (STATE_FORMAT), 0 };
  struct
  {
    guint32 n;
    guint64 before;
  } __attribute__ ((packed)) end;

  g_byte_array_append (out, (const guint8 *) STATE_MAGIC, 8);
  g_byte_array_append (out, (guint8 *) format, sizeof format);
  append_section (out, STATE_SECTION_OBJECTS, payload, len);
  end.n = GUINT32_TO_LE (n_objects);
  end.before = GUINT64_TO_LE (out->len);
  append_section (out, STATE_SECTION_END, &end, sizeof end);
  return g_byte_array_free_to_bytes (out);
}

const guint8 *
sample_payload (GBytes *image, gsize *ret_len)
{
  const guint8 *p = g_bytes_get_data (image, NULL);
  guint32 len;

  memcpy (&len, p + STATE_HEADER_SIZE + 4, sizeof len);
  *ret_len = GUINT32_FROM_LE (len);
  return p + STATE_HEADER_SIZE + 8;
}
