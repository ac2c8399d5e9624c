/* mount(2) and its kin, the first namespace, and what /proc shows of mounts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mount-namespace.h"

G_BEGIN_DECLS

/* The functions of SentryMountNamespaceInterface. */
gboolean sentry_fs_populate (SentryMountNamespace *ns, SentryKernel *kernel,
                             const SentryMountPlan *plan, GError **error);
SentryMountNamespace *sentry_fs_clone (SentryMountNamespace *ns, SentryPath *paths, guint n_paths);
int sentry_fs_mount_call (SentryMountNamespace *ns, const SentryWalk *walk, const char *source,
                          const char *target, const char *type, guint64 flags, const char *data);
int sentry_fs_umount (SentryMountNamespace *ns, const SentryWalk *walk, const char *target,
                      guint32 flags);
int sentry_fs_pivot_root (SentryMountNamespace *ns, const SentryPath *root,
                          const SentryPath *new_root, const SentryPath *put_old);
int sentry_fs_sync (SentryMountNamespace *ns);
void sentry_fs_show_mounts (SentryMountNamespace *ns, const SentryPath *root, char which,
                            GString *out);
void sentry_fs_show_filesystems (SentryMountNamespace *ns, GString *out);

/* Hangs a fresh mount onto `where` (a reference is taken over): -ENOTDIR, -EBUSY, -ENOENT, -ENOSPC.
 */
int sentry_fs_graft (SentryFsMountNamespace *ns, SentryFsMount *m, const SentryPath *where);

/* Parts of mount(2); the caller's credentials were checked. */
int sentry_fs_bind (SentryFsMountNamespace *ns, const SentryWalk *walk, const char *source,
                    const SentryPath *target, gboolean recursive);
int sentry_fs_move (SentryFsMountNamespace *ns, const SentryWalk *walk, const char *source,
                    const SentryPath *target);

G_END_DECLS
