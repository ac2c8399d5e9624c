/* clock_gettime, clock_getres, clock_settime, gettimeofday, settimeofday, time: each clock, who may
 * set one. SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: clock_gettime clock_getres clock_settime gettimeofday settimeofday time */
#include "guest.h"

#include <linux/capability.h>
#include <sys/time.h>
#include <time.h>

static const struct
{
  const char *name;
  int id;
} clocks[] = {
  { "REALTIME", 0 },         { "MONOTONIC", 1 }, { "PROCESS_CPUTIME", 2 },
  { "THREAD_CPUTIME", 3 },   { "RAW", 4 },       { "REALTIME_COARSE", 5 },
  { "MONOTONIC_COARSE", 6 }, { "BOOTTIME", 7 },  { "TAI", 11 },
};

static void
test_clocks (void)
{
  for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++)
    {
      struct timespec a = { -1, -1 }, b, r = { -1, -1 };
      const char *name = clocks[i].name;

      IS (text ("clock_gettime/%s", name), sys (clock_gettime, clocks[i].id, &a), 0);
      CHECK (text ("clock_gettime/%s-range", name),
             a.tv_sec >= 0 && a.tv_nsec >= 0 && a.tv_nsec < 1000000000);
      MUST (sys (clock_gettime, clocks[i].id, &b));
      CHECK (text ("clock_gettime/%s-grows", name),
             b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
      IS (text ("clock_getres/%s", name), sys (clock_getres, clocks[i].id, &r), 0);
      CHECK (text ("clock_getres/%s-value", name), r.tv_sec == 0 && r.tv_nsec > 0);
      IS (text ("clock_getres/%s-NULL", name), sys (clock_getres, clocks[i].id, NULL), 0);
    }
}

/* The vDSO and the system call tell the same time.  */
static void
test_vdso (void)
{
  bool ordered = true;
  struct timespec a, b, c;
  struct timeval tv;

  for (int i = 0; i < 10000 && ordered; i++)
    {
      MUST (sys (clock_gettime, CLOCK_MONOTONIC, &a));
      clock_gettime (CLOCK_MONOTONIC, &b);
      MUST (sys (clock_gettime, CLOCK_MONOTONIC, &c));
      int64_t x = a.tv_sec * 1000000000 + a.tv_nsec, y = b.tv_sec * 1000000000 + b.tv_nsec;
      int64_t z = c.tv_sec * 1000000000 + c.tv_nsec;
      ordered = x <= y && y <= z;
    }
  CHECK ("clock_gettime/vdso-agrees", ordered);
  MUST (sys (clock_gettime, CLOCK_REALTIME, &a));
  gettimeofday (&tv, NULL);
  time_t t = time (NULL);
  CHECK ("gettimeofday/vdso-agrees", tv.tv_sec >= a.tv_sec && tv.tv_sec <= a.tv_sec + 1);
  CHECK ("time/vdso-agrees", t >= a.tv_sec - 1 && t <= a.tv_sec + 1);
}

static void
test_relations (void)
{
  int64_t mono = guest_now (CLOCK_MONOTONIC), boot = guest_now (CLOCK_BOOTTIME);
  int64_t raw = guest_now (CLOCK_MONOTONIC_RAW), real = guest_now (CLOCK_REALTIME);

  CHECK ("clock_gettime/boot-not-before-monotonic", boot >= mono);
  CHECK ("clock_gettime/raw-runs", raw > 0);
  CHECK ("clock_gettime/realtime-is-now", real > 1600000000l * 1000000000);
  int64_t coarse = guest_now (CLOCK_MONOTONIC_COARSE);
  int64_t fine = guest_now (CLOCK_MONOTONIC);
  CHECK ("clock_gettime/coarse-not-ahead", coarse <= fine && fine - coarse < 1000000000);
  int64_t cpu = guest_now (CLOCK_PROCESS_CPUTIME_ID);
  while (guest_now (CLOCK_PROCESS_CPUTIME_ID) < cpu + 20000000)
    ;
  CHECK ("clock_gettime/cpu-grows", true);
  cpu = guest_now (CLOCK_PROCESS_CPUTIME_ID);
  nanosleep (&(struct timespec){ 0, 50000000 }, NULL);
  CHECK ("clock_gettime/cpu-rests-while-asleep",
         guest_now (CLOCK_PROCESS_CPUTIME_ID) - cpu < 40000000);
}

static void
test_process_clocks (void)
{
  clockid_t id;
  struct timespec ts;

  MUST (-clock_getcpuclockid (getpid (), &id));
  IS ("clock_gettime/of-process", sys (clock_gettime, id, &ts), 0);
  IS ("clock_gettime/of-process-0", sys (clock_gettime, ~0u << 3 | 2, &ts), 0);
  IS ("clock_gettime/of-thread-0", sys (clock_gettime, ~0u << 3 | 4 | 2, &ts), 0);
  IS ("clock_gettime/of-nobody", sys (clock_gettime, ~0x1ffffffu << 3 | 2, &ts), -EINVAL);
  IS ("clock_getres/of-process", sys (clock_getres, id, &ts), 0);
  pid_t pid = MUST (fork ());
  if (pid == 0)
    {
      pause ();
      _exit (0);
    }
  IS ("clock_gettime/of-child", sys (clock_gettime, ~(unsigned) pid << 3 | 2, &ts), 0);
  MUST (kill (pid, SIGKILL));
  guest_wait (pid);
}

static void
test_older (void)
{
  struct timeval tv = { -1, -1 };
  struct timezone tz = { 99, 99 };
  time_t t = 0;
  long got;

  IS ("gettimeofday", sys (gettimeofday, &tv, &tz), 0);
  CHECK ("gettimeofday/range", tv.tv_sec > 1600000000 && tv.tv_usec >= 0 && tv.tv_usec < 1000000);
  CHECK ("gettimeofday/zone", tz.tz_minuteswest == 0 && tz.tz_dsttime == 0);
  IS ("gettimeofday/both-NULL", sys (gettimeofday, NULL, NULL), 0);
  got = OK ("time", sys (time, &t));
  IS ("time/stored", t, got);
  CHECK ("time/NULL", sys (time, NULL) >= got);
}

static void
without_permission (void)
{
  struct timespec ts = { 1000000000, 0 };
  struct timeval tv = { 1000000000, 0 };
  struct timezone tz = { 0, 0 };

  IS ("clock_settime/EPERM", sys (clock_settime, CLOCK_REALTIME, &ts), -EPERM);
  IS ("settimeofday/EPERM", sys (settimeofday, &tv, NULL), -EPERM);
  IS ("settimeofday/EPERM-zone", sys (settimeofday, NULL, &tz), -EPERM);
}

static void
test_errors (void)
{
  struct timespec ts = { 0, 1000000000 };
  struct timeval tv = { 0, 1000001 };

  IS ("clock_gettime/unknown", sys (clock_gettime, 999, &ts), -EINVAL);
  IS ("clock_gettime/10-is-gone", sys (clock_gettime, 10, &ts), -EINVAL);
  IS ("clock_getres/unknown", sys (clock_getres, 999, &ts), -EINVAL);
  IS ("clock_settime/unknown", sys (clock_settime, 999, &ts), -EINVAL);
  IS ("clock_settime/monotonic", sys (clock_settime, CLOCK_MONOTONIC, &ts), -EINVAL);
  IS ("clock_settime/nanoseconds", sys (clock_settime, CLOCK_REALTIME, &ts), -EINVAL);
  IS ("settimeofday/microseconds", sys (settimeofday, &tv, NULL), -EINVAL);
  FAULTS ("clock_gettime/time", BAD_OUT, 16, p, sys (clock_gettime, CLOCK_REALTIME, p));
  FAULTS ("clock_getres/time", BAD_OUT_OPTIONAL, 16, p, sys (clock_getres, CLOCK_REALTIME, p));
  FAULTS ("clock_settime/time", BAD_IN, 16, p, sys (clock_settime, CLOCK_REALTIME, p));
  FAULTS ("gettimeofday/time", BAD_OUT_OPTIONAL, 16, p, sys (gettimeofday, p, NULL));
  FAULTS ("gettimeofday/zone", BAD_OUT_OPTIONAL, 8, p, sys (gettimeofday, NULL, p));
  FAULTS ("settimeofday/time", BAD_IN_OPTIONAL, 16, p, sys (settimeofday, p, NULL));
  FAULTS ("settimeofday/zone", BAD_IN_OPTIONAL, 8, p, sys (settimeofday, NULL, p));
  FAULTS ("time/time", BAD_OUT_OPTIONAL, 8, p, sys (time, p));
}

int
main (void)
{
  test_clocks ();
  test_vdso ();
  test_relations ();
  test_process_clocks ();
  test_older ();
  as_nobody (without_permission);
  test_errors ();
  return guest_done ();
}
