/* pipe and pipe2. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "fs/pipe.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

/* Both numbers are reserved and written out before the ends become visible: a bad address leaves
 * nothing behind. */
static gint64
install_pair (SentryTask *task, SentryFile *const *files, guint64 addr, gboolean cloexec)
{
  gint32 fds[2] = { -1, -1 };
  gint64 r = 0;

  for (int i = 0; i < 2 && r == 0; i++)
    {
      fds[i] = sentry_fd_table_reserve (task->fds, 0, sentry_task_nofile (task));
      r = MIN (fds[i], 0);
    }
  if (r == 0)
    r = sentry_copy_out (sentry_task_usermem (task), addr, fds, sizeof fds);
  for (int i = 0; i < 2; i++)
    if (r == 0)
      sentry_fd_table_fill (task->fds, fds[i], files[i], cloexec);
    else if (fds[i] >= 0)
      sentry_fd_table_cancel (task->fds, fds[i]);
  return r;
}

static gint64
do_pipe (SentryTask *task, guint64 addr, guint32 flags)
{
  SentryFile *files[2];
  gint64 r;

  if (flags & ~(guint32) (O_CLOEXEC | O_NONBLOCK | O_DIRECT))
    return -EINVAL;
  r = sentry_pipe_new (task->cred, flags, &files[0], &files[1]);
  if (r < 0)
    return r;
  r = install_pair (task, files, addr, (flags & O_CLOEXEC) != 0);
  sentry_file_unref (files[0]);
  sentry_file_unref (files[1]);
  return r;
}

gint64
sentry_sys_pipe (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_pipe (task, args->arg[0], 0);
}

gint64
sentry_sys_pipe2 (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_pipe (task, args->arg[0], args->arg[1]);
}
