/* One count of host descriptors for the whole process, and the caches that give some back.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-host-fd.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sentry-lock.h"

/* How many are asked back at once: one reclaim pass then serves many openers. */
#define RECLAIM_BATCH 32

static gint limit; /* a: 0 not yet known */
static gint used;  /* a */
static SentryMutex
    lock; /* HOST_FD: the list; reclaim runs under it, so that a cache can't go away meanwhile */
static SentryList caches; /* m */

static void
init_once (void)
{
  static gsize once = 0;
  struct rlimit rl;

  if (!g_once_init_enter (&once))
    return;
  sentry_mutex_init (&lock, SENTRY_LOCK_HOST_FD);
  sentry_list_init (&caches);
  if (g_atomic_int_get (&limit) == 0)
    {
      if (getrlimit (RLIMIT_NOFILE, &rl) < 0 || rl.rlim_cur > G_MAXINT)
        rl.rlim_cur = 1024;
      g_atomic_int_set (&limit, MAX (16, (gint) (rl.rlim_cur / 4 * 3)));
    }
  g_once_init_leave (&once, 1);
}

static guint
reclaim (guint n)
{
  guint freed = 0;

  sentry_mutex_lock (&lock);
  SENTRY_LIST_FOREACH (link, safe, &caches)
  {
    SentryHostFdCache *cache = SENTRY_CONTAINER (link, SentryHostFdCache, link);
    if (freed >= n)
      break;
    freed += cache->reclaim (cache, n - freed);
  }
  sentry_mutex_unlock (&lock);
  return freed;
}

int
sentry_host_fd_take (void)
{
  init_once ();
  for (guint tries = 0; tries < 4; tries++)
    {
      if (g_atomic_int_add (&used, 1) < g_atomic_int_get (&limit))
        return 0;
      g_atomic_int_add (&used, -1);
      if (reclaim (RECLAIM_BATCH) == 0)
        break;
    }
  return -ENFILE;
}

void
sentry_host_fd_give (void)
{
  gint old = g_atomic_int_add (&used, -1);

  g_assert (old > 0);
}

void
sentry_host_fd_close (int fd)
{
  if (fd < 0)
    return;
  close (fd);
  sentry_host_fd_give ();
}

void
sentry_host_fd_cache_add (SentryHostFdCache *cache)
{
  init_once ();
  sentry_mutex_lock (&lock);
  sentry_list_append (&caches, &cache->link);
  sentry_mutex_unlock (&lock);
}

void
sentry_host_fd_cache_remove (SentryHostFdCache *cache)
{
  init_once ();
  sentry_mutex_lock (&lock);
  sentry_list_remove (&cache->link);
  sentry_mutex_unlock (&lock);
}

void
sentry_host_fd_set_limit (guint n)
{
  init_once ();
  g_atomic_int_set (&limit, (gint) MIN (n, G_MAXINT));
}

guint
sentry_host_fd_limit (void)
{
  init_once ();
  return (guint) g_atomic_int_get (&limit);
}

guint
sentry_host_fd_used (void)
{
  return (guint) g_atomic_int_get (&used);
}
