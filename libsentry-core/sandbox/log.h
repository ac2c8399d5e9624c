/* Where messages of a sandbox process go once it can't open files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* `message_fd`: warnings and errors, as `sentry: …` lines.  `debug_fd`: everything, with times; -1:
 * nowhere.  Takes over GLib's log, whose own writer would make system calls that the sandbox may
 * not.  Stays for the life of the process. */
void sentry_log_start (int message_fd, int debug_fd);
/* One `sentry: …` line, async-signal-safe. */
void sentry_log_raw (const char *const *pieces, gsize n);
/* A text of many lines, as it is. */
void sentry_log_text (const char *text);
int sentry_log_fd (void);

G_END_DECLS
