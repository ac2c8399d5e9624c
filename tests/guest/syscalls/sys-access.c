/* access, faccessat, faccessat2: real against effective ids, flags, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: access faccessat faccessat2 */
#include "guest.h"

static long
try (const char *path, int mode)
{
  long a = sys (access, path, mode);
  long b = sys (faccessat, AT_FDCWD, path, mode);
  long c = sys (faccessat2, AT_FDCWD, path, mode, 0);

  return a == b && b == c ? a : -4000;
}

static void
as_owner (void)
{
  MUST (close (guest_file ("own", "")));
  static const int modes[] = { 0, 0100, 0200, 0400, 0700, 0077 };
  for (int i = 0; i < 6; i++)
    {
      int m = modes[i];
      MUST (chmod ("own", m));
      IS (text ("access/owner-%03o-R", m), try ("own", R_OK), m & 0400 ? 0 : -EACCES);
      IS (text ("access/owner-%03o-W", m), try ("own", W_OK), m & 0200 ? 0 : -EACCES);
      IS (text ("access/owner-%03o-X", m), try ("own", X_OK), m & 0100 ? 0 : -EACCES);
      IS (text ("access/owner-%03o-RWX", m), try ("own", R_OK | W_OK | X_OK),
          m == 0700 ? 0 : -EACCES);
      IS (text ("access/owner-%03o-F", m), try ("own", F_OK), 0);
    }
}

static void
as_other (void)
{
  IS ("access/other-R", try ("others", R_OK), 0);
  IS ("access/other-W", try ("others", W_OK), -EACCES);
  IS ("access/other-X", try ("others", X_OK), -EACCES);
  IS ("access/EACCES-component", try ("locked/f", F_OK), -EACCES);
  IS ("access//etc/passwd-W", try ("/etc/passwd", W_OK), -EACCES);
  IS ("access/root-directory-W", try ("/", W_OK), -EACCES);
}

/* Root may read and write anything, but execute only what somebody may.  */
static void
as_root (void)
{
  MUST (close (guest_file ("rootfile", "")));
  MUST (chmod ("rootfile", 0));
  IS ("access/root-RW", try ("rootfile", R_OK | W_OK), 0);
  IS ("access/root-X-none", try ("rootfile", X_OK), -EACCES);
  MUST (chmod ("rootfile", 0001));
  IS ("access/root-X-other", try ("rootfile", X_OK), 0);
  MUST (mkdir ("rootdir", 0));
  IS ("access/root-X-directory", try ("rootdir", X_OK), 0);
}

/* access asks about the real ids, AT_EACCESS about the effective ones.  */
static void
real_and_effective (void)
{
  MUST (chmod ("rootfile", 0600));
  MUST (sys (setresuid, 65534, 0, 0));
  IS ("access/real-uid", sys (access, "rootfile", R_OK), -EACCES);
  IS ("faccessat2/AT_EACCESS", sys (faccessat2, AT_FDCWD, "rootfile", R_OK, AT_EACCESS), 0);
  MUST (sys (setresuid, 0, 65534, 0));
  IS ("access/real-root", sys (access, "rootfile", R_OK), 0);
  IS ("faccessat2/AT_EACCESS-refused", sys (faccessat2, AT_FDCWD, "rootfile", R_OK, AT_EACCESS),
      -EACCES);
}

static void
test_flags (void)
{
  int fd = guest_file ("file", "");
  int dir = MUST (open (".", O_PATH));

  MUST (symlink ("nowhere", "dangling"));
  IS ("access/dangling", try ("dangling", F_OK), -ENOENT);
  IS ("faccessat2/NOFOLLOW", sys (faccessat2, dir, "dangling", F_OK, AT_SYMLINK_NOFOLLOW), 0);
  IS ("faccessat2/EMPTY_PATH", sys (faccessat2, fd, "", R_OK, AT_EMPTY_PATH), 0);
  IS ("faccessat2/empty", sys (faccessat2, fd, "", R_OK, 0), -ENOENT);
  IS ("faccessat2/unknown-flag", sys (faccessat2, dir, "file", R_OK, 0x8000), -EINVAL);
  IS ("faccessat2/relative", sys (faccessat2, dir, "file", R_OK, 0), 0);
  IS ("faccessat/relative", sys (faccessat, dir, "file", R_OK), 0);
  IS ("faccessat/EBADF", sys (faccessat, -1, "file", R_OK), -EBADF);
  IS ("faccessat2/EBADF", sys (faccessat2, -1, "file", R_OK, 0), -EBADF);
  IS ("faccessat/ENOTDIR", sys (faccessat, fd, "file", R_OK), -ENOTDIR);
  IS ("faccessat/absolute", sys (faccessat, -1, "/", F_OK), 0);
  close (fd);
  close (dir);
}

static void
test_errors (void)
{
  char name[257];

  memset (name, 'x', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  IS ("access/mode-8", try ("file", 8), -EINVAL);
  IS ("access/mode-negative", try ("file", -1), -EINVAL);
  IS ("access/ENOENT", try ("nothing", F_OK), -ENOENT);
  IS ("access/ENOENT-empty", try ("", F_OK), -ENOENT);
  IS ("access/ENOTDIR", try ("file/x", F_OK), -ENOTDIR);
  IS ("access/ENAMETOOLONG", try (name, F_OK), -ENAMETOOLONG);
  IS ("access/ELOOP", try ("self", F_OK), -ELOOP);
  FAULT_PATH ("access/path", p, sys (access, p, F_OK));
  FAULT_PATH ("faccessat/path", p, sys (faccessat, AT_FDCWD, p, F_OK));
  FAULT_PATH ("faccessat2/path", p, sys (faccessat2, AT_FDCWD, p, F_OK, 0));
}

int
main (void)
{
  test_flags ();
  test_errors ();
  MUST (close (guest_file ("others", "")));
  MUST (mkdir ("locked", 0755));
  MUST (close (guest_file ("locked/f", "")));
  MUST (chmod ("locked", 0600));
  if (is_root ())
    {
      MUST (chmod ("others", 0754));
      as_nobody (as_other);
      as_root ();
      guest_child (real_and_effective);
      MUST (chmod (".", 0777));
    }
  as_nobody (as_owner);
  return guest_done ();
}
