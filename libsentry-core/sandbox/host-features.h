/* What the host offers that sandboxes and platforms are built on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;
  const char *what; /* what it is good for */
  /* *ret_why: NULL, or a sentence that says more (g_free).  Harmless: what it tries, it tries in a
   * child. */
  gboolean (*probe) (char **ret_why);
} SentryHostFeature;

/* Ends with a NULL name. */
extern const SentryHostFeature sentry_host_features[];

/* May this process make PID and mount namespaces without a user namespace? */
gboolean sentry_host_is_privileged (void);
/* The Landlock ABI number; 0: the kernel has none. */
int sentry_host_landlock_abi (void);
/* One sentence: what locks a sandbox process down that has, or hasn't, namespaces of its own and
 * Landlock. */
const char *sentry_host_lockdown_level (gboolean privileged, int landlock_abi);

G_END_DECLS
