/* Asserts that our layouts are Linux's. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <ucontext.h>
#include <utime.h>

#include "abi/sentry-abi-file.h"
#include "abi/sentry-abi-process.h"
#include "abi/sentry-abi-signal.h"

#define SIZE(Type, bytes) G_STATIC_ASSERT (sizeof (Type) == (bytes))
#define AT(Type, member, offset) G_STATIC_ASSERT (G_STRUCT_OFFSET (Type, member) == (offset))
/* Where userspace's own type has the kernel's layout. */
#define SAME(Type, Theirs) G_STATIC_ASSERT (sizeof (Type) == sizeof (Theirs))
#define SAME_AT(Type, Theirs, member)                                                              \
  G_STATIC_ASSERT (G_STRUCT_OFFSET (Type, member) == G_STRUCT_OFFSET (Theirs, member))

SAME (SentryAbiTimespec, struct timespec);
SAME (SentryAbiTimeval, struct timeval);

SIZE (SentryAbiStat, 144);
SAME (SentryAbiStat, struct stat);
SAME_AT (SentryAbiStat, struct stat, st_mode);
SAME_AT (SentryAbiStat, struct stat, st_rdev);
SAME_AT (SentryAbiStat, struct stat, st_blocks);
SAME_AT (SentryAbiStat, struct stat, st_ctim);

SIZE (SentryAbiStatx, 256);
SAME (SentryAbiStatx, struct statx);
SAME_AT (SentryAbiStatx, struct statx, stx_mode);
SAME_AT (SentryAbiStatx, struct statx, stx_attributes_mask);
SAME_AT (SentryAbiStatx, struct statx, stx_mtime);
SAME_AT (SentryAbiStatx, struct statx, stx_dev_minor);
AT (SentryAbiStatx, stx_mnt_id, 0x90);
AT (SentryAbiStatx, stx_subvol, 0xa0);
AT (SentryAbiStatx, stx_atomic_write_unit_max_opt, 0xb8);
AT (SentryAbiStatx, reserved, 0xc0);

SIZE (SentryAbiStatfs, 120);
SAME (SentryAbiStatfs, struct statfs);
SAME_AT (SentryAbiStatfs, struct statfs, f_fsid);
SAME_AT (SentryAbiStatfs, struct statfs, f_flags);

AT (SentryAbiDirent64, d_type, 18);
AT (SentryAbiDirent64, d_name, SENTRY_ABI_DIRENT64_NAME);
AT (SentryAbiDirent, d_name, SENTRY_ABI_DIRENT_NAME);

SIZE (SentryAbiFlock, 32);
SAME (SentryAbiFlock, struct flock);
SAME_AT (SentryAbiFlock, struct flock, l_pid);
SAME (SentryAbiOwnerEx, struct f_owner_ex);
SAME (SentryAbiPollfd, struct pollfd);
SIZE (SentryAbiEpollEvent, 12);
SAME (SentryAbiEpollEvent, struct epoll_event);
SAME_AT (SentryAbiEpollEvent, struct epoll_event, data);
SIZE (SentryAbiInotifyEvent, 16);
SAME (SentryAbiIovec, struct iovec);
SAME (SentryAbiOpenHow, struct open_how);
SIZE (SentryAbiMountAttr, 32);
SIZE (SentryAbiCachestat, 40);
SIZE (SentryAbiXattrArgs, 16);
SIZE (SentryAbiFileAttr, 24);
SIZE (SentryAbiTermios, 36);
SIZE (SentryAbiTermios2, 44);
SIZE (SentryAbiTermio, 18);
SAME (SentryAbiWinsize, struct winsize);
SIZE (SentryAbiMsghdr, 56);
SAME (SentryAbiMsghdr, struct msghdr);
SAME_AT (SentryAbiMsghdr, struct msghdr, msg_control);
SAME_AT (SentryAbiMsghdr, struct msghdr, msg_flags);
SAME (SentryAbiMmsghdr, struct mmsghdr);
SIZE (SentryAbiCmsghdr, 16);
SAME (SentryAbiUtimbuf, struct utimbuf);

SAME (SentryAbiTimezone, struct timezone);
SAME (SentryAbiItimerspec, struct itimerspec);
SAME (SentryAbiItimerval, struct itimerval);
SAME (SentryAbiTms, struct tms);
SIZE (SentryAbiRusage, 144);
SAME (SentryAbiRusage, struct rusage);
SAME_AT (SentryAbiRusage, struct rusage, ru_nivcsw);
SAME (SentryAbiRlimit, struct rlimit);
SIZE (SentryAbiSysinfo, 112);
SAME (SentryAbiSysinfo, struct sysinfo);
SAME_AT (SentryAbiSysinfo, struct sysinfo, procs);
SAME_AT (SentryAbiSysinfo, struct sysinfo, totalhigh);
SAME_AT (SentryAbiSysinfo, struct sysinfo, mem_unit);
SIZE (SentryAbiUtsname, 390);
SAME (SentryAbiUtsname, struct utsname);
SIZE (SentryAbiCloneArgs, 88);
SAME (SentryAbiCloneArgs, struct clone_args);
SAME_AT (SentryAbiCloneArgs, struct clone_args, cgroup);
SIZE (SentryAbiRobustListHead, 24);
SIZE (SentryAbiFutexWaitv, 24);
SIZE (SentryAbiSchedAttr, 56);
SAME (SentryAbiCapHeader, struct __user_cap_header_struct);
SAME (SentryAbiCapData, struct __user_cap_data_struct);
G_STATIC_ASSERT (SENTRY_ABI_CAP_VERSION_3 == _LINUX_CAPABILITY_VERSION_3);
SIZE (SentryAbiSembuf, 6);
SIZE (SentryAbiMqAttr, 64);

SIZE (SentryAbiSigaction, 32);
SIZE (SentryAbiStack, 24);
SAME (SentryAbiStack, stack_t);
SIZE (SentryAbiSiginfo, 128);
AT (SentryAbiSiginfo, si_pid, 16);
AT (SentryAbiSiginfo, si_status, 24);
AT (SentryAbiSiginfo, si_addr, 16);
SIZE (SentryAbiSigevent, 64);
SAME (SentryAbiSigevent, struct sigevent);
AT (SentryAbiSigevent, sigev_notify, 12);
SIZE (SentryAbiSignalfdSiginfo, 128);
SAME (SentryAbiSignalfdSiginfo, struct signalfd_siginfo);
SAME_AT (SentryAbiSignalfdSiginfo, struct signalfd_siginfo, ssi_addr);
SIZE (SentryAbiSigcontext, 256);
AT (SentryAbiSigcontext, cs, 144);
AT (SentryAbiSigcontext, fpstate, 184);
SAME_AT (SentryAbiUcontext, ucontext_t, uc_mcontext);
AT (SentryAbiUcontext, uc_sigmask, 296);
SIZE (SentryAbiUcontext, 304);
SIZE (SentryAbiRtSigframe, 440);
AT (SentryAbiRtSigframe, info, 312);
SIZE (SentryAbiFpxSwBytes, 48);
