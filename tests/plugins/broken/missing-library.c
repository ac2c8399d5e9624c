/* A plugin linked to a shared library that isn't there any more.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-plugin.h"

GType sentry_vanished_get_type (void);

SENTRY_PLUGIN_DEFINE (missing_library, NULL,
                      { "filesystem", "missing-library", sentry_vanished_get_type });
