/* Looking names of constants up. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/names.h"

#include <signal.h>
#include <string.h>

const char *
sentry_name_of (const SentryNames *set, guint64 value)
{
  for (guint i = 0; i < set->n_names; i++)
    if (set->names[i].value == value)
      return set->names[i].name;
  return NULL;
}

void
sentry_names_append_flags (GString *out, const SentryNames *set, guint64 value)
{
  guint64 left = value, covered = 0;
  gsize start = out->len;

  for (guint i = 0; i < set->n_names; i++)
    {
      const SentryName *n = &set->names[i];
      guint64 mask = n->mask;

      /* A name of several bits stands before its parts and hides them; one for 0 (O_RDONLY) has
       * only a mask. */
      if ((value & mask) != n->value || (covered & mask) == mask || (n->value == 0 && mask == 0))
        continue;
      if (n->value == 0 && (left & mask) != 0)
        continue;
      g_string_append_printf (out, "%s%s", out->len > start ? "|" : "", n->name);
      left &= ~n->value;
      covered |= mask;
    }
  if (left != 0)
    g_string_append_printf (out, "%s%#" G_GINT64_MODIFIER "x", out->len > start ? "|" : "", left);
  else if (out->len == start)
    g_string_append_c (out, '0');
  if (left != 0 && left == value && set->unknown != NULL)
    g_string_append_printf (out, " /* %s */", set->unknown);
}

void
sentry_names_append_value (GString *out, const SentryNames *set, guint64 value)
{
  const char *name = sentry_name_of (set, value);

  if (name != NULL)
    g_string_append (out, name);
  else if (set->unknown != NULL)
    g_string_append_printf (out, "%#" G_GINT64_MODIFIER "x /* %s */", value, set->unknown);
  else
    g_string_append_printf (out, "%#" G_GINT64_MODIFIER "x", value);
}

const char *
sentry_signal_name (int sig, char *buffer)
{
  if (sig >= 1 && sig <= 31)
    {
      g_snprintf (buffer, 16, "SIG%s", sigabbrev_np (sig));
      return buffer;
    }
  /* 32 and 33 are glibc's own, but numbers as any to the kernel. */
  if (sig >= 32 && sig <= 64)
    {
      if (sig == 32)
        return "SIGRTMIN";
      g_snprintf (buffer, 16, "SIGRT_%d", sig - 32);
      return buffer;
    }
  return NULL;
}

const char *
sentry_errno_name (int error)
{
  return strerrorname_np (error);
}
