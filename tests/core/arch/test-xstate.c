/* xstate: sizes, start value, hostile bytes; registers: hostile values.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "arch/x86-64/sentry-regs.h"

/* Loads the first 512 bytes on the real machine: a value that isn't safe raises #GP and ends the
 * test. */
static void
fxrstor (const guint8 *xstate)
{
  guint8 old[512] __attribute__ ((aligned (16))), fx[512] __attribute__ ((aligned (16)));

  memcpy (fx, xstate, sizeof fx);
  __asm__ volatile("fxsave %0; fxrstor %1; fxrstor %0" : "+m"(old) : "m"(fx));
}

static void
size_holds_every_feature (void)
{
  g_assert_cmpuint (sentry_xstate_size (), >=, SENTRY_XSTATE_MIN);
  g_assert_cmpuint (sentry_xstate_size (), <=, SENTRY_XSTATE_MAX);
  g_assert_cmpuint (sentry_xstate_features () & 3, ==, 3);
  if (__builtin_cpu_supports ("avx"))
    {
      g_assert_cmpuint (sentry_xstate_size (), >=, 576 + 256);
      g_assert_cmpuint (sentry_xstate_features () & 4, ==, 4);
    }
}

static void
start_value_is_a_fresh_process (void)
{
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *x = g_malloc (size);
  guint16 fcw;
  guint32 mxcsr;

  memset (x, 0xff, size);
  sentry_xstate_init (x, size);
  memcpy (&fcw, x, 2);
  memcpy (&mxcsr, x + 24, 4);
  g_assert_cmphex (fcw, ==, 0x37f);
  g_assert_cmphex (mxcsr, ==, 0x1f80);
  fxrstor (x);
  g_assert_true (sentry_xstate_sanitize (x, size));
}

static void
hostile_bytes_become_loadable (void)
{
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *x = g_malloc (size);
  guint64 header[8];

  memset (x, 0xff, size);
  g_assert_false (sentry_xstate_sanitize (x, size));
  memcpy (header, x + 512, sizeof header);
  g_assert_cmphex (header[0], ==, 3);
  for (guint i = 1; i < 8; i++)
    g_assert_cmphex (header[i], ==, 0);
  fxrstor (x);
}

static void
unknown_features_are_cleared (void)
{
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *x = g_malloc0 (size);
  guint64 bv = ~G_GUINT64_CONSTANT (0);

  memcpy (x + 512, &bv, 8);
  g_assert_true (sentry_xstate_sanitize (x, size));
  memcpy (&bv, x + 512, 8);
  g_assert_cmphex (bv, ==, sentry_xstate_features ());
  /* Bytes that aren't there hold no feature. */
  bv = ~G_GUINT64_CONSTANT (0);
  memcpy (x + 512, &bv, 8);
  g_assert_true (sentry_xstate_sanitize (x, SENTRY_XSTATE_MIN));
  memcpy (&bv, x + 512, 8);
  g_assert_cmphex (bv, ==, 3);
}

static void
short_buffers_keep_only_fxsave (void)
{
  guint8 x[576];

  memset (x, 0xff, sizeof x);
  g_assert_false (sentry_xstate_sanitize (x, 512));
  g_assert_cmphex (x[512], ==, 0xff);
  fxrstor (x);
  g_assert_false (sentry_xstate_sanitize (x, 16));
}

static void
hostile_registers_become_resumable (void)
{
  SentryRegs r;

  memset (&r, 0xff, sizeof r);
  r.rip = G_GUINT64_CONSTANT (0x1000000000401000);
  sentry_regs_sanitize (&r);
  g_assert_cmphex (r.cs, ==, SENTRY_USER_CS);
  g_assert_cmphex (r.ss, ==, SENTRY_USER_SS);
  g_assert_cmphex (r.eflags & 0x3000, ==, 0);   /* IOPL */
  g_assert_cmphex (r.eflags & 0x1a0000, ==, 0); /* VM, VIF, VIP */
  g_assert_cmphex (r.eflags & 0x202, ==, 0x202);
  g_assert_cmphex (r.rip, ==, G_GUINT64_CONSTANT (0xffff800000000000));
  g_assert_cmphex (r.fs_base, ==, 0);
  g_assert_cmphex (r.gs_base, ==, 0);
  g_assert_cmphex (r.fs | r.gs | r.ds | r.es, ==, 0);
  g_assert_cmphex (r.rax, ==, G_MAXUINT64);
}

static void
ordinary_registers_stay (void)
{
  SentryRegs r = { .rip = 0x401000,
                   .eflags = 0x246,
                   .cs = 0x33,
                   .ss = 0x2b,
                   .fs_base = 0x7f0000001000,
                   .ds = 0x2b,
                   .rsp = 0x7ffe00000000 },
             was = r;

  sentry_regs_sanitize (&r);
  g_assert_cmpmem (&r, sizeof r, &was, sizeof was);
  r.cs = 0x23;
  sentry_regs_sanitize (&r);
  g_assert_cmphex (r.cs, ==, 0x23);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/arch/xstate/size-holds-every-feature", size_holds_every_feature);
  g_test_add_func ("/sentry/arch/xstate/start-value-is-a-fresh-process",
                   start_value_is_a_fresh_process);
  g_test_add_func ("/sentry/arch/xstate/hostile-bytes-become-loadable",
                   hostile_bytes_become_loadable);
  g_test_add_func ("/sentry/arch/xstate/unknown-features-are-cleared",
                   unknown_features_are_cleared);
  g_test_add_func ("/sentry/arch/xstate/short-buffers-keep-only-fxsave",
                   short_buffers_keep_only_fxsave);
  g_test_add_func ("/sentry/arch/regs/hostile-registers-become-resumable",
                   hostile_registers_become_resumable);
  g_test_add_func ("/sentry/arch/regs/ordinary-registers-stay", ordinary_registers_stay);
  return g_test_run ();
}
