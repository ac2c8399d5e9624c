/* uname, sethostname, setdomainname. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>

#include "kernel/attributes.h"
#include "kernel/uts-namespace.h"
#include "syscalls/handlers.h"

/* UNAME26: for programs that can't read a major number above 2; Linux says 2.6.(60 + minor) and
 * keeps the rest. */
static void
pretend_2_6 (char *release, gsize size)
{
  unsigned major = 0, minor = 0;
  const char *rest = release;
  guint n_dots = 0;

  sscanf (release, "%u.%u", &major, &minor);
  while (*rest != '\0' && (g_ascii_isdigit (*rest) || (*rest == '.' && ++n_dots < 3)))
    rest++;
  g_autofree char *tail = g_strdup (rest);
  g_snprintf (release, size, "2.6.%u%s", minor + 60, tail);
}

gint64
sentry_sys_uname (SentryTask *task, const SentrySyscallArgs *args)
{
  guint64 personality = sentry_task_personality (task);
  struct utsname names;

  sentry_uts_namespace_get (sentry_kernel_uts_namespace (task->kernel), &names);
  if (personality & UNAME26)
    pretend_2_6 (names.release, sizeof names.release);
  if ((personality & PER_MASK) == PER_LINUX32)
    strncpy (names.machine, "i686", sizeof names.machine);
  return sentry_copy_out_object (sentry_task_usermem (task), args->arg[0], &names);
}

static gint64
set_name (SentryTask *task, const SentrySyscallArgs *args,
          void (*set) (SentryUtsNamespace *, const char *, gsize))
{
  char name[SENTRY_UTS_MAX] = { 0 };
  int len = (int) args->arg[1];

  if (!sentry_task_capable (task, CAP_SYS_ADMIN))
    return -EPERM;
  if (len < 0 || len > SENTRY_UTS_MAX)
    return -EINVAL;
  if (sentry_copy_in (sentry_task_usermem (task), name, args->arg[0], (gsize) len) < 0)
    return -EFAULT;
  set (sentry_kernel_uts_namespace (task->kernel), name, (gsize) len);
  return 0;
}

gint64
sentry_sys_sethostname (SentryTask *task, const SentrySyscallArgs *args)
{
  return set_name (task, args, sentry_uts_namespace_set_nodename);
}

gint64
sentry_sys_setdomainname (SentryTask *task, const SentrySyscallArgs *args)
{
  return set_name (task, args, sentry_uts_namespace_set_domainname);
}
