/* Device nodes: what lies in /dev, and the memory devices.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tmpfs.h"

G_BEGIN_DECLS

/* Tells the core what opening null, zero, full, random and urandom means.  Once; harmless again. */
void sentry_fs_register_devices (void);
/* Fills the root of a fresh devtmpfs. */
int sentry_fs_populate_dev (SentryTmpfsInode *root);

G_END_DECLS
