/* Acts on a superblock by path, as the mount namespace does with its locks, for tests of file
 * system types. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "auth/sentry-cred.h"
#include "iface/sentry-file.h"
#include "iface/sentry-filesystem.h"
#include "iface/sentry-inode.h"

G_BEGIN_DECLS

SentryCred *fs_root_cred (void); /* borrowed */
/* A new empty directory; removed at exit. */
char *fs_temp_dir (void);
/* Mounts a host directory; aborts on failure. */
SentrySuperBlock *fs_mount_host (const char *dir, gboolean read_only, gboolean revalidate);

/* Paths are relative to the superblock's root; "" is the root.  Negative errno. */
int fs_lookup (SentrySuperBlock *sb, const char *path, SentryInode **ret_inode);
/* As lookup, aborts on failure. */
SentryInode *fs_get (SentrySuperBlock *sb, const char *path);
int fs_getattr (SentrySuperBlock *sb, const char *path, SentryAttr *ret_attr);
int fs_create (SentrySuperBlock *sb, const char *path, guint32 mode);
int fs_mkdir (SentrySuperBlock *sb, const char *path, guint32 mode);
int fs_mknod (SentrySuperBlock *sb, const char *path, guint32 mode);
int fs_symlink (SentrySuperBlock *sb, const char *path, const char *target);
int fs_link (SentrySuperBlock *sb, const char *old_path, const char *path);
int fs_unlink (SentrySuperBlock *sb, const char *path);
int fs_rmdir (SentrySuperBlock *sb, const char *path);
int fs_rename (SentrySuperBlock *sb, const char *old_path, const char *new_path, guint32 flags);
int fs_setattr (SentrySuperBlock *sb, const char *path, const SentrySetAttr *set);
int fs_chmod (SentrySuperBlock *sb, const char *path, guint32 mode);
int fs_readlink (SentrySuperBlock *sb, const char *path, char **ret_target);

int fs_open (SentrySuperBlock *sb, const char *path, guint32 flags, SentryFile **ret_file);
int fs_open_inode (SentryInode *inode, guint32 flags, SentryFile **ret_file);
/* Whole contents as a NUL-terminated string, or NULL. */
char *fs_read (SentrySuperBlock *sb, const char *path);
char *fs_read_all (SentryFile *f);
gint64 fs_pread (SentryFile *f, gpointer buf, gsize len, gint64 pos);
gint64 fs_pwrite (SentryFile *f, gconstpointer buf, gsize len, gint64 pos);
/* Replaces the contents; makes the file. */
int fs_write (SentrySuperBlock *sb, const char *path, const char *text);

typedef struct
{
  char *name;
  guint64 ino;
  guint8 type;
  gint64 off;
} FsEntry;

/* All entries, "." and ".." too, in order. */
GPtrArray *fs_list (SentrySuperBlock *sb, const char *path);
GPtrArray *fs_list_file (SentryFile *f, guint max);
/* "a b c": names sorted, without the dots; g_free. */
char *fs_names (SentrySuperBlock *sb, const char *path);

G_END_DECLS
