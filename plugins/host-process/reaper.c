/* Collects guest host-processes that are about to die. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "reaper.h"

#include <errno.h>
#include <sys/wait.h>

struct SentryHostReaper
{
  GMutex lock;
  GCond cond;
  GArray *dying;                  /* m: pid_t */
  gboolean stopping;              /* m */
  SentryHostPlacement *placement; /* I */
  GThread *thread;                /* I */
};

static void
reap (pid_t pid)
{
  siginfo_t info;

  while (waitid (P_PID, (id_t) pid, &info, WEXITED | __WALL) != 0 && errno == EINTR)
    ;
}

static gpointer
reaper_main (gpointer data)
{
  SentryHostReaper *r = data;

  sentry_host_placement_unpin (r->placement);
  g_mutex_lock (&r->lock);
  for (;;)
    {
      pid_t pid;

      while (r->dying->len == 0 && !r->stopping)
        g_cond_wait (&r->cond, &r->lock);
      if (r->dying->len == 0)
        break;
      pid = g_array_index (r->dying, pid_t, r->dying->len - 1);
      g_array_set_size (r->dying, r->dying->len - 1);
      g_mutex_unlock (&r->lock);
      reap (pid);
      g_mutex_lock (&r->lock);
    }
  g_mutex_unlock (&r->lock);
  return NULL;
}

SentryHostReaper *
sentry_host_reaper_new (SentryHostPlacement *placement)
{
  SentryHostReaper *r = g_new0 (SentryHostReaper, 1);

  r->placement = placement;
  g_mutex_init (&r->lock);
  g_cond_init (&r->cond);
  r->dying = g_array_new (FALSE, FALSE, sizeof (pid_t));
  return r;
}

void
sentry_host_reaper_add (SentryHostReaper *r, pid_t pid)
{
  g_mutex_lock (&r->lock);
  g_array_append_val (r->dying, pid);
  /* Only now: the thread must not exist before lock-down, which reaches single threads only. */
  if (r->thread == NULL)
    r->thread = g_thread_new ("reaper", reaper_main, r);
  g_cond_signal (&r->cond);
  g_mutex_unlock (&r->lock);
}

void
sentry_host_reaper_free (SentryHostReaper *r)
{
  g_mutex_lock (&r->lock);
  r->stopping = TRUE;
  g_cond_signal (&r->cond);
  g_mutex_unlock (&r->lock);
  if (r->thread != NULL)
    g_thread_join (r->thread);
  g_array_free (r->dying, TRUE);
  g_cond_clear (&r->cond);
  g_mutex_clear (&r->lock);
  g_free (r);
}
