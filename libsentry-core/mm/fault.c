/* Page faults that the host could not resolve, stack growth, and where futexes live.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <sys/mman.h>

/* The stack grows by at least this much, where limits and neighbours allow: each step costs a stop
 * of the guest thread.  Linux gives one page a fault. */
#define STACK_STEP (16u * SENTRY_PAGE_SIZE)
/* A fault that our books allow is a race with another thread's change; so often in a row at one
 * address it is not. */
#define MAX_SPURIOUS 1000

/* x86: whatever is writable or executable can be read. */
static gboolean
prot_allows (int prot, SentryAccess access)
{
  if (access & SENTRY_ACCESS_WRITE)
    return (prot & PROT_WRITE) != 0;
  if (access & SENTRY_ACCESS_EXEC)
    return (prot & PROT_EXEC) != 0;
  return prot != 0;
}

/* acct_stack_growth and the guard gap of expand_downwards. */
static gboolean
may_start_at_locked (SentryMM *mm, SentryVma *vma, guint64 start)
{
  guint64 limit = __atomic_load_n (&mm->stack_limit, __ATOMIC_RELAXED);
  SentryVma *prev = sentry_vma_prev (vma);

  if (start < sentry_mm_min_addr (mm) || vma->range.end - start > limit)
    return FALSE;
  if (!sentry_mm_may_expand_locked (mm, vma->prot, vma->flags, vma->range.start - start))
    return FALSE;
  if (prev == NULL)
    return TRUE;
  if (prev->range.end > start)
    return FALSE;
  return prev->prot == 0 || (prev->flags & SENTRY_VMA_GROWSDOWN)
         || start - prev->range.end >= SENTRY_STACK_GUARD_GAP;
}

static gboolean
grow_to_locked (SentryMM *mm, SentryContext *ctx, SentryVma *vma, guint64 start)
{
  SentryMapFlags flags = SENTRY_MAP_PRIVATE | SENTRY_MAP_STACK;

  if (!may_start_at_locked (mm, vma, start))
    return FALSE;
  if ((vma->flags & SENTRY_VMA_LOCK_MASK) == SENTRY_VMA_LOCKED)
    flags |= SENTRY_MAP_POPULATE;
  if (mm->as->ops->map (mm->as, ctx, start, vma->range.start - start, vma->prot, flags, -1, 0) < 0)
    return FALSE;
  sentry_vma_extend_down (mm, vma, start);
  return TRUE;
}

static gboolean
is_initial_stack (SentryMM *mm, const SentryVma *vma)
{
  return vma->range.start <= mm->layout.start_stack && vma->range.end >= mm->layout.start_stack;
}

/* `vma` is the first mapping above the fault. */
static gboolean
grow_stack_locked (SentryMM *mm, SentryContext *ctx, SentryVma *vma, guint64 addr)
{
  guint64 start = sentry_page_down (addr), step;

  if (!(vma->flags & SENTRY_VMA_GROWSDOWN))
    return FALSE;
  step = vma->range.start - MIN (vma->range.start, STACK_STEP);
  if (is_initial_stack (mm, vma) && step < start && grow_to_locked (mm, ctx, vma, step))
    return TRUE;
  return grow_to_locked (mm, ctx, vma, start);
}

typedef enum
{
  FAULT_NOT_MAPPED,
  FAULT_NOT_ALLOWED,
  FAULT_ALLOWED, /* by the books: somebody else has just changed them, or the object ends here */
  FAULT_GROWN,
} FaultResult;

static FaultResult
resolve_locked (SentryMM *mm, SentryContext *ctx, guint64 addr, SentryAccess access)
{
  SentryVma *vma = sentry_vma_find_from (mm, addr);

  if (vma == NULL)
    return FAULT_NOT_MAPPED;
  if (vma->range.start <= addr)
    return prot_allows (vma->prot, access) ? FAULT_ALLOWED : FAULT_NOT_ALLOWED;
  if (!prot_allows (vma->prot, access) || !grow_stack_locked (mm, ctx, vma, addr))
    return FAULT_NOT_MAPPED;
  return FAULT_GROWN;
}

/* Counts faults in a row at one address that are not to be explained. */
static gboolean
is_stuck (SentryMM *mm, guint64 addr)
{
  if (__atomic_exchange_n (&mm->fault_addr, addr, __ATOMIC_RELAXED) != addr)
    __atomic_store_n (&mm->fault_repeats, 0, __ATOMIC_RELAXED);
  return __atomic_add_fetch (&mm->fault_repeats, 1, __ATOMIC_RELAXED) > MAX_SPURIOUS;
}

static void
make_segv (siginfo_t *ret_info, guint64 addr, int code)
{
  *ret_info = (siginfo_t){ .si_signo = SIGSEGV, .si_code = code };
  ret_info->si_addr = (gpointer) addr;
}

gboolean
sentry_mm_handle_fault (SentryMM *mm, SentryContext *ctx, SentryLimits *limits,
                        const SentryEvent *event, siginfo_t *ret_info)
{
  FaultResult result;

  if (event->info.si_signo == SIGBUS)
    {
      *ret_info = event->info;
      ret_info->si_addr = (gpointer) event->addr;
      return FALSE;
    }
  sentry_mm_set_limits (mm, limits);
  sentry_mm_lock (mm);
  result = resolve_locked (mm, ctx, event->addr, event->access);
  sentry_mm_unlock (mm);
  if (result == FAULT_GROWN || (result == FAULT_ALLOWED && !is_stuck (mm, event->addr)))
    return TRUE;
  make_segv (ret_info, event->addr, result == FAULT_NOT_MAPPED ? SEGV_MAPERR : SEGV_ACCERR);
  return FALSE;
}

/* The sentry's own copies.  Growing needs the context of the thread whose memory it is: a
 * stranger's access (process_vm_writev) does not grow a stack.  FAULT_ALLOWED is another thread's
 * growth a moment ago, or a page past the end of its file: the caller bounds its tries. */
gboolean
sentry_mm_user_fault (SentryUserMem *um, guint64 addr, SentryAccess access)
{
  SentryMM *mm = SENTRY_CONTAINER (um, SentryMM, um);
  SentryContext *ctx = sentry_mm_current_context (mm);
  SentryVma *vma;
  FaultResult result = FAULT_NOT_MAPPED;

  sentry_mm_lock (mm);
  vma = sentry_vma_find_from (mm, addr);
  if (ctx != NULL || (vma != NULL && vma->range.start <= addr))
    result = resolve_locked (mm, ctx, addr, access);
  sentry_mm_unlock (mm);
  return result == FAULT_ALLOWED || result == FAULT_GROWN;
}

/* Linux keys a shared futex on its page: on the object where the mapping is shared, on the mm where
 * it is private. */
int
sentry_mm_futex_key (SentryMM *mm, guint64 addr, gboolean shared, SentryFutexKey *ret_key)
{
  SentryVma *vma;
  int r = 0;

  if (!sentry_access_ok (addr, sizeof (guint32)))
    return -EFAULT;
  ret_key->object = mm;
  ret_key->offset = addr;
  if (!shared)
    return 0;
  sentry_mm_lock (mm);
  vma = sentry_vma_find (mm, addr);
  if (vma == NULL || vma->prot == 0)
    r = -EFAULT;
  else if ((vma->flags & SENTRY_VMA_SHARED) && vma->mappable != NULL)
    {
      ret_key->object = vma->mappable;
      ret_key->offset = vma->offset + (addr - vma->range.start);
    }
  sentry_mm_unlock (mm);
  return r;
}
