/* Interface: a mount namespace: mounts, names, and what is done by name. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include "iface/sentry-file.h"
#include "iface/sentry-filesystem.h"
#include "iface/sentry-inode.h"
#include "iface/sentry-path.h"

G_BEGIN_DECLS

#define SENTRY_TYPE_MOUNT_NAMESPACE (sentry_mount_namespace_get_type ())
G_DECLARE_INTERFACE (SentryMountNamespace, sentry_mount_namespace, SENTRY, MOUNT_NAMESPACE, GObject)

/* The public heads of what a mount namespace makes; the plugin's own structs embed them first. */
struct SentryMount
{
  void (*free) (SentryMount *mount); /* I */
  SentryRef ref;
  guint32 id;           /* I: as in mountinfo */
  guint32 flags;        /* a: MS_RDONLY NOSUID NODEV NOEXEC NOATIME RELATIME … */
  SentrySuperBlock *sb; /* I */
};

struct SentryDentry
{
  void (*release) (SentryDentry *dentry); /* I: the last user is gone; the cache may keep it */
  SentryRef ref;
  SentryInode *inode; /* a: NULL for a name that doesn't exist */
  /* I: made by the core for a pipe, socket or other anonymous file (fs/anon-inode.c): it has no
   * parent and no children, is not one of the plugin's structs, and this function gives its name
   * ("pipe:[123]"; g_free).  NULL for the plugin's own.  Such paths reach the plugin by magic
   * links: open_path, getattr, setattr, path_name and the like must work on them. */
  char *(*anonymous_name) (SentryDentry *dentry);
};

void sentry_path_ref (const SentryPath *p);
void sentry_path_unref (SentryPath *p); /* and empties it */
static inline SentryInode *
sentry_path_inode (const SentryPath *p)
{
  return p->dentry->inode;
}

/* Who walks, from where.  Borrowed for the call.  `start` is the working directory, the directory
 * of a dirfd, or empty when the descriptor was bad: then only absolute names work, and relative
 * ones give `start_error` (-EBADF, -ENOTDIR). */
typedef struct
{
  SentryCred *cred;
  SentryPath root;
  SentryPath start;
  int start_error;
  guint32 umask;   /* applied by creating operations */
  guint64 resolve; /* RESOLVE_* of openat2, 0 otherwise */
} SentryWalk;

#define SENTRY_LOOKUP_FOLLOW (1u << 0)    /* follow a symlink in the last place */
#define SENTRY_LOOKUP_DIRECTORY (1u << 1) /* -ENOTDIR unless it is one */
#define SENTRY_LOOKUP_EMPTY (1u << 2)     /* "" is `start` itself (AT_EMPTY_PATH) */

/* In `flags` of open and open_path, beside O_*: the file is for execve.  Execute permission is
 * asked instead of read permission, and only a regular file on a mount without noexec will do
 * (-EACCES); the file has SENTRY_FMODE_READ and SENTRY_FMODE_EXEC, and denies writing (-ETXTBSY
 * while somebody writes). */
#define SENTRY_OPEN_EXEC (G_GUINT64_CONSTANT (1) << 40)

/* The host side's wish for the first namespace; strings and descriptors are taken over only on
 * success. */
typedef struct
{
  const char *where; /* absolute path in the sandbox */
  int host_fd;       /* O_PATH directory or file */
  gboolean read_only;
} SentryBind;

typedef struct
{
  int root_fd; /* host directory for the lower layer of / (O_PATH) */
  int keep_fd; /* --keep: host directory that holds the upper layer; -1: a tmpfs that vanishes */
  guint64 upper_max; /* bound on the tmpfs upper layer, bytes */
  const SentryBind *binds;
  guint n_binds;
  const char *const *tmpfs; /* paths; NULL-terminated; may be NULL */
  const char *const
      *hide; /* paths that become empty directories or files; NULL-terminated; may be NULL */
  const char *hostname; /* content of /etc/hostname if set */
} SentryMountPlan;

/* Names come from the guest as copied in, at most PATH_MAX - 1 bytes.  All calls: 0 or negative
 * errno, Linux's errno in Linux's order; results are references.  Thread: any.  No lock may be
 * held.  They may block on host files, but never on another guest (FIFO opens come back as a file
 * whose open isn't complete: fs/fifo.h). */
struct _SentryMountNamespaceInterface
{
  GTypeInterface parent_iface;

  /* Fills an empty namespace.  Once. */
  gboolean (*populate) (SentryMountNamespace *self, SentryKernel *kernel,
                        const SentryMountPlan *plan, GError **error);
  /* Types known to it, for /proc/filesystems and mount(2); takes a reference. */
  void (*add_filesystem) (SentryMountNamespace *self, SentryFilesystem *fs);
  /* CLONE_NEWNS.  The caller's root and working directory, in `paths`, move to the copies of their
   * mounts.  NULL: out of memory. */
  SentryMountNamespace *(*clone) (SentryMountNamespace *self, SentryPath *paths, guint n_paths);
  void (*get_root) (SentryMountNamespace *self, SentryPath *ret_path);
  /* Drops all mounts. */
  void (*destroy) (SentryMountNamespace *self);

  int (*lookup) (SentryMountNamespace *self, const SentryWalk *walk, const char *name,
                 guint32 flags, SentryPath *ret_path);
  /* `flags`: O_* as openat2 defines them (unknown bits are -EINVAL before); the
   * umask of `walk` is applied to `mode` here. */
  int (*open) (SentryMountNamespace *self, const SentryWalk *walk, const char *name, guint64 flags,
               guint32 mode, SentryFile **ret_file);
  /* Opens what a path names (reopening a magic link, exec, O_PATH upgrades); checks permissions. */
  int (*open_path) (SentryMountNamespace *self, const SentryPath *path, SentryCred *cred,
                    guint64 flags, SentryFile **ret_file);

  int (*mkdir) (SentryMountNamespace *self, const SentryWalk *walk, const char *name, guint32 mode);
  /* Any type; a regular file too.  *ret_path (may be NULL): what was made (bind of a unix socket).
   */
  int (*mknod) (SentryMountNamespace *self, const SentryWalk *walk, const char *name, guint32 mode,
                guint32 major, guint32 minor, SentryPath *ret_path);
  int (*symlink) (SentryMountNamespace *self, const SentryWalk *walk, const char *name,
                  const char *target);
  int (*link) (SentryMountNamespace *self, const SentryPath *old_path, const SentryWalk *walk,
               const char *name);
  int (*unlink) (SentryMountNamespace *self, const SentryWalk *walk, const char *name);
  int (*rmdir) (SentryMountNamespace *self, const SentryWalk *walk, const char *name);
  int (*rename) (SentryMountNamespace *self, const SentryWalk *old_walk, const char *old_name,
                 const SentryWalk *new_walk, const char *new_name, guint32 flags);

  int (*getattr) (SentryMountNamespace *self, const SentryPath *path, SentryAttr *ret_attr);
  /* Checks ownership, capabilities and read-only mounts as notify_change does. */
  int (*setattr) (SentryMountNamespace *self, const SentryPath *path, SentryCred *cred,
                  const SentrySetAttr *set);
  /* `mask`: SENTRY_MAY_*; 0 asks only for existence. */
  int (*access) (SentryMountNamespace *self, const SentryPath *path, SentryCred *cred,
                 guint32 mask);
  int (*readlink) (SentryMountNamespace *self, const SentryPath *path, SentryCred *cred,
                   char **ret_target);
  int (*statfs) (SentryMountNamespace *self, const SentryPath *path, struct statfs *ret_st);
  gssize (*getxattr) (SentryMountNamespace *self, const SentryPath *path, SentryCred *cred,
                      const char *name, gpointer value, gsize size);
  int (*setxattr) (SentryMountNamespace *self, const SentryPath *path, SentryCred *cred,
                   const char *name, gconstpointer value, gsize size, int flags);
  gssize (*listxattr) (SentryMountNamespace *self, const SentryPath *path, SentryCred *cred,
                       char *list, gsize size);
  int (*removexattr) (SentryMountNamespace *self, const SentryPath *path, SentryCred *cred,
                      const char *name);

  /* The name of `path` as seen from `root`: g_free.  " (deleted)" is added for unlinked ones;
   * *ret_reachable (may be NULL) is FALSE, and the name starts with "(unreachable)", when it isn't
   * below root. */
  char *(*path_name) (SentryMountNamespace *self, const SentryPath *path, const SentryPath *root,
                      gboolean *ret_reachable, gboolean *ret_deleted);

  int (*mount) (SentryMountNamespace *self, const SentryWalk *walk, const char *source,
                const char *target, const char *type, guint64 flags, const char *data);
  int (*umount) (SentryMountNamespace *self, const SentryWalk *walk, const char *target,
                 guint32 flags);
  /* `root`: the caller's.  On success every task whose root or working directory is `root` gets
   * `new_root`: the caller's work. */
  int (*pivot_root) (SentryMountNamespace *self, const SentryPath *root, const SentryPath *new_root,
                     const SentryPath *put_old);
  int (*sync) (SentryMountNamespace *self);
  /* Lines of /proc/PID/mounts ('m'), mountinfo ('i'), mountstats ('s') as seen from `root`. */
  void (*show_mounts) (SentryMountNamespace *self, const SentryPath *root, char which,
                       GString *out);
  void (*show_filesystems) (SentryMountNamespace *self, GString *out);
  const SentryHostCall *(*host_calls) (SentryMountNamespace *self);
};

/* Hot callers use the interface struct directly: sentry_mount_namespace_ops (ns)->open (ns, …). The
 * plugin must fill every function; populate's wrapper checks that once. */
static inline const SentryMountNamespaceInterface *
sentry_mount_namespace_ops (SentryMountNamespace *ns)
{
  return SENTRY_MOUNT_NAMESPACE_GET_IFACE (ns);
}

gboolean sentry_mount_namespace_populate (SentryMountNamespace *self, SentryKernel *kernel,
                                          const SentryMountPlan *plan, GError **error);

G_END_DECLS
