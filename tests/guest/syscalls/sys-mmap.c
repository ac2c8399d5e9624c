/* mmap and munmap: private and shared, files, fixed addresses, faults, errors, limits.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: mmap munmap */
#include "guest.h"

#include <setjmp.h>
#include <sys/resource.h>

#define PAGE 4096l
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static sigjmp_buf out;
static siginfo_t fault;

static void
on_fault (int signo, siginfo_t *info, void *context)
{
  fault = *info;
  siglongjmp (out, signo);
}

/* Touches a byte: 0, or the signal that it raised (with its siginfo in fault).  */
static int
touch (volatile char *p, bool write)
{
  int signo = sigsetjmp (out, 1);

  if (signo == 0)
    {
      if (write)
        *p = 1;
      else
        (void) *p;
    }
  return signo;
}

static long
map (void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
  return sys (mmap, at, size, prot, flags, fd, offset);
}

static void
test_anonymous (void)
{
  char *p = (char *) OK ("mmap/anonymous", map (NULL, 3 * PAGE, RW, ANON, -1, 0));
  bool zero = true;

  for (int i = 0; i < 3 * PAGE; i++)
    zero = zero && !p[i];
  CHECK ("mmap/zeroed", zero);
  CHECK ("mmap/page-aligned", (long) p % PAGE == 0);
  IS ("mmap/write", touch (p + 2 * PAGE, true), 0);
  IS ("munmap/middle", sys (munmap, p + PAGE, PAGE), 0);
  IS ("munmap/hole-faults", touch (p + PAGE, false), SIGSEGV);
  IS ("munmap/hole-code", fault.si_code, SEGV_MAPERR);
  CHECK ("munmap/hole-address", fault.si_addr == p + PAGE);
  IS ("munmap/rest-stays", touch (p + 2 * PAGE, false), 0);
  IS ("munmap/over-hole", sys (munmap, p, 3 * PAGE), 0);
  IS ("munmap/nothing-there", sys (munmap, p, 3 * PAGE), 0);
  IS ("mmap/length-rounded-up", touch ((char *) map (NULL, 1, RW, ANON, -1, 0) + 4095, true), 0);
  OK ("mmap/fd-ignored", map (NULL, PAGE, RW, ANON, 12345, 0));
  OK ("mmap/hint-ignored", map ((void *) 0x123, PAGE, RW, ANON, -1, 0));
}

static void
test_protections (void)
{
  char *p = (char *) OK ("mmap/PROT_NONE", map (NULL, PAGE, PROT_NONE, ANON, -1, 0));

  IS ("mmap/PROT_NONE-read", touch (p, false), SIGSEGV);
  IS ("mmap/PROT_NONE-code", fault.si_code, SEGV_ACCERR);
  p = (char *) OK ("mmap/PROT_READ", map (NULL, PAGE, PROT_READ, ANON, -1, 0));
  IS ("mmap/PROT_READ-read", touch (p, false), 0);
  IS ("mmap/PROT_READ-write", touch (p, true), SIGSEGV);
  IS ("mmap/PROT_READ-code", fault.si_code, SEGV_ACCERR);
  p = (char *) OK ("mmap/PROT_EXEC", map (NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0));
  memcpy (p, "\xb8\x2a\0\0\0\xc3", 6); /* mov $42, %eax; ret */
  IS ("mmap/PROT_EXEC-runs", ((int (*) (void)) p) (), 42);
  OK ("mmap/unknown-protection-ignored", map (NULL, PAGE, RW | 0x100, ANON, -1, 0));
}

static void
test_fixed (void)
{
  char *p = guest_pages (4, RW);

  p[0] = p[PAGE] = 'x';
  IS ("mmap/MAP_FIXED", map (p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0), p + PAGE);
  CHECK ("mmap/MAP_FIXED-replaces", p[0] == 'x' && p[PAGE] == 0);
  IS ("mmap/MAP_FIXED-unaligned", map (p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0), -EINVAL);
  IS ("mmap/MAP_FIXED_NOREPLACE-taken", map (p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0),
      -EEXIST);
  MUST (munmap (p + PAGE, PAGE));
  IS ("mmap/MAP_FIXED_NOREPLACE-free", map (p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0),
      p + PAGE);
  IS ("mmap/hint-free", (MUST (munmap (p + PAGE, PAGE)), map (p + PAGE, PAGE, RW, ANON, -1, 0)),
      p + PAGE);
  CHECK ("mmap/hint-taken", map (p + PAGE, PAGE, RW, ANON, -1, 0) != (long) p + PAGE);
  IS ("mmap/MAP_FIXED-beyond-the-top",
      map ((void *) 0x7ffffffff000, PAGE, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
  IS ("mmap/MAP_FIXED-kernel", map ((void *) 0xffff800000000000, PAGE, RW, ANON | MAP_FIXED, -1, 0),
      -ENOMEM);
  long low = map (NULL, PAGE, RW, ANON | MAP_32BIT, -1, 0);
  CHECK ("mmap/MAP_32BIT", low > 0 && low < 1l << 31);
}

static void
test_private_file (void)
{
  int fd = guest_file ("file", "0123456789");
  char *p = (char *) OK ("mmap/private-file", map (NULL, PAGE, RW, MAP_PRIVATE, fd, 0));

  CHECK ("mmap/private-content", !memcmp (p, "0123456789", 10));
  CHECK ("mmap/private-zero-tail", !p[10] && !p[4095]);
  p[0] = 'X';
  CHECK ("mmap/private-not-written", !strcmp (guest_content ("file"), "0123456789"));
  /* A page that was not written yet shows what is written to the file.  */
  char *q = (char *) MUST (map (NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
  MUST (pwrite (fd, "Z", 1, 1));
  IS ("mmap/private-sees-writes", q[1], 'Z');
  IS ("mmap/private-own-page", p[1], '1');
  int rdonly = MUST (open ("file", O_RDONLY));
  OK ("mmap/private-writable-of-read-only", map (NULL, PAGE, RW, MAP_PRIVATE, rdonly, 0));
  close (fd);
  IS ("mmap/stays-after-close", q[0], '0');
}

static void
test_shared_file (void)
{
  int fd = guest_file ("file", "");

  MUST (ftruncate (fd, 3 * PAGE));
  char *p = (char *) OK ("mmap/shared-file", map (NULL, 2 * PAGE, RW, MAP_SHARED, fd, PAGE));
  char *q = (char *) OK ("mmap/shared-again", map (NULL, PAGE, RW, MAP_SHARED, fd, PAGE));
  strcpy (p, "shared");
  CHECK ("mmap/shared-seen", !strcmp (q, "shared"));
  char buf[8] = "";
  MUST (pread (fd, buf, 7, PAGE));
  CHECK ("mmap/shared-read", !strcmp (buf, "shared"));
  MUST (pwrite (fd, "S", 1, PAGE));
  IS ("mmap/shared-sees-writes", p[0], 'S');
  OK ("mmap/SHARED_VALIDATE", map (NULL, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0));
  IS ("mmap/SHARED_VALIDATE-unknown", map (NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x1000000, fd, 0),
      -EOPNOTSUPP);
  OK ("mmap/SHARED-unknown-ignored", map (NULL, PAGE, RW, MAP_SHARED | 0x1000000, fd, 0));
  if (fork () == 0)
    {
      p[1] = 'C';
      _exit (0);
    }
  wait (NULL);
  IS ("mmap/shared-with-child", p[1], 'C');
  MUST (munmap (p, 2 * PAGE));
  CHECK ("mmap/shared-written", !pread (fd, buf, 7, PAGE) || buf[0] == 'S');
  close (fd);
}

/* Beyond the last page of the file is SIGBUS, within it zeros; truncation takes pages away.  */
static void
test_end_of_file (void)
{
  int fd = guest_file ("file", "0123456789");
  char *p = (char *) MUST (map (NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0));

  IS ("mmap/tail-of-page", touch (p + 4095, true), 0);
  IS ("mmap/past-end", touch (p + PAGE, false), SIGBUS);
  IS ("mmap/past-end-code", fault.si_code, BUS_ADRERR);
  CHECK ("mmap/past-end-address", fault.si_addr == p + PAGE);
  MUST (ftruncate (fd, 2 * PAGE));
  IS ("mmap/after-growth", touch (p + PAGE, true), 0);
  MUST (ftruncate (fd, 0));
  IS ("mmap/after-truncation", touch (p, false), SIGBUS);
  /* A system call that meets such a page gets EFAULT.  */
  IS ("mmap/system-call-past-end", sys (write, 1, p, 1), -EFAULT);
  close (fd);
}

static void
child_writes (void)
{
  char *p = (char *) MUST (map (NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  char *q = (char *) MUST (map (NULL, PAGE, RW, ANON, -1, 0));

  if (fork () == 0)
    {
      p[0] = q[0] = 'c';
      _exit (0);
    }
  wait (NULL);
  IS ("mmap/shared-anonymous", p[0], 'c');
  IS ("mmap/private-anonymous", q[0], 0);
}

static void
test_errors (void)
{
  int rdonly = MUST (open ("file", O_RDONLY));
  int wronly = MUST (open ("file", O_WRONLY));
  int path = MUST (open ("file", O_PATH));
  int dir = MUST (open (".", O_RDONLY));
  int fds[2];

  MUST (pipe (fds));
  IS ("mmap/length-0", map (NULL, 0, RW, ANON, -1, 0), -EINVAL);
  IS ("mmap/length-huge", map (NULL, -1, RW, ANON, -1, 0), -ENOMEM);
  IS ("mmap/length-address-space", map (NULL, 1l << 47, RW, ANON, -1, 0), -ENOMEM);
  IS ("mmap/offset-unaligned", map (NULL, PAGE, RW, MAP_PRIVATE, rdonly, 1), -EINVAL);
  IS ("mmap/offset-overflow", map (NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, rdonly, -PAGE),
      -EOVERFLOW);
  IS ("mmap/no-type", map (NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
  IS ("mmap/EBADF", map (NULL, PAGE, RW, MAP_PRIVATE, -1, 0), -EBADF);
  IS ("mmap/EBADF-O_PATH", map (NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0), -EBADF);
  IS ("mmap/EACCES-write-only", map (NULL, PAGE, PROT_READ, MAP_PRIVATE, wronly, 0), -EACCES);
  IS ("mmap/EACCES-shared-write", map (NULL, PAGE, RW, MAP_SHARED, rdonly, 0), -EACCES);
  OK ("mmap/shared-read-of-read-only", map (NULL, PAGE, PROT_READ, MAP_SHARED, rdonly, 0));
  IS ("mmap/ENODEV-directory", map (NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), -ENODEV);
  IS ("mmap/ENODEV-pipe", map (NULL, PAGE, PROT_READ, MAP_PRIVATE, fds[0], 0), -ENODEV);
  IS ("munmap/unaligned", sys (munmap, 1, PAGE), -EINVAL);
  IS ("munmap/length-0", sys (munmap, 0, 0), -EINVAL);
  IS ("munmap/beyond-the-top", sys (munmap, 0x7ffffffff000, PAGE * 2), -EINVAL);
  IS ("munmap/kernel", sys (munmap, 0xffff800000000000, PAGE), -EINVAL);
}

static void
test_devices (void)
{
  int zero = MUST (open ("/dev/zero", O_RDWR));
  char *p = (char *) OK ("mmap//dev/zero", map (NULL, PAGE, RW, MAP_PRIVATE, zero, 0));

  IS ("mmap//dev/zero-byte", p[100], 0);
  IS ("mmap//dev/zero-write", touch (p, true), 0);
  IS ("mmap//dev/null", map (NULL, PAGE, RW, MAP_PRIVATE, MUST (open ("/dev/null", O_RDWR)), 0),
      -ENODEV);
}

static void
test_flags (void)
{
  char *p = (char *) OK ("mmap/MAP_POPULATE", map (NULL, 4 * PAGE, RW, ANON | MAP_POPULATE, -1, 0));
  unsigned char in[4] = { 0 };

  MUST (mincore (p, 4 * PAGE, in));
  CHECK ("mmap/MAP_POPULATE-resident", in[0] & in[1] & in[2] & in[3] & 1);
  p = (char *) OK ("mmap/MAP_NORESERVE", map (NULL, 1l << 30, RW, ANON | MAP_NORESERVE, -1, 0));
  MUST (munmap (p, 1l << 30));
  OK ("mmap/MAP_STACK", map (NULL, PAGE, RW, ANON | MAP_STACK, -1, 0));
  OK ("mmap/MAP_DENYWRITE", map (NULL, PAGE, RW, ANON | MAP_DENYWRITE | MAP_EXECUTABLE, -1, 0));
  OK ("mmap/MAP_NONBLOCK", map (NULL, PAGE, RW, ANON | MAP_NONBLOCK, -1, 0));
  p = (char *) OK ("mmap/MAP_GROWSDOWN", map (NULL, PAGE, RW, ANON | MAP_GROWSDOWN, -1, 0));
  IS ("mmap/MAP_GROWSDOWN-page", touch (p, true), 0);
}

static void
stack_page (char *from, int depth)
{
  volatile char frame[PAGE];

  frame[0] = depth;
  if (depth)
    stack_page (from, depth - 1);
  (void) frame[0];
}

static void
test_stack (void)
{
  char here;

  stack_page (&here, 500);
  CHECK ("mmap/stack-grows", true);
}

static void
limited (void)
{
  struct rlimit limit = { 1 << 28, 1 << 28 };

  MUST (setrlimit (RLIMIT_AS, &limit));
  IS ("mmap/RLIMIT_AS", map (NULL, 1 << 28, RW, ANON, -1, 0), -ENOMEM);
  OK ("mmap/below-RLIMIT_AS", map (NULL, 1 << 20, RW, ANON, -1, 0));
  limit = (struct rlimit){ 1 << 20, 1 << 20 };
  MUST (setrlimit (RLIMIT_DATA, &limit));
  IS ("mmap/RLIMIT_DATA", map (NULL, 1 << 21, RW, ANON, -1, 0), -ENOMEM);
  OK ("mmap/RLIMIT_DATA-read-only", map (NULL, 1 << 21, PROT_READ, ANON, -1, 0));
}

int
main (void)
{
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

  MUST (sigaction (SIGSEGV, &action, NULL));
  MUST (sigaction (SIGBUS, &action, NULL));
  test_anonymous ();
  test_protections ();
  test_fixed ();
  test_private_file ();
  test_shared_file ();
  test_end_of_file ();
  child_writes ();
  test_errors ();
  test_devices ();
  test_flags ();
  test_stack ();
  guest_child (limited);
  return guest_done ();
}
