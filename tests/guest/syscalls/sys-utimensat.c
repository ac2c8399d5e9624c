/* utimensat, utimes, futimesat, utime: now, omit, ranges, who may, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: utimensat utimes futimesat utime */
#include "guest.h"

#include <sys/time.h>
#include <utime.h>

static struct stat st;

static bool
times_are (const char *path, time_t atime, long ans, time_t mtime, long mns)
{
  MUST (lstat (path, &st));
  return st.st_atim.tv_sec == atime && st.st_atim.tv_nsec == ans && st.st_mtim.tv_sec == mtime
         && st.st_mtim.tv_nsec == mns;
}

static void
test_values (void)
{
  struct timespec ts[2] = { { 1000, 111111111 }, { 2000, 222222222 } };
  int fd = MUST (open ("file", O_RDONLY));

  IS ("utimensat", sys (utimensat, AT_FDCWD, "file", ts, 0), 0);
  CHECK ("utimensat/times", times_are ("file", 1000, 111111111, 2000, 222222222));
  CHECK ("utimensat/ctime-is-now", st.st_ctim.tv_sec > 2000);
  ts[0].tv_nsec = UTIME_OMIT;
  ts[1] = (struct timespec){ 3000, 3 };
  IS ("utimensat/omit-atime", sys (utimensat, AT_FDCWD, "file", ts, 0), 0);
  CHECK ("utimensat/atime-stays", times_are ("file", 1000, 111111111, 3000, 3));
  ts[0] = (struct timespec){ 99, UTIME_NOW };
  ts[1] = (struct timespec){ 99, UTIME_OMIT };
  IS ("utimensat/now", sys (utimensat, fd, NULL, ts, 0), 0);
  MUST (stat ("file", &st));
  CHECK ("utimensat/atime-is-now", st.st_atim.tv_sec > 1000000000);
  IS ("utimensat/mtime-stays", st.st_mtim.tv_sec, 3000);
  ts[0].tv_nsec = UTIME_OMIT;
  IS ("utimensat/both-omitted", sys (utimensat, AT_FDCWD, "nothing at all", ts, 0), 0);
  IS ("utimensat/NULL-is-now", sys (utimensat, AT_FDCWD, "file", NULL, 0), 0);
  MUST (stat ("file", &st));
  CHECK ("utimensat/mtime-is-now", st.st_mtim.tv_sec > 1000000000);
  ts[0] = ts[1] = (struct timespec){ -5, 7 };
  IS ("utimensat/before-1970", sys (utimensat, AT_FDCWD, "file", ts, 0), 0);
  CHECK ("utimensat/before-1970-times", times_are ("file", -5, 7, -5, 7));
  close (fd);
}

static void
test_flags (void)
{
  struct timespec ts[2] = { { 10, 1 }, { 20, 2 } };
  int fd = MUST (open ("file", O_RDONLY));
  int path = MUST (open ("file", O_PATH));
  int dir = MUST (open (".", O_PATH));

  IS ("utimensat/NOFOLLOW", sys (utimensat, dir, "soft", ts, AT_SYMLINK_NOFOLLOW), 0);
  CHECK ("utimensat/link-times", times_are ("soft", 10, 1, 20, 2));
  CHECK ("utimensat/target-untouched", !times_are ("file", 10, 1, 20, 2));
  IS ("utimensat/follows", sys (utimensat, dir, "soft", ts, 0), 0);
  CHECK ("utimensat/target-times", times_are ("file", 10, 1, 20, 2));
  ts[0].tv_sec = 30;
  IS ("utimensat/EMPTY_PATH", sys (utimensat, fd, "", ts, AT_EMPTY_PATH), 0);
  CHECK ("utimensat/EMPTY_PATH-times", times_are ("file", 30, 1, 20, 2));
  IS ("utimensat/NULL-with-flags", sys (utimensat, fd, NULL, ts, AT_SYMLINK_NOFOLLOW), -EINVAL);
  IS ("utimensat/NULL-O_PATH", sys (utimensat, path, NULL, ts, 0), -EBADF);
  IS ("utimensat/NULL-AT_FDCWD", sys (utimensat, AT_FDCWD, NULL, ts, 0), -EFAULT);
  IS ("utimensat/unknown-flag", sys (utimensat, dir, "file", ts, 0x8000), -EINVAL);
  IS ("utimensat/EBADF", sys (utimensat, -1, "file", ts, 0), -EBADF);
  IS ("utimensat/EBADF-NULL", sys (utimensat, -1, NULL, ts, 0), -EBADF);
  IS ("utimensat/ENOTDIR", sys (utimensat, fd, "file", ts, 0), -ENOTDIR);
  IS ("utimensat/ENOENT-empty", sys (utimensat, fd, "", ts, 0), -ENOENT);
  ts[0].tv_nsec = 1000000000;
  IS ("utimensat/nanoseconds", sys (utimensat, dir, "file", ts, 0), -EINVAL);
  ts[0].tv_nsec = -1;
  IS ("utimensat/nanoseconds-negative", sys (utimensat, dir, "file", ts, 0), -EINVAL);
  close (fd);
  close (path);
  close (dir);
}

static void
test_older (void)
{
  struct timeval tv[2] = { { 100, 11 }, { 200, 22 } };
  struct utimbuf ut = { 300, 400 };
  int dir = MUST (open (".", O_PATH));

  IS ("utimes", sys (utimes, "file", tv), 0);
  CHECK ("utimes/times", times_are ("file", 100, 11000, 200, 22000));
  IS ("utimes/follows", sys (utimes, "soft", tv), 0);
  IS ("utimes/NULL", sys (utimes, "file", NULL), 0);
  IS ("futimesat", sys (futimesat, dir, "file", tv), 0);
  CHECK ("futimesat/times", times_are ("file", 100, 11000, 200, 22000));
  IS ("futimesat/EBADF", sys (futimesat, -1, "file", tv), -EBADF);
  IS ("utime", sys (utime, "file", &ut), 0);
  CHECK ("utime/times", times_are ("file", 300, 0, 400, 0));
  IS ("utime/NULL", sys (utime, "file", NULL), 0);
  MUST (stat ("file", &st));
  CHECK ("utime/now", st.st_mtim.tv_sec > 1000000000);
  tv[1].tv_usec = 1000000;
  IS ("utimes/microseconds", sys (utimes, "file", tv), -EINVAL);
  IS ("futimesat/microseconds", sys (futimesat, dir, "file", tv), -EINVAL);
  IS ("utimes/ENOENT", sys (utimes, "nothing", NULL), -ENOENT);
  IS ("utime/ENOENT", sys (utime, "nothing", NULL), -ENOENT);
  IS ("utime/ENOTDIR", sys (utime, "file/x", NULL), -ENOTDIR);
  close (dir);
}

static void
without_permission (void)
{
  struct timespec ts[2] = { { 10, 1 }, { 20, 2 } };
  struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
  struct timespec half[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };

  IS ("utimensat/EPERM", sys (utimensat, AT_FDCWD, "/etc/passwd", ts, 0), -EPERM);
  IS ("utimensat/EACCES-now", sys (utimensat, AT_FDCWD, "/etc/passwd", now, 0), -EACCES);
  IS ("utimensat/EACCES-NULL", sys (utimensat, AT_FDCWD, "/etc/passwd", NULL, 0), -EACCES);
  IS ("utimensat/EACCES-search", sys (utimensat, AT_FDCWD, "locked/f", ts, 0), -EACCES);
  IS ("utime/EACCES", sys (utime, "/etc/passwd", NULL), -EACCES);
  IS ("utimes/EACCES", sys (utimes, "/etc/passwd", NULL), -EACCES);
  if (guest_exists ("writable"))
    {
      IS ("utimensat/now-needs-write", sys (utimensat, AT_FDCWD, "writable", now, 0), 0);
      IS ("utimensat/half-EPERM", sys (utimensat, AT_FDCWD, "writable", half, 0), -EPERM);
    }
}

int
main (void)
{
  MUST (close (guest_file ("file", "")));
  MUST (symlink ("file", "soft"));
  test_values ();
  test_flags ();
  test_older ();
  MUST (mkdir ("locked", 0600));
  if (is_root ())
    {
      MUST (close (guest_file ("writable", "")));
      MUST (chmod ("writable", 0666));
    }
  as_nobody (without_permission);
  FAULT_PATH ("utimensat/path", p, p ? sys (utimensat, AT_FDCWD, p, NULL, 0) : -EFAULT);
  FAULTS ("utimensat/times", BAD_IN_OPTIONAL, 32, p, sys (utimensat, AT_FDCWD, "file", p, 0));
  FAULT_PATH ("utimes/path", p, sys (utimes, p, NULL));
  FAULTS ("utimes/times", BAD_IN_OPTIONAL, 32, p, sys (utimes, "file", p));
  FAULT_PATH ("futimesat/path", p, sys (futimesat, AT_FDCWD, p, NULL));
  FAULTS ("futimesat/times", BAD_IN_OPTIONAL, 32, p, sys (futimesat, AT_FDCWD, "file", p));
  FAULT_PATH ("utime/path", p, sys (utime, p, NULL));
  FAULTS ("utime/times", BAD_IN_OPTIONAL, 16, p, sys (utime, "file", p));
  return guest_done ();
}
