/* Waiting for files, and the blocking read and write on top of it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "iface/sentry-inode.h"
#include "syscalls/arguments.h"
#include "usermem/sentry-usermem.h"

static void
io_wait_add (SentryPollTable *table, SentryWaitQueue *q)
{
  SentryIoWait *w = SENTRY_CONTAINER (table, SentryIoWait, table);

  g_assert (w->n < SENTRY_IO_WAIT_QUEUES);
  sentry_waiter_init (&w->waiters[w->n], &w->task->sleeper, w->events | POLLERR | POLLHUP);
  sentry_wait_queue_add (q, &w->waiters[w->n++]);
}

void
sentry_io_wait_begin (SentryIoWait *w, SentryTask *task, SentryFile *f, guint32 events)
{
  w->table.add = io_wait_add;
  w->task = task;
  w->events = events;
  w->n = 0;
  sentry_sleeper_prepare (&task->sleeper);
  sentry_file_poll (f, &w->table);
}

int
sentry_io_wait_sleep (SentryIoWait *w, gint64 deadline)
{
  return sentry_task_sleep (w->task, deadline);
}

void
sentry_io_wait_end (SentryIoWait *w)
{
  for (guint i = 0; i < w->n; i++)
    sentry_wait_queue_remove (&w->waiters[i]);
}

static gboolean
is_nonblocking (SentryFile *f, gboolean nowait)
{
  return nowait || (sentry_file_flags (f) & O_NONBLOCK);
}

gint64
sentry_task_read (SentryTask *task, SentryFile *f, SentryIter *dst, gint64 *pos, gboolean nowait)
{
  gint64 r = sentry_file_read (f, dst, pos);

  while (r == -EAGAIN && !is_nonblocking (f, nowait))
    {
      SentryIoWait w;
      int slept = 0;

      sentry_io_wait_begin (&w, task, f, POLLIN | POLLRDNORM | POLLRDHUP);
      r = sentry_file_read (f, dst, pos);
      if (r == -EAGAIN)
        slept = sentry_io_wait_sleep (&w, SENTRY_TIME_NEVER);
      sentry_io_wait_end (&w);
      if (slept < 0)
        return slept;
    }
  return r;
}

/* A write that waits: until everything is written, or something other than "full" happens.  What
 * was written before a pause is remembered in the call state; before a signal or an error it is the
 * result. */
static gint64
write_all (SentryTask *task, SentryFile *f, SentryIter *src, gint64 *pos)
{
  gint64 r = 0;

  if (task->call.entered)
    sentry_iter_advance (src, task->call.done);
  while (src->remaining > 0)
    {
      SentryIoWait w;

      sentry_io_wait_begin (&w, task, f, POLLOUT | POLLWRNORM);
      r = sentry_file_write (f, src, pos);
      if (r > 0)
        task->call.done += r;
      else if (r == -EAGAIN)
        r = sentry_io_wait_sleep (&w, SENTRY_TIME_NEVER);
      else if (r == 0)
        r = -EIO;
      sentry_io_wait_end (&w);
      if (r < 0)
        break;
    }
  if (r == -SENTRY_EPAUSE)
    return r;
  return task->call.done > 0 ? (gint64) task->call.done : r;
}

/* RLIMIT_FSIZE: shortens a write that would pass it; SIGXFSZ and -EFBIG when nothing fits. */
static int
check_file_size_limit (SentryTask *task, SentryFile *f, SentryIter *src, const gint64 *pos)
{
  guint64 limit = sentry_limits_get (sentry_task_limits (task), RLIMIT_FSIZE);
  gint64 at = pos != NULL ? *pos : f->pos;
  SentryAttr attr;

  if (limit == SENTRY_RLIM_INFINITY || f->inode == NULL || f->inode->type != S_IFREG)
    return 0;
  if ((sentry_file_flags (f) & O_APPEND) && f->inode->ops->getattr != NULL
      && f->inode->ops->getattr (f->inode, &attr) == 0)
    at = attr.size;
  if (at >= 0 && (guint64) at >= limit && src->remaining > 0)
    {
      sentry_task_send_self (task, SIGXFSZ);
      return -EFBIG;
    }
  sentry_iter_truncate (src, MIN (src->remaining, limit - at));
  return 0;
}

gint64
sentry_task_write (SentryTask *task, SentryFile *f, SentryIter *src, gint64 *pos, gboolean nowait)
{
  gint64 r = check_file_size_limit (task, f, src, pos);

  if (r < 0)
    return r;
  if ((f->mode & SENTRY_FMODE_STREAM) && !is_nonblocking (f, nowait) && src->remaining > 0
      && (f->mode & SENTRY_FMODE_WRITE))
    r = write_all (task, f, src, pos);
  else
    r = sentry_file_write (f, src, pos);
  if (r == -EPIPE)
    sentry_task_send_self (task, SIGPIPE);
  return r;
}
