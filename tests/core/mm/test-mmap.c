/* mmap, mprotect, mremap, brk, madvise: errors, places and limits.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-file.h"
#include "mm-fixture.h"

#define HERE G_GUINT64_CONSTANT (0x10000000000)

static void
errors_of_mmap (Fixture *f, gconstpointer data)
{
  guint64 top = sentry_mm_task_size (f->mm);

  g_assert_cmpint (map_at (f, 0, 0, RW, ANON), ==, -EINVAL);
  g_assert_cmpint (map_at (f, 0, G_MAXUINT64, RW, ANON), ==, -ENOMEM);
  g_assert_cmpint (map_at (f, 0, top + PAGE, RW, ANON), ==, -ENOMEM);
  g_assert_cmpint (map_at (f, HERE + 1, PAGE, RW, ANON | MAP_FIXED), ==, -EINVAL);
  g_assert_cmpint (map_at (f, top, PAGE, RW, ANON | MAP_FIXED), ==, -ENOMEM);
  g_assert_cmpint (map_at (f, 0, PAGE, RW, ANON | MAP_FIXED), ==, -EPERM);
  g_assert_cmpint (map_at (f, 0, PAGE, RW, MAP_ANONYMOUS), ==, -EINVAL);
  g_assert_cmpint (map_at (f, 0, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE), ==, -EINVAL);
  g_assert_cmpint (map_at (f, 0, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN), ==,
                   -EINVAL);
  g_assert_cmpint (map_at (f, HERE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE), ==, HERE);
  g_assert_cmpint (map_at (f, HERE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE), ==, -EEXIST);
  g_assert_cmpuint (n_vmas (f), ==, 1);
}

static void
places_go_down_and_fill_holes (Fixture *f, gconstpointer data)
{
  gint64 a = map_at (f, 0, 4 * PAGE, RW, ANON);
  gint64 b = map_at (f, 0, 4 * PAGE, PROT_READ, ANON);

  g_assert_cmpint (b, ==, a - 4 * PAGE);
  g_assert_cmpint (sentry_mm_munmap (f->mm, NULL, a, PAGE), ==, 0);
  g_assert_cmpint (map_at (f, 0, PAGE, PROT_READ, ANON), ==, a);
  g_assert_cmpint (map_at (f, HERE + 5, PAGE, RW, ANON), ==, HERE);
  g_assert_cmpint (map_at (f, HERE, PAGE, RW, ANON), <, b);
  a = map_at (f, 0, PAGE, RW, ANON | 0x40 /* MAP_32BIT */);
  g_assert_cmpint (a, >=, 0x40000000);
  g_assert_cmpint (a, <, 0x80000000);
  a = map_at (f, 0, 4 << 20, RW, ANON);
  g_assert_cmpint (a % (2 << 20), ==, 0);
}

static void
files_decide_by_their_mode (Fixture *f, gconstpointer data)
{
  FakeFile *ro = fake_file_new (SENTRY_FMODE_READ, "x", 1);
  FakeFile *wo = fake_file_new (SENTRY_FMODE_WRITE, "x", 1);
  gint64 at;

  g_assert_cmpint (map_file (f, &ro->file, PAGE, RW, MAP_SHARED, 0), ==, -EACCES);
  g_assert_cmpint (map_file (f, &wo->file, PAGE, PROT_READ, MAP_PRIVATE, 0), ==, -EACCES);
  g_assert_cmpint (map_file (f, &ro->file, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, 0), ==, -EINVAL);
  g_assert_cmpint (map_file (f, &ro->file, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, 0), ==,
                   -EOPNOTSUPP);
  g_assert_cmpint (map_file (f, &ro->file, PAGE, RW, 0, 0), ==, -EINVAL);
  g_assert_cmpint (map_file (f, &ro->file, PAGE, PROT_READ, MAP_PRIVATE, G_MAXUINT64 - PAGE + 1),
                   ==, -EOVERFLOW);
  g_assert_cmpint (ro->mapped, ==, 0);
  at = map_file (f, &ro->file, PAGE, PROT_READ, MAP_SHARED, 0);
  g_assert_cmpint (at, >, 0);
  g_assert_cmpint (sentry_mm_mprotect (f->mm, NULL, at, PAGE, RW), ==, -EACCES);
  g_assert_cmpint (map_file (f, &ro->file, PAGE, RW, MAP_PRIVATE, 0), >, 0);
  g_assert_cmpint (ro->mapped, ==, 2 * PAGE);
  sentry_file_unref (&ro->file);
  sentry_file_unref (&wo->file);
}

static void
files_live_as_long_as_mappings (Fixture *f, gconstpointer data)
{
  gboolean freed = FALSE;
  FakeFile *file = fake_file_new (SENTRY_FMODE_READ, "x", 1);
  gint64 at = map_file (f, &file->file, 3 * PAGE, PROT_READ, MAP_PRIVATE, PAGE);

  file->freed = &freed;
  sentry_file_unref (&file->file);
  g_assert_cmpint (sentry_mm_munmap (f->mm, NULL, at + PAGE, PAGE), ==, 0);
  g_assert_cmpint (file->mapped, ==, 2 * PAGE);
  g_assert_cmpuint (n_vmas (f), ==, 2);
  g_assert_cmpint (sentry_mm_munmap (f->mm, NULL, at, PAGE), ==, 0);
  g_assert_false (freed);
  g_assert_cmpint (sentry_mm_munmap (f->mm, NULL, at, 3 * PAGE), ==, 0);
  g_assert_true (freed);
}

static void
limits_bind (Fixture *f, gconstpointer data)
{
  set_limit (f, RLIMIT_AS, 8 * PAGE);
  set_limit (f, RLIMIT_DATA, 2 * PAGE);
  g_assert_cmpint (map_at (f, HERE, 9 * PAGE, PROT_READ, ANON), ==, -ENOMEM);
  g_assert_cmpint (map_at (f, HERE, 8 * PAGE, PROT_READ, ANON), ==, HERE);
  g_assert_cmpint (map_at (f, 0, PAGE, PROT_READ, ANON), ==, -ENOMEM);
  g_assert_cmpint (map_at (f, HERE, 8 * PAGE, PROT_NONE, ANON | MAP_FIXED), ==, HERE);
  set_limit (f, RLIMIT_AS, 64 * PAGE);
  map_at (f, 0, PAGE, PROT_READ, ANON);
  g_assert_cmpint (sentry_mm_mprotect (f->mm, NULL, HERE, 3 * PAGE, RW), ==, -ENOMEM);
  g_assert_cmpint (sentry_mm_mprotect (f->mm, NULL, HERE, 2 * PAGE, RW), ==, 0);
  g_assert_cmpint (
      sentry_mm_mremap (f->mm, NULL, &f->limits, HERE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), ==,
      -ENOMEM);
}

static void
locked_memory_is_bound (Fixture *f, gconstpointer data)
{
  SentryMMStats stats;

  set_limit (f, RLIMIT_MEMLOCK, 4 * PAGE);
  map_at (f, HERE, 8 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE);
  g_assert_cmpint (sentry_mm_mlock (f->mm, NULL, &f->limits, HERE + 1, 5 * PAGE, 0, FALSE), ==,
                   -ENOMEM);
  g_assert_cmpint (sentry_mm_mlock (f->mm, NULL, &f->limits, HERE + 1, 3 * PAGE, 0, FALSE), ==, 0);
  g_assert_cmpint (sentry_mm_mlock (f->mm, NULL, &f->limits, HERE, 4 * PAGE, 0, FALSE), ==, 0);
  sentry_mm_stats (f->mm, &stats);
  g_assert_cmpuint (stats.locked_vm, ==, 4 * PAGE);
  g_assert_cmpint (map_at (f, 0, PAGE, RW, ANON | MAP_LOCKED), ==, -EAGAIN);
  g_assert_cmpint (sentry_mm_munlock (f->mm, NULL, HERE, 2 * PAGE), ==, 0);
  g_assert_cmpint (map_at (f, 0, PAGE, RW, ANON | MAP_LOCKED), >, 0);
  g_assert_cmpint (sentry_mm_mlock (f->mm, NULL, &f->limits, HERE + 8 * PAGE, PAGE, 0, TRUE), ==,
                   -ENOMEM);
  set_limit (f, RLIMIT_MEMLOCK, 0);
  g_assert_cmpint (map_at (f, 0, PAGE, RW, ANON | MAP_LOCKED), ==, -EPERM);
  g_assert_cmpint (sentry_mm_mlockall (f->mm, NULL, &f->limits, MCL_CURRENT, TRUE), ==, 0);
  g_assert_cmpint (sentry_mm_mlockall (f->mm, NULL, &f->limits, 0, FALSE), ==, 0);
  sentry_mm_stats (f->mm, &stats);
  g_assert_cmpuint (stats.locked_vm, ==, 0);
}

static void
mremap_grows_moves_and_shrinks (Fixture *f, gconstpointer data)
{
  SentryUserMem *um = sentry_mm_usermem (f->mm);
  gint64 to;
  char buf[4] = "";

  map_at (f, HERE, 2 * PAGE, RW, ANON | MAP_FIXED);
  g_assert_cmpint (sentry_copy_out (um, HERE + PAGE, "abc", 4), ==, 0);
  g_assert_cmpint (sentry_mm_mremap (f->mm, NULL, &f->limits, HERE, 2 * PAGE, 4 * PAGE, 0, 0), ==,
                   HERE);
  map_at (f, HERE + 5 * PAGE, PAGE, RW, ANON | MAP_FIXED);
  g_assert_cmpint (sentry_mm_mremap (f->mm, NULL, &f->limits, HERE, 4 * PAGE, 6 * PAGE, 0, 0), ==,
                   -ENOMEM);
  to = sentry_mm_mremap (f->mm, NULL, &f->limits, HERE, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE, 0);
  g_assert_cmpint (to, >, 0);
  g_assert_cmpint (to, !=, HERE);
  g_assert_cmpint (sentry_copy_in (um, buf, to + PAGE, 4), ==, 0);
  g_assert_cmpstr (buf, ==, "abc");
  g_assert_cmpint (host_prot (f, HERE), ==, -1);
  g_assert_cmpint (sentry_mm_mremap (f->mm, NULL, &f->limits, to, 6 * PAGE, PAGE, 0, 0), ==, to);
  g_assert_cmpint (host_prot (f, to + PAGE), ==, -1);
  g_assert_cmpint (sentry_mm_mremap (f->mm, NULL, &f->limits, to, 0, PAGE, MREMAP_MAYMOVE, 0), ==,
                   -EINVAL);
  g_assert_cmpint (sentry_mm_mremap (f->mm, NULL, &f->limits, to, PAGE, PAGE, MREMAP_FIXED, HERE),
                   ==, -EINVAL);
  g_assert_cmpint (
      sentry_mm_mremap (f->mm, NULL, &f->limits, to, PAGE, 2 * PAGE, MREMAP_MAYMOVE | 4, HERE), ==,
      -EINVAL);
  to = sentry_mm_mremap (f->mm, NULL, &f->limits, to, PAGE, PAGE, MREMAP_MAYMOVE | 4, 0);
  g_assert_cmpint (to, >, 0);
  g_assert_cmpuint (n_vmas (f), ==, 3);
}

static void
shared_memory_is_one_object (Fixture *f, gconstpointer data)
{
  SentryUserMem *um = sentry_mm_usermem (f->mm);
  gint64 a = map_at (f, HERE, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS), b;
  SentryFutexKey ka, kb;
  char buf[4] = "";

  b = sentry_mm_mremap (f->mm, NULL, &f->limits, a, 0, 2 * PAGE, MREMAP_MAYMOVE, 0);
  g_assert_cmpint (b, !=, a);
  g_assert_cmpint (sentry_copy_out (um, a + PAGE, "xyz", 4), ==, 0);
  g_assert_cmpint (sentry_copy_in (um, buf, b + PAGE, 4), ==, 0);
  g_assert_cmpstr (buf, ==, "xyz");
  g_assert_cmpint (sentry_mm_futex_key (f->mm, a + PAGE + 8, TRUE, &ka), ==, 0);
  g_assert_cmpint (sentry_mm_futex_key (f->mm, b + PAGE + 8, TRUE, &kb), ==, 0);
  g_assert_true (ka.object == kb.object);
  g_assert_cmpuint (ka.offset, ==, kb.offset);
  g_assert_cmpint (sentry_mm_futex_key (f->mm, a + PAGE + 8, FALSE, &kb), ==, 0);
  g_assert_true (kb.object == f->mm);
  g_assert_cmpint (sentry_mm_futex_key (f->mm, b + 4 * PAGE, TRUE, &kb), ==, -EFAULT);
}

static void
break_moves_within_bounds (Fixture *f, gconstpointer data)
{
  sentry_mm_set_brk_start (f->mm, HERE + 0x10);
  g_assert_cmpuint (sentry_mm_brk (f->mm, NULL, &f->limits, 0), ==, HERE + 0x10);
  g_assert_cmpuint (sentry_mm_brk (f->mm, NULL, &f->limits, HERE + 3 * PAGE + 1), ==,
                    HERE + 3 * PAGE + 1);
  g_assert_cmpint (host_prot (f, HERE + PAGE), ==, RW);
  g_assert_cmpint (host_prot (f, HERE + 3 * PAGE), ==, RW);
  g_assert_cmpint (host_prot (f, HERE), ==, -1);
  g_assert_cmpuint (sentry_mm_brk (f->mm, NULL, &f->limits, HERE + 5 * PAGE), ==, HERE + 5 * PAGE);
  g_assert_cmpuint (n_vmas (f), ==, 1);
  g_assert_cmpuint (sentry_mm_brk (f->mm, NULL, &f->limits, HERE + PAGE + 1), ==, HERE + PAGE + 1);
  g_assert_cmpint (host_prot (f, HERE + 2 * PAGE), ==, -1);
  map_at (f, HERE + 8 * PAGE, PAGE, RW, ANON | MAP_FIXED);
  g_assert_cmpuint (sentry_mm_brk (f->mm, NULL, &f->limits, HERE + 8 * PAGE), ==, HERE + PAGE + 1);
  g_assert_cmpuint (sentry_mm_brk (f->mm, NULL, &f->limits, HERE + 7 * PAGE), ==, HERE + 7 * PAGE);
  set_limit (f, RLIMIT_DATA, 2 * PAGE);
  g_assert_cmpuint (sentry_mm_brk (f->mm, NULL, &f->limits, HERE + 7 * PAGE + 1), ==,
                    HERE + 7 * PAGE);
  sentry_mock_address_space_fail (sentry_mm_address_space (f->mm), SENTRY_MOCK_OP_UNMAP, 0, ENOMEM);
  g_assert_cmpuint (sentry_mm_brk (f->mm, NULL, &f->limits, HERE + PAGE), ==, HERE + 7 * PAGE);
}

static void
sealed_memory_stays (Fixture *f, gconstpointer data)
{
  map_at (f, HERE, 4 * PAGE, PROT_READ, ANON | MAP_FIXED);
  g_assert_cmpint (sentry_mm_mseal (f->mm, HERE + PAGE, 2 * PAGE, 1), ==, -EINVAL);
  g_assert_cmpint (sentry_mm_mseal (f->mm, HERE + 3 * PAGE, 2 * PAGE, 0), ==, -ENOMEM);
  g_assert_cmpint (sentry_mm_mseal (f->mm, HERE + PAGE, PAGE, 0), ==, 0);
  g_assert_cmpint (sentry_mm_munmap (f->mm, NULL, HERE, 4 * PAGE), ==, -EPERM);
  g_assert_cmpint (sentry_mm_mprotect (f->mm, NULL, HERE + PAGE, PAGE, RW), ==, -EPERM);
  g_assert_cmpint (map_at (f, HERE, 2 * PAGE, RW, ANON | MAP_FIXED), ==, -EPERM);
  g_assert_cmpint (sentry_mm_madvise (f->mm, NULL, HERE + PAGE, PAGE, MADV_DONTNEED), ==, -EPERM);
  g_assert_cmpint (
      sentry_mm_mremap (f->mm, NULL, &f->limits, HERE + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0),
      ==, -EPERM);
  g_assert_cmpint (sentry_mm_munmap (f->mm, NULL, HERE, PAGE), ==, 0);
}

static void
number_of_mappings_is_bound (Fixture *f, gconstpointer data)
{
  guint made = 0;

  /* Each second page, so that nothing merges. */
  while (map_at (f, HERE + (guint64) made * 2 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED) > 0)
    made++;
  g_assert_cmpuint (made, ==, SENTRY_MAX_MAP_COUNT + 1);
  g_assert_cmpint (sentry_mm_mprotect (f->mm, NULL, HERE, PAGE, PROT_NONE), ==, 0);
  g_assert_cmpint (sentry_mm_munmap (f->mm, NULL, HERE, 4 * PAGE), ==, 0);
  g_assert_cmpint (map_at (f, HERE, 3 * PAGE, PROT_NONE, ANON | MAP_FIXED), ==, HERE);
  g_assert_cmpint (map_at (f, HERE, PAGE, PROT_READ, ANON | MAP_FIXED), ==, HERE);
  g_assert_cmpint (sentry_mm_munmap (f->mm, NULL, HERE + 2 * PAGE, PAGE), ==, 0);
}

static void
mincore_and_msync_see_holes (Fixture *f, gconstpointer data)
{
  SentryUserMem *um = sentry_mm_usermem (f->mm);
  guint8 vec[4];

  map_at (f, HERE, 3 * PAGE, RW, ANON | MAP_FIXED);
  g_assert_cmpint (sentry_copy_out (um, HERE + PAGE, "x", 1), ==, 0);
  g_assert_cmpint (sentry_mm_mincore (f->mm, um, HERE, 2 * PAGE + 1, HERE + 100), ==, 0);
  g_assert_cmpint (sentry_copy_in (um, vec, HERE + 100, 3), ==, 0);
  g_assert_cmpint (vec[1] & 1, ==, 1);
  g_assert_cmpint (vec[2] & 1, ==, 0);
  g_assert_cmpint (sentry_mm_mincore (f->mm, um, HERE + 1, PAGE, HERE), ==, -EINVAL);
  g_assert_cmpint (sentry_mm_mincore (f->mm, um, HERE, 4 * PAGE, HERE), ==, -ENOMEM);
  g_assert_cmpint (sentry_mm_mincore (f->mm, um, HERE, PAGE, 8), ==, -EFAULT);
  g_assert_cmpint (sentry_mm_msync (f->mm, NULL, HERE, 3 * PAGE, MS_SYNC), ==, 0);
  g_assert_cmpint (sentry_mm_msync (f->mm, NULL, HERE, 4 * PAGE, MS_SYNC), ==, -ENOMEM);
  g_assert_cmpint (sentry_mm_msync (f->mm, NULL, HERE, PAGE, MS_SYNC | MS_ASYNC), ==, -EINVAL);
  g_assert_cmpint (sentry_mm_mlock (f->mm, NULL, &f->limits, HERE, PAGE, 0, TRUE), ==, 0);
  g_assert_cmpint (sentry_mm_msync (f->mm, NULL, HERE, PAGE, MS_INVALIDATE), ==, -EBUSY);
}

static void
maps_look_like_linux (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *expected = NULL, *path = NULL;
  guint32 major, minor;
  guint64 ino;
  SentryMappable *m;
  FakeFile *file = fake_file_new (SENTRY_FMODE_READ, "x", 1);
  SentryMmapArgs args = { .addr = HERE,
                          .len = 2 * PAGE,
                          .prot = PROT_READ | PROT_EXEC,
                          .flags = MAP_PRIVATE | MAP_FIXED,
                          .file = &file->file,
                          .offset = PAGE };

  g_assert_cmpint (sentry_mm_mmap (f->mm, NULL, &f->limits, &args), ==, HERE);
  map_at (f, HERE + 4 * PAGE, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
  sentry_mm_set_brk_start (f->mm, HERE + 8 * PAGE);
  sentry_mm_brk (f->mm, NULL, &f->limits, HERE + 9 * PAGE);
  sentry_mm_show_maps (f->mm, NULL, NULL, FALSE, text);
  m = sentry_vma_find (f->mm, HERE + 4 * PAGE)->mappable;
  m->ops->identity (m, &major, &minor, &ino, &path);
  expected = g_strdup_printf (
      "10000000000-10000002000 r-xp 00001000 08:01 4711 \n"
      "10000004000-10000005000 rw-s 00000000 00:01 %-28" G_GUINT64_FORMAT " /dev/zero (deleted)\n"
      "10000008000-10000009000 rw-p 00000000 00:00 0                            [heap]\n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n",
      ino);
  g_assert_cmpstr (text->str, ==, expected);
  sentry_file_unref (&file->file);
}

#define ADD(path, test) g_test_add ("/sentry/mm/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("mmap/gives-linux-errors", errors_of_mmap);
  ADD ("mmap/places-go-down-and-fill-holes", places_go_down_and_fill_holes);
  ADD ("mmap/files-decide-by-their-mode", files_decide_by_their_mode);
  ADD ("mmap/files-live-as-long-as-mappings", files_live_as_long_as_mappings);
  ADD ("mmap/limits-bind", limits_bind);
  ADD ("mmap/number-of-mappings-is-bound", number_of_mappings_is_bound);
  ADD ("mlock/is-bound", locked_memory_is_bound);
  ADD ("mremap/grows-moves-and-shrinks", mremap_grows_moves_and_shrinks);
  ADD ("shm/is-one-object", shared_memory_is_one_object);
  ADD ("brk/moves-within-bounds", break_moves_within_bounds);
  ADD ("mseal/stays", sealed_memory_stays);
  ADD ("sync/mincore-and-msync-see-holes", mincore_and_msync_see_holes);
  ADD ("maps/look-like-linux", maps_look_like_linux);
  return g_test_run ();
}
