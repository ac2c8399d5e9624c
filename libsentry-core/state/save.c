/* Writes the graph of objects that a root leads to. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/state-private.h"

#include <errno.h>
#include <unistd.h>

/* Breadth first: an object gets its id when a pointer to it is first met, and its record in the
 * order of ids, so that depth costs no stack and the reader knows which id comes next. */
typedef struct
{
  gpointer object;
  const SentryStateTable *table;
} Entry;

struct SentryStateWriter
{
  gpointer context;
  int fd;             /* -1: memory */
  GByteArray *out;    /* memory: everything written */
  GByteArray *buffer; /* the section that is being made */
  GArray *entries;    /* Entry; index = id - 1 */
  GHashTable *ids;    /* object to id */
  GHashTable *tables; /* table to index + 1 */
  guint64 written;
  guint depth;
  gboolean raw;
  GError *error; /* the first one stays */
};

static SentryStateWriter *
writer_new (int fd, gpointer context)
{
  SentryStateWriter *w = g_new0 (SentryStateWriter, 1);

  w->context = context;
  w->fd = fd;
  w->out = g_byte_array_new ();
  w->buffer = g_byte_array_new ();
  w->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  w->ids = g_hash_table_new (NULL, NULL);
  w->tables = g_hash_table_new (NULL, NULL);
  return w;
}

SentryStateWriter *
sentry_state_writer_new (gpointer context)
{
  return writer_new (-1, context);
}

SentryStateWriter *
sentry_state_writer_new_fd (int fd, gpointer context)
{
  return writer_new (fd, context);
}

void
sentry_state_writer_free (SentryStateWriter *w)
{
  if (w == NULL)
    return;
  g_byte_array_unref (w->out);
  g_byte_array_unref (w->buffer);
  g_array_unref (w->entries);
  g_hash_table_unref (w->ids);
  g_hash_table_unref (w->tables);
  g_clear_error (&w->error);
  g_free (w);
}

GBytes *
sentry_state_writer_get_bytes (SentryStateWriter *w)
{
  return g_bytes_new (w->out->data, w->out->len);
}

void
sentry_state_writer_set_raw (SentryStateWriter *w)
{
  w->raw = TRUE;
}

gpointer
sentry_state_writer_context (SentryStateWriter *w)
{
  return w->context;
}

void
sentry_state_writer_fail (SentryStateWriter *w, const char *format, ...)
{
  va_list args;

  if (w->error != NULL)
    return;
  va_start (args, format);
  w->error = g_error_new_valist (SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_OBJECT, format, args);
  va_end (args);
}

/* --- bytes --- */

static void
write_out (SentryStateWriter *w, gconstpointer data, gsize len)
{
  const char *p = data;

  w->written += len;
  if (w->fd < 0)
    {
      g_byte_array_append (w->out, data, len);
      return;
    }
  while (len > 0 && w->error == NULL)
    {
      gssize n = write (w->fd, p, len);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          g_set_error (&w->error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_IO,
                       "writing the image: %s", g_strerror (n < 0 ? errno : EIO));
          return;
        }
      p += n;
      len -= n;
    }
}

static void
write_section (SentryStateWriter *w, guint32 kind)
{
  guint32 head[2] = { GUINT32_TO_LE (kind), GUINT32_TO_LE (w->buffer->len) };
  guint32 crc = sentry_state_crc32c (0, head, sizeof head);

  crc = GUINT32_TO_LE (sentry_state_crc32c (crc, w->buffer->data, w->buffer->len));
  write_out (w, head, sizeof head);
  write_out (w, w->buffer->data, w->buffer->len);
  write_out (w, &crc, sizeof crc);
  g_byte_array_set_size (w->buffer, 0);
}

void
sentry_state_put_bytes (SentryStateWriter *w, gconstpointer data, gsize len)
{
  if (w->error != NULL || len == 0)
    return;
  if (len > STATE_MAX_RECORD || w->buffer->len > STATE_MAX_SECTION - len)
    {
      sentry_state_writer_fail (w, "an object is larger than %u bytes", STATE_MAX_RECORD);
      return;
    }
  g_byte_array_append (w->buffer, data, len);
}

static void
put_uint (SentryStateWriter *w, guint64 v, gsize size)
{
  guint64 le = GUINT64_TO_LE (v);
  sentry_state_put_bytes (w, &le, size);
}

void
sentry_state_put_u8 (SentryStateWriter *w, guint8 v)
{
  put_uint (w, v, 1);
}

void
sentry_state_put_u32 (SentryStateWriter *w, guint32 v)
{
  put_uint (w, v, 4);
}

void
sentry_state_put_u64 (SentryStateWriter *w, guint64 v)
{
  put_uint (w, v, 8);
}

/* Fills in a number whose place was left `at` bytes into the section. */
static void
patch_u32 (SentryStateWriter *w, guint at, guint32 v)
{
  guint32 le = GUINT32_TO_LE (v);

  if (w->error == NULL)
    memcpy (w->buffer->data + at, &le, sizeof le);
}

static void
put_counted (SentryStateWriter *w, gconstpointer data, gsize len)
{
  if (data == NULL)
    {
      sentry_state_put_u32 (w, STATE_NULL);
      return;
    }
  sentry_state_put_u32 (w, len);
  sentry_state_put_bytes (w, data, len);
}

void
sentry_state_put_string (SentryStateWriter *w, const char *s)
{
  put_counted (w, s, s != NULL ? strlen (s) : 0);
}

/* --- tables and references --- */

static void
put_table (SentryStateWriter *w, const SentryStateTable *table)
{
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (w->tables, table));

  if (index > 0)
    {
      put_uint (w, index - 1, 2);
      return;
    }
  index = g_hash_table_size (w->tables);
  if (index >= STATE_MAX_TABLES)
    sentry_state_writer_fail (w, "more than %u tables", STATE_MAX_TABLES);
  g_hash_table_insert (w->tables, (gpointer) table, GUINT_TO_POINTER (index + 1));
  put_uint (w, index, 2);
  sentry_state_put_string (w, table->name);
  sentry_state_put_u32 (w, table->version);
}

static const SentryStateTable *
concrete_table (SentryStateWriter *w, const SentryStateTable *table, gpointer object)
{
  const SentryStateTable *t = table;

  if (!w->raw && table->concrete != NULL)
    t = table->concrete (object);
  if (t == NULL || !sentry_state_is_a (t, table))
    {
      sentry_state_writer_fail (w, "this kind of %s can't be saved", table->name);
      return table;
    }
  return t;
}

void
sentry_state_put_ref (SentryStateWriter *w, const SentryStateTable *table, gpointer object)
{
  guint id;
  Entry e = { object, table };

  if (object == NULL || w->error != NULL)
    {
      sentry_state_put_u32 (w, 0);
      return;
    }
  e.table = concrete_table (w, table, object);
  id = GPOINTER_TO_UINT (g_hash_table_lookup (w->ids, object));
  if (id > 0)
    {
      const SentryStateTable *first = g_array_index (w->entries, Entry, id - 1).table;
      if (!sentry_state_is_a (first, table))
        sentry_state_writer_fail (w, "one address is a %s and a %s", first->name, table->name);
      sentry_state_put_u32 (w, id);
      return;
    }
  g_array_append_val (w->entries, e);
  id = w->entries->len;
  g_hash_table_insert (w->ids, object, GUINT_TO_POINTER (id));
  sentry_state_put_u32 (w, id);
  put_table (w, e.table);
}

/* --- fields --- */

static void put_fields (SentryStateWriter *w, const SentryStateTable *table, gconstpointer object);

static void
too_large (SentryStateWriter *w, const SentryStateField *f, guint64 n)
{
  sentry_state_writer_fail (w, "member %s: %" G_GUINT64_FORMAT " is more than %" G_GUINT64_FORMAT,
                            f->name, n, f->max);
}

static void
put_integers (SentryStateWriter *w, const SentryStateField *f, gconstpointer member)
{
  for (guint i = 0; i < f->count; i++)
    {
      guint64 v = 0;
      memcpy (&v, (const char *) member + i * f->elem, f->elem);
      if (f->kind != SENTRY_STATE_KIND_INT && v > f->max)
        too_large (w, f, v);
      put_uint (w, v, f->elem);
    }
}

static void
put_bounded (SentryStateWriter *w, const SentryStateField *f, gconstpointer data, guint64 len)
{
  if (data != NULL && len > f->max)
    too_large (w, f, len);
  else
    put_counted (w, data, len);
}

static void
put_buffer (SentryStateWriter *w, const SentryStateField *f, gconstpointer data, guint64 len)
{
  if (data == NULL && len > 0)
    sentry_state_writer_fail (w, "member %s is NULL but counts %" G_GUINT64_FORMAT, f->name, len);
  else
    put_bounded (w, f, data != NULL ? data : "", len);
}

static void
put_strv (SentryStateWriter *w, const SentryStateField *f, char **strv)
{
  guint n = strv != NULL ? g_strv_length (strv) : 0;

  if (n > f->max)
    too_large (w, f, n);
  sentry_state_put_u32 (w, strv != NULL ? n : STATE_NULL);
  for (guint i = 0; i < n; i++)
    sentry_state_put_string (w, strv[i]);
}

static void
put_structs (SentryStateWriter *w, const SentryStateField *f, gconstpointer first, guint64 n)
{
  put_table (w, f->table);
  for (guint64 i = 0; i < n && w->error == NULL; i++)
    put_fields (w, f->table, (const char *) first + i * f->table->size);
}

static void
put_struct_array (SentryStateWriter *w, const SentryStateField *f, gconstpointer first, guint64 n)
{
  if (n > f->max)
    too_large (w, f, n);
  if (first == NULL && n > 0)
    sentry_state_writer_fail (w, "member %s is NULL but counts %" G_GUINT64_FORMAT, f->name, n);
  sentry_state_put_u32 (w, n);
  put_structs (w, f, first, n);
}

static void
put_list (SentryStateWriter *w, const SentryStateField *f, SentryList *head)
{
  guint at = w->buffer->len;
  guint64 n = 0;

  sentry_state_put_u32 (w, 0);
  SENTRY_LIST_FOREACH (link, safe, head)
  {
    sentry_state_put_ref (w, f->table, (char *) link - f->link_offset);
    n++;
  }
  patch_u32 (w, at, n);
}

static void
put_ptr_array (SentryStateWriter *w, const SentryStateField *f, GPtrArray *array)
{
  if (array != NULL && array->len > f->max)
    too_large (w, f, array->len);
  sentry_state_put_u32 (w, array != NULL ? array->len : STATE_NULL);
  for (guint i = 0; array != NULL && i < array->len; i++)
    sentry_state_put_ref (w, f->table, array->pdata[i]);
}

typedef struct
{
  SentryStateWriter *w;
  const SentryStateField *f;
  guint64 n;
} Visit;

static void
put_entry (gpointer data, guint64 key, gpointer object)
{
  Visit *v = data;

  sentry_state_put_u64 (v->w, key);
  sentry_state_put_ref (v->w, v->f->table, object);
  v->n++;
}

static void
put_container (SentryStateWriter *w, const SentryStateField *f, gconstpointer member)
{
  Visit v = { w, f, 0 };
  guint at = w->buffer->len;

  sentry_state_put_u32 (w, 0);
  f->container->foreach (f, member, put_entry, &v);
  if (v.n > f->max)
    too_large (w, f, v.n);
  patch_u32 (w, at, v.n);
}

static void
put_field (SentryStateWriter *w, const SentryStateField *f, gconstpointer object)
{
  gpointer member = state_member (f, object), pointer = NULL;

  if (f->size == sizeof pointer)
    memcpy (&pointer, member, sizeof pointer);
  switch (f->kind)
    {
    case SENTRY_STATE_KIND_UINT:
    case SENTRY_STATE_KIND_INT:
    case SENTRY_STATE_KIND_BOOL:
      put_integers (w, f, member);
      break;
    case SENTRY_STATE_KIND_BYTES:
      sentry_state_put_bytes (w, member, f->size);
      break;
    case SENTRY_STATE_KIND_STRUCT:
      put_structs (w, f, member, f->count);
      break;
    case SENTRY_STATE_KIND_STRING:
      put_bounded (w, f, pointer, pointer != NULL ? strlen (pointer) : 0);
      break;
    case SENTRY_STATE_KIND_GSTRING:
      put_bounded (w, f, pointer != NULL ? ((GString *) pointer)->str : NULL,
                   pointer != NULL ? ((GString *) pointer)->len : 0);
      break;
    case SENTRY_STATE_KIND_STRV:
      put_strv (w, f, pointer);
      break;
    case SENTRY_STATE_KIND_BUFFER:
      put_buffer (w, f, pointer, state_length (f, object));
      break;
    case SENTRY_STATE_KIND_STRUCTS:
      put_struct_array (w, f, pointer, state_length (f, object));
      break;
    case SENTRY_STATE_KIND_REF:
      for (guint i = 0; i < f->count; i++)
        sentry_state_put_ref (w, f->table, ((gpointer *) member)[i]);
      break;
    case SENTRY_STATE_KIND_LIST:
      put_list (w, f, member);
      break;
    case SENTRY_STATE_KIND_PTR_ARRAY:
      put_ptr_array (w, f, pointer);
      break;
    case SENTRY_STATE_KIND_CONTAINER:
      put_container (w, f, member);
      break;
    case SENTRY_STATE_KIND_CUSTOM:
      f->save (w, f, object);
      break;
    default: /* not in the stream */
      break;
    }
}

/* An optional part is framed by its length, so that a reader can tell where it ends. */
static void
put_subsections (SentryStateWriter *w, const SentryStateTable *table, gconstpointer object)
{
  guint count_at = w->buffer->len, n = 0;

  sentry_state_put_u32 (w, 0);
  for (guint i = 0; table->subsections != NULL && table->subsections[i] != NULL; i++)
    {
      const SentryStateTable *s = table->subsections[i];
      guint at;

      if (!s->needed (object))
        continue;
      n++;
      sentry_state_put_string (w, s->name);
      sentry_state_put_u32 (w, s->version);
      at = w->buffer->len;
      sentry_state_put_u32 (w, 0);
      put_fields (w, s, object);
      patch_u32 (w, at, w->buffer->len - at - 4);
    }
  patch_u32 (w, count_at, n);
}

static void
put_fields (SentryStateWriter *w, const SentryStateTable *table, gconstpointer object)
{
  if (++w->depth > STATE_MAX_DEPTH)
    sentry_state_writer_fail (w, "%s: structs nested too deeply", table->name);
  if (w->error == NULL && !w->raw && table->pre_save != NULL
      && !table->pre_save ((gpointer) object, w->context, &w->error))
    sentry_state_writer_fail (w, "%s: refused", table->name);
  for (guint i = 0; i < table->n_fields && w->error == NULL; i++)
    put_field (w, &table->fields[i], object);
  if (w->error == NULL)
    put_subsections (w, table, object);
  w->depth--;
}

void
sentry_state_put_struct (SentryStateWriter *w, const SentryStateTable *table, gconstpointer object)
{
  put_table (w, table);
  put_fields (w, table, object);
}

/* --- the whole --- */

static void
put_record (SentryStateWriter *w, guint id)
{
  Entry e = g_array_index (w->entries, Entry, id - 1);
  guint at;

  sentry_state_put_u32 (w, id);
  at = w->buffer->len;
  sentry_state_put_u32 (w, 0);
  put_fields (w, e.table, e.object);
  if (w->error == NULL && w->buffer->len - at > STATE_MAX_RECORD)
    sentry_state_writer_fail (w, "it is larger than %u bytes", STATE_MAX_RECORD);
  if (w->error != NULL)
    {
      g_prefix_error (&w->error, "saving a %s: ", e.table->name);
      return;
    }
  patch_u32 (w, at, w->buffer->len - at - 4);
  if (w->buffer->len >= STATE_SECTION_FLUSH)
    write_section (w, STATE_SECTION_OBJECTS);
}

gboolean
sentry_state_save (SentryStateWriter *w, const SentryStateTable *table, gpointer object,
                   GError **error)
{
  guint32 format[2] = { GUINT32_TO_LE (STATE_FORMAT), 0 };

  g_assert (w->written == 0);
  write_out (w, STATE_MAGIC, 8);
  write_out (w, format, sizeof format);
  sentry_state_put_ref (w, table, object);
  for (guint id = 1; id <= w->entries->len && w->error == NULL; id++)
    put_record (w, id);
  if (w->error == NULL)
    {
      write_section (w, STATE_SECTION_OBJECTS);
      sentry_state_put_u32 (w, w->entries->len);
      sentry_state_put_u64 (w, w->written);
      write_section (w, STATE_SECTION_END);
    }
  if (w->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&w->error));
  return FALSE;
}
