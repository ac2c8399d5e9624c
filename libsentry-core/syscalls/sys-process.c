/* fork, clone, exit, and who a process is. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/sched.h>
#include <signal.h>

#include "kernel/attributes.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "syscalls/handlers.h"

gint64
sentry_sys_fork (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryCloneArgs c = { .exit_signal = SIGCHLD };

  return sentry_task_clone (task, &c);
}

gint64
sentry_sys_vfork (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryCloneArgs c = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

  return sentry_task_clone (task, &c);
}

/* flags, stack, parent_tid, child_tid, tls */
gint64
sentry_sys_clone (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryCloneArgs c = { .flags = (guint32) args->arg[0] & ~(guint64) CSIGNAL,
                        .exit_signal = args->arg[0] & CSIGNAL,
                        .stack = args->arg[1],
                        .parent_tid = args->arg[2],
                        .pidfd = args->arg[2],
                        .child_tid = args->arg[3],
                        .tls = args->arg[4] };

  /* The one argument serves both. */
  if ((c.flags & CLONE_PIDFD) && (c.flags & CLONE_PARENT_SETTID))
    return -EINVAL;
  return sentry_task_clone (task, &c);
}

/* Bytes past what we know must be zero: a newer program asks for nothing new. */
static int
rest_is_zero (SentryUserMem *um, guint64 addr, gsize size)
{
  guint8 buf[512];

  for (gsize n; size > 0; addr += n, size -= n)
    {
      n = MIN (size, sizeof buf);
      if (sentry_copy_in (um, buf, addr, n) < 0)
        return -EFAULT;
      for (gsize i = 0; i < n; i++)
        if (buf[i] != 0)
          return -E2BIG;
    }
  return 0;
}

static int
copy_clone_args (SentryTask *task, guint64 addr, gsize size, SentryCloneArgs *ret)
{
  SentryUserMem *um = sentry_task_usermem (task);
  int r = 0;

  *ret = (SentryCloneArgs){ 0 };
  if (size > 4096)
    return -E2BIG;
  if (size < CLONE_ARGS_SIZE_VER0)
    return -EINVAL;
  if (size > sizeof *ret)
    r = rest_is_zero (um, addr + sizeof *ret, size - sizeof *ret);
  return r < 0 ? r : sentry_copy_in (um, ret, addr, MIN (size, sizeof *ret));
}

gint64
sentry_sys_clone3 (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryCloneArgs c;
  int r = copy_clone_args (task, args->arg[0], args->arg[1], &c);

  if (r < 0)
    return r;
  if ((c.set_tid_size != 0) != (c.set_tid != 0) || c.set_tid_size > 32
      || (c.exit_signal & ~(guint64) CSIGNAL) || c.exit_signal > SENTRY_NSIG)
    return -EINVAL;
  if (c.set_tid_size != 0)
    return -EPERM; /* needs CAP_CHECKPOINT_RESTORE, which restore does without */
  if (c.flags & ~((guint64) 0xffffffff | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
    return -EINVAL;
  if (c.flags & (CLONE_DETACHED | (CSIGNAL & ~(guint64) CLONE_NEWTIME)))
    return -EINVAL;
  if ((c.flags & (CLONE_THREAD | CLONE_PARENT)) && c.exit_signal != 0)
    return -EINVAL;
  if ((c.stack == 0) != (c.stack_size == 0))
    return -EINVAL;
  return sentry_task_clone (task, &c);
}

gint64
sentry_sys_unshare (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_unshare (task, args->arg[0]);
}

gint64
sentry_sys_exit (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_exit (task, (int) (args->arg[0] & 0xff) << 8);
}

gint64
sentry_sys_exit_group (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_exit_group (task, (int) (args->arg[0] & 0xff) << 8);
}

gint64
sentry_sys_set_tid_address (SentryTask *task, const SentrySyscallArgs *args)
{
  sentry_task_set_clear_child_tid (task, args->arg[0]);
  return task->tid;
}

gint64
sentry_sys_getpid (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_tgid (task);
}

gint64
sentry_sys_gettid (SentryTask *task, const SentrySyscallArgs *args)
{
  return task->tid;
}

gint64
sentry_sys_getppid (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_ppid (task);
}
