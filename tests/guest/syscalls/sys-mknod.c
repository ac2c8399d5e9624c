/* mknod, mknodat: each kind of node, who may make it, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: mknod mknodat */
#include "guest.h"

#include <linux/capability.h>
#include <sys/sysmacros.h>

static mode_t
mode_of (const char *path)
{
  struct stat st;

  MUST (lstat (path, &st));
  return st.st_mode;
}

static void
test_kinds (void)
{
  IS ("mknod/file", sys (mknod, "file", S_IFREG | 0666, 0), 0);
  IS ("mknod/file-mode", mode_of ("file"), S_IFREG | 0644);
  IS ("mknod/type-0-is-file", sys (mknod, "file2", 0600, 0), 0);
  IS ("mknod/type-0-mode", mode_of ("file2"), S_IFREG | 0600);
  IS ("mknod/fifo", sys (mknod, "fifo", S_IFIFO | 0640, 0), 0);
  IS ("mknod/fifo-mode", mode_of ("fifo"), S_IFIFO | 0640);
  IS ("mknod/socket", sys (mknod, "socket", S_IFSOCK | 0600, 0), 0);
  IS ("mknod/socket-mode", mode_of ("socket"), S_IFSOCK | 0600);
  IS ("mknod/socket-ENXIO", sys (open, "socket", O_RDWR), -ENXIO);
  IS ("mknod/directory", sys (mknod, "dir", S_IFDIR | 0700, 0), -EPERM);
  IS ("mknod/link", sys (mknod, "link", S_IFLNK | 0700, 0), -EINVAL);
  IS ("mknod/no-such-type", sys (mknod, "x", 0070000 | 0600, 0), -EINVAL);
}

static void
as_root (void)
{
  struct stat st;

  IS ("mknod/character", sys (mknod, "null", S_IFCHR | 0600, makedev (1, 3)), 0);
  MUST (stat ("null", &st));
  IS ("mknod/character-rdev", st.st_rdev, makedev (1, 3));
  IS ("mknod/block", sys (mknod, "block", S_IFBLK | 0600, makedev (7, 300)), 0);
  MUST (stat ("block", &st));
  IS ("mknod/block-rdev", st.st_rdev, makedev (7, 300));
}

static void
without_permission (void)
{
  IS ("mknod/EACCES", sys (mknod, "rodir/f", S_IFREG | 0600, 0), -EACCES);
  MUST (chdir ("open"));
  IS ("mknod/EPERM-character", sys (mknod, "n", S_IFCHR | 0600, makedev (1, 3)), -EPERM);
  IS ("mknod/EPERM-block", sys (mknod, "n", S_IFBLK | 0600, makedev (7, 0)), -EPERM);
  /* A whiteout is a device that anybody may make.  */
  IS ("mknod/whiteout", sys (mknod, "w", S_IFCHR, 0), 0);
  IS ("mknod/fifo-by-anybody", sys (mknod, "f", S_IFIFO | 0600, 0), 0);
}

static void
test_errors (void)
{
  int dir = MUST (open (".", O_PATH));
  int fd = MUST (open ("file", O_RDONLY));
  char name[257];

  memset (name, 'n', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  MUST (symlink ("nowhere", "dangling"));
  IS ("mknod/EEXIST", sys (mknod, "file", S_IFREG | 0600, 0), -EEXIST);
  IS ("mknod/EEXIST-dangling", sys (mknod, "dangling", S_IFREG | 0600, 0), -EEXIST);
  IS ("mknod/ENOENT", sys (mknod, "no/x", S_IFREG | 0600, 0), -ENOENT);
  IS ("mknod/ENOENT-empty", sys (mknod, "", S_IFREG | 0600, 0), -ENOENT);
  IS ("mknod/slash", sys (mknod, "x/", S_IFREG | 0600, 0), -ENOENT);
  IS ("mknod/ENOTDIR", sys (mknod, "file/x", S_IFREG | 0600, 0), -ENOTDIR);
  IS ("mknod/ELOOP", sys (mknod, "self/x", S_IFREG | 0600, 0), -ELOOP);
  IS ("mknod/ENAMETOOLONG", sys (mknod, name, S_IFREG | 0600, 0), -ENAMETOOLONG);
  IS ("mknodat", sys (mknodat, dir, "at", S_IFIFO | 0600, 0), 0);
  IS ("mknodat/EEXIST", sys (mknodat, dir, "at", S_IFIFO | 0600, 0), -EEXIST);
  IS ("mknodat/EBADF", sys (mknodat, -1, "x", S_IFIFO | 0600, 0), -EBADF);
  IS ("mknodat/ENOTDIR", sys (mknodat, fd, "x", S_IFIFO | 0600, 0), -ENOTDIR);
  FAULT_PATH ("mknod/path", p, sys (mknod, p, S_IFREG | 0600, 0));
  FAULT_PATH ("mknodat/path", p, sys (mknodat, dir, p, S_IFREG | 0600, 0));
}

int
main (void)
{
  test_kinds ();
  if (has_capability (CAP_MKNOD))
    as_root ();
  test_errors ();
  MUST (mkdir ("rodir", 0555));
  MUST (mkdir ("open", 0755));
  MUST (chmod ("open", 0777));
  as_nobody (without_permission);
  return guest_done ();
}
