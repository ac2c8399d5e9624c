/* Root, working directory and umask. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs-state.h"

SentryFsState *
sentry_fs_state_new (const SentryPath *root, const SentryPath *cwd, guint32 umask)
{
  SentryFsState *fs = g_new0 (SentryFsState, 1);

  sentry_ref_init (&fs->ref);
  sentry_mutex_init (&fs->lock, SENTRY_LOCK_FD_TABLE);
  fs->root = *root;
  fs->cwd = *cwd;
  sentry_path_ref (&fs->root);
  sentry_path_ref (&fs->cwd);
  fs->umask = umask;
  return fs;
}

SentryFsState *
sentry_fs_state_copy (SentryFsState *fs)
{
  SentryPath root, cwd;
  SentryFsState *copy;

  sentry_fs_state_get (fs, &root, &cwd);
  copy = sentry_fs_state_new (&root, &cwd, __atomic_load_n (&fs->umask, __ATOMIC_RELAXED));
  sentry_path_unref (&root);
  sentry_path_unref (&cwd);
  return copy;
}

SentryFsState *
sentry_fs_state_ref (SentryFsState *fs)
{
  sentry_ref_get (&fs->ref);
  return fs;
}

void
sentry_fs_state_unref (SentryFsState *fs)
{
  if (fs == NULL || !sentry_ref_put (&fs->ref))
    return;
  sentry_path_unref (&fs->root);
  sentry_path_unref (&fs->cwd);
  g_free (fs);
}

void
sentry_fs_state_get (SentryFsState *fs, SentryPath *ret_root, SentryPath *ret_cwd)
{
  sentry_mutex_lock (&fs->lock);
  if (ret_root != NULL)
    {
      *ret_root = fs->root;
      sentry_path_ref (ret_root);
    }
  if (ret_cwd != NULL)
    {
      *ret_cwd = fs->cwd;
      sentry_path_ref (ret_cwd);
    }
  sentry_mutex_unlock (&fs->lock);
}

static void
set_path (SentryFsState *fs, SentryPath *which, const SentryPath *path)
{
  SentryPath old;

  sentry_path_ref (path);
  sentry_mutex_lock (&fs->lock);
  old = *which;
  *which = *path;
  sentry_mutex_unlock (&fs->lock);
  sentry_path_unref (&old);
}

void
sentry_fs_state_set_root (SentryFsState *fs, const SentryPath *root)
{
  set_path (fs, &fs->root, root);
}

void
sentry_fs_state_set_cwd (SentryFsState *fs, const SentryPath *cwd)
{
  set_path (fs, &fs->cwd, cwd);
}
