/* What writer, reader and table checks share. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "state/sentry-state.h"

G_BEGIN_DECLS

/* The stream; docs/state-format.md. */
#define STATE_MAGIC "SENTRYST"
#define STATE_FORMAT 1
#define STATE_HEADER_SIZE 16
#define STATE_SECTION_OBJECTS 1
#define STATE_SECTION_END 2
#define STATE_SECTION_FLUSH (1u << 20) /* a section ends after the record that passes it */
#define STATE_MAX_RECORD (64u << 20)   /* one object's bytes */
#define STATE_MAX_SECTION (STATE_MAX_RECORD + 2 * STATE_SECTION_FLUSH)
#define STATE_NULL G_MAXUINT32 /* in place of a length */
#define STATE_MAX_TABLES 4096
#define STATE_MAX_STRING (128u << 10) /* one string of a STRV */
#define STATE_MAX_DEPTH 64            /* structs in structs */

guint32 sentry_state_crc32c (guint32 crc, gconstpointer data, gsize len);

/* TRUE if `table` is `wanted` or a variant of it. */
gboolean sentry_state_is_a (const SentryStateTable *table, const SentryStateTable *wanted);
/* Where the object's SentryRef is, or -1. */
int sentry_state_refcount_offset (const SentryStateTable *table);
const char *sentry_state_kind_name (SentryStateKind kind);

/* Makes locks, queues, list heads and containers in zeroed memory. */
void sentry_state_prepare (const SentryStateTable *table, gpointer object);
/* Undoes it, before the memory goes. */
void sentry_state_unprepare (const SentryStateTable *table, gpointer object);
/* Frees what reading fields allocated, after a failed load. */
void sentry_state_clear (const SentryStateTable *table, gpointer object);

/* The same for one field, unless it is a list, a container or custom. */
void state_clear_field (const SentryStateField *f, gpointer object);

static inline gpointer
state_member (const SentryStateField *f, gconstpointer object)
{
  return (char *) object + f->offset;
}

static inline guint64
state_length (const SentryStateField *f, gconstpointer object)
{
  guint64 v = 0;
  memcpy (&v, (const char *) object + f->len_offset, f->len_size);
  return v;
}

G_END_DECLS
