/* The mock platform keeps the contract where unit tests rely on it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock-platform.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AT 0x400000
#define PAGE 4096

typedef struct
{
  SentryMockPlatform *platform;
  SentryAddressSpace *as;
  SentryContext *ctx;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  int err = 0;

  f->platform = sentry_mock_platform_new ();
  f->as = sentry_platform_new_address_space (SENTRY_PLATFORM (f->platform), &err);
  f->ctx = sentry_platform_new_context (SENTRY_PLATFORM (f->platform), &err);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  f->ctx->ops->free (f->ctx);
  sentry_address_space_unref (f->as);
  g_assert_cmpuint (sentry_mock_platform_n_contexts (f->platform), ==, 0);
  g_assert_cmpuint (sentry_mock_platform_n_address_spaces (f->platform), ==, 0);
  g_object_unref (f->platform);
}

static void
store_then_call (SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event, gpointer data)
{
  if (sentry_mock_store (as, event, ctx->regs.rbx, "abc", 3))
    sentry_mock_syscall (ctx, event, SYS_write, 1, ctx->regs.rbx, 3, 0, 0, 0);
}

static void
guest_code_runs_and_faults (Fixture *f, gconstpointer data)
{
  SentryEvent event;
  char buf[3];

  sentry_mock_platform_add_code (f->platform, AT, store_then_call, NULL);
  f->ctx->regs.rip = AT;
  f->ctx->regs.rbx = AT + PAGE;
  f->ctx->ops->run (f->ctx, f->as, &event);
  g_assert_cmpint (event.kind, ==, SENTRY_EVENT_FAULT);
  g_assert_cmphex (event.addr, ==, AT + PAGE);
  g_assert_cmpint (event.access, ==, SENTRY_ACCESS_WRITE);
  g_assert_cmpint (event.info.si_code, ==, SEGV_MAPERR);
  g_assert_cmpint (
      f->as->ops->map (f->as, f->ctx, AT + PAGE, PAGE, PROT_READ | PROT_WRITE, 0, -1, 0), ==, 0);
  f->ctx->ops->run (f->ctx, f->as, &event);
  g_assert_cmpint (event.kind, ==, SENTRY_EVENT_SYSCALL);
  g_assert_cmpint (f->ctx->regs.orig_rax, ==, SYS_write);
  g_assert_cmpuint (f->as->ops->copy_in (f->as, buf, AT + PAGE, 3), ==, 3);
  g_assert_cmpmem (buf, 3, "abc", 3);
}

static void
injected_failures_change_nothing (Fixture *f, gconstpointer data)
{
  sentry_mock_address_space_fail (f->as, SENTRY_MOCK_OP_MAP, 1, ENOMEM);
  g_assert_cmpint (f->as->ops->map (f->as, NULL, AT, PAGE, PROT_READ, 0, -1, 0), ==, 0);
  g_assert_cmpint (f->as->ops->map (f->as, NULL, AT, 2 * PAGE, PROT_WRITE, 0, -1, 0), ==, -ENOMEM);
  g_assert_cmpint (sentry_mock_address_space_prot (f->as, AT), ==, PROT_READ);
  g_assert_cmpint (sentry_mock_address_space_prot (f->as, AT + PAGE), ==, -1);
  g_assert_cmpint (f->as->ops->map (f->as, NULL, AT, PAGE, PROT_WRITE, 0, -1, 0), ==, 0);
  g_assert_cmpuint (sentry_mock_address_space_count (f->as, SENTRY_MOCK_OP_MAP), ==, 2);
}

static void
spin (SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event, gpointer data)
{
  sentry_mock_spin (ctx, event);
}

static gpointer
interrupt (gpointer data)
{
  Fixture *f = data;

  f->ctx->ops->interrupt (f->ctx);
  return NULL;
}

static void
interrupts_end_a_spin (Fixture *f, gconstpointer data)
{
  SentryEvent event;
  GThread *t = g_thread_new ("interrupt", interrupt, f);

  sentry_mock_platform_set_guest (f->platform, spin, NULL);
  f->ctx->ops->run (f->ctx, f->as, &event);
  g_assert_cmpint (event.kind, ==, SENTRY_EVENT_INTERRUPTED);
  g_thread_join (t);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/sentry/mocks/guest-code-runs-and-faults", Fixture, NULL, set_up,
              guest_code_runs_and_faults, tear_down);
  g_test_add ("/sentry/mocks/injected-failures-change-nothing", Fixture, NULL, set_up,
              injected_failures_change_nothing, tear_down);
  g_test_add ("/sentry/mocks/interrupts-end-a-spin", Fixture, NULL, set_up, interrupts_end_a_spin,
              tear_down);
  return g_test_run ();
}
