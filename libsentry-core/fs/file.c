/* Open file descriptions: life, and the wrappers that every caller goes through.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "auth/sentry-cred.h"
#include "fs/epoll.h"
#include "fs/file-lock.h"
#include "iface/sentry-file.h"
#include "iface/sentry-inode.h"
#include "iface/sentry-mount-namespace.h"
#include "usermem/sentry-usermem.h"

/* What open acts on and F_GETFL doesn't show. */
#define ONLY_AT_OPEN (guint32) (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

static guint64 next_id = 1;

void
sentry_file_init (SentryFile *f, const SentryFileOps *ops, guint32 mode, guint32 flags,
                  const SentryPath *path, SentryInode *inode, SentryCred *cred)
{
  *f = (SentryFile){ .ops = ops, .mode = mode, .flags = flags & ~ONLY_AT_OPEN };
  sentry_ref_init (&f->ref);
  sentry_mutex_init (&f->lock, SENTRY_LOCK_FILE);
  if (path != NULL && !sentry_path_is_empty (path))
    {
      f->path = *path;
      sentry_path_ref (&f->path);
    }
  f->inode = inode != NULL ? sentry_inode_ref (inode) : NULL;
  f->cred = cred != NULL ? sentry_cred_ref (cred) : NULL;
  f->id = __atomic_fetch_add (&next_id, 1, __ATOMIC_RELAXED);
}

void
sentry_file_clear (SentryFile *f)
{
  if (f->inode != NULL && (f->mode & SENTRY_FMODE_WRITER))
    sentry_inode_put_writer (f->inode);
  if (f->inode != NULL && (f->mode & SENTRY_FMODE_EXEC))
    sentry_inode_allow_writers (f->inode);
  if (f->inode != NULL)
    sentry_inode_unref (f->inode);
  /* Last: a root inode lives only as long as its superblock, which the mount in the path holds. */
  if (!sentry_path_is_empty (&f->path))
    sentry_path_unref (&f->path);
  sentry_cred_unref (f->cred);
}

SentryFile *
sentry_file_ref (SentryFile *f)
{
  sentry_ref_get (&f->ref);
  return f;
}

void
sentry_file_unref (SentryFile *f)
{
  if (f == NULL || !sentry_ref_put (&f->ref))
    return;
  sentry_epoll_file_released (f);
  sentry_file_locks_release_file (f);
  f->ops->release (f);
}

/* rw_verify_area: the range must end below the largest position. */
static gboolean
verify_area (gint64 pos, const SentryIter *it)
{
  return pos >= 0 && it->remaining <= (guint64) (G_MAXINT64 - pos);
}

/* read and write on the file's own position hold its lock, so that two calls never overlap (POSIX,
 * f_pos_lock). */
static gint64
transfer (SentryFile *f, SentryIter *it, gint64 *pos,
          gint64 (*op) (SentryFile *f, SentryIter *it, gint64 *pos))
{
  gint64 r;

  if (f->mode & SENTRY_FMODE_STREAM)
    return pos != NULL ? -ESPIPE : op (f, it, NULL);
  if (pos != NULL)
    return verify_area (*pos, it) ? op (f, it, pos) : -EINVAL;
  sentry_mutex_lock (&f->lock);
  pos = &f->pos;
  r = verify_area (*pos, it) ? op (f, it, pos) : -EINVAL;
  sentry_mutex_unlock (&f->lock);
  return r;
}

gint64
sentry_file_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  if (!(f->mode & SENTRY_FMODE_READ))
    return -EBADF;
  if (f->ops->read == NULL)
    return f->inode != NULL && f->inode->type == S_IFDIR ? -EISDIR : -EINVAL;
  return transfer (f, dst, pos, f->ops->read);
}

gint64
sentry_file_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  if (!(f->mode & SENTRY_FMODE_WRITE))
    return -EBADF;
  if (f->ops->write == NULL)
    return -EINVAL;
  return transfer (f, src, pos, f->ops->write);
}

gint64
sentry_file_seek (SentryFile *f, gint64 offset, int whence)
{
  gint64 r;

  if (whence < SEEK_SET || whence > SEEK_HOLE)
    return -EINVAL;
  if ((f->mode & SENTRY_FMODE_STREAM) || f->ops->seek == NULL)
    return -ESPIPE;
  sentry_mutex_lock (&f->lock);
  r = f->ops->seek (f, offset, whence);
  sentry_mutex_unlock (&f->lock);
  return r;
}

gint64
sentry_file_seek_generic (SentryFile *f, gint64 offset, int whence, gint64 size, gint64 max)
{
  gint64 base = 0;

  switch (whence)
    {
    case SEEK_SET:
      break;
    case SEEK_CUR:
      base = f->pos;
      break;
    case SEEK_END:
      base = size;
      break;
    case SEEK_DATA:
      if (offset < 0 || offset >= size)
        return -ENXIO;
      break;
    case SEEK_HOLE:
      if (offset < 0 || offset >= size)
        return -ENXIO;
      offset = size;
      break;
    default:
      return -EINVAL;
    }
  if (__builtin_add_overflow (base, offset, &offset))
    return -EINVAL;
  if (offset < 0 || offset > max)
    return -EINVAL;
  f->pos = offset;
  return offset;
}

guint32
sentry_file_poll (SentryFile *f, SentryPollTable *table)
{
  if (f->ops->poll == NULL)
    return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
  return f->ops->poll (f, table);
}

int
sentry_file_iterate (SentryFile *f, SentryDirEmit *emit)
{
  int r;

  if (f->ops->iterate == NULL)
    return -ENOTDIR;
  if (f->inode != NULL && sentry_inode_is_dead (f->inode))
    return -ENOENT;
  sentry_mutex_lock (&f->lock);
  r = f->ops->iterate (f, emit);
  sentry_mutex_unlock (&f->lock);
  return r;
}
