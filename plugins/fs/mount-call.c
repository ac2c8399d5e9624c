/* mount(2) and umount2(2). SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-call.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "auth/sentry-cred.h"
#include "mount-private.h"
#include "walk.h"

#ifndef MS_NOSYMFOLLOW
#  define MS_NOSYMFOLLOW 256
#endif

#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)
#define ATIME_FLAGS (MS_NOATIME | MS_NODIRATIME | MS_RELATIME)
/* What belongs to a mount and not to its superblock. */
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW | ATIME_FLAGS)

static gboolean
may_mount (const SentryWalk *walk)
{
  return sentry_cred_capable_in (walk->cred, walk->cred->user_ns, CAP_SYS_ADMIN);
}

int
sentry_fs_graft (SentryFsMountNamespace *ns, SentryFsMount *m, const SentryPath *where)
{
  SentryFsDentry *mountpoint;
  SentryInode *inode = where->dentry->inode;
  SentryFsMount *parent = sentry_fs_mount (where->mount);
  GPtrArray *drop = sentry_fs_drop_list_new ();
  int r;

  if (where->dentry->anonymous_name != NULL
      || S_ISDIR (inode->type) != S_ISDIR (m->root->pub.inode->type))
    {
      r = where->dentry->anonymous_name != NULL ? -EINVAL : -ENOTDIR;
      sentry_fs_vfs_lock (ns->vfs);
      sentry_fs_detach_tree_locked (m, drop);
      sentry_fs_vfs_unlock (ns->vfs);
      sentry_fs_drop_list_free (drop);
      return r;
    }
  mountpoint = sentry_fs_dentry (where->dentry);
  /* Nobody removes the mountpoint meanwhile. */
  sentry_rwlock_write_lock (&inode->lock);
  sentry_fs_vfs_lock (ns->vfs);
  sentry_fs_vfs_begin_change (ns->vfs);
  if (sentry_inode_is_dead (inode) || sentry_fs_dentry_is_deleted (mountpoint)
      || parent->tree == NULL)
    r = -ENOENT;
  else if (parent->tree != &ns->tree)
    r = -EINVAL;
  else
    r = sentry_fs_attach_tree_locked (m, &ns->tree, parent, mountpoint, drop);
  if (r < 0)
    sentry_fs_detach_tree_locked (m, drop);
  sentry_fs_vfs_end_change (ns->vfs);
  sentry_fs_vfs_unlock (ns->vfs);
  sentry_rwlock_write_unlock (&inode->lock);
  sentry_fs_drop_list_free (drop);
  return r;
}

static guint32
mount_flags (guint64 flags)
{
  guint32 m = flags & MOUNT_FLAGS;

  /* Linux's default since 2.6.30. */
  if (!(flags & MS_NOATIME))
    m |= MS_RELATIME;
  if (flags & MS_STRICTATIME)
    m &= ~(MS_RELATIME | MS_NOATIME);
  if (m & MS_NOATIME)
    m &= ~MS_RELATIME;
  return m;
}

static int
mount_new (SentryFsMountNamespace *ns, const SentryWalk *walk, const char *source,
           const SentryPath *target, const char *type, guint64 flags, const char *data)
{
  g_autoptr (SentryFilesystem) fs = NULL;
  SentryMountRequest req = { .kernel = ns->vfs->kernel,
                             .cred = walk->cred,
                             .source = source,
                             .options = data,
                             .read_only = (flags & MS_RDONLY) != 0,
                             .host_fd = -1 };
  SentrySuperBlock *sb;
  SentryFsMount *m;
  int r;

  if (type == NULL)
    return -EINVAL;
  fs = sentry_fs_vfs_find_filesystem (ns->vfs, type);
  /* A type that only the host side may use is as good as not there. */
  if (fs == NULL || !sentry_filesystem_guest_may_mount (fs))
    return -ENODEV;
  r = sentry_filesystem_mount (fs, &req, &sb);
  if (r < 0)
    return r;
  m = sentry_fs_mount_new (ns->vfs, sb, source, mount_flags (flags));
  if (m == NULL && sb->ops->kill != NULL)
    sb->ops->kill (sb);
  sentry_super_block_unref (sb);
  return m == NULL ? -ENOMEM : sentry_fs_graft (ns, m, target);
}

static gboolean
is_mount_root (const SentryPath *path)
{
  return path->dentry->anonymous_name == NULL
         && path->dentry == &sentry_fs_mount (path->mount)->root->pub;
}

static gboolean
is_in_tree (SentryFsMountNamespace *ns, SentryFsMount *m)
{
  gboolean in;

  sentry_fs_vfs_lock (ns->vfs);
  in = m->tree == &ns->tree;
  sentry_fs_vfs_unlock (ns->vfs);
  return in;
}

/* do_remount and do_reconfigure_mnt: without MS_BIND the superblock changes too. */
static int
remount (SentryFsMountNamespace *ns, const SentryPath *target, guint64 flags, const char *data)
{
  SentryMount *m = target->mount;
  SentrySuperBlock *sb = m->sb;
  guint32 fresh = mount_flags (flags), old = sentry_fs_mount_flags (m);
  int r = 0;
  if (!is_mount_root (target) || !is_in_tree (ns, sentry_fs_mount (m)))
    return -EINVAL;
  /* Without a word about access times they stay as they are. */
  if (!(flags & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)))
    fresh = (fresh & ~ATIME_FLAGS) | (old & ATIME_FLAGS);
  if (!(flags & MS_BIND))
    {
      r = sb->ops->remount == NULL ? -EINVAL
                                   : sb->ops->remount (sb, data, (flags & MS_RDONLY) != 0);
      if (r < 0)
        return r;
    }
  sentry_fs_vfs_lock (ns->vfs);
  __atomic_store_n (&m->flags, fresh, __ATOMIC_RELEASE);
  sentry_fs_vfs_unlock (ns->vfs);
  return 0;
}

/* do_change_type */
static int
change_type (SentryFsMountNamespace *ns, const SentryPath *target, guint64 flags)
{
  SentryFsMount *top = sentry_fs_mount (target->mount);
  guint64 type = flags & PROPAGATION;

  if (!is_mount_root (target))
    return -EINVAL;
  if ((flags & ~(guint64) (MS_REC | MS_SILENT | PROPAGATION)) || (type & (type - 1)))
    return -EINVAL;
  sentry_fs_vfs_lock (ns->vfs);
  sentry_fs_tree_each (top, m)
  {
    sentry_fs_mount_set_type_locked (m, type);
    if (!(flags & MS_REC))
      break;
  }
  sentry_fs_vfs_unlock (ns->vfs);
  return 0;
}

int
sentry_fs_mount_call (SentryMountNamespace *base, const SentryWalk *walk, const char *source,
                      const char *target, const char *type, guint64 flags, const char *data)
{
  SentryFsMountNamespace *ns = sentry_fs_mount_namespace (base);
  SentryPath path;
  int r;

  if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
    flags &= ~(guint64) MS_MGC_MSK;
  r = sentry_fs_lookup (ns->vfs, walk, target, SENTRY_LOOKUP_FOLLOW, &path);
  if (r < 0)
    return r;
  if (!may_mount (walk))
    r = -EPERM;
  else if (flags & MS_REMOUNT)
    r = remount (ns, &path, flags, data);
  else if (flags & MS_BIND)
    r = sentry_fs_bind (ns, walk, source, &path, (flags & MS_REC) != 0);
  else if (flags & PROPAGATION)
    r = change_type (ns, &path, flags);
  else if (flags & MS_MOVE)
    r = sentry_fs_move (ns, walk, source, &path);
  else
    r = mount_new (ns, walk, source, &path, type, flags, data);
  sentry_path_unref (&path);
  return r;
}

/* can_umount */
static int
check_umount (SentryFsMountNamespace *ns, const SentryWalk *walk, const SentryPath *path,
              guint32 flags)
{
  if (!may_mount (walk))
    return -EPERM;
  if (!is_mount_root (path))
    return -EINVAL;
  if ((flags & MNT_FORCE) && !sentry_cred_capable (walk->cred, CAP_SYS_ADMIN))
    return -EPERM;
  if ((flags & MNT_EXPIRE)
      && (path->mount == walk->root.mount || (flags & (MNT_FORCE | MNT_DETACH))))
    return -EINVAL;
  return 0;
}

/* The tree's reference and ours: nobody else uses it. */
static gboolean
is_busy_locked (SentryFsMount *m)
{
  return !sentry_list_is_empty (&m->children)
         || __atomic_load_n (&m->pub.ref.count, __ATOMIC_SEQ_CST) > 2
         || sentry_fs_propagated_is_busy_locked (m);
}

/* Asked twice with MNT_EXPIRE, without use in between, it goes. */
static int
expire_locked (SentryFsMount *m)
{
  if (is_busy_locked (m))
    return -EBUSY;
  if (m->state & SENTRY_FS_MOUNT_EXPIRING)
    return 0;
  m->state |= SENTRY_FS_MOUNT_EXPIRING;
  return -EAGAIN;
}

/* The root that somebody stands on can't go: it becomes read-only (do_umount_root). */
static int
umount_root (SentrySuperBlock *sb)
{
  if (__atomic_load_n (&sb->read_only, __ATOMIC_RELAXED))
    return 0;
  return sb->ops->remount == NULL ? -EBUSY : sb->ops->remount (sb, NULL, TRUE);
}

int
sentry_fs_umount (SentryMountNamespace *base, const SentryWalk *walk, const char *target,
                  guint32 flags)
{
  SentryFsMountNamespace *ns = sentry_fs_mount_namespace (base);
  GPtrArray *drop;
  SentryFsMount *m;
  SentryPath path;
  int r;

  if (flags & ~(guint32) (MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
    return -EINVAL;
  r = sentry_fs_lookup (ns->vfs, walk, target, flags & UMOUNT_NOFOLLOW ? 0 : SENTRY_LOOKUP_FOLLOW,
                        &path);
  if (r < 0)
    return r;
  r = check_umount (ns, walk, &path, flags);
  if (r == 0 && path.mount == walk->root.mount && !(flags & MNT_DETACH))
    {
      r = umount_root (path.mount->sb);
      sentry_path_unref (&path);
      return r;
    }
  m = sentry_fs_mount (path.mount);
  drop = sentry_fs_drop_list_new ();
  sentry_fs_vfs_lock (ns->vfs);
  sentry_fs_vfs_begin_change (ns->vfs);
  if (r == 0 && (m->tree != &ns->tree || m->parent == NULL))
    r = -EINVAL;
  if (r == 0 && (flags & MNT_EXPIRE))
    r = expire_locked (m);
  else if (r == 0 && !(flags & MNT_DETACH) && is_busy_locked (m))
    r = -EBUSY;
  if (r == 0)
    {
      sentry_fs_detach_propagated_locked (m, drop);
      sentry_fs_detach_tree_locked (m, drop);
    }
  sentry_fs_vfs_end_change (ns->vfs);
  sentry_fs_vfs_unlock (ns->vfs);
  sentry_path_unref (&path);
  sentry_fs_drop_list_free (drop);
  return r;
}
