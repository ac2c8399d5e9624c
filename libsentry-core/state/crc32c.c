/* CRC-32C, the checksum of image sections. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/state-private.h"

/* Castagnoli's polynomial, bit-reversed. */
#define POLYNOMIAL 0x82f63b78u

static guint32 table[256];

static void
make_table (void)
{
  for (guint i = 0; i < 256; i++)
    {
      guint32 c = i;
      for (guint bit = 0; bit < 8; bit++)
        c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
      table[i] = c;
    }
}

guint32
sentry_state_crc32c (guint32 crc, gconstpointer data, gsize len)
{
  static gsize once;
  const guint8 *p = data;

  if (g_once_init_enter (&once))
    {
      make_table ();
      g_once_init_leave (&once, 1);
    }
  crc = ~crc;
  for (gsize i = 0; i < len; i++)
    crc = crc >> 8 ^ table[(crc ^ p[i]) & 0xff];
  return ~crc;
}
