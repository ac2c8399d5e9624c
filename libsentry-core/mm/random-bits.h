/* Random numbers for layouts. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The low `n` bits are random (0 < n <= 64); from the host's generator.  Thread: any. */
guint64 sentry_random_bits (guint n);
void sentry_random_bytes (gpointer buf, gsize len);

G_END_DECLS
