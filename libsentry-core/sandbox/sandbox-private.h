/* What the files of the sandbox process share. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fs/fd-table.h"
#include "iface/sentry-mount-namespace.h"
#include "iface/sentry-platform.h"
#include "iface/sentry-timekeeper.h"
#include "kernel/sentry-kernel.h"
#include "sandbox/host-calls.h"
#include "sandbox/host-namespaces.h"
#include "sandbox/sandbox.h"

/* Everything in a sandbox process, in the order in which it comes to be.  Lives until the process
 * exits. */
typedef struct
{
  const SentrySandboxConfig *config;
  SentryPluginHost *plugins;
  int control;         /* to the program that started it */
  gboolean privileged; /* own namespaces and an empty root; else Landlock where there is one */
  int output;          /* what standard output was, for --print-host-syscalls */
  int exit_status;     /* for FAILED messages: 125, 126 or 127 */

  SentryPlatform *platform;
  SentryMountNamespace *mounts;
  GPtrArray *filesystems; /* of SentryFilesystem */
  SentryUserNamespace *user_ns;
  SentryCred *cred;   /* of the guest's first process */
  SentryFdTable *fds; /* its standard descriptors */
  SentryDonated donated;
  SentryKernel *kernel;
} SentrySandboxProcess;

/* Runs in the forked process; never returns. */
void sentry_sandbox_process_main (SentrySandboxProcess *s) G_GNUC_NORETURN;

/* Parts of it, one file each. */
gboolean sentry_sandbox_make_objects (SentrySandboxProcess *s, GError **error);
gboolean sentry_sandbox_donate_descriptors (SentrySandboxProcess *s, GError **error);
gboolean sentry_sandbox_make_kernel (SentrySandboxProcess *s, GError **error);
SentryHostCallSet *sentry_sandbox_collect_host_calls (SentrySandboxProcess *s);
gboolean sentry_sandbox_exec (SentrySandboxProcess *s, GError **error);
/* Starts the thread that answers the control socket. */
void sentry_sandbox_serve_control (SentrySandboxProcess *s);
