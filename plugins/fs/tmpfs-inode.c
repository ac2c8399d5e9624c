/* tmpfs inodes: attributes, extended attributes, lives. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/sentry-charge.h"
#include "kernel/sentry-kernel.h"
#include "page-pool.h"
#include "tmpfs.h"

#define DIR_ENTRY_SIZE 20
/* Linux keeps longer targets in a page. */
#define SHORT_LINK 128

SentryTimestamp
sentry_tmpfs_now (SentryTmpfs *fs)
{
  struct timespec ts;
  SentryTimeNow now;

  if (fs->kernel != NULL)
    {
      sentry_timekeeper_now (sentry_kernel_timekeeper (fs->kernel), &now);
      return (SentryTimestamp){ now.realtime / 1000000000, now.realtime % 1000000000 };
    }
  clock_gettime (CLOCK_REALTIME, &ts);
  return (SentryTimestamp){ ts.tv_sec, ts.tv_nsec };
}

static const SentryInodeOps *
ops_of (guint32 mode)
{
  switch (mode & S_IFMT)
    {
    case S_IFDIR:
      return &sentry_tmpfs_dir_ops;
    case S_IFREG:
      return &sentry_tmpfs_file_ops;
    case S_IFLNK:
      return &sentry_tmpfs_link_ops;
    default:
      return &sentry_tmpfs_special_ops;
    }
}

static gboolean
charge_inode (SentryTmpfs *fs)
{
  guint64 max = __atomic_load_n (&fs->max_inodes, __ATOMIC_RELAXED);
  guint64 used = __atomic_add_fetch (&fs->used_inodes, 1, __ATOMIC_RELAXED);

  if ((max == 0 || used <= max) && sentry_charge (sizeof (SentryTmpfsInode)))
    return TRUE;
  __atomic_sub_fetch (&fs->used_inodes, 1, __ATOMIC_RELAXED);
  return FALSE;
}

static void
uncharge_inode (SentryTmpfs *fs)
{
  __atomic_sub_fetch (&fs->used_inodes, 1, __ATOMIC_RELAXED);
  sentry_uncharge (sizeof (SentryTmpfsInode));
}

int
sentry_tmpfs_inode_new (SentryTmpfs *fs, guint32 mode, guint32 uid, guint32 gid,
                        SentryTmpfsInode **ret_inode)
{
  SentryTmpfsInode *inode;

  if (!charge_inode (fs))
    return -ENOSPC;
  inode = g_try_new0 (SentryTmpfsInode, 1);
  if (inode == NULL)
    {
      uncharge_inode (fs);
      return -ENOMEM;
    }
  sentry_inode_init (&inode->inode, ops_of (mode), &fs->sb,
                     __atomic_fetch_add (&fs->next_ino, 1, __ATOMIC_RELAXED), mode & S_IFMT);
  sentry_inode_set_owner (&inode->inode, mode, uid, gid);
  sentry_mutex_init (&inode->attr_lock, SENTRY_LOCK_FS);
  inode->mappable.ops = &sentry_tmpfs_mappable_ops;
  inode->nlink = S_ISDIR (mode) ? 2 : 1;
  inode->atime = inode->mtime = inode->ctime = inode->btime = sentry_tmpfs_now (fs);
  sentry_tmpfs_data_init (&inode->data);
  if (S_ISDIR (mode))
    sentry_tmpfs_dir_init (&inode->dir);
  *ret_inode = inode;
  return 0;
}

void
sentry_tmpfs_free (SentryInode *base)
{
  SentryTmpfsInode *inode = sentry_tmpfs_inode (base);
  SentryTmpfs *fs = sentry_tmpfs_of (inode);

  if (S_ISDIR (base->type))
    sentry_tmpfs_dir_clear (inode);
  if (S_ISREG (base->type))
    sentry_tmpfs_data_clear (inode);
  if (inode->target != NULL)
    sentry_uncharge (strlen (inode->target) + 1);
  g_free (inode->target);
  sentry_fs_xattrs_clear (&inode->xattrs);
  uncharge_inode (fs);
  sentry_inode_clear (base);
  g_free (inode);
}

void
sentry_tmpfs_touch (SentryTmpfsInode *inode, gboolean mtime)
{
  SentryTimestamp now = sentry_tmpfs_now (sentry_tmpfs_of (inode));

  sentry_mutex_lock (&inode->attr_lock);
  inode->ctime = now;
  if (mtime)
    inode->mtime = now;
  sentry_mutex_unlock (&inode->attr_lock);
}

void
sentry_tmpfs_touch_atime (SentryTmpfsInode *inode, SentryFile *f)
{
  SentryTimestamp now = sentry_tmpfs_now (sentry_tmpfs_of (inode));

  sentry_mutex_lock (&inode->attr_lock);
  if (sentry_atime_needs_update (&f->path, &inode->inode, sentry_file_flags (f), inode->atime,
                                 inode->mtime, inode->ctime, now))
    inode->atime = now;
  sentry_mutex_unlock (&inode->attr_lock);
}

static void
fill_size (SentryTmpfsInode *inode, SentryAttr *attr)
{
  if (S_ISDIR (inode->inode.type))
    {
      sentry_rwlock_read_lock (&inode->inode.lock);
      attr->size = (sentry_tmpfs_dir_size (&inode->dir) + 2) * DIR_ENTRY_SIZE;
      sentry_rwlock_read_unlock (&inode->inode.lock);
    }
  else if (S_ISREG (inode->inode.type))
    {
      sentry_rwlock_read_lock (&inode->inode.lock);
      attr->size = inode->data.size;
      attr->blocks = sentry_tmpfs_data_blocks (&inode->data);
      sentry_rwlock_read_unlock (&inode->inode.lock);
    }
  else if (inode->target != NULL)
    {
      attr->size = strlen (inode->target);
      attr->blocks = attr->size >= SHORT_LINK ? SENTRY_FS_PAGE / 512 : 0;
    }
}

int
sentry_tmpfs_getattr (SentryInode *base, SentryAttr *ret_attr)
{
  SentryTmpfsInode *inode = sentry_tmpfs_inode (base);

  *ret_attr = (SentryAttr){ 0 };
  fill_size (inode, ret_attr);
  sentry_mutex_lock (&inode->attr_lock);
  ret_attr->mode = base->mode;
  ret_attr->nlink = inode->nlink;
  ret_attr->uid = base->uid;
  ret_attr->gid = base->gid;
  ret_attr->atime = inode->atime;
  ret_attr->mtime = inode->mtime;
  ret_attr->ctime = inode->ctime;
  ret_attr->btime = inode->btime;
  sentry_mutex_unlock (&inode->attr_lock);
  ret_attr->has_btime = TRUE;
  ret_attr->ino = base->ino;
  ret_attr->dev_major = base->sb->dev_major;
  ret_attr->dev_minor = base->sb->dev_minor;
  ret_attr->rdev_major = base->rdev_major;
  ret_attr->rdev_minor = base->rdev_minor;
  ret_attr->blksize = SENTRY_FS_PAGE;
  return 0;
}

static void
set_times (SentryTmpfsInode *inode, const SentrySetAttr *set, SentryTimestamp now)
{
  if (set->valid & SENTRY_SET_ATIME_NOW)
    inode->atime = now;
  else if (set->valid & SENTRY_SET_ATIME)
    inode->atime = set->atime;
  if (set->valid & SENTRY_SET_MTIME_NOW)
    inode->mtime = now;
  else if (set->valid & SENTRY_SET_MTIME)
    inode->mtime = set->mtime;
  inode->ctime = now;
}

int
sentry_tmpfs_setattr (SentryInode *base, SentryCred *cred, const SentrySetAttr *set)
{
  SentryTmpfsInode *inode = sentry_tmpfs_inode (base);
  SentryTimestamp now = sentry_tmpfs_now (sentry_tmpfs_of (inode));
  gboolean resized = FALSE;
  int r = 0;

  if (set->valid & SENTRY_SET_SIZE)
    {
      sentry_rwlock_write_lock (&base->lock);
      resized = set->size != inode->data.size;
      if (resized)
        r = sentry_tmpfs_set_size (inode, set->size);
      sentry_rwlock_write_unlock (&base->lock);
      if (r < 0)
        return r;
    }
  sentry_mutex_lock (&inode->attr_lock);
  sentry_inode_set_owner (base, set->valid & SENTRY_SET_MODE ? set->mode : base->mode,
                          set->valid & SENTRY_SET_UID ? set->uid : base->uid,
                          set->valid & SENTRY_SET_GID ? set->gid : base->gid);
  if (resized)
    inode->mtime = now;
  /* truncate(2) to the size that it has touches nothing. */
  if (resized || set->valid != SENTRY_SET_SIZE)
    set_times (inode, set, now);
  sentry_mutex_unlock (&inode->attr_lock);
  return 0;
}

gssize
sentry_tmpfs_getxattr (SentryInode *base, const char *name, gpointer value, gsize size)
{
  SentryTmpfsInode *inode = sentry_tmpfs_inode (base);
  gssize r;

  sentry_mutex_lock (&inode->attr_lock);
  r = sentry_fs_xattrs_get (&inode->xattrs, name, value, size);
  sentry_mutex_unlock (&inode->attr_lock);
  return r;
}

int
sentry_tmpfs_setxattr (SentryInode *base, const char *name, gconstpointer value, gsize size,
                       int flags)
{
  SentryTmpfsInode *inode = sentry_tmpfs_inode (base);
  SentryTimestamp now = sentry_tmpfs_now (sentry_tmpfs_of (inode));
  int r;

  sentry_mutex_lock (&inode->attr_lock);
  r = sentry_fs_xattrs_set (&inode->xattrs, name, value, size, flags);
  if (r == 0)
    inode->ctime = now;
  sentry_mutex_unlock (&inode->attr_lock);
  return r;
}

gssize
sentry_tmpfs_listxattr (SentryInode *base, char *list, gsize size)
{
  SentryTmpfsInode *inode = sentry_tmpfs_inode (base);
  gssize r;

  sentry_mutex_lock (&inode->attr_lock);
  r = sentry_fs_xattrs_list (&inode->xattrs, list, size);
  sentry_mutex_unlock (&inode->attr_lock);
  return r;
}

int
sentry_tmpfs_removexattr (SentryInode *base, const char *name)
{
  SentryTmpfsInode *inode = sentry_tmpfs_inode (base);
  SentryTimestamp now = sentry_tmpfs_now (sentry_tmpfs_of (inode));
  int r;

  sentry_mutex_lock (&inode->attr_lock);
  r = sentry_fs_xattrs_remove (&inode->xattrs, name);
  if (r == 0)
    inode->ctime = now;
  sentry_mutex_unlock (&inode->attr_lock);
  return r;
}

static int
link_readlink (SentryInode *inode, SentryCred *cred, char **ret_target)
{
  *ret_target = g_strdup (sentry_tmpfs_inode (inode)->target);
  return 0;
}

#define COMMON_OPS                                                                                 \
  .free = sentry_tmpfs_free, .getattr = sentry_tmpfs_getattr, .setattr = sentry_tmpfs_setattr,     \
  .getxattr = sentry_tmpfs_getxattr, .setxattr = sentry_tmpfs_setxattr,                            \
  .listxattr = sentry_tmpfs_listxattr, .removexattr = sentry_tmpfs_removexattr

const SentryInodeOps sentry_tmpfs_file_ops = { COMMON_OPS, .open = sentry_tmpfs_file_open };
const SentryInodeOps sentry_tmpfs_link_ops = { COMMON_OPS, .readlink = link_readlink };
const SentryInodeOps sentry_tmpfs_special_ops = { COMMON_OPS };
