/* Brings descriptors into guest host-processes. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fd-pool.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
sentry_host_fd_pool_init (SentryHostFdPool *pool, const SentryHostTemplate *t)
{
  G_STATIC_ASSERT (sizeof pool->send == sizeof t->send);
  for (guint i = 0; i < HIDDEN_SOCKETS; i++)
    sentry_mutex_init (&pool->lock[i], SENTRY_LOCK_PLATFORM_FDS);
  memcpy (pool->send, t->send, sizeof pool->send);
  memcpy (pool->recv, t->recv, sizeof pool->recv);
}

void
sentry_host_fd_pool_clear (SentryHostFdPool *pool)
{
  for (guint i = 0; i < HIDDEN_SOCKETS; i++)
    {
      close (pool->send[i]);
      close (pool->recv[i]);
    }
}

typedef union
{
  struct cmsghdr header;
  char bytes[CMSG_SPACE (sizeof (int))];
} Control;

static guint
acquire (SentryHostFdPool *pool)
{
  guint first = __atomic_fetch_add (&pool->next, 1, __ATOMIC_RELAXED) % HIDDEN_SOCKETS;

  for (guint i = 0; i < HIDDEN_SOCKETS; i++)
    if (sentry_mutex_trylock (&pool->lock[(first + i) % HIDDEN_SOCKETS]))
      return (first + i) % HIDDEN_SOCKETS;
  sentry_mutex_lock (&pool->lock[first]);
  return first;
}

int
sentry_host_fd_pool_send (SentryHostFdPool *pool, int fd)
{
  guint i = acquire (pool);
  char byte = 0;
  struct iovec iov = { &byte, 1 };
  Control control = { .header = { CMSG_LEN (sizeof fd), SOL_SOCKET, SCM_RIGHTS } };
  struct msghdr msg = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  int err = 0;

  memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
  if (sendmsg (pool->send[i], &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
    return (int) i;
  err = errno;
  sentry_mutex_unlock (&pool->lock[i]);
  return err == EBADF ? -EBADF : -ENOMEM;
}

/* The guest process died on its way, or couldn't take it: the next user must not find it. */
static void
take_back (SentryHostFdPool *pool, int socket)
{
  char byte;
  struct iovec iov = { &byte, 1 };
  Control control;
  struct msghdr msg = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  int fd;

  if (recvmsg (pool->recv[socket], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1
      || CMSG_FIRSTHDR (&msg) == NULL)
    return;
  memcpy (&fd, CMSG_DATA (CMSG_FIRSTHDR (&msg)), sizeof fd);
  close (fd);
}

void
sentry_host_fd_pool_release (SentryHostFdPool *pool, int socket, gboolean received)
{
  if (!received)
    take_back (pool, socket);
  sentry_mutex_unlock (&pool->lock[socket]);
}
