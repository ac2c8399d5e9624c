/* uname, sethostname, setdomainname. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "kernel/uts-namespace.h"
#include "syscalls/handlers.h"

gint64
sentry_sys_uname (SentryTask *task, const SentrySyscallArgs *args)
{
  struct utsname names;

  sentry_uts_namespace_get (sentry_kernel_uts_namespace (task->kernel), &names);
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
