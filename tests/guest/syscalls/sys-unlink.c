/* unlink, unlinkat: open files, link counts, AT_REMOVEDIR, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: unlink unlinkat */
#include "guest.h"

static void
test_files (void)
{
  int fd = guest_file ("file", "hello");
  struct stat st;
  char buf[8];

  MUST (link ("file", "hard"));
  IS ("unlink/one-of-two", sys (unlink, "file"), 0);
  MUST (fstat (fd, &st));
  IS ("unlink/one-link-left", st.st_nlink, 1);
  IS ("unlink/last", sys (unlink, "hard"), 0);
  MUST (fstat (fd, &st));
  IS ("unlink/no-link-left", st.st_nlink, 0);
  IS ("unlink/still-readable", sys (pread64, fd, buf, 8, 0), 5);
  IS ("unlink/still-writable", sys (pwrite64, fd, "more", 4, 5), 4);
  IS ("unlink/name-free", sys (open, "file", O_WRONLY | O_CREAT | O_EXCL, 0600) < 0, 0);
  ssize_t n = MUST (readlink (text ("/proc/self/fd/%d", fd), buf, 1));
  CHECK ("unlink/proc-name", n == 1 && buf[0] == '/');
  close (fd);
}

static void
test_kinds (void)
{
  MUST (symlink ("file", "soft"));
  IS ("unlink/symlink", sys (unlink, "soft"), 0);
  CHECK ("unlink/target-stays", guest_exists ("file"));
  MUST (symlink ("nowhere", "soft"));
  IS ("unlink/dangling", sys (unlink, "soft"), 0);
  MUST (mkfifo ("fifo", 0600));
  IS ("unlink/fifo", sys (unlink, "fifo"), 0);
  MUST (mkdir ("dir", 0755));
  IS ("unlink/EISDIR", sys (unlink, "dir"), -EISDIR);
  IS ("unlink/EISDIR-slash", sys (unlink, "dir/"), -EISDIR);
  IS ("unlink/ENOTDIR-slash", sys (unlink, "file/"), -ENOTDIR);
  IS ("unlink/ENOENT-slash", sys (unlink, "nothing/"), -ENOENT);
  IS ("unlink/dot", sys (unlink, "."), -EISDIR);
  IS ("unlink/root", sys (unlink, "/"), -EISDIR);
}

static void
test_at (void)
{
  int dir = MUST (open ("dir", O_PATH));
  int file = MUST (open ("file", O_RDONLY));

  MUST (close (guest_file ("dir/f", "")));
  MUST (mkdir ("dir/d", 0755));
  IS ("unlinkat", sys (unlinkat, dir, "f", 0), 0);
  IS ("unlinkat/EISDIR", sys (unlinkat, dir, "d", 0), -EISDIR);
  IS ("unlinkat/AT_REMOVEDIR", sys (unlinkat, dir, "d", AT_REMOVEDIR), 0);
  IS ("unlinkat/AT_REMOVEDIR-file", sys (unlinkat, AT_FDCWD, "file", AT_REMOVEDIR), -ENOTDIR);
  MUST (mkdir ("dir/d", 0755));
  IS ("unlinkat/AT_REMOVEDIR-ENOTEMPTY", sys (unlinkat, AT_FDCWD, "dir", AT_REMOVEDIR), -ENOTEMPTY);
  IS ("unlinkat/AT_REMOVEDIR-dot", sys (unlinkat, dir, ".", AT_REMOVEDIR), -EINVAL);
  IS ("unlinkat/unknown-flag", sys (unlinkat, dir, "d", 0x400), -EINVAL);
  IS ("unlinkat/EBADF", sys (unlinkat, -1, "f", 0), -EBADF);
  IS ("unlinkat/ENOTDIR", sys (unlinkat, file, "f", 0), -ENOTDIR);
  IS ("unlinkat/ENOENT", sys (unlinkat, dir, "f", 0), -ENOENT);
  FAULT_PATH ("unlinkat/path", p, sys (unlinkat, dir, p, 0));
  FAULT_PATH ("unlinkat/directory", p, sys (unlinkat, dir, p, AT_REMOVEDIR));
  close (dir);
  close (file);
}

static void
test_errors (void)
{
  char name[257];

  memset (name, 'n', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  IS ("unlink/ENOENT", sys (unlink, "nothing"), -ENOENT);
  IS ("unlink/ENOENT-empty", sys (unlink, ""), -ENOENT);
  IS ("unlink/ENOTDIR", sys (unlink, "file/x"), -ENOTDIR);
  IS ("unlink/ELOOP", sys (unlink, "self/x"), -ELOOP);
  IS ("unlink/loop-itself", sys (unlink, "self"), 0);
  IS ("unlink/ENAMETOOLONG", sys (unlink, name), -ENAMETOOLONG);
  FAULT_PATH ("unlink/path", p, sys (unlink, p));
}

static void
without_permission (void)
{
  IS ("unlink/EACCES", sys (unlink, "rodir/f"), -EACCES);
  IS ("unlink/EACCES-search", sys (unlink, "locked/f"), -EACCES);
  IS ("unlinkat/EACCES", sys (unlinkat, AT_FDCWD, "rodir/f", 0), -EACCES);
  /* The file's own mode does not matter.  */
  IS ("unlink/read-only-file", sys (unlink, "open/ro"), 0);
}

static void
sticky (void)
{
  IS ("unlink/EPERM-sticky", sys (unlink, "sticky/f"), -EPERM);
}

int
main (void)
{
  test_files ();
  test_kinds ();
  test_at ();
  test_errors ();
  MUST (mkdir ("rodir", 0755));
  MUST (close (guest_file ("rodir/f", "")));
  MUST (chmod ("rodir", 0555));
  MUST (mkdir ("locked", 0600));
  MUST (mkdir ("open", 0755));
  MUST (chmod ("open", 0777));
  MUST (close (guest_file ("open/ro", "")));
  MUST (chmod ("open/ro", 0444));
  as_nobody (without_permission);
  if (is_root ())
    {
      MUST (mkdir ("sticky", 0755));
      MUST (close (guest_file ("sticky/f", "")));
      MUST (chmod ("sticky", 01777));
      as_nobody (sticky);
    }
  return guest_done ();
}
