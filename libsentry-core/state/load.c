/* Reads an image: sections, records, and the objects that they make.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/load-private.h"

#include <errno.h>
#include <unistd.h>

static SentryStateReader *
reader_new (int fd, gpointer context)
{
  SentryStateReader *r = g_new0 (SentryStateReader, 1);

  r->context = context;
  r->fd = fd;
  r->max_memory = G_GUINT64_CONSTANT (4) << 30;
  r->buffer = g_byte_array_new ();
  r->objects = g_array_new (FALSE, TRUE, sizeof (StateObject));
  r->tables = g_array_new (FALSE, TRUE, sizeof (StateStreamTable));
  r->inserts = g_array_new (FALSE, FALSE, sizeof (StateInsert));
  r->hooks = g_array_new (FALSE, FALSE, sizeof (StateHook));
  return r;
}

SentryStateReader *
sentry_state_reader_new (GBytes *bytes, gpointer context)
{
  SentryStateReader *r = reader_new (-1, context);
  r->bytes = g_bytes_ref (bytes);
  return r;
}

SentryStateReader *
sentry_state_reader_new_fd (int fd, gpointer context)
{
  return reader_new (fd, context);
}

void
sentry_state_reader_free (SentryStateReader *r)
{
  if (r == NULL)
    return;
  g_clear_pointer (&r->bytes, g_bytes_unref);
  g_byte_array_unref (r->buffer);
  g_array_unref (r->objects);
  g_array_unref (r->tables);
  g_array_unref (r->inserts);
  g_array_unref (r->hooks);
  g_clear_error (&r->error);
  g_free (r);
}

void
sentry_state_reader_set_max_memory (SentryStateReader *r, guint64 bytes)
{
  r->max_memory = bytes;
}

void
sentry_state_reader_set_raw (SentryStateReader *r)
{
  r->raw = TRUE;
}

gpointer
sentry_state_reader_context (SentryStateReader *r)
{
  return r->context;
}

gboolean
sentry_state_reader_failed (SentryStateReader *r)
{
  return r->error != NULL;
}

void
sentry_state_reader_fail (SentryStateReader *r, const char *format, ...)
{
  va_list args;

  if (r->error != NULL)
    return;
  va_start (args, format);
  r->error = g_error_new_valist (SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, format, args);
  va_end (args);
}

/* --- sections --- */

/* Fewer bytes than asked for: the image ends. */
static gsize
read_some (SentryStateReader *r, gpointer data, gsize len)
{
  gsize done = 0;

  if (r->bytes != NULL)
    {
      gsize size;
      const guint8 *p = g_bytes_get_data (r->bytes, &size);
      done = MIN (len, size - r->bytes_at);
      if (done > 0)
        memcpy (data, p + r->bytes_at, done);
      r->bytes_at += done;
    }
  else
    while (done < len)
      {
        gssize n = read (r->fd, (char *) data + done, len - done);
        if (n < 0 && errno == EINTR)
          continue;
        if (n < 0)
          g_set_error (&r->error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_IO,
                       "reading the image: %s", g_strerror (errno));
        if (n <= 0)
          break;
        done += n;
      }
  r->consumed += done;
  return done;
}

static gboolean
read_all (SentryStateReader *r, gpointer data, gsize len)
{
  if (r->error == NULL && read_some (r, data, len) < len)
    sentry_state_reader_fail (r, "the image is truncated");
  return r->error == NULL;
}

/* Piece by piece: a claimed length costs memory only as far as bytes really follow. */
static gboolean
read_payload (SentryStateReader *r, guint32 len)
{
  g_byte_array_set_size (r->buffer, 0);
  while (r->buffer->len < len && r->error == NULL)
    {
      guint at = r->buffer->len, n = MIN (len - at, STATE_SECTION_FLUSH);
      g_byte_array_set_size (r->buffer, at + n);
      read_all (r, r->buffer->data + at, n);
    }
  return r->error == NULL;
}

static guint32
read_section (SentryStateReader *r)
{
  guint64 start = r->consumed;
  guint32 head[2], crc, expected;

  if (!read_all (r, head, sizeof head))
    return 0;
  if (GUINT32_FROM_LE (head[1]) > STATE_MAX_SECTION)
    sentry_state_reader_fail (r, "a section claims %u bytes", GUINT32_FROM_LE (head[1]));
  if (r->error != NULL || !read_payload (r, GUINT32_FROM_LE (head[1]))
      || !read_all (r, &crc, sizeof crc))
    return 0;
  expected = sentry_state_crc32c (sentry_state_crc32c (0, head, sizeof head), r->buffer->data,
                                  r->buffer->len);
  if (GUINT32_FROM_LE (crc) != expected)
    sentry_state_reader_fail (r, "a section's checksum is wrong");
  r->at = 0;
  r->end = r->buffer->len;
  r->section_start = start;
  return r->error == NULL ? GUINT32_FROM_LE (head[0]) : 0;
}

static void
read_header (SentryStateReader *r)
{
  char magic[8];
  guint32 format[2];

  if (!read_all (r, magic, sizeof magic) || !read_all (r, format, sizeof format))
    return;
  if (memcmp (magic, STATE_MAGIC, sizeof magic) != 0 || format[1] != 0)
    sentry_state_reader_fail (r, "this is no image of a sandbox");
  else if (GUINT32_FROM_LE (format[0]) != STATE_FORMAT)
    g_set_error (&r->error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_VERSION,
                 "the image has format %u, this sentry reads format %u",
                 GUINT32_FROM_LE (format[0]), STATE_FORMAT);
}

/* --- records --- */

static void
read_record (SentryStateReader *r)
{
  guint id = sentry_state_get_u32 (r), section_end = r->end;
  guint32 len = sentry_state_get_u32 (r);
  StateObject *o;

  if (r->error != NULL)
    return;
  if (id != r->n_filled + 1 || id > r->objects->len || len > r->end - r->at)
    {
      sentry_state_reader_fail (r, "object %u is out of order, unknown or too long", id);
      return;
    }
  o = &g_array_index (r->objects, StateObject, id - 1);
  r->end = r->at + len;
  state_read_fields (r, o->table, o->version, o->object);
  if (r->error == NULL && r->at != r->end)
    sentry_state_reader_fail (r, "it has %u bytes too many", r->end - r->at);
  if (r->error != NULL)
    {
      o = &g_array_index (r->objects, StateObject, id - 1);
      g_prefix_error (&r->error, "object %u (%s): ", id, o->table->name);
    }
  r->end = section_end;
  r->n_filled++;
}

static void
read_end (SentryStateReader *r)
{
  guint32 n = sentry_state_get_u32 (r);
  guint64 before = sentry_state_get_u64 (r);

  if (r->error != NULL)
    return;
  if (n != r->objects->len || n != r->n_filled || before != r->section_start || r->at != r->end)
    sentry_state_reader_fail (r, "the image's end does not fit its beginning");
  else if (r->bytes != NULL && r->bytes_at != g_bytes_get_size (r->bytes))
    sentry_state_reader_fail (r, "something follows the image's end");
}

static gpointer
read_image (SentryStateReader *r, const SentryStateTable *table)
{
  gpointer root = NULL;
  guint32 kind;

  read_header (r);
  while (r->error == NULL)
    {
      kind = read_section (r);
      if (r->error != NULL)
        break;
      if (kind == STATE_SECTION_END && root != NULL)
        {
          read_end (r);
          break;
        }
      if (kind != STATE_SECTION_OBJECTS)
        {
          sentry_state_reader_fail (r, "section of unknown kind %u", kind);
          break;
        }
      if (root == NULL)
        root = sentry_state_get_ref (r, table, TRUE);
      if (root == NULL)
        sentry_state_reader_fail (r, "there is no root object");
      while (r->error == NULL && r->at < r->end)
        read_record (r);
    }
  return root;
}

/* --- after reading --- */

static void
set_refcount (SentryStateReader *r, StateObject *o)
{
  int offset = sentry_state_refcount_offset (o->table);

  if (o->owners == 0 || o->owners >= G_MAXINT)
    sentry_state_reader_fail (r, "a %s has %u owners", o->table->name, o->owners);
  else if (offset >= 0)
    ((SentryRef *) ((char *) o->object + offset))->count = o->owners;
  else if (!r->raw && o->table->take_ref != NULL)
    for (; o->extra_refs + 1 < o->owners; o->extra_refs++)
      o->table->take_ref (o->object);
  else if (o->owners != 1)
    sentry_state_reader_fail (r, "a %s can't have %u owners", o->table->name, o->owners);
}

static void
run_inserts (SentryStateReader *r)
{
  for (guint i = 0; i < r->inserts->len && r->error == NULL; i++)
    {
      StateInsert *in = &g_array_index (r->inserts, StateInsert, i);
      if (!in->field->container->insert (in->field, in->member, in->key, in->object))
        sentry_state_reader_fail (r, "member %s: key %" G_GUINT64_FORMAT " can't be there",
                                  in->field->name, in->key);
    }
}

static void
run_hooks (SentryStateReader *r)
{
  for (; r->n_hooks_run < r->hooks->len && r->error == NULL; r->n_hooks_run++)
    {
      StateHook *h = &g_array_index (r->hooks, StateHook, r->n_hooks_run);
      if (h->table->post_load == NULL || h->table->post_load (h->object, r->context, &r->error))
        continue;
      if (r->error == NULL)
        sentry_state_reader_fail (r, "refused");
      g_prefix_error (&r->error, "loading a %s: ", h->table->name);
      break;
    }
}

static void
free_object (SentryStateReader *r, StateObject *o)
{
  if (r->raw || o->table->free == NULL)
    {
      sentry_state_unprepare (o->table, o->object);
      g_free (o->object);
    }
  else
    for (guint n = 0; n <= o->extra_refs; n++)
      o->table->free (o->object);
}

static void
undo (SentryStateReader *r)
{
  while (r->n_hooks_run > 0)
    {
      StateHook *h = &g_array_index (r->hooks, StateHook, --r->n_hooks_run);
      if (h->table->unload != NULL)
        h->table->unload (h->object);
    }
  for (guint i = 0; i < r->objects->len; i++)
    {
      StateObject *o = &g_array_index (r->objects, StateObject, i);
      sentry_state_clear (o->table, o->object);
    }
  for (guint i = 0; i < r->objects->len; i++)
    free_object (r, &g_array_index (r->objects, StateObject, i));
}

gpointer
sentry_state_load (SentryStateReader *r, const SentryStateTable *table, GError **error)
{
  gpointer root;

  g_assert (r->consumed == 0);
  root = read_image (r, table);
  for (guint i = 0; i < r->objects->len && r->error == NULL; i++)
    set_refcount (r, &g_array_index (r->objects, StateObject, i));
  run_inserts (r);
  if (!r->raw)
    run_hooks (r);
  if (r->error == NULL)
    return root;
  undo (r);
  g_propagate_error (error, g_steal_pointer (&r->error));
  return NULL;
}
