/* Host descriptors of a host directory: few, shared, and given back least recently used first.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Idle descriptors of one superblock; more would only fill the table. */
#define MAX_IDLE 1024
/* Ancestors may be closed again while we open our way down; each time we start anew. */
#define MAX_RESTARTS 8

static gboolean
handles_open_locked (SentryHostInode *inode)
{
  return inode->handle[SENTRY_HOST_READ].fd >= 0 || inode->handle[SENTRY_HOST_WRITE].fd >= 0;
}

static gboolean
busy_locked (SentryHostInode *inode)
{
  return inode->path_users > 0 || inode->n_mapped > 0 || inode->handle[SENTRY_HOST_READ].users > 0
         || inode->handle[SENTRY_HOST_WRITE].users > 0;
}

/* Puts the inode on the list of idle ones, or takes it off. */
static void
update_lru_locked (SentryHostSuper *sb, SentryHostInode *inode)
{
  gboolean open = (inode->path_fd >= 0 && !inode->pinned) || handles_open_locked (inode);
  gboolean idle = open && !busy_locked (inode);

  if (idle == sentry_list_linked (&inode->lru))
    return;
  if (idle)
    sentry_list_append (&sb->lru, &inode->lru);
  else
    sentry_list_remove (&inode->lru);
  __atomic_fetch_add (&sb->n_lru, idle ? 1 : -1,
                      __ATOMIC_RELAXED); /* trim looks without the lock */
}

/* Takes what an idle inode has open; the caller closes it without the lock. Returns how many. */
static guint
take_idle_locked (SentryHostSuper *sb, SentryHostInode *inode, int fds[3])
{
  guint n = 0;

  if (inode->path_fd >= 0 && !inode->pinned)
    {
      fds[n++] = inode->path_fd;
      inode->path_fd = -1;
    }
  for (guint i = 0; i < SENTRY_HOST_N_HANDLES; i++)
    if (inode->handle[i].fd >= 0)
      {
        fds[n++] = inode->handle[i].fd;
        inode->handle[i].fd = -1;
      }
  update_lru_locked (sb, inode);
  return n;
}

static guint
close_oldest (SentryHostSuper *sb)
{
  int fds[3];
  guint n = 0;

  sentry_mutex_lock (&sb->lock);
  if (!sentry_list_is_empty (&sb->lru))
    n = take_idle_locked (sb, SENTRY_CONTAINER (sb->lru.next, SentryHostInode, lru), fds);
  sentry_mutex_unlock (&sb->lock);
  for (guint i = 0; i < n; i++)
    sentry_host_fd_close (fds[i]);
  return n;
}

guint
sentry_host_reclaim (SentryHostFdCache *cache, guint n)
{
  SentryHostSuper *sb = SENTRY_CONTAINER (cache, SentryHostSuper, fd_cache);
  guint freed = 0;

  while (freed < n)
    {
      guint some = close_oldest (sb);
      if (some == 0)
        break;
      freed += some;
    }
  return freed;
}

/* After something became idle. */
static void
trim (SentryHostSuper *sb)
{
  if (__atomic_load_n (&sb->n_lru, __ATOMIC_RELAXED) > MAX_IDLE)
    close_oldest (sb);
}

/* --- moves --- */

guint32
sentry_host_moves_watch (SentryHostSuper *sb)
{
  return __atomic_load_n (&sb->moves_ended, __ATOMIC_SEQ_CST);
}

gboolean
sentry_host_moved_since (SentryHostSuper *sb, guint32 watch)
{
  if (__atomic_load_n (&sb->moves_begun, __ATOMIC_SEQ_CST) == watch)
    return FALSE;
  g_thread_yield ();
  return TRUE;
}

void
sentry_host_move_begin (SentryHostSuper *sb)
{
  __atomic_add_fetch (&sb->moves_begun, 1, __ATOMIC_SEQ_CST);
}

void
sentry_host_move_end (SentryHostSuper *sb)
{
  __atomic_add_fetch (&sb->moves_ended, 1, __ATOMIC_SEQ_CST);
}

/* --- path descriptors --- */

/* Opens `inode` by its name below its parent, whose descriptor we keep meanwhile. */
static int
open_by_name (SentryHostInode *inode, SentryHostInode *parent, int parent_fd, guint64 flags)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  g_autofree char *name = NULL;
  struct statx stx;
  int fd, r;

  sentry_mutex_lock (&sb->lock);
  if (inode->parent == parent)
    name = g_strdup (inode->name);
  sentry_mutex_unlock (&sb->lock);
  if (name == NULL)
    return -ESTALE;
  fd = sentry_host_openat (parent_fd, name, flags, 0);
  if (fd < 0)
    {
      /* ENOENT, EISDIR, ENXIO …: is it the host's answer for our file, or for another one in its
       * place? */
      r = sentry_host_statx (parent_fd, name, &stx);
      return r == -ENOENT || (r == 0 && !sentry_host_same (inode, &stx)) ? -ESTALE : fd;
    }
  r = sentry_host_statx (fd, "", &stx);
  if (r == 0 && !sentry_host_same (inode, &stx))
    r = -ESTALE;
  if (r < 0)
    {
      sentry_host_fd_close (fd);
      return r;
    }
  return fd;
}

/* Gives `inode` the descriptor, unless somebody was faster. It stays, idle, until it is used. */
static void
install_path_fd (SentryHostInode *inode, int fd)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);

  sentry_mutex_lock (&sb->lock);
  if (inode->path_fd < 0)
    {
      inode->path_fd = fd;
      fd = -1;
    }
  update_lru_locked (sb, inode);
  sentry_mutex_unlock (&sb->lock);
  sentry_host_fd_close (fd);
  trim (sb);
}

/* Keeps the descriptor that `inode` has now; FALSE: it has none. */
static gboolean
try_path_get (SentryHostInode *inode, int *ret_fd)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  gboolean have;

  sentry_mutex_lock (&sb->lock);
  have = inode->path_fd >= 0;
  if (have)
    {
      inode->path_users++;
      update_lru_locked (sb, inode);
      *ret_fd = inode->path_fd;
    }
  sentry_mutex_unlock (&sb->lock);
  return have;
}

static void
unref_host_inode (gpointer inode)
{
  sentry_inode_unref (&((SentryHostInode *) inode)->base);
}

/* `inode`, its parent, and so on up to the first that is open: references, the inode itself first.
 */
static GPtrArray *
unopened_chain (SentryHostInode *inode)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  GPtrArray *chain = g_ptr_array_new_with_free_func (unref_host_inode);

  sentry_mutex_lock (&sb->lock);
  for (SentryHostInode *at = inode; at != NULL; at = at->parent)
    {
      sentry_inode_ref (&at->base);
      g_ptr_array_add (chain, at);
      if (at->path_fd >= 0)
        break;
    }
  sentry_mutex_unlock (&sb->lock);
  return chain;
}

/* Opens each element of the chain by the next one. */
static int
open_chain (GPtrArray *chain)
{
  for (guint i = chain->len - 1; i > 0; i--)
    {
      SentryHostInode *parent = chain->pdata[i], *child = chain->pdata[i - 1];
      int parent_fd, fd;

      if (!try_path_get (parent, &parent_fd))
        return -EAGAIN;
      fd = open_by_name (child, parent, parent_fd, O_PATH);
      sentry_host_path_put (parent);
      if (fd < 0)
        return fd;
      install_path_fd (child, fd);
    }
  return 0;
}

static int
open_path (SentryHostInode *inode)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  GPtrArray *chain;
  guint32 watch;
  int r;

  do
    {
      watch = sentry_host_moves_watch (sb);
      chain = unopened_chain (inode);
      r = open_chain (chain);
      g_ptr_array_unref (chain);
    }
  while (r == -ESTALE && sentry_host_moved_since (sb, watch));
  return r;
}

int
sentry_host_path_get (SentryHostInode *inode, int *ret_fd)
{
  for (guint i = 0; i < MAX_RESTARTS; i++)
    {
      int r;

      if (try_path_get (inode, ret_fd))
        return 0;
      r = open_path (inode);
      if (r < 0 && r != -EAGAIN)
        return r;
    }
  return -ESTALE;
}

/* Only directories are walked through again and again. */
void
sentry_host_path_put (SentryHostInode *inode)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  int fd = -1;

  sentry_mutex_lock (&sb->lock);
  g_assert (inode->path_users > 0);
  if (--inode->path_users == 0 && !inode->pinned && inode->base.type != S_IFDIR)
    {
      fd = inode->path_fd;
      inode->path_fd = -1;
    }
  update_lru_locked (sb, inode);
  sentry_mutex_unlock (&sb->lock);
  sentry_host_fd_close (fd);
  trim (sb);
}

static void
set_pinned (SentryHostInode *inode, gboolean pinned)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);

  sentry_mutex_lock (&sb->lock);
  inode->pinned = pinned && inode->path_fd >= 0;
  update_lru_locked (sb, inode);
  sentry_mutex_unlock (&sb->lock);
}

/* `fd` is budgeted; it becomes the path descriptor of a file that has no name. */
void
sentry_host_path_adopt (SentryHostInode *inode, int fd)
{
  install_path_fd (inode, fd);
  set_pinned (inode, TRUE);
}

/* When the budget is used up the inode goes without: it will say ESTALE, which is better than a
 * file that can't be removed. */
void
sentry_host_path_pin (SentryHostInode *inode)
{
  int fd;

  if (sentry_host_path_get (inode, &fd) < 0)
    return;
  set_pinned (inode, TRUE);
  sentry_host_path_put (inode);
}

void
sentry_host_path_unpin (SentryHostInode *inode)
{
  set_pinned (inode, FALSE);
}

/* --- opening the inode itself --- */

static gboolean
may_skip_atime (SentryHostInode *inode)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);

  return sb->reads_all || __atomic_load_n (&inode->base.uid, __ATOMIC_RELAXED) == sb->uid;
}

/* A file without a name, or the only file of a bind: through the procfs descriptor. */
static int
reopen_path (SentryHostInode *inode, guint64 flags)
{
  struct statx stx;
  int path_fd, fd, r = sentry_host_path_get (inode, &path_fd);

  if (r < 0)
    return r;
  if (inode->base.type == S_IFDIR)
    fd = sentry_host_openat (path_fd, ".", flags, 0);
  else
    fd = sentry_host_reopen (path_fd, flags);
  sentry_host_path_put (inode);
  if (fd < 0)
    return fd;
  r = sentry_host_statx (fd, "", &stx);
  if (r == 0 && sentry_host_same (inode, &stx))
    return fd;
  sentry_host_fd_close (fd);
  return r < 0 ? r : -ESTALE;
}

static SentryHostInode *
ref_parent (SentryHostInode *inode)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  SentryHostInode *parent;

  sentry_mutex_lock (&sb->lock);
  parent = inode->parent;
  if (parent != NULL)
    sentry_inode_ref (&parent->base);
  sentry_mutex_unlock (&sb->lock);
  return parent;
}

static int
open_inode_once (SentryHostInode *inode, guint64 flags)
{
  SentryHostInode *parent = ref_parent (inode);
  int parent_fd, fd;

  if (parent == NULL)
    return reopen_path (inode, flags);
  fd = sentry_host_path_get (parent, &parent_fd);
  if (fd == 0)
    {
      fd = open_by_name (inode, parent, parent_fd, flags);
      sentry_host_path_put (parent);
    }
  sentry_inode_unref (&parent->base);
  return fd;
}

int
sentry_host_open_inode (SentryHostInode *inode, guint64 flags)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  guint32 watch;
  int fd;

  g_assert (inode->base.type == S_IFREG || inode->base.type == S_IFDIR);
  if (may_skip_atime (inode))
    flags |= O_NOATIME;
  do
    {
      watch = sentry_host_moves_watch (sb);
      fd = open_inode_once (inode, flags);
    }
  while (fd == -ESTALE && sentry_host_moved_since (sb, watch));
  return fd;
}

/* --- handles --- */

static gboolean
handle_serves (SentryHostHandle *h, guint want)
{
  if (h->fd < 0 || ((want & SENTRY_HOST_WANT_READ) && !h->read))
    return FALSE;
  if (want & SENTRY_HOST_WANT_WRITE)
    return h->write;
  return !(want & SENTRY_HOST_WANT_WEAK) || !h->write;
}

static int
open_handle (SentryHostInode *inode, guint want, SentryHostHandle *ret_handle)
{
  SentryHostHandle h = { .read = TRUE, .write = (want & SENTRY_HOST_WANT_WRITE) != 0 };

  h.fd = sentry_host_open_inode (inode, h.write ? O_RDWR : O_RDONLY);
  if (h.fd == -EACCES && want == SENTRY_HOST_WANT_WRITE)
    {
      h.read = FALSE;
      h.fd = sentry_host_open_inode (inode, O_WRONLY);
    }
  *ret_handle = h;
  return h.fd < 0 ? h.fd : 0;
}

static gboolean
use_handle_locked (SentryHostSuper *sb, SentryHostInode *inode, guint want,
                   SentryHostHandle **ret_handle)
{
  for (guint i = 0; i < SENTRY_HOST_N_HANDLES; i++)
    {
      SentryHostHandle *h = &inode->handle[i];
      if (!handle_serves (h, want))
        continue;
      h->users++;
      update_lru_locked (sb, inode);
      *ret_handle = h;
      return TRUE;
    }
  return FALSE;
}

int
sentry_host_handle_get (SentryHostInode *inode, guint want, SentryHostHandle **ret_handle)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  SentryHostHandle *slot, fresh;
  gboolean done;
  int r;

  slot = &inode->handle[want & SENTRY_HOST_WANT_WRITE ? SENTRY_HOST_WRITE : SENTRY_HOST_READ];
  sentry_mutex_lock (&sb->lock);
  done = use_handle_locked (sb, inode, want, ret_handle);
  sentry_mutex_unlock (&sb->lock);
  if (done)
    return 0;
  r = open_handle (inode, want, &fresh);
  if (r < 0)
    return r;
  sentry_mutex_lock (&sb->lock);
  done = use_handle_locked (sb, inode, want, ret_handle);
  if (!done && slot->fd < 0)
    {
      *slot = fresh;
      done = use_handle_locked (sb, inode, want, ret_handle);
      fresh.fd = -1;
    }
  sentry_mutex_unlock (&sb->lock);
  sentry_host_fd_close (fresh.fd);
  /* Only if a write-only handle is in use and a readable one is wanted: it was opened when we
   * couldn't read. */
  return done ? 0 : -EACCES;
}

SentryHostHandle *
sentry_host_handle_get_open (SentryHostInode *inode)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  SentryHostHandle *h = NULL;

  sentry_mutex_lock (&sb->lock);
  use_handle_locked (sb, inode, 0, &h);
  sentry_mutex_unlock (&sb->lock);
  return h;
}

void
sentry_host_handle_put (SentryHostInode *inode, SentryHostHandle *handle)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  int fd = -1;

  sentry_mutex_lock (&sb->lock);
  g_assert (handle->users > 0);
  if (--handle->users == 0 && !inode->was_mapped && inode->n_mapped == 0)
    {
      fd = handle->fd;
      handle->fd = -1;
    }
  update_lru_locked (sb, inode);
  sentry_mutex_unlock (&sb->lock);
  sentry_host_fd_close (fd);
  trim (sb);
}

void
sentry_host_handle_adopt (SentryHostInode *inode, int fd)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  SentryHostHandle *slot = &inode->handle[SENTRY_HOST_WRITE];

  sentry_mutex_lock (&sb->lock);
  if (slot->fd < 0)
    {
      *slot = (SentryHostHandle){ .fd = fd, .read = TRUE, .write = TRUE };
      fd = -1;
    }
  update_lru_locked (sb, inode);
  sentry_mutex_unlock (&sb->lock);
  sentry_host_fd_close (fd);
}

void
sentry_host_descriptors_clear (SentryHostInode *inode)
{
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  int fds[3];
  guint n;

  sentry_mutex_lock (&sb->lock);
  g_assert (!busy_locked (inode));
  inode->pinned = FALSE;
  n = take_idle_locked (sb, inode, fds);
  sentry_mutex_unlock (&sb->lock);
  for (guint i = 0; i < n; i++)
    sentry_host_fd_close (fds[i]);
}

/* --- mappings --- */

static SentryHostInode *
mapped_inode (SentryMappable *m)
{
  return SENTRY_CONTAINER (m, SentryHostInode, mappable);
}

static SentryMappable *
mappable_ref (SentryMappable *m)
{
  sentry_inode_ref (&mapped_inode (m)->base);
  return m;
}

static void
mappable_unref (SentryMappable *m)
{
  sentry_inode_unref (&mapped_inode (m)->base);
}

/* The mmap operation opened the handles, and the live mapping (or, before the first, the file)
 * keeps them. */
static int
mappable_acquire_fd (SentryMappable *m, gboolean shared, gboolean writable, guint64 offset,
                     int *ret_fd, guint64 *ret_fd_offset)
{
  SentryHostInode *inode = mapped_inode (m);
  SentryHostSuper *sb = sentry_host_inode_super (inode);
  SentryHostHandle *h = &inode->handle[shared && writable ? SENTRY_HOST_WRITE : SENTRY_HOST_READ];
  int fd = -EIO;

  sentry_mutex_lock (&sb->lock);
  if (h->fd >= 0)
    {
      h->users++;
      update_lru_locked (sb, inode);
      fd = h->fd;
    }
  sentry_mutex_unlock (&sb->lock);
  if (fd < 0)
    return fd;
  *ret_fd = fd;
  *ret_fd_offset = offset;
  return 0;
}

static void
mappable_release_fd (SentryMappable *m, int fd)
{
  SentryHostInode *inode = mapped_inode (m);
  SentryHostHandle *h
      = &inode->handle[inode->handle[SENTRY_HOST_READ].fd == fd ? SENTRY_HOST_READ
                                                                : SENTRY_HOST_WRITE];

  g_assert (h->fd == fd);
  sentry_host_handle_put (inode, h);
}

static void
mappable_mapped (SentryMappable *m, guint64 offset, guint64 len, gboolean shared, gboolean writable,
                 int delta)
{
  SentryHostInode *inode = mapped_inode (m);
  SentryHostSuper *sb = sentry_host_inode_super (inode);

  sentry_mutex_lock (&sb->lock);
  g_assert (delta > 0 || inode->n_mapped >= len);
  inode->n_mapped += delta > 0 ? len : -len;
  update_lru_locked (sb, inode);
  sentry_mutex_unlock (&sb->lock);
}

static void
mappable_identity (SentryMappable *m, guint32 *ret_dev_major, guint32 *ret_dev_minor,
                   guint64 *ret_ino, char **ret_path)
{
  SentryHostInode *inode = mapped_inode (m);

  *ret_dev_major = inode->base.sb->dev_major;
  *ret_dev_minor = inode->base.dev_minor;
  *ret_ino = inode->base.ino;
  *ret_path = NULL;
}

const SentryMappableOps sentry_host_mappable_ops = {
  .ref = mappable_ref,
  .unref = mappable_unref,
  .acquire_fd = mappable_acquire_fd,
  .release_fd = mappable_release_fd,
  .mapped = mappable_mapped,
  .identity = mappable_identity,
};
