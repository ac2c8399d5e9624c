/* What is done by name: opening, making, removing, renaming.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mount-namespace.h"
#include "walk.h"

G_BEGIN_DECLS

/* The functions of SentryMountNamespaceInterface of the same names; see there. */
int sentry_fs_open (SentryMountNamespace *ns, const SentryWalk *walk, const char *name,
                    guint64 flags, guint32 mode, SentryFile **ret_file);
int sentry_fs_open_path (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                         guint64 flags, SentryFile **ret_file);
int sentry_fs_mkdir (SentryMountNamespace *ns, const SentryWalk *walk, const char *name,
                     guint32 mode);
int sentry_fs_mknod (SentryMountNamespace *ns, const SentryWalk *walk, const char *name,
                     guint32 mode, guint32 major, guint32 minor, SentryPath *ret_path);
int sentry_fs_symlink (SentryMountNamespace *ns, const SentryWalk *walk, const char *name,
                       const char *target);
int sentry_fs_link (SentryMountNamespace *ns, const SentryPath *old_path, const SentryWalk *walk,
                    const char *name);
int sentry_fs_unlink (SentryMountNamespace *ns, const SentryWalk *walk, const char *name);
int sentry_fs_rmdir (SentryMountNamespace *ns, const SentryWalk *walk, const char *name);
int sentry_fs_rename (SentryMountNamespace *ns, const SentryWalk *old_walk, const char *old_name,
                      const SentryWalk *new_walk, const char *new_name, guint32 flags);

/* Removes an empty directory and makes it dead; `dir` is locked for writing. */
int sentry_fs_remove_dir_locked (SentryFsMountNamespace *ns, SentryFsDentry *dir, const char *name,
                                 SentryFsDentry *victim);

int sentry_fs_getattr (SentryMountNamespace *ns, const SentryPath *path, SentryAttr *ret_attr);
int sentry_fs_setattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                       const SentrySetAttr *set);
int sentry_fs_access (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                      guint32 mask);
int sentry_fs_readlink (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                        char **ret_target);
int sentry_fs_statfs (SentryMountNamespace *ns, const SentryPath *path, struct statfs *ret_st);
gssize sentry_fs_getxattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                           const char *name, gpointer value, gsize size);
int sentry_fs_setxattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                        const char *name, gconstpointer value, gsize size, int flags);
gssize sentry_fs_listxattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                            char *list, gsize size);
int sentry_fs_removexattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                           const char *name);
char *sentry_fs_path_name (SentryMountNamespace *ns, const SentryPath *path, const SentryPath *root,
                           gboolean *ret_reachable, gboolean *ret_deleted);
/* Without a namespace. */
char *sentry_fs_vfs_path_name (SentryFsVfs *vfs, const SentryPath *path, const SentryPath *root,
                               gboolean *ret_reachable, gboolean *ret_deleted);

/* The name inside its superblock, "/" for the root; g_free. */
char *sentry_fs_dentry_name (SentryFsVfs *vfs, SentryFsDentry *d);

/* Truncation with what Linux's do_truncate does beside it: times, set-id bits. */
int sentry_fs_truncate (SentryInode *inode, SentryCred *cred, guint64 size, guint32 more_valid);

/* An O_PATH file. */
SentryFile *sentry_fs_path_file_new (const SentryPath *path, SentryCred *cred, guint32 flags);

G_END_DECLS
