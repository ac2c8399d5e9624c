/* Directories and names: getdents, getcwd, chdir, mkdir, link, rename and kin.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>

#include "iface/sentry-inode.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

/* --- getdents --- */

/* A guest's buffer is filled from one of ours, at most this much at once, so that the directory's
 * lock is not held over faults. */
#define MAX_DENTS 65536

typedef struct
{
  SentryDirEmit emit;
  guint8 *buf;
  gsize size, used;
  gboolean old_layout; /* getdents: type in the last byte instead of before the name */
  gboolean too_small;  /* the first entry alone didn't fit */
} DirBuffer;

struct dirent_head
{
  guint64 ino;
  gint64 off;
  guint16 reclen;
} __attribute__ ((packed));

static gboolean
emit_entry (SentryDirEmit *emit, const char *name, gsize name_len, guint64 ino, guint8 type,
            gint64 next_off)
{
  DirBuffer *b = SENTRY_CONTAINER (emit, DirBuffer, emit);
  gsize head = sizeof (struct dirent_head);
  /* linux_dirent64: head, type, name, NUL; linux_dirent: head, name, NUL, type: the same length. */
  gsize len = (head + 1 + name_len + 1 + 7) & ~(gsize) 7;
  struct dirent_head h = { ino, next_off, len };
  guint8 *at = b->buf + b->used;

  if (len > b->size - b->used)
    {
      b->too_small = b->used == 0;
      return FALSE;
    }
  memset (at, 0, len);
  memcpy (at, &h, head);
  memcpy (at + head + (b->old_layout ? 0 : 1), name, name_len);
  at[b->old_layout ? len - 1 : head] = type;
  b->used += len;
  return TRUE;
}

static gint64
do_getdents (SentryTask *task, const SentrySyscallArgs *args, gboolean old_layout)
{
  SentryFile *f = sentry_task_file_io (task, args->arg[0]);
  DirBuffer b = { .emit.emit = emit_entry, .old_layout = old_layout };
  gint64 before, r;

  if (f == NULL)
    return -EBADF;
  b.size = MIN ((guint32) args->arg[2], MAX_DENTS);
  b.buf = g_malloc (b.size + 1);
  before = f->pos;
  r = sentry_file_iterate (f, &b.emit);
  if (b.used > 0)
    {
      r = b.used;
      if (sentry_copy_out (sentry_task_usermem (task), args->arg[1], b.buf, b.used) < 0)
        {
          sentry_file_seek (f, before, SEEK_SET);
          r = -EFAULT;
        }
    }
  else if (b.too_small)
    r = -EINVAL;
  g_free (b.buf);
  sentry_file_unref (f);
  return r;
}

gint64
sentry_sys_getdents (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_getdents (task, args, TRUE);
}

gint64
sentry_sys_getdents64 (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_getdents (task, args, FALSE);
}

/* --- where we are --- */

gint64
sentry_sys_getcwd (SentryTask *task, const SentrySyscallArgs *args)
{
  g_autofree char *name = NULL;
  SentryPath root, cwd;
  gboolean deleted = FALSE;
  gint64 len;

  sentry_fs_state_get (task->fs, &root, &cwd);
  name = sentry_mount_namespace_ops (task->mount_ns)
             ->path_name (task->mount_ns, &cwd, &root, NULL, &deleted);
  sentry_path_unref (&root);
  sentry_path_unref (&cwd);
  if (deleted)
    return -ENOENT;
  len = strlen (name) + 1;
  if (len > PATH_MAX)
    return -ENAMETOOLONG;
  if ((guint64) len > args->arg[1])
    return -ERANGE;
  return sentry_copy_out (sentry_task_usermem (task), args->arg[0], name, len) < 0 ? -EFAULT : len;
}

static gint64
enter_directory (SentryTask *task, const SentryPath *path, gboolean root)
{
  int r = 0;

  if (sentry_path_inode (path)->type != S_IFDIR)
    return -ENOTDIR;
  r = sentry_mount_namespace_ops (task->mount_ns)
          ->access (task->mount_ns, path, task->cred, SENTRY_MAY_EXEC);
  if (r == 0 && root && !sentry_task_capable (task, CAP_SYS_CHROOT))
    r = -EPERM;
  if (r < 0)
    return r;
  if (root)
    sentry_fs_state_set_root (task->fs, path);
  else
    sentry_fs_state_set_cwd (task->fs, path);
  return 0;
}

static gint64
enter_by_name (SentryTask *task, guint64 name, gboolean root)
{
  SentryPath path;
  gint64 r = sentry_path_arg_lookup (task, AT_FDCWD, name,
                                     SENTRY_LOOKUP_FOLLOW | SENTRY_LOOKUP_DIRECTORY, FALSE, &path);

  if (r < 0)
    return r;
  r = enter_directory (task, &path, root);
  sentry_path_unref (&path);
  return r;
}

gint64
sentry_sys_chdir (SentryTask *task, const SentrySyscallArgs *args)
{
  return enter_by_name (task, args->arg[0], FALSE);
}

gint64
sentry_sys_chroot (SentryTask *task, const SentrySyscallArgs *args)
{
  return enter_by_name (task, args->arg[0], TRUE);
}

gint64
sentry_sys_fchdir (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryFile *f = sentry_task_file (task, args->arg[0]);
  gint64 r;

  if (f == NULL)
    return -EBADF;
  r = enter_directory (task, &f->path, FALSE);
  sentry_file_unref (f);
  return r;
}

gint64
sentry_sys_umask (SentryTask *task, const SentrySyscallArgs *args)
{
  return __atomic_exchange_n (&task->fs->umask, args->arg[0] & 0777, __ATOMIC_RELAXED);
}

/* --- making and removing names --- */

static gint64
do_mkdir (SentryTask *task, int dirfd, guint64 name, guint32 mode)
{
  SentryPathArg arg;
  gint64 r = sentry_path_arg_init (task, dirfd, name, &arg);

  if (r == 0)
    r = arg.ops->mkdir (arg.ns, &arg.walk, arg.name, mode & 01777);
  sentry_path_arg_clear (&arg);
  return r;
}

gint64
sentry_sys_mkdir (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_mkdir (task, AT_FDCWD, args->arg[0], args->arg[1]);
}

gint64
sentry_sys_mkdirat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_mkdir (task, args->arg[0], args->arg[1], args->arg[2]);
}

/* Linux's new_decode_dev. */
static void
decode_dev (guint32 dev, guint32 *ret_major, guint32 *ret_minor)
{
  *ret_major = (dev & 0xfff00) >> 8;
  *ret_minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
}

static gint64
do_mknod (SentryTask *task, int dirfd, guint64 name, guint32 mode, guint32 dev)
{
  SentryPathArg arg;
  guint32 major = 0, minor = 0;
  gint64 r;

  switch (mode & S_IFMT)
    {
    case 0:
      mode |= S_IFREG;
      break;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
      break;
    case S_IFCHR:
    case S_IFBLK:
      decode_dev (dev, &major, &minor);
      break;
    case S_IFDIR:
      return -EPERM;
    default:
      return -EINVAL;
    }
  r = sentry_path_arg_init (task, dirfd, name, &arg);
  if (r == 0)
    r = arg.ops->mknod (arg.ns, &arg.walk, arg.name, mode & (S_IFMT | 07777), major, minor, NULL);
  sentry_path_arg_clear (&arg);
  return r;
}

gint64
sentry_sys_mknod (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_mknod (task, AT_FDCWD, args->arg[0], args->arg[1], args->arg[2]);
}

gint64
sentry_sys_mknodat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_mknod (task, args->arg[0], args->arg[1], args->arg[2], args->arg[3]);
}

static gint64
do_symlink (SentryTask *task, guint64 target_addr, int dirfd, guint64 name)
{
  g_autofree char *target = NULL;
  SentryPathArg arg;
  gint64 r = sentry_copy_in_path (sentry_task_usermem (task), target_addr, &target);

  if (r < 0)
    return r;
  if (target[0] == '\0')
    return -ENOENT;
  r = sentry_path_arg_init (task, dirfd, name, &arg);
  if (r == 0)
    r = arg.ops->symlink (arg.ns, &arg.walk, arg.name, target);
  sentry_path_arg_clear (&arg);
  return r;
}

gint64
sentry_sys_symlink (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_symlink (task, args->arg[0], AT_FDCWD, args->arg[1]);
}

gint64
sentry_sys_symlinkat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_symlink (task, args->arg[0], args->arg[1], args->arg[2]);
}

static gint64
do_link (SentryTask *task, int old_dirfd, guint64 old_name, int new_dirfd, guint64 new_name,
         int flags)
{
  SentryPathArg arg;
  SentryPath old;
  gint64 r;

  if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
    return -EINVAL;
  r = sentry_path_arg_lookup (task, old_dirfd, old_name,
                              (flags & AT_SYMLINK_FOLLOW ? SENTRY_LOOKUP_FOLLOW : 0)
                                  | (flags & AT_EMPTY_PATH ? SENTRY_LOOKUP_EMPTY : 0),
                              FALSE, &old);
  if (r < 0)
    return r;
  r = sentry_path_arg_init (task, new_dirfd, new_name, &arg);
  if (r == 0)
    r = arg.ops->link (arg.ns, &old, &arg.walk, arg.name);
  sentry_path_arg_clear (&arg);
  sentry_path_unref (&old);
  return r;
}

gint64
sentry_sys_link (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_link (task, AT_FDCWD, args->arg[0], AT_FDCWD, args->arg[1], 0);
}

gint64
sentry_sys_linkat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_link (task, args->arg[0], args->arg[1], args->arg[2], args->arg[3], args->arg[4]);
}

static gint64
do_unlink (SentryTask *task, int dirfd, guint64 name, int flags)
{
  SentryPathArg arg;
  gint64 r;

  if (flags & ~AT_REMOVEDIR)
    return -EINVAL;
  r = sentry_path_arg_init (task, dirfd, name, &arg);
  if (r == 0)
    r = flags & AT_REMOVEDIR ? arg.ops->rmdir (arg.ns, &arg.walk, arg.name)
                             : arg.ops->unlink (arg.ns, &arg.walk, arg.name);
  sentry_path_arg_clear (&arg);
  return r;
}

gint64
sentry_sys_unlink (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_unlink (task, AT_FDCWD, args->arg[0], 0);
}

gint64
sentry_sys_rmdir (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_unlink (task, AT_FDCWD, args->arg[0], AT_REMOVEDIR);
}

gint64
sentry_sys_unlinkat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_unlink (task, args->arg[0], args->arg[1], args->arg[2]);
}

static gint64
do_rename (SentryTask *task, int old_dirfd, guint64 old_name, int new_dirfd, guint64 new_name,
           guint32 flags)
{
  SentryPathArg old, new;
  gint64 r;

  if (flags & ~(guint32) (RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
    return -EINVAL;
  if ((flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) && (flags & RENAME_EXCHANGE))
    return -EINVAL;
  r = sentry_path_arg_init (task, old_dirfd, old_name, &old);
  if (r == 0)
    {
      r = sentry_path_arg_init (task, new_dirfd, new_name, &new);
      if (r == 0)
        r = old.ops->rename (old.ns, &old.walk, old.name, &new.walk, new.name, flags);
      sentry_path_arg_clear (&new);
    }
  sentry_path_arg_clear (&old);
  return r;
}

gint64
sentry_sys_rename (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_rename (task, AT_FDCWD, args->arg[0], AT_FDCWD, args->arg[1], 0);
}

gint64
sentry_sys_renameat (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_rename (task, args->arg[0], args->arg[1], args->arg[2], args->arg[3], 0);
}

gint64
sentry_sys_renameat2 (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_rename (task, args->arg[0], args->arg[1], args->arg[2], args->arg[3], args->arg[4]);
}
