/* getdents64 and the older getdents: records, types, small buffers, changes while reading.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: getdents64 getdents */
#include "guest.h"

#include <dirent.h>

struct entry64
{
  uint64_t ino;
  int64_t off;
  uint16_t reclen;
  uint8_t type;
  char name[];
};

struct entry
{
  unsigned long ino, off;
  unsigned short reclen;
  char name[];
};

static char buf[4096] __attribute__ ((aligned (8)));

/* Reads what is left, with a buffer of SIZE; counts the entries; the type of each known name goes
 * to TYPES.  */
static int
read_all (int fd, size_t size, char types[256])
{
  long n;
  int count = 0;

  while ((n = MUST (sys (getdents64, fd, buf, size))) > 0)
    for (char *p = buf; p < buf + n; p += ((struct entry64 *) p)->reclen, count++)
      {
        struct entry64 *e = (struct entry64 *) p;
        if (e->reclen % 8 || !e->ino)
          return -1;
        types[(unsigned char) e->name[0]] = e->type;
      }
  return count;
}

static void
test_entries (void)
{
  int fd = MUST (open ("dir", O_RDONLY));
  char types[256] = { 0 };

  IS ("getdents64/count", read_all (fd, sizeof buf, types), 6);
  IS ("getdents64/type-file", types['f'], DT_REG);
  IS ("getdents64/type-directory", types['d'], DT_DIR);
  IS ("getdents64/type-link", types['l'], DT_LNK);
  IS ("getdents64/type-fifo", types['p'], DT_FIFO);
  IS ("getdents64/type-dot", types['.'], DT_DIR);
  IS ("getdents64/at-end", sys (getdents64, fd, buf, sizeof buf), 0);
  MUST (lseek (fd, 0, SEEK_SET));
  IS ("getdents64/one-at-a-time", read_all (fd, 32, types), 6);
  MUST (lseek (fd, 0, SEEK_SET));
  IS ("getdents64/too-small", sys (getdents64, fd, buf, 16), -EINVAL);
  IS ("getdents64/size-0", sys (getdents64, fd, buf, 0), -EINVAL);
  close (fd);
}

static void
test_inodes (void)
{
  int fd = MUST (open ("dir", O_RDONLY));
  long n = MUST (sys (getdents64, fd, buf, sizeof buf));
  bool same = true;
  struct stat st;

  for (char *p = buf; p < buf + n; p += ((struct entry64 *) p)->reclen)
    {
      struct entry64 *e = (struct entry64 *) p;
      MUST (fstatat (fd, e->name, &st, AT_SYMLINK_NOFOLLOW));
      same = same && st.st_ino == e->ino;
    }
  CHECK ("getdents64/inode-numbers", same);
  close (fd);
}

/* A position that a record gives takes one back behind that record.  */
static void
test_seek (void)
{
  int fd = MUST (open ("dir", O_RDONLY));
  char types[256];

  MUST (sys (getdents64, fd, buf, sizeof buf));
  int64_t after_first = ((struct entry64 *) buf)->off;
  MUST (lseek (fd, after_first, SEEK_SET));
  IS ("getdents64/seek", read_all (fd, sizeof buf, types), 5);
  close (fd);
}

static void
test_old (void)
{
  int fd = MUST (open ("dir", O_RDONLY));
  long n = MUST (sys (getdents, fd, buf, sizeof buf));
  int count = 0, directories = 0;

  for (char *p = buf; p < buf + n; count++)
    {
      struct entry *e = (struct entry *) p;
      p += e->reclen;
      directories += p[-1] == DT_DIR;
    }
  IS ("getdents/count", count, 6);
  IS ("getdents/types-at-end", directories, 3);
  IS ("getdents/at-end", sys (getdents, fd, buf, sizeof buf), 0);
  MUST (lseek (fd, 0, SEEK_SET));
  IS ("getdents/too-small", sys (getdents, fd, buf, 8), -EINVAL);
  FAULTS ("getdents/buf", BAD_OUT & ~BAD_CROSS, 256, p,
          (lseek (fd, 0, SEEK_SET), sys (getdents, fd, p, 256)));
  close (fd);
}

/* Entries that neither come nor go meanwhile are seen exactly once.  */
static void
test_changes (void)
{
  char types[256];
  int seen = 0;

  MUST (mkdir ("many", 0755));
  for (int i = 0; i < 500; i++)
    MUST (close (guest_file (text ("many/%03d", i), "")));
  int fd = MUST (open ("many", O_RDONLY));
  IS ("getdents64/many", read_all (fd, 1024, types), 502);
  MUST (lseek (fd, 0, SEEK_SET));
  for (long n, removed = 0; (n = MUST (sys (getdents64, fd, buf, 512))) > 0; removed++)
    for (char *p = buf; p < buf + n; p += ((struct entry64 *) p)->reclen)
      {
        struct entry64 *e = (struct entry64 *) p;
        seen += e->name[0] != '.';
        if (e->name[0] != '.')
          MUST (unlinkat (fd, e->name, 0));
      }
  IS ("getdents64/remove-while-reading", seen, 500);
  IS ("getdents64/all-removed", rmdir ("many"), 0);
  IS ("getdents64/ENOENT-removed-directory", sys (getdents64, fd, buf, sizeof buf) <= 0, 1);
  close (fd);
}

static void
test_errors (void)
{
  int fd = MUST (open ("dir", O_RDONLY));
  int file = MUST (open ("dir/f", O_RDONLY));
  int path = MUST (open ("dir", O_PATH));

  IS ("getdents64/EBADF", sys (getdents64, -1, buf, sizeof buf), -EBADF);
  IS ("getdents64/EBADF-O_PATH", sys (getdents64, path, buf, sizeof buf), -EBADF);
  IS ("getdents64/ENOTDIR", sys (getdents64, file, buf, sizeof buf), -ENOTDIR);
  IS ("getdents/EBADF", sys (getdents, -1, buf, sizeof buf), -EBADF);
  IS ("getdents/ENOTDIR", sys (getdents, file, buf, sizeof buf), -ENOTDIR);
  FAULTS ("getdents64/buf", BAD_OUT & ~BAD_CROSS, 256, p,
          (lseek (fd, 0, SEEK_SET), sys (getdents64, fd, p, 256)));
  IS ("getdents64/pipe", (MUST (pipe ((int *) buf)), sys (getdents64, *(int *) buf, buf, 100)),
      -ENOTDIR);
}

int
main (void)
{
  MUST (mkdir ("dir", 0755));
  MUST (mkdir ("dir/d", 0755));
  MUST (close (guest_file ("dir/f", "")));
  MUST (symlink ("f", "dir/l"));
  MUST (mkfifo ("dir/p", 0600));
  test_entries ();
  test_inodes ();
  test_seek ();
  test_old ();
  test_changes ();
  test_errors ();
  return guest_done ();
}
