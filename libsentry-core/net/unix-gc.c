/* AF_UNIX sockets that only messages hold on to: found and freed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "net/unix-private.h"

/* A socket whose every reference lies in queues, and those queues belong to sockets of the same
 * kind, can't be reached by anybody: unix(7)'s garbage.  Counting: a socket's file has as many
 * references in flight as its reference count, and after taking away those that come from within
 * the candidates nothing is left for the rest of the world. */

#define MAX_IN_FLIGHT 65536

static SentryMutex gc_lock; /* UNIX_GC */
static SentryList all_sockets;
static guint n_in_flight; /* m gc_lock: descriptors of any kind in queues */
static guint n_sockets_in_flight;

static void
ensure_ready (void)
{
  static gsize ready;

  if (!g_once_init_enter (&ready))
    return;
  sentry_mutex_init (&gc_lock, SENTRY_LOCK_UNIX_GC);
  sentry_list_init (&all_sockets);
  g_once_init_leave (&ready, 1);
}

void
unix_gc_register (UnixSocket *u)
{
  ensure_ready ();
  sentry_mutex_lock (&gc_lock);
  sentry_list_append (&all_sockets, &u->gc_link);
  sentry_mutex_unlock (&gc_lock);
}

void
unix_gc_forget (UnixSocket *u)
{
  sentry_mutex_lock (&gc_lock);
  sentry_list_remove (&u->gc_link);
  sentry_mutex_unlock (&gc_lock);
}

void
unix_gc_sent (SentryFile *const *files, guint n_files, int delta)
{
  ensure_ready ();
  sentry_mutex_lock (&gc_lock);
  n_in_flight += delta * (int) n_files;
  for (guint i = 0; i < n_files; i++)
    {
      UnixSocket *u = unix_socket_of_file (files[i]);
      if (u != NULL)
        {
          u->gc_in_flight += delta;
          n_sockets_in_flight += delta;
        }
    }
  sentry_mutex_unlock (&gc_lock);
}

int
unix_gc_check_bound (guint n_files)
{
  int r;

  ensure_ready ();
  sentry_mutex_lock (&gc_lock);
  r = n_in_flight + n_files > MAX_IN_FLIGHT ? -ETOOMANYREFS : 0;
  sentry_mutex_unlock (&gc_lock);
  return r;
}

/* Calls `func` for each socket that lies in u's queue, or in those of connections that wait to be
 * accepted. */
static void
foreach_queued (UnixSocket *u, void (*func) (UnixSocket *inner, gpointer data), gpointer data)
{
  sentry_mutex_lock_nested (&u->s.lock);
  SENTRY_LIST_FOREACH (link, safe, &u->queue)
  {
    UnixMsg *m = SENTRY_CONTAINER (link, UnixMsg, link);
    for (guint i = 0; i < m->n_files; i++)
      {
        UnixSocket *inner = unix_socket_of_file (m->files[i]);
        if (inner != NULL)
          func (inner, data);
      }
  }
  SENTRY_LIST_FOREACH (link, safe, &u->pending)
  foreach_queued (SENTRY_CONTAINER (link, UnixSocket, pending_link), func, data);
  sentry_mutex_unlock (&u->s.lock);
}

static void
count_internal (UnixSocket *inner, gpointer data)
{
  inner->gc_internal++;
}

static void
mark_reachable (UnixSocket *inner, gpointer data)
{
  gboolean *changed = data;

  if (inner->gc_candidate)
    {
      inner->gc_candidate = FALSE;
      *changed = TRUE;
    }
}

/* Candidates: every reference is in flight.  Then whatever a socket that isn't one has in its queue
 * can be reached, until nothing changes. */
static void
find_garbage (void)
{
  gboolean changed = TRUE;

  SENTRY_LIST_FOREACH (link, safe, &all_sockets)
  {
    UnixSocket *u = SENTRY_CONTAINER (link, UnixSocket, gc_link);
    u->gc_internal = 0;
    u->gc_candidate
        = u->gc_in_flight > 0 && !u->dead
          && __atomic_load_n (&u->s.file.ref.count, __ATOMIC_ACQUIRE) == u->gc_in_flight;
  }
  SENTRY_LIST_FOREACH (link, safe, &all_sockets)
  {
    UnixSocket *u = SENTRY_CONTAINER (link, UnixSocket, gc_link);
    if (u->gc_candidate)
      foreach_queued (u, count_internal, NULL);
  }
  while (changed)
    {
      changed = FALSE;
      SENTRY_LIST_FOREACH (link, safe, &all_sockets)
      {
        UnixSocket *u = SENTRY_CONTAINER (link, UnixSocket, gc_link);
        if (u->gc_candidate && u->gc_internal < u->gc_in_flight)
          {
            u->gc_candidate = FALSE;
            changed = TRUE;
          }
        if (!u->gc_candidate)
          foreach_queued (u, mark_reachable, &changed);
      }
    }
}

void
unix_gc_run (void)
{
  g_autoptr (GPtrArray) garbage = NULL;
  gboolean any;

  ensure_ready ();
  sentry_mutex_lock (&gc_lock);
  any = n_sockets_in_flight > 0;
  sentry_mutex_unlock (&gc_lock);
  if (!any)
    return;
  garbage = g_ptr_array_new ();
  /* A message on its way into a queue still has its sender's references, and one just taken out is
   * in no queue: either way its sockets have more references, or fewer found here, than are in
   * flight, and are spared. */
  sentry_mutex_lock (&gc_lock);
  find_garbage ();
  SENTRY_LIST_FOREACH (link, safe, &all_sockets)
  {
    UnixSocket *u = SENTRY_CONTAINER (link, UnixSocket, gc_link);
    if (u->gc_candidate)
      g_ptr_array_add (garbage, unix_socket_ref (u));
  }
  sentry_mutex_unlock (&gc_lock);
  for (guint i = 0; i < garbage->len; i++)
    {
      unix_flush (garbage->pdata[i]);
      unix_socket_unref (garbage->pdata[i]);
    }
}
