/* Names of constants: flag sets, enumerations, signals, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 value;
  guint64 mask; /* the bits that must equal value; in an enumeration all */
  const char *name;
} SentryName;

/* A set of flags, or the values of an enumeration.  What no name covers is shown as a number with
 * `unknown` behind it in a comment, as strace does. */
typedef struct SentryNames
{
  const char *unknown;
  const SentryName *names;
  guint n_names;
} SentryNames;

/* NULL if there is none. */
const char *sentry_name_of (const SentryNames *set, guint64 value);
/* Appends A|B|0x40, or 0. */
void sentry_names_append_flags (GString *out, const SentryNames *set, guint64 value);
/* Appends the name, or the number with the comment. */
void sentry_names_append_value (GString *out, const SentryNames *set, guint64 value);

/* "SIGINT", "SIGRT_3"; NULL for a number that is no signal.  `buffer` holds at least 16 bytes. */
const char *sentry_signal_name (int sig, char *buffer);
/* "ENOENT", or NULL. */
const char *sentry_errno_name (int error);

/* The sets that syscalls.tbl or a decoder names. */
/* clang-format off */
#define SENTRY_NAME_SETS(X)                                                                        \
  X (access)                                                                                       \
  X (af)                                                                                           \
  X (arch_prctl)                                                                                   \
  X (at)                                                                                           \
  X (at_access) X (at_remove) X (at_statx) X (caps) X (clock) X (clone) X (close_range) X (        \
      dirent_type) X (epoll_create) X (epoll_ctl) X (epoll_events) X (eventfd) X (fadvise)         \
      X (fallocate) X (fcntl) X (fd_flags) X (flock) X (futex_op) X (getrandom) X (idtype) X (     \
          inotify) X (inotify_init) X (ioctl) X (ioprio_who) X (ipproto) X (netlink) X (signalfd)  \
          X (ipccmd) X (itimer) X (lock_type) X (madvise) X (map) X (membarrier) X (memfd)         \
              X (mlock2) X (mlockall) X (mount) X (mremap) X (msg) X (msgflg) X (msgget) X (msync) \
                  X (open) X (open_cloexec) X (open_tree) X (pidfd_open) X (pidfd_signal) X (poll) \
                      X (prctl) X (prio) X (prot) X (ptrace) X (rename) X (resolve) X (rlimit)     \
                          X (rseq) X (rusage) X (rwf) X (sa_flags) X (sched) X (seals) X (seccomp) \
                              X (semcmd) X (semget) X (shmat) X (shmget) X (shut) X (si_code)      \
                                  X (si_code_bus) X (si_code_chld) X (si_code_fpe) X (si_code_ill) \
                                      X (si_code_poll) X (si_code_segv) X (si_code_trap)           \
                                          X (sigev_notify) X (sighow) X (sockflags) X (socktype)   \
                                              X (so_options) X (sol) X (splice) X (ss_flags)       \
                                                  X (statfs_flags) X (statfs_type) X (statx_attr)  \
                                                      X (statx_mask) X (sync_range) X (syslog)     \
                                                          X (tcp_options) X (timer) X (timerfd)    \
                                                              X (timerfd_set) X (umount) X (wait)  \
                                                                  X (whence) X (xattr)

/* clang-format on */

#define X(set) extern const SentryNames sentry_names_##set;
SENTRY_NAME_SETS (X)
#undef X

G_END_DECLS
