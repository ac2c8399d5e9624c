/* truncate, ftruncate: shrinking, growing, errors, limits.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: truncate ftruncate */
#include "guest.h"

#include <limits.h>
#include <sys/resource.h>

static off_t
size_of (const char *path)
{
  struct stat st;

  MUST (stat (path, &st));
  return st.st_size;
}

static void
test_sizes (void)
{
  int fd = guest_file ("file", "0123456789");

  MUST (lseek (fd, 8, SEEK_SET));
  IS ("truncate/shrink", sys (truncate, "file", 4), 0);
  CHECK ("truncate/shrunk", !strcmp (guest_content ("file"), "0123"));
  IS ("truncate/grow", sys (truncate, "file", 6), 0);
  IS ("truncate/grown", size_of ("file"), 6);
  CHECK ("truncate/zeros", !memcmp (guest_content ("file"), "0123\0\0", 6));
  IS ("ftruncate/shrink", sys (ftruncate, fd, 2), 0);
  IS ("ftruncate/grow", sys (ftruncate, fd, 1L << 32), 0);
  IS ("ftruncate/grown", size_of ("file"), 1L << 32);
  IS ("ftruncate/offset-stays", sys (lseek, fd, 0, SEEK_CUR), 8);
  IS ("ftruncate/0", sys (ftruncate, fd, 0), 0);
  IS ("ftruncate/emptied", size_of ("file"), 0);
  MUST (symlink ("file", "link"));
  IS ("truncate/link", sys (truncate, "link", 3), 0);
  IS ("truncate/link-target", size_of ("file"), 3);
  close (fd);
}

static void
test_times (void)
{
  int fd = guest_file ("file", "0123");
  struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };
  struct stat st;

  MUST (futimens (fd, times));
  MUST (ftruncate (fd, 2));
  MUST (fstat (fd, &st));
  CHECK ("ftruncate/mtime", st.st_mtim.tv_sec > 2000);
  IS ("ftruncate/atime", st.st_atim.tv_sec, 1000);
  close (fd);
}

static void
test_errors (void)
{
  int rdonly = MUST (open ("file", O_RDONLY));
  int path = MUST (open ("file", O_PATH));
  int dir = MUST (open (".", O_RDONLY));
  int fds[2];

  MUST (pipe (fds));
  MUST (mkdir ("dir", 0755));
  MUST (mkfifo ("fifo", 0600));
  MUST (symlink ("self", "self"));
  IS ("truncate/negative", sys (truncate, "file", -1), -EINVAL);
  IS ("ftruncate/negative", sys (ftruncate, rdonly, -1), -EINVAL);
  IS ("truncate/ENOENT", sys (truncate, "nothing", 0), -ENOENT);
  IS ("truncate/ENOENT-empty", sys (truncate, "", 0), -ENOENT);
  IS ("truncate/EISDIR", sys (truncate, "dir", 0), -EISDIR);
  IS ("truncate/ENOTDIR", sys (truncate, "file/x", 0), -ENOTDIR);
  IS ("truncate/ELOOP", sys (truncate, "self", 0), -ELOOP);
  IS ("truncate/fifo", sys (truncate, "fifo", 0), -EINVAL);
  IS ("truncate/device", sys (truncate, "/dev/null", 0), -EINVAL);
  IS ("ftruncate/EBADF", sys (ftruncate, -1, 0), -EBADF);
  IS ("ftruncate/EBADF-O_PATH", sys (ftruncate, path, 0), -EBADF);
  IS ("ftruncate/read-only", sys (ftruncate, rdonly, 0), -EINVAL);
  IS ("ftruncate/directory", sys (ftruncate, dir, 0), -EINVAL);
  IS ("ftruncate/pipe", sys (ftruncate, fds[1], 0), -EINVAL);
  FAULT_PATH ("truncate/path", p, sys (truncate, p, 0));
}

static void
without_permission (void)
{
  IS ("truncate/EACCES", sys (truncate, "readonly", 0), -EACCES);
  IS ("truncate/EACCES-component", sys (truncate, "locked/f", 0), -EACCES);
}

static void
limited (void)
{
  struct rlimit limit = { 100, RLIM_INFINITY };
  int fd = guest_file ("file", "0123");

  MUST (setrlimit (RLIMIT_FSIZE, &limit));
  guest_handle (SIGXFSZ, 0);
  IS ("ftruncate/to-limit", sys (ftruncate, fd, 100), 0);
  IS ("ftruncate/EFBIG", sys (ftruncate, fd, 101), -EFBIG);
  IS ("ftruncate/SIGXFSZ", guest_signals, 1);
  IS ("truncate/EFBIG", sys (truncate, "file", 101), -EFBIG);
  IS ("truncate/SIGXFSZ", guest_signals, 2);
}

int
main (void)
{
  test_sizes ();
  test_times ();
  test_errors ();
  MUST (close (guest_file ("readonly", "x")));
  MUST (chmod ("readonly", 0444));
  MUST (mkdir ("locked", 0600));
  as_nobody (without_permission);
  guest_child (limited);
  return guest_done ();
}
