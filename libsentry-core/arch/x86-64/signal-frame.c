/* Linux's rt_sigframe of x86-64: building and reading its bytes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arch/x86-64/signal-frame.h"

#include <string.h>

/* uapi/asm/ucontext.h and sigcontext.h */
#define UC_FP_XSTATE 1
#define UC_SIGCONTEXT_SS 2
#define UC_STRICT_RESTORE_SS 4
#define FX_SW_OFFSET 464

/* struct _fpx_sw_bytes: the part of the FXSAVE image that is left to software. */
typedef struct
{
  guint32 magic1;
  guint32 extended_size;
  guint64 xfeatures;
  guint32 xstate_size;
  guint32 padding[7];
} FxSwBytes;

G_STATIC_ASSERT (sizeof (FxSwBytes) == 48);

/* AC OF DF TF SF ZF AF PF CF RF: the flags that a frame may change. */
#define FRAME_EFLAGS G_GUINT64_CONSTANT (0x50dd5)
#define EFLAGS_TF (1u << 8)
#define EFLAGS_DF (1u << 10)
#define EFLAGS_RF (1u << 16)

void
sentry_signal_frame_layout (guint64 top, SentryFrameLayout *ret_layout)
{
  ret_layout->fpstate_size = sentry_xstate_size () + sizeof (guint32);
  ret_layout->fpstate = (top - ret_layout->fpstate_size) & ~G_GUINT64_CONSTANT (63);
  /* As after a call instruction: 16 bytes aligned, less the return address. */
  ret_layout->frame
      = ((ret_layout->fpstate - sizeof (SentrySignalFrame)) & ~G_GUINT64_CONSTANT (15)) - 8;
}

static void
save_registers (SentrySigcontext *c, const SentryRegs *r)
{
  c->r8 = r->r8;
  c->r9 = r->r9;
  c->r10 = r->r10;
  c->r11 = r->r11;
  c->r12 = r->r12;
  c->r13 = r->r13;
  c->r14 = r->r14;
  c->r15 = r->r15;
  c->rdi = r->rdi;
  c->rsi = r->rsi;
  c->rbp = r->rbp;
  c->rbx = r->rbx;
  c->rdx = r->rdx;
  c->rax = r->rax;
  c->rcx = r->rcx;
  c->rsp = r->rsp;
  c->rip = r->rip;
  c->eflags = r->eflags;
  c->cs = r->cs;
  c->ss = r->ss;
}

void
sentry_signal_frame_fill (const SentryFrameArgs *args, const SentryFrameLayout *layout,
                          const SentryRegs *regs, SentrySignalFrame *ret_frame)
{
  SentrySigcontext *c = &ret_frame->context;

  memset (ret_frame, 0, sizeof *ret_frame);
  ret_frame->restorer = args->restorer;
  ret_frame->uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
  ret_frame->uc_stack = args->stack;
  ret_frame->uc_sigmask = args->mask;
  save_registers (c, regs);
  c->err = args->err;
  c->trapno = args->trapno;
  c->cr2 = args->cr2;
  c->oldmask = args->mask;
  c->fpstate = layout->fpstate;
  memcpy (ret_frame->info, args->info, sizeof ret_frame->info);
}

void
sentry_signal_frame_seal_fpstate (guint8 *fpstate)
{
  gsize size = sentry_xstate_size ();
  guint32 magic2 = FP_XSTATE_MAGIC2;
  FxSwBytes sw = { .magic1 = FP_XSTATE_MAGIC1,
                   .extended_size = size + sizeof magic2,
                   .xfeatures = sentry_xstate_features (),
                   .xstate_size = size };

  memcpy (fpstate + FX_SW_OFFSET, &sw, sizeof sw);
  memcpy (fpstate + size, &magic2, sizeof magic2);
}

void
sentry_signal_frame_enter (const SentryFrameArgs *args, const SentryFrameLayout *layout,
                           SentryRegs *regs)
{
  regs->rdi = args->info->si_signo;
  regs->rsi = layout->frame + G_STRUCT_OFFSET (SentrySignalFrame, info);
  regs->rdx = layout->frame + G_STRUCT_OFFSET (SentrySignalFrame, uc_flags);
  regs->rax = 0; /* for handlers with variable arguments */
  regs->rip = args->handler;
  regs->rsp = layout->frame;
  regs->cs = SENTRY_USER_CS;
  regs->ss = SENTRY_USER_SS;
  regs->eflags &= ~(guint64) (EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
}

void
sentry_signal_frame_restore (const SentrySignalFrame *frame, SentryRegs *regs)
{
  const SentrySigcontext *c = &frame->context;

  regs->r8 = c->r8;
  regs->r9 = c->r9;
  regs->r10 = c->r10;
  regs->r11 = c->r11;
  regs->r12 = c->r12;
  regs->r13 = c->r13;
  regs->r14 = c->r14;
  regs->r15 = c->r15;
  regs->rdi = c->rdi;
  regs->rsi = c->rsi;
  regs->rbp = c->rbp;
  regs->rbx = c->rbx;
  regs->rdx = c->rdx;
  regs->rax = c->rax;
  regs->rcx = c->rcx;
  regs->rsp = c->rsp;
  regs->rip = c->rip;
  regs->eflags = (regs->eflags & ~FRAME_EFLAGS) | (c->eflags & FRAME_EFLAGS);
  regs->cs = c->cs | 3;
  regs->ss = c->ss | 3;
  regs->orig_rax = ~G_GUINT64_CONSTANT (0);
}

gsize
sentry_signal_frame_fpstate_size (const guint8 *fx, gboolean *ret_end_magic)
{
  FxSwBytes sw;

  *ret_end_magic = FALSE;
  memcpy (&sw, fx + FX_SW_OFFSET, sizeof sw);
  if (sw.magic1 != FP_XSTATE_MAGIC1 || sw.xstate_size < SENTRY_XSTATE_MIN
      || sw.xstate_size > sentry_xstate_size () || sw.xstate_size > sw.extended_size)
    return 512;
  *ret_end_magic = TRUE;
  return sw.xstate_size;
}

gboolean
sentry_signal_frame_end_magic_ok (guint32 word)
{
  return word == FP_XSTATE_MAGIC2;
}
