/* Loads early what libraries would load lazily, after the lock-down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libgcc_s (loaded at a thread's exit), character sets, the time zone, standard streams. */
void sentry_preload_libraries (void);
