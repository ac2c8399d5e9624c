/* A sandbox as the program that starts it sees it: a process and a control socket.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "plugin/plugin-host.h"
#include "sandbox/sandbox-config.h"

G_BEGIN_DECLS

typedef struct
{
  pid_t pid;   /* the sandbox process, a child of this one */
  int control; /* control/control-message.h; end of file: the sandbox is gone */
} SentrySandbox;

/* Forks the sandbox process, which runs `config` and reports over the control socket.  The caller
 * must have one thread and have blocked the signals that it wants to forward.  `plugins` holds the
 * folders to look in; nothing has to be loaded. */
gboolean sentry_sandbox_launch (const SentrySandboxConfig *config, SentryPluginHost *plugins,
                                SentrySandbox *ret_sandbox, GError **error);

/* The platform that `name` asks for: "auto" takes the first one, by rank, that works on this host.
 */
GObject *sentry_sandbox_choose_platform (SentryPluginHost *plugins, const char *name,
                                         GError **error);

/* Exit status of sentry when the sandbox itself fails. */
#define SENTRY_SANDBOX_FAILED 125

G_END_DECLS
