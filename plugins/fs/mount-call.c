/* mount(2), umount2(2) and their kin. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-call.h"

#include <errno.h>
#include <sys/mount.h>

#include "namei.h"

int
sentry_fs_graft (SentryFsMountNamespace *ns, SentryFsMount *m, const SentryPath *where)
{
  SentryFsDentry *mountpoint = sentry_fs_dentry (where->dentry);
  SentryInode *inode = sentry_fs_dentry_inode (mountpoint);
  SentryFsMount *parent = sentry_fs_mount (where->mount);
  int r = 0;

  if (S_ISDIR (inode->type) != S_ISDIR (m->root->pub.inode->type))
    {
      sentry_fs_mount_unref (m);
      return -ENOTDIR;
    }
  /* Nobody removes the mountpoint meanwhile. */
  sentry_rwlock_write_lock (&inode->lock);
  sentry_fs_vfs_lock (ns->vfs);
  if (sentry_inode_is_dead (inode))
    r = -ENOENT;
  else if (parent->tree != &ns->tree)
    r = -EINVAL;
  else if (ns->tree.n_mounts >= SENTRY_FS_MAX_MOUNTS)
    r = -ENOSPC;
  else
    {
      sentry_fs_vfs_begin_change (ns->vfs);
      sentry_fs_mount_attach_locked (m, &ns->tree, parent, mountpoint);
      sentry_fs_vfs_end_change (ns->vfs);
    }
  sentry_fs_vfs_unlock (ns->vfs);
  sentry_rwlock_write_unlock (&inode->lock);
  if (r < 0)
    sentry_fs_mount_unref (m);
  return r;
}

SentryMountNamespace *
sentry_fs_clone (SentryMountNamespace *ns)
{
  return NULL;
}

int
sentry_fs_mount_call (SentryMountNamespace *ns, const SentryWalk *walk, const char *source,
                      const char *target, const char *type, guint64 flags, const char *data)
{
  return -ENOSYS;
}

int
sentry_fs_umount (SentryMountNamespace *ns, const SentryWalk *walk, const char *target,
                  guint32 flags)
{
  return -ENOSYS;
}

int
sentry_fs_pivot_root (SentryMountNamespace *ns, const SentryPath *new_root,
                      const SentryPath *put_old)
{
  return -ENOSYS;
}

int
sentry_fs_sync (SentryMountNamespace *ns)
{
  return 0;
}

void
sentry_fs_show_mounts (SentryMountNamespace *ns, const SentryPath *root, char which, GString *out)
{
}

void
sentry_fs_show_filesystems (SentryMountNamespace *ns, GString *out)
{
}
