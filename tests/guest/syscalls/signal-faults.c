/* What a handler is told of a fault or trap, and that it may repair it and go on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: rt_sigreturn */
#include "guest.h"

#include <ucontext.h>

static siginfo_t info;
static volatile int count;
static volatile long error, trapno, skip;
static volatile bool at_fault;
extern char fault_here[];

/* Notes what happened, and goes on SKIP bytes behind the faulting instruction.  */
static void
on_fault (int signo, siginfo_t *i, void *context)
{
  ucontext_t *uc = context;

  count++;
  info = *i;
  error = uc->uc_mcontext.gregs[REG_ERR];
  trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
  uc->uc_mcontext.gregs[REG_RIP] += skip;
}

static void
expect (const char *name, int signo, int code, int trap, void *address)
{
  IS (text ("%s/once", name), count, 1);
  IS (text ("%s/signal", name), info.si_signo, signo);
  IS (text ("%s/code", name), info.si_code, code);
  IS (text ("%s/trap", name), trapno, trap);
  if (address)
    CHECK (text ("%s/address", name), info.si_addr == address);
  count = 0;
}

static void
test_memory (void)
{
  char *hole = guest_bad_pointer (BAD_HOLE, 1);
  char *readonly = guest_bad_pointer (BAD_READONLY, 1);

  (void) *(volatile char *) readonly;
  skip = 2;
  __asm__ volatile("movb (%%rcx), %%al" ::"c"(hole + 5) : "rax"); /* 8a 01 */
  expect ("fault/read-hole", SIGSEGV, SEGV_MAPERR, 14, hole + 5);
  IS ("fault/read-error-code", error, 4);
  __asm__ volatile("movb %%al, (%%rcx)" ::"c"(hole) : "memory"); /* 88 01 */
  expect ("fault/write-hole", SIGSEGV, SEGV_MAPERR, 14, hole);
  IS ("fault/write-error-code", error, 6);
  __asm__ volatile("movb %%al, (%%rcx)" ::"c"(readonly) : "memory");
  expect ("fault/write-read-only", SIGSEGV, SEGV_ACCERR, 14, readonly);
  IS ("fault/protection-error-code", error, 7);
  __asm__ volatile("movb (%%rcx), %%al" ::"c"(NULL) : "rax");
  expect ("fault/null", SIGSEGV, SEGV_MAPERR, 14, NULL);
  CHECK ("fault/null-address", info.si_addr == NULL);
  __asm__ volatile("movb (%%rcx), %%al" ::"c"(0x8000000000000000) : "rax");
  expect ("fault/non-canonical", SIGSEGV, SI_KERNEL, 13, NULL);
}

static void
test_arithmetic (void)
{
  skip = 2;
  __asm__ volatile("xor %%edx, %%edx\n\tmov $1, %%eax\n\txor %%ecx, %%ecx\n\tdiv %%ecx" ::
                       : "rax", "rcx", "rdx"); /* f7 f1 */
  expect ("fault/divide-by-0", SIGFPE, FPE_INTDIV, 0, NULL);
  __asm__ volatile("mov $0x80000000, %%eax\n\tcdq\n\tmov $-1, %%ecx\n\tidiv %%ecx" ::
                       : "rax", "rcx", "rdx");
  expect ("fault/divide-overflow", SIGFPE, FPE_INTDIV, 0, NULL);
  /* An unmasked SSE exception.  */
  unsigned old, unmasked;
  skip = 4; /* f2 0f 5e c1 */
  __asm__ volatile("stmxcsr %0" : "=m"(old));
  unmasked = old & ~0x200u;
  __asm__ volatile("ldmxcsr %0\n\t"
                   "pxor %%xmm1, %%xmm1\n\t"
                   "mov $0x3ff0000000000000, %%rax\n\tmovq %%rax, %%xmm0\n\t"
                   "divsd %%xmm1, %%xmm0" ::"m"(unmasked)
                   : "xmm0", "xmm1", "rax");
  __asm__ volatile("ldmxcsr %0" ::"m"(old));
  expect ("fault/float-divide-by-0", SIGFPE, FPE_FLTDIV, 19, NULL);
}

static void
test_instructions (void)
{
  skip = 2;
  __asm__ volatile("ud2");
  expect ("fault/ud2", SIGILL, ILL_ILLOPN, 6, NULL);
  skip = 1;
  __asm__ volatile("hlt");
  expect ("fault/hlt", SIGSEGV, SI_KERNEL, 13, NULL);
  __asm__ volatile("cli");
  expect ("fault/cli", SIGSEGV, SI_KERNEL, 13, NULL);
  skip = 2;
  __asm__ volatile("mov $0x80, %%edx\n\tin (%%dx), %%al\n\tnop" ::: "rax", "rdx"); /* ec 90 */
  expect ("fault/port", SIGSEGV, SI_KERNEL, 13, NULL);
  skip = 0;
  __asm__ volatile("int3");
  expect ("fault/int3", SIGTRAP, SI_KERNEL, 3, NULL);
  /* The trap flag: after the instruction that follows the popf.  */
  __asm__ volatile("pushf\n\torq $0x100, (%%rsp)\n\tpopf\n\tnop\n\t"
                   "pushf\n\tandq $~0x100, (%%rsp)\n\tpopf" ::
                       : "memory", "cc");
  CHECK ("fault/single-step", count >= 1 && info.si_signo == SIGTRAP && info.si_code == TRAP_TRACE);
  count = 0;
}

static void
test_jump (void)
{
  char *none = guest_pages (1, PROT_READ | PROT_WRITE);
  struct sigaction action = { .sa_flags = SA_SIGINFO };

  (void) action;
  none[0] = (char) 0xc3;
  /* The handler can't skip this one: it makes the page executable instead.  */
  pid_t pid = MUST (fork ());
  if (pid == 0)
    {
      signal (SIGSEGV, SIG_DFL);
      ((void (*) (void)) none) ();
      _exit (0);
    }
  IS ("fault/execute-data-kills", guest_wait (pid), SIGSEGV);
}

static void
blocked (void)
{
  sigset_t all;

  sigfillset (&all);
  sigprocmask (SIG_BLOCK, &all, NULL);
  *(volatile char *) guest_bad_pointer (BAD_HOLE, 1);
}

static void
ignored (void)
{
  signal (SIGSEGV, SIG_IGN);
  *(volatile char *) guest_bad_pointer (BAD_HOLE, 1);
}

int
main (void)
{
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

  for (int i = 0; i < 5; i++)
    MUST (sigaction (signals[i], &action, NULL));
  test_memory ();
  test_arithmetic ();
  test_instructions ();
  test_jump ();
  IS ("fault/blocked-kills", guest_wait (guest_fork (blocked)), SIGSEGV);
  IS ("fault/ignored-kills", guest_wait (guest_fork (ignored)), SIGSEGV);
  return guest_done ();
}
