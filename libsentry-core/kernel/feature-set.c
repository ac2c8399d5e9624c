/* The CPU that guests see. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/feature-set.h"

#include <string.h>
#include <sys/auxv.h>

/* Lines of /proc/cpuinfo that differ from one processor to the next; whoever shows the file writes
 * its own. */
static gboolean
is_per_cpu (const char *line)
{
  static const char *const names[] = { "processor",   "core id",  "apicid",   "initial apicid",
                                       "physical id", "siblings", "cpu cores" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gsize len = strlen (names[i]);
      if (strncmp (line, names[i], len) == 0 && strchr ("\t :", line[len]) != NULL)
        return TRUE;
    }
  return FALSE;
}

/* The host's own words: natively a program would read the same. */
static char *
read_host_cpuinfo (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  GString *out = g_string_new (NULL);

  if (g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL))
    lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines != NULL && lines[i] != NULL && *lines[i] != '\0'; i++)
    if (!is_per_cpu (lines[i]))
      g_string_append_printf (out, "%s\n", lines[i]);
  return g_string_free (out, FALSE);
}

SentryFeatureSet *
sentry_feature_set_new_host (void)
{
  SentryFeatureSet *f = g_new0 (SentryFeatureSet, 1);

  f->hwcap = (guint32) getauxval (AT_HWCAP);
  f->hwcap2 = (guint32) getauxval (AT_HWCAP2);
  f->cpuinfo = read_host_cpuinfo ();
  return f;
}

void
sentry_feature_set_free (SentryFeatureSet *features)
{
  if (features == NULL)
    return;
  g_free (features->cpuinfo);
  g_free (features);
}
