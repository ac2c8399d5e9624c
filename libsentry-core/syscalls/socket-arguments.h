/* Decoding what socket calls take. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/socket.h"
#include "syscalls/arguments.h"
#include "usermem/sentry-usermem.h"

G_BEGIN_DECLS

SentryScmCred sentry_task_scm_cred (SentryTask *task);
/* With a reference on its file; NULL and *ret_errno -EBADF or -ENOTSOCK. */
SentrySocket *sentry_task_socket (SentryTask *task, gint64 fd, int *ret_errno);

int sentry_sockaddr_copy_in (SentryTask *task, guint64 ptr, gint32 len, SentrySockAddr *ret_addr);
/* For AF_UNIX paths: walks to the inode, whose reference sentry_sockaddr_clear drops. */
int sentry_sockaddr_resolve (SentryTask *task, SentrySocket *s, SentrySockAddr *addr);
void sentry_sockaddr_clear (SentrySockAddr *addr);
/* As much as the guest's buffer holds, and the whole length to `len_ptr`. */
int sentry_sockaddr_copy_out (SentryTask *task, const SentrySockAddr *addr, guint64 ptr,
                              guint64 len_ptr);

gint64 sentry_socket_wait (SentryTask *task, SentrySocket *s, guint32 events, gint64 timeout,
                           gboolean nonblock, gint64 (*op) (SentrySocket *s, gpointer data),
                           gpointer data);

G_END_DECLS
