/* Signal handlers: onto the guest's stack and back. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <string.h>
#include "arch/x86-64/signal-frame.h"

#define RED_ZONE 128

static gboolean
on_stack (const SentryAltStack *s, guint64 sp)
{
  return s->size != 0 && sp > s->sp && sp - s->sp <= s->size;
}

/* Where the frame may begin.  0: a handler that runs on the alternate stack has left it, or run
 * over its end. */
static guint64
choose_top (SentryTask *task, const SentrySigaction *action, gboolean *ret_entering)
{
  const SentryAltStack *s = &task->priv->altstack;
  guint64 sp = task->context->regs.rsp - RED_ZONE;
  gboolean autodisarm = (s->flags & (gint32) SENTRY_SS_AUTODISARM) != 0;
  gboolean nested = !autodisarm && on_stack (s, task->context->regs.rsp);

  *ret_entering = FALSE;
  if ((action->flags & SA_ONSTACK) && s->size != 0 && !nested)
    {
      *ret_entering = TRUE;
      return s->sp + s->size;
    }
  return sp;
}

static int
write_frame (SentryTask *task, const SentryFrameArgs *args, const SentryFrameLayout *layout)
{
  SentryContext *ctx = task->context;
  SentryUserMem *um = sentry_task_usermem (task);
  SentrySignalFrame frame;
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *fpstate = g_malloc0 (layout->fpstate_size);

  ctx->ops->get_xstate (ctx, fpstate, size);
  sentry_signal_frame_seal_fpstate (fpstate);
  sentry_signal_frame_fill (args, layout, &ctx->regs, &frame);
  if (sentry_copy_out (um, layout->fpstate, fpstate, layout->fpstate_size) < 0)
    return -EFAULT;
  return sentry_copy_out_object (um, layout->frame, &frame);
}

static void
show_altstack (SentryTask *task, SentryFrameStack *ret)
{
  const SentryAltStack *s = &task->priv->altstack;
  gboolean inside
      = !(s->flags & (gint32) SENTRY_SS_AUTODISARM) && on_stack (s, task->context->regs.rsp);

  *ret = (SentryFrameStack){ .sp = s->sp, .size = s->size };
  ret->flags = (s->size == 0 ? SS_DISABLE
                : inside     ? SS_ONSTACK
                             : 0)
               | (s->flags & (gint32) SENTRY_SS_AUTODISARM);
}

int
sentry_task_push_signal_frame (SentryTask *task, const SentrySigaction *action,
                               const siginfo_t *info, SentrySigset mask)
{
  SentryTaskPrivate *priv = task->priv;
  SentryAltStack *s = &priv->altstack;
  SentryFrameArgs args = { .handler = action->handler,
                           .restorer = action->restorer,
                           .mask = mask,
                           .info = info,
                           .err = priv->fault_error,
                           .trapno = priv->fault_trapno,
                           .cr2 = priv->fault_addr };
  SentryFrameLayout layout;
  gboolean entering;

  /* Without SA_RESTORER the handler would have nowhere to return to: this ABI never puts code on
   * the stack. */
  if (!(action->flags & SENTRY_SA_RESTORER))
    return -EFAULT;
  args.top = choose_top (task, action, &entering);
  sentry_signal_frame_layout (args.top, &layout);
  gboolean nested
      = !(s->flags & (gint32) SENTRY_SS_AUTODISARM) && on_stack (s, task->context->regs.rsp);
  if ((entering || nested) && !on_stack (s, layout.frame))
    return -EFAULT;
  show_altstack (task, &args.stack);
  if (write_frame (task, &args, &layout) < 0)
    return -EFAULT;
  sentry_signal_frame_enter (&args, &layout, &task->context->regs);
  task->context->regs.orig_rax = ~G_GUINT64_CONSTANT (0);
  task->context->regs_dirty = TRUE;
  if (s->flags & (gint32) SENTRY_SS_AUTODISARM)
    *s = (SentryAltStack){ .flags = SS_DISABLE };
  return 0;
}

/* FALSE: the frame's pointer is bad. */
static gboolean
restore_fpstate (SentryTask *task, guint64 addr)
{
  SentryContext *ctx = task->context;
  SentryUserMem *um = sentry_task_usermem (task);
  gsize size = sentry_xstate_size (), n;
  g_autofree guint8 *xstate = g_malloc0 (size + sizeof (guint32));
  gboolean end_magic;
  guint32 word;

  sentry_xstate_init (xstate, size);
  if (addr != 0)
    {
      g_autofree guint8 *copy = g_malloc0 (size);
      if ((addr & 63) != 0 || sentry_copy_in (um, copy, addr, 512) < 0)
        return FALSE;
      n = sentry_signal_frame_fpstate_size (copy, &end_magic);
      if (end_magic
          && (sentry_copy_in (um, &word, addr + n, sizeof word) < 0
              || !sentry_signal_frame_end_magic_ok (word)))
        n = 512;
      if (n > 512 && sentry_copy_in (um, copy + 512, addr + 512, n - 512) < 0)
        return FALSE;
      if (n == 512)
        {
          /* Only x87 and SSE state. */
          guint64 bv = 3;
          memcpy (copy + 512, &bv, sizeof bv);
        }
      memcpy (xstate, copy, size);
      if (!sentry_xstate_sanitize (xstate, size))
        return FALSE;
    }
  ctx->ops->set_xstate (ctx, xstate, size);
  return TRUE;
}

gint64
sentry_task_sigreturn (SentryTask *task)
{
  SentryContext *ctx = task->context;
  SentrySignalFrame frame;
  SentryAltStack stack;

  /* The restorer's ret took the return address off. */
  if (sentry_copy_in_object (sentry_task_usermem (task), &frame, ctx->regs.rsp - 8) < 0)
    goto bad;
  sentry_task_set_blocked (task, frame.uc_sigmask);
  sentry_signal_frame_restore (&frame, &ctx->regs);
  sentry_regs_sanitize (&ctx->regs);
  ctx->regs_dirty = TRUE;
  task->restart = NULL;
  if (!restore_fpstate (task, frame.context.fpstate))
    goto bad;
  stack = (SentryAltStack){ .sp = frame.uc_stack.sp,
                            .flags = frame.uc_stack.flags,
                            .size = frame.uc_stack.size };
  /* A frame with a bad stack is not an error: the setting stays. */
  sentry_task_sigaltstack (task, &stack, NULL, MINSIGSTKSZ);
  return -SENTRY_ENORETURN;

bad:
  ctx->regs.orig_rax = ~G_GUINT64_CONSTANT (0);
  sentry_task_force_segv (task, SIGSEGV);
  return -SENTRY_ENORETURN;
}
