/* Keeps the lines of many tasks apart. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/tracee.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sentry-lock.h"

/* As strace does it, a call has the line from its entry to its return.  If somebody else has
 * something to write in between, what is known so far is written with "<unfinished ...>" behind it.
 * Unlike strace, nothing is written on entry, so that each line is one write, unless the call
 * blocks. */
static struct
{
  SentryMutex lock; /* LOG */
  int fd;
  gboolean times;
  GHashTable *tracees; /* m: task to Tracee */
  Tracee *current;     /* m: whose line is open */
} lines;

static void
tracee_free (gpointer data)
{
  Tracee *t = data;

  g_string_free (t->head, TRUE);
  g_string_free (t->tail, TRUE);
  g_free (t);
}

void
strace_lines_init (int fd, gboolean times)
{
  sentry_mutex_init (&lines.lock, SENTRY_LOCK_LOG);
  lines.fd = fd;
  lines.times = times;
  lines.tracees = g_hash_table_new_full (NULL, NULL, NULL, tracee_free);
  lines.current = NULL;
  tzset (); /* the time zone's file can't be opened later */
}

void
strace_tracees_clear (void)
{
  lines.current = NULL;
  g_clear_pointer (&lines.tracees, g_hash_table_unref);
}

Tracee *
strace_tracee (gconstpointer key, gint32 tid)
{
  Tracee *t;

  sentry_mutex_lock (&lines.lock);
  t = g_hash_table_lookup (lines.tracees, key);
  if (t == NULL)
    {
      t = g_new0 (Tracee, 1);
      t->head = g_string_new (NULL);
      t->tail = g_string_new (NULL);
      g_hash_table_insert (lines.tracees, (gpointer) key, t);
    }
  t->tid = tid;
  sentry_mutex_unlock (&lines.lock);
  return t;
}

void
strace_tracee_forget (gconstpointer key)
{
  sentry_mutex_lock (&lines.lock);
  if (lines.current == g_hash_table_lookup (lines.tracees, key))
    lines.current = NULL;
  g_hash_table_remove (lines.tracees, key);
  sentry_mutex_unlock (&lines.lock);
}

static void
write_bytes (const char *p, gsize len)
{
  while (len > 0)
    {
      gssize n = write (lines.fd, p, len);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return;
      p += n;
      len -= n;
    }
}

static void
append_prefix (GString *line, gint32 tid)
{
  struct timespec now;
  struct tm tm;

  g_string_append_printf (line, "[pid %3d] ", tid);
  if (!lines.times)
    return;
  clock_gettime (CLOCK_REALTIME, &now);
  localtime_r (&now.tv_sec, &tm);
  g_string_append_printf (line, "%02d:%02d:%02d.%06ld ", tm.tm_hour, tm.tm_min, tm.tm_sec,
                          now.tv_nsec / 1000);
}

/* `prefixed`: with the pid and the time. */
static void
write_locked (Tracee *t, gboolean prefixed, const char *a, const char *b, const char *c)
{
  g_autoptr (GString) line = g_string_sized_new (128);

  if (prefixed)
    append_prefix (line, t->tid);
  g_string_append (line, a);
  g_string_append (line, b);
  g_string_append (line, c);
  write_bytes (line->str, line->len);
}

/* Whoever has the line gives it up. */
static void
cut_current_locked (Tracee *t)
{
  Tracee *other = lines.current;

  if (other == NULL || other == t)
    return;
  write_locked (other, !other->written, other->written ? "" : other->head->str,
                " <unfinished ...>\n", "");
  other->written = FALSE;
  other->cut = TRUE;
  lines.current = NULL;
}

void
strace_line_begin (Tracee *t)
{
  sentry_mutex_lock (&lines.lock);
  cut_current_locked (t);
  t->written = t->cut = FALSE;
  lines.current = t;
  sentry_mutex_unlock (&lines.lock);
}

void
strace_line_blocked (Tracee *t)
{
  sentry_mutex_lock (&lines.lock);
  if (lines.current == t && !t->written)
    {
      write_locked (t, TRUE, t->head->str, "", "");
      t->written = TRUE;
    }
  sentry_mutex_unlock (&lines.lock);
}

/* The result stands in one column if the call is short. */
#define RESULT_COLUMN 30

void
strace_line_end (Tracee *t, const char *name, const char *result)
{
  g_autofree char *resumed = g_strdup_printf ("<... %s resumed>", name);
  g_autofree char *padded = NULL;
  gsize width;

  sentry_mutex_lock (&lines.lock);
  cut_current_locked (t);
  width = t->tail->len + (t->cut ? strlen (resumed) : t->head->len);
  padded = g_strdup_printf ("%*s= %s\n", width < RESULT_COLUMN ? (int) (RESULT_COLUMN - width) : 1,
                            "", result);
  write_locked (t, !t->written,
                t->written ? ""
                : t->cut   ? resumed
                           : t->head->str,
                t->tail->str, padded);
  t->written = t->cut = FALSE;
  lines.current = NULL;
  sentry_mutex_unlock (&lines.lock);
}

void
strace_line_write (Tracee *t, const char *line)
{
  sentry_mutex_lock (&lines.lock);
  cut_current_locked (NULL);
  write_locked (t, TRUE, line, "\n", "");
  sentry_mutex_unlock (&lines.lock);
}

void
strace_line_raw (const char *line)
{
  sentry_mutex_lock (&lines.lock);
  cut_current_locked (NULL);
  write_bytes (line, strlen (line));
  sentry_mutex_unlock (&lines.lock);
}
