/* The account of guest-caused memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-charge.h"

static guint64 used;
static guint64 bound = G_MAXUINT64;

gboolean
sentry_charge (guint64 bytes)
{
  guint64 now;

  if (bytes > G_MAXINT64)
    return FALSE;
  now = __atomic_add_fetch (&used, bytes, __ATOMIC_RELAXED);
  if (now <= __atomic_load_n (&bound, __ATOMIC_RELAXED))
    return TRUE;
  __atomic_sub_fetch (&used, bytes, __ATOMIC_RELAXED);
  return FALSE;
}

void
sentry_uncharge (guint64 bytes)
{
  guint64 before = __atomic_fetch_sub (&used, bytes, __ATOMIC_RELAXED);

  g_assert (before >= bytes);
}

void
sentry_charge_set_bound (guint64 bytes)
{
  __atomic_store_n (&bound, bytes == 0 ? G_MAXUINT64 : bytes, __ATOMIC_RELAXED);
}

guint64
sentry_charge_used (void)
{
  return __atomic_load_n (&used, __ATOMIC_RELAXED);
}
