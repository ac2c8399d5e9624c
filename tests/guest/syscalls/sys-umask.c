/* umask: the old value, which calls it bounds, inheritance.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: umask */
#include "guest.h"

static mode_t
mode_of (const char *path)
{
  struct stat st;

  MUST (lstat (path, &st));
  return st.st_mode & 07777;
}

static void
inherited (void)
{
  IS ("umask/inherited", sys (umask, 0), 0137);
}

int
main (void)
{
  IS ("umask/old", sys (umask, 0137), 022);
  IS ("umask/set", sys (umask, 0137), 0137);
  MUST (close (open ("file", O_WRONLY | O_CREAT, 0777)));
  IS ("umask/open", mode_of ("file"), 0640);
  MUST (mkdir ("dir", 0777));
  IS ("umask/mkdir", mode_of ("dir"), 0640);
  MUST (mkfifo ("fifo", 0777));
  IS ("umask/mknod", mode_of ("fifo"), 0640);
  MUST (chmod ("file", 0777));
  IS ("umask/not-chmod", mode_of ("file"), 0777);
  guest_child (inherited);
  IS ("umask/child-has-its-own", sys (umask, 0137), 0137);
  IS ("umask/only-permission-bits", sys (umask, 07777), 0137);
  IS ("umask/others-dropped", sys (umask, 0xffff0022), 0777);
  IS ("umask/last", sys (umask, 0), 0x22);
  CHECK ("umask/proc-status", strstr (guest_content ("/proc/self/status"), "\nUmask:\t0000\n"));
  return guest_done ();
}
