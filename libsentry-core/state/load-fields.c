/* Reads the values of fields, each against its bounds. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "state/load-private.h"

void
sentry_state_get_bytes (SentryStateReader *r, gpointer data, gsize len)
{
  if (r->error == NULL && len > r->end - r->at)
    sentry_state_reader_fail (r, "it ends too early");
  if (r->error != NULL)
    {
      if (len > 0)
        memset (data, 0, len);
      return;
    }
  if (len > 0)
    memcpy (data, r->buffer->data + r->at, len);
  r->at += len;
}

static guint64
get_uint (SentryStateReader *r, gsize size)
{
  guint64 le = 0;
  sentry_state_get_bytes (r, &le, size);
  return GUINT64_FROM_LE (le);
}

guint8
sentry_state_get_u8 (SentryStateReader *r)
{
  return get_uint (r, 1);
}

guint32
sentry_state_get_u32 (SentryStateReader *r)
{
  return get_uint (r, 4);
}

guint64
sentry_state_get_u64 (SentryStateReader *r)
{
  return get_uint (r, 8);
}

/* FALSE once all objects together would hold more than the bound. */
static gboolean
charge (SentryStateReader *r, guint64 bytes)
{
  if (r->error == NULL && bytes > r->max_memory - r->memory)
    g_set_error (&r->error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_MEMORY,
                 "the image holds more than %" G_GUINT64_FORMAT " bytes", r->max_memory);
  if (r->error != NULL)
    return FALSE;
  r->memory += bytes;
  return TRUE;
}

static gpointer
allocate (SentryStateReader *r, gsize bytes)
{
  gpointer p = NULL;

  if (charge (r, bytes))
    p = g_try_malloc0 (MAX (bytes, 1));
  if (p == NULL && r->error == NULL)
    g_set_error (&r->error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_MEMORY, "out of memory");
  return p;
}

guint32
sentry_state_get_count (SentryStateReader *r, guint32 max, gsize each)
{
  guint32 n = sentry_state_get_u32 (r);

  if (r->error != NULL)
    return 0;
  if (n > max || n > (r->end - r->at) / each)
    {
      sentry_state_reader_fail (r, "a count of %u is too large", n);
      return 0;
    }
  return n;
}

/* As get_count, but STATE_NULL says that there is none (FALSE). */
static gboolean
get_nullable_count (SentryStateReader *r, guint64 max, gsize each, guint32 *ret_n)
{
  guint32 n = sentry_state_get_u32 (r);

  if (r->error != NULL || n == STATE_NULL)
    return FALSE;
  r->at -= 4;
  *ret_n = sentry_state_get_count (r, MIN (max, STATE_NULL - 1), each);
  return r->error == NULL;
}

static char *
get_text (SentryStateReader *r, guint64 max, gsize *ret_len)
{
  guint32 len;
  char *s;

  if (!get_nullable_count (r, max, 1, &len))
    return NULL;
  s = allocate (r, (gsize) len + 1);
  if (s == NULL)
    return NULL;
  sentry_state_get_bytes (r, s, len);
  *ret_len = len;
  return s;
}

char *
sentry_state_get_string (SentryStateReader *r, gsize max)
{
  gsize len = 0;
  char *s = get_text (r, max, &len);

  if (s != NULL && strlen (s) != len)
    {
      sentry_state_reader_fail (r, "a string has a NUL inside");
      g_clear_pointer (&s, g_free);
    }
  return s;
}

/* --- tables and references --- */

static void
declare_table (SentryStateReader *r)
{
  g_autofree char *name = sentry_state_get_string (r, 256);
  StateStreamTable t = { .version = sentry_state_get_u32 (r) };

  if (r->error != NULL)
    return;
  t.table = name != NULL ? sentry_state_lookup (name) : NULL;
  if (t.table == NULL)
    g_set_error (&r->error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_VERSION,
                 "this sentry has no \"%s\"", name != NULL ? name : "");
  else if (t.version > t.table->version
           || t.version < (t.table->min_version ? t.table->min_version : t.table->version))
    g_set_error (&r->error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_VERSION,
                 "\"%s\" has version %u, this sentry's is %u", name, t.version, t.table->version);
  g_array_append_val (r->tables, t);
}

/* FALSE after an error. */
static gboolean
get_table (SentryStateReader *r, const SentryStateTable *wanted, StateStreamTable *ret)
{
  guint index = get_uint (r, 2);

  if (r->error == NULL && index == r->tables->len && index < STATE_MAX_TABLES)
    declare_table (r);
  if (r->error == NULL && index >= r->tables->len)
    sentry_state_reader_fail (r, "table %u is unknown", index);
  if (r->error != NULL)
    return FALSE;
  *ret = g_array_index (r->tables, StateStreamTable, index);
  if (!sentry_state_is_a (ret->table, wanted))
    sentry_state_reader_fail (r, "a %s where a %s belongs", ret->table->name, wanted->name);
  return r->error == NULL;
}

static gpointer
new_object (SentryStateReader *r, const StateStreamTable *t)
{
  StateObject o = { .table = t->table, .version = t->version };

  gboolean plain = r->raw || t->table->alloc == NULL;

  if (plain)
    o.object = allocate (r, t->table->size);
  else if (charge (r, t->table->size))
    o.object = t->table->alloc (r->context);
  if (o.object == NULL)
    {
      sentry_state_reader_fail (r, "no %s could be made", t->table->name);
      return NULL;
    }
  if (plain)
    sentry_state_prepare (t->table, o.object);
  g_array_append_val (r->objects, o);
  return o.object;
}

gpointer
sentry_state_get_ref (SentryStateReader *r, const SentryStateTable *table, gboolean owning)
{
  guint id = sentry_state_get_u32 (r);
  StateStreamTable t;
  StateObject *o;

  if (r->error != NULL || id == 0)
    return NULL;
  if (id == r->objects->len + 1 && (!get_table (r, table, &t) || new_object (r, &t) == NULL))
    return NULL;
  if (id > r->objects->len)
    {
      sentry_state_reader_fail (r, "a reference leads to unknown object %u", id);
      return NULL;
    }
  o = &g_array_index (r->objects, StateObject, id - 1);
  if (!sentry_state_is_a (o->table, table))
    {
      sentry_state_reader_fail (r, "a %s where a %s belongs", o->table->name, table->name);
      return NULL;
    }
  o->owners += owning;
  return o->object;
}

/* --- fields --- */

static void
get_integers (SentryStateReader *r, const SentryStateField *f, gpointer member)
{
  for (guint i = 0; i < f->count && r->error == NULL; i++)
    {
      guint64 v = get_uint (r, f->elem);
      if (f->kind != SENTRY_STATE_KIND_INT && v > f->max)
        sentry_state_reader_fail (r, "member %s can't be %" G_GUINT64_FORMAT, f->name, v);
      else
        memcpy ((char *) member + i * f->elem, &v, f->elem);
    }
}

static void
get_structs (SentryStateReader *r, const SentryStateField *f, gpointer first, guint64 n)
{
  StateStreamTable t;

  if (!get_table (r, f->table, &t))
    return;
  if (t.table != f->table)
    sentry_state_reader_fail (r, "member %s holds a %s", f->name, t.table->name);
  for (guint64 i = 0; i < n && r->error == NULL; i++)
    state_read_fields (r, t.table, t.version, (char *) first + i * f->table->size);
}

/* Stores the number of elements in the member that counts them. */
static void
set_length (SentryStateReader *r, const SentryStateField *f, gpointer object, guint64 n)
{
  if (f->len_size < 8 && n >> (8 * f->len_size) != 0)
    sentry_state_reader_fail (r, "member %s can't count %" G_GUINT64_FORMAT, f->name, n);
  else
    memcpy ((char *) object + f->len_offset, &n, f->len_size);
}

static void
get_buffer (SentryStateReader *r, const SentryStateField *f, gpointer object)
{
  gsize len = 0;
  char *data = get_text (r, f->max, &len);

  if (data != NULL && len == 0)
    g_clear_pointer (&data, g_free);
  memcpy (state_member (f, object), &data, sizeof data);
  set_length (r, f, object, len);
}

static void
get_struct_array (SentryStateReader *r, const SentryStateField *f, gpointer object)
{
  /* A struct takes at least the 4 bytes of its count of subsections. */
  guint32 n = sentry_state_get_count (r, MIN (f->max, STATE_NULL - 1), 4);
  char *first = NULL;

  if (n > 0)
    {
      first = allocate (r, (gsize) n * f->table->size);
      if (first == NULL)
        return;
      for (guint i = 0; i < n; i++)
        sentry_state_prepare (f->table, first + (gsize) i * f->table->size);
      memcpy (state_member (f, object), &first, sizeof first);
    }
  set_length (r, f, object, n);
  get_structs (r, f, first, n);
}

static void
get_gstring (SentryStateReader *r, const SentryStateField *f, GString **member)
{
  gsize len = 0;
  g_autofree char *s = get_text (r, f->max, &len);

  if (s != NULL)
    *member = g_string_new_len (s, len);
}

static void
get_strv (SentryStateReader *r, const SentryStateField *f, char ***member)
{
  guint32 n;

  if (!get_nullable_count (r, f->max, 4, &n))
    return;
  *member = allocate (r, ((gsize) n + 1) * sizeof (char *));
  for (guint i = 0; *member != NULL && i < n && r->error == NULL; i++)
    {
      char *s = sentry_state_get_string (r, STATE_MAX_STRING);
      if (s == NULL)
        sentry_state_reader_fail (r, "member %s: a string is missing", f->name);
      (*member)[i] = s;
    }
}

static void
get_list (SentryStateReader *r, const SentryStateField *f, SentryList *head)
{
  guint32 n = sentry_state_get_count (r, STATE_NULL - 1, 4);

  for (guint i = 0; i < n && r->error == NULL; i++)
    {
      char *object = sentry_state_get_ref (r, f->table, !f->weak);
      SentryList *link = object != NULL ? (SentryList *) (object + f->link_offset) : NULL;

      if (link == NULL || sentry_list_linked (link))
        sentry_state_reader_fail (r, "list %s: an element is missing or on two lists", f->name);
      else
        sentry_list_append (head, link);
    }
}

static void
get_ptr_array (SentryStateReader *r, const SentryStateField *f, GPtrArray **member)
{
  guint32 n;

  if (!get_nullable_count (r, f->max, 4, &n))
    return;
  *member = g_ptr_array_new ();
  for (guint i = 0; i < n && r->error == NULL; i++)
    g_ptr_array_add (*member, sentry_state_get_ref (r, f->table, !f->weak));
}

static void
get_container (SentryStateReader *r, const SentryStateField *f, gpointer member)
{
  guint32 n = sentry_state_get_count (r, MIN (f->max, STATE_NULL - 1), 12);

  for (guint i = 0; i < n && r->error == NULL; i++)
    {
      StateInsert in = { f, member, sentry_state_get_u64 (r), NULL };
      in.object = sentry_state_get_ref (r, f->table, !f->weak);
      if (in.object == NULL)
        sentry_state_reader_fail (r, "member %s: an entry without an object", f->name);
      g_array_append_val (r->inserts, in);
    }
}

static void
get_refs (SentryStateReader *r, const SentryStateField *f, gpointer *member)
{
  for (guint i = 0; i < f->count && r->error == NULL; i++)
    member[i] = sentry_state_get_ref (r, f->table, !f->weak);
}

static void
get_field (SentryStateReader *r, const SentryStateField *f, gpointer object)
{
  gpointer member = state_member (f, object);

  state_clear_field (f, object); /* what pre_load or alloc left */
  switch (f->kind)
    {
    case SENTRY_STATE_KIND_UINT:
    case SENTRY_STATE_KIND_INT:
    case SENTRY_STATE_KIND_BOOL:
      get_integers (r, f, member);
      break;
    case SENTRY_STATE_KIND_BYTES:
      sentry_state_get_bytes (r, member, f->size);
      break;
    case SENTRY_STATE_KIND_STRUCT:
      get_structs (r, f, member, f->count);
      break;
    case SENTRY_STATE_KIND_STRING:
      *(char **) member = sentry_state_get_string (r, f->max);
      break;
    case SENTRY_STATE_KIND_GSTRING:
      get_gstring (r, f, member);
      break;
    case SENTRY_STATE_KIND_STRV:
      get_strv (r, f, member);
      break;
    case SENTRY_STATE_KIND_BUFFER:
      get_buffer (r, f, object);
      break;
    case SENTRY_STATE_KIND_STRUCTS:
      get_struct_array (r, f, object);
      break;
    case SENTRY_STATE_KIND_REF:
      get_refs (r, f, member);
      break;
    case SENTRY_STATE_KIND_LIST:
      get_list (r, f, member);
      break;
    case SENTRY_STATE_KIND_PTR_ARRAY:
      get_ptr_array (r, f, member);
      break;
    case SENTRY_STATE_KIND_CONTAINER:
      get_container (r, f, member);
      break;
    case SENTRY_STATE_KIND_CUSTOM:
      f->load (r, f, object);
      break;
    default: /* not in the stream */
      break;
    }
}

static void
get_subsection (SentryStateReader *r, const SentryStateTable *table, gpointer object, guint *from)
{
  g_autofree char *name = sentry_state_get_string (r, 256);
  guint32 version = sentry_state_get_u32 (r), len = sentry_state_get_u32 (r);
  guint end = r->end, i = *from;

  while (table->subsections != NULL && table->subsections[i] != NULL
         && g_strcmp0 (table->subsections[i]->name, name) != 0)
    i++;
  if (r->error != NULL)
    return;
  if (table->subsections == NULL || table->subsections[i] == NULL || len > r->end - r->at
      || version > table->subsections[i]->version || version == 0)
    {
      sentry_state_reader_fail (r, "part \"%s\" is unknown, too new, too long or twice there",
                                name);
      return;
    }
  r->end = r->at + len;
  state_read_fields (r, table->subsections[i], version, object);
  if (r->error == NULL && r->at != r->end)
    sentry_state_reader_fail (r, "part \"%s\" has bytes too many", name);
  r->end = end;
  *from = i + 1;
}

static void
read_members (SentryStateReader *r, const SentryStateTable *table, guint32 version, gpointer object)
{
  gboolean there = TRUE;

  for (guint i = 0; i < table->n_fields && r->error == NULL; i++)
    if (table->fields[i].kind == SENTRY_STATE_KIND_SINCE)
      there = version >= table->fields[i].since;
    else if (there)
      get_field (r, &table->fields[i], object);
}

void
state_read_fields (SentryStateReader *r, const SentryStateTable *table, guint32 version,
                   gpointer object)
{
  StateHook hook = { table, object };
  guint from = 0, n;

  if (++r->depth > STATE_MAX_DEPTH)
    sentry_state_reader_fail (r, "structs nested too deeply");
  if (!r->raw && r->error == NULL && table->pre_load != NULL)
    table->pre_load (object, r->context);
  read_members (r, table, version, object);
  n = sentry_state_get_count (r, 64, 4);
  for (guint i = 0; i < n && r->error == NULL; i++)
    get_subsection (r, table, object, &from);
  if (r->error == NULL && table->post_load != NULL)
    g_array_append_val (r->hooks, hook);
  r->depth--;
}

void
sentry_state_get_struct (SentryStateReader *r, const SentryStateTable *table, gpointer object)
{
  StateStreamTable t;

  if (!get_table (r, table, &t))
    return;
  if (t.table != table)
    sentry_state_reader_fail (r, "a %s where a %s belongs", t.table->name, table->name);
  else
    state_read_fields (r, table, t.version, object);
}
