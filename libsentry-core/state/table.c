/* Walks tables: preparing and clearing objects, checking coverage, describing.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/state-private.h"

gboolean
sentry_state_is_a (const SentryStateTable *table, const SentryStateTable *wanted)
{
  while (table != NULL && table != wanted)
    table = table->base;
  return table != NULL;
}

int
sentry_state_refcount_offset (const SentryStateTable *table)
{
  for (guint i = 0; i < table->n_fields; i++)
    {
      const SentryStateField *f = &table->fields[i];
      int inner = -1;

      if (f->kind == SENTRY_STATE_KIND_REFCOUNT)
        return f->offset;
      if (f->kind == SENTRY_STATE_KIND_STRUCT && f->table == table->base)
        inner = sentry_state_refcount_offset (f->table);
      if (inner >= 0)
        return f->offset + inner;
    }
  return -1;
}

static const char *const kind_names[] = {
  [SENTRY_STATE_KIND_UINT] = "uint",
  [SENTRY_STATE_KIND_INT] = "int",
  [SENTRY_STATE_KIND_BOOL] = "bool",
  [SENTRY_STATE_KIND_BYTES] = "bytes",
  [SENTRY_STATE_KIND_STRUCT] = "struct",
  [SENTRY_STATE_KIND_STRING] = "string",
  [SENTRY_STATE_KIND_GSTRING] = "gstring",
  [SENTRY_STATE_KIND_STRV] = "strv",
  [SENTRY_STATE_KIND_BUFFER] = "buffer",
  [SENTRY_STATE_KIND_STRUCTS] = "structs",
  [SENTRY_STATE_KIND_REF] = "ref",
  [SENTRY_STATE_KIND_LIST] = "list",
  [SENTRY_STATE_KIND_PTR_ARRAY] = "ptr-array",
  [SENTRY_STATE_KIND_CONTAINER] = "container",
  [SENTRY_STATE_KIND_CUSTOM] = "custom",
  [SENTRY_STATE_KIND_SKIP] = "skip",
  [SENTRY_STATE_KIND_REFCOUNT] = "refcount",
  [SENTRY_STATE_KIND_MUTEX] = "mutex",
  [SENTRY_STATE_KIND_RWLOCK] = "rwlock",
  [SENTRY_STATE_KIND_WAIT_QUEUE] = "wait-queue",
  [SENTRY_STATE_KIND_SLEEPER] = "sleeper",
  [SENTRY_STATE_KIND_LINK] = "link",
  [SENTRY_STATE_KIND_SINCE] = "since",
};

const char *
sentry_state_kind_name (SentryStateKind kind)
{
  return kind_names[kind];
}

/* --- objects --- */

static void
prepare_field (const SentryStateField *f, gpointer member)
{
  switch (f->kind)
    {
    case SENTRY_STATE_KIND_MUTEX:
      sentry_mutex_init (member, f->lock_class);
      break;
    case SENTRY_STATE_KIND_RWLOCK:
      sentry_rwlock_init (member, f->lock_class);
      break;
    case SENTRY_STATE_KIND_WAIT_QUEUE:
      sentry_wait_queue_init (member);
      break;
    case SENTRY_STATE_KIND_LIST:
      sentry_list_init (member);
      break;
    case SENTRY_STATE_KIND_CONTAINER:
      f->container->make (f, member);
      break;
    case SENTRY_STATE_KIND_STRUCT:
      for (guint i = 0; i < f->count; i++)
        sentry_state_prepare (f->table, (char *) member + i * f->elem);
      break;
    default:
      break;
    }
}

void
sentry_state_prepare (const SentryStateTable *table, gpointer object)
{
  for (guint i = 0; i < table->n_fields; i++)
    prepare_field (&table->fields[i], state_member (&table->fields[i], object));
  for (guint i = 0; table->subsections != NULL && table->subsections[i] != NULL; i++)
    sentry_state_prepare (table->subsections[i], object);
}

/* Read-write locks own memory; the other things that prepare makes do not. */
void
sentry_state_unprepare (const SentryStateTable *table, gpointer object)
{
  for (guint i = 0; i < table->n_fields; i++)
    {
      const SentryStateField *f = &table->fields[i];
      gpointer member = state_member (f, object);

      if (f->kind == SENTRY_STATE_KIND_RWLOCK)
        sentry_rwlock_clear (member);
      else if (f->kind == SENTRY_STATE_KIND_STRUCT)
        for (guint n = 0; n < f->count; n++)
          sentry_state_unprepare (f->table, (char *) member + n * f->elem);
    }
}

static void
clear_structs (const SentryStateField *f, gpointer object)
{
  char **member = state_member (f, object);
  guint64 n = state_length (f, object);

  for (guint64 i = 0; *member != NULL && i < n; i++)
    {
      sentry_state_clear (f->table, *member + i * f->table->size);
      sentry_state_unprepare (f->table, *member + i * f->table->size);
    }
  g_clear_pointer (member, g_free);
  memset ((char *) object + f->len_offset, 0, f->len_size);
}

static void
clear_gstring (GString **member)
{
  if (*member != NULL)
    g_string_free (g_steal_pointer (member), TRUE);
}

void
state_clear_field (const SentryStateField *f, gpointer object)
{
  gpointer member = state_member (f, object);

  switch (f->kind)
    {
    case SENTRY_STATE_KIND_STRING:
    case SENTRY_STATE_KIND_BUFFER:
      g_clear_pointer ((gpointer *) member, g_free);
      break;
    case SENTRY_STATE_KIND_STRUCTS:
      clear_structs (f, object);
      break;
    case SENTRY_STATE_KIND_GSTRING:
      clear_gstring (member);
      break;
    case SENTRY_STATE_KIND_STRV:
      g_clear_pointer ((char ***) member, g_strfreev);
      break;
    case SENTRY_STATE_KIND_PTR_ARRAY:
      g_clear_pointer ((GPtrArray **) member, g_ptr_array_unref);
      break;
    default:
      break;
    }
}

static void
clear_deep_field (const SentryStateField *f, gpointer object)
{
  gpointer member = state_member (f, object);

  if (f->kind == SENTRY_STATE_KIND_CONTAINER && f->container->clear != NULL)
    f->container->clear (f, member);
  else if (f->kind == SENTRY_STATE_KIND_CUSTOM && f->clear != NULL)
    f->clear (f, object);
  else if (f->kind == SENTRY_STATE_KIND_STRUCT)
    for (guint n = 0; n < f->count; n++)
      sentry_state_clear (f->table, (char *) member + n * f->elem);
  else
    state_clear_field (f, object);
}

void
sentry_state_clear (const SentryStateTable *table, gpointer object)
{
  for (guint i = 0; i < table->n_fields; i++)
    clear_deep_field (&table->fields[i], object);
  for (guint i = 0; table->subsections != NULL && table->subsections[i] != NULL; i++)
    sentry_state_clear (table->subsections[i], object);
}

/* --- checks --- */

static gboolean
complain (GError **error, const SentryStateTable *table, const char *member, const char *what)
{
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_OBJECT, "%s.%s: %s", table->type,
               member, what);
  return FALSE;
}

static gboolean
has_link_at (const SentryStateTable *table, guint offset)
{
  for (guint i = 0; i < table->n_fields; i++)
    {
      const SentryStateField *f = &table->fields[i];
      if (f->offset == offset && f->kind == SENTRY_STATE_KIND_LINK)
        return TRUE;
      if (f->kind == SENTRY_STATE_KIND_STRUCT && f->table != NULL && offset >= f->offset
          && offset < f->offset + f->size && has_link_at (f->table, offset - f->offset))
        return TRUE;
    }
  return FALSE;
}

/* What is wrong with one field by itself, or NULL. */
static const char *
field_fault (const SentryStateField *f)
{
  switch (f->kind)
    {
    case SENTRY_STATE_KIND_SKIP:
      return f->why == NULL || strlen (f->why) < 5 ? "is skipped without a reason" : NULL;
    case SENTRY_STATE_KIND_CUSTOM:
      return f->save == NULL || f->load == NULL ? "lacks save or load" : NULL;
    case SENTRY_STATE_KIND_CONTAINER:
      return f->container->foreach == NULL || f->container->make == NULL
                     || f->container->insert == NULL
                 ? "has an incomplete container"
                 : NULL;
    case SENTRY_STATE_KIND_LIST:
      return !has_link_at (f->table, f->link_offset) ? "has elements without that LINK" : NULL;
    case SENTRY_STATE_KIND_STRUCT:
      return f->elem != f->table->size ? "is not of the struct that its table describes" : NULL;
    case SENTRY_STATE_KIND_BUFFER:
    case SENTRY_STATE_KIND_STRUCTS:
      return f->len_size > 8 ? "is counted by something that is no integer" : NULL;
    default:
      return NULL;
    }
}

/* Marks the bytes; FALSE if one is marked already. */
static gboolean
cover (guint8 *covered, guint offset, guint size)
{
  gboolean fresh = TRUE;

  for (guint i = offset; i < offset + size; i++)
    {
      fresh = fresh && !covered[i];
      covered[i] = 1;
    }
  return fresh;
}

static gboolean
check_fields (const SentryStateTable *table, guint8 *covered, GError **error)
{
  guint32 since = 0;

  for (guint i = 0; i < table->n_fields; i++)
    {
      const SentryStateField *f = &table->fields[i];
      const char *fault = field_fault (f);

      if (fault != NULL)
        return complain (error, table, f->name, fault);
      if (f->kind == SENTRY_STATE_KIND_SINCE)
        {
          if (f->since <= since || f->since > table->version)
            return complain (error, table, "SINCE", "versions must rise to the table's");
          since = f->since;
        }
      else if (!cover (covered, f->offset, f->size) || !cover (covered, f->len_offset, f->len_size))
        return complain (error, table, f->name, "overlaps another field");
    }
  return TRUE;
}

static gboolean
check_coverage (const SentryStateTable *table, const guint8 *covered, GError **error)
{
  g_autofree guint8 *bytes = g_malloc (table->size);

  memset (bytes, 0xff, table->size);
  table->clear_padding (bytes);
  for (guint i = 0; i < table->size; i++)
    if (bytes[i] != 0 && !covered[i])
      {
        g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_OBJECT,
                     "%s: no field covers byte %u of %u", table->type, i, table->size);
        return FALSE;
      }
  return TRUE;
}

gboolean
sentry_state_table_check (const SentryStateTable *table, GError **error)
{
  g_autofree guint8 *covered = g_malloc0 (table->size);

  if (table->version == 0 || table->min_version > table->version)
    return complain (error, table, "version", "must be at least 1 and min_version");
  if (table->base != NULL
      && (table->fields[0].kind != SENTRY_STATE_KIND_STRUCT || table->fields[0].offset != 0
          || table->fields[0].table != table->base))
    return complain (error, table, "base", "must be the first field");
  if (table->take_ref != NULL && (table->alloc == NULL || table->free == NULL))
    return complain (error, table, "take_ref", "needs alloc and free");
  if (!check_fields (table, covered, error))
    return FALSE;
  for (guint i = 0; table->subsections != NULL && table->subsections[i] != NULL; i++)
    {
      const SentryStateTable *s = table->subsections[i];
      if (s->needed == NULL || s->size != table->size)
        return complain (error, s, "subsection", "lacks `needed` or is of another struct");
      if (!check_fields (s, covered, error))
        return FALSE;
    }
  return check_coverage (table, covered, error);
}

/* --- description --- */

static void
describe_fields (const SentryStateTable *table, GString *out)
{
  for (guint i = 0; i < table->n_fields; i++)
    {
      const SentryStateField *f = &table->fields[i];

      if (f->kind == SENTRY_STATE_KIND_SINCE)
        g_string_append_printf (out, "  since %u\n", f->since);
      if (f->kind > SENTRY_STATE_KIND_CUSTOM)
        continue;
      g_string_append_printf (out, "  %s %s%s", f->name, f->weak ? "weak " : "",
                              kind_names[f->kind]);
      if (f->elem > 0 && f->kind <= SENTRY_STATE_KIND_BYTES)
        g_string_append_printf (out, " %u", f->elem);
      if (f->count > 1)
        g_string_append_printf (out, " x %u", f->count);
      if (f->table != NULL)
        g_string_append_printf (out, " of %s", f->table->name);
      g_string_append_c (out, '\n');
    }
}

char *
sentry_state_table_describe (const SentryStateTable *table)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%s %u", table->name, table->version);
  if (table->base != NULL)
    g_string_append_printf (out, " is a %s", table->base->name);
  g_string_append_c (out, '\n');
  describe_fields (table, out);
  for (guint i = 0; table->subsections != NULL && table->subsections[i] != NULL; i++)
    {
      g_string_append_printf (out, "  part %s %u\n", table->subsections[i]->name,
                              table->subsections[i]->version);
      describe_fields (table->subsections[i], out);
    }
  return g_string_free (out, FALSE);
}
