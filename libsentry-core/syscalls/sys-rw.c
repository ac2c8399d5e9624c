/* read, write and their positioned and vectored kin, lseek.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

/* Linux checks the descriptor before the buffer, and the direction before both. */
static gint64
check_direction (SentryFile *f, gboolean write)
{
  return f->mode & (write ? SENTRY_FMODE_WRITE : SENTRY_FMODE_READ) ? 0 : -EBADF;
}

static gint64
transfer_buffer (SentryTask *task, const SentrySyscallArgs *args, gboolean write, gint64 *pos)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  SentryIter it;
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = check_direction (f, write);
  if (r == 0 && pos != NULL && (f->mode & SENTRY_FMODE_STREAM))
    r = -ESPIPE;
  if (r == 0)
    r = sentry_iter_init_user (&it, sentry_task_usermem (task), args->arg[1], args->arg[2]);
  if (r == 0)
    {
      r = write ? sentry_task_write (task, f, &it, pos, FALSE)
                : sentry_task_read (task, f, &it, pos, FALSE);
      sentry_iter_clear (&it);
    }
  sentry_file_unref (f);
  return r;
}

gint64
sentry_sys_read (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_buffer (task, args, FALSE, NULL);
}

gint64
sentry_sys_write (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_buffer (task, args, TRUE, NULL);
}

static gint64
transfer_at (SentryTask *task, const SentrySyscallArgs *args, gboolean write)
{
  gint64 pos = args->arg[3];

  return pos < 0 ? -EINVAL : transfer_buffer (task, args, write, &pos);
}

gint64
sentry_sys_pread64 (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_at (task, args, FALSE);
}

gint64
sentry_sys_pwrite64 (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_at (task, args, TRUE);
}

/* RWF_HIPRI is a hint; RWF_ATOMIC needs the file's help and is refused as by a file system without
 * it. */
static gint64
check_rwf (SentryFile *f, int flags)
{
  if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
    return -EOPNOTSUPP;
  if ((flags & RWF_NOWAIT) && f->ops->poll == NULL)
    return -EOPNOTSUPP;
  return 0;
}

static gint64
transfer_vector (SentryTask *task, const SentrySyscallArgs *args, gboolean write, gint64 *pos,
                 int flags)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  SentryIter it;
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = pos != NULL && (f->mode & SENTRY_FMODE_STREAM) ? -ESPIPE : check_direction (f, write);
  if (r == 0)
    r = args->arg[2] > G_MAXUINT ? -EINVAL
                                 : sentry_iter_init_user_iov (&it, sentry_task_usermem (task),
                                                              args->arg[1], args->arg[2]);
  if (r == 0)
    {
      r = check_rwf (f, flags);
      it.append = (flags & RWF_APPEND) != 0;
      if (r == 0)
        r = write ? sentry_task_write (task, f, &it, pos, (flags & RWF_NOWAIT) != 0)
                  : sentry_task_read (task, f, &it, pos, (flags & RWF_NOWAIT) != 0);
      sentry_iter_clear (&it);
    }
  if (write && r > 0 && (flags & (RWF_DSYNC | RWF_SYNC)) && f->ops->fsync != NULL)
    {
      int synced = f->ops->fsync (f, !(flags & RWF_SYNC));
      r = synced < 0 ? synced : r;
    }
  sentry_file_unref (f);
  return r;
}

gint64
sentry_sys_readv (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_vector (task, args, FALSE, NULL, 0);
}

gint64
sentry_sys_writev (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_vector (task, args, TRUE, NULL, 0);
}

static gint64
transfer_vector_at (SentryTask *task, const SentrySyscallArgs *args, gboolean write, gboolean v2)
{
  gint64 pos = args->arg[3]; /* the high half, arg 4, is unused on 64-bit */

  if (v2 && pos == -1)
    return transfer_vector (task, args, write, NULL, (int) args->arg[5]);
  if (pos < 0)
    return -EINVAL;
  return transfer_vector (task, args, write, &pos, v2 ? (int) args->arg[5] : 0);
}

gint64
sentry_sys_preadv (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_vector_at (task, args, FALSE, FALSE);
}

gint64
sentry_sys_pwritev (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_vector_at (task, args, TRUE, FALSE);
}

gint64
sentry_sys_preadv2 (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_vector_at (task, args, FALSE, TRUE);
}

gint64
sentry_sys_pwritev2 (SentryTask *task, const SentrySyscallArgs *args)
{
  return transfer_vector_at (task, args, TRUE, TRUE);
}

gint64
sentry_sys_lseek (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = args->arg[2] > G_MAXINT ? -EINVAL : sentry_file_seek (f, args->arg[1], args->arg[2]);
  sentry_file_unref (f);
  return r;
}
