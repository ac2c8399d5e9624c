/* mremap: in place, moving, fixed, DONTUNMAP, errors.  SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* covers: mremap */
#include "guest.h"

#include <sys/resource.h>

#define PAGE 4096l
#define RW (PROT_READ | PROT_WRITE)

#ifndef MREMAP_DONTUNMAP
#  define MREMAP_DONTUNMAP 4
#endif

static bool
is_mapped (void *p)
{
  unsigned char c;

  return sys (mincore, p, PAGE, &c) == 0;
}

static void
test_size (void)
{
  char *p = guest_pages (6, RW);

  MUST (munmap (p + 4 * PAGE, PAGE));
  p[0] = 'a';
  p[3 * PAGE] = 'd';
  IS ("mremap/same", sys (mremap, p, 4 * PAGE, 4 * PAGE, 0), p);
  IS ("mremap/shrink", sys (mremap, p, 4 * PAGE, 2 * PAGE, 0), p);
  CHECK ("mremap/shrunk", is_mapped (p + PAGE) && !is_mapped (p + 2 * PAGE));
  IS ("mremap/grow-in-place", sys (mremap, p, 2 * PAGE, 5 * PAGE, 0), p);
  IS ("mremap/content-stays", p[0], 'a');
  IS ("mremap/grown-is-zero", p[3 * PAGE], 0);
  p[4 * PAGE] = 'e';
  IS ("mremap/no-room", sys (mremap, p, 5 * PAGE, 6 * PAGE, 0), -ENOMEM);
  char *q = (char *) OK ("mremap/may-move", sys (mremap, p, 5 * PAGE, 1000 * PAGE, MREMAP_MAYMOVE));
  CHECK ("mremap/moved-content", q[0] == 'a' && q[4 * PAGE] == 'e' && q[999 * PAGE] == 0);
}

static void
test_fixed (void)
{
  char *p = guest_pages (2, RW), *target = guest_pages (4, RW);

  p[PAGE] = 'b';
  target[0] = target[2 * PAGE] = 't';
  IS ("mremap/fixed", sys (mremap, p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target),
      target);
  CHECK ("mremap/fixed-content", target[0] == 0 && target[PAGE] == 'b' && target[2 * PAGE] == 't');
  CHECK ("mremap/fixed-old-gone", !is_mapped (p));
  IS ("mremap/fixed-shrink", sys (mremap, target, 2 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p),
      p);
  CHECK ("mremap/fixed-shrunk", is_mapped (p) && !is_mapped (target) && !is_mapped (target + PAGE));
  IS ("mremap/fixed-overlap",
      sys (mremap, target + 2 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
           target + 3 * PAGE),
      -EINVAL);
  IS ("mremap/fixed-without-move", sys (mremap, p, PAGE, PAGE, MREMAP_FIXED, target), -EINVAL);
  IS ("mremap/fixed-unaligned",
      sys (mremap, p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 1), -EINVAL);
  IS ("mremap/fixed-kernel",
      sys (mremap, p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, 0xffff800000000000), -EINVAL);
}

static void
test_dontunmap (void)
{
  char *p = guest_pages (2, RW);

  p[0] = 'x';
  char *q = (char *) OK ("mremap/DONTUNMAP",
                         sys (mremap, p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0));
  CHECK ("mremap/DONTUNMAP-moved", q != p && q[0] == 'x');
  CHECK ("mremap/DONTUNMAP-old-is-empty", is_mapped (p) && p[0] == 0);
  IS ("mremap/DONTUNMAP-resize", sys (mremap, p, 2 * PAGE, PAGE, 5, 0), -EINVAL);
  IS ("mremap/DONTUNMAP-without-move", sys (mremap, p, PAGE, PAGE, MREMAP_DONTUNMAP, 0), -EINVAL);
}

static void
test_file (void)
{
  int fd = guest_file ("file", "");

  MUST (ftruncate (fd, 4 * PAGE));
  MUST (pwrite (fd, "third", 5, 2 * PAGE));
  char *p = mmap (NULL, PAGE, RW, MAP_SHARED, fd, PAGE);
  p = (char *) OK ("mremap/file", sys (mremap, p, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
  CHECK ("mremap/file-next-page", !memcmp (p + PAGE, "third", 5));
  /* An old size of 0 makes a second mapping of the same shared pages.  */
  char *q = (char *) OK ("mremap/old-size-0", sys (mremap, p, 0, PAGE, MREMAP_MAYMOVE));
  p[0] = '!';
  IS ("mremap/old-size-0-shares", q[0], '!');
  char *a = guest_pages (1, RW);
  IS ("mremap/old-size-0-private", sys (mremap, a, 0, PAGE, MREMAP_MAYMOVE), -EINVAL);
}

static void
test_errors (void)
{
  char *p = guest_pages (3, RW);

  IS ("mremap/new-size-0", sys (mremap, p, PAGE, 0, 0), -EINVAL);
  IS ("mremap/unaligned", sys (mremap, p + 1, PAGE, PAGE, 0), -EINVAL);
  IS ("mremap/unknown-flag", sys (mremap, p, PAGE, PAGE, 8), -EINVAL);
  IS ("mremap/not-mapped", sys (mremap, p + 3 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE), -EFAULT);
  MUST (mprotect (p + PAGE, PAGE, PROT_READ));
  IS ("mremap/over-two-mappings", sys (mremap, p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE), -EFAULT);
  IS ("mremap/huge", sys (mremap, p, PAGE, 1l << 47, MREMAP_MAYMOVE) < 0, 1);
}

static void
limited (void)
{
  char *p = guest_pages (1, RW);
  struct rlimit limit = { 1 << 28, 1 << 28 };

  MUST (setrlimit (RLIMIT_AS, &limit));
  IS ("mremap/RLIMIT_AS", sys (mremap, p, PAGE, 1 << 28, MREMAP_MAYMOVE), -ENOMEM);
}

int
main (void)
{
  test_size ();
  test_fixed ();
  test_dontunmap ();
  test_file ();
  test_errors ();
  guest_child (limited);
  return guest_done ();
}
