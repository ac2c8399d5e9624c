/* Open regular files of an overlay. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

#include <errno.h>
#include <fcntl.h>

#include "usermem/sentry-usermem.h"

/* Opened for reading while only the lower layer has it, the file goes over to the copy with the
 * first operation after one was made: everybody sees what is written, which Linux's overlayfs
 * doesn't promise.  The lower file stays open as well, because another operation may just be at it.
 */
typedef struct
{
  SentryFile base;
  SentryFile *lower; /* I: NULL if it was opened in the upper layer */
  SentryFile *upper; /* a: set once */
} SentryOverlayFile;

static void
file_release (SentryFile *f)
{
  SentryOverlayFile *file = (SentryOverlayFile *) f;

  sentry_file_unref (file->lower);
  sentry_file_unref (file->upper);
  sentry_file_clear (f);
  g_free (file);
}

static int
open_real (SentryFile *f, SentryInode *real, SentryFile **ret_file)
{
  guint32 mode = f->mode & (SENTRY_FMODE_READ | SENTRY_FMODE_WRITE);

  return real->ops->open == NULL
             ? -ENXIO
             : real->ops->open (real, &f->path, f->cred, mode, sentry_file_flags (f), ret_file);
}

/* The layer's file to work with; borrowed. */
static int
get_real (SentryFile *f, SentryFile **ret_real)
{
  SentryOverlayFile *file = (SentryOverlayFile *) f;
  SentryFile *real = __atomic_load_n (&file->upper, __ATOMIC_ACQUIRE), *fresh, *none = NULL;
  SentryInode *upper = sentry_overlay_upper (sentry_overlay_inode (f->inode));
  int r;

  if (real == NULL && upper != NULL)
    {
      r = open_real (f, upper, &fresh);
      if (r < 0)
        return r;
      if (__atomic_compare_exchange_n (&file->upper, &none, fresh, FALSE, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE))
        real = fresh;
      else
        {
          sentry_file_unref (fresh);
          real = none;
        }
    }
  if (real == NULL)
    real = file->lower;
  /* F_SETFL changes ours. */
  __atomic_store_n (&real->flags, sentry_file_flags (f), __ATOMIC_RELAXED);
  *ret_real = real;
  return 0;
}

static gint64
file_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  SentryFile *real;
  int r = get_real (f, &real);

  return r < 0 ? r : real->ops->read (real, dst, pos);
}

static gint64
file_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  SentryFile *real;
  gint64 r = sentry_inode_remove_privs (f->inode, f->cred);

  if (r == 0)
    r = get_real (f, &real);
  return r < 0 ? r : real->ops->write (real, src, pos);
}

/* Our position is the one that counts; the wrapper holds its lock. */
static gint64
file_seek (SentryFile *f, gint64 offset, int whence)
{
  SentryFile *real;
  gint64 r = get_real (f, &real);

  if (r < 0)
    return r;
  real->pos = f->pos;
  r = real->ops->seek (real, offset, whence);
  f->pos = real->pos;
  return r;
}

static int
file_mmap (SentryFile *f, SentryMapRequest *req)
{
  SentryOverlayInode *o = sentry_overlay_inode (f->inode);
  SentryMappable *map;
  SentryFile *real;
  int r = get_real (f, &real);

  if (r < 0)
    return r;
  if (real->ops->mmap == NULL)
    return -ENODEV;
  r = real->ops->mmap (real, req);
  if (r < 0 || req->mappable == NULL)
    return r;
  map = sentry_overlay_map (o,
                            real == ((SentryOverlayFile *) f)->lower ? SENTRY_OVERLAY_MAP_LOWER
                                                                     : SENTRY_OVERLAY_MAP_UPPER,
                            req->mappable);
  req->mappable = map->ops->ref (map);
  return 0;
}

static int
file_fsync (SentryFile *f, gboolean data_only)
{
  SentryFile *real;
  int r = get_real (f, &real);

  return r < 0 || real->ops->fsync == NULL ? r : real->ops->fsync (real, data_only);
}

static int
file_fallocate (SentryFile *f, int mode, gint64 offset, gint64 len)
{
  SentryFile *real;
  int r = sentry_inode_remove_privs (f->inode, f->cred);

  if (r == 0)
    r = get_real (f, &real);
  if (r < 0)
    return r;
  return real->ops->fallocate == NULL ? -EOPNOTSUPP
                                      : real->ops->fallocate (real, mode, offset, len);
}

static int
file_truncate (SentryFile *f, gint64 size)
{
  SentryFile *real;
  int r = get_real (f, &real);

  if (r < 0)
    return r;
  return real->ops->truncate == NULL ? -EINVAL : real->ops->truncate (real, size);
}

static gint64
file_ioctl (SentryFile *f, SentryTask *task, SentryUserMem *um, guint32 cmd, guint64 arg)
{
  SentryFile *real;
  int r = get_real (f, &real);

  if (r < 0)
    return r;
  return real->ops->ioctl == NULL ? -ENOTTY : real->ops->ioctl (real, task, um, cmd, arg);
}

static int
file_host_fd (SentryFile *f)
{
  SentryFile *real;

  if (get_real (f, &real) < 0 || real->ops->host_fd == NULL)
    return -1;
  return real->ops->host_fd (real);
}

static const SentryFileOps file_ops = {
  .name = "overlay-file",
  .release = file_release,
  .read = file_read,
  .write = file_write,
  .seek = file_seek,
  .ioctl = file_ioctl,
  .mmap = file_mmap,
  .fsync = file_fsync,
  .fallocate = file_fallocate,
  .truncate = file_truncate,
  .host_fd = file_host_fd,
};

int
sentry_overlay_file_open (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                          guint32 mode, guint32 flags, SentryFile **ret_file)
{
  SentryOverlayInode *o = sentry_overlay_inode (inode);
  SentryOverlayFile *file;
  SentryInode *upper;
  int r = 0;

  if (mode & SENTRY_FMODE_WRITE)
    r = sentry_overlay_copy_up (o, G_MAXUINT64);
  if (r < 0)
    return r;
  upper = sentry_overlay_upper (o);
  file = g_new0 (SentryOverlayFile, 1);
  sentry_file_init (&file->base, &file_ops, mode, flags, path, inode, cred);
  r = open_real (&file->base, upper != NULL ? upper : o->lower[0].inode,
                 upper != NULL ? &file->upper : &file->lower);
  if (r < 0)
    {
      /* The caller still has the writers' count that the mode speaks of. */
      file->base.mode &= ~(SENTRY_FMODE_WRITER | SENTRY_FMODE_EXEC);
      sentry_file_unref (&file->base);
      return r;
    }
  *ret_file = &file->base;
  return 0;
}
