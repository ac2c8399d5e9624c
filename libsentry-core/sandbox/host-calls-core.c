/* The host system calls that the core needs, each with its reason.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/host-calls.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CALL(name, reason)                                                                         \
  {                                                                                                \
    SYS_##name, reason, { { 0, 0, 0 } }, 0                                                         \
  }
#define CALL_IF(name, n, bits, wanted, reason)                                                     \
  {                                                                                                \
    SYS_##name, reason, { { n, bits, wanted } }, 1                                                 \
  }

/* No executable memory, no descriptor by name, no process: only threads. */
static const SentryHostCall core_calls[] = {
  CALL (brk, "heap"),
  CALL_IF (mmap, 2, PROT_EXEC, 0, "heap, stacks, views of shared objects; never executable"),
  CALL_IF (mprotect, 2, PROT_EXEC, 0, "thread stacks and heaps; never executable"),
  CALL (mremap, "large heap blocks"),
  CALL (munmap, "heap, stacks"),
  CALL (madvise, "stacks of ended threads, freed heap"),
  CALL_IF (clone, 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM, "threads"),
  CALL (set_robust_list, "threads"),
  CALL (rseq, "threads"),
  CALL (exit, "threads"),
  CALL (exit_group, "the end"),
  CALL (futex, "locks and sleeping"),
  CALL (gettid, "threads"),
  CALL (getpid, "aborting"),
  CALL_IF (tgkill, 2, 0xffffffff, SIGABRT, "aborting"),
  CALL (rt_sigprocmask, "threads"),
  CALL (rt_sigreturn, "signal handlers"),
  CALL (sigaltstack, "threads"),
  CALL (sched_yield, "locks"),
  CALL (sched_getaffinity, "thread creation, CPU counts"),
  CALL (sched_setaffinity, "placement of task threads"),
  CALL_IF (prctl, 0, 0xffffffff, PR_SET_NAME, "thread names"),
  CALL (restart_syscall, "sleeps interrupted by a stop"),
  CALL (clock_gettime, "time, where the vDSO can't tell it"),
  CALL (clock_nanosleep, "timers"),
  CALL (getcpu, "use-host-cores"),
  CALL (getrusage, "CPU time"),
  CALL (sysinfo, "free memory, as sysinfo(2) and /proc/meminfo tell it"),
  CALL (getrandom, "hash seeds, AT_RANDOM, /dev/urandom"),
  CALL (read, "wake-ups, donated descriptors"),
  CALL (write, "wake-ups, donated descriptors, log"),
  CALL (readv, "donated descriptors"),
  CALL (writev, "donated descriptors"),
  CALL (close, "descriptors"),
  CALL_IF (fcntl, 1, 0xffffffff, F_ADD_SEALS, "shared memory of guests can't shrink"),
  CALL_IF (fcntl, 1, 0xffffffff, F_DUPFD_CLOEXEC, "descriptors"),
  CALL (memfd_create, "shared memory of guests"),
  CALL (ftruncate, "shared memory of guests"),
  CALL (lseek, "donated descriptors"),
  CALL (fstat, "what a descriptor is"),
  CALL (sysinfo, "sysinfo of guests; qsort asks how much memory there is"),
  CALL (sendto, "the control socket"),
  CALL (recvfrom, "the control socket"),
  SENTRY_HOST_CALLS_END,
};

const SentryHostCall *
sentry_core_host_calls (void)
{
  return core_calls;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* The runtimes map shadow memory, read /proc/self/maps and unwind stacks for their reports. */
static const SentryHostCall sanitizer_calls[] = {
  CALL (mmap, "shadow memory"),
  CALL (mprotect, "shadow memory"),
  CALL (openat, "maps and symbols for a report"),
  CALL (open, "maps and symbols for a report"),
  CALL (readlink, "maps and symbols for a report"),
  CALL (stat, "maps and symbols for a report"),
  CALL (newfstatat, "maps and symbols for a report"),
  CALL (pread64, "maps and symbols for a report"),
  CALL (getrlimit, "stack bounds"),
  CALL (prlimit64, "stack bounds"),
  CALL (getppid, "reports"),
  CALL (getuid, "reports"),
  CALL (geteuid, "reports"),
  CALL (arch_prctl, "threads"),
  CALL (ioctl, "is standard error a terminal"),
  CALL (nanosleep, "the TSan background thread"),
  CALL (sched_getparam, "threads"),
  CALL (sched_getscheduler, "threads"),
  CALL (uname, "reports"),
  CALL (getcwd, "reports"),
  SENTRY_HOST_CALLS_END,
};

const SentryHostCall *
sentry_sanitizer_host_calls (void)
{
  return sanitizer_calls;
}
#else
const SentryHostCall *
sentry_sanitizer_host_calls (void)
{
  return NULL;
}
#endif
