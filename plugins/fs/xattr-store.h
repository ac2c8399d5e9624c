/* A small sorted store of extended attributes. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Zeroed memory is an empty store.  The owner locks.  Values are charged. */
typedef struct
{
  struct SentryFsXattr *entries; /* sorted by name; listed from the last on, as Linux does */
  guint n;
} SentryFsXattrs;

void sentry_fs_xattrs_clear (SentryFsXattrs *x);
/* Value size, -ENODATA, -ERANGE. */
gssize sentry_fs_xattrs_get (const SentryFsXattrs *x, const char *name, gpointer value, gsize size);
/* 0, -EEXIST (XATTR_CREATE), -ENODATA (XATTR_REPLACE), -ENOSPC. */
int sentry_fs_xattrs_set (SentryFsXattrs *x, const char *name, gconstpointer value, gsize size,
                          int flags);
gssize sentry_fs_xattrs_list (const SentryFsXattrs *x, char *list, gsize size);
int sentry_fs_xattrs_remove (SentryFsXattrs *x, const char *name);

G_END_DECLS
