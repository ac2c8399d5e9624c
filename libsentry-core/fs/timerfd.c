/* timerfd: a timer that is read. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/timerfd.h"

#include <errno.h>
#include <fcntl.h>

#include "fs/anon-inode.h"
#include "usermem/sentry-usermem.h"
#include "state/sentry-state.h"

typedef struct
{
  SentryFile file;
  SentryWaitQueue wait;
  SentryTimer timer;
  SentryMutex lock; /* PIPE */
  guint64 ticks;    /* m: expirations that were not read */
} Timerfd;

static Timerfd *
timerfd_of (SentryFile *f)
{
  return SENTRY_CONTAINER (f, Timerfd, file);
}

static void
timerfd_expire (SentryTimer *timer, guint64 overruns, gpointer data)
{
  Timerfd *t = data;

  sentry_mutex_lock (&t->lock);
  t->ticks += overruns;
  sentry_mutex_unlock (&t->lock);
  sentry_wait_queue_wake (&t->wait, POLLIN | POLLRDNORM, 0);
}

static gint64
timerfd_file_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  Timerfd *t = timerfd_of (f);
  guint64 ticks;

  if (dst->remaining < sizeof ticks)
    return -EINVAL;
  sentry_mutex_lock (&t->lock);
  ticks = t->ticks;
  t->ticks = 0;
  sentry_mutex_unlock (&t->lock);
  if (ticks == 0)
    return -EAGAIN;
  return sentry_iter_copy_to (dst, &ticks, sizeof ticks) < sizeof ticks ? -EFAULT
                                                                        : (gint64) sizeof ticks;
}

static guint32
timerfd_poll (SentryFile *f, SentryPollTable *table)
{
  Timerfd *t = timerfd_of (f);
  guint32 events;

  if (table != NULL)
    table->add (table, &t->wait);
  sentry_mutex_lock (&t->lock);
  events = t->ticks > 0 ? POLLIN | POLLRDNORM : 0;
  sentry_mutex_unlock (&t->lock);
  return events;
}

static void
timerfd_fdinfo (SentryFile *f, GString *out)
{
  Timerfd *t = timerfd_of (f);
  gint64 left, period;

  sentry_timer_get (&t->timer, &left, &period);
  sentry_mutex_lock (&t->lock);
  g_string_append_printf (out, "clockid: %d\nticks: %" G_GUINT64_FORMAT "\nsettime flags: 00\n",
                          t->timer.clock, t->ticks);
  sentry_mutex_unlock (&t->lock);
  g_string_append_printf (out,
                          "it_value: (%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
                          ")\nit_interval: (%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ")\n",
                          left / SENTRY_NSEC_PER_SEC, left % SENTRY_NSEC_PER_SEC,
                          period / SENTRY_NSEC_PER_SEC, period % SENTRY_NSEC_PER_SEC);
}

static void
timerfd_release (SentryFile *f)
{
  Timerfd *t = timerfd_of (f);

  sentry_timer_cancel_sync (&t->timer);
  sentry_wait_queue_clear (&t->wait);
  sentry_file_clear (f);
  g_free (t);
}

static const SentryFileOps timerfd_ops;

static gboolean
timerfd_post_load (gpointer object, gpointer context, GError **error)
{
  ((Timerfd *) object)->file.ops = &timerfd_ops;
  return TRUE;
}

SENTRY_STATE_DECLARE (SentryFile);
SENTRY_STATE_DECLARE (SentryTimer);
SENTRY_STATE_TABLE_WITH (Timerfd, "timerfd", 1,
                         (.base = SENTRY_STATE_OF (SentryFile), .post_load = timerfd_post_load),
                         SENTRY_STATE_STRUCT (Timerfd, file, SentryFile),
                         SENTRY_STATE_WAIT_QUEUE (Timerfd, wait),
                         SENTRY_STATE_STRUCT (Timerfd, timer, SentryTimer),
                         SENTRY_STATE_MUTEX (Timerfd, lock, SENTRY_LOCK_PIPE),
                         SENTRY_STATE_U64 (Timerfd, ticks));

static const SentryFileOps timerfd_ops = {
  .name = "timerfd",
  .state = SENTRY_STATE_OF (Timerfd),
  .release = timerfd_release,
  .read = timerfd_file_read,
  .poll = timerfd_poll,
  .fdinfo = timerfd_fdinfo,
};

SentryFile *
sentry_timerfd_new (SentryCred *cred, SentryTimerWheel *wheel, clockid_t clock, guint32 open_flags)
{
  Timerfd *t = g_try_new0 (Timerfd, 1);
  SentryPath path;

  if (t == NULL)
    return NULL;
  sentry_anon_path_new (SENTRY_ANON_INODE, "[timerfd]", cred, &path);
  sentry_file_init (&t->file, &timerfd_ops,
                    SENTRY_FMODE_READ | SENTRY_FMODE_WRITE | SENTRY_FMODE_STREAM,
                    O_RDWR | (open_flags & O_NONBLOCK), &path, path.dentry->inode, cred);
  sentry_path_unref (&path);
  sentry_wait_queue_init (&t->wait);
  sentry_mutex_init (&t->lock, SENTRY_LOCK_PIPE);
  sentry_timer_init (&t->timer, wheel, clock, timerfd_expire, t);
  return &t->file;
}

gboolean
sentry_file_is_timerfd (SentryFile *f)
{
  return f->ops == &timerfd_ops;
}

void
sentry_timerfd_set (SentryFile *f, gint64 deadline, gint64 period, gint64 *ret_remaining,
                    gint64 *ret_period)
{
  Timerfd *t = timerfd_of (f);

  /* Disarmed first, so that no expiration of the old setting is counted after the reset. */
  sentry_timer_set (&t->timer, SENTRY_TIME_NEVER, 0, ret_remaining, ret_period);
  sentry_mutex_lock (&t->lock);
  t->ticks = 0;
  sentry_mutex_unlock (&t->lock);
  sentry_timer_set (&t->timer, deadline, period, NULL, NULL);
}

void
sentry_timerfd_get (SentryFile *f, gint64 *ret_remaining, gint64 *ret_period)
{
  sentry_timer_get (&timerfd_of (f)->timer, ret_remaining, ret_period);
}

clockid_t
sentry_timerfd_clock (SentryFile *f)
{
  return timerfd_of (f)->timer.clock;
}
