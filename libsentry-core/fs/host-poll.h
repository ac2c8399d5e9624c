/* Readiness of donated host descriptors. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "base/sentry-wait-queue.h"
#include "iface/sentry-host-calls.h"

G_BEGIN_DECLS

/* One thread for the process watches host descriptors in one host epoll set, each armed once for a
 * wake-up and silent after it: nothing runs while nobody waits. */
typedef struct
{
  int fd;                /* I */
  SentryWaitQueue *wait; /* I: woken with the events */
  gboolean pollable;     /* I after add: regular files are always ready */
} SentryHostPoll;

/* Makes the epoll set: before the first donated descriptor.  FALSE with errno set.  Twice is
 * harmless. */
gboolean sentry_host_poll_open (void);
/* Starts the thread: once, after open; apart from it because a thread keeps the privileges that the
 * process drops later. */
void sentry_host_poll_start (void);
void sentry_host_poll_add (SentryHostPoll *hp, int fd, SentryWaitQueue *wait);
void sentry_host_poll_remove (SentryHostPoll *hp);
/* Wakes hp->wait once when the descriptor has any of `events`. */
void sentry_host_poll_arm (SentryHostPoll *hp, guint32 events);

G_END_DECLS
