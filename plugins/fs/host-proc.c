/* Reopening through /proc/self/fd. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-proc.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

static int self_fd = -1;
static pid_t self_pid;

gboolean
sentry_fs_host_proc_open (GError **error)
{
  if (self_fd >= 0 && self_pid == getpid ())
    return TRUE;
  if (self_fd >= 0)
    close (self_fd);
  self_pid = getpid ();
  self_fd = open ("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (self_fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "/proc/self/fd: %s",
                 g_strerror (errno));
  return self_fd >= 0;
}

int
sentry_fs_reopen_read_only (int fd)
{
  struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };
  char name[16];
  int r;

  if (self_fd < 0)
    return -ENODEV;
  g_snprintf (name, sizeof name, "%d", fd);
  /* openat2, for the lock-down doesn't let openat through. */
  r = (int) syscall (SYS_openat2, self_fd, name, &how, sizeof how);
  return r < 0 ? -errno : r;
}
