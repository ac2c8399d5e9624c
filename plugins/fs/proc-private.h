/* The file system types of generated trees, proc and sysfs: what their files share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "iface/sentry-filesystem.h"
#include "auth/sentry-cred.h"
#include "iface/sentry-proc.h"

G_BEGIN_DECLS

typedef struct
{
  SentrySuperBlock base;
  SentryKernel *kernel; /* I: borrowed, outlives us; NULL in unit tests */
} SentryProcSuper;

/* Life: made by each lookup that the dentry cache can't answer; nothing is lost when it goes, so no
 * table is kept.  It holds a reference on its task, which may be dead: then everything says ESRCH,
 * and the dentry isn't valid any more. */
typedef struct
{
  SentryInode base;
  SentryProcPlace place; /* I */
  SentryTimestamp made;  /* I: all its times, as on Linux */
} SentryProcInode;

static inline SentryProcInode *
sentry_proc_inode (SentryInode *inode)
{
  return (SentryProcInode *) inode;
}

/* proc-inode.c: takes over the place. */
SentryInode *sentry_proc_inode_new (SentryProcSuper *sb, SentryProcPlace *place);

/* proc-file.c, proc-dir.c */
int sentry_proc_file_open (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                           guint32 mode, guint32 flags, SentryFile **ret_file);
int sentry_proc_dir_open (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                          guint32 mode, guint32 flags, SentryFile **ret_file);

/* proc-filesystem.c */
#define SENTRY_TYPE_PROC_FILESYSTEM (sentry_proc_filesystem_get_type ())
G_DECLARE_FINAL_TYPE (SentryProcFilesystem, sentry_proc_filesystem, SENTRY, PROC_FILESYSTEM,
                      GObject)
#define SENTRY_TYPE_SYSFS_FILESYSTEM (sentry_sysfs_filesystem_get_type ())
G_DECLARE_FINAL_TYPE (SentrySysfsFilesystem, sentry_sysfs_filesystem, SENTRY, SYSFS_FILESYSTEM,
                      GObject)

G_END_DECLS
