/* Collects guest host-processes that are about to die. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "placement.h"
#include <sys/types.h>

G_BEGIN_DECLS

/* A thread of its own, so that nobody waits while the host takes a big address space apart, and no
 * zombie stays. */
typedef struct SentryHostReaper SentryHostReaper;

SentryHostReaper *sentry_host_reaper_new (SentryHostPlacement *placement);
/* `pid`: a child of this process that has been killed or is leaving by itself; from here on its
 * number may be reused any time. */
void sentry_host_reaper_add (SentryHostReaper *reaper, pid_t pid);
/* Waits for what it was given, then ends the thread. */
void sentry_host_reaper_free (SentryHostReaper *reaper);

G_END_DECLS
