/* The two halves of the reader: load.c (image) and load-fields.c (values).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "state/state-private.h"

G_BEGIN_DECLS

typedef struct
{
  gpointer object;
  const SentryStateTable *table;
  guint32 version;  /* of the table, in this image */
  guint owners;     /* owning references that lead here */
  guint extra_refs; /* taken by take_ref */
} StateObject;

typedef struct
{
  const SentryStateTable *table;
  guint32 version;
} StateStreamTable;

/* Entries of containers wait until every object is filled. */
typedef struct
{
  const SentryStateField *field;
  gpointer member;
  guint64 key;
  gpointer object;
} StateInsert;

/* A struct, object or part of one, whose post_load will run. */
typedef struct
{
  const SentryStateTable *table;
  gpointer object;
} StateHook;

struct SentryStateReader
{
  gpointer context;
  int fd; /* or: */
  GBytes *bytes;
  gsize bytes_at;
  guint64 consumed;      /* bytes of the image read so far */
  guint64 section_start; /* where the section in `buffer` began */
  GByteArray *buffer;    /* the section */
  guint at, end;         /* what is left of it, or of the record in it */
  GArray *objects;       /* StateObject; index = id - 1 */
  guint n_filled;
  GArray *tables;  /* StateStreamTable */
  GArray *inserts; /* StateInsert */
  GArray *hooks;   /* StateHook */
  guint n_hooks_run;
  guint64 memory, max_memory;
  gboolean raw;
  guint depth;
  GError *error; /* the first one stays */
};

void state_read_fields (SentryStateReader *r, const SentryStateTable *table, guint32 version,
                        gpointer object);

G_END_DECLS
