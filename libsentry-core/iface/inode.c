/* Lives of inodes, superblocks and paths; what a read or write does to an inode's times.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-inode.h"

#include <fcntl.h>
#include <sys/mount.h>

#include "iface/sentry-mount-namespace.h"

#define DAY_SECONDS (24 * 60 * 60)

/* Anonymous device numbers, major 0; 1 and 2 are left to nobody so that 0:1 never means two things.
 */
static guint32 next_anonymous_minor = 20;

void
sentry_inode_init (SentryInode *inode, const SentryInodeOps *ops, SentrySuperBlock *sb, guint64 ino,
                   guint32 type)
{
  *inode = (SentryInode){ .ops = ops, .ino = ino, .type = type & S_IFMT, .mode = type & S_IFMT };
  inode->sb = sentry_super_block_ref (sb);
  inode->dev_minor = sb->dev_minor;
  sentry_ref_init (&inode->ref);
  sentry_rwlock_init (&inode->lock, SENTRY_LOCK_INODE);
}

static void
free_attachment (gpointer *attachment)
{
  SentryInodeAttachment *a = *attachment;

  *attachment = NULL;
  if (a != NULL)
    a->free (a);
}

void
sentry_inode_clear (SentryInode *inode)
{
  free_attachment (&inode->file_locks);
  free_attachment (&inode->inotify_marks);
  free_attachment (&inode->pipe);
  free_attachment (&inode->socket);
  sentry_rwlock_clear (&inode->lock);
  sentry_super_block_unref (g_steal_pointer (&inode->sb));
}

SentryInode *
sentry_inode_ref (SentryInode *inode)
{
  sentry_ref_get (&inode->ref);
  return inode;
}

void
sentry_inode_unref (SentryInode *inode)
{
  if (inode != NULL && sentry_ref_put (&inode->ref))
    inode->ops->free (inode);
}

static int
timestamp_compare (SentryTimestamp a, SentryTimestamp b)
{
  if (a.sec != b.sec)
    return a.sec < b.sec ? -1 : 1;
  return a.nsec < b.nsec ? -1 : a.nsec > b.nsec;
}

gboolean
sentry_atime_needs_update (const SentryPath *path, SentryInode *inode, guint32 file_flags,
                           SentryTimestamp atime, SentryTimestamp mtime, SentryTimestamp ctime,
                           SentryTimestamp now)
{
  guint32 flags
      = path->mount == NULL ? MS_NOATIME : __atomic_load_n (&path->mount->flags, __ATOMIC_RELAXED);

  if ((file_flags & O_NOATIME) || (flags & (MS_NOATIME | MS_RDONLY))
      || __atomic_load_n (&inode->sb->read_only, __ATOMIC_RELAXED))
    return FALSE;
  if ((flags & MS_NODIRATIME) && S_ISDIR (inode->type))
    return FALSE;
  if (timestamp_compare (atime, now) == 0)
    return FALSE;
  if (!(flags & MS_RELATIME))
    return TRUE;
  return timestamp_compare (mtime, atime) >= 0 || timestamp_compare (ctime, atime) >= 0
         || now.sec - atime.sec >= DAY_SECONDS;
}

guint32
sentry_anonymous_minor (void)
{
  return __atomic_fetch_add (&next_anonymous_minor, 1, __ATOMIC_RELAXED);
}

void
sentry_super_block_init (SentrySuperBlock *sb, const SentrySuperBlockOps *ops, const char *fs_name,
                         guint32 magic)
{
  *sb = (SentrySuperBlock){ .ops = ops,
                            .fs_name = fs_name,
                            .magic = magic,
                            .max_bytes = G_MAXINT64,
                            .dev_minor = sentry_anonymous_minor () };
  sentry_ref_init (&sb->ref);
  sentry_mutex_init (&sb->rename_lock, SENTRY_LOCK_RENAME);
}

void
sentry_super_block_set_root (SentrySuperBlock *sb, SentryInode *root)
{
  g_assert (sb->root == NULL && root->sb == sb);
  sb->root = root;
  sentry_super_block_unref (sb);
}

void
sentry_super_block_clear (SentrySuperBlock *sb)
{
  SentryInode *root = g_steal_pointer (&sb->root);

  if (root == NULL)
    return;
  /* The root gives back in sentry_inode_clear the reference that it never held. */
  sentry_ref_init (&sb->ref);
  sentry_ref_get (&sb->ref);
  sentry_inode_unref (root);
}

SentrySuperBlock *
sentry_super_block_ref (SentrySuperBlock *sb)
{
  sentry_ref_get (&sb->ref);
  return sb;
}

void
sentry_super_block_unref (SentrySuperBlock *sb)
{
  if (sb != NULL && sentry_ref_put (&sb->ref))
    sb->ops->free (sb);
}

void
sentry_path_ref (const SentryPath *p)
{
  if (p->mount != NULL)
    sentry_ref_get (&p->mount->ref);
  if (p->dentry != NULL)
    sentry_ref_get (&p->dentry->ref);
}

void
sentry_path_unref (SentryPath *p)
{
  SentryMount *mount = p->mount;
  SentryDentry *dentry = p->dentry;

  *p = (SentryPath){ NULL, NULL };
  if (dentry != NULL && sentry_ref_put (&dentry->ref))
    dentry->release (dentry);
  if (mount != NULL && sentry_ref_put (&mount->ref))
    mount->free (mount);
}
