/* statx: the mask, the flags, attributes, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: statx */
#include "guest.h"

#include <linux/stat.h>
#include <sys/sysmacros.h>

static struct statx stx;

static void
test_values (void)
{
  int fd = guest_file ("file", "hello");
  struct stat st;
  struct timespec times[2] = { { 1000, 5 }, { 2000, 123456789 } };

  MUST (fchmod (fd, 0640));
  MUST (futimens (fd, times));
  MUST (fstat (fd, &st));
  memset (&stx, 0xee, sizeof stx);
  IS ("statx", sys (statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, &stx), 0);
  CHECK ("statx/mask", (stx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
  IS ("statx/mode", stx.stx_mode, S_IFREG | 0640);
  IS ("statx/size", stx.stx_size, 5);
  IS ("statx/nlink", stx.stx_nlink, 1);
  IS ("statx/uid", stx.stx_uid, geteuid ());
  IS ("statx/gid", stx.stx_gid, getegid ());
  CHECK ("statx/inode", stx.stx_ino == st.st_ino);
  IS ("statx/blocks", stx.stx_blocks, st.st_blocks);
  IS ("statx/blksize", stx.stx_blksize, st.st_blksize);
  CHECK ("statx/device", makedev (stx.stx_dev_major, stx.stx_dev_minor) == st.st_dev);
  CHECK ("statx/mtime", stx.stx_mtime.tv_sec == 2000 && stx.stx_mtime.tv_nsec == 123456789);
  CHECK ("statx/atime", stx.stx_atime.tv_sec == 1000 && stx.stx_atime.tv_nsec == 5);
  CHECK ("statx/ctime", stx.stx_ctime.tv_sec == st.st_ctim.tv_sec);
  CHECK ("statx/attributes-in-mask", !(stx.stx_attributes & ~stx.stx_attributes_mask));
  CHECK ("statx/spare-zeroed", stx.__spare3[8] == 0);
  close (fd);
}

static void
test_mask (void)
{
  IS ("statx/mask-0", sys (statx, AT_FDCWD, "file", 0, 0, &stx), 0);
  IS ("statx/mask-unknown", sys (statx, AT_FDCWD, "file", 0, 0x40000000, &stx), 0);
  IS ("statx/mask-reserved", sys (statx, AT_FDCWD, "file", 0, STATX__RESERVED, &stx), -EINVAL);
  IS ("statx/mask-size-only", sys (statx, AT_FDCWD, "file", 0, STATX_SIZE, &stx), 0);
  IS ("statx/size-only", stx.stx_size, 5);
  IS ("statx/mount-id", sys (statx, AT_FDCWD, "file", 0, STATX_MNT_ID, &stx), 0);
  CHECK ("statx/mount-id-given", stx.stx_mask & STATX_MNT_ID);
  IS ("statx/device-number", sys (statx, AT_FDCWD, "/dev/zero", 0, STATX_TYPE, &stx), 0);
  CHECK ("statx/rdev", stx.stx_rdev_major == 1 && stx.stx_rdev_minor == 5);
  IS ("statx/mount-root", sys (statx, AT_FDCWD, "/proc", 0, 0, &stx), 0);
  CHECK ("statx/is-mount-root", stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
  IS ("statx/no-mount-root", sys (statx, AT_FDCWD, "file", 0, 0, &stx), 0);
  CHECK ("statx/is-no-mount-root", !(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT));
}

static void
test_flags (void)
{
  int fd = MUST (open ("file", O_RDONLY));
  int dir = MUST (open (".", O_PATH));

  MUST (symlink ("file", "soft"));
  IS ("statx/follows", sys (statx, dir, "soft", 0, STATX_TYPE, &stx), 0);
  CHECK ("statx/followed", S_ISREG (stx.stx_mode));
  IS ("statx/NOFOLLOW", sys (statx, dir, "soft", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx), 0);
  CHECK ("statx/not-followed", S_ISLNK (stx.stx_mode));
  IS ("statx/EMPTY_PATH", sys (statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &stx), 0);
  IS ("statx/NULL-path-EMPTY_PATH-EBADF", sys (statx, -1, "", AT_EMPTY_PATH, STATX_SIZE, &stx),
      -EBADF);
  IS ("statx/FORCE_SYNC", sys (statx, dir, "file", AT_STATX_FORCE_SYNC, STATX_SIZE, &stx), 0);
  IS ("statx/DONT_SYNC", sys (statx, dir, "file", AT_STATX_DONT_SYNC, STATX_SIZE, &stx), 0);
  IS ("statx/both-syncs", sys (statx, dir, "file", 0x6000, STATX_SIZE, &stx), -EINVAL);
  IS ("statx/unknown-flag", sys (statx, dir, "file", 0x8, STATX_SIZE, &stx), -EINVAL);
  IS ("statx/empty", sys (statx, fd, "", 0, STATX_SIZE, &stx), -ENOENT);
  IS ("statx/EBADF", sys (statx, -1, "file", 0, STATX_SIZE, &stx), -EBADF);
  IS ("statx/ENOTDIR", sys (statx, fd, "x", 0, STATX_SIZE, &stx), -ENOTDIR);
  IS ("statx/ENOENT", sys (statx, dir, "nothing", 0, STATX_SIZE, &stx), -ENOENT);
  close (fd);
  close (dir);
}

static void
without_permission (void)
{
  IS ("statx/EACCES", sys (statx, AT_FDCWD, "locked/f", 0, 0, &stx), -EACCES);
}

int
main (void)
{
  test_values ();
  test_mask ();
  test_flags ();
  MUST (mkdir ("locked", 0600));
  as_nobody (without_permission);
  FAULT_PATH ("statx/path", p, sys (statx, AT_FDCWD, p, 0, 0, &stx));
  FAULTS ("statx/buf", BAD_OUT, sizeof stx, p, sys (statx, AT_FDCWD, "file", 0, 0, p));
  return guest_done ();
}
