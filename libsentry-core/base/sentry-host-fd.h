/* The budget of host descriptors, which are few. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "base/sentry-list.h"

G_BEGIN_DECLS

/* Everything that holds a host descriptor because a guest asked for something takes it from this
 * one budget, so that no guest can use up the process's descriptors (RLIMIT_NOFILE): what the
 * sandbox itself needs lies outside of it. Caches (directories of host file systems, idle files,
 * tmpfs host files) register and give their least recently used ones back when it runs low. Running
 * out is ENFILE for the guest. */

typedef struct SentryHostFdCache SentryHostFdCache;

struct SentryHostFdCache
{
  /* Closes up to `n` descriptors that nobody uses now and gives them back; the number closed.
   * Called by any thread that needs one, with whatever locks that thread holds above HOST_FD's row.
   */
  guint (*reclaim) (SentryHostFdCache *cache, guint n);
  SentryList link; /* registered caches */
};

/* Takes one from the budget: 0, or -ENFILE when nothing could be reclaimed. */
int sentry_host_fd_take (void);
void sentry_host_fd_give (void);
/* close and give in one; `fd` < 0 does nothing. */
void sentry_host_fd_close (int fd);
/* Registering and unregistering must not be done by reclaim. */
void sentry_host_fd_cache_add (SentryHostFdCache *cache);
void sentry_host_fd_cache_remove (SentryHostFdCache *cache);
/* Default: three quarters of the soft RLIMIT_NOFILE at first use. */
void sentry_host_fd_set_limit (guint limit);
guint sentry_host_fd_limit (void);
guint sentry_host_fd_used (void);

G_END_DECLS
