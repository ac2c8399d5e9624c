/* What changes a writable host directory: new names, removed ones, attributes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_FCHMODAT2 452

/* --- owners --- */

/* Mode bits of an inode that has only a path descriptor. fchmodat2 is of Linux 6.6; before it, a
 * file that we may not open is changed by its name, verified just before. */
static int
change_mode (SentryHostInode *inode, int path_fd, guint32 mode)
{
  SentryHostHandle *h;
  int r;

  if (syscall (NR_FCHMODAT2, path_fd, "", mode, AT_EMPTY_PATH) == 0)
    return 0;
  if (errno != ENOSYS)
    return -errno;
  h = sentry_host_handle_get_open (inode);
  if (h == NULL && (inode->base.type == S_IFREG || inode->base.type == S_IFDIR))
    {
      r = sentry_host_handle_get (inode, SENTRY_HOST_WANT_READ, &h);
      if (r < 0)
        return r == -EACCES ? -EPERM : r;
    }
  if (h == NULL)
    return -EOPNOTSUPP;
  r = fchmod (h->fd, mode) < 0 ? -errno : 0;
  sentry_host_handle_put (inode, h);
  return r;
}

/* Gives what was just made to the caller.  An ordinary user is the only one that it can belong to;
 * a directory with S_ISGID has given its group already.  chown drops S_ISUID and S_ISGID of files,
 * so the mode comes after it. */
static int
give_to_caller (SentryHostInode *inode, int fd, SentryInode *dir, SentryCred *cred, guint32 mode)
{
  gboolean inherit = (__atomic_load_n (&dir->mode, __ATOMIC_RELAXED) & S_ISGID) != 0;
  uid_t uid = inode->base.uid == cred->fsuid ? (uid_t) -1 : cred->fsuid;
  gid_t gid = inherit || inode->base.gid == cred->fsgid ? (gid_t) -1 : cred->fsgid;
  struct statx stx;

  if (uid != (uid_t) -1 || gid != (gid_t) -1)
    if (fchownat (fd, "", uid, gid, AT_EMPTY_PATH) < 0 && errno != EPERM)
      return -errno;
  if (sentry_host_statx (fd, "", &stx) == 0)
    sentry_inode_set_owner (&inode->base, stx.stx_mode, stx.stx_uid, stx.stx_gid);
  if (inode->base.type == S_IFLNK || (inode->base.mode & 07777) == (mode & 07777))
    return 0;
  if (inode->base.type == S_IFDIR && (inode->base.mode & 07777 & ~S_ISGID) == (mode & 07777))
    return 0;
  if (change_mode (inode, fd, mode & 07777) == 0)
    sentry_inode_set_owner (&inode->base, mode, inode->base.uid, inode->base.gid);
  return 0;
}

/* --- new names --- */

static void
drop_place (SentryHostInode *inode)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  SentryHostInode *old_parent;

  sentry_mutex_lock (&sb->lock);
  sentry_host_inode_set_place_locked (inode, NULL, NULL, &old_parent);
  sentry_mutex_unlock (&sb->lock);
  if (old_parent != NULL)
    sentry_inode_unref (&old_parent->base);
}

static void
move_place (SentryHostInode *inode, SentryHostInode *dir, const char *name)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  SentryHostInode *old_parent;

  sentry_mutex_lock (&sb->lock);
  sentry_host_inode_set_place_locked (inode, dir, name, &old_parent);
  sentry_mutex_unlock (&sb->lock);
  if (old_parent != NULL)
    sentry_inode_unref (&old_parent->base);
}

/* A file that was just created or opened with O_TMPFILE through `fd`, which it takes over. */
static int
adopt_file (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode, int fd,
            SentryInode **ret_inode)
{
  SentryHostInode *inode;
  struct statx stx;
  int r = sentry_host_statx (fd, "", &stx);

  if (r == 0)
    r = sentry_host_inode_obtain (sentry_host_super (dir->sb),
                                  name == NULL ? NULL : sentry_host_inode (dir), name, &stx,
                                  &inode);
  if (r == 0)
    {
      r = give_to_caller (inode, fd, dir, cred, mode);
      if (r < 0)
        sentry_inode_unref (&inode->base);
    }
  if (r < 0)
    {
      sentry_host_fd_close (fd);
      return r;
    }
  sentry_host_handle_adopt (inode, fd);
  *ret_inode = &inode->base;
  return 0;
}

int
sentry_host_create (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                    SentryInode **ret_inode)
{
  int dir_fd, fd, r = sentry_host_path_get (sentry_host_inode (dir), &dir_fd);

  if (r < 0)
    return r;
  fd = sentry_host_openat (dir_fd, name, O_CREAT | O_EXCL | O_RDWR, mode & 07777);
  r = fd < 0 ? fd : adopt_file (dir, cred, name, mode, fd, ret_inode);
  if (fd >= 0 && r < 0)
    unlinkat (dir_fd, name, 0);
  sentry_host_path_put (sentry_host_inode (dir));
  return r;
}

/* Has no name, so it keeps a path descriptor for good: the same open file once more. */
int
sentry_host_tmpfile (SentryInode *dir, SentryCred *cred, guint32 mode, gboolean linkable,
                     SentryInode **ret_inode)
{
  int dir_fd, fd, r = sentry_host_path_get (sentry_host_inode (dir), &dir_fd);

  if (r < 0)
    return r;
  fd = sentry_host_openat (dir_fd, ".", O_TMPFILE | O_RDWR | (linkable ? 0 : O_EXCL), mode & 07777);
  sentry_host_path_put (sentry_host_inode (dir));
  if (fd < 0)
    return fd == -EISDIR ? -EOPNOTSUPP : fd;
  r = sentry_host_fd_take ();
  if (r == 0)
    {
      int copy = fcntl (fd, F_DUPFD_CLOEXEC, 0);
      r = copy < 0 ? -errno : adopt_file (dir, cred, NULL, mode, fd, ret_inode);
      if (r == 0)
        sentry_host_path_adopt (sentry_host_inode (*ret_inode), copy);
      else if (copy >= 0)
        sentry_host_fd_close (copy);
      else
        {
          sentry_host_fd_give ();
          sentry_host_fd_close (fd);
        }
      return r;
    }
  sentry_host_fd_close (fd);
  return r;
}

/* A directory, symlink or special file that was just made at `name`. */
static int
adopt_name (SentryInode *dir, int dir_fd, SentryCred *cred, const char *name, guint32 mode,
            SentryInode **ret_inode)
{
  SentryHostInode *inode;
  struct statx stx;
  int fd, r = sentry_host_statx (dir_fd, name, &stx);

  if (r == 0 && (stx.stx_mode & S_IFMT) != (mode & S_IFMT))
    r = -ESTALE;
  if (r == 0)
    r = sentry_host_inode_obtain (sentry_host_super (dir->sb), sentry_host_inode (dir), name, &stx,
                                  &inode);
  if (r < 0)
    return r;
  r = sentry_host_path_get (inode, &fd);
  if (r == 0)
    {
      r = give_to_caller (inode, fd, dir, cred, mode);
      sentry_host_path_put (inode);
    }
  if (r < 0)
    {
      sentry_inode_unref (&inode->base);
      return r;
    }
  *ret_inode = &inode->base;
  return 0;
}

/* `error` is what the host said to the making of it. */
static int
finish_make (SentryInode *dir, int dir_fd, int error, SentryCred *cred, const char *name,
             guint32 mode, SentryInode **ret_inode)
{
  int r = error;

  if (r == 0)
    {
      r = adopt_name (dir, dir_fd, cred, name, mode, ret_inode);
      if (r < 0)
        unlinkat (dir_fd, name, S_ISDIR (mode) ? AT_REMOVEDIR : 0);
    }
  sentry_host_path_put (sentry_host_inode (dir));
  return r;
}

int
sentry_host_mkdir (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                   SentryInode **ret_inode)
{
  int fd, r = sentry_host_path_get (sentry_host_inode (dir), &fd);

  if (r < 0)
    return r;
  r = mkdirat (fd, name, mode & 07777) < 0 ? -errno : 0;
  return finish_make (dir, fd, r, cred, name, S_IFDIR | (mode & 07777), ret_inode);
}

/* Devices are never made on the host, except the 0:0 that overlays use as a whiteout and that no
 * driver answers. */
int
sentry_host_mknod (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                   guint32 major, guint32 minor, SentryInode **ret_inode)
{
  gboolean whiteout = S_ISCHR (mode) && major == 0 && minor == 0;
  int fd, r;

  if ((S_ISCHR (mode) || S_ISBLK (mode)) && !whiteout)
    return -EPERM;
  r = sentry_host_path_get (sentry_host_inode (dir), &fd);
  if (r < 0)
    return r;
  r = mknodat (fd, name, mode & (S_IFMT | 07777), 0) < 0 ? -errno : 0;
  return finish_make (dir, fd, r, cred, name, mode, ret_inode);
}

int
sentry_host_symlink (SentryInode *dir, SentryCred *cred, const char *name, const char *target,
                     SentryInode **ret_inode)
{
  int fd, r = sentry_host_path_get (sentry_host_inode (dir), &fd);

  if (r < 0)
    return r;
  r = symlinkat (target, fd, name) < 0 ? -errno : 0;
  return finish_make (dir, fd, r, cred, name, S_IFLNK | 0777, ret_inode);
}

/* --- links --- */

/* By its name, or, for a file without one (O_TMPFILE), by descriptor: directly where the host
 * allows that to whoever opened it (Linux 6.10), else through the procfs descriptor. */
static int
link_somewhere (SentryHostInode *inode, int dir_fd, const char *name)
{
  char number[16];
  int fd, r = sentry_host_path_get (inode, &fd);

  if (r < 0)
    return r;
  r = linkat (fd, "", dir_fd, name, AT_EMPTY_PATH) < 0 ? -errno : 0;
  if ((r == -ENOENT || r == -EPERM) && sentry_host_proc_fd () >= 0)
    {
      g_snprintf (number, sizeof number, "%d", fd);
      r = linkat (sentry_host_proc_fd (), number, dir_fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
    }
  sentry_host_path_put (inode);
  return r;
}

int
sentry_host_link (SentryInode *dir, const char *name, SentryInode *base)
{
  SentryHostInode *inode = sentry_host_inode (base);
  int fd, r = sentry_host_path_get (sentry_host_inode (dir), &fd);

  if (r < 0)
    return r;
  r = link_somewhere (inode, fd, name);
  sentry_host_path_put (sentry_host_inode (dir));
  if (r < 0)
    return r;
  move_place (inode, sentry_host_inode (dir), name);
  sentry_host_path_unpin (inode);
  return 0;
}

/* --- removal --- */

static int
remove_name (SentryInode *dir, const char *name, SentryInode *base, int flags)
{
  SentryHostInode *inode = sentry_host_inode (base);
  int fd, r = sentry_host_path_get (sentry_host_inode (dir), &fd);

  if (r < 0)
    return r;
  /* Whoever still has it open, or stands in it, must reach it afterwards. */
  sentry_host_path_pin (inode);
  sentry_host_move_begin (sentry_host_inode_super (inode));
  r = unlinkat (fd, name, flags) < 0 ? -errno : 0;
  sentry_host_path_put (sentry_host_inode (dir));
  if (r == 0)
    drop_place (inode);
  else
    sentry_host_path_unpin (inode);
  sentry_host_move_end (sentry_host_inode_super (inode));
  return r;
}

int
sentry_host_unlink (SentryInode *dir, const char *name, SentryInode *inode)
{
  return remove_name (dir, name, inode, 0);
}

int
sentry_host_rmdir (SentryInode *dir, const char *name, SentryInode *inode)
{
  return remove_name (dir, name, inode, AT_REMOVEDIR);
}

static int
rename_on_host (SentryHostInode *old_dir, const char *old_name, SentryHostInode *new_dir,
                const char *new_name, guint32 flags)
{
  int old_fd, new_fd, r = sentry_host_path_get (old_dir, &old_fd);

  if (r < 0)
    return r;
  r = sentry_host_path_get (new_dir, &new_fd);
  if (r == 0)
    {
      /* The C library's renameat2 without flags is renameat, which the lock-down doesn't let
       * through. */
      r = syscall (SYS_renameat2, old_fd, old_name, new_fd, new_name, flags) < 0 ? -errno : 0;
      sentry_host_path_put (new_dir);
    }
  sentry_host_path_put (old_dir);
  return r;
}

/* Out of the tree first, so that the check for circles sees no half of an exchange. */
static void
move_places (SentryHostInode *old_dir, const char *old_name, SentryHostInode *inode,
             SentryHostInode *new_dir, const char *new_name, SentryHostInode *victim,
             gboolean exchange)
{
  if (victim != NULL)
    drop_place (victim);
  if (exchange)
    {
      drop_place (inode);
      move_place (victim, old_dir, old_name);
    }
  move_place (inode, new_dir, new_name);
}

int
sentry_host_rename (SentryInode *old_dir, const char *old_name, SentryInode *inode,
                    SentryInode *new_dir, const char *new_name, SentryInode *victim, guint32 flags)
{
  SentryHostSuper *sb = sentry_host_super (old_dir->sb);
  SentryHostInode *gone = victim == NULL ? NULL : sentry_host_inode (victim);
  gboolean exchange = (flags & RENAME_EXCHANGE) != 0;
  int r;

  if (gone != NULL && !exchange)
    sentry_host_path_pin (gone);
  sentry_host_move_begin (sb);
  r = rename_on_host (sentry_host_inode (old_dir), old_name, sentry_host_inode (new_dir), new_name,
                      flags);
  /* Two names of one file: the host has done nothing. */
  if (r == 0 && victim != inode)
    move_places (sentry_host_inode (old_dir), old_name, sentry_host_inode (inode),
                 sentry_host_inode (new_dir), new_name, gone, exchange);
  sentry_host_move_end (sb);
  if (gone != NULL && !exchange && (r < 0 || victim == inode))
    sentry_host_path_unpin (gone);
  return r;
}

/* --- attributes --- */

static int
change_size (SentryHostInode *inode, guint64 size)
{
  SentryHostHandle *h;
  int r = sentry_host_handle_get (inode, SENTRY_HOST_WANT_WRITE, &h);

  if (r < 0)
    return r;
  r = ftruncate (h->fd, (off_t) size) < 0 ? -errno : 0;
  sentry_host_handle_put (inode, h);
  return r;
}

static struct timespec
time_to_set (const SentrySetAttr *set, guint32 now_bit, guint32 bit, SentryTimestamp t)
{
  if (set->valid & now_bit)
    return (struct timespec){ .tv_nsec = UTIME_NOW };
  if (set->valid & bit)
    return (struct timespec){ .tv_sec = t.sec, .tv_nsec = t.nsec };
  return (struct timespec){ .tv_nsec = UTIME_OMIT };
}

static int
change_times (int path_fd, const SentrySetAttr *set)
{
  struct timespec ts[2] = {
    time_to_set (set, SENTRY_SET_ATIME_NOW, SENTRY_SET_ATIME, set->atime),
    time_to_set (set, SENTRY_SET_MTIME_NOW, SENTRY_SET_MTIME, set->mtime),
  };

  if (ts[0].tv_nsec == UTIME_OMIT && ts[1].tv_nsec == UTIME_OMIT)
    return 0;
  return utimensat (path_fd, "", ts, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int
change_owner (int path_fd, const SentrySetAttr *set)
{
  uid_t uid = set->valid & SENTRY_SET_UID ? set->uid : (uid_t) -1;
  gid_t gid = set->valid & SENTRY_SET_GID ? set->gid : (gid_t) -1;

  if (uid == (uid_t) -1 && gid == (gid_t) -1)
    return 0;
  return fchownat (path_fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

int
sentry_host_setattr (SentryInode *base, SentryCred *cred, const SentrySetAttr *set)
{
  SentryHostInode *inode = sentry_host_inode (base);
  struct statx stx;
  int fd, r = 0;

  if (set->valid & SENTRY_SET_SIZE)
    r = change_size (inode, set->size);
  if (r == 0 && (set->valid & ~SENTRY_SET_SIZE) != 0)
    {
      r = sentry_host_path_get (inode, &fd);
      if (r < 0)
        return r;
      r = change_owner (fd, set);
      if (r == 0 && (set->valid & SENTRY_SET_MODE))
        r = change_mode (inode, fd, set->mode & 07777);
      if (r == 0)
        r = change_times (fd, set);
      sentry_host_path_put (inode);
    }
  /* What was done is done, even if a later part failed. */
  sentry_host_inode_statx (inode, &stx);
  return r;
}
