/* Open tmpfs files: read, write, seek, fallocate. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "page-pool.h"
#include "tmpfs.h"
#include "usermem/sentry-usermem.h"

/* What goes through a buffer at a time between a memfd and the guest. */
#define BOUNCE 16384u

static SentryTmpfsInode *
inode_of (SentryFile *f)
{
  return sentry_tmpfs_inode (f->inode);
}

/* Each piece function moves up to `len` bytes at `pos` with the lock held; fewer than it could: the
 * guest's page isn't there.  Bytes or negative errno. */

static gint64
read_memfd (SentryTmpfsInode *inode, SentryIter *dst, guint64 pos, gsize len)
{
  char buf[BOUNCE];
  gssize n = pread (inode->data.fd, buf, MIN (len, sizeof buf), pos);

  return n < 0 ? -errno : (gint64) sentry_iter_copy_to_nofault (dst, buf, n);
}

static gint64
read_page (SentryTmpfsInode *inode, SentryIter *dst, guint64 pos, gsize len)
{
  static const guint8 zeroes[SENTRY_FS_PAGE];
  const guint8 *page = sentry_tmpfs_get_page (&inode->data, pos / SENTRY_FS_PAGE);
  guint32 in_page = pos % SENTRY_FS_PAGE;

  return sentry_iter_copy_to_nofault (dst, (page == NULL ? zeroes : page) + in_page,
                                      MIN (len, SENTRY_FS_PAGE - in_page));
}

/* Until the guest's next page is missing, or nothing is left. */
static gint64
read_locked (SentryTmpfsInode *inode, SentryIter *dst, guint64 *pos)
{
  gint64 n = 1;

  while (n > 0 && dst->remaining > 0 && *pos < inode->data.size)
    {
      gsize len = MIN (dst->remaining, inode->data.size - *pos);

      n = inode->data.fd >= 0 ? read_memfd (inode, dst, *pos, len)
                              : read_page (inode, dst, *pos, len);
      if (n > 0)
        *pos += n;
    }
  return n < 0 ? n : 0;
}

static gint64
file_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  SentryTmpfsInode *inode = inode_of (f);
  gsize start = dst->done;
  guint64 at = *pos;
  gint64 r;

  do
    {
      sentry_rwlock_read_lock (&f->inode->lock);
      r = read_locked (inode, dst, &at);
      sentry_rwlock_read_unlock (&f->inode->lock);
      if (r < 0 || dst->remaining == 0 || at >= sentry_tmpfs_size (inode))
        break;
      r = sentry_iter_fault_in (dst, SENTRY_ACCESS_WRITE);
    }
  while (r == 0);
  *pos = at;
  sentry_tmpfs_touch_atime (inode, f);
  return dst->done > start ? (gint64) (dst->done - start) : r;
}

static gint64
write_memfd (SentryTmpfsInode *inode, SentryIter *src, guint64 pos, gsize len)
{
  char buf[BOUNCE];
  gsize n = sentry_iter_copy_from_nofault (src, buf, MIN (len, sizeof buf));
  gint64 done = n == 0 ? 0 : sentry_tmpfs_write_memfd (inode, buf, n, pos);

  sentry_iter_revert (src, n - MAX (done, 0));
  return done;
}

static gint64
write_page (SentryTmpfsInode *inode, SentryIter *src, guint64 pos, gsize len)
{
  int error = 0;
  guint8 *page = sentry_tmpfs_make_page (inode, pos / SENTRY_FS_PAGE, &error);
  guint32 in_page = pos % SENTRY_FS_PAGE;

  if (page == NULL)
    return error;
  return sentry_iter_copy_from_nofault (src, page + in_page, MIN (len, SENTRY_FS_PAGE - in_page));
}

static gint64
write_locked (SentryTmpfsInode *inode, SentryIter *src, guint64 *pos)
{
  guint64 max = inode->inode.sb->max_bytes;
  gint64 n = 1;

  while (n > 0 && src->remaining > 0)
    {
      gsize len = MIN (src->remaining, max - MIN (max, *pos));

      if (len == 0)
        return -EFBIG;
      n = inode->data.fd >= 0 ? write_memfd (inode, src, *pos, len)
                              : write_page (inode, src, *pos, len);
      if (n > 0)
        *pos += n;
      if (n > 0 && *pos > inode->data.size)
        __atomic_store_n (&inode->data.size, *pos, __ATOMIC_RELEASE);
    }
  return n < 0 ? n : 0;
}

static gint64
file_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  SentryTmpfsInode *inode = inode_of (f);
  gboolean append = src->append || (sentry_file_flags (f) & O_APPEND) != 0;
  gsize start = src->done;
  guint64 at = *pos;
  gint64 r;

  if (src->remaining == 0)
    return 0;
  r = sentry_inode_remove_privs (f->inode, f->cred);
  if (r < 0)
    return r;
  do
    {
      sentry_rwlock_write_lock (&f->inode->lock);
      /* Only where the write begins: what a missing guest page splits stays together. */
      if (append && src->done == start)
        at = inode->data.size;
      r = write_locked (inode, src, &at);
      sentry_rwlock_write_unlock (&f->inode->lock);
      if (r < 0 || src->remaining == 0)
        break;
      r = sentry_iter_fault_in (src, SENTRY_ACCESS_READ);
    }
  while (r == 0);
  *pos = at;
  if (src->done == start)
    return r;
  sentry_tmpfs_touch (inode, TRUE);
  return src->done - start;
}

/* SEEK_DATA and SEEK_HOLE: the end is a hole. */
static gint64
seek_extent (SentryTmpfsInode *inode, gint64 offset, gboolean data)
{
  guint64 size, page, end;
  gint64 r;

  sentry_rwlock_read_lock (&inode->inode.lock);
  size = inode->data.size;
  if (offset < 0 || (guint64) offset >= size)
    r = -ENXIO;
  else if (inode->data.fd >= 0)
    {
      r = lseek (inode->data.fd, offset, data ? SEEK_DATA : SEEK_HOLE);
      r = r < 0 ? -errno : r;
    }
  else
    {
      end = (size + SENTRY_FS_PAGE - 1) / SENTRY_FS_PAGE;
      page = sentry_tmpfs_next_page (&inode->data, offset / SENTRY_FS_PAGE, end,
                                     data ? SENTRY_TMPFS_WRITTEN : SENTRY_TMPFS_UNWRITTEN);
      r = MAX ((guint64) offset, MIN (page * SENTRY_FS_PAGE, size));
      if (data && page == end)
        r = -ENXIO;
    }
  sentry_rwlock_read_unlock (&inode->inode.lock);
  return r;
}

static gint64
file_seek (SentryFile *f, gint64 offset, int whence)
{
  SentryTmpfsInode *inode = inode_of (f);

  if (whence == SEEK_DATA || whence == SEEK_HOLE)
    {
      gint64 r = seek_extent (inode, offset, whence == SEEK_DATA);

      if (r >= 0)
        f->pos = r;
      return r;
    }
  return sentry_file_seek_generic (f, offset, whence, sentry_tmpfs_size (inode),
                                   f->inode->sb->max_bytes);
}

static int
allocate_locked (SentryTmpfsInode *inode, guint64 start, guint64 end)
{
  guint64 first = start / SENTRY_FS_PAGE, page = first;
  int r = 0;

  if (inode->data.fd >= 0)
    return sentry_tmpfs_allocate_memfd (inode, start, end);
  for (; r == 0 && page * SENTRY_FS_PAGE < end; page++)
    r = sentry_tmpfs_reserve_page (inode, page);
  /* All or nothing, as Linux. */
  if (r < 0)
    sentry_tmpfs_unreserve (inode, first, page);
  return r;
}

/* As shmem_fallocate: no other modes. */
static int
file_fallocate (SentryFile *f, int mode, gint64 offset, gint64 len)
{
  SentryTmpfsInode *inode = inode_of (f);
  guint64 end = (guint64) offset + len;
  int r;

  if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) || mode == FALLOC_FL_PUNCH_HOLE)
    return -EOPNOTSUPP;
  r = sentry_inode_remove_privs (f->inode, f->cred);
  if (r < 0)
    return r;
  sentry_rwlock_write_lock (&f->inode->lock);
  if (mode & FALLOC_FL_PUNCH_HOLE)
    r = sentry_tmpfs_punch (inode, offset, end);
  else
    {
      guint64 quota = __atomic_load_n (&sentry_tmpfs_of (inode)->max_blocks, __ATOMIC_RELAXED);

      if (quota != 0 && (end - offset) / SENTRY_FS_PAGE > quota)
        r = -ENOSPC;
      else
        r = allocate_locked (inode, offset, end);
      if (r == 0 && !(mode & FALLOC_FL_KEEP_SIZE) && end > inode->data.size)
        r = sentry_tmpfs_set_size (inode, end);
    }
  sentry_rwlock_write_unlock (&f->inode->lock);
  if (r == 0)
    sentry_tmpfs_touch (inode, TRUE);
  return r;
}

static int
file_truncate (SentryFile *f, gint64 size)
{
  SentrySetAttr set = { .valid = SENTRY_SET_SIZE | SENTRY_SET_MTIME_NOW, .size = size };
  int r = sentry_inode_remove_privs (f->inode, f->cred);

  return r < 0 ? r : sentry_tmpfs_setattr (f->inode, f->cred, &set);
}

static int
file_fsync (SentryFile *f, gboolean data_only)
{
  return 0;
}

static void
file_release (SentryFile *f)
{
  sentry_file_clear (f);
  g_free (f);
}

static const SentryFileOps file_ops = {
  .name = "tmpfs",
  .release = file_release,
  .read = file_read,
  .write = file_write,
  .seek = file_seek,
  .mmap = sentry_tmpfs_mmap,
  .fsync = file_fsync,
  .fallocate = file_fallocate,
  .truncate = file_truncate,
};

int
sentry_tmpfs_file_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                        guint32 flags, SentryFile **ret_file)
{
  SentryFile *f = g_try_new0 (SentryFile, 1);

  if (f == NULL)
    return -ENOMEM;
  sentry_file_init (f, &file_ops, mode, flags, path, inode, cred);
  *ret_file = f;
  return 0;
}
