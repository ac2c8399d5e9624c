/* open and close, and what makes descriptors by name. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>

#include "fs/pipe.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

#define O_LARGEFILE_KERNEL 0100000 /* every open of a 64-bit program but openat2's has it */
#define O_SYNC_BIT 04000000
#define VALID_OPEN_FLAGS                                                                           \
  (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC             \
   | O_SYNC_BIT | O_ASYNC | O_DIRECT | O_LARGEFILE_KERNEL | O_DIRECTORY | O_NOFOLLOW | O_NOATIME   \
   | O_CLOEXEC | O_PATH | O_TMPFILE)
#define O_PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)
#define O_TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

/* build_open_flags of fs/open.c: what open ignores and openat2 refuses has been settled before. */
static int
check_flags (guint64 flags)
{
  if ((flags & (O_DIRECTORY | O_CREAT)) == (O_DIRECTORY | O_CREAT))
    return -EINVAL;
  if (flags & O_TMPFILE_BIT)
    {
      if (!(flags & O_DIRECTORY))
        return -EINVAL;
      if ((flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    }
  return 0;
}

/* Waits until the other end of a FIFO has come.  The half-open file lies in the call state, where a
 * pause leaves it. */
static gint64
wait_for_peer (SentryTask *task, SentryFile *f)
{
  while (sentry_fifo_open_done (f) == -EAGAIN)
    {
      SentryWaiter w;
      int r = 0;

      sentry_sleeper_prepare (&task->sleeper);
      sentry_waiter_init (&w, &task->sleeper, 0);
      sentry_wait_queue_add (sentry_fifo_open_queue (f), &w);
      if (sentry_fifo_open_done (f) == -EAGAIN)
        r = sentry_task_sleep (task, SENTRY_TIME_NEVER);
      sentry_wait_queue_remove (&w);
      if (r < 0)
        return r;
    }
  return 0;
}

/* Second half of an open: also where a call that slept goes on.  scratch[0] is the number that
 * waits for the file. */
static gint64
finish_open (SentryTask *task, guint64 flags)
{
  SentryFile *f = task->call.file[0];
  int fd = (int) task->call.scratch[0];
  gint64 r = flags & O_NONBLOCK ? 0 : wait_for_peer (task, f);

  if (r == -SENTRY_EPAUSE)
    return r;
  if (r == 0)
    sentry_fd_table_fill (task->fds, fd, f, (flags & O_CLOEXEC) != 0);
  else
    sentry_fd_table_cancel (task->fds, fd);
  task->call.file[0] = NULL;
  sentry_file_unref (f);
  return r < 0 ? r : fd;
}

static gint64
open_name (SentryTask *task, int dirfd, guint64 name, guint64 flags, guint32 mode, guint64 resolve)
{
  SentryPathArg arg;
  gint64 r = sentry_path_arg_init (task, dirfd, name, &arg);

  if (r == 0)
    {
      /* Linux takes the number before it walks: EMFILE comes before ENOENT, and nothing is created
       * when no number is free. */
      gint64 fd = sentry_fd_table_reserve (task->fds, 0, sentry_task_nofile (task));

      r = MIN (fd, 0);
      task->call.scratch[0] = fd;
    }
  if (r == 0)
    {
      arg.walk.resolve = resolve;
      r = arg.ops->open (arg.ns, &arg.walk, arg.name, flags, mode, &task->call.file[0]);
      if (r < 0)
        sentry_fd_table_cancel (task->fds, (int) task->call.scratch[0]);
    }
  sentry_path_arg_clear (&arg);
  return r;
}

static gint64
do_open (SentryTask *task, int dirfd, guint64 name, guint64 flags, guint32 mode, guint64 resolve)
{
  gint64 r = 0;

  if (task->call.file[0] == NULL)
    {
      r = check_flags (flags);
      if (r < 0)
        return r;
      if (flags & O_PATH)
        flags &= O_PATH_FLAGS;
      r = open_name (task, dirfd, name, flags, mode, resolve);
    }
  return r < 0 ? r : finish_open (task, flags);
}

gint64
sentry_sys_openat (SentryTask *task, const SentrySyscallArgs *args)
{
  guint64 flags = ((guint32) args->arg[2] & VALID_OPEN_FLAGS) | O_LARGEFILE_KERNEL;

  return do_open (task, args->arg[0], args->arg[1], flags, args->arg[3] & 07777, 0);
}

gint64
sentry_sys_open (SentryTask *task, const SentrySyscallArgs *args)
{
  guint64 flags = ((guint32) args->arg[1] & VALID_OPEN_FLAGS) | O_LARGEFILE_KERNEL;

  return do_open (task, AT_FDCWD, args->arg[0], flags, args->arg[2] & 07777, 0);
}

gint64
sentry_sys_creat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_open (task, AT_FDCWD, args->arg[0], O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE_KERNEL,
                  args->arg[1] & 07777, 0);
}

/* copy_struct_from_user: newer and longer structs are fine as long as what we don't know is zero.
 */
static int
copy_in_how (SentryTask *task, guint64 addr, guint64 size, struct open_how *ret_how)
{
  guint8 buf[4096];

  if (size < sizeof *ret_how)
    return -EINVAL;
  if (size > sizeof buf)
    return -E2BIG;
  if (sentry_copy_in (sentry_task_usermem (task), buf, addr, size) < 0)
    return -EFAULT;
  for (guint64 i = sizeof *ret_how; i < size; i++)
    if (buf[i] != 0)
      return -E2BIG;
  memcpy (ret_how, buf, sizeof *ret_how);
  return 0;
}

static int
check_how (const struct open_how *how)
{
  const guint64 resolve_all = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS
                              | RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED;

  if (how->flags & ~(guint64) VALID_OPEN_FLAGS)
    return -EINVAL;
  if (how->resolve & ~resolve_all)
    return -EINVAL;
  if ((how->resolve & RESOLVE_BENEATH) && (how->resolve & RESOLVE_IN_ROOT))
    return -EINVAL;
  if (how->flags & (O_CREAT | O_TMPFILE_BIT) ? (how->mode & ~07777ull) != 0 : how->mode != 0)
    return -EINVAL;
  if ((how->flags & O_PATH) && (how->flags & ~(guint64) O_PATH_FLAGS))
    return -EINVAL;
  if ((how->resolve & RESOLVE_CACHED) && (how->flags & (O_TRUNC | O_CREAT | O_TMPFILE_BIT)))
    return -EAGAIN;
  return 0;
}

gint64
sentry_sys_openat2 (SentryTask *task, const SentrySyscallArgs *args)
{
  struct open_how how;
  gint64 r = copy_in_how (task, args->arg[2], args->arg[3], &how);

  if (r == 0)
    r = check_how (&how);
  if (r < 0)
    return r;
  return do_open (task, args->arg[0], args->arg[1], how.flags, how.mode, how.resolve);
}

gint64
sentry_sys_close (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_fd_table_close (task->fds, (int) args->arg[0]);
}

gint64
sentry_sys_close_range (SentryTask *task, const SentrySyscallArgs *args)
{
  enum
  {
    UNSHARE = 1 << 1,
    CLOEXEC = 1 << 2,
  };
  guint first = args->arg[0], last = args->arg[1], flags = args->arg[2];

  if (flags & ~(guint) (UNSHARE | CLOEXEC))
    return -EINVAL;
  if (first > last)
    return -EINVAL;
  if ((flags & UNSHARE) && sentry_fd_table_is_shared (task->fds))
    {
      SentryFdTable *own = sentry_fd_table_copy (task->fds, G_MAXUINT);

      if (own == NULL)
        return -ENOMEM;
      sentry_task_set_fds (task, own);
    }
  sentry_fd_table_close_range (task->fds, first, last, (flags & CLOEXEC) != 0);
  return 0;
}
