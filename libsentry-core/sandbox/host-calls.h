/* The host system calls that a locked-down sandbox process may make.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "iface/sentry-host-calls.h"

G_BEGIN_DECLS

/* The union of what the parts declare. */
typedef struct SentryHostCallSet SentryHostCallSet;

SentryHostCallSet *sentry_host_call_set_new (void);
void sentry_host_call_set_free (SentryHostCallSet *set);
/* `calls` ends with SENTRY_HOST_CALLS_END and must stay; NULL adds nothing. */
void sentry_host_call_set_add (SentryHostCallSet *set, const char *part,
                               const SentryHostCall *calls);
/* Number of different calls. */
guint sentry_host_call_set_size (SentryHostCallSet *set);
/* One line a call, by name: the call, its conditions, who needs it and why. */
char *sentry_host_call_set_describe (SentryHostCallSet *set);
/* Puts the filter on every thread of this process, for good.  A call that isn't in the set raises
 * SIGSYS.  Sets no_new_privs first. */
gboolean sentry_host_call_set_enforce (SentryHostCallSet *set, GError **error);

/* What the core itself, GLib and the C library's threads and memory need; wider in builds with a
 * sanitizer. */
const SentryHostCall *sentry_core_host_calls (void);
/* NULL unless this build has a sanitizer. */
const SentryHostCall *sentry_sanitizer_host_calls (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SentryHostCallSet, sentry_host_call_set_free)

G_END_DECLS
