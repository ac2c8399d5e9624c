/* futex, and the robust list. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/futex.h>
#include <time.h>

#include "base/sentry-errno.h"
#include "ipc/futex.h"
#include "kernel/attributes.h"
#include "syscalls/handlers.h"
#include "time/clock.h"

/* What restarting needs lies in the call's scratch: address, expected value, bit set, and whether
 * it is shared. */
enum
{
  SCRATCH_ADDR,
  SCRATCH_VALUE,
  SCRATCH_BITSET,
  SCRATCH_SHARED,
};

static gint64
sleep_on_futex (SentryTask *task, SentryFutexWaiter *w, gint64 deadline)
{
  int r;

  do
    {
      sentry_sleeper_prepare (&task->sleeper);
      if (sentry_futex_was_woken (w))
        r = 1;
      else
        r = sentry_task_sleep (task, deadline);
    }
  while (r == 0);
  /* It keeps its place in the queue over a pause. */
  if (r == -SENTRY_EPAUSE)
    return r;
  return sentry_futex_dequeue (w) ? 0 : r;
}

static gint64 futex_restart (SentryTask *task);

static gint64
do_wait (SentryTask *task)
{
  SentryCallState *call = &task->call;
  SentryFutexWaiter *w = sentry_task_futex_waiter (task);
  gint64 r = 0;

  if (!w->queued)
    r = sentry_futex_enqueue (w, &task->sleeper, task->mm, call->scratch[SCRATCH_ADDR],
                              call->scratch[SCRATCH_SHARED] != 0,
                              (guint32) call->scratch[SCRATCH_VALUE],
                              (guint32) call->scratch[SCRATCH_BITSET]);
  if (r == 0)
    r = sleep_on_futex (task, w, call->deadline);
  if (r != -SENTRY_ERESTARTSYS)
    return r;
  return call->deadline == SENTRY_TIME_NEVER ? r : sentry_task_set_restart (task, futex_restart);
}

static gint64
futex_restart (SentryTask *task)
{
  return do_wait (task);
}

SENTRY_RESTART_FUNC (futex_restart);

/* *ret: sandbox monotonic. */
static int
read_deadline (SentryTask *task, guint64 addr, guint32 op, gboolean absolute, gint64 *ret)
{
  SentryTimekeeper *tk = sentry_kernel_timekeeper (task->kernel);
  struct timespec ts;
  gint64 ns;

  *ret = SENTRY_TIME_NEVER;
  if (addr == 0)
    return 0;
  if (sentry_copy_in_object (sentry_task_usermem (task), &ts, addr) < 0)
    return -EFAULT;
  if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= SENTRY_NSEC_PER_SEC)
    return -EINVAL;
  if (ts.tv_sec >= G_MAXINT64 / SENTRY_NSEC_PER_SEC / 2)
    return 0;
  ns = ts.tv_sec * SENTRY_NSEC_PER_SEC + ts.tv_nsec;
  if (!absolute)
    ns += sentry_clock_now (tk, CLOCK_MONOTONIC);
  else if (op & FUTEX_CLOCK_REALTIME)
    ns += sentry_clock_now (tk, CLOCK_MONOTONIC) - sentry_clock_now (tk, CLOCK_REALTIME);
  *ret = ns;
  return 0;
}

static gint64
begin_wait (SentryTask *task, const SentrySyscallArgs *args, guint32 bitset, gboolean absolute)
{
  SentryCallState *call = &task->call;
  guint32 op = (guint32) args->arg[1];
  int r;

  if (!call->entered)
    {
      if (bitset == 0)
        return -EINVAL;
      r = read_deadline (task, args->arg[3], op, absolute, &call->deadline);
      if (r < 0)
        return r;
      call->has_deadline = TRUE;
      call->scratch[SCRATCH_ADDR] = args->arg[0];
      call->scratch[SCRATCH_VALUE] = (guint32) args->arg[2];
      call->scratch[SCRATCH_BITSET] = bitset;
      call->scratch[SCRATCH_SHARED] = !(op & FUTEX_PRIVATE_FLAG);
    }
  return do_wait (task);
}

gint64
sentry_sys_futex (SentryTask *task, const SentrySyscallArgs *args)
{
  guint64 addr = args->arg[0], addr2 = args->arg[4];
  guint32 op = (guint32) args->arg[1], val = (guint32) args->arg[2], val2 = (guint32) args->arg[3];
  guint32 val3 = (guint32) args->arg[5];
  gboolean shared = !(op & FUTEX_PRIVATE_FLAG);
  int cmd = (int) (op & (guint32) FUTEX_CMD_MASK);

  if ((op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_WAIT_REQUEUE_PI
      && cmd != FUTEX_LOCK_PI2)
    return -ENOSYS;
  switch (cmd)
    {
    case FUTEX_WAIT:
      return begin_wait (task, args, SENTRY_FUTEX_ANY, FALSE);
    case FUTEX_WAIT_BITSET:
      return begin_wait (task, args, val3, TRUE);
    case FUTEX_WAKE:
      return sentry_futex_wake (task->mm, addr, shared, val, SENTRY_FUTEX_ANY);
    case FUTEX_WAKE_BITSET:
      return sentry_futex_wake (task->mm, addr, shared, val, val3);
    case FUTEX_REQUEUE:
      return sentry_futex_requeue (task->mm, addr, addr2, shared, val, val2, NULL);
    case FUTEX_CMP_REQUEUE:
      return sentry_futex_requeue (task->mm, addr, addr2, shared, val, val2, &val3);
    case FUTEX_WAKE_OP:
      return sentry_futex_wake_op (task->mm, task->context, addr, addr2, shared, val, val2, val3);
    default:
      return -ENOSYS;
    }
}

gint64
sentry_sys_set_robust_list (SentryTask *task, const SentrySyscallArgs *args)
{
  if (args->arg[1] != 3 * sizeof (guint64)) /* struct robust_list_head */
    return -EINVAL;
  sentry_task_set_robust_list (task, args->arg[0]);
  return 0;
}

gint64
sentry_sys_get_robust_list (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  gint32 pid = (gint32) args->arg[0];
  SentryTask *target = pid == 0 ? sentry_task_ref (task) : sentry_task_find (task, pid);
  guint64 head, len = 3 * sizeof (guint64);
  int r;

  if (target == NULL)
    return -ESRCH;
  r = sentry_task_may_access (task, target, FALSE, FALSE);
  head = sentry_task_robust_list (target);
  sentry_task_unref (target);
  if (r == 0)
    r = sentry_copy_out_object (um, args->arg[2], &len);
  return r < 0 ? r : sentry_copy_out_object (um, args->arg[1], &head);
}
