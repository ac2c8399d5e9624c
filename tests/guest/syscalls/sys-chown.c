/* chown, fchown, lchown, fchownat: who may, what becomes of set-id bits, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: chown fchown lchown fchownat */
#include "guest.h"

#include <sys/fsuid.h>

static void
owner_is (const char *name, const char *path, uid_t uid, gid_t gid)
{
  struct stat st;

  MUST (lstat (path, &st));
  IS (text ("%s-uid", name), st.st_uid, uid);
  IS (text ("%s-gid", name), st.st_gid, gid);
}

static void
as_root (void)
{
  int fd = guest_file ("file", "");
  int dir = MUST (open (".", O_PATH));

  MUST (symlink ("file", "soft"));
  IS ("chown", sys (chown, "file", 11, 12), 0);
  owner_is ("chown", "file", 11, 12);
  IS ("chown/uid-only", sys (chown, "file", 13, -1), 0);
  owner_is ("chown/uid-only", "file", 13, 12);
  IS ("chown/gid-only", sys (chown, "file", -1, 14), 0);
  owner_is ("chown/gid-only", "file", 13, 14);
  IS ("chown/follows", sys (chown, "soft", 15, 15), 0);
  owner_is ("chown/followed", "file", 15, 15);
  IS ("lchown", sys (lchown, "soft", 16, 17), 0);
  owner_is ("lchown", "soft", 16, 17);
  owner_is ("lchown/target", "file", 15, 15);
  IS ("fchown", sys (fchown, fd, 18, 19), 0);
  owner_is ("fchown", "file", 18, 19);
  IS ("fchownat", sys (fchownat, dir, "soft", 20, 21, 0), 0);
  owner_is ("fchownat", "file", 20, 21);
  IS ("fchownat/NOFOLLOW", sys (fchownat, dir, "soft", 22, 23, AT_SYMLINK_NOFOLLOW), 0);
  owner_is ("fchownat/NOFOLLOW", "soft", 22, 23);
  IS ("fchownat/EMPTY_PATH", sys (fchownat, fd, "", 24, 25, AT_EMPTY_PATH), 0);
  owner_is ("fchownat/EMPTY_PATH", "file", 24, 25);
  IS ("chown/largest", sys (chown, "file", 0xfffffffe, 0xfffffffe), 0);
  owner_is ("chown/largest", "file", 0xfffffffe, 0xfffffffe);
}

/* An executable loses its set-id bits, even when root changes the owner; mandatory-lock style 02644
 * keeps it.  */
static void
set_id_bits (void)
{
  struct stat st;

  MUST (close (guest_file ("prog", "")));
  MUST (chmod ("prog", 06755));
  MUST (sys (chown, "prog", 1, 1));
  MUST (stat ("prog", &st));
  IS ("chown/drops-set-id", st.st_mode & 07777, 0755);
  MUST (chmod ("prog", 02644));
  MUST (sys (chown, "prog", 2, 2));
  MUST (stat ("prog", &st));
  IS ("chown/keeps-setgid-without-x", st.st_mode & 07777, 02644);
  MUST (mkdir ("dir", 0755));
  MUST (chmod ("dir", 06755));
  MUST (sys (chown, "dir", 1, 1));
  MUST (stat ("dir", &st));
  IS ("chown/directory-keeps", st.st_mode & 07777, 06755);
}

static int foreign;

static void
without_permission (void)
{
  IS ("chown/EPERM", sys (chown, "/etc/passwd", 65534, -1), -EPERM);
  IS ("lchown/EPERM", sys (lchown, "/etc/passwd", 65534, -1), -EPERM);
  IS ("fchown/EPERM", sys (fchown, foreign, -1, 65534), -EPERM);
  IS ("fchownat/EPERM", sys (fchownat, AT_FDCWD, "/etc/passwd", 0, 65534, 0), -EPERM);
  IS ("chown/EACCES", sys (chown, "locked/f", -1, -1), -EACCES);
  MUST (chdir ("open"));
  MUST (close (guest_file ("mine", "")));
  IS ("chown/give-away-EPERM", sys (chown, "mine", 1, -1), -EPERM);
  IS ("chown/foreign-group-EPERM", sys (chown, "mine", -1, 1), -EPERM);
  IS ("chown/own-group", sys (chown, "mine", -1, getegid ()), 0);
  IS ("chown/same", sys (chown, "mine", geteuid (), getegid ()), 0);
  IS ("chown/nothing", sys (chown, "mine", -1, -1), 0);
}

static void
test_errors (void)
{
  int path = MUST (open ("file", O_PATH));
  int fd = MUST (open ("file", O_RDONLY));
  char name[257];

  memset (name, 'n', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  IS ("chown/ENOENT", sys (chown, "nothing", -1, -1), -ENOENT);
  IS ("chown/ENOTDIR", sys (chown, "file/x", -1, -1), -ENOTDIR);
  IS ("chown/ELOOP", sys (chown, "self", -1, -1), -ELOOP);
  IS ("lchown/loop-itself", sys (lchown, "self", -1, -1), 0);
  IS ("chown/ENAMETOOLONG", sys (chown, name, -1, -1), -ENAMETOOLONG);
  IS ("lchown/ENOENT", sys (lchown, "nothing", -1, -1), -ENOENT);
  IS ("fchown/EBADF", sys (fchown, -1, -1, -1), -EBADF);
  IS ("fchown/EBADF-O_PATH", sys (fchown, path, -1, -1), -EBADF);
  IS ("fchownat/EBADF", sys (fchownat, -1, "file", -1, -1, 0), -EBADF);
  IS ("fchownat/ENOTDIR", sys (fchownat, fd, "file", -1, -1, 0), -ENOTDIR);
  IS ("fchownat/ENOENT-empty", sys (fchownat, fd, "", -1, -1, 0), -ENOENT);
  IS ("fchownat/EMPTY_PATH-O_PATH", sys (fchownat, path, "", -1, -1, AT_EMPTY_PATH), 0);
  IS ("fchownat/unknown-flag", sys (fchownat, AT_FDCWD, "file", -1, -1, 0x8000), -EINVAL);
  FAULT_PATH ("chown/path", p, sys (chown, p, -1, -1));
  FAULT_PATH ("lchown/path", p, sys (lchown, p, -1, -1));
  FAULT_PATH ("fchownat/path", p, sys (fchownat, AT_FDCWD, p, -1, -1, 0));
}

int
main (void)
{
  if (is_root ())
    {
      as_root ();
      set_id_bits ();
    }
  else
    MUST (close (guest_file ("file", "")));
  test_errors ();
  foreign = MUST (open ("/etc/passwd", O_RDONLY));
  MUST (mkdir ("locked", 0600));
  MUST (mkdir ("open", 0755));
  MUST (chmod ("open", 0777));
  as_nobody (without_permission);
  return guest_done ();
}
