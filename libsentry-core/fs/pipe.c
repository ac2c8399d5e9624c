/* Pipes and FIFOs: a ring of bytes between descriptors. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fs/pipe-private.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "auth/sentry-cred.h"
#include "base/sentry-charge.h"
#include "fs/anon-inode.h"
#include "state/sentry-state.h"
#include "usermem/sentry-usermem.h"

static gboolean
pipe_pre_save (gpointer object, gpointer context, GError **error)
{
  SentryPipe *p = object;
  g_autofree guint8 *straight = NULL;
  guint32 first = MIN (p->used, p->size - p->head);

  if (p->used == 0 || p->head == 0)
    return TRUE;
  straight = g_malloc0 (p->size);
  memcpy (straight, p->ring + p->head, first);
  memcpy (straight + first, p->ring, p->used - first);
  memcpy (p->ring, straight, p->size);
  p->head = 0;
  return TRUE;
}

static gboolean
pipe_post_load (gpointer object, gpointer context, GError **error)
{
  SentryPipe *p = object;
  guint64 sum = 0;

  for (guint i = 0; i < p->n_packets; i++)
    sum += p->packets[i];
  if (p->size < SENTRY_PIPE_BUF || (p->size & (p->size - 1)) != 0 || p->used > p->size
      || sum > p->used)
    {
      g_set_error (error, SENTRY_STATE_ERROR, 0, "pipe: sizes that do not fit together");
      return FALSE;
    }
  p->head = 0;
  if (p->ring != NULL)
    p->ring = g_realloc (p->ring, p->size);
  if (p->ring != NULL && !sentry_charge (p->size))
    {
      g_set_error (error, SENTRY_STATE_ERROR, 0, "pipe: over the memory bound");
      return FALSE;
    }
  return TRUE;
}

SENTRY_STATE_TABLE_WITH (SentryPipe, "pipe", 1,
                         (.pre_save = pipe_pre_save, .post_load = pipe_post_load),
                         SENTRY_STATE_SKIP (SentryPipe, attachment, "hung up again by its inode"),
                         SENTRY_STATE_REFCOUNT (SentryPipe, ref),
                         SENTRY_STATE_MUTEX (SentryPipe, lock, SENTRY_LOCK_PIPE),
                         SENTRY_STATE_WAIT_QUEUE (SentryPipe, wait),
                         SENTRY_STATE_BUFFER (SentryPipe, ring, used, SENTRY_PIPE_MAX_SIZE),
                         SENTRY_STATE_U32_MAX (SentryPipe, size, SENTRY_PIPE_MAX_SIZE),
                         SENTRY_STATE_SKIP (SentryPipe, head, "0 after pre_save"),
                         SENTRY_STATE_ARRAY (SentryPipe, packets, 4),
                         SENTRY_STATE_U32_MAX (SentryPipe, n_packets, MAX_PACKETS),
                         SENTRY_STATE_U32 (SentryPipe, n_readers),
                         SENTRY_STATE_U32 (SentryPipe, n_writers),
                         SENTRY_STATE_U64 (SentryPipe, reader_opens),
                         SENTRY_STATE_U64 (SentryPipe, writer_opens));

static void
pipe_unref (SentryPipe *p)
{
  if (!sentry_ref_put (&p->ref))
    return;
  if (p->ring != NULL)
    sentry_uncharge (p->size);
  sentry_wait_queue_clear (&p->wait);
  g_free (p->ring);
  g_free (p);
}

static void
pipe_attachment_free (gpointer self)
{
  pipe_unref (self);
}

static SentryPipe *
pipe_alloc (void)
{
  SentryPipe *p = g_try_new0 (SentryPipe, 1);

  if (p == NULL)
    return NULL;
  p->attachment.free = pipe_attachment_free;
  sentry_ref_init (&p->ref);
  sentry_mutex_init (&p->lock, SENTRY_LOCK_PIPE);
  sentry_wait_queue_init (&p->wait);
  p->size = SENTRY_PIPE_DEFAULT_SIZE;
  return p;
}

static PipeFile *
pipe_file (SentryFile *f)
{
  return SENTRY_CONTAINER (f, PipeFile, file);
}

/* Takes up to `len` bytes out of the ring into `dst` without faulting; returns how many. */
static gsize
ring_take_locked (SentryPipe *p, SentryIter *dst, gsize len)
{
  gsize taken = 0;

  while (taken < len)
    {
      gsize piece = MIN (len - taken, p->size - p->head);
      gsize n = sentry_iter_copy_to_nofault (dst, p->ring + p->head, piece);

      p->head = (p->head + n) & (p->size - 1);
      p->used -= n;
      taken += n;
      if (n < piece)
        break;
    }
  return taken;
}

static gsize
ring_put_locked (SentryPipe *p, SentryIter *src, gsize len)
{
  gsize put = 0;

  while (put < len)
    {
      guint32 tail = (p->head + p->used) & (p->size - 1);
      gsize piece = MIN (len - put, p->size - tail);
      gsize n = sentry_iter_copy_from_nofault (src, p->ring + tail, piece);

      p->used += n;
      put += n;
      if (n < piece)
        break;
    }
  return put;
}

/* One packet: what doesn't fit into the reader's buffer is dropped (pipe(7), O_DIRECT). */
static gsize
packet_take_locked (SentryPipe *p, SentryIter *dst)
{
  gsize packet = p->packets[0];
  gsize want = MIN (packet, dst->remaining);
  gsize n = ring_take_locked (p, dst, want);

  if (n < want)
    {
      p->head = (p->head - n) & (p->size - 1);
      p->used += n;
      sentry_iter_revert (dst, n);
      return 0;
    }
  p->head = (p->head + packet - n) & (p->size - 1);
  p->used -= packet - n;
  memmove (p->packets, p->packets + 1, --p->n_packets * sizeof p->packets[0]);
  return n;
}

static gsize
take_locked (SentryPipe *p, SentryIter *dst)
{
  if (p->n_packets > 0)
    return packet_take_locked (p, dst);
  return ring_take_locked (p, dst, MIN (dst->remaining, p->used));
}

static gint64
pipe_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  SentryPipe *p = pipe_file (f)->pipe;

  if (dst->remaining == 0)
    return 0;
  for (;;)
    {
      gsize n = 0;
      gboolean empty, eof;

      sentry_mutex_lock (&p->lock);
      empty = p->used == 0;
      eof = empty && p->n_writers == 0;
      if (!empty)
        n = take_locked (p, dst);
      sentry_mutex_unlock (&p->lock);

      if (n > 0)
        {
          sentry_wait_queue_wake (&p->wait, POLLOUT | POLLWRNORM, 0);
          return n;
        }
      if (empty)
        return eof ? 0 : -EAGAIN;
      if (sentry_iter_fault_in (dst, SENTRY_ACCESS_WRITE) < 0)
        return -EFAULT;
    }
}

int
sentry_pipe_ensure_ring_locked (SentryPipe *p)
{
  if (p->ring != NULL)
    return 0;
  if (!sentry_charge (p->size))
    return -ENOMEM;
  p->ring = g_try_malloc (p->size);
  if (p->ring == NULL)
    {
      sentry_uncharge (p->size);
      return -ENOMEM;
    }
  return 0;
}

/* How much a write of `want` bytes may put in now: all or nothing up to PIPE_BUF, what fits beyond.
 */
static gsize
room_locked (SentryPipe *p, gsize want, gboolean packets)
{
  gsize room = p->size - p->used;

  if (packets && p->n_packets >= p->size / SENTRY_PIPE_BUF)
    return 0;
  if (packets)
    want = MIN (want, SENTRY_PIPE_BUF);
  if (want <= SENTRY_PIPE_BUF)
    return room >= want ? want : 0;
  return MIN (room, want);
}

static gint64
put_locked (SentryPipe *p, SentryIter *src, gboolean packets)
{
  gsize len, n;
  int r;

  if (p->n_readers == 0)
    return -EPIPE;
  len = room_locked (p, src->remaining, packets);
  if (len == 0)
    return -EAGAIN;
  r = sentry_pipe_ensure_ring_locked (p);
  if (r < 0)
    return r;
  n = ring_put_locked (p, src, len);
  if (n < len && (packets || len <= SENTRY_PIPE_BUF))
    {
      /* An atomic piece goes in whole or not at all. */
      p->used -= n;
      sentry_iter_revert (src, n);
      return 0;
    }
  if (packets && n > 0)
    p->packets[p->n_packets++] = n;
  return n;
}

static gint64
pipe_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  SentryPipe *p = pipe_file (f)->pipe;
  gboolean packets = (sentry_file_flags (f) & O_DIRECT) != 0;
  gint64 total = 0;

  if (src->remaining == 0)
    return 0;
  while (src->remaining > 0)
    {
      gint64 n;

      sentry_mutex_lock (&p->lock);
      n = put_locked (p, src, packets);
      sentry_mutex_unlock (&p->lock);

      if (n > 0)
        {
          total += n;
          sentry_wait_queue_wake (&p->wait, POLLIN | POLLRDNORM, 0);
        }
      else if (n < 0)
        return total > 0 ? total : n;
      else if (sentry_iter_fault_in (src, SENTRY_ACCESS_READ) < 0)
        return total > 0 ? total : -EFAULT;
    }
  return total;
}

static guint32
pipe_poll (SentryFile *f, SentryPollTable *table)
{
  SentryPipe *p = pipe_file (f)->pipe;
  guint32 events = 0;

  if (table != NULL)
    table->add (table, &p->wait);
  sentry_mutex_lock (&p->lock);
  if (f->mode & SENTRY_FMODE_READ)
    {
      if (p->used > 0)
        events |= POLLIN | POLLRDNORM;
      /* A FIFO that never had a writer since this reader came isn't hung up (fs/pipe.c, pipe_poll).
       */
      if (p->n_writers == 0 && p->writer_opens != pipe_file (f)->await)
        events |= POLLHUP;
    }
  if (f->mode & SENTRY_FMODE_WRITE)
    {
      if (p->size - p->used >= SENTRY_PIPE_BUF
          && (p->n_packets == 0 || p->n_packets < p->size / SENTRY_PIPE_BUF))
        events |= POLLOUT | POLLWRNORM;
      if (p->n_readers == 0)
        events |= POLLERR;
    }
  sentry_mutex_unlock (&p->lock);
  return events;
}

static gint64
pipe_ioctl (SentryFile *f, SentryTask *task, SentryUserMem *um, guint32 cmd, guint64 arg)
{
  SentryPipe *p = pipe_file (f)->pipe;
  gint32 n;

  if (cmd != FIONREAD)
    return -ENOTTY;
  sentry_mutex_lock (&p->lock);
  n = p->used;
  sentry_mutex_unlock (&p->lock);
  return sentry_copy_out_object (um, arg, &n);
}

static int
pipe_fsync (SentryFile *f, gboolean data_only)
{
  return -EINVAL;
}

static void
pipe_release (SentryFile *f)
{
  SentryPipe *p = pipe_file (f)->pipe;

  sentry_mutex_lock (&p->lock);
  p->n_readers -= (f->mode & SENTRY_FMODE_READ) != 0;
  p->n_writers -= (f->mode & SENTRY_FMODE_WRITE) != 0;
  if (p->n_readers == 0 && p->n_writers == 0)
    p->used = p->head = p->n_packets = 0;
  sentry_mutex_unlock (&p->lock);
  sentry_wait_queue_wake (&p->wait, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP,
                          0);
  pipe_unref (p);
  sentry_file_clear (f);
  g_free (pipe_file (f));
}

static const SentryFileOps pipe_ops;

static gboolean
pipe_file_post_load (gpointer object, gpointer context, GError **error)
{
  PipeFile *p = object;

  p->file.ops = &pipe_ops;
  if (p->pipe != NULL)
    return TRUE;
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "pipe: an end of none");
  return FALSE;
}

SENTRY_STATE_DECLARE (SentryFile);
SENTRY_STATE_TABLE_WITH (PipeFile, "pipe-file", 1,
                         (.base = SENTRY_STATE_OF (SentryFile), .post_load = pipe_file_post_load),
                         SENTRY_STATE_STRUCT (PipeFile, file, SentryFile),
                         SENTRY_STATE_REF (PipeFile, pipe, SentryPipe),
                         SENTRY_STATE_U64 (PipeFile, await));

static const SentryFileOps pipe_ops = {
  .name = "pipe",
  .state = SENTRY_STATE_OF (PipeFile),
  .release = pipe_release,
  .read = pipe_read,
  .write = pipe_write,
  .poll = pipe_poll,
  .ioctl = pipe_ioctl,
  .fsync = pipe_fsync,
};

gboolean
sentry_file_is_pipe (SentryFile *f)
{
  return f->ops == &pipe_ops;
}

/* Opens an end; takes over the reference to `p`. */
static PipeFile *
end_new (SentryPipe *p, guint32 mode, guint32 flags, const SentryPath *path, SentryCred *cred)
{
  PipeFile *pf = g_try_new0 (PipeFile, 1);

  if (pf == NULL)
    {
      pipe_unref (p);
      return NULL;
    }
  sentry_file_init (&pf->file, &pipe_ops, mode | SENTRY_FMODE_STREAM, flags, path,
                    path->dentry->inode, cred);
  pf->pipe = p;
  sentry_mutex_lock (&p->lock);
  if (mode & SENTRY_FMODE_READ)
    {
      p->n_readers++;
      p->reader_opens++;
    }
  if (mode & SENTRY_FMODE_WRITE)
    {
      p->n_writers++;
      p->writer_opens++;
    }
  sentry_mutex_unlock (&p->lock);
  return pf;
}

int
sentry_pipe_new (SentryCred *cred, guint32 flags, SentryFile **ret_read, SentryFile **ret_write)
{
  guint32 keep = flags & (O_NONBLOCK | O_DIRECT);
  SentryPipe *p = pipe_alloc ();
  PipeFile *reader, *writer;
  SentryPath path;

  if (p == NULL)
    return -ENOMEM;
  sentry_anon_path_new (SENTRY_ANON_PIPE, NULL, cred, &path);
  sentry_ref_get (&p->ref);
  sentry_ref_get (&p->ref);
  path.dentry->inode->pipe = p;
  reader = end_new (p, SENTRY_FMODE_READ, O_RDONLY | keep, &path, cred);
  writer = end_new (p, SENTRY_FMODE_WRITE, O_WRONLY | keep, &path, cred);
  sentry_path_unref (&path);
  if (reader == NULL || writer == NULL)
    {
      if (reader != NULL)
        sentry_file_unref (&reader->file);
      if (writer != NULL)
        sentry_file_unref (&writer->file);
      return -ENOMEM;
    }
  *ret_read = &reader->file;
  *ret_write = &writer->file;
  return 0;
}

/* The FIFO's pipe with a reference; the first opener makes it. */
static SentryPipe *
fifo_get_pipe (SentryInode *inode)
{
  SentryPipe *p = __atomic_load_n (&inode->pipe, __ATOMIC_ACQUIRE);
  SentryPipe *none = NULL, *fresh;

  if (p == NULL)
    {
      fresh = pipe_alloc ();
      if (fresh == NULL)
        return NULL;
      if (__atomic_compare_exchange_n ((SentryPipe **) &inode->pipe, &none, fresh, FALSE,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        p = fresh;
      else
        {
          pipe_unref (fresh);
          p = none;
        }
    }
  sentry_ref_get (&p->ref);
  return p;
}

int
sentry_fifo_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                  guint32 flags, SentryFile **ret_file)
{
  SentryPipe *p = fifo_get_pipe (inode);
  gboolean both, read_only = !(mode & SENTRY_FMODE_WRITE);
  PipeFile *pf;

  if (p == NULL)
    return -ENOMEM;
  both = (mode & SENTRY_FMODE_READ) && (mode & SENTRY_FMODE_WRITE);
  if (!both && !read_only && (flags & O_NONBLOCK))
    {
      gboolean nobody;

      sentry_mutex_lock (&p->lock);
      nobody = p->n_readers == 0;
      sentry_mutex_unlock (&p->lock);
      if (nobody)
        {
          pipe_unref (p);
          return -ENXIO;
        }
    }
  pf = end_new (p, mode, flags, path, cred);
  if (pf == NULL)
    return -ENOMEM;
  sentry_mutex_lock (&p->lock);
  if (!both && read_only && p->n_writers == 0)
    pf->await = p->writer_opens;
  else if (!both && !read_only && p->n_readers == 0)
    pf->await = p->reader_opens;
  else
    pf->await = G_MAXUINT64;
  sentry_mutex_unlock (&p->lock);
  sentry_wait_queue_wake (&p->wait, POLLIN | POLLOUT, 0);
  *ret_file = &pf->file;
  return 0;
}

int
sentry_fifo_open_done (SentryFile *f)
{
  PipeFile *pf;
  SentryPipe *p;
  gboolean done;

  if (!sentry_file_is_pipe (f) || pipe_file (f)->await == G_MAXUINT64
      || f->inode->sb->magic == 0x50495045)
    return 0;
  pf = pipe_file (f);
  p = pf->pipe;
  sentry_mutex_lock (&p->lock);
  done
      = (f->mode & SENTRY_FMODE_READ) ? p->writer_opens != pf->await : p->reader_opens != pf->await;
  sentry_mutex_unlock (&p->lock);
  return done ? 0 : -EAGAIN;
}

SentryWaitQueue *
sentry_fifo_open_queue (SentryFile *f)
{
  return &pipe_file (f)->pipe->wait;
}

gint64
sentry_pipe_get_size (SentryFile *f)
{
  SentryPipe *p = pipe_file (f)->pipe;
  gint64 size;

  sentry_mutex_lock (&p->lock);
  size = p->size;
  sentry_mutex_unlock (&p->lock);
  return size;
}

int
sentry_pipe_resize_locked (SentryPipe *p, guint32 size)
{
  guint32 first = MIN (p->used, p->size - p->head);
  guint8 *ring;

  if (p->used > size)
    return -EBUSY;
  if (p->ring == NULL)
    {
      p->size = size;
      return 0;
    }
  if (!sentry_charge (size))
    return -ENOMEM;
  ring = g_try_malloc (size);
  if (ring == NULL)
    {
      sentry_uncharge (size);
      return -ENOMEM;
    }
  memcpy (ring, p->ring + p->head, first);
  memcpy (ring + first, p->ring, p->used - first);
  sentry_uncharge (p->size);
  g_free (p->ring);
  p->ring = ring;
  p->head = 0;
  p->size = size;
  return 0;
}

gint64
sentry_pipe_set_size (SentryFile *f, guint64 size, gboolean privileged)
{
  SentryPipe *p = pipe_file (f)->pipe;
  guint32 rounded = SENTRY_PIPE_BUF;
  int r = 0;

  if (size == 0 || size > G_MAXUINT32 / 2)
    return -EINVAL;
  while (rounded < size)
    rounded *= 2;
  if (rounded > SENTRY_PIPE_MAX_SIZE)
    return privileged ? -ENOMEM : -EPERM;
  sentry_mutex_lock (&p->lock);
  if (rounded != p->size)
    r = sentry_pipe_resize_locked (p, rounded);
  sentry_mutex_unlock (&p->lock);
  if (r < 0)
    return r;
  sentry_wait_queue_wake (&p->wait, POLLOUT | POLLWRNORM, 0);
  return rounded;
}
