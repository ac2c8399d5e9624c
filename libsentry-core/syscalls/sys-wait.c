/* wait4 and waitid. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "base/sentry-errno.h"
#include "kernel/pidfd.h"
#include "kernel/process.h"
#include "syscalls/handlers.h"

gint64
sentry_sys_wait4 (SentryTask *task, const SentrySyscallArgs *args)
{
  gint32 pid = (gint32) args->arg[0];
  int options = (int) args->arg[2];
  SentryWaitArgs w = { .options = options | WEXITED };
  SentryUserMem *um = sentry_task_usermem (task);
  SentryWaitResult result;
  gint64 r;

  if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
    return -EINVAL;
  if (pid == G_MININT32)
    return -ESRCH;
  w.which = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
  w.id = pid < 0 ? -pid : pid;
  r = sentry_task_wait (task, &w, &result);
  if (r < 0 || result.pid == 0)
    return r;
  if (args->arg[1] != 0 && sentry_copy_out_object (um, args->arg[1], &result.wait_status) < 0)
    return -EFAULT;
  if (args->arg[3] != 0 && sentry_copy_out_object (um, args->arg[3], &result.usage) < 0)
    return -EFAULT;
  return result.pid;
}

static int
check_waitid (int which, gint32 id, int options)
{
  if ((options
       & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
      || !(options & (WEXITED | WSTOPPED | WCONTINUED)))
    return -EINVAL;
  switch (which)
    {
    case P_ALL:
      return 0;
    case P_PID:
      return id > 0 ? 0 : -EINVAL;
    case P_PGID:
      return id >= 0 ? 0 : -EINVAL;
    case P_PIDFD:
      return id >= 0 ? 0 : -EINVAL;
    default:
      return -EINVAL;
    }
}

/* Turns P_PIDFD into P_PID.  A process that has been reaped is nobody's child. */
static int
resolve_pidfd (SentryTask *task, SentryWaitArgs *w, gboolean *ret_nonblock)
{
  g_autoptr (SentryFile) f = NULL;
  SentryThreadGroup *group;
  SentryTask *leader;

  *ret_nonblock = FALSE;
  if (w->which != P_PIDFD)
    return 0;
  f = sentry_fd_table_get_io (task->fds, w->id);
  group = f != NULL ? sentry_pidfd_group (f) : NULL;
  if (group == NULL)
    return -EBADF;
  leader = sentry_thread_group_get_leader (group);
  if (leader == NULL)
    return -ECHILD;
  w->which = P_PID;
  w->id = leader->tid;
  sentry_task_unref (leader);
  *ret_nonblock = !(w->options & WNOHANG) && (sentry_file_flags (f) & O_NONBLOCK) != 0;
  if (*ret_nonblock)
    w->options |= WNOHANG;
  return 0;
}

/* The result is written field by field by Linux; what lies between stays the guest's. */
static int
copy_out_info (SentryUserMem *um, guint64 addr, const SentryWaitResult *result)
{
  siginfo_t info;

  memset (&info, 0, sizeof info);
  if (result->pid != 0)
    {
      info.si_signo = SIGCHLD;
      info.si_code = result->cause;
      info.si_pid = result->pid;
      info.si_uid = result->uid;
      info.si_status = result->status;
    }
  return sentry_copy_out (um, addr, &info, G_STRUCT_OFFSET (siginfo_t, si_status) + sizeof (int));
}

gint64
sentry_sys_waitid (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryWaitArgs w
      = { .which = (int) args->arg[0], .id = (gint32) args->arg[1], .options = (int) args->arg[3] };
  SentryUserMem *um = sentry_task_usermem (task);
  SentryWaitResult result = { 0 };
  gboolean nonblock = FALSE;
  gint64 r = check_waitid (w.which, w.id, w.options);

  if (r == 0)
    r = resolve_pidfd (task, &w, &nonblock);
  if (r == 0)
    r = sentry_task_wait (task, &w, &result);
  if (r == 0 && nonblock && result.pid == 0)
    return -EAGAIN;
  if (r == -SENTRY_EPAUSE)
    return r;
  if (r == 0 && result.pid != 0 && args->arg[4] != 0
      && sentry_copy_out_object (um, args->arg[4], &result.usage) < 0)
    return -EFAULT;
  if (r == 0 && args->arg[2] != 0 && copy_out_info (um, args->arg[2], &result) < 0)
    return -EFAULT;
  return r;
}
