/* The host system calls that this platform needs after lock-down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ptrace-private.h"

#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ALWAYS(call, reason)                                                                       \
  {                                                                                                \
    SYS_##call, reason, { { 0, 0, 0 } }, 0                                                         \
  }
#define EQUAL(call, reason, arg_, value_)                                                          \
  {                                                                                                \
    SYS_##call, reason, { { arg_, 0xffffffff, value_ } }, 1                                        \
  }
#define TRACE(request, reason) EQUAL (ptrace, reason, 0, request)

const SentryHostCall sentry_ptrace_host_calls[] = {
  TRACE (PTRACE_SEIZE, "become the tracer of a parked guest process"),
  TRACE (PTRACE_INTERRUPT, "stop it"),
  TRACE (PTRACE_DETACH, "park it, or let it die"),
  TRACE (PTRACE_CONT, "run hidden code"),
  TRACE (PTRACE_SYSEMU, "run guest code"),
  TRACE (PTRACE_SYSEMU_SINGLESTEP, "run one guest instruction"),
  TRACE (PTRACE_SINGLESTEP, "stop at a signal frame to read a fault's error code"),
  TRACE (PTRACE_GETREGS, "read guest registers"),
  TRACE (PTRACE_SETREGS, "write guest registers"),
  TRACE (PTRACE_POKEUSER, "write the result of a system call"),
  TRACE (PTRACE_GETREGSET, "read FPU state"),
  TRACE (PTRACE_SETREGSET, "write FPU state"),
  TRACE (PTRACE_GETSIGINFO, "tell a fault from an outsider's signal"),
  EQUAL (waitid, "wait for a guest process", 0, P_PID),
  ALWAYS (process_vm_readv, "copy from guest memory"),
  ALWAYS (process_vm_writev, "copy to guest memory"),
  EQUAL (tgkill, "interrupt running guest code", 2, SENTRY_PTRACE_KICK),
  EQUAL (kill, "kill a guest process", 1, SIGKILL),
  EQUAL (sendmsg, "bring a descriptor into a guest process", 2, MSG_NOSIGNAL | MSG_DONTWAIT),
  EQUAL (recvmsg, "take back a descriptor that no guest process received", 2,
         MSG_DONTWAIT | MSG_CMSG_CLOEXEC),
  ALWAYS (close, "close it"),
  ALWAYS (openat2, "read a guest process's residency from a kept procfs descriptor"),
  ALWAYS (read, "read it"),
  ALWAYS (pread64, "read its page map"),
  ALWAYS (pwrite64, "poke into guest memory"),
  ALWAYS (clock_gettime, "CPU time of a guest process"),
  ALWAYS (sched_setaffinity, "keep a guest thread and its tracer on one CPU"),
  ALWAYS (gettid, "know the tracer"),
  ALWAYS (getpid, "tell a newborn guest process its parent"),
  SENTRY_HOST_CALLS_END,
};
