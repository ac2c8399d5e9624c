/* Operations of an address space: hidden host calls in one of its processes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ptrace-private.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "guest-memory.h"

#define PAGE_MASK G_GUINT64_CONSTANT (4095)

/* The thread that executes one operation. */
typedef struct
{
  SentryPtraceSpace *space;
  SentryTracee *tracee;
  gboolean leased; /* the keeper: parked again at the end */
} Loan;

/* The caller's own process in this address space, if it has one: its home, or, while exec builds
 * the address space, its next home. */
static SentryTracee *
own_tracee (SentryPtraceSpace *s, SentryPtraceContext *c)
{
  if (c->home != NULL && c->home->space == s)
    {
      if (c->home->state == SENTRY_TRACEE_PARKED && !sentry_tracee_seize (c->home))
        return NULL;
      return c->home;
    }
  if (c->next != NULL && c->next->space != s)
    {
      SentryTracee *stale = c->next;
      c->next = NULL;
      sentry_ptrace_retire (s->platform, stale);
    }
  if (c->next == NULL)
    c->next = sentry_ptrace_space_take_keeper (s);
  return c->next;
}

/* Locks the space and finds somebody to execute an operation.  0 or negative errno (then nothing is
 * locked). */
static int
borrow (SentryPtraceSpace *s, SentryContext *ctx, Loan *loan)
{
  *loan = (Loan){ .space = s };
  if (ctx != NULL)
    loan->tracee = own_tracee (s, sentry_ptrace_context (ctx));
  sentry_mutex_lock (&s->lock);
  if (loan->tracee == NULL && s->keeper != NULL)
    {
      loan->leased = TRUE;
      if (sentry_tracee_seize (s->keeper))
        loan->tracee = s->keeper;
    }
  if (loan->tracee != NULL)
    return 0;
  sentry_mutex_unlock (&s->lock);
  return -ESRCH;
}

static void
give_back (Loan *loan)
{
  if (loan->leased)
    sentry_tracee_park (loan->tracee);
  sentry_mutex_unlock (&loan->space->lock);
}

static int
check_range (SentryPtraceSpace *s, guint64 addr, guint64 len)
{
  if (((addr | len) & PAGE_MASK) != 0 || len == 0)
    return -EINVAL;
  if (addr < s->base.min_addr || len > s->base.max_addr || addr > s->base.max_addr - len)
    return -ENOMEM;
  return 0;
}

/* One host call on a range of guest addresses. */
static int
range_call (SentryAddressSpace *as, SentryContext *ctx, int nr, guint64 addr, guint64 len,
            guint64 c)
{
  Loan loan;
  int err = check_range (sentry_ptrace_space (as), addr, len);

  if (err == 0)
    err = borrow (sentry_ptrace_space (as), ctx, &loan);
  if (err != 0)
    return err;
  err = (int) sentry_tracee_call (loan.tracee, nr, addr, len, c, 0, 0);
  give_back (&loan);
  return err;
}

static gint64
map_file (Loan *loan, guint64 addr, guint64 len, int prot, int host_flags, int fd, guint64 offset)
{
  SentryHostFdPool *pool = &loan->space->platform->fds;
  SentryRegs regs = { .r12 = addr,
                      .r13 = len,
                      .r14 = (guint64) prot,
                      .r15 = HIDDEN_SCRATCH,
                      .r10 = (guint64) host_flags,
                      .r9 = offset };
  int socket = sentry_host_fd_pool_send (pool, fd);
  SentryHiddenResult result;

  if (socket < 0)
    return socket;
  regs.rbx = (guint64) socket;
  result = sentry_tracee_run_hidden (loan->tracee, HIDDEN_AT_MAP_FD, &regs);
  sentry_host_fd_pool_release (pool, socket,
                               result == SENTRY_HIDDEN_DONE && regs.rbx == ~(guint64) 0);
  return result == SENTRY_HIDDEN_DONE ? (gint64) regs.rax : -ESRCH;
}

static int
ptrace_map (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int prot,
            SentryMapFlags flags, int fd, guint64 offset)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  int host_flags = MAP_FIXED | (flags & SENTRY_MAP_SHARED ? MAP_SHARED : MAP_PRIVATE)
                   | (flags & SENTRY_MAP_POPULATE ? MAP_POPULATE : 0)
                   | (flags & SENTRY_MAP_NORESERVE ? MAP_NORESERVE : 0);
  Loan loan;
  gint64 result;
  int err = check_range (s, addr, len);

  if (err == 0 && fd < 0 && (flags & SENTRY_MAP_SHARED))
    err = -EBADF;
  if (err == 0)
    err = borrow (s, ctx, &loan);
  if (err != 0)
    return err;
  if (fd >= 0)
    result = map_file (&loan, addr, len, prot, host_flags, fd, offset);
  else
    result = sentry_tracee_call (loan.tracee, SYS_mmap, addr, len, (guint64) prot,
                                 (guint64) (host_flags | MAP_ANONYMOUS), ~(guint64) 0);
  give_back (&loan);
  return result < 0 ? (int) result : 0;
}

static int
ptrace_unmap (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len)
{
  return range_call (as, ctx, SYS_munmap, addr, len, 0);
}

static int
ptrace_protect (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int prot)
{
  return range_call (as, ctx, SYS_mprotect, addr, len, (guint64) prot);
}

static int
ptrace_remap (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 old_len,
              guint64 new_addr, guint64 new_len, gboolean keep_source)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  guint64 flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keep_source ? MREMAP_DONTUNMAP : 0);
  Loan loan;
  gint64 result;
  int err = check_range (s, addr, old_len);

  if (err == 0)
    err = check_range (s, new_addr, new_len);
  if (err == 0)
    err = borrow (s, ctx, &loan);
  if (err != 0)
    return err;
  if (new_addr == addr) /* the host takes no MREMAP_FIXED onto itself */
    flags = 0;
  result = sentry_tracee_call (loan.tracee, SYS_mremap, addr, old_len, new_len, flags, new_addr);
  give_back (&loan);
  return result < 0 ? (int) result : 0;
}

static gboolean
advice_is_passed_on (int advice)
{
  switch (advice)
    {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_REMOVE:
    case MADV_DONTFORK: /* a guest's fork is a host fork, so these four work by themselves */
    case MADV_DOFORK:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_COLD:
    case MADV_PAGEOUT:
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
    case 24: /* MADV_DONTNEED_LOCKED */
    case 25: /* MADV_COLLAPSE */
      return TRUE;
    default: /* not MADV_MERGEABLE: sharing pages with others is a side channel */
      return FALSE;
    }
}

static int
ptrace_advise (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int advice)
{
  if (!advice_is_passed_on (advice))
    return -EINVAL;
  return range_call (as, ctx, SYS_madvise, addr, len, (guint64) advice);
}

static int
ptrace_sync (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int flags)
{
  return range_call (as, ctx, SYS_msync, addr, len, (guint64) flags);
}

static int
ptrace_fork (SentryAddressSpace *as, SentryContext *parent, SentryContext *child,
             SentryAddressSpace **ret_child_as)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as), *forked;
  SentryPtraceContext *p = sentry_ptrace_context (parent), *c = sentry_ptrace_context (child);
  SentryTracee *t;
  gint64 pid;

  g_assert (p->home != NULL && p->home->space == s && c->home == NULL);
  sentry_mutex_lock (&s->lock);
  pid = sentry_tracee_birth (p->home, 0);
  sentry_mutex_unlock (&s->lock);
  if (pid < 0)
    return pid == -ENOMEM ? -ENOMEM : -EAGAIN;
  forked = sentry_ptrace_space_alloc (s->platform);
  t = sentry_tracee_new ((pid_t) pid, SENTRY_TRACEE_PARKED);
  sentry_address_space_ref (&forked->base);
  sentry_ptrace_space_add (forked, t);
  sentry_ptrace_context_adopt (c, t);
  *ret_child_as = &forked->base;
  return 0;
}

static int
ptrace_cmpxchg32 (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint32 expected,
                  guint32 desired, gboolean nonblock, guint32 *ret_found)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  SentryRegs regs = { .rax = expected, .rcx = desired, .rdi = addr };
  SentryHiddenResult result;
  Loan loan;
  int err;

  if ((addr & 3) != 0 || addr < s->base.min_addr || addr >= s->base.max_addr)
    return -EFAULT;
  if (nonblock
      && (ctx == NULL || sentry_ptrace_context (ctx)->home == NULL
          || sentry_ptrace_context (ctx)->home->space != s))
    return -EAGAIN;
  err = borrow (s, ctx, &loan);
  if (err != 0)
    return err;
  result = sentry_tracee_run_hidden (loan.tracee, HIDDEN_AT_CMPXCHG, &regs);
  give_back (&loan);
  if (result != SENTRY_HIDDEN_DONE)
    return -EFAULT;
  *ret_found = (guint32) regs.rax;
  return 0;
}

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

static gsize
ptrace_copy_in (SentryAddressSpace *as, gpointer dst, guint64 src, gsize len)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  pid_t pid = lock_pid (s);
  gsize done = pid == 0 ? 0 : sentry_host_memory_read (pid, dst, src, clamp (s, src, len));

  unlock_pid (s);
  return done;
}

static gsize
ptrace_copy_out (SentryAddressSpace *as, guint64 dst, gconstpointer src, gsize len)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  pid_t pid = lock_pid (s);
  gsize done = pid == 0 ? 0 : sentry_host_memory_write (pid, dst, src, clamp (s, dst, len));

  unlock_pid (s);
  return done;
}

static int
ptrace_poke (SentryAddressSpace *as, SentryContext *ctx, guint64 dst, gconstpointer src, gsize len)
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

static int
ptrace_load32 (SentryAddressSpace *as, guint64 addr, guint32 *ret_value)
{
  if ((addr & 3) != 0)
    return -EFAULT;
  return ptrace_copy_in (as, ret_value, addr, sizeof *ret_value) == sizeof *ret_value ? 0 : -EFAULT;
}

static int
ptrace_resident (SentryAddressSpace *as, guint64 addr, guint64 len, guint8 *ret_vec)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  int err = check_range (s, addr, len);
  pid_t pid;

  if (err != 0)
    return err;
  pid = lock_pid (s);
  err = pid == 0 ? -ESRCH
                 : sentry_host_memory_resident (s->platform->proc_fd, pid, addr, len, ret_vec);
  unlock_pid (s);
  return err;
}

static int
ptrace_foreach_private_page (SentryAddressSpace *as, guint64 addr, guint64 len,
                             gboolean (*page) (guint64 addr, gpointer data), gpointer data)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  int err = check_range (s, addr, len);
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

static void
ptrace_rss (SentryAddressSpace *as, guint64 *ret_total, guint64 *ret_shared)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  pid_t pid = lock_pid (s);

  *ret_total = *ret_shared = 0;
  if (pid != 0)
    sentry_host_memory_rss (s->platform->proc_fd, pid, ret_total, ret_shared);
  unlock_pid (s);
}

static void
ptrace_space_free (SentryAddressSpace *as)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);

  if (s->keeper != NULL)
    {
      sentry_ptrace_space_remove (s, s->keeper);
      sentry_tracee_release (s->keeper);
      sentry_host_reaper_add (s->platform->reaper, s->keeper->pid);
      g_free (s->keeper);
    }
  g_assert (sentry_list_is_empty (&s->tasks));
  sentry_rwlock_clear (&s->tasks_lock);
  g_object_unref (s->platform);
  g_free (s);
}

const SentryAddressSpaceOps sentry_ptrace_space_ops = {
  .map = ptrace_map,
  .unmap = ptrace_unmap,
  .protect = ptrace_protect,
  .remap = ptrace_remap,
  .advise = ptrace_advise,
  .sync = ptrace_sync,
  .fork = ptrace_fork,
  .copy_in = ptrace_copy_in,
  .copy_out = ptrace_copy_out,
  .poke = ptrace_poke,
  .load32 = ptrace_load32,
  .cmpxchg32 = ptrace_cmpxchg32,
  .resident = ptrace_resident,
  .foreach_private_page = ptrace_foreach_private_page,
  .rss = ptrace_rss,
  .free = ptrace_space_free,
};
