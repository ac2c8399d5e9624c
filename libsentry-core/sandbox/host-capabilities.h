/* The capabilities that a sandbox process keeps. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <linux/capability.h>

G_BEGIN_DECLS

/* In the effective set of the calling thread. */
gboolean sentry_host_has_capability (int cap);
/* Drops all but those that serving host files as the caller needs, from every set, for good.  The
 * process must have one thread: capabilities are a thread's. */
gboolean sentry_host_drop_capabilities (GError **error);

G_END_DECLS
