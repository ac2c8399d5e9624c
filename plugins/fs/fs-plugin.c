/* The fs plugin: mount namespaces and file system types. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "iface/sentry-plugin.h"
#include "host-private.h"
#include "mount-namespace.h"
#include "overlay-private.h"
#include "proc-private.h"
#include "tmpfs.h"

SENTRY_PLUGIN_DEFINE (fs, NULL, { "mount-namespace", "fs", sentry_fs_mount_namespace_get_type },
                      { "filesystem", "tmpfs", sentry_tmpfs_filesystem_get_type },
                      { "filesystem", "devtmpfs", sentry_devtmpfs_filesystem_get_type },
                      { "filesystem", "host", sentry_host_filesystem_get_type },
                      { "filesystem", "overlay", sentry_overlay_filesystem_get_type },
                      { "filesystem", "proc", sentry_proc_filesystem_get_type },
                      { "filesystem", "sysfs", sentry_sysfs_filesystem_get_type });
