/* "#!" lines. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/loader-private.h"

#include <errno.h>
#include <string.h>

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

static char *
skip_blanks (char *at, char *end)
{
  while (at < end && is_blank (*at))
    at++;
  return at;
}

/* The first blank or NUL in [at, end), or end. */
static char *
skip_word (char *at, char *end)
{
  while (at < end && *at != '\0' && !is_blank (*at))
    at++;
  return at;
}

/* A line that is longer than what was read is good as long as the interpreter's name surely ends in
 * it (fs/binfmt_script.c); an argument may be cut. */
static char *
find_end (char *head)
{
  char *last = head + SENTRY_EXEC_HEAD - 1, *end = memchr (head, '\n', SENTRY_EXEC_HEAD), *name;

  if (end != NULL)
    return end;
  name = skip_blanks (head + 2, last);
  if (name == last || skip_word (name, last) == last)
    return NULL;
  return last;
}

int
sentry_script_parse (char head[SENTRY_EXEC_HEAD], const char **ret_interp, const char **ret_arg)
{
  char *end, *name, *word_end, *arg = NULL;

  if (head[0] != '#' || head[1] != '!')
    return -ENOEXEC;
  end = find_end (head);
  if (end == NULL)
    return -ENOEXEC;
  while (end > head + 2 && is_blank (end[-1]))
    end--;
  name = skip_blanks (head + 2, end);
  if (name == end || *name == '\0')
    return -ENOEXEC;
  word_end = skip_word (name, end);
  if (word_end < end && *word_end != '\0')
    {
      arg = skip_blanks (word_end, end);
      if (arg == end)
        arg = NULL;
    }
  *end = '\0';
  *word_end = '\0';
  *ret_interp = name;
  *ret_arg = arg;
  return 0;
}
