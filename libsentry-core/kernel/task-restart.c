/* How interrupted system calls end or start again: the one place that knows the rules.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <sys/syscall.h>

/* Until its fate is known, an interrupted call's registers are as Linux leaves them: rax holds the
 * internal errno, orig_rax the number, rip stands after the two-byte instruction. */

gboolean
sentry_is_restart (gint64 result)
{
  return result == -SENTRY_ERESTARTSYS || result == -SENTRY_ERESTARTNOINTR
         || result == -SENTRY_ERESTARTNOHAND || result == -SENTRY_ERESTART_RESTARTBLOCK;
}

static void
again (SentryTask *task, guint64 nr)
{
  SentryRegs *regs = &task->context->regs;

  regs->rax = nr;
  regs->rip -= 2;
  regs->orig_rax = ~G_GUINT64_CONSTANT (0);
  task->context->regs_dirty = TRUE;
}

void
sentry_task_restart_call (SentryTask *task)
{
  SentryRegs *regs = &task->context->regs;

  if ((gint64) regs->orig_rax < 0 || !sentry_is_restart ((gint64) regs->rax))
    return;
  if ((gint64) regs->rax == -SENTRY_ERESTART_RESTARTBLOCK)
    again (task, SYS_restart_syscall);
  else
    again (task, regs->orig_rax);
}

void
sentry_task_interrupt_call (SentryTask *task, guint64 sa_flags)
{
  SentryRegs *regs = &task->context->regs;
  gint64 result = (gint64) regs->rax;

  if ((gint64) regs->orig_rax < 0 || !sentry_is_restart (result))
    return;
  if (result == -SENTRY_ERESTARTNOINTR
      || (result == -SENTRY_ERESTARTSYS && (sa_flags & SA_RESTART)))
    again (task, regs->orig_rax);
  else
    regs->rax = (guint64) (gint64) -EINTR;
}
