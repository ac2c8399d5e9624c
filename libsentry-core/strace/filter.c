/* Parses --strace=FILTER. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/filter.h"

#include <string.h>

GQuark
strace_error_quark (void)
{
  return g_quark_from_static_string ("sentry-strace-error");
}

static const struct
{
  const char *name;
  guint32 bit;
} classes[] = {
  { "%file", SENTRY_SYSCALL_FILE },       { "%desc", SENTRY_SYSCALL_DESC },
  { "%process", SENTRY_SYSCALL_PROCESS }, { "%network", SENTRY_SYSCALL_NETWORK },
  { "%net", SENTRY_SYSCALL_NETWORK },     { "%signal", SENTRY_SYSCALL_SIGNAL },
  { "%ipc", SENTRY_SYSCALL_IPC },         { "%memory", SENTRY_SYSCALL_MEMORY },
  { "%creds", SENTRY_SYSCALL_CREDS },     { "%clock", SENTRY_SYSCALL_CLOCK },
};

static void
select_class (StraceFilter *filter, guint32 bit, gboolean on)
{
  for (guint i = 0; i < SENTRY_N_SYSCALLS; i++)
    if (sentry_syscall_table[i].classes & bit)
      filter->calls[i] = on;
}

/* Levenshtein's distance, of words as short as names of system calls. */
static guint
distance (const char *a, const char *b)
{
  guint row[64], n = strlen (b);

  if (n >= G_N_ELEMENTS (row))
    return G_MAXUINT;
  for (guint j = 0; j <= n; j++)
    row[j] = j;
  for (guint i = 1; a[i - 1] != '\0'; i++)
    {
      guint diagonal = row[0];

      row[0] = i;
      for (guint j = 1; j <= n; j++)
        {
          guint above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

          best = MIN (best, above + 1);
          row[j] = MIN (best, row[j - 1] + 1);
          diagonal = above;
        }
    }
  return row[n];
}

static const char *
nearest (const char *word)
{
  const char *best = NULL;
  guint best_distance = MAX (strlen (word) / 2, 2);

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (distance (word, classes[i].name) < best_distance)
      {
        best = classes[i].name;
        best_distance = distance (word, best);
      }
  for (guint i = 0; i < SENTRY_N_SYSCALLS; i++)
    if (sentry_syscall_table[i].name != NULL
        && distance (word, sentry_syscall_table[i].name) < best_distance)
      {
        best = sentry_syscall_table[i].name;
        best_distance = distance (word, best);
      }
  return best;
}

static gboolean
select_word (StraceFilter *filter, const char *word, gboolean on, GError **error)
{
  int nr = sentry_syscall_by_name (word);
  const char *other;

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (strcmp (classes[i].name, word) == 0)
      {
        select_class (filter, classes[i].bit, on);
        return TRUE;
      }
  if (nr >= 0)
    {
      filter->calls[nr] = on;
      return TRUE;
    }
  other = nearest (word);
  g_set_error (error, STRACE_ERROR, STRACE_ERROR_FILTER,
               "\"%s\" is no system call and no class of them%s%s%s", word,
               other != NULL ? "; did you mean \"" : "", other != NULL ? other : "",
               other != NULL ? "\"?" : "");
  return FALSE;
}

static void
select_all (StraceFilter *filter, gboolean on)
{
  for (guint i = 0; i < G_N_ELEMENTS (filter->calls); i++)
    filter->calls[i] = on;
}

gboolean
strace_filter_parse (StraceFilter *filter, const char *text, GError **error)
{
  gboolean inverted;
  g_auto (GStrv) words = NULL;

  memset (filter, 0, sizeof *filter);
  if (text == NULL || *text == '\0' || strcmp (text, "all") == 0)
    {
      select_all (filter, TRUE);
      return TRUE;
    }
  filter->missing = strcmp (text, "missing") == 0;
  if (filter->missing || strcmp (text, "none") == 0)
    return TRUE;
  inverted = *text == '!';
  select_all (filter, inverted);
  words = g_strsplit (text + inverted, ",", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (!select_word (filter, words[i], !inverted, error))
      return FALSE;
  return TRUE;
}
