/* rt_sigaction and rt_sigreturn: the old action, each SA_ flag, what a handler gets, errors,
 * faults. SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: rt_sigaction rt_sigreturn */
#include "guest.h"

#include <setjmp.h>
#include <ucontext.h>

/* The kernel's own layout.  */
struct kernel_action
{
  void *handler;
  unsigned long flags;
  void *restorer;
  uint64_t mask;
};

#define KERNEL_SA_RESTORER 0x04000000
#define BIT(signo) (1ul << ((signo) -1))

static volatile int count, depth, deepest;
static siginfo_t info;
static volatile uint64_t mask_in_handler;

static uint64_t
current_mask (void)
{
  uint64_t mask = 0;

  MUST (sys (rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8));
  return mask;
}

static void
on_signal (int signo)
{
  count++;
  mask_in_handler = current_mask ();
}

static void
on_siginfo (int signo, siginfo_t *i, void *context)
{
  count++;
  info = *i;
}

static void
nested (int signo)
{
  depth++;
  if (depth > deepest)
    deepest = depth;
  if (depth == 1)
    raise (SIGUSR1);
  depth--;
}

static void
handle (int signo, void *fn, int flags, int masked)
{
  struct sigaction action = { .sa_handler = fn, .sa_flags = flags };

  sigemptyset (&action.sa_mask);
  if (masked)
    sigaddset (&action.sa_mask, masked);
  MUST (sigaction (signo, &action, NULL));
  count = deepest = 0;
}

static void
test_old (void)
{
  struct kernel_action a
      = { (void *) 0x1234, SA_RESTART | KERNEL_SA_RESTORER, (void *) 0x5678, BIT (SIGUSR2) };
  struct kernel_action old = { 0 };

  IS ("rt_sigaction/set", sys (rt_sigaction, SIGUSR1, &a, &old, 8), 0);
  CHECK ("rt_sigaction/old-default", old.handler == (void *) SIG_DFL && !old.flags);
  IS ("rt_sigaction/get", sys (rt_sigaction, SIGUSR1, NULL, &old, 8), 0);
  CHECK ("rt_sigaction/same-again", !memcmp (&a, &old, sizeof a));
  a.handler = (void *) SIG_IGN;
  a.mask = -1;
  IS ("rt_sigaction/swap", sys (rt_sigaction, SIGUSR1, &a, &old, 8), 0);
  CHECK ("rt_sigaction/swap-old", old.handler == (void *) 0x1234);
  MUST (sys (rt_sigaction, SIGUSR1, NULL, &old, 8));
  CHECK ("rt_sigaction/KILL-and-STOP-not-masked", old.mask == ~(BIT (SIGKILL) | BIT (SIGSTOP)));
  a.flags = 0x00000400 | KERNEL_SA_RESTORER; /* SA_UNSUPPORTED: never kept, by contract */
  MUST (sys (rt_sigaction, SIGUSR1, &a, NULL, 8));
  MUST (sys (rt_sigaction, SIGUSR1, NULL, &old, 8));
  IS ("rt_sigaction/SA_UNSUPPORTED-cleared", old.flags & 0x400, 0);
}

static void
test_errors (void)
{
  struct kernel_action a = { (void *) SIG_IGN }, old;

  IS ("rt_sigaction/signal-0", sys (rt_sigaction, 0, &a, NULL, 8), -EINVAL);
  IS ("rt_sigaction/signal-65", sys (rt_sigaction, 65, &a, NULL, 8), -EINVAL);
  IS ("rt_sigaction/signal-negative", sys (rt_sigaction, -1, &a, NULL, 8), -EINVAL);
  IS ("rt_sigaction/signal-64", sys (rt_sigaction, 64, &a, NULL, 8), 0);
  IS ("rt_sigaction/SIGKILL", sys (rt_sigaction, SIGKILL, &a, NULL, 8), -EINVAL);
  IS ("rt_sigaction/SIGSTOP", sys (rt_sigaction, SIGSTOP, &a, NULL, 8), -EINVAL);
  IS ("rt_sigaction/SIGKILL-get", sys (rt_sigaction, SIGKILL, NULL, &old, 8), 0);
  IS ("rt_sigaction/mask-size", sys (rt_sigaction, SIGUSR1, &a, NULL, 4), -EINVAL);
  IS ("rt_sigaction/mask-size-16", sys (rt_sigaction, SIGUSR1, &a, NULL, 16), -EINVAL);
  FAULTS ("rt_sigaction/new", BAD_IN_OPTIONAL, 32, p, sys (rt_sigaction, SIGUSR1, p, NULL, 8));
  FAULTS ("rt_sigaction/old", BAD_OUT_OPTIONAL, 32, p, sys (rt_sigaction, SIGUSR1, NULL, p, 8));
}

static void
test_flags (void)
{
  handle (SIGUSR1, on_signal, 0, SIGUSR2);
  raise (SIGUSR1);
  IS ("rt_sigaction/handled", count, 1);
  CHECK ("rt_sigaction/mask-in-handler", mask_in_handler == (BIT (SIGUSR1) | BIT (SIGUSR2)));
  CHECK ("rt_sigreturn/mask-restored", current_mask () == 0);
  handle (SIGUSR1, on_signal, SA_NODEFER, SIGUSR2);
  raise (SIGUSR1);
  CHECK ("rt_sigaction/SA_NODEFER-mask", mask_in_handler == BIT (SIGUSR2));
  handle (SIGUSR1, nested, SA_NODEFER, 0);
  raise (SIGUSR1);
  IS ("rt_sigaction/SA_NODEFER-nests", deepest, 2);
  handle (SIGUSR1, nested, 0, 0);
  depth = 0;
  struct sigaction once = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
  MUST (sigaction (SIGUSR1, &once, NULL));
  raise (SIGUSR1);
  MUST (sigaction (SIGUSR1, NULL, &once));
  CHECK ("rt_sigaction/SA_RESETHAND", once.sa_handler == SIG_DFL);
}

static void
test_siginfo (void)
{
  union sigval value = { .sival_int = 4711 };

  handle (SIGUSR1, on_siginfo, SA_SIGINFO, 0);
  kill (getpid (), SIGUSR1);
  CHECK ("rt_sigaction/kill-siginfo", info.si_signo == SIGUSR1 && info.si_code == SI_USER
                                          && info.si_pid == getpid () && info.si_uid == getuid ());
  sigqueue (getpid (), SIGUSR1, value);
  CHECK ("rt_sigaction/queue-siginfo", info.si_code == SI_QUEUE && info.si_value.sival_int == 4711);
  sys (tgkill, getpid (), gettid (), SIGUSR1);
  CHECK ("rt_sigaction/tgkill-siginfo", info.si_code == SI_TKILL && info.si_pid == getpid ());
  handle (SIGCHLD, on_siginfo, SA_SIGINFO, 0);
  pid_t pid = MUST (fork ());
  if (pid == 0)
    _exit (7);
  guest_wait (pid);
  IS ("rt_sigaction/SIGCHLD-once", count, 1);
  CHECK ("rt_sigaction/SIGCHLD-exited", info.si_code == CLD_EXITED && info.si_pid == pid
                                            && info.si_status == 7 && info.si_uid == getuid ());
  pid = MUST (fork ());
  if (pid == 0)
    raise (SIGKILL);
  guest_wait (pid);
  CHECK ("rt_sigaction/SIGCHLD-killed", info.si_code == CLD_KILLED && info.si_status == SIGKILL);
}

static void
test_children (void)
{
  int status;

  handle (SIGCHLD, on_siginfo, SA_SIGINFO, 0);
  pid_t pid = MUST (fork ());
  if (pid == 0)
    {
      raise (SIGSTOP);
      _exit (0);
    }
  MUST (waitpid (pid, &status, WUNTRACED));
  CHECK ("rt_sigaction/SIGCHLD-stopped",
         count == 1 && info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
  handle (SIGCHLD, on_siginfo, SA_SIGINFO | SA_NOCLDSTOP, 0);
  kill (pid, SIGCONT);
  guest_wait (pid);
  CHECK ("rt_sigaction/SA_NOCLDSTOP", count == 1 && info.si_code == CLD_EXITED);
  handle (SIGCHLD, on_siginfo, SA_SIGINFO | SA_NOCLDWAIT, 0);
  pid = MUST (fork ());
  if (pid == 0)
    _exit (0);
  IS ("rt_sigaction/SA_NOCLDWAIT", sys (wait4, pid, &status, 0, NULL), -ECHILD);
  IS ("rt_sigaction/SA_NOCLDWAIT-still-signals", count, 1);
  signal (SIGCHLD, SIG_IGN);
  pid = MUST (fork ());
  if (pid == 0)
    _exit (0);
  IS ("rt_sigaction/SIGCHLD-ignored", sys (wait4, pid, &status, 0, NULL), -ECHILD);
  signal (SIGCHLD, SIG_DFL);
}

/* Ignoring a pending signal throws it away, unless it comes again.  */
static void
test_pending (void)
{
  uint64_t mask = BIT (SIGUSR1), pending = 0;

  handle (SIGUSR1, on_signal, 0, 0);
  MUST (sys (rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8));
  raise (SIGUSR1);
  MUST (sys (rt_sigpending, &pending, 8));
  CHECK ("rt_sigaction/pending", pending == mask);
  signal (SIGUSR1, SIG_IGN);
  MUST (sys (rt_sigpending, &pending, 8));
  CHECK ("rt_sigaction/ignore-discards", pending == 0);
  raise (SIGUSR1);
  MUST (sys (rt_sigpending, &pending, 8));
  CHECK ("rt_sigaction/blocked-ignored-is-kept", pending == mask);
  MUST (sys (rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8));
  IS ("rt_sigaction/ignored-not-handled", count, 0);
}

/* What the handler changes in its context is what comes back.  */
static void
edit_context (int signo, siginfo_t *i, void *context)
{
  ucontext_t *uc = context;

  uc->uc_mcontext.gregs[REG_RBX] = 0x1234;
  sigaddset (&uc->uc_sigmask, SIGUSR2);
}

static void
test_context (void)
{
  long rbx = 0, pid = getpid ();

  handle (SIGUSR1, edit_context, SA_SIGINFO, 0);
  __asm__ volatile("mov $0x99, %%rbx\n\t"
                   "syscall\n\t"
                   "mov %%rbx, %0"
                   : "=r"(rbx), "+D"(pid)
                   : "a"(SYS_kill), "S"(SIGUSR1)
                   : "rbx", "rcx", "r11", "memory");
  IS ("rt_sigreturn/register", rbx, 0x1234);
  CHECK ("rt_sigreturn/mask-from-context", current_mask () == BIT (SIGUSR2));
  uint64_t none = 0;
  MUST (sys (rt_sigprocmask, SIG_SETMASK, &none, NULL, 8));
}

/* Vector and flag registers survive a handler that uses them.  */
static void
clobber (int signo)
{
  __asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm15, %%xmm15\n\tstd\n\tcld" ::
                       : "xmm0", "xmm15");
  count++;
}

static void
test_fpu (void)
{
  uint64_t in[2] = { 0x0123456789abcdef, 0xfedcba9876543210 }, out[2] = { 0 };
  long pid = getpid ();

  handle (SIGUSR1, clobber, 0, 0);
  __asm__ volatile("movdqu %1, %%xmm15\n\t"
                   "syscall\n\t"
                   "movdqu %%xmm15, %0"
                   : "=m"(out), "+m"(in), "+D"(pid)
                   : "a"(SYS_kill), "S"(SIGUSR1)
                   : "xmm15", "rcx", "r11", "memory");
  IS ("rt_sigreturn/handler-ran", count, 1);
  CHECK ("rt_sigreturn/vector-register", !memcmp (in, out, 16));
}

static void
no_restorer (void)
{
  struct kernel_action a = { (void *) on_signal, 0, NULL, 0 };

  MUST (sys (rt_sigaction, SIGUSR1, &a, NULL, 8));
  raise (SIGUSR1);
}

/* A stack pointer that has no frame: death by SIGSEGV.  */
static void
bad_frame (void)
{
  __asm__ volatile("mov $8, %%rsp\n\tmov $15, %%eax\n\tsyscall" ::: "memory");
}

int
main (void)
{
  test_old ();
  test_errors ();
  test_flags ();
  test_siginfo ();
  test_children ();
  test_pending ();
  test_context ();
  test_fpu ();
  IS ("rt_sigaction/no-restorer", guest_wait (guest_fork (no_restorer)), SIGSEGV);
  IS ("rt_sigreturn/bad-frame", guest_wait (guest_fork (bad_frame)), SIGSEGV);
  return guest_done ();
}
