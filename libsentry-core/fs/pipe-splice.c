/* Bytes from pipe to pipe without a guest in between. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "fs/pipe-private.h"

static void
copy_out_locked (const SentryPipe *p, guint8 *dst, gsize len)
{
  gsize first = MIN (len, p->size - p->head);

  memcpy (dst, p->ring + p->head, first);
  memcpy (dst + first, p->ring, len - first);
}

static void
append_locked (SentryPipe *p, const guint8 *src, gsize len)
{
  guint32 tail = (p->head + p->used) & (p->size - 1);
  gsize first = MIN (len, p->size - tail);

  memcpy (p->ring + tail, src, first);
  memcpy (p->ring, src + first, len - first);
  p->used += len;
}

static gint64
move_locked (SentryPipe *in, SentryPipe *out, gsize len, gboolean keep)
{
  g_autofree guint8 *bytes = NULL;
  gsize n;
  int r;

  if (out->n_readers == 0)
    return -EPIPE;
  if (in->used == 0)
    return in->n_writers == 0 ? 0 : -EAGAIN;
  n = MIN (MIN (len, in->used), out->size - out->used);
  if (in->n_packets > 0)
    n = MIN (n, in->packets[0]);
  if (n == 0)
    return -EAGAIN;
  r = sentry_pipe_ensure_ring_locked (out);
  if (r < 0)
    return r;
  bytes = g_try_malloc (n);
  if (bytes == NULL)
    return -ENOMEM;
  copy_out_locked (in, bytes, n);
  append_locked (out, bytes, n);
  if (keep)
    return n;
  in->head = (in->head + n) & (in->size - 1);
  in->used -= n;
  if (in->n_packets > 0 && (in->packets[0] -= n) == 0)
    memmove (in->packets, in->packets + 1, --in->n_packets * sizeof in->packets[0]);
  return n;
}

gint64
sentry_pipe_move (SentryFile *in, SentryFile *out, gsize len, gboolean keep)
{
  SentryPipe *a = sentry_pipe_of (in), *b = sentry_pipe_of (out);
  gint64 r;

  sentry_mutex_lock_pair (&a->lock, &b->lock);
  r = move_locked (a, b, len, keep);
  sentry_mutex_unlock_pair (&a->lock, &b->lock);
  if (r > 0)
    {
      sentry_wait_queue_wake (&b->wait, POLLIN | POLLRDNORM, 0);
      if (!keep)
        sentry_wait_queue_wake (&a->wait, POLLOUT | POLLWRNORM, 0);
    }
  return r;
}

void
sentry_pipe_unread (SentryFile *f, gconstpointer data, gsize len)
{
  SentryPipe *p = sentry_pipe_of (f);

  if (len == 0)
    return;
  sentry_mutex_lock (&p->lock);
  /* Writers may have filled the room meanwhile: then the ring grows once; without memory the bytes
   * are lost, as they would be in a pipe whose host page could not be read back. */
  if (p->size - p->used >= len
      || (p->size < SENTRY_PIPE_MAX_SIZE && sentry_pipe_resize_locked (p, p->size * 2) == 0))
    {
      guint32 head = (p->head - len) & (p->size - 1);
      gsize first = MIN (len, p->size - head);

      memcpy (p->ring + head, data, first);
      memcpy (p->ring, (const guint8 *) data + first, len - first);
      p->head = head;
      p->used += len;
    }
  sentry_mutex_unlock (&p->lock);
  sentry_wait_queue_wake (&p->wait, POLLIN | POLLRDNORM, 0);
}
