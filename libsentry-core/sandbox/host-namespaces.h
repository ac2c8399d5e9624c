/* The host namespaces of a sandbox process, the directories given to it, and its empty root.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "sandbox/sandbox-config.h"

G_BEGIN_DECLS

/* The host directories and files that a sandbox may use: descriptors, for names mean nothing later.
 */
typedef struct
{
  int root; /* the lower layer; can't be written through this descriptor when there is privilege */
  int keep; /* -1: none */
  int *binds; /* as many as config->binds */
  guint n_binds;
} SentryDonated;

/* Own IPC, UTS and mount namespaces for this process; it is already PID 1 of a PID namespace. Needs
 * CAP_SYS_ADMIN. */
gboolean sentry_host_enter_namespaces (GError **error);

/* Opens what `config` names.  `own_mounts`: this process has a mount namespace of its own: the
 * host's /proc, /sys and /dev are taken out of the lower layer, and what is given becomes
 * read-only, nosuid and nodev mounts where it can be. */
gboolean sentry_donated_open (SentryDonated *ret_donated, const SentrySandboxConfig *config,
                              gboolean own_mounts, GError **error);

/* / becomes a read-only directory that holds nothing but a /proc of this process and its children;
 * the old root is gone. */
gboolean sentry_host_empty_root (GError **error);

G_END_DECLS
