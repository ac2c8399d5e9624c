/* Layouts of amd64 Linux that process, time and limit calls exchange with guests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "abi/sentry-abi-file.h"

G_BEGIN_DECLS

typedef struct
{
  gint32 tz_minuteswest, tz_dsttime;
} SentryAbiTimezone;

typedef struct
{
  SentryAbiTimespec it_interval, it_value;
} SentryAbiItimerspec;

typedef struct
{
  SentryAbiTimeval it_interval, it_value;
} SentryAbiItimerval;

typedef struct
{
  gint64 tms_utime, tms_stime, tms_cutime, tms_cstime;
} SentryAbiTms;

typedef struct
{
  SentryAbiTimeval ru_utime, ru_stime;
  gint64 ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock,
      ru_oublock;
  gint64 ru_msgsnd, ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
} SentryAbiRusage;

#define SENTRY_ABI_RLIM_INFINITY G_MAXUINT64
typedef struct
{
  guint64 rlim_cur, rlim_max;
} SentryAbiRlimit;

typedef struct
{
  gint64 uptime;
  guint64 loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
  guint16 procs, reserved0;
  guint32 reserved1;
  guint64 totalhigh, freehigh;
  guint32 mem_unit, reserved2;
} SentryAbiSysinfo;

#define SENTRY_ABI_UTSNAME_LENGTH 65
typedef struct
{
  char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
} SentryAbiUtsname;

/* clone3: sizes that Linux has had are 64, 80 and 88. */
typedef struct
{
  guint64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  guint64 set_tid, set_tid_size, cgroup;
} SentryAbiCloneArgs;

typedef struct
{
  guint64 list_next;
  gint64 futex_offset;
  guint64 list_op_pending;
} SentryAbiRobustListHead;

/* futex_waitv, futex_requeue. */
typedef struct
{
  guint64 val, uaddr;
  guint32 flags, reserved;
} SentryAbiFutexWaitv;

/* sched_setattr: 48 bytes at first, 56 now. */
typedef struct
{
  guint32 size, sched_policy;
  guint64 sched_flags;
  gint32 sched_nice;
  guint32 sched_priority;
  guint64 sched_runtime, sched_deadline, sched_period;
  guint32 sched_util_min, sched_util_max;
} SentryAbiSchedAttr;

typedef struct
{
  guint32 version;
  gint32 pid;
} SentryAbiCapHeader;

typedef struct
{
  guint32 effective, permitted, inheritable;
} SentryAbiCapData;

#define SENTRY_ABI_CAP_VERSION_1 0x19980330u /* one SentryAbiCapData */
#define SENTRY_ABI_CAP_VERSION_2 0x20071026u /* two */
#define SENTRY_ABI_CAP_VERSION_3 0x20080522u /* two */

typedef struct
{
  guint16 sem_num;
  gint16 sem_op, sem_flg;
} SentryAbiSembuf;

typedef struct
{
  gint64 mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs, reserved[4];
} SentryAbiMqAttr;

G_END_DECLS
