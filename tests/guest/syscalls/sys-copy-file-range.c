/* copy_file_range: offsets, overlap, errors, faults.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: copy_file_range */
#include "guest.h"

int
main (void)
{
  int in = guest_file ("in", "0123456789");
  int out = guest_file ("out", "");
  int rdonly = MUST (open ("out", O_RDONLY));
  int wronly = MUST (open ("in", O_WRONLY));
  int append = MUST (open ("out", O_WRONLY | O_APPEND));
  int dir = MUST (open (".", O_RDONLY));
  int path = MUST (open ("in", O_PATH));
  int fds[2];
  int64_t a = 2, b = 5;

  MUST (pipe (fds));
  IS ("copy_file_range/whole", sys (copy_file_range, in, NULL, out, NULL, 100, 0), 10);
  CHECK ("copy_file_range/bytes", !strcmp (guest_content ("out"), "0123456789"));
  IS ("copy_file_range/moves-input", sys (lseek, in, 0, SEEK_CUR), 10);
  IS ("copy_file_range/moves-output", sys (lseek, out, 0, SEEK_CUR), 10);
  IS ("copy_file_range/at-end", sys (copy_file_range, in, NULL, out, NULL, 100, 0), 0);
  IS ("copy_file_range/offsets", sys (copy_file_range, in, &a, out, &b, 3, 0), 3);
  CHECK ("copy_file_range/offsets-updated", a == 5 && b == 8);
  CHECK ("copy_file_range/offsets-bytes", !strcmp (guest_content ("out"), "0123423489"));
  IS ("copy_file_range/leaves-input", sys (lseek, in, 0, SEEK_CUR), 10);
  IS ("copy_file_range/length-0", sys (copy_file_range, in, &a, out, &b, 0, 0), 0);
  a = 0, b = 8;
  IS ("copy_file_range/same-file", sys (copy_file_range, in, &a, in, &b, 2, 0), 2);
  a = 0, b = 1;
  IS ("copy_file_range/overlap", sys (copy_file_range, in, &a, in, &b, 5, 0), -EINVAL);
  a = 100;
  IS ("copy_file_range/past-end", sys (copy_file_range, in, &a, out, &b, 5, 0), 0);
  a = -1;
  IS ("copy_file_range/negative", sys (copy_file_range, in, &a, out, &b, 5, 0), -EOVERFLOW);
  a = 0;
  IS ("copy_file_range/flags", sys (copy_file_range, in, &a, out, &b, 5, 1), -EINVAL);
  IS ("copy_file_range/EBADF-in", sys (copy_file_range, -1, &a, out, &b, 5, 0), -EBADF);
  IS ("copy_file_range/EBADF-out", sys (copy_file_range, in, &a, -1, &b, 5, 0), -EBADF);
  IS ("copy_file_range/EBADF-write-only", sys (copy_file_range, wronly, &a, out, &b, 5, 0), -EBADF);
  IS ("copy_file_range/EBADF-read-only", sys (copy_file_range, in, &a, rdonly, &b, 5, 0), -EBADF);
  IS ("copy_file_range/EBADF-append", sys (copy_file_range, in, &a, append, &b, 5, 0), -EBADF);
  IS ("copy_file_range/EBADF-O_PATH", sys (copy_file_range, path, &a, out, &b, 5, 0), -EBADF);
  IS ("copy_file_range/EISDIR", sys (copy_file_range, dir, &a, out, &b, 5, 0), -EISDIR);
  IS ("copy_file_range/pipe", sys (copy_file_range, fds[0], NULL, out, &b, 5, 0), -EINVAL);
  FAULTS ("copy_file_range/in-offset", BAD_OUT_OPTIONAL & ~BAD_READONLY, 8, p,
          sys (copy_file_range, in, p, out, &b, 5, 0));
  FAULTS ("copy_file_range/out-offset", BAD_OUT_OPTIONAL & ~BAD_READONLY, 8, p,
          sys (copy_file_range, in, &a, out, p, 5, 0));
  return guest_done ();
}
