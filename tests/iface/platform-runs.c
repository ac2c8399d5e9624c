/* Running guest code: system calls, registers, FPU state, interrupts. SPDX-License-Identifier:
 * LGPL-2.1-or-later */
#include "platform-suite.h"

#include <errno.h>
#include <string.h>

GUEST_CODE (syscalls);
GUEST_CODE (spin);
GUEST_CODE (vectors);

static void
call_carries_number_and_arguments (void)
{
  Guest g;
  SentryRegs *r;

  guest_set_up (&g, syscalls);
  r = &g.ctx->regs;
  r->rax = 39;
  r->rdi = 1;
  r->rsi = 2;
  r->rdx = 3;
  r->r10 = 4;
  r->r8 = 5;
  r->r9 = 6;
  guest_run_to_call (&g);
  g_assert_cmpint (r->orig_rax, ==, 39);
  g_assert_cmpint (r->rax, ==, -ENOSYS);
  g_assert_cmphex (r->rip, ==, CODE_AT + 2);
  g_assert_cmpint (r->rdi, ==, 1);
  g_assert_cmpint (r->rsi, ==, 2);
  g_assert_cmpint (r->rdx, ==, 3);
  g_assert_cmpint (r->r10, ==, 4);
  g_assert_cmpint (r->r8, ==, 5);
  g_assert_cmpint (r->r9, ==, 6);
  /* The result is what the guest finds in rax: it uses it as the next number. */
  r->rax = 4321;
  guest_run_to_call (&g);
  g_assert_cmpint (r->orig_rax, ==, 4321);
  guest_end (&g);
}

void
suite_add_runs (void)
{
  g_test_add_func ("/sentry/platform/call/carries-number-and-arguments",
                   call_carries_number_and_arguments);
}
