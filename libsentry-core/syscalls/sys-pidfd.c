/* pidfd_open, pidfd_send_signal, pidfd_getfd. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "kernel/attributes.h"
#include "kernel/pidfd.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"

gint64
sentry_sys_pidfd_open (SentryTask *task, const SentrySyscallArgs *args)
{
  guint32 flags = (guint32) args->arg[1];
  gint32 pid = (gint32) args->arg[0];
  g_autoptr (SentryFile) f = NULL;
  SentryThreadGroup *group;
  int r;

  if ((flags & ~(guint32) O_NONBLOCK) || pid <= 0)
    return -EINVAL;
  r = sentry_task_find_group (task, pid, &group);
  if (r < 0)
    return r;
  f = sentry_pidfd_new (task, group, flags);
  sentry_thread_group_drop (group);
  if (f == NULL)
    return -ENOMEM;
  return sentry_fd_table_install (task->fds, f, 0, sentry_task_nofile (task), TRUE);
}

/* The leader behind a descriptor: 0 and a reference, -EBADF, -ESRCH. */
static int
find_leader (SentryTask *task, gint32 fd, SentryTask **ret_leader)
{
  g_autoptr (SentryFile) f = sentry_fd_table_get_io (task->fds, fd);
  SentryThreadGroup *group = f != NULL ? sentry_pidfd_group (f) : NULL;

  if (group == NULL)
    return -EBADF;
  *ret_leader = sentry_thread_group_get_leader (group);
  return *ret_leader != NULL ? 0 : -ESRCH;
}

#define SIGNAL_THREAD 1u
#define SIGNAL_THREAD_GROUP 2u
#define SIGNAL_PROCESS_GROUP 4u

static int
send_to (SentryTask *task, SentryTask *leader, guint32 flags, int sig, const siginfo_t *info)
{
  switch (flags)
    {
    case SIGNAL_THREAD:
      return sentry_task_tgkill (task, 0, leader->tid, sig, info);
    case SIGNAL_PROCESS_GROUP:
      return sentry_task_kill (task, -sentry_task_pgid (leader), sig, info);
    default:
      return sentry_task_sigqueue (task, leader->tid, sig, info);
    }
}

static int
make_info (SentryTask *task, SentryTask *leader, int sig, guint64 addr, siginfo_t *ret_info)
{
  if (addr == 0)
    {
      sentry_task_fill_siginfo (task, sig, SI_USER, ret_info);
      return 0;
    }
  if (sentry_copy_in_object (sentry_task_usermem (task), ret_info, addr) < 0)
    return -EFAULT;
  if (ret_info->si_signo != sig)
    return -EINVAL;
  if (leader->group != task->group && (ret_info->si_code >= 0 || ret_info->si_code == SI_TKILL))
    return -EPERM;
  return 0;
}

gint64
sentry_sys_pidfd_send_signal (SentryTask *task, const SentrySyscallArgs *args)
{
  guint32 flags = (guint32) args->arg[3];
  int sig = (int) args->arg[1], r;
  SentryTask *leader = NULL;
  siginfo_t info;

  if ((flags & ~(SIGNAL_THREAD | SIGNAL_THREAD_GROUP | SIGNAL_PROCESS_GROUP))
      || (flags & (flags - 1)))
    return -EINVAL;
  r = find_leader (task, (gint32) args->arg[0], &leader);
  if (r == 0)
    r = make_info (task, leader, sig, args->arg[2], &info);
  if (r == 0)
    r = send_to (task, leader, flags, sig, &info);
  sentry_task_unref (leader);
  return r;
}

gint64
sentry_sys_pidfd_getfd (SentryTask *task, const SentrySyscallArgs *args)
{
  g_autoptr (SentryFile) f = NULL;
  SentryTask *leader = NULL;
  SentryFdTable *fds = NULL;
  int r;

  if ((guint32) args->arg[2] != 0)
    return -EINVAL;
  r = find_leader (task, (gint32) args->arg[0], &leader);
  if (r == 0)
    r = sentry_task_may_access (task, leader, TRUE, FALSE);
  if (r == 0 && (fds = sentry_task_get_fds (leader)) == NULL)
    r = -ESRCH;
  sentry_task_unref (leader);
  if (r < 0)
    return r;
  f = sentry_fd_table_get (fds, (gint32) args->arg[1]);
  sentry_fd_table_unref (fds);
  if (f == NULL)
    return -EBADF;
  return sentry_fd_table_install (task->fds, f, 0, sentry_task_nofile (task), TRUE);
}
