/* Objects filled at random, for round trips of any state table.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "state/sentry-state.h"

typedef struct Sample Sample;

/* A graph of plain objects that starts with one of `table`, the same for the same seed. */
Sample *sample_new (const SentryStateTable *table, guint32 seed);
gpointer sample_root (Sample *s);
void sample_free (Sample *s);

/* Saves raw; NULL and a message if that fails. */
GBytes *sample_save (const SentryStateTable *table, gpointer root);
/* What a raw load gave. */
void sample_free_loaded (const SentryStateTable *table, gpointer root);

/* An image with the payload of its first section replaced, checksums right. */
GBytes *sample_reseal (const guint8 *payload, gsize len, guint n_objects);
/* The payload of the image's only section of objects. */
const guint8 *sample_payload (GBytes *image, gsize *ret_len);
