/* Contract: an open file description. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <poll.h>
#include "base/sentry-lock.h"
#include "base/sentry-ref.h"
#include "base/sentry-wait-queue.h"
#include "iface/sentry-mappable.h"
#include "iface/sentry-path.h"

G_BEGIN_DECLS

typedef struct SentryFile SentryFile;
typedef struct SentryInode SentryInode;
typedef struct SentryCred SentryCred;
typedef struct SentryTask SentryTask;
typedef struct SentryUserMem SentryUserMem;
typedef struct SentryIter SentryIter;

/* Receives directory entries.  FALSE: the buffer is full, stop before this entry.  `next_off` is
 * what lseek would be given to go on after this entry; `type` a DT_* value. */
typedef struct SentryDirEmit
{
  gboolean (*emit) (struct SentryDirEmit *self, const char *name, gsize name_len, guint64 ino,
                    guint8 type, gint64 next_off);
} SentryDirEmit;

/* Asked by poll: `add` queues a waiter on `q` (may be called several times for one file).  NULL
 * table: only the present state is wanted. */
typedef struct SentryPollTable
{
  void (*add) (struct SentryPollTable *self, SentryWaitQueue *q);
} SentryPollTable;

/* Every operation returns at once: one that would have to wait returns -EAGAIN, and the caller
 * waits by `poll`.  (The file's O_NONBLOCK is the caller's business.)  An absent operation means
 * Linux's errno for a file without it, given by the sentry_file_* wrappers.  Regular files may take
 * as long as the host takes, with no lock of ours held. */
typedef struct
{
  const char *name; /* "pipe", "eventfd" …: trace and /proc/PID/fdinfo */

  /* The last reference is gone. Frees the file's own struct. */
  void (*release) (SentryFile *f);
  /* A descriptor was closed (each close, not only the last).  May return an errno for close (). */
  int (*flush) (SentryFile *f);

  /* Bytes moved, 0 at end, or negative errno.  *pos: where, moved by what was done (the wrapper has
   * locked the file's position, or it is pread's own copy); NULL for streams.  Moves what it can: a
   * bad guest address after some bytes is a short count.  write honours O_APPEND by itself (*pos is
   * set to the end it found). */
  gint64 (*read) (SentryFile *f, SentryIter *dst, gint64 *pos);
  gint64 (*write) (SentryFile *f, SentryIter *src, gint64 *pos);
  /* New position or negative errno; absent: ESPIPE.  Use sentry_file_seek_generic for plain sizes.
   */
  gint64 (*seek) (SentryFile *f, gint64 offset, int whence);

  /* Present POLL* state; queues waiters if asked.  Absent: always
   * POLLIN|POLLOUT|POLLRDNORM|POLLWRNORM, and epoll refuses the file with EPERM. */
  guint32 (*poll) (SentryFile *f, SentryPollTable *table);

  /* Answers -ENOTTY for what it does not know.  Generic ones (FIOCLEX, FIONBIO …) never come here.
   */
  gint64 (*ioctl) (SentryFile *f, SentryTask *task, SentryUserMem *um, guint32 cmd, guint64 arg);
  /* Entries from f->pos on, moving it. 0 or negative errno. */
  int (*iterate) (SentryFile *f, SentryDirEmit *emit);
  int (*mmap) (SentryFile *f, SentryMapRequest *req);
  int (*fsync) (SentryFile *f, gboolean data_only);
  int (*fallocate) (SentryFile *f, int mode, gint64 offset, gint64 len);
  int (*truncate) (SentryFile *f, gint64 size); /* ftruncate */
  /* F_SETFL is about to change O_APPEND|O_NONBLOCK|O_DIRECT|O_NOATIME|O_ASYNC; negative errno
   * refuses. */
  int (*set_flags) (SentryFile *f, guint32 flags);
  /* Extra lines of /proc/PID/fdinfo/N. */
  void (*fdinfo) (SentryFile *f, GString *out);
  /* A host descriptor whose bytes are this file's from offset 0, for copies inside the kernel; -1:
   * none.  Borrowed. */
  int (*host_fd) (SentryFile *f);
  /* How the whole object is saved, a variant of SentryFile's table; NULL: a save that meets it
   * fails. */
  const struct SentryStateTable *state;
} SentryFileOps;

/* What open modes allow, in f->mode. */
#define SENTRY_FMODE_READ (1u << 0)
#define SENTRY_FMODE_WRITE (1u << 1)
#define SENTRY_FMODE_EXEC                                                                          \
  (1u << 2) /* opened for execve: denies writing (inode->write_count) until sentry_file_clear */
#define SENTRY_FMODE_PATH (1u << 3)   /* O_PATH: most operations are EBADF */
#define SENTRY_FMODE_STREAM (1u << 4) /* no position: pread is ESPIPE */
#define SENTRY_FMODE_NOCMTIME (1u << 5)
#define SENTRY_FMODE_APPEND_ONLY (1u << 6)
#define SENTRY_FMODE_WRITER (1u << 7) /* counted in inode->write_count until sentry_file_clear */

/* Life: made with one reference by open, pipe, accept …; each descriptor, mapping, in-flight
 * message and running call holds one.  The last unref calls release, which may block on the host:
 * never drop a reference under a lock. */
struct SentryFile
{
  const SentryFileOps *ops; /* I */
  SentryRef ref;
  guint32 mode;  /* I: SENTRY_FMODE_* */
  guint32 flags; /* a: O_* status flags that F_GETFL shows (access mode, O_APPEND, O_NONBLOCK …) */
  SentryMutex lock;   /* FILE: pos */
  gint64 pos;         /* m */
  SentryPath path;    /* I: where it was opened; empty for anonymous files */
  SentryInode *inode; /* I: owned; NULL only for files without one */
  SentryCred *cred;   /* I: the opener's; owned */
  struct
  {
    gint32 type; /* F_OWNER_* */
    gint32 pid;  /* in the root PID namespace; 0 none */
    gint32 sig;
    guint32 uid, euid;
  } owner; /* m */
  SentryList
      epoll_items; /* m: EPOLL_ITEMS, fs/epoll.c: the sets that watch it; next NULL: none ever */
  guint64 id;      /* I: unique, for lock owners and kcmp */
};

/* Called by implementations from their own allocation; takes its own references on path, inode and
 * cred. */
void sentry_file_init (SentryFile *f, const SentryFileOps *ops, guint32 mode, guint32 flags,
                       const SentryPath *path, SentryInode *inode, SentryCred *cred);
/* What init took; called by release before it frees the struct. */
void sentry_file_clear (SentryFile *f);
SentryFile *sentry_file_ref (SentryFile *f);
void sentry_file_unref (SentryFile *f);

/* The wrappers that callers use: they check mode, choose and lock the position, give Linux's errno
 * for absent operations, and send inotify events. `pos` NULL: the file's own position. */
gint64 sentry_file_read (SentryFile *f, SentryIter *dst, gint64 *pos);
gint64 sentry_file_write (SentryFile *f, SentryIter *src, gint64 *pos);
gint64 sentry_file_seek (SentryFile *f, gint64 offset, int whence);
guint32 sentry_file_poll (SentryFile *f, SentryPollTable *table);
int sentry_file_iterate (SentryFile *f, SentryDirEmit *emit);
/* lseek over plain bytes: SET CUR END DATA HOLE with `size` as end and no holes. Called with
 * f->lock held. */
gint64 sentry_file_seek_generic (SentryFile *f, gint64 offset, int whence, gint64 size, gint64 max);

static inline guint32
sentry_file_flags (SentryFile *f)
{
  return __atomic_load_n (&f->flags, __ATOMIC_RELAXED);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SentryFile, sentry_file_unref)

G_END_DECLS
