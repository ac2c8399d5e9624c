/* System calls of memory mappings. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "syscalls/arguments.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/mman.h>

#include "mm/mm.h"
#include "syscalls/handlers.h"

#define HUGE_SHIFT 26
#define HUGE_MASK 0x3f

/* No huge pages are reserved in the sandbox: a size that the CPU has is out of memory, another is
 * an error. */
static gint64
map_huge (guint64 flags)
{
  guint size = (flags >> HUGE_SHIFT) & HUGE_MASK;

  return size == 0 || size == 21 || size == 30 ? -ENOMEM : -EINVAL;
}

gint64
sentry_sys_mmap (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryMmapArgs map = { .addr = args->arg[0],
                         .len = args->arg[1],
                         .prot = (int) args->arg[2],
                         .flags = (int) args->arg[3],
                         .offset = args->arg[5],
                         .may_lock_any = sentry_task_capable (task, CAP_IPC_LOCK) };
  SentryFile *file = NULL;
  gint64 r;

  if (map.offset % SENTRY_PAGE_SIZE != 0)
    return -EINVAL;
  if (!(map.flags & MAP_ANONYMOUS))
    {
      file = sentry_task_file_io (task, (int) args->arg[4]);
      if (file == NULL)
        return -EBADF;
    }
  map.file = file;
  if (map.flags & MAP_HUGETLB)
    r = file != NULL ? -EINVAL : map_huge (args->arg[3]);
  else
    r = sentry_mm_mmap (task->mm, task->context, sentry_task_limits (task), &map);
  if (file != NULL)
    sentry_file_unref (file);
  return r;
}

gint64
sentry_sys_munmap (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_mm_munmap (task->mm, task->context, args->arg[0], args->arg[1]);
}

gint64
sentry_sys_mprotect (SentryTask *task, const SentrySyscallArgs *args)
{
  if (args->arg[2] > G_MAXUINT32)
    return -EINVAL;
  return sentry_mm_mprotect (task->mm, task->context, args->arg[0], args->arg[1],
                             (int) args->arg[2]);
}

/* The sandbox's CPUs have no protection keys: none can be allocated, so only "no key" is valid. */
gint64
sentry_sys_pkey_mprotect (SentryTask *task, const SentrySyscallArgs *args)
{
  return (int) args->arg[3] == -1 ? sentry_sys_mprotect (task, args) : -EINVAL;
}

gint64
sentry_sys_pkey_alloc (SentryTask *task, const SentrySyscallArgs *args)
{
  return args->arg[0] != 0 || (args->arg[1] & ~G_GUINT64_CONSTANT (3)) ? -EINVAL : -ENOSPC;
}

gint64
sentry_sys_pkey_free (SentryTask *task, const SentrySyscallArgs *args)
{
  return -EINVAL;
}

gint64
sentry_sys_mremap (SentryTask *task, const SentrySyscallArgs *args)
{
  if (args->arg[3] > G_MAXINT32)
    return -EINVAL;
  return sentry_mm_mremap (task->mm, task->context, sentry_task_limits (task), args->arg[0],
                           args->arg[1], args->arg[2], (int) args->arg[3], args->arg[4]);
}

gint64
sentry_sys_brk (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_mm_brk (task->mm, task->context, sentry_task_limits (task), args->arg[0]);
}

gint64
sentry_sys_madvise (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_mm_madvise (task->mm, task->context, args->arg[0], args->arg[1],
                            (int) args->arg[2]);
}

gint64
sentry_sys_msync (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_mm_msync (task->mm, task->context, args->arg[0], args->arg[1], (int) args->arg[2]);
}

gint64
sentry_sys_mincore (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_mm_mincore (task->mm, sentry_task_usermem (task), args->arg[0], args->arg[1],
                            args->arg[2]);
}

static gint64
do_mlock (SentryTask *task, guint64 addr, guint64 len, int flags)
{
  return sentry_mm_mlock (task->mm, task->context, sentry_task_limits (task), addr, len, flags,
                          sentry_task_capable (task, CAP_IPC_LOCK));
}

gint64
sentry_sys_mlock (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_mlock (task, args->arg[0], args->arg[1], 0);
}

gint64
sentry_sys_mlock2 (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_mlock (task, args->arg[0], args->arg[1], (int) args->arg[2]);
}

gint64
sentry_sys_munlock (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_mm_munlock (task->mm, task->context, args->arg[0], args->arg[1]);
}

gint64
sentry_sys_mlockall (SentryTask *task, const SentrySyscallArgs *args)
{
  int flags = (int) args->arg[0];

  if (flags == 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
    return -EINVAL;
  return sentry_mm_mlockall (task->mm, task->context, sentry_task_limits (task), flags,
                             sentry_task_capable (task, CAP_IPC_LOCK));
}

gint64
sentry_sys_munlockall (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_mm_mlockall (task->mm, task->context, sentry_task_limits (task), 0,
                             sentry_task_capable (task, CAP_IPC_LOCK));
}

gint64
sentry_sys_mseal (SentryTask *task, const SentrySyscallArgs *args)
{
  return sentry_mm_mseal (task->mm, args->arg[0], args->arg[1], args->arg[2]);
}
