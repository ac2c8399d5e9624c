/* The host namespaces of a sandbox process, the directories given to it, and its empty root.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/host-namespaces.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static gboolean
failed (GError **error, const char *what)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "%s: %s", what,
               g_strerror (saved));
  return FALSE;
}

static int
new_mount (const char *type, const char *const *options, unsigned int attributes)
{
  int fs = fsopen (type, FSOPEN_CLOEXEC);
  gboolean ok = fs >= 0;
  int fd = -1;

  for (; ok && *options != NULL; options += 2)
    ok = fsconfig (fs, FSCONFIG_SET_STRING, options[0], options[1], 0) == 0;
  if (ok && fsconfig (fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
    fd = fsmount (fs, FSMOUNT_CLOEXEC, attributes);
  if (fs >= 0)
    close (fs);
  return fd;
}

/* A /proc of this process and its children, without the host's settings. */
static gboolean
mount_own_proc (const char *path, GError **error)
{
  static const char *const options[] = { "subset", "pid", NULL };
  int fd = new_mount ("proc", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

  if (fd < 0 || move_mount (fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return failed (error, "namespaces: own /proc");
  close (fd);
  return TRUE;
}

/* A network namespace would cost 8 ms; the filter allows no socket anyway. */
gboolean
sentry_host_enter_namespaces (GError **error)
{
  if (unshare (CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) != 0)
    return failed (error, "namespaces");
  if (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    return failed (error, "namespaces: mounts can't be made private");
  return mount_own_proc ("/proc", error);
}

static int
open_one (const char *path, gboolean own_mounts, gboolean read_only)
{
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
  int fd;

  if (!own_mounts)
    return open (path, O_PATH | O_CLOEXEC);
  /* A copy of the mounts below: an old root that is unmounted would lose its submounts. */
  fd = open_tree (AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (read_only)
    attr.attr_set |= MOUNT_ATTR_RDONLY;
  if (fd >= 0 && mount_setattr (fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) != 0)
    {
      int saved = errno;

      close (fd);
      errno = saved;
      return -1;
    }
  return fd;
}

static gboolean
open_named (int *ret_fd, const char *option, const char *path, gboolean own_mounts,
            gboolean read_only, GError **error)
{
  *ret_fd = open_one (path, own_mounts, read_only);
  if (*ret_fd >= 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s: %s", option, path,
               g_strerror (errno));
  return FALSE;
}

static gboolean
is_directory (int fd, const char *option, const char *path, GError **error)
{
  struct stat st;

  if (fstat (fd, &st) == 0 && S_ISDIR (st.st_mode))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY, "%s: %s: %s", option, path,
               g_strerror (ENOTDIR));
  return FALSE;
}

/* The sandbox has its own; the host's would let a broken sandbox process look at host processes. */
static void
take_out_kernel_mounts (const char *root)
{
  static const char *const names[] = { "proc", "sys", "dev" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (root, names[i], NULL);

      while (umount2 (path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        ;
    }
}

gboolean
sentry_donated_open (SentryDonated *d, const SentrySandboxConfig *config, gboolean own_mounts,
                     GError **error)
{
  d->keep = -1;
  d->n_binds = config->binds->len;
  d->binds = g_new (int, d->n_binds + 1);
  for (guint i = 0; i < d->n_binds; i++)
    {
      const SentrySandboxBind *b = g_ptr_array_index (config->binds, i);

      if (!open_named (&d->binds[i], "--bind", b->source, own_mounts, b->read_only, error))
        return FALSE;
    }
  if (config->keep != NULL
      && (!open_named (&d->keep, "--keep", config->keep, own_mounts, FALSE, error)
          || !is_directory (d->keep, "--keep", config->keep, error)))
    return FALSE;
  if (own_mounts)
    take_out_kernel_mounts (config->root);
  return open_named (&d->root, "--root", config->root, own_mounts, TRUE, error)
         && is_directory (d->root, "--root", config->root, error);
}

/* The empty mount goes on top of /, becomes the root, and what lay below it is taken away.  The
 * template of guest processes shares this mount namespace, so its root moves along. */
gboolean
sentry_host_empty_root (GError **error)
{
  static const char *const options[] = { "mode", "0555", "size", "4096", NULL };
  struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
  int fd = new_mount ("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

  if (fd < 0 || move_mount (fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0
      || fchdir (fd) != 0)
    return failed (error, "lock-down: empty root");
  close (fd);
  if (mkdir ("proc", 0555) != 0)
    return failed (error, "lock-down: empty root");
  if (!mount_own_proc ("proc", error))
    return FALSE;
  if (syscall (SYS_pivot_root, ".", ".") != 0)
    return failed (error, "lock-down: pivot_root");
  if (umount2 (".", MNT_DETACH) != 0 || chdir ("/") != 0
      || mount_setattr (AT_FDCWD, "/", 0, &read_only, sizeof read_only) != 0)
    return failed (error, "lock-down: old root");
  return TRUE;
}
