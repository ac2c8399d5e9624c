/* Random numbers for layouts and AT_RANDOM. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/random-bits.h"

#include <errno.h>
#include <sys/random.h>

void
sentry_random_bytes (gpointer buf, gsize len)
{
  gsize done = 0;

  while (done < len)
    {
      gssize n = getrandom ((char *) buf + done, len - done, 0);

      g_assert (n > 0 || errno == EINTR);
      if (n > 0)
        done += n;
    }
}

guint64
sentry_random_bits (guint n)
{
  guint64 bits;

  sentry_random_bytes (&bits, sizeof bits);
  return n >= 64 ? bits : bits & ((G_GUINT64_CONSTANT (1) << n) - 1);
}
