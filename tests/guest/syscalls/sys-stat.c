/* stat, lstat, fstat, newfstatat: what they say of each kind of file, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: stat lstat fstat newfstatat */
#include "guest.h"

#include <sys/sysmacros.h>

static void
check_file (const char *call, const struct stat *st)
{
  IS (text ("%s/mode", call), st->st_mode, S_IFREG | 0640);
  IS (text ("%s/size", call), st->st_size, 5);
  IS (text ("%s/nlink", call), st->st_nlink, 2);
  IS (text ("%s/uid", call), st->st_uid, geteuid ());
  IS (text ("%s/gid", call), st->st_gid, getegid ());
  IS (text ("%s/rdev", call), st->st_rdev, 0);
  CHECK (text ("%s/blocks", call), st->st_blocks >= 0 && st->st_blksize >= 512);
  IS (text ("%s/mtime", call), st->st_mtim.tv_sec, 2000);
  IS (text ("%s/mtime-ns", call), st->st_mtim.tv_nsec, 123456789);
  IS (text ("%s/atime", call), st->st_atim.tv_sec, 1000);
  CHECK (text ("%s/ctime", call), st->st_ctim.tv_sec > 2000);
}

static void
test_file (void)
{
  int fd = guest_file ("file", "hello");
  struct stat a, b, c, d;
  struct timespec times[2] = { { 1000, 0 }, { 2000, 123456789 } };

  MUST (fchmod (fd, 0640));
  MUST (link ("file", "hard"));
  MUST (symlink ("file", "soft"));
  MUST (futimens (fd, times));
  IS ("stat", sys (stat, "file", &a), 0);
  check_file ("stat", &a);
  IS ("lstat", sys (lstat, "hard", &b), 0);
  check_file ("lstat", &b);
  IS ("fstat", sys (fstat, fd, &c), 0);
  check_file ("fstat", &c);
  IS ("newfstatat", sys (newfstatat, AT_FDCWD, "soft", &d, 0), 0);
  check_file ("newfstatat", &d);
  CHECK ("stat/same-inode", a.st_ino == b.st_ino && a.st_ino == c.st_ino && a.st_ino == d.st_ino);
  CHECK ("stat/same-device", a.st_dev == b.st_dev && a.st_dev == c.st_dev);
  close (fd);
}

static void
test_link (void)
{
  struct stat st;

  IS ("lstat/symlink", sys (lstat, "soft", &st), 0);
  IS ("lstat/symlink-mode", st.st_mode, S_IFLNK | 0777);
  IS ("lstat/symlink-size", st.st_size, 4);
  IS ("newfstatat/NOFOLLOW", sys (newfstatat, AT_FDCWD, "soft", &st, AT_SYMLINK_NOFOLLOW), 0);
  CHECK ("newfstatat/NOFOLLOW-is-link", S_ISLNK (st.st_mode));
  MUST (symlink ("nowhere", "dangling"));
  IS ("stat/dangling", sys (stat, "dangling", &st), -ENOENT);
  IS ("lstat/dangling", sys (lstat, "dangling", &st), 0);
  MUST (symlink ("self", "self"));
  IS ("stat/ELOOP", sys (stat, "self", &st), -ELOOP);
}

static void
test_kinds (void)
{
  struct stat st;
  int fds[2];

  MUST (mkdir ("dir", 0750));
  MUST (mkdir ("dir/sub", 0755));
  IS ("stat/directory", sys (stat, "dir", &st), 0);
  IS ("stat/directory-mode", st.st_mode, S_IFDIR | 0750);
  IS ("stat/directory-slash", sys (stat, "dir/", &st), 0);
  MUST (mkfifo ("fifo", 0604));
  IS ("stat/fifo", sys (stat, "fifo", &st), 0);
  IS ("stat/fifo-mode", st.st_mode, S_IFIFO | 0604);
  IS ("stat/null", sys (stat, "/dev/null", &st), 0);
  IS ("stat/null-mode", st.st_mode & ~07777, S_IFCHR);
  IS ("stat/null-rdev", st.st_rdev, makedev (1, 3));
  MUST (pipe (fds));
  IS ("fstat/pipe", sys (fstat, fds[0], &st), 0);
  IS ("fstat/pipe-mode", st.st_mode, S_IFIFO | 0600);
  IS ("stat/root", sys (stat, "/", &st), 0);
  CHECK ("stat/root-is-directory", S_ISDIR (st.st_mode));
  IS ("stat/proc-fd", sys (stat, text ("/proc/self/fd/%d", fds[0]), &st), 0);
  CHECK ("stat/proc-fd-is-pipe", S_ISFIFO (st.st_mode));
}

static void
test_flags (void)
{
  int dir = MUST (open ("dir", O_PATH));
  int file = MUST (open ("file", O_RDONLY));
  struct stat st;

  IS ("newfstatat/relative", sys (newfstatat, dir, "sub", &st, 0), 0);
  IS ("newfstatat/AT_EMPTY_PATH", sys (newfstatat, file, "", &st, AT_EMPTY_PATH), 0);
  IS ("newfstatat/AT_EMPTY_PATH-size", st.st_size, 5);
  IS ("newfstatat/AT_EMPTY_PATH-cwd", sys (newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH), 0);
  IS ("newfstatat/AT_EMPTY_PATH-O_PATH", sys (newfstatat, dir, "", &st, AT_EMPTY_PATH), 0);
  IS ("newfstatat/AT_NO_AUTOMOUNT", sys (newfstatat, dir, "sub", &st, AT_NO_AUTOMOUNT), 0);
  IS ("newfstatat/empty", sys (newfstatat, file, "", &st, 0), -ENOENT);
  IS ("newfstatat/unknown-flag", sys (newfstatat, dir, "sub", &st, 0x8), -EINVAL);
  IS ("newfstatat/EBADF", sys (newfstatat, -1, "sub", &st, 0), -EBADF);
  IS ("newfstatat/EBADF-empty", sys (newfstatat, -1, "", &st, AT_EMPTY_PATH), -EBADF);
  IS ("newfstatat/absolute", sys (newfstatat, -1, "/", &st, 0), 0);
  IS ("newfstatat/ENOTDIR", sys (newfstatat, file, "sub", &st, 0), -ENOTDIR);
  close (dir);
  close (file);
}

static void
test_errors (void)
{
  struct stat st;
  char name[257];

  memset (name, 'x', 256);
  name[256] = 0;
  IS ("stat/ENOENT", sys (stat, "nothing", &st), -ENOENT);
  IS ("stat/ENOENT-empty", sys (stat, "", &st), -ENOENT);
  IS ("lstat/ENOENT", sys (lstat, "nothing", &st), -ENOENT);
  IS ("stat/ENOTDIR", sys (stat, "file/x", &st), -ENOTDIR);
  IS ("stat/ENOTDIR-slash", sys (stat, "file/", &st), -ENOTDIR);
  IS ("lstat/ENOTDIR-slash", sys (lstat, "soft/", &st), -ENOTDIR);
  IS ("stat/ENAMETOOLONG", sys (stat, name, &st), -ENAMETOOLONG);
  IS ("lstat/ENAMETOOLONG", sys (lstat, name, &st), -ENAMETOOLONG);
  IS ("fstat/EBADF", sys (fstat, -1, &st), -EBADF);
}

static void
without_permission (void)
{
  struct stat st;

  IS ("stat/EACCES", sys (stat, "locked/f", &st), -EACCES);
  IS ("lstat/EACCES", sys (lstat, "locked/f", &st), -EACCES);
  IS ("newfstatat/EACCES", sys (newfstatat, AT_FDCWD, "locked/f", &st, 0), -EACCES);
  IS ("stat/needs-no-read-permission", sys (stat, "locked", &st), 0);
}

static void
test_faults (void)
{
  struct stat st;
  size_t size = sizeof st;
  int fd = MUST (open ("file", O_RDONLY));

  FAULT_PATH ("stat/path", p, sys (stat, p, &st));
  FAULTS ("stat/buf", BAD_OUT, size, p, sys (stat, "file", p));
  FAULT_PATH ("lstat/path", p, sys (lstat, p, &st));
  FAULTS ("lstat/buf", BAD_OUT, size, p, sys (lstat, "file", p));
  FAULTS ("fstat/buf", BAD_OUT, size, p, sys (fstat, fd, p));
  FAULT_PATH ("newfstatat/path", p, sys (newfstatat, AT_FDCWD, p, &st, 0));
  FAULTS ("newfstatat/buf", BAD_OUT, size, p, sys (newfstatat, AT_FDCWD, "file", p, 0));
  IS ("stat/ENOENT-before-EFAULT", sys (stat, "nothing", NULL), -ENOENT);
}

int
main (void)
{
  test_file ();
  test_link ();
  test_kinds ();
  test_flags ();
  test_errors ();
  MUST (mkdir ("locked", 0755));
  MUST (close (guest_file ("locked/f", "x")));
  MUST (chmod ("locked", 0600));
  as_nobody (without_permission);
  test_faults ();
  return guest_done ();
}
