/* AF_UNIX inside: sockets, names, queues. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/un.h>
#include "net/socket.h"

G_BEGIN_DECLS

typedef struct UnixSocket UnixSocket;

/* A name in use; shared by a listener and the sockets it accepts.  Immutable. */
typedef struct
{
  SentryRef ref;
  guint len; /* of the address, family included */
  struct sockaddr_un sun;
} UnixName;

/* A piece of a stream, or one datagram, in its receiver's queue. */
typedef struct
{
  SentryList link;
  guint8 *data;
  gsize len, taken; /* taken: bytes of a stream piece that were read */
  UnixName *from;   /* owned; NULL: sender has no name */
  gboolean has_cred;
  SentryScmCred cred;
  SentryFile **files; /* owned references */
  guint n_files;
  UnixSocket *sender; /* owned: whose room comes back when it is read (datagrams) */
} UnixMsg;

/* Life: a socket's file holds the first reference; peers, queued messages and lookups in the name
 * tables hold others, so that the struct outlives the file; `dead` says that the file is gone.
 *
 * Locks: SOCKET each; a socket and its peer by address (sentry_mutex_lock_pair).  The name tables
 * have locks of their own below SOCKET (AUX). */
struct UnixSocket
{
  SentrySocket s;
  SentryRef ref;
  UnixName *name;     /* m: owned; what getsockname says */
  SentryInode *inode; /* m: owned; bound by name: inode->socket leads here */
  gboolean abstract;  /* m: in the abstract table */
  UnixSocket *peer;   /* m: owned; connected to */
  UnixSocket
      *waiting_for;   /* set once: owned; the listener whose backlog was full when connect came */
  gboolean connected; /* m: stream: was once; stays set when the peer has gone */
  gboolean listening; /* m */
  gboolean dead;      /* m: the file is closed */
  guint backlog;      /* m */
  SentryList pending; /* m: accepted sockets not yet picked up, by pending_link */
  SentryList pending_link; /* m listener */
  guint n_pending;         /* m */
  SentryList queue;        /* m: UnixMsg */
  gsize queued;            /* m: bytes */
  guint n_queued;          /* m: messages */
  gsize in_flight;         /* m: bytes of datagrams sent that nobody has read */
  SentryWaitQueue room;    /* woken when the queue is read: senders of datagrams wait on it */
  SentryScmCred cred;      /* m: the caller of listen, connect or socketpair */
  SentryScmCred peer_cred; /* m: SO_PEERCRED */
  gboolean has_peer_cred;  /* m */
  /* Garbage collection, under the collector's lock. */
  SentryList gc_link;
  guint gc_in_flight; /* references that lie in queues */
  guint gc_internal;
  gboolean gc_candidate;
};

UnixSocket *unix_socket_ref (UnixSocket *u);
void unix_socket_unref (UnixSocket *u);
UnixName *unix_name_ref (UnixName *name);
void unix_name_unref (UnixName *name);
/* NULL when the file isn't an AF_UNIX socket. */
UnixSocket *unix_socket_of_file (SentryFile *f);
UnixSocket *unix_socket_of (SentrySocket *s);

/* unix-name.c */
int unix_bind (SentrySocket *s, const SentrySockAddr *addr);
/* The live socket that `addr` leads to, with a reference.  -ECONNREFUSED, -ENOENT-like errors were
 * given by the path walk. */
int unix_find (const SentrySockAddr *addr, int type, UnixSocket **ret_socket);
void unix_unbind (UnixSocket *u);
void unix_name_to_addr (const UnixName *name, SentrySockAddr *ret_addr);

/* unix-queue.c */
gint64 unix_send (SentrySocket *s, SentryMsg *msg);
gint64 unix_recv (SentrySocket *s, SentryMsg *msg);
/* Drops everything queued; returns TRUE if data was lost.  The caller holds no lock. */
gboolean unix_flush (UnixSocket *u);
gboolean unix_writable_locked (UnixSocket *u);

/* unix-gc.c: sockets that only queues hold on to. */
void unix_gc_register (UnixSocket *u);
void unix_gc_forget (UnixSocket *u);
void unix_gc_sent (SentryFile *const *files, guint n_files, int delta);
/* Frees circles of sockets in flight; called when a socket closes while some are.  No lock held. */
void unix_gc_run (void);
/* A bound on descriptors in flight: -ETOOMANYREFS. */
int unix_gc_check_bound (guint n_files);

G_END_DECLS
