/* Mounts, superblocks in use, and the trees that namespaces make of them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <sys/mount.h>
#include "dentry.h"
#include "iface/sentry-filesystem.h"
#include "iface/sentry-mount-namespace.h"

G_BEGIN_DECLS

typedef struct SentryFsMount SentryFsMount;
typedef struct SentryFsVfs SentryFsVfs;
typedef struct SentryFsTree SentryFsTree;

#define SENTRY_FS_N_MOUNT_BUCKETS 1024
/* As Linux's fs.mount-max. */
#define SENTRY_FS_MAX_MOUNTS 100000
#define SENTRY_FS_MAX_DENTRIES 65536

/* What all namespaces of one kernel share.  Life: the first namespace makes it; namespaces and
 * mounts hold it. */
struct SentryFsVfs
{
  SentryRef ref;
  SentryKernel *kernel;  /* I: not counted; NULL in unit tests */
  SentryFsDcache *cache; /* I */
  SentryMutex lock;      /* MOUNT: mount trees, peer groups, the tables below */
  guint32 mount_seq;     /* a: odd while trees change */
  SentryFsMount *mount_buckets[SENTRY_FS_N_MOUNT_BUCKETS]; /* a: written under lock */
  GHashTable *supers;     /* m: SentrySuperBlock to SentryFsSuper, not counted */
  GPtrArray *filesystems; /* m: SentryFilesystem */
  guint32 next_mount_id;  /* a */
  guint32 next_group_id;  /* m */
};

/* A superblock that is mounted somewhere.  Its last mount takes its dentries with it. */
struct SentryFsSuper
{
  SentryRef ref;
  SentryFsVfs *vfs;     /* I: not counted: each mount holds it */
  SentrySuperBlock *sb; /* I: owned */
  SentryFsDentry *root; /* I: owned */
};

/* Propagation type and what a namespace remembers, in `state`. */
#define SENTRY_FS_MOUNT_UNBINDABLE (1u << 0)
#define SENTRY_FS_MOUNT_EXPIRING (1u << 1) /* MNT_EXPIRE was asked once */

/* Life: made by mount, bind, clone or propagation; its tree holds one reference, every path on it
 * another, and each child holds its parent.  Unmounting takes it out of its tree; it goes with the
 * last path.  Freed after the epoch, as walks look at parent, mountpoint and root without
 * references; they check the vfs's mount_seq. */
struct SentryFsMount
{
  SentryMount pub;
  SentryFsVfs *vfs;           /* I: owned */
  SentryFsSuper *super;       /* I: owned */
  SentryFsDentry *root;       /* I: owned */
  char *source;               /* I: as mount(2) gave it; owned */
  SentryFsMount *parent;      /* a, m: owned; NULL: a root, or unmounted */
  SentryFsDentry *mountpoint; /* a, m: owned; NULL with parent */
  SentryFsMount *next;        /* a: in its bucket */
  SentryFsTree *tree;         /* m: NULL: unmounted */
  SentryList children;        /* m: of .sibling */
  SentryList sibling;         /* m */
  SentryList in_tree;         /* m: tree->mounts */
  guint32 group;              /* m: number of its peer group; 0: not shared */
  SentryList peers;           /* m: ring of the group's members, without a head */
  SentryFsMount
      *master; /* m: it is a slave of this one's group; not counted: slaves leave a dying master */
  SentryList slaves; /* m: of .slave */
  SentryList slave;  /* m */
  guint32 state;     /* m */
  SentryFsRetired retired;
};

/* The mounts of one namespace. */
struct SentryFsTree
{
  SentryFsMount *root; /* m */
  SentryList mounts;   /* m: in the order of mounting */
  guint n_mounts;      /* m */
};

static inline SentryFsMount *
sentry_fs_mount (SentryMount *m)
{
  return (SentryFsMount *) m;
}

static inline SentryFsMount *
sentry_fs_mount_ref (SentryFsMount *m)
{
  sentry_ref_get (&m->pub.ref);
  return m;
}

static inline void
sentry_fs_mount_unref (SentryFsMount *m)
{
  if (m != NULL && sentry_ref_put (&m->pub.ref))
    m->pub.free (&m->pub);
}

static inline guint32
sentry_fs_mount_flags (const SentryMount *m)
{
  return __atomic_load_n (&m->flags, __ATOMIC_RELAXED);
}

/* Is nothing on it to be changed: the mount or its superblock is read-only. */
static inline gboolean
sentry_fs_mount_is_read_only (const SentryMount *m)
{
  return (sentry_fs_mount_flags (m) & MS_RDONLY)
         || (m->sb != NULL && __atomic_load_n (&m->sb->read_only, __ATOMIC_RELAXED));
}

SentryFsVfs *sentry_fs_vfs_new (SentryKernel *kernel);
SentryFsVfs *sentry_fs_vfs_ref (SentryFsVfs *vfs);
void sentry_fs_vfs_unref (SentryFsVfs *vfs);
void sentry_fs_vfs_lock (SentryFsVfs *vfs);
void sentry_fs_vfs_unlock (SentryFsVfs *vfs);
/* Under the lock, around what changes trees. */
void sentry_fs_vfs_begin_change (SentryFsVfs *vfs);
void sentry_fs_vfs_end_change (SentryFsVfs *vfs);
static inline guint32
sentry_fs_vfs_mount_seq (SentryFsVfs *vfs)
{
  return __atomic_load_n (&vfs->mount_seq, __ATOMIC_ACQUIRE);
}
/* A reference or NULL. */
SentryFilesystem *sentry_fs_vfs_find_filesystem (SentryFsVfs *vfs, const char *name);
void sentry_fs_vfs_add_filesystem (SentryFsVfs *vfs, SentryFilesystem *fs);

/* A mount of the whole superblock, in no tree.  NULL: out of memory.  Takes its own references. */
SentryFsMount *sentry_fs_mount_new (SentryFsVfs *vfs, SentrySuperBlock *sb, const char *source,
                                    guint32 flags);
/* A mount of what `root` of `like` shows, with its flags and source, in no tree and no peer group.
 */
SentryFsMount *sentry_fs_mount_new_like (SentryFsMount *like, SentryFsDentry *root);

/* Inside an epoch: what is mounted on `d` of `m`, without a reference; compare mount_seq
 * afterwards. */
SentryFsMount *sentry_fs_mount_peek (SentryFsVfs *vfs, SentryFsMount *m, SentryFsDentry *d);
/* The same under the lock, for trees that don't change meanwhile. */
SentryFsMount *sentry_fs_mount_find_locked (SentryFsVfs *vfs, SentryFsMount *m, SentryFsDentry *d);
/* A reference or NULL. */
SentryFsMount *sentry_fs_mount_get (SentryFsVfs *vfs, SentryFsMount *m, SentryFsDentry *d);
/* Where the mount hangs: references, or FALSE for a root. */
gboolean sentry_fs_mount_get_mountpoint (SentryFsMount *m, SentryFsMount **ret_parent,
                                         SentryFsDentry **ret_mountpoint);
gboolean sentry_fs_mount_is_below_locked (SentryFsMount *m, SentryFsMount *top);

/* Hangs `m` (with what hangs on it) into `tree`; takes over the reference on it, takes its own on
 * the others. Under the lock, inside a change. */
void sentry_fs_mount_attach_locked (SentryFsMount *m, SentryFsTree *tree, SentryFsMount *parent,
                                    SentryFsDentry *mountpoint);
/* Takes it off its parent but leaves it in its tree (for a move).  The reference on parent and
 * mountpoint are handed to the caller, for dropping without the lock. */
void sentry_fs_mount_unhang_locked (SentryFsMount *m, SentryFsMount **ret_parent,
                                    SentryFsDentry **ret_mountpoint);
/* Takes one mount, whose children have gone, out of its tree and peer group, and adds everything to
 * drop (its own reference, parent and mountpoint) to `drop`. */
void sentry_fs_mount_detach_locked (SentryFsMount *m, GPtrArray *drop);
/* What a drop list holds. */
GPtrArray *sentry_fs_drop_list_new (void);
void sentry_fs_drop_mount (GPtrArray *drop, SentryFsMount *m);
void sentry_fs_drop_dentry (GPtrArray *drop, SentryFsDentry *d);
/* Without locks: drops all and frees the list. */
void sentry_fs_drop_list_free (GPtrArray *drop);

/* Leaves its peer group; its slaves become those of a peer, or of its master. */
void sentry_fs_mount_set_private_locked (SentryFsMount *m);

/* What covers the tree's root: "/" of its processes.  References; empty: there is none. */
void sentry_fs_tree_get_root (SentryFsVfs *vfs, SentryFsTree *tree, SentryPath *ret_path);

/* Is something of `tree` mounted on `d`?  Takes the lock if anything is mounted there at all. */
gboolean sentry_fs_tree_is_mountpoint (SentryFsVfs *vfs, SentryFsTree *tree, SentryFsDentry *d);

/* A name is gone: what other namespaces have mounted on it is unmounted, as by MNT_DETACH. */
void sentry_fs_detach_mounts (SentryFsVfs *vfs, SentryFsDentry *d);
/* Takes `m` and all below it out of its tree. */
void sentry_fs_detach_tree_locked (SentryFsMount *m, GPtrArray *drop);
/* All mounts of a tree go. */
void sentry_fs_tree_clear (SentryFsVfs *vfs, SentryFsTree *tree);

G_END_DECLS
