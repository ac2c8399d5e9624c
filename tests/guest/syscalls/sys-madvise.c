/* madvise: what each advice does to the pages, errors.  SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* covers: madvise */
#include "guest.h"

#define PAGE 4096l
#define RW (PROT_READ | PROT_WRITE)

static char *p;

static void
test_dontneed (void)
{
  int fd = guest_file ("file", "content");
  char *private = mmap (NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
  char *shared = mmap (NULL, PAGE, RW, MAP_SHARED, fd, 0);

  memset (p, 'x', 4 * PAGE);
  IS ("madvise/DONTNEED", sys (madvise, p + PAGE, PAGE, MADV_DONTNEED), 0);
  CHECK ("madvise/DONTNEED-zeroed",
         p[0] == 'x' && p[PAGE] == 0 && p[2 * PAGE - 1] == 0 && p[2 * PAGE] == 'x');
  private[0] = 'X';
  shared[1] = 'Y';
  IS ("madvise/DONTNEED-private-file", sys (madvise, private, PAGE, MADV_DONTNEED), 0);
  CHECK ("madvise/DONTNEED-file-again", !memcmp (private, "cYntent", 7));
  IS ("madvise/DONTNEED-shared-file", sys (madvise, shared, PAGE, MADV_DONTNEED), 0);
  IS ("madvise/DONTNEED-shared-keeps", shared[1], 'Y');
  IS ("madvise/REMOVE-shared", sys (madvise, shared, PAGE, MADV_REMOVE), 0);
  IS ("madvise/REMOVE-punched", shared[1], 0);
  IS ("madvise/REMOVE-private", sys (madvise, p, PAGE, MADV_REMOVE), -EINVAL);
}

static void
test_hints (void)
{
  static const struct
  {
    const char *name;
    int advice;
  } hints[] = {
    { "NORMAL", MADV_NORMAL },     { "RANDOM", MADV_RANDOM },     { "SEQUENTIAL", MADV_SEQUENTIAL },
    { "WILLNEED", MADV_WILLNEED }, { "DONTDUMP", MADV_DONTDUMP }, { "DODUMP", MADV_DODUMP },
    { "COLD", MADV_COLD },         { "PAGEOUT", MADV_PAGEOUT },
  };

  memset (p, 'y', 4 * PAGE);
  for (unsigned i = 0; i < sizeof hints / sizeof *hints; i++)
    IS (text ("madvise/%s", hints[i].name), sys (madvise, p, 4 * PAGE, hints[i].advice), 0);
  CHECK ("madvise/content-stays", p[0] == 'y' && p[4 * PAGE - 1] == 'y');
  IS ("madvise/FREE", sys (madvise, p, PAGE, MADV_FREE), 0);
  CHECK ("madvise/FREE-either", p[0] == 'y' || p[0] == 0);
  p[0] = 'z';
  IS ("madvise/FREE-written-stays", p[0], 'z');
  IS ("madvise/POPULATE_READ", sys (madvise, p, 4 * PAGE, 22), 0);
  IS ("madvise/POPULATE_WRITE", sys (madvise, p, 4 * PAGE, 23), 0);
}

static void
dontfork_child (void)
{
  unsigned char v;

  IS ("madvise/DONTFORK-not-in-child", sys (mincore, p + PAGE, PAGE, &v), -ENOMEM);
  IS ("madvise/WIPEONFORK-zeroed", p[2 * PAGE], 0);
  IS ("madvise/others-copied", p[0], 'f');
}

static void
test_fork (void)
{
  memset (p, 'f', 4 * PAGE);
  IS ("madvise/DONTFORK", sys (madvise, p + PAGE, PAGE, MADV_DONTFORK), 0);
  IS ("madvise/WIPEONFORK", sys (madvise, p + 2 * PAGE, PAGE, MADV_WIPEONFORK), 0);
  guest_child (dontfork_child);
  IS ("madvise/parent-keeps", p[PAGE] + p[2 * PAGE], 2 * 'f');
  IS ("madvise/DOFORK", sys (madvise, p + PAGE, PAGE, MADV_DOFORK), 0);
  IS ("madvise/KEEPONFORK", sys (madvise, p + 2 * PAGE, PAGE, MADV_KEEPONFORK), 0);
}

static void
test_errors (void)
{
  IS ("madvise/unknown", sys (madvise, p, PAGE, 9999), -EINVAL);
  IS ("madvise/negative", sys (madvise, p, PAGE, -1), -EINVAL);
  IS ("madvise/unaligned", sys (madvise, p + 1, PAGE, MADV_NORMAL), -EINVAL);
  IS ("madvise/length-0", sys (madvise, p, 0, MADV_NORMAL), 0);
  IS ("madvise/length-0-unknown", sys (madvise, p, 0, 9999), -EINVAL);
  IS ("madvise/wraps", sys (madvise, p, -PAGE, MADV_NORMAL), -EINVAL);
  MUST (munmap (p + 2 * PAGE, PAGE));
  memset (p, 'h', PAGE);
  memset (p + 3 * PAGE, 'h', PAGE);
  IS ("madvise/hole", sys (madvise, p, 4 * PAGE, MADV_DONTNEED), -ENOMEM);
  CHECK ("madvise/hole-rest-done", p[0] == 0 && p[3 * PAGE] == 0);
  char *file = mmap (NULL, PAGE, PROT_READ, MAP_PRIVATE, MUST (open ("file", O_RDONLY)), 0);
  IS ("madvise/FREE-file", sys (madvise, file, PAGE, MADV_FREE), -EINVAL);
  IS ("madvise/WIPEONFORK-file", sys (madvise, file, PAGE, MADV_WIPEONFORK), -EINVAL);
}

int
main (void)
{
  p = guest_pages (4, RW);
  test_dontneed ();
  test_hints ();
  test_fork ();
  test_errors ();
  return guest_done ();
}
