/* membarrier. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/membarrier.h>

#include "kernel/membarrier.h"
#include "syscalls/handlers.h"

#ifndef MEMBARRIER_CMD_GET_REGISTRATIONS
#  define MEMBARRIER_CMD_GET_REGISTRATIONS (1 << 9)
#endif

#define REGISTRATIONS                                                                              \
  (MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED            \
   | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)
/* Without those of restartable sequences, which do not exist here. */
#define SUPPORTED                                                                                  \
  (REGISTRATIONS | MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED                         \
   | MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE                 \
   | MEMBARRIER_CMD_GET_REGISTRATIONS)

static gint64
expedited (SentryTask *task, guint32 needed)
{
  if (!(sentry_task_membarrier_registered (task) & needed))
    return -EPERM;
  return sentry_task_membarrier (task, TRUE);
}

gint64
sentry_sys_membarrier (SentryTask *task, const SentrySyscallArgs *args)
{
  int command = (int) args->arg[0];

  if ((guint32) args->arg[1] != 0)
    return -EINVAL;
  switch (command)
    {
    case MEMBARRIER_CMD_QUERY:
      return SUPPORTED;
    case MEMBARRIER_CMD_GLOBAL:
    case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
      return sentry_task_membarrier (task, FALSE);
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
      return expedited (task, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
      return expedited (task, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
    case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
      sentry_task_membarrier_register (task, (guint32) command);
      return 0;
    case MEMBARRIER_CMD_GET_REGISTRATIONS:
      return sentry_task_membarrier_registered (task);
    default:
      return -EINVAL;
    }
}
