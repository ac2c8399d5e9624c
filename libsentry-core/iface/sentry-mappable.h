/* Contract: a thing that can be mapped into guest memory (a file, shared memory). SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "base/sentry-ref.h"

G_BEGIN_DECLS

typedef struct SentryMappable SentryMappable;

/* The mm defines it, file systems implement it (embedded in an inode or a shared-memory object), so
 * that mm needs to know no files.  Thread: any.  The mm calls acquire_fd under its MM lock and no
 * other; implementations take only locks below FUTEX's row or none: what can block on the host
 * (copy-up, promotion of a tmpfs file to a host file) happens earlier, in the file's mmap
 * operation. */
typedef struct
{
  SentryMappable *(*ref) (SentryMappable *m);
  void (*unref) (SentryMappable *m);
  /* A host descriptor for pages from `offset` on, no stronger than `writable` asks, and the offset
   * in it; borrowed until release_fd.  Negative errno: -ENFILE, -ENOMEM, -EIO. */
  int (*acquire_fd) (SentryMappable *m, gboolean shared, gboolean writable, guint64 offset,
                     int *ret_fd, guint64 *ret_fd_offset);
  void (*release_fd) (SentryMappable *m, int fd);
  /* Books of live mappings, for SIGBUS rules, seals, truncation and busy text.  `delta` is +1 or
   * -1. Balanced in bytes, not in calls: mappings are cut and joined without notice. */
  void (*mapped) (SentryMappable *m, guint64 offset, guint64 len, gboolean shared,
                  gboolean writable, int delta);
  /* For /proc/PID/maps and futex keys: device and inode number as the guest sees them, and the path
   * (g_free; NULL: none). */
  void (*identity) (SentryMappable *m, guint32 *ret_dev_major, guint32 *ret_dev_minor,
                    guint64 *ret_ino, char **ret_path);
} SentryMappableOps;

struct SentryMappable
{
  const SentryMappableOps *ops; /* I */
};

/* What a file's mmap operation fills in. */
typedef struct
{
  /* in */
  guint64 len;
  guint64 offset;
  int prot;
  gboolean shared;
  /* out, on success */
  SentryMappable *mappable; /* a reference; NULL: anonymous memory (/dev/zero) */
  int max_prot;             /* PROT_* that mprotect may later give */
} SentryMapRequest;

G_END_DECLS
