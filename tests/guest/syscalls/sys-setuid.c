/* The calls that read and set user and group ids, and what setting them does to capabilities.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: getuid geteuid getgid getegid setuid setgid setreuid setregid setresuid setresgid
 * getresuid getresgid setfsuid setfsgid */
#include "guest.h"

#include <linux/capability.h>
#include <sys/prctl.h>

static unsigned r, e, s;

static bool
uids (unsigned a, unsigned b, unsigned c)
{
  MUST (sys (getresuid, &r, &e, &s));
  return r == a && e == b && s == c && sys (getuid) == a && sys (geteuid) == b;
}

static bool
gids (unsigned a, unsigned b, unsigned c)
{
  MUST (sys (getresgid, &r, &e, &s));
  return r == a && e == b && s == c && sys (getgid) == a && sys (getegid) == b;
}

static void
root_setuid (void)
{
  IS ("setuid/root", sys (setuid, 1000), 0);
  CHECK ("setuid/root-sets-all", uids (1000, 1000, 1000));
  IS ("setuid/no-way-back", sys (setuid, 0), -EPERM);
  CHECK ("setuid/capabilities-gone", !has_capability (CAP_SETUID));
}

static void
root_setgid (void)
{
  IS ("setgid/root", sys (setgid, 1000), 0);
  CHECK ("setgid/root-sets-all", gids (1000, 1000, 1000));
  IS ("setgid/still-privileged", sys (setgid, 0), 0);
}

static void
root_setresuid (void)
{
  IS ("setresuid/root", sys (setresuid, 1, 2, 3), 0);
  CHECK ("setresuid/each", uids (1, 2, 3));
  IS ("setresuid/keep", sys (setresuid, -1, 3, -1), 0);
  CHECK ("setresuid/kept", uids (1, 3, 3));
  IS ("setresuid/permuted", sys (setresuid, 3, 1, 1), 0);
  CHECK ("setresuid/permuted-each", uids (3, 1, 1));
  IS ("setresuid/EPERM", sys (setresuid, 9, -1, -1), -EPERM);
  IS ("setresuid/EPERM-saved", sys (setresuid, -1, -1, 9), -EPERM);
  CHECK ("setresuid/failure-changes-nothing", uids (3, 1, 1));
}

static void
root_setresgid (void)
{
  IS ("setresgid/root", sys (setresgid, 1, 2, 3), 0);
  CHECK ("setresgid/each", gids (1, 2, 3));
  MUST (sys (setresuid, 7, 7, 7));
  IS ("setresgid/permuted", sys (setresgid, 3, 1, 2), 0);
  CHECK ("setresgid/permuted-each", gids (3, 1, 2));
  IS ("setresgid/EPERM", sys (setresgid, -1, 9, -1), -EPERM);
  IS ("setgid/to-real", sys (setgid, 3), 0);
  CHECK ("setgid/effective-only", gids (3, 3, 2));
  IS ("setgid/to-saved", sys (setgid, 2), 0);
  IS ("setgid/EPERM", sys (setgid, 1), -EPERM);
}

static void
root_setreuid (void)
{
  IS ("setreuid/effective", sys (setreuid, -1, 5), 0);
  CHECK ("setreuid/saved-follows", uids (0, 5, 5));
  IS ("setreuid/back", sys (setreuid, -1, 0), 0);
  IS ("setreuid/both", sys (setreuid, 6, 7), 0);
  CHECK ("setreuid/both-set", uids (6, 7, 7));
  IS ("setreuid/swap", sys (setreuid, 7, 6), 0);
  CHECK ("setreuid/swapped", uids (7, 6, 6));
  IS ("setreuid/EPERM", sys (setreuid, 0, -1), -EPERM);
  IS ("setreuid/EPERM-effective", sys (setreuid, -1, 0), -EPERM);
  IS ("setreuid/nothing", sys (setreuid, -1, -1), 0);
}

static void
root_setregid (void)
{
  IS ("setregid/both", sys (setregid, 6, 7), 0);
  CHECK ("setregid/both-set", gids (6, 7, 7));
  MUST (sys (setresuid, 5, 5, 5));
  IS ("setregid/swap", sys (setregid, 7, 6), 0);
  CHECK ("setregid/swapped", gids (7, 6, 6));
  IS ("setregid/EPERM", sys (setregid, 9, -1), -EPERM);
}

/* The effective capabilities go with the effective id and come back with it; the permitted ones go
 * with the last 0.  */
static void
capabilities (void)
{
  MUST (sys (setresuid, 0, 1000, 0));
  CHECK ("setresuid/effective-capabilities-gone", !has_capability (CAP_SETUID));
  MUST (sys (setresuid, -1, 0, -1));
  CHECK ("setresuid/effective-capabilities-back", has_capability (CAP_SETUID));
  MUST (prctl (PR_SET_KEEPCAPS, 1));
  MUST (sys (setresuid, 1000, 1000, 1000));
  const char *line = strstr (guest_content ("/proc/self/status"), "CapPrm:");
  CHECK ("setresuid/KEEPCAPS-permitted", line && strncmp (line, "CapPrm:\t0000000000000000", 24));
  CHECK ("setresuid/KEEPCAPS-not-effective", !has_capability (CAP_SETUID));
}

static void
root_fsuid (void)
{
  MUST (close (guest_file ("rootonly", "")));
  MUST (chmod ("rootonly", 0600));
  MUST (chmod (".", 0777));
  IS ("setfsuid/old", sys (setfsuid, 1000), 0);
  IS ("setfsuid/set", sys (setfsuid, -1), 1000);
  IS ("setfsuid/file-access", sys (open, "rootonly", O_RDONLY), -EACCES);
  int fd = OK ("setfsuid/new-file", sys (open, "fsfile", O_CREAT | O_WRONLY, 0600));
  struct stat st;
  MUST (fstat (fd, &st));
  IS ("setfsuid/new-file-owner", st.st_uid, 1000);
  CHECK ("setfsuid/uid-stays", sys (geteuid) == 0);
  IS ("setfsgid/old", sys (setfsgid, 55), 0);
  IS ("setfsgid/set", sys (setfsgid, -1), 55);
  MUST (sys (setfsuid, 0));
  IS ("setfsuid/back", sys (setfsuid, -1), 0);
  MUST (sys (setresuid, 2000, 2000, 2000));
  IS ("setfsuid/follows-effective", sys (setfsuid, -1), 2000);
  IS ("setfsuid/refused-says-old", sys (setfsuid, 1), 2000);
  IS ("setfsuid/refused", sys (setfsuid, -1), 2000);
}

static void
unprivileged (void)
{
  unsigned me = sys (getuid), group = sys (getgid);

  IS ("setuid/same", sys (setuid, me), 0);
  IS ("setuid/EPERM", sys (setuid, 0), -EPERM);
  IS ("setgid/same", sys (setgid, group), 0);
  IS ("setgid/EPERM", sys (setgid, 0), -EPERM);
  IS ("setresuid/EPERM-unprivileged", sys (setresuid, -1, 0, -1), -EPERM);
  IS ("setresgid/EPERM-unprivileged", sys (setresgid, 0, -1, -1), -EPERM);
  IS ("setreuid/EPERM-unprivileged", sys (setreuid, 0, -1), -EPERM);
  IS ("setregid/EPERM-unprivileged", sys (setregid, -1, 0), -EPERM);
  IS ("setuid/EINVAL", sys (setuid, -1), -EINVAL);
  IS ("setgid/EINVAL", sys (setgid, -1), -EINVAL);
  IS ("setfsgid/EPERM-silent", sys (setfsgid, 0), group);
  IS ("setfsgid/unchanged", sys (setfsgid, -1), group);
}

static void
test_faults (void)
{
  unsigned id;

  FAULTS ("getresuid/real", BAD_OUT, 4, p, sys (getresuid, p, &id, &id));
  FAULTS ("getresuid/effective", BAD_OUT, 4, p, sys (getresuid, &id, p, &id));
  FAULTS ("getresuid/saved", BAD_OUT, 4, p, sys (getresuid, &id, &id, p));
  FAULTS ("getresgid/real", BAD_OUT, 4, p, sys (getresgid, p, &id, &id));
  FAULTS ("getresgid/effective", BAD_OUT, 4, p, sys (getresgid, &id, p, &id));
  FAULTS ("getresgid/saved", BAD_OUT, 4, p, sys (getresgid, &id, &id, p));
}

int
main (void)
{
  if (is_root ())
    {
      guest_child (root_setuid);
      guest_child (root_setgid);
      guest_child (root_setresuid);
      guest_child (root_setresgid);
      guest_child (root_setreuid);
      guest_child (root_setregid);
      guest_child (capabilities);
      guest_child (root_fsuid);
    }
  as_nobody (unprivileged);
  test_faults ();
  return guest_done ();
}
