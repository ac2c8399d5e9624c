/* fallocate, fadvise64, readahead: modes that every file system has, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: fallocate fadvise64 readahead */
#include "guest.h"

#include <linux/falloc.h>
#include <sys/resource.h>

static int fd, rdonly, dir, path, fds[2];

static off_t
size_of (void)
{
  struct stat st;

  MUST (fstat (fd, &st));
  return st.st_size;
}

static void
test_fallocate (void)
{
  IS ("fallocate/grow", sys (fallocate, fd, 0, 0, 10000), 0);
  IS ("fallocate/size", size_of (), 10000);
  CHECK ("fallocate/content-stays", !strcmp (guest_content ("file"), "0123456789"));
  IS ("fallocate/inside", sys (fallocate, fd, 0, 100, 10), 0);
  IS ("fallocate/inside-size", size_of (), 10000);
  IS ("fallocate/KEEP_SIZE", sys (fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 20000), 0);
  IS ("fallocate/KEEP_SIZE-size", size_of (), 10000);
  MUST (pwrite (fd, "abcdefghij", 10, 4096));
  IS ("fallocate/PUNCH_HOLE",
      sys (fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 4096), 0);
  char buf[10];
  MUST (pread (fd, buf, 10, 0));
  CHECK ("fallocate/punched-start", !memcmp (buf, "01\0\0\0\0\0\0\0\0", 10));
  MUST (pread (fd, buf, 10, 4096));
  CHECK ("fallocate/punched-end", !memcmp (buf, "\0\0cdefghij", 10));
  IS ("fallocate/punched-size", size_of (), 10000);
  IS ("fallocate/PUNCH_HOLE-alone", sys (fallocate, fd, FALLOC_FL_PUNCH_HOLE, 0, 1), -EOPNOTSUPP);
  IS ("fallocate/unknown-mode", sys (fallocate, fd, 0x8000, 0, 1), -EOPNOTSUPP);
  IS ("fallocate/length-0", sys (fallocate, fd, 0, 0, 0), -EINVAL);
  IS ("fallocate/length-negative", sys (fallocate, fd, 0, 0, -1), -EINVAL);
  IS ("fallocate/offset-negative", sys (fallocate, fd, 0, -1, 1), -EINVAL);
  IS ("fallocate/EFBIG", sys (fallocate, fd, 0, INT64_MAX, 1), -EFBIG);
  IS ("fallocate/EBADF", sys (fallocate, -1, 0, 0, 1), -EBADF);
  IS ("fallocate/EBADF-read-only", sys (fallocate, rdonly, 0, 0, 1), -EBADF);
  IS ("fallocate/EBADF-O_PATH", sys (fallocate, path, 0, 0, 1), -EBADF);
  IS ("fallocate/directory", sys (fallocate, dir, 0, 0, 1), -EBADF);
  IS ("fallocate/pipe", sys (fallocate, fds[1], 0, 0, 1), -ESPIPE);
  IS ("fallocate/device", sys (fallocate, MUST (open ("/dev/null", O_RDWR)), 0, 0, 1), -ENODEV);
}

static void
limited (void)
{
  struct rlimit limit = { 20000, RLIM_INFINITY };

  MUST (setrlimit (RLIMIT_FSIZE, &limit));
  guest_handle (SIGXFSZ, 0);
  IS ("fallocate/over-RLIMIT_FSIZE", sys (fallocate, fd, 0, 0, 20001), -EFBIG);
}

static void
test_fadvise (void)
{
  for (int advice = 0; advice <= 5; advice++)
    IS (text ("fadvise64/%d", advice), sys (fadvise64, fd, 0, 0, advice), 0);
  IS ("fadvise64/unknown", sys (fadvise64, fd, 0, 0, 6), -EINVAL);
  IS ("fadvise64/negative-length", sys (fadvise64, fd, 0, -1, 0), -EINVAL);
  IS ("fadvise64/past-end", sys (fadvise64, fd, 1 << 30, 10, 3), 0);
  IS ("fadvise64/EBADF", sys (fadvise64, -1, 0, 0, 0), -EBADF);
  IS ("fadvise64/EBADF-O_PATH", sys (fadvise64, path, 0, 0, 0), -EBADF);
  IS ("fadvise64/ESPIPE", sys (fadvise64, fds[0], 0, 0, 0), -ESPIPE);
}

static void
test_readahead (void)
{
  int wronly = MUST (open ("file", O_WRONLY));

  IS ("readahead", sys (readahead, fd, 0, 4096), 0);
  IS ("readahead/past-end", sys (readahead, rdonly, 1 << 30, 4096), 0);
  IS ("readahead/EBADF", sys (readahead, -1, 0, 1), -EBADF);
  IS ("readahead/EBADF-write-only", sys (readahead, wronly, 0, 1), -EBADF);
  IS ("readahead/pipe", sys (readahead, fds[0], 0, 1), -EINVAL);
  IS ("readahead/directory", sys (readahead, dir, 0, 1), -EINVAL);
}

int
main (void)
{
  fd = guest_file ("file", "0123456789");
  rdonly = MUST (open ("file", O_RDONLY));
  dir = MUST (open (".", O_RDONLY));
  path = MUST (open ("file", O_PATH));
  MUST (pipe (fds));
  test_fallocate ();
  guest_child (limited);
  test_fadvise ();
  test_readahead ();
  return guest_done ();
}
