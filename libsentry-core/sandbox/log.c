/* Where messages of a sandbox process go once it can't open files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/log.h"
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int message_fd = 2; /* I after start */
static int debug_fd = -1;  /* I after start */

static void
write_all (int fd, const char *text, gsize len)
{
  while (len > 0)
    {
      ssize_t n = write (fd, text, len);

      if (n <= 0)
        return;
      text += n;
      len -= (gsize) n;
    }
}

/* One write a line, so that lines of several threads don't mix. */
static void
write_line (int fd, const char *prefix, const char *text)
{
  g_autofree char *line = g_strdup_printf ("%s%s\n", prefix, text);

  write_all (fd, line, strlen (line));
}

static const char *
field (const GLogField *fields, gsize n, const char *key)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, key))
      return fields[i].value;
  return NULL;
}

static GLogWriterOutput
writer (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  const char *message = field (fields, n, "MESSAGE");
  const char *domain = field (fields, n, "GLIB_DOMAIN");

  if (message == NULL)
    return G_LOG_WRITER_UNHANDLED;
  if (level
      & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE))
    write_line (message_fd, "sentry: ", message);
  if (debug_fd >= 0)
    {
      struct timespec now;
      char prefix[80];

      clock_gettime (CLOCK_MONOTONIC, &now);
      g_snprintf (prefix, sizeof prefix, "%ld.%06ld %.30s: ", (long) now.tv_sec, now.tv_nsec / 1000,
                  domain != NULL ? domain : "sentry");
      write_line (debug_fd, prefix, message);
    }
  return G_LOG_WRITER_HANDLED;
}

void
sentry_log_start (int messages, int debug)
{
  message_fd = messages;
  debug_fd = debug;
  g_log_set_writer_func (writer, NULL, NULL);
}

void
sentry_log_raw (const char *const *pieces, gsize n)
{
  struct iovec iov[16];
  int count = 0;

  iov[count++] = (struct iovec){ (char *) "sentry: ", 8 };
  for (gsize i = 0; i < n && count < 15; i++)
    iov[count++] = (struct iovec){ (char *) pieces[i], strlen (pieces[i]) };
  iov[count++] = (struct iovec){ (char *) "\n", 1 };
  if (writev (message_fd, iov, count) < 0)
    return;
}

void
sentry_log_text (const char *text)
{
  write_all (message_fd, text, strlen (text));
}

int
sentry_log_fd (void)
{
  return message_fd;
}
