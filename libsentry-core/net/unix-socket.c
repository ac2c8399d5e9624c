/* AF_UNIX sockets: life, connections, polling. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net/unix-private.h"
#include "usermem/sentry-usermem.h"

#define MAX_BACKLOG 4096 /* net.core.somaxconn */

static const SentryFileOps unix_file_ops;
static const SentrySocketOps unix_ops;

UnixSocket *
unix_socket_of (SentrySocket *s)
{
  return SENTRY_CONTAINER (s, UnixSocket, s);
}

UnixSocket *
unix_socket_of_file (SentryFile *f)
{
  return f->ops == &unix_file_ops ? unix_socket_of (sentry_file_socket (f)) : NULL;
}

UnixSocket *
unix_socket_ref (UnixSocket *u)
{
  sentry_ref_get (&u->ref);
  return u;
}

/* The struct goes when nobody looks at it any more; its file has been released long before. */
void
unix_socket_unref (UnixSocket *u)
{
  if (!sentry_ref_put (&u->ref))
    return;
  unix_gc_forget (u);
  if (u->waiting_for != NULL)
    unix_socket_unref (u->waiting_for);
  unix_name_unref (u->name);
  sentry_wait_queue_clear (&u->room);
  sentry_socket_clear (&u->s);
  g_free (u);
}

static UnixSocket *
unix_new (int type, guint32 open_flags, SentryCred *cred)
{
  UnixSocket *u = g_try_new0 (UnixSocket, 1);

  if (u == NULL)
    return NULL;
  sentry_ref_init (&u->ref);
  sentry_socket_init (&u->s, &unix_file_ops, &unix_ops, AF_UNIX, type, 0, open_flags, cred);
  sentry_wait_queue_init (&u->room);
  sentry_list_init (&u->pending);
  sentry_list_init (&u->queue);
  unix_gc_register (u);
  return u;
}

int
sentry_unix_new (int type, guint32 open_flags, SentryCred *cred, SentrySocket **ret_socket)
{
  UnixSocket *u = unix_new (type, open_flags, cred);

  if (u == NULL)
    return -ENOMEM;
  *ret_socket = &u->s;
  return 0;
}

/* Both are fresh, or locked by the caller. */
static void
join (UnixSocket *a, UnixSocket *b)
{
  a->peer = unix_socket_ref (b);
  b->peer = unix_socket_ref (a);
  a->connected = b->connected = TRUE;
  a->peer_cred = b->cred;
  b->peer_cred = a->cred;
  a->has_peer_cred = b->has_peer_cred = TRUE;
}

int
sentry_unix_new_pair (int type, guint32 open_flags, SentryCred *cred, const SentryScmCred *scm,
                      SentrySocket **ret_a, SentrySocket **ret_b)
{
  UnixSocket *a = unix_new (type, open_flags, cred), *b = unix_new (type, open_flags, cred);

  if (a == NULL || b == NULL)
    {
      if (a != NULL)
        sentry_file_unref (&a->s.file);
      if (b != NULL)
        sentry_file_unref (&b->s.file);
      return -ENOMEM;
    }
  a->cred = b->cred = *scm;
  join (a, b);
  *ret_a = &a->s;
  *ret_b = &b->s;
  return 0;
}

/* --- connections --- */

static int
unix_listen (SentrySocket *s, int backlog, const SentryScmCred *cred)
{
  UnixSocket *u = unix_socket_of (s);
  int r = 0;

  if (s->type == SOCK_DGRAM)
    return -EOPNOTSUPP;
  sentry_mutex_lock (&s->lock);
  if (u->name == NULL || u->connected)
    r = -EINVAL;
  else
    {
      u->listening = TRUE;
      u->backlog = CLAMP (backlog, 0, MAX_BACKLOG);
      u->cred = *cred;
    }
  sentry_mutex_unlock (&s->lock);
  sentry_wait_queue_wake (&u->room, POLLOUT, 0);
  return r;
}

static int
datagram_connect (UnixSocket *u, const SentrySockAddr *addr)
{
  UnixSocket *to = NULL, *old;
  int r = 0;

  if (addr->u.sa.sa_family != AF_UNSPEC)
    r = unix_find (addr, u->s.type, &to);
  if (r < 0)
    return r;
  sentry_mutex_lock_pair (&u->s.lock, to != NULL ? &to->s.lock : NULL);
  if (to != NULL && to->peer != NULL && to->peer != u)
    r = -EPERM;
  old = r == 0 ? u->peer : to;
  if (r == 0)
    u->peer = to;
  sentry_mutex_unlock_pair (&u->s.lock, to != NULL ? &to->s.lock : NULL);
  if (old != NULL)
    unix_socket_unref (old);
  return r;
}

/* The listener's side of a connection is made here and waits in its pending list for accept. */
static int
queue_connection_locked (UnixSocket *u, UnixSocket *listener, UnixSocket *server)
{
  if (listener->dead || !listener->listening || (listener->s.shutdown & SENTRY_SHUT_RECV))
    return -ECONNREFUSED;
  if (u->connected)
    return -EISCONN;
  if (u->listening)
    return -EINVAL;
  if (listener->n_pending > listener->backlog)
    return -EAGAIN;
  server->name = unix_name_ref (listener->name);
  server->cred = listener->cred;
  join (u, server);
  sentry_list_append (&listener->pending, &server->pending_link);
  listener->n_pending++;
  return 0;
}

static int
stream_connect (UnixSocket *u, const SentrySockAddr *addr, const SentryScmCred *cred)
{
  UnixSocket *listener, *server;
  int r = unix_find (addr, u->s.type, &listener);

  if (r < 0)
    return r;
  server = unix_new (u->s.type, 0, listener->s.file.cred);
  if (server == NULL)
    {
      unix_socket_unref (listener);
      return -ENOMEM;
    }
  sentry_mutex_lock_pair (&u->s.lock, &listener->s.lock);
  if (!u->connected)
    u->cred = *cred;
  r = u == listener ? -EINVAL : queue_connection_locked (u, listener, server);
  if (r == -EAGAIN && u->waiting_for == NULL)
    u->waiting_for = unix_socket_ref (listener);
  sentry_mutex_unlock_pair (&u->s.lock, &listener->s.lock);
  if (r < 0)
    sentry_file_unref (&server->s.file);
  else
    {
      sentry_wait_queue_wake (&listener->s.wait, POLLIN | POLLRDNORM, 0);
      sentry_wait_queue_wake (&u->s.wait, POLLOUT | POLLWRNORM, 0);
    }
  unix_socket_unref (listener);
  return r;
}

static int
unix_connect (SentrySocket *s, const SentrySockAddr *addr, const SentryScmCred *cred)
{
  UnixSocket *u = unix_socket_of (s);

  return s->type == SOCK_DGRAM ? datagram_connect (u, addr) : stream_connect (u, addr, cred);
}

static int
unix_accept (SentrySocket *s, SentryCred *cred, SentrySocket **ret_socket)
{
  UnixSocket *u = unix_socket_of (s), *server = NULL;
  int r = 0;

  if (s->type == SOCK_DGRAM)
    return -EOPNOTSUPP;
  sentry_mutex_lock (&s->lock);
  if (!u->listening)
    r = -EINVAL;
  else if (sentry_list_is_empty (&u->pending))
    r = u->s.shutdown & SENTRY_SHUT_RECV ? -EINVAL : -EAGAIN;
  else
    {
      server = SENTRY_CONTAINER (u->pending.next, UnixSocket, pending_link);
      sentry_list_remove (&server->pending_link);
      u->n_pending--;
    }
  sentry_mutex_unlock (&s->lock);
  if (r < 0)
    return r;
  sentry_wait_queue_wake (&u->room, POLLOUT, 0);
  *ret_socket = &server->s;
  return 0;
}

static int
unix_getname (SentrySocket *s, gboolean peer, SentrySockAddr *ret_addr)
{
  UnixSocket *u = unix_socket_of (s), *other = NULL;
  UnixName *name = NULL;
  int r = 0;

  sentry_mutex_lock (&s->lock);
  if (!peer)
    name = unix_name_ref (u->name);
  else if (u->peer == NULL)
    r = -ENOTCONN;
  else
    other = unix_socket_ref (u->peer);
  sentry_mutex_unlock (&s->lock);
  if (r < 0)
    return r;
  if (other != NULL)
    {
      sentry_mutex_lock (&other->s.lock);
      name = unix_name_ref (other->name);
      sentry_mutex_unlock (&other->s.lock);
      unix_socket_unref (other);
    }
  unix_name_to_addr (name, ret_addr);
  unix_name_unref (name);
  return 0;
}

static int
unix_shutdown (SentrySocket *s, int how)
{
  UnixSocket *u = unix_socket_of (s), *peer;
  const guint32 all = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLRDHUP;
  int bits = how + 1; /* SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2 */

  sentry_mutex_lock (&s->lock);
  if (s->type != SOCK_DGRAM && !u->connected && !u->listening)
    {
      sentry_mutex_unlock (&s->lock);
      return -ENOTCONN;
    }
  s->shutdown |= bits;
  peer = s->type != SOCK_DGRAM && u->peer != NULL ? unix_socket_ref (u->peer) : NULL;
  sentry_mutex_unlock (&s->lock);
  if (peer != NULL)
    {
      sentry_mutex_lock (&peer->s.lock);
      peer->s.shutdown |= (bits & SENTRY_SHUT_RECV ? SENTRY_SHUT_SEND : 0)
                          | (bits & SENTRY_SHUT_SEND ? SENTRY_SHUT_RECV : 0);
      sentry_mutex_unlock (&peer->s.lock);
      sentry_wait_queue_wake (&peer->s.wait, all, 0);
      unix_socket_unref (peer);
    }
  sentry_wait_queue_wake (&s->wait, all, 0);
  return 0;
}

static int
unix_getsockopt (SentrySocket *s, int level, int name, gpointer value, guint *size)
{
  UnixSocket *u = unix_socket_of (s);
  struct ucred cred = { 0, -1, -1 };
  int v;

  if (level != SOL_SOCKET)
    return -EOPNOTSUPP;
  switch (name)
    {
    case SO_ACCEPTCONN:
      v = u->listening;
      *size = MIN (*size, sizeof v);
      memcpy (value, &v, *size);
      return 0;
    case SO_PEERCRED:
      sentry_mutex_lock (&s->lock);
      if (u->has_peer_cred)
        cred = (struct ucred){ u->peer_cred.pid, u->peer_cred.uid, u->peer_cred.gid };
      else if (u->listening)
        cred = (struct ucred){ u->cred.pid, u->cred.uid, u->cred.gid };
      sentry_mutex_unlock (&s->lock);
      *size = MIN (*size, sizeof cred);
      memcpy (value, &cred, *size);
      return 0;
    default:
      return -ENOPROTOOPT;
    }
}

/* --- as a file --- */

static guint32
poll_locked (UnixSocket *u)
{
  guint32 events = 0;
  gboolean gone = u->connected && u->peer == NULL;
  int shutdown = u->s.shutdown;

  if (u->s.error != 0)
    events |= POLLERR;
  if (u->listening)
    return events | (u->n_pending > 0 ? POLLIN | POLLRDNORM : 0);
  if ((shutdown & 3) == 3 || gone)
    events |= POLLHUP;
  if ((shutdown & SENTRY_SHUT_RECV) || gone)
    events |= POLLRDHUP | POLLIN | POLLRDNORM;
  if (u->n_queued > 0)
    events |= POLLIN | POLLRDNORM;
  if (u->s.type != SOCK_DGRAM && !u->connected)
    events |= POLLHUP;
  return events;
}

static guint32
unix_poll (SentryFile *f, SentryPollTable *table)
{
  UnixSocket *u = unix_socket_of_file (f), *peer;
  gboolean writable;
  guint32 events;

  sentry_mutex_lock (&u->s.lock);
  peer = u->peer != NULL ? unix_socket_ref (u->peer) : NULL;
  sentry_mutex_unlock (&u->s.lock);
  if (table != NULL)
    {
      table->add (table, &u->s.wait);
      /* Senders of datagrams wait for room at their receiver, connectors for room in a listener's
       * backlog. */
      if (u->s.type == SOCK_DGRAM && peer != NULL && peer != u)
        table->add (table, &peer->room);
      if (u->waiting_for != NULL)
        table->add (table, &u->waiting_for->room);
    }
  sentry_mutex_lock_pair (&u->s.lock, peer != NULL ? &peer->s.lock : NULL);
  events = poll_locked (u);
  writable = !u->listening && unix_writable_locked (u)
             && !(u->s.type == SOCK_DGRAM && peer != NULL && peer != u && peer->n_queued >= 11);
  sentry_mutex_unlock_pair (&u->s.lock, peer != NULL ? &peer->s.lock : NULL);
  if (peer != NULL)
    unix_socket_unref (peer);
  return events | (writable ? POLLOUT | POLLWRNORM | POLLWRBAND : 0);
}

static gint64
unix_ioctl (SentryFile *f, SentryTask *task, SentryUserMem *um, guint32 cmd, guint64 arg)
{
  UnixSocket *u = unix_socket_of_file (f);
  gint32 n = 0;

  if (cmd != FIONREAD && cmd != SIOCOUTQ)
    return -ENOTTY;
  sentry_mutex_lock (&u->s.lock);
  if (cmd == SIOCOUTQ)
    n = u->in_flight;
  else
    SENTRY_LIST_FOREACH (link, safe, &u->queue)
    {
      const UnixMsg *m = SENTRY_CONTAINER (link, UnixMsg, link);
      n += m->len - m->taken;
      if (u->s.type != SOCK_STREAM)
        break;
    }
  sentry_mutex_unlock (&u->s.lock);
  return sentry_copy_out_object (um, arg, &n);
}

/* Connections that nobody accepted: their other ends see a reset. */
static void
drop_pending (UnixSocket *u)
{
  for (;;)
    {
      UnixSocket *server = NULL;

      sentry_mutex_lock (&u->s.lock);
      if (!sentry_list_is_empty (&u->pending))
        {
          server = SENTRY_CONTAINER (u->pending.next, UnixSocket, pending_link);
          sentry_list_remove (&server->pending_link);
          u->n_pending--;
        }
      sentry_mutex_unlock (&u->s.lock);
      if (server == NULL)
        return;
      sentry_mutex_lock (&server->s.lock);
      server->s.error = ECONNRESET; /* tells its peer below that data was lost */
      sentry_mutex_unlock (&server->s.lock);
      sentry_file_unref (&server->s.file);
    }
}

/* Tells the other end of a connection that this one has gone. */
static void
leave_peer (UnixSocket *u, gboolean data_lost)
{
  UnixSocket *peer, *back = NULL;

  sentry_mutex_lock (&u->s.lock);
  peer = u->peer;
  u->peer = NULL;
  sentry_mutex_unlock (&u->s.lock);
  if (peer == NULL)
    return;
  /* A datagram socket that is connected to this one stays so, and learns by ECONNREFUSED. */
  if (u->s.type != SOCK_DGRAM)
    {
      sentry_mutex_lock (&peer->s.lock);
      back = peer->peer;
      peer->peer = NULL;
      peer->s.shutdown |= SENTRY_SHUT_RECV | SENTRY_SHUT_SEND;
      if (data_lost)
        peer->s.error = ECONNRESET;
      sentry_mutex_unlock (&peer->s.lock);
    }
  sentry_wait_queue_wake (
      &peer->s.wait, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLRDHUP | POLLERR, 0);
  if (back != NULL)
    unix_socket_unref (back);
  unix_socket_unref (peer);
}

static void
unix_release (SentryFile *f)
{
  UnixSocket *u = unix_socket_of_file (f);
  gboolean lost;

  unix_unbind (u);
  sentry_mutex_lock (&u->s.lock);
  u->dead = TRUE;
  lost = u->s.error == ECONNRESET;
  sentry_mutex_unlock (&u->s.lock);
  drop_pending (u);
  lost |= unix_flush (u);
  leave_peer (u, lost);
  sentry_wait_queue_wake (&u->room, POLLOUT | POLLERR | POLLHUP, 0);
  unix_socket_unref (u);
  unix_gc_run ();
}

static const SentryFileOps unix_file_ops = {
  .name = "socket",
  .release = unix_release,
  .read = sentry_socket_read,
  .write = sentry_socket_write,
  .poll = unix_poll,
  .ioctl = unix_ioctl,
};

static const SentrySocketOps unix_ops = {
  .bind = unix_bind,
  .connect = unix_connect,
  .listen = unix_listen,
  .accept = unix_accept,
  .getname = unix_getname,
  .send = unix_send,
  .recv = unix_recv,
  .shutdown = unix_shutdown,
  .getsockopt = unix_getsockopt,
};
