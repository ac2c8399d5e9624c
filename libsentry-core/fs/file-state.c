/* How open files, and where tasks stand in the tree of names, are saved. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs-state.h"
#include "iface/sentry-file.h"
#include "state/sentry-state.h"

SENTRY_STATE_DECLARE (SentryCred);

/* What a path means is the mount namespace's to say: it saves names, and gives the path back on
 * load. */
SENTRY_STATE_TABLE (SentryPath, "path", 1,
                    SENTRY_STATE_SKIP (SentryPath, mount, "walked to again by the mount namespace"),
                    SENTRY_STATE_SKIP (SentryPath, dentry,
                                       "walked to again by the mount namespace"));

SENTRY_STATE_TABLE (SentryFsState, "fs-state", 1, SENTRY_STATE_REFCOUNT (SentryFsState, ref),
                    SENTRY_STATE_MUTEX (SentryFsState, lock, SENTRY_LOCK_FD_TABLE),
                    SENTRY_STATE_STRUCT (SentryFsState, root, SentryPath),
                    SENTRY_STATE_STRUCT (SentryFsState, cwd, SentryPath),
                    SENTRY_STATE_U32_MAX (SentryFsState, umask, 0777));

/* A file is what its operations make of it; those without a table can't be saved, and the save says
 * so. */
static const SentryStateTable *
file_concrete (gconstpointer object)
{
  const SentryFile *f = object;
  return f->ops != NULL ? f->ops->state : NULL;
}

static gboolean
file_post_load (gpointer object, gpointer context, GError **error)
{
  SentryFile *f = object;

  if (f->pos >= 0 && f->cred != NULL)
    return TRUE;
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "file: %s",
               f->pos < 0 ? "a position before its beginning" : "nobody opened it");
  return FALSE;
}

SENTRY_STATE_TABLE_WITH (
    SentryFile, "file", 1, (.concrete = file_concrete, .post_load = file_post_load),
    SENTRY_STATE_SKIP (SentryFile, ops, "set by the variant's post_load"),
    SENTRY_STATE_REFCOUNT (SentryFile, ref), SENTRY_STATE_U32 (SentryFile, mode),
    SENTRY_STATE_U32 (SentryFile, flags), SENTRY_STATE_MUTEX (SentryFile, lock, SENTRY_LOCK_FILE),
    SENTRY_STATE_I64 (SentryFile, pos), SENTRY_STATE_STRUCT (SentryFile, path, SentryPath),
    SENTRY_STATE_SKIP (SentryFile, inode, "found again from the path, or made for anonymous files"),
    SENTRY_STATE_REF (SentryFile, cred, SentryCred), SENTRY_STATE_BYTES (SentryFile, owner),
    SENTRY_STATE_SKIP (SentryFile, epoll_items, "linked again by the epoll sets"),
    SENTRY_STATE_U64 (SentryFile, id));
