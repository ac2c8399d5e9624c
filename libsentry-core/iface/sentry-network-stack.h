/* Interface: a network stack for AF_INET and AF_INET6 sockets. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <sys/socket.h>
#include "iface/sentry-file.h"
#include "iface/sentry-host-calls.h"

G_BEGIN_DECLS

#define SENTRY_TYPE_NETWORK_STACK (sentry_network_stack_get_type ())
G_DECLARE_INTERFACE (SentryNetworkStack, sentry_network_stack, SENTRY, NETWORK_STACK, GObject)

/* A kernel without a stack answers EAFNOSUPPORT.  Operations on sockets join when the first stack
 * is written (they follow the SentryFileOps rules: never block, poll). */
struct _SentryNetworkStackInterface
{
  GTypeInterface parent_iface;

  gboolean (*start) (SentryNetworkStack *self, GError **error);
  void (*stop) (SentryNetworkStack *self);
  const SentryHostCall *(*host_calls) (SentryNetworkStack *self);
};

gboolean sentry_network_stack_start (SentryNetworkStack *self, GError **error);
void sentry_network_stack_stop (SentryNetworkStack *self);

G_END_DECLS
