/* Decoding what many file calls take: descriptors, paths, places to wait.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "base/sentry-errno.h"
#include "kernel/task.h"
#include "time/clock.h"

G_BEGIN_DECLS

/* A path argument: the name as copied in once, and where its walk starts.  Borrow-only for the
 * mount namespace; cleared by sentry_path_arg_clear whatever init returned. */
typedef struct
{
  char *name;
  SentryWalk walk;
  SentryMountNamespace *ns;
  const SentryMountNamespaceInterface *ops;
} SentryPathArg;

/* Copies the name at `addr` in and prepares the walk from `dirfd`.  0, -EFAULT, -ENAMETOOLONG,
 * -ENOMEM. */
int sentry_path_arg_init (SentryTask *task, int dirfd, guint64 addr, SentryPathArg *ret_arg);
void sentry_path_arg_clear (SentryPathArg *arg);
/* init, then looks it up with SENTRY_LOOKUP_* flags; `addr` may be 0 with AT_EMPTY_PATH semantics
 * only if the caller says so by `null_is_empty`. */
int sentry_path_arg_lookup (SentryTask *task, int dirfd, guint64 addr, guint32 flags,
                            gboolean null_is_empty, SentryPath *ret_path);

/* A file by descriptor: with a reference, or NULL for EBADF.  _io refuses O_PATH files. */
SentryFile *sentry_task_file (SentryTask *task, gint64 fd);
SentryFile *sentry_task_file_io (SentryTask *task, gint64 fd);

/* Waiting for one file: registers on its queues, and sleeps.
 *
 *   for (;;)
 *     {
 *       sentry_io_wait_begin (&w, task, file, POLLIN);
 *       r = try ();
 *       if (r == -EAGAIN && !nonblocking)
 *         wait = sentry_io_wait_sleep (&w, deadline);
 *       sentry_io_wait_end (&w);
 *     }
 *
 * Registering comes before the try, so that no wake-up between the two is lost. */
#define SENTRY_IO_WAIT_QUEUES 4
typedef struct
{
  SentryPollTable table;
  SentryTask *task;
  guint32 events;
  guint n;
  SentryWaiter waiters[SENTRY_IO_WAIT_QUEUES];
} SentryIoWait;

void sentry_io_wait_begin (SentryIoWait *w, SentryTask *task, SentryFile *f, guint32 events);
int sentry_io_wait_sleep (SentryIoWait *w, gint64 deadline);
void sentry_io_wait_end (SentryIoWait *w);

/* Reads or writes as read(2) and write(2) do: waits where the file isn't non-blocking, goes on
 * after short writes to streams, sends SIGPIPE and SIGXFSZ.  `pos` NULL: the file's own position.
 */
gint64 sentry_task_read (SentryTask *task, SentryFile *f, SentryIter *dst, gint64 *pos,
                         gboolean nowait);
gint64 sentry_task_write (SentryTask *task, SentryFile *f, SentryIter *src, gint64 *pos,
                          gboolean nowait);

/* The signal mask argument of ppoll, pselect6, epoll_pwait …: in force until the call ends; `addr`
 * 0: none.  0, -EINVAL for a wrong size, -EFAULT. */
int sentry_task_take_call_mask (SentryTask *task, guint64 addr, guint64 size);

static inline guint64
sentry_task_nofile (SentryTask *task)
{
  return sentry_limits_get (sentry_task_limits (task), RLIMIT_NOFILE);
}

G_END_DECLS
