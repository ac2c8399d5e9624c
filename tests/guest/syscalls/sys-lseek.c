/* lseek: each whence, holes, limits, what can't seek.  SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* covers: lseek */
#include "guest.h"

#include <limits.h>

static void
test_whence (void)
{
  int fd = guest_file ("file", "0123456789");
  char c;

  IS ("lseek/SET", sys (lseek, fd, 4, SEEK_SET), 4);
  IS ("lseek/CUR", sys (lseek, fd, 2, SEEK_CUR), 6);
  IS ("lseek/CUR-back", sys (lseek, fd, -5, SEEK_CUR), 1);
  MUST (read (fd, &c, 1));
  CHECK ("lseek/reads-there", c == '1');
  IS ("lseek/END", sys (lseek, fd, 0, SEEK_END), 10);
  IS ("lseek/END-back", sys (lseek, fd, -3, SEEK_END), 7);
  IS ("lseek/past-end", sys (lseek, fd, 100, SEEK_END), 110);
  IS ("lseek/before-start", sys (lseek, fd, -1, SEEK_SET), -EINVAL);
  IS ("lseek/before-start-CUR", sys (lseek, fd, -111, SEEK_CUR), -EINVAL);
  IS ("lseek/failure-moves-nothing", sys (lseek, fd, 0, SEEK_CUR), 110);
  IS ("lseek/overflow", sys (lseek, fd, LONG_MAX, SEEK_CUR), -EINVAL);
  IS ("lseek/unknown-whence", sys (lseek, fd, 0, 5), -EINVAL);
  IS ("lseek/unknown-whence-large", sys (lseek, fd, 0, 99), -EINVAL);
  close (fd);
}

static void
test_shared (void)
{
  int fd = guest_file ("file", "0123456789");
  int same = MUST (dup (fd));
  int other = MUST (open ("file", O_RDONLY));

  MUST (lseek (fd, 5, SEEK_SET));
  IS ("lseek/dup-shares", sys (lseek, same, 0, SEEK_CUR), 5);
  IS ("lseek/open-does-not", sys (lseek, other, 0, SEEK_CUR), 0);
  if (fork () == 0)
    _exit (lseek (fd, 3, SEEK_SET) != 3);
  wait (NULL);
  IS ("lseek/fork-shares", sys (lseek, fd, 0, SEEK_CUR), 3);
  close (fd);
  close (same);
  close (other);
}

/* Whether the file system keeps holes is its own business; what holds for each is tested.  */
static void
test_holes (void)
{
  int fd = guest_file ("holes", "data");

  IS ("lseek/DATA", sys (lseek, fd, 0, SEEK_DATA), 0);
  IS ("lseek/DATA-middle", sys (lseek, fd, 2, SEEK_DATA), 2);
  IS ("lseek/HOLE-at-end", sys (lseek, fd, 0, SEEK_HOLE), 4);
  IS ("lseek/DATA-past-end", sys (lseek, fd, 4, SEEK_DATA), -ENXIO);
  IS ("lseek/HOLE-past-end", sys (lseek, fd, 100, SEEK_HOLE), -ENXIO);
  IS ("lseek/DATA-negative", sys (lseek, fd, -1, SEEK_DATA), -ENXIO);
  MUST (pwrite (fd, "x", 1, 1 << 20));
  long hole = sys (lseek, fd, 0, SEEK_HOLE);
  CHECK ("lseek/HOLE-sparse", hole >= 4 && hole <= (1 << 20) + 1);
  long data = sys (lseek, fd, 1 << 19, SEEK_DATA);
  CHECK ("lseek/DATA-sparse", data >= 1 << 19 && data <= 1 << 20);
  close (fd);
}

static void
test_errors (void)
{
  int fds[2];
  int path = MUST (open ("file", O_PATH));

  MUST (pipe (fds));
  IS ("lseek/EBADF", sys (lseek, -1, 0, SEEK_SET), -EBADF);
  IS ("lseek/EBADF-O_PATH", sys (lseek, path, 0, SEEK_SET), -EBADF);
  IS ("lseek/ESPIPE", sys (lseek, fds[0], 0, SEEK_SET), -ESPIPE);
  IS ("lseek/ESPIPE-end", sys (lseek, fds[1], 0, SEEK_END), -ESPIPE);
  IS ("lseek//dev/null", sys (lseek, MUST (open ("/dev/null", O_RDONLY)), 100, SEEK_SET), 0);
}

static void
test_directory (void)
{
  int fd = MUST (open (".", O_RDONLY));
  char buf[1024];

  OK ("lseek/directory-read", sys (getdents64, fd, buf, sizeof buf));
  IS ("lseek/directory-at-end", sys (getdents64, fd, buf, sizeof buf), 0);
  IS ("lseek/directory-rewind", sys (lseek, fd, 0, SEEK_SET), 0);
  CHECK ("lseek/directory-reads-again", sys (getdents64, fd, buf, sizeof buf) > 0);
  close (fd);
}

int
main (void)
{
  test_whence ();
  test_shared ();
  test_holes ();
  test_errors ();
  test_directory ();
  return guest_done ();
}
