/* tmpfs: a file system in memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "iface/sentry-file.h"
#include "iface/sentry-filesystem.h"
#include "iface/sentry-inode.h"
#include "iface/sentry-mappable.h"
#include "xattr-store.h"

G_BEGIN_DECLS

typedef struct SentryTmpfsInode SentryTmpfsInode;
typedef struct SentryTmpfsEntry SentryTmpfsEntry;

/* Life: made by mount with one reference; each inode but the root holds one.  When its last user
 * goes, kill drops the tree's own hold on its inodes. */
typedef struct
{
  SentrySuperBlock sb;
  SentryKernel *kernel;   /* I: not counted; NULL in unit tests */
  guint64 max_blocks;     /* a: pages, 0: no bound of its own */
  guint64 max_inodes;     /* a: 0: no bound */
  guint64 used_blocks;    /* a */
  guint64 used_inodes;    /* a */
  guint64 next_ino;       /* a */
  guint32 mode, uid, gid; /* I: of the root, for show_options */
} SentryTmpfs;

typedef struct
{
  GHashTable *by_name; /* m: of SentryTmpfsEntry, by its name */
  GTree *by_cookie;    /* m: the same, the newest first, as Linux lists them */
  guint64 next_cookie; /* m */
} SentryTmpfsDir;

/* A regular file's bytes: pages in sentry memory, holes where there is none, until the file is
 * mapped; from then on a memfd, whose pages the guest's processes share (`fd` >= 0).  Guarded by
 * the inode's INODE lock. */
typedef struct
{
  guint64 size; /* a: written under the lock */
  guint8 *
      *low; /* m: the first n_low pages; the lowest bit of one is set while it is only reserved */
  guint n_low;              /* m: at most SENTRY_TMPFS_LEAF */
  GHashTable *high;         /* m: number of leaf to guint8 *[SENTRY_TMPFS_LEAF]; NULL: none */
  guint64 charged;          /* m: pages counted for it, in the superblock and with sentry_charge */
  int fd;                   /* m: memfd opened for reading and writing; -1: none */
  int read_fd;              /* m: the same read-only; -1: none */
  SentryList promoted_link; /* tmpfs-map.c: among those with a memfd */
  gboolean shared_write; /* m: was mapped shared and writable: every page up to the size counts */
} SentryTmpfsData;

#define SENTRY_TMPFS_LEAF 512u

/* Life: a reference for each name in a directory, each dentry, file and mapping. */
struct SentryTmpfsInode
{
  SentryInode inode;
  SentryMappable mappable;
  SentryMutex attr_lock;                      /* FS: the following */
  guint32 nlink;                              /* m */
  SentryTimestamp atime, mtime, ctime, btime; /* m (btime: I) */
  SentryFsXattrs xattrs;                      /* m */
  gboolean linkable;                          /* m: a nameless file that may get a name */
  /* one of: */
  SentryTmpfsDir dir;   /* INODE lock */
  SentryTmpfsData data; /* INODE lock */
  char *target;         /* I: of a symbolic link; owned */
  /* mappings */
  guint n_mapped; /* a: live mappings, which keep the memfd */
};

static inline SentryTmpfsInode *
sentry_tmpfs_inode (SentryInode *inode)
{
  return (SentryTmpfsInode *) inode;
}

static inline SentryTmpfs *
sentry_tmpfs_of (SentryTmpfsInode *inode)
{
  return (SentryTmpfs *) inode->inode.sb;
}

/* The type as an object, and "devtmpfs": the same with device nodes in it. */
#define SENTRY_TYPE_TMPFS_FILESYSTEM (sentry_tmpfs_filesystem_get_type ())
G_DECLARE_FINAL_TYPE (SentryTmpfsFilesystem, sentry_tmpfs_filesystem, SENTRY, TMPFS_FILESYSTEM,
                      GObject)
#define SENTRY_TYPE_DEVTMPFS_FILESYSTEM (sentry_devtmpfs_filesystem_get_type ())
G_DECLARE_FINAL_TYPE (SentryDevtmpfsFilesystem, sentry_devtmpfs_filesystem, SENTRY,
                      DEVTMPFS_FILESYSTEM, GObject)

/* 0 or negative errno: -EINVAL a bad option.  `fs_name` is static. */
int sentry_tmpfs_mount (const SentryMountRequest *req, const char *fs_name,
                        SentrySuperBlock **ret_sb);

/* Pages of quota and memory: FALSE gives ENOSPC. */
gboolean sentry_tmpfs_charge (SentryTmpfs *fs, guint64 pages);
void sentry_tmpfs_uncharge (SentryTmpfs *fs, guint64 pages);

/* A fresh inode with one reference and no name.  -ENOSPC. */
int sentry_tmpfs_inode_new (SentryTmpfs *fs, guint32 mode, guint32 uid, guint32 gid,
                            SentryTmpfsInode **ret_inode);
SentryTimestamp sentry_tmpfs_now (SentryTmpfs *fs);
/* Sets ctime, and mtime if asked. */
void sentry_tmpfs_touch (SentryTmpfsInode *inode, gboolean mtime);
/* After a read through `f`: atime by the mount's rules. */
void sentry_tmpfs_touch_atime (SentryTmpfsInode *inode, SentryFile *f);

extern const SentryInodeOps sentry_tmpfs_dir_ops, sentry_tmpfs_file_ops, sentry_tmpfs_link_ops,
    sentry_tmpfs_special_ops;
int sentry_tmpfs_getattr (SentryInode *inode, SentryAttr *ret_attr);
int sentry_tmpfs_setattr (SentryInode *inode, SentryCred *cred, const SentrySetAttr *set);
gssize sentry_tmpfs_getxattr (SentryInode *inode, const char *name, gpointer value, gsize size);
int sentry_tmpfs_setxattr (SentryInode *inode, const char *name, gconstpointer value, gsize size,
                           int flags);
gssize sentry_tmpfs_listxattr (SentryInode *inode, char *list, gsize size);
int sentry_tmpfs_removexattr (SentryInode *inode, const char *name);
void sentry_tmpfs_free (SentryInode *inode);

void sentry_tmpfs_dir_init (SentryTmpfsDir *dir);
/* Drops all entries, without recursion: what they held alone goes too. */
void sentry_tmpfs_dir_clear (SentryTmpfsInode *dir);
guint sentry_tmpfs_dir_size (SentryTmpfsDir *dir);
int sentry_tmpfs_dir_open (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                           guint32 mode, guint32 flags, SentryFile **ret_file);
/* Makes a node in a directory without asking for permission (devtmpfs). */
int sentry_tmpfs_make (SentryTmpfsInode *dir, const char *name, guint32 mode, guint32 uid,
                       guint32 gid, guint32 major, guint32 minor, const char *target,
                       SentryTmpfsInode **ret_inode);

/* The bytes.  INODE lock held for reading (get) or writing (the others). */
void sentry_tmpfs_data_init (SentryTmpfsData *data);
void sentry_tmpfs_data_clear (SentryTmpfsInode *inode);
/* The page at `index`, NULL: a hole, or only reserved. */
guint8 *sentry_tmpfs_get_page (SentryTmpfsData *data, guint64 index);
/* The same, made if there is none; NULL: -ENOSPC or -ENOMEM in *ret_error. */
guint8 *sentry_tmpfs_make_page (SentryTmpfsInode *inode, guint64 index, int *ret_error);
int sentry_tmpfs_set_size (SentryTmpfsInode *inode, guint64 size);
int sentry_tmpfs_punch (SentryTmpfsInode *inode, guint64 start, guint64 end);
/* fallocate: room for a page that counts as a hole until it is written. */
int sentry_tmpfs_reserve_page (SentryTmpfsInode *inode, guint64 index);
/* Gives back what of a range is reserved and unwritten. */
void sentry_tmpfs_unreserve (SentryTmpfsInode *inode, guint64 first, guint64 end);
typedef enum
{
  SENTRY_TMPFS_WRITTEN,
  SENTRY_TMPFS_UNWRITTEN, /* a hole or reserved */
  SENTRY_TMPFS_ALLOCATED, /* written or reserved */
} SentryTmpfsPages;
/* The first such page from `index` on, at most `end`. */
guint64 sentry_tmpfs_next_page (SentryTmpfsData *data, guint64 index, guint64 end,
                                SentryTmpfsPages what);
guint64 sentry_tmpfs_data_blocks (SentryTmpfsData *data);

int sentry_tmpfs_file_open (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                            guint32 mode, guint32 flags, SentryFile **ret_file);

/* Moves the bytes into a memfd, so that they can be mapped; 0 if they are there.  INODE lock held
 * for writing. */
int sentry_tmpfs_promote (SentryTmpfsInode *inode);
/* Its bytes were copied, or go with it. */
void sentry_tmpfs_close_memfd (SentryTmpfsInode *inode);
/* All pages in memory. */
void sentry_tmpfs_drop_pages (SentryTmpfsInode *inode);
/* Bytes or negative errno. */
gint64 sentry_tmpfs_write_memfd (SentryTmpfsInode *inode, gconstpointer buf, gsize len,
                                 guint64 pos);
int sentry_tmpfs_allocate_memfd (SentryTmpfsInode *inode, guint64 start, guint64 end);
/* Counts again what the memfd holds.  -ENOSPC. */
int sentry_tmpfs_recount (SentryTmpfsInode *inode);
int sentry_tmpfs_mmap (SentryFile *f, SentryMapRequest *req);
extern const SentryMappableOps sentry_tmpfs_mappable_ops;

static inline guint64
sentry_tmpfs_size (SentryTmpfsInode *inode)
{
  return __atomic_load_n (&inode->data.size, __ATOMIC_ACQUIRE);
}

G_END_DECLS
