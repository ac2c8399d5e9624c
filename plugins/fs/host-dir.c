/* Open directories of a host directory: entries in the host's order, with the host's positions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BUFFER_SIZE (32 * 1024)

/* What getdents64 gives. */
typedef struct
{
  guint64 ino;
  gint64 off;
  guint16 reclen;
  guint8 type;
  char name[];
} HostDirent;

/* A host descriptor of its own, because the host keeps the position in it.  `buffer` holds entries
 * that were read and not yet given out; the first of them stands at position `buffer_pos`. */
typedef struct
{
  SentryFile base;
  int fd;            /* I */
  char *buffer;      /* m: base.lock; NULL until the first read */
  gsize at, len;     /* m */
  gint64 buffer_pos; /* m */
} SentryHostDir;

static void
dir_release (SentryFile *f)
{
  SentryHostDir *dir = (SentryHostDir *) f;

  sentry_host_fd_close (dir->fd);
  g_free (dir->buffer);
  sentry_file_clear (f);
  g_free (dir);
}

/* Fills the buffer with what follows f->pos.  0 at the end. */
static int
refill (SentryHostDir *dir, gint64 pos)
{
  long n;

  if (dir->buffer == NULL && (dir->buffer = g_try_malloc (BUFFER_SIZE)) == NULL)
    return -ENOMEM;
  if (dir->buffer_pos != pos && lseek (dir->fd, pos, SEEK_SET) < 0)
    return -errno;
  dir->at = dir->len = 0;
  dir->buffer_pos = pos;
  n = syscall (SYS_getdents64, dir->fd, dir->buffer, BUFFER_SIZE);
  if (n < 0)
    return -errno;
  dir->len = (gsize) n;
  return n > 0;
}

/* The host's root ".." would tell of what lies outside. */
static guint64
shown_ino (SentryHostDir *dir, const HostDirent *d)
{
  gboolean is_root = dir->base.inode == dir->base.inode->sb->root;

  return is_root && strcmp (d->name, "..") == 0 ? dir->base.inode->ino : d->ino;
}

static int
dir_iterate (SentryFile *f, SentryDirEmit *emit)
{
  SentryHostDir *dir = (SentryHostDir *) f;
  int r;

  for (;;)
    {
      const HostDirent *d;

      if (dir->at >= dir->len || dir->buffer_pos != f->pos)
        {
          r = refill (dir, f->pos);
          if (r <= 0)
            return r;
        }
      d = (const HostDirent *) (dir->buffer + dir->at);
      if (!emit->emit (emit, d->name, strlen (d->name), shown_ino (dir, d), d->type, d->off))
        return 0;
      dir->at += d->reclen;
      dir->buffer_pos = f->pos = d->off;
    }
}

/* Position 0 means that the guest wants to see what is there now. */
static gint64
dir_seek (SentryFile *f, gint64 offset, int whence)
{
  SentryHostDir *dir = (SentryHostDir *) f;
  gint64 r;

  if (whence == SEEK_CUR)
    {
      if (offset == 0)
        return f->pos;
      offset += f->pos;
      whence = SEEK_SET;
    }
  r = lseek (dir->fd, offset, whence);
  if (r < 0)
    return -errno;
  dir->at = dir->len = 0;
  dir->buffer_pos = f->pos = r;
  return r;
}

static int
dir_fsync (SentryFile *f, gboolean data_only)
{
  SentryHostDir *dir = (SentryHostDir *) f;

  if (!sentry_host_super (f->inode->sb)->writable)
    return 0;
  return (data_only ? fdatasync (dir->fd) : fsync (dir->fd)) < 0 ? -errno : 0;
}

static const SentryFileOps dir_ops = {
  .name = "host-dir",
  .release = dir_release,
  .seek = dir_seek,
  .iterate = dir_iterate,
  .fsync = dir_fsync,
};

int
sentry_host_dir_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                      guint32 flags, SentryFile **ret_file)
{
  SentryHostDir *dir;
  int fd = sentry_host_open_inode (sentry_host_inode (inode), O_RDONLY | O_DIRECTORY);

  if (fd < 0)
    return fd;
  dir = g_new0 (SentryHostDir, 1);
  sentry_file_init (&dir->base, &dir_ops, mode, flags, path, inode, cred);
  dir->fd = fd;
  *ret_file = &dir->base;
  return 0;
}
