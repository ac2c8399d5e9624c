/* The thread that waits for donated host descriptors. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/thread-signals.h"
#include "fs/host-poll.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>

static int epoll_fd = -1;
/* Guards the table that turns an epoll cookie into a live SentryHostPoll: removal and wake-up
 * exclude each other. */
static SentryMutex table_lock;
static GHashTable *live;

static gpointer
host_poll_thread (gpointer data)
{
  struct epoll_event ev[16];

  for (;;)
    {
      int n = epoll_wait (epoll_fd, ev, G_N_ELEMENTS (ev), -1);

      for (int i = 0; i < n; i++)
        {
          sentry_mutex_lock (&table_lock);
          if (g_hash_table_contains (live, ev[i].data.ptr))
            sentry_wait_queue_wake (((SentryHostPoll *) ev[i].data.ptr)->wait, ev[i].events, 0);
          sentry_mutex_unlock (&table_lock);
        }
    }
  return NULL;
}

gboolean
sentry_host_poll_open (void)
{
  if (epoll_fd >= 0)
    return TRUE;
  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (epoll_fd < 0)
    return FALSE;
  sentry_mutex_init (&table_lock, SENTRY_LOCK_AUX);
  live = g_hash_table_new (NULL, NULL);
  return TRUE;
}

void
sentry_host_poll_start (void)
{
  sigset_t all, old;

  sentry_thread_signals (&all);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  g_thread_unref (g_thread_new ("host-poll", host_poll_thread, NULL));
  pthread_sigmask (SIG_SETMASK, &old, NULL);
}

void
sentry_host_poll_add (SentryHostPoll *hp, int fd, SentryWaitQueue *wait)
{
  struct epoll_event ev = { .events = EPOLLONESHOT, .data.ptr = hp };

  hp->fd = fd;
  hp->wait = wait;
  hp->pollable = epoll_fd >= 0 && epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0;
  if (!hp->pollable)
    return;
  sentry_mutex_lock (&table_lock);
  g_hash_table_add (live, hp);
  sentry_mutex_unlock (&table_lock);
}

void
sentry_host_poll_remove (SentryHostPoll *hp)
{
  if (!hp->pollable)
    return;
  epoll_ctl (epoll_fd, EPOLL_CTL_DEL, hp->fd, NULL);
  sentry_mutex_lock (&table_lock);
  g_hash_table_remove (live, hp);
  sentry_mutex_unlock (&table_lock);
}

void
sentry_host_poll_arm (SentryHostPoll *hp, guint32 events)
{
  struct epoll_event ev = { .events = events | EPOLLONESHOT, .data.ptr = hp };

  if (hp->pollable)
    epoll_ctl (epoll_fd, EPOLL_CTL_MOD, hp->fd, &ev);
}
