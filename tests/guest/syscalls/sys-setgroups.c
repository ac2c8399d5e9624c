/* getgroups, setgroups: sizes, order, what they give access to, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: getgroups setgroups */
#include "guest.h"

static unsigned list[70000];

static void
as_root (void)
{
  unsigned groups[3] = { 30, 10, 20 };

  IS ("setgroups", sys (setgroups, 3, groups), 0);
  IS ("getgroups/count", sys (getgroups, 0, NULL), 3);
  IS ("getgroups", sys (getgroups, 10, list), 3);
  CHECK ("getgroups/sorted", list[0] == 10 && list[1] == 20 && list[2] == 30);
  IS ("getgroups/exact", sys (getgroups, 3, list), 3);
  IS ("getgroups/EINVAL-too-small", sys (getgroups, 2, list), -EINVAL);
  IS ("setgroups/none", sys (setgroups, 0, NULL), 0);
  IS ("getgroups/none", sys (getgroups, 10, list), 0);
  for (int i = 0; i < 65536; i++)
    list[i] = i + 1;
  IS ("setgroups/most", sys (setgroups, 65536, list), 0);
  IS ("getgroups/most", sys (getgroups, 0, NULL), 65536);
  IS ("setgroups/EINVAL-too-many", sys (setgroups, 65537, list), -EINVAL);
  list[0] = -1;
  IS ("setgroups/EINVAL-id", sys (setgroups, 1, list), -EINVAL);
  FAULTS ("setgroups/list", BAD_IN, 8, p, sys (setgroups, 2, p));
}

/* A supplementary group opens what its file's group may.  */
static void
member (void)
{
  unsigned group = 4242;

  MUST (sys (setgroups, 1, &group));
  MUST (sys (setresgid, 1000, 1000, 1000));
  MUST (sys (setresuid, 1000, 1000, 1000));
  IS ("setgroups/member-reads", sys (access, "shared", R_OK), 0);
  IS ("setgroups/member-does-not-write", sys (access, "shared", W_OK), -EACCES);
}

static void
stranger (void)
{
  IS ("setgroups/stranger", sys (access, "shared", R_OK), -EACCES);
  IS ("setgroups/EPERM", sys (setgroups, 0, NULL), -EPERM);
  IS ("setgroups/EPERM-one", sys (setgroups, 1, list), -EPERM);
}

int
main (void)
{
  MUST (close (guest_file ("shared", "")));
  MUST (chmod ("shared", is_root () ? 0640 : 0200));
  if (is_root ())
    {
      MUST (chown ("shared", 0, 4242));
      guest_child (as_root);
      guest_child (member);
    }
  as_nobody (stranger);
  IS ("getgroups/EINVAL-negative", sys (getgroups, -1, list), -EINVAL);
  if (sys (getgroups, 0, NULL) > 0)
    FAULTS ("getgroups/list", BAD_OUT, 2, p, sys (getgroups, 100, p));
  return guest_done ();
}
