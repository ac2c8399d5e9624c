/* Operations and copies of an address space: also for platforms that run no code.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform-suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

GUEST_CODE (syscalls);

#define OPS(g) ((g)->as->ops)

/* A guest that stands in a system call where there is code, so that operations borrow its thread.
 */
static void
set_up (Guest *g, gconstpointer data)
{
  guest_set_up (g, syscalls);
  if (suite_traits & SUITE_NATIVE)
    guest_run_to_call (g);
}

static void
tear_down (Guest *g, gconstpointer data)
{
  guest_end (g);
}

static void
maps_are_empty_and_private (Guest *g, gconstpointer data)
{
  g_assert_cmpint (as_map (g, FREE_AT, 4 * PAGE, RW), ==, 0);
  for (guint i = 0; i < 4; i++)
    g_assert_cmphex (as_load (g->as, FREE_AT + i * PAGE), ==, 0);
  as_store (g->as, FREE_AT + PAGE, 1);
  g_assert_cmphex (as_load (g->as, FREE_AT + PAGE), ==, 1);
  g_assert_cmphex (as_load (g->as, FREE_AT + 2 * PAGE), ==, 0);
  /* A new map takes the place of what was there. */
  g_assert_cmpint (as_map (g, FREE_AT + PAGE, PAGE, RW), ==, 0);
  g_assert_cmphex (as_load (g->as, FREE_AT + PAGE), ==, 0);
}

static void
unmap_takes_away (Guest *g, gconstpointer data)
{
  g_assert_cmpint (as_map (g, FREE_AT, 3 * PAGE, RW), ==, 0);
  g_assert_cmpint (OPS (g)->unmap (g->as, g->ctx, FREE_AT + PAGE, PAGE), ==, 0);
  g_assert_true (as_readable (g->as, FREE_AT));
  g_assert_false (as_readable (g->as, FREE_AT + PAGE));
  g_assert_true (as_readable (g->as, FREE_AT + 2 * PAGE));
  g_assert_cmpint (OPS (g)->unmap (g->as, g->ctx, FREE_AT, 16 * PAGE), ==, 0); /* holes are fine */
  g_assert_false (as_readable (g->as, FREE_AT));
}

static void
copies_stop_at_a_bad_page (Guest *g, gconstpointer data)
{
  gsize len = 3 * PAGE;
  g_autofree guint8 *buf = g_malloc (len), *back = g_malloc0 (len);

  memset (buf, 0x5a, len);
  g_assert_cmpint (as_map (g, FREE_AT, 2 * PAGE, RW), ==, 0);
  g_assert_cmpuint (OPS (g)->copy_out (g->as, FREE_AT + 100, buf, len), ==, 2 * PAGE - 100);
  g_assert_cmpuint (OPS (g)->copy_in (g->as, back, FREE_AT + 100, len), ==, 2 * PAGE - 100);
  g_assert_cmpmem (back, 2 * PAGE - 100, buf, 2 * PAGE - 100);
  g_assert_cmpuint (OPS (g)->copy_in (g->as, back, FREE_AT + 2 * PAGE, 1), ==, 0);
  g_assert_cmpuint (OPS (g)->copy_in (g->as, back, FREE_AT, 0), ==, 0);
  g_assert_cmpuint (OPS (g)->copy_in (g->as, back, 0, 8), ==, 0);
  g_assert_cmpuint (OPS (g)->copy_in (g->as, back, G_MAXUINT64 - 3, 8), ==, 0);
  g_assert_cmpuint (OPS (g)->copy_in (g->as, back, 0xffffffffff600000, 8), ==, 0);
}

static void
copies_respect_protection (Guest *g, gconstpointer data)
{
  guint64 word = 1;

  g_assert_cmpint (as_map (g, FREE_AT, 2 * PAGE, RW), ==, 0);
  as_store (g->as, FREE_AT, 9);
  g_assert_cmpint (OPS (g)->protect (g->as, g->ctx, FREE_AT, PAGE, PROT_READ), ==, 0);
  g_assert_cmpuint (OPS (g)->copy_out (g->as, FREE_AT, &word, 8), ==, 0);
  g_assert_cmpuint (as_load (g->as, FREE_AT), ==, 9);
  g_assert_cmpuint (OPS (g)->copy_out (g->as, FREE_AT + PAGE, &word, 8), ==, 8);
  g_assert_cmpint (OPS (g)->protect (g->as, g->ctx, FREE_AT, PAGE, PROT_NONE), ==, 0);
  g_assert_false (as_readable (g->as, FREE_AT));
  g_assert_cmpint (OPS (g)->protect (g->as, g->ctx, FREE_AT, PAGE, RW), ==, 0);
  g_assert_cmpuint (as_load (g->as, FREE_AT), ==, 9);
}

static void
poke_ignores_protection (Guest *g, gconstpointer data)
{
  guint64 word = 0x1234;
  int fd = suite_file (1);
  guint8 byte;

  g_assert_cmpint (as_map (g, FREE_AT, PAGE, PROT_READ), ==, 0);
  g_assert_cmpint (OPS (g)->poke (g->as, g->ctx, FREE_AT + PAGE - 8, &word, 8), ==, 0);
  g_assert_cmpuint (as_load (g->as, FREE_AT + PAGE - 8), ==, 0x1234);
  g_assert_cmpint (OPS (g)->poke (g->as, g->ctx, FREE_AT + PAGE - 4, &word, 8), ==, -EFAULT);
  /* A private view of a file becomes a copy. */
  g_assert_cmpint (
      OPS (g)->map (g->as, g->ctx, FREE_AT, PAGE, PROT_READ, SENTRY_MAP_PRIVATE, fd, 0), ==, 0);
  g_assert_cmpint (OPS (g)->poke (g->as, g->ctx, FREE_AT, &word, 8), ==, 0);
  g_assert_cmpuint (as_load (g->as, FREE_AT), ==, 0x1234);
  g_assert_cmpint (pread (fd, &byte, 1, 0), ==, 1);
  g_assert_cmpint (byte, ==, 1);
  close (fd);
}

static void
remap_moves_and_resizes (Guest *g, gconstpointer data)
{
  guint64 to = FREE_AT + 64 * PAGE;

  g_assert_cmpint (as_map (g, FREE_AT, 2 * PAGE, RW), ==, 0);
  as_store (g->as, FREE_AT, 1);
  as_store (g->as, FREE_AT + PAGE, 2);
  g_assert_cmpint (OPS (g)->remap (g->as, g->ctx, FREE_AT, 2 * PAGE, to, 3 * PAGE, FALSE), ==, 0);
  g_assert_false (as_readable (g->as, FREE_AT));
  g_assert_cmpuint (as_load (g->as, to), ==, 1);
  g_assert_cmpuint (as_load (g->as, to + PAGE), ==, 2);
  g_assert_cmpuint (as_load (g->as, to + 2 * PAGE), ==, 0);
  g_assert_cmpint (OPS (g)->remap (g->as, g->ctx, to, 3 * PAGE, to, 5 * PAGE, FALSE), ==, 0);
  g_assert_cmpuint (as_load (g->as, to + 4 * PAGE), ==, 0);
  g_assert_cmpint (OPS (g)->remap (g->as, g->ctx, to, 5 * PAGE, to, PAGE, FALSE), ==, 0);
  g_assert_cmpuint (as_load (g->as, to), ==, 1);
  g_assert_false (as_readable (g->as, to + PAGE));
}

static void
remap_may_keep_the_source (Guest *g, gconstpointer data)
{
  guint64 to = FREE_AT + 64 * PAGE;

  g_assert_cmpint (as_map (g, FREE_AT, PAGE, RW), ==, 0);
  as_store (g->as, FREE_AT, 1);
  g_assert_cmpint (OPS (g)->remap (g->as, g->ctx, FREE_AT, PAGE, to, PAGE, TRUE), ==, 0);
  g_assert_cmpuint (as_load (g->as, to), ==, 1);
  g_assert_cmpuint (as_load (g->as, FREE_AT), ==, 0);
}

static void
advice (Guest *g, gconstpointer data)
{
  g_assert_cmpint (as_map (g, FREE_AT, 2 * PAGE, RW), ==, 0);
  as_store (g->as, FREE_AT, 1);
  as_store (g->as, FREE_AT + PAGE, 2);
  g_assert_cmpint (OPS (g)->advise (g->as, g->ctx, FREE_AT, PAGE, MADV_DONTNEED), ==, 0);
  g_assert_cmpuint (as_load (g->as, FREE_AT), ==, 0);
  g_assert_cmpuint (as_load (g->as, FREE_AT + PAGE), ==, 2);
  g_assert_cmpint (OPS (g)->advise (g->as, g->ctx, FREE_AT, 4 * PAGE, MADV_DONTNEED), ==, -ENOMEM);
  if (suite_traits & SUITE_NATIVE)
    {
      g_assert_cmpint (OPS (g)->advise (g->as, g->ctx, FREE_AT, PAGE, 4711), ==, -EINVAL);
      g_assert_cmpint (OPS (g)->advise (g->as, g->ctx, FREE_AT, PAGE, MADV_MERGEABLE), ==, -EINVAL);
      g_assert_cmpint (OPS (g)->advise (g->as, g->ctx, FREE_AT, PAGE, MADV_HWPOISON), ==, -EINVAL);
    }
}

static void
ranges_outside_are_refused (Guest *g, gconstpointer data)
{
  guint64 min, max;

  sentry_platform_address_range (suite_platform, &min, &max);
  g_assert_cmphex (min, ==, g->as->min_addr);
  g_assert_cmphex (max, ==, g->as->max_addr);
  g_assert_cmpint (as_map (g, min, PAGE, RW), ==, 0);
  g_assert_cmpint (as_map (g, max - PAGE, PAGE, RW), ==, 0);
  g_assert_cmpint (as_map (g, min - PAGE, PAGE, RW), <, 0);
  g_assert_cmpint (as_map (g, max, PAGE, RW), <, 0);
  g_assert_cmpint (as_map (g, max - PAGE, 2 * PAGE, RW), <, 0);
  g_assert_cmpint (as_map (g, FREE_AT, G_MAXUINT64 & ~(PAGE - 1), RW), <, 0);
  g_assert_cmpint (OPS (g)->unmap (g->as, g->ctx, max, PAGE), <, 0);
  g_assert_cmpint (OPS (g)->protect (g->as, g->ctx, max, PAGE, RW), <, 0);
  g_assert_cmpint (OPS (g)->remap (g->as, g->ctx, max - PAGE, PAGE, max, PAGE, FALSE), <, 0);
  g_assert_cmpint (OPS (g)->remap (g->as, g->ctx, max + PAGE, PAGE, FREE_AT, PAGE, FALSE), <, 0);
  g_assert_cmpint (as_map (g, FREE_AT + 1, PAGE, RW), <, 0);
  g_assert_cmpint (as_map (g, FREE_AT, 0, RW), <, 0);
}

/* Nothing above the guest's range can be named, whatever the platform keeps there. */
static void
hidden_memory_is_no_guest_memory (Guest *g, gconstpointer data)
{
  guint64 max = g->as->max_addr, word = 0;
  guint32 found;

  for (guint64 at = max; at < max + 0x100000; at += PAGE)
    {
      g_assert_false (as_readable (g->as, at));
      g_assert_cmpuint (OPS (g)->copy_out (g->as, at, &word, 8), ==, 0);
      g_assert_cmpint (OPS (g)->poke (g->as, g->ctx, at, &word, 8), ==, -EFAULT);
      g_assert_cmpint (OPS (g)->cmpxchg32 (g->as, g->ctx, at, 0, 0, FALSE, &found), ==, -EFAULT);
    }
}

static void
private_files (Guest *g, gconstpointer data)
{
  int fd = suite_file (3);
  guint8 byte = 0x77, byte2;

  g_assert_cmpint (
      OPS (g)->map (g->as, g->ctx, FREE_AT, 2 * PAGE, RW, SENTRY_MAP_PRIVATE, fd, PAGE), ==, 0);
  g_assert_cmpint (as_load (g->as, FREE_AT) & 0xff, ==, 2);
  g_assert_cmpint (as_load (g->as, FREE_AT + PAGE) & 0xff, ==, 3);
  g_assert_cmpuint (OPS (g)->copy_out (g->as, FREE_AT, &byte, 1), ==, 1);
  g_assert_cmpint (pread (fd, &byte2, 1, PAGE), ==, 1);
  g_assert_cmpint (byte2, ==, 2);
  g_assert_cmpint (as_load (g->as, FREE_AT) & 0xff, ==, 0x77);
  close (fd);
  g_assert_cmpint (as_load (g->as, FREE_AT + PAGE) & 0xff, ==, 3);
}

static void
shared_files (Guest *g, gconstpointer data)
{
  int fd = suite_file (2);
  guint8 byte = 0x77, found;

  g_assert_cmpint (OPS (g)->map (g->as, g->ctx, FREE_AT, 2 * PAGE, RW, SENTRY_MAP_SHARED, fd, 0),
                   ==, 0);
  g_assert_cmpuint (OPS (g)->copy_out (g->as, FREE_AT + PAGE, &byte, 1), ==, 1);
  g_assert_cmpint (pread (fd, &found, 1, PAGE), ==, 1);
  g_assert_cmpint (found, ==, 0x77);
  byte = 0x55;
  g_assert_cmpint (pwrite (fd, &byte, 1, 0), ==, 1);
  g_assert_cmpint (as_load (g->as, FREE_AT) & 0xff, ==, 0x55);
  g_assert_cmpint (OPS (g)->sync (g->as, g->ctx, FREE_AT, 2 * PAGE, MS_SYNC), ==, 0);
  g_assert_cmpint (OPS (g)->sync (g->as, g->ctx, FREE_AT, 4 * PAGE, MS_SYNC), ==, -ENOMEM);
  close (fd);
}

static int
reopen (int fd, int flags)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  int again = open (path, flags | O_CLOEXEC);

  g_assert_cmpint (again, >=, 0);
  return again;
}

static void
weak_descriptors_stay_weak (Guest *g, gconstpointer data)
{
  int fd = suite_file (1), weak = reopen (fd, O_RDONLY);

  g_assert_cmpint (OPS (g)->map (g->as, g->ctx, FREE_AT, PAGE, RW, SENTRY_MAP_SHARED, weak, 0), ==,
                   -EACCES);
  g_assert_false (as_readable (g->as, FREE_AT));
  g_assert_cmpint (
      OPS (g)->map (g->as, g->ctx, FREE_AT, PAGE, PROT_READ, SENTRY_MAP_SHARED, weak, 0), ==, 0);
  g_assert_cmpint (OPS (g)->protect (g->as, g->ctx, FREE_AT, PAGE, RW), ==, -EACCES);
  g_assert_cmpint (OPS (g)->poke (g->as, g->ctx, FREE_AT, "x", 1), <, 0);
  g_assert_cmpint (as_load (g->as, FREE_AT) & 0xff, ==, 1);
  close (weak);
  close (fd);
}

static void
failed_map_changes_nothing (Guest *g, gconstpointer data)
{
  int fd = suite_file (1), weak = reopen (fd, O_RDONLY), path = reopen (fd, O_PATH),
      write_only = reopen (fd, O_WRONLY);
  int bad[] = { 1000000, path, write_only };

  g_assert_cmpint (as_map (g, FREE_AT, 2 * PAGE, RW), ==, 0);
  as_store (g->as, FREE_AT, 42);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_cmpint (
        OPS (g)->map (g->as, g->ctx, FREE_AT, PAGE, PROT_READ, SENTRY_MAP_PRIVATE, bad[i], 0), <,
        0);
  g_assert_cmpint (OPS (g)->map (g->as, g->ctx, FREE_AT, PAGE, RW, SENTRY_MAP_SHARED, weak, 0), ==,
                   -EACCES);
  g_assert_cmpint (as_load (g->as, FREE_AT), ==, 42);
  as_store (g->as, FREE_AT, 43);
  /* And the next one works. */
  g_assert_cmpint (OPS (g)->map (g->as, g->ctx, FREE_AT, PAGE, RW, SENTRY_MAP_SHARED, fd, 0), ==,
                   0);
  g_assert_cmpint (as_load (g->as, FREE_AT) & 0xff, ==, 1);
  close (fd);
  close (weak);
  close (path);
  close (write_only);
}

static void
failed_remap_changes_nothing (Guest *g, gconstpointer data)
{
  g_assert_cmpint (as_map (g, FREE_AT, 2 * PAGE, RW), ==, 0);
  as_store (g->as, FREE_AT, 42);
  g_assert_cmpint (OPS (g)->remap (g->as, g->ctx, FREE_AT + 8 * PAGE, PAGE, FREE_AT, PAGE, FALSE),
                   ==, -EFAULT);
  g_assert_cmpint (as_load (g->as, FREE_AT), ==, 42);
}

static void
mappings_need_no_open_descriptor (Guest *g, gconstpointer data)
{
  guint before = suite_n_fds ("self");

  for (guint i = 0; i < 50; i++)
    {
      int fd = suite_file (1);
      g_assert_cmpint (
          OPS (g)->map (g->as, g->ctx, FREE_AT, PAGE, PROT_READ, SENTRY_MAP_PRIVATE, fd, 0), ==, 0);
      close (fd);
    }
  g_assert_cmpint (as_load (g->as, FREE_AT) & 0xff, ==, 1);
  g_assert_cmpint (OPS (g)->unmap (g->as, g->ctx, FREE_AT, PAGE), ==, 0);
  g_assert_cmpuint (suite_n_fds ("self"), ==, before);
}

static void
order_of_operations (Guest *g, gconstpointer data)
{
  /* Each one is done before the next begins: a late unmap would take the new map away. */
  for (guint i = 0; i < 200; i++)
    {
      g_assert_cmpint (as_map (g, FREE_AT, PAGE, RW), ==, 0);
      as_store (g->as, FREE_AT, i + 1);
      g_assert_cmpint (OPS (g)->unmap (g->as, g->ctx, FREE_AT, PAGE), ==, 0);
      g_assert_cmpint (as_map (g, FREE_AT, PAGE, RW), ==, 0);
      g_assert_cmpuint (as_load (g->as, FREE_AT), ==, 0);
      as_store (g->as, FREE_AT, i + 1);
      g_assert_cmpuint (as_load (g->as, FREE_AT), ==, i + 1);
    }
}

static void
compare_and_exchange (Guest *g, SentryMapFlags flags, int fd)
{
  guint32 found = 0, value;

  g_assert_cmpint (OPS (g)->map (g->as, g->ctx, FREE_AT, PAGE, RW, flags, fd, 0), ==, 0);
  as_store (g->as, FREE_AT, 5);
  g_assert_cmpint (OPS (g)->cmpxchg32 (g->as, g->ctx, FREE_AT, 4, 9, FALSE, &found), ==, 0);
  g_assert_cmpuint (found, ==, 5);
  g_assert_cmpint (OPS (g)->load32 (g->as, FREE_AT, &value), ==, 0);
  g_assert_cmpuint (value, ==, 5);
  g_assert_cmpint (OPS (g)->cmpxchg32 (g->as, g->ctx, FREE_AT, 5, 9, FALSE, &found), ==, 0);
  g_assert_cmpuint (found, ==, 5);
  g_assert_cmpint (OPS (g)->load32 (g->as, FREE_AT, &value), ==, 0);
  g_assert_cmpuint (value, ==, 9);
  g_assert_cmpint (OPS (g)->protect (g->as, g->ctx, FREE_AT, PAGE, PROT_READ), ==, 0);
  g_assert_cmpint (OPS (g)->cmpxchg32 (g->as, g->ctx, FREE_AT, 9, 10, FALSE, &found), ==, -EFAULT);
  g_assert_cmpint (OPS (g)->cmpxchg32 (g->as, g->ctx, FREE_AT + PAGE, 9, 10, FALSE, &found), ==,
                   -EFAULT);
  g_assert_cmpint (OPS (g)->load32 (g->as, FREE_AT + PAGE, &value), ==, -EFAULT);
  g_assert_cmpint (OPS (g)->load32 (g->as, FREE_AT, &value), ==, 0);
  g_assert_cmpuint (value, ==, 9);
}

static void
compare_and_exchange_private (Guest *g, gconstpointer data)
{
  compare_and_exchange (g, SENTRY_MAP_PRIVATE, -1);
}

static void
compare_and_exchange_shared (Guest *g, gconstpointer data)
{
  int fd = suite_file (1);

  compare_and_exchange (g, SENTRY_MAP_SHARED, fd);
  close (fd);
}

static gboolean
collect (guint64 addr, gpointer data)
{
  g_array_append_val ((GArray *) data, addr);
  return TRUE;
}

static void
residency_and_private_pages (Guest *g, gconstpointer data)
{
  guint8 vec[4];
  int fd = suite_file (4);
  g_autoptr (GArray) pages = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint64 total = 0, shared = 0;

  g_assert_cmpint (as_map (g, FREE_AT, 4 * PAGE, RW), ==, 0);
  as_store (g->as, FREE_AT + PAGE, 1);
  as_store (g->as, FREE_AT + 3 * PAGE, 1);
  g_assert_cmpint (OPS (g)->resident (g->as, FREE_AT, 4 * PAGE, vec), ==, 0);
  g_assert_cmpint (vec[0] & 1, ==, 0);
  g_assert_cmpint (vec[1] & 1, ==, 1);
  g_assert_cmpint (vec[2] & 1, ==, 0);
  g_assert_cmpint (vec[3] & 1, ==, 1);
  g_assert_cmpint (OPS (g)->foreach_private_page (g->as, FREE_AT, 4 * PAGE, collect, pages), ==, 0);
  g_assert_cmpuint (pages->len, ==, 2);
  g_assert_cmphex (g_array_index (pages, guint64, 0), ==, FREE_AT + PAGE);
  g_assert_cmphex (g_array_index (pages, guint64, 1), ==, FREE_AT + 3 * PAGE);
  /* Of a private file only what was written. */
  g_array_set_size (pages, 0);
  g_assert_cmpint (OPS (g)->map (g->as, g->ctx, FREE_AT, 4 * PAGE, RW, SENTRY_MAP_PRIVATE, fd, 0),
                   ==, 0);
  for (guint i = 0; i < 4; i++)
    as_load (g->as, FREE_AT + i * PAGE);
  as_store (g->as, FREE_AT + 2 * PAGE, 1);
  g_assert_cmpint (OPS (g)->foreach_private_page (g->as, FREE_AT, 4 * PAGE, collect, pages), ==, 0);
  g_assert_cmpuint (pages->len, ==, 1);
  g_assert_cmphex (g_array_index (pages, guint64, 0), ==, FREE_AT + 2 * PAGE);
  OPS (g)->rss (g->as, &total, &shared);
  g_assert_cmpuint (total, >=, PAGE);
  close (fd);
}

static void
outsiders_may_act (Guest *g, gconstpointer data)
{
  SentryAddressSpace *as = suite_new_address_space ();
  int fd = suite_file (1);
  guint32 found;

  /* Nobody has run in it yet. */
  g_assert_cmpint (as->ops->map (as, NULL, FREE_AT, PAGE, RW, SENTRY_MAP_PRIVATE, -1, 0), ==, 0);
  as_store (as, FREE_AT, 3);
  g_assert_cmpint (
      as->ops->map (as, NULL, FREE_AT + PAGE, PAGE, PROT_READ, SENTRY_MAP_PRIVATE, fd, 0), ==, 0);
  g_assert_cmpint (as_load (as, FREE_AT + PAGE) & 0xff, ==, 1);
  g_assert_cmpint (as->ops->protect (as, NULL, FREE_AT, PAGE, PROT_READ), ==, 0);
  g_assert_cmpint (as->ops->cmpxchg32 (as, NULL, FREE_AT, 3, 4, FALSE, &found), ==, -EFAULT);
  g_assert_cmpint (as->ops->unmap (as, NULL, FREE_AT, 2 * PAGE), ==, 0);
  g_assert_false (as_readable (as, FREE_AT));
  sentry_address_space_unref (as);
  close (fd);
}

static void
spaces_are_apart (Guest *g, gconstpointer data)
{
  Guest other;

  set_up (&other, NULL);
  g_assert_cmpint (as_map (g, FREE_AT, PAGE, RW), ==, 0);
  as_store (g->as, FREE_AT, 1);
  g_assert_false (as_readable (other.as, FREE_AT));
  tear_down (&other, NULL);
  g_assert_cmpuint (as_load (g->as, FREE_AT), ==, 1);
}

static void
fork_copies_on_write (Guest *g, gconstpointer data)
{
  int fd = suite_file (1);
  SentryContext *child = suite_new_context ();
  SentryAddressSpace *as = NULL;

  g_assert_cmpint (as_map (g, FREE_AT, PAGE, RW), ==, 0);
  g_assert_cmpint (OPS (g)->map (g->as, g->ctx, FREE_AT + PAGE, PAGE, RW, SENTRY_MAP_SHARED, fd, 0),
                   ==, 0);
  as_store (g->as, FREE_AT, 1);
  child->regs = g->ctx->regs;
  g_assert_cmpint (OPS (g)->fork (g->as, g->ctx, child, &as), ==, 0);
  g_assert_cmphex (as->min_addr, ==, g->as->min_addr);
  g_assert_cmphex (as->max_addr, ==, g->as->max_addr);
  g_assert_cmpuint (as_load (as, FREE_AT), ==, 1);
  as_store (as, FREE_AT, 2);
  g_assert_cmpuint (as_load (g->as, FREE_AT), ==, 1);
  as_store (g->as, FREE_AT, 3);
  g_assert_cmpuint (as_load (as, FREE_AT), ==, 2);
  as_store (as, FREE_AT + PAGE, 4);
  g_assert_cmpuint (as_load (g->as, FREE_AT + PAGE), ==, 4);
  g_assert_cmpint (OPS (g)->unmap (g->as, g->ctx, FREE_AT, PAGE), ==, 0);
  g_assert_cmpuint (as_load (as, FREE_AT), ==, 2);
  child->ops->free (child);
  sentry_address_space_unref (as);
  close (fd);
}

void
suite_add_memory (void)
{
#define ADD(path, func) g_test_add ("/sentry/platform/" path, Guest, NULL, set_up, func, tear_down)
  ADD ("memory/maps-are-empty-and-private", maps_are_empty_and_private);
  ADD ("memory/unmap-takes-away", unmap_takes_away);
  ADD ("memory/remap-moves-and-resizes", remap_moves_and_resizes);
  ADD ("memory/remap-may-keep-the-source", remap_may_keep_the_source);
  ADD ("memory/advice", advice);
  ADD ("memory/ranges-outside-are-refused", ranges_outside_are_refused);
  ADD ("memory/hidden-is-no-guest-memory", hidden_memory_is_no_guest_memory);
  ADD ("memory/private-files", private_files);
  ADD ("memory/shared-files", shared_files);
  ADD ("memory/weak-descriptors-stay-weak", weak_descriptors_stay_weak);
  ADD ("memory/needs-no-open-descriptor", mappings_need_no_open_descriptor);
  ADD ("memory/failed-map-changes-nothing", failed_map_changes_nothing);
  ADD ("memory/failed-remap-changes-nothing", failed_remap_changes_nothing);
  ADD ("memory/order-of-operations", order_of_operations);
  ADD ("memory/residency-and-private-pages", residency_and_private_pages);
  ADD ("memory/outsiders-may-act", outsiders_may_act);
  ADD ("memory/spaces-are-apart", spaces_are_apart);
  ADD ("memory/fork-copies-on-write", fork_copies_on_write);
  ADD ("copy/stops-at-a-bad-page", copies_stop_at_a_bad_page);
  ADD ("copy/respects-protection", copies_respect_protection);
  ADD ("copy/poke-ignores-protection", poke_ignores_protection);
  ADD ("cmpxchg/private", compare_and_exchange_private);
  ADD ("cmpxchg/shared", compare_and_exchange_shared);
}
