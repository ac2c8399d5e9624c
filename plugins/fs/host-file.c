/* Open regular files of a host directory. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct
{
  SentryFile base;
  SentryHostHandle *handle;                             /* I */
  SentryHostHandle *map_handles[SENTRY_HOST_N_HANDLES]; /* a: once mapped, kept for the mappings */
} SentryHostFile;

/* Reads this small take a buffer from the stack. */
#define SMALL 4096

static int
file_fd (SentryFile *f)
{
  return ((SentryHostFile *) f)->handle->fd;
}

static void
file_release (SentryFile *f)
{
  SentryHostFile *file = (SentryHostFile *) f;
  SentryHostInode *inode = sentry_host_inode (f->inode);

  for (guint i = 0; i < SENTRY_HOST_N_HANDLES; i++)
    if (file->map_handles[i] != NULL)
      sentry_host_handle_put (inode, file->map_handles[i]);
  sentry_host_handle_put (inode, file->handle);
  sentry_file_clear (f);
  g_free (file);
}

/* --- reading and writing --- */

/* Room for one piece of a transfer: the iterator's own memory if that is ours, the stack, or a
 * pooled buffer. */
typedef struct
{
  char small[SMALL];
  gpointer pooled;
  gpointer at;
  gsize size;
} Piece;

static gboolean
piece_init (Piece *p, gsize wanted)
{
  p->pooled = NULL;
  p->at = p->small;
  p->size = SMALL;
  if (wanted <= SMALL)
    return TRUE;
  p->at = p->pooled = sentry_host_buffer_get ();
  p->size = SENTRY_HOST_BUFFER_SIZE;
  return p->pooled != NULL;
}

static void
piece_clear (Piece *p)
{
  if (p->pooled != NULL)
    sentry_host_buffer_put (p->pooled);
}

/* One pread and one copy. *ret_more: the transfer may go on. */
static gint64
read_piece (int fd, Piece *p, SentryIter *dst, gint64 pos, gboolean *ret_more)
{
  gsize want = MIN (dst->remaining, p->size), copied;
  gssize n = pread (fd, p->at, want, pos);

  *ret_more = FALSE;
  if (n < 0)
    return -errno;
  copied = sentry_iter_copy_to (dst, p->at, (gsize) n);
  if (copied < (gsize) n && copied == 0)
    return -EFAULT;
  *ret_more = copied == want;
  return (gint64) copied;
}

static gint64
file_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  gint64 done = 0, n = 0;
  gboolean more = TRUE;
  Piece p;

  if (dst->remaining == 0)
    return 0;
  if (!piece_init (&p, dst->remaining))
    return -ENOMEM;
  while (more && dst->remaining > 0)
    {
      n = read_piece (file_fd (f), &p, dst, *pos, &more);
      if (n <= 0)
        break;
      done += n;
      *pos += n;
    }
  piece_clear (&p);
  return done > 0 ? done : n;
}

static int
sync_flags (guint32 flags)
{
  if ((flags & O_SYNC) == O_SYNC)
    return RWF_SYNC;
  return flags & O_DSYNC ? RWF_DSYNC : 0;
}

static gssize
host_write (int fd, gpointer buf, gsize len, gint64 pos, guint32 flags)
{
  int rwf = sync_flags (flags) | (flags & O_APPEND ? RWF_APPEND : 0);
  struct iovec iov = { buf, len };
  gssize n = rwf == 0 ? pwrite (fd, buf, len, pos) : pwritev2 (fd, &iov, 1, pos, rwf);

  return n < 0 ? -errno : n;
}

static gint64
write_piece (SentryFile *f, Piece *p, SentryIter *src, gint64 *pos, gboolean *ret_more)
{
  guint32 flags = sentry_file_flags (f) | (src->append ? O_APPEND : 0);
  gsize want = MIN (src->remaining, p->size), have = sentry_iter_copy_from (src, p->at, want);
  struct statx stx;
  gssize n;

  *ret_more = FALSE;
  if (have == 0)
    return -EFAULT;
  n = host_write (file_fd (f), p->at, have, *pos, flags);
  if (n < (gssize) have)
    sentry_iter_revert (src, have - (gsize) MAX (n, 0));
  if (n <= 0)
    return n;
  /* Where the end was when the host appended; another appender may already be past it, as on Linux.
   */
  if (flags & O_APPEND)
    *pos = sentry_host_statx (file_fd (f), "", &stx) == 0 ? (gint64) stx.stx_size : *pos + n;
  else
    *pos += n;
  *ret_more = (gsize) n == want;
  return n;
}

static gint64
file_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  gint64 done = 0, n = 0;
  gboolean more = TRUE;
  Piece p;
  int r;

  if (src->remaining == 0)
    return 0;
  r = sentry_inode_remove_privs (f->inode, f->cred);
  if (r < 0)
    return r;
  if (!piece_init (&p, src->remaining))
    return -ENOMEM;
  while (more && src->remaining > 0)
    {
      n = write_piece (f, &p, src, pos, &more);
      if (n <= 0)
        break;
      done += n;
    }
  piece_clear (&p);
  return done > 0 ? done : n;
}

/* --- the rest --- */

static gint64
file_seek (SentryFile *f, gint64 offset, int whence)
{
  gint64 max = f->inode->sb->max_bytes, r;
  struct statx stx;

  switch (whence)
    {
    case SEEK_DATA:
    case SEEK_HOLE:
      r = lseek (file_fd (f), offset, whence);
      if (r < 0)
        return -errno;
      f->pos = r;
      return r;
    case SEEK_END:
      r = sentry_host_statx (file_fd (f), "", &stx);
      if (r < 0)
        return r;
      return sentry_file_seek_generic (f, offset, whence, (gint64) stx.stx_size, max);
    default:
      return sentry_file_seek_generic (f, offset, whence, 0, max);
    }
}

static int
keep_for_mapping (SentryHostFile *file, guint slot)
{
  guint want = slot == SENTRY_HOST_WRITE ? SENTRY_HOST_WANT_READ | SENTRY_HOST_WANT_WRITE
                                         : SENTRY_HOST_WANT_READ | SENTRY_HOST_WANT_WEAK;
  SentryHostInode *inode = sentry_host_inode (file->base.inode);
  SentryHostHandle *h, *none = NULL;
  int r;

  if (__atomic_load_n (&file->map_handles[slot], __ATOMIC_ACQUIRE) != NULL)
    return 0;
  __atomic_store_n (&inode->was_mapped, TRUE, __ATOMIC_RELAXED);
  r = sentry_host_handle_get (inode, want, &h);
  if (r == 0
      && !__atomic_compare_exchange_n (&file->map_handles[slot], &none, h, FALSE, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED))
    sentry_host_handle_put (inode, h);
  return r;
}

/* Private mappings and read-only shared ones get a descriptor that can't write, whatever the guest
 * opened. */
static int
file_mmap (SentryFile *f, SentryMapRequest *req)
{
  SentryHostFile *file = (SentryHostFile *) f;
  gboolean writable = req->shared && (f->mode & SENTRY_FMODE_WRITE);
  int r = keep_for_mapping (file, SENTRY_HOST_READ);

  if (r == 0 && writable)
    r = keep_for_mapping (file, SENTRY_HOST_WRITE);
  if (r < 0)
    return r;
  req->mappable = sentry_host_mappable_ops.ref (&sentry_host_inode (f->inode)->mappable);
  req->max_prot = PROT_READ | PROT_EXEC | (!req->shared || writable ? PROT_WRITE : 0);
  return 0;
}

static int
file_fsync (SentryFile *f, gboolean data_only)
{
  /* Nothing of ours can be dirty; a read-only part of the host is not ours to write back. */
  if (!sentry_host_super (f->inode->sb)->writable)
    return 0;
  return (data_only ? fdatasync (file_fd (f)) : fsync (file_fd (f))) < 0 ? -errno : 0;
}

static int
file_fallocate (SentryFile *f, int mode, gint64 offset, gint64 len)
{
  return fallocate (file_fd (f), mode, offset, len) < 0 ? -errno : 0;
}

static int
file_truncate (SentryFile *f, gint64 size)
{
  return ftruncate (file_fd (f), size) < 0 ? -errno : 0;
}

static const SentryFileOps file_ops = {
  .name = "host-file",
  .release = file_release,
  .read = file_read,
  .write = file_write,
  .seek = file_seek,
  .mmap = file_mmap,
  .fsync = file_fsync,
  .fallocate = file_fallocate,
  .truncate = file_truncate,
  .host_fd = file_fd,
};

int
sentry_host_file_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                       guint32 flags, SentryFile **ret_file)
{
  guint want = (mode & SENTRY_FMODE_READ ? SENTRY_HOST_WANT_READ : 0)
               | (mode & SENTRY_FMODE_WRITE ? SENTRY_HOST_WANT_WRITE : 0);
  SentryHostHandle *handle;
  SentryHostFile *file;
  int r;

  /* Access mode 3 allows neither, and ioctl only. */
  r = sentry_host_handle_get (sentry_host_inode (inode), want == 0 ? SENTRY_HOST_WANT_READ : want,
                              &handle);
  if (r < 0)
    return r;
  file = g_new0 (SentryHostFile, 1);
  sentry_file_init (&file->base, &file_ops, mode, flags, path, inode, cred);
  file->handle = handle;
  *ret_file = &file->base;
  return 0;
}
