/* A place in a mount tree: mount plus dentry. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct SentryMount SentryMount;
typedef struct SentryDentry SentryDentry;

/* Both are defined by the mount namespace plugin; the core only keeps and compares them.  Empty:
 * both NULL.  Each holder owns a reference to both, through sentry_path_ref / _unref of
 * iface/sentry-mount-namespace.h. */
typedef struct SentryPath
{
  SentryMount *mount;
  SentryDentry *dentry;
} SentryPath;

static inline gboolean
sentry_path_equal (const SentryPath *a, const SentryPath *b)
{
  return a->mount == b->mount && a->dentry == b->dentry;
}

static inline gboolean
sentry_path_is_empty (const SentryPath *p)
{
  return p->dentry == NULL;
}

G_END_DECLS
