/* Sleeping in a system call, and what a call remembers. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

static int
sleep_until (SentryTask *task, gint64 deadline, int (*sleep) (SentrySleeper *, gint64))
{
  const SentrySyscallOps *ops = task->kernel->syscalls;
  SentryContext *ctx = task->context;
  gint64 host = deadline == SENTRY_TIME_NEVER
                    ? G_MAXINT64
                    : sentry_timekeeper_to_host (task->kernel->timekeeper, deadline);
  int r;

  if (ops != NULL && ops->blocked != NULL)
    ops->blocked (task);
  __atomic_store_n (&task->run_state, SENTRY_RUN_BLOCKED, __ATOMIC_SEQ_CST);
  if (ctx->ops->idle != NULL)
    ctx->ops->idle (ctx, TRUE);
  r = sleep (&task->sleeper, host);
  if (ctx->ops->idle != NULL)
    ctx->ops->idle (ctx, FALSE);
  __atomic_store_n (&task->run_state, SENTRY_RUN_SYSCALL, __ATOMIC_SEQ_CST);
  sentry_group_timers_woken (task->group);
  return r;
}

int
sentry_task_sleep (SentryTask *task, gint64 deadline)
{
  return sleep_until (task, deadline, sentry_sleeper_sleep);
}

int
sentry_task_sleep_killable (SentryTask *task, gint64 deadline)
{
  return sleep_until (task, deadline, sentry_sleeper_sleep_killable);
}

gint64
sentry_task_call_deadline (SentryTask *task, gint64 timeout_ns)
{
  SentryCallState *call = &task->call;

  if (!call->has_deadline)
    {
      gint64 now = sentry_clock_now (task->kernel->timekeeper, CLOCK_MONOTONIC);
      call->has_deadline = TRUE;
      call->deadline = timeout_ns < 0 || timeout_ns > SENTRY_TIME_NEVER - now ? SENTRY_TIME_NEVER
                                                                              : now + timeout_ns;
    }
  return call->deadline;
}

void
sentry_task_call_set_mask (SentryTask *task, SentrySigset mask)
{
  if (task->call.has_saved_mask)
    return;
  task->call.has_saved_mask = TRUE;
  task->call.saved_mask = task->priv->blocked;
  sentry_task_set_blocked (task, mask);
}

/* --- restart functions --- */

#define MAX_RESTART_FUNCS 32

/* Filled before main, read only afterwards. */
static struct
{
  const char *name;
  SentryRestartFunc fn;
} restart_funcs[MAX_RESTART_FUNCS];
static guint n_restart_funcs;

void
sentry_restart_register (const char *name, SentryRestartFunc fn)
{
  g_assert (n_restart_funcs < MAX_RESTART_FUNCS);
  restart_funcs[n_restart_funcs].name = name;
  restart_funcs[n_restart_funcs++].fn = fn;
}

const char *
sentry_restart_name (SentryRestartFunc fn)
{
  for (guint i = 0; i < n_restart_funcs; i++)
    if (restart_funcs[i].fn == fn)
      return restart_funcs[i].name;
  return NULL;
}

SentryRestartFunc
sentry_restart_find (const char *name)
{
  for (guint i = 0; i < n_restart_funcs; i++)
    if (g_str_equal (restart_funcs[i].name, name))
      return restart_funcs[i].fn;
  return NULL;
}

gint64
sentry_task_set_restart (SentryTask *task, SentryRestartFunc fn)
{
  task->restart = fn;
  return -SENTRY_ERESTART_RESTARTBLOCK;
}

gint64
sentry_task_restart_syscall (SentryTask *task)
{
  if (task->restart == NULL)
    return -EINTR;
  if (!task->call.entered)
    {
      task->call = task->priv->restart_call;
      task->priv->restart_call = (SentryCallState){ 0 };
      task->call.entered = TRUE;
    }
  return task->restart (task);
}

gboolean
sentry_task_signal_pending (SentryTask *task)
{
  return (__atomic_load_n (&task->sleeper.interrupt, __ATOMIC_SEQ_CST)
          & (SENTRY_INTERRUPT_SIGNAL | SENTRY_INTERRUPT_KILL))
         != 0;
}

SentryFutexWaiter *
sentry_task_futex_waiter (SentryTask *task)
{
  return &task->priv->futex;
}
