/* Brings descriptors into guest host-processes. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/sentry-lock.h"
#include "hidden.h"
#include "host-template.h"

G_BEGIN_DECLS

/* All guest processes hold the same receiving ends (descriptors 0 … HIDDEN_SOCKETS - 1), so that no
 * guest costs the sentry a descriptor.  A socket carries one descriptor at a time, for one process:
 * who has acquired it. */
typedef struct
{
  SentryMutex lock[HIDDEN_SOCKETS]; /* PLATFORM_FDS */
  guint next;                       /* a: where the next search begins */
  int send[HIDDEN_SOCKETS];         /* I */
  int recv[HIDDEN_SOCKETS];         /* I: to take back what nobody received */
} SentryHostFdPool;

void sentry_host_fd_pool_init (SentryHostFdPool *pool, const SentryHostTemplate *t);
void sentry_host_fd_pool_clear (SentryHostFdPool *pool);
/* Puts `fd` into a socket that nobody else uses until release.  The socket's number in guest
 * processes, or negative errno. */
int sentry_host_fd_pool_send (SentryHostFdPool *pool, int fd);
void sentry_host_fd_pool_release (SentryHostFdPool *pool, int socket, gboolean received);

G_END_DECLS
