/* epoll: sets of files that are waited for together. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/epoll.h>
#include "iface/sentry-file.h"

G_BEGIN_DECLS

SentryFile *sentry_epoll_new (SentryCred *cred);
gboolean sentry_file_is_epoll (SentryFile *f);
/* EPOLL_CTL_*; `fd` is the number that goes with `target` in the key.  0 or negative errno as
 * epoll_ctl(2). */
int sentry_epoll_ctl (SentryFile *epoll, int op, SentryFile *target, int fd,
                      const struct epoll_event *event);
/* What is ready now, at most `max` events; moves edge-triggered and one-shot items on.  Number, 0:
 * nothing. */
int sentry_epoll_collect (SentryFile *epoll, struct epoll_event *events, int max);
/* The last reference of `f` is gone: it leaves every set (from sentry_file_unref). */
void sentry_epoll_file_released (SentryFile *f);

G_END_DECLS
