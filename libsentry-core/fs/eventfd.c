/* eventfd: a counter that can be waited for. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/eventfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "fs/anon-inode.h"
#include "usermem/sentry-usermem.h"
#include "state/sentry-state.h"

#define COUNT_MAX (G_MAXUINT64 - 1)

typedef struct
{
  SentryFile file;
  SentryWaitQueue wait;
  SentryMutex lock;   /* PIPE */
  guint64 count;      /* m */
  gboolean semaphore; /* I */
} Eventfd;

static Eventfd *
eventfd_of (SentryFile *f)
{
  return SENTRY_CONTAINER (f, Eventfd, file);
}

static gint64
eventfd_file_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  Eventfd *e = eventfd_of (f);
  guint64 value;

  if (dst->remaining < sizeof value)
    return -EINVAL;
  sentry_mutex_lock (&e->lock);
  value = e->semaphore ? MIN (e->count, 1) : e->count;
  e->count -= value;
  sentry_mutex_unlock (&e->lock);
  if (value == 0)
    return -EAGAIN;
  sentry_wait_queue_wake (&e->wait, POLLOUT | POLLWRNORM, 0);
  return sentry_iter_copy_to (dst, &value, sizeof value) < sizeof value ? -EFAULT
                                                                        : (gint64) sizeof value;
}

static gint64
eventfd_file_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  Eventfd *e = eventfd_of (f);
  gboolean fits;
  guint64 value;

  if (src->remaining < sizeof value)
    return -EINVAL;
  if (sentry_iter_copy_from (src, &value, sizeof value) < sizeof value)
    return -EFAULT;
  if (value == G_MAXUINT64)
    return -EINVAL;
  sentry_mutex_lock (&e->lock);
  fits = value <= COUNT_MAX - e->count;
  if (fits)
    e->count += value;
  sentry_mutex_unlock (&e->lock);
  if (!fits)
    {
      sentry_iter_revert (src, sizeof value);
      return -EAGAIN;
    }
  sentry_wait_queue_wake (&e->wait, POLLIN | POLLRDNORM, 0);
  /* Only the first eight bytes count; the wrapper must not go on with the rest. */
  sentry_iter_truncate (src, 0);
  return sizeof value;
}

static guint32
eventfd_poll (SentryFile *f, SentryPollTable *table)
{
  Eventfd *e = eventfd_of (f);
  guint32 events = 0;

  if (table != NULL)
    table->add (table, &e->wait);
  sentry_mutex_lock (&e->lock);
  if (e->count > 0)
    events |= POLLIN | POLLRDNORM;
  if (e->count < COUNT_MAX)
    events |= POLLOUT | POLLWRNORM;
  sentry_mutex_unlock (&e->lock);
  return events;
}

static void
eventfd_fdinfo (SentryFile *f, GString *out)
{
  Eventfd *e = eventfd_of (f);

  sentry_mutex_lock (&e->lock);
  g_string_append_printf (out, "eventfd-count: %16" G_GINT64_MODIFIER "x\neventfd-semaphore: %d\n",
                          e->count, e->semaphore);
  sentry_mutex_unlock (&e->lock);
}

static void
eventfd_release (SentryFile *f)
{
  Eventfd *e = eventfd_of (f);

  sentry_wait_queue_clear (&e->wait);
  sentry_file_clear (f);
  g_free (e);
}

static const SentryFileOps eventfd_ops;

static gboolean
eventfd_post_load (gpointer object, gpointer context, GError **error)
{
  Eventfd *e = object;

  e->file.ops = &eventfd_ops;
  if (e->count <= COUNT_MAX)
    return TRUE;
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "eventfd: counted too far");
  return FALSE;
}

SENTRY_STATE_DECLARE (SentryFile);
SENTRY_STATE_TABLE_WITH (Eventfd, "eventfd", 1,
                         (.base = SENTRY_STATE_OF (SentryFile), .post_load = eventfd_post_load),
                         SENTRY_STATE_STRUCT (Eventfd, file, SentryFile),
                         SENTRY_STATE_WAIT_QUEUE (Eventfd, wait),
                         SENTRY_STATE_MUTEX (Eventfd, lock, SENTRY_LOCK_PIPE),
                         SENTRY_STATE_U64 (Eventfd, count), SENTRY_STATE_BOOL (Eventfd, semaphore));

static const SentryFileOps eventfd_ops = {
  .name = "eventfd",
  .state = SENTRY_STATE_OF (Eventfd),
  .release = eventfd_release,
  .read = eventfd_file_read,
  .write = eventfd_file_write,
  .poll = eventfd_poll,
  .fdinfo = eventfd_fdinfo,
};

SentryFile *
sentry_eventfd_new (SentryCred *cred, guint64 count, guint32 flags)
{
  Eventfd *e = g_try_new0 (Eventfd, 1);
  SentryPath path;

  if (e == NULL)
    return NULL;
  sentry_anon_path_new (SENTRY_ANON_INODE, "[eventfd]", cred, &path);
  sentry_file_init (&e->file, &eventfd_ops,
                    SENTRY_FMODE_READ | SENTRY_FMODE_WRITE | SENTRY_FMODE_STREAM,
                    O_RDWR | (flags & O_NONBLOCK), &path, path.dentry->inode, cred);
  sentry_path_unref (&path);
  sentry_wait_queue_init (&e->wait);
  sentry_mutex_init (&e->lock, SENTRY_LOCK_PIPE);
  e->count = count;
  e->semaphore = (flags & EFD_SEMAPHORE) != 0;
  return &e->file;
}
