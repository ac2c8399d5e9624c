/* symlink, symlinkat, readlink, readlinkat: contents, lengths, magic links, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: symlink symlinkat readlink readlinkat */
#include "guest.h"

static char buf[8192], target[5000];

static void
test_contents (void)
{
  struct stat st;

  IS ("symlink", sys (symlink, "any/thing at//all", "a"), 0);
  IS ("readlink", sys (readlink, "a", buf, sizeof buf), 17);
  CHECK ("readlink/bytes", !memcmp (buf, "any/thing at//all", 17));
  memset (buf, '#', sizeof buf);
  IS ("readlink/cut", sys (readlink, "a", buf, 3), 3);
  CHECK ("readlink/no-NUL", !memcmp (buf, "any#", 4));
  MUST (lstat ("a", &st));
  IS ("symlink/mode", st.st_mode, S_IFLNK | 0777);
  IS ("symlink/size", st.st_size, 17);
  memset (target, 't', 4096);
  IS ("symlink/ENAMETOOLONG-target", sys (symlink, target, "long"), -ENAMETOOLONG);
  target[4000] = 0;
  IS ("symlink/long-target", sys (symlink, target, "long"), 0);
  IS ("readlink/long-target", sys (readlink, "long", buf, sizeof buf), 4000);
  IS ("symlink/empty-target", sys (symlink, "", "b"), -ENOENT);
}

static void
test_at (void)
{
  int dir, fd;

  MUST (mkdir ("dir", 0755));
  dir = MUST (open ("dir", O_PATH));
  IS ("symlinkat", sys (symlinkat, "x", dir, "l"), 0);
  IS ("readlinkat", sys (readlinkat, dir, "l", buf, sizeof buf), 1);
  fd = MUST (open ("dir/l", O_PATH | O_NOFOLLOW));
  IS ("readlinkat/empty-on-link", sys (readlinkat, fd, "", buf, sizeof buf), 1);
  IS ("readlinkat/empty-on-directory", sys (readlinkat, dir, "", buf, sizeof buf), -ENOENT);
  IS ("readlinkat/EBADF", sys (readlinkat, -1, "l", buf, sizeof buf), -EBADF);
  IS ("symlinkat/EBADF", sys (symlinkat, "x", -1, "l"), -EBADF);
  close (fd);
  fd = guest_file ("file", "");
  IS ("readlinkat/ENOTDIR", sys (readlinkat, fd, "l", buf, sizeof buf), -ENOTDIR);
  IS ("symlinkat/ENOTDIR", sys (symlinkat, "x", fd, "l"), -ENOTDIR);
  IS ("symlinkat/AT_FDCWD", sys (symlinkat, "x", AT_FDCWD, "l"), 0);
  FAULT_PATH ("symlinkat/target", p, sys (symlinkat, p, dir, "new"));
  FAULT_PATH ("symlinkat/path", p, sys (symlinkat, "x", dir, p));
  FAULT_PATH ("readlinkat/path", p, sys (readlinkat, dir, p, buf, sizeof buf));
  FAULTS ("readlinkat/buf", BAD_OUT, 2, p, sys (readlinkat, AT_FDCWD, "a", p, 17));
  close (dir);
  close (fd);
}

static void
test_errors (void)
{
  char name[257];

  memset (name, 'n', 256);
  name[256] = 0;
  MUST (symlink ("self", "self"));
  IS ("symlink/EEXIST", sys (symlink, "x", "file"), -EEXIST);
  IS ("symlink/EEXIST-dangling", sys (symlink, "x", "a"), -EEXIST);
  IS ("symlink/ENOENT", sys (symlink, "x", "no/x"), -ENOENT);
  IS ("symlink/ENOENT-empty", sys (symlink, "x", ""), -ENOENT);
  IS ("symlink/slash", sys (symlink, "x", "new/"), -ENOENT);
  IS ("symlink/ENOTDIR", sys (symlink, "x", "file/x"), -ENOTDIR);
  IS ("symlink/ELOOP", sys (symlink, "x", "self/x"), -ELOOP);
  IS ("symlink/ENAMETOOLONG", sys (symlink, "x", name), -ENAMETOOLONG);
  IS ("readlink/EINVAL-file", sys (readlink, "file", buf, sizeof buf), -EINVAL);
  IS ("readlink/EINVAL-directory", sys (readlink, "dir", buf, sizeof buf), -EINVAL);
  IS ("readlink/EINVAL-size-0", sys (readlink, "a", buf, 0), -EINVAL);
  IS ("readlink/EINVAL-size-negative", sys (readlink, "a", buf, -1), -EINVAL);
  IS ("readlink/ENOENT", sys (readlink, "nothing", buf, sizeof buf), -ENOENT);
  IS ("readlink/ENOENT-empty", sys (readlink, "", buf, sizeof buf), -ENOENT);
  IS ("readlink/ENOTDIR", sys (readlink, "file/x", buf, sizeof buf), -ENOTDIR);
  IS ("readlink/slash-follows", sys (readlink, "a/", buf, sizeof buf), -ENOENT);
  IS ("readlink/ELOOP", sys (readlink, "self/x", buf, sizeof buf), -ELOOP);
  IS ("readlink/loop-itself", sys (readlink, "self", buf, sizeof buf), 4);
  FAULT_PATH ("symlink/target", p, sys (symlink, p, "new"));
  FAULT_PATH ("symlink/path", p, sys (symlink, "x", p));
  FAULT_PATH ("readlink/path", p, sys (readlink, p, buf, sizeof buf));
  FAULTS ("readlink/buf", BAD_OUT, 2, p, sys (readlink, "a", p, 17));
}

static const char *
magic (const char *path)
{
  ssize_t n = readlink (path, buf, sizeof buf - 1);

  buf[n < 0 ? 0 : n] = 0;
  return buf;
}

static void
test_magic (void)
{
  int fd = MUST (open ("file", O_RDONLY));
  char cwd[4096];

  MUST (sys (getcwd, cwd, sizeof cwd));
  CHECK ("readlink/proc-cwd", !strcmp (magic ("/proc/self/cwd"), cwd));
  CHECK ("readlink/proc-root", !strcmp (magic ("/proc/self/root"), "/"));
  strcat (cwd, "/file");
  CHECK ("readlink/proc-fd", !strcmp (magic (text ("/proc/self/fd/%d", fd)), cwd));
  MUST (unlink ("file"));
  strcat (cwd, " (deleted)");
  CHECK ("readlink/proc-fd-deleted", !strcmp (magic (text ("/proc/self/fd/%d", fd)), cwd));
  IS ("readlink/proc-self", atoi (magic ("/proc/self")), getpid ());
  int fds[2];
  MUST (pipe (fds));
  CHECK ("readlink/proc-fd-pipe",
         !strncmp (magic (text ("/proc/self/fd/%d", fds[0])), "pipe:[", 6));
  close (fd);
}

/* 40 links in one walk are allowed, 41 are not.  */
static void
test_depth (void)
{
  struct stat st;

  MUST (close (guest_file ("l0", "")));
  for (int i = 1; i <= 41; i++)
    MUST (symlink (text ("l%d", i - 1), text ("l%d", i)));
  IS ("symlink/40-deep", sys (stat, "l40", &st), 0);
  IS ("symlink/41-deep", sys (stat, "l41", &st), -ELOOP);
}

static void
without_permission (void)
{
  IS ("symlink/EACCES", sys (symlink, "x", "rodir/l"), -EACCES);
  IS ("readlink/EACCES", sys (readlink, "locked/l", buf, sizeof buf), -EACCES);
}

int
main (void)
{
  test_contents ();
  test_at ();
  test_errors ();
  test_magic ();
  test_depth ();
  MUST (mkdir ("rodir", 0555));
  MUST (mkdir ("locked", 0600));
  as_nobody (without_permission);
  return guest_done ();
}
