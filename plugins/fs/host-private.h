/* A host directory as a file system: what its files share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/stat.h>
#include "auth/sentry-cred.h"
#include "base/sentry-host-fd.h"
#include "iface/sentry-file.h"
#include "iface/sentry-filesystem.h"
#include "iface/sentry-mappable.h"
#include "usermem/sentry-usermem.h"

G_BEGIN_DECLS

typedef struct SentryHostSuper SentryHostSuper;
typedef struct SentryHostInode SentryHostInode;

/* One descriptor opened for reading or writing, shared by all open files of the inode (they read
 * and write at given offsets), so a library that a thousand processes have open costs one. */
typedef struct
{
  int fd;         /* I */
  gboolean write; /* I: opened for writing */
  gboolean read;  /* I */
  guint users;    /* m: open files, calls and live mappings */
} SentryHostHandle;

/* Which of an inode's two handles. */
enum
{
  SENTRY_HOST_READ,  /* O_RDONLY: also what read-only shared mappings get */
  SENTRY_HOST_WRITE, /* O_RDWR, or O_WRONLY where we may not read */
  SENTRY_HOST_N_HANDLES,
};

/* Life: lookup or a creating operation makes it and puts it into its superblock's identity table
 * (one inode for one host (device, inode number), so hard links share it); the last unref takes it
 * out and closes what it held.
 *
 * How its host file is reached: by `path_fd` if there is one, else by `name` in `parent`, checked
 * against the identity each time (-ESTALE when somebody else put another file there).  An unlinked
 * inode keeps its path_fd for good ("pinned"); others give theirs back to the budget when it runs
 * low. */
struct SentryHostInode
{
  SentryInode base; /* base.ino is the host's */
  SentryMappable mappable;
  guint64 host_dev;   /* I: makedev of the host */
  gint64 btime_sec;   /* I: told with the number, because a deleted file's number is used again */
  guint32 btime_nsec; /* I */
  gboolean in_table;  /* m */
  SentryHostInode *parent; /* m: owned; NULL: root, or has no name any more */
  char *name;              /* m */
  int path_fd;             /* m: O_PATH; -1 */
  guint path_users;        /* m */
  gboolean pinned;         /* m: path_fd stays */
  gboolean was_mapped;     /* m: its handles are worth keeping when idle (libraries, programs) */
  guint64 n_mapped;        /* m: bytes in live mappings; they keep the handles */
  SentryHostHandle handle[SENTRY_HOST_N_HANDLES]; /* m */
  SentryList lru; /* m: on sb->lru while something of it is open and nothing is in use */
};

struct SentryHostSuper
{
  SentrySuperBlock base;
  gboolean revalidate; /* I */
  gboolean writable;   /* I */
  gboolean reads_all;  /* I: we are root and may use O_NOATIME anywhere */
  guint32 uid;         /* I: who we are on the host */
  guint64 host_dev;    /* I: of the root */
  /* AUX, because mappings ask for descriptors under the MM lock.  Guards every member marked m here
   * and in the inodes; only memory is touched under it. */
  SentryMutex lock;
  GHashTable *inodes; /* m: by identity; no references */
  GHashTable *devs;   /* m: other host devices (submounts) → minor number for the guest */
  /* Our own renames and removals, begun and ended: who found a name gone while one was under way
   * looks again. */
  guint32 moves_begun, moves_ended; /* a */
  SentryList lru;                   /* m: least recently used first */
  guint n_lru;                      /* m */
  SentryHostFdCache fd_cache;       /* our part of the process's budget */
};

static inline SentryHostSuper *
sentry_host_super (SentrySuperBlock *sb)
{
  return (SentryHostSuper *) sb;
}

static inline SentryHostInode *
sentry_host_inode (SentryInode *inode)
{
  return (SentryHostInode *) inode;
}

static inline SentryHostSuper *
sentry_host_inode_super (SentryHostInode *inode)
{
  return (SentryHostSuper *) inode->base.sb;
}

#define SENTRY_HOST_STATX_MASK (STATX_BASIC_STATS | STATX_BTIME)

/* host-call.c: host system calls, answered with negative errno. */
int sentry_host_openat (int dirfd, const char *name, guint64 flags,
                        guint32 mode); /* budgeted; one component */
int sentry_host_reopen (
    int fd, guint64 flags); /* budgeted; what `fd` names, through the kept procfs descriptor */
gboolean sentry_host_keep_proc (void); /* before lock-down */
int sentry_host_proc_fd (void);        /* of /proc/self/fd; -1 */
int sentry_host_statx (int dirfd, const char *name, struct statx *ret_stx); /* "": dirfd itself */
const SentryHostCall *sentry_host_calls (gboolean writable);

/* host-inode.c */
extern const SentryInodeOps
    sentry_host_inode_ops; /* nobody else changes the directory: no revalidation */
extern const SentryInodeOps sentry_host_shared_inode_ops; /* others may */
/* The inode of what `stx` describes, found at `name` in `dir` (NULL: no name).  A reference;
 * -ENOMEM. */
int sentry_host_inode_obtain (SentryHostSuper *sb, SentryHostInode *dir, const char *name,
                              const struct statx *stx, SentryHostInode **ret_inode);
gboolean sentry_host_same (SentryHostInode *inode, const struct statx *stx);
/* By the cheapest way; checks the identity and refreshes mode and owner.  -ESTALE. */
int sentry_host_inode_statx (SentryHostInode *inode, struct statx *ret_stx);
guint64 sentry_host_stx_dev (const struct statx *stx);
void sentry_host_inode_set_place_locked (SentryHostInode *inode, SentryHostInode *dir,
                                         const char *name, SentryHostInode **ret_drop);

/* host-descriptor.c */
/* The O_PATH descriptor of an inode, kept open until put.  Negative errno: -ESTALE, -ENFILE, the
 * host's. */
int sentry_host_path_get (SentryHostInode *inode, int *ret_fd);
void sentry_host_path_put (SentryHostInode *inode);
/* Keeps the path descriptor of an inode that is about to lose its name. */
void sentry_host_path_pin (SentryHostInode *inode);
void sentry_host_path_unpin (SentryHostInode *inode);
void sentry_host_path_adopt (SentryHostInode *inode, int fd);
/* What a handle is wanted for. */
#define SENTRY_HOST_WANT_READ (1u << 0)
#define SENTRY_HOST_WANT_WRITE (1u << 1)
#define SENTRY_HOST_WANT_WEAK                                                                      \
  (1u << 2) /* not a writable one when only reading is wanted (mappings) */
/* Opened if need be, kept until put. */
int sentry_host_handle_get (SentryHostInode *inode, guint want, SentryHostHandle **ret_handle);
/* Any that is open already, or NULL. */
SentryHostHandle *sentry_host_handle_get_open (SentryHostInode *inode);
void sentry_host_handle_put (SentryHostInode *inode, SentryHostHandle *handle);
/* Gives a just created file its first handle; `fd` is budgeted and belongs to the inode now. */
void sentry_host_handle_adopt (SentryHostInode *inode, int fd);
/* Opens the inode itself with O_* flags, checked; for directories, which need a position of their
 * own. */
int sentry_host_open_inode (SentryHostInode *inode, guint64 flags);
/* Closes everything; on free. */
void sentry_host_descriptors_clear (SentryHostInode *inode);
guint sentry_host_reclaim (SentryHostFdCache *cache, guint n);
extern const SentryMappableOps sentry_host_mappable_ops;

/* For a look by name: watch before it; if it says ESTALE and moved_since is TRUE, one of our own
 * renames or removals (which stand between begin and end, with their places) was in the way: look
 * again. */
guint32 sentry_host_moves_watch (SentryHostSuper *sb);
gboolean sentry_host_moved_since (SentryHostSuper *sb, guint32 watch);
void sentry_host_move_begin (SentryHostSuper *sb);
void sentry_host_move_end (SentryHostSuper *sb);

/* host-file.c, host-dir.c */
int sentry_host_file_open (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                           guint32 mode, guint32 flags, SentryFile **ret_file);
int sentry_host_dir_open (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                          guint32 mode, guint32 flags, SentryFile **ret_file);

/* host-change.c: only for writable superblocks */
int sentry_host_create (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                        SentryInode **ret_inode);
int sentry_host_mkdir (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                       SentryInode **ret_inode);
int sentry_host_mknod (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                       guint32 major, guint32 minor, SentryInode **ret_inode);
int sentry_host_symlink (SentryInode *dir, SentryCred *cred, const char *name, const char *target,
                         SentryInode **ret_inode);
int sentry_host_tmpfile (SentryInode *dir, SentryCred *cred, guint32 mode, gboolean linkable,
                         SentryInode **ret_inode);
int sentry_host_link (SentryInode *dir, const char *name, SentryInode *inode);
int sentry_host_unlink (SentryInode *dir, const char *name, SentryInode *inode);
int sentry_host_rmdir (SentryInode *dir, const char *name, SentryInode *inode);
int sentry_host_rename (SentryInode *old_dir, const char *old_name, SentryInode *inode,
                        SentryInode *new_dir, const char *new_name, SentryInode *victim,
                        guint32 flags);
int sentry_host_setattr (SentryInode *inode, SentryCred *cred, const SentrySetAttr *set);

/* host-xattr.c */
gssize sentry_host_getxattr (SentryInode *inode, const char *name, gpointer value, gsize size);
int sentry_host_setxattr (SentryInode *inode, const char *name, gconstpointer value, gsize size,
                          int flags);
gssize sentry_host_listxattr (SentryInode *inode, char *list, gsize size);
int sentry_host_removexattr (SentryInode *inode, const char *name);

/* host-buffer.c: pieces of sentry memory between host files and guest memory. */
#define SENTRY_HOST_BUFFER_SIZE (128 * 1024)
gpointer sentry_host_buffer_get (void); /* NULL: out of memory */
void sentry_host_buffer_put (gpointer buffer);

/* host-filesystem.c */
#define SENTRY_TYPE_HOST_FILESYSTEM (sentry_host_filesystem_get_type ())
G_DECLARE_FINAL_TYPE (SentryHostFilesystem, sentry_host_filesystem, SENTRY, HOST_FILESYSTEM,
                      GObject)

G_END_DECLS
