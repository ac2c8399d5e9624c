/* Pipes and FIFOs: a ring of bytes between descriptors. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "auth/sentry-cred.h"
#include "fs/anon-inode.h"
#include "kernel/sentry-kernel.h"
#include "state/sentry-state.h"
#include "usermem/sentry-usermem.h"

/* Life: made by pipe2, or by the first open of a FIFO, which hangs it from the inode; each open end holds one reference, the inode
 * of a FIFO another.  Bytes are lost when the last end closes.
 *
 * The ring is one flat buffer: a 64 KiB transfer is one or two copies between guest and ring, under the pipe's lock and without
 * faulting (a short copy drops the lock, faults the page in, and tries again).  Linux counts pages, we count bytes: a pipe filled by
 * one-byte writes holds 64 KiB here and 64 KiB there, since Linux merges them. */
struct SentryPipe
{
  SentryRef ref;
  SentryMutex lock;      /* PIPE */
  SentryWaitQueue wait;
  guint8 *ring;          /* m: `size` bytes, allocated at the first write */
  guint32 size;          /* m: a power of two >= 4096 */
  guint32 head;          /* m: where the oldest byte is */
  guint32 used;          /* m */
  GQueue packets;        /* m: O_DIRECT: lengths of the packets in the ring, as GUINT_TO_POINTER */
  guint n_readers, n_writers; /* m */
  guint64 reader_opens, writer_opens; /* m: ever, so that a FIFO opener notices a peer that came and went */
};

SENTRY_STATE_TABLE (SentryPipe, "pipe", 1,
                    SENTRY_STATE_SKIP (SentryPipe, ref, "counted again as referrers load"),
                    SENTRY_STATE_SKIP (SentryPipe, lock, "re-made on load"),
                    SENTRY_STATE_SKIP (SentryPipe, wait, "waiters queue themselves again"),
                    SENTRY_STATE_SKIP (SentryPipe, ring, "PLACEHOLDER"));
