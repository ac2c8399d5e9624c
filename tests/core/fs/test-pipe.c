/* Pipes: order, capacity, atomic pieces, packets, ends that go.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/sentry-charge.h"
#include "fs/pipe.h"
#include "usermem/sentry-usermem.h"

static gint64
put (SentryFile *w, gconstpointer data, gsize len)
{
  SentryIter it;
  gint64 r;

  sentry_iter_init_kernel (&it, (gpointer) data, len);
  r = sentry_file_write (w, &it, NULL);
  sentry_iter_clear (&it);
  return r;
}

static gint64
take (SentryFile *r, gpointer data, gsize len)
{
  SentryIter it;
  gint64 n;

  sentry_iter_init_kernel (&it, data, len);
  n = sentry_file_read (r, &it, NULL);
  sentry_iter_clear (&it);
  return n;
}

static void
test_order (void)
{
  SentryFile *r, *w;
  guint8 in[3000], out[3000];
  guint32 written = 0, read = 0;

  g_assert_cmpint (sentry_pipe_new (NULL, 0, &r, &w), ==, 0);
  while (read < 1000000)
    {
      gsize len = g_test_rand_int_range (1, sizeof in);
      gint64 n;

      for (gsize i = 0; i < len; i++)
        in[i] = (written + i) * 7;
      n = put (w, in, len);
      if (n > 0)
        written += n;
      else
        g_assert_cmpint (n, ==, -EAGAIN);
      n = take (r, out, g_test_rand_int_range (1, sizeof out));
      for (gint64 i = 0; i < n; i++)
        g_assert_cmpuint (out[i], ==, (guint8) ((read + i) * 7));
      read += MAX (n, 0);
    }
  sentry_file_unref (r);
  sentry_file_unref (w);
}

static void
test_capacity (void)
{
  g_autofree guint8 *big = g_malloc0 (100000);
  SentryFile *r, *w;

  g_assert_cmpint (sentry_pipe_new (NULL, 0, &r, &w), ==, 0);
  g_assert_cmpint (put (w, big, 100000), ==, 65536);
  g_assert_cmpint (put (w, big, 1), ==, -EAGAIN);
  g_assert_cmpuint (sentry_file_poll (w, NULL), ==, 0);
  g_assert_cmpint (take (r, big, 4095), ==, 4095);
  /* Up to PIPE_BUF all or nothing; beyond, what fits. */
  g_assert_cmpint (put (w, big, 4096), ==, -EAGAIN);
  g_assert_cmpint (put (w, big, 4095), ==, 4095);
  g_assert_cmpint (take (r, big, 100), ==, 100);
  g_assert_cmpint (put (w, big, 5000), ==, 100);
  g_assert_cmpint (sentry_pipe_set_size (r, 4096, FALSE), ==, -EBUSY);
  g_assert_cmpint (sentry_pipe_set_size (r, 70000, FALSE), ==, 131072);
  g_assert_cmpint (put (w, big, 100000), ==, 65536);
  g_assert_cmpint (sentry_pipe_set_size (r, 1 << 21, FALSE), ==, -EPERM);
  g_assert_cmpint (sentry_pipe_set_size (r, 0, FALSE), ==, -EINVAL);
  sentry_file_unref (r);
  sentry_file_unref (w);
}

static void
test_ends (void)
{
  SentryFile *r, *w;
  guint8 b[10] = "abc";
  guint64 charged = sentry_charge_used ();

  g_assert_cmpint (sentry_pipe_new (NULL, 0, &r, &w), ==, 0);
  g_assert_cmpint (take (r, b, 1), ==, -EAGAIN);
  g_assert_cmpint (put (w, b, 3), ==, 3);
  sentry_file_unref (w);
  g_assert_cmpuint (sentry_file_poll (r, NULL), ==, POLLIN | POLLRDNORM | POLLHUP);
  g_assert_cmpint (take (r, b, 10), ==, 3);
  g_assert_cmpint (take (r, b, 10), ==, 0);
  g_assert_cmpint (sentry_file_write (r, &(SentryIter){ .remaining = 1 }, NULL), ==, -EBADF);
  sentry_file_unref (r);

  g_assert_cmpint (sentry_pipe_new (NULL, 0, &r, &w), ==, 0);
  sentry_file_unref (r);
  g_assert_cmpuint (sentry_file_poll (w, NULL) & POLLERR, ==, POLLERR);
  g_assert_cmpint (put (w, b, 3), ==, -EPIPE);
  sentry_file_unref (w);
  g_assert_cmpuint (sentry_charge_used (), ==, charged);
}

static void
test_packets (void)
{
  SentryFile *r, *w;
  guint8 b[5000] = { 0 };

  g_assert_cmpint (sentry_pipe_new (NULL, O_DIRECT, &r, &w), ==, 0);
  g_assert_cmpint (put (w, "12345", 5), ==, 5);
  g_assert_cmpint (put (w, "67", 2), ==, 2);
  g_assert_cmpint (take (r, b, 3), ==, 3);
  g_assert_cmpint (take (r, b, 10), ==, 2);
  g_assert_cmpmem (b, 2, "67", 2);
  g_assert_cmpint (put (w, b, 5000), ==, 5000);
  g_assert_cmpint (take (r, b, 5000), ==, 4096);
  g_assert_cmpint (take (r, b, 5000), ==, 904);
  for (int i = 0; i < 16; i++)
    g_assert_cmpint (put (w, "x", 1), ==, 1);
  g_assert_cmpint (put (w, "x", 1), ==, -EAGAIN);
  sentry_file_unref (r);
  sentry_file_unref (w);
}

static gpointer
reader_thread (gpointer data)
{
  SentryFile *r = data;
  SentrySleeper sleeper = { 0 };
  guint8 b[777];
  gsize total = 0;
  gint64 n;

  do
    {
      SentryWaiter w;

      sentry_waiter_init (&w, &sleeper, 0);
      sentry_wait_queue_add (sentry_fifo_open_queue (r), &w);
      sentry_sleeper_prepare (&sleeper);
      n = take (r, b, sizeof b);
      if (n == -EAGAIN)
        g_assert_cmpint (sentry_sleeper_sleep (&sleeper, G_MAXINT64), ==, 0);
      sentry_wait_queue_remove (&w);
      total += MAX (n, 0);
    }
  while (n != 0);
  return GSIZE_TO_POINTER (total);
}

static void
test_wakes (void)
{
  SentryFile *r, *w;
  GThread *t;
  gsize total = 0;

  g_assert_cmpint (sentry_pipe_new (NULL, 0, &r, &w), ==, 0);
  t = g_thread_new ("reader", reader_thread, r);
  while (total < 300000)
    {
      gint64 n = put (w, "0123456789", 10);

      if (n == -EAGAIN)
        g_thread_yield ();
      total += MAX (n, 0);
    }
  sentry_file_unref (w);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (t)), ==, total);
  sentry_file_unref (r);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/fs/pipe/keeps-order", test_order);
  g_test_add_func ("/sentry/fs/pipe/capacity-and-atomic-pieces", test_capacity);
  g_test_add_func ("/sentry/fs/pipe/ends-that-go", test_ends);
  g_test_add_func ("/sentry/fs/pipe/packets", test_packets);
  g_test_add_func ("/sentry/fs/pipe/wakes-its-reader", test_wakes);
  return g_test_run ();
}
