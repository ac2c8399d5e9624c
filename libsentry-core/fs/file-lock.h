/* flock, POSIX and open-file-description locks. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "iface/sentry-file.h"

G_BEGIN_DECLS

typedef enum
{
  SENTRY_LOCK_KIND_POSIX, /* owner: the descriptor table's id */
  SENTRY_LOCK_KIND_OFD,   /* owner: the file's id */
  SENTRY_LOCK_KIND_FLOCK, /* owner: the file's id; always the whole file */
} SentryFileLockKind;

typedef struct
{
  SentryFileLockKind kind;
  int type;          /* F_RDLCK, F_WRLCK, F_UNLCK */
  gint64 start, end; /* inclusive; end G_MAXINT64: to the end of file */
  guint64 owner;
  gint32 pid; /* of the locker, root PID namespace; -1 for OFD */
} SentryFileLock;

/* Sets or clears a lock.  0, -EAGAIN (conflict), -ENOLCK (bound reached), -EDEADLK (when `blocking`
 * and POSIX: waiting would close a circle).  With `blocking` a conflict queues `waiter` on the
 * inode's lock queue first, so that the caller may sleep and try again; sentry_file_lock_cancel
 * takes it off. */
int sentry_file_lock_set (SentryFile *f, const SentryFileLock *lock, gboolean blocking,
                          SentryWaiter *waiter);
void sentry_file_lock_cancel (SentryFile *f, const SentryFileLock *lock, SentryWaiter *waiter);
/* F_GETLK: the first conflicting lock, or type F_UNLCK. */
void sentry_file_lock_test (SentryFile *f, const SentryFileLock *lock,
                            SentryFileLock *ret_conflict);

/* A descriptor of table `owner` was closed: its POSIX locks on that inode go. */
void sentry_file_locks_release_posix (SentryFile *f, guint64 owner);
/* The description itself is gone: flock and OFD locks go. */
void sentry_file_locks_release_file (SentryFile *f);
/* /proc/locks */
void sentry_file_locks_show (GString *out);

G_END_DECLS
