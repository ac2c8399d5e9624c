/* Linux's rt_sigframe of x86-64: building and reading its bytes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <signal.h>
#include "arch/x86-64/sentry-regs.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 sp;
  gint32 flags;
  gint32 pad;
  guint64 size;
} SentryFrameStack;

/* struct sigcontext, as it lies in the frame. */
typedef struct
{
  guint64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
  guint16 cs, gs, fs, ss;
  guint64 err, trapno, oldmask, cr2, fpstate, reserved[8];
} SentrySigcontext;

typedef struct
{
  guint64 restorer; /* the handler's return address */
  guint64 uc_flags, uc_link;
  SentryFrameStack uc_stack;
  SentrySigcontext context;
  guint64 uc_sigmask;
  guint8 info[128];
} SentrySignalFrame;

G_STATIC_ASSERT (sizeof (SentrySigcontext) == 256);
G_STATIC_ASSERT (sizeof (SentrySignalFrame) == 440);

typedef struct
{
  guint64 handler, restorer, mask;
  const siginfo_t *info;
  SentryFrameStack stack; /* the alternate stack as uc_stack shows it */
  guint64 err, trapno, cr2;
  guint64 top; /* the frame goes below: rsp less the red zone, or the end of the alternate stack */
} SentryFrameArgs;

/* Where the parts of the frame go. */
typedef struct
{
  guint64 frame, fpstate;
  gsize fpstate_size; /* the xstate and the magic word behind it */
} SentryFrameLayout;

void sentry_signal_frame_layout (guint64 top, SentryFrameLayout *ret_layout);
/* Fills *ret_frame from the interrupted registers. */
void sentry_signal_frame_fill (const SentryFrameArgs *args, const SentryFrameLayout *layout,
                               const SentryRegs *regs, SentrySignalFrame *ret_frame);
/* Turns an xstate of sentry_xstate_size () bytes into the frame's fpstate of layout->fpstate_size
 * bytes. */
void sentry_signal_frame_seal_fpstate (guint8 *fpstate);
/* What the handler starts with. */
void sentry_signal_frame_enter (const SentryFrameArgs *args, const SentryFrameLayout *layout,
                                SentryRegs *regs);

/* rt_sigreturn: takes the general registers of a hostile frame. */
void sentry_signal_frame_restore (const SentrySignalFrame *frame, SentryRegs *regs);
/* How many bytes at frame->context.fpstate are an xstate, told from its first 512 bytes: 512 when
 * only the FXSAVE part can be trusted.  *ret_end_magic: there must be a magic word behind them. */
gsize sentry_signal_frame_fpstate_size (const guint8 *fx, gboolean *ret_end_magic);
gboolean sentry_signal_frame_end_magic_ok (guint32 word);

G_END_DECLS
