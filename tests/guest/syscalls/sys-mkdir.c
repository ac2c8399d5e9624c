/* mkdir, mkdirat, rmdir: modes, link counts, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: mkdir mkdirat rmdir */
#include "guest.h"

static struct stat
look (const char *path)
{
  struct stat st;

  MUST (lstat (path, &st));
  return st;
}

static void
test_mkdir (void)
{
  IS ("mkdir", sys (mkdir, "a", 0777), 0);
  IS ("mkdir/umask", look ("a").st_mode, S_IFDIR | 0755);
  IS ("mkdir/mode-bits", sys (mkdir, "b", 07777), 0);
  IS ("mkdir/only-sticky-kept", look ("b").st_mode, S_IFDIR | 01755);
  IS ("mkdir/slash", sys (mkdir, "c/", 0700), 0);
  IS ("mkdir/slashes", sys (mkdir, "./d//", 0700), 0);
  IS ("mkdir/mode-0", sys (mkdir, "e", 0), 0);
  IS ("mkdir/mode-0-is", look ("e").st_mode, S_IFDIR);
  CHECK ("mkdir/dot", look ("a").st_ino == look ("a/.").st_ino);
  CHECK ("mkdir/dotdot", look (".").st_ino == look ("a/..").st_ino);
  if (is_root ())
    MUST (chown ("a", 0, 1234));
  MUST (chmod ("a", 02755));
  IS ("mkdir/in-setgid", sys (mkdir, "a/sub", 0700), 0);
  IS ("mkdir/inherits-setgid", look ("a/sub").st_mode, S_IFDIR | 02700);
  IS ("mkdir/inherits-group", look ("a/sub").st_gid, look ("a").st_gid);
}

static void
test_at (void)
{
  int dir = MUST (open ("a", O_PATH));
  int file = guest_file ("file", "");

  IS ("mkdirat", sys (mkdirat, dir, "x", 0700), 0);
  CHECK ("mkdirat/there", guest_exists ("a/x"));
  IS ("mkdirat/AT_FDCWD", sys (mkdirat, AT_FDCWD, "y", 0700), 0);
  IS ("mkdirat/EEXIST", sys (mkdirat, dir, "x", 0700), -EEXIST);
  IS ("mkdirat/EBADF", sys (mkdirat, -1, "x", 0700), -EBADF);
  IS ("mkdirat/ENOTDIR", sys (mkdirat, file, "x", 0700), -ENOTDIR);
  FAULT_PATH ("mkdirat/path", p, sys (mkdirat, dir, p, 0700));
  close (dir);
  close (file);
}

static void
test_mkdir_errors (void)
{
  char name[257];

  memset (name, 'n', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  MUST (symlink ("nowhere", "dangling"));
  IS ("mkdir/EEXIST", sys (mkdir, "a", 0700), -EEXIST);
  IS ("mkdir/EEXIST-file", sys (mkdir, "file", 0700), -EEXIST);
  IS ("mkdir/EEXIST-dangling", sys (mkdir, "dangling", 0700), -EEXIST);
  IS ("mkdir/EEXIST-dangling-slash", sys (mkdir, "dangling/", 0700), -EEXIST);
  IS ("mkdir/EEXIST-dot", sys (mkdir, ".", 0700), -EEXIST);
  IS ("mkdir/EEXIST-root", sys (mkdir, "/", 0700), -EEXIST);
  IS ("mkdir/ENOENT", sys (mkdir, "no/x", 0700), -ENOENT);
  IS ("mkdir/ENOENT-empty", sys (mkdir, "", 0700), -ENOENT);
  IS ("mkdir/ENOTDIR", sys (mkdir, "file/x", 0700), -ENOTDIR);
  IS ("mkdir/ELOOP", sys (mkdir, "self/x", 0700), -ELOOP);
  IS ("mkdir/ENAMETOOLONG", sys (mkdir, name, 0700), -ENAMETOOLONG);
  FAULT_PATH ("mkdir/path", p, sys (mkdir, p, 0700));
}

static void
test_rmdir (void)
{
  struct stat st;
  int fd = MUST (open ("b", O_RDONLY));

  IS ("rmdir", sys (rmdir, "b"), 0);
  CHECK ("rmdir/gone", !guest_exists ("b"));
  MUST (fstat (fd, &st));
  IS ("rmdir/open-links", st.st_nlink, 0);
  IS ("rmdir/open-reads-nothing", sys (getdents64, fd, &st, sizeof st) <= 0, 1);
  IS ("rmdir/slash", sys (rmdir, "c/"), 0);
  IS ("rmdir/ENOTEMPTY", sys (rmdir, "a"), -ENOTEMPTY);
  IS ("rmdir/ENOTDIR", sys (rmdir, "file"), -ENOTDIR);
  MUST (symlink ("d", "link"));
  IS ("rmdir/ENOTDIR-link", sys (rmdir, "link"), -ENOTDIR);
  IS ("rmdir/ENOTDIR-link-slash", sys (rmdir, "link/"), -ENOTDIR);
  IS ("rmdir/dot", sys (rmdir, "d/."), -EINVAL);
  IS ("rmdir/dotdot", sys (rmdir, "a/x/.."), -ENOTEMPTY);
  IS ("rmdir/root", sys (rmdir, "/"), -EBUSY);
  IS ("rmdir/ENOENT", sys (rmdir, "nothing"), -ENOENT);
  IS ("rmdir/ENOENT-empty", sys (rmdir, ""), -ENOENT);
  IS ("rmdir/ELOOP", sys (rmdir, "self/x"), -ELOOP);
  FAULT_PATH ("rmdir/path", p, sys (rmdir, p));
  close (fd);
}

static void
without_permission (void)
{
  IS ("mkdir/EACCES", sys (mkdir, "rodir/new", 0700), -EACCES);
  IS ("mkdir/EACCES-exists", sys (mkdir, "rodir/sub", 0700), -EEXIST);
  IS ("mkdir/EACCES-search", sys (mkdir, "locked/new", 0700), -EACCES);
  IS ("rmdir/EACCES", sys (rmdir, "rodir/sub"), -EACCES);
  IS ("rmdir/EACCES-search", sys (rmdir, "locked/x"), -EACCES);
}

static void
sticky (void)
{
  IS ("rmdir/EPERM-sticky", sys (rmdir, "sticky/d"), -EPERM);
}

int
main (void)
{
  test_mkdir ();
  test_at ();
  test_mkdir_errors ();
  test_rmdir ();
  MUST (mkdir ("rodir", 0755));
  MUST (mkdir ("rodir/sub", 0755));
  MUST (chmod ("rodir", 0555));
  MUST (mkdir ("locked", 0600));
  as_nobody (without_permission);
  if (is_root ())
    {
      MUST (mkdir ("sticky", 0755));
      MUST (mkdir ("sticky/d", 0755));
      MUST (chmod ("sticky", 01777));
      as_nobody (sticky);
    }
  return guest_done ();
}
