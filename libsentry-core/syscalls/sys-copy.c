/* Copies between two files inside the kernel: sendfile, copy_file_range.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "iface/sentry-inode.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

/* One piece of a copy; bounds what a call holds of the sentry's memory. */
#define PIECE 65536

/* Reads a piece of `in` at *in_pos, or at its own position when NULL. */
static gint64
read_piece (SentryFile *in, gint64 *in_pos, guint8 *buf, gsize len)
{
  SentryIter it;
  gint64 r;

  sentry_iter_init_kernel (&it, buf, len);
  r = sentry_file_read (in, &it, in_pos);
  sentry_iter_clear (&it);
  return r;
}

static gint64
write_piece (SentryTask *task, SentryFile *out, gint64 *out_pos, guint8 *buf, gsize len)
{
  SentryIter it;
  gint64 r;

  sentry_iter_init_kernel (&it, buf, len);
  /* Streams are written without waiting here: the caller waits, so that what was read can go back.
   */
  r = sentry_task_write (task, out, &it, out_pos, TRUE);
  sentry_iter_clear (&it);
  return r;
}

/* Gives back bytes that were read but not written. */
static void
unread (SentryFile *in, gint64 *in_pos, gint64 len)
{
  if (in_pos != NULL)
    *in_pos -= len;
  else if (len > 0)
    sentry_file_seek (in, -len, SEEK_CUR);
}

/* Moves up to `len` bytes; the number moved, or the error that came before the first. */
static gint64
copy_range (SentryTask *task, SentryFile *in, gint64 *in_pos, SentryFile *out, gint64 *out_pos,
            gsize len)
{
  g_autofree guint8 *buf = g_malloc (MIN (len, PIECE) + 1);
  gint64 total = 0;

  while (len > 0)
    {
      gint64 n = read_piece (in, in_pos, buf, MIN (len, PIECE));
      gint64 w;

      if (n <= 0)
        return total > 0 ? total : n;
      w = write_piece (task, out, out_pos, buf, n);
      unread (in, in_pos, n - MAX (w, 0));
      if (w < 0)
        return total > 0 ? total : w;
      total += w;
      len -= w;
      if (w < n)
        break;
    }
  return total;
}

/* As copy_range, but waits for a full stream. */
static gint64
copy_waiting (SentryTask *task, SentryFile *in, gint64 *in_pos, SentryFile *out, gint64 *out_pos,
              gsize len)
{
  gint64 r = copy_range (task, in, in_pos, out, out_pos, len);

  while (r == -EAGAIN && !(sentry_file_flags (out) & O_NONBLOCK))
    {
      SentryIoWait w;
      int slept = 0;

      sentry_io_wait_begin (&w, task, out, POLLOUT | POLLWRNORM);
      r = copy_range (task, in, in_pos, out, out_pos, len);
      if (r == -EAGAIN)
        slept = sentry_io_wait_sleep (&w, SENTRY_TIME_NEVER);
      sentry_io_wait_end (&w);
      if (slept < 0)
        return slept;
    }
  return r;
}

static gint64
check_sendfile (SentryFile *in, SentryFile *out, const gint64 *pos)
{
  if (!(in->mode & SENTRY_FMODE_READ) || !(out->mode & SENTRY_FMODE_WRITE))
    return -EBADF;
  if (pos != NULL && (in->mode & SENTRY_FMODE_STREAM))
    return -ESPIPE;
  if (in->ops->read == NULL || in->inode == NULL
      || (in->inode->type != S_IFREG && in->inode->type != S_IFBLK))
    return -EINVAL;
  if (sentry_file_flags (out) & O_APPEND)
    return -EINVAL;
  return pos != NULL && *pos < 0 ? -EINVAL : 0;
}

gint64
sentry_sys_sendfile (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  SentryFile *out, *in;
  gint64 pos, r;
  gint64 *pos_ptr = NULL;

  if (args->arg[2] != 0)
    {
      if (sentry_copy_in_object (um, &pos, args->arg[2]) < 0)
        return -EFAULT;
      pos_ptr = &pos;
    }
  in = sentry_task_file_io (task, args->arg[1]);
  out = sentry_task_file_io (task, args->arg[0]);
  r = in == NULL || out == NULL ? -EBADF : check_sendfile (in, out, pos_ptr);
  if (r == 0 && (gint64) args->arg[3] < 0)
    r = -EINVAL;
  if (r == 0)
    r = copy_waiting (task, in, pos_ptr, out, NULL, MIN (args->arg[3], SENTRY_MAX_RW_COUNT));
  if (pos_ptr != NULL && r >= 0 && sentry_copy_out_object (um, args->arg[2], &pos) < 0)
    r = -EFAULT;
  sentry_file_unref (in);
  sentry_file_unref (out);
  return r;
}

static gint64
check_copy_file_range (SentryFile *in, SentryFile *out, gint64 in_pos, gint64 out_pos, guint64 *len)
{
  if (!(in->mode & SENTRY_FMODE_READ) || !(out->mode & SENTRY_FMODE_WRITE)
      || (sentry_file_flags (out) & O_APPEND))
    return -EBADF;
  if (in->inode == NULL || out->inode == NULL)
    return -EINVAL;
  if (in->inode->type == S_IFDIR || out->inode->type == S_IFDIR)
    return -EISDIR;
  if (in->inode->type != S_IFREG || out->inode->type != S_IFREG)
    return -EINVAL;
  if (in_pos + *len < (guint64) in_pos || out_pos + *len < (guint64) out_pos)
    return -EOVERFLOW;
  if (in_pos < 0 || out_pos < 0)
    return -EINVAL;
  if (in->inode == out->inode && (guint64) out_pos + *len > (guint64) in_pos
      && (guint64) out_pos < (guint64) in_pos + *len)
    return -EINVAL;
  *len = MIN (*len, SENTRY_MAX_RW_COUNT);
  return 0;
}

static int
copy_in_offset (SentryUserMem *um, guint64 addr, SentryFile *f, gint64 *ret_pos)
{
  if (addr == 0)
    {
      sentry_mutex_lock (&f->lock);
      *ret_pos = f->pos;
      sentry_mutex_unlock (&f->lock);
      return 0;
    }
  return sentry_copy_in_object (um, ret_pos, addr);
}

static int
copy_out_offset (SentryUserMem *um, guint64 addr, SentryFile *f, gint64 pos)
{
  if (addr == 0)
    {
      sentry_mutex_lock (&f->lock);
      f->pos = pos;
      sentry_mutex_unlock (&f->lock);
      return 0;
    }
  return sentry_copy_out_object (um, addr, &pos);
}

gint64
sentry_sys_copy_file_range (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  SentryFile *in = sentry_task_file_io (task, args->arg[0]);
  SentryFile *out = sentry_task_file_io (task, args->arg[2]);
  guint64 len = args->arg[4];
  gint64 in_pos, out_pos, r = 0;

  if (in == NULL || out == NULL)
    r = -EBADF;
  else if (copy_in_offset (um, args->arg[1], in, &in_pos) < 0
           || copy_in_offset (um, args->arg[3], out, &out_pos) < 0)
    r = -EFAULT;
  else if (args->arg[5] != 0)
    r = -EINVAL;
  if (r == 0)
    r = check_copy_file_range (in, out, in_pos, out_pos, &len);
  if (r == 0)
    r = copy_range (task, in, &in_pos, out, &out_pos, len);
  if (r > 0
      && (copy_out_offset (um, args->arg[1], in, in_pos) < 0
          || copy_out_offset (um, args->arg[3], out, out_pos) < 0))
    r = -EFAULT;
  sentry_file_unref (in);
  sentry_file_unref (out);
  return r;
}
