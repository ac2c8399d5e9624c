/* Descriptor tables: small numbers to open file descriptions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "iface/sentry-file.h"

G_BEGIN_DECLS

/* Shared by tasks that were cloned with CLONE_FILES; knows no task.  get costs one uncontended lock
 * and one atomic increment.  Functions that drop references do so after the lock. */
typedef struct SentryFdTable SentryFdTable;

SentryFdTable *sentry_fd_table_new (void);
SentryFdTable *sentry_fd_table_ref (SentryFdTable *t);
/* The last one closes everything. */
void sentry_fd_table_unref (SentryFdTable *t);
guint64 sentry_fd_table_id (SentryFdTable *t);
gboolean sentry_fd_table_is_shared (SentryFdTable *t);
/* A copy (fork); only descriptors below `max`.  NULL: out of memory. */
SentryFdTable *sentry_fd_table_copy (SentryFdTable *t, guint max);

/* A reference, or NULL.  Includes O_PATH files: callers that do I/O check SENTRY_FMODE_PATH. */
SentryFile *sentry_fd_table_get (SentryFdTable *t, int fd);
/* As get, but NULL for O_PATH files (EBADF). */
SentryFile *sentry_fd_table_get_io (SentryFdTable *t, int fd);
/* Lowest free number >= `from` and < `limit` (RLIMIT_NOFILE).  Takes its own reference.  Number or
 * -EMFILE/-ENOMEM. */
int sentry_fd_table_install (SentryFdTable *t, SentryFile *f, int from, guint64 limit,
                             gboolean cloexec);
/* Two steps for calls that must not fail after making the file: reserve a number, then fill it or
 * give it back. */
int sentry_fd_table_reserve (SentryFdTable *t, int from, guint64 limit);
void sentry_fd_table_fill (SentryFdTable *t, int fd, SentryFile *f, gboolean cloexec);
void sentry_fd_table_cancel (SentryFdTable *t, int fd);
/* dup2/dup3: closes what was at `fd`.  fd or -EBADF, -EBUSY (reserved), -ENOMEM. */
int sentry_fd_table_replace (SentryFdTable *t, int fd, SentryFile *f, guint64 limit,
                             gboolean cloexec);
/* Result of flush, or -EBADF. `owner` is told to release POSIX locks. */
int sentry_fd_table_close (SentryFdTable *t, int fd);
/* close_range: inclusive; with `only_cloexec` sets the flag instead. */
void sentry_fd_table_close_range (SentryFdTable *t, guint first, guint last, gboolean only_cloexec);
void sentry_fd_table_close_on_exec (SentryFdTable *t);
int sentry_fd_table_get_cloexec (SentryFdTable *t, int fd);              /* 0, 1, -EBADF */
int sentry_fd_table_set_cloexec (SentryFdTable *t, int fd, gboolean on); /* 0, -EBADF */
/* The lowest used number >= from with a reference; -1 at the end. For /proc/PID/fd. */
int sentry_fd_table_next (SentryFdTable *t, int from, SentryFile **ret_file, gboolean *ret_cloexec);
guint sentry_fd_table_size (SentryFdTable *t); /* FDSize of /proc/PID/status */

G_END_DECLS
