/* uname, sethostname, setdomainname: fields, lengths, who may, faults.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: uname sethostname setdomainname */
#include "guest.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/utsname.h>

static struct utsname u;

static void
set_names (void)
{
  char name[65];

  MUST (unshare (CLONE_NEWUTS));
  memset (name, 'n', sizeof name);
  IS ("sethostname", sys (sethostname, "myhost", 6), 0);
  IS ("setdomainname", sys (setdomainname, "mydomain", 8), 0);
  MUST (sys (uname, &u));
  CHECK ("sethostname/seen", !strcmp (u.nodename, "myhost"));
  CHECK ("setdomainname/seen", !strcmp (u.domainname, "mydomain"));
  CHECK ("sethostname/proc", !strcmp (guest_content ("/proc/sys/kernel/hostname"), "myhost\n"));
  IS ("sethostname/shorter", sys (sethostname, "ab", 2), 0);
  MUST (sys (uname, &u));
  CHECK ("sethostname/rest-cleared", !memcmp (u.nodename, "ab\0\0\0\0\0", 7));
  IS ("sethostname/longest", sys (sethostname, name, 64), 0);
  MUST (sys (uname, &u));
  IS ("sethostname/longest-seen", strlen (u.nodename), 64);
  IS ("sethostname/empty", sys (sethostname, name, 0), 0);
  IS ("sethostname/EINVAL", sys (sethostname, name, 65), -EINVAL);
  IS ("sethostname/negative", sys (sethostname, name, -1), -EINVAL);
  IS ("setdomainname/EINVAL", sys (setdomainname, name, 65), -EINVAL);
  IS ("setdomainname/negative", sys (setdomainname, name, -1), -EINVAL);
  FAULTS ("sethostname/name", BAD_IN, 4, p, sys (sethostname, p, 4));
  FAULTS ("setdomainname/name", BAD_IN, 4, p, sys (setdomainname, p, 4));
}

static void
without_permission (void)
{
  IS ("sethostname/EPERM", sys (sethostname, "x", 1), -EPERM);
  IS ("sethostname/EPERM-before-EINVAL", sys (sethostname, "x", 1000), -EPERM);
  IS ("setdomainname/EPERM", sys (setdomainname, "x", 1), -EPERM);
}

int
main (void)
{
  int major, minor;

  memset (&u, 0xee, sizeof u);
  IS ("uname", sys (uname, &u), 0);
  CHECK ("uname/sysname", !strcmp (u.sysname, "Linux"));
  CHECK ("uname/machine", !strcmp (u.machine, "x86_64"));
  CHECK ("uname/release", sscanf (u.release, "%d.%d", &major, &minor) == 2 && major >= 4);
  CHECK ("uname/terminated", strlen (u.nodename) < 65 && strlen (u.version) < 65);
  as_nobody (without_permission);
  if (has_capability (CAP_SYS_ADMIN))
    guest_child (set_names);
  FAULTS ("uname/buf", BAD_OUT, sizeof u, p, sys (uname, p));
  return guest_done ();
}
