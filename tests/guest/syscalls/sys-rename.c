/* rename, renameat, renameat2: replacing, directories, flags, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: rename renameat renameat2 */
#include "guest.h"

#include <linux/capability.h>
#include <linux/fs.h>

static void
file (const char *path, const char *content)
{
  MUST (close (guest_file (path, content)));
}

static bool
holds (const char *path, const char *content)
{
  return !strcmp (guest_content (path), content);
}

static void
test_files (void)
{
  file ("a", "A");
  IS ("rename/new", sys (rename, "a", "b"), 0);
  CHECK ("rename/moved", !guest_exists ("a") && holds ("b", "A"));
  file ("c", "C");
  int fd = MUST (open ("c", O_RDONLY));
  IS ("rename/replace", sys (rename, "b", "c"), 0);
  CHECK ("rename/replaced", !guest_exists ("b") && holds ("c", "A"));
  struct stat st;
  MUST (fstat (fd, &st));
  IS ("rename/old-target-unlinked", st.st_nlink, 0);
  close (fd);
  IS ("rename/same", sys (rename, "c", "c"), 0);
  MUST (link ("c", "d"));
  IS ("rename/hard-links-of-one-file", sys (rename, "c", "d"), 0);
  CHECK ("rename/both-stay", guest_exists ("c") && guest_exists ("d"));
  MUST (symlink ("c", "soft"));
  IS ("rename/link-itself", sys (rename, "soft", "soft2"), 0);
  CHECK ("rename/target-untouched", holds ("soft2", "A") && holds ("c", "A"));
  file ("e", "E");
  IS ("rename/over-link", sys (rename, "e", "soft2"), 0);
  CHECK ("rename/link-replaced", holds ("soft2", "E") && holds ("c", "A"));
}

static void
test_directories (void)
{
  MUST (mkdir ("dir", 0755));
  MUST (mkdir ("dir/sub", 0755));
  MUST (mkdir ("empty", 0755));
  file ("dir/f", "F");
  IS ("rename/directory", sys (rename, "dir", "dir2"), 0);
  CHECK ("rename/directory-moved", holds ("dir2/f", "F") && !guest_exists ("dir"));
  IS ("rename/onto-empty-directory", sys (rename, "dir2", "empty"), 0);
  CHECK ("rename/onto-empty-moved", holds ("empty/f", "F"));
  MUST (mkdir ("dir", 0755));
  IS ("rename/ENOTEMPTY", sys (rename, "dir", "empty"), -ENOTEMPTY);
  IS ("rename/EISDIR", sys (rename, "c", "dir"), -EISDIR);
  IS ("rename/ENOTDIR", sys (rename, "dir", "c"), -ENOTDIR);
  IS ("rename/into-itself", sys (rename, "empty", "empty/sub/x"), -EINVAL);
  IS ("rename/onto-its-child", sys (rename, "empty/sub", "empty"), -ENOTEMPTY);
  IS ("rename/slash-directory", sys (rename, "dir/", "dir3/"), 0);
  IS ("rename/slash-file", sys (rename, "c/", "x"), -ENOTDIR);
  IS ("rename/slash-new-file", sys (rename, "c", "x/"), -ENOTDIR);
  IS ("rename/dot", sys (rename, "dir3/.", "x"), -EBUSY);
  IS ("rename/dotdot", sys (rename, "dir3/..", "x"), -EBUSY);
  IS ("rename/to-dot", sys (rename, "dir3", "."), -EBUSY);
  IS ("rename/root", sys (rename, "/", "x"), -EBUSY);
  MUST (rename ("empty/sub", "dir3/sub"));
  struct stat a, b;
  MUST (stat ("dir3/sub/..", &a));
  MUST (stat ("dir3", &b));
  CHECK ("rename/dotdot-follows", a.st_ino == b.st_ino);
}

static void
test_flags (void)
{
  file ("x", "X");
  file ("y", "Y");
  IS ("renameat2/NOREPLACE-exists", sys (renameat2, AT_FDCWD, "x", AT_FDCWD, "y", RENAME_NOREPLACE),
      -EEXIST);
  IS ("renameat2/NOREPLACE", sys (renameat2, AT_FDCWD, "x", AT_FDCWD, "z", RENAME_NOREPLACE), 0);
  IS ("renameat2/EXCHANGE", sys (renameat2, AT_FDCWD, "z", AT_FDCWD, "y", RENAME_EXCHANGE), 0);
  CHECK ("renameat2/exchanged", holds ("z", "Y") && holds ("y", "X"));
  IS ("renameat2/EXCHANGE-with-directory",
      sys (renameat2, AT_FDCWD, "z", AT_FDCWD, "dir3", RENAME_EXCHANGE), 0);
  CHECK ("renameat2/exchanged-kinds", holds ("dir3", "Y") && guest_exists ("z/sub"));
  IS ("renameat2/EXCHANGE-ENOENT",
      sys (renameat2, AT_FDCWD, "y", AT_FDCWD, "nothing", RENAME_EXCHANGE), -ENOENT);
  IS ("renameat2/EXCHANGE-ancestor",
      sys (renameat2, AT_FDCWD, "z", AT_FDCWD, "z/sub", RENAME_EXCHANGE), -EINVAL);
  IS ("renameat2/both", sys (renameat2, AT_FDCWD, "y", AT_FDCWD, "n", 3), -EINVAL);
  IS ("renameat2/WHITEOUT-EXCHANGE", sys (renameat2, AT_FDCWD, "y", AT_FDCWD, "n", 6), -EINVAL);
  IS ("renameat2/unknown", sys (renameat2, AT_FDCWD, "y", AT_FDCWD, "n", 8), -EINVAL);
}

static void
test_at (void)
{
  int from = MUST (open (".", O_PATH));
  int to = MUST (open ("z", O_PATH));
  int fd = MUST (open ("y", O_RDONLY));

  IS ("renameat/directories", sys (renameat, from, "y", to, "y"), 0);
  CHECK ("renameat/moved", holds ("z/y", "X"));
  IS ("renameat/back", sys (renameat, to, "y", AT_FDCWD, "y"), 0);
  IS ("renameat/EBADF-old", sys (renameat, -1, "y", to, "y"), -EBADF);
  IS ("renameat/EBADF-new", sys (renameat, from, "y", -1, "y"), -EBADF);
  IS ("renameat/ENOTDIR-old", sys (renameat, fd, "y", to, "y"), -ENOTDIR);
  IS ("renameat2/ENOTDIR-new", sys (renameat2, from, "y", fd, "y", 0), -ENOTDIR);
  close (from);
  close (to);
  close (fd);
}

static void
test_errors (void)
{
  char name[257];

  memset (name, 'n', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  IS ("rename/ENOENT", sys (rename, "nothing", "x"), -ENOENT);
  IS ("rename/ENOENT-empty-old", sys (rename, "", "x"), -ENOENT);
  IS ("rename/ENOENT-empty-new", sys (rename, "y", ""), -ENOENT);
  IS ("rename/ENOENT-new-parent", sys (rename, "y", "no/x"), -ENOENT);
  IS ("rename/ENOTDIR-component", sys (rename, "y/x", "x"), -ENOTDIR);
  IS ("rename/ENOTDIR-component-new", sys (rename, "y", "y/x"), -ENOTDIR);
  IS ("rename/ELOOP", sys (rename, "self/x", "x"), -ELOOP);
  IS ("rename/ENAMETOOLONG-old", sys (rename, name, "x"), -ENAMETOOLONG);
  IS ("rename/ENAMETOOLONG-new", sys (rename, "y", name), -ENAMETOOLONG);
  IS ("rename/EXDEV", sys (rename, "y", "/proc/x"), -EXDEV);
  FAULT_PATH ("rename/old", p, sys (rename, p, "x"));
  FAULT_PATH ("rename/new", p, sys (rename, "y", p));
  FAULT_PATH ("renameat/old", p, sys (renameat, AT_FDCWD, p, AT_FDCWD, "x"));
  FAULT_PATH ("renameat/new", p, sys (renameat, AT_FDCWD, "y", AT_FDCWD, p));
  FAULT_PATH ("renameat2/old", p, sys (renameat2, AT_FDCWD, p, AT_FDCWD, "x", 0));
  FAULT_PATH ("renameat2/new", p, sys (renameat2, AT_FDCWD, "y", AT_FDCWD, p, 0));
}

static void
without_permission (void)
{
  IS ("rename/EACCES-old", sys (rename, "rodir/f", "open/f"), -EACCES);
  IS ("rename/EACCES-new", sys (rename, "open/mine", "rodir/x"), -EACCES);
  IS ("rename/EACCES-search", sys (rename, "locked/f", "open/f"), -EACCES);
  IS ("rename/allowed", sys (rename, "open/mine", "open/mine2"), 0);
}

/* In a sticky directory only the owner of the file or of the directory may rename.  */
static void
sticky (void)
{
  IS ("rename/EPERM-sticky", sys (rename, "sticky/f", "sticky/g"), -EPERM);
  IS ("rename/EPERM-sticky-replace", sys (rename, "open/mine2", "sticky/f"), -EPERM);
}

int
main (void)
{
  test_files ();
  test_directories ();
  test_flags ();
  test_at ();
  test_errors ();
  MUST (mkdir ("rodir", 0755));
  file ("rodir/f", "");
  MUST (chmod ("rodir", 0555));
  MUST (mkdir ("locked", 0600));
  MUST (mkdir ("open", 0755));
  MUST (chmod ("open", 0777));
  file ("open/mine", "");
  as_nobody (without_permission);
  if (is_root ())
    {
      MUST (mkdir ("sticky", 0755));
      MUST (chmod ("sticky", 01777));
      file ("sticky/f", "");
      as_nobody (sticky);
    }
  return guest_done ();
}
