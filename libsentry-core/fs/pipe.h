/* Pipes and FIFOs. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "iface/sentry-file.h"
#include "iface/sentry-inode.h"

G_BEGIN_DECLS

#define SENTRY_PIPE_DEFAULT_SIZE 65536u
#define SENTRY_PIPE_MAX_SIZE 1048576u
#define SENTRY_PIPE_BUF 4096u

typedef struct SentryPipe SentryPipe;

/* pipe2: both ends.  `flags`: O_NONBLOCK, O_DIRECT (packets), O_CLOEXEC is the caller's.  0,
 * -ENFILE, -ENOMEM. */
int sentry_pipe_new (SentryCred *cred, guint32 flags, SentryFile **ret_read,
                     SentryFile **ret_write);

/* Opens a FIFO inode; never blocks.  When the other end is missing and `flags` lacks O_NONBLOCK,
 * the file comes back incomplete: the caller sleeps on it until sentry_fifo_open_done says 0.
 * -ENXIO: O_WRONLY|O_NONBLOCK without a reader. */
int sentry_fifo_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                      guint32 flags, SentryFile **ret_file);
/* 0: the other end has come (or it isn't a FIFO); -EAGAIN: not yet. */
int sentry_fifo_open_done (SentryFile *f);
/* The queue that wakes such an opener. */
SentryWaitQueue *sentry_fifo_open_queue (SentryFile *f);

gboolean sentry_file_is_pipe (SentryFile *f);
gint64 sentry_pipe_get_size (SentryFile *f); /* F_GETPIPE_SZ */
gint64 sentry_pipe_set_size (SentryFile *f, guint64 size,
                             gboolean privileged); /* F_SETPIPE_SZ: new size or errno */

/* splice and tee between two pipes: moves (or, with `keep`, copies) up to `len` bytes.  0 at the
 * end of `in`, -EAGAIN when there is nothing to move or no room, -EPIPE without readers of `out`.
 */
gint64 sentry_pipe_move (SentryFile *in, SentryFile *out, gsize len, gboolean keep);
/* Gives back what was read last and could not be used. */
void sentry_pipe_unread (SentryFile *f, gconstpointer data, gsize len);

G_END_DECLS
