/* capget, capset: versions, who may change what, other processes, faults.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: capget capset */
#include "guest.h"

#include <linux/capability.h>
#include <sys/prctl.h>

static struct __user_cap_header_struct h;
static struct __user_cap_data_struct d[2];

static long
get (void)
{
  h = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 0 };
  return sys (capget, &h, d);
}

static long
set (void)
{
  h = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 0 };
  return sys (capset, &h, d);
}

static void
drop (void)
{
  MUST (get ());
  unsigned all = d[0].permitted;
  d[0].effective &= ~(1u << CAP_CHOWN);
  IS ("capset/drop-effective", set (), 0);
  MUST (close (guest_file ("file", "")));
  IS ("capset/chown-EPERM", sys (chown, "file", 5, 5), -EPERM);
  d[0].effective = all;
  IS ("capset/raise-effective", set (), 0);
  IS ("capset/chown", sys (chown, "file", 5, 5), 0);
  d[0].effective &= ~(1u << CAP_CHOWN);
  d[0].permitted &= ~(1u << CAP_CHOWN);
  IS ("capset/drop-permitted", set (), 0);
  d[0].permitted = all;
  IS ("capset/EPERM-permitted", set (), -EPERM);
  d[0].permitted &= ~(1u << CAP_CHOWN);
  d[0].effective |= 1u << CAP_CHOWN;
  IS ("capset/EPERM-effective-over-permitted", set (), -EPERM);
  MUST (get ());
  d[0].inheritable = 1u << CAP_KILL;
  IS ("capset/inheritable", set (), 0);
  MUST (prctl (PR_CAPBSET_DROP, CAP_NET_RAW));
  d[0].inheritable |= 1u << CAP_NET_RAW;
  IS ("capset/EPERM-inheritable-over-bounding", set (), -EPERM);
}

static void
unprivileged (void)
{
  IS ("capget/unprivileged", get (), 0);
  CHECK ("capget/nothing",
         !d[0].effective && !d[0].permitted && !d[1].effective && !d[1].permitted);
  IS ("capset/same", set (), 0);
  d[0].effective = d[0].permitted = 1;
  IS ("capset/EPERM", set (), -EPERM);
  d[0].effective = d[0].permitted = 0;
  d[0].inheritable = 1;
  IS ("capset/EPERM-inheritable", set (), -EPERM);
}

static void
of_parent (void)
{
  h = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, getppid () };
  IS ("capget/parent", sys (capget, &h, d), 0);
  h.pid = getppid ();
  IS ("capset/other-EPERM", sys (capset, &h, d), -EPERM);
}

static void
test_versions (void)
{
  h = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_1, 0 };
  IS ("capget/version-1", sys (capget, &h, d), 0);
  h.version = _LINUX_CAPABILITY_VERSION_2;
  IS ("capget/version-2", sys (capget, &h, d), 0);
  h.version = 0x12345678;
  IS ("capget/version-unknown", sys (capget, &h, d), -EINVAL);
  IS ("capget/version-told", h.version, _LINUX_CAPABILITY_VERSION_3);
  h.version = 0;
  IS ("capget/probe", sys (capget, &h, NULL), 0);
  IS ("capget/probe-told", h.version, _LINUX_CAPABILITY_VERSION_3);
  h.version = 0x12345678;
  IS ("capset/version-unknown", sys (capset, &h, d), -EINVAL);
  h = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, -1 };
  IS ("capget/pid-negative", sys (capget, &h, d), -EINVAL);
  h.pid = 0x3ffffff;
  IS ("capget/ESRCH", sys (capget, &h, d), -ESRCH);
  h.pid = getpid ();
  IS ("capget/own-pid", sys (capget, &h, d), 0);
  IS ("capset/own-pid", sys (capset, &h, d), 0);
}

static void
test_faults (void)
{
  h = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 0 };
  FAULTS ("capget/header", BAD_IN & ~BAD_CROSS, 8, p, sys (capget, p, d));
  FAULTS ("capget/data", BAD_OUT_OPTIONAL, 24, p, sys (capget, &h, p));
  FAULTS ("capset/header", BAD_IN & ~BAD_CROSS, 8, p, sys (capset, p, d));
  FAULTS ("capset/data", BAD_IN, 24, p, sys (capset, &h, p));
}

int
main (void)
{
  IS ("capget", get (), 0);
  if (is_root ())
    {
      CHECK ("capget/root", d[0].effective & 1 << CAP_CHOWN);
      guest_child (drop);
    }
  as_nobody (unprivileged);
  guest_child (of_parent);
  test_versions ();
  test_faults ();
  return guest_done ();
}
