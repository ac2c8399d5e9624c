/* fsync, fdatasync, sync, syncfs, sync_file_range: what they accept.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: fsync fdatasync sync syncfs sync_file_range */
#include "guest.h"

int
main (void)
{
  int fd = guest_file ("file", "hello");
  int rdonly = MUST (open ("file", O_RDONLY));
  int dir = MUST (open (".", O_RDONLY));
  int path = MUST (open ("file", O_PATH));
  int fds[2];

  MUST (pipe (fds));
  IS ("fsync/file", sys (fsync, fd), 0);
  IS ("fsync/read-only", sys (fsync, rdonly), 0);
  IS ("fsync/directory", sys (fsync, dir), 0);
  IS ("fsync/pipe", sys (fsync, fds[1]), -EINVAL);
  IS ("fsync/EBADF", sys (fsync, -1), -EBADF);
  IS ("fsync/O_PATH", sys (fsync, path), -EBADF);
  IS ("fdatasync/file", sys (fdatasync, fd), 0);
  IS ("fdatasync/read-only", sys (fdatasync, rdonly), 0);
  IS ("fdatasync/directory", sys (fdatasync, dir), 0);
  IS ("fdatasync/pipe", sys (fdatasync, fds[0]), -EINVAL);
  IS ("fdatasync/EBADF", sys (fdatasync, -1), -EBADF);
  IS ("fdatasync/O_PATH", sys (fdatasync, path), -EBADF);
  IS ("sync", sys (sync), 0);
  IS ("syncfs", sys (syncfs, fd), 0);
  IS ("syncfs/directory", sys (syncfs, dir), 0);
  IS ("syncfs/EBADF", sys (syncfs, -1), -EBADF);
  IS ("syncfs/O_PATH", sys (syncfs, path), -EBADF);
  IS ("sync_file_range", sys (sync_file_range, fd, 0, 5, 7), 0);
  IS ("sync_file_range/to-the-end", sys (sync_file_range, fd, 2, 0, 2), 0);
  IS ("sync_file_range/no-flags", sys (sync_file_range, fd, 0, 0, 0), 0);
  IS ("sync_file_range/unknown-flag", sys (sync_file_range, fd, 0, 5, 8), -EINVAL);
  IS ("sync_file_range/negative-offset", sys (sync_file_range, fd, -1, 5, 2), -EINVAL);
  IS ("sync_file_range/negative-length", sys (sync_file_range, fd, 0, -5, 2), -EINVAL);
  IS ("sync_file_range/EBADF", sys (sync_file_range, -1, 0, 5, 2), -EBADF);
  IS ("sync_file_range/ESPIPE", sys (sync_file_range, fds[0], 0, 5, 2), -ESPIPE);
  return guest_done ();
}
