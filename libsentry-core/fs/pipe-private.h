/* Pipes inside: the ring and its ends. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fs/pipe.h"

G_BEGIN_DECLS

#define MAX_PACKETS (SENTRY_PIPE_MAX_SIZE / SENTRY_PIPE_BUF)

/* Life: made by pipe2, or by the first open of a FIFO, which hangs it from the inode; each open end
 * holds one reference, the inode of a FIFO another.  Bytes are lost when the last end closes.
 *
 * The ring is one flat buffer: a 64 KiB transfer is one or two copies between guest and ring, under
 * the pipe's lock and without faulting (a short copy drops the lock, faults the page in, and tries
 * again).  Linux counts pages, we count bytes; since Linux merges small writes into the last page,
 * a pipe filled by one-byte writes holds 64 KiB in both. */
struct SentryPipe
{
  SentryInodeAttachment attachment; /* I: of a FIFO's inode */
  SentryRef ref;
  SentryMutex lock; /* PIPE */
  SentryWaitQueue wait;
  guint8 *ring;                 /* m: `size` bytes, allocated and charged at the first write */
  guint32 size;                 /* m: a power of two, 4096 … SENTRY_PIPE_MAX_SIZE */
  guint32 head;                 /* m: where the oldest byte is */
  guint32 used;                 /* m */
  guint32 packets[MAX_PACKETS]; /* m: O_DIRECT: lengths of the first n_packets pieces in the ring */
  guint32 n_packets;            /* m */
  guint32 n_readers, n_writers; /* m */
  guint64 reader_opens, writer_opens; /* m: ever: a FIFO opener notices a peer that came and went */
};

typedef struct
{
  SentryFile file;
  SentryPipe *pipe; /* I: owned */
  guint64 await;    /* T opener: peer opens that must be passed; 0 when the open is complete */
} PipeFile;

static inline SentryPipe *
sentry_pipe_of (SentryFile *f)
{
  return SENTRY_CONTAINER (f, PipeFile, file)->pipe;
}

/* The ring is allocated at the first write.  0 or -ENOMEM. */
int sentry_pipe_ensure_ring_locked (SentryPipe *p);
/* 0, -EBUSY (more is in it), -ENOMEM. */
int sentry_pipe_resize_locked (SentryPipe *p, guint32 size);

G_END_DECLS
