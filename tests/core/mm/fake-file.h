/* A file whose bytes are a memfd's and that counts its mappings.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/sentry-list.h"
#include "iface/sentry-file.h"
#include "usermem/sentry-usermem.h"

typedef struct
{
  SentryFile file;
  SentryMappable mappable;
  SentryRef refs; /* of both together */
  int fd;
  gint64 mapped; /* bytes */
  int max_prot;
  gboolean *freed;
} FakeFile;

static void
fake_put (FakeFile *f)
{
  if (!sentry_ref_put (&f->refs))
    return;
  g_assert_cmpint (f->mapped, ==, 0);
  close (f->fd);
  if (f->freed != NULL)
    *f->freed = TRUE;
  g_free (f);
}

static SentryMappable *
fake_mappable_ref (SentryMappable *m)
{
  sentry_ref_get (&SENTRY_CONTAINER (m, FakeFile, mappable)->refs);
  return m;
}

static void
fake_mappable_unref (SentryMappable *m)
{
  fake_put (SENTRY_CONTAINER (m, FakeFile, mappable));
}

static int
fake_acquire_fd (SentryMappable *m, gboolean shared, gboolean writable, guint64 offset, int *ret_fd,
                 guint64 *ret_fd_offset)
{
  *ret_fd = SENTRY_CONTAINER (m, FakeFile, mappable)->fd;
  *ret_fd_offset = offset;
  return 0;
}

static void
fake_release_fd (SentryMappable *m, int fd)
{
}

static void
fake_mapped (SentryMappable *m, guint64 offset, guint64 len, gboolean shared, gboolean writable,
             int delta)
{
  SENTRY_CONTAINER (m, FakeFile, mappable)->mapped += delta * (gint64) len;
}

static void
fake_identity (SentryMappable *m, guint32 *ret_major, guint32 *ret_minor, guint64 *ret_ino,
               char **ret_path)
{
  *ret_major = 8;
  *ret_minor = 1;
  *ret_ino = 4711;
  *ret_path = NULL;
}

static const SentryMappableOps fake_mappable_ops = {
  .ref = fake_mappable_ref,
  .unref = fake_mappable_unref,
  .acquire_fd = fake_acquire_fd,
  .release_fd = fake_release_fd,
  .mapped = fake_mapped,
  .identity = fake_identity,
};

static int
fake_mmap (SentryFile *file, SentryMapRequest *req)
{
  FakeFile *f = (FakeFile *) file;

  req->mappable = fake_mappable_ref (&f->mappable);
  req->max_prot &= f->max_prot;
  return 0;
}

static gint64
fake_read (SentryFile *file, SentryIter *dst, gint64 *pos)
{
  char buf[4096];
  gint64 n = pread (((FakeFile *) file)->fd, buf, MIN (dst->remaining, sizeof buf), *pos);

  if (n > 0)
    n = sentry_iter_copy_to (dst, buf, n);
  *pos += MAX (n, 0);
  return n;
}

static void
fake_release (SentryFile *file)
{
  sentry_file_clear (file);
  fake_put ((FakeFile *) file);
}

static inline FakeFile *
fake_file_new (guint32 mode, gconstpointer bytes, gsize len)
{
  static const SentryFileOps ops
      = { .name = "fake", .release = fake_release, .mmap = fake_mmap, .read = fake_read };
  FakeFile *f = g_new0 (FakeFile, 1);

  sentry_file_init (&f->file, &ops, mode, 0, NULL, NULL, NULL);
  f->mappable.ops = &fake_mappable_ops;
  sentry_ref_init (&f->refs);
  f->fd = memfd_create ("fake", MFD_CLOEXEC);
  f->max_prot = PROT_READ | PROT_WRITE | PROT_EXEC;
  g_assert_cmpint (write (f->fd, bytes, len), ==, len);
  return f;
}
