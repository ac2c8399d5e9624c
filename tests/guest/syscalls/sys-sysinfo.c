/* sysinfo, getcpu, getrandom: plausible values, flags, errors, faults.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: sysinfo getcpu getrandom */
#include "guest.h"

#include <sched.h>
#include <sys/random.h>
#include <sys/sysinfo.h>

static void
test_sysinfo (void)
{
  struct sysinfo s;

  memset (&s, 0xee, sizeof s);
  IS ("sysinfo", sys (sysinfo, &s), 0);
  CHECK ("sysinfo/uptime", s.uptime > 0 && s.uptime < 100l * 365 * 86400);
  CHECK ("sysinfo/memory", s.totalram >= s.freeram && s.totalram > 0 && s.mem_unit > 0);
  CHECK ("sysinfo/swap", s.totalswap >= s.freeswap);
  CHECK ("sysinfo/processes", s.procs > 0);
  FAULTS ("sysinfo/info", BAD_OUT, sizeof s, p, sys (sysinfo, p));
}

static void
test_getcpu (void)
{
  unsigned cpu = 9999, node = 9999;
  cpu_set_t set;

  IS ("getcpu", sys (getcpu, &cpu, &node, NULL), 0);
  MUST (sched_getaffinity (0, sizeof set, &set));
  CHECK ("getcpu/cpu-is-allowed", cpu < CPU_SETSIZE && CPU_ISSET (cpu, &set));
  CHECK ("getcpu/node", node < 1024);
  IS ("getcpu/NULL", sys (getcpu, NULL, NULL, NULL), 0);
  CHECK ("getcpu/vdso", sched_getcpu () >= 0 && CPU_ISSET (sched_getcpu (), &set));
  FAULTS ("getcpu/cpu", BAD_OUT_OPTIONAL, 4, p, sys (getcpu, p, NULL, NULL));
  FAULTS ("getcpu/node", BAD_OUT_OPTIONAL, 4, p, sys (getcpu, NULL, p, NULL));
}

static void
test_getrandom (void)
{
  static char a[1000], b[1000], zero[1000];
  static char big[1 << 20];

  IS ("getrandom", sys (getrandom, a, sizeof a, 0), sizeof a);
  IS ("getrandom/NONBLOCK", sys (getrandom, b, sizeof b, GRND_NONBLOCK), sizeof b);
  CHECK ("getrandom/differs", memcmp (a, b, sizeof a) && memcmp (a, zero, sizeof a));
  IS ("getrandom/RANDOM", sys (getrandom, a, 100, GRND_RANDOM), 100);
  IS ("getrandom/INSECURE", sys (getrandom, a, 100, 4), 100);
  IS ("getrandom/large", sys (getrandom, big, sizeof big, 0), sizeof big);
  IS ("getrandom/0", sys (getrandom, a, 0, 0), 0);
  IS ("getrandom/unknown-flag", sys (getrandom, a, 1, 8), -EINVAL);
  IS ("getrandom/RANDOM-INSECURE", sys (getrandom, a, 1, 6), -EINVAL);
  FAULTS ("getrandom/buf", BAD_OUT & ~BAD_CROSS, 16, p, sys (getrandom, p, 16, 0));
  IS ("getrandom/partial", sys (getrandom, guest_bad_pointer (BAD_CROSS, 16), 16, 0), 8);
}

int
main (void)
{
  test_sysinfo ();
  test_getcpu ();
  test_getrandom ();
  return guest_done ();
}
