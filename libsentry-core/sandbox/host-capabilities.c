/* The capabilities that a sandbox process keeps. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/host-capabilities.h"
#include <errno.h>
#include <gio/gio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What root's sandbox needs to treat host files as root would; guests have capabilities of their
 * own in our kernel, which these have nothing to do with. */
static const int kept[] = {
  CAP_DAC_OVERRIDE,    /* bound directories are written as the caller writes them */
  CAP_DAC_READ_SEARCH, /* the lower layer is read as the caller reads it */
  CAP_FOWNER,          /* chmod, utimes and O_NOATIME on files of others */
  CAP_CHOWN,           /* chown in bound directories */
  CAP_FSETID,          /* chmod keeps set-group-ID */
  CAP_SETFCAP,         /* security.capability attributes in bound directories: tar, cp -a */
};

static int
get_caps (struct __user_cap_data_struct data[2])
{
  struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };

  return (int) syscall (SYS_capget, &head, data);
}

gboolean
sentry_host_has_capability (int cap)
{
  struct __user_cap_data_struct data[2];

  return get_caps (data) == 0 && (data[CAP_TO_INDEX (cap)].effective & CAP_TO_MASK (cap)) != 0;
}

gboolean
sentry_host_drop_capabilities (GError **error)
{
  struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct data[2];
  guint32 keep[2] = { 0, 0 };
  int saved;

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    keep[CAP_TO_INDEX (kept[i])] |= CAP_TO_MASK (kept[i]);
  if (get_caps (data) != 0)
    goto failed;
  if (sentry_host_has_capability (CAP_SETPCAP))
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
      if (!(keep[CAP_TO_INDEX (cap)] & CAP_TO_MASK (cap)))
        prctl (PR_CAPBSET_DROP, cap, 0, 0, 0);
  prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int i = 0; i < 2; i++)
    {
      data[i].permitted &= keep[i];
      data[i].effective = data[i].permitted;
      data[i].inheritable = 0;
    }
  if (syscall (SYS_capset, &head, data) == 0)
    return TRUE;
failed:
  saved = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved),
               "lock-down: capabilities can't be dropped: %s", g_strerror (saved));
  return FALSE;
}
