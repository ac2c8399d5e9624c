/* Inodes and paths of files that have no name: pipes, sockets, eventfds.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "iface/sentry-inode.h"
#include "iface/sentry-mount-namespace.h"

G_BEGIN_DECLS

typedef enum
{
  SENTRY_ANON_PIPE,   /* pipefs: S_IFIFO, "pipe:[ino]" */
  SENTRY_ANON_SOCKET, /* sockfs: S_IFSOCK, "socket:[ino]" */
  SENTRY_ANON_INODE,  /* anon_inodefs: one inode for all, "anon_inode:[name]" */
  SENTRY_ANON_NS,     /* nsfs: what links in /proc/PID/ns lead to, "pid:[ino]" */
  SENTRY_N_ANON,
} SentryAnonKind;

/* A fresh inode (for ANON_INODE: the shared one) on its internal mount, as a path with one
 * reference, for sentry_file_init.  `name`: static, for ANON_INODE ("[eventfd]"), else NULL. */
void sentry_anon_path_new (SentryAnonKind kind, const char *name, SentryCred *cred,
                           SentryPath *ret_path);
/* A namespace: `kind` static ("pid"), `ino` its number. */
void sentry_anon_ns_path_new (const char *kind, guint64 ino, SentryPath *ret_path);
/* Inode number that the next anonymous inode gets; for namespaces and the like too. */
guint64 sentry_anon_ino_new (void);

G_END_DECLS
