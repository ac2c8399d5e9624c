/* What the Platform's operations cost on this machine; prints one line each.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ptrace-platform.h"

#define CODE G_GUINT64_CONSTANT (0x400000)
#define DATA G_GUINT64_CONSTANT (0x500000)
#define PAGE G_GUINT64_CONSTANT (4096)
#define RW (PROT_READ | PROT_WRITE)

static SentryPlatform *platform;

typedef struct
{
  SentryAddressSpace *as;
  SentryContext *ctx;
  SentryEvent event;
} Guest;

typedef void (*Body) (Guest *g);

static const guint8 calls[] = { 0x0f, 0x05, 0xeb, 0xfc }; /* 1: syscall; jmp 1b */
static const guint8 load[]
    = { 0x48, 0x8b, 0x07, 0x0f, 0x05, 0xeb, 0xf9 }; /* 1: mov (%rdi),%rax; syscall; jmp 1b */

static SentryContext *
new_context (void)
{
  int err;
  SentryContext *ctx = sentry_platform_new_context (platform, &err);

  g_assert_nonnull (ctx);
  ctx->regs.rip = CODE;
  ctx->regs_dirty = TRUE;
  return ctx;
}

static void
fill (SentryAddressSpace *as, SentryContext *ctx, const guint8 *code, gsize size)
{
  g_assert_cmpint (as->ops->map (as, ctx, CODE, PAGE, RW | PROT_EXEC, 0, -1, 0), ==, 0);
  g_assert_cmpuint (as->ops->copy_out (as, CODE, code, size), ==, size);
}

static void
start (Guest *g, const guint8 *code, gsize size)
{
  int err;

  g->as = sentry_platform_new_address_space (platform, &err);
  g->ctx = new_context ();
  fill (g->as, g->ctx, code, size);
}

static void
end (Guest *g)
{
  g->ctx->ops->free (g->ctx);
  sentry_address_space_unref (g->as);
}

static void
run (Guest *g)
{
  g->ctx->regs.rax = 39;
  g->ctx->ops->run (g->ctx, g->as, &g->event);
}

static void
map_unmap (Guest *g)
{
  g_assert_cmpint (g->as->ops->map (g->as, g->ctx, DATA, 16 * PAGE, RW, 0, -1, 0), ==, 0);
  g_assert_cmpint (g->as->ops->unmap (g->as, g->ctx, DATA, 16 * PAGE), ==, 0);
}

static int file;

static void
map_file (Guest *g)
{
  g_assert_cmpint (g->as->ops->map (g->as, g->ctx, DATA, 16 * PAGE, PROT_READ, 0, file, 0), ==, 0);
}

static void
exchange (Guest *g)
{
  guint32 found;

  g_assert_cmpint (g->as->ops->cmpxchg32 (g->as, g->ctx, CODE + 64, 0, 0, TRUE, &found), ==, 0);
}

static void
copy (Guest *g)
{
  guint64 word;

  g_assert_cmpuint (g->as->ops->copy_in (g->as, &word, CODE, 8), ==, 8);
}

static void
fault (Guest *g)
{
  g->ctx->regs.rdi = 0x10000;
  run (g);
  g_assert_cmpint (g->event.kind, ==, SENTRY_EVENT_FAULT);
}

static void
xstate (Guest *g)
{
  guint8 x[SENTRY_XSTATE_MAX];

  g->ctx->ops->get_xstate (g->ctx, x, sentry_xstate_size ());
}

static gpointer
child_thread (gpointer data)
{
  Guest *g = data;

  run (g);
  g_assert_cmpint (g->event.kind, ==, SENTRY_EVENT_SYSCALL);
  end (g);
  return NULL;
}

static void
fork_child (Guest *g)
{
  Guest child = { .ctx = new_context () };

  child.ctx->regs = g->ctx->regs;
  g_assert_cmpint (g->as->ops->fork (g->as, g->ctx, child.ctx, &child.as), ==, 0);
  g_thread_join (g_thread_new ("child", child_thread, &child));
}

static void
fork_here (Guest *g)
{
  Guest child = { .ctx = new_context () };

  child.ctx->regs = g->ctx->regs;
  g_assert_cmpint (g->as->ops->fork (g->as, g->ctx, child.ctx, &child.as), ==, 0);
  run (&child);
  end (&child);
}

static void
clone_here (Guest *g)
{
  Guest child = { .ctx = new_context (), .as = sentry_address_space_ref (g->as) };

  child.ctx->regs = g->ctx->regs;
  g_assert_cmpint (g->ctx->ops->clone_thread (g->ctx, g->as, child.ctx), ==, 0);
  run (&child);
  end (&child);
}

static void
exec_here (Guest *g)
{
  int err;
  SentryAddressSpace *as = sentry_platform_new_address_space (platform, &err);

  fill (as, g->ctx, calls, sizeof calls);
  sentry_address_space_unref (g->as);
  g->as = as;
  run (g);
  g_assert_cmpint (g->event.kind, ==, SENTRY_EVENT_SYSCALL);
}

static void
bench (const char *what, const guint8 *code, gsize size, guint n, Body body)
{
  Guest g;
  gint64 t, best = G_MAXINT64;

  start (&g, code, size);
  run (&g);
  for (guint round = 0; round < 5; round++)
    {
      t = g_get_monotonic_time ();
      for (guint i = 0; i < n; i++)
        body (&g);
      best = MIN (best, (g_get_monotonic_time () - t) * 1000 / n);
    }
  printf ("%-34s %8ld ns\n", what, (long) best);
  end (&g);
}

int
main (void)
{
  SentryPlatformConfig config = { .max_tasks = 100 };
  g_autoptr (GError) error = NULL;

  platform = g_object_new (SENTRY_TYPE_PTRACE_PLATFORM, NULL);
  if (!sentry_platform_start (platform, &config, &error))
    g_error ("%s", error->message);
  file = memfd_create ("bench", 0);
  g_assert_cmpint (ftruncate (file, 16 * 4096), ==, 0);
#define BENCH(what, code, n, body) bench (what, code, sizeof code, n, body)
  BENCH ("system call", calls, 20000, run);
  BENCH ("copy of 8 bytes", calls, 20000, copy);
  BENCH ("get_xstate", calls, 20000, xstate);
  BENCH ("map + unmap, anonymous", calls, 5000, map_unmap);
  BENCH ("map of a file", calls, 5000, map_file);
  BENCH ("cmpxchg32", calls, 10000, exchange);
  BENCH ("fault", load, 3000, fault);
  BENCH ("fork + first call + end, one thread", calls, 300, fork_here);
  BENCH ("fork + first call + end, thread", calls, 300, fork_child);
  BENCH ("clone + first call + end", calls, 300, clone_here);
  BENCH ("exec + first call", calls, 300, exec_here);
  sentry_platform_stop (platform);
  g_object_unref (platform);
  return 0;
}
