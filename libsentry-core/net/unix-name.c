/* Names of AF_UNIX sockets: paths hang on inodes, abstract ones in a table.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "net/unix-private.h"

#define FAMILY_LEN G_STRUCT_OFFSET (struct sockaddr_un, sun_path)

/* Weak: a bound socket leaves both before its struct goes. */
static SentryMutex table_lock;     /* AUX */
static GHashTable *abstract_names; /* UnixName to UnixSocket */
static guint32 next_autobind;

typedef struct
{
  SentryInodeAttachment attachment;
  UnixSocket *socket; /* m table_lock; weak */
} BoundInode;

static guint
name_hash (gconstpointer p)
{
  const UnixName *n = p;
  guint h = 5381;

  for (guint i = 0; i < n->len; i++)
    h = h * 33 + ((const guint8 *) &n->sun)[i];
  return h;
}

static gboolean
name_equal (gconstpointer a, gconstpointer b)
{
  const UnixName *x = a, *y = b;

  return x->len == y->len && memcmp (&x->sun, &y->sun, x->len) == 0;
}

static void
ensure_tables (void)
{
  static gsize ready;

  if (!g_once_init_enter (&ready))
    return;
  sentry_mutex_init (&table_lock, SENTRY_LOCK_AUX);
  abstract_names = g_hash_table_new (name_hash, name_equal);
  g_once_init_leave (&ready, 1);
}

UnixName *
unix_name_ref (UnixName *name)
{
  if (name != NULL)
    sentry_ref_get (&name->ref);
  return name;
}

void
unix_name_unref (UnixName *name)
{
  if (name != NULL && sentry_ref_put (&name->ref))
    g_free (name);
}

static UnixName *
name_new (const SentrySockAddr *addr)
{
  UnixName *n = g_new0 (UnixName, 1);

  sentry_ref_init (&n->ref);
  n->len = MIN (addr->len, sizeof n->sun);
  memcpy (&n->sun, addr->u.bytes, n->len);
  return n;
}

void
unix_name_to_addr (const UnixName *name, SentrySockAddr *ret_addr)
{
  memset (ret_addr, 0, sizeof *ret_addr);
  ret_addr->u.sa.sa_family = AF_UNIX;
  ret_addr->len = FAMILY_LEN;
  if (name != NULL)
    {
      ret_addr->len = name->len;
      memcpy (ret_addr->u.bytes, &name->sun, name->len);
    }
}

static gboolean
is_abstract (const SentrySockAddr *addr)
{
  return addr->len > FAMILY_LEN && addr->u.bytes[FAMILY_LEN] == '\0';
}

/* Autobind: five hex digits after the NUL (unix(7)). */
static int
bind_auto_locked (UnixSocket *u)
{
  for (guint tries = 0; tries < 0x100000; tries++)
    {
      g_autofree char *digits = g_strdup_printf ("%05x", next_autobind++ & 0xfffff);
      SentrySockAddr addr = { .len = FAMILY_LEN + 6 };
      UnixName *name;

      addr.u.sa.sa_family = AF_UNIX;
      memcpy (addr.u.bytes + FAMILY_LEN + 1, digits, 5);
      name = name_new (&addr);
      if (!g_hash_table_contains (abstract_names, name))
        {
          g_hash_table_insert (abstract_names, name, u);
          u->name = name;
          u->abstract = TRUE;
          return 0;
        }
      unix_name_unref (name);
    }
  return -ENOSPC;
}

static int
bind_abstract_locked (UnixSocket *u, const SentrySockAddr *addr)
{
  UnixName *name = name_new (addr);

  if (g_hash_table_contains (abstract_names, name))
    {
      unix_name_unref (name);
      return -EADDRINUSE;
    }
  g_hash_table_insert (abstract_names, name, u);
  u->name = name;
  u->abstract = TRUE;
  return 0;
}

static void
bound_inode_free (gpointer self)
{
  g_free (self);
}

/* The caller has just made the inode, so nobody else is bound there. */
static int
bind_inode_locked (UnixSocket *u, const SentrySockAddr *addr)
{
  BoundInode *b = g_new0 (BoundInode, 1);

  b->attachment.free = bound_inode_free;
  b->socket = u;
  u->inode = sentry_inode_ref (addr->inode);
  u->name = name_new (addr);
  __atomic_store_n (&u->inode->socket, b, __ATOMIC_RELEASE);
  return 0;
}

int
unix_bind (SentrySocket *s, const SentrySockAddr *addr)
{
  UnixSocket *u = unix_socket_of (s);
  int r;

  ensure_tables ();
  sentry_mutex_lock (&s->lock);
  sentry_mutex_lock (&table_lock);
  if (u->name != NULL)
    r = -EINVAL;
  else if (addr->len <= FAMILY_LEN)
    r = bind_auto_locked (u);
  else if (is_abstract (addr))
    r = bind_abstract_locked (u, addr);
  else
    r = bind_inode_locked (u, addr);
  sentry_mutex_unlock (&table_lock);
  sentry_mutex_unlock (&s->lock);
  return r;
}

int
unix_find (const SentrySockAddr *addr, int type, UnixSocket **ret_socket)
{
  UnixSocket *found = NULL;
  BoundInode *b;

  ensure_tables ();
  sentry_mutex_lock (&table_lock);
  if (is_abstract (addr))
    {
      UnixName *key = name_new (addr);
      found = g_hash_table_lookup (abstract_names, key);
      unix_name_unref (key);
    }
  else if (addr->inode != NULL)
    {
      b = __atomic_load_n (&addr->inode->socket, __ATOMIC_ACQUIRE);
      found = b != NULL ? b->socket : NULL;
    }
  if (found != NULL && !sentry_ref_try_get (&found->ref))
    found = NULL;
  sentry_mutex_unlock (&table_lock);
  if (found == NULL)
    return -ECONNREFUSED;
  if (found->s.type != type)
    {
      unix_socket_unref (found);
      return -EPROTOTYPE;
    }
  *ret_socket = found;
  return 0;
}

void
unix_unbind (UnixSocket *u)
{
  SentryInode *inode;

  ensure_tables ();
  sentry_mutex_lock (&table_lock);
  if (u->abstract && u->name != NULL && g_hash_table_lookup (abstract_names, u->name) == u)
    g_hash_table_remove (abstract_names, u->name);
  u->abstract = FALSE;
  inode = u->inode;
  u->inode = NULL;
  if (inode != NULL)
    ((BoundInode *) inode->socket)->socket = NULL;
  sentry_mutex_unlock (&table_lock);
  if (inode != NULL)
    sentry_inode_unref (inode);
}
