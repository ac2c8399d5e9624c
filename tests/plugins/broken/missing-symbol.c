/* A plugin that needs a function which nobody has. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-plugin.h"

GType sentry_no_such_function (void);

SENTRY_PLUGIN_DEFINE (missing_symbol, NULL,
                      { "filesystem", "missing-symbol", sentry_no_such_function });
