/* Faults and exceptions of guest code. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform-suite.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

GUEST_CODE (breakpoint);
GUEST_CODE (divide);
GUEST_CODE (jump);
GUEST_CODE (load);
GUEST_CODE (noncanonical);
GUEST_CODE (privileged);
GUEST_CODE (store);
GUEST_CODE (undefined);

static void
expect_fault (Guest *g, guint64 addr, SentryAccess access, int signo, int code)
{
  SentryEvent event;

  guest_run (g, SENTRY_EVENT_FAULT, &event);
  g_assert_cmphex (event.addr, ==, addr);
  g_assert_cmpint (event.access, ==, access);
  g_assert_cmpint (event.info.si_signo, ==, signo);
  g_assert_cmpint (event.info.si_code, ==, code);
  g_assert_cmphex ((gsize) event.info.si_addr, ==, addr);
  g_assert_cmpint (event.trapno, ==, 14);
  g_assert_cmpint ((event.error_code & 2) != 0, ==, access == SENTRY_ACCESS_WRITE);
  g_assert_cmpint ((event.error_code & 16) != 0, ==, access == SENTRY_ACCESS_EXEC);
  g_assert_cmpint (event.error_code & 4, ==, 4);
}

static void
load_of_nothing (void)
{
  Guest g;

  guest_set_up (&g, load);
  g.ctx->regs.rdi = FREE_AT + 8;
  expect_fault (&g, FREE_AT + 8, SENTRY_ACCESS_READ, SIGSEGV, SEGV_MAPERR);
  g_assert_cmphex (g.ctx->regs.rip, ==, CODE_AT);
  /* Resolved as stack growth is: the same instruction then goes on. */
  g_assert_cmpint (as_map (&g, FREE_AT, PAGE, RW), ==, 0);
  as_store (g.as, FREE_AT + 8, 77);
  guest_run_to_call (&g);
  g_assert_cmpint (g.ctx->regs.orig_rax, ==, 77);
  guest_end (&g);
}

static void
store_to_nothing (void)
{
  Guest g;

  guest_set_up (&g, store);
  g.ctx->regs.rdi = FREE_AT + 8;
  expect_fault (&g, FREE_AT + 8, SENTRY_ACCESS_WRITE, SIGSEGV, SEGV_MAPERR);
  guest_end (&g);
}

static void
accesses_against_protection (void)
{
  Guest g;

  guest_set_up (&g, store);
  g.ctx->regs.rdi = FREE_AT;
  g.ctx->regs.rsi = 5;
  g_assert_cmpint (as_map (&g, FREE_AT, PAGE, PROT_READ), ==, 0);
  expect_fault (&g, FREE_AT, SENTRY_ACCESS_WRITE, SIGSEGV, SEGV_ACCERR);
  g_assert_cmpint (g.as->ops->protect (g.as, g.ctx, FREE_AT, PAGE, PROT_NONE), ==, 0);
  expect_fault (&g, FREE_AT, SENTRY_ACCESS_WRITE, SIGSEGV, SEGV_ACCERR);
  g_assert_cmpint (g.as->ops->protect (g.as, g.ctx, FREE_AT, PAGE, RW), ==, 0);
  guest_run_to_call (&g);
  g_assert_cmpint (as_load (g.as, FREE_AT), ==, 5);
  guest_end (&g);
  guest_set_up (&g, load);
  g.ctx->regs.rdi = FREE_AT;
  g_assert_cmpint (as_map (&g, FREE_AT, PAGE, PROT_NONE), ==, 0);
  expect_fault (&g, FREE_AT, SENTRY_ACCESS_READ, SIGSEGV, SEGV_ACCERR);
  guest_end (&g);
}

static void
fetches (void)
{
  Guest g;

  guest_set_up (&g, jump);
  g.ctx->regs.rdi = FREE_AT;
  expect_fault (&g, FREE_AT, SENTRY_ACCESS_EXEC, SIGSEGV, SEGV_MAPERR);
  g_assert_cmphex (g.ctx->regs.rip, ==, FREE_AT);
  guest_goto (&g, CODE_AT);
  g.ctx->regs.rdi = DATA_AT;
  expect_fault (&g, DATA_AT, SENTRY_ACCESS_EXEC, SIGSEGV, SEGV_ACCERR);
  guest_end (&g);
}

static void
kernel_addresses (void)
{
  Guest g;

  guest_set_up (&g, load);
  g.ctx->regs.rdi = 0xffff888000000000;
  expect_fault (&g, 0xffff888000000000, SENTRY_ACCESS_READ, SIGSEGV, SEGV_MAPERR);
  guest_end (&g);
}

static void
beyond_the_end_of_a_file (void)
{
  Guest g;
  int fd = suite_file (1);

  guest_set_up (&g, load);
  g_assert_cmpint (
      g.as->ops->map (g.as, g.ctx, FREE_AT, 2 * PAGE, PROT_READ, SENTRY_MAP_PRIVATE, fd, 0), ==, 0);
  g.ctx->regs.rdi = FREE_AT + PAGE + 16;
  expect_fault (&g, FREE_AT + PAGE + 16, SENTRY_ACCESS_READ, SIGBUS, BUS_ADRERR);
  close (fd);
  guest_end (&g);
}

static void
expect_exception (const guint8 *code, gsize size, int signo, int si_code, guint trapno, guint64 rip)
{
  Guest g;
  SentryEvent event;

  guest_start (&g, code, size);
  guest_run (&g, SENTRY_EVENT_EXCEPTION, &event);
  g_assert_cmpint (event.info.si_signo, ==, signo);
  g_assert_cmpint (event.info.si_code, ==, si_code);
  g_assert_cmpuint (event.trapno, ==, trapno);
  g_assert_cmpuint (event.error_code, ==, 0);
  g_assert_cmphex (g.ctx->regs.rip, ==, CODE_AT + rip);
  guest_end (&g);
}

#define EXPECT_EXCEPTION(name, ...)                                                                \
  expect_exception (guest_##name, (gsize) (guest_##name##_end - guest_##name), __VA_ARGS__)

static void
exceptions_are_told_apart (void)
{
  EXPECT_EXCEPTION (divide, SIGFPE, FPE_INTDIV, 0, 2);
  EXPECT_EXCEPTION (undefined, SIGILL, ILL_ILLOPN, 6, 0);
  EXPECT_EXCEPTION (breakpoint, SIGTRAP, SI_KERNEL, 3, 1);
  EXPECT_EXCEPTION (privileged, SIGSEGV, SI_KERNEL, 13, 0);
  EXPECT_EXCEPTION (noncanonical, SIGSEGV, SI_KERNEL, 13, 10);
}

static void
faults_change_nothing_else (void)
{
  Guest g;
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *before = g_malloc (size), *after = g_malloc (size);
  SentryRegs want;

  guest_set_up (&g, load);
  g.ctx->regs.rdi = DATA_AT;
  guest_run_to_call (&g);
  g.ctx->ops->get_xstate (g.ctx, before, size);
  memset (before + 32, 0x3c, 384); /* st0 … xmm15 */
  g_assert_true (sentry_xstate_sanitize (before, size));
  before[512] |= 3;
  g.ctx->ops->set_xstate (g.ctx, before, size);
  g.ctx->regs.rdi = FREE_AT;
  g.ctx->regs.rbx = 0x77;
  g.ctx->regs.rsp = 16; /* no stack: it isn't the place for what the platform may need */
  guest_goto (&g, CODE_AT);
  want = g.ctx->regs;
  expect_fault (&g, FREE_AT, SENTRY_ACCESS_READ, SIGSEGV, SEGV_MAPERR);
  want.orig_rax = g.ctx->regs.orig_rax;
  want.eflags = g.ctx->regs.eflags; /* RF */
  g_assert_cmpmem (&g.ctx->regs, sizeof want, &want, sizeof want);
  g.ctx->ops->get_xstate (g.ctx, after, size);
  g_assert_cmpmem (after + 160, 256, before + 160, 256);
  g_assert_cmpmem (after, 4, before, 4);
  guest_end (&g);
}

void
suite_add_faults (void)
{
#define ADD(path, func) g_test_add_func ("/sentry/platform/" path, func)
  ADD ("fault/load-of-nothing", load_of_nothing);
  ADD ("fault/store-to-nothing", store_to_nothing);
  ADD ("fault/against-protection", accesses_against_protection);
  ADD ("fault/fetches", fetches);
  ADD ("fault/kernel-addresses", kernel_addresses);
  ADD ("fault/beyond-the-end-of-a-file", beyond_the_end_of_a_file);
  ADD ("fault/changes-nothing-else", faults_change_nothing_else);
  ADD ("exception/are-told-apart", exceptions_are_told_apart);
}
