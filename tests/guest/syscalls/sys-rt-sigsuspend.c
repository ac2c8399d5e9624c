/* rt_sigsuspend and pause: which signals end them, masks, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: rt_sigsuspend pause */
#include "guest.h"

#define BIT(signo) (1ul << ((signo) -1))

static uint64_t
current_mask (void)
{
  uint64_t mask = 0;

  MUST (sys (rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8));
  return mask;
}

/* An ignored signal does not end it, the second one does.  */
static void
ignored_then_handled (void)
{
  kill (getppid (), SIGUSR2);
  guest_wait_state (getppid (), 'S');
  kill (getppid (), SIGUSR1);
}

static void
die_of_it (void)
{
  uint64_t none = 0;

  signal (SIGUSR1, SIG_DFL);
  raise (SIGUSR1);
  sys (rt_sigsuspend, &none, 8);
}

int
main (void)
{
  uint64_t usr1 = BIT (SIGUSR1), none = 0, all = -1;

  INTERRUPTED ("rt_sigsuspend/EINTR", 0, NULL, sys (rt_sigsuspend, &none, 8), -EINTR);
  INTERRUPTED ("rt_sigsuspend/EINTR-even-SA_RESTART", SA_RESTART, NULL,
               sys (rt_sigsuspend, &none, 8), -EINTR);
  MUST (sys (rt_sigprocmask, SIG_SETMASK, &usr1, NULL, 8));
  guest_handle (SIGUSR1, 0);
  raise (SIGUSR1);
  IS ("rt_sigsuspend/pending", sys (rt_sigsuspend, &none, 8), -EINTR);
  IS ("rt_sigsuspend/handled", guest_signals, 1);
  CHECK ("rt_sigsuspend/mask-restored", current_mask () == usr1);
  guest_handle (SIGUSR1, 0);
  signal (SIGUSR2, SIG_IGN);
  BLOCKS ("rt_sigsuspend/ignored-signal", ignored_then_handled, sys (rt_sigsuspend, &none, 8),
          -EINTR);
  IS ("rt_sigsuspend/handled-once", guest_signals, 1);
  IS ("rt_sigsuspend/default-kills", guest_wait (guest_fork (die_of_it)), SIGUSR1);
  IS ("rt_sigsuspend/size", sys (rt_sigsuspend, &none, 4), -EINVAL);
  FAULTS ("rt_sigsuspend/mask", BAD_IN, 8, p, sys (rt_sigsuspend, p, 8));
  (void) all;
  MUST (sys (rt_sigprocmask, SIG_SETMASK, &none, NULL, 8));
  INTERRUPTED ("pause/EINTR", 0, NULL, sys (pause), -EINTR);
  INTERRUPTED ("pause/EINTR-even-SA_RESTART", SA_RESTART, NULL, sys (pause), -EINTR);
  guest_handle (SIGUSR1, 0);
  BLOCKS ("pause/ignored-signal", ignored_then_handled, sys (pause), -EINTR);
  return guest_done ();
}
