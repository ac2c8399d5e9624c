/* The initial stack: what the program finds at its stack pointer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/loader-private.h"

#include <errno.h>
#include <string.h>

#define TOP G_GUINT64_CONSTANT (0x7fffffffe000)

static const char *
string_at (const SentryStackImage *image, guint64 addr)
{
  g_assert_cmpuint (addr, >=, image->sp);
  g_assert_cmpuint (addr, <, TOP);
  return (const char *) image->bytes + (addr - image->sp);
}

static void
tables_point_to_strings (void)
{
  char *argv[] = { "prog", "", "two words", NULL },
       *envv[] = { "A=1", "LONG=xxxxxxxxxxxxxxxxxxxx", NULL };
  guint64 auxv[] = { AT_PAGESZ, 4096, AT_RANDOM, 0, AT_EXECFN, 0, AT_PLATFORM, 0, AT_NULL, 0 };

  for (guint shift = 0; shift < 8192; shift += 1 + shift / 7)
    {
      SentryStackPlan plan = { .file_name = "/bin/prog",
                               .argv = argv,
                               .envv = envv,
                               .auxv = auxv,
                               .n_auxv = G_N_ELEMENTS (auxv),
                               .random_shift = shift,
                               .random = "0123456789abcde" };
      SentryStackImage image;
      const guint64 *w;

      g_assert_cmpint (sentry_stack_build (&plan, TOP, &image), ==, 0);
      g_assert_cmpuint (image.sp % 16, ==, 0);
      g_assert_cmpuint (image.size, ==, TOP - image.sp);
      w = (const guint64 *) image.bytes;
      g_assert_cmpuint (w[0], ==, 3);
      for (guint i = 0; i < 3; i++)
        g_assert_cmpstr (string_at (&image, w[1 + i]), ==, argv[i]);
      g_assert_cmpuint (w[4], ==, 0);
      for (guint i = 0; i < 2; i++)
        g_assert_cmpstr (string_at (&image, w[5 + i]), ==, envv[i]);
      g_assert_cmpuint (w[7], ==, 0);
      g_assert_cmpuint (w[1], ==, image.arg_start);
      g_assert_cmpuint (w[5], ==, image.env_start);
      g_assert_cmpuint (image.arg_end, ==, image.env_start);
      g_assert_cmpstr (string_at (&image, image.env_end), ==, "/bin/prog");
      g_assert_cmpmem (&w[8], sizeof auxv, image.auxv, image.n_auxv * 8);
      g_assert_cmpuint (w[9], ==, 4096);
      g_assert_cmpstr (string_at (&image, w[11]), ==, "0123456789abcde");
      g_assert_cmpstr (string_at (&image, w[13]), ==, "/bin/prog");
      g_assert_cmpstr (string_at (&image, w[15]), ==, "x86_64");
      g_assert_cmpuint (w[16], ==, AT_NULL);
      sentry_stack_image_clear (&image);
    }
}

static int
check (gsize n_args, gsize arg_len, guint64 stack_limit)
{
  g_auto (GStrv) argv = g_new0 (char *, n_args + 1);
  SentryStackPlan plan = { .file_name = "/x", .argv = argv };

  for (gsize i = 0; i < n_args; i++)
    argv[i] = g_strnfill (arg_len, 'a');
  return sentry_stack_check (&plan, stack_limit);
}

static void
too_much_is_refused (void)
{
  const guint64 mib = 1 << 20;

  g_assert_cmpint (check (1, 131071, 8 * mib), ==, 0);
  g_assert_cmpint (check (1, 131072, 8 * mib), ==, -E2BIG);
  g_assert_cmpint (check (15, 131071, 8 * mib), ==, 0);
  g_assert_cmpint (check (16, 131071, 8 * mib), ==, -E2BIG);
  g_assert_cmpint (check (40, 131071, SENTRY_RLIM_INFINITY), ==, 0);
  g_assert_cmpint (check (48, 131071, SENTRY_RLIM_INFINITY), ==, -E2BIG);
  g_assert_cmpint (check (1, 100000, 0), ==, 0);
  g_assert_cmpint (check (2, 100000, 0), ==, -E2BIG);
  g_assert_cmpint (check (100000, 1, 0), ==, -E2BIG);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/loader/stack/tables-point-to-strings", tables_point_to_strings);
  g_test_add_func ("/sentry/loader/stack/too-much-is-refused", too_much_is_refused);
  return g_test_run ();
}
