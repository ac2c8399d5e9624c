/* The nearest known word to a mistyped one. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include <string.h>

#define MAX_WORD 40

/* Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
static guint
distance (const char *a, const char *b)
{
  guint d[MAX_WORD + 1][MAX_WORD + 1];
  gsize n = strlen (a);
  gsize m = strlen (b);

  if (n > MAX_WORD || m > MAX_WORD)
    return G_MAXUINT;
  for (gsize i = 0; i <= n; i++)
    for (gsize j = 0; j <= m; j++)
      {
        if (i == 0 || j == 0)
          {
            d[i][j] = (guint) (i + j);
            continue;
          }
        d[i][j]
            = MIN (MIN (d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
          d[i][j] = MIN (d[i][j], d[i - 2][j - 2] + 1);
      }
  return d[n][m];
}

const char *
sentry_suggest (const char *typed, const char *const *names)
{
  const char *best = NULL;
  guint best_distance = MAX (1, MIN (3, (guint) strlen (typed) / 2)) + 1;

  for (; *names != NULL; names++)
    {
      guint d = distance (typed, *names);

      if (d < best_distance)
        {
          best = *names;
          best_distance = d;
        }
    }
  return best;
}
