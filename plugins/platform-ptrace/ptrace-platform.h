/* Platform: guest code runs in host processes under PTRACE_SYSEMU.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "iface/sentry-platform.h"

G_BEGIN_DECLS

#define SENTRY_TYPE_PTRACE_PLATFORM (sentry_ptrace_platform_get_type ())
G_DECLARE_FINAL_TYPE (SentryPtracePlatform, sentry_ptrace_platform, SENTRY, PTRACE_PLATFORM,
                      GObject)

G_END_DECLS
