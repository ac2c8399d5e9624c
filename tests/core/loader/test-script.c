/* "#!" lines as Linux reads them. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/loader-private.h"

#include <errno.h>
#include <string.h>

typedef struct
{
  const char *head;
  const char *interp, *arg; /* interp NULL: refused */
} Case;

static const Case cases[] = {
  { "#!/bin/sh\necho", "/bin/sh", NULL },
  { "#! \t /bin/sh \t\n", "/bin/sh", NULL },
  { "#!/bin/sh -e\n", "/bin/sh", "-e" },
  { "#!/bin/sh  a b\tc  \n", "/bin/sh", "a b\tc" },
  { "#!/bin/sh", "/bin/sh", NULL },
  { "#!/bin/sh\targ", "/bin/sh", "arg" },
  { "#!sh\n", "sh", NULL },
  { "#!/bin/sh\r\n", "/bin/sh\r", NULL },
  { "#!\n", NULL, NULL },
  { "#!   \t\n", NULL, NULL },
  { "#!", NULL, NULL },
  { "#", NULL, NULL },
  { "", NULL, NULL },
  { "\177ELF", NULL, NULL },
};

static void
lines_are_read_as_linux_does (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char head[SENTRY_EXEC_HEAD] = "";
      const char *interp, *arg;
      int r;

      strcpy (head, cases[i].head);
      r = sentry_script_parse (head, &interp, &arg);
      if (cases[i].interp == NULL)
        {
          g_assert_cmpint (r, ==, -ENOEXEC);
          continue;
        }
      g_assert_cmpint (r, ==, 0);
      g_assert_cmpstr (interp, ==, cases[i].interp);
      g_assert_cmpstr (arg, ==, cases[i].arg);
    }
}

static void
long_lines_keep_a_whole_name (void)
{
  char head[SENTRY_EXEC_HEAD];
  const char *interp, *arg;

  memset (head, 'a', sizeof head);
  memcpy (head, "#!/", 3);
  g_assert_cmpint (sentry_script_parse (head, &interp, &arg), ==, -ENOEXEC);
  memset (head, 'a', sizeof head);
  memcpy (head, "#!/bin/x ", 9);
  g_assert_cmpint (sentry_script_parse (head, &interp, &arg), ==, 0);
  g_assert_cmpstr (interp, ==, "/bin/x");
  g_assert_cmpuint (strlen (arg), ==, SENTRY_EXEC_HEAD - 1 - 9);
  memset (head, ' ', sizeof head);
  memcpy (head, "#!", 2);
  g_assert_cmpint (sentry_script_parse (head, &interp, &arg), ==, -ENOEXEC);
}

static void
noise_stays_inside (void)
{
  for (guint round = 0; round < 100000; round++)
    {
      static const char alphabet[] = { ' ', '\t', '\n', '\0', 'a', '/', '#' };
      char head[SENTRY_EXEC_HEAD];
      const char *interp, *arg;

      for (guint i = 0; i < sizeof head; i++)
        head[i] = g_test_rand_int_range (0, 40) == 0 ? alphabet[g_test_rand_int_range (0, 7)] : 'b';
      memcpy (head, "#!", 2);
      if (sentry_script_parse (head, &interp, &arg) < 0)
        continue;
      g_assert_true (interp >= head + 2 && interp + strlen (interp) < head + sizeof head);
      g_assert_cmpuint (strlen (interp), >, 0);
      if (arg != NULL)
        g_assert_true (arg > interp && arg + strlen (arg) < head + sizeof head);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/loader/script/lines-are-read-as-linux-does",
                   lines_are_read_as_linux_does);
  g_test_add_func ("/sentry/loader/script/long-lines-keep-a-whole-name",
                   long_lines_keep_a_whole_name);
  g_test_add_func ("/sentry/loader/script/noise-stays-inside", noise_stays_inside);
  return g_test_run ();
}
