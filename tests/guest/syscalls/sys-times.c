/* times, getrusage: own time, children's time, counters, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: times getrusage */
#include "guest.h"

#include <sys/resource.h>
#include <sys/times.h>

static void
burn (void)
{
  int64_t end = guest_now (CLOCK_PROCESS_CPUTIME_ID) + 60000000;

  while (guest_now (CLOCK_PROCESS_CPUTIME_ID) < end)
    ;
}

static int64_t
total (const struct rusage *r)
{
  return (r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1000000l + r->ru_utime.tv_usec
         + r->ru_stime.tv_usec;
}

int
main (void)
{
  struct tms a, b;
  struct rusage r;

  long start = sys (times, &a);
  CHECK ("times/value", start > 0);
  CHECK ("times/no-children-yet", a.tms_cutime == 0 && a.tms_cstime == 0);
  burn ();
  long end = sys (times, &b);
  CHECK ("times/clock-runs", end >= start + 5);
  CHECK ("times/own-time", b.tms_utime + b.tms_stime - a.tms_utime - a.tms_stime >= 4);
  IS ("getrusage/SELF", sys (getrusage, RUSAGE_SELF, &r), 0);
  CHECK ("getrusage/SELF-time", total (&r) >= 50000);
  CHECK ("getrusage/maxrss", r.ru_maxrss > 100);
  CHECK ("getrusage/minflt", r.ru_minflt > 10);
  IS ("getrusage/THREAD", sys (getrusage, RUSAGE_THREAD, &r), 0);
  CHECK ("getrusage/THREAD-time", total (&r) >= 50000);
  IS ("getrusage/CHILDREN", sys (getrusage, RUSAGE_CHILDREN, &r), 0);
  IS ("getrusage/CHILDREN-none", total (&r), 0);
  pid_t pid = guest_fork (burn);
  guest_wait_state (pid, 'Z');
  MUST (sys (getrusage, RUSAGE_CHILDREN, &r));
  IS ("getrusage/CHILDREN-not-before-wait", total (&r), 0);
  guest_wait (pid);
  MUST (sys (getrusage, RUSAGE_CHILDREN, &r));
  CHECK ("getrusage/CHILDREN-time", total (&r) >= 50000);
  MUST (sys (times, &b));
  CHECK ("times/children", b.tms_cutime + b.tms_cstime >= 5);
  MUST (sys (times, &a));
  CHECK ("times/NULL", sys (times, NULL) >= end);
  IS ("getrusage/unknown", sys (getrusage, 2, &r), -EINVAL);
  IS ("getrusage/both", sys (getrusage, -2, &r), -EINVAL);
  FAULTS ("times/buf", BAD_OUT_OPTIONAL, sizeof a, p, sys (times, p));
  FAULTS ("getrusage/usage", BAD_OUT, sizeof r, p, sys (getrusage, RUSAGE_SELF, p));
  return guest_done ();
}
