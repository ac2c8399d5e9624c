/* clone, clone3: each flag of sharing, thread ids, exit signals, pidfds, refusals, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: clone clone3 set_tid_address */
#include "guest.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>

static volatile int shared;
static int tid_word, child_word, fd;

/* A plain child with FLAGS beside the exit signal: FN's result is its exit status.  */
static int
run (unsigned long flags, int (*fn) (void))
{
  long pid = MUST (sys (clone, flags, 0, &tid_word, &child_word, 0));

  if (pid == 0)
    sys (exit, fn ());
  int status = -1;
  MUST (sys (wait4, pid, &status, __WALL, NULL));
  return WIFEXITED (status) ? WEXITSTATUS (status) : 1000 + WTERMSIG (status);
}

static int
set_shared (void)
{
  shared = 5;
  return 0;
}

static int
close_fd (void)
{
  return sys (close, fd) != 0;
}

static int
move (void)
{
  umask (0);
  return sys (chdir, "sub") != 0;
}

static int
tids (void)
{
  return (tid_word == sys (gettid)) + 2 * (child_word == sys (gettid));
}

static void
on_usr1 (int signo)
{
}

static int
set_handler (void)
{
  return signal (SIGUSR1, on_usr1) == SIG_ERR;
}

static int
handler_reset (void)
{
  struct sigaction usr1, usr2;

  sigaction (SIGUSR1, NULL, &usr1);
  sigaction (SIGUSR2, NULL, &usr2);
  return (usr1.sa_handler == SIG_DFL) + 2 * (usr2.sa_handler == SIG_IGN);
}

static void
test_sharing (void)
{
  shared = 1;
  IS ("clone/plain", run (SIGCHLD, set_shared), 0);
  IS ("clone/memory-copied", shared, 1);
  IS ("clone/VM|VFORK", run (CLONE_VM | CLONE_VFORK | SIGCHLD, set_shared), 0);
  IS ("clone/VM-shared", shared, 5);
  fd = MUST (open (".", O_RDONLY));
  IS ("clone/descriptors-copied", run (SIGCHLD, close_fd), 0);
  OK ("clone/descriptor-still-open", sys (fcntl, fd, F_GETFD));
  IS ("clone/FILES", run (CLONE_FILES | SIGCHLD, close_fd), 0);
  IS ("clone/FILES-closed-for-both", sys (fcntl, fd, F_GETFD), -EBADF);
  MUST (mkdir ("sub", 0755));
  IS ("clone/fs-copied", run (SIGCHLD, move), 0);
  CHECK ("clone/cwd-unmoved", guest_exists ("sub"));
  IS ("clone/FS", run (CLONE_FS | SIGCHLD, move), 0);
  CHECK ("clone/FS-cwd-moved", !guest_exists ("sub"));
  IS ("clone/FS-umask", umask (022), 0);
  MUST (chdir (".."));
  signal (SIGUSR1, SIG_DFL);
  IS ("clone/SIGHAND", run (CLONE_VM | CLONE_VFORK | CLONE_SIGHAND | SIGCHLD, set_handler), 0);
  struct sigaction action;
  sigaction (SIGUSR1, NULL, &action);
  CHECK ("clone/SIGHAND-shared", action.sa_handler == on_usr1);
}

static void
test_tids (void)
{
  tid_word = child_word = 0;
  /* The child's copy of the memory is made before the parent's word is written.  */
  IS ("clone/PARENT_SETTID|CHILD_SETTID",
      run (CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, tids), 2);
  CHECK ("clone/PARENT_SETTID-here", tid_word > 0);
  IS ("clone/CHILD_SETTID-not-here", child_word, 0);
  IS ("clone/SETTID-VM",
      run (CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, tids), 3);
  child_word = 99;
  IS ("clone/CHILD_CLEARTID",
      run (CLONE_VM | CLONE_VFORK | CLONE_CHILD_CLEARTID | SIGCHLD, set_shared), 0);
  IS ("clone/CHILD_CLEARTID-cleared", child_word, 0);
  IS ("set_tid_address", sys (set_tid_address, &child_word), sys (gettid));
  IS ("set_tid_address/anything", sys (set_tid_address, 0x123), sys (gettid));
}

static void
test_signals (void)
{
  guest_handle (SIGUSR2, 0);
  IS ("clone/exit-signal", run (SIGUSR2, set_shared), 0);
  IS ("clone/exit-signal-sent", guest_signals, 1);
  guest_handle (SIGCHLD, 0);
  IS ("clone/exit-signal-0", run (0, set_shared), 0);
  IS ("clone/exit-signal-0-silent", guest_signals, 0);
  long pid = MUST (sys (clone, 0, 0, 0, 0, 0));
  if (pid == 0)
    sys (exit, 0);
  IS ("clone/needs-__WCLONE", sys (wait4, pid, NULL, 0, NULL), -ECHILD);
  IS ("clone/__WCLONE", sys (wait4, pid, NULL, __WCLONE, NULL), pid);
}

static int
parent_is (void)
{
  return getppid () == shared;
}

static void
with_parent (void)
{
  shared = getppid ();
  long pid = MUST (sys (clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
  if (pid == 0)
    sys (exit, parent_is () ? 33 : 34);
  IS ("clone/PARENT-not-ours", sys (wait4, pid, NULL, __WALL, NULL), -ECHILD);
}

static void
test_parent (void)
{
  int status = 0;

  guest_child (with_parent);
  OK ("clone/PARENT-is-ours", sys (wait4, -1, &status, __WALL, NULL));
  IS ("clone/PARENT-status", WEXITSTATUS (status), 33);
}

static void
test_errors (void)
{
  static const struct
  {
    const char *name;
    unsigned long flags;
  } bad[] = {
    { "SIGHAND-without-VM", CLONE_SIGHAND },
    { "THREAD-without-SIGHAND", CLONE_THREAD | CLONE_VM },
    { "NEWNS-FS", CLONE_NEWNS | CLONE_FS },
    { "NEWUSER-FS", CLONE_NEWUSER | CLONE_FS },
    { "PIDFD-DETACHED", CLONE_PIDFD | CLONE_DETACHED },
    { "PIDFD-PARENT_SETTID", CLONE_PIDFD | CLONE_PARENT_SETTID },
  };

  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
    IS (text ("clone/%s", bad[i].name), sys (clone, bad[i].flags | SIGCHLD, 0, &tid_word, 0, 0),
        -EINVAL);
}

/* The kernel forgives a bad word for the parent's copy of the id only before the child exists: it
 * is a fault of the call then, but the child is made.  */
static long
clone3 (struct clone_args *args, size_t size)
{
  return sys (clone3, args, size);
}

static int
wait_all (long pid)
{
  int status = -1;

  MUST (sys (wait4, pid, &status, __WALL, NULL));
  return WEXITSTATUS (status);
}

static void
test_clone3 (void)
{
  struct clone_args args = { .exit_signal = SIGCHLD };
  int pidfd = -1;

  long pid = clone3 (&args, sizeof args);
  if (pid == 0)
    _exit (3);
  IS ("clone3", wait_all (pid), 3);
  args.flags = CLONE_PIDFD | CLONE_PARENT_SETTID;
  args.pidfd = (uintptr_t) &pidfd;
  args.parent_tid = (uintptr_t) &tid_word;
  pid = clone3 (&args, sizeof args);
  if (pid == 0)
    _exit (4);
  IS ("clone3/PARENT_SETTID", tid_word, pid);
  struct pollfd p = { pidfd, POLLIN, 0 };
  IS ("clone3/PIDFD-polls", sys (poll, &p, 1, -1), 1);
  IS ("clone3/PIDFD-cloexec", sys (fcntl, pidfd, F_GETFD), FD_CLOEXEC);
  IS ("clone3/PIDFD-status", wait_all (pid), 4);
  signal (SIGUSR1, on_usr1);
  signal (SIGUSR2, SIG_IGN);
  args = (struct clone_args){ .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
  pid = clone3 (&args, sizeof args);
  if (pid == 0)
    _exit (handler_reset ());
  IS ("clone3/CLEAR_SIGHAND", wait_all (pid), 3);
}

static void
test_clone3_errors (void)
{
  struct clone_args args = { .exit_signal = SIGCHLD };
  struct
  {
    struct clone_args args;
    uint64_t more[600];
  } big = { .args = args };
  long pid;

  IS ("clone3/size-0", clone3 (&args, 0), -EINVAL);
  IS ("clone3/size-too-small", clone3 (&args, 63), -EINVAL);
  IS ("clone3/size-over-a-page", clone3 (&big.args, 4097), -E2BIG);
  pid = clone3 (&args, 64);
  if (pid == 0)
    _exit (0);
  IS ("clone3/size-first-version", wait_all (pid), 0);
  pid = clone3 (&big.args, 200);
  if (pid == 0)
    _exit (0);
  IS ("clone3/larger-zero", wait_all (pid), 0);
  big.more[3] = 1;
  IS ("clone3/larger-not-zero", clone3 (&big.args, 200), -E2BIG);
  args.flags = 1ul << 60;
  IS ("clone3/unknown-flag", clone3 (&args, sizeof args), -EINVAL);
  args.flags = CLONE_DETACHED;
  IS ("clone3/DETACHED", clone3 (&args, sizeof args), -EINVAL);
  args.flags = SIGCHLD;
  IS ("clone3/signal-in-flags", clone3 (&args, sizeof args), -EINVAL);
  args = (struct clone_args){ .exit_signal = 65 };
  IS ("clone3/exit-signal", clone3 (&args, sizeof args), -EINVAL);
  args = (struct clone_args){ .exit_signal = SIGCHLD, .stack = 4096 };
  IS ("clone3/stack-without-size", clone3 (&args, sizeof args), -EINVAL);
  args = (struct clone_args){ .exit_signal = SIGCHLD, .stack_size = 4096 };
  IS ("clone3/size-without-stack", clone3 (&args, sizeof args), -EINVAL);
  args = (struct clone_args){ .exit_signal = SIGCHLD, .set_tid = 1, .set_tid_size = 0 };
  IS ("clone3/set_tid-without-size", clone3 (&args, sizeof args), -EINVAL);
  args = (struct clone_args){ .exit_signal = SIGCHLD,
                              .flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM };
  IS ("clone3/CLEAR_SIGHAND-SIGHAND", clone3 (&args, sizeof args), -EINVAL);
  FAULTS ("clone3/args", BAD_IN, sizeof args, p, sys (clone3, p, sizeof args));
}

/* A thread, by the bare call: its stack's top holds where to go.  */
static char stack[65536] __attribute__ ((aligned (16)));

static void
thread_body (void)
{
  shared = sys (getpid) == tid_word ? 0 : 7;
  sys (exit, 0);
}

static void
test_thread (void)
{
  const unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD
                              | CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  register long r10 __asm__("r10") = (long) &child_word;
  register long r8 __asm__("r8") = 0;
  void **top = (void **) (stack + sizeof stack) - 2;
  long ret;

  top[0] = (void *) thread_body;
  child_word = 1;
  shared = 0;
  __asm__ volatile("syscall\n\t"
                   "test %%rax, %%rax\n\t"
                   "jnz 1f\n\t"
                   "pop %%rax\n\t"
                   "call *%%rax\n"
                   "1:"
                   : "=a"(ret)
                   : "a"(SYS_clone), "D"(flags), "S"(top), "d"(&tid_word), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  CHECK ("clone/THREAD", ret > 0);
  int64_t end = guest_now (CLOCK_MONOTONIC) + 20000000000;
  while (*(volatile int *) &child_word && guest_now (CLOCK_MONOTONIC) < end)
    sys (sched_yield);
  IS ("clone/THREAD-cleared-tid", child_word, 0);
  IS ("clone/THREAD-ran", shared, 7);
  IS ("clone/THREAD-not-waited-for", sys (wait4, ret, NULL, __WALL, NULL), -ECHILD);
}

int
main (void)
{
  test_sharing ();
  test_tids ();
  test_signals ();
  test_parent ();
  test_errors ();
  test_clone3 ();
  test_clone3_errors ();
  test_thread ();
  return guest_done ();
}
