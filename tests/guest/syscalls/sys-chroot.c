/* chroot: what / and .. mean afterwards, getcwd from outside, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: chroot */
#include "guest.h"

static char buf[4096];

static void
inside (void)
{
  struct stat a, b;

  MUST (chdir ("jail"));
  IS ("chroot", sys (chroot, "."), 0);
  IS ("chroot/getcwd", sys (getcwd, buf, sizeof buf), 2);
  CHECK ("chroot/root-is-jail", guest_exists ("/in") && !guest_exists ("/proc"));
  IS ("chroot/dotdot-stays", sys (chdir, "../../.."), 0);
  CHECK ("chroot/still-in", guest_exists ("in"));
  MUST (stat ("/", &a));
  MUST (stat ("/..", &b));
  CHECK ("chroot/dotdot-of-root", a.st_ino == b.st_ino);
  CHECK ("chroot/absolute-link", !strcmp (guest_content ("/abs"), "inside"));
}

/* The working directory is not moved: from it one still gets out, and getcwd says so.  */
static void
outside (void)
{
  IS ("chroot/cwd-outside", sys (chroot, "jail"), 0);
  long n = sys (getcwd, buf, sizeof buf);
  CHECK ("chroot/getcwd-unreachable", n > 0 && !strncmp (buf, "(unreachable)", 13));
  CHECK ("chroot/relative-outside", guest_exists ("file"));
  CHECK ("chroot/absolute-inside", guest_exists ("/in") && !guest_exists ("/file"));
}

static void
without_permission (void)
{
  IS ("chroot/EPERM", sys (chroot, "."), -EPERM);
  IS ("chroot/EACCES", sys (chroot, "locked/x"), -EACCES);
}

int
main (void)
{
  MUST (mkdir ("jail", 0755));
  MUST (close (guest_file ("jail/in", "inside")));
  MUST (close (guest_file ("file", "")));
  MUST (symlink ("/in", "jail/abs"));
  MUST (symlink ("self", "self"));
  MUST (mkdir ("locked", 0600));
  IS ("chroot/ENOENT", sys (chroot, "nothing"), -ENOENT);
  IS ("chroot/ENOTDIR", sys (chroot, "file"), -ENOTDIR);
  IS ("chroot/ELOOP", sys (chroot, "self"), -ELOOP);
  FAULT_PATH ("chroot/path", p, sys (chroot, p));
  as_nobody (without_permission);
  if (is_root ())
    {
      guest_child (inside);
      guest_child (outside);
    }
  return guest_done ();
}
