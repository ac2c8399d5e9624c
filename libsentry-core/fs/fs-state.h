/* Root, working directory and umask of a task (CLONE_FS shares them).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "base/sentry-lock.h"
#include "base/sentry-ref.h"
#include "iface/sentry-mount-namespace.h"

G_BEGIN_DECLS

typedef struct
{
  SentryRef ref;
  SentryMutex lock; /* FD_TABLE */
  SentryPath root;  /* m */
  SentryPath cwd;   /* m */
  guint32 umask;    /* a */
} SentryFsState;

SentryFsState *sentry_fs_state_new (const SentryPath *root, const SentryPath *cwd, guint32 umask);
SentryFsState *sentry_fs_state_copy (SentryFsState *fs);
SentryFsState *sentry_fs_state_ref (SentryFsState *fs);
void sentry_fs_state_unref (SentryFsState *fs);
/* References; either may be NULL. */
void sentry_fs_state_get (SentryFsState *fs, SentryPath *ret_root, SentryPath *ret_cwd);
void sentry_fs_state_set_root (SentryFsState *fs, const SentryPath *root);
void sentry_fs_state_set_cwd (SentryFsState *fs, const SentryPath *cwd);

G_END_DECLS
