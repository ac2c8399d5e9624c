/* Landlock: what an unprivileged sandbox process may do with host files and processes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "sandbox/sandbox-config.h"

G_BEGIN_DECLS

/* Restricts this process and its future children, for good: host files may be read below the root
 * and written below
 * --bind and --keep only; nothing outside of the sandbox may be traced, signalled or connected to.
 * Does nothing where the kernel has no Landlock (TRUE, *ret_abi 0).  One thread; before the
 * template of guest processes exists, for a process may only trace what is under the same
 * restrictions.  `read_too`: more directories to read, NULL-terminated. */
gboolean sentry_landlock_restrict (const SentrySandboxConfig *config, const char *const *read_too,
                                   int *ret_abi, GError **error);

G_END_DECLS
