/* What sockets of all families share: life, buffers' sizes, SOL_SOCKET.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/time.h>

#include "fs/anon-inode.h"

#define MIN_BUFFER 4608u
#define MAX_BUFFER 425984u /* twice net.core.wmem_max */

void
sentry_socket_init (SentrySocket *s, const SentryFileOps *file_ops, const SentrySocketOps *ops,
                    int family, int type, int protocol, guint32 open_flags, SentryCred *cred)
{
  SentryPath path;

  sentry_anon_path_new (SENTRY_ANON_SOCKET, NULL, cred, &path);
  sentry_file_init (&s->file, file_ops,
                    SENTRY_FMODE_READ | SENTRY_FMODE_WRITE | SENTRY_FMODE_STREAM,
                    O_RDWR | (open_flags & O_NONBLOCK), &path, path.dentry->inode, cred);
  sentry_path_unref (&path);
  s->ops = ops;
  s->family = family;
  s->type = type;
  s->protocol = protocol;
  sentry_mutex_init (&s->lock, SENTRY_LOCK_SOCKET);
  sentry_wait_queue_init (&s->wait);
  s->sndbuf = s->rcvbuf = SENTRY_SOCKET_BUFFER;
}

void
sentry_socket_clear (SentrySocket *s)
{
  sentry_wait_queue_clear (&s->wait);
  sentry_file_clear (&s->file);
}

SentrySocket *
sentry_file_socket (SentryFile *f)
{
  return f->ops->read == sentry_socket_read ? SENTRY_CONTAINER (f, SentrySocket, file) : NULL;
}

gint64
sentry_socket_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  SentrySocket *s = SENTRY_CONTAINER (f, SentrySocket, file);
  SentryMsg msg = { .iter = dst };
  gint64 r = s->ops->recv (s, &msg);

  /* Descriptors that come with data read by read(2) are dropped, as Linux does. */
  for (guint i = 0; i < msg.n_files; i++)
    sentry_file_unref (msg.files[i]);
  return r;
}

gint64
sentry_socket_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  SentrySocket *s = SENTRY_CONTAINER (f, SentrySocket, file);
  SentryMsg msg = { .iter = src };

  return s->ops->send (s, &msg);
}

static int
get_int (gconstpointer value, guint size, int *ret_int)
{
  if (size < sizeof (int))
    return -EINVAL;
  memcpy (ret_int, value, sizeof (int));
  return 0;
}

static int
set_timeout (gint64 *timeout, gconstpointer value, guint size)
{
  struct timeval tv;

  if (size < sizeof tv)
    return -EINVAL;
  memcpy (&tv, value, sizeof tv);
  if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
    return -EDOM;
  *timeout = tv.tv_sec < 0 || tv.tv_sec > G_MAXINT32
                 ? 0
                 : tv.tv_sec * G_GINT64_CONSTANT (1000000000) + tv.tv_usec * 1000;
  return 0;
}

static int
set_option_locked (SentrySocket *s, int name, gconstpointer value, guint size)
{
  int v = 0, r;

  if (name == SO_RCVTIMEO || name == SO_SNDTIMEO)
    return set_timeout (name == SO_RCVTIMEO ? &s->rcvtimeo : &s->sndtimeo, value, size);
  r = get_int (value, size, &v);
  if (r < 0)
    return r;
  switch (name)
    {
    case SO_REUSEADDR:
      s->reuseaddr = v != 0;
      return 0;
    case SO_KEEPALIVE:
      s->keepalive = v != 0;
      return 0;
    case SO_BROADCAST:
      s->broadcast = v != 0;
      return 0;
    case SO_PASSCRED:
      s->passcred = v != 0;
      return 0;
    case SO_SNDBUF:
      s->sndbuf = CLAMP ((guint) v * 2, MIN_BUFFER, MAX_BUFFER);
      return 0;
    case SO_RCVBUF:
      s->rcvbuf = CLAMP ((guint) v * 2, MIN_BUFFER / 2, MAX_BUFFER);
      return 0;
    case SO_LINGER:
      if (size < sizeof s->linger)
        return -EINVAL;
      memcpy (&s->linger, value, sizeof s->linger);
      return 0;
    case SO_TYPE:
    case SO_PROTOCOL:
    case SO_DOMAIN:
    case SO_ERROR:
      return -ENOPROTOOPT;
    default:
      return -ENOPROTOOPT;
    }
}

int
sentry_socket_set_option (SentrySocket *s, int name, gconstpointer value, guint size)
{
  int r;

  sentry_mutex_lock (&s->lock);
  r = set_option_locked (s, name, value, size);
  sentry_mutex_unlock (&s->lock);
  return r;
}

static int
get_timeout (gint64 timeout, gpointer value, guint *size)
{
  struct timeval tv = { timeout / G_GINT64_CONSTANT (1000000000),
                        timeout % G_GINT64_CONSTANT (1000000000) / 1000 };

  *size = MIN (*size, sizeof tv);
  memcpy (value, &tv, *size);
  return 0;
}

static int
get_option_locked (SentrySocket *s, int name, gpointer value, guint *size)
{
  int v;

  switch (name)
    {
    case SO_RCVTIMEO:
      return get_timeout (s->rcvtimeo, value, size);
    case SO_SNDTIMEO:
      return get_timeout (s->sndtimeo, value, size);
    case SO_LINGER:
      *size = MIN (*size, sizeof s->linger);
      memcpy (value, &s->linger, *size);
      return 0;
    case SO_REUSEADDR:
      v = s->reuseaddr;
      break;
    case SO_KEEPALIVE:
      v = s->keepalive;
      break;
    case SO_BROADCAST:
      v = s->broadcast;
      break;
    case SO_PASSCRED:
      v = s->passcred;
      break;
    case SO_SNDBUF:
      v = s->sndbuf;
      break;
    case SO_RCVBUF:
      v = s->rcvbuf;
      break;
    case SO_TYPE:
      v = s->type;
      break;
    case SO_PROTOCOL:
      v = s->protocol;
      break;
    case SO_DOMAIN:
      v = s->family;
      break;
    case SO_ERROR:
      v = s->error;
      s->error = 0;
      break;
    default:
      return -ENOPROTOOPT;
    }
  *size = MIN (*size, sizeof v);
  memcpy (value, &v, *size);
  return 0;
}

int
sentry_socket_get_option (SentrySocket *s, int name, gpointer value, guint *size)
{
  int r;

  sentry_mutex_lock (&s->lock);
  r = get_option_locked (s, name, value, size);
  sentry_mutex_unlock (&s->lock);
  return r;
}
