/* The kinds of thing a plugin can provide, by name. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugin/plugin-kinds.h"
#include "iface/sentry-filesystem.h"
#include "iface/sentry-mount-namespace.h"
#include "iface/sentry-network-stack.h"
#include "iface/sentry-platform.h"
#include "iface/sentry-timekeeper.h"

static const struct
{
  const char *kind;
  GType (*get_type) (void);
} kinds[] = {
  { "platform", sentry_platform_get_type },
  { "network-stack", sentry_network_stack_get_type },
  { "timekeeper", sentry_timekeeper_get_type },
  { "mount-namespace", sentry_mount_namespace_get_type },
  { "filesystem", sentry_filesystem_get_type },
};

GType
sentry_plugin_kind_interface (const char *kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].kind, kind))
      return kinds[i].get_type ();
  return G_TYPE_INVALID;
}
