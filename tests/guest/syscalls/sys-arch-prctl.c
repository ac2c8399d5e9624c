/* arch_prctl, personality: segment bases, cpuid faulting, personas.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: arch_prctl personality */
#include "guest.h"

#include <asm/prctl.h>
#include <sys/personality.h>
#include <sys/utsname.h>

static unsigned long old_fs;

static unsigned long
read_gs (void)
{
  unsigned long value;

  __asm__ volatile("mov %%gs:0, %0" : "=r"(value));
  return value;
}

static void
test_bases (void)
{
  static unsigned long there[2] = { 0x1122334455667788, 9 };
  unsigned long base = 1;

  IS ("arch_prctl/GET_FS", sys (arch_prctl, ARCH_GET_FS, &old_fs), 0);
  CHECK ("arch_prctl/FS-is-thread-pointer", old_fs == (unsigned long) __builtin_thread_pointer ());
  IS ("arch_prctl/SET_FS", sys (arch_prctl, ARCH_SET_FS, old_fs), 0);
  IS ("arch_prctl/GET_GS", sys (arch_prctl, ARCH_GET_GS, &base), 0);
  IS ("arch_prctl/GS-is-0", base, 0);
  IS ("arch_prctl/SET_GS", sys (arch_prctl, ARCH_SET_GS, there), 0);
  MUST (sys (arch_prctl, ARCH_GET_GS, &base));
  CHECK ("arch_prctl/GS", base == (unsigned long) there);
  CHECK ("arch_prctl/GS-used", read_gs () == 0x1122334455667788);
  sys (sched_yield);
  nanosleep (&(struct timespec){ 0, 1000000 }, NULL);
  CHECK ("arch_prctl/GS-survives-sleep", read_gs () == 0x1122334455667788);
  pid_t pid = MUST (fork ());
  if (pid == 0)
    _exit (read_gs () == 0x1122334455667788 ? 0 : 1);
  IS ("arch_prctl/GS-inherited", guest_wait (pid), 0);
  IS ("arch_prctl/SET_GS-0", sys (arch_prctl, ARCH_SET_GS, 0), 0);
  IS ("arch_prctl/SET_FS-kernel", sys (arch_prctl, ARCH_SET_FS, 0xffff800000000000), -EPERM);
  IS ("arch_prctl/SET_GS-kernel", sys (arch_prctl, ARCH_SET_GS, 0xffff800000000000), -EPERM);
  IS ("arch_prctl/unknown", sys (arch_prctl, 0x9999, 0), -EINVAL);
  FAULTS ("arch_prctl/GET_FS", BAD_OUT, 8, p, sys (arch_prctl, ARCH_GET_FS, p));
  FAULTS ("arch_prctl/GET_GS", BAD_OUT, 8, p, sys (arch_prctl, ARCH_GET_GS, p));
}

static void
inherited (void)
{
  IS ("personality/inherited", sys (personality, -1), ADDR_NO_RANDOMIZE);
}

static void
test_personality (void)
{
  struct utsname u;

  IS ("personality/get", sys (personality, 0xffffffff), 0);
  IS ("personality/set", sys (personality, ADDR_NO_RANDOMIZE), 0);
  IS ("personality/old", sys (personality, 0xffffffff), ADDR_NO_RANDOMIZE);
  guest_child (inherited);
  IS ("personality/UNAME26", sys (personality, UNAME26), ADDR_NO_RANDOMIZE);
  MUST (uname (&u));
  CHECK ("personality/UNAME26-release", !strncmp (u.release, "2.6.", 4));
  IS ("personality/PER_LINUX32", sys (personality, PER_LINUX32), UNAME26);
  MUST (uname (&u));
  CHECK ("personality/PER_LINUX32-machine", !strcmp (u.machine, "i686"));
  IS ("personality/back", sys (personality, 0), PER_LINUX32);
}

int
main (void)
{
  test_bases ();
  test_personality ();
  return guest_done ();
}
