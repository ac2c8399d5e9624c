/* epoll and eventfd. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "fs/epoll.h"
#include "fs/eventfd.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

/* Events of one call that we hold at once; a larger buffer is simply not filled further, as Linux
 * may do too. */
#define MAX_EVENTS 512

static gint64
install_new (SentryTask *task, SentryFile *f, gboolean cloexec)
{
  gint64 fd;

  if (f == NULL)
    return -ENOMEM;
  fd = sentry_fd_table_install (task->fds, f, 0, sentry_task_nofile (task), cloexec);
  sentry_file_unref (f);
  return fd;
}

gint64
sentry_sys_epoll_create1 (SentryTask *task, const SentrySyscallArgs *args)
{
  if (args->arg[0] & ~(guint64) EPOLL_CLOEXEC)
    return -EINVAL;
  return install_new (task, sentry_epoll_new (task->cred), (args->arg[0] & EPOLL_CLOEXEC) != 0);
}

gint64
sentry_sys_epoll_create (SentryTask *task, const SentrySyscallArgs *args)
{
  if ((gint32) args->arg[0] <= 0)
    return -EINVAL;
  return install_new (task, sentry_epoll_new (task->cred), FALSE);
}

gint64
sentry_sys_epoll_ctl (SentryTask *task, const SentrySyscallArgs *args)
{
  int op = (int) args->arg[1], fd = (int) args->arg[2];
  struct epoll_event event = { 0 };
  SentryFile *epoll, *target;
  gint64 r;

  if (op != EPOLL_CTL_DEL
      && sentry_copy_in_object (sentry_task_usermem (task), &event, args->arg[3]) < 0)
    return -EFAULT;
  epoll = sentry_task_file_io (task, args->arg[0]);
  target = sentry_task_file_io (task, fd);
  if (epoll == NULL || target == NULL)
    r = -EBADF;
  else if (target->ops->poll == NULL)
    r = -EPERM;
  else if (!sentry_file_is_epoll (epoll))
    r = -EINVAL;
  else
    r = sentry_epoll_ctl (epoll, op, target, fd, &event);
  sentry_file_unref (epoll);
  sentry_file_unref (target);
  return r;
}

static gint64
copy_out_events (SentryTask *task, guint64 addr, const struct epoll_event *events, int n)
{
  return sentry_copy_out (sentry_task_usermem (task), addr, events, n * sizeof *events) < 0
             ? -EFAULT
             : n;
}

/* `deadline` 0: don't wait. */
static gint64
wait_events (SentryTask *task, SentryFile *epoll, guint64 addr, int max, gint64 deadline)
{
  struct epoll_event events[MAX_EVENTS];
  gint64 n = sentry_epoll_collect (epoll, events, MIN (max, MAX_EVENTS));

  while (n == 0 && deadline != 0)
    {
      SentryIoWait w;
      int slept = 0;

      sentry_io_wait_begin (&w, task, epoll, POLLIN);
      n = sentry_epoll_collect (epoll, events, MIN (max, MAX_EVENTS));
      if (n == 0)
        slept = sentry_io_wait_sleep (&w, deadline);
      sentry_io_wait_end (&w);
      if (slept == -ETIMEDOUT)
        deadline = 0;
      else if (slept == -SENTRY_ERESTARTSYS)
        return -EINTR;
      else if (slept < 0)
        return slept;
    }
  return n == 0 ? 0 : copy_out_events (task, addr, events, n);
}

static gint64
do_epoll_wait (SentryTask *task, const SentrySyscallArgs *args, gint64 deadline)
{
  gint32 max = (gint32) args->arg[2];
  SentryFile *epoll;
  gint64 r;

  if (max <= 0 || max > G_MAXINT / (gint32) sizeof (struct epoll_event))
    return -EINVAL;
  epoll = sentry_task_file_io (task, args->arg[0]);
  if (epoll == NULL)
    return -EBADF;
  r = sentry_file_is_epoll (epoll) ? wait_events (task, epoll, args->arg[1], max, deadline)
                                   : -EINVAL;
  sentry_file_unref (epoll);
  return r;
}

static gint64
deadline_from_ms (SentryTask *task, gint32 ms)
{
  return ms == 0 ? 0
                 : sentry_task_call_deadline (task, ms < 0 ? -1 : ms * G_GINT64_CONSTANT (1000000));
}

gint64
sentry_sys_epoll_wait (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_epoll_wait (task, args, deadline_from_ms (task, args->arg[3]));
}

gint64
sentry_sys_epoll_pwait (SentryTask *task, const SentrySyscallArgs *args)
{
  gint64 r = sentry_task_take_call_mask (task, args->arg[4], args->arg[5]);

  return r < 0 ? r : do_epoll_wait (task, args, deadline_from_ms (task, args->arg[3]));
}

gint64
sentry_sys_epoll_pwait2 (SentryTask *task, const SentrySyscallArgs *args)
{
  gint64 deadline = SENTRY_TIME_NEVER, r;
  struct timespec ts;

  if (args->arg[3] != 0)
    {
      if (sentry_copy_in_object (sentry_task_usermem (task), &ts, args->arg[3]) < 0)
        return -EFAULT;
      if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= SENTRY_NSEC_PER_SEC)
        return -EINVAL;
      if (ts.tv_sec == 0 && ts.tv_nsec == 0)
        deadline = 0;
      else if (ts.tv_sec < G_MAXINT64 / SENTRY_NSEC_PER_SEC - 1)
        deadline = sentry_task_call_deadline (task, ts.tv_sec * SENTRY_NSEC_PER_SEC + ts.tv_nsec);
    }
  r = sentry_task_take_call_mask (task, args->arg[4], args->arg[5]);
  return r < 0 ? r : do_epoll_wait (task, args, deadline);
}

gint64
sentry_sys_eventfd2 (SentryTask *task, const SentrySyscallArgs *args)
{
  guint32 flags = args->arg[1];

  if (flags & ~(guint32) (EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE))
    return -EINVAL;
  return install_new (task, sentry_eventfd_new (task->cred, (guint32) args->arg[0], flags),
                      (flags & EFD_CLOEXEC) != 0);
}

gint64
sentry_sys_eventfd (SentryTask *task, const SentrySyscallArgs *args)
{
  return install_new (task, sentry_eventfd_new (task->cred, (guint32) args->arg[0], 0), FALSE);
}
