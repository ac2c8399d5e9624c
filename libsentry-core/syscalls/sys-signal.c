/* The signal calls. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "kernel/process.h"
#include "kernel/signal.h"
#include "syscalls/handlers.h"
#include "time/clock.h"

gint64
sentry_sys_rt_sigaction (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  SentrySigaction set, old;
  gint64 r;

  if (args->arg[3] != sizeof (SentrySigset))
    return -EINVAL;
  if (args->arg[1] != 0 && sentry_copy_in_object (um, &set, args->arg[1]) < 0)
    return -EFAULT;
  r = sentry_task_sigaction (task, (int) args->arg[0], args->arg[1] != 0 ? &set : NULL, &old);
  if (r == 0 && args->arg[2] != 0)
    r = sentry_copy_out_object (um, args->arg[2], &old);
  return r;
}

gint64
sentry_sys_rt_sigprocmask (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  SentrySigset old = sentry_task_blocked (task), set;

  if (args->arg[3] != sizeof (SentrySigset))
    return -EINVAL;
  if (args->arg[1] != 0)
    {
      if (sentry_copy_in_object (um, &set, args->arg[1]) < 0)
        return -EFAULT;
      switch ((int) args->arg[0])
        {
        case SIG_BLOCK:
          set |= old;
          break;
        case SIG_UNBLOCK:
          set = old & ~set;
          break;
        case SIG_SETMASK:
          break;
        default:
          return -EINVAL;
        }
      sentry_task_set_blocked (task, set);
    }
  return args->arg[2] != 0 ? sentry_copy_out_object (um, args->arg[2], &old) : 0;
}

gint64
sentry_sys_rt_sigreturn (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_sigreturn (task);
}

gint64
sentry_sys_restart_syscall (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_restart_syscall (task);
}

gint64
sentry_sys_rt_sigpending (SentryTask *task, const SentrySyscallArgs *args)
{
  SentrySigset set = sentry_task_sigpending (task);

  /* A size smaller than the set's is allowed here, and only here. */
  if (args->arg[1] > sizeof set)
    return -EINVAL;
  return sentry_copy_out (sentry_task_usermem (task), args->arg[0], &set, args->arg[1]);
}

gint64
sentry_sys_rt_sigsuspend (SentryTask *task, const SentrySyscallArgs *args)
{
  SentrySigset mask;

  if (args->arg[1] != sizeof mask)
    return -EINVAL;
  if (!task->call.entered)
    {
      if (sentry_copy_in_object (sentry_task_usermem (task), &mask, args->arg[0]) < 0)
        return -EFAULT;
      sentry_task_call_set_mask (task, mask);
    }
  return sentry_task_sigsuspend (task);
}

gint64
sentry_sys_pause (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_task_sigsuspend (task);
}

gint64
sentry_sys_sigaltstack (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  SentryAltStack set, old;
  gint64 r;

  if (args->arg[0] != 0 && sentry_copy_in_object (um, &set, args->arg[0]) < 0)
    return -EFAULT;
  r = sentry_task_sigaltstack (task, args->arg[0] != 0 ? &set : NULL, &old, MINSIGSTKSZ);
  if (r == 0 && args->arg[1] != 0)
    r = sentry_copy_out_object (um, args->arg[1], &old);
  return r;
}

gint64
sentry_sys_rt_sigtimedwait (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  gint64 deadline = SENTRY_TIME_NEVER, r;
  struct timespec ts;
  SentrySigset which;
  siginfo_t info;

  if (args->arg[3] != sizeof which)
    return -EINVAL;
  if (sentry_copy_in_object (um, &which, args->arg[0]) < 0)
    return -EFAULT;
  if (args->arg[2] != 0)
    {
      if (sentry_copy_in_object (um, &ts, args->arg[2]) < 0)
        return -EFAULT;
      if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= SENTRY_NSEC_PER_SEC)
        return -EINVAL;
      if (ts.tv_sec == 0 && ts.tv_nsec == 0)
        deadline = 0;
      else if (ts.tv_sec < G_MAXINT64 / SENTRY_NSEC_PER_SEC)
        deadline = sentry_task_call_deadline (task, ts.tv_sec * SENTRY_NSEC_PER_SEC + ts.tv_nsec);
    }
  r = sentry_task_sigwait (task, which, deadline, &info);
  if (r > 0 && args->arg[1] != 0 && sentry_copy_out_object (um, args->arg[1], &info) < 0)
    return -EFAULT;
  return r;
}

gint64
sentry_sys_kill (SentryTask *task, const SentrySyscallArgs *args)
{
  siginfo_t info;
  int sig = (int) args->arg[1];

  sentry_task_fill_siginfo (task, sig, SI_USER, &info);
  return sentry_task_kill (task, (gint32) args->arg[0], sig, &info);
}

static gint64
do_tgkill (SentryTask *task, gint32 tgid, gint32 tid, int sig)
{
  siginfo_t info;

  sentry_task_fill_siginfo (task, sig, SI_TKILL, &info);
  return sentry_task_tgkill (task, tgid, tid, sig, &info);
}

gint64
sentry_sys_tkill (SentryTask *task, const SentrySyscallArgs *args)
{
  gint32 tid = (gint32) args->arg[0];

  return tid > 0 ? do_tgkill (task, 0, tid, (int) args->arg[1]) : -EINVAL;
}

gint64
sentry_sys_tgkill (SentryTask *task, const SentrySyscallArgs *args)
{
  gint32 tgid = (gint32) args->arg[0], tid = (gint32) args->arg[1];

  return tgid > 0 && tid > 0 ? do_tgkill (task, tgid, tid, (int) args->arg[2]) : -EINVAL;
}

/* What the guest says of a signal's origin: only codes that the kernel and kill don't use, unless
 * it goes to itself. */
static int
copy_in_info (SentryTask *task, guint64 addr, int sig, gboolean to_self, siginfo_t *ret_info)
{
  if (sentry_copy_in_object (sentry_task_usermem (task), ret_info, addr) < 0)
    return -EFAULT;
  ret_info->si_signo = sig;
  if (!to_self && (ret_info->si_code >= 0 || ret_info->si_code == SI_TKILL))
    return -EPERM;
  return 0;
}

gint64
sentry_sys_rt_sigqueueinfo (SentryTask *task, const SentrySyscallArgs *args)
{
  gint32 pid = (gint32) args->arg[0];
  int sig = (int) args->arg[1], r;
  siginfo_t info;

  r = copy_in_info (task, args->arg[2], sig, pid == sentry_task_tgid (task), &info);
  return r < 0 ? r : sentry_task_sigqueue (task, pid, sig, &info);
}

gint64
sentry_sys_rt_tgsigqueueinfo (SentryTask *task, const SentrySyscallArgs *args)
{
  gint32 tgid = (gint32) args->arg[0], tid = (gint32) args->arg[1];
  int sig = (int) args->arg[2], r;
  siginfo_t info;

  if (sentry_copy_in_object (sentry_task_usermem (task), &info, args->arg[3]) < 0)
    return -EFAULT;
  if (tgid <= 0 || tid <= 0)
    return -EINVAL;
  r = copy_in_info (task, args->arg[3], sig, tid == task->tid, &info);
  return r < 0 ? r : sentry_task_tgkill (task, tgid, tid, sig, &info);
}
