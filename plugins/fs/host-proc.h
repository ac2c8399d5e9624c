/* The kept procfs descriptor: reopening host descriptors with less access.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Opens the process's own descriptor directory; called while the sandbox is set up, in the process
 * that stays. */
gboolean sentry_fs_host_proc_open (GError **error);
/* A read-only descriptor of the file behind `fd`: with it, a guest that calls mprotect by itself
 * still can't write. Descriptor or negative errno. */
int sentry_fs_reopen_read_only (int fd);

G_END_DECLS
