/* Operations of an address space: hidden host calls in one of its processes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ptrace-private.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE_MASK G_GUINT64_CONSTANT (4095)

int
sentry_ptrace_check_range (SentryPtraceSpace *s, guint64 addr, guint64 len)
{
  if (((addr | len) & PAGE_MASK) != 0 || len == 0)
    return -EINVAL;
  if (addr < s->base.min_addr || len > s->base.max_addr || addr > s->base.max_addr - len)
    return -ENOMEM;
  return 0;
}

/* One host call; an address as a result counts as success. */
typedef struct
{
  int nr;
  guint64 arg[5];
} HostCall;

static gint64
work_call (SentryTracee *t, gpointer data)
{
  const HostCall *call = data;

  return sentry_tracee_call (t, call->nr, call->arg[0], call->arg[1], call->arg[2], call->arg[3],
                             call->arg[4]);
}

static int
perform_call (SentryAddressSpace *as, SentryContext *ctx, HostCall *call)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  int err = sentry_ptrace_check_range (s, call->arg[0], call->arg[1]);
  gint64 result;

  if (err != 0)
    return err;
  sentry_mutex_lock (&s->lock);
  result = sentry_ptrace_perform_locked (s, ctx, work_call, call);
  sentry_mutex_unlock (&s->lock);
  return result < 0 ? (int) result : 0;
}

static gint64
work_map_file (SentryTracee *t, gpointer data)
{
  SentryRegs *regs = data;

  if (sentry_tracee_run_hidden (t, HIDDEN_AT_MAP_FD, regs) != SENTRY_HIDDEN_DONE)
    return -ESRCH;
  return (gint64) regs->rax;
}

static int
map_file (SentryPtraceSpace *s, SentryContext *ctx, const HostCall *call, int fd, guint64 offset)
{
  SentryHostFdPool *pool = &s->platform->fds;
  SentryRegs regs = { .r12 = call->arg[0],
                      .r13 = call->arg[1],
                      .r14 = call->arg[2],
                      .r10 = call->arg[3],
                      .r9 = offset,
                      .r15 = HIDDEN_SCRATCH };
  int err = sentry_ptrace_check_range (s, call->arg[0], call->arg[1]), socket;
  gint64 result;

  if (err != 0)
    return err;
  sentry_mutex_lock (&s->lock);
  socket = sentry_host_fd_pool_send (pool, fd);
  result = socket;
  if (socket >= 0)
    {
      regs.rbx = (guint64) socket;
      result = sentry_ptrace_perform_locked (s, ctx, work_map_file, &regs);
      sentry_host_fd_pool_release (pool, socket, regs.rbx == ~(guint64) 0);
    }
  sentry_mutex_unlock (&s->lock);
  return result < 0 ? (int) result : 0;
}

static int
ptrace_map (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int prot,
            SentryMapFlags flags, int fd, guint64 offset)
{
  int host_flags = MAP_FIXED | (flags & SENTRY_MAP_SHARED ? MAP_SHARED : MAP_PRIVATE)
                   | (flags & SENTRY_MAP_POPULATE ? MAP_POPULATE : 0)
                   | (flags & SENTRY_MAP_NORESERVE ? MAP_NORESERVE : 0)
                   | (fd < 0 ? MAP_ANONYMOUS : 0);
  HostCall call = { SYS_mmap, { addr, len, (guint64) prot, (guint64) host_flags, ~(guint64) 0 } };

  if (fd >= 0)
    return map_file (sentry_ptrace_space (as), ctx, &call, fd, offset);
  if (flags & SENTRY_MAP_SHARED)
    return -EBADF;
  return perform_call (as, ctx, &call);
}

static int
ptrace_unmap (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len)
{
  HostCall call = { SYS_munmap, { addr, len } };

  return perform_call (as, ctx, &call);
}

static int
ptrace_protect (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int prot)
{
  HostCall call = { SYS_mprotect, { addr, len, (guint64) prot } };

  return perform_call (as, ctx, &call);
}

static int
ptrace_remap (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 old_len,
              guint64 new_addr, guint64 new_len, gboolean keep_source)
{
  guint64 flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keep_source ? MREMAP_DONTUNMAP : 0);
  HostCall call = { SYS_mremap, { addr, old_len, new_len, flags, new_addr } };
  int err = sentry_ptrace_check_range (sentry_ptrace_space (as), new_addr, new_len);

  if (err != 0)
    return err;
  if (new_addr == addr) /* the host takes no MREMAP_FIXED onto itself */
    call.arg[3] = 0;
  return perform_call (as, ctx, &call);
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
  HostCall call = { SYS_madvise, { addr, len, (guint64) advice } };

  return advice_is_passed_on (advice) ? perform_call (as, ctx, &call) : -EINVAL;
}

static int
ptrace_sync (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int flags)
{
  HostCall call = { SYS_msync, { addr, len, (guint64) flags } };

  return perform_call (as, ctx, &call);
}

static gint64
work_exchange (SentryTracee *t, gpointer data)
{
  return sentry_tracee_run_hidden (t, HIDDEN_AT_CMPXCHG, data) == SENTRY_HIDDEN_DONE ? 0 : -EFAULT;
}

static gboolean
is_home_of_caller (SentryPtraceSpace *s, SentryContext *ctx)
{
  SentryPtraceContext *c = ctx != NULL ? sentry_ptrace_context (ctx) : NULL;

  return c != NULL && c->home != NULL && c->home->space == s && c->owner == sentry_tracee_self ();
}

/* By the caller's own thread it needs no lock: registers are all that it works with. */
static int
ptrace_cmpxchg32 (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint32 expected,
                  guint32 desired, gboolean nonblock, guint32 *ret_found)
{
  SentryPtraceSpace *s = sentry_ptrace_space (as);
  SentryRegs regs = { .rax = expected, .rcx = desired, .rdi = addr };
  gint64 err;

  if ((addr & 3) != 0 || addr < s->base.min_addr || addr >= s->base.max_addr)
    return -EFAULT;
  if (is_home_of_caller (s, ctx))
    err = sentry_ptrace_perform_at_home (sentry_ptrace_context (ctx), work_exchange, &regs);
  else if (nonblock)
    err = -EAGAIN;
  else
    {
      sentry_mutex_lock (&s->lock);
      err = sentry_ptrace_perform_locked (s, ctx, work_exchange, &regs);
      sentry_mutex_unlock (&s->lock);
    }
  if (err == 0)
    *ret_found = (guint32) regs.rax;
  return (int) err;
}

const SentryAddressSpaceOps sentry_ptrace_space_ops = {
  .map = ptrace_map,
  .unmap = ptrace_unmap,
  .protect = ptrace_protect,
  .remap = ptrace_remap,
  .advise = ptrace_advise,
  .sync = ptrace_sync,
  .fork = sentry_ptrace_space_fork,
  .copy_in = sentry_ptrace_copy_in,
  .copy_out = sentry_ptrace_copy_out,
  .poke = sentry_ptrace_poke,
  .load32 = sentry_ptrace_load32,
  .cmpxchg32 = ptrace_cmpxchg32,
  .resident = sentry_ptrace_resident,
  .foreach_private_page = sentry_ptrace_foreach_private_page,
  .rss = sentry_ptrace_rss,
  .free = sentry_ptrace_space_free,
};
