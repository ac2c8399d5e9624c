/* Calls the handler of a system call. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "syscalls/dispatch.h"

#include <errno.h>
#include <string.h>
#include "syscalls/syscall-table.h"

/* Linux looks at 32 bits of rax only (do_syscall_64 takes an int), so a number with garbage above
 * them is the number below it.  x32 numbers have bit 30 set, which puts them past the end, as
 * CONFIG_X86_X32 off does. */
gint64
sentry_syscall_dispatch (SentryTask *task, SentrySyscallAbi abi, guint64 nr,
                         const SentrySyscallArgs *args)
{
  const SentrySyscallInfo *info;
  guint32 n = nr;

  if (G_UNLIKELY (abi != SENTRY_ABI_AMD64 || n >= SENTRY_N_SYSCALLS))
    return -ENOSYS;
  info = &sentry_syscall_table[n];
  if (G_UNLIKELY (info->handler == NULL))
    return -info->error;
  return info->handler (task, args);
}

int
sentry_syscall_by_name (const char *name)
{
  for (int i = 0; i < SENTRY_N_SYSCALLS; i++)
    if (sentry_syscall_table[i].name != NULL && strcmp (sentry_syscall_table[i].name, name) == 0)
      return i;
  return -1;
}
