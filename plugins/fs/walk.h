/* From a name to a place in the tree: the path walk. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mount.h"

G_BEGIN_DECLS

typedef enum
{
  SENTRY_FS_LAST_NORMAL,
  SENTRY_FS_LAST_NONE, /* only slashes, or a magic link: the walk stands on the object itself */
  SENTRY_FS_LAST_DOT,
  SENTRY_FS_LAST_DOTDOT,
} SentryFsLast;

/* A walk in progress, on the caller's stack.
 *
 * It starts without references, inside an epoch, over cached names: a warm walk costs two atomic
 * adds for the epoch, two for the references on its result, and no allocation; each part costs one
 * hash and a few loads.  Where a file system must be asked it takes references on where it stands
 * (`held`), leaves the epoch and goes on with references; where that fails, or mounts changed
 * meanwhile, it returns -ECHILD and the caller starts anew with references from the beginning.
 * sentry_fs_walk_run () does that.
 *
 * What is left of the name is always one string: a symbolic link's target is written in front of
 * it. */
typedef struct
{
  SentryFsVfs *vfs;
  const SentryWalk *req;
  const SentryCred *cred;
  SentryPath root;    /* borrowed from req: req->root, or its start with RESOLVE_IN_ROOT and
                         RESOLVE_BENEATH */
  SentryMount *mount; /* where it stands */
  SentryDentry *dentry;
  gboolean held; /* references on mount and dentry */
  gboolean in_epoch;
  SentryFsEpoch epoch;
  guint32 mount_seq, move_count; /* at the start */
  gboolean root_known; /* as in Linux, where the root is looked up when it is first needed */
  guint links;
  const char *rest; /* in the caller's name, or in buf */
  const char *last; /* after walk_parent: the last part, not NUL-terminated */
  gsize last_len;
  SentryFsLast last_type;
  gboolean last_slash; /* slashes follow it */
  gboolean want_dir;   /* the result must be a directory */
  char *buf;           /* heap_buf or inline_buf; text at its end */
  gsize buf_size;
  char *heap_buf;
  char inline_buf[512];
} SentryFsWalk;

/* `lazy`: try without references. */
int sentry_fs_walk_init (SentryFsWalk *w, SentryFsVfs *vfs, const SentryWalk *req, const char *name,
                         gboolean lazy);
void sentry_fs_walk_clear (SentryFsWalk *w);

/* To the directory of the last part (search permission on it has been checked). */
int sentry_fs_walk_parent (SentryFsWalk *w);
/* From there over the last part, and on if it is a symbolic link that is to be followed. -ENOENT,
 * -ENOTDIR … */
int sentry_fs_walk_last (SentryFsWalk *w, gboolean follow);
/* Takes references on where it stands and leaves the epoch; harmless when it has them. -ECHILD. */
int sentry_fs_walk_hold (SentryFsWalk *w);
/* Holds, checks that mounts stood still, and hands the place over. */
int sentry_fs_walk_take (SentryFsWalk *w, SentryPath *ret_path);

/* The last part as a name for file systems: at least SENTRY_FS_NAME_MAX + 1 bytes.  -ENAMETOOLONG.
 */
int sentry_fs_walk_last_name (const SentryFsWalk *w, char *ret_name);
/* Standing (held) at the parent: moves onto a dentry that is its child, across what is mounted
 * there.  Takes over `child`. */
int sentry_fs_walk_step_onto (SentryFsWalk *w, SentryFsDentry *child);
/* Standing (held) on a symbolic link: puts its target in front of the rest and goes to where that
 * starts.  `parent` (borrowed): the link's directory. */
int sentry_fs_walk_follow (SentryFsWalk *w, const SentryPath *parent);

/* Whole walks. `flags`: SENTRY_LOOKUP_*. */
int sentry_fs_lookup (SentryFsVfs *vfs, const SentryWalk *req, const char *name, guint32 flags,
                      SentryPath *ret_path);
/* Held at the parent, last part not walked: for what makes and removes names.  To be cleared also
 * after an error. */
int sentry_fs_lookup_parent (SentryFsVfs *vfs, const SentryWalk *req, const char *name,
                             SentryFsWalk *w);

/* What `name` in `dir` is: cached (and still valid), or asked from the file system.  A reference,
 * maybe a negative dentry. No lock may be held. */
int sentry_fs_lookup_child (SentryFsDentry *dir, const SentryCred *cred, const char *name,
                            gsize len, SentryFsDentry **ret_dentry);
/* The same with the directory's INODE lock held, for writing. */
int sentry_fs_lookup_child_locked (SentryFsDentry *dir, const SentryCred *cred, const char *name,
                                   gsize len, SentryFsDentry **ret_dentry);
/* What a symbolic link says: the dentry's copy, valid as long as the dentry is, else asked;
 * *ret_own (g_free) is what was asked and not kept, or NULL. */
int sentry_fs_link_target (SentryFsDentry *d, const SentryCred *cred, const char **ret_target,
                           char **ret_own);

G_END_DECLS
