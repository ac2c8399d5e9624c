/* msync: flags and holes.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: msync */
#include "guest.h"

#define PAGE 4096l

int
main (void)
{
  int fd = guest_file ("file", "");
  MUST (ftruncate (fd, 3 * PAGE));
  char *p = mmap (NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *a = guest_pages (1, PROT_READ);
  char c;

  p[0] = 'x';
  IS ("msync/SYNC", sys (msync, p, 3 * PAGE, MS_SYNC), 0);
  MUST (pread (fd, &c, 1, 0));
  IS ("msync/written", c, 'x');
  IS ("msync/ASYNC", sys (msync, p, PAGE, MS_ASYNC), 0);
  IS ("msync/INVALIDATE", sys (msync, p, PAGE, MS_INVALIDATE), 0);
  IS ("msync/no-flags", sys (msync, p, PAGE, 0), 0);
  IS ("msync/length-0", sys (msync, p, 0, MS_SYNC), 0);
  IS ("msync/length-rounded-up", sys (msync, p, 1, MS_SYNC), 0);
  IS ("msync/anonymous", sys (msync, a, PAGE, MS_SYNC), 0);
  IS ("msync/both", sys (msync, p, PAGE, MS_SYNC | MS_ASYNC), -EINVAL);
  IS ("msync/unknown-flag", sys (msync, p, PAGE, 8), -EINVAL);
  IS ("msync/unaligned", sys (msync, p + 1, PAGE, MS_SYNC), -EINVAL);
  IS ("msync/not-mapped", sys (msync, a + PAGE, PAGE, MS_SYNC), -ENOMEM);
  MUST (munmap (p + PAGE, PAGE));
  IS ("msync/hole", sys (msync, p, 3 * PAGE, MS_SYNC), -ENOMEM);
  IS ("msync/wraps", sys (msync, p, -PAGE, MS_SYNC), -ENOMEM);
  return guest_done ();
}
