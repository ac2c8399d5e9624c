/* The argument and environment strings of execve. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <string.h>

#define MAX_STRING (32 * 4096) /* Linux's MAX_ARG_STRLEN, with the NUL */

/* All strings and pointers: a quarter of the stack limit, at most 6 MiB, at least what POSIX
 * demands. */
gsize
sentry_task_exec_budget (SentryTask *task)
{
  guint64 quarter = sentry_limits_get (&task->group->limits, RLIMIT_STACK) / 4;

  return CLAMP (quarter, MAX_STRING, 6 * 1024 * 1024);
}

/* Up to G_N_ELEMENTS (words) pointers at once; the vector may end where memory does. */
static int
next_pointers (SentryUserMem *um, guint64 addr, guint64 *words, guint n, guint *ret_n)
{
  gsize got = sentry_copy_in_partial (um, words, addr, n * sizeof *words);

  *ret_n = got / sizeof *words;
  return *ret_n > 0 ? 0 : -EFAULT;
}

static int
add_string (SentryUserMem *um, GPtrArray *strv, char *buf, guint64 addr, gsize *budget)
{
  gssize len = sentry_copy_in_string (um, buf, addr, MAX_STRING);

  if (len < 0)
    return len == -ENAMETOOLONG ? -E2BIG : (int) len;
  if ((gsize) len + 1 + sizeof (guint64) > *budget)
    return -E2BIG;
  *budget -= len + 1 + sizeof (guint64);
  g_ptr_array_add (strv, g_strndup (buf, len));
  return 0;
}

static int
add_strings (SentryUserMem *um, guint64 addr, GPtrArray *strv, char *buf, gsize *budget)
{
  guint64 words[64];
  guint n;
  int r;

  for (;; addr += n * sizeof *words)
    {
      r = next_pointers (um, addr, words, G_N_ELEMENTS (words), &n);
      for (guint i = 0; r == 0 && i < n; i++)
        {
          if (words[i] == 0)
            return 0;
          r = add_string (um, strv, buf, words[i], budget);
        }
      if (r < 0)
        return r;
    }
}

int
sentry_task_copy_in_strv (SentryTask *task, guint64 addr, gsize *budget, char ***ret_strv)
{
  g_autoptr (GPtrArray) strv = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *buf = g_try_malloc (MAX_STRING);
  int r = 0;

  if (buf == NULL)
    return -ENOMEM;
  if (addr != 0)
    r = add_strings (sentry_task_usermem (task), addr, strv, buf, budget);
  if (r < 0)
    return r;
  g_ptr_array_add (strv, NULL);
  g_ptr_array_set_free_func (strv, NULL);
  *ret_strv = (char **) g_ptr_array_free (g_steal_pointer (&strv), FALSE);
  return 0;
}
