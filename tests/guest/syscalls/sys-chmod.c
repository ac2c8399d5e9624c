/* chmod, fchmod, fchmodat, fchmodat2: modes, set-id bits, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: chmod fchmod fchmodat fchmodat2 */
#include "guest.h"

#define SYS_fchmodat2 452

static mode_t
mode_of (const char *path)
{
  struct stat st;

  MUST (lstat (path, &st));
  return st.st_mode & 07777;
}

static void
test_modes (void)
{
  int fd = guest_file ("file", "");
  struct stat before, after;

  MUST (fstat (fd, &before));
  IS ("chmod", sys (chmod, "file", 0751), 0);
  IS ("chmod/mode", mode_of ("file"), 0751);
  IS ("chmod/all-bits", sys (chmod, "file", 07777), 0);
  IS ("chmod/all-bits-set", mode_of ("file"), 07777);
  IS ("chmod/type-bits-ignored", sys (chmod, "file", S_IFDIR | 0600), 0);
  IS ("chmod/type-stays", mode_of ("file"), 0600);
  IS ("fchmod", sys (fchmod, fd, 0444), 0);
  IS ("fchmod/mode", mode_of ("file"), 0444);
  IS ("fchmod/open-file-still-writable", sys (write, fd, "x", 1), 1);
  MUST (fstat (fd, &after));
  CHECK ("chmod/mtime-stays-or-grows", after.st_mtim.tv_sec >= before.st_mtim.tv_sec);
  MUST (symlink ("file", "soft"));
  IS ("chmod/follows", sys (chmod, "soft", 0640), 0);
  IS ("chmod/followed", mode_of ("file"), 0640);
  MUST (mkdir ("dir", 0755));
  IS ("chmod/directory", sys (chmod, "dir", 01700), 0);
  IS ("chmod/directory-mode", mode_of ("dir"), 01700);
  MUST (mkfifo ("fifo", 0600));
  IS ("chmod/fifo", sys (chmod, "fifo", 0622), 0);
  IS ("chmod/fifo-mode", mode_of ("fifo"), 0622);
  close (fd);
}

static void
test_at (void)
{
  int dir = MUST (open (".", O_PATH));
  int fd = MUST (open ("file", O_RDONLY));

  IS ("fchmodat", sys (fchmodat, dir, "file", 0600), 0);
  IS ("fchmodat/fourth-argument-ignored", sys (fchmodat, dir, "file", 0601, 0x8000), 0);
  IS ("fchmodat/mode", mode_of ("file"), 0601);
  IS ("fchmodat/EBADF", sys (fchmodat, -1, "file", 0600), -EBADF);
  IS ("fchmodat/ENOTDIR", sys (fchmodat, fd, "file", 0600), -ENOTDIR);
  IS ("fchmodat/ENOENT-empty", sys (fchmodat, fd, "", 0600), -ENOENT);
  IS ("fchmodat2", sys (fchmodat2, dir, "file", 0602, 0), 0);
  IS ("fchmodat2/mode", mode_of ("file"), 0602);
  IS ("fchmodat2/EMPTY_PATH", sys (fchmodat2, fd, "", 0604, AT_EMPTY_PATH), 0);
  IS ("fchmodat2/EMPTY_PATH-mode", mode_of ("file"), 0604);
  IS ("fchmodat2/NOFOLLOW", sys (fchmodat2, dir, "file", 0600, AT_SYMLINK_NOFOLLOW), 0);
  IS ("fchmodat2/NOFOLLOW-link", sys (fchmodat2, dir, "soft", 0600, AT_SYMLINK_NOFOLLOW),
      -EOPNOTSUPP);
  IS ("fchmodat2/unknown-flag", sys (fchmodat2, dir, "file", 0600, 0x8000), -EINVAL);
  IS ("fchmodat2/EBADF", sys (fchmodat2, -1, "file", 0600, 0), -EBADF);
  FAULT_PATH ("fchmodat/path", p, sys (fchmodat, dir, p, 0600));
  FAULT_PATH ("fchmodat2/path", p, sys (fchmodat2, dir, p, 0600, 0));
  close (dir);
  close (fd);
}

static void
test_errors (void)
{
  int path = MUST (open ("file", O_PATH));
  char name[257];

  memset (name, 'n', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  IS ("chmod/ENOENT", sys (chmod, "nothing", 0), -ENOENT);
  IS ("chmod/ENOENT-empty", sys (chmod, "", 0), -ENOENT);
  IS ("chmod/ENOTDIR", sys (chmod, "file/x", 0), -ENOTDIR);
  IS ("chmod/ELOOP", sys (chmod, "self", 0), -ELOOP);
  IS ("chmod/ENAMETOOLONG", sys (chmod, name, 0), -ENAMETOOLONG);
  IS ("fchmod/EBADF", sys (fchmod, -1, 0), -EBADF);
  IS ("fchmod/EBADF-O_PATH", sys (fchmod, path, 0), -EBADF);
  FAULT_PATH ("chmod/path", p, sys (chmod, p, 0600));
  close (path);
}

static int foreign;

static void
without_permission (void)
{
  IS ("chmod/EPERM", sys (chmod, "/etc/passwd", 0600), -EPERM);
  IS ("fchmod/EPERM", sys (fchmod, foreign, 0600), -EPERM);
  IS ("fchmodat/EPERM", sys (fchmodat, AT_FDCWD, "/etc/passwd", 0600), -EPERM);
  IS ("chmod/EACCES", sys (chmod, "locked/f", 0600), -EACCES);
  /* The set-group-id bit is dropped when the owner is no member of the group.  */
  if (guest_exists ("theirs"))
    {
      IS ("chmod/setgid-of-foreign-group", sys (chmod, "theirs", 02755), 0);
      IS ("chmod/setgid-dropped", mode_of ("theirs"), 0755);
    }
}

/* A write by someone without CAP_FSETID takes the set-id bits away.  */
static void
write_drops_setid (void)
{
  MUST (chdir ("open"));
  int fd = guest_file ("mine", "x");
  MUST (chmod ("mine", 06755));
  IS ("chmod/setid-set", mode_of ("mine"), 06755);
  MUST (write (fd, "y", 1));
  IS ("write/drops-setid", mode_of ("mine"), 0755);
  MUST (chmod ("mine", 06745));
  MUST (ftruncate (fd, 0));
  IS ("ftruncate/drops-setuid", mode_of ("mine") & 04000, 0);
}

int
main (void)
{
  test_modes ();
  test_at ();
  test_errors ();
  foreign = MUST (open ("/etc/passwd", O_RDONLY));
  MUST (mkdir ("locked", 0600));
  MUST (mkdir ("open", 0755));
  MUST (chmod ("open", 0777));
  if (is_root ())
    {
      MUST (close (guest_file ("theirs", "")));
      MUST (chown ("theirs", 65534, 0));
    }
  as_nobody (without_permission);
  as_nobody (write_drops_setid);
  return guest_done ();
}
