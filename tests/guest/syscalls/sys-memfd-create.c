/* memfd_create: names, flags, seals, sharing by mapping.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: memfd_create */
#include "guest.h"

#define PAGE 4096l

static void
test_file (void)
{
  char link[64], name[300];
  struct stat st;
  int fd = OK ("memfd_create", sys (memfd_create, "my name", 0));

  MUST (fstat (fd, &st));
  IS ("memfd_create/mode", st.st_mode, S_IFREG | 0777);
  IS ("memfd_create/size", st.st_size, 0);
  IS ("memfd_create/links", st.st_nlink, 0);
  IS ("memfd_create/uid", st.st_uid, geteuid ());
  ssize_t n = MUST (readlink (text ("/proc/self/fd/%d", fd), link, sizeof link - 1));
  link[n] = 0;
  CHECK ("memfd_create/name", !strcmp (link, "/memfd:my name (deleted)"));
  IS ("memfd_create/read-write", fcntl (fd, F_GETFL) & O_ACCMODE, O_RDWR);
  IS ("memfd_create/no-cloexec", fcntl (fd, F_GETFD), 0);
  IS ("memfd_create/write", sys (write, fd, "hello", 5), 5);
  char *p = mmap (NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK ("memfd_create/mapped", !memcmp (p, "hello", 5));
  p[0] = 'J';
  char buf[6] = "";
  MUST (pread (fd, buf, 5, 0));
  CHECK ("memfd_create/written-through", !strcmp (buf, "Jello"));
  int again = OK ("memfd_create/reopen", sys (open, text ("/proc/self/fd/%d", fd), O_RDONLY));
  IS ("memfd_create/reopen-read", sys (read, again, buf, 5), 5);
  fd = OK ("memfd_create/CLOEXEC", sys (memfd_create, "", MFD_CLOEXEC));
  IS ("memfd_create/CLOEXEC-set", fcntl (fd, F_GETFD), FD_CLOEXEC);
  memset (name, 'n', sizeof name);
  name[249] = 0;
  OK ("memfd_create/longest-name", sys (memfd_create, name, 0));
  name[249] = 'n';
  name[250] = 0;
  IS ("memfd_create/name-too-long", sys (memfd_create, name, 0), -EINVAL);
  IS ("memfd_create/unknown-flag", sys (memfd_create, "x", 0x8000), -EINVAL);
  FAULT_PATH ("memfd_create/name", q, sys (memfd_create, q, 0));
}

static void
test_seals (void)
{
  int fd = MUST (sys (memfd_create, "sealed", MFD_ALLOW_SEALING));

  MUST (ftruncate (fd, PAGE));
  IS ("memfd_create/F_SEAL_SHRINK", sys (fcntl, fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
  IS ("memfd_create/shrink-EPERM", sys (ftruncate, fd, 0), -EPERM);
  IS ("memfd_create/grow", sys (ftruncate, fd, 2 * PAGE), 0);
  IS ("memfd_create/F_SEAL_GROW", sys (fcntl, fd, F_ADD_SEALS, F_SEAL_GROW), 0);
  IS ("memfd_create/write-beyond-EPERM", sys (pwrite64, fd, "x", 1, 2 * PAGE), -EPERM);
  IS ("memfd_create/write-inside", sys (pwrite64, fd, "x", 1, 0), 1);
  char *p = mmap (NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  IS ("memfd_create/F_SEAL_WRITE-EBUSY", sys (fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), -EBUSY);
  MUST (munmap (p, PAGE));
  IS ("memfd_create/F_SEAL_WRITE", sys (fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
  IS ("memfd_create/write-EPERM", sys (pwrite64, fd, "x", 1, 0), -EPERM);
  IS ("memfd_create/map-EPERM", sys (mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
      -EPERM);
  OK ("memfd_create/map-private", sys (mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  int future = MUST (sys (memfd_create, "future", MFD_ALLOW_SEALING));
  MUST (ftruncate (future, PAGE));
  p = mmap (NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, future, 0);
  IS ("memfd_create/F_SEAL_FUTURE_WRITE", sys (fcntl, future, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
  p[0] = 'o';
  IS ("memfd_create/future-write-EPERM", sys (write, future, "x", 1), -EPERM);
}

int
main (void)
{
  test_file ();
  test_seals ();
  return guest_done ();
}
