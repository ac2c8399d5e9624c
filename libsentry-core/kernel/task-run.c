/* The run loop of a task's sentry thread. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

#include <string.h>

/* One turn at a time, each ends in the loop with nothing of the guest's on the stack:
 *
 *          ┌────────────► APP ──syscall──► SYSCALL ◄──► BLOCKED
 *          │               │                  │ EPAUSE
 *   NEW ──►┤◄──────────────┴─fault, signal────┤
 *          │◄──► PAUSED (kernel pause; a blocked call was thrown away and is entered again)
 *          │◄──► STOPPED (group stop)
 *          └────► EXITING ──► ZOMBIE ──► DEAD
 *
 * What must happen before the guest goes on is tested in this order: death, pause, a call to enter
 * again, stop, signals. */

static void
set_state (SentryTask *task, SentryRunState state)
{
  __atomic_store_n (&task->run_state, state, __ATOMIC_SEQ_CST);
}

void
sentry_task_clear_call (SentryTask *task)
{
  SentryCallState *call = &task->call;

  sentry_futex_dequeue (&task->priv->futex);
  for (guint i = 0; i < G_N_ELEMENTS (call->file); i++)
    if (call->file[i] != NULL)
      sentry_file_unref (call->file[i]);
  *call = (SentryCallState){ 0 };
}

static void
call_done (SentryTask *task, gint64 result)
{
  SentryTaskPrivate *priv = task->priv;

  if (result != -SENTRY_ENORETURN)
    task->context->regs.rax = (guint64) result;
  if (result == -SENTRY_ERESTART_RESTARTBLOCK)
    {
      priv->restart_call = task->call;
      memset (task->call.file, 0, sizeof task->call.file);
    }
  if (sentry_is_restart (result) || task->call.has_saved_mask)
    priv->exit_work = TRUE;
  else
    sentry_task_clear_call (task);
}

static void
enter_call (SentryTask *task)
{
  SentryTaskPrivate *priv = task->priv;
  const SentrySyscallOps *ops = task->kernel->syscalls;
  gint64 result = ops->dispatch (task, priv->abi, priv->call_nr, &priv->call_args);

  if (result == -SENTRY_EPAUSE)
    {
      priv->in_call = TRUE;
      task->call.entered = TRUE;
      return;
    }
  priv->in_call = FALSE;
  if (priv->exiting)
    return;
  if (ops->leave != NULL)
    ops->leave (task, priv->abi, priv->call_nr, &priv->call_args, result);
  call_done (task, result);
}

static void
begin_call (SentryTask *task, SentrySyscallAbi abi)
{
  SentryTaskPrivate *priv = task->priv;
  const SentryRegs *r = &task->context->regs;
  const SentrySyscallOps *ops = task->kernel->syscalls;

  priv->abi = abi;
  priv->call_nr = r->orig_rax;
  if (abi == SENTRY_ABI_I386)
    priv->call_args
        = (SentrySyscallArgs){ { (guint32) r->rbx, (guint32) r->rcx, (guint32) r->rdx,
                                 (guint32) r->rsi, (guint32) r->rdi, (guint32) r->rbp } };
  else
    priv->call_args = (SentrySyscallArgs){ { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 } };
  if (ops->enter != NULL)
    ops->enter (task, abi, priv->call_nr, &priv->call_args);
  enter_call (task);
}

static void
fault (SentryTask *task, const SentryEvent *event)
{
  SentryTaskPrivate *priv = task->priv;
  siginfo_t info = event->info;

  if (event->kind == SENTRY_EVENT_FAULT
      && sentry_mm_handle_fault (task->mm, task->context, &task->group->limits, event, &info))
    return;
  priv->fault_trapno = event->trapno;
  priv->fault_error = event->error_code;
  if (event->kind == SENTRY_EVENT_FAULT)
    priv->fault_addr = event->addr;
  task->context->regs.orig_rax = ~G_GUINT64_CONSTANT (0);
  sentry_task_force_signal (task, &info);
}

static void
context_gone (SentryTask *task)
{
  g_warning ("task %d: its host thread died", task->tid);
  sentry_task_exit_group (task, SIGKILL);
}

static void
run_app (SentryTask *task)
{
  SentryContext *ctx = task->context;
  SentryEvent event;

  set_state (task, SENTRY_RUN_APP);
  if (__atomic_load_n (&task->sleeper.interrupt, __ATOMIC_SEQ_CST) != 0)
    {
      set_state (task, SENTRY_RUN_SYSCALL);
      return;
    }
  ctx->ops->run (ctx, sentry_mm_address_space (task->mm), &event);
  __atomic_fetch_add (&task->priv->n_turns, 1, __ATOMIC_SEQ_CST);
  sentry_mm_enter (task->mm, ctx);
  set_state (task, SENTRY_RUN_SYSCALL);
  switch (event.kind)
    {
    case SENTRY_EVENT_SYSCALL:
      begin_call (task, event.abi);
      break;
    case SENTRY_EVENT_FAULT:
    case SENTRY_EVENT_EXCEPTION:
      fault (task, &event);
      break;
    case SENTRY_EVENT_INTERRUPTED:
      break;
    case SENTRY_EVENT_GONE:
      context_gone (task);
      break;
    }
}

static void
die_with_group (SentryTask *task)
{
  SentryTaskPrivate *priv = task->priv;
  SentrySignalHandlers *h = task->group->handlers;

  sentry_mutex_lock (&h->lock);
  priv->exit_code = task->group->flags & SENTRY_GROUP_EXIT ? task->group->exit_code : SIGKILL;
  sentry_mutex_unlock (&h->lock);
  priv->exiting = TRUE;
}

static void
turn (SentryTask *task)
{
  SentryTaskPrivate *priv = task->priv;
  guint32 bits = __atomic_load_n (&task->sleeper.interrupt, __ATOMIC_SEQ_CST);

  if (bits & SENTRY_INTERRUPT_KILL)
    die_with_group (task);
  else if (bits & SENTRY_INTERRUPT_PAUSE)
    sentry_kernel_park (task->kernel, task);
  else if (priv->in_call)
    enter_call (task);
  else if (__atomic_load_n (&priv->stopped, __ATOMIC_RELAXED))
    sentry_task_wait_stopped (task);
  else if ((bits & SENTRY_INTERRUPT_SIGNAL) || priv->exit_work)
    {
      priv->exit_work = FALSE;
      sentry_task_deliver_signals (task);
    }
  else
    run_app (task);
}

/* CLONE_CHILD_SETTID is done by the child, in its own memory. */
static void
first_steps (SentryTask *task)
{
  SentryTaskPrivate *priv = task->priv;
  gint32 tid = task->tid;

  if (priv->set_child_tid != 0)
    sentry_copy_out_object (sentry_task_usermem (task), priv->set_child_tid, &tid);
  priv->set_child_tid = 0;
}

void
sentry_task_run (SentryTask *task)
{
  set_state (task, SENTRY_RUN_SYSCALL);
  sentry_mm_enter (task->mm, task->context);
  sentry_group_timers_cpu_limit (task->group);
  first_steps (task);
  while (!task->priv->exiting)
    turn (task);
  set_state (task, SENTRY_RUN_EXITING);
  sentry_task_do_exit (task);
}
