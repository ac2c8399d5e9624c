/* Open files of generated trees. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proc-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "usermem/sentry-usermem.h"

/* Linux's limit for sysctls is a page, for others a few; nothing sensible is longer. */
#define MAX_WRITE (64 * 1024)

/* As seq_file: what is read from position 0 on is what was there then; reading from 0 again makes
 * it anew. */
typedef struct
{
  SentryFile base;
  SentryMutex lock; /* FS */
  GBytes *text;     /* m: NULL until the first read */
} SentryProcFile;

static void
file_release (SentryFile *f)
{
  SentryProcFile *file = (SentryProcFile *) f;

  g_clear_pointer (&file->text, g_bytes_unref);
  sentry_file_clear (f);
  g_free (file);
}

static int
generate (SentryProcFile *file, GBytes **ret_text)
{
  const SentryProcPlace *place = &sentry_proc_inode (file->base.inode)->place;
  GString *out = g_string_new (NULL);
  GBytes *text, *old;
  int r = sentry_proc_entry (place)->show (place, out);

  if (r < 0)
    {
      g_string_free (out, TRUE);
      return r;
    }
  text = g_string_free_to_bytes (out);
  sentry_mutex_lock (&file->lock);
  old = file->text;
  file->text = g_bytes_ref (text);
  sentry_mutex_unlock (&file->lock);
  if (old != NULL)
    g_bytes_unref (old);
  *ret_text = text;
  return 0;
}

static int
get_text (SentryProcFile *file, gint64 pos, GBytes **ret_text)
{
  GBytes *text = NULL;

  sentry_mutex_lock (&file->lock);
  if (pos != 0 && file->text != NULL)
    text = g_bytes_ref (file->text);
  sentry_mutex_unlock (&file->lock);
  if (text == NULL)
    return generate (file, ret_text);
  *ret_text = text;
  return 0;
}

static gint64
file_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  GBytes *text;
  const char *data;
  gsize size, n, copied;
  int r;

  if (sentry_proc_entry (&sentry_proc_inode (f->inode)->place)->show == NULL)
    return -EINVAL;
  if (dst->remaining == 0)
    return 0;
  r = get_text ((SentryProcFile *) f, *pos, &text);
  if (r < 0)
    return r;
  data = g_bytes_get_data (text, &size);
  n = (guint64) *pos >= size ? 0 : MIN (size - (gsize) *pos, dst->remaining);
  copied = n == 0 ? 0 : sentry_iter_copy_to (dst, data + *pos, n);
  g_bytes_unref (text);
  *pos += (gint64) copied;
  return n > 0 && copied == 0 ? -EFAULT : (gint64) copied;
}

static gint64
file_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  const SentryProcPlace *place = &sentry_proc_inode (f->inode)->place;
  const SentryProcEntry *entry = sentry_proc_entry (place);
  gsize n = MIN (src->remaining, MAX_WRITE);
  g_autofree char *data = NULL;
  int r;

  if (entry->write == NULL)
    return -EINVAL;
  data = g_try_malloc (n + 1);
  if (data == NULL)
    return -ENOMEM;
  if (sentry_iter_copy_from (src, data, n) != n)
    return -EFAULT;
  data[n] = '\0';
  r = entry->write (place, f->cred, data, n);
  if (r < 0)
    return r;
  *pos += (gint64) n;
  return (gint64) n;
}

static gint64
file_seek (SentryFile *f, gint64 offset, int whence)
{
  if (whence != SEEK_SET && whence != SEEK_CUR)
    return -EINVAL;
  return sentry_file_seek_generic (f, offset, whence, 0, G_MAXINT64);
}

static const SentryFileOps proc_file_ops = {
  .name = "proc",
  .release = file_release,
  .read = file_read,
  .write = file_write,
  .seek = file_seek,
};

int
sentry_proc_file_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                       guint32 flags, SentryFile **ret_file)
{
  SentryProcFile *file = g_new0 (SentryProcFile, 1);

  sentry_mutex_init (&file->lock, SENTRY_LOCK_FS);
  sentry_file_init (&file->base, &proc_file_ops, mode, flags, path, inode, cred);
  *ret_file = &file->base;
  return 0;
}
