/* mprotect: splitting and joining, what a file's descriptor allows, the stack, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: mprotect */
#include "guest.h"

#include <setjmp.h>

#define PAGE 4096l
#define RW (PROT_READ | PROT_WRITE)

static sigjmp_buf out;
static int code;

static void
on_fault (int signo, siginfo_t *info, void *context)
{
  code = info->si_code;
  siglongjmp (out, signo);
}

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

static void
test_ranges (void)
{
  char *p = guest_pages (5, RW);

  p[2 * PAGE] = 'x';
  IS ("mprotect/middle", sys (mprotect, p + PAGE, 3 * PAGE, PROT_READ), 0);
  IS ("mprotect/before", touch (p + PAGE - 1, true), 0);
  IS ("mprotect/first", touch (p + PAGE, true), SIGSEGV);
  IS ("mprotect/code", code, SEGV_ACCERR);
  IS ("mprotect/last", touch (p + 4 * PAGE - 1, true), SIGSEGV);
  IS ("mprotect/after", touch (p + 4 * PAGE, true), 0);
  IS ("mprotect/still-readable", touch (p + 2 * PAGE, false), 0);
  IS ("mprotect/none", sys (mprotect, p + 2 * PAGE, PAGE, PROT_NONE), 0);
  IS ("mprotect/none-read", touch (p + 2 * PAGE, false), SIGSEGV);
  IS ("mprotect/system-call-EFAULT", sys (write, 1, p + 2 * PAGE, 1), -EFAULT);
  IS ("mprotect/back", sys (mprotect, p, 5 * PAGE, RW), 0);
  IS ("mprotect/content-stays", p[2 * PAGE], 'x');
  IS ("mprotect/writable-again", touch (p + 2 * PAGE, true), 0);
  IS ("mprotect/length-rounded-up", sys (mprotect, p, 1, PROT_READ), 0);
  IS ("mprotect/rounded-page", touch (p + PAGE - 1, true), SIGSEGV);
  IS ("mprotect/rounded-not-next", touch (p + PAGE, true), 0);
  IS ("mprotect/length-0", sys (mprotect, p, 0, PROT_NONE), 0);
}

static void
test_exec (void)
{
  char *p = guest_pages (1, RW);

  memcpy (p, "\xb8\x07\0\0\0\xc3", 6); /* mov $7, %eax; ret */
  IS ("mprotect/exec", sys (mprotect, p, PAGE, PROT_READ | PROT_EXEC), 0);
  IS ("mprotect/exec-runs", ((int (*) (void)) p) (), 7);
  IS ("mprotect/exec-not-writable", touch (p, true), SIGSEGV);
  IS ("mprotect/exec-off", sys (mprotect, p, PAGE, RW), 0);
  int signo = sigsetjmp (out, 1);
  if (signo == 0)
    ((int (*) (void)) p) ();
  IS ("mprotect/no-exec", signo, SIGSEGV);
  IS ("mprotect/no-exec-code", code, SEGV_ACCERR);
}

static void
test_file (void)
{
  MUST (ftruncate (guest_file ("file", ""), PAGE));
  int rdonly = MUST (open ("file", O_RDONLY));
  char *shared = mmap (NULL, PAGE, PROT_READ, MAP_SHARED, rdonly, 0);
  char *private = mmap (NULL, PAGE, PROT_READ, MAP_PRIVATE, rdonly, 0);

  close (rdonly);
  IS ("mprotect/EACCES", sys (mprotect, shared, PAGE, RW), -EACCES);
  IS ("mprotect/private-of-read-only", sys (mprotect, private, PAGE, RW), 0);
  IS ("mprotect/private-write", touch (private, true), 0);
  CHECK ("mprotect/file-untouched", guest_content ("file")[0] == 0);
}

static void
test_errors (void)
{
  char *p = guest_pages (3, RW);

  MUST (munmap (p + PAGE, PAGE));
  IS ("mprotect/hole", sys (mprotect, p, 3 * PAGE, PROT_READ), -ENOMEM);
  /* What comes before the hole has been changed.  */
  IS ("mprotect/before-hole-changed", touch (p, true), SIGSEGV);
  IS ("mprotect/behind-hole-unchanged", touch (p + 2 * PAGE, true), 0);
  IS ("mprotect/nothing-there", sys (mprotect, p + PAGE, PAGE, PROT_READ), -ENOMEM);
  IS ("mprotect/unaligned", sys (mprotect, p + 1, PAGE, PROT_READ), -EINVAL);
  IS ("mprotect/unknown-protection", sys (mprotect, p, PAGE, 0x100), -EINVAL);
  IS ("mprotect/wraps", sys (mprotect, p, -PAGE, PROT_READ), -ENOMEM);
  IS ("mprotect/both-grows", sys (mprotect, p, PAGE, PROT_READ | PROT_GROWSUP | PROT_GROWSDOWN),
      -EINVAL);
  IS ("mprotect/GROWSDOWN-no-stack", sys (mprotect, p, PAGE, PROT_READ | PROT_GROWSDOWN), -EINVAL);
  IS ("mprotect/kernel", sys (mprotect, 0xffff800000000000, PAGE, PROT_READ), -ENOMEM);
}

int
main (void)
{
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

  MUST (sigaction (SIGSEGV, &action, NULL));
  test_ranges ();
  test_exec ();
  test_file ();
  test_errors ();
  return guest_done ();
}
