/* Iterators over guest ranges. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-pages.h"

#include <errno.h>

/* Writes `n` vectors at the start of the fake memory's last page; returns their address. */
static guint64
put_iov (FakePages *f, const struct iovec *v, guint n)
{
  guint64 at = (FAKE_PAGES - 1) * FAKE_PAGE;

  memcpy (f->mem + at, v, n * sizeof *v);
  return FAKE_BASE + at;
}

#define AT(offset, length)                                                                         \
  {                                                                                                \
    (gpointer) (FAKE_BASE + (offset)), (length)                                                    \
  }

static void
crosses_elements_and_empty_ones (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  struct iovec v[] = { AT (0, 0), AT (0, 3), AT (50, 0), AT (100, 4), AT (200, 0) };
  SentryIter it;
  char back[8] = { 0 };

  g_assert_cmpint (sentry_iter_init_user_iov (&it, &f->um, put_iov (f, v, 5), 5), ==, 0);
  g_assert_cmpint (it.remaining, ==, 7);
  g_assert_cmpint (sentry_iter_copy_to (&it, "abcdefgh", 8), ==, 7);
  g_assert_cmpint (it.remaining, ==, 0);
  g_assert_cmpint (it.done, ==, 7);
  g_assert_cmpmem (f->mem, 3, "abc", 3);
  g_assert_cmpmem (f->mem + 100, 4, "defg", 4);
  sentry_iter_revert (&it, 5);
  g_assert_cmpint (sentry_iter_copy_from (&it, back, 8), ==, 5);
  g_assert_cmpstr (back, ==, "cdefg");
  sentry_iter_revert (&it, 7);
  sentry_iter_advance (&it, 3);
  sentry_iter_truncate (&it, 2);
  g_assert_cmpint (sentry_iter_zero (&it, 100), ==, 2);
  g_assert_cmpmem (f->mem + 100, 4, "\0\0fg", 4);
  sentry_iter_clear (&it);
}

static void
stops_at_bad_page (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  struct iovec v[] = { AT (0, 10), AT (FAKE_PAGE - 10, 20), AT (20, 10) };
  SentryIter it;
  char buf[64] = { 0 };

  f->prot[1] = PROT_READ;
  g_assert_cmpint (sentry_iter_init_user_iov (&it, &f->um, put_iov (f, v, 3), 3), ==, 0);
  g_assert_cmpint (sentry_iter_copy_to (&it, buf, 64), ==, 20);
  g_assert_cmpint (it.remaining, ==, 20);
  g_assert_cmpint (sentry_iter_copy_from (&it, buf, 64), ==, 20);
  sentry_iter_clear (&it);
}

static void
bad_vectors_are_refused (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  struct iovec negative[] = { AT (0, 1), AT (0, -1) };
  struct iovec kernel[] = { AT (0, 1), { (gpointer) 0xffff800000000000, 1 } };
  struct iovec huge[] = { AT (0, 0x7fffffff), AT (0, 0x7fffffff) };
  SentryIter it;

  g_assert_cmpint (sentry_iter_init_user_iov (&it, &f->um, put_iov (f, negative, 2), 2), ==,
                   -EINVAL);
  g_assert_cmpint (sentry_iter_init_user_iov (&it, &f->um, put_iov (f, kernel, 2), 2), ==, -EFAULT);
  g_assert_cmpint (sentry_iter_init_user_iov (&it, &f->um, FAKE_BASE, 1025), ==, -EINVAL);
  g_assert_cmpint (sentry_iter_init_user_iov (&it, &f->um, 8, 1), ==, -EFAULT);
  g_assert_cmpint (sentry_iter_init_user_iov (&it, &f->um, 8, 0), ==, 0);
  g_assert_cmpint (sentry_iter_init_user_iov (&it, &f->um, put_iov (f, huge, 2), 2), ==, 0);
  g_assert_cmpuint (it.remaining, ==, SENTRY_MAX_RW_COUNT);
  sentry_iter_clear (&it);
  g_assert_cmpint (sentry_iter_init_user (&it, &f->um, SENTRY_USER_MAX - 1, 2), ==, -EFAULT);
}

static void
many_vectors_use_the_heap (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  struct iovec v[200];
  SentryIter it;
  char buf[200], back[200];

  for (guint i = 0; i < 200; i++)
    {
      v[i] = (struct iovec) AT (i * 3, 1);
      buf[i] = i;
    }
  g_assert_cmpint (sentry_iter_init_user_iov (&it, &f->um, put_iov (f, v, 200), 200), ==, 0);
  g_assert_cmpint (sentry_iter_copy_to (&it, buf, 200), ==, 200);
  sentry_iter_revert (&it, 200);
  g_assert_cmpint (sentry_iter_copy_from (&it, back, 200), ==, 200);
  g_assert_cmpmem (buf, 200, back, 200);
  sentry_iter_clear (&it);
}

static void
nofault_asks_and_goes_on (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  SentryIter it;
  char buf[2 * FAKE_PAGE];

  memset (buf, 'y', sizeof buf);
  f->prot[1] = 0;
  f->fault_gives = PROT_WRITE;
  g_assert_cmpint (sentry_iter_init_user (&it, &f->um, FAKE_BASE, sizeof buf), ==, 0);
  g_assert_cmpint (sentry_iter_copy_to_nofault (&it, buf, sizeof buf), ==, FAKE_PAGE);
  g_assert_cmpuint (f->n_faults, ==, 0);
  g_assert_cmpint (sentry_iter_fault_in (&it, SENTRY_ACCESS_WRITE), ==, 0);
  g_assert_cmpint (sentry_iter_copy_to_nofault (&it, buf, FAKE_PAGE), ==, FAKE_PAGE);
}

static void
fault_in_gives_up (void)
{
  g_autofree FakePages *f = fake_pages_new ();
  SentryIter it;
  guint rounds = 0;

  f->prot[0] = 0;
  f->fault_lies = TRUE;
  g_assert_cmpint (sentry_iter_init_user (&it, &f->um, FAKE_BASE, 10), ==, 0);
  while (sentry_iter_fault_in (&it, SENTRY_ACCESS_READ) == 0)
    g_assert_cmpuint (++rounds, <, 100);
}

static void
kernel_memory_never_faults (void)
{
  char a[10] = "", b[10];
  SentryIter it;

  sentry_iter_init_kernel (&it, a, sizeof a);
  g_assert_cmpint (sentry_iter_copy_to_nofault (&it, "0123456789", 10), ==, 10);
  sentry_iter_revert (&it, 10);
  g_assert_cmpint (sentry_iter_copy_from (&it, b, 20), ==, 10);
  g_assert_cmpmem (b, 10, "0123456789", 10);
  g_assert_cmpint (sentry_iter_fault_in (&it, SENTRY_ACCESS_READ), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/usermem/iter/crosses-elements-and-empty-ones",
                   crosses_elements_and_empty_ones);
  g_test_add_func ("/sentry/usermem/iter/stops-at-bad-page", stops_at_bad_page);
  g_test_add_func ("/sentry/usermem/iter/bad-vectors-are-refused", bad_vectors_are_refused);
  g_test_add_func ("/sentry/usermem/iter/many-vectors-use-the-heap", many_vectors_use_the_heap);
  g_test_add_func ("/sentry/usermem/iter/nofault-asks-and-goes-on", nofault_asks_and_goes_on);
  g_test_add_func ("/sentry/usermem/iter/fault-in-gives-up", fault_in_gives_up);
  g_test_add_func ("/sentry/usermem/iter/kernel-memory-never-faults", kernel_memory_never_faults);
  return g_test_run ();
}
