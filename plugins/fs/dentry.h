/* Cached names: the dentry tree and its cache. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "epoch.h"
#include "iface/sentry-mount-namespace.h"

G_BEGIN_DECLS

typedef struct SentryFsDentry SentryFsDentry;
typedef struct SentryFsDcache SentryFsDcache;
typedef struct SentryFsSuper SentryFsSuper;

#define SENTRY_FS_NAME_MAX 255

/* Immutable; replaced as a whole by a rename. */
typedef struct
{
  SentryFsRetired retired;
  guint32 len;
  gboolean separate; /* an allocation of its own, else part of its dentry's */
  char bytes[];      /* NUL-terminated */
} SentryFsName;

#define SENTRY_FS_DENTRY_UNHASHED                                                                  \
  (1u << 0) /* removed, or never in the table (roots, O_TMPFILE)                                   \
             */
/* Set by each hit, taken back by the cache's clock: */
#define SENTRY_FS_DENTRY_REFERENCED (1u << 1)

/* Life: made by the first lookup or by the creation of its name, in the cache's table, which holds
 * one reference.  Paths, working directories, mounts and children hold more.  A removed or
 * invalidated name leaves the table (`unhashed`) and lives on as long as somebody holds it; an
 * unused one is evicted by the cache's clock: count 1 becomes 0, and from then on nobody can get a
 * reference.  The struct itself is freed after the epoch in which the last reference went, so walks
 * without references may look at everything below that isn't marked with a lock.
 *
 * `pub.inode` never changes: creating a file where a negative dentry stands makes another dentry.
 * Name and parent change only in a move, inside an odd `seq`. */
struct SentryFsDentry
{
  SentryDentry pub;
  SentryFsDcache *cache;  /* I */
  SentryFsSuper *super;   /* I: not counted: the mount in each path holds it */
  SentryFsDentry *parent; /* a: owned; NULL for the root of a superblock */
  SentryFsName *name;     /* a: owned */
  guint64 hash;           /* a: of parent and name */
  SentryFsDentry *next;   /* a: in the table's bucket */
  guint32 seq;            /* a: odd while a move changes parent and name */
  guint32 flags;          /* a */
  guint32 n_mounts;       /* a: mounts on it, of all namespaces */
  SentrySuperBlock *sb;   /* I: owned, of roots only: a root inode doesn't hold its superblock */
  char *link;             /* a: target of a symbolic link, once it has been asked for; owned */
  SentryList clock;       /* m: the cache's clock lock */
  SentryFsRetired retired;
};

static inline SentryFsDentry *
sentry_fs_dentry (SentryDentry *d)
{
  g_assert (d->anonymous_name == NULL);
  return (SentryFsDentry *) d;
}

static inline SentryInode *
sentry_fs_dentry_inode (const SentryFsDentry *d)
{
  return d->pub.inode;
}

static inline gboolean
sentry_fs_dentry_is_dir (const SentryDentry *d)
{
  return d->inode != NULL && S_ISDIR (d->inode->type);
}

static inline guint32
sentry_fs_dentry_flags (const SentryFsDentry *d)
{
  return __atomic_load_n (&d->flags, __ATOMIC_ACQUIRE);
}

/* Shown as " (deleted)". */
static inline gboolean
sentry_fs_dentry_is_deleted (const SentryFsDentry *d)
{
  return (sentry_fs_dentry_flags (d) & SENTRY_FS_DENTRY_UNHASHED)
         && __atomic_load_n (&d->parent, __ATOMIC_RELAXED) != NULL;
}

static inline SentryFsDentry *
sentry_fs_dentry_ref (SentryFsDentry *d)
{
  sentry_ref_get (&d->pub.ref);
  return d;
}

static inline void
sentry_fs_dentry_unref (SentryFsDentry *d)
{
  if (d != NULL && sentry_ref_put (&d->pub.ref))
    d->pub.release (&d->pub);
}

void sentry_fs_dentry_set_flags (SentryFsDentry *d, guint32 flags);
/* A reference to the parent, or NULL for a root. */
SentryFsDentry *sentry_fs_dentry_get_parent (SentryFsDentry *d);
/* Is `d` `top` or below it?  Only meaningful while no move runs: under sentry_fs_dcache_lock_moves,
 * or checked by the cache's move count. */
gboolean sentry_fs_dentry_is_below (SentryFsDentry *d, SentryFsDentry *top);

/* The table of all cached names of a kernel.  Warm lookups by peek cost no atomic operation. */
SentryFsDcache *sentry_fs_dcache_new (guint max_unused);
void sentry_fs_dcache_free (SentryFsDcache *cache);
guint sentry_fs_dcache_size (SentryFsDcache *cache);

/* The hash of a child's name; keyed, so that a guest can't fill one bucket. */
guint64 sentry_fs_dcache_hash (SentryFsDcache *cache, SentryFsDentry *parent, const char *name,
                               gsize len);

/* Inside an epoch: the child, without a reference.  NULL: ask sentry_fs_dcache_get; it is unknown
 * or something moves. */
SentryFsDentry *sentry_fs_dcache_peek (SentryFsDcache *cache, SentryFsDentry *parent,
                                       const char *name, gsize len, guint64 hash);
/* The same under the bucket's lock, with a reference; NULL: unknown. */
SentryFsDentry *sentry_fs_dcache_get (SentryFsDcache *cache, SentryFsDentry *parent,
                                      const char *name, gsize len, guint64 hash);
/* Remembers what `name` is (takes over the reference on `inode`; NULL: that it doesn't exist).  The
 * INODE lock of the directory must be held.  If the name is cached meanwhile, that dentry is the
 * result and `inode` is dropped, unless it is a negative one and `inode` isn't NULL: then the new
 * one replaces it.  A reference, or NULL: out of memory (then `inode` is dropped). */
SentryFsDentry *sentry_fs_dcache_add (SentryFsDcache *cache, SentryFsDentry *parent,
                                      const char *name, gsize len, SentryInode *inode);
/* A dentry that no table holds: roots (parent NULL), O_TMPFILE.  Takes over `inode`.  NULL: out of
 * memory. */
SentryFsDentry *sentry_fs_dcache_new_unhashed (SentryFsDcache *cache, SentryFsSuper *super,
                                               SentryFsDentry *parent, const char *name,
                                               SentryInode *inode);
/* Takes the name out of the table; harmless when it is out already. */
void sentry_fs_dcache_remove (SentryFsDentry *d);

/* The cache's part of a rename, all or nothing: names are made before (NULL: out of memory). */
SentryFsName *sentry_fs_name_new (const char *name, gsize len);
void sentry_fs_name_free (SentryFsName *name);
/* `d` gets the name; what stands there leaves the table.  The directories' INODE locks are held. */
void sentry_fs_dcache_move (SentryFsDentry *d, SentryFsDentry *new_parent, SentryFsName *name);
void sentry_fs_dcache_exchange (SentryFsDentry *a, SentryFsName *new_name_of_a, SentryFsDentry *b,
                                SentryFsName *new_name_of_b);
/* Counts moves, odd while one runs: a reader of several parents compares it before and after. */
guint32 sentry_fs_dcache_move_count (SentryFsDcache *cache);
void sentry_fs_dcache_lock_moves (SentryFsDcache *cache);
void sentry_fs_dcache_unlock_moves (SentryFsDcache *cache);

/* Drops every dentry of `super` that nobody uses: all but the root once its last mount is gone. */
void sentry_fs_dcache_prune (SentryFsDcache *cache, SentryFsSuper *super);

G_END_DECLS
