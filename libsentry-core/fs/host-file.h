/* Files on donated host descriptors: standard input, output and error.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "iface/sentry-file.h"
#include "iface/sentry-host-calls.h"

G_BEGIN_DECLS

/* Takes over `fd`.  Before lock-down (it asks for the descriptor's name).  The descriptor's own
 * flags and position are shared with the host processes that gave it, and are left alone: reads
 * that would block are avoided by RWF_NOWAIT or poll. */
SentryFile *sentry_host_file_new (int fd, SentryCred *cred, GError **error);
/* What this folder needs of the host after lock-down. */
const SentryHostCall *sentry_fs_host_calls (void);

G_END_DECLS
