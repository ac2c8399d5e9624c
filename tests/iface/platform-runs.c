/* Running guest code: system calls, registers, FPU state, interrupts, steps.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform-suite.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

GUEST_CODE (call);
GUEST_CODE (count);
GUEST_CODE (int80);
GUEST_CODE (push);
GUEST_CODE (repeat);
GUEST_CODE (spin);
GUEST_CODE (steps);
GUEST_CODE (syscalls);
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

/* What a call may change, set to what it changes it to. */
static void
expect_call (SentryRegs *want, guint64 rip)
{
  want->orig_rax = want->rax;
  want->rax = (guint64) -ENOSYS;
  want->rcx = want->rip = rip;
  want->r11 = want->eflags;
}

static void
registers_survive (void)
{
  Guest g;
  SentryRegs *r, want;
  guint64 *words;

  guest_set_up (&g, syscalls);
  r = &g.ctx->regs;
  for (guint round = 0; round < 20; round++)
    {
      words = (guint64 *) r; /* r15 … rdi are the first fifteen */
      for (guint i = 0; i < 15; i++)
        words[i] = (guint64) g_test_rand_int () << 32 | (guint32) g_test_rand_int ();
      r->rax &= 0xffff; /* no x32 number */
      r->rip = CODE_AT;
      r->rsp = (guint64) g_test_rand_int () << 32 | (guint32) g_test_rand_int ();
      r->eflags = 0x202 | (guint64) (g_test_rand_int () & 0xcd5);
      r->fs_base = (guint64) (g_test_rand_int () & 0x7ffe) << 32 | (guint32) g_test_rand_int ();
      r->gs_base = (guint64) (g_test_rand_int () & 0x7ffe) << 32 | (guint32) g_test_rand_int ();
      g.ctx->regs_dirty = TRUE;
      sentry_regs_sanitize (r);
      want = *r;
      expect_call (&want, CODE_AT + 2);
      guest_run_to_call (&g);
      g_assert_cmpmem (r, sizeof *r, &want, sizeof want);
    }
  guest_end (&g);
}

static void
registers_reach_the_guest (void)
{
  Guest g;

  guest_set_up (&g, push);
  g.ctx->regs.rcx = 0x1111;
  g.ctx->regs.r11 = 0x2222;
  g.ctx->regs.eflags = 0x202 | 0x401 /* DF, CF */;
  guest_run_to_call (&g);
  g_assert_cmphex (as_load (g.as, STACK_AT + PAGE - 8), ==, 0x1111);
  g_assert_cmphex (as_load (g.as, STACK_AT + PAGE - 16), ==, 0x2222);
  g_assert_cmphex (as_load (g.as, STACK_AT + PAGE - 24), ==, 0x202 | 0x401);
  guest_end (&g);
}

static void
operations_keep_registers_and_fpu (void)
{
  Guest g;
  SentryRegs want;
  guint8 before[SENTRY_XSTATE_MAX], after[SENTRY_XSTATE_MAX];
  gsize size = sentry_xstate_size ();

  guest_set_up (&g, vectors);
  g.ctx->regs.rdi = 0x0123456789abcdef;
  g.ctx->regs.rsi = DATA_AT;
  guest_run_to_call (&g);
  want = g.ctx->regs;
  g.ctx->ops->get_xstate (g.ctx, before, size);
  g_assert_cmpint (as_map (&g, FREE_AT, 16 * PAGE, RW), ==, 0);
  g_assert_cmpint (g.as->ops->unmap (g.as, g.ctx, FREE_AT, 16 * PAGE), ==, 0);
  g_assert_cmpmem (&g.ctx->regs, sizeof want, &want, sizeof want);
  g.ctx->ops->get_xstate (g.ctx, after, size);
  g_assert_cmpmem (after, size, before, size);
  guest_run_to_call (&g);
  g_assert_cmphex (g.ctx->regs.rdi, ==, 2 * 0x0123456789abcdef);
  g_assert_cmphex (g.ctx->regs.rbx, ==, want.rbx);
  guest_end (&g);
}

static void
fpu_state_goes_in_and_out (void)
{
  Guest g;
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *x = g_malloc (size);
  guint64 lanes[2] = { 7, 0 }, bv;

  guest_set_up (&g, vectors);
  g.ctx->regs.rdi = 5;
  g.ctx->regs.rsi = DATA_AT;
  as_store (g.as, DATA_AT, 77);
  guest_run_to_call (&g);
  g.ctx->ops->get_xstate (g.ctx, x, size);
  memcpy (&bv, x + 512, 8);
  g_assert_cmphex (bv & 3, ==, 3);
  g_assert_cmpint (x[160], ==, 5);           /* xmm0 */
  g_assert_cmpint (x[160 + 15 * 16], ==, 5); /* xmm15 */
  memcpy (x + 160, lanes, sizeof lanes);
  g_assert_true (sentry_xstate_sanitize (x, size));
  g.ctx->ops->set_xstate (g.ctx, x, size);
  memset (x, 0, size);
  g.ctx->ops->get_xstate (g.ctx, x, size);
  g_assert_cmpint (x[160], ==, 7);
  as_store (g.as, DATA_AT, 0);
  guest_run_to_call (&g);
  g_assert_cmpint (g.ctx->regs.rdi, ==, 12);
  g_assert_cmpint (as_load (g.as, DATA_AT), ==, 77); /* the x87 stack */
  guest_end (&g);
}

static void
fresh_context_has_initial_fpu_state (void)
{
  Guest g;
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *x = g_malloc0 (size), *fresh = g_malloc0 (size);
  guint64 bv;

  guest_set_up (&g, syscalls);
  guest_run_to_call (&g);
  g.ctx->ops->get_xstate (g.ctx, x, size);
  sentry_xstate_init (fresh, size);
  g_assert_cmpmem (x, 4, fresh, 4);           /* FCW, FSW */
  g_assert_cmpmem (x + 24, 4, fresh + 24, 4); /* MXCSR */
  g_assert_cmpmem (x + 32, 384, fresh + 32, 384);
  memcpy (&bv, x + 512, 8);
  g_assert_cmphex (bv & ~sentry_xstate_features (), ==, 0);
  guest_end (&g);
}

static void
interrupt_is_remembered_once (void)
{
  Guest g;
  SentryEvent event;

  guest_set_up (&g, syscalls);
  g.ctx->ops->interrupt (g.ctx);
  g.ctx->ops->interrupt (g.ctx);
  guest_run (&g, SENTRY_EVENT_INTERRUPTED, &event);
  g_assert_cmphex (g.ctx->regs.rip, ==, CODE_AT);
  guest_run_to_call (&g);
  g.ctx->ops->interrupt (g.ctx);
  guest_run (&g, SENTRY_EVENT_INTERRUPTED, &event);
  guest_run_to_call (&g);
  guest_end (&g);
}

typedef struct
{
  Guest *guest;
  guint64 watched; /* wait until this word of the guest isn't 0, then interrupt */
} Interrupter;

static gpointer
interrupt_once_running (gpointer data)
{
  Interrupter *i = data;

  while (as_load (i->guest->as, i->watched) == 0)
    g_thread_yield ();
  i->guest->ctx->ops->interrupt (i->guest->ctx);
  return NULL;
}

static void
interrupt_ends_a_run (void)
{
  Guest g;
  SentryEvent event;
  Interrupter i = { &g, DATA_AT };
  GThread *t;
  guint64 reached;

  guest_set_up (&g, count);
  g.ctx->regs.rdi = DATA_AT;
  for (guint round = 0; round < 5; round++)
    {
      as_store (g.as, DATA_AT, 0);
      t = g_thread_new ("interrupter", interrupt_once_running, &i);
      guest_run (&g, SENTRY_EVENT_INTERRUPTED, &event);
      g_thread_join (t);
      g_assert_cmphex (g.ctx->regs.rip, >=, CODE_AT);
      g_assert_cmphex (g.ctx->regs.rip, <, CODE_AT + 8);
      reached = as_load (g.as, DATA_AT);
      g_assert_cmpuint (reached, >, 0);
      g_assert_cmpuint (as_load (g.as, DATA_AT), ==, reached); /* it really stopped */
    }
  guest_end (&g);
}

typedef struct
{
  SentryContext *ctx;
  gboolean stop;
} Hammer;

static gpointer
hammer (gpointer data)
{
  Hammer *h = data;

  while (!g_atomic_int_get (&h->stop))
    {
      h->ctx->ops->interrupt (h->ctx);
      g_thread_yield ();
    }
  return NULL;
}

/* Linux's own restart codes are ordinary values here, whatever interrupts: the host must not act on
 * them. */
static void
interrupts_change_no_result (void)
{
  Guest g;
  SentryEvent event;
  Hammer h = { 0 };
  GThread *t;
  guint calls = 0;

  guest_set_up (&g, repeat);
  g.ctx->regs.rdi = DATA_AT;
  g.ctx->regs.rsi = (guint64) -512;
  h.ctx = g.ctx;
  t = g_thread_new ("hammer", hammer, &h);
  while (calls < 3000)
    {
      g.ctx->ops->run (g.ctx, g.as, &event);
      if (event.kind == SENTRY_EVENT_INTERRUPTED)
        continue;
      g_assert_cmpint (event.kind, ==, SENTRY_EVENT_SYSCALL);
      g_assert_cmpint (g.ctx->regs.orig_rax, ==, 39);
      g.ctx->regs.rsi = g.ctx->regs.rax = (guint64) - (gint64) (512 + calls % 5);
      calls++;
    }
  g_atomic_int_set (&h.stop, TRUE);
  g_thread_join (t);
  g_assert_cmpuint (as_load (g.as, DATA_AT), ==, calls - 1);
  guest_end (&g);
}

static void
expect_step (Guest *g, guint64 rip)
{
  SentryEvent event;

  guest_run (g, SENTRY_EVENT_EXCEPTION, &event);
  g_assert_cmpint (event.info.si_signo, ==, SIGTRAP);
  g_assert_cmpint (event.trapno, ==, 1);
  g_assert_cmphex (g->ctx->regs.rip, ==, rip);
}

static void
single_step_stops_after_one_instruction (void)
{
  Guest g;
  SentryEvent event;
  SentryRegs *r;

  guest_set_up (&g, steps);
  r = &g.ctx->regs;
  r->rax = r->rbx = 0;
  g.ctx->ops->set_single_step (g.ctx, TRUE);
  expect_step (&g, CODE_AT + 3);
  g_assert_cmpuint (r->rax, ==, 1);
  g_assert_cmpuint (r->rbx, ==, 0);
  expect_step (&g, CODE_AT + 6);
  g_assert_cmpuint (r->rbx, ==, 1);
  guest_run (&g, SENTRY_EVENT_SYSCALL, &event);
  g_assert_cmpint (event.abi, ==, SENTRY_ABI_AMD64);
  g_assert_cmphex (r->r11 & 0x100, ==, 0);
  expect_step (&g, CODE_AT + 8); /* the step over a call ends after it */
  g_assert_cmpuint (r->rbx, ==, 1);
  g_assert_cmphex (r->eflags & 0x100, ==, 0);
  expect_step (&g, CODE_AT + 11);
  g_assert_cmpuint (r->rbx, ==, 2);
  g.ctx->ops->set_single_step (g.ctx, FALSE);
  guest_goto (&g, CODE_AT);
  guest_run_to_call (&g);
  g_assert_cmphex (r->rip, ==, CODE_AT + 8);
  guest_end (&g);
}

static void
other_call_interfaces_are_told (void)
{
  Guest g;
  SentryEvent event;

  guest_set_up (&g, int80);
  g.ctx->regs.rax = 20;
  g.ctx->regs.rbx = 1;
  g.ctx->ops->run (g.ctx, g.as, &event);
  if (event.kind == SENTRY_EVENT_SYSCALL) /* a host without 32-bit emulation raises #GP */
    {
      g_assert_cmpint (event.abi, ==, SENTRY_ABI_I386);
      g_assert_cmpint (g.ctx->regs.orig_rax, ==, 20);
    }
  else
    g_assert_cmpint (event.info.si_signo, ==, SIGSEGV);
  guest_end (&g);
  guest_set_up (&g, syscalls);
  g.ctx->regs.rax = 0x40000000 | 39;
  guest_run (&g, SENTRY_EVENT_SYSCALL, &event);
  g_assert_cmpint (event.abi, ==, SENTRY_ABI_X32);
  guest_end (&g);
}

/* The old fixed page: calls into it are system calls, never answered by the host. */
static void
vsyscalls_are_calls (void)
{
  static const int numbers[] = { SYS_gettimeofday, SYS_time, SYS_getcpu };

  for (guint i = 0; i < 3; i++)
    {
      Guest g;

      guest_set_up (&g, call);
      g.ctx->regs.rdi = 0xffffffffff600000 + i * 0x400;
      g.ctx->regs.rsi = 0;
      g.ctx->regs.rbp = 0x5555;
      g.ctx->regs.rdi |= 0;
      guest_run_to_call (&g);
      g_assert_cmpint (g.ctx->regs.orig_rax, ==, numbers[i]);
      g_assert_cmpint (g.ctx->regs.rax, ==, -ENOSYS);
      g_assert_cmphex (g.ctx->regs.rip, ==, CODE_AT + 2);
      g_assert_cmphex (g.ctx->regs.rsp, ==, STACK_AT + PAGE);
      g_assert_cmphex (g.ctx->regs.rbp, ==, 0x5555);
      g.ctx->regs.rax = 99;
      guest_run_to_call (&g);
      g_assert_cmpint (g.ctx->regs.orig_rax, ==, 99);
      guest_end (&g);
    }
}

static void
cpu_time_grows_with_work (void)
{
  Guest g;
  SentryEvent event;
  Interrupter i = { &g, DATA_AT };
  gint64 before, after;

  guest_set_up (&g, count);
  g.ctx->regs.rdi = DATA_AT;
  before = g.ctx->ops->cpu_time (g.ctx);
  for (guint round = 0; round < 3; round++)
    {
      GThread *t = g_thread_new ("interrupter", interrupt_once_running, &i);
      as_store (g.as, DATA_AT, 0);
      guest_run (&g, SENTRY_EVENT_INTERRUPTED, &event);
      g_thread_join (t);
    }
  after = g.ctx->ops->cpu_time (g.ctx);
  g_assert_cmpint (after, >, before);
  g_assert_cmpint (g.ctx->ops->cpu_time (g.ctx), ==, after); /* stopped */
  guest_end (&g);
}

void
suite_add_runs (void)
{
#define ADD(path, func) g_test_add_func ("/sentry/platform/" path, func)
  ADD ("call/carries-number-and-arguments", call_carries_number_and_arguments);
  ADD ("call/other-interfaces-are-told", other_call_interfaces_are_told);
  ADD ("call/vsyscalls-are-calls", vsyscalls_are_calls);
  ADD ("registers/survive", registers_survive);
  ADD ("registers/reach-the-guest", registers_reach_the_guest);
  ADD ("registers/survive-operations", operations_keep_registers_and_fpu);
  ADD ("xstate/goes-in-and-out", fpu_state_goes_in_and_out);
  ADD ("xstate/starts-initial", fresh_context_has_initial_fpu_state);
  ADD ("interrupt/is-remembered-once", interrupt_is_remembered_once);
  ADD ("interrupt/ends-a-run", interrupt_ends_a_run);
  ADD ("interrupt/changes-no-result", interrupts_change_no_result);
  ADD ("step/stops-after-one-instruction", single_step_stops_after_one_instruction);
  ADD ("cpu-time/grows-with-work", cpu_time_grows_with_work);
}
