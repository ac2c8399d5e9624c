/* The sentry's ways into the memory of a guest host-process that need no help of its threads.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Every `pid` here is a live or unreaped child, kept so by the caller. */

/* As the copies of SentryAddressSpaceOps: respect protections, return the bytes done before the
 * first bad page. */
gsize sentry_host_memory_read (pid_t pid, gpointer dst, guint64 src, gsize len);
gsize sentry_host_memory_write (pid_t pid, guint64 dst, gconstpointer src, gsize len);

/* The rest reads /proc/PID/…; `proc_fd` is a procfs directory of this process's PID namespace, or
 * -1.  Negative errno; -ENOSYS without procfs. */
int sentry_host_memory_poke (int proc_fd, pid_t pid, guint64 dst, gconstpointer src, gsize len);
int sentry_host_memory_resident (int proc_fd, pid_t pid, guint64 addr, guint64 len,
                                 guint8 *ret_vec);
int sentry_host_memory_foreach_private (int proc_fd, pid_t pid, guint64 addr, guint64 len,
                                        gboolean (*page) (guint64 addr, gpointer data),
                                        gpointer data);
int sentry_host_memory_rss (int proc_fd, pid_t pid, guint64 *ret_total, guint64 *ret_shared);

G_END_DECLS
