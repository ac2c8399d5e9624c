/* open: flags, creation, what may be opened how. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namei.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "permission.h"

#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
#define PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)

/* One open in progress. */
typedef struct
{
  SentryFsVfs *vfs;
  SentryCred *cred;
  guint32 flags;   /* O_* */
  guint32 implied; /* those of them that the caller didn't give */
  guint32 access;  /* SENTRY_MAY_* asked of the inode */
  guint32 fmode;
  guint32 mode; /* of a new file */
  guint32 umask;
  gboolean exec;
  gboolean created;
  guint32 dir_mode, dir_uid; /* of the directory of the last part, with O_CREAT */
} Open;

/* build_open_flags */
static int
init_open (Open *o, SentryFsVfs *vfs, SentryCred *cred, guint64 flags, guint32 mode, guint32 umask)
{
  static const guint32 access_of[]
      = { SENTRY_MAY_READ, SENTRY_MAY_WRITE, SENTRY_MAY_READ | SENTRY_MAY_WRITE,
          SENTRY_MAY_READ | SENTRY_MAY_WRITE };
  /* 3 asks for both permissions and gives neither: for ioctl only. */
  static const guint32 fmode_of[]
      = { SENTRY_FMODE_READ, SENTRY_FMODE_WRITE, SENTRY_FMODE_READ | SENTRY_FMODE_WRITE, 0 };

  *o = (Open){ .vfs = vfs, .cred = cred, .mode = mode & 07777, .umask = umask };
  o->exec = (flags & SENTRY_OPEN_EXEC) != 0;
  o->flags = (guint32) flags;
  if (o->flags & O_PATH)
    {
      o->flags &= PATH_FLAGS;
      return 0;
    }
  o->access = access_of[o->flags & O_ACCMODE];
  o->fmode = fmode_of[o->flags & O_ACCMODE];
  if (o->exec)
    {
      o->access = SENTRY_MAY_EXEC;
      o->fmode = SENTRY_FMODE_READ | SENTRY_FMODE_EXEC;
    }
  if (o->flags & TMPFILE_BIT)
    {
      if ((o->flags & (O_TMPFILE | O_CREAT)) != O_TMPFILE || !(o->access & SENTRY_MAY_WRITE))
        return -EINVAL;
      return 0;
    }
  if ((o->flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
    return -EINVAL;
  if (o->flags & O_TRUNC)
    o->access |= SENTRY_MAY_WRITE;
  if ((o->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
    {
      o->implied = O_NOFOLLOW & ~o->flags;
      o->flags |= O_NOFOLLOW;
    }
  return 0;
}

static gboolean
no_exec (const SentryPath *path)
{
  return (sentry_fs_mount_flags (path->mount) & MS_NOEXEC)
         || (path->mount->sb != NULL && path->mount->sb->no_exec);
}

static gboolean
no_devices (const SentryPath *path)
{
  return (sentry_fs_mount_flags (path->mount) & MS_NODEV)
         || (path->mount->sb != NULL && path->mount->sb->no_dev_nodes);
}

/* may_open */
static int
may_open (Open *o, const SentryPath *path)
{
  SentryInode *inode = path->dentry->inode;
  int r;

  switch (inode->type)
    {
    case S_IFLNK:
      return -ELOOP;
    case S_IFDIR:
      if (o->access & SENTRY_MAY_WRITE)
        return -EISDIR;
      if (o->access & SENTRY_MAY_EXEC)
        return -EACCES;
      break;
    case S_IFBLK:
    case S_IFCHR:
      if (no_devices (path))
        return -EACCES;
      G_GNUC_FALLTHROUGH;
    case S_IFIFO:
    case S_IFSOCK:
      if (o->access & SENTRY_MAY_EXEC)
        return -EACCES;
      o->flags &= ~O_TRUNC;
      break;
    case S_IFREG:
      if ((o->access & SENTRY_MAY_EXEC) && no_exec (path))
        return -EACCES;
      break;
    default: /* an anonymous inode */
      if (o->access & SENTRY_MAY_EXEC)
        return -EACCES;
      break;
    }
  if (!o->created)
    {
      r = sentry_fs_inode_permission (inode, o->cred, o->access);
      if (r < 0)
        return r;
    }
  if ((o->flags & O_NOATIME) && !sentry_fs_is_owner (inode, o->cred))
    return -EPERM;
  return 0;
}

static int
call_open (Open *o, const SentryPath *path, SentryFile **ret_file)
{
  SentryInode *inode = path->dentry->inode;
  guint32 flags = o->flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | o->implied);
  guint32 fmode = o->fmode & (SENTRY_FMODE_READ | SENTRY_FMODE_WRITE);

  if (inode->ops->open != NULL)
    return inode->ops->open (inode, path, o->cred, fmode, flags, ret_file);
  if (S_ISREG (inode->type) || S_ISDIR (inode->type) || inode->type == 0)
    return -ENXIO;
  /* A terminal may become the controlling one at its opening. */
  return sentry_inode_open_special (inode, path, o->cred, fmode, flags | (o->flags & O_NOCTTY),
                                    ret_file);
}

/* Who writes and who executes exclude each other; a read-only mount refuses writers of what lies on
 * it. */
static int
count_access (Open *o, const SentryPath *path)
{
  SentryInode *inode = path->dentry->inode;
  int r;

  if (o->exec)
    return sentry_inode_deny_writers (inode);
  if (!(o->fmode & SENTRY_FMODE_WRITE) || !S_ISREG (inode->type))
    return 0;
  r = sentry_inode_get_writer (inode);
  if (r < 0)
    return r;
  if (!o->created && sentry_fs_mount_is_read_only (path->mount))
    {
      sentry_inode_put_writer (inode);
      return -EROFS;
    }
  o->fmode |= SENTRY_FMODE_WRITER;
  return 0;
}

static void
uncount_access (Open *o, SentryInode *inode)
{
  if (o->exec)
    sentry_inode_allow_writers (inode);
  else if (o->fmode & SENTRY_FMODE_WRITER)
    sentry_inode_put_writer (inode);
}

/* handle_truncate: an O_RDONLY open that truncates is a writer for that moment. */
static int
truncate_opened (Open *o, SentryInode *inode)
{
  gboolean counted = (o->fmode & SENTRY_FMODE_WRITER) != 0;
  int r = counted ? 0 : sentry_inode_get_writer (inode);

  if (r < 0)
    return r;
  r = sentry_fs_truncate (inode, o->cred, 0, SENTRY_SET_MTIME_NOW);
  if (!counted)
    sentry_inode_put_writer (inode);
  return r;
}

/* may_create_in_sticky, with fs.protected_regular and protected_fifos off: what is left of it
 * forbids O_CREAT on sockets, devices and links of strangers in directories such as /tmp. */
static gboolean
sticky_forbids (Open *o, SentryInode *inode)
{
  guint32 uid = __atomic_load_n (&inode->uid, __ATOMIC_RELAXED);

  return (o->dir_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) && !S_ISREG (inode->type)
         && !S_ISFIFO (inode->type) && uid != o->dir_uid && uid != o->cred->fsuid;
}

/* do_open and vfs_open: `path` exists (or has just been made). */
static int
open_here (Open *o, const SentryPath *path, SentryFile **ret_file)
{
  SentryInode *inode = path->dentry->inode;
  SentryFile *f = NULL;
  int r;

  if (o->flags & O_CREAT)
    {
      if ((o->flags & O_EXCL) && !o->created)
        return -EEXIST;
      if (S_ISDIR (inode->type))
        return -EISDIR;
      if (!o->created && sticky_forbids (o, inode))
        return -EACCES;
    }
  if ((o->flags & O_DIRECTORY) && !(o->flags & TMPFILE_BIT) && !S_ISDIR (inode->type))
    return -ENOTDIR;
  if (o->flags & O_PATH)
    {
      *ret_file = sentry_fs_path_file_new (path, o->cred, o->flags);
      return *ret_file == NULL ? -ENOMEM : 0;
    }
  if (o->created)
    o->flags &= ~O_TRUNC;
  else if (S_ISREG (inode->type) && (o->flags & O_TRUNC)
           && sentry_fs_mount_is_read_only (path->mount))
    return -EROFS;
  r = may_open (o, path);
  if (r == 0)
    r = count_access (o, path);
  if (r < 0)
    return r;
  r = call_open (o, path, &f);
  if (r < 0)
    {
      uncount_access (o, inode);
      return r;
    }
  f->mode |= o->fmode & (SENTRY_FMODE_WRITER | SENTRY_FMODE_EXEC);
  if ((o->flags & O_TRUNC) && S_ISREG (inode->type))
    r = truncate_opened (o, inode);
  if (r < 0)
    sentry_file_unref (f);
  else
    *ret_file = f;
  return r;
}

/* What lookup_open does with a name that doesn't exist.  The directory's INODE lock is held for
 * writing. */
static int
create_locked (Open *o, SentryMount *mount, SentryFsDentry *dir, const char *name,
               SentryFsDentry **ret_dentry)
{
  SentryInode *dir_inode = sentry_fs_dentry_inode (dir), *inode = NULL;
  guint32 mode = sentry_fs_prepare_mode (dir_inode, o->cred, o->mode | S_IFREG, o->umask);
  int r;

  if (sentry_fs_mount_is_read_only (mount))
    return -EROFS;
  r = sentry_fs_may_create (dir, o->cred);
  if (r < 0)
    return r;
  if (dir_inode->ops->create == NULL)
    return -EACCES;
  r = dir_inode->ops->create (dir_inode, o->cred, name, mode, &inode);
  if (r < 0)
    return r;
  o->created = TRUE;
  *ret_dentry = sentry_fs_dcache_add (dir->cache, dir, name, strlen (name), inode);
  return *ret_dentry == NULL ? -ENOMEM : 0;
}

/* The last part with O_CREAT: found, or made.  A reference. */
static int
find_or_create (Open *o, SentryFsWalk *w, SentryFsDentry **ret_dentry)
{
  SentryFsDentry *dir = sentry_fs_dentry (w->dentry), *d = NULL;
  SentryInode *dir_inode = sentry_fs_dentry_inode (dir);
  char name[SENTRY_FS_NAME_MAX + 1];
  int r = sentry_fs_walk_last_name (w, name);

  if (r == 0)
    r = sentry_fs_lookup_child (dir, o->cred, name, w->last_len, &d);
  if (r < 0 || d->pub.inode != NULL)
    {
      *ret_dentry = d;
      return r;
    }
  sentry_fs_dentry_unref (d);
  sentry_rwlock_write_lock (&dir_inode->lock);
  r = sentry_fs_lookup_child_locked (dir, o->cred, name, w->last_len, &d);
  if (r == 0 && d->pub.inode == NULL)
    {
      sentry_fs_dentry_unref (d);
      r = create_locked (o, w->mount, dir, name, &d);
    }
  sentry_rwlock_write_unlock (&dir_inode->lock);
  *ret_dentry = d;
  return r;
}

/* Stands at the parent (held).  1: a link was followed, and the walk stands at the next parent. */
static int
create_step (Open *o, SentryFsWalk *w)
{
  SentryPath parent = { w->mount, w->dentry };
  SentryFsDentry *d;
  int r;

  o->dir_mode = __atomic_load_n (&w->dentry->inode->mode, __ATOMIC_RELAXED);
  o->dir_uid = __atomic_load_n (&w->dentry->inode->uid, __ATOMIC_RELAXED);
  if (w->last_slash)
    return -EISDIR;
  r = find_or_create (o, w, &d);
  if (r < 0)
    return r;
  sentry_path_ref (&parent);
  r = sentry_fs_walk_step_onto (w, d);
  if (r == 0 && S_ISLNK (w->dentry->inode->type) && !(o->flags & O_NOFOLLOW))
    {
      r = sentry_fs_walk_follow (w, &parent);
      if (r == 0)
        r = sentry_fs_walk_parent (w);
      if (r == 0)
        r = 1;
    }
  sentry_path_unref (&parent);
  return r;
}

static int
open_creating (Open *o, const SentryWalk *walk, const char *name, SentryFile **ret_file)
{
  SentryPath path = { NULL, NULL };
  SentryFsWalk w;
  int r = sentry_fs_lookup_parent (o->vfs, walk, name, &w);

  while (r == 0 && w.last_type == SENTRY_FS_LAST_NORMAL)
    {
      r = create_step (o, &w);
      if (r == 0)
        break;
      r = MIN (r, 0);
    }
  /* ".", "..", "/" or a magic link: there is nothing to make. */
  if (r == 0 && w.last_type != SENTRY_FS_LAST_NORMAL)
    r = sentry_fs_walk_last (&w, FALSE);
  if (r == 0)
    r = sentry_fs_walk_take (&w, &path);
  if (r == 0)
    r = open_here (o, &path, ret_file);
  sentry_fs_walk_clear (&w);
  sentry_path_unref (&path);
  return r;
}

/* do_tmpfile */
static int
open_tmpfile (Open *o, const SentryPath *dir_path, SentryFile **ret_file)
{
  SentryFsDentry *dir = sentry_fs_dentry (dir_path->dentry), *d;
  SentryInode *dir_inode = sentry_fs_dentry_inode (dir), *inode = NULL;
  guint32 mode = sentry_fs_prepare_mode (dir_inode, o->cred, o->mode | S_IFREG, o->umask);
  char name[32];
  int r;

  if (sentry_fs_mount_is_read_only (dir_path->mount))
    return -EROFS;
  r = sentry_fs_inode_permission (dir_inode, o->cred, SENTRY_MAY_WRITE | SENTRY_MAY_EXEC);
  if (r < 0)
    return r;
  if (dir_inode->ops->tmpfile == NULL)
    return -EOPNOTSUPP;
  sentry_rwlock_write_lock (&dir_inode->lock);
  r = dir_inode->ops->tmpfile (dir_inode, o->cred, mode, !(o->flags & O_EXCL), &inode);
  sentry_rwlock_write_unlock (&dir_inode->lock);
  if (r < 0)
    return r;
  g_snprintf (name, sizeof name, "#%" G_GUINT64_FORMAT, inode->ino);
  d = sentry_fs_dcache_new_unhashed (o->vfs->cache, dir->super, dir, name, inode);
  if (d == NULL)
    return -ENOMEM;
  o->created = TRUE;
  r = open_here (o, &(SentryPath){ dir_path->mount, &d->pub }, ret_file);
  sentry_fs_dentry_unref (d);
  return r;
}

int
sentry_fs_open (SentryMountNamespace *ns, const SentryWalk *walk, const char *name, guint64 flags,
                guint32 mode, SentryFile **ret_file)
{
  SentryFsVfs *vfs = sentry_fs_mount_namespace (ns)->vfs;
  SentryPath path = { NULL, NULL };
  guint32 lookup = 0;
  Open o;
  int r = init_open (&o, vfs, walk->cred, flags, mode, walk->umask);

  if (r < 0)
    return r;
  if (o.flags & O_CREAT)
    return open_creating (&o, walk, name, ret_file);
  if (!(o.flags & O_NOFOLLOW))
    lookup |= SENTRY_LOOKUP_FOLLOW;
  if (o.flags & O_DIRECTORY)
    lookup |= SENTRY_LOOKUP_DIRECTORY;
  r = sentry_fs_lookup (vfs, walk, name, lookup, &path);
  if (r == 0)
    r = o.flags & TMPFILE_BIT ? open_tmpfile (&o, &path, ret_file)
                              : open_here (&o, &path, ret_file);
  sentry_path_unref (&path);
  return r;
}

int
sentry_fs_open_path (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                     guint64 flags, SentryFile **ret_file)
{
  Open o;
  int r
      = init_open (&o, sentry_fs_mount_namespace (ns)->vfs, cred, flags & ~(guint64) O_CREAT, 0, 0);

  if (r < 0)
    return r;
  if (o.flags & TMPFILE_BIT)
    return sentry_fs_dentry_is_dir (path->dentry) ? open_tmpfile (&o, path, ret_file) : -ENOTDIR;
  return open_here (&o, path, ret_file);
}
