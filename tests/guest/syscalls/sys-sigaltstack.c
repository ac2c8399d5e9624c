/* sigaltstack: SA_ONSTACK, nesting, overflow of the ordinary stack, autodisarm, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: sigaltstack */
#include "guest.h"

#include <setjmp.h>
#include <sys/resource.h>

#ifndef SS_AUTODISARM
#  define SS_AUTODISARM (1u << 31)
#endif

static char *stack;
static volatile bool on_stack, try_change;
static stack_t seen;
static volatile long change;
static sigjmp_buf out;

#define SIZE (64 << 10)

static void
handler (int signo)
{
  char here;
  stack_t same = { stack, 0, SIZE };

  on_stack = &here >= stack && &here < stack + SIZE;
  sys (sigaltstack, NULL, &seen);
  if (try_change)
    change = sys (sigaltstack, &same, NULL);
}

static void
handle (int flags)
{
  struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

  MUST (sigaction (SIGUSR1, &action, NULL));
}

static void
test_use (void)
{
  stack_t ss = { stack, 0, SIZE }, old;

  IS ("sigaltstack/none", sys (sigaltstack, NULL, &old), 0);
  IS ("sigaltstack/none-flags", old.ss_flags, SS_DISABLE);
  IS ("sigaltstack/set", sys (sigaltstack, &ss, NULL), 0);
  MUST (sys (sigaltstack, NULL, &old));
  CHECK ("sigaltstack/get", old.ss_sp == stack && old.ss_size == SIZE && old.ss_flags == 0);
  handle (SA_ONSTACK);
  try_change = true;
  raise (SIGUSR1);
  CHECK ("sigaltstack/used", on_stack);
  IS ("sigaltstack/SS_ONSTACK", seen.ss_flags, SS_ONSTACK);
  IS ("sigaltstack/EPERM-while-on-it", change, -EPERM);
  handle (0);
  raise (SIGUSR1);
  CHECK ("sigaltstack/only-SA_ONSTACK", !on_stack);
  IS ("sigaltstack/change-while-off-it", change, 0);
  MUST (sys (sigaltstack, NULL, &old));
  IS ("sigaltstack/flags-after", old.ss_flags, 0);
}

static void
test_autodisarm (void)
{
  stack_t ss = { stack, (int) SS_AUTODISARM, SIZE }, old;

  IS ("sigaltstack/AUTODISARM", sys (sigaltstack, &ss, NULL), 0);
  handle (SA_ONSTACK);
  try_change = false;
  raise (SIGUSR1);
  CHECK ("sigaltstack/AUTODISARM-used", on_stack);
  IS ("sigaltstack/AUTODISARM-disarmed", seen.ss_flags, SS_DISABLE);
  MUST (sys (sigaltstack, NULL, &old));
  CHECK ("sigaltstack/AUTODISARM-armed-again", old.ss_flags == (int) SS_AUTODISARM);
  try_change = true;
  raise (SIGUSR1);
  IS ("sigaltstack/AUTODISARM-may-change", change, 0);
}

static void
on_overflow (int signo)
{
  siglongjmp (out, 1);
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
static int
overflow (int depth)
{
  volatile char frame[4096];

  frame[0] = depth;
  return overflow (depth + 1) + frame[0];
}

static void
test_overflow (void)
{
  struct sigaction action = { .sa_handler = on_overflow, .sa_flags = SA_ONSTACK };
  stack_t ss = { stack, 0, SIZE };
  struct rlimit limit = { 1 << 20, RLIM_INFINITY };

  getrlimit (RLIMIT_STACK, &limit);
  limit.rlim_cur = 1 << 20;
  MUST (setrlimit (RLIMIT_STACK, &limit));
  MUST (sys (sigaltstack, &ss, NULL));
  MUST (sigaction (SIGSEGV, &action, NULL));
  if (sigsetjmp (out, 1) == 0)
    overflow (0);
  CHECK ("sigaltstack/survives-stack-overflow", true);
}

static void
overflow_without (void)
{
  stack_t ss = { .ss_flags = SS_DISABLE };

  MUST (sys (sigaltstack, &ss, NULL));
  overflow (0);
}

static void
in_child (void)
{
  stack_t old;

  MUST (sys (sigaltstack, NULL, &old));
  CHECK ("sigaltstack/inherited", old.ss_sp == stack);
}

static void
test_errors (void)
{
  stack_t ss = { stack, 0, 1024 };

  IS ("sigaltstack/ENOMEM", sys (sigaltstack, &ss, NULL), -ENOMEM);
  ss.ss_size = SIZE;
  ss.ss_flags = 0x40;
  IS ("sigaltstack/EINVAL", sys (sigaltstack, &ss, NULL), -EINVAL);
  ss.ss_flags = SS_ONSTACK;
  IS ("sigaltstack/SS_ONSTACK-accepted", sys (sigaltstack, &ss, NULL), 0);
  ss = (stack_t){ NULL, SS_DISABLE, 0 };
  IS ("sigaltstack/SS_DISABLE", sys (sigaltstack, &ss, NULL), 0);
  FAULTS ("sigaltstack/new", BAD_IN_OPTIONAL, sizeof ss, p, sys (sigaltstack, p, NULL));
  FAULTS ("sigaltstack/old", BAD_OUT_OPTIONAL, sizeof ss, p, sys (sigaltstack, NULL, p));
}

int
main (void)
{
  stack = guest_pages (SIZE / 4096, PROT_READ | PROT_WRITE);
  test_use ();
  test_autodisarm ();
  guest_child (in_child);
  guest_child (test_overflow);
  IS ("sigaltstack/overflow-without-kills", guest_wait (guest_fork (overflow_without)), SIGSEGV);
  test_errors ();
  return guest_done ();
}
