/* The overlay file system: what its files share. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "auth/sentry-cred.h"
#include "base/sentry-list.h"
#include "iface/sentry-file.h"
#include "iface/sentry-filesystem.h"
#include "iface/sentry-mappable.h"

G_BEGIN_DECLS

/* An overlay shows a stack of directories as one: at the top the writable upper layer (any
 * superblock of ours: a tmpfs, or with --keep a host directory), below it lower layers that are
 * never changed.
 *
 * On disk it is Linux's overlayfs format, in the upper superblock's root: "upper" holds the changed
 * files, "work" what is not in place yet.  A removed name is a character device 0:0 ("whiteout");
 * attributes under a prefix ("trusted.overlay.", or "user.overlay." with the option userxattr,
 * which needs no privilege) mark directories that hide what lies below ("opaque" = "y") or continue
 * another lower directory ("redirect" = its absolute path in the lower layers), and say the inode
 * number that a copied file had below ("origin").  The guest's own attributes under the prefix are
 * kept under PREFIX"overlay.".
 *
 * Locks.  The mount namespace holds an overlay inode's lock (class STACKED_INODE) as it would any
 * other; under it the layers' inode locks (INODE) are taken as the contract asks: for changes of
 * the upper layer first the work directory's, then those of upper directories (two of them by
 * address; whoever takes two holds both overlay directories' locks, except for copy-up, which takes
 * work and one).  sb->lock is the innermost.  Copying a file up holds no lock while data moves,
 * only the inode's `copying` mark, for which others wait holding nothing of the layers. */

typedef struct SentryOverlaySuper SentryOverlaySuper;
typedef struct SentryOverlayInode SentryOverlayInode;

#define SENTRY_OVERLAY_MAX_LOWER 64
/* Added to inode numbers of the upper layer, so that they differ from those of the first lower
 * layer, which show as they are; further lower layers get multiples.  Above what file systems, and
 * addresses used as numbers, reach. */
#define SENTRY_OVERLAY_INO_STEP (G_GUINT64_CONSTANT (1) << 48)

/* A directory or file of one lower layer. */
typedef struct
{
  SentryInode *inode; /* owned */
  guint layer;        /* 0: topmost */
} SentryOverlayLower;

typedef struct
{
  SentryMappable base;
  SentryOverlayInode *inode; /* I: holds us */
  SentryMappable *real;      /* a: set once, owned */
} SentryOverlayMappable;

enum
{
  SENTRY_OVERLAY_MAP_LOWER,
  SENTRY_OVERLAY_MAP_UPPER,
  SENTRY_OVERLAY_N_MAPS,
};

/* Life: lookup and creating operations make it; sb->inodes finds it by each of its layer inodes, so
 * that one file has one overlay inode whatever name led to it, before and after it is copied up;
 * the last unref takes it out.  Of a lower file with several names that was changed a record stays
 * (sb->records): nothing else knows that its other names lead to the copy now.
 *
 * Its number and device are those of the first layer inode that it was seen with and never change.
 */
struct SentryOverlayInode
{
  SentryInode base;          /* base.ino is what the guest sees */
  SentryInode *upper;        /* a: set once, owned */
  SentryOverlayLower *lower; /* I: topmost first; at most one unless a directory */
  guint n_lower;             /* I */
  SentryOverlayMappable maps[SENTRY_OVERLAY_N_MAPS];
  /* One of its names, and the directory: where it is copied up to. */
  SentryOverlayInode *parent; /* m: owned; NULL: root, or no name is known */
  char *name;                 /* m */
  char *redirect;  /* m: directories: path in the lower layers when it isn't parent's path + name */
  char *work_name; /* m: its link in the work directory while it has lower names but none in the
                      upper layer */
  guint32 below;   /* m: names of the lower file that are still seen as such */
  gboolean below_known; /* m: once one of them was changed */
  gint32
      subdirs_delta; /* m: merged directories: visible subdirectories, less the lower directory's */
  gboolean subdirs_known; /* m */
  gboolean copying;       /* m: a thread copies it up; sb->copied wakes */
  guint32 changes;        /* a: directories: goes up with each name that is copied up into it */
};

/* What must be known of a changed lower file with further names while it has no overlay inode. */
typedef struct
{
  SentryInode *upper;       /* owned; may be NULL */
  SentryOverlayLower lower; /* owned */
  char *work_name;
  guint32 below;
} SentryOverlayRecord;

struct SentryOverlaySuper
{
  SentrySuperBlock base;
  SentrySuperBlock *upper;  /* I: NULL: read-only */
  SentryInode *upper_root;  /* I */
  SentryInode *work;        /* I */
  SentrySuperBlock **lower; /* I: topmost first */
  guint n_lower;            /* I */
  const char *prefix;       /* I: static */
  SentryCred *cred;         /* I: makes files in the work directory */
  SentryMutex lock;         /* AUX: members marked m, here and in the inodes */
  GCond copied;             /* with lock */
  GHashTable *inodes;       /* m: layer inode → overlay inode; no references */
  GHashTable *records;      /* m: layer inode → SentryOverlayRecord */
  guint64 next_work_name;   /* a */
};

static inline SentryOverlaySuper *
sentry_overlay_super (SentrySuperBlock *sb)
{
  return (SentryOverlaySuper *) sb;
}

static inline SentryOverlayInode *
sentry_overlay_inode (SentryInode *inode)
{
  return (SentryOverlayInode *) inode;
}

static inline SentryOverlaySuper *
sentry_overlay_inode_super (SentryOverlayInode *o)
{
  return (SentryOverlaySuper *) o->base.sb;
}

static inline SentryInode *
sentry_overlay_upper (SentryOverlayInode *o)
{
  return __atomic_load_n (&o->upper, __ATOMIC_ACQUIRE);
}

/* Where its attributes and contents are now; borrowed. */
static inline SentryInode *
sentry_overlay_real (SentryOverlayInode *o)
{
  SentryInode *upper = sentry_overlay_upper (o);

  return upper != NULL ? upper : o->lower[0].inode;
}

/* A character device 0:0 that the guest made itself lies in the upper layer under this number, so
 * that it isn't taken for a whiteout. */
#define SENTRY_OVERLAY_GUEST_WHITEOUT_MINOR 0xfffffu

static inline gboolean
sentry_overlay_is_guest_whiteout (SentryInode *inode)
{
  return inode->type == S_IFCHR && inode->rdev_major == 0
         && inode->rdev_minor == SENTRY_OVERLAY_GUEST_WHITEOUT_MINOR;
}

static inline gboolean
sentry_overlay_is_whiteout (SentryInode *inode)
{
  return inode->type == S_IFCHR && inode->rdev_major == 0 && inode->rdev_minor == 0;
}

/* overlay-layer.c: one layer's inodes, with the locks that their contract asks for. */
int sentry_overlay_layer_lookup (SentryInode *dir, const char *name,
                                 SentryInode **ret_inode); /* -ENOENT also for a whiteout */
int sentry_overlay_layer_lookup_any (SentryInode *dir, const char *name,
                                     SentryInode **ret_inode); /* whiteouts too */
/* A private attribute, PREFIX`name`: NULL if there is none; g_free. */
char *sentry_overlay_get_mark (SentryOverlaySuper *sb, SentryInode *inode, const char *name);
int sentry_overlay_set_mark (SentryOverlaySuper *sb, SentryInode *inode, const char *name,
                             const char *value);
/* What of `name` the lower directories `dirs` show, merged: n, 0, or negative errno.  ret: at least
 * SENTRY_OVERLAY_MAX_LOWER. */
int sentry_overlay_lower_lookup (SentryOverlaySuper *sb, const SentryOverlayLower *dirs,
                                 guint n_dirs, const char *name, SentryOverlayLower *ret_found);
/* The same for an absolute path in the lower layers. */
int sentry_overlay_lower_walk (SentryOverlaySuper *sb, const char *path,
                               SentryOverlayLower *ret_found);
void sentry_overlay_lower_clear (SentryOverlayLower *lower, guint n);
/* Is there anything of that name below `dir`, so that removing it needs a whiteout? 0, 1, negative
 * errno. */
int sentry_overlay_has_below (SentryOverlayInode *dir, const char *name);
/* Lists a directory of a layer, which must not be locked: a GPtrArray of SentryOverlayEntry. */
typedef struct
{
  guint64 ino;
  guint8 type;
  char name[];
} SentryOverlayEntry;
int sentry_overlay_layer_list (SentryOverlaySuper *sb, SentryInode *dir, GPtrArray **ret_entries);

/* overlay-inode.c */
extern const SentryInodeOps sentry_overlay_inode_ops;
/* The inode of this upper and these lower inodes (either may be missing; both are taken over),
 * found as `name` in `dir`.  Takes a reference for the caller.  -ENOMEM. */
int sentry_overlay_obtain (SentryOverlaySuper *sb, SentryOverlayInode *dir, const char *name,
                           SentryInode *upper, SentryOverlayLower *lower, guint n_lower,
                           SentryOverlayInode **ret_inode);
int sentry_overlay_lookup (SentryInode *dir, SentryCred *cred, const char *name,
                           SentryInode **ret_inode);
void sentry_overlay_set_place (SentryOverlayInode *o, SentryOverlayInode *dir, const char *name);
/* Forgets the name if it is the one that is known. */
void sentry_overlay_leave_place (SentryOverlayInode *o, SentryOverlayInode *dir, const char *name);
/* Mode and owner as the real inode has them now. */
void sentry_overlay_sync_owner (SentryOverlayInode *o);
/* Path in the lower layers of a directory that has some: g_free; NULL if it can't be told. */
char *sentry_overlay_lower_path (SentryOverlayInode *dir);
/* A lower name of `o` isn't seen any more, or is seen through the upper layer now. */
void sentry_overlay_lost_below (SentryOverlayInode *o);
void sentry_overlay_records_free (SentryOverlaySuper *sb);
void sentry_overlay_subdirs_changed (SentryOverlayInode *dir, gint delta);
/* The number that getattr and getdents give an inode with this upper inode and no lower one. */
guint64 sentry_overlay_upper_ino (SentryOverlaySuper *sb, SentryInode *upper);
guint64 sentry_overlay_lower_ino (SentryOverlaySuper *sb, SentryInode *lower, guint layer);

/* overlay-attr.c */
int sentry_overlay_getattr (SentryInode *inode, SentryAttr *ret_attr);
int sentry_overlay_setattr (SentryInode *inode, SentryCred *cred, const SentrySetAttr *set);
gssize sentry_overlay_getxattr (SentryInode *inode, const char *name, gpointer value, gsize size);
int sentry_overlay_setxattr (SentryInode *inode, const char *name, gconstpointer value, gsize size,
                             int flags);
gssize sentry_overlay_listxattr (SentryInode *inode, char *list, gsize size);
int sentry_overlay_removexattr (SentryInode *inode, const char *name);

/* overlay-copy-up.c */
/* Makes sure that it has an upper inode, its directories first; at most `max_size` bytes of a file
 * are copied.  No lock of the layers may be held. */
int sentry_overlay_copy_up (SentryOverlayInode *o, guint64 max_size);

/* Waits until no thread copies it up.  After sentry_overlay_leave_place no copy will come to that
 * name any more. */
void sentry_overlay_settle (SentryOverlayInode *o);

/* overlay-work.c: the work directory. */
#define SENTRY_OVERLAY_WORK_NAME 24
void sentry_overlay_work_name (SentryOverlaySuper *sb, char ret_name[SENTRY_OVERLAY_WORK_NAME]);
/* Makes an inode there like `type` says. */
int sentry_overlay_work_make (SentryOverlaySuper *sb, SentryCred *cred, guint32 mode, guint32 major,
                              guint32 minor, const char *target,
                              char ret_name[SENTRY_OVERLAY_WORK_NAME], SentryInode **ret_inode);
/* Removes a name from it, with what a directory still has in it; errors are dropped, the next mount
 * tries again. */
void sentry_overlay_work_discard (SentryOverlaySuper *sb, const char *name, SentryInode *inode);
void sentry_overlay_work_clean (SentryOverlaySuper *sb);
/* Puts work's `name` in the place of `upper_dir`'s `dir_name`, which `victim` has now (NULL:
 * nothing); exchange leaves the victim in work.  Both directories are locked by the caller. */
int sentry_overlay_work_install_locked (SentryOverlaySuper *sb, const char *name,
                                        SentryInode *inode, SentryInode *upper_dir,
                                        const char *dir_name, SentryInode *victim,
                                        gboolean exchange);
void sentry_overlay_work_lock (SentryOverlaySuper *sb, SentryInode *upper_dir,
                               SentryInode *other_dir);
void sentry_overlay_work_unlock (SentryOverlaySuper *sb, SentryInode *upper_dir,
                                 SentryInode *other_dir);
/* Hides `dir_name`: makes a whiteout there, in place of `victim` if there is one (which is then
 * gone; a directory is emptied and removed).  Takes the locks. */
int sentry_overlay_hide (SentryOverlaySuper *sb, SentryInode *upper_dir, const char *dir_name,
                         SentryInode *victim);
/* Removes the whiteouts in an upper directory that shows nothing. */
int sentry_overlay_empty_dir (SentryOverlaySuper *sb, SentryInode *upper_dir);

/* overlay-change.c, overlay-rename.c */
/* What `name` is in an upper directory: *ret_there NULL, a whiteout, or a file. */
int sentry_overlay_find_there (SentryInode *upper_dir, const char *name, SentryInode **ret_there);
int sentry_overlay_link_here (SentryInode *upper_dir, const char *name, SentryInode *upper);
int sentry_overlay_remove_here (SentryInode *upper_dir, const char *name, SentryInode *upper);
int sentry_overlay_create (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                           SentryInode **ret_inode);
int sentry_overlay_mkdir (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                          SentryInode **ret_inode);
int sentry_overlay_mknod (SentryInode *dir, SentryCred *cred, const char *name, guint32 mode,
                          guint32 major, guint32 minor, SentryInode **ret_inode);
int sentry_overlay_symlink (SentryInode *dir, SentryCred *cred, const char *name,
                            const char *target, SentryInode **ret_inode);
int sentry_overlay_tmpfile (SentryInode *dir, SentryCred *cred, guint32 mode, gboolean linkable,
                            SentryInode **ret_inode);
int sentry_overlay_link (SentryInode *dir, const char *name, SentryInode *inode);
int sentry_overlay_unlink (SentryInode *dir, const char *name, SentryInode *inode);
int sentry_overlay_rmdir (SentryInode *dir, const char *name, SentryInode *inode);
int sentry_overlay_rename (SentryInode *old_dir, const char *old_name, SentryInode *inode,
                           SentryInode *new_dir, const char *new_name, SentryInode *victim,
                           guint32 flags);
/* The directory shows nothing: 0, -ENOTEMPTY. */
int sentry_overlay_check_empty (SentryOverlayInode *dir);

/* overlay-file.c, overlay-dir.c, overlay-map.c */
int sentry_overlay_file_open (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                              guint32 mode, guint32 flags, SentryFile **ret_file);
int sentry_overlay_dir_open (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                             guint32 mode, guint32 flags, SentryFile **ret_file);
/* Makes the inode's mappable of one layer stand for `real` (taken over); borrowed, belongs to the
 * inode. */
SentryMappable *sentry_overlay_map (SentryOverlayInode *o, guint which, SentryMappable *real);
void sentry_overlay_maps_init (SentryOverlayInode *o);
void sentry_overlay_maps_clear (SentryOverlayInode *o);

/* overlay-filesystem.c */
#define SENTRY_TYPE_OVERLAY_FILESYSTEM (sentry_overlay_filesystem_get_type ())
G_DECLARE_FINAL_TYPE (SentryOverlayFilesystem, sentry_overlay_filesystem, SENTRY,
                      OVERLAY_FILESYSTEM, GObject)

G_END_DECLS
