/* Mapped tmpfs files: their bytes in a memfd that guest processes share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-proc.h"
#include "page-pool.h"
#include "tmpfs.h"

#ifndef MFD_EXEC
#  define MFD_EXEC 0x0010U
#endif

/* Each mapped file holds one or two host descriptors, of which there are few: past this number,
 * files that nobody has mapped any more give theirs back. */
#define MAX_MEMFDS 4096

static SentryMutex list_lock; /* AUX */
static SentryList promoted;   /* m: by data.promoted_link, the oldest first */
static guint n_promoted;      /* a */

static void
ensure_ready (void)
{
  static gsize ready;

  if (g_once_init_enter (&ready))
    {
      sentry_mutex_init (&list_lock, SENTRY_LOCK_AUX);
      sentry_list_init (&promoted);
      g_once_init_leave (&ready, 1);
    }
}

static int
memfd_new (void)
{
  int fd = memfd_create ("tmpfs", MFD_CLOEXEC | MFD_EXEC);

  /* Kernels before 6.3 don't know the flag and always allow execution. */
  if (fd < 0 && errno == EINVAL)
    fd = memfd_create ("tmpfs", MFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

static int
copy_to_memfd (SentryTmpfsData *data, int fd)
{
  const guint64 end = (guint64) G_MAXINT64 / SENTRY_FS_PAGE;

  if (ftruncate (fd, data->size) < 0)
    return -errno;
  for (guint64 page = sentry_tmpfs_next_page (data, 0, end, SENTRY_TMPFS_ALLOCATED); page < end;
       page = sentry_tmpfs_next_page (data, page + 1, end, SENTRY_TMPFS_ALLOCATED))
    {
      guint8 *bytes = sentry_tmpfs_get_page (data, page);

      guint64 at = page * SENTRY_FS_PAGE;
      gsize len = at < data->size ? MIN (SENTRY_FS_PAGE, data->size - at) : 0;

      if (bytes == NULL || len == 0)
        {
          if (fallocate (fd, FALLOC_FL_KEEP_SIZE, at, SENTRY_FS_PAGE) < 0)
            return -errno;
        }
      else if (pwrite (fd, bytes, len, at) != (gssize) len)
        return -ENOMEM;
    }
  return 0;
}

int
sentry_tmpfs_promote (SentryTmpfsInode *inode)
{
  SentryTmpfsData *data = &inode->data;
  int fd, read_fd, r;

  if (data->fd >= 0)
    return 0;
  fd = memfd_new ();
  if (fd < 0)
    return fd == -EMFILE ? -ENFILE : fd;
  r = copy_to_memfd (data, fd);
  read_fd = r < 0 ? r : sentry_fs_reopen_read_only (fd);
  if (read_fd < 0)
    {
      close (fd);
      return read_fd == -EMFILE ? -ENFILE : read_fd;
    }
  sentry_tmpfs_drop_pages (inode);
  data->fd = fd;
  data->read_fd = read_fd;
  sentry_mutex_lock (&list_lock);
  sentry_list_append (&promoted, &data->promoted_link);
  sentry_mutex_unlock (&list_lock);
  __atomic_fetch_add (&n_promoted, 1, __ATOMIC_RELAXED);
  return sentry_tmpfs_recount (inode);
}

void
sentry_tmpfs_close_memfd (SentryTmpfsInode *inode)
{
  SentryTmpfsData *data = &inode->data;

  sentry_mutex_lock (&list_lock);
  sentry_list_remove (&data->promoted_link);
  sentry_mutex_unlock (&list_lock);
  __atomic_fetch_sub (&n_promoted, 1, __ATOMIC_RELAXED);
  close (data->fd);
  close (data->read_fd);
  data->fd = data->read_fd = -1;
}

int
sentry_tmpfs_recount (SentryTmpfsInode *inode)
{
  SentryTmpfsData *data = &inode->data;
  SentryTmpfs *fs = sentry_tmpfs_of (inode);
  guint64 pages = sentry_tmpfs_data_blocks (data) / (SENTRY_FS_PAGE / 512);

  if (data->shared_write)
    pages = MAX (pages, (data->size + SENTRY_FS_PAGE - 1) / SENTRY_FS_PAGE);
  if (pages > data->charged && !sentry_tmpfs_charge (fs, pages - data->charged))
    return -ENOSPC;
  if (pages < data->charged)
    sentry_tmpfs_uncharge (fs, data->charged - pages);
  data->charged = pages;
  return 0;
}

/* Room for the holes in a range, before they are filled. */
static int
charge_range (SentryTmpfsInode *inode, guint64 start, guint64 end)
{
  SentryTmpfsData *data = &inode->data;
  guint64 pages = (end - 1) / SENTRY_FS_PAGE - start / SENTRY_FS_PAGE + 1;
  gint64 hole = lseek (data->fd, start, SEEK_HOLE);

  if ((guint64) hole >= end && hole >= 0 && end <= data->size)
    return 0;
  if (!sentry_tmpfs_charge (sentry_tmpfs_of (inode), pages))
    return -ENOSPC;
  data->charged += pages;
  return 0;
}

gint64
sentry_tmpfs_write_memfd (SentryTmpfsInode *inode, gconstpointer buf, gsize len, guint64 pos)
{
  int r = charge_range (inode, pos, pos + len);
  gssize n;

  if (r < 0)
    return r;
  n = pwrite (inode->data.fd, buf, len, pos);
  r = n < 0 ? -errno : 0;
  sentry_tmpfs_recount (inode);
  return r < 0 ? r : n;
}

int
sentry_tmpfs_allocate_memfd (SentryTmpfsInode *inode, guint64 start, guint64 end)
{
  int r = charge_range (inode, start, end);

  if (r < 0)
    return r;
  if (fallocate (inode->data.fd, FALLOC_FL_KEEP_SIZE, start, end - start) < 0)
    r = -errno;
  sentry_tmpfs_recount (inode);
  return r;
}

/* Back into pages.  FALSE: it is mapped, or there is no memory. */
static gboolean
demote_locked (SentryTmpfsInode *inode)
{
  SentryTmpfsData *data = &inode->data;
  int fd = data->fd, error;
  guint64 charged = data->charged;
  gint64 at = 0;

  if (fd < 0 || __atomic_load_n (&inode->n_mapped, __ATOMIC_SEQ_CST) > 0)
    return FALSE;
  data->fd = -1;
  data->charged = 0;
  while ((at = lseek (fd, at, SEEK_DATA)) >= 0 && (guint64) at < data->size)
    {
      guint8 *page = sentry_tmpfs_make_page (inode, at / SENTRY_FS_PAGE, &error);

      if (page == NULL
          || pread (fd, page, MIN (SENTRY_FS_PAGE, data->size - at), at & ~(gint64) 4095) < 0)
        {
          sentry_tmpfs_drop_pages (inode);
          data->fd = fd;
          data->charged = charged;
          return FALSE;
        }
      at = (at & ~(gint64) 4095) + SENTRY_FS_PAGE;
    }
  sentry_tmpfs_uncharge (sentry_tmpfs_of (inode), charged);
  data->shared_write = FALSE;
  data->fd = fd;
  sentry_tmpfs_close_memfd (inode);
  return TRUE;
}

/* A reference on one that may be given back. */
static SentryTmpfsInode *
oldest_unmapped (void)
{
  SentryTmpfsInode *found = NULL;

  sentry_mutex_lock (&list_lock);
  SENTRY_LIST_FOREACH (link, safe, &promoted)
  {
    SentryTmpfsInode *inode = SENTRY_CONTAINER (link, SentryTmpfsInode, data.promoted_link);

    if (__atomic_load_n (&inode->n_mapped, __ATOMIC_SEQ_CST) == 0
        && sentry_ref_try_get (&inode->inode.ref))
      {
        /* To the end, so that one which can't go isn't tried again and again. */
        sentry_list_remove (link);
        sentry_list_append (&promoted, link);
        found = inode;
        break;
      }
  }
  sentry_mutex_unlock (&list_lock);
  return found;
}

/* No lock held. */
static void
keep_budget (void)
{
  SentryTmpfsInode *inode;

  for (int i = 0; i < 4 && __atomic_load_n (&n_promoted, __ATOMIC_RELAXED) >= MAX_MEMFDS; i++)
    {
      inode = oldest_unmapped ();
      if (inode == NULL)
        return;
      sentry_rwlock_write_lock (&inode->inode.lock);
      demote_locked (inode);
      sentry_rwlock_write_unlock (&inode->inode.lock);
      sentry_inode_unref (&inode->inode);
    }
}

int
sentry_tmpfs_mmap (SentryFile *f, SentryMapRequest *req)
{
  SentryTmpfsInode *inode = sentry_tmpfs_inode (f->inode);
  gboolean may_write = !req->shared || (f->mode & SENTRY_FMODE_WRITE);
  int r;

  ensure_ready ();
  keep_budget ();
  sentry_rwlock_write_lock (&f->inode->lock);
  r = sentry_tmpfs_promote (inode);
  if (r == 0 && req->shared && (f->mode & SENTRY_FMODE_WRITE) && !inode->data.shared_write)
    {
      inode->data.shared_write = TRUE;
      r = sentry_tmpfs_recount (inode);
      if (r < 0)
        {
          inode->data.shared_write = FALSE;
          r = -ENOMEM;
        }
    }
  /* Counted from here on, so that nothing is given back before mm counts its mapping. */
  if (r == 0)
    __atomic_fetch_add (&inode->n_mapped, 1, __ATOMIC_SEQ_CST);
  sentry_rwlock_write_unlock (&f->inode->lock);
  if (r < 0)
    return r;
  sentry_inode_ref (f->inode);
  req->mappable = &inode->mappable;
  req->max_prot = PROT_READ | PROT_EXEC | (may_write ? PROT_WRITE : 0);
  sentry_tmpfs_touch_atime (inode, f);
  return 0;
}

static SentryTmpfsInode *
from_mappable (SentryMappable *m)
{
  return SENTRY_CONTAINER (m, SentryTmpfsInode, mappable);
}

/* Each reference counts as a mapping: the memfd stays as long as there is one. */
static SentryMappable *
mappable_ref (SentryMappable *m)
{
  sentry_inode_ref (&from_mappable (m)->inode);
  __atomic_fetch_add (&from_mappable (m)->n_mapped, 1, __ATOMIC_SEQ_CST);
  return m;
}

static void
mappable_unref (SentryMappable *m)
{
  __atomic_fetch_sub (&from_mappable (m)->n_mapped, 1, __ATOMIC_SEQ_CST);
  sentry_inode_unref (&from_mappable (m)->inode);
}

/* The descriptors don't change while there is a reference. */
static int
mappable_acquire_fd (SentryMappable *m, gboolean shared, gboolean writable, guint64 offset,
                     int *ret_fd, guint64 *ret_fd_offset)
{
  SentryTmpfsInode *inode = from_mappable (m);

  /* A private mapping writes to copies of its own. */
  *ret_fd = shared && writable ? inode->data.fd : inode->data.read_fd;
  *ret_fd_offset = offset;
  return *ret_fd < 0 ? -EIO : 0;
}

static void
mappable_release_fd (SentryMappable *m, int fd)
{
}

static void
mappable_mapped (SentryMappable *m, guint64 offset, guint64 len, gboolean shared, gboolean writable,
                 int delta)
{
}

static void
mappable_identity (SentryMappable *m, guint32 *ret_dev_major, guint32 *ret_dev_minor,
                   guint64 *ret_ino, char **ret_path)
{
  SentryTmpfsInode *inode = from_mappable (m);

  *ret_dev_major = inode->inode.sb->dev_major;
  *ret_dev_minor = inode->inode.sb->dev_minor;
  *ret_ino = inode->inode.ino;
  if (ret_path != NULL)
    *ret_path = NULL;
}

const SentryMappableOps sentry_tmpfs_mappable_ops = {
  .ref = mappable_ref,
  .unref = mappable_unref,
  .acquire_fd = mappable_acquire_fd,
  .release_fd = mappable_release_fd,
  .mapped = mappable_mapped,
  .identity = mappable_identity,
};
