/* Who executes an operation, since only a stopped thread's own tracer can make it do anything.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * In the order of preference:
 * 1. The calling thread, on the home of its own context.  The usual case: a guest's own mmap.
 * 2. The calling thread, on the keeper of an address space that nobody runs in yet.  A thread that
 * runs a context keeps it, as its next home: that's exec.  Others park it again after each
 * operation.
 * 3. The calling thread, on a parked home: a context that fork or clone made and that hasn't run
 * yet.
 * 4. The owner of another context there.  If that one runs guest code, the doorbell stops it and
 * its run loop serves. Else the owner is somewhere in the sentry, perhaps asleep, perhaps waiting
 * for a lock that the asker holds (an outsider's mprotect holds the mm lock): so it serves in a
 * signal handler.  That's safe, because the work is nothing but ptrace calls on a stopped process,
 * and because of `busy`: while the owner itself is about something with its home the handler does
 * nothing, and the owner serves when it's done.  An owner that is busy waits for no lock.
 *
 * No request gets lost: it's published, then the owner's state is looked at; the owner changes its
 * state, then looks for a request. */
#include "ptrace-private.h"

#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Lies on the stack of who asks. */
struct SentryPtraceRequest
{
  SentryPtraceSpace *space; /* where the work shall be done */
  SentryPtraceWork work;
  gpointer data;
  gint64 result;
  sem_t done;
};

/* In a module these are dynamic thread-locals; the owner's first run allocates them, before any
 * handler looks. */
static __thread SentryPtraceContext *current;
static __thread SentryPtraceContext *owned; /* usually one, linked by next_owned */

SentryPtraceContext *
sentry_ptrace_current (void)
{
  return current;
}

void
sentry_ptrace_set_current (SentryPtraceContext *c)
{
  current = c;
}

void
sentry_ptrace_own (SentryPtraceContext *c)
{
  sigset_t doorbell;

  sigemptyset (&doorbell);
  sigaddset (&doorbell, SENTRY_PTRACE_KICK);
  pthread_sigmask (SIG_UNBLOCK, &doorbell, NULL);
  c->next_owned = owned;
  __atomic_signal_fence (__ATOMIC_SEQ_CST);
  owned = c;
  __atomic_store_n (&c->owner, sentry_tracee_self (), __ATOMIC_SEQ_CST);
}

void
sentry_ptrace_disown (SentryPtraceContext *c)
{
  if (current == c)
    current = NULL;
  for (SentryPtraceContext **at = &owned; *at != NULL; at = &(*at)->next_owned)
    if (*at == c)
      {
        *at = c->next_owned;
        return;
      }
}

static SentryTracee *
tracee_in (SentryPtraceContext *c, SentryPtraceSpace *s)
{
  SentryTracee *t = c->home;

  if (t == NULL || t->space != s)
    t = c->next;
  return t != NULL && t->space == s && t->state == SENTRY_TRACEE_STOPPED ? t : NULL;
}

void
sentry_ptrace_serve (SentryPtraceContext *c)
{
  SentryPtraceRequest *r;
  SentryTracee *t;

  if (G_LIKELY (__atomic_load_n (&c->request, __ATOMIC_SEQ_CST) == NULL))
    return;
  r = __atomic_exchange_n (&c->request, NULL, __ATOMIC_SEQ_CST);
  if (r == NULL)
    return;
  t = tracee_in (c, r->space);
  r->result = t != NULL ? r->work (t, r->data) : -EAGAIN;
  sem_post (&r->done);
}

void
sentry_ptrace_enter (SentryPtraceContext *c)
{
  __atomic_store_n (&c->busy, TRUE, __ATOMIC_RELAXED);
  __atomic_signal_fence (__ATOMIC_SEQ_CST);
}

void
sentry_ptrace_leave (SentryPtraceContext *c)
{
  for (;;)
    {
      sentry_ptrace_serve (c);
      __atomic_signal_fence (__ATOMIC_SEQ_CST);
      __atomic_store_n (&c->busy, FALSE, __ATOMIC_RELAXED);
      __atomic_signal_fence (__ATOMIC_SEQ_CST);
      /* A handler that came between the two did nothing. */
      if (G_LIKELY (__atomic_load_n (&c->request, __ATOMIC_SEQ_CST) == NULL))
        return;
      sentry_ptrace_enter (c);
    }
}

static void
handle_doorbell (int sig)
{
  int saved = errno;

  for (SentryPtraceContext *c = owned; c != NULL; c = c->next_owned)
    if (!__atomic_load_n (&c->busy, __ATOMIC_RELAXED))
      {
        sentry_ptrace_enter (c);
        sentry_ptrace_leave (c);
      }
  errno = saved;
}

void
sentry_ptrace_install_handler (void)
{
  struct sigaction sa = { .sa_handler = handle_doorbell, .sa_flags = SA_RESTART };

  sigemptyset (&sa.sa_mask);
  sigaction (SENTRY_PTRACE_KICK, &sa, NULL);
}

/* -EAGAIN: its home isn't (any more) where it should be. */
static gint64
ask (SentryPtraceContext *c, SentryPtraceRequest *r)
{
  pid_t owner = __atomic_load_n (&c->owner, __ATOMIC_SEQ_CST);

  __atomic_store_n (&c->request, r, __ATOMIC_SEQ_CST);
  if (__atomic_load_n (&c->run_state, __ATOMIC_SEQ_CST) & RUN_RUNNING)
    sentry_ptrace_context_kick (c);
  else if (syscall (SYS_tgkill, getpid (), owner, SENTRY_PTRACE_KICK) != 0)
    {
      __atomic_store_n (&c->request, NULL, __ATOMIC_SEQ_CST);
      return -ESRCH;
    }
  while (sem_wait (&r->done) != 0)
    ;
  return r->result;
}

static gint64
on_parked (SentryTracee *t, SentryPtraceWork work, gpointer data)
{
  gint64 result;

  sentry_host_placement_fetch (t->space->platform->placement, t->pid);
  result = sentry_tracee_seize (t) ? work (t, data) : -ESRCH;
  if (t->state == SENTRY_TRACEE_STOPPED)
    sentry_tracee_park (t);
  return result;
}

/* Any process of the space; a parked one by preference. */
static SentryTracee *
find_tracee_locked (SentryPtraceSpace *s)
{
  SentryTracee *found = NULL;

  SENTRY_LIST_FOREACH (link, safe, &s->tasks)
  {
    SentryTracee *t = SENTRY_CONTAINER (link, SentryTracee, link);
    if (t->state == SENTRY_TRACEE_PARKED)
      return t;
    if (found == NULL || (t->owner != NULL && t->owner->gone == FALSE))
      found = t;
  }
  return found;
}

/* The lock on the list is held until the work is done: so long no context leaves. */
static gint64
try_anyone_locked (SentryPtraceSpace *s, SentryPtraceWork work, gpointer data)
{
  SentryPtraceRequest r = { .space = s, .work = work, .data = data };
  gint64 result = -ESRCH;
  SentryTracee *t;

  sem_init (&r.done, 0, 0);
  sentry_rwlock_read_lock (&s->tasks_lock);
  t = find_tracee_locked (s);
  if (t != NULL && t->state == SENTRY_TRACEE_PARKED)
    result = on_parked (t, work, data);
  else if (t != NULL)
    result = t->owner != NULL ? ask (t->owner, &r) : -EAGAIN;
  sentry_rwlock_read_unlock (&s->tasks_lock);
  sem_destroy (&r.done);
  return result;
}

/* What the calling thread has in this address space: the home of its context, or, while exec builds
 * the address space, its next home. */
static SentryTracee *
own_tracee_locked (SentryPtraceSpace *s, SentryPtraceContext *c)
{
  SentryTracee *stale = c->next;

  if (c->home != NULL && c->home->space == s)
    return c->home;
  if (stale != NULL && stale->space == s)
    return stale;
  if (s->keeper == NULL)
    return NULL;
  c->next = NULL;
  if (stale != NULL)
    {
      sentry_ptrace_space_remove (stale);
      sentry_ptrace_retire (s->platform, stale);
    }
  c->next = sentry_ptrace_space_take_keeper_locked (s, c);
  return c->next;
}

static gint64
on_own (SentryPtraceContext *c, SentryTracee *t, SentryPtraceWork work, gpointer data)
{
  gint64 result;

  sentry_ptrace_enter (c);
  result = work (t, data);
  sentry_ptrace_leave (c);
  return result;
}

gint64
sentry_ptrace_perform_locked (SentryPtraceSpace *s, SentryContext *ctx, SentryPtraceWork work,
                              gpointer data)
{
  SentryPtraceContext *c = ctx != NULL ? sentry_ptrace_context (ctx) : sentry_ptrace_current ();
  SentryTracee *own = NULL;
  gint64 result;

  if (c != NULL && __atomic_load_n (&c->owner, __ATOMIC_RELAXED) == sentry_tracee_self ())
    own = own_tracee_locked (s, c);
  if (own != NULL)
    return on_own (c, own, work, data);
  while ((result = try_anyone_locked (s, work, data)) == -EAGAIN)
    g_thread_yield (); /* a context is just entering or leaving the space */
  return result;
}

gint64
sentry_ptrace_perform_at_home (SentryPtraceContext *c, SentryPtraceWork work, gpointer data)
{
  SentryPtraceSpace *s = c->home->space;
  SentryPtraceRequest r = { .space = s, .work = work, .data = data };
  gint64 result;

  if (__atomic_load_n (&c->owner, __ATOMIC_RELAXED) == sentry_tracee_self ())
    return on_own (c, c->home, work, data);
  sentry_mutex_lock (&s->lock);
  if (c->home->state == SENTRY_TRACEE_PARKED)
    result = on_parked (c->home, work, data);
  else
    {
      sem_init (&r.done, 0, 0);
      result = ask (c, &r);
      sem_destroy (&r.done);
    }
  sentry_mutex_unlock (&s->lock);
  return result;
}
