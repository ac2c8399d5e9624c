/* What a stop of a guest process means for the guest. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ptrace-private.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "guest-memory.h"

#define EFLAGS_TF 0x100u
#define EFLAGS_RF 0x10000u

/* Hardware trap numbers. */
#define TRAP_DB 1
#define TRAP_BP 3
#define TRAP_PF 14
/* Bits of a page fault's error code. */
#define PF_PROT 1
#define PF_WRITE 2
#define PF_USER 4
#define PF_INSTR 16

#define VSYSCALL_PAGE G_GUINT64_CONSTANT (0xffffffffff600000)

/* `syscall` leaves rip in rcx and the flags in r11; no other way into the kernel does.  A guest
 * that forges both before int $0x80 gets its call taken for an amd64 one, by everything here alike,
 * so it deceives only itself. The bytes before rip would tell no more: another thread may change
 * them meanwhile. */
void
sentry_ptrace_decode_syscall (SentryPtraceContext *c, SentryEvent *event)
{
  SentryRegs *r = &c->base.regs;

  event->kind = SENTRY_EVENT_SYSCALL;
  if (r->cs != SENTRY_USER_CS || r->rcx != r->rip
      || ((r->r11 ^ r->eflags) & ~(guint64) (EFLAGS_TF | EFLAGS_RF)) != 0)
    event->abi = SENTRY_ABI_I386;
  else if (r->orig_rax & 0x40000000)
    event->abi = SENTRY_ABI_X32;
  else
    event->abi = SENTRY_ABI_AMD64;
  if (c->step && event->abi != SENTRY_ABI_I386 && !(r->eflags & EFLAGS_TF))
    r->r11 &= ~(guint64) EFLAGS_TF; /* the host's way of stepping, not the guest's flag */
}

/* The tail of the hardware frame that lies in struct sigcontext, from `err` on. */
typedef struct
{
  guint64 err, trapno, oldmask, cr2;
} TrapDetail;

/* In struct ucontext: uc_flags, uc_link, uc_stack, then the sigcontext, whose err follows 18
 * registers and four selectors. */
#define ERR_IN_UCONTEXT (8 + 8 + 24 + 18 * 8 + 8)

/* A part of the scratch memory for the calling thread; who holds one waits for nobody, so waiting
 * is short. */
static guint
take_scratch (SentryPtraceSpace *s)
{
  for (;;)
    {
      guint32 used = __atomic_load_n (&s->scratch_used, __ATOMIC_RELAXED);
      guint part = (guint) __builtin_ctz (~used);

      if (part >= HIDDEN_SCRATCH_PARTS)
        g_thread_yield ();
      else if (__atomic_compare_exchange_n (&s->scratch_used, &used, used | 1u << part, FALSE,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return part;
    }
}

static void
give_scratch (SentryPtraceSpace *s, guint part)
{
  __atomic_fetch_and (&s->scratch_used, ~(1u << part), __ATOMIC_RELEASE);
}

/* Trap number and error code of a fault are shown by ptrace nowhere, only in the frame that the
 * host builds for a signal handler.  So it's made to build one: the signal is delivered to the
 * handler that the template installed, on hidden scratch memory; single-stepping stops before the
 * handler's first instruction.  Registers are put back by the next run, FPU state (cleared for
 * handlers) here.  Other threads of the guest can overwrite the frame before it's read: they'd lie
 * about their own fault.  Costs about 10 µs, and faults that reach the sentry are few: the host
 * itself resolves those that the mappings allow. */
static gboolean
read_frame (SentryPtraceContext *c, int sig, guint part, TrapDetail *ret_detail)
{
  SentryRegs regs = c->base.regs;
  int status;

  regs.rsp = HIDDEN_SCRATCH + (part + 1) * (guint64) HIDDEN_SCRATCH_PART;
  regs.orig_rax = ~(guint64) 0;
  return sentry_tracee_set_regs (c->home, &regs)
         && sentry_tracee_resume (c->home, PTRACE_SINGLESTEP, sig, &status) && status == SIGTRAP
         && sentry_tracee_get_regs (c->home, &regs) && regs.rip == HIDDEN_CODE + HIDDEN_AT_DIE
         && sentry_host_memory_read (c->home->pid, ret_detail, regs.rdx + ERR_IN_UCONTEXT,
                                     sizeof *ret_detail)
                == sizeof *ret_detail;
}

static gboolean
read_detail (SentryPtraceContext *c, int sig, TrapDetail *ret_detail)
{
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *xstate = g_malloc (size);
  guint part;
  gboolean ok;

  if (!sentry_tracee_get_xstate (c->home, xstate, size))
    return FALSE;
  part = take_scratch (c->home->space);
  ok = read_frame (c, sig, part, ret_detail);
  give_scratch (c->home->space, part);
  return sentry_tracee_set_xstate (c->home, xstate, size) && ok;
}

static SentryAccess
access_of (guint64 error_code)
{
  if (error_code & PF_INSTR)
    return SENTRY_ACCESS_EXEC;
  return error_code & PF_WRITE ? SENTRY_ACCESS_WRITE : SENTRY_ACCESS_READ;
}

/* SIGSEGV, SIGBUS, SIGFPE, SIGILL. */
static void
decode_fault (SentryPtraceContext *c, SentryEvent *event)
{
  TrapDetail detail = { 0 };

  if (!read_detail (c, event->info.si_signo,
                    &detail)) /* it dies just now, or a thread of the guest tampers with itself */
    {
      detail.trapno = TRAP_PF;
      detail.err = PF_USER | (event->info.si_code == SEGV_ACCERR ? PF_PROT : 0);
    }
  event->trapno = detail.trapno;
  event->error_code = detail.err;
  event->kind = detail.trapno == TRAP_PF ? SENTRY_EVENT_FAULT : SENTRY_EVENT_EXCEPTION;
  event->addr = (guint64) (guintptr) event->info.si_addr;
  event->access = access_of (detail.err);
}

static int
vsyscall_number (guint64 addr)
{
  static const int numbers[] = { SYS_gettimeofday, SYS_time, SYS_getcpu };

  if (addr < VSYSCALL_PAGE || addr >= VSYSCALL_PAGE + 0xc00 || (addr & 0x3ff) != 0)
    return -1;
  return numbers[(addr - VSYSCALL_PAGE) / 0x400];
}

static void
vsyscall_event (SentryPtraceContext *c, int nr, SentryEvent *event)
{
  memset (event, 0, sizeof *event);
  event->kind = SENTRY_EVENT_SYSCALL;
  event->abi = SENTRY_ABI_AMD64;
  c->base.regs.orig_rax = (guint64) nr;
  c->base.regs.rax = (guint64) -ENOSYS;
}

/* A call into the vsyscall page on a host that has none (vsyscall=none): a fault at one of its
 * three entries. */
static gboolean
decode_vsyscall_fault (SentryPtraceContext *c, SentryEvent *event)
{
  SentryRegs *r = &c->base.regs;
  int nr = vsyscall_number (r->rip);
  guint64 ret;

  if (event->kind != SENTRY_EVENT_FAULT || event->addr != r->rip || nr < 0
      || sentry_host_memory_read (c->home->pid, &ret, r->rsp, sizeof ret) != sizeof ret)
    return FALSE;
  r->rip = ret;
  r->rsp += sizeof ret;
  vsyscall_event (c, nr, event);
  return TRUE;
}

static gboolean
is_vsyscall_trap (const siginfo_t *info)
{
  return info->si_syscall == SYS_gettimeofday || info->si_syscall == SYS_time
         || info->si_syscall == SYS_getcpu;
}

gboolean
sentry_ptrace_decode_trap (SentryPtraceContext *c, int status, SentryEvent *event)
{
  if (status >> 8 != 0 || ptrace (PTRACE_GETSIGINFO, c->home->pid, 0, &event->info) != 0
      || event->info.si_code <= 0) /* an outsider's */
    return FALSE;
  switch (status)
    {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
      decode_fault (c, event);
      decode_vsyscall_fault (c, event);
      return TRUE;
    case SIGTRAP:
      event->kind = SENTRY_EVENT_EXCEPTION;
      event->trapno = event->info.si_code == SI_KERNEL ? TRAP_BP : TRAP_DB;
      return TRUE;
    case SIGSYS: /* the filter's answer to the vsyscall page: the host has returned from it already
                  */
      if (!is_vsyscall_trap (&event->info))
        return FALSE;
      vsyscall_event (c, event->info.si_syscall, event);
      return TRUE;
    default:
      return FALSE;
    }
}
