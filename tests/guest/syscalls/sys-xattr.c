/* The extended attribute calls on user.* names: by path, link and descriptor.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
 * removexattr lremovexattr fremovexattr */
#include "guest.h"

#include <linux/capability.h>
#include <sys/xattr.h>

static char buf[70000];
static int fd;

static void
test_values (void)
{
  IS ("setxattr", sys (setxattr, "file", "user.a", "hello", 5, 0), 0);
  IS ("getxattr", sys (getxattr, "file", "user.a", buf, sizeof buf), 5);
  CHECK ("getxattr/bytes", !memcmp (buf, "hello", 5));
  IS ("getxattr/size-0", sys (getxattr, "file", "user.a", NULL, 0), 5);
  IS ("getxattr/ERANGE", sys (getxattr, "file", "user.a", buf, 4), -ERANGE);
  IS ("getxattr/exact", sys (getxattr, "file", "user.a", buf, 5), 5);
  IS ("fgetxattr", sys (fgetxattr, fd, "user.a", buf, sizeof buf), 5);
  IS ("lgetxattr", sys (lgetxattr, "file", "user.a", buf, sizeof buf), 5);
  IS ("setxattr/replace", sys (setxattr, "file", "user.a", "bye", 3, 0), 0);
  IS ("getxattr/replaced", sys (getxattr, "file", "user.a", buf, sizeof buf), 3);
  IS ("setxattr/empty-value", sys (setxattr, "file", "user.b", NULL, 0, 0), 0);
  IS ("getxattr/empty-value", sys (getxattr, "file", "user.b", buf, sizeof buf), 0);
  IS ("fsetxattr", sys (fsetxattr, fd, "user.c", "\0\1", 2, 0), 0);
  IS ("lsetxattr", sys (lsetxattr, "file", "user.d", "x", 1, 0), 0);
}

static void
test_flags (void)
{
  IS ("setxattr/CREATE-EEXIST", sys (setxattr, "file", "user.a", "x", 1, XATTR_CREATE), -EEXIST);
  IS ("setxattr/CREATE", sys (setxattr, "file", "user.e", "x", 1, XATTR_CREATE), 0);
  IS ("setxattr/REPLACE", sys (setxattr, "file", "user.e", "y", 1, XATTR_REPLACE), 0);
  IS ("setxattr/REPLACE-ENODATA", sys (setxattr, "file", "user.z", "y", 1, XATTR_REPLACE),
      -ENODATA);
  IS ("setxattr/unknown-flag", sys (setxattr, "file", "user.e", "y", 1, 4), -EINVAL);
  IS ("fsetxattr/CREATE-EEXIST", sys (fsetxattr, fd, "user.a", "x", 1, XATTR_CREATE), -EEXIST);
  IS ("lsetxattr/REPLACE-ENODATA", sys (lsetxattr, "file", "user.z", "", 0, XATTR_REPLACE),
      -ENODATA);
}

/* Whether NAME is in the list that is now in buf, N bytes long.  */
static bool
listed (long n, const char *name)
{
  for (char *p = buf; p < buf + n; p += strlen (p) + 1)
    if (!strcmp (p, name))
      return true;
  return false;
}

static int
count_user (long n)
{
  int count = 0;

  for (char *p = buf; p < buf + n; p += strlen (p) + 1)
    count += !strncmp (p, "user.", 5);
  return count;
}

static void
test_list (void)
{
  long n = sys (listxattr, "file", buf, sizeof buf);

  IS ("listxattr/count", count_user (n), 5);
  CHECK ("listxattr/names", listed (n, "user.a") && listed (n, "user.e") && !listed (n, "user.z"));
  IS ("listxattr/size-0", sys (listxattr, "file", NULL, 0), n);
  IS ("listxattr/ERANGE", sys (listxattr, "file", buf, n - 1), -ERANGE);
  IS ("flistxattr", sys (flistxattr, fd, buf, sizeof buf), n);
  IS ("llistxattr", sys (llistxattr, "file", buf, sizeof buf), n);
  IS ("removexattr", sys (removexattr, "file", "user.a"), 0);
  IS ("fremovexattr", sys (fremovexattr, fd, "user.b"), 0);
  IS ("lremovexattr", sys (lremovexattr, "file", "user.c"), 0);
  n = sys (listxattr, "file", buf, sizeof buf);
  IS ("listxattr/after-remove", count_user (n), 2);
  IS ("removexattr/ENODATA", sys (removexattr, "file", "user.a"), -ENODATA);
  IS ("fremovexattr/ENODATA", sys (fremovexattr, fd, "user.a"), -ENODATA);
  IS ("lremovexattr/ENODATA", sys (lremovexattr, "file", "user.a"), -ENODATA);
  IS ("getxattr/ENODATA", sys (getxattr, "file", "user.a", buf, sizeof buf), -ENODATA);
  IS ("fgetxattr/ENODATA", sys (fgetxattr, fd, "user.a", buf, sizeof buf), -ENODATA);
  IS ("lgetxattr/ENODATA", sys (lgetxattr, "file", "user.a", buf, sizeof buf), -ENODATA);
}

/* user.* belongs on files and directories only.  */
static void
test_kinds (void)
{
  MUST (symlink ("file", "soft"));
  MUST (mkfifo ("fifo", 0600));
  MUST (mkdir ("dir", 0755));
  IS ("setxattr/follows", sys (setxattr, "soft", "user.f", "x", 1, 0), 0);
  IS ("getxattr/followed", sys (getxattr, "file", "user.f", buf, sizeof buf), 1);
  IS ("lsetxattr/link", sys (lsetxattr, "soft", "user.f", "x", 1, 0), -EPERM);
  IS ("lgetxattr/link", sys (lgetxattr, "soft", "user.f", buf, sizeof buf), -ENODATA);
  IS ("lremovexattr/link", sys (lremovexattr, "soft", "user.f"), -EPERM);
  IS ("setxattr/fifo", sys (setxattr, "fifo", "user.f", "x", 1, 0), -EPERM);
  IS ("getxattr/fifo", sys (getxattr, "fifo", "user.f", buf, sizeof buf), -ENODATA);
  IS ("setxattr/directory", sys (setxattr, "dir", "user.f", "x", 1, 0), 0);
  IS ("getxattr/directory", sys (getxattr, "dir", "user.f", buf, sizeof buf), 1);
  IS ("setxattr/O_PATH", sys (fsetxattr, MUST (open ("file", O_PATH)), "user.f", "x", 1, 0),
      -EBADF);
}

static void
test_names (void)
{
  static char name[400] = "user.";

  memset (name + 5, 'n', 300);
  IS ("setxattr/name-too-long", sys (setxattr, "file", name, "x", 1, 0), -ERANGE);
  name[255] = 0;
  IS ("setxattr/longest-name", sys (setxattr, "file", name, "x", 1, 0), 0);
  IS ("setxattr/no-name", sys (setxattr, "file", "", "x", 1, 0), -ERANGE);
  IS ("setxattr/no-namespace", sys (setxattr, "file", "plain", "x", 1, 0), -EOPNOTSUPP);
  IS ("setxattr/unknown-namespace", sys (setxattr, "file", "foo.a", "x", 1, 0), -EOPNOTSUPP);
  IS ("setxattr/only-prefix", sys (setxattr, "file", "user.", "x", 1, 0), -EINVAL);
  IS ("getxattr/unknown-namespace", sys (getxattr, "file", "foo.a", buf, 10), -EOPNOTSUPP);
  IS ("setxattr/E2BIG", sys (setxattr, "file", "user.a", buf, 65537, 0), -E2BIG);
}

static void
test_errors (void)
{
  IS ("setxattr/ENOENT", sys (setxattr, "nothing", "user.a", "x", 1, 0), -ENOENT);
  IS ("getxattr/ENOENT", sys (getxattr, "nothing", "user.a", buf, 1), -ENOENT);
  IS ("listxattr/ENOENT", sys (listxattr, "nothing", buf, 1), -ENOENT);
  IS ("removexattr/ENOENT", sys (removexattr, "nothing", "user.a"), -ENOENT);
  IS ("lgetxattr/ENOENT", sys (lgetxattr, "nothing", "user.a", buf, 1), -ENOENT);
  IS ("llistxattr/ENOENT", sys (llistxattr, "nothing", buf, 1), -ENOENT);
  IS ("lsetxattr/ENOENT", sys (lsetxattr, "nothing", "user.a", "x", 1, 0), -ENOENT);
  IS ("lremovexattr/ENOENT", sys (lremovexattr, "nothing", "user.a"), -ENOENT);
  IS ("setxattr/ENOTDIR", sys (setxattr, "file/x", "user.a", "x", 1, 0), -ENOTDIR);
  IS ("fsetxattr/EBADF", sys (fsetxattr, -1, "user.a", "x", 1, 0), -EBADF);
  IS ("fgetxattr/EBADF", sys (fgetxattr, -1, "user.a", buf, 1), -EBADF);
  IS ("flistxattr/EBADF", sys (flistxattr, -1, buf, 1), -EBADF);
  IS ("fremovexattr/EBADF", sys (fremovexattr, -1, "user.a"), -EBADF);
}

static void
test_faults (void)
{
  FAULT_PATH ("setxattr/path", p, sys (setxattr, p, "user.a", "x", 1, 0));
  FAULT_PATH ("setxattr/name", p, sys (setxattr, "file", p, "x", 1, 0));
  FAULTS ("setxattr/value", BAD_IN, 4, p, sys (setxattr, "file", "user.a", p, 4, 0));
  FAULT_PATH ("lsetxattr/path", p, sys (lsetxattr, p, "user.a", "x", 1, 0));
  FAULT_PATH ("lsetxattr/name", p, sys (lsetxattr, "file", p, "x", 1, 0));
  FAULTS ("lsetxattr/value", BAD_IN, 4, p, sys (lsetxattr, "file", "user.a", p, 4, 0));
  FAULT_PATH ("fsetxattr/name", p, sys (fsetxattr, fd, p, "x", 1, 0));
  FAULTS ("fsetxattr/value", BAD_IN, 4, p, sys (fsetxattr, fd, "user.a", p, 4, 0));
  FAULT_PATH ("getxattr/path", p, sys (getxattr, p, "user.a", buf, 1));
  FAULT_PATH ("getxattr/name", p, sys (getxattr, "file", p, buf, 1));
  MUST (setxattr ("file", "user.a", "four", 4, 0));
  FAULTS ("getxattr/value", BAD_OUT, 4, p, sys (getxattr, "file", "user.a", p, 4));
  FAULT_PATH ("lgetxattr/path", p, sys (lgetxattr, p, "user.a", buf, 1));
  FAULT_PATH ("lgetxattr/name", p, sys (lgetxattr, "file", p, buf, 1));
  FAULTS ("lgetxattr/value", BAD_OUT, 4, p, sys (lgetxattr, "file", "user.a", p, 4));
  FAULT_PATH ("fgetxattr/name", p, sys (fgetxattr, fd, p, buf, 1));
  FAULTS ("fgetxattr/value", BAD_OUT, 4, p, sys (fgetxattr, fd, "user.a", p, 4));
  FAULT_PATH ("listxattr/path", p, sys (listxattr, p, buf, 1));
  FAULTS ("listxattr/list", BAD_OUT, 4, p, sys (listxattr, "file", p, 4000));
  FAULT_PATH ("llistxattr/path", p, sys (llistxattr, p, buf, 1));
  FAULTS ("llistxattr/list", BAD_OUT, 4, p, sys (llistxattr, "file", p, 4000));
  FAULTS ("flistxattr/list", BAD_OUT, 4, p, sys (flistxattr, fd, p, 4000));
  FAULT_PATH ("removexattr/path", p, sys (removexattr, p, "user.a"));
  FAULT_PATH ("removexattr/name", p, sys (removexattr, "file", p));
  FAULT_PATH ("lremovexattr/path", p, sys (lremovexattr, p, "user.a"));
  FAULT_PATH ("lremovexattr/name", p, sys (lremovexattr, "file", p));
  FAULT_PATH ("fremovexattr/name", p, sys (fremovexattr, fd, p));
}

static void
without_permission (void)
{
  IS ("setxattr/EACCES", sys (setxattr, "ro", "user.a", "x", 1, 0), -EACCES);
  IS ("removexattr/EACCES", sys (removexattr, "ro", "user.a"), -EACCES);
  IS ("getxattr/EACCES", sys (getxattr, "wo", "user.a", buf, 1), -EACCES);
  IS ("listxattr/needs-no-permission", sys (listxattr, "wo", buf, sizeof buf) >= 0, 1);
  IS ("setxattr/trusted-EPERM", sys (setxattr, "ro", "trusted.a", "x", 1, 0), -EPERM);
  IS ("getxattr/trusted-ENODATA", sys (getxattr, "ro", "trusted.a", buf, 1), -ENODATA);
}

int
main (void)
{
  fd = guest_file ("file", "");
  if (sys (setxattr, "file", "user.probe", "", 0, 0) == -EOPNOTSUPP)
    {
      guest_say ("the file system here keeps no user attributes");
      return 77;
    }
  MUST (sys (removexattr, "file", "user.probe"));
  test_values ();
  test_flags ();
  test_list ();
  test_kinds ();
  test_names ();
  test_errors ();
  MUST (close (guest_file ("ro", "")));
  MUST (close (guest_file ("wo", "")));
  MUST (chmod ("ro", 0444));
  MUST (chmod ("wo", 0222));
  as_nobody (without_permission);
  test_faults ();
  return guest_done ();
}
