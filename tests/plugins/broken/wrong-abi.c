/* A plugin whose code was built for another ABI than its key file says.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-plugin.h"

#undef SENTRY_PLUGIN_ABI
#define SENTRY_PLUGIN_ABI 4711

SENTRY_PLUGIN_DEFINE (wrong_abi, NULL, { "filesystem", "wrong-abi", NULL });
