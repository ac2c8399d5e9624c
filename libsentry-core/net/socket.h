/* Sockets: what all families share. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/socket.h>
#include "iface/sentry-file.h"
#include "iface/sentry-inode.h"

G_BEGIN_DECLS

typedef struct SentrySocket SentrySocket;

#define SENTRY_SCM_MAX_FD 253

/* A socket address as the guest gave it or will get it. */
typedef struct
{
  guint len; /* bytes in use; 0: none */
  union
  {
    struct sockaddr sa;
    struct sockaddr_storage storage;
    guint8 bytes[sizeof (struct sockaddr_storage)];
  } u;
  SentryInode *inode; /* AF_UNIX by name: what the path led to; a reference; NULL otherwise */
} SentrySockAddr;

typedef struct
{
  gint32 pid;       /* in the root PID namespace */
  guint32 uid, gid; /* kernel ids */
} SentryScmCred;

/* One sendmsg or recvmsg.  Files are references: send's belong to the caller and are copied when
 * queued; recv's are handed to the caller. */
typedef struct
{
  SentryIter *iter;
  SentrySockAddr addr; /* send: where to, if len > 0; recv: where from */
  SentryFile *files[SENTRY_SCM_MAX_FD];
  guint n_files;
  gboolean has_cred;
  SentryScmCred cred;
  int flags;     /* MSG_* of the call */
  int ret_flags; /* recv: MSG_TRUNC, MSG_EOR … */
} SentryMsg;

/* As file operations: nothing blocks, -EAGAIN and poll.  Absent: -EOPNOTSUPP. */
typedef struct
{
  int (*bind) (SentrySocket *s, const SentrySockAddr *addr);
  /* -EAGAIN: in progress or the queue is full; called again after a wake-up. */
  int (*connect) (SentrySocket *s, const SentrySockAddr *addr, const SentryScmCred *cred);
  int (*listen) (SentrySocket *s, int backlog, const SentryScmCred *cred);
  int (*accept) (SentrySocket *s, SentryCred *cred, SentrySocket **ret_socket);
  int (*getname) (SentrySocket *s, gboolean peer, SentrySockAddr *ret_addr);
  gint64 (*send) (SentrySocket *s, SentryMsg *msg);
  gint64 (*recv) (SentrySocket *s, SentryMsg *msg);
  int (*shutdown) (SentrySocket *s, int how);
  /* Family options beyond SOL_SOCKET's plain ones.  get: value into `value`, its size into *size.
   */
  int (*setsockopt) (SentrySocket *s, int level, int name, gconstpointer value, guint size);
  int (*getsockopt) (SentrySocket *s, int level, int name, gpointer value, guint *size);
} SentrySocketOps;

/* Families embed it first.  `file` has the socket's file operations, which families set up by
 * sentry_socket_init. */
struct SentrySocket
{
  SentryFile file;
  const SentrySocketOps *ops; /* I */
  int family, type, protocol; /* I */
  SentryMutex lock;           /* SOCKET */
  SentryWaitQueue wait;
  int error;                 /* m: pending SO_ERROR, positive */
  int shutdown;              /* m: bit 0 no more receiving, bit 1 no more sending */
  guint32 sndbuf, rcvbuf;    /* m */
  gint64 rcvtimeo, sndtimeo; /* m: ns, 0 for ever */
  gboolean passcred, reuseaddr, keepalive, broadcast; /* m */
  struct linger linger;                               /* m */
};

#define SENTRY_SHUT_RECV 1
#define SENTRY_SHUT_SEND 2
#define SENTRY_SOCKET_BUFFER 212992u

void sentry_socket_init (SentrySocket *s, const SentryFileOps *file_ops, const SentrySocketOps *ops,
                         int family, int type, int protocol, guint32 open_flags, SentryCred *cred);
/* What init took. */
void sentry_socket_clear (SentrySocket *s);
/* NULL when `f` is no socket. */
SentrySocket *sentry_file_socket (SentryFile *f);
/* For file operations of families: read and write are recv and send without extras. */
gint64 sentry_socket_read (SentryFile *f, SentryIter *dst, gint64 *pos);
gint64 sentry_socket_write (SentryFile *f, SentryIter *src, gint64 *pos);
/* SOL_SOCKET options that need no family.  -ENOPROTOOPT for the others. */
int sentry_socket_set_option (SentrySocket *s, int name, gconstpointer value, guint size);
int sentry_socket_get_option (SentrySocket *s, int name, gpointer value, guint *size);

/* AF_UNIX. */
int sentry_unix_new (int type, guint32 open_flags, SentryCred *cred, SentrySocket **ret_socket);
int sentry_unix_new_pair (int type, guint32 open_flags, SentryCred *cred, const SentryScmCred *scm,
                          SentrySocket **ret_a, SentrySocket **ret_b);

G_END_DECLS
