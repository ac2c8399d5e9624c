/* open, openat, creat: flags, modes, errors, faults, FIFOs, O_PATH, O_TMPFILE.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: open openat creat */
#include "guest.h"

#include <limits.h>
#include <sys/resource.h>

static char long_name[300], long_path[5000];

static mode_t
mode_of (const char *path)
{
  struct stat st;

  MUST (lstat (path, &st));
  return st.st_mode;
}

/* Opens, says whether it worked, closes.  */
static long
try (const char *path, int flags, int mode)
{
  long fd = sys (open, path, flags, mode);

  if (fd >= 0)
    close (fd);
  return fd < 0 ? fd : 0;
}

static void
test_create (void)
{
  IS ("open/ENOENT", try ("new", O_RDONLY, 0), -ENOENT);
  IS ("open/O_CREAT", try ("new", O_WRONLY | O_CREAT, 0666), 0);
  IS ("open/umask", mode_of ("new"), S_IFREG | 0644);
  IS ("open/O_CREAT-existing", try ("new", O_WRONLY | O_CREAT, 0600), 0);
  IS ("open/mode-unchanged", mode_of ("new"), S_IFREG | 0644);
  IS ("open/O_EXCL", try ("new", O_WRONLY | O_CREAT | O_EXCL, 0666), -EEXIST);
  IS ("open/O_EXCL-new", try ("new2", O_RDWR | O_CREAT | O_EXCL, 0666), 0);
  MUST (close (guest_file ("full", "hello")));
  IS ("open/O_TRUNC", try ("full", O_WRONLY | O_TRUNC, 0), 0);
  CHECK ("open/O_TRUNC-empty", !strcmp (guest_content ("full"), ""));
  MUST (close (guest_file ("full", "hello")));
  OK ("creat/existing", sys (creat, "full", 0600));
  CHECK ("creat/truncates", !strcmp (guest_content ("full"), ""));
  int fd = OK ("creat/new", sys (creat, "made", 04751));
  IS ("creat/mode", mode_of ("made"), S_IFREG | 04751);
  IS ("creat/write-only", sys (fcntl, fd, F_GETFL) & O_ACCMODE, O_WRONLY);
  /* The mode of a file one makes does not bind the descriptor that made it.  */
  fd = OK ("open/mode-0", sys (open, "closed", O_RDWR | O_CREAT, 0));
  IS ("open/mode-0-writes", sys (write, fd, "x", 1), 1);
  IS ("open/mode-bits-kept", (try ("sticky", O_WRONLY | O_CREAT, 07777), mode_of ("sticky")),
      S_IFREG | 07755);
}

static void
test_flags (void)
{
  int fd = OK ("open/lowest-descriptor", sys (open, "new", O_RDWR));
  int next = MUST (open ("new", O_RDONLY));

  IS ("open/next-descriptor", next, fd + 1);
  close (fd);
  IS ("open/reuses-lowest", sys (open, "new", O_RDONLY), fd);
  IS ("open/access-mode", sys (fcntl, fd, F_GETFL) & O_ACCMODE, O_RDONLY);
  IS ("open/no-cloexec", sys (fcntl, fd, F_GETFD), 0);
  close (fd);
  sys (open, "new", O_RDWR | O_CLOEXEC | O_APPEND | O_NONBLOCK);
  IS ("open/O_CLOEXEC", sys (fcntl, fd, F_GETFD), FD_CLOEXEC);
  IS ("open/F_GETFL", sys (fcntl, fd, F_GETFL) & ~0100000, O_RDWR | O_APPEND | O_NONBLOCK);
  close (fd);
  sys (open, "new", O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_SYNC, 0600);
  IS ("open/creation-flags-forgotten", sys (fcntl, fd, F_GETFL) & ~0100000, O_WRONLY | O_SYNC);
  close (fd);
  sys (open, "new", 3);
  IS ("open/mode-3-no-read", sys (read, fd, &fd, 1), -EBADF);
  close (next - 1);
  close (next);
  IS ("open/unknown-flag-ignored", try ("new", O_RDONLY | 0x80000000, 0), 0);
  IS ("open/O_NOATIME-own-file", try ("new", O_RDONLY | O_NOATIME, 0), 0);
  IS ("open/O_DIRECTORY", try (".", O_RDONLY | O_DIRECTORY, 0), 0);
  IS ("open/directory-plain", try (".", O_RDONLY, 0), 0);
  IS ("open/O_TMPFILE-without-write", try (".", O_TMPFILE | O_RDONLY, 0600), -EINVAL);
}

static void
test_errors (void)
{
  MUST (mkdir ("dir", 0755));
  memset (long_name, 'n', 256);
  memset (long_path, '/', 4096);
  IS ("open/EISDIR-write", try ("dir", O_WRONLY, 0), -EISDIR);
  IS ("open/EISDIR-rdwr", try ("dir", O_RDWR, 0), -EISDIR);
  IS ("open/EISDIR-O_CREAT", try ("dir", O_RDONLY | O_CREAT, 0600), -EISDIR);
  IS ("open/EEXIST-directory", try ("dir", O_RDONLY | O_CREAT | O_EXCL, 0600), -EEXIST);
  IS ("open/EINVAL-O_CREAT-O_DIRECTORY", try ("dir", O_RDONLY | O_CREAT | O_DIRECTORY, 0), -EINVAL);
  IS ("open/ENOTDIR", try ("new", O_RDONLY | O_DIRECTORY, 0), -ENOTDIR);
  IS ("open/ENOTDIR-component", try ("new/x", O_RDONLY, 0), -ENOTDIR);
  IS ("open/ENOTDIR-slash", try ("new/", O_RDONLY, 0), -ENOTDIR);
  IS ("open/EISDIR-create-slash", try ("nothing/", O_WRONLY | O_CREAT, 0600), -EISDIR);
  IS ("open/ENOENT-empty", try ("", O_RDONLY, 0), -ENOENT);
  IS ("open/ENOENT-component", try ("none/x", O_WRONLY | O_CREAT, 0600), -ENOENT);
  IS ("open/ENAMETOOLONG-name", try (long_name, O_RDONLY, 0), -ENAMETOOLONG);
  long_name[255] = 0;
  IS ("open/longest-name", try (long_name, O_WRONLY | O_CREAT, 0600), 0);
  IS ("open/ENAMETOOLONG-path", try (long_path, O_RDONLY, 0), -ENAMETOOLONG);
  long_path[4095] = 0;
  IS ("open/longest-path", try (long_path, O_RDONLY, 0), 0);
  IS ("creat/EISDIR", sys (creat, "dir", 0600), -EISDIR);
  IS ("openat/EBADF", sys (openat, -1, "new", O_RDONLY), -EBADF);
  IS ("openat/ENOTDIR", sys (openat, MUST (open ("new", O_RDONLY)), "x", O_RDONLY), -ENOTDIR);
  IS ("open/ETXTBSY", try ("/proc/self/exe", O_WRONLY, 0), is_root () ? -ETXTBSY : -EACCES);
}

static void
test_symlinks (void)
{
  MUST (symlink ("target", "link"));
  MUST (symlink ("loop", "loop"));
  MUST (symlink ("dir", "dirlink"));
  IS ("open/dangling", try ("link", O_RDONLY, 0), -ENOENT);
  IS ("open/dangling-O_EXCL", try ("link", O_WRONLY | O_CREAT | O_EXCL, 0600), -EEXIST);
  IS ("open/dangling-O_CREAT", try ("link", O_WRONLY | O_CREAT, 0600), 0);
  CHECK ("open/target-made", guest_exists ("target"));
  IS ("open/O_NOFOLLOW", try ("link", O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
  IS ("open/O_NOFOLLOW-O_DIRECTORY", try ("dirlink", O_RDONLY | O_NOFOLLOW | O_DIRECTORY, 0),
      -ENOTDIR);
  IS ("open/O_NOFOLLOW-slash", try ("dirlink/", O_RDONLY | O_NOFOLLOW, 0), 0);
  IS ("open/ELOOP", try ("loop", O_RDONLY, 0), -ELOOP);
  IS ("open/O_NOFOLLOW-component", try ("dirlink/..", O_RDONLY | O_NOFOLLOW, 0), 0);
}

static void
test_path (void)
{
  int fd = OK ("open/O_PATH", sys (open, "link", O_PATH | O_NOFOLLOW));
  struct stat st;
  char c;

  IS ("open/O_PATH-fstat", sys (fstat, fd, &st), 0);
  CHECK ("open/O_PATH-is-symlink", S_ISLNK (st.st_mode));
  IS ("open/O_PATH-readlinkat", sys (readlinkat, fd, "", &c, 1), 1);
  IS ("open/O_PATH-write", sys (write, fd, "x", 1), -EBADF);
  IS ("open/O_PATH-F_GETFL", sys (fcntl, fd, F_GETFL) & ~0100000, O_PATH | O_NOFOLLOW);
  IS ("open/O_PATH-fchmod", sys (fchmod, fd, 0600), -EBADF);
  close (fd);
  fd = OK ("open/O_PATH-directory", sys (open, "dir", O_PATH | O_DIRECTORY));
  IS ("openat/O_PATH-directory", sys (openat, fd, "f", O_WRONLY | O_CREAT, 0600) < 0, 0);
  IS ("open/O_PATH-getdents", sys (getdents64, fd, &st, sizeof st), -EBADF);
  IS ("open/O_PATH-fchdir", sys (fchdir, fd), 0);
  IS ("open/O_PATH-ignores-others", try ("f", O_PATH | O_TRUNC | O_WRONLY | O_CREAT, 0), 0);
  CHECK ("open/relative-to-new-cwd", guest_exists ("f"));
  MUST (chdir (".."));
  IS ("openat/AT_FDCWD", sys (openat, AT_FDCWD, "dir/f", O_RDONLY) < 0, 0);
  IS ("openat/absolute-ignores-fd", sys (openat, -1, "/", O_RDONLY) < 0, 0);
  close (fd);
}

static void
test_tmpfile (void)
{
  int fd = OK ("open/O_TMPFILE", sys (open, ".", O_TMPFILE | O_RDWR, 0640));
  struct stat st;

  MUST (fstat (fd, &st));
  IS ("open/O_TMPFILE-links", st.st_nlink, 0);
  IS ("open/O_TMPFILE-mode", st.st_mode, S_IFREG | 0640);
  IS ("open/O_TMPFILE-write", sys (write, fd, "tmp", 3), 3);
  IS ("open/O_TMPFILE-link",
      sys (linkat, AT_FDCWD, text ("/proc/self/fd/%d", fd), AT_FDCWD, "named", AT_SYMLINK_FOLLOW),
      0);
  CHECK ("open/O_TMPFILE-content", !strcmp (guest_content ("named"), "tmp"));
  close (fd);
  fd = OK ("open/O_TMPFILE-O_EXCL", sys (open, ".", O_TMPFILE | O_RDWR | O_EXCL, 0600));
  IS ("open/O_TMPFILE-O_EXCL-no-link",
      sys (linkat, AT_FDCWD, text ("/proc/self/fd/%d", fd), AT_FDCWD, "n2", AT_SYMLINK_FOLLOW),
      -ENOENT);
  IS ("open/O_TMPFILE-ENOTDIR", try ("named", O_TMPFILE | O_RDWR, 0600), -ENOTDIR);
  IS ("open/O_TMPFILE-ENOENT", try ("nothing", O_TMPFILE | O_RDWR, 0600), -ENOENT);
  close (fd);
}

static void
without_permission (void)
{
  IS ("open/EACCES-read", try ("private/f", O_RDONLY, 0), -EACCES);
  IS ("open/EACCES-component", try ("locked/f", O_RDONLY, 0), -EACCES);
  IS ("open/EACCES-create", try ("rodir/new", O_WRONLY | O_CREAT, 0600), -EACCES);
  IS ("open/create-existing-in-read-only-directory", try ("rodir/f", O_WRONLY | O_CREAT, 0), 0);
  IS ("open/EACCES-write", try ("rodir/ro", O_WRONLY, 0), -EACCES);
  IS ("open/EACCES-trunc", try ("rodir/ro", O_RDONLY | O_TRUNC, 0), -EACCES);
  IS ("open/read-allowed", try ("rodir/ro", O_RDONLY, 0), 0);
  IS ("open/O_PATH-needs-no-permission", try ("private/f", O_PATH, 0), 0);
  IS ("open/O_NOATIME-EPERM", try ("/etc/passwd", O_RDONLY | O_NOATIME, 0), -EPERM);
}

static void
make_forbidden (void)
{
  MUST (mkdir ("private", 0755));
  MUST (close (guest_file ("private/f", "x")));
  MUST (chmod ("private/f", 0));
  MUST (mkdir ("rodir", 0755));
  MUST (close (guest_file ("rodir/ro", "x")));
  MUST (chmod ("rodir/ro", 0444));
  MUST (close (guest_file ("rodir/f", "x")));
  MUST (chmod ("rodir/f", 0666));
  MUST (chmod ("rodir", 0555));
  MUST (mkdir ("locked", 0755));
  MUST (close (guest_file ("locked/f", "x")));
  MUST (chmod ("locked", 0600));
}

static void
open_reader (void)
{
  MUST (open ("fifo", O_RDONLY));
}

static void
open_writer (void)
{
  MUST (open ("fifo", O_WRONLY | O_NONBLOCK));
}

/* Opens both ends, so that the open that is asleep finds a partner even though this handler returns
 * first.  */
static void
open_both (void)
{
  MUST (open ("fifo", O_RDWR));
}

static void
test_fifo (void)
{
  MUST (mkfifo ("fifo", 0600));
  IS ("open/fifo-ENXIO", try ("fifo", O_WRONLY | O_NONBLOCK, 0), -ENXIO);
  IS ("open/fifo-read-nonblock", try ("fifo", O_RDONLY | O_NONBLOCK, 0), 0);
  IS ("open/fifo-both", try ("fifo", O_RDWR, 0), 0);
  BLOCKS ("open/fifo-waits-for-reader", open_reader, try ("fifo", O_WRONLY, 0), 0);
  BLOCKS ("open/fifo-waits-for-writer", open_writer, try ("fifo", O_RDONLY, 0), 0);
  INTERRUPTED ("open/fifo-EINTR", 0, NULL, try ("fifo", O_RDONLY, 0), -EINTR);
  INTERRUPTED ("open/fifo-restart", SA_RESTART, open_both, try ("fifo", O_WRONLY, 0), 0);
}

static void
descriptor_limit (void)
{
  int fd = MUST (open (".", O_RDONLY));
  struct rlimit limit = { fd + 1, fd + 1 };

  MUST (setrlimit (RLIMIT_NOFILE, &limit));
  IS ("open/EMFILE", try (".", O_RDONLY, 0), -EMFILE);
  IS ("open/EMFILE-before-ENOENT", try ("nothing", O_RDONLY, 0), -EMFILE);
  IS ("creat/EMFILE", sys (creat, "never", 0600), -EMFILE);
  CHECK ("creat/EMFILE-makes-nothing", !guest_exists ("never"));
}

static void
test_devices (void)
{
  char c = 1;
  int fd = OK ("open//dev/null", sys (open, "/dev/null", O_RDWR | O_TRUNC));

  IS ("open//dev/null-read", sys (read, fd, &c, 1), 0);
  IS ("open//dev/null-write", sys (write, fd, "abc", 3), 3);
  fd = OK ("open//dev/zero", sys (open, "/dev/zero", O_RDONLY));
  IS ("open//dev/zero-read", sys (read, fd, &c, 1), 1);
  IS ("open//dev/zero-byte", c, 0);
  fd = OK ("open//dev/full", sys (open, "/dev/full", O_WRONLY));
  IS ("open//dev/full-ENOSPC", sys (write, fd, &c, 1), -ENOSPC);
  IS ("open//dev/tty-ENXIO", try ("/dev/tty", O_RDWR, 0), -ENXIO);
}

int
main (void)
{
  test_create ();
  test_flags ();
  test_errors ();
  test_symlinks ();
  test_path ();
  test_tmpfile ();
  make_forbidden ();
  as_nobody (without_permission);
  test_fifo ();
  guest_child (descriptor_limit);
  test_devices ();
  FAULT_PATH ("open/path", p, sys (open, p, O_RDONLY));
  FAULT_PATH ("openat/path", p, sys (openat, AT_FDCWD, p, O_RDONLY));
  FAULT_PATH ("creat/path", p, sys (creat, p, 0600));
  return guest_done ();
}
