/* fcntl: all commands but locks.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: fcntl */
#include "guest.h"

#include <sys/resource.h>

static int fd;

static void
test_descriptors (void)
{
  IS ("fcntl/F_DUPFD", sys (fcntl, fd, F_DUPFD, 40), 40);
  IS ("fcntl/F_DUPFD-next", sys (fcntl, fd, F_DUPFD, 40), 41);
  IS ("fcntl/F_DUPFD-no-cloexec", sys (fcntl, 40, F_GETFD), 0);
  IS ("fcntl/F_DUPFD_CLOEXEC", sys (fcntl, fd, F_DUPFD_CLOEXEC, 40), 42);
  IS ("fcntl/F_DUPFD_CLOEXEC-set", sys (fcntl, 42, F_GETFD), FD_CLOEXEC);
  IS ("fcntl/F_DUPFD-negative", sys (fcntl, fd, F_DUPFD, -1), -EINVAL);
  IS ("fcntl/F_DUPFD-over-limit", sys (fcntl, fd, F_DUPFD, 100000), -EINVAL);
  IS ("fcntl/F_SETFD", sys (fcntl, 40, F_SETFD, FD_CLOEXEC), 0);
  IS ("fcntl/F_GETFD", sys (fcntl, 40, F_GETFD), FD_CLOEXEC);
  IS ("fcntl/F_SETFD-clear", sys (fcntl, 40, F_SETFD, 0xfe), 0);
  IS ("fcntl/F_GETFD-clear", sys (fcntl, 40, F_GETFD), 0);
  IS ("fcntl/EBADF", sys (fcntl, -1, F_GETFD), -EBADF);
  IS ("fcntl/EINVAL-command", sys (fcntl, fd, 9999), -EINVAL);
  IS ("fcntl/F_DUPFD_QUERY-same", sys (fcntl, fd, 1024 + 3, 40), 1);
  IS ("fcntl/F_DUPFD_QUERY-other", sys (fcntl, fd, 1024 + 3, 1), 0);
}

static void
test_status (void)
{
  const int large = 0100000;

  IS ("fcntl/F_GETFL", sys (fcntl, fd, F_GETFL) & ~large, O_RDWR);
  IS ("fcntl/F_SETFL", sys (fcntl, fd, F_SETFL, O_APPEND | O_NONBLOCK), 0);
  IS ("fcntl/F_GETFL-set", sys (fcntl, fd, F_GETFL) & ~large, O_RDWR | O_APPEND | O_NONBLOCK);
  IS ("fcntl/F_SETFL-ignores-access-mode", sys (fcntl, fd, F_SETFL, O_WRONLY | O_CREAT), 0);
  IS ("fcntl/F_GETFL-unchanged", sys (fcntl, fd, F_GETFL) & ~large, O_RDWR);
  IS ("fcntl/F_SETFL-O_NOATIME-own", sys (fcntl, fd, F_SETFL, O_NOATIME), 0);
  IS ("fcntl/F_SETFL-clear", sys (fcntl, fd, F_SETFL, 0), 0);
}

static void
test_path (void)
{
  int path = MUST (open ("file", O_PATH));
  struct flock lock = { .l_type = F_RDLCK };

  IS ("fcntl/O_PATH-F_GETFD", sys (fcntl, path, F_GETFD), 0);
  IS ("fcntl/O_PATH-F_SETFD", sys (fcntl, path, F_SETFD, 1), 0);
  IS ("fcntl/O_PATH-F_DUPFD", sys (fcntl, path, F_DUPFD, 60), 60);
  OK ("fcntl/O_PATH-F_GETFL", sys (fcntl, path, F_GETFL));
  IS ("fcntl/O_PATH-F_SETFL", sys (fcntl, path, F_SETFL, 0), -EBADF);
  IS ("fcntl/O_PATH-F_SETLK", sys (fcntl, path, F_SETLK, &lock), -EBADF);
  IS ("fcntl/O_PATH-F_SETOWN", sys (fcntl, path, F_SETOWN, 0), -EBADF);
  close (60);
  close (path);
}

static void
test_owner (void)
{
  struct f_owner_ex owner = { F_OWNER_PID, getpid () };
  int fds[2];

  MUST (pipe (fds));
  IS ("fcntl/F_GETOWN-none", sys (fcntl, fds[0], F_GETOWN), 0);
  IS ("fcntl/F_SETOWN", sys (fcntl, fds[0], F_SETOWN, getpid ()), 0);
  IS ("fcntl/F_GETOWN", sys (fcntl, fds[0], F_GETOWN), getpid ());
  IS ("fcntl/F_SETOWN-unknown", sys (fcntl, fds[0], F_SETOWN, 0x3ffffff), -ESRCH);
  IS ("fcntl/F_SETOWN_EX", sys (fcntl, fds[0], F_SETOWN_EX, &owner), 0);
  owner.pid = 0;
  IS ("fcntl/F_GETOWN_EX", sys (fcntl, fds[0], F_GETOWN_EX, &owner), 0);
  CHECK ("fcntl/F_GETOWN_EX-value", owner.type == F_OWNER_PID && owner.pid == getpid ());
  owner.type = 99;
  IS ("fcntl/F_SETOWN_EX-type", sys (fcntl, fds[0], F_SETOWN_EX, &owner), -EINVAL);
  FAULTS ("fcntl/F_SETOWN_EX", BAD_IN, 8, p, sys (fcntl, fds[0], F_SETOWN_EX, p));
  FAULTS ("fcntl/F_GETOWN_EX", BAD_OUT, 8, p, sys (fcntl, fds[0], F_GETOWN_EX, p));
  IS ("fcntl/F_GETSIG", sys (fcntl, fds[0], F_GETSIG), 0);
  IS ("fcntl/F_SETSIG", sys (fcntl, fds[0], F_SETSIG, SIGUSR2), 0);
  IS ("fcntl/F_GETSIG-set", sys (fcntl, fds[0], F_GETSIG), SIGUSR2);
  IS ("fcntl/F_SETSIG-range", sys (fcntl, fds[0], F_SETSIG, 65), -EINVAL);
  MUST (sys (fcntl, fds[0], F_SETSIG, 0));
  guest_handle (SIGIO, 0);
  IS ("fcntl/O_ASYNC", sys (fcntl, fds[0], F_SETFL, O_ASYNC), 0);
  MUST (write (fds[1], "x", 1));
  IS ("fcntl/SIGIO", guest_signals, 1);
  IS ("fcntl/O_ASYNC-off", sys (fcntl, fds[0], F_SETFL, 0), 0);
}

static void
pipe_size_limit (void)
{
  int fds[2];

  MUST (pipe (fds));
  IS ("fcntl/F_SETPIPE_SZ-EPERM", sys (fcntl, fds[0], F_SETPIPE_SZ, 1 << 24), -EPERM);
  IS ("fcntl/F_SETPIPE_SZ-at-limit", sys (fcntl, fds[0], F_SETPIPE_SZ, 1 << 20), 1 << 20);
}

static void
test_pipe_size (void)
{
  int fds[2];
  char page[4096] = "";

  MUST (pipe (fds));
  IS ("fcntl/F_GETPIPE_SZ", sys (fcntl, fds[0], F_GETPIPE_SZ), 65536);
  IS ("fcntl/F_SETPIPE_SZ", sys (fcntl, fds[1], F_SETPIPE_SZ, 100000), 131072);
  IS ("fcntl/F_GETPIPE_SZ-set", sys (fcntl, fds[0], F_GETPIPE_SZ), 131072);
  IS ("fcntl/F_SETPIPE_SZ-page", sys (fcntl, fds[1], F_SETPIPE_SZ, 1), 4096);
  MUST (sys (fcntl, fds[1], F_SETPIPE_SZ, 16384));
  for (int i = 0; i < 3; i++)
    MUST (write (fds[1], page, sizeof page));
  IS ("fcntl/F_SETPIPE_SZ-EBUSY", sys (fcntl, fds[1], F_SETPIPE_SZ, 4096), -EBUSY);
  IS ("fcntl/F_SETPIPE_SZ-EBADF", sys (fcntl, fd, F_SETPIPE_SZ, 4096), -EBADF);
  IS ("fcntl/F_GETPIPE_SZ-EBADF", sys (fcntl, fd, F_GETPIPE_SZ), -EBADF);
  as_nobody (pipe_size_limit);
}

static void
foreign_lease (void)
{
  int other = MUST (open ("/etc/passwd", O_RDONLY));

  IS ("fcntl/F_SETLEASE-EACCES", sys (fcntl, other, F_SETLEASE, F_RDLCK), -EACCES);
}

static void
test_lease (void)
{
  int reader = MUST (open ("leased", O_RDONLY | O_CREAT, 0600));

  IS ("fcntl/F_GETLEASE", sys (fcntl, reader, F_GETLEASE), F_UNLCK);
  IS ("fcntl/F_SETLEASE", sys (fcntl, reader, F_SETLEASE, F_RDLCK), 0);
  IS ("fcntl/F_GETLEASE-read", sys (fcntl, reader, F_GETLEASE), F_RDLCK);
  guest_handle (SIGIO, 0);
  IS ("fcntl/lease-EWOULDBLOCK", sys (open, "leased", O_WRONLY | O_NONBLOCK), -EWOULDBLOCK);
  IS ("fcntl/lease-SIGIO", guest_signals, 1);
  IS ("fcntl/F_SETLEASE-release", sys (fcntl, reader, F_SETLEASE, F_UNLCK), 0);
  int writer = OK ("fcntl/lease-gone", sys (open, "leased", O_WRONLY | O_NONBLOCK));
  IS ("fcntl/F_SETLEASE-EAGAIN", sys (fcntl, reader, F_SETLEASE, F_RDLCK), -EAGAIN);
  IS ("fcntl/F_SETLEASE-EAGAIN-write", sys (fcntl, writer, F_SETLEASE, F_WRLCK), -EAGAIN);
  IS ("fcntl/F_SETLEASE-EINVAL", sys (fcntl, reader, F_SETLEASE, 9), -EINVAL);
  close (reader);
  IS ("fcntl/F_SETLEASE-write", sys (fcntl, writer, F_SETLEASE, F_WRLCK), 0);
  IS ("fcntl/F_GETLEASE-write", sys (fcntl, writer, F_GETLEASE), F_WRLCK);
  close (writer);
  as_nobody (foreign_lease);
}

static void
test_seals (void)
{
  int mem = MUST (sys (memfd_create, "sealed", MFD_ALLOW_SEALING));
  int plain = MUST (sys (memfd_create, "plain", 0));

  IS ("fcntl/F_GET_SEALS", sys (fcntl, mem, F_GET_SEALS), 0);
  IS ("fcntl/F_ADD_SEALS", sys (fcntl, mem, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
  IS ("fcntl/F_GET_SEALS-set", sys (fcntl, mem, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
  IS ("fcntl/F_SEAL_GROW", sys (ftruncate, mem, 1), -EPERM);
  IS ("fcntl/F_ADD_SEALS-unknown", sys (fcntl, mem, F_ADD_SEALS, 0x8000), -EINVAL);
  IS ("fcntl/F_SEAL_SEAL", sys (fcntl, mem, F_ADD_SEALS, F_SEAL_SEAL), 0);
  IS ("fcntl/F_ADD_SEALS-sealed", sys (fcntl, mem, F_ADD_SEALS, F_SEAL_WRITE), -EPERM);
  IS ("fcntl/F_GET_SEALS-no-sealing", sys (fcntl, plain, F_GET_SEALS), F_SEAL_SEAL);
  IS ("fcntl/F_ADD_SEALS-no-sealing", sys (fcntl, plain, F_ADD_SEALS, F_SEAL_WRITE), -EPERM);
  IS ("fcntl/F_GET_SEALS-pipe", sys (fcntl, 1, F_GET_SEALS), -EINVAL);
}

static void
test_hints (void)
{
  uint64_t hint = RWH_WRITE_LIFE_SHORT;

  IS ("fcntl/F_SET_RW_HINT", sys (fcntl, fd, F_SET_RW_HINT, &hint), 0);
  hint = 0;
  IS ("fcntl/F_GET_RW_HINT", sys (fcntl, fd, F_GET_RW_HINT, &hint), 0);
  IS ("fcntl/hint", hint, RWH_WRITE_LIFE_SHORT);
  hint = 77;
  IS ("fcntl/F_SET_RW_HINT-EINVAL", sys (fcntl, fd, F_SET_RW_HINT, &hint), -EINVAL);
  FAULTS ("fcntl/F_SET_RW_HINT", BAD_IN, 8, p, sys (fcntl, fd, F_SET_RW_HINT, p));
  FAULTS ("fcntl/F_GET_RW_HINT", BAD_OUT, 8, p, sys (fcntl, fd, F_GET_RW_HINT, p));
  IS ("fcntl/F_NOTIFY-ENOTDIR", sys (fcntl, fd, F_NOTIFY, DN_CREATE), -ENOTDIR);
}

int
main (void)
{
  fd = guest_file ("file", "");
  test_descriptors ();
  test_status ();
  test_path ();
  test_owner ();
  test_pipe_size ();
  test_lease ();
  test_seals ();
  test_hints ();
  return guest_done ();
}
