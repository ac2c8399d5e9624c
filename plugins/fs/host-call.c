/* The host system calls of a host directory, and the list of them for the lock-down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

static int proc_fd = -1;

static int
budgeted_openat2 (int dirfd, const char *name, struct open_how *how)
{
  int r = sentry_host_fd_take ();
  long fd;

  if (r < 0)
    return r;
  do
    fd = syscall (SYS_openat2, dirfd, name, how, sizeof *how);
  while (fd < 0 && errno == EINTR);
  if (fd >= 0)
    return (int) fd;
  r = -errno;
  sentry_host_fd_give ();
  /* RESOLVE_NO_SYMLINKS says ELOOP for what was no symlink when we looked. */
  return r == -ELOOP ? -ESTALE : r;
}

int
sentry_host_openat (int dirfd, const char *name, guint64 flags, guint32 mode)
{
  struct open_how how = {
    .flags = flags | O_CLOEXEC | O_NOFOLLOW,
    .mode = mode,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
  };
  int fd;

  if (!(flags & O_PATH))
    how.flags |= O_NONBLOCK | O_NOCTTY;
  fd = budgeted_openat2 (dirfd, name, &how);
  if (fd == -EPERM && (how.flags & O_NOATIME))
    {
      how.flags &= ~(guint64) O_NOATIME;
      fd = budgeted_openat2 (dirfd, name, &how);
    }
  return fd;
}

gboolean
sentry_host_keep_proc (void)
{
  if (proc_fd < 0)
    proc_fd = open ("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return proc_fd >= 0;
}

int
sentry_host_proc_fd (void)
{
  return proc_fd;
}

int
sentry_host_reopen (int fd, guint64 flags)
{
  struct open_how how = { .flags = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };
  char name[16];
  int r;

  if (proc_fd < 0)
    return -ESTALE;
  g_snprintf (name, sizeof name, "%d", fd);
  r = budgeted_openat2 (proc_fd, name, &how);
  if (r == -EPERM && (how.flags & O_NOATIME))
    {
      how.flags &= ~(guint64) O_NOATIME;
      r = budgeted_openat2 (proc_fd, name, &how);
    }
  return r;
}

int
sentry_host_statx (int dirfd, const char *name, struct statx *ret_stx)
{
  int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name == '\0' ? AT_EMPTY_PATH : 0);

  return statx (dirfd, name, flags, SENTRY_HOST_STATX_MASK, ret_stx) < 0 ? -errno : 0;
}

/* Read-only directories need the first half. */
#define CALL(name, why_)                                                                           \
  {                                                                                                \
    .nr = SYS_##name, .why = "host directory: " why_                                               \
  }

static const SentryHostCall read_calls[] = {
  CALL (openat2, "opens one name below a donated directory"),
  CALL (statx, "attributes"),
  CALL (close, "descriptors"),
  CALL (readlinkat, "symbolic links"),
  CALL (getdents64, "directory entries"),
  CALL (pread64, "file contents"),
  CALL (lseek, "directory positions, holes"),
  CALL (fstatfs, "statfs"),
  CALL (fgetxattr, "extended attributes"),
  CALL (flistxattr, "extended attributes"),
  SENTRY_HOST_CALLS_END,
};

static const SentryHostCall write_calls[] = {
  CALL (openat2, "opens one name below a donated directory"),
  CALL (statx, "attributes"),
  CALL (close, "descriptors"),
  CALL (readlinkat, "symbolic links"),
  CALL (getdents64, "directory entries"),
  CALL (pread64, "file contents"),
  CALL (lseek, "directory positions, holes"),
  CALL (fstatfs, "statfs"),
  CALL (fgetxattr, "extended attributes"),
  CALL (flistxattr, "extended attributes"),
  CALL (pwrite64, "writes to a writable bind"),
  CALL (pwritev2, "O_APPEND and O_SYNC writes to a writable bind"),
  CALL (mkdirat, "changes of a writable bind"),
  CALL (mknodat, "changes of a writable bind"),
  CALL (symlinkat, "changes of a writable bind"),
  CALL (linkat, "changes of a writable bind"),
  CALL (unlinkat, "changes of a writable bind"),
  CALL (renameat2, "changes of a writable bind"),
  CALL (fchmod, "changes of a writable bind"),
  CALL (fchmodat, "changes of a writable bind"),
  { .nr = 452, .why = "host directory: fchmodat2, changes of a writable bind" },
  CALL (fchownat, "changes of a writable bind"),
  CALL (utimensat, "changes of a writable bind"),
  CALL (ftruncate, "changes of a writable bind"),
  CALL (fallocate, "changes of a writable bind"),
  CALL (fsync, "writes back"),
  CALL (fdatasync, "writes back"),
  CALL (syncfs, "writes back"),
  CALL (fsetxattr, "extended attributes"),
  CALL (fremovexattr, "extended attributes"),
  SENTRY_HOST_CALLS_END,
};

const SentryHostCall *
sentry_host_calls (gboolean writable)
{
  return writable ? write_calls : read_calls;
}
