/* timerfd_create, timerfd_settime, timerfd_gettime. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/timerfd.h>

#include "fs/timerfd.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

gint64
sentry_sys_timerfd_create (SentryTask *task, const SentrySyscallArgs *args)
{
  clockid_t clock = (clockid_t) args->arg[0];
  guint32 flags = args->arg[1];
  SentryFile *f;
  gint64 fd;

  if (flags & ~(guint32) (TFD_CLOEXEC | TFD_NONBLOCK))
    return -EINVAL;
  switch (clock)
    {
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
      if (!sentry_task_capable (task, CAP_WAKE_ALARM))
        return -EPERM;
      clock = clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : CLOCK_BOOTTIME;
      break;
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
      break;
    default:
      return -EINVAL;
    }
  f = sentry_timerfd_new (task->cred, sentry_kernel_timers (task->kernel), clock, flags);
  if (f == NULL)
    return -ENOMEM;
  fd = sentry_fd_table_install (task->fds, f, 0, sentry_task_nofile (task),
                                (flags & TFD_CLOEXEC) != 0);
  sentry_file_unref (f);
  return fd;
}

/* The file of a timerfd, with a reference; NULL and *ret_errno. */
static SentryFile *
get_timerfd (SentryTask *task, gint64 fd, int *ret_errno)
{
  SentryFile *f = sentry_task_file_io (task, fd);

  *ret_errno = f == NULL ? -EBADF : -EINVAL;
  if (f != NULL && !sentry_file_is_timerfd (f))
    {
      sentry_file_unref (f);
      f = NULL;
    }
  return f;
}

static gboolean
to_ns (struct timespec ts, gint64 *ret_ns)
{
  if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= SENTRY_NSEC_PER_SEC)
    return FALSE;
  *ret_ns = ts.tv_sec >= SENTRY_TIME_NEVER / SENTRY_NSEC_PER_SEC
                ? SENTRY_TIME_NEVER - 1
                : ts.tv_sec * SENTRY_NSEC_PER_SEC + ts.tv_nsec;
  return TRUE;
}

static gint64
put_setting (SentryTask *task, guint64 addr, gint64 remaining, gint64 period)
{
  struct itimerspec out = { { period / SENTRY_NSEC_PER_SEC, period % SENTRY_NSEC_PER_SEC },
                            { remaining / SENTRY_NSEC_PER_SEC, remaining % SENTRY_NSEC_PER_SEC } };

  return sentry_copy_out_object (sentry_task_usermem (task), addr, &out);
}

gint64
sentry_sys_timerfd_settime (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryTimekeeper *tk = sentry_kernel_timekeeper (task->kernel);
  int flags = (int) args->arg[1], err;
  gint64 value, period, deadline = SENTRY_TIME_NEVER, old_left, old_period;
  struct itimerspec in;
  SentryFile *f;

  if (sentry_copy_in_object (sentry_task_usermem (task), &in, args->arg[2]) < 0)
    return -EFAULT;
  if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) || !to_ns (in.it_value, &value)
      || !to_ns (in.it_interval, &period))
    return -EINVAL;
  f = get_timerfd (task, args->arg[0], &err);
  if (f == NULL)
    return err;
  if (value > 0)
    {
      gint64 now = flags & TFD_TIMER_ABSTIME ? 0 : sentry_clock_now (tk, sentry_timerfd_clock (f));

      deadline = value < SENTRY_TIME_NEVER - 1 - now ? now + value : SENTRY_TIME_NEVER - 1;
    }
  sentry_timerfd_set (f, deadline, period, &old_left, &old_period);
  sentry_file_unref (f);
  return args->arg[3] == 0 ? 0 : put_setting (task, args->arg[3], old_left, old_period);
}

gint64
sentry_sys_timerfd_gettime (SentryTask *task, const SentrySyscallArgs *args)
{
  gint64 left, period;
  int err;
  SentryFile *f = get_timerfd (task, args->arg[0], &err);

  if (f == NULL)
    return err;
  sentry_timerfd_get (f, &left, &period);
  sentry_file_unref (f);
  return put_setting (task, args->arg[1], left, period);
}
