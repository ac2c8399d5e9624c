/* Contract: inodes and superblocks, what a file system type implements. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "base/sentry-lock.h"
#include "base/sentry-ref.h"
#include "iface/sentry-path.h"

G_BEGIN_DECLS

typedef struct SentryInode SentryInode;
typedef struct SentrySuperBlock SentrySuperBlock;
typedef struct SentryFile SentryFile;
typedef struct SentryCred SentryCred;
typedef struct SentryMappable SentryMappable;

typedef struct
{
  gint64 sec;
  guint32 nsec;
} SentryTimestamp;

/* What stat shows, and more.  Ids are kernel ids. */
typedef struct
{
  guint32 mode; /* type and permissions */
  guint32 nlink;
  guint32 uid, gid;
  guint64 ino;
  guint32 dev_major, dev_minor;
  guint32 rdev_major, rdev_minor;
  guint64 size, blocks; /* blocks of 512 bytes */
  guint32 blksize;
  SentryTimestamp atime, mtime, ctime, btime;
  gboolean has_btime;
  guint64 attributes, attributes_mask; /* STATX_ATTR_* */
} SentryAttr;

/* Which members of a SentrySetAttr count. */
#define SENTRY_SET_MODE (1u << 0)
#define SENTRY_SET_UID (1u << 1)
#define SENTRY_SET_GID (1u << 2)
#define SENTRY_SET_SIZE (1u << 3)
#define SENTRY_SET_ATIME (1u << 4) /* to .atime */
#define SENTRY_SET_MTIME (1u << 5) /* to .mtime */
#define SENTRY_SET_ATIME_NOW (1u << 6)
#define SENTRY_SET_MTIME_NOW (1u << 7)
#define SENTRY_SET_TIMES_CHOSEN (1u << 9) /* not both "now": only the owner may */
#define SENTRY_SET_KILL_SUID                                                                       \
  (1u                                                                                              \
   << 8) /* a write or chown by the unprivileged drops S_ISUID, and S_ISGID if group-executable */

typedef struct
{
  guint32 valid;
  guint32 mode; /* permission bits */
  guint32 uid, gid;
  guint64 size;
  SentryTimestamp atime, mtime;
} SentrySetAttr;

/* Permission masks, as access(2): 4 read, 2 write, 1 execute. */
#define SENTRY_MAY_EXEC 1u
#define SENTRY_MAY_WRITE 2u
#define SENTRY_MAY_READ 4u

/* A file system implements what it can; an absent operation is Linux's errno for a file system
 * without it (given by the mount namespace plugin, which alone calls these).  Permissions, limits
 * on names (1 … 255 bytes, no slash, not . or ..), read-only mounts and sticky bits were checked
 * before; `cred` is the caller, for owners of new inodes.  For operations that change a directory
 * its INODE lock is held for writing (both, parent before child or by address, in rename); for
 * lookup it is held for reading or writing, so a name can't change between the answer and its place
 * in the dentry cache.  No other operation comes with a lock held.  Thread: any.  Results are
 * references.  Host errors of a host directory are passed on as they are.  setattr gets final
 * values: SENTRY_SET_KILL_SUID has become SENTRY_SET_MODE, permission was checked. */
typedef struct
{
  void (*free) (SentryInode *inode); /* the last reference is gone */

  /* directories */
  int (*lookup) (SentryInode *dir, SentryCred *cred, const char *name,
                 SentryInode **ret_inode); /* -ENOENT */
  int (*create) (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                 SentryInode **ret_inode);
  int (*mkdir) (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                SentryInode **ret_inode);
  /* FIFO, socket or device; `mode` has the type. */
  int (*mknod) (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode, guint32 major,
                guint32 minor, SentryInode **ret_inode);
  int (*symlink) (SentryInode *dir, SentryCred *cred, const char *name, const char *target,
                  SentryInode **ret_inode);
  int (*link) (SentryInode *dir, const char *name, SentryInode *inode);
  int (*unlink) (SentryInode *dir, const char *name, SentryInode *inode);
  int (*rmdir) (SentryInode *dir, const char *name, SentryInode *inode); /* -ENOTEMPTY */
  /* flags: RENAME_NOREPLACE, EXCHANGE, WHITEOUT.  `victim` is what new_name is now, or NULL. */
  int (*rename) (SentryInode *old_dir, const char *old_name, SentryInode *inode,
                 SentryInode *new_dir, const char *new_name, SentryInode *victim, guint32 flags);
  /* A regular file without a name; `linkable` FALSE: link will refuse it with -ENOENT for ever
   * (O_TMPFILE | O_EXCL). */
  int (*tmpfile) (SentryInode *dir, SentryCred *cred, guint32 mode, gboolean linkable,
                  SentryInode **ret_inode);
  /* Is what lookup once gave (NULL: nothing) still so?  Absent: always.  Called for each cached
   * step of a walk. */
  gboolean (*revalidate) (SentryInode *dir, const char *name, SentryInode *inode);

  /* symbolic links.  *ret_target: g_free, at most PATH_MAX - 1 bytes. */
  int (*readlink) (SentryInode *inode, SentryCred *cred, char **ret_target);
  /* Magic links (/proc/PID/fd/N): the walk jumps there.  A reference.  Absent: an ordinary link. */
  int (*follow) (SentryInode *inode, SentryCred *cred, SentryPath *ret_path);

  /* every inode */
  int (*getattr) (SentryInode *inode, SentryAttr *ret_attr);
  int (*setattr) (SentryInode *inode, SentryCred *cred, const SentrySetAttr *set);
  /* Replaces the usual mode-bit check (proc). `mask`: SENTRY_MAY_*. */
  int (*permission) (SentryInode *inode, SentryCred *cred, guint32 mask);
  /* Value size, or -ENODATA, -ERANGE, -EOPNOTSUPP.  size 0 asks for the size. */
  gssize (*getxattr) (SentryInode *inode, const char *name, gpointer value, gsize size);
  int (*setxattr) (SentryInode *inode, const char *name, gconstpointer value, gsize size,
                   int flags);
  gssize (*listxattr) (SentryInode *inode, char *list, gsize size); /* NUL-separated names */
  int (*removexattr) (SentryInode *inode, const char *name);

  /* Regular files and directories, and special files that the file system serves itself.  FIFOs,
   * sockets and device nodes without this operation are opened by the core:
   * sentry_inode_open_special.  `mode`: SENTRY_FMODE_*, `flags`: O_*; O_CREAT, O_EXCL, O_NOFOLLOW
   * and O_TRUNC are done already. */
  int (*open) (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
               guint32 flags, SentryFile **ret_file);
} SentryInodeOps;

/* What a core subsystem hangs on an inode: its struct begins with this.  `free` is called by
 * sentry_inode_clear. */
typedef struct
{
  void (*free) (gpointer self);
} SentryInodeAttachment;

/* Life: made by lookup or create of its file system, shared by dentries, files and mappings; free
 * comes with the last unref. A file system that must give one inode for one object keeps its own
 * table and uses sentry_ref_try_get. */
struct SentryInode
{
  const SentryInodeOps *ops; /* I */
  SentryRef ref;
  SentrySuperBlock *sb; /* I: a reference */
  guint64 ino;          /* I */
  guint32 dev_minor;    /* I: the superblock's, unless the file system shows several devices (host
                           submounts) */
  guint32 type;         /* I: S_IFMT bits */
  /* a: mode (with type) and owner, as a walk's permission checks see them without asking getattr.
   * The file system keeps them true (sentry_inode_set_owner) from init on, through setattr, and in
   * revalidate. */
  guint32 mode;
  guint32 uid, gid; /* kernel ids */
  gboolean dead;    /* a: a removed directory, set by the mount namespace: nothing is found, made or
                       listed in it */
  guint32 rdev_major, rdev_minor; /* I: of device nodes */
  SentryRWLock lock;              /* INODE: see SentryInodeOps */
  /* The core's own attachments (each points to a SentryInodeAttachment or is NULL), each with its
   * own lock. */
  gpointer file_locks;    /* a: fs/file-lock.c */
  gpointer inotify_marks; /* a: fs/inotify.c */
  gpointer pipe;          /* a: fs/pipe.c: the pipe of a FIFO */
  gpointer socket;        /* a: net/unix: the socket bound here */
  gint32 write_count;     /* a: >0 open for writing, <0 being executed (ETXTBSY) */
};

/* Linux's get_write_access and deny_write_access: 0 or -ETXTBSY.  The mount namespace takes them
 * before it opens a regular file for writing (the file then has SENTRY_FMODE_WRITER) or for
 * execution (SENTRY_FMODE_EXEC); sentry_file_clear puts them. */
int sentry_inode_get_writer (SentryInode *inode);
int sentry_inode_deny_writers (SentryInode *inode);
void sentry_inode_put_writer (SentryInode *inode);
void sentry_inode_allow_writers (SentryInode *inode);

/* Takes a reference on `sb`, except for its root (when sb->root is still NULL the file system says
 * so by sentry_super_block_set_root).  Permission bits 0, owner root, until sentry_inode_set_owner.
 */
void sentry_inode_init (SentryInode *inode, const SentryInodeOps *ops, SentrySuperBlock *sb,
                        guint64 ino, guint32 type);
static inline void
sentry_inode_set_owner (SentryInode *inode, guint32 mode, guint32 uid, guint32 gid)
{
  __atomic_store_n (&inode->mode, inode->type | (mode & 07777), __ATOMIC_RELAXED);
  __atomic_store_n (&inode->uid, uid, __ATOMIC_RELAXED);
  __atomic_store_n (&inode->gid, gid, __ATOMIC_RELAXED);
}
static inline gboolean
sentry_inode_is_dead (const SentryInode *inode)
{
  return __atomic_load_n (&inode->dead, __ATOMIC_ACQUIRE);
}
/* Drops what init and the core attached; called by ops->free before it frees the struct. */
void sentry_inode_clear (SentryInode *inode);
SentryInode *sentry_inode_ref (SentryInode *inode);
void sentry_inode_unref (SentryInode *inode);

/* Linux's file_remove_privs: a write by a task without CAP_FSETID drops S_ISUID, and S_ISGID of a
 * group-executable file.  Called by a file's write operation before it takes locks; costs one load
 * when there is nothing to drop. */
int sentry_inode_remove_privs (SentryInode *inode, SentryCred *cred);
/* Linux's atime_needs_update for a read through `path` by a file with these O_* flags: noatime,
 * relatime (older than mtime, ctime or a day), nodiratime, read-only mounts. */
gboolean sentry_atime_needs_update (const SentryPath *path, SentryInode *inode, guint32 file_flags,
                                    SentryTimestamp atime, SentryTimestamp mtime,
                                    SentryTimestamp ctime, SentryTimestamp now);

/* Opens a FIFO (the file may come back incomplete: fs/pipe.h) or a device node (by number; -ENXIO
 * unknown), a socket is -ENXIO.  Implemented by the core's fs folder. */
int sentry_inode_open_special (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                               guint32 mode, guint32 flags, SentryFile **ret_file);
/* A character device driver: open functions by device number, registered once at start.  Thread:
 * before guests run. */
typedef int (*SentryDeviceOpen) (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                                 guint32 mode, guint32 flags, SentryFile **ret_file);
void sentry_char_device_register (guint32 major, guint32 minor, SentryDeviceOpen open);

typedef struct
{
  void (*free) (SentrySuperBlock *sb);
  /* The last mount (or the overlay that it is a layer of) is gone, and with it every path: drop
   * what keeps inodes alive without users (a tmpfs: its names).  May be absent.  An overlay calls
   * it for its layers. */
  void (*kill) (SentrySuperBlock *sb);
  int (*statfs) (SentrySuperBlock *sb, struct statfs *ret_st);
  int (*sync) (SentrySuperBlock *sb);
  /* ",size=…": options for /proc/mounts beyond the mount's own. */
  void (*show_options) (SentrySuperBlock *sb, GString *out);
  int (*remount) (SentrySuperBlock *sb, const char *options, gboolean read_only);
} SentrySuperBlockOps;

struct SentrySuperBlock
{
  const SentrySuperBlockOps *ops; /* I */
  SentryRef ref;
  const char *fs_name;            /* I: static, "tmpfs" */
  guint32 dev_major, dev_minor;   /* I: st_dev */
  guint32 magic;                  /* I: f_type */
  gint64 max_bytes;               /* I: largest file size */
  gboolean read_only;             /* a */
  gboolean no_dev_nodes, no_exec; /* I */
  gboolean is_proc;               /* I: magic links, visible tasks */
  SentryInode *root;              /* I: owned; its sb pointer holds no reference */
  SentryMutex rename_lock;        /* RENAME */
};

/* A fresh minor number of major 0, for a superblock that shows several devices (host submounts). */
guint32 sentry_anonymous_minor (void);
/* Gives an anonymous device number (major 0, a fresh minor). */
void sentry_super_block_init (SentrySuperBlock *sb, const SentrySuperBlockOps *ops,
                              const char *fs_name, guint32 magic);
/* Once, by mount: takes over the caller's reference on `root`, whose own reference on `sb` is
 * dropped (else neither would ever go). */
void sentry_super_block_set_root (SentrySuperBlock *sb, SentryInode *root);
/* Called by ops->free: drops the root. */
void sentry_super_block_clear (SentrySuperBlock *sb);
SentrySuperBlock *sentry_super_block_ref (SentrySuperBlock *sb);
void sentry_super_block_unref (SentrySuperBlock *sb);

G_END_DECLS
