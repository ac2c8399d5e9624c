/* A shared object that lacks SENTRY_PLUGIN_DEFINE. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>

G_MODULE_EXPORT int sentry_not_a_plugin (void);

int
sentry_not_a_plugin (void)
{
  return 1;
}
