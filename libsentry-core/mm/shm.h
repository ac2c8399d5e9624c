/* Memory objects of the core's own that can be mapped. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include "iface/sentry-mappable.h"

G_BEGIN_DECLS

/* Shared anonymous memory (mmap of MAP_SHARED|MAP_ANONYMOUS, /dev/zero, SysV segments): one
 * size-sealed host object each, its pages charged whole when it is made.  `name` is what
 * /proc/PID/maps shows; NULL: "/dev/zero (deleted)".  NULL and a positive errno in *ret_errno
 * (ENOMEM, ENFILE). */
SentryMappable *sentry_shm_new (guint64 size, const char *name, int *ret_errno);
/* The host descriptor, borrowed. */
int sentry_shm_fd (SentryMappable *m);

/* Pages that every guest may see, from `fd` (kept open for ever, no stronger than it should be):
 * the vDSO. The object is never freed. */
SentryMappable *sentry_host_pages_new (int fd);

G_END_DECLS
