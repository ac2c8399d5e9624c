/* Files opened with O_PATH: a place and nothing else. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namei.h"

static void
path_file_release (SentryFile *f)
{
  sentry_file_clear (f);
  g_free (f);
}

/* Everything else is EBADF before it gets here: SENTRY_FMODE_PATH. */
static const SentryFileOps path_file_ops = {
  .name = "path",
  .release = path_file_release,
};

SentryFile *
sentry_fs_path_file_new (const SentryPath *path, SentryCred *cred, guint32 flags)
{
  SentryFile *f = g_try_new0 (SentryFile, 1);

  if (f != NULL)
    sentry_file_init (f, &path_file_ops, SENTRY_FMODE_PATH, flags, path, path->dentry->inode, cred);
  return f;
}
