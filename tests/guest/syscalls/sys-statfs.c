/* statfs, fstatfs: the kinds of file system, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: statfs fstatfs */
#include "guest.h"

#include <linux/magic.h>
#include <sys/vfs.h>

static struct statfs fs;

static void
sensible (const char *name)
{
  CHECK (text ("%s/block-size", name), fs.f_bsize >= 512 && fs.f_frsize >= 512);
  CHECK (text ("%s/counts", name), fs.f_bavail <= fs.f_bfree && fs.f_bfree <= fs.f_blocks);
  CHECK (text ("%s/files", name), fs.f_ffree <= fs.f_files);
  IS (text ("%s/name-length", name), fs.f_namelen, 255);
}

static void
test_values (void)
{
  int fd = guest_file ("file", "");
  int path = MUST (open ("file", O_PATH));

  memset (&fs, 0xee, sizeof fs);
  IS ("statfs", sys (statfs, ".", &fs), 0);
  sensible ("statfs");
  memset (&fs, 0xee, sizeof fs);
  IS ("fstatfs", sys (fstatfs, fd, &fs), 0);
  sensible ("fstatfs");
  IS ("fstatfs/O_PATH", sys (fstatfs, path, &fs), 0);
  IS ("statfs/proc", sys (statfs, "/proc", &fs), 0);
  IS ("statfs/proc-type", fs.f_type, PROC_SUPER_MAGIC);
  IS ("statfs/sys", sys (statfs, "/sys", &fs), 0);
  IS ("statfs/sys-type", fs.f_type, SYSFS_MAGIC);
  IS ("statfs/shm", sys (statfs, "/dev/shm", &fs), 0);
  IS ("statfs/shm-type", fs.f_type, TMPFS_MAGIC);
  int fds[2];
  MUST (pipe (fds));
  IS ("fstatfs/pipe", sys (fstatfs, fds[0], &fs), 0);
  IS ("fstatfs/pipe-type", fs.f_type, PIPEFS_MAGIC);
  MUST (symlink ("/proc", "soft"));
  IS ("statfs/follows", sys (statfs, "soft", &fs), 0);
  IS ("statfs/followed", fs.f_type, PROC_SUPER_MAGIC);
  close (fd);
}

static void
without_permission (void)
{
  IS ("statfs/EACCES", sys (statfs, "locked/f", &fs), -EACCES);
}

int
main (void)
{
  char name[257];

  test_values ();
  memset (name, 'n', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  IS ("statfs/ENOENT", sys (statfs, "nothing", &fs), -ENOENT);
  IS ("statfs/ENOENT-empty", sys (statfs, "", &fs), -ENOENT);
  IS ("statfs/ENOTDIR", sys (statfs, "file/x", &fs), -ENOTDIR);
  IS ("statfs/ELOOP", sys (statfs, "self", &fs), -ELOOP);
  IS ("statfs/ENAMETOOLONG", sys (statfs, name, &fs), -ENAMETOOLONG);
  IS ("fstatfs/EBADF", sys (fstatfs, -1, &fs), -EBADF);
  MUST (mkdir ("locked", 0600));
  as_nobody (without_permission);
  int fd = MUST (open ("file", O_RDONLY));
  FAULT_PATH ("statfs/path", p, sys (statfs, p, &fs));
  FAULTS ("statfs/buf", BAD_OUT, sizeof fs, p, sys (statfs, ".", p));
  FAULTS ("fstatfs/buf", BAD_OUT, sizeof fs, p, sys (fstatfs, fd, p));
  return guest_done ();
}
