/* brk: growing, shrinking, refusal, limits.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: brk */
#include "guest.h"

#include <sys/resource.h>

#define PAGE 4096l

static void
limited (void)
{
  struct rlimit limit = { 0, RLIM_INFINITY };
  long now = sys (brk, 0);

  MUST (setrlimit (RLIMIT_DATA, &limit));
  IS ("brk/RLIMIT_DATA", sys (brk, now + (1 << 20)), now);
}

int
main (void)
{
  long start = sys (brk, 0);

  CHECK ("brk/start", start > 0);
  IS ("brk/again", sys (brk, 0), start);
  IS ("brk/grow", sys (brk, start + 10 * PAGE + 5), start + 10 * PAGE + 5);
  char *p = (char *) start;
  bool zero = true;
  for (int i = 0; i < 10 * PAGE; i++)
    zero = zero && !p[i];
  CHECK ("brk/zeroed", zero);
  memset (p, 'x', 10 * PAGE);
  IS ("brk/shrink", sys (brk, start + PAGE), start + PAGE);
  IS ("brk/grow-again", sys (brk, start + 5 * PAGE), start + 5 * PAGE);
  IS ("brk/content-stays", p[0], 'x');
  long page_end = (start + 2 * PAGE - 1) & -PAGE;
  CHECK ("brk/shrunk-is-zeroed", *(char *) page_end == 0);
  IS ("brk/below-start", sys (brk, 0x1000), start + 5 * PAGE);
  IS ("brk/kernel", sys (brk, 0xffff800000000000), start + 5 * PAGE);
  /* It does not run over another mapping.  */
  long wall = ((start + 100 * PAGE) & -PAGE);
  MUST (mmap ((void *) wall, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
                == MAP_FAILED
            ? -1
            : 0);
  IS ("brk/into-mapping", sys (brk, wall + 2 * PAGE), start + 5 * PAGE);
  IS ("brk/back", sys (brk, start), start);
  MUST (munmap ((void *) wall, PAGE));
  guest_child (limited);
  CHECK ("brk/heap-in-maps",
         (sys (brk, start + PAGE), strstr (guest_content ("/proc/self/maps"), "[heap]")));
  return guest_done ();
}
