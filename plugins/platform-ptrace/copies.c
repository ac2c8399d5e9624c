/* Copies and questions of an address space that need no help of a guest thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ptrace-private.h"

#include <errno.h>

#include "guest-memory.h"

/* Any process of the space, which isn't reaped until unlock_pid; 0: none is left. */
static pid_t
lock_pid (SentryPtraceSpace *s)
{
  sentry_rwlock_read_lock (&s->tasks_lock);
  if (sentry_list_is_empty (&s->tasks))
    return 0;
  return SENTRY_CONTAINER (s->tasks.next, SentryTracee, link)->pid;
}

static void
unlock_pid (SentryPtraceSpace *s)
{
  sentry_rwlock_read_unlock (&s->tasks_lock);
}

/* The hidden region isn't the guest's to name. */
static gsize
clamp (SentryPtraceSpace *s, guint64 addr, gsize len)
{
  return addr >= s->base.max_addr ? 0 : MIN (len, s->base.max_addr - addr);
}

gsize
sentry_ptrace_copy_in (SentryAddressSpace *as, gpointer dst, guint64 src, gsize len)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  pid_t pid = lock_pid (s);
  gsize done = pid == 0 ? 0 : sentry_host_memory_read (pid, dst, src, clamp (s, src, len));

  unlock_pid (s);
  return done;
}

gsize
sentry_ptrace_copy_out (SentryAddressSpace *as, guint64 dst, gconstpointer src, gsize len)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  pid_t pid = lock_pid (s);
  gsize done = pid == 0 ? 0 : sentry_host_memory_write (pid, dst, src, clamp (s, dst, len));

  unlock_pid (s);
  return done;
}

int
sentry_ptrace_poke (SentryAddressSpace *as, SentryContext *ctx, guint64 dst, gconstpointer src,
                    gsize len)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  pid_t pid;
  int err = -EFAULT;

  if (clamp (s, dst, len) < len)
    return -EFAULT;
  pid = lock_pid (s);
  if (pid != 0)
    err = sentry_host_memory_poke (s->platform->proc_fd, pid, dst, src, len);
  unlock_pid (s);
  return err;
}

int
sentry_ptrace_load32 (SentryAddressSpace *as, guint64 addr, guint32 *ret_value)
{
  if ((addr & 3) != 0)
    return -EFAULT;
  return sentry_ptrace_copy_in (as, ret_value, addr, sizeof *ret_value) == sizeof *ret_value
             ? 0
             : -EFAULT;
}

int
sentry_ptrace_resident (SentryAddressSpace *as, guint64 addr, guint64 len, guint8 *ret_vec)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  int err = sentry_ptrace_check_range (s, addr, len);
  pid_t pid;

  if (err != 0)
    return err;
  pid = lock_pid (s);
  err = pid == 0 ? -ESRCH
                 : sentry_host_memory_resident (s->platform->proc_fd, pid, addr, len, ret_vec);
  unlock_pid (s);
  return err;
}

int
sentry_ptrace_foreach_private_page (SentryAddressSpace *as, guint64 addr, guint64 len,
                                    gboolean (*page) (guint64 addr, gpointer data), gpointer data)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  int err = sentry_ptrace_check_range (s, addr, len);
  pid_t pid;

  if (err != 0)
    return err;
  pid = lock_pid (s);
  err = pid == 0
            ? -ESRCH
            : sentry_host_memory_foreach_private (s->platform->proc_fd, pid, addr, len, page, data);
  unlock_pid (s);
  return err;
}

void
sentry_ptrace_rss (SentryAddressSpace *as, guint64 *ret_total, guint64 *ret_shared)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  pid_t pid = lock_pid (s);

  *ret_total = *ret_shared = 0;
  if (pid != 0)
    sentry_host_memory_rss (s->platform->proc_fd, pid, ret_total, ret_shared);
  unlock_pid (s);
}
