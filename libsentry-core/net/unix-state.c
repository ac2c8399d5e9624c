/* How AF_UNIX sockets with what lies in them are saved. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/unix-private.h"
#include "state/sentry-state.h"

SENTRY_STATE_DECLARE (SentryFile);
SENTRY_STATE_DECLARE (UnixSocket);

#define MAX_MESSAGE (16u << 20)
#define MAX_BACKLOG 65536

static gboolean
bad (GError **error, const char *what)
{
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "unix socket: %s", what);
  return FALSE;
}

SENTRY_STATE_TABLE (SentryScmCred, "scm-cred", 1, SENTRY_STATE_I32 (SentryScmCred, pid),
                    SENTRY_STATE_U32 (SentryScmCred, uid), SENTRY_STATE_U32 (SentryScmCred, gid));

static gboolean
name_post_load (gpointer object, gpointer context, GError **error)
{
  const UnixName *n = object;

  return (n->len >= sizeof n->sun.sun_family && n->len <= sizeof n->sun
          && n->sun.sun_family == AF_UNIX)
         || bad (error, "a name that is none");
}

SENTRY_STATE_TABLE_WITH (UnixName, "unix-name", 1, (.post_load = name_post_load),
                         SENTRY_STATE_REFCOUNT (UnixName, ref), SENTRY_STATE_U32 (UnixName, len),
                         SENTRY_STATE_BYTES (UnixName, sun));

/* --- messages --- */

static void
save_files (SentryStateWriter *w, const SentryStateField *field, gconstpointer object)
{
  const UnixMsg *m = object;
  guint n = m->files != NULL ? m->n_files : 0;

  sentry_state_put_u32 (w, n);
  for (guint i = 0; i < n; i++)
    sentry_state_put_ref (w, SENTRY_STATE_OF (SentryFile), m->files[i]);
}

static void
load_files (SentryStateReader *r, const SentryStateField *field, gpointer object)
{
  UnixMsg *m = object;

  m->n_files = sentry_state_get_count (r, 253, 4); /* SCM_MAX_FD */
  m->files = g_new0 (SentryFile *, m->n_files);
  for (guint i = 0; i < m->n_files; i++)
    m->files[i] = sentry_state_get_ref (r, SENTRY_STATE_OF (SentryFile), TRUE);
}

static void
clear_files (const SentryStateField *field, gpointer object)
{
  UnixMsg *m = object;

  g_clear_pointer (&m->files, g_free);
  m->n_files = 0;
}

static gboolean
msg_post_load (gpointer object, gpointer context, GError **error)
{
  const UnixMsg *m = object;

  for (guint i = 0; i < m->n_files; i++)
    if (m->files[i] == NULL)
      return bad (error, "a message with a file that is none");
  return m->taken <= m->len || bad (error, "a message of which more was read than there is");
}

SENTRY_STATE_TABLE_WITH (UnixMsg, "unix-message", 1, (.post_load = msg_post_load),
                         SENTRY_STATE_LINK (UnixMsg, link),
                         SENTRY_STATE_BUFFER (UnixMsg, data, len, MAX_MESSAGE),
                         SENTRY_STATE_U64 (UnixMsg, taken),
                         SENTRY_STATE_REF (UnixMsg, from, UnixName),
                         SENTRY_STATE_BOOL (UnixMsg, has_cred),
                         SENTRY_STATE_STRUCT (UnixMsg, cred, SentryScmCred),
                         SENTRY_STATE_CUSTOM (UnixMsg, files, save_files, load_files, clear_files),
                         SENTRY_STATE_SKIP (UnixMsg, n_files, "saved with files"),
                         SENTRY_STATE_REF (UnixMsg, sender, UnixSocket));

/* --- sockets --- */

static gboolean
socket_post_load (gpointer object, gpointer context, GError **error)
{
  const SentrySocket *s = object;

  return (s->error >= 0 && s->error < 4096 && (s->shutdown & ~3) == 0 && s->rcvtimeo >= 0
          && s->sndtimeo >= 0)
         || bad (error, "options that can't be");
}

SENTRY_STATE_TABLE_WITH (
    SentrySocket, "socket", 1,
    (.base = SENTRY_STATE_OF (SentryFile), .post_load = socket_post_load),
    SENTRY_STATE_STRUCT (SentrySocket, file, SentryFile),
    SENTRY_STATE_SKIP (SentrySocket, ops, "set by the family"),
    SENTRY_STATE_I32 (SentrySocket, family), SENTRY_STATE_I32 (SentrySocket, type),
    SENTRY_STATE_I32 (SentrySocket, protocol),
    SENTRY_STATE_MUTEX (SentrySocket, lock, SENTRY_LOCK_SOCKET),
    SENTRY_STATE_WAIT_QUEUE (SentrySocket, wait), SENTRY_STATE_I32 (SentrySocket, error),
    SENTRY_STATE_I32 (SentrySocket, shutdown), SENTRY_STATE_U32 (SentrySocket, sndbuf),
    SENTRY_STATE_U32 (SentrySocket, rcvbuf), SENTRY_STATE_I64 (SentrySocket, rcvtimeo),
    SENTRY_STATE_I64 (SentrySocket, sndtimeo), SENTRY_STATE_BOOL (SentrySocket, passcred),
    SENTRY_STATE_BOOL (SentrySocket, reuseaddr), SENTRY_STATE_BOOL (SentrySocket, keepalive),
    SENTRY_STATE_BOOL (SentrySocket, broadcast), SENTRY_STATE_BYTES (SentrySocket, linger));

/* The socket's file is counted apart from the struct itself, so that two counts lie in one object:
 * the file's is the one that references lead to, and unix_socket_ref's is made anew from peers,
 * queues and names. */
SENTRY_STATE_TABLE (
    UnixSocket, "unix-socket", 1, SENTRY_STATE_STRUCT (UnixSocket, s, SentrySocket),
    SENTRY_STATE_REFCOUNT (UnixSocket, ref), SENTRY_STATE_REF (UnixSocket, name, UnixName),
    SENTRY_STATE_SKIP (UnixSocket, inode, "bound again by the file system that holds the name"),
    SENTRY_STATE_BOOL (UnixSocket, abstract), SENTRY_STATE_REF (UnixSocket, peer, UnixSocket),
    SENTRY_STATE_REF (UnixSocket, waiting_for, UnixSocket),
    SENTRY_STATE_BOOL (UnixSocket, connected), SENTRY_STATE_BOOL (UnixSocket, listening),
    SENTRY_STATE_BOOL (UnixSocket, dead), SENTRY_STATE_U32_MAX (UnixSocket, backlog, MAX_BACKLOG),
    SENTRY_STATE_LIST (UnixSocket, pending, UnixSocket, pending_link),
    SENTRY_STATE_LINK (UnixSocket, pending_link), SENTRY_STATE_U32 (UnixSocket, n_pending),
    SENTRY_STATE_LIST (UnixSocket, queue, UnixMsg, link), SENTRY_STATE_U64 (UnixSocket, queued),
    SENTRY_STATE_U32 (UnixSocket, n_queued), SENTRY_STATE_U64 (UnixSocket, in_flight),
    SENTRY_STATE_WAIT_QUEUE (UnixSocket, room),
    SENTRY_STATE_STRUCT (UnixSocket, cred, SentryScmCred),
    SENTRY_STATE_STRUCT (UnixSocket, peer_cred, SentryScmCred),
    SENTRY_STATE_BOOL (UnixSocket, has_peer_cred),
    SENTRY_STATE_SKIP (UnixSocket, gc_link, "the collector starts over"),
    SENTRY_STATE_SKIP (UnixSocket, gc_in_flight, "counted anew from the queues"),
    SENTRY_STATE_SKIP (UnixSocket, gc_internal, "the collector starts over"),
    SENTRY_STATE_SKIP (UnixSocket, gc_candidate, "the collector starts over"));
