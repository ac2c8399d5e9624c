/* The mount namespace object of the fs plugin. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "iface/sentry-mount-namespace.h"
#include "mount.h"

G_BEGIN_DECLS

#define SENTRY_FS_TYPE_MOUNT_NAMESPACE (sentry_fs_mount_namespace_get_type ())
G_DECLARE_FINAL_TYPE (SentryFsMountNamespace, sentry_fs_mount_namespace, SENTRY_FS, MOUNT_NAMESPACE,
                      GObject)

/* Life: made empty; populate or clone fills it; the kernel and its tasks hold it.  Its mounts
 * outlive it where open files do. */
struct _SentryFsMountNamespace
{
  GObject parent_instance;
  SentryFsVfs *vfs;  /* I after populate or clone */
  SentryFsTree tree; /* m: MOUNT */
};

/* What the hot callers know that it is. */
static inline SentryFsMountNamespace *
sentry_fs_mount_namespace (SentryMountNamespace *ns)
{
  return (SentryFsMountNamespace *) ns;
}

G_END_DECLS
