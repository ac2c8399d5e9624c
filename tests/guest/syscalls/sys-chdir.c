/* getcwd, chdir, fchdir: also in a directory that is renamed or gone.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: getcwd chdir fchdir */
#include "guest.h"

static char top[4096], buf[4096];

/* Where we are, relative to the test's own directory.  */
static const char *
here (void)
{
  MUST (sys (getcwd, buf, sizeof buf));
  return strncmp (buf, top, strlen (top)) ? "elsewhere" : buf + strlen (top);
}

static void
test_moves (void)
{
  IS ("chdir", sys (chdir, "a/b"), 0);
  CHECK ("getcwd/after-chdir", !strcmp (here (), "/a/b"));
  IS ("chdir/dotdot", sys (chdir, ".."), 0);
  CHECK ("getcwd/after-dotdot", !strcmp (here (), "/a"));
  IS ("chdir/absolute", sys (chdir, top), 0);
  IS ("chdir/link", sys (chdir, "link"), 0);
  CHECK ("getcwd/link-resolved", !strcmp (here (), "/a/b"));
  IS ("chdir/root", sys (chdir, "/"), 0);
  IS ("getcwd/root-length", sys (getcwd, buf, sizeof buf), 2);
  CHECK ("getcwd/root", !strcmp (buf, "/"));
  IS ("chdir/above-root", sys (chdir, "../../.."), 0);
  CHECK ("getcwd/still-root", sys (getcwd, buf, sizeof buf) == 2);
  MUST (chdir (top));
  int fd = MUST (open ("a", O_PATH | O_DIRECTORY));
  IS ("fchdir/O_PATH", sys (fchdir, fd), 0);
  CHECK ("getcwd/after-fchdir", !strcmp (here (), "/a"));
  MUST (chdir (top));
  close (fd);
}

static void
test_sizes (void)
{
  long length = strlen (top) + 1;

  IS ("getcwd/length", sys (getcwd, buf, sizeof buf), length);
  IS ("getcwd/exact", sys (getcwd, buf, length), length);
  IS ("getcwd/ERANGE", sys (getcwd, buf, length - 1), -ERANGE);
  IS ("getcwd/ERANGE-0", sys (getcwd, buf, 0), -ERANGE);
  IS ("getcwd/huge", sys (getcwd, buf, -1), length);
  FAULTS ("getcwd/buf", BAD_OUT & ~BAD_CROSS, 1, p, sys (getcwd, p, 4096));
  IS ("getcwd/buf/EFAULT-cross", sys (getcwd, guest_bad_pointer (BAD_CROSS, 2), 4096), -EFAULT);
}

/* A working directory follows a rename, and outlives its removal.  */
static void
test_gone (void)
{
  MUST (mkdir ("old", 0755));
  MUST (chdir ("old"));
  MUST (rename ("../old", "../new"));
  CHECK ("getcwd/renamed", !strcmp (here (), "/new"));
  MUST (rmdir ("../new"));
  IS ("getcwd/ENOENT-removed", sys (getcwd, buf, sizeof buf), -ENOENT);
  IS ("chdir/dot-removed", sys (chdir, "."), 0);
  IS ("open/create-in-removed", sys (open, "x", O_WRONLY | O_CREAT, 0600), -ENOENT);
  IS ("mkdir/in-removed", sys (mkdir, "x", 0700), -ENOENT);
  ssize_t n = MUST (readlink ("/proc/self/cwd", buf, sizeof buf - 1));
  buf[n] = 0;
  CHECK ("proc-cwd/deleted", strstr (buf, "/new (deleted)"));
  IS ("chdir/dotdot-of-removed", sys (chdir, ".."), 0);
  CHECK ("getcwd/back", !strcmp (here (), ""));
}

static void
test_errors (void)
{
  char name[257];
  int file = guest_file ("file", "");

  memset (name, 'x', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  IS ("chdir/ENOENT", sys (chdir, "nothing"), -ENOENT);
  IS ("chdir/ENOENT-empty", sys (chdir, ""), -ENOENT);
  IS ("chdir/ENOTDIR", sys (chdir, "file"), -ENOTDIR);
  IS ("chdir/ELOOP", sys (chdir, "self"), -ELOOP);
  IS ("chdir/ENAMETOOLONG", sys (chdir, name), -ENAMETOOLONG);
  IS ("fchdir/EBADF", sys (fchdir, -1), -EBADF);
  IS ("fchdir/ENOTDIR", sys (fchdir, file), -ENOTDIR);
  FAULT_PATH ("chdir/path", p, sys (chdir, p));
  CHECK ("getcwd/unmoved", !strcmp (here (), ""));
  close (file);
}

static int locked;

static void
without_permission (void)
{
  IS ("chdir/EACCES", sys (chdir, "locked"), -EACCES);
  IS ("fchdir/EACCES", sys (fchdir, locked), -EACCES);
}

/* Each process has its own, unless CLONE_FS shares it.  */
static void
move_child (void)
{
  MUST (chdir ("a"));
}

int
main (void)
{
  MUST (sys (getcwd, top, sizeof top));
  MUST (mkdir ("a", 0755));
  MUST (mkdir ("a/b", 0755));
  MUST (symlink ("a/b", "link"));
  test_moves ();
  test_sizes ();
  test_gone ();
  test_errors ();
  MUST (mkdir ("locked", 0755));
  locked = MUST (open ("locked", O_PATH));
  MUST (chmod ("locked", 0600));
  as_nobody (without_permission);
  guest_child (move_child);
  CHECK ("chdir/child-has-its-own", !strcmp (here (), ""));
  return guest_done ();
}
