/* mkdir, mknod, symlink, link. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namei.h"

#include <errno.h>
#include <string.h>

#include "permission.h"

/* One new name; the walk stands at its directory. */
typedef struct
{
  SentryFsWalk walk;
  SentryFsDentry *dir; /* borrowed from walk */
  SentryInode *dir_inode;
  char name[SENTRY_FS_NAME_MAX + 1];
  const SentryCred *cred;
} NewName;

/* filename_create: the directory comes back locked, the name is free.  `is_dir`: slashes may follow
 * it. */
static int
begin (NewName *n, SentryMountNamespace *ns, const SentryWalk *req, const char *name,
       gboolean is_dir)
{
  SentryFsVfs *vfs = sentry_fs_mount_namespace (ns)->vfs;
  SentryFsDentry *d = NULL;
  int r = sentry_fs_lookup_parent (vfs, req, name, &n->walk);

  n->dir_inode = NULL;
  n->cred = req->cred;
  if (r < 0)
    return r;
  if (n->walk.last_type != SENTRY_FS_LAST_NORMAL)
    return -EEXIST;
  r = sentry_fs_walk_last_name (&n->walk, n->name);
  if (r < 0)
    return r;
  n->dir = sentry_fs_dentry (n->walk.dentry);
  n->dir_inode = sentry_fs_dentry_inode (n->dir);
  sentry_rwlock_write_lock (&n->dir_inode->lock);
  r = sentry_fs_lookup_child_locked (n->dir, req->cred, n->name, n->walk.last_len, &d);
  if (r < 0)
    return r;
  if (d->pub.inode != NULL)
    r = -EEXIST;
  else if (n->walk.last_slash && !is_dir)
    r = -ENOENT;
  else if (sentry_fs_mount_is_read_only (n->walk.mount))
    r = -EROFS;
  sentry_fs_dentry_unref (d);
  return r;
}

/* Remembers what was made; takes over `inode`. */
static int
finish (NewName *n, SentryInode *inode, SentryFsDentry **ret_dentry)
{
  SentryFsDentry *d
      = sentry_fs_dcache_add (n->dir->cache, n->dir, n->name, n->walk.last_len, inode);

  if (d == NULL)
    return -ENOMEM;
  if (ret_dentry != NULL)
    *ret_dentry = d;
  else
    sentry_fs_dentry_unref (d);
  return 0;
}

static void
end (NewName *n)
{
  if (n->dir_inode != NULL)
    sentry_rwlock_write_unlock (&n->dir_inode->lock);
  sentry_fs_walk_clear (&n->walk);
}

int
sentry_fs_mkdir (SentryMountNamespace *ns, const SentryWalk *walk, const char *name, guint32 mode)
{
  SentryInode *inode = NULL;
  NewName n;
  int r = begin (&n, ns, walk, name, TRUE);

  if (r == 0)
    r = sentry_fs_may_create (n.dir, n.cred);
  if (r == 0 && n.dir_inode->ops->mkdir == NULL)
    r = -EPERM;
  if (r == 0)
    {
      mode = sentry_fs_prepare_mode (n.dir_inode, n.cred, (mode & 01777) | S_IFDIR, walk->umask);
      r = n.dir_inode->ops->mkdir (n.dir_inode, walk->cred, n.name, mode, &inode);
    }
  if (r == 0)
    r = finish (&n, inode, NULL);
  end (&n);
  return r;
}

/* vfs_mknod's own checks; a whiteout (character device 0:0) needs no privilege. */
static int
may_make_node (NewName *n, guint32 type, guint32 major, guint32 minor)
{
  gboolean whiteout = type == S_IFCHR && major == 0 && minor == 0;

  if ((type == S_IFCHR || type == S_IFBLK) && !whiteout
      && !sentry_cred_capable (n->cred, CAP_MKNOD))
    return -EPERM;
  if (S_ISREG (type))
    return n->dir_inode->ops->create == NULL ? -EACCES : 0;
  return n->dir_inode->ops->mknod == NULL ? -EPERM : 0;
}

int
sentry_fs_mknod (SentryMountNamespace *ns, const SentryWalk *walk, const char *name, guint32 mode,
                 guint32 major, guint32 minor, SentryPath *ret_path)
{
  guint32 type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
  SentryFsDentry *d = NULL;
  SentryInode *inode = NULL;
  NewName n;
  int r;

  /* may_mknod */
  if (type == S_IFDIR)
    return -EPERM;
  if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK)
    return -EINVAL;
  r = begin (&n, ns, walk, name, FALSE);
  if (r == 0)
    r = sentry_fs_may_create (n.dir, n.cred);
  if (r == 0)
    r = may_make_node (&n, type, major, minor);
  if (r == 0)
    {
      mode = sentry_fs_prepare_mode (n.dir_inode, n.cred, (mode & 07777) | type, walk->umask);
      if (S_ISREG (mode))
        r = n.dir_inode->ops->create (n.dir_inode, walk->cred, n.name, mode, &inode);
      else
        r = n.dir_inode->ops->mknod (n.dir_inode, walk->cred, n.name, mode, major, minor, &inode);
    }
  if (r == 0)
    r = finish (&n, inode, &d);
  if (r == 0 && ret_path != NULL)
    {
      *ret_path = (SentryPath){ n.walk.mount, &d->pub };
      sentry_path_ref (ret_path);
    }
  sentry_fs_dentry_unref (d);
  end (&n);
  return r;
}

int
sentry_fs_symlink (SentryMountNamespace *ns, const SentryWalk *walk, const char *name,
                   const char *target)
{
  SentryInode *inode = NULL;
  NewName n;
  int r;

  if (*target == '\0')
    return -ENOENT;
  r = begin (&n, ns, walk, name, FALSE);
  if (r == 0)
    r = sentry_fs_may_create (n.dir, n.cred);
  if (r == 0 && n.dir_inode->ops->symlink == NULL)
    r = -EPERM;
  if (r == 0)
    r = n.dir_inode->ops->symlink (n.dir_inode, walk->cred, n.name, target, &inode);
  if (r == 0)
    r = finish (&n, inode, NULL);
  end (&n);
  return r;
}

/* may_linkat, as with fs.protected_hardlinks=1, which Debian sets: what one neither owns nor may
 * read and write, and what is set-id or special, can't be kept alive by a link. */
static int
may_link (SentryInode *inode, const SentryCred *cred)
{
  guint32 mode = __atomic_load_n (&inode->mode, __ATOMIC_RELAXED);
  gboolean safe
      = S_ISREG (mode) && !(mode & S_ISUID) && (mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP)
        && sentry_fs_inode_permission (inode, cred, SENTRY_MAY_READ | SENTRY_MAY_WRITE) == 0;

  return safe || sentry_fs_is_owner (inode, cred) ? 0 : -EPERM;
}

int
sentry_fs_link (SentryMountNamespace *ns, const SentryPath *old_path, const SentryWalk *walk,
                const char *name)
{
  SentryInode *inode = old_path->dentry->inode;
  NewName n;
  int r = begin (&n, ns, walk, name, FALSE);

  if (r == 0 && old_path->mount != n.walk.mount)
    r = -EXDEV;
  if (r == 0)
    r = may_link (inode, n.cred);
  if (r == 0)
    r = sentry_fs_may_create (n.dir, n.cred);
  if (r == 0 && inode->sb != n.dir_inode->sb)
    r = -EXDEV;
  if (r == 0 && (n.dir_inode->ops->link == NULL || S_ISDIR (inode->type)))
    r = -EPERM;
  if (r == 0)
    r = n.dir_inode->ops->link (n.dir_inode, n.name, inode);
  if (r == 0)
    r = finish (&n, sentry_inode_ref (inode), NULL);
  end (&n);
  return r;
}
