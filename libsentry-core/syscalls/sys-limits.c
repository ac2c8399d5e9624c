/* Limits and what has been used: rlimits, rusage, times, sysinfo.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>

#include "kernel/attributes.h"
#include "kernel/group-timers.h"
#include "kernel/process.h"
#include "kernel/sysinfo.h"
#include "syscalls/handlers.h"
#include "time/clock.h"

/* Faults look at the soft limits of stack and address space, which the mm keeps; CPU time is
 * watched by the group's timers. */
static void
limits_changed (SentryTask *target)
{
  SentryMM *mm = sentry_task_get_mm (target);

  sentry_group_timers_cpu_limit (target->group);
  if (mm != NULL)
    sentry_mm_set_limits (mm, sentry_task_limits (target));
  sentry_mm_unref (mm);
}

static gint64
swap_limit (SentryTask *task, SentryTask *target, guint32 which, guint64 set_addr, guint64 old_addr)
{
  SentryUserMem *um = sentry_task_usermem (task);
  SentryLimit set, old; /* struct rlimit64's layout */
  int r;

  if (set_addr != 0 && sentry_copy_in_object (um, &set, set_addr) < 0)
    return -EFAULT;
  if (which >= SENTRY_N_LIMITS)
    return -EINVAL;
  r = sentry_limits_swap (sentry_task_limits (target), (int) which, set_addr != 0 ? &set : NULL,
                          sentry_task_capable (task, CAP_SYS_RESOURCE), &old);
  if (r == 0 && set_addr != 0)
    limits_changed (target);
  if (r == 0 && old_addr != 0)
    r = sentry_copy_out_object (um, old_addr, &old);
  return r;
}

gint64
sentry_sys_getrlimit (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryLimit limit;

  if ((guint32) args->arg[0] >= SENTRY_N_LIMITS)
    return -EINVAL;
  limit = sentry_limits_get_both (sentry_task_limits (task), (int) args->arg[0]);
  return sentry_copy_out_object (sentry_task_usermem (task), args->arg[1], &limit);
}

gint64
sentry_sys_setrlimit (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryLimit set;
  int r;

  if (sentry_copy_in_object (sentry_task_usermem (task), &set, args->arg[1]) < 0)
    return -EFAULT;
  if ((guint32) args->arg[0] >= SENTRY_N_LIMITS)
    return -EINVAL;
  r = sentry_limits_swap (sentry_task_limits (task), (int) args->arg[0], &set,
                          sentry_task_capable (task, CAP_SYS_RESOURCE), NULL);
  if (r == 0)
    limits_changed (task);
  return r;
}

/* Another's limits: all of its ids must be the caller's real ones. */
static int
may_use_limits (SentryTask *task, SentryTask *target)
{
  const SentryCred *c = task->cred;
  SentryCred *t;
  gboolean ok;

  if (task == target)
    return 0;
  t = sentry_task_get_cred (target);
  ok = (c->ruid == t->euid && c->ruid == t->suid && c->ruid == t->ruid && c->rgid == t->egid
        && c->rgid == t->sgid && c->rgid == t->rgid)
       || sentry_cred_capable_in (c, t->user_ns, CAP_SYS_RESOURCE);
  sentry_cred_unref (t);
  return ok ? 0 : -EPERM;
}

gint64
sentry_sys_prlimit64 (SentryTask *task, const SentrySyscallArgs *args)
{
  gint32 pid = (gint32) args->arg[0];
  SentryTask *target;
  gint64 r;

  target = pid == 0 ? sentry_task_ref (task) : sentry_task_find (task, pid);
  if (target == NULL)
    return -ESRCH;
  r = may_use_limits (task, target);
  if (r == 0)
    r = swap_limit (task, target, (guint32) args->arg[1], args->arg[2], args->arg[3]);
  sentry_task_unref (target);
  return r;
}

gint64
sentry_sys_getrusage (SentryTask *task, const SentrySyscallArgs *args)
{
  int who = (int) args->arg[0];
  struct rusage usage;

  if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
    return -EINVAL;
  sentry_task_rusage (task, who, &usage);
  return sentry_copy_out_object (sentry_task_usermem (task), args->arg[1], &usage);
}

#define TICK_NS (SENTRY_NSEC_PER_SEC / 100)

static clock_t
to_ticks (const struct timeval *tv)
{
  return tv->tv_sec * 100 + tv->tv_usec / 10000;
}

gint64
sentry_sys_times (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryTimekeeper *tk = sentry_kernel_timekeeper (task->kernel);
  struct rusage self, children;
  struct tms tms;

  if (args->arg[0] != 0)
    {
      sentry_task_rusage (task, RUSAGE_SELF, &self);
      sentry_task_rusage (task, RUSAGE_CHILDREN, &children);
      tms.tms_utime = to_ticks (&self.ru_utime);
      tms.tms_stime = to_ticks (&self.ru_stime);
      tms.tms_cutime = to_ticks (&children.ru_utime);
      tms.tms_cstime = to_ticks (&children.ru_stime);
      if (sentry_copy_out_object (sentry_task_usermem (task), args->arg[0], &tms) < 0)
        return -EFAULT;
    }
  return sentry_clock_now (tk, CLOCK_BOOTTIME) / TICK_NS;
}

gint64
sentry_sys_sysinfo (SentryTask *task, const SentrySyscallArgs *args)
{
  SentrySysinfo s;
  struct sysinfo info = { 0 };

  sentry_kernel_sysinfo (task->kernel, &s);
  info.uptime = (s.uptime_ns + SENTRY_NSEC_PER_SEC - 1) / SENTRY_NSEC_PER_SEC;
  for (guint i = 0; i < 3; i++)
    info.loads[i] = s.load[i] << (SI_LOAD_SHIFT - SENTRY_LOAD_SHIFT);
  info.totalram = s.total_memory;
  info.freeram = s.free_memory;
  info.sharedram = s.shared_memory;
  info.bufferram = 0;
  info.procs = (unsigned short) s.n_tasks;
  info.mem_unit = 1;
  return sentry_copy_out_object (sentry_task_usermem (task), args->arg[0], &info);
}
