/* Sending and receiving on AF_UNIX sockets. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/sentry-charge.h"
#include "net/unix-private.h"
#include "usermem/sentry-usermem.h"

#define MAX_DATAGRAMS 11 /* net.unix.max_dgram_qlen + 1 */
#define STREAM_PIECE 32768
/* What Linux's accounting adds to each message, roughly: it bounds floods of empty ones. */
#define MSG_OVERHEAD 512

static void
msg_free (UnixMsg *m)
{
  if (m->n_files > 0)
    unix_gc_sent (m->files, m->n_files, -1);
  for (guint i = 0; i < m->n_files; i++)
    sentry_file_unref (m->files[i]);
  g_free (m->files);
  unix_name_unref (m->from);
  if (m->sender != NULL)
    unix_socket_unref (m->sender);
  sentry_uncharge (m->len + MSG_OVERHEAD);
  g_free (m->data);
  g_free (m);
}

/* A message with `len` bytes from the iterator. NULL and *ret_errno (negative). */
static UnixMsg *
msg_new (SentryMsg *msg, gsize len, int *ret_errno)
{
  UnixMsg *m;

  *ret_errno = -ENOBUFS;
  if (!sentry_charge (len + MSG_OVERHEAD))
    return NULL;
  m = g_try_new0 (UnixMsg, 1);
  if (m != NULL)
    m->data = g_try_malloc (len + 1);
  if (m == NULL || m->data == NULL)
    {
      g_free (m);
      sentry_uncharge (len + MSG_OVERHEAD);
      return NULL;
    }
  m->len = sentry_iter_copy_from (msg->iter, m->data, len);
  if (m->len < len)
    {
      sentry_iter_revert (msg->iter, m->len);
      m->len = len;
      msg_free (m);
      *ret_errno = -EFAULT;
      return NULL;
    }
  m->has_cred = msg->has_cred;
  m->cred = msg->cred;
  return m;
}

static int
msg_attach_files (UnixMsg *m, SentryMsg *msg)
{
  int r;

  if (msg->n_files == 0)
    return 0;
  r = unix_gc_check_bound (msg->n_files);
  if (r < 0)
    return r;
  m->files = g_memdup2 (msg->files, msg->n_files * sizeof *msg->files);
  m->n_files = msg->n_files;
  for (guint i = 0; i < m->n_files; i++)
    sentry_file_ref (m->files[i]);
  unix_gc_sent (m->files, m->n_files, 1);
  return 0;
}

static void
enqueue_locked (UnixSocket *receiver, UnixMsg *m)
{
  sentry_list_append (&receiver->queue, &m->link);
  receiver->queued += m->len + MSG_OVERHEAD;
  receiver->n_queued++;
}

static UnixMsg *
dequeue_locked (UnixSocket *u, UnixMsg *m)
{
  sentry_list_remove (&m->link);
  u->queued -= m->len + MSG_OVERHEAD;
  u->n_queued--;
  return m;
}

gboolean
unix_flush (UnixSocket *u)
{
  SentryList taken;
  gboolean lost;

  sentry_list_init (&taken);
  sentry_mutex_lock (&u->s.lock);
  lost = !sentry_list_is_empty (&u->queue);
  SENTRY_LIST_FOREACH (link, safe, &u->queue)
  {
    UnixMsg *m = dequeue_locked (u, SENTRY_CONTAINER (link, UnixMsg, link));
    sentry_list_append (&taken, &m->link);
  }
  sentry_mutex_unlock (&u->s.lock);
  SENTRY_LIST_FOREACH (link, safe, &taken)
  {
    sentry_list_remove (link);
    msg_free (SENTRY_CONTAINER (link, UnixMsg, link));
  }
  return lost;
}

/* The connected peer with a reference, or NULL. */
static UnixSocket *
get_peer (UnixSocket *u, int *ret_shutdown)
{
  UnixSocket *peer;

  sentry_mutex_lock (&u->s.lock);
  peer = u->peer != NULL ? unix_socket_ref (u->peer) : NULL;
  *ret_shutdown = u->s.shutdown;
  sentry_mutex_unlock (&u->s.lock);
  return peer;
}

/* --- streams and seqpackets --- */

/* Room in the peer's queue for this sender's bytes; 0: full. */
static gsize
stream_room_locked (UnixSocket *peer, guint32 sndbuf)
{
  return peer->queued < sndbuf ? sndbuf - peer->queued : 0;
}

static gint64
connected_put (UnixSocket *u, UnixSocket *peer, UnixMsg *m)
{
  gint64 r = 0;

  sentry_mutex_lock (&peer->s.lock);
  if (peer->dead || (peer->s.shutdown & SENTRY_SHUT_RECV))
    r = -EPIPE;
  else if (peer->n_queued > 0 && stream_room_locked (peer, u->s.sndbuf) == 0)
    r = -EAGAIN;
  else
    enqueue_locked (peer, m);
  sentry_mutex_unlock (&peer->s.lock);
  if (r == 0)
    sentry_wait_queue_wake (&peer->s.wait, POLLIN | POLLRDNORM, 0);
  return r;
}

static gint64
check_connected (UnixSocket *u, UnixSocket *peer, int shutdown)
{
  if (shutdown & SENTRY_SHUT_SEND)
    return -EPIPE;
  if (peer == NULL)
    return u->connected ? -EPIPE : -ENOTCONN;
  return 0;
}

static gint64
send_one_piece (UnixSocket *u, UnixSocket *peer, SentryMsg *msg, gsize len)
{
  gint64 r;
  int err;
  UnixMsg *m;
  gboolean full;

  /* Looked at before the bytes are copied in, so that a full queue costs no copy. */
  sentry_mutex_lock (&peer->s.lock);
  full = !peer->dead && !(peer->s.shutdown & SENTRY_SHUT_RECV) && peer->n_queued > 0
         && stream_room_locked (peer, u->s.sndbuf) == 0;
  sentry_mutex_unlock (&peer->s.lock);
  if (full)
    return -EAGAIN;
  m = msg_new (msg, len, &err);
  if (m == NULL)
    return err;
  r = msg_attach_files (m, msg);
  if (r == 0)
    r = connected_put (u, peer, m);
  if (r < 0)
    {
      sentry_iter_revert (msg->iter, len);
      msg_free (m);
      return r;
    }
  msg->n_files = 0; /* descriptors go with the first piece only */
  return len;
}

static gint64
stream_send (UnixSocket *u, SentryMsg *msg)
{
  gint64 total = 0, r;
  int shutdown;
  UnixSocket *peer;

  if (msg->addr.len > 0)
    return u->connected ? -EISCONN : -EOPNOTSUPP;
  peer = get_peer (u, &shutdown);
  r = check_connected (u, peer, shutdown);
  while (r >= 0 && msg->iter->remaining > 0)
    {
      r = send_one_piece (u, peer, msg, MIN (msg->iter->remaining, STREAM_PIECE));
      total += MAX (r, 0);
    }
  if (peer != NULL)
    unix_socket_unref (peer);
  return total > 0 ? total : r;
}

static gint64
seqpacket_send (UnixSocket *u, SentryMsg *msg)
{
  gint64 r;
  int shutdown;
  UnixSocket *peer = get_peer (u, &shutdown);

  r = check_connected (u, peer, shutdown);
  if (r == 0)
    r = msg->iter->remaining > u->s.sndbuf - MSG_OVERHEAD
            ? -EMSGSIZE
            : send_one_piece (u, peer, msg, msg->iter->remaining);
  if (peer != NULL)
    unix_socket_unref (peer);
  return r;
}

/* --- datagrams --- */

static gint64
datagram_put (UnixSocket *u, UnixSocket *to, UnixMsg *m)
{
  gint64 r = 0;

  sentry_mutex_lock_pair (&u->s.lock, &to->s.lock);
  if (to->dead)
    r = -ECONNREFUSED;
  else if (to->s.shutdown & SENTRY_SHUT_RECV)
    r = -EPIPE;
  else if (to->peer != NULL && to->peer != u)
    r = -EPERM;
  else if (to != u
           && (to->n_queued >= MAX_DATAGRAMS
               || (u->in_flight > 0 && u->in_flight + m->len > u->s.sndbuf)))
    r = -EAGAIN;
  else
    {
      m->from = unix_name_ref (u->name);
      m->sender = unix_socket_ref (u);
      u->in_flight += m->len + MSG_OVERHEAD;
      enqueue_locked (to, m);
    }
  sentry_mutex_unlock_pair (&u->s.lock, &to->s.lock);
  if (r == 0)
    sentry_wait_queue_wake (&to->s.wait, POLLIN | POLLRDNORM, 0);
  return r;
}

static gint64
datagram_send (UnixSocket *u, SentryMsg *msg)
{
  gsize len = msg->iter->remaining;
  UnixSocket *to;
  UnixMsg *m;
  gint64 r = 0;
  int shutdown, err;

  to = get_peer (u, &shutdown);
  if (shutdown & SENTRY_SHUT_SEND)
    r = -EPIPE;
  else if (msg->addr.len > 0)
    {
      if (to != NULL)
        unix_socket_unref (to);
      to = NULL;
      r = unix_find (&msg->addr, u->s.type, &to);
    }
  else if (to == NULL)
    r = -ENOTCONN;
  if (r == 0 && len > u->s.sndbuf - MSG_OVERHEAD)
    r = -EMSGSIZE;
  if (r == 0)
    {
      m = msg_new (msg, len, &err);
      r = m == NULL ? err : msg_attach_files (m, msg);
      if (r == 0)
        r = datagram_put (u, to, m);
      if (r < 0 && m != NULL)
        {
          sentry_iter_revert (msg->iter, len);
          msg_free (m);
        }
    }
  if (to != NULL)
    unix_socket_unref (to);
  return r < 0 ? r : (gint64) len;
}

gint64
unix_send (SentrySocket *s, SentryMsg *msg)
{
  UnixSocket *u = unix_socket_of (s);

  if (msg->flags & MSG_OOB)
    return -EOPNOTSUPP;
  switch (s->type)
    {
    case SOCK_STREAM:
      return stream_send (u, msg);
    case SOCK_SEQPACKET:
      return seqpacket_send (u, msg);
    default:
      return datagram_send (u, msg);
    }
}

/* --- receiving --- */

static gint64
nothing_queued_locked (UnixSocket *u)
{
  if (u->s.error != 0)
    {
      int error = u->s.error;
      u->s.error = 0;
      return -error;
    }
  if (u->s.shutdown & SENTRY_SHUT_RECV)
    return 0;
  if (u->s.type == SOCK_DGRAM)
    return -EAGAIN;
  if (!u->connected)
    return -ENOTCONN;
  return u->peer == NULL ? 0 : -EAGAIN;
}

static void
tell_extras (UnixMsg *m, SentryMsg *msg, gboolean peek)
{
  unix_name_to_addr (m->from, &msg->addr);
  if (m->from == NULL)
    msg->addr.len = 0;
  msg->has_cred = m->has_cred;
  msg->cred = m->cred;
  msg->n_files = m->n_files;
  for (guint i = 0; i < m->n_files; i++)
    msg->files[i] = peek ? sentry_file_ref (m->files[i]) : m->files[i];
  if (peek || m->n_files == 0)
    return;
  unix_gc_sent (m->files, m->n_files, -1);
  m->n_files = 0;
}

/* The sender of a datagram has room again, and a full receiver too. */
static void
give_back_room (UnixSocket *u, UnixMsg *m)
{
  if (m->sender != NULL)
    {
      sentry_mutex_lock (&m->sender->s.lock);
      m->sender->in_flight -= m->len + MSG_OVERHEAD;
      sentry_mutex_unlock (&m->sender->s.lock);
      sentry_wait_queue_wake (&m->sender->s.wait, POLLOUT | POLLWRNORM, 0);
    }
  sentry_wait_queue_wake (&u->room, POLLOUT | POLLWRNORM, 0);
}

/* One whole message: datagrams and seqpackets. */
static gint64
message_recv (UnixSocket *u, SentryMsg *msg)
{
  gboolean peek = (msg->flags & MSG_PEEK) != 0;
  UnixMsg *m;
  gsize want;
  gint64 r;

  sentry_mutex_lock (&u->s.lock);
  if (sentry_list_is_empty (&u->queue))
    {
      r = nothing_queued_locked (u);
      sentry_mutex_unlock (&u->s.lock);
      return r;
    }
  m = SENTRY_CONTAINER (u->queue.next, UnixMsg, link);
  dequeue_locked (u, m);
  sentry_mutex_unlock (&u->s.lock);

  want = MIN (m->len, msg->iter->remaining);
  r = sentry_iter_copy_to (msg->iter, m->data, want) < want ? -EFAULT : (gint64) want;
  if (r >= 0 && m->len > want)
    {
      msg->ret_flags |= MSG_TRUNC;
      r = msg->flags & MSG_TRUNC ? (gint64) m->len : r;
    }
  if (r >= 0 && u->s.type == SOCK_SEQPACKET)
    msg->ret_flags |= MSG_EOR;
  if (r >= 0)
    tell_extras (m, msg, peek);
  if (peek)
    {
      sentry_mutex_lock (&u->s.lock);
      sentry_list_prepend (&u->queue, &m->link);
      u->queued += m->len + MSG_OVERHEAD;
      u->n_queued++;
      sentry_mutex_unlock (&u->s.lock);
      return r;
    }
  give_back_room (u, m);
  msg_free (m);
  return r;
}

static gboolean
same_cred (const UnixMsg *m, const SentryScmCred *cred)
{
  return m->cred.pid == cred->pid && m->cred.uid == cred->uid && m->cred.gid == cred->gid;
}

/* Copies what one queued piece has; the caller holds the lock and copies without faulting.
 * *ret_done: the piece is used up. */
static gsize
take_piece_locked (UnixMsg *m, SentryMsg *msg, gsize skip, gboolean peek)
{
  gsize want = MIN (m->len - m->taken - skip, msg->iter->remaining);
  gsize n = sentry_iter_copy_to_nofault (msg->iter, m->data + m->taken + skip, want);

  if (!peek)
    m->taken += n;
  return n;
}

/* One pass over the queue.  Pieces with descriptors or other credentials end it, as in
 * unix_stream_read_generic.  Used-up pieces go to `used`; *ret_blocked: a guest page must be
 * faulted in. */
static gint64
stream_pass_locked (UnixSocket *u, SentryMsg *msg, SentryList *used, gboolean *ret_blocked)
{
  gboolean peek = (msg->flags & MSG_PEEK) != 0;
  gint64 total = 0;

  SENTRY_LIST_FOREACH (link, safe, &u->queue)
  {
    UnixMsg *m = SENTRY_CONTAINER (link, UnixMsg, link);
    gsize before = m->taken, n;
    gboolean had_files = m->n_files > 0;

    if (msg->iter->remaining == 0)
      break;
    if (total > 0 && (had_files || (u->s.passcred && !same_cred (m, &msg->cred))))
      break;
    n = take_piece_locked (m, msg, 0, peek);
    if (n == 0 && m->len > before)
      {
        *ret_blocked = TRUE;
        break;
      }
    if (total == 0)
      {
        msg->has_cred = m->has_cred;
        msg->cred = m->cred;
      }
    total += n;
    if (had_files)
      {
        msg->n_files = m->n_files;
        for (guint i = 0; i < m->n_files; i++)
          msg->files[i] = sentry_file_ref (m->files[i]);
      }
    if (!peek && m->taken == m->len)
      {
        dequeue_locked (u, m);
        sentry_list_append (used, &m->link);
      }
    if (had_files)
      break;
  }
  return total;
}

/* Descriptors of a piece that was read in part were delivered already: they leave the queue with
 * it. */
static void
drop_delivered_files (UnixSocket *u, SentryMsg *msg)
{
  SentryFile **files = NULL;
  guint n = 0;

  sentry_mutex_lock (&u->s.lock);
  if (!sentry_list_is_empty (&u->queue))
    {
      UnixMsg *m = SENTRY_CONTAINER (u->queue.next, UnixMsg, link);
      if (m->taken > 0 && m->n_files > 0)
        {
          files = m->files;
          n = m->n_files;
          m->files = NULL;
          m->n_files = 0;
        }
    }
  sentry_mutex_unlock (&u->s.lock);
  if (n > 0)
    unix_gc_sent (files, n, -1);
  for (guint i = 0; i < n; i++)
    sentry_file_unref (files[i]);
  g_free (files);
}

static void
finish_stream_recv (UnixSocket *u, SentryMsg *msg, SentryList *used)
{
  UnixSocket *peer;
  int shutdown;

  SENTRY_LIST_FOREACH (link, safe, used)
  {
    sentry_list_remove (link);
    msg_free (SENTRY_CONTAINER (link, UnixMsg, link));
  }
  if (msg->n_files > 0)
    drop_delivered_files (u, msg);
  peer = get_peer (u, &shutdown);
  if (peer == NULL)
    return;
  sentry_wait_queue_wake (&peer->s.wait, POLLOUT | POLLWRNORM, 0);
  unix_socket_unref (peer);
}

static gint64
stream_recv (UnixSocket *u, SentryMsg *msg)
{
  if (msg->iter->remaining == 0)
    return 0;
  for (;;)
    {
      gboolean blocked = FALSE;
      SentryList used;
      gint64 n;

      sentry_list_init (&used);
      sentry_mutex_lock (&u->s.lock);
      n = stream_pass_locked (u, msg, &used, &blocked);
      if (n == 0 && !blocked)
        n = nothing_queued_locked (u);
      sentry_mutex_unlock (&u->s.lock);
      if (n > 0 && !(msg->flags & MSG_PEEK))
        finish_stream_recv (u, msg, &used);
      if (n != 0 || !blocked)
        return n;
      if (sentry_iter_fault_in (msg->iter, SENTRY_ACCESS_WRITE) < 0)
        return -EFAULT;
    }
}

gint64
unix_recv (SentrySocket *s, SentryMsg *msg)
{
  UnixSocket *u = unix_socket_of (s);

  if (msg->flags & MSG_OOB)
    return -EOPNOTSUPP;
  return s->type == SOCK_STREAM ? stream_recv (u, msg) : message_recv (u, msg);
}

gboolean
unix_writable_locked (UnixSocket *u)
{
  if (u->s.type == SOCK_DGRAM)
    return u->in_flight * 4 <= u->s.sndbuf;
  return u->peer == NULL || u->peer->queued * 4 <= u->s.sndbuf;
}
