/* getrlimit, setrlimit, prlimit64: each resource, who may raise, other processes, what the kernel
 * enforces, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: getrlimit setrlimit prlimit64 */
#include "guest.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static struct rlimit a, b;
static int fds[2];

static void
test_each (void)
{
  for (int i = 0; i < 16; i++)
    {
      IS (text ("getrlimit/%d", i), sys (getrlimit, i, &a), 0);
      CHECK (text ("getrlimit/%d-soft-not-over-hard", i), a.rlim_cur <= a.rlim_max);
      IS (text ("prlimit64/%d", i), sys (prlimit64, 0, i, NULL, &b), 0);
      CHECK (text ("prlimit64/%d-same", i), a.rlim_cur == b.rlim_cur && a.rlim_max == b.rlim_max);
      IS (text ("setrlimit/%d-same", i), sys (setrlimit, i, &a), 0);
    }
  IS ("getrlimit/unknown", sys (getrlimit, 16, &a), -EINVAL);
  IS ("setrlimit/unknown", sys (setrlimit, 16, &a), -EINVAL);
  IS ("prlimit64/unknown", sys (prlimit64, 0, 16, NULL, &a), -EINVAL);
  IS ("getrlimit/negative", sys (getrlimit, -1, &a), -EINVAL);
}

static void
lower (void)
{
  a = (struct rlimit){ 50, 60 };
  IS ("setrlimit/lower", sys (setrlimit, RLIMIT_NOFILE, &a), 0);
  MUST (sys (getrlimit, RLIMIT_NOFILE, &b));
  CHECK ("setrlimit/lowered", b.rlim_cur == 50 && b.rlim_max == 60);
  a = (struct rlimit){ 60, 60 };
  IS ("setrlimit/raise-soft", sys (setrlimit, RLIMIT_NOFILE, &a), 0);
  a = (struct rlimit){ 61, 60 };
  IS ("setrlimit/soft-over-hard", sys (setrlimit, RLIMIT_NOFILE, &a), -EINVAL);
  a = (struct rlimit){ 10, 61 };
  IS ("setrlimit/EPERM", sys (setrlimit, RLIMIT_NOFILE, &a), -EPERM);
  IS ("prlimit64/EPERM-raise", sys (prlimit64, 0, RLIMIT_NOFILE, &a, NULL), -EPERM);
  a = (struct rlimit){ 5, 55 };
  IS ("prlimit64/swap", sys (prlimit64, 0, RLIMIT_NOFILE, &a, &b), 0);
  CHECK ("prlimit64/old", b.rlim_cur == 60 && b.rlim_max == 60);
  pid_t pid = MUST (fork ());
  if (pid == 0)
    {
      MUST (sys (getrlimit, RLIMIT_NOFILE, &b));
      _exit (b.rlim_cur == 5 && b.rlim_max == 55 ? 0 : 1);
    }
  IS ("setrlimit/inherited", guest_wait (pid), 0);
}

static void
raise_hard (void)
{
  a = (struct rlimit){ 10, 20 };
  MUST (sys (setrlimit, RLIMIT_SIGPENDING, &a));
  a = (struct rlimit){ 30, 30 };
  IS ("setrlimit/raise-hard", sys (setrlimit, RLIMIT_SIGPENDING, &a),
      has_capability (CAP_SYS_RESOURCE) ? 0 : -EPERM);
}

static void
sleeper (void)
{
  MUST (write (fds[1], "r", 1));
  for (;;)
    pause ();
}

static void
foreign (void)
{
  IS ("prlimit64/EPERM", sys (prlimit64, getppid (), RLIMIT_NOFILE, NULL, &a), -EPERM);
}

static void
test_other (void)
{
  char c;
  pid_t pid = guest_fork (sleeper);

  MUST (read (fds[0], &c, 1));
  a = (struct rlimit){ 33, 44 };
  IS ("prlimit64/child", sys (prlimit64, pid, RLIMIT_NOFILE, &a, &b), 0);
  IS ("prlimit64/child-get", sys (prlimit64, pid, RLIMIT_NOFILE, NULL, &b), 0);
  CHECK ("prlimit64/child-value", b.rlim_cur == 33 && b.rlim_max == 44);
  CHECK ("prlimit64/in-proc", strstr (guest_content (text ("/proc/%d/limits", pid)),
                                      "Max open files            33                   44"));
  kill (pid, SIGKILL);
  guest_wait (pid);
  IS ("prlimit64/ESRCH", sys (prlimit64, 0x3ffffff, RLIMIT_NOFILE, NULL, &a), -ESRCH);
  if (is_root ())
    as_nobody (foreign);
}

static void
cpu (void)
{
  a = (struct rlimit){ 1, 3 };
  MUST (sys (setrlimit, RLIMIT_CPU, &a));
  guest_handle (SIGXCPU, 0);
  while (!guest_signals)
    ;
  IS ("setrlimit/SIGXCPU", guest_signals, 1);
}

static void
test_faults (void)
{
  MUST (sys (getrlimit, RLIMIT_NOFILE, &a));
  FAULTS ("getrlimit/limit", BAD_OUT, 16, p, sys (getrlimit, RLIMIT_NOFILE, p));
  FAULTS ("setrlimit/limit", BAD_IN, 16, p, sys (setrlimit, RLIMIT_NOFILE, p));
  FAULTS ("prlimit64/new", BAD_IN_OPTIONAL, 16, p, sys (prlimit64, 0, RLIMIT_NOFILE, p, NULL));
  FAULTS ("prlimit64/old", BAD_OUT_OPTIONAL, 16, p, sys (prlimit64, 0, RLIMIT_NOFILE, NULL, p));
}

int
main (void)
{
  MUST (pipe (fds));
  test_each ();
  as_nobody (lower);
  guest_child (raise_hard);
  test_other ();
  guest_child (cpu);
  test_faults ();
  return guest_done ();
}
