/* /dev/null, zero, full, random, urandom. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "device.h"
#include "usermem/sentry-usermem.h"

#define MEMORY_MAJOR 1

static gint64
null_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  return 0;
}

static gint64
null_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  gsize n = src->remaining;

  sentry_iter_advance (src, n);
  return n;
}

/* null_lseek: always at 0. */
static gint64
null_seek (SentryFile *f, gint64 offset, int whence)
{
  return f->pos = 0;
}

static gint64
zero_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  gsize want = dst->remaining, n = sentry_iter_zero (dst, want);

  return n == 0 && want > 0 ? -EFAULT : (gint64) n;
}

static gint64
full_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  return -ENOSPC;
}

static gint64
random_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  gsize start = dst->done;

  while (dst->remaining > 0)
    {
      guint8 buf[256]; /* never interrupted up to this size */
      gssize n = getrandom (buf, MIN (dst->remaining, sizeof buf), 0);

      if (n < 0)
        return -errno;
      if (sentry_iter_copy_to (dst, buf, n) < (gsize) n)
        break;
    }
  return dst->done == start && dst->remaining > 0 ? -EFAULT : (gint64) (dst->done - start);
}

/* What a guest writes is mixed into nothing: it can't make the host's numbers better or worse. */
static gint64
random_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  guint8 buf[256];
  gsize start = src->done;

  while (src->remaining > 0)
    {
      gsize want = MIN (src->remaining, sizeof buf);

      if (sentry_iter_copy_from (src, buf, want) < want)
        break;
    }
  return src->done == start && src->remaining > 0 ? -EFAULT : (gint64) (src->done - start);
}

/* A private mapping of /dev/zero is anonymous memory; a shared one is shared memory of its own,
 * which mm makes. */
static int
zero_mmap (SentryFile *f, SentryMapRequest *req)
{
  req->mappable = NULL;
  req->max_prot = PROT_READ | PROT_WRITE | PROT_EXEC;
  return 0;
}

static void
device_release (SentryFile *f)
{
  sentry_file_clear (f);
  g_free (f);
}

static const SentryFileOps null_ops = { .name = "null",
                                        .release = device_release,
                                        .read = null_read,
                                        .write = null_write,
                                        .seek = null_seek };
static const SentryFileOps zero_ops = { .name = "zero",
                                        .release = device_release,
                                        .read = zero_read,
                                        .write = null_write,
                                        .seek = null_seek,
                                        .mmap = zero_mmap };
static const SentryFileOps full_ops = { .name = "full",
                                        .release = device_release,
                                        .read = zero_read,
                                        .write = full_write,
                                        .seek = null_seek };
static const SentryFileOps random_ops = { .name = "random",
                                          .release = device_release,
                                          .read = random_read,
                                          .write = random_write,
                                          .seek = null_seek };

static const struct
{
  guint32 minor;
  const SentryFileOps *ops;
} devices[] = {
  { 3, &null_ops }, { 5, &zero_ops }, { 7, &full_ops }, { 8, &random_ops }, { 9, &random_ops }
};

static int
device_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
             guint32 flags, SentryFile **ret_file)
{
  const SentryFileOps *ops = NULL;
  SentryFile *f;

  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    if (devices[i].minor == inode->rdev_minor)
      ops = devices[i].ops;
  if (ops == NULL)
    return -ENXIO;
  f = g_try_new0 (SentryFile, 1);
  if (f == NULL)
    return -ENOMEM;
  sentry_file_init (f, ops, mode, flags, path, inode, cred);
  *ret_file = f;
  return 0;
}

void
sentry_fs_register_devices (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    sentry_char_device_register (MEMORY_MAJOR, devices[i].minor, device_open);
}
