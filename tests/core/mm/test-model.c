/* Random changes of mappings against a model that knows only pages.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm-fixture.h"

#define BASE G_GUINT64_CONSTANT (0x100000000)
#define N_PAGES 48
#define ROUNDS 4000

/* What one page is. `line` joins pages that were mapped as neighbours: offset minus address is
 * equal. */
typedef struct
{
  gboolean mapped;
  int prot;
  guint32 flags;
  gint64 line;
  gconstpointer object;
} ModelPage;

static ModelPage model[N_PAGES];

static guint64
addr_of (guint page)
{
  return BASE + (guint64) page * PAGE;
}

static void
pick_range (guint *ret_from, guint *ret_n)
{
  *ret_from = g_test_rand_int_range (0, N_PAGES);
  *ret_n = g_test_rand_int_range (1, MIN (N_PAGES - *ret_from, 12) + 1);
}

static int
pick_prot (void)
{
  static const int prots[] = { PROT_NONE, PROT_READ, RW, PROT_READ | PROT_EXEC };

  return prots[g_test_rand_int_range (0, G_N_ELEMENTS (prots))];
}

/* A mapping that the model page belongs to and the books say so. */
static void
check_page (Fixture *f, guint i)
{
  SentryVma *vma = sentry_vma_find (f->mm, addr_of (i));

  if (!model[i].mapped)
    {
      g_assert_null (vma);
      g_assert_cmpint (host_prot (f, addr_of (i)), ==, -1);
      return;
    }
  g_assert_nonnull (vma);
  g_assert_cmpint (vma->prot, ==, model[i].prot);
  g_assert_cmpuint (vma->flags, ==, model[i].flags);
  g_assert_cmpint (host_prot (f, addr_of (i)), ==, model[i].prot);
  g_assert_true (vma->mappable == model[i].object);
  g_assert_cmpint ((gint64) vma->offset - (gint64) vma->range.start, ==, model[i].line);
}

static gboolean
alike (const ModelPage *a, const ModelPage *b)
{
  return a->mapped && b->mapped && a->prot == b->prot && a->flags == b->flags && a->line == b->line
         && a->object == b->object;
}

/* VMAs are as few as can be, and the counts add up. */
static void
check_whole (Fixture *f)
{
  guint vmas = 0;
  guint64 pages = 0, data = 0;
  SentryMMStats stats;

  for (guint i = 0; i < N_PAGES; i++)
    {
      check_page (f, i);
      if (!model[i].mapped)
        continue;
      pages++;
      if ((model[i].prot & PROT_WRITE) && !(model[i].flags & SENTRY_VMA_SHARED))
        data++;
      if (i == 0 || !alike (&model[i - 1], &model[i]))
        vmas++;
    }
  sentry_mm_stats (f->mm, &stats);
  g_assert_cmpuint (stats.n_vmas, ==, vmas);
  g_assert_cmpuint (stats.total_vm, ==, pages * PAGE);
  g_assert_cmpuint (stats.data_vm, ==, data * PAGE);
}

static void
do_mmap (Fixture *f, gboolean fails)
{
  guint from, n;
  int prot = pick_prot ();
  gboolean shared = g_test_rand_int_range (0, 4) == 0;
  gint64 r;

  pick_range (&from, &n);
  r = map_at (f, addr_of (from), (guint64) n * PAGE, prot,
              (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_FIXED);
  if (fails)
    {
      g_assert_cmpint (r, ==, -ENOMEM);
      return;
    }
  g_assert_cmpint (r, ==, addr_of (from));
  for (guint i = from; i < from + n; i++)
    model[i] = (ModelPage){ .mapped = TRUE,
                            .prot = prot,
                            .flags = shared ? SENTRY_VMA_SHARED : 0,
                            .line = shared ? -(gint64) addr_of (from) : 0,
                            .object = sentry_vma_find (f->mm, addr_of (from))->mappable };
}

static gboolean
any_mapped (guint from, guint n)
{
  for (guint i = from; i < from + n; i++)
    if (model[i].mapped)
      return TRUE;
  return FALSE;
}

static void
do_munmap (Fixture *f, gboolean fails)
{
  guint from, n;
  int r;

  pick_range (&from, &n);
  r = sentry_mm_munmap (f->mm, NULL, addr_of (from), (guint64) n * PAGE);
  if (fails && any_mapped (from, n))
    {
      g_assert_cmpint (r, ==, -ENOMEM);
      return;
    }
  g_assert_cmpint (r, ==, 0);
  for (guint i = from; i < from + n; i++)
    model[i].mapped = FALSE;
}

/* Up to the first hole. */
static void
do_mprotect (Fixture *f, gboolean fails)
{
  guint from, n, reach;
  int prot = pick_prot (), r;
  gboolean changes = FALSE;

  pick_range (&from, &n);
  for (reach = from; reach < from + n && model[reach].mapped; reach++)
    changes |= model[reach].prot != prot;
  r = sentry_mm_mprotect (f->mm, NULL, addr_of (from), (guint64) n * PAGE, prot);
  if (fails && changes)
    {
      g_assert_cmpint (r, ==, -ENOMEM);
      return;
    }
  g_assert_cmpint (r, ==, reach == from + n ? 0 : -ENOMEM);
  for (guint i = from; i < reach; i++)
    model[i].prot = prot;
}

static void
do_madvise (Fixture *f, gboolean fails)
{
  guint from, n;
  gboolean hole = FALSE, on = g_test_rand_bit ();
  int r;

  pick_range (&from, &n);
  r = sentry_mm_madvise (f->mm, NULL, addr_of (from), (guint64) n * PAGE,
                         on ? MADV_DONTFORK : MADV_DOFORK);
  for (guint i = from; i < from + n; i++)
    {
      hole |= !model[i].mapped;
      if (model[i].mapped)
        model[i].flags = on ? model[i].flags | SENTRY_VMA_DONTFORK
                            : model[i].flags & ~(guint32) SENTRY_VMA_DONTFORK;
    }
  g_assert_cmpint (r, ==, hole ? -ENOMEM : 0);
}

/* Moves without a change of size, over holes too, but only to a place that doesn't overlap. */
static void
do_mremap (Fixture *f, gboolean fails)
{
  guint from, n, to;
  ModelPage moved[N_PAGES];
  gint64 r;

  if (fails)
    return;
  pick_range (&from, &n);
  to = g_test_rand_int_range (0, N_PAGES - n + 1);
  r = sentry_mm_mremap (f->mm, NULL, &f->limits, addr_of (from), (guint64) n * PAGE,
                        (guint64) n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, addr_of (to));
  if (to < from + n && from < to + n)
    {
      g_assert_cmpint (r, ==, -EINVAL);
      return;
    }
  if (!model[from].mapped)
    {
      g_assert_cmpint (r, ==, -EFAULT);
      return;
    }
  g_assert_cmpint (r, ==, addr_of (to));
  memcpy (moved, &model[from], n * sizeof *moved);
  for (guint i = 0; i < n; i++)
    {
      if (!moved[i].mapped)
        continue;
      model[from + i].mapped = FALSE;
      model[to + i] = moved[i];
      model[to + i].line += (gint64) addr_of (from) - (gint64) addr_of (to);
    }
}

static void
random_changes (Fixture *f, gconstpointer data)
{
  static void (*const changes[]) (Fixture *, gboolean)
      = { do_mmap, do_munmap, do_mprotect, do_madvise, do_mremap };
  static const SentryMockOp host_ops[]
      = { SENTRY_MOCK_OP_MAP, SENTRY_MOCK_OP_UNMAP, SENTRY_MOCK_OP_PROTECT };

  memset (model, 0, sizeof model);
  for (guint round = 0; round < ROUNDS; round++)
    {
      guint which = g_test_rand_int_range (0, G_N_ELEMENTS (changes));
      gboolean fails = data != NULL && which < 3 && g_test_rand_int_range (0, 4) == 0;

      if (fails)
        sentry_mock_address_space_fail (sentry_mm_address_space (f->mm), host_ops[which], 0,
                                        ENOMEM);
      changes[which](f, fails);
      check_whole (f);
      if (fails) /* where nothing had to be done, the failure is still to come: let it pass */
        sentry_mock_address_space_fail (sentry_mm_address_space (f->mm), host_ops[which], 0, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/sentry/mm/model/random-changes-agree", Fixture, NULL, set_up, random_changes,
              tear_down);
  g_test_add ("/sentry/mm/model/refused-changes-leave-no-trace", Fixture, "fail", set_up,
              random_changes, tear_down);
  return g_test_run ();
}
