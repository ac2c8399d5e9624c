/* Faults, stack growth and fork. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-file.h"
#include "mm-fixture.h"

#define STACK_TOP G_GUINT64_CONSTANT (0x20000000000)
#define HERE G_GUINT64_CONSTANT (0x10000000000)

static gboolean
fault (Fixture *f, guint64 addr, SentryAccess access, siginfo_t *ret_info)
{
  SentryEvent event = { .kind = SENTRY_EVENT_FAULT, .addr = addr, .access = access };

  event.info.si_signo = SIGSEGV;
  return sentry_mm_handle_fault (f->mm, NULL, &f->limits, &event, ret_info);
}

static void
assert_signal (Fixture *f, guint64 addr, SentryAccess access, int code)
{
  siginfo_t info;

  g_assert_false (fault (f, addr, access, &info));
  g_assert_cmpint (info.si_signo, ==, SIGSEGV);
  g_assert_cmpint (info.si_code, ==, code);
  g_assert_cmpuint ((guint64) info.si_addr, ==, addr);
}

static void
map_stack (Fixture *f)
{
  SentryMmapArgs args = { .addr = STACK_TOP - 2 * PAGE,
                          .len = 2 * PAGE,
                          .prot = RW,
                          .flags = ANON | MAP_FIXED,
                          .stack = TRUE };

  g_assert_cmpint (sentry_mm_mmap (f->mm, NULL, &f->limits, &args), ==, STACK_TOP - 2 * PAGE);
  sentry_mm_layout (f->mm)->start_stack = STACK_TOP - 64;
}

static void
signals_tell_why (Fixture *f, gconstpointer data)
{
  SentryEvent bus = { .kind = SENTRY_EVENT_FAULT, .addr = HERE + 5, .access = SENTRY_ACCESS_READ };
  siginfo_t info;

  map_at (f, HERE, PAGE, PROT_READ, ANON | MAP_FIXED);
  map_at (f, HERE + PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED);
  assert_signal (f, HERE - 1, SENTRY_ACCESS_READ, SEGV_MAPERR);
  assert_signal (f, HERE, SENTRY_ACCESS_WRITE, SEGV_ACCERR);
  assert_signal (f, HERE, SENTRY_ACCESS_EXEC, SEGV_ACCERR);
  assert_signal (f, HERE + PAGE, SENTRY_ACCESS_READ, SEGV_ACCERR);
  assert_signal (f, G_MAXUINT64, SENTRY_ACCESS_READ, SEGV_MAPERR);
  g_assert_true (fault (f, HERE, SENTRY_ACCESS_READ, &info));
  bus.info.si_signo = SIGBUS;
  bus.info.si_code = BUS_ADRERR;
  g_assert_false (sentry_mm_handle_fault (f->mm, NULL, &f->limits, &bus, &info));
  g_assert_cmpint (info.si_signo, ==, SIGBUS);
  g_assert_cmpuint ((guint64) info.si_addr, ==, HERE + 5);
}

static void
endless_fault_ends (Fixture *f, gconstpointer data)
{
  siginfo_t info;
  guint n = 0;

  map_at (f, HERE, PAGE, PROT_READ, ANON | MAP_FIXED);
  while (fault (f, HERE, SENTRY_ACCESS_READ, &info))
    g_assert_cmpuint (++n, <, 100000);
  g_assert_cmpint (info.si_signo, ==, SIGSEGV);
}

static void
stack_grows_to_its_limit (Fixture *f, gconstpointer data)
{
  siginfo_t info;
  SentryMMStats stats;

  set_limit (f, RLIMIT_STACK, 100 * PAGE);
  map_stack (f);
  g_assert_true (fault (f, STACK_TOP - 3 * PAGE + 8, SENTRY_ACCESS_WRITE, &info));
  g_assert_cmpint (host_prot (f, STACK_TOP - 3 * PAGE), ==, RW);
  g_assert_true (fault (f, STACK_TOP - 100 * PAGE, SENTRY_ACCESS_READ, &info));
  assert_signal (f, STACK_TOP - 101 * PAGE, SENTRY_ACCESS_WRITE, SEGV_MAPERR);
  sentry_mm_stats (f->mm, &stats);
  g_assert_cmpuint (stats.stack_vm, ==, 100 * PAGE);
  g_assert_cmpuint (stats.n_vmas, ==, 1);
}

static void
stack_keeps_away_from_neighbours (Fixture *f, gconstpointer data)
{
  siginfo_t info;
  guint64 low = STACK_TOP - 300 * PAGE;

  map_stack (f);
  map_at (f, low, PAGE, RW, ANON | MAP_FIXED);
  g_assert_true (fault (f, low + PAGE + SENTRY_STACK_GUARD_GAP, SENTRY_ACCESS_WRITE, &info));
  assert_signal (f, low + SENTRY_STACK_GUARD_GAP, SENTRY_ACCESS_WRITE, SEGV_MAPERR);
  /* Nothing is placed in the gap by itself; PROT_NONE is no neighbour. */
  g_assert_cmpint (map_at (f, low + 10 * PAGE, PAGE, RW, ANON), !=, low + 10 * PAGE);
  g_assert_cmpint (sentry_mm_mprotect (f->mm, NULL, low, PAGE, PROT_NONE), ==, 0);
  g_assert_true (fault (f, low + SENTRY_STACK_GUARD_GAP, SENTRY_ACCESS_WRITE, &info));
}

static void
copies_grow_the_stack_of_their_own (Fixture *f, gconstpointer data)
{
  SentryUserMem *um = sentry_mm_usermem (f->mm);
  guint64 below = STACK_TOP - 2 * PAGE - 100;
  SentryContext *ctx;
  int err;

  map_stack (f);
  g_assert_cmpint (sentry_copy_out (um, below, "x", 1), ==, -EFAULT);
  ctx = sentry_platform_new_context (SENTRY_PLATFORM (f->platform), &err);
  sentry_mm_enter (f->mm, ctx);
  g_assert_cmpint (sentry_copy_out (um, below, "x", 1), ==, 0);
  g_assert_cmpint (sentry_copy_out (um, HERE, "x", 1), ==, -EFAULT);
  sentry_mm_enter (NULL, NULL);
  ctx->ops->free (ctx);
}

static SentryMM *
fork_mm (Fixture *f)
{
  int err;
  SentryContext *parent = sentry_platform_new_context (SENTRY_PLATFORM (f->platform), &err);
  SentryContext *child = sentry_platform_new_context (SENTRY_PLATFORM (f->platform), &err);
  SentryMM *mm = NULL;
  int r = sentry_mm_fork (f->mm, parent, child, &mm);

  parent->ops->free (parent);
  child->ops->free (child);
  g_assert_true (r == 0 || mm == NULL);
  return mm;
}

static void
fork_copies_what_it_may (Fixture *f, gconstpointer data)
{
  SentryUserMem *um = sentry_mm_usermem (f->mm);
  FakeFile *file = fake_file_new (SENTRY_FMODE_READ, "x", 1);
  gint64 shared = map_at (f, 0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
  SentryMM *child;
  char buf[4] = "";
  SentryMMStats stats;

  map_at (f, HERE, 3 * PAGE, RW, ANON | MAP_FIXED);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (sentry_copy_out (um, HERE + i * PAGE, "old", 4), ==, 0);
  g_assert_cmpint (map_file (f, &file->file, PAGE, PROT_READ, MAP_PRIVATE, 0), >, 0);
  g_assert_cmpint (sentry_mm_madvise (f->mm, NULL, HERE, PAGE, MADV_DONTFORK), ==, 0);
  g_assert_cmpint (sentry_mm_madvise (f->mm, NULL, HERE + PAGE, PAGE, MADV_WIPEONFORK), ==, 0);
  g_assert_cmpint (sentry_mm_mlock (f->mm, NULL, &f->limits, HERE, 3 * PAGE, 0, TRUE), ==, 0);
  child = fork_mm (f);
  g_assert_nonnull (child);
  g_assert_cmpint (file->mapped, ==, 2 * PAGE);
  um = sentry_mm_usermem (child);
  g_assert_cmpint (sentry_copy_in (um, buf, HERE, 4), ==, -EFAULT);
  g_assert_cmpint (sentry_copy_in (um, buf, HERE + PAGE, 4), ==, 0);
  g_assert_cmpstr (buf, ==, "");
  g_assert_cmpint (sentry_copy_in (um, buf, HERE + 2 * PAGE, 4), ==, 0);
  g_assert_cmpstr (buf, ==, "old");
  g_assert_cmpint (sentry_copy_out (um, HERE + 2 * PAGE, "new", 4), ==, 0);
  g_assert_cmpint (sentry_copy_out (um, shared, "new", 4), ==, 0);
  g_assert_cmpint (sentry_copy_in (sentry_mm_usermem (f->mm), buf, HERE + 2 * PAGE, 4), ==, 0);
  g_assert_cmpstr (buf, ==, "old");
  g_assert_cmpint (sentry_copy_in (sentry_mm_usermem (f->mm), buf, shared, 4), ==, 0);
  g_assert_cmpstr (buf, ==, "new");
  sentry_mm_stats (child, &stats);
  g_assert_cmpuint (stats.locked_vm, ==, 0);
  g_assert_cmpuint (stats.n_vmas, ==, 4);
  sentry_mm_unref (child);
  g_assert_cmpint (file->mapped, ==, PAGE);
  sentry_file_unref (&file->file);
}

static void
failed_fork_leaves_nothing (Fixture *f, gconstpointer data)
{
  FakeFile *file = fake_file_new (SENTRY_FMODE_READ, "x", 1);

  g_assert_cmpint (map_file (f, &file->file, PAGE, PROT_READ, MAP_PRIVATE, 0), >, 0);
  sentry_mock_address_space_fail (sentry_mm_address_space (f->mm), SENTRY_MOCK_OP_FORK, 0, EAGAIN);
  g_assert_null (fork_mm (f));
  g_assert_cmpint (file->mapped, ==, PAGE);
  sentry_file_unref (&file->file);
}

#define ADD(path, test) g_test_add ("/sentry/mm/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("fault/signals-tell-why", signals_tell_why);
  ADD ("fault/endless-one-ends", endless_fault_ends);
  ADD ("stack/grows-to-its-limit", stack_grows_to_its_limit);
  ADD ("stack/keeps-away-from-neighbours", stack_keeps_away_from_neighbours);
  ADD ("stack/copies-grow-their-own", copies_grow_the_stack_of_their_own);
  ADD ("fork/copies-what-it-may", fork_copies_what_it_may);
  ADD ("fork/failed-one-leaves-nothing", failed_fork_leaves_nothing);
  return g_test_run ();
}
