/* splice, tee, vmsplice. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "fs/pipe.h"
#include "iface/sentry-inode.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

#define PIECE 65536
#define SPLICE_FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

typedef struct
{
  SentryFile *in, *out;
  gint64 in_pos, out_pos;
  gboolean has_in_pos, has_out_pos;
  gsize len;
  gboolean keep; /* tee */
} Splice;

/* One piece between a pipe and a file (either way), through a buffer of ours: nothing here waits.
 */
static gint64
copy_piece (Splice *s)
{
  g_autofree guint8 *buf = g_malloc (MIN (s->len, PIECE));
  SentryIter it;
  gint64 n, w;

  sentry_iter_init_kernel (&it, buf, MIN (s->len, PIECE));
  n = sentry_file_read (s->in, &it, s->has_in_pos ? &s->in_pos : NULL);
  sentry_iter_clear (&it);
  if (n <= 0)
    return n;
  sentry_iter_init_kernel (&it, buf, n);
  w = sentry_file_write (s->out, &it, s->has_out_pos ? &s->out_pos : NULL);
  sentry_iter_clear (&it);
  if (w < n)
    {
      gint64 back = n - MAX (w, 0);

      if (sentry_file_is_pipe (s->in))
        sentry_pipe_unread (s->in, buf + n - back, back);
      else if (s->has_in_pos)
        s->in_pos -= back;
      else
        sentry_file_seek (s->in, -back, SEEK_CUR);
    }
  return w;
}

static gint64
try_splice (Splice *s)
{
  if (sentry_file_is_pipe (s->in) && sentry_file_is_pipe (s->out))
    return sentry_pipe_move (s->in, s->out, s->len, s->keep);
  return copy_piece (s);
}

static gint64
splice_waiting (SentryTask *task, Splice *s, gboolean nonblock)
{
  gint64 r = try_splice (s);

  while (r == -EAGAIN && !nonblock)
    {
      SentryIoWait in, out;
      int slept = 0;

      sentry_io_wait_begin (&in, task, s->in, POLLIN | POLLRDNORM);
      sentry_io_wait_begin (&out, task, s->out, POLLOUT | POLLWRNORM);
      r = try_splice (s);
      if (r == -EAGAIN)
        slept = sentry_io_wait_sleep (&out, SENTRY_TIME_NEVER);
      sentry_io_wait_end (&out);
      sentry_io_wait_end (&in);
      if (slept < 0)
        return slept;
    }
  if (r == -EPIPE)
    sentry_task_send_self (task, SIGPIPE);
  return r;
}

static gboolean
is_nonblocking (const Splice *s, guint32 flags)
{
  return (flags & SPLICE_F_NONBLOCK)
         || (sentry_file_is_pipe (s->in) && (sentry_file_flags (s->in) & O_NONBLOCK))
         || (sentry_file_is_pipe (s->out) && (sentry_file_flags (s->out) & O_NONBLOCK));
}

static gint64
check_splice (const Splice *s)
{
  gboolean in_pipe = sentry_file_is_pipe (s->in), out_pipe = sentry_file_is_pipe (s->out);

  if (!(s->in->mode & SENTRY_FMODE_READ) || !(s->out->mode & SENTRY_FMODE_WRITE))
    return -EBADF;
  if ((in_pipe && s->has_in_pos) || (out_pipe && s->has_out_pos))
    return -ESPIPE;
  if (!in_pipe && !out_pipe)
    return -EINVAL;
  if (in_pipe && out_pipe && s->in->inode->pipe == s->out->inode->pipe)
    return -EINVAL;
  if (!out_pipe && (sentry_file_flags (s->out) & O_APPEND))
    return -EINVAL;
  if (s->in->ops->read == NULL || s->out->ops->write == NULL)
    return -EINVAL;
  if ((s->has_in_pos && (s->in->mode & SENTRY_FMODE_STREAM))
      || (s->has_out_pos && (s->out->mode & SENTRY_FMODE_STREAM)))
    return -EINVAL;
  return 0;
}

static gint64
copy_in_positions (SentryTask *task, const SentrySyscallArgs *args, Splice *s)
{
  SentryUserMem *um = sentry_task_usermem (task);

  s->has_in_pos = args->arg[1] != 0;
  s->has_out_pos = args->arg[3] != 0;
  if ((s->has_in_pos && sentry_copy_in_object (um, &s->in_pos, args->arg[1]) < 0)
      || (s->has_out_pos && sentry_copy_in_object (um, &s->out_pos, args->arg[3]) < 0))
    return -EFAULT;
  return 0;
}

static gint64
copy_out_positions (SentryTask *task, const SentrySyscallArgs *args, const Splice *s)
{
  SentryUserMem *um = sentry_task_usermem (task);

  if ((s->has_in_pos && sentry_copy_out_object (um, args->arg[1], &s->in_pos) < 0)
      || (s->has_out_pos && sentry_copy_out_object (um, args->arg[3], &s->out_pos) < 0))
    return -EFAULT;
  return 0;
}

gint64
sentry_sys_splice (SentryTask *task, const SentrySyscallArgs *args)
{
  Splice s = { .len = MIN (args->arg[4], SENTRY_MAX_RW_COUNT) };
  gint64 r;

  if (args->arg[4] == 0)
    return 0;
  if (args->arg[5] & ~(guint64) SPLICE_FLAGS)
    return -EINVAL;
  s.in = sentry_task_file_io (task, args->arg[0]);
  s.out = sentry_task_file_io (task, args->arg[2]);
  r = s.in == NULL || s.out == NULL ? -EBADF : 0;
  /* Whether a descriptor may have an offset is judged before the offset is read. */
  if (r == 0)
    {
      s.has_in_pos = args->arg[1] != 0;
      s.has_out_pos = args->arg[3] != 0;
      r = check_splice (&s);
    }
  if (r == 0)
    r = copy_in_positions (task, args, &s);
  if (r == 0)
    r = splice_waiting (task, &s, is_nonblocking (&s, args->arg[5]));
  if (r > 0 && copy_out_positions (task, args, &s) < 0)
    r = -EFAULT;
  sentry_file_unref (s.in);
  sentry_file_unref (s.out);
  return r;
}

gint64
sentry_sys_tee (SentryTask *task, const SentrySyscallArgs *args)
{
  Splice s = { .len = MIN (args->arg[2], SENTRY_MAX_RW_COUNT), .keep = TRUE };
  gint64 r;

  if (args->arg[3] & ~(guint64) SPLICE_FLAGS)
    return -EINVAL;
  if (args->arg[2] == 0)
    return 0;
  s.in = sentry_task_file_io (task, args->arg[0]);
  s.out = sentry_task_file_io (task, args->arg[1]);
  if (s.in == NULL || s.out == NULL)
    r = -EBADF;
  else if (!sentry_file_is_pipe (s.in) || !sentry_file_is_pipe (s.out))
    r = -EINVAL;
  else
    r = check_splice (&s);
  if (r == 0)
    r = splice_waiting (task, &s, is_nonblocking (&s, args->arg[3]));
  sentry_file_unref (s.in);
  sentry_file_unref (s.out);
  return r;
}

gint64
sentry_sys_vmsplice (SentryTask *task, const SentrySyscallArgs *args)
{
  gboolean nonblock = (args->arg[3] & SPLICE_F_NONBLOCK) != 0;
  SentryFile *f;
  SentryIter it;
  gint64 r;

  if (args->arg[3] & ~(guint64) SPLICE_FLAGS)
    return -EINVAL;
  f = sentry_task_file_io (task, args->arg[0]);
  if (f == NULL)
    return -EBADF;
  r = !sentry_file_is_pipe (f) ? -EBADF
      : args->arg[2] > 1024
          ? -EINVAL
          : sentry_iter_init_user_iov (&it, sentry_task_usermem (task), args->arg[1], args->arg[2]);
  if (r == 0)
    {
      if (it.remaining > 0)
        r = f->mode & SENTRY_FMODE_WRITE ? sentry_task_write (task, f, &it, NULL, nonblock)
                                         : sentry_task_read (task, f, &it, NULL, nonblock);
      sentry_iter_clear (&it);
    }
  sentry_file_unref (f);
  return r;
}
