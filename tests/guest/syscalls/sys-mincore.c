/* mincore: residency of anonymous pages, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: mincore */
#include "guest.h"

#define PAGE 4096l

int
main (void)
{
  char *p = guest_pages (4, PROT_READ | PROT_WRITE);
  unsigned char v[8];

  memset (v, 0xee, sizeof v);
  p[PAGE] = p[3 * PAGE] = 1;
  IS ("mincore", sys (mincore, p, 4 * PAGE, v), 0);
  CHECK ("mincore/touched", (v[1] & 1) && (v[3] & 1));
  CHECK ("mincore/untouched", !(v[0] & 1) && !(v[2] & 1));
  IS ("mincore/writes-no-more", v[4], 0xee);
  IS ("mincore/length-rounded-up", sys (mincore, p, 1, v), 0);
  IS ("mincore/length-0", sys (mincore, p, 0, v), 0);
  IS ("mincore/unaligned", sys (mincore, p + 1, PAGE, v), -EINVAL);
  IS ("mincore/not-mapped", sys (mincore, p + 4 * PAGE, PAGE, v), -ENOMEM);
  MUST (munmap (p + 2 * PAGE, PAGE));
  IS ("mincore/hole", sys (mincore, p, 4 * PAGE, v), -ENOMEM);
  IS ("mincore/kernel", sys (mincore, 0xffff800000000000, PAGE, v), -ENOMEM);
  FAULTS ("mincore/vector", BAD_OUT, 2, q, sys (mincore, p, 2 * PAGE, q));
  return guest_done ();
}
