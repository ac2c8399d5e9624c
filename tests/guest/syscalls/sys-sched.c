/* The scheduling calls: affinity, policies, parameters, priorities, yielding.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: sched_yield sched_getaffinity sched_setaffinity sched_getscheduler sched_setscheduler
 * sched_getparam sched_setparam sched_get_priority_max sched_get_priority_min sched_rr_get_interval
 * sched_getattr sched_setattr getpriority setpriority ioprio_get ioprio_set */
#include "guest.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

/* The first two versions of the kernel's; its own header does not go with libc's.  */
struct sched_attr
{
  uint32_t size, sched_policy;
  uint64_t sched_flags;
  int32_t sched_nice;
  uint32_t sched_priority;
  uint64_t sched_runtime, sched_deadline, sched_period;
  uint32_t sched_util_min, sched_util_max;
};

static unsigned char mask[1024];
static struct sched_param param;
static int fds[2];

static void
test_affinity (void)
{
  long size = OK ("sched_getaffinity", sys (sched_getaffinity, 0, sizeof mask, mask));
  int first = -1;

  CHECK ("sched_getaffinity/size", size >= 8 && size % 8 == 0);
  for (int i = 0; i < size * 8 && first < 0; i++)
    first = mask[i / 8] >> (i % 8) & 1 ? i : -1;
  CHECK ("sched_getaffinity/some", first >= 0);
  IS ("sched_getaffinity/half-a-word", sys (sched_getaffinity, 0, 4, mask), -EINVAL);
  IS ("sched_getaffinity/odd-size", sys (sched_getaffinity, 0, size + 1, mask), -EINVAL);
  memset (mask, 0, sizeof mask);
  mask[first / 8] = 1 << (first % 8);
  IS ("sched_setaffinity", sys (sched_setaffinity, 0, size, mask), 0);
  memset (mask, 0, sizeof mask);
  MUST (sys (sched_getaffinity, 0, sizeof mask, mask));
  CHECK ("sched_setaffinity/seen", mask[first / 8] == 1 << (first % 8));
  unsigned cpu;
  MUST (sys (getcpu, &cpu, NULL, NULL));
  IS ("sched_setaffinity/runs-there", cpu, first);
  IS ("sched_setaffinity/own-pid", sys (sched_setaffinity, getpid (), size, mask), 0);
  memset (mask, 0, sizeof mask);
  IS ("sched_setaffinity/empty", sys (sched_setaffinity, 0, size, mask), -EINVAL);
  memset (mask, 0xff, sizeof mask);
  IS ("sched_setaffinity/all", sys (sched_setaffinity, 0, sizeof mask, mask), 0);
  IS ("sched_setaffinity/ESRCH", sys (sched_setaffinity, 0x3ffffff, 8, mask), -ESRCH);
  IS ("sched_getaffinity/ESRCH", sys (sched_getaffinity, 0x3ffffff, sizeof mask, mask), -ESRCH);
  FAULTS ("sched_setaffinity/mask", BAD_IN, 8, p, sys (sched_setaffinity, 0, 8, p));
  FAULTS ("sched_getaffinity/mask", BAD_OUT & ~BAD_CROSS, 8, p,
          sys (sched_getaffinity, 0, sizeof mask, p));
}

/* One does not leave this one without privilege, so a child goes there.  */
static void
idle (void)
{
  IS ("sched_setscheduler/IDLE", sys (sched_setscheduler, 0, SCHED_IDLE, &param), 0);
  IS ("sched_getscheduler/IDLE", sys (sched_getscheduler, 0), SCHED_IDLE);
}

static void
test_policy (void)
{
  IS ("sched_getscheduler", sys (sched_getscheduler, 0), SCHED_OTHER);
  param.sched_priority = 99;
  IS ("sched_getparam", sys (sched_getparam, 0, &param), 0);
  IS ("sched_getparam/0", param.sched_priority, 0);
  IS ("sched_setscheduler/BATCH", sys (sched_setscheduler, 0, SCHED_BATCH, &param), 0);
  IS ("sched_getscheduler/BATCH", sys (sched_getscheduler, 0), SCHED_BATCH);
  guest_child (idle);
  IS ("sched_setscheduler/RESET_ON_FORK",
      sys (sched_setscheduler, 0, SCHED_BATCH | SCHED_RESET_ON_FORK, &param), 0);
  IS ("sched_getscheduler/RESET_ON_FORK", sys (sched_getscheduler, 0),
      SCHED_BATCH | SCHED_RESET_ON_FORK);
  pid_t pid = MUST (fork ());
  if (pid == 0)
    _exit (sys (sched_getscheduler, 0));
  IS ("sched_setscheduler/no-reset-of-BATCH", WEXITSTATUS (guest_wait (pid)), SCHED_BATCH);
  IS ("sched_setparam", sys (sched_setparam, 0, &param), 0);
  param.sched_priority = 5;
  IS ("sched_setparam/EINVAL", sys (sched_setparam, 0, &param), -EINVAL);
  IS ("sched_setscheduler/OTHER-needs-0", sys (sched_setscheduler, 0, SCHED_OTHER, &param),
      -EINVAL);
  param.sched_priority = 0;
  IS ("sched_setscheduler/FIFO-needs-1", sys (sched_setscheduler, 0, SCHED_FIFO, &param), -EINVAL);
  IS ("sched_setscheduler/unknown", sys (sched_setscheduler, 0, 4, &param), -EINVAL);
  IS ("sched_setscheduler/negative", sys (sched_setscheduler, 0, -1, &param), -EINVAL);
  IS ("sched_setscheduler/pid-negative", sys (sched_setscheduler, -1, 0, &param), -EINVAL);
  IS ("sched_getscheduler/pid-negative", sys (sched_getscheduler, -1), -EINVAL);
  IS ("sched_getscheduler/ESRCH", sys (sched_getscheduler, 0x3ffffff), -ESRCH);
  IS ("sched_setscheduler/ESRCH", sys (sched_setscheduler, 0x3ffffff, 0, &param), -ESRCH);
  IS ("sched_getparam/ESRCH", sys (sched_getparam, 0x3ffffff, &param), -ESRCH);
  IS ("sched_setparam/ESRCH", sys (sched_setparam, 0x3ffffff, &param), -ESRCH);
  IS ("sched_getparam/pid-negative", sys (sched_getparam, -1, &param), -EINVAL);
  IS ("sched_getparam/NULL", sys (sched_getparam, 0, NULL), -EINVAL);
  IS ("sched_setparam/NULL", sys (sched_setparam, 0, NULL), -EINVAL);
  IS ("sched_setscheduler/NULL", sys (sched_setscheduler, 0, 0, NULL), -EINVAL);
  FAULTS ("sched_getparam/param", BAD_OUT_OPTIONAL, 4, p, sys (sched_getparam, 0, p));
  FAULTS ("sched_setparam/param", BAD_IN_OPTIONAL, 4, p, sys (sched_setparam, 0, p));
  FAULTS ("sched_setscheduler/param", BAD_IN_OPTIONAL, 4, p, sys (sched_setscheduler, 0, 0, p));
}

static void
test_ranges (void)
{
  struct timespec ts = { -1, -1 };

  IS ("sched_get_priority_max/FIFO", sys (sched_get_priority_max, SCHED_FIFO), 99);
  IS ("sched_get_priority_min/FIFO", sys (sched_get_priority_min, SCHED_FIFO), 1);
  IS ("sched_get_priority_max/RR", sys (sched_get_priority_max, SCHED_RR), 99);
  IS ("sched_get_priority_min/RR", sys (sched_get_priority_min, SCHED_RR), 1);
  IS ("sched_get_priority_max/OTHER", sys (sched_get_priority_max, SCHED_OTHER), 0);
  IS ("sched_get_priority_min/IDLE", sys (sched_get_priority_min, SCHED_IDLE), 0);
  IS ("sched_get_priority_max/unknown", sys (sched_get_priority_max, 99), -EINVAL);
  IS ("sched_get_priority_min/unknown", sys (sched_get_priority_min, -1), -EINVAL);
  IS ("sched_rr_get_interval", sys (sched_rr_get_interval, 0, &ts), 0);
  CHECK ("sched_rr_get_interval/value", ts.tv_sec == 0 && ts.tv_nsec >= 0);
  IS ("sched_rr_get_interval/ESRCH", sys (sched_rr_get_interval, 0x3ffffff, &ts), -ESRCH);
  IS ("sched_rr_get_interval/negative", sys (sched_rr_get_interval, -1, &ts), -EINVAL);
  FAULTS ("sched_rr_get_interval/time", BAD_OUT, 16, p, sys (sched_rr_get_interval, 0, p));
  IS ("sched_yield", sys (sched_yield), 0);
}

static void
test_attr (void)
{
  struct sched_attr attr = { 0 };

  IS ("sched_getattr", sys (sched_getattr, 0, &attr, sizeof attr, 0), 0);
  CHECK ("sched_getattr/size", attr.size == sizeof attr && attr.sched_policy == SCHED_BATCH);
  IS ("sched_getattr/flags", sys (sched_getattr, 0, &attr, sizeof attr, 1), -EINVAL);
  IS ("sched_getattr/too-small", sys (sched_getattr, 0, &attr, 47, 0), -EINVAL);
  IS ("sched_getattr/first-version", sys (sched_getattr, 0, &attr, 48, 0), 0);
  IS ("sched_getattr/ESRCH", sys (sched_getattr, 0x3ffffff, &attr, sizeof attr, 0), -ESRCH);
  FAULTS ("sched_getattr/attr", BAD_OUT_OPTIONAL, sizeof attr, p,
          sys (sched_getattr, 0, p, sizeof attr, 0));
  attr = (struct sched_attr){
    .size = sizeof attr, .sched_policy = SCHED_OTHER, .sched_flags = 1, .sched_nice = 3
  };
  IS ("sched_setattr", sys (sched_setattr, 0, &attr, 0), 0);
  IS ("sched_setattr/nice", 20 - sys (getpriority, PRIO_PROCESS, 0), 3);
  IS ("sched_setattr/flags", sys (sched_setattr, 0, &attr, 1), -EINVAL);
  attr.sched_policy = 99;
  IS ("sched_setattr/policy", sys (sched_setattr, 0, &attr, 0), -EINVAL);
  attr = (struct sched_attr){ .size = 10 };
  IS ("sched_setattr/size", sys (sched_setattr, 0, &attr, 0), -E2BIG);
  IS ("sched_setattr/size-told", attr.size, sizeof attr);
  FAULTS ("sched_setattr/attr", BAD_IN_OPTIONAL & ~BAD_CROSS, sizeof attr, p,
          sys (sched_setattr, 0, p, 0));
}

static void
sleeper (void)
{
  for (;;)
    pause ();
}

static void
test_priority (void)
{
  pid_t pid = guest_fork (sleeper);

  /* The system call gives 20 - nice, so that it is never negative.  */
  IS ("getpriority", sys (getpriority, PRIO_PROCESS, 0), 17);
  IS ("setpriority", sys (setpriority, PRIO_PROCESS, 0, 7), 0);
  IS ("getpriority/set", sys (getpriority, PRIO_PROCESS, getpid ()), 13);
  IS ("setpriority/too-large", sys (setpriority, PRIO_PROCESS, 0, 100), 0);
  IS ("getpriority/19", sys (getpriority, PRIO_PROCESS, 0), 1);
  IS ("setpriority/child", sys (setpriority, PRIO_PROCESS, pid, 10), 0);
  IS ("getpriority/child", sys (getpriority, PRIO_PROCESS, pid), 10);
  IS ("getpriority/group-is-the-highest", sys (getpriority, PRIO_PGRP, 0), 10);
  IS ("setpriority/group", sys (setpriority, PRIO_PGRP, getpgrp (), 19), 0);
  IS ("getpriority/group", sys (getpriority, PRIO_PGRP, getpgrp ()), 1);
  kill (pid, SIGKILL);
  guest_wait (pid);
  IS ("getpriority/ESRCH", sys (getpriority, PRIO_PROCESS, 0x3ffffff), -ESRCH);
  IS ("setpriority/ESRCH", sys (setpriority, PRIO_PROCESS, 0x3ffffff, 0), -ESRCH);
  IS ("getpriority/EINVAL", sys (getpriority, 3, 0), -EINVAL);
  IS ("setpriority/EINVAL", sys (setpriority, -1, 0, 0), -EINVAL);
}

static void
unprivileged (void)
{
  struct sched_param one = { 1 };
  struct rlimit none = { 0, 0 };

  MUST (setrlimit (RLIMIT_NICE, &none));
  MUST (setrlimit (RLIMIT_RTPRIO, &none));
  MUST (sys (setpriority, PRIO_PROCESS, 0, 19));
  IS ("setpriority/EACCES", sys (setpriority, PRIO_PROCESS, 0, 0), -EACCES);
  IS ("sched_setscheduler/FIFO-EPERM", sys (sched_setscheduler, 0, SCHED_FIFO, &one), -EPERM);
  IS ("sched_setscheduler/RR-EPERM", sys (sched_setscheduler, 0, SCHED_RR, &one), -EPERM);
}

static void
foreign (void)
{
  memset (mask, 0xff, sizeof mask);
  IS ("setpriority/EPERM", sys (setpriority, PRIO_PROCESS, getppid (), 19), -EPERM);
  IS ("sched_setaffinity/EPERM", sys (sched_setaffinity, getppid (), 8, mask), -EPERM);
  param.sched_priority = 0;
  IS ("sched_setscheduler/EPERM", sys (sched_setscheduler, getppid (), SCHED_BATCH, &param),
      -EPERM);
}

static void
test_ioprio (void)
{
  IS ("ioprio_set/best-effort", sys (ioprio_set, 1, 0, 2 << 13 | 3), 0);
  IS ("ioprio_get", sys (ioprio_get, 1, 0), 2 << 13 | 3);
  IS ("ioprio_set/idle", sys (ioprio_set, 1, getpid (), 3 << 13), 0);
  IS ("ioprio_get/idle", sys (ioprio_get, 1, getpid ()), 3 << 13);
  IS ("ioprio_set/class", sys (ioprio_set, 1, 0, 7 << 13), -EINVAL);
  IS ("ioprio_set/none-with-level", sys (ioprio_set, 1, 0, 1), -EINVAL);
  IS ("ioprio_set/which", sys (ioprio_set, 9, 0, 2 << 13), -EINVAL);
  IS ("ioprio_get/which", sys (ioprio_get, 9, 0), -EINVAL);
  IS ("ioprio_get/ESRCH", sys (ioprio_get, 1, 0x3ffffff), -ESRCH);
  IS ("ioprio_set/ESRCH", sys (ioprio_set, 1, 0x3ffffff, 2 << 13), -ESRCH);
}

int
main (void)
{
  MUST (pipe (fds));
  test_affinity ();
  test_policy ();
  test_ranges ();
  test_attr ();
  test_priority ();
  test_ioprio ();
  as_nobody (unprivileged);
  if (is_root ())
    as_nobody (foreign);
  return guest_done ();
}
