/* Inodes of generated trees. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proc-private.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "kernel/sentry-kernel.h"

static void
proc_free (SentryInode *base)
{
  SentryProcInode *inode = sentry_proc_inode (base);

  sentry_proc_place_clear (&inode->place);
  sentry_inode_clear (base);
  g_free (inode);
}

static int
proc_lookup (SentryInode *dir, SentryCred *cred, const char *name, SentryInode **ret_inode)
{
  SentryProcPlace child;
  int r = sentry_proc_lookup (&sentry_proc_inode (dir)->place, name, &child);

  if (r == 0)
    *ret_inode = sentry_proc_inode_new ((SentryProcSuper *) dir->sb, &child);
  return r;
}

/* Tasks and descriptors come and go; owners change with their task's credentials. */
static gboolean
proc_revalidate (SentryInode *dir, const char *name, SentryInode *inode)
{
  SentryProcPlace *place;
  guint32 mode, uid, gid;

  if (inode == NULL)
    return !sentry_proc_is_dynamic (&sentry_proc_inode (dir)->place);
  place = &sentry_proc_inode (inode)->place;
  if (!sentry_proc_is_alive (place))
    return FALSE;
  sentry_proc_owner (place, &mode, &uid, &gid);
  sentry_inode_set_owner (inode, mode, uid, gid);
  return TRUE;
}

static int
proc_readlink (SentryInode *inode, SentryCred *cred, char **ret_target)
{
  const SentryProcPlace *place = &sentry_proc_inode (inode)->place;
  const SentryProcEntry *entry = sentry_proc_entry (place);
  int r = sentry_proc_check_access (place);

  if (r < 0)
    return r;
  return entry->readlink == NULL ? -EINVAL : entry->readlink (place, ret_target);
}

static int
proc_follow (SentryInode *inode, SentryCred *cred, SentryPath *ret_path)
{
  const SentryProcPlace *place = &sentry_proc_inode (inode)->place;
  int r = sentry_proc_check_access (place);

  return r < 0 ? r : sentry_proc_entry (place)->follow (place, ret_path);
}

/* sysfs says a page of every attribute; descriptors' links say 64, as on Linux. */
static guint64
shown_size (SentryProcInode *inode, guint32 mode)
{
  if (S_ISREG (mode))
    return inode->base.sb->is_proc ? 0 : 4096;
  return S_ISLNK (mode) && sentry_proc_entry (&inode->place)->link_mode != NULL ? 64 : 0;
}

static int
proc_getattr (SentryInode *base, SentryAttr *ret_attr)
{
  SentryProcInode *inode = sentry_proc_inode (base);
  guint32 mode, uid, gid;

  sentry_proc_owner (&inode->place, &mode, &uid, &gid);
  sentry_inode_set_owner (base, mode, uid, gid);
  *ret_attr = (SentryAttr){
    .mode = mode,
    .nlink = S_ISDIR (mode) ? 2 + sentry_proc_n_subdirs (&inode->place) : 1,
    .uid = uid,
    .gid = gid,
    .ino = base->ino,
    .dev_major = base->sb->dev_major,
    .dev_minor = base->dev_minor,
    .blksize = base->sb->is_proc ? 1024 : 4096,
    .size = shown_size (inode, mode),
    .atime = inode->made,
    .mtime = inode->made,
    .ctime = inode->made,
  };
  return 0;
}

/* O_TRUNC means nothing; everything else is refused. */
static int
proc_setattr (SentryInode *inode, SentryCred *cred, const SentrySetAttr *set)
{
  const guint32 harmless = SENTRY_SET_SIZE | SENTRY_SET_ATIME_NOW | SENTRY_SET_MTIME_NOW;

  return set->valid & ~harmless ? -EPERM : 0;
}

/* A directory that its own task may always enter; otherwise the mode decides, as usual. */
static int
proc_permission (SentryInode *inode, SentryCred *cred, guint32 mask)
{
  guint32 mode = __atomic_load_n (&inode->mode, __ATOMIC_RELAXED);
  guint32 uid = __atomic_load_n (&inode->uid, __ATOMIC_RELAXED), bits = mode;

  if (cred->fsuid == uid)
    bits = mode >> 6;
  else if (sentry_cred_in_group (cred, __atomic_load_n (&inode->gid, __ATOMIC_RELAXED)))
    bits = mode >> 3;
  if ((bits & mask) == mask || sentry_proc_is_own (&sentry_proc_inode (inode)->place))
    return 0;
  if (sentry_cred_capable_in (cred, cred->user_ns, CAP_DAC_OVERRIDE)
      || (!(mask & SENTRY_MAY_WRITE)
          && sentry_cred_capable_in (cred, cred->user_ns, CAP_DAC_READ_SEARCH)))
    return 0;
  return -EACCES;
}

static int
proc_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
           guint32 flags, SentryFile **ret_file)
{
  const SentryProcPlace *place = &sentry_proc_inode (inode)->place;
  const SentryProcEntry *entry = sentry_proc_entry (place);
  int r = sentry_proc_check_access (place);

  if (r < 0)
    return r;
  if (inode->type == S_IFDIR)
    return sentry_proc_dir_open (inode, path, cred, mode, flags, ret_file);
  if (entry->open != NULL)
    return entry->open (place, inode, path, cred, mode, flags, ret_file);
  return sentry_proc_file_open (inode, path, cred, mode, flags, ret_file);
}

#define COMMON .free = proc_free, .getattr = proc_getattr, .setattr = proc_setattr

static const SentryInodeOps dir_ops
    = { COMMON, .lookup = proc_lookup, .revalidate = proc_revalidate, .open = proc_open };
static const SentryInodeOps own_dir_ops
    = { COMMON, .lookup = proc_lookup, .revalidate = proc_revalidate, .open = proc_open,
        .permission = proc_permission };
static const SentryInodeOps file_ops = { COMMON, .open = proc_open };
static const SentryInodeOps link_ops = { COMMON, .readlink = proc_readlink };
static const SentryInodeOps magic_link_ops
    = { COMMON, .readlink = proc_readlink, .follow = proc_follow };

static const SentryInodeOps *
ops_for (const SentryProcEntry *entry)
{
  switch (entry->mode & S_IFMT)
    {
    case S_IFDIR:
      return entry->flags & SENTRY_PROC_SEARCH_TASK ? &own_dir_ops : &dir_ops;
    case S_IFLNK:
      return entry->follow != NULL ? &magic_link_ops : &link_ops;
    default:
      return &file_ops;
    }
}

static SentryTimestamp
present (SentryKernel *kernel)
{
  struct timespec ts;
  SentryTimeNow now;

  if (kernel != NULL)
    {
      sentry_timekeeper_now (sentry_kernel_timekeeper (kernel), &now);
      return (SentryTimestamp){ now.realtime / 1000000000, (guint32) (now.realtime % 1000000000) };
    }
  clock_gettime (CLOCK_REALTIME, &ts);
  return (SentryTimestamp){ ts.tv_sec, (guint32) ts.tv_nsec };
}

SentryInode *
sentry_proc_inode_new (SentryProcSuper *sb, SentryProcPlace *place)
{
  const SentryProcEntry *entry = sentry_proc_entry (place);
  SentryProcInode *inode = g_new0 (SentryProcInode, 1);
  guint32 mode, uid, gid;

  sentry_inode_init (&inode->base, ops_for (entry), &sb->base, sentry_proc_ino (place),
                     entry->mode);
  inode->place = *place;
  inode->made = present (sb->kernel);
  sentry_proc_owner (place, &mode, &uid, &gid);
  sentry_inode_set_owner (&inode->base, mode, uid, gid);
  return &inode->base;
}
