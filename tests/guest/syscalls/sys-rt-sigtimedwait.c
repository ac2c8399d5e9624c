/* rt_sigtimedwait, rt_sigqueueinfo, rt_tgsigqueueinfo: queued values, time-outs, who may, errors,
 * faults. SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo */
#include "guest.h"

#include <sys/resource.h>

#define BIT(signo) (1ul << ((signo) -1))

static uint64_t set;
static siginfo_t info;

static siginfo_t
queued (int code, int value)
{
  siginfo_t i = { .si_code = code };

  i.si_pid = getpid ();
  i.si_uid = getuid ();
  i.si_value.sival_int = value;
  return i;
}

static void
send_usr2 (void)
{
  kill (getppid (), SIGUSR2);
}

static void
test_wait (void)
{
  struct timespec zero = { 0, 0 }, some = { 0, 30000000 };

  raise (SIGUSR2);
  IS ("rt_sigtimedwait/pending", sys (rt_sigtimedwait, &set, &info, NULL, 8), SIGUSR2);
  CHECK ("rt_sigtimedwait/info", info.si_signo == SIGUSR2 && info.si_pid == getpid ());
  IS ("rt_sigtimedwait/EAGAIN", sys (rt_sigtimedwait, &set, &info, &zero, 8), -EAGAIN);
  int64_t start = guest_now (CLOCK_MONOTONIC);
  IS ("rt_sigtimedwait/times-out", sys (rt_sigtimedwait, &set, NULL, &some, 8), -EAGAIN);
  CHECK ("rt_sigtimedwait/waited", guest_now (CLOCK_MONOTONIC) - start >= 30000000);
  BLOCKS ("rt_sigtimedwait/waits", send_usr2, sys (rt_sigtimedwait, &set, NULL, NULL, 8), SIGUSR2);
  INTERRUPTED ("rt_sigtimedwait/EINTR", 0, NULL, sys (rt_sigtimedwait, &set, NULL, NULL, 8),
               -EINTR);
  INTERRUPTED ("rt_sigtimedwait/EINTR-even-SA_RESTART", SA_RESTART, NULL,
               sys (rt_sigtimedwait, &set, NULL, NULL, 8), -EINTR);
  struct timespec bad = { 0, 1000000000 };
  IS ("rt_sigtimedwait/nanoseconds", sys (rt_sigtimedwait, &set, NULL, &bad, 8), -EINVAL);
  bad = (struct timespec){ -1, 0 };
  IS ("rt_sigtimedwait/seconds-negative", sys (rt_sigtimedwait, &set, NULL, &bad, 8), -EINVAL);
  IS ("rt_sigtimedwait/size", sys (rt_sigtimedwait, &set, NULL, &zero, 4), -EINVAL);
  FAULTS ("rt_sigtimedwait/set", BAD_IN, 8, p, sys (rt_sigtimedwait, p, NULL, &zero, 8));
  FAULTS ("rt_sigtimedwait/timeout", BAD_IN_OPTIONAL, 16, p,
          sys (rt_sigtimedwait, &set, NULL, p, 8));
  FAULTS ("rt_sigtimedwait/info", BAD_OUT_OPTIONAL, sizeof info, p,
          (raise (SIGUSR2), sys (rt_sigtimedwait, &set, p, &zero, 8)));
}

static void
test_queue (void)
{
  siginfo_t i = queued (SI_QUEUE, 1);

  IS ("rt_sigqueueinfo", sys (rt_sigqueueinfo, getpid (), 40, &i), 0);
  i = queued (SI_QUEUE, 2);
  IS ("rt_sigqueueinfo/second", sys (rt_sigqueueinfo, getpid (), 40, &i), 0);
  i = queued (SI_QUEUE, 3);
  IS ("rt_tgsigqueueinfo", sys (rt_tgsigqueueinfo, getpid (), gettid (), 39, &i), 0);
  IS ("rt_sigtimedwait/lowest-first", sys (rt_sigtimedwait, &set, &info, NULL, 8), 39);
  IS ("rt_sigtimedwait/value-thread", info.si_value.sival_int, 3);
  MUST (sys (rt_sigtimedwait, &set, &info, NULL, 8));
  CHECK ("rt_sigtimedwait/first-in", info.si_signo == 40 && info.si_value.sival_int == 1);
  MUST (sys (rt_sigtimedwait, &set, &info, NULL, 8));
  CHECK ("rt_sigtimedwait/first-out", info.si_code == SI_QUEUE && info.si_value.sival_int == 2);
  /* To itself a process may send any code, even one that looks like the kernel's.  */
  i = queued (SI_USER, 4);
  IS ("rt_sigqueueinfo/own-code", sys (rt_sigqueueinfo, getpid (), 40, &i), 0);
  MUST (sys (rt_sigtimedwait, &set, &info, NULL, 8));
  IS ("rt_sigqueueinfo/own-code-kept", info.si_code, SI_USER);
}

static void
to_parent (void)
{
  siginfo_t i = queued (SI_USER, 0);

  IS ("rt_sigqueueinfo/EPERM-kernel-code", sys (rt_sigqueueinfo, getppid (), 40, &i), -EPERM);
  i = queued (SI_TKILL, 0);
  IS ("rt_sigqueueinfo/EPERM-tkill-code", sys (rt_sigqueueinfo, getppid (), 40, &i), -EPERM);
  IS ("rt_tgsigqueueinfo/EPERM-tkill-code", sys (rt_tgsigqueueinfo, getppid (), getppid (), 40, &i),
      -EPERM);
  i = queued (-60, 9);
  IS ("rt_sigqueueinfo/other-code", sys (rt_sigqueueinfo, getppid (), 40, &i), 0);
}

static void
foreign (void)
{
  siginfo_t i = queued (SI_QUEUE, 0);

  IS ("rt_sigqueueinfo/EPERM", sys (rt_sigqueueinfo, getppid (), 40, &i), -EPERM);
  IS ("rt_tgsigqueueinfo/EPERM", sys (rt_tgsigqueueinfo, getppid (), getppid (), 40, &i), -EPERM);
}

static void
limited (void)
{
  struct rlimit limit = { 2, 2 };
  siginfo_t i = queued (SI_QUEUE, 0);
  long last = 0;

  MUST (setrlimit (RLIMIT_SIGPENDING, &limit));
  for (int n = 0; n < 10 && last == 0; n++)
    last = sys (rt_sigqueueinfo, getpid (), 40, &i);
  IS ("rt_sigqueueinfo/EAGAIN", last, -EAGAIN);
}

static void
test_errors (void)
{
  siginfo_t i = queued (SI_QUEUE, 0);

  IS ("rt_sigqueueinfo/ESRCH", sys (rt_sigqueueinfo, 0x3ffffff, 40, &i), -ESRCH);
  IS ("rt_sigqueueinfo/EINVAL", sys (rt_sigqueueinfo, getpid (), 65, &i), -EINVAL);
  IS ("rt_sigqueueinfo/signal-0", sys (rt_sigqueueinfo, getpid (), 0, &i), 0);
  IS ("rt_tgsigqueueinfo/ESRCH", sys (rt_tgsigqueueinfo, getpid (), 0x3ffffff, 40, &i), -ESRCH);
  IS ("rt_tgsigqueueinfo/pid-0", sys (rt_tgsigqueueinfo, 0, getpid (), 40, &i), -EINVAL);
  IS ("rt_tgsigqueueinfo/tid-negative", sys (rt_tgsigqueueinfo, getpid (), -1, 40, &i), -EINVAL);
  FAULTS ("rt_sigqueueinfo/info", BAD_IN, sizeof i, p, sys (rt_sigqueueinfo, getpid (), 40, p));
  FAULTS ("rt_tgsigqueueinfo/info", BAD_IN, sizeof i, p,
          sys (rt_tgsigqueueinfo, getpid (), getpid (), 40, p));
}

int
main (void)
{
  set = BIT (SIGUSR2) | BIT (39) | BIT (40);
  MUST (sys (rt_sigprocmask, SIG_BLOCK, &set, NULL, 8));
  test_wait ();
  test_queue ();
  guest_child (to_parent);
  MUST (sys (rt_sigtimedwait, &set, &info, NULL, 8));
  IS ("rt_sigqueueinfo/arrived", info.si_value.sival_int, 9);
  if (is_root ())
    as_nobody (foreign);
  as_nobody (limited);
  test_errors ();
  return guest_done ();
}
