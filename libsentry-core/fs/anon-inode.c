/* Inodes and paths of files that have no name. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/anon-inode.h"

#include <errno.h>
#include <time.h>

#include "auth/sentry-cred.h"

#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534F434B
#define ANON_INODE_FS_MAGIC 0x09041934
#define NSFS_MAGIC 0x6e736673

/* Three superblocks and mounts that live as long as the process, as Linux's kern_mount does. */
static struct
{
  SentrySuperBlock sb;
  SentryMount mount;
  SentryInode *shared; /* ANON_INODE only */
} internal[SENTRY_N_ANON];

typedef struct
{
  SentryInode inode;
  SentryMutex lock; /* AUX */
  SentryAttr attr;  /* m */
} AnonInode;

typedef struct
{
  SentryDentry dentry;
  SentryAnonKind kind;
  const char *name; /* I: static */
} AnonDentry;

static guint64 next_ino = 1024;

guint64
sentry_anon_ino_new (void)
{
  return __atomic_fetch_add (&next_ino, 1, __ATOMIC_RELAXED);
}

static int
anon_getattr (SentryInode *inode, SentryAttr *ret_attr)
{
  AnonInode *anon = SENTRY_CONTAINER (inode, AnonInode, inode);

  sentry_mutex_lock (&anon->lock);
  *ret_attr = anon->attr;
  sentry_mutex_unlock (&anon->lock);
  return 0;
}

static SentryTimestamp
timestamp_now (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_REALTIME, &ts);
  return (SentryTimestamp){ ts.tv_sec, ts.tv_nsec };
}

static int
anon_setattr (SentryInode *inode, SentryCred *cred, const SentrySetAttr *set)
{
  AnonInode *anon = SENTRY_CONTAINER (inode, AnonInode, inode);
  SentryTimestamp now = timestamp_now ();

  if (set->valid & SENTRY_SET_SIZE)
    return -EINVAL;
  sentry_mutex_lock (&anon->lock);
  if (set->valid & SENTRY_SET_MODE)
    anon->attr.mode = (anon->attr.mode & S_IFMT) | (set->mode & 07777);
  if (set->valid & SENTRY_SET_UID)
    anon->attr.uid = set->uid;
  if (set->valid & SENTRY_SET_GID)
    anon->attr.gid = set->gid;
  if (set->valid & (SENTRY_SET_ATIME | SENTRY_SET_ATIME_NOW))
    anon->attr.atime = set->valid & SENTRY_SET_ATIME ? set->atime : now;
  if (set->valid & (SENTRY_SET_MTIME | SENTRY_SET_MTIME_NOW))
    anon->attr.mtime = set->valid & SENTRY_SET_MTIME ? set->mtime : now;
  anon->attr.ctime = now;
  sentry_inode_set_owner (inode, anon->attr.mode, anon->attr.uid, anon->attr.gid);
  sentry_mutex_unlock (&anon->lock);
  return 0;
}

static void
anon_free (SentryInode *inode)
{
  AnonInode *anon = SENTRY_CONTAINER (inode, AnonInode, inode);

  sentry_inode_clear (inode);
  g_free (anon);
}

static const SentryInodeOps anon_inode_ops = {
  .free = anon_free,
  .getattr = anon_getattr,
  .setattr = anon_setattr,
};

static int
anon_statfs (SentrySuperBlock *sb, struct statfs *ret_st)
{
  *ret_st
      = (struct statfs){ .f_type = sb->magic, .f_bsize = 4096, .f_namelen = 255, .f_frsize = 4096 };
  return 0;
}

static const SentrySuperBlockOps anon_super_ops = { .statfs = anon_statfs };

static SentryInode *
anon_inode_new (SentryAnonKind kind, guint32 type, guint32 perm, SentryCred *cred)
{
  AnonInode *anon = g_new0 (AnonInode, 1);
  SentrySuperBlock *sb = &internal[kind].sb;
  SentryTimestamp now = timestamp_now ();

  sentry_inode_init (&anon->inode, &anon_inode_ops, sb, sentry_anon_ino_new (), type);
  sentry_mutex_init (&anon->lock, SENTRY_LOCK_AUX);
  anon->attr = (SentryAttr){
    .mode = type | perm,
    .nlink = 1,
    .uid = cred != NULL ? cred->fsuid : 0,
    .gid = cred != NULL ? cred->fsgid : 0,
    .ino = anon->inode.ino,
    .dev_major = sb->dev_major,
    .dev_minor = sb->dev_minor,
    .blksize = 4096,
    .atime = now,
    .mtime = now,
    .ctime = now,
  };
  sentry_inode_set_owner (&anon->inode, anon->attr.mode, anon->attr.uid, anon->attr.gid);
  return &anon->inode;
}

static void
ensure_mounts (void)
{
  static const struct
  {
    const char *fs_name;
    guint32 magic;
  } kinds[SENTRY_N_ANON] = {
    [SENTRY_ANON_PIPE] = { "pipefs", PIPEFS_MAGIC },
    [SENTRY_ANON_SOCKET] = { "sockfs", SOCKFS_MAGIC },
    [SENTRY_ANON_INODE] = { "anon_inodefs", ANON_INODE_FS_MAGIC },
    [SENTRY_ANON_NS] = { "nsfs", NSFS_MAGIC },
  };
  static gsize ready;

  if (!g_once_init_enter (&ready))
    return;
  for (int i = 0; i < SENTRY_N_ANON; i++)
    {
      sentry_super_block_init (&internal[i].sb, &anon_super_ops, kinds[i].fs_name, kinds[i].magic);
      sentry_ref_init (&internal[i].mount.ref);
      internal[i].mount.sb = &internal[i].sb;
    }
  internal[SENTRY_ANON_INODE].shared = anon_inode_new (SENTRY_ANON_INODE, 0, 0600, NULL);
  g_once_init_leave (&ready, 1);
}

static void
anon_dentry_release (SentryDentry *dentry)
{
  sentry_inode_unref (dentry->inode);
  g_free (SENTRY_CONTAINER (dentry, AnonDentry, dentry));
}

static char *
anon_dentry_name (SentryDentry *dentry)
{
  AnonDentry *d = SENTRY_CONTAINER (dentry, AnonDentry, dentry);

  if (d->kind == SENTRY_ANON_INODE)
    return g_strdup_printf ("anon_inode:%s", d->name);
  if (d->kind == SENTRY_ANON_NS)
    return g_strdup_printf ("%s:[%" G_GUINT64_FORMAT "]", d->name, dentry->inode->ino);
  return g_strdup_printf ("%s:[%" G_GUINT64_FORMAT "]",
                          d->kind == SENTRY_ANON_PIPE ? "pipe" : "socket", dentry->inode->ino);
}

static AnonDentry *
anon_dentry_new (SentryAnonKind kind, const char *name)
{
  AnonDentry *d = g_new0 (AnonDentry, 1);

  ensure_mounts ();
  sentry_ref_init (&d->dentry.ref);
  d->dentry.release = anon_dentry_release;
  d->dentry.anonymous_name = anon_dentry_name;
  d->kind = kind;
  d->name = name;
  return d;
}

void
sentry_anon_ns_path_new (const char *kind, guint64 ino, SentryPath *ret_path)
{
  AnonDentry *d = anon_dentry_new (SENTRY_ANON_NS, kind);
  SentryInode *inode = anon_inode_new (SENTRY_ANON_NS, S_IFREG, 0444, NULL);

  inode->ino = SENTRY_CONTAINER (inode, AnonInode, inode)->attr.ino = ino;
  d->dentry.inode = inode;
  sentry_ref_get (&internal[SENTRY_ANON_NS].mount.ref);
  *ret_path = (SentryPath){ &internal[SENTRY_ANON_NS].mount, &d->dentry };
}

void
sentry_anon_path_new (SentryAnonKind kind, const char *name, SentryCred *cred, SentryPath *ret_path)
{
  AnonDentry *d = anon_dentry_new (kind, name);

  if (kind == SENTRY_ANON_INODE)
    d->dentry.inode = sentry_inode_ref (internal[kind].shared);
  else if (kind == SENTRY_ANON_PIPE)
    d->dentry.inode = anon_inode_new (kind, S_IFIFO, 0600, cred);
  else
    d->dentry.inode = anon_inode_new (kind, S_IFSOCK, 0777, cred);
  sentry_ref_get (&internal[kind].mount.ref);
  *ret_path = (SentryPath){ &internal[kind].mount, &d->dentry };
}
