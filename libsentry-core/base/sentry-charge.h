/* One account of all host memory that guests make the sentry hold.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One sandbox a process, so one account a process: pages of tmpfs, pipe buffers, queued signals,
 * dentries.  Two atomic operations a call.  FALSE when the bound (--max-memory) would be passed:
 * the guest gets ENOMEM, ENOSPC or ENFILE.  Thread: any. */
gboolean sentry_charge (guint64 bytes);
void sentry_uncharge (guint64 bytes);
/* 0: no bound. */
void sentry_charge_set_bound (guint64 bytes);
guint64 sentry_charge_used (void);

G_END_DECLS
