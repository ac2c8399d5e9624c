/* Checked wrappers around the Filesystem, MountNamespace, Timekeeper and NetworkStack interfaces.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "iface/sentry-filesystem.h"
#include "iface/sentry-mount-namespace.h"
#include "iface/sentry-network-stack.h"
#include "iface/sentry-platform.h"
#include "iface/sentry-timekeeper.h"

G_DEFINE_INTERFACE (SentryFilesystem, sentry_filesystem, G_TYPE_OBJECT)
G_DEFINE_INTERFACE (SentryMountNamespace, sentry_mount_namespace, G_TYPE_OBJECT)
G_DEFINE_INTERFACE (SentryTimekeeper, sentry_timekeeper, G_TYPE_OBJECT)
G_DEFINE_INTERFACE (SentryNetworkStack, sentry_network_stack, G_TYPE_OBJECT)

static void
sentry_filesystem_default_init (SentryFilesystemInterface *iface)
{
}

static void
sentry_mount_namespace_default_init (SentryMountNamespaceInterface *iface)
{
}

static void
sentry_timekeeper_default_init (SentryTimekeeperInterface *iface)
{
}

static void
sentry_network_stack_default_init (SentryNetworkStackInterface *iface)
{
}

const char *
sentry_filesystem_get_name (SentryFilesystem *self)
{
  return SENTRY_FILESYSTEM_GET_IFACE (self)->get_name (self);
}

gboolean
sentry_filesystem_guest_may_mount (SentryFilesystem *self)
{
  SentryFilesystemInterface *iface = SENTRY_FILESYSTEM_GET_IFACE (self);

  return iface->guest_may_mount != NULL && iface->guest_may_mount (self);
}

int
sentry_filesystem_mount (SentryFilesystem *self, const SentryMountRequest *req,
                         SentrySuperBlock **ret_sb)
{
  SentryFilesystemInterface *iface = SENTRY_FILESYSTEM_GET_IFACE (self);

  return iface->mount == NULL ? -ENODEV : iface->mount (self, req, ret_sb);
}

const SentryHostCall *
sentry_filesystem_host_calls (SentryFilesystem *self)
{
  SentryFilesystemInterface *iface = SENTRY_FILESYSTEM_GET_IFACE (self);

  return iface->host_calls == NULL ? NULL : iface->host_calls (self);
}

/* Every function of the interface struct from the first to the last is a pointer: none may be
 * missing. */
gboolean
sentry_mount_namespace_populate (SentryMountNamespace *self, SentryKernel *kernel,
                                 const SentryMountPlan *plan, GError **error)
{
  const SentryMountNamespaceInterface *iface = SENTRY_MOUNT_NAMESPACE_GET_IFACE (self);
  const gpointer *first = (const gpointer *) &iface->populate;
  const gpointer *last = (const gpointer *) &iface->host_calls;

  for (const gpointer *f = first; f <= last; f++)
    if (*f == NULL)
      {
        g_set_error (error, SENTRY_PLATFORM_ERROR, SENTRY_PLATFORM_ERROR_UNSUPPORTED,
                     "%s lacks function %d of the mount namespace interface",
                     G_OBJECT_TYPE_NAME (self), (int) (f - first));
        return FALSE;
      }
  return iface->populate (self, kernel, plan, error);
}

gboolean
sentry_timekeeper_start (SentryTimekeeper *self, SentryVdsoParams *params, GError **error)
{
  return SENTRY_TIMEKEEPER_GET_IFACE (self)->start (self, params, error);
}

void
sentry_timekeeper_now (SentryTimekeeper *self, SentryTimeNow *ret_now)
{
  SENTRY_TIMEKEEPER_GET_IFACE (self)->now (self, ret_now);
}

void
sentry_timekeeper_pause (SentryTimekeeper *self)
{
  SENTRY_TIMEKEEPER_GET_IFACE (self)->pause (self);
}

void
sentry_timekeeper_resume (SentryTimekeeper *self)
{
  SENTRY_TIMEKEEPER_GET_IFACE (self)->resume (self);
}

gint64
sentry_timekeeper_to_host (SentryTimekeeper *self, gint64 monotonic)
{
  return SENTRY_TIMEKEEPER_GET_IFACE (self)->to_host (self, monotonic);
}

int
sentry_timekeeper_set_realtime (SentryTimekeeper *self, gint64 realtime)
{
  SentryTimekeeperInterface *iface = SENTRY_TIMEKEEPER_GET_IFACE (self);

  return iface->set_realtime == NULL ? -EPERM : iface->set_realtime (self, realtime);
}

gboolean
sentry_network_stack_start (SentryNetworkStack *self, GError **error)
{
  return SENTRY_NETWORK_STACK_GET_IFACE (self)->start (self, error);
}

void
sentry_network_stack_stop (SentryNetworkStack *self)
{
  SENTRY_NETWORK_STACK_GET_IFACE (self)->stop (self);
}
