/* rt_sigprocmask, rt_sigpending: how, old masks, delivery on unblocking, inheritance, errors,
 * faults. SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: rt_sigprocmask rt_sigpending */
#include "guest.h"

#define BIT(signo) (1ul << ((signo) -1))

static uint64_t old, pending;
static char order[8];
static volatile int ordered;

static long
mask (int how, uint64_t set)
{
  return sys (rt_sigprocmask, how, &set, &old, 8);
}

static void
note (int signo)
{
  order[ordered++ & 7] = signo;
}

static void
test_how (void)
{
  IS ("rt_sigprocmask/BLOCK", mask (SIG_BLOCK, BIT (SIGUSR1)), 0);
  CHECK ("rt_sigprocmask/old-empty", old == 0);
  IS ("rt_sigprocmask/BLOCK-more", mask (SIG_BLOCK, BIT (SIGUSR2)), 0);
  CHECK ("rt_sigprocmask/old-first", old == BIT (SIGUSR1));
  IS ("rt_sigprocmask/UNBLOCK", mask (SIG_UNBLOCK, BIT (SIGUSR1)), 0);
  CHECK ("rt_sigprocmask/old-both", old == (BIT (SIGUSR1) | BIT (SIGUSR2)));
  IS ("rt_sigprocmask/SETMASK", mask (SIG_SETMASK, BIT (40) | BIT (64)), 0);
  CHECK ("rt_sigprocmask/old-second", old == BIT (SIGUSR2));
  IS ("rt_sigprocmask/get", sys (rt_sigprocmask, 999, NULL, &old, 8), 0);
  CHECK ("rt_sigprocmask/got", old == (BIT (40) | BIT (64)));
  IS ("rt_sigprocmask/everything", mask (SIG_SETMASK, -1), 0);
  MUST (mask (SIG_SETMASK, 0));
  CHECK ("rt_sigprocmask/not-KILL-and-STOP", old == ~(BIT (SIGKILL) | BIT (SIGSTOP)));
  IS ("rt_sigprocmask/how", mask (3, 0), -EINVAL);
  IS ("rt_sigprocmask/size", sys (rt_sigprocmask, SIG_BLOCK, NULL, NULL, 16), -EINVAL);
  FAULTS ("rt_sigprocmask/new", BAD_IN_OPTIONAL, 8, p, sys (rt_sigprocmask, SIG_BLOCK, p, NULL, 8));
  FAULTS ("rt_sigprocmask/old", BAD_OUT_OPTIONAL, 8, p, sys (rt_sigprocmask, 0, NULL, p, 8));
}

static void
in_child (void)
{
  MUST (sys (rt_sigprocmask, 0, NULL, &old, 8));
  CHECK ("rt_sigprocmask/inherited", old == (BIT (SIGUSR1) | BIT (40)));
  MUST (sys (rt_sigpending, &pending, 8));
  CHECK ("rt_sigpending/not-inherited", pending == 0);
}

static void
test_pending (void)
{
  signal (SIGUSR1, note);
  signal (SIGUSR2, note);
  signal (40, note);
  MUST (mask (SIG_SETMASK, BIT (SIGUSR1) | BIT (40)));
  IS ("rt_sigpending/none", sys (rt_sigpending, &pending, 8), 0);
  CHECK ("rt_sigpending/none-set", pending == 0);
  raise (40);
  raise (40);
  raise (SIGUSR1);
  raise (SIGUSR1);
  MUST (sys (rt_sigpending, &pending, 8));
  CHECK ("rt_sigpending/both", pending == (BIT (SIGUSR1) | BIT (40)));
  guest_child (in_child);
  IS ("rt_sigpending/nothing-delivered", ordered, 0);
  MUST (mask (SIG_SETMASK, 0));
  /* A standard signal is pending once, a real-time one as often as it was sent; both have been
   * handled when the call returns.  */
  IS ("rt_sigprocmask/delivered-on-return", ordered, 3);
  MUST (sys (rt_sigpending, &pending, 8));
  CHECK ("rt_sigpending/empty-again", pending == 0);
}

/* Several at once: every frame is pushed before the first handler runs, so the lowest runs last. */
static void
test_order (void)
{
  ordered = 0;
  MUST (mask (SIG_SETMASK, BIT (SIGUSR1) | BIT (SIGUSR2) | BIT (40)));
  raise (40);
  raise (SIGUSR2);
  raise (SIGUSR1);
  MUST (mask (SIG_SETMASK, 0));
  CHECK ("rt_sigprocmask/order", order[0] == 40 && order[1] == SIGUSR2 && order[2] == SIGUSR1);
}

int
main (void)
{
  test_how ();
  test_pending ();
  test_order ();
  IS ("rt_sigpending/size-smaller", sys (rt_sigpending, &pending, 4), 0);
  IS ("rt_sigpending/size-larger", sys (rt_sigpending, &pending, 16), -EINVAL);
  FAULTS ("rt_sigpending/set", BAD_OUT, 8, p, sys (rt_sigpending, p, 8));
  return guest_done ();
}
