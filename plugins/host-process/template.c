/* The template: the freestanding program from which every guest host-process is forked.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Life: the sentry forks and executes it before lock-down, traced from before its first
 * instruction.  It gives up every right that it may have, puts the hidden code into place, confines
 * itself by a seccomp filter, unmaps everything else, itself included, and stops at a breakpoint.
 * From then on it's a parked process with an empty address space; new address spaces are forked
 * from it.  It has no C library, so no thread control block, no rseq registration and no robust
 * list, and, after the last step, no stack, no vDSO and no program either.
 *
 * A step that fails ends it with the step's number as its exit status. */
#include "hidden.h"

#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "template-steps.h"

#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_PRIVATE 2
#define MAP_FIXED_ANONYMOUS 0x30
#ifndef __NR_mseal
#  define __NR_mseal 462
#endif
#ifndef SECCOMP_RET_KILL_PROCESS
#  define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#  define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1ul << 2)
#endif

extern const char hidden_code[], hidden_code_end[];

static long
call (long nr, long a, long b, long c, long d, long e, long f)
{
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long ret;

  __asm__ volatile("syscall"
                   : "=a"(ret)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return ret;
}

static void
check (int step, long result)
{
  if (result < 0)
    for (;;)
      call (__NR_exit_group, step, 0, 0, 0, 0, 0);
}

/* Forked guests inherit an empty set, so a sentry that has dropped its own capabilities may still
 * trace them. */
static void
drop_capabilities (void)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

  check (TEMPLATE_STEP_CAPABILITIES, call (__NR_capset, (long) &header, (long) none, 0, 0, 0, 0));
  check (TEMPLATE_STEP_CAPABILITIES, call (__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0));
}

/* The frames that the host builds for these signals hold the trap number and error code, which
 * ptrace shows nowhere. No handler ever runs while there's a tracer. */
static void
install_handlers (void)
{
  static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
  struct
  {
    unsigned long handler, flags, restorer, mask;
  } action = { HIDDEN_CODE + HIDDEN_AT_DIE, SA_SIGINFO | SA_NODEFER | 0x04000000 /* SA_RESTORER */,
               HIDDEN_CODE + HIDDEN_AT_DIE, 0 };

  for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++)
    check (TEMPLATE_STEP_HANDLERS,
           call (__NR_rt_sigaction, signals[i], (long) &action, 0, 8, 0, 0));
}

static void
map_hidden (void)
{
  char *code = (char *) HIDDEN_CODE;
  unsigned long n = (unsigned long) (hidden_code_end - hidden_code);

  check (TEMPLATE_STEP_HIDDEN,
         call (__NR_mmap, HIDDEN_CODE, HIDDEN_CODE_SIZE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_FIXED_ANONYMOUS, -1, 0));
  for (unsigned long i = 0; i < n; i++)
    ((volatile char *) code)[i] = hidden_code[i];
  check (TEMPLATE_STEP_HIDDEN,
         call (__NR_mprotect, HIDDEN_CODE, HIDDEN_CODE_SIZE, PROT_READ | PROT_EXEC, 0, 0, 0));
  check (TEMPLATE_STEP_HIDDEN,
         call (__NR_mmap, HIDDEN_SCRATCH, HIDDEN_SCRATCH_SIZE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_FIXED_ANONYMOUS, -1, 0));
  /* Where the host can, not even a mistake of the sentry takes them away.  Absent before
   * Linux 6.10. */
  call (__NR_mseal, HIDDEN_CODE, HIDDEN_CODE_SIZE, 0, 0, 0, 0);
  call (__NR_mseal, HIDDEN_SCRATCH, HIDDEN_SCRATCH_SIZE, 0, 0, 0, 0);
}

#define LOAD(member)                                                                               \
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, (unsigned) offsetof (struct seccomp_data, member))
#define LOAD_HIGH(member)                                                                          \
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, (unsigned) offsetof (struct seccomp_data, member) + 4)
#define RETURN(what) BPF_STMT (BPF_RET | BPF_K, what)
#define IF_NOT(value, action) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0), RETURN (action)
#define IF(value, action) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), RETURN (action)

/* The second line of defence: if a guest thread ever ran without its tracer, it could only do what
 * the hidden code does.  Calls that PTRACE_SYSEMU stops never come here.  The three calls of the
 * vsyscall page do, since the host emulates that page inside its page-fault handler: their SIGSYS
 * is how the tracer learns of them. */
static void
install_filter (void)
{
  static const struct sock_filter filter[] = {
    LOAD (arch),
    IF_NOT (AUDIT_ARCH_X86_64, SECCOMP_RET_KILL_PROCESS),
    LOAD (nr),
    IF (__NR_gettimeofday, SECCOMP_RET_TRAP),
    IF (__NR_time, SECCOMP_RET_TRAP),
    IF (__NR_getcpu, SECCOMP_RET_TRAP),
    LOAD_HIGH (instruction_pointer),
    IF_NOT (HIDDEN_HIGH_WORD, SECCOMP_RET_KILL_PROCESS),
    LOAD (nr),
    IF (__NR_mmap, SECCOMP_RET_ALLOW),
    IF (__NR_munmap, SECCOMP_RET_ALLOW),
    IF (__NR_mprotect, SECCOMP_RET_ALLOW),
    IF (__NR_mremap, SECCOMP_RET_ALLOW),
    IF (__NR_madvise, SECCOMP_RET_ALLOW),
    IF (__NR_msync, SECCOMP_RET_ALLOW),
    IF (__NR_recvmsg, SECCOMP_RET_ALLOW),
    IF (__NR_close, SECCOMP_RET_ALLOW),
    IF (__NR_clone, SECCOMP_RET_ALLOW),
    IF (__NR_getppid, SECCOMP_RET_ALLOW),
    IF (__NR_pause, SECCOMP_RET_ALLOW),
    IF (__NR_exit_group, SECCOMP_RET_ALLOW),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, __NR_prctl, 1, 0),
    RETURN (SECCOMP_RET_KILL_PROCESS),
    LOAD (args[0]),
    IF_NOT (PR_SET_PDEATHSIG, SECCOMP_RET_KILL_PROCESS),
    RETURN (SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof filter / sizeof filter[0], (struct sock_filter *) filter };

  check (TEMPLATE_STEP_FILTER, call (__NR_seccomp, SECCOMP_SET_MODE_FILTER,
                                     SECCOMP_FILTER_FLAG_SPEC_ALLOW, (long) &program, 0, 0, 0));
}

__attribute__ ((noreturn, used)) static void
template_main (void)
{
  long parent = call (__NR_getppid, 0, 0, 0, 0, 0, 0);

  call (__NR_prctl, PR_SET_NAME, (long) "sentry-guest", 0, 0, 0, 0);
  drop_capabilities ();
  install_handlers ();
  map_hidden ();
  install_filter ();
  __asm__ volatile("movq %0, %%r12; jmp *%1"
                   :
                   : "r"(parent), "r"((long) HIDDEN_CODE + HIDDEN_AT_FINISH)
                   : "r12");
  __builtin_unreachable ();
}

__asm__(
    ".globl _start\n_start:\n\txorl %ebp, %ebp\n\tandq $-16, %rsp\n\tcall template_main\n\thlt\n");
