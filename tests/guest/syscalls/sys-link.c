/* link, linkat: counts, symlinks, flags, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: link linkat */
#include "guest.h"

#include <linux/capability.h>

static struct stat
look (const char *path)
{
  struct stat st;

  MUST (lstat (path, &st));
  return st;
}

static void
test_link (void)
{
  int fd = guest_file ("file", "hello");

  IS ("link", sys (link, "file", "hard"), 0);
  IS ("link/count", look ("file").st_nlink, 2);
  CHECK ("link/same-inode", look ("file").st_ino == look ("hard").st_ino);
  MUST (pwrite (fd, "J", 1, 0));
  CHECK ("link/same-content", !strcmp (guest_content ("hard"), "Jello"));
  MUST (chmod ("hard", 0600));
  IS ("link/same-mode", look ("file").st_mode, S_IFREG | 0600);
  MUST (symlink ("file", "soft"));
  IS ("link/symlink-not-followed", sys (link, "soft", "soft2"), 0);
  CHECK ("link/is-symlink", S_ISLNK (look ("soft2").st_mode));
  IS ("link/symlink-count", look ("soft").st_nlink, 2);
  MUST (mkfifo ("fifo", 0600));
  IS ("link/fifo", sys (link, "fifo", "fifo2"), 0);
  IS ("link/EEXIST", sys (link, "file", "hard"), -EEXIST);
  IS ("link/EEXIST-itself", sys (link, "file", "file"), -EEXIST);
  close (fd);
}

static void
test_flags (void)
{
  int dir = MUST (open (".", O_PATH));
  int fd = MUST (open ("file", O_RDONLY));

  IS ("linkat", sys (linkat, dir, "file", dir, "l1", 0), 0);
  IS ("linkat/FOLLOW", sys (linkat, dir, "soft", dir, "l2", AT_SYMLINK_FOLLOW), 0);
  CHECK ("linkat/followed", look ("l2").st_ino == look ("file").st_ino);
  IS ("linkat/EMPTY_PATH", sys (linkat, fd, "", dir, "l3", AT_EMPTY_PATH), 0);
  CHECK ("linkat/EMPTY_PATH-same", look ("l3").st_ino == look ("file").st_ino);
  IS ("linkat/empty-without-flag", sys (linkat, fd, "", dir, "l4", 0), -ENOENT);
  IS ("linkat/unknown-flag", sys (linkat, dir, "file", dir, "l4", 0x8000), -EINVAL);
  IS ("linkat/EBADF-old", sys (linkat, -1, "file", dir, "l4", 0), -EBADF);
  IS ("linkat/EBADF-new", sys (linkat, dir, "file", -1, "l4", 0), -EBADF);
  IS ("linkat/ENOTDIR-old", sys (linkat, fd, "file", dir, "l4", 0), -ENOTDIR);
  IS ("linkat/ENOTDIR-new", sys (linkat, dir, "file", fd, "l4", 0), -ENOTDIR);
  FAULT_PATH ("linkat/old", p, sys (linkat, dir, p, dir, "l4", 0));
  FAULT_PATH ("linkat/new", p, sys (linkat, dir, "file", dir, p, 0));
  close (dir);
  close (fd);
}

static void
test_errors (void)
{
  char name[257];

  memset (name, 'n', 256);
  name[256] = 0;
  MUST (mkdir ("dir", 0755));
  MUST (symlink ("self", "self"));
  IS ("link/EPERM-directory", sys (link, "dir", "x"), -EPERM);
  IS ("link/ENOENT", sys (link, "nothing", "x"), -ENOENT);
  IS ("link/ENOENT-empty-old", sys (link, "", "x"), -ENOENT);
  IS ("link/ENOENT-empty-new", sys (link, "file", ""), -ENOENT);
  IS ("link/ENOENT-parent", sys (link, "file", "no/x"), -ENOENT);
  IS ("link/ENOTDIR", sys (link, "file/x", "x"), -ENOTDIR);
  IS ("link/ENOTDIR-new", sys (link, "file", "file/x"), -ENOTDIR);
  IS ("link/slash-old", sys (link, "file/", "x"), -ENOTDIR);
  IS ("link/slash-new", sys (link, "file", "x/"), -ENOENT);
  IS ("link/ELOOP", sys (link, "self/x", "x"), -ELOOP);
  IS ("link/ENAMETOOLONG", sys (link, "file", name), -ENAMETOOLONG);
  IS ("link/EXDEV", sys (link, "/proc/self/stat", "x"), -EXDEV);
  FAULT_PATH ("link/old", p, sys (link, p, "x"));
  FAULT_PATH ("link/new", p, sys (link, "file", p));
}

static void
without_permission (void)
{
  IS ("link/EACCES-new", sys (link, "open/f", "rodir/x"), -EACCES);
  IS ("link/EACCES-search", sys (link, "locked/f", "open/x"), -EACCES);
  IS ("link/own-file", sys (link, "open/f", "open/g"), 0);
}

int
main (void)
{
  test_link ();
  test_flags ();
  test_errors ();
  MUST (mkdir ("rodir", 0555));
  MUST (mkdir ("locked", 0600));
  MUST (mkdir ("open", 0755));
  MUST (chmod ("open", 0777));
  MUST (close (guest_file ("open/f", "")));
  MUST (chmod ("open/f", 0666));
  if (is_root ())
    MUST (chown ("open/f", 65534, 65534));
  as_nobody (without_permission);
  return guest_done ();
}
