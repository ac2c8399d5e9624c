/* What the system call table says of each call. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kernel/task.h"

G_BEGIN_DECLS

#define SENTRY_N_SYSCALLS 470

typedef struct SentryNames SentryNames;

typedef int64_t (*SentrySyscallHandler) (SentryTask *task, const SentrySyscallArgs *args);

typedef enum
{
  SENTRY_SUPPORT_NONE, /* fails with .error */
  SENTRY_SUPPORT_STUB,
  SENTRY_SUPPORT_PARTIAL,
  SENTRY_SUPPORT_FULL,
} SentrySupport;

/* Classes of strace's %class. */
enum
{
  SENTRY_SYSCALL_FILE = 1 << 0,
  SENTRY_SYSCALL_DESC = 1 << 1,
  SENTRY_SYSCALL_PROCESS = 1 << 2,
  SENTRY_SYSCALL_NETWORK = 1 << 3,
  SENTRY_SYSCALL_SIGNAL = 1 << 4,
  SENTRY_SYSCALL_IPC = 1 << 5,
  SENTRY_SYSCALL_MEMORY = 1 << 6,
  SENTRY_SYSCALL_CREDS = 1 << 7,
  SENTRY_SYSCALL_CLOCK = 1 << 8,
};

/* What an argument is.  With a direction other than VALUE the argument points to such things
 * (BYTES: to bytes); PATH, STR, STRV and PTR are pointers by themselves. */
typedef enum
{
  SENTRY_ARG_INT,
  SENTRY_ARG_UINT,
  SENTRY_ARG_LONG,
  SENTRY_ARG_ULONG,
  SENTRY_ARG_HEX,
  SENTRY_ARG_HEX32,
  SENTRY_ARG_SIZE,
  SENTRY_ARG_OFF,
  SENTRY_ARG_PTR,
  SENTRY_ARG_SKIP, /* not shown */
  SENTRY_ARG_FD,
  SENTRY_ARG_DIRFD,
  SENTRY_ARG_UID,
  SENTRY_ARG_MODE, /* permissions */
  SENTRY_ARG_FILEMODE,
  SENTRY_ARG_DEV,
  SENTRY_ARG_FLAGS,
  SENTRY_ARG_ENUM,
  SENTRY_ARG_SIG,
  SENTRY_ARG_CLOCKID,
  SENTRY_ARG_IPC_KEY,
  SENTRY_ARG_SOCKTYPE,
  SENTRY_ARG_PROTOCOL,
  SENTRY_ARG_IOCTL,
  SENTRY_ARG_PATH,
  SENTRY_ARG_STR,
  SENTRY_ARG_STRV,
  SENTRY_ARG_BYTES,
  SENTRY_ARG_RANDOM,
  /* Their form depends on another argument. */
  SENTRY_ARG_IOCTL_ARG,
  SENTRY_ARG_FCNTL_ARG,
  SENTRY_ARG_SOCKOPT,
  SENTRY_ARG_OPTVAL,
  SENTRY_ARG_SIGRETURN,
  /* These show all the arguments behind them, too, which are SKIP. */
  SENTRY_ARG_ARCH_PRCTL,
  SENTRY_ARG_CLONE,
  SENTRY_ARG_FUTEX_OP,
  SENTRY_ARG_PRCTL,
  /* Structs. */
  SENTRY_ARG_CAP_DATA,
  SENTRY_ARG_CAP_HEADER,
  SENTRY_ARG_CLONE_ARGS,
  SENTRY_ARG_CPUSET,
  SENTRY_ARG_DIRENTS,
  SENTRY_ARG_EPOLL_EVENT,
  SENTRY_ARG_FDSET,
  SENTRY_ARG_IOVEC,
  SENTRY_ARG_IOVEC_RAW, /* addresses in another process: not followed */
  SENTRY_ARG_ITIMERSPEC,
  SENTRY_ARG_ITIMERVAL,
  SENTRY_ARG_MMSGHDR,
  SENTRY_ARG_MQ_ATTR,
  SENTRY_ARG_MSGHDR,
  SENTRY_ARG_OPEN_HOW,
  SENTRY_ARG_PIPEFD,
  SENTRY_ARG_POLLFD,
  SENTRY_ARG_RLIMIT,
  SENTRY_ARG_RUSAGE,
  SENTRY_ARG_SCHED_ATTR,
  SENTRY_ARG_SEMBUF,
  SENTRY_ARG_SIGACTION,
  SENTRY_ARG_SIGEVENT,
  SENTRY_ARG_SIGINFO,
  SENTRY_ARG_SIGSET,
  SENTRY_ARG_SIGSET_ARG, /* pselect6's pair of pointer and size */
  SENTRY_ARG_SOCKADDR,
  SENTRY_ARG_STACK,
  SENTRY_ARG_STAT,
  SENTRY_ARG_STATFS,
  SENTRY_ARG_STATX,
  SENTRY_ARG_SYSINFO,
  SENTRY_ARG_TIMESPEC,
  SENTRY_ARG_TIMEVAL,
  SENTRY_ARG_TIMEZONE,
  SENTRY_ARG_TMS,
  SENTRY_ARG_UTIMBUF,
  SENTRY_ARG_UTSNAME,
  SENTRY_ARG_WSTATUS,
} SentryArgKind;

typedef enum
{
  SENTRY_ARG_VALUE,
  SENTRY_ARG_IN,  /* read by the kernel: shown as on entry */
  SENTRY_ARG_OUT, /* written: shown as after success */
  SENTRY_ARG_INOUT,
} SentryArgDirection;

/* What `link` says when it is no argument's index. */
enum
{
  SENTRY_ARG_NONE = -1,
  SENTRY_ARG_RESULT = -2,      /* the result counts it */
  SENTRY_ARG_INTERRUPTED = -3, /* written only when the call was interrupted */
  SENTRY_ARG_COUNTED = -4,     /* STRV: only the number of strings is shown */
};

typedef struct
{
  const char *name;
  guint8 kind;      /* SentryArgKind */
  guint8 direction; /* SentryArgDirection */
  gint8 link;       /* the argument that counts it or decides what it is, or one of the above */
  guint8 count;     /* elements when link is NONE */
  const SentryNames *names;
} SentrySyscallArg;

typedef enum
{
  SENTRY_RESULT_INT,
  SENTRY_RESULT_FD,
  SENTRY_RESULT_HEX,
  SENTRY_RESULT_OFF,
  SENTRY_RESULT_MODE,
  SENTRY_RESULT_FLAGS,
  SENTRY_RESULT_FCNTL,    /* depends on the command */
  SENTRY_RESULT_NORETURN, /* never shown */
} SentryResultKind;

typedef struct
{
  const char *name;             /* NULL: the number is reserved */
  SentrySyscallHandler handler; /* NULL: support is NONE */
  int error;                    /* positive */
  SentrySupport support;
  guint32 classes;
  SentryResultKind result;
  const SentryNames *result_names;
  guint n_args;
  SentrySyscallArg args[6];
  const char *note;
} SentrySyscallInfo;

/* Generated from syscalls.tbl. */
extern const SentrySyscallInfo sentry_syscall_table[SENTRY_N_SYSCALLS];

/* The number of the call, or -1. */
int sentry_syscall_by_name (const char *name);

G_END_DECLS
