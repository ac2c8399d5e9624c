/* A guest thread's registers as platforms exchange them with the core. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The general registers, in the order of Linux's struct user_regs_struct, so that ptrace moves it
 * whole. */
typedef struct
{
  guint64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
  guint64 rax, rcx, rdx, rsi, rdi;
  guint64 orig_rax; /* the number of the system call that trapped; ~0 when not in one */
  guint64 rip, cs, eflags, rsp, ss;
  guint64 fs_base, gs_base;
  guint64 ds, es, fs, gs;
} SentryRegs;

/* FPU and vector state in the standard (not compacted) XSAVE format, whose size CPUID leaf 0xD
 * gives; at least 576 bytes.  This is also the format of signal frames and of saved images. */
#define SENTRY_XSTATE_MAX 16384
#define SENTRY_XSTATE_MIN 576

/* Size in bytes of the xstate that this machine and the sandbox's feature set use. */
gsize sentry_xstate_size (void);
/* The XCR0 bits that may be set in an xstate's XSTATE_BV. */
guint64 sentry_xstate_features (void);
/* Writes the state that a fresh process starts with (all components initial, MXCSR 0x1f80, FCW
 * 0x37f). */
void sentry_xstate_init (guint8 *xstate, gsize size);
/* Makes hostile bytes safe to load: reserved MXCSR and XSTATE_BV bits, header, compaction.  FALSE:
 * not an xstate at all (Linux then falls back to the 512 fxsave bytes). */
gboolean sentry_xstate_sanitize (guint8 *xstate, gsize size);
/* Makes hostile registers safe to resume: user selectors, settable flags only, canonical rip and
 * bases. */
void sentry_regs_sanitize (SentryRegs *regs);

#define SENTRY_USER_CS 0x33
#define SENTRY_USER_SS 0x2b

G_END_DECLS
