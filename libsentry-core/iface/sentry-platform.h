/* Interface: a Platform runs guest code. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include "iface/sentry-context.h"
#include "iface/sentry-host-calls.h"

G_BEGIN_DECLS

#define SENTRY_TYPE_PLATFORM (sentry_platform_get_type ())
G_DECLARE_INTERFACE (SentryPlatform, sentry_platform, SENTRY, PLATFORM, GObject)

/* What the sandbox tells a platform at start.  Unknown to it: anything about the guest. */
typedef struct
{
  guint max_tasks;        /* bound on contexts */
  guint64 max_memory;     /* bytes, RLIMIT_AS of guest processes; 0 = none */
  gboolean pid_namespace; /* this process is PID 1 of a PID namespace: nothing outlives it */
  const char *const *pretend_missing; /* host features to treat as absent (tests): "mseal", "pidfd"
                                         …; NULL-terminated or NULL */
} SentryPlatformConfig;

/* Life: probe may be called at any time, without start.  start comes once, while the process has
 * one thread, before lock-down; then contexts and address spaces come and go; stop when none is
 * left (or the process exits).  The thread that calls start must live as long as the process: guest
 * processes are its children and die with it.  A Landlock domain is entered before start: its
 * members may trace only members. Every function that fails with a GError says what, on which
 * object, why. */
struct _SentryPlatformInterface
{
  GTypeInterface parent_iface;

  /* FALSE: can't run on this host; the error's text is the one sentence shown by `sentry plugins`.
   */
  gboolean (*probe) (SentryPlatform *self, GError **error);
  gboolean (*start) (SentryPlatform *self, const SentryPlatformConfig *config, GError **error);
  void (*stop) (SentryPlatform *self);

  /* An empty address space.  NULL and *ret_errno (positive) when the host is out of something.
   * Thread: any. */
  SentryAddressSpace *(*new_address_space) (SentryPlatform *self, int *ret_errno);
  /* A context that runs nowhere yet.  Its first run, or fork or clone_thread, gives it a home. */
  SentryContext *(*new_context) (SentryPlatform *self, int *ret_errno);

  /* Host system calls after lock-down; ends with SENTRY_HOST_CALLS_END.  Valid before start. */
  const SentryHostCall *(*host_calls) (SentryPlatform *self);

  /* The guest addresses that every address space will offer: [*ret_min, *ret_max).  Valid after
   * start. */
  void (*address_range) (SentryPlatform *self, guint64 *ret_min, guint64 *ret_max);
};

gboolean sentry_platform_probe (SentryPlatform *self, GError **error);
gboolean sentry_platform_start (SentryPlatform *self, const SentryPlatformConfig *config,
                                GError **error);
void sentry_platform_stop (SentryPlatform *self);
SentryAddressSpace *sentry_platform_new_address_space (SentryPlatform *self, int *ret_errno);
SentryContext *sentry_platform_new_context (SentryPlatform *self, int *ret_errno);
const SentryHostCall *sentry_platform_host_calls (SentryPlatform *self);
void sentry_platform_address_range (SentryPlatform *self, guint64 *ret_min, guint64 *ret_max);

#define SENTRY_PLATFORM_ERROR (sentry_platform_error_quark ())
GQuark sentry_platform_error_quark (void);
typedef enum
{
  SENTRY_PLATFORM_ERROR_UNSUPPORTED, /* this host can't: probe, or a vfunc that an old plugin lacks
                                      */
  SENTRY_PLATFORM_ERROR_FAILED,
} SentryPlatformError;

G_END_DECLS
