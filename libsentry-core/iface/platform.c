/* Checked wrappers around the Platform interface. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-platform.h"

G_DEFINE_INTERFACE (SentryPlatform, sentry_platform, G_TYPE_OBJECT)
G_DEFINE_QUARK (sentry - platform - error - quark, sentry_platform_error)

static void
sentry_platform_default_init (SentryPlatformInterface *iface)
{
}

gboolean
sentry_platform_probe (SentryPlatform *self, GError **error)
{
  SentryPlatformInterface *iface = SENTRY_PLATFORM_GET_IFACE (self);

  return iface->probe == NULL || iface->probe (self, error);
}

gboolean
sentry_platform_start (SentryPlatform *self, const SentryPlatformConfig *config, GError **error)
{
  SentryPlatformInterface *iface = SENTRY_PLATFORM_GET_IFACE (self);

  if (iface->start == NULL || iface->new_address_space == NULL || iface->new_context == NULL
      || iface->host_calls == NULL || iface->address_range == NULL)
    {
      g_set_error (error, SENTRY_PLATFORM_ERROR, SENTRY_PLATFORM_ERROR_UNSUPPORTED,
                   "%s lacks a function that every platform must have", G_OBJECT_TYPE_NAME (self));
      return FALSE;
    }
  return iface->start (self, config, error);
}

void
sentry_platform_stop (SentryPlatform *self)
{
  SentryPlatformInterface *iface = SENTRY_PLATFORM_GET_IFACE (self);

  if (iface->stop != NULL)
    iface->stop (self);
}

SentryAddressSpace *
sentry_platform_new_address_space (SentryPlatform *self, int *ret_errno)
{
  return SENTRY_PLATFORM_GET_IFACE (self)->new_address_space (self, ret_errno);
}

SentryContext *
sentry_platform_new_context (SentryPlatform *self, int *ret_errno)
{
  return SENTRY_PLATFORM_GET_IFACE (self)->new_context (self, ret_errno);
}

const SentryHostCall *
sentry_platform_host_calls (SentryPlatform *self)
{
  return SENTRY_PLATFORM_GET_IFACE (self)->host_calls (self);
}

void
sentry_platform_address_range (SentryPlatform *self, guint64 *ret_min, guint64 *ret_max)
{
  SENTRY_PLATFORM_GET_IFACE (self)->address_range (self, ret_min, ret_max);
}
