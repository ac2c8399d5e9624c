/* mlock, mlock2, munlock, mlockall, munlockall: residency, limits, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: mlock mlock2 munlock mlockall munlockall */
#include "guest.h"

#include <linux/capability.h>
#include <sys/resource.h>

#define PAGE 4096l

static char *p;

static long
locked_kb (void)
{
  const char *line = strstr (guest_content ("/proc/self/status"), "VmLck:");

  return line ? atol (line + 6) : -1;
}

static void
test_lock (void)
{
  unsigned char v[4] = { 0 };

  IS ("mlock", sys (mlock, p, 2 * PAGE), 0);
  MUST (mincore (p, 4 * PAGE, v));
  CHECK ("mlock/resident", (v[0] & 1) && (v[1] & 1) && !(v[2] & 1));
  IS ("mlock/VmLck", locked_kb (), 8);
  IS ("mlock/unaligned", sys (mlock, p + 100, PAGE - 50), 0);
  IS ("mlock/twice-counts-once", locked_kb (), 8);
  IS ("mlock2/ONFAULT", sys (mlock2, p + 2 * PAGE, PAGE, 1), 0);
  MUST (mincore (p, 4 * PAGE, v));
  CHECK ("mlock2/ONFAULT-not-resident", !(v[2] & 1));
  IS ("mlock2/VmLck", locked_kb (), 12);
  IS ("mlock2/0", sys (mlock2, p + 3 * PAGE, PAGE, 0), 0);
  IS ("munlock", sys (munlock, p, 4 * PAGE), 0);
  IS ("munlock/VmLck", locked_kb (), 0);
  IS ("munlock/not-locked", sys (munlock, p, PAGE), 0);
  IS ("mlock/length-0", sys (mlock, p, 0), 0);
  IS ("madvise/DONTNEED-locked",
      (MUST (sys (mlock, p, PAGE)), sys (madvise, p, PAGE, MADV_DONTNEED)), -EINVAL);
  IS ("munlockall", sys (munlockall), 0);
  IS ("munlockall/VmLck", locked_kb (), 0);
}

static void
test_errors (void)
{
  IS ("mlock2/unknown-flag", sys (mlock2, p, PAGE, 2), -EINVAL);
  IS ("mlock/not-mapped", sys (mlock, p + 4 * PAGE, PAGE), -ENOMEM);
  IS ("mlock2/not-mapped", sys (mlock2, p + 4 * PAGE, PAGE, 0), -ENOMEM);
  IS ("munlock/not-mapped", sys (munlock, p + 4 * PAGE, PAGE), -ENOMEM);
  IS ("mlock/wraps", sys (mlock, p, -PAGE) < 0, 1);
  IS ("munlock/wraps", sys (munlock, p, -PAGE), -EINVAL);
  IS ("mlockall/0", sys (mlockall, 0), -EINVAL);
  IS ("mlockall/unknown", sys (mlockall, 8), -EINVAL);
  IS ("mlockall/only-ONFAULT", sys (mlockall, MCL_ONFAULT), -EINVAL);
  sys (munlockall);
}

static void
limited (void)
{
  struct rlimit limit = { 2 * PAGE, 2 * PAGE };

  MUST (setrlimit (RLIMIT_MEMLOCK, &limit));
  IS ("mlock/to-limit", sys (mlock, p, 2 * PAGE), 0);
  IS ("mlock/over-limit", sys (mlock, p + 2 * PAGE, PAGE), -ENOMEM);
  IS ("mlock2/over-limit", sys (mlock2, p + 2 * PAGE, PAGE, 0), -ENOMEM);
  IS ("mlockall/over-limit", sys (mlockall, MCL_CURRENT), -ENOMEM);
  IS ("mmap/MAP_LOCKED-over-limit",
      sys (mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), -EAGAIN);
  limit = (struct rlimit){ 0, 0 };
  MUST (sys (munlockall));
  MUST (setrlimit (RLIMIT_MEMLOCK, &limit));
  IS ("mlock/EPERM", sys (mlock, p, PAGE), -EPERM);
  IS ("mlock2/EPERM", sys (mlock2, p, PAGE, 0), -EPERM);
  IS ("mlockall/EPERM", sys (mlockall, MCL_CURRENT), -EPERM);
  IS ("munlock/needs-no-limit", sys (munlock, p, PAGE), 0);
  IS ("munlockall/needs-no-limit", sys (munlockall), 0);
}

static void
future (void)
{
  IS ("mlockall/FUTURE", sys (mlockall, MCL_FUTURE), 0);
  char *q = guest_pages (1, PROT_READ | PROT_WRITE);
  unsigned char v = 0;
  MUST (mincore (q, PAGE, &v));
  CHECK ("mlockall/FUTURE-resident", v & 1);
}

static void
future_inherited (void)
{
  IS ("mlockall/CURRENT", sys (mlockall, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), 0);
  CHECK ("mlockall/VmLck", locked_kb () > 0);
}

static void
in_child (void)
{
  IS ("mlock/not-inherited", locked_kb (), 0);
}

int
main (void)
{
  p = guest_pages (4, PROT_READ | PROT_WRITE);
  test_lock ();
  test_errors ();
  MUST (sys (mlock, p, PAGE));
  guest_child (in_child);
  MUST (sys (munlockall));
  as_nobody (limited);
  if (has_capability (CAP_IPC_LOCK))
    {
      guest_child (future);
      guest_child (future_inherited);
    }
  return guest_done ();
}
