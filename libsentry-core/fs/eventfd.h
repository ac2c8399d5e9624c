/* eventfd: a counter that can be waited for. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "iface/sentry-file.h"

G_BEGIN_DECLS

/* `flags`: EFD_SEMAPHORE, O_NONBLOCK.  NULL: out of memory. */
SentryFile *sentry_eventfd_new (SentryCred *cred, guint64 count, guint32 flags);

G_END_DECLS
