/* The plugin objects of a sandbox: platform, mount namespace, file systems.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/sandbox-private.h"
#include <gio/gio.h>

static GObject *
probed_platform (SentryPluginHost *plugins, const char *name, GError **error)
{
  g_autoptr (GObject) platform = sentry_plugin_host_create (plugins, "platform", name, error);

  if (platform == NULL)
    return NULL;
  if (!sentry_platform_probe (SENTRY_PLATFORM (platform), error))
    {
      g_prefix_error (error, "%s: ", name);
      return NULL;
    }
  return g_steal_pointer (&platform);
}

GObject *
sentry_sandbox_choose_platform (SentryPluginHost *plugins, const char *wanted, GError **error)
{
  g_auto (GStrv) names = NULL;
  g_autoptr (GString) reasons = g_string_new (NULL);

  if (!g_str_equal (wanted, "auto"))
    {
      GObject *platform = probed_platform (plugins, wanted, error);

      if (platform == NULL)
        g_prefix_error (error, "--platform: ");
      return platform;
    }
  names = sentry_plugin_host_names (plugins, "platform");
  for (char **name = names; *name != NULL; name++)
    {
      g_autoptr (GError) local = NULL;
      GObject *platform = probed_platform (plugins, *name, &local);

      if (platform != NULL)
        return platform;
      g_string_append_printf (reasons, "; %s", local->message);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "--platform: none works on this host%s",
               names[0] != NULL ? reasons->str : ": there is no platform plugin");
  return NULL;
}

static gboolean
make_filesystems (SentrySandboxProcess *s, GError **error)
{
  g_auto (GStrv) names = sentry_plugin_host_names (s->plugins, "filesystem");

  s->filesystems = g_ptr_array_new_with_free_func (g_object_unref);
  for (char **name = names; *name != NULL; name++)
    {
      GObject *fs = sentry_plugin_host_create (s->plugins, "filesystem", *name, error);

      if (fs == NULL)
        return FALSE;
      g_ptr_array_add (s->filesystems, fs);
    }
  return TRUE;
}

gboolean
sentry_sandbox_make_objects (SentrySandboxProcess *s, GError **error)
{
  GObject *platform = sentry_sandbox_choose_platform (s->plugins, s->config->platform, error);
  g_auto (GStrv) names = NULL;
  GObject *mounts;

  if (platform == NULL)
    return FALSE;
  s->platform = SENTRY_PLATFORM (platform);
  names = sentry_plugin_host_names (s->plugins, "mount-namespace");
  mounts = sentry_plugin_host_create (s->plugins, "mount-namespace",
                                      names[0] != NULL ? names[0] : "default", error);
  if (mounts == NULL)
    return FALSE;
  s->mounts = SENTRY_MOUNT_NAMESPACE (mounts);
  return make_filesystems (s, error);
}
