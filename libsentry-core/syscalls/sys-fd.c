/* Calls on descriptors as such: dup, fcntl, ioctl, flock.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>

#include "auth/sentry-cred.h"
#include "fs/file-lock.h"
#include "fs/pipe.h"
#include "iface/sentry-inode.h"
#include "kernel/process.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

static gint64
dup_from (SentryTask *task, gint64 fd, guint64 from, gboolean cloexec)
{
  SentryFile *f = sentry_task_file (task, fd);
  gint64 r;

  if (f == NULL)
    return -EBADF;
  if (from >= sentry_task_nofile (task))
    r = from == 0 ? -EMFILE : -EINVAL;
  else
    r = sentry_fd_table_install (task->fds, f, from, sentry_task_nofile (task), cloexec);
  sentry_file_unref (f);
  return r;
}

gint64
sentry_sys_dup (SentryTask *task, const SentrySyscallArgs *args)
{
  return dup_from (task, args->arg[0], 0, FALSE);
}

static gint64
dup_to (SentryTask *task, gint64 from, gint64 to, gboolean cloexec)
{
  SentryFile *f;
  gint64 r;

  if ((guint32) to >= sentry_task_nofile (task))
    return -EBADF;
  f = sentry_task_file (task, from);
  if (f == NULL)
    return -EBADF;
  r = sentry_fd_table_replace (task->fds, (int) to, f, sentry_task_nofile (task), cloexec);
  sentry_file_unref (f);
  return r;
}

gint64
sentry_sys_dup2 (SentryTask *task, const SentrySyscallArgs *args)
{
  if ((gint32) args->arg[0] == (gint32) args->arg[1])
    {
      SentryFile *f = sentry_task_file (task, args->arg[0]);

      if (f == NULL)
        return -EBADF;
      sentry_file_unref (f);
      return (gint32) args->arg[1];
    }
  return dup_to (task, args->arg[0], args->arg[1], FALSE);
}

gint64
sentry_sys_dup3 (SentryTask *task, const SentrySyscallArgs *args)
{
  if ((args->arg[2] & ~(guint64) O_CLOEXEC) || (gint32) args->arg[0] == (gint32) args->arg[1])
    return -EINVAL;
  return dup_to (task, args->arg[0], args->arg[1], (args->arg[2] & O_CLOEXEC) != 0);
}

/* --- fcntl locks --- */

static int
lock_base (SentryFile *f, int whence, gint64 *ret_base)
{
  SentryAttr attr;
  int r;

  switch (whence)
    {
    case SEEK_SET:
      *ret_base = 0;
      return 0;
    case SEEK_CUR:
      sentry_mutex_lock (&f->lock);
      *ret_base = f->pos;
      sentry_mutex_unlock (&f->lock);
      return 0;
    case SEEK_END:
      r = f->inode->ops->getattr (f->inode, &attr);
      if (r == 0)
        *ret_base = attr.size;
      return r;
    default:
      return -EINVAL;
    }
}

/* flock64_to_posix_lock. */
static int
lock_from_flock (SentryTask *task, SentryFile *f, const struct flock *fl, gboolean ofd,
                 SentryFileLock *ret_lock)
{
  gint64 base = 0, start, end;
  int r = lock_base (f, fl->l_whence, &base);

  if (r < 0)
    return r;
  if (__builtin_add_overflow (base, fl->l_start, &start))
    return -EOVERFLOW;
  if (start < 0)
    return -EINVAL;
  end = G_MAXINT64;
  if (fl->l_len > 0)
    {
      if (__builtin_add_overflow (start, fl->l_len - 1, &end))
        return -EOVERFLOW;
    }
  else if (fl->l_len < 0)
    {
      end = start - 1;
      start += fl->l_len;
      if (start < 0)
        return -EINVAL;
    }
  if (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK && fl->l_type != F_UNLCK)
    return -EINVAL;
  *ret_lock = (SentryFileLock){
    .kind = ofd ? SENTRY_LOCK_KIND_OFD : SENTRY_LOCK_KIND_POSIX,
    .type = fl->l_type,
    .start = start,
    .end = end,
    .owner = ofd ? f->id : sentry_fd_table_id (task->fds),
    .pid = ofd ? -1 : sentry_task_tgid (task),
  };
  return 0;
}

static gint64
get_lock (SentryTask *task, SentryFile *f, guint64 addr, gboolean ofd)
{
  SentryUserMem *um = sentry_task_usermem (task);
  SentryFileLock lock, found;
  struct flock fl;
  int r;

  if (sentry_copy_in_object (um, &fl, addr) < 0)
    return -EFAULT;
  if ((fl.l_type != F_RDLCK && fl.l_type != F_WRLCK) || (ofd && fl.l_pid != 0))
    return -EINVAL;
  r = lock_from_flock (task, f, &fl, ofd, &lock);
  if (r < 0)
    return r;
  sentry_file_lock_test (f, &lock, &found);
  fl.l_type = found.type;
  if (found.type != F_UNLCK)
    {
      fl.l_whence = SEEK_SET;
      fl.l_start = found.start;
      fl.l_len = found.end == G_MAXINT64 ? 0 : found.end - found.start + 1;
      fl.l_pid = found.pid;
    }
  return sentry_copy_out_object (um, addr, &fl);
}

/* Sleeps until the lock is granted; the waiter is queued by the failed attempt itself, under the
 * lock graph's lock. */
static gint64
wait_for_lock (SentryTask *task, SentryFile *f, const SentryFileLock *lock)
{
  SentryWaiter w;
  gint64 r;

  sentry_waiter_init (&w, &task->sleeper, 0);
  for (;;)
    {
      sentry_sleeper_prepare (&task->sleeper);
      r = sentry_file_lock_set (f, lock, TRUE, &w);
      if (r != -EAGAIN)
        break;
      r = sentry_task_sleep (task, SENTRY_TIME_NEVER);
      if (r < 0)
        break;
    }
  sentry_file_lock_cancel (f, lock, &w);
  return r;
}

static gint64
set_lock (SentryTask *task, SentryFile *f, guint64 addr, gboolean ofd, gboolean wait)
{
  SentryFileLock lock;
  struct flock fl;
  int r;

  if (sentry_copy_in_object (sentry_task_usermem (task), &fl, addr) < 0)
    return -EFAULT;
  if (ofd && fl.l_pid != 0)
    return -EINVAL;
  r = lock_from_flock (task, f, &fl, ofd, &lock);
  if (r < 0)
    return r;
  if ((lock.type == F_RDLCK && !(f->mode & SENTRY_FMODE_READ))
      || (lock.type == F_WRLCK && !(f->mode & SENTRY_FMODE_WRITE)))
    return -EBADF;
  if (wait && lock.type != F_UNLCK)
    return wait_for_lock (task, f, &lock);
  return sentry_file_lock_set (f, &lock, FALSE, NULL);
}

gint64
sentry_sys_flock (SentryTask *task, const SentrySyscallArgs *args)
{
  int op = (int) args->arg[1];
  SentryFile *f;
  SentryFileLock lock;
  gint64 r;

  switch (op & ~LOCK_NB)
    {
    case LOCK_SH:
      lock.type = F_RDLCK;
      break;
    case LOCK_EX:
      lock.type = F_WRLCK;
      break;
    case LOCK_UN:
      lock.type = F_UNLCK;
      break;
    default:
      return -EINVAL;
    }
  f = sentry_task_file_io (task, args->arg[0]);
  if (f == NULL)
    return -EBADF;
  lock.kind = SENTRY_LOCK_KIND_FLOCK;
  lock.start = 0;
  lock.end = G_MAXINT64;
  lock.owner = f->id;
  lock.pid = sentry_task_tgid (task);
  if (lock.type != F_UNLCK && !(f->mode & (SENTRY_FMODE_READ | SENTRY_FMODE_WRITE)))
    r = -EBADF;
  else if ((op & LOCK_NB) || lock.type == F_UNLCK)
    r = sentry_file_lock_set (f, &lock, FALSE, NULL);
  else
    r = wait_for_lock (task, f, &lock);
  sentry_file_unref (f);
  return r;
}

/* --- fcntl --- */

/* O_ASYNC is left alone, as Linux does for files that send no SIGIO: none here does. */
#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

#ifndef F_DUPFD_QUERY
#  define F_DUPFD_QUERY (F_LINUX_SPECIFIC_BASE + 3)
#endif
#define F_LINUX_SPECIFIC_BASE 1024

/* Changes the settable status flags, the file's own say first. */
static gint64
set_status_flags (SentryTask *task, SentryFile *f, guint32 set, guint32 mask)
{
  guint32 old = sentry_file_flags (f), new = (old & ~mask) | (set & mask);
  int r = 0;

  if ((new &O_NOATIME) && !(old & O_NOATIME) && f->inode != NULL
      && task->cred->fsuid != f->inode->uid && !sentry_cred_capable (task->cred, CAP_FOWNER))
    return -EPERM;
  if (f->ops->set_flags != NULL)
    r = f->ops->set_flags (f, new);
  if (r == 0)
    __atomic_store_n (&f->flags, new, __ATOMIC_RELAXED);
  return r;
}

static gint64
get_owner_ex (SentryTask *task, SentryFile *f, guint64 addr)
{
  struct f_owner_ex ex;

  sentry_mutex_lock (&f->lock);
  ex.type = f->owner.type;
  ex.pid = f->owner.pid;
  sentry_mutex_unlock (&f->lock);
  return sentry_copy_out_object (sentry_task_usermem (task), addr, &ex);
}

static gint64
set_owner (SentryTask *task, SentryFile *f, int type, gint32 pid)
{
  SentryTask *target;

  if (type < F_OWNER_TID || type > F_OWNER_PGRP || pid < 0)
    return -EINVAL;
  /* A group outlives its leader: its number is taken as it is. */
  target = pid == 0 || type == F_OWNER_PGRP ? NULL : sentry_task_find (task, pid);
  if (target == NULL && pid != 0 && type != F_OWNER_PGRP)
    return -ESRCH;
  sentry_task_unref (target);
  sentry_mutex_lock (&f->lock);
  f->owner.type = type;
  f->owner.pid = pid;
  f->owner.uid = task->cred->ruid;
  f->owner.euid = task->cred->euid;
  sentry_mutex_unlock (&f->lock);
  return 0;
}

static gint64
set_owner_ex (SentryTask *task, SentryFile *f, guint64 addr)
{
  struct f_owner_ex ex;

  if (sentry_copy_in_object (sentry_task_usermem (task), &ex, addr) < 0)
    return -EFAULT;
  return set_owner (task, f, ex.type, ex.pid);
}

static gint64
fcntl_owner (SentryTask *task, SentryFile *f, int cmd, guint64 arg)
{
  gint64 r;

  switch (cmd)
    {
    case F_SETOWN:
      if ((gint32) arg == G_MININT32)
        return -EINVAL;
      return (gint32) arg < 0 ? set_owner (task, f, F_OWNER_PGRP, -(gint32) arg)
                              : set_owner (task, f, F_OWNER_PID, (gint32) arg);
    case F_GETOWN:
      sentry_mutex_lock (&f->lock);
      r = f->owner.type == F_OWNER_PGRP ? -f->owner.pid : f->owner.pid;
      sentry_mutex_unlock (&f->lock);
      return r;
    case F_SETSIG:
      if (arg > 64)
        return -EINVAL;
      sentry_mutex_lock (&f->lock);
      f->owner.sig = arg;
      sentry_mutex_unlock (&f->lock);
      return 0;
    case F_GETSIG:
      return f->owner.sig;
    case F_GETOWN_EX:
      return get_owner_ex (task, f, arg);
    default:
      return set_owner_ex (task, f, arg);
    }
}

static gint64
fcntl_file (SentryTask *task, SentryFile *f, int fd, int cmd, guint64 arg)
{
  switch (cmd)
    {
    case F_GETFL:
      return sentry_file_flags (f) | (f->mode & SENTRY_FMODE_PATH ? O_PATH : 0);
    case F_SETFL:
      return set_status_flags (task, f, arg, SETFL_MASK);
    case F_GETLK:
    case F_OFD_GETLK:
      return get_lock (task, f, arg, cmd == F_OFD_GETLK);
    case F_SETLK:
    case F_SETLKW:
      return set_lock (task, f, arg, FALSE, cmd == F_SETLKW);
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
      return set_lock (task, f, arg, TRUE, cmd == F_OFD_SETLKW);
    case F_SETOWN:
    case F_GETOWN:
    case F_SETSIG:
    case F_GETSIG:
    case F_GETOWN_EX:
    case F_SETOWN_EX:
      return fcntl_owner (task, f, cmd, arg);
    case F_GETPIPE_SZ:
      return sentry_file_is_pipe (f) ? sentry_pipe_get_size (f) : -EBADF;
    case F_SETPIPE_SZ:
      return sentry_file_is_pipe (f)
                 ? sentry_pipe_set_size (f, arg, sentry_task_capable (task, CAP_SYS_RESOURCE))
                 : -EBADF;
    default:
      return -EINVAL;
    }
}

static gint64
same_file (SentryTask *task, int fd, guint64 other_fd)
{
  SentryFile *f = sentry_task_file (task, fd), *other = sentry_task_file (task, other_fd);
  gint64 r = f == NULL || other == NULL ? -EBADF : f == other;

  sentry_file_unref (f);
  sentry_file_unref (other);
  return r;
}

/* What also works on O_PATH descriptors. */
static gint64
fcntl_any (SentryTask *task, int fd, int cmd, guint64 arg, gboolean *ret_done)
{
  *ret_done = TRUE;
  switch (cmd)
    {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      return dup_from (task, fd, arg & G_MAXUINT32, cmd == F_DUPFD_CLOEXEC);
    case F_GETFD:
      return sentry_fd_table_get_cloexec (task->fds, fd);
    case F_DUPFD_QUERY:
      return same_file (task, fd, arg);
    case F_SETFD:
      return sentry_fd_table_set_cloexec (task->fds, fd, (arg & FD_CLOEXEC) != 0);
    default:
      *ret_done = FALSE;
      return 0;
    }
}

gint64
sentry_sys_fcntl (SentryTask *task, const SentrySyscallArgs *args)
{
  int fd = (int) args->arg[0], cmd = (int) args->arg[1];
  SentryFile *f;
  gboolean done;
  gint64 r = fcntl_any (task, fd, cmd, args->arg[2], &done);

  if (done)
    return r;
  f = cmd == F_GETFL ? sentry_task_file (task, fd) : sentry_task_file_io (task, fd);
  if (f == NULL)
    return -EBADF;
  r = fcntl_file (task, f, fd, cmd, args->arg[2]);
  sentry_file_unref (f);
  return r;
}

/* --- ioctl --- */

static gint64
ioctl_set_flag (SentryTask *task, SentryFile *f, guint64 addr, guint32 flag)
{
  gint32 on;

  if (sentry_copy_in_object (sentry_task_usermem (task), &on, addr) < 0)
    return -EFAULT;
  return set_status_flags (task, f, on ? flag : 0, flag);
}

/* No file here sends SIGIO: turning it on is what Linux says for such a file, turning it off does
 * nothing. */
static gint64
ioctl_fioasync (SentryTask *task, guint64 addr)
{
  gint32 on;

  if (sentry_copy_in_object (sentry_task_usermem (task), &on, addr) < 0)
    return -EFAULT;
  return on ? -ENOTTY : 0;
}

static gint64
ioctl_fionread (SentryTask *task, SentryFile *f, guint64 addr)
{
  SentryAttr attr;
  gint32 n;
  int r = f->inode->ops->getattr (f->inode, &attr);

  if (r < 0)
    return r;
  sentry_mutex_lock (&f->lock);
  n = attr.size - f->pos;
  sentry_mutex_unlock (&f->lock);
  return sentry_copy_out_object (sentry_task_usermem (task), addr, &n);
}

static gint64
ioctl_figetbsz (SentryTask *task, SentryFile *f, guint64 addr)
{
  SentryAttr attr;
  gint32 n;
  int r = f->inode == NULL || f->inode->ops->getattr == NULL
              ? -EINVAL
              : f->inode->ops->getattr (f->inode, &attr);

  if (r < 0)
    return r;
  n = (gint32) attr.blksize;
  return sentry_copy_out_object (sentry_task_usermem (task), addr, &n);
}

/* do_vfs_ioctl: what every file knows, then the file's own. */
static gint64
ioctl_file (SentryTask *task, SentryFile *f, int fd, guint32 cmd, guint64 arg)
{
  switch (cmd)
    {
    case FIOCLEX:
      return sentry_fd_table_set_cloexec (task->fds, fd, TRUE);
    case FIONCLEX:
      return sentry_fd_table_set_cloexec (task->fds, fd, FALSE);
    case FIONBIO:
      return ioctl_set_flag (task, f, arg, O_NONBLOCK);
    case FIOASYNC:
      return ioctl_fioasync (task, arg);
    case FIGETBSZ:
      return ioctl_figetbsz (task, f, arg);
    case FIONREAD:
      if (f->inode != NULL && f->inode->type == S_IFREG)
        return ioctl_fionread (task, f, arg);
      break;
    default:
      break;
    }
  return f->ops->ioctl != NULL ? f->ops->ioctl (f, task, sentry_task_usermem (task), cmd, arg)
                               : -ENOTTY;
}

gint64
sentry_sys_ioctl (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = ioctl_file (task, f, (int) args->arg[0], args->arg[1], args->arg[2]);
  sentry_file_unref (f);
  return r;
}
