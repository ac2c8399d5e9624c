/* A few buffers between host files and guest memory, used again and again: a fresh 128 KiB from
 * malloc would be mapped and unmapped on each call. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#define KEPT 8

static gpointer kept[KEPT]; /* a */

gpointer
sentry_host_buffer_get (void)
{
  for (guint i = 0; i < KEPT; i++)
    if (__atomic_load_n (&kept[i], __ATOMIC_RELAXED) != NULL)
      {
        gpointer buffer = __atomic_exchange_n (&kept[i], NULL, __ATOMIC_ACQUIRE);
        if (buffer != NULL)
          return buffer;
      }
  return g_try_malloc (SENTRY_HOST_BUFFER_SIZE);
}

void
sentry_host_buffer_put (gpointer buffer)
{
  gpointer none;

  for (guint i = 0; i < KEPT; i++)
    {
      none = NULL;
      if (__atomic_compare_exchange_n (&kept[i], &none, buffer, FALSE, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED))
        return;
    }
  g_free (buffer);
}
