/* Address spaces: birth, membership and death of the processes in one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ptrace-private.h"

#include <errno.h>
#include <sched.h>

SentryPtraceSpace *
sentry_ptrace_space_alloc (SentryPtracePlatform *platform)
{
  SentryPtraceSpace *s = g_new0 (SentryPtraceSpace, 1);

  s->base.ops = &sentry_ptrace_space_ops;
  sentry_ref_init (&s->base.ref);
  s->base.min_addr = HIDDEN_GUEST_MIN;
  s->base.max_addr = HIDDEN_BASE;
  s->platform = g_object_ref (platform);
  sentry_mutex_init (&s->lock, SENTRY_LOCK_PLATFORM);
  sentry_rwlock_init (&s->tasks_lock, SENTRY_LOCK_PLATFORM_LEAF);
  sentry_list_init (&s->tasks);
  return s;
}

void
sentry_ptrace_space_add (SentryPtraceSpace *s, SentryTracee *t)
{
  t->space = s;
  sentry_rwlock_write_lock (&s->tasks_lock);
  sentry_list_append (&s->tasks, &t->link);
  sentry_rwlock_write_unlock (&s->tasks_lock);
}

void
sentry_ptrace_space_remove (SentryPtraceSpace *s, SentryTracee *t)
{
  sentry_rwlock_write_lock (&s->tasks_lock);
  sentry_list_remove (&t->link);
  sentry_rwlock_write_unlock (&s->tasks_lock);
}

void
sentry_ptrace_retire (SentryPtracePlatform *platform, SentryTracee *t)
{
  SentryPtraceSpace *s = t->space;

  sentry_ptrace_space_remove (s, t);
  sentry_tracee_release (t);
  sentry_host_reaper_add (platform->reaper, t->pid);
  g_free (t);
  sentry_address_space_unref (&s->base);
}

/* The host's errors of clone, as the contract tells them. */
static int
birth_error (gint64 err)
{
  return err == -ENOMEM ? -ENOMEM : -EAGAIN;
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
  s = sentry_ptrace_space_alloc (platform);
  s->keeper = sentry_tracee_new ((pid_t) pid, SENTRY_TRACEE_PARKED);
  sentry_ptrace_space_add (s, s->keeper);
  return &s->base;
}

SentryTracee *
sentry_ptrace_space_take_keeper (SentryPtraceSpace *s)
{
  SentryTracee *t;

  sentry_mutex_lock (&s->lock);
  t = s->keeper;
  s->keeper = NULL;
  sentry_mutex_unlock (&s->lock);
  if (t == NULL)
    return NULL;
  sentry_address_space_ref (&s->base);
  sentry_host_placement_fetch (s->platform->placement, t->pid);
  if (sentry_tracee_seize (t))
    return t;
  sentry_ptrace_retire (s->platform, t);
  return NULL;
}

int
sentry_ptrace_clone (SentryPtraceSpace *s, SentryPtraceContext *parent, SentryPtraceContext *child)
{
  SentryTracee *t;
  gint64 pid;

  sentry_mutex_lock (&s->lock);
  pid = sentry_tracee_birth (parent->home, CLONE_VM | CLONE_FS | CLONE_FILES);
  sentry_mutex_unlock (&s->lock);
  if (pid < 0)
    return birth_error (pid);
  t = sentry_tracee_new ((pid_t) pid, SENTRY_TRACEE_PARKED);
  sentry_address_space_ref (&s->base);
  sentry_ptrace_space_add (s, t);
  sentry_ptrace_context_adopt (child, t);
  return 0;
}
