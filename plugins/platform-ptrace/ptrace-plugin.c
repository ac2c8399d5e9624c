/* Registers the ptrace platform. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-plugin.h"
#include "ptrace-platform.h"

SENTRY_PLUGIN_DEFINE (ptrace, NULL, { "platform", "ptrace", sentry_ptrace_platform_get_type });
