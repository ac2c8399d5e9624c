/* mseal: what a sealed mapping refuses, and what it still allows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: mseal */
#include "guest.h"

#include <stdio.h>
#include <sys/mman.h>

#ifndef SYS_mseal
#  define SYS_mseal 462
#endif
#define PAGE 4096l

static long
seal (void *p, long len, long flags)
{
  return sys (mseal, p, len, flags);
}

static char *
pages (long n, int prot)
{
  return (char *) MUST (mmap (NULL, n * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

int
main (void)
{
  if (seal (NULL, 0, 0) == -ENOSYS)
    {
      puts ("the host kernel has no mseal");
      return 77;
    }
  char *p = pages (6, PROT_READ), *q = pages (2, PROT_READ | PROT_WRITE);

  IS ("mseal/flags", seal (p, PAGE, 1), -EINVAL);
  IS ("mseal/unaligned", seal (p + 1, PAGE, 0), -EINVAL);
  IS ("mseal/overflow", seal (p, -PAGE * 2, 0), -EINVAL);
  IS ("mseal/length-wraps", seal (p, -1l, 0), -EINVAL);
  IS ("mseal/nothing", seal (p, 0, 0), 0);
  munmap (p + 5 * PAGE, PAGE);
  IS ("mseal/hole", seal (p + 4 * PAGE, 2 * PAGE, 0), -ENOMEM);
  IS ("mseal/hole-sealed-nothing", sys (mprotect, p + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
  IS ("mseal/middle", seal (p + PAGE, 2 * PAGE, 0), 0);
  IS ("mseal/twice", seal (p + PAGE, 2 * PAGE, 0), 0);
  IS ("mseal/munmap", sys (munmap, p + PAGE, PAGE), -EPERM);
  IS ("mseal/munmap-around", sys (munmap, p, 4 * PAGE), -EPERM);
  IS ("mseal/mprotect", sys (mprotect, p + 2 * PAGE, PAGE, PROT_NONE), -EPERM);
  IS ("mseal/mremap-grow", sys (mremap, p + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), -EPERM);
  IS ("mseal/mremap-move", sys (mremap, p + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q),
      -EPERM);
  IS ("mseal/mmap-over",
      sys (mmap, p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
      -EPERM);
  IS ("mseal/DONTNEED-read-only", sys (madvise, p + PAGE, PAGE, MADV_DONTNEED), -EPERM);
  CHECK ("mseal/readable", p[PAGE] == 0);
  IS ("mseal/neighbour-below", sys (munmap, p, PAGE), 0);
  IS ("mseal/neighbour-above", sys (munmap, p + 3 * PAGE, PAGE), 0);
  q[0] = 'x';
  IS ("mseal/writable", seal (q, PAGE, 0), 0);
  IS ("mseal/DONTNEED-writable", sys (madvise, q, PAGE, MADV_DONTNEED), 0);
  CHECK ("mseal/DONTNEED-dropped", q[0] == 0);
  q[0] = 'y';
  CHECK ("mseal/still-writable", q[0] == 'y');
  return guest_done ();
}
