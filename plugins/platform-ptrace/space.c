/* Address spaces: birth, membership and death of the processes in one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ptrace-private.h"

#include <errno.h>
#include <sched.h>

static SentryPtraceSpace *
space_alloc (SentryPtracePlatform *platform)
{
  SentryPtraceSpace *s = g_new0 (SentryPtraceSpace, 1);

  s->base.ops = &sentry_ptrace_space_ops;
  sentry_ref_init (&s->base.ref);
  s->base.min_addr = HIDDEN_GUEST_MIN;
  s->base.max_addr = HIDDEN_BASE;
  s->platform = g_object_ref (platform);
  sentry_mutex_init (&s->lock, SENTRY_LOCK_PLATFORM);
  sentry_rwlock_init (&s->tasks_lock, SENTRY_LOCK_PLATFORM_TASKS);
  sentry_list_init (&s->tasks);
  s->scratch_used = 1; /* the part of the message headers */
  return s;
}

/* A new parked process in the space; `owner`: it's to be its home, with a reference to the space.
 */
static SentryTracee *
add_process (SentryPtraceSpace *s, gint64 pid, SentryPtraceContext *owner)
{
  SentryTracee *t = sentry_tracee_new ((pid_t) pid, SENTRY_TRACEE_PARKED);

  t->space = s;
  t->owner = owner;
  if (owner != NULL)
    sentry_address_space_ref (&s->base);
  sentry_rwlock_write_lock (&s->tasks_lock);
  sentry_list_append (&s->tasks, &t->link);
  sentry_rwlock_write_unlock (&s->tasks_lock);
  return t;
}

void
sentry_ptrace_space_remove (SentryTracee *t)
{
  sentry_rwlock_write_lock (&t->space->tasks_lock);
  sentry_list_remove (&t->link);
  sentry_rwlock_write_unlock (&t->space->tasks_lock);
}

static void
end_process (SentryPtracePlatform *platform, SentryTracee *t)
{
  sentry_tracee_release (t);
  sentry_host_reaper_add (platform->reaper, t->pid);
  g_free (t);
}

void
sentry_ptrace_retire (SentryPtracePlatform *platform, SentryTracee *t)
{
  SentryPtraceSpace *s = t->space;

  end_process (platform, t);
  sentry_address_space_unref (&s->base);
}

/* The host's errors of clone, as the contract tells them. */
static int
birth_error (gint64 err)
{
  return err == -ENOMEM || err == -ESRCH ? (int) err : -EAGAIN;
}

/* A new process from the template: an empty address space. */
SentryAddressSpace *
sentry_ptrace_space_new (SentryPtracePlatform *platform, int *ret_errno)
{
  SentryPtraceSpace *s;
  gint64 pid = -EAGAIN;

  sentry_mutex_lock (&platform->lock);
  sentry_host_placement_fetch (platform->placement, platform->template->pid);
  if (sentry_tracee_seize (platform->template))
    pid = sentry_tracee_birth (platform->template, 0);
  if (platform->template->state == SENTRY_TRACEE_STOPPED)
    sentry_tracee_park (platform->template);
  sentry_mutex_unlock (&platform->lock);
  if (pid < 0)
    {
      *ret_errno = -birth_error (pid);
      return NULL;
    }
  s = space_alloc (platform);
  s->keeper = add_process (s, pid, NULL);
  return &s->base;
}

SentryTracee *
sentry_ptrace_space_take_keeper_locked (SentryPtraceSpace *s, SentryPtraceContext *c)
{
  SentryTracee *t = s->keeper;

  if (t == NULL)
    return NULL;
  sentry_host_placement_fetch (s->platform->placement, t->pid);
  if (!sentry_tracee_seize (t))
    return NULL;
  s->keeper = NULL;
  t->owner = c;
  sentry_address_space_ref (&s->base);
  return t;
}

static gint64
work_birth (SentryTracee *t, gpointer data)
{
  return sentry_tracee_birth (t, *(guint64 *) data);
}

static guint64 clone_flags = CLONE_VM | CLONE_FS | CLONE_FILES;
static guint64 fork_flags = 0;

SentryTracee *
sentry_ptrace_space_enter (SentryPtraceSpace *s, SentryPtraceContext *c)
{
  SentryTracee *t;
  gint64 pid;

  sentry_mutex_lock (&s->lock);
  t = sentry_ptrace_space_take_keeper_locked (s, c);
  if (t == NULL && s->keeper == NULL)
    {
      pid = sentry_ptrace_perform_locked (s, NULL, work_birth, &clone_flags);
      t = pid > 0 ? add_process (s, pid, c) : NULL;
      if (t != NULL && !sentry_tracee_seize (t))
        {
          sentry_ptrace_space_remove (t);
          sentry_ptrace_retire (s->platform, t);
          t = NULL;
        }
    }
  sentry_mutex_unlock (&s->lock);
  return t;
}

int
sentry_ptrace_space_clone (SentryPtraceSpace *s, SentryPtraceContext *parent,
                           SentryPtraceContext *child)
{
  gint64 pid;

  sentry_mutex_lock (&s->lock);
  pid = sentry_ptrace_perform_locked (s, &parent->base, work_birth, &clone_flags);
  if (pid > 0)
    sentry_ptrace_context_adopt (child, add_process (s, pid, child));
  sentry_mutex_unlock (&s->lock);
  return pid > 0 ? 0 : birth_error (pid);
}

int
sentry_ptrace_space_fork (SentryAddressSpace *as, SentryContext *parent, SentryContext *child,
                          SentryAddressSpace **ret_child_as)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as), *forked;
  SentryPtraceContext *c = sentry_ptrace_context (child);
  gint64 pid;

  g_assert (c->home == NULL);
  sentry_mutex_lock (&s->lock);
  pid = sentry_ptrace_perform_locked (s, parent, work_birth, &fork_flags);
  sentry_mutex_unlock (&s->lock);
  if (pid <= 0)
    return birth_error (pid);
  forked = space_alloc (s->platform);
  sentry_ptrace_context_adopt (c, add_process (forked, pid, c));
  *ret_child_as = &forked->base;
  return 0;
}

void
sentry_ptrace_space_free (SentryAddressSpace *as)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);

  if (s->keeper != NULL)
    {
      sentry_ptrace_space_remove (s->keeper);
      end_process (s->platform, s->keeper);
    }
  g_assert (sentry_list_is_empty (&s->tasks));
  sentry_rwlock_clear (&s->tasks_lock);
  g_object_unref (s->platform);
  g_free (s);
}
