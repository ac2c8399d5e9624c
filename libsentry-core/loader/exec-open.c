/* Opening a file for execve. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/loader-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Looks at the type before it opens, so that a FIFO or device is never opened. */
int
sentry_exec_open (SentryMountNamespace *ns, const SentryWalk *walk, const char *name,
                  gboolean no_follow, SentryFile **ret_file)
{
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (ns);
  guint32 flags = no_follow ? 0 : SENTRY_LOOKUP_FOLLOW;
  SentryPath path;
  guint32 type;
  int r = ops->lookup (ns, walk, name, flags, &path);

  if (r < 0)
    return r;
  type = sentry_path_inode (&path)->type;
  if (type == S_IFLNK)
    r = -ELOOP;
  else if (type != S_IFREG)
    r = -EACCES;
  else
    r = ops->open_path (ns, &path, walk->cred, O_RDONLY | O_LARGEFILE | SENTRY_OPEN_EXEC, ret_file);
  sentry_path_unref (&path);
  return r;
}
