/* Between the files that change mount trees. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mount.h"

G_BEGIN_DECLS

/* What a copy is to its original. */
typedef enum
{
  SENTRY_FS_COPY_PEER,  /* the same: in its peer group, or a slave of its master, or private */
  SENTRY_FS_COPY_SLAVE, /* a slave of it */
} SentryFsRelation;

typedef enum
{
  SENTRY_FS_COPY_ONE,      /* without what is mounted below */
  SENTRY_FS_COPY_BINDABLE, /* with it, but for unbindable ones */
  SENTRY_FS_COPY_ALL,
} SentryFsCopy;

/* All under the vfs's lock. */
void sentry_fs_mount_relate_locked (SentryFsMount *copy, SentryFsMount *original,
                                    SentryFsRelation relation);
/* MS_SHARED, MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE. */
void sentry_fs_mount_set_type_locked (SentryFsMount *m, guint64 type);

/* What `root` of `top` shows, in no tree.  NULL: out of memory. */
SentryFsMount *sentry_fs_copy_tree_locked (SentryFsMount *top, SentryFsDentry *root,
                                           SentryFsRelation relation, SentryFsCopy what,
                                           GPtrArray *drop);
/* Hangs `top`, with all that hangs on it, there and where propagation wants it too; inside a
 * change.  On success takes over the reference.  -ENOSPC, -ENOMEM. */
int sentry_fs_attach_tree_locked (SentryFsMount *top, SentryFsTree *tree, SentryFsMount *parent,
                                  SentryFsDentry *mountpoint, GPtrArray *drop);
gboolean sentry_fs_propagated_is_busy_locked (SentryFsMount *m);
void sentry_fs_detach_propagated_locked (SentryFsMount *top, GPtrArray *drop);
gboolean sentry_fs_tree_has_room (SentryFsTree *tree, SentryFsMount *top);

/* The next mount of the tree under `top` in depth-first order, parents first; NULL at the end. */
SentryFsMount *sentry_fs_tree_next (SentryFsMount *m, SentryFsMount *top);
#define sentry_fs_tree_each(top, m)                                                                \
  for (SentryFsMount *m = (top); m != NULL; m = sentry_fs_tree_next (m, top))

G_END_DECLS
