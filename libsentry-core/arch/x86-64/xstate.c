/* FPU and vector state: its size and features here, its start value, and hostile copies of it made
 * safe. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arch/x86-64/sentry-regs.h"

#include <cpuid.h>
#include <string.h>

/* Layout of the standard XSAVE format (Intel SDM vol. 1, 13.4). */
#define FX_FCW 0
#define FX_MXCSR 24
#define FX_MXCSR_MASK 28
#define XSAVE_HEADER 512
#define XSAVE_BV XSAVE_HEADER
#define XSAVE_COMP_BV (XSAVE_HEADER + 8)
#define XSAVE_RESERVED (XSAVE_HEADER + 16)
#define XSAVE_RESERVED_LEN 48

#define XFEATURE_X87 (1u << 0)
#define XFEATURE_SSE (1u << 1)
/* AMX tile state is dynamic: a process has it only after asking (arch_prctl), the sandbox offers no
 * such call, and 8 KiB more in each signal frame would be noticed. */
#define XFEATURES_DYNAMIC (G_GUINT64_CONSTANT (3) << 17)

typedef struct
{
  guint64 features;
  gsize size;
  guint32 mxcsr_mask;
  guint32 end[64]; /* of each feature's bytes in the standard format */
} XstateInfo;

static guint64
read_xcr0 (void)
{
  guint32 lo, hi;

  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return (guint64) hi << 32 | lo;
}

/* As the host kernel does: a zero mask in FXSAVE's image means the first generation's. */
static guint32
read_mxcsr_mask (void)
{
  guint8 fx[512] __attribute__ ((aligned (16))) = { 0 };
  guint32 mask;

  __asm__ volatile("fxsave %0" : "+m"(fx));
  memcpy (&mask, fx + FX_MXCSR_MASK, sizeof mask);
  return mask != 0 ? mask : 0xffbf;
}

static const XstateInfo *
xstate_info (void)
{
  static XstateInfo info;
  static gsize once;
  guint32 a, b, c, d;

  if (!g_once_init_enter (&once))
    return &info;
  info.features = XFEATURE_X87 | XFEATURE_SSE;
  info.size = SENTRY_XSTATE_MIN;
  info.mxcsr_mask = read_mxcsr_mask ();
  if (__get_cpuid (1, &a, &b, &c, &d) && (c & bit_OSXSAVE))
    {
      guint64 xcr0 = read_xcr0 () & ~XFEATURES_DYNAMIC;

      for (guint i = 2; i < 63; i++)
        if ((xcr0 & G_GUINT64_CONSTANT (1) << i) && __get_cpuid_count (0xd, i, &a, &b, &c, &d)
            && a > 0 && (guint64) a + b <= SENTRY_XSTATE_MAX)
          {
            info.features |= G_GUINT64_CONSTANT (1) << i;
            info.end[i] = a + b;
            info.size = MAX (info.size, (gsize) a + b);
          }
    }
  g_once_init_leave (&once, 1);
  return &info;
}

gsize
sentry_xstate_size (void)
{
  return xstate_info ()->size;
}

guint64
sentry_xstate_features (void)
{
  return xstate_info ()->features;
}

void
sentry_xstate_init (guint8 *xstate, gsize size)
{
  guint16 fcw = 0x37f;
  guint32 mxcsr = 0x1f80;

  g_assert (size >= SENTRY_XSTATE_MIN);
  memset (xstate, 0, size);
  memcpy (xstate + FX_FCW, &fcw, sizeof fcw);
  memcpy (xstate + FX_MXCSR, &mxcsr, sizeof mxcsr);
  memcpy (xstate + FX_MXCSR_MASK, &xstate_info ()->mxcsr_mask, sizeof mxcsr);
}

static void
sanitize_mxcsr (guint8 *xstate)
{
  guint32 mxcsr;

  memcpy (&mxcsr, xstate + FX_MXCSR, sizeof mxcsr);
  mxcsr &= xstate_info ()->mxcsr_mask;
  memcpy (xstate + FX_MXCSR, &mxcsr, sizeof mxcsr);
  memcpy (xstate + FX_MXCSR_MASK, &xstate_info ()->mxcsr_mask, sizeof mxcsr);
}

static gboolean
header_is_standard (const guint8 *xstate)
{
  static const guint8 zero[XSAVE_RESERVED - XSAVE_COMP_BV + XSAVE_RESERVED_LEN];

  return memcmp (xstate + XSAVE_COMP_BV, zero, sizeof zero) == 0;
}

gboolean
sentry_xstate_sanitize (guint8 *xstate, gsize size)
{
  const XstateInfo *info = xstate_info ();
  guint64 bv;
  gboolean standard;

  if (size >= XSAVE_HEADER)
    sanitize_mxcsr (xstate);
  if (size < SENTRY_XSTATE_MIN)
    return FALSE;
  standard = header_is_standard (xstate);
  memcpy (&bv, xstate + XSAVE_BV, sizeof bv);
  if (!standard)
    bv = XFEATURE_X87 | XFEATURE_SSE;
  bv &= info->features;
  for (guint i = 2; i < 63; i++)
    if (info->end[i] > size)
      bv &= ~(G_GUINT64_CONSTANT (1) << i);
  memset (xstate + XSAVE_HEADER, 0, XSAVE_RESERVED - XSAVE_HEADER + XSAVE_RESERVED_LEN);
  memcpy (xstate + XSAVE_BV, &bv, sizeof bv);
  return standard;
}
