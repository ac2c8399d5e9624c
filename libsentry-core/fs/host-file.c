/* Files on donated host descriptors. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/host-file.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "auth/sentry-cred.h"
#include "fs/anon-inode.h"
#include "fs/host-poll.h"
#include "usermem/sentry-usermem.h"

/* One bounce buffer a call: a pipe moves at most this much at once, files loop. */
#define BOUNCE 65536

/* Life: one HostObject for each donated descriptor, shared by every file that guests open on it
 * (through /dev/stdin and /proc/self/fd too); it is the inode, and closes the descriptor when the
 * last of them goes. */
typedef struct
{
  SentryInode inode;
  int fd;           /* I */
  gboolean nowait;  /* a: preadv2 (RWF_NOWAIT) works */
  gboolean regular; /* I */
  char *name;       /* I: as /proc/self/fd showed it */
  SentryWaitQueue wait;
  SentryHostPoll poll;
} HostObject;

typedef struct
{
  SentryDentry dentry;
} HostDentry;

static SentrySuperBlock host_sb;
static SentryMount host_mount;
static const SentryFileOps host_file_ops;

static HostObject *
host_object (SentryFile *f)
{
  return SENTRY_CONTAINER (f->inode, HostObject, inode);
}

static guint32
ready_events (HostObject *h)
{
  struct pollfd p = { h->fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0 };

  if (!h->poll.pollable)
    return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
  if (poll (&p, 1, 0) < 0)
    return POLLERR;
  if (p.revents & POLLIN)
    p.revents |= POLLRDNORM;
  if (p.revents & POLLOUT)
    p.revents |= POLLWRNORM;
  return p.revents;
}

/* One host transfer that does not wait: by RWF_NOWAIT where the host file knows it, else
 * (terminals) after a poll that says that it won't.  Pipes and sockets know it. */
static gssize
transfer_now (HostObject *h, gpointer buf, gsize len, gboolean write)
{
  struct iovec iov = { buf, len };
  gssize n;

  if (h->regular)
    n = write ? writev (h->fd, &iov, 1) : readv (h->fd, &iov, 1);
  else if (__atomic_load_n (&h->nowait, __ATOMIC_RELAXED))
    {
      n = write ? pwritev2 (h->fd, &iov, 1, -1, RWF_NOWAIT)
                : preadv2 (h->fd, &iov, 1, -1, RWF_NOWAIT);
      if (n < 0 && errno == EOPNOTSUPP)
        {
          __atomic_store_n (&h->nowait, FALSE, __ATOMIC_RELAXED);
          return transfer_now (h, buf, len, write);
        }
    }
  else if (!(ready_events (h) & ((write ? POLLOUT : POLLIN) | POLLHUP | POLLERR)))
    return -EAGAIN;
  else
    n = write ? writev (h->fd, &iov, 1) : readv (h->fd, &iov, 1);
  return n < 0 ? -errno : n;
}

static gint64
host_file_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  HostObject *h = host_object (f);
  g_autofree guint8 *buf = g_malloc (MIN (BOUNCE, dst->remaining + 1));
  gint64 total = 0;

  while (dst->remaining > 0)
    {
      gsize want = MIN (BOUNCE, dst->remaining);
      gssize n = transfer_now (h, buf, want, FALSE);

      if (n <= 0)
        return total > 0 ? total : n;
      if (sentry_iter_copy_to (dst, buf, n) < (gsize) n)
        return total > 0 ? total : -EFAULT;
      total += n;
      if ((gsize) n < want || !h->regular)
        break;
    }
  return total;
}

static gint64
host_file_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  HostObject *h = host_object (f);
  g_autofree guint8 *buf = g_malloc (MIN (BOUNCE, src->remaining + 1));
  gint64 total = 0;

  while (src->remaining > 0)
    {
      gsize want = MIN (BOUNCE, src->remaining);
      gsize have = sentry_iter_copy_from (src, buf, want);
      gssize n;

      if (have == 0)
        return total > 0 ? total : -EFAULT;
      n = transfer_now (h, buf, have, TRUE);
      if (n < 0)
        {
          sentry_iter_revert (src, have);
          return total > 0 ? total : n;
        }
      sentry_iter_revert (src, have - n);
      total += n;
      if ((gsize) n < have)
        break;
    }
  return total;
}

static gint64
host_file_seek (SentryFile *f, gint64 offset, int whence)
{
  off_t r = lseek (host_object (f)->fd, offset, whence);

  return r < 0 ? -errno : r;
}

static guint32
host_file_poll (SentryFile *f, SentryPollTable *table)
{
  HostObject *h = host_object (f);

  if (table != NULL && h->poll.pollable)
    {
      table->add (table, &h->wait);
      sentry_host_poll_arm (&h->poll, POLLIN | POLLOUT | POLLRDHUP | POLLPRI);
    }
  return ready_events (h);
}

/* Terminal calls that change or ask only this terminal's own settings; everything about process
 * groups belongs to the sandbox's own terminals. */
static gint64
host_file_ioctl (SentryFile *f, SentryTask *task, SentryUserMem *um, guint32 cmd, guint64 arg)
{
  HostObject *h = host_object (f);
  guint8 buf[64] = { 0 };
  gsize size;
  gboolean in = FALSE;

  switch (cmd)
    {
    case TCGETS:
      size = 36;
      break;
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
      size = 36;
      in = TRUE;
      break;
    case TIOCGWINSZ:
      size = sizeof (struct winsize);
      break;
    case FIONREAD:
      size = sizeof (int);
      break;
    default:
      return -ENOTTY;
    }
  if (in && sentry_copy_in (um, buf, arg, size) < 0)
    return -EFAULT;
  if (syscall (SYS_ioctl, h->fd, cmd, buf) < 0)
    return -errno;
  return in ? 0 : sentry_copy_out (um, arg, buf, size);
}

static int
host_file_fsync (SentryFile *f, gboolean data_only)
{
  int fd = host_object (f)->fd;

  return (data_only ? fdatasync (fd) : fsync (fd)) < 0 ? -errno : 0;
}

static int
host_file_truncate (SentryFile *f, gint64 size)
{
  return ftruncate (host_object (f)->fd, size) < 0 ? -errno : 0;
}

static void
host_file_release (SentryFile *f)
{
  sentry_file_clear (f);
  g_free (f);
}

static const SentryFileOps host_file_ops = {
  .name = "host",
  .release = host_file_release,
  .read = host_file_read,
  .write = host_file_write,
  .seek = host_file_seek,
  .poll = host_file_poll,
  .ioctl = host_file_ioctl,
  .fsync = host_file_fsync,
  .truncate = host_file_truncate,
};

static SentryFile *
host_file_open_object (HostObject *h, const SentryPath *path, SentryCred *cred, guint32 mode,
                       guint32 flags)
{
  SentryFile *f = g_new0 (SentryFile, 1);

  /* A regular file's position is the host's: the wrapper's own would be a second one. */
  if (!h->regular)
    mode |= SENTRY_FMODE_STREAM;
  sentry_file_init (f, &host_file_ops, mode, flags, path, &h->inode, cred);
  return f;
}

static int
host_inode_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                 guint32 flags, SentryFile **ret_file)
{
  HostObject *h = SENTRY_CONTAINER (inode, HostObject, inode);
  int access = fcntl (h->fd, F_GETFL) & O_ACCMODE;

  /* What the donor may not do, the guest may not do. */
  if (((mode & SENTRY_FMODE_READ) && access == O_WRONLY)
      || ((mode & SENTRY_FMODE_WRITE) && access == O_RDONLY))
    return -EACCES;
  *ret_file = host_file_open_object (h, path, cred, mode, flags);
  return 0;
}

static SentryTimestamp
to_timestamp (struct timespec ts)
{
  return (SentryTimestamp){ ts.tv_sec, ts.tv_nsec };
}

static int
host_inode_getattr (SentryInode *inode, SentryAttr *ret_attr)
{
  HostObject *h = SENTRY_CONTAINER (inode, HostObject, inode);
  struct stat st;

  if (fstat (h->fd, &st) < 0)
    return -errno;
  *ret_attr = (SentryAttr){
    .mode = st.st_mode,
    .nlink = st.st_nlink,
    .uid = st.st_uid,
    .gid = st.st_gid,
    .ino = st.st_ino,
    .dev_major = major (st.st_dev),
    .dev_minor = minor (st.st_dev),
    .rdev_major = major (st.st_rdev),
    .rdev_minor = minor (st.st_rdev),
    .size = st.st_size,
    .blocks = st.st_blocks,
    .blksize = st.st_blksize,
    .atime = to_timestamp (st.st_atim),
    .mtime = to_timestamp (st.st_mtim),
    .ctime = to_timestamp (st.st_ctim),
  };
  return 0;
}

static void
host_inode_free (SentryInode *inode)
{
  HostObject *h = SENTRY_CONTAINER (inode, HostObject, inode);

  sentry_host_poll_remove (&h->poll);
  sentry_wait_queue_clear (&h->wait);
  sentry_inode_clear (inode);
  close (h->fd);
  g_free (h->name);
  g_free (h);
}

static const SentryInodeOps host_inode_ops = {
  .free = host_inode_free,
  .getattr = host_inode_getattr,
  .open = host_inode_open,
};

static const SentrySuperBlockOps host_super_ops = { 0 };

static void
host_dentry_release (SentryDentry *dentry)
{
  sentry_inode_unref (dentry->inode);
  g_free (SENTRY_CONTAINER (dentry, HostDentry, dentry));
}

static char *
host_dentry_name (SentryDentry *dentry)
{
  return g_strdup (SENTRY_CONTAINER (dentry->inode, HostObject, inode)->name);
}

static void
ensure_mount (void)
{
  static gsize ready;

  if (!g_once_init_enter (&ready))
    return;
  sentry_super_block_init (&host_sb, &host_super_ops, "host", 0);
  sentry_ref_init (&host_mount.ref);
  host_mount.sb = &host_sb;
  g_once_init_leave (&ready, 1);
}

static HostObject *
host_object_new (int fd, const struct stat *st)
{
  HostObject *h = g_new0 (HostObject, 1);
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);

  h->fd = fd;
  h->nowait = TRUE;
  h->regular = S_ISREG (st->st_mode) || S_ISBLK (st->st_mode);
  h->name = g_file_read_link (link, NULL);
  if (h->name == NULL)
    h->name = g_strdup_printf ("host:[%d]", fd);
  sentry_inode_init (&h->inode, &host_inode_ops, &host_sb, st->st_ino, st->st_mode & S_IFMT);
  h->inode.rdev_major = major (st->st_rdev);
  h->inode.rdev_minor = minor (st->st_rdev);
  sentry_wait_queue_init (&h->wait);
  sentry_host_poll_add (&h->poll, fd, &h->wait);
  return h;
}

SentryFile *
sentry_host_file_new (int fd, SentryCred *cred, GError **error)
{
  int flags = fcntl (fd, F_GETFL);
  guint32 mode = 0;
  struct stat st;
  HostDentry *d;
  HostObject *h;
  SentryPath path;
  SentryFile *f;

  if (flags < 0 || fstat (fd, &st) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "descriptor %d: %s", fd,
                   g_strerror (errno));
      return NULL;
    }
  ensure_mount ();
  if ((flags & O_ACCMODE) != O_WRONLY)
    mode |= SENTRY_FMODE_READ;
  if ((flags & O_ACCMODE) != O_RDONLY)
    mode |= SENTRY_FMODE_WRITE;
  h = host_object_new (fd, &st);
  d = g_new0 (HostDentry, 1);
  sentry_ref_init (&d->dentry.ref);
  d->dentry.release = host_dentry_release;
  d->dentry.anonymous_name = host_dentry_name;
  d->dentry.inode = &h->inode;
  sentry_ref_get (&host_mount.ref);
  path = (SentryPath){ &host_mount, &d->dentry };
  f = host_file_open_object (h, &path, cred, mode, flags & (O_ACCMODE | O_APPEND | O_NONBLOCK));
  sentry_path_unref (&path);
  return f;
}

const SentryHostCall *
sentry_fs_host_calls (void)
{
  static const SentryHostCall calls[] = {
    { SYS_readv, "read donated regular files and terminals", { { 0 } }, 0 },
    { SYS_writev, "write donated regular files and terminals", { { 0 } }, 0 },
    { SYS_preadv2, "read donated pipes without waiting", { { 0 } }, 0 },
    { SYS_pwritev2, "write donated pipes without waiting", { { 0 } }, 0 },
    { SYS_poll, "is a donated descriptor ready", { { 0 } }, 0 },
    { SYS_lseek, "positions of donated files", { { 0 } }, 0 },
    { SYS_fstat, "fstat of donated descriptors", { { 0 } }, 0 },
    { SYS_newfstatat, "fstat as this C library makes it", { { 0 } }, 0 },
    { SYS_fcntl, "what a donated descriptor may do", { { 1, ~0ull, F_GETFL } }, 1 },
    { SYS_fsync, "fsync of donated files", { { 0 } }, 0 },
    { SYS_fdatasync, "fdatasync of donated files", { { 0 } }, 0 },
    { SYS_ftruncate, "ftruncate of donated files", { { 0 } }, 0 },
    { SYS_ioctl, "terminal settings", { { 1, 0xffffffff, TCGETS } }, 1 },
    { SYS_ioctl, "terminal settings", { { 1, 0xffffffff, TCSETS } }, 1 },
    { SYS_ioctl, "terminal settings", { { 1, 0xffffffff, TCSETSW } }, 1 },
    { SYS_ioctl, "terminal settings", { { 1, 0xffffffff, TCSETSF } }, 1 },
    { SYS_ioctl, "terminal size", { { 1, 0xffffffff, TIOCGWINSZ } }, 1 },
    { SYS_ioctl, "bytes waiting", { { 1, 0xffffffff, FIONREAD } }, 1 },
    { SYS_epoll_wait, "the host-poll thread", { { 0 } }, 0 },
    { SYS_epoll_ctl, "the host-poll thread", { { 0 } }, 0 },
    { SYS_getrandom, "getrandom of guests", { { 0 } }, 0 },
    { SYS_close, "donated descriptors that no guest holds any more", { { 0 } }, 0 },
    SENTRY_HOST_CALLS_END,
  };

  return calls;
}
