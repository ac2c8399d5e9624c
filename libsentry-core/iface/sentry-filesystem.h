/* Interface: a file system type, by the name that mount(2) uses. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include "iface/sentry-host-calls.h"
#include "iface/sentry-inode.h"

G_BEGIN_DECLS

#define SENTRY_TYPE_FILESYSTEM (sentry_filesystem_get_type ())
G_DECLARE_INTERFACE (SentryFilesystem, sentry_filesystem, SENTRY, FILESYSTEM, GObject)

typedef struct _SentryKernel SentryKernel;

/* One request to make a superblock: from mount(2), or from the sandbox's own plan. */
typedef struct
{
  SentryKernel *kernel; /* NULL in unit tests */
  SentryCred *cred;
  const char *source;  /* as given, may be NULL */
  const char *options; /* the data string, may be NULL */
  gboolean read_only;
  int host_fd; /* host directory: a donated O_PATH descriptor, taken over on success; -1 otherwise
                */
  gboolean revalidate; /* host directory: others may change it while we run */
  /* overlay: */
  SentrySuperBlock *upper;  /* NULL: read-only overlay */
  SentrySuperBlock **lower; /* top first */
  guint n_lower;
} SentryMountRequest;

struct _SentryFilesystemInterface
{
  GTypeInterface parent_iface;

  const char *(*get_name) (SentryFilesystem *self);
  /* May a task with CAP_SYS_ADMIN in its user namespace mount it by mount(2)? */
  gboolean (*guest_may_mount) (SentryFilesystem *self);
  /* 0 and a reference, or negative errno (-EINVAL: bad option). */
  int (*mount) (SentryFilesystem *self, const SentryMountRequest *req, SentrySuperBlock **ret_sb);
  const SentryHostCall *(*host_calls) (SentryFilesystem *self); /* may be absent */
};

const char *sentry_filesystem_get_name (SentryFilesystem *self);
gboolean sentry_filesystem_guest_may_mount (SentryFilesystem *self);
int sentry_filesystem_mount (SentryFilesystem *self, const SentryMountRequest *req,
                             SentrySuperBlock **ret_sb);
const SentryHostCall *sentry_filesystem_host_calls (SentryFilesystem *self);

G_END_DECLS
