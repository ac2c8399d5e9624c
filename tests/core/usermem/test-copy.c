/* Copies to and from guest memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-pages.h"

#include <errno.h>

static void
stops_at_bad_page (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  char buf[3 * FAKE_PAGE];

  memset (buf, 'x', sizeof buf);
  f->prot[2] = 0;
  g_assert_cmpint (sentry_copy_out_partial (&f->um, FAKE_BASE + 100, buf, sizeof buf), ==,
                   2 * FAKE_PAGE - 100);
  g_assert_cmpint (sentry_copy_out (&f->um, FAKE_BASE + 100, buf, sizeof buf), ==, -EFAULT);
  g_assert_cmpint (f->mem[2 * FAKE_PAGE - 1], ==, 'x');
  g_assert_cmpint (f->mem[2 * FAKE_PAGE], ==, 0);
  g_assert_cmpint (sentry_copy_in (&f->um, buf, FAKE_BASE, 2 * FAKE_PAGE), ==, 0);
  g_assert_cmpint (sentry_copy_in (&f->um, buf, FAKE_BASE, 2 * FAKE_PAGE + 1), ==, -EFAULT);
  f->prot[1] = PROT_READ;
  g_assert_cmpint (sentry_zero_out_partial (&f->um, FAKE_BASE, sizeof f->mem), ==, FAKE_PAGE);
}

static void
fault_handler_resolves_each_page (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  char buf[FAKE_PAGES * FAKE_PAGE] = { 0 };

  memset (f->prot, 0, sizeof f->prot);
  f->fault_gives = PROT_READ | PROT_WRITE;
  g_assert_cmpint (sentry_copy_out (&f->um, FAKE_BASE, buf, sizeof buf), ==, 0);
  g_assert_cmpuint (f->n_faults, ==, FAKE_PAGES);
}

static void
lying_fault_handler_ends (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  char buf[2 * FAKE_PAGE];

  f->prot[1] = 0;
  f->fault_lies = TRUE;
  g_assert_cmpint (sentry_copy_in_partial (&f->um, buf, FAKE_BASE, sizeof buf), ==, FAKE_PAGE);
  g_assert_cmpuint (f->n_faults, <=, 8);
}

static void
addresses_of_the_kernel_are_bad (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  char buf[16];

  g_assert_cmpint (sentry_copy_in (&f->um, buf, G_MAXUINT64 - 7, 16), ==, -EFAULT);
  g_assert_cmpint (sentry_copy_in (&f->um, buf, SENTRY_USER_MAX, 1), ==, -EFAULT);
  g_assert_cmpint (sentry_copy_out (&f->um, SENTRY_USER_MAX - 8, buf, 16), ==, -EFAULT);
  g_assert_cmpint (sentry_copy_in (&f->um, buf, G_MAXUINT64, 0), ==, -EFAULT);
  g_assert_cmpint (sentry_copy_in (&f->um, buf, 0, 0), ==, 0);
  f->as.max_addr = FAKE_BASE + FAKE_PAGE;
  g_assert_cmpint (sentry_copy_in_partial (&f->um, buf, FAKE_BASE + FAKE_PAGE - 4, 16), ==, 4);
}

static void
strings_end_at_nul_or_error (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  char buf[16];
  guint64 end = FAKE_BASE + FAKE_PAGE;

  memcpy (f->mem + FAKE_PAGE - 6, "hello", 6);
  f->prot[1] = 0;
  g_assert_cmpint (sentry_copy_in_string (&f->um, buf, end - 6, 16), ==, 5);
  g_assert_cmpstr (buf, ==, "hello");
  g_assert_cmpint (sentry_copy_in_string (&f->um, buf, end - 6, 6), ==, 5);
  g_assert_cmpint (sentry_copy_in_string (&f->um, buf, end - 6, 5), ==, -ENAMETOOLONG);
  f->mem[FAKE_PAGE - 1] = 'x';
  g_assert_cmpint (sentry_copy_in_string (&f->um, buf, end - 6, 16), ==, -EFAULT);
  f->prot[1] = PROT_READ;
  f->mem[FAKE_PAGE] = '!';
  g_assert_cmpint (sentry_copy_in_string (&f->um, buf, end - 6, 16), ==, 7);
  g_assert_cmpstr (buf, ==, "hellox!");
}

static void
paths_are_bounded (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  g_autofree char *path = NULL;

  memset (f->mem, 'a', sizeof f->mem);
  g_assert_cmpint (sentry_copy_in_path (&f->um, FAKE_BASE + 5, &path), ==, -ENAMETOOLONG);
  f->mem[5 + 4095] = '\0';
  g_assert_cmpint (sentry_copy_in_path (&f->um, FAKE_BASE + 5, &path), ==, 0);
  g_assert_cmpint (strlen (path), ==, 4095);
  g_clear_pointer (&path, g_free);
  f->mem[0] = '\0';
  g_assert_cmpint (sentry_copy_in_path (&f->um, FAKE_BASE, &path), ==, 0);
  g_assert_cmpstr (path, ==, "");
  g_assert_cmpint (sentry_copy_in_path (&f->um, 0, &path), ==, -EFAULT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/usermem/copy/stops-at-bad-page", stops_at_bad_page);
  g_test_add_func ("/sentry/usermem/copy/fault-handler-resolves-each-page",
                   fault_handler_resolves_each_page);
  g_test_add_func ("/sentry/usermem/copy/lying-fault-handler-ends", lying_fault_handler_ends);
  g_test_add_func ("/sentry/usermem/copy/addresses-of-the-kernel-are-bad",
                   addresses_of_the_kernel_are_bad);
  g_test_add_func ("/sentry/usermem/string/ends-at-nul-or-error", strings_end_at_nul_or_error);
  g_test_add_func ("/sentry/usermem/path/is-bounded", paths_are_bounded);
  return g_test_run ();
}
