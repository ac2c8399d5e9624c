/* Contract: what /proc and /sys contain. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/stat.h>
#include "iface/sentry-file.h"
#include "iface/sentry-path.h"

G_BEGIN_DECLS

/* The core's subsystems register what they know, row by row; the file system types "proc" and
 * "sysfs" only make inodes and files of it.  Content is made when it is read, with no lock held, on
 * the thread of whoever reads (sentry_task_current). */

typedef struct _SentryKernel SentryKernel;
typedef struct SentryTask SentryTask;
typedef struct SentryProcNode SentryProcNode;

/* One place of a tree: a node, and what the numbered names on the way there stood for. */
typedef struct
{
  const SentryProcNode *node;
  SentryKernel *kernel; /* NULL in unit tests */
  SentryTask *task;     /* a reference; NULL outside of a task's directory */
  gboolean thread;      /* below task/TID: about the one thread, not its group */
  guint64 key; /* of the innermost numbered name that isn't a task: a descriptor, an address */
} SentryProcPlace;

#define SENTRY_PROC_NAME_MAX 64

/* Flags of a row. */
#define SENTRY_PROC_READ_ACCESS                                                                    \
  (1u << 0) /* opened or followed only by who may look into the task (ptrace_may_access READ) */
#define SENTRY_PROC_ATTACH_ACCESS (1u << 1) /* … who may attach to it */
#define SENTRY_PROC_ROOT_OWNED (1u << 2)    /* below a task's directory, but root's */
#define SENTRY_PROC_SEARCH_TASK                                                                    \
  (1u << 3) /* a directory that the task itself may always enter (fd) */

/* One row.  What isn't set isn't possible: -EINVAL, -EACCES or what Linux says. */
typedef struct
{
  /* Names joined by slashes, below the tree's root.  One in square brackets stands for many names,
   * made at run time: "[pid]/fd/[fd]".
   * "": the root itself. */
  const char *path;
  guint32 mode; /* with type */
  guint32 flags;

  /* Regular files.  show: 0 or negative errno (-ESRCH: the task has gone).  write: one write call,
   * at most 64 KiB, NUL-terminated; 0 or negative errno. */
  int (*show) (const SentryProcPlace *place, GString *out);
  int (*write) (const SentryProcPlace *place, SentryCred *cred, const char *data, gsize len);
  /* A file of its own kind (mem). */
  int (*open) (const SentryProcPlace *place, SentryInode *inode, const SentryPath *path,
               SentryCred *cred, guint32 mode, guint32 flags, SentryFile **ret_file);

  /* Symbolic links.  With follow, a magic one: the walk goes straight there. */
  int (*readlink) (const SentryProcPlace *place, char **ret_target);
  int (*follow) (const SentryProcPlace *place, SentryPath *ret_path);
  guint32 (*link_mode) (const SentryProcPlace *place); /* permission bits, if they depend (fd/N) */

  /* Names in brackets.  next: the lowest key >= from that `dir` has; FALSE at the end.  print and
   * parse: absent for decimal numbers.  enter: does `key` exist, and which task is it: fills
   * child->task (a reference) or leaves it; absent: next says whether.  alive: is what was found
   * still there (a dead task is noticed without it)? */
  gboolean (*next) (const SentryProcPlace *dir, guint64 from, guint64 *ret_key);
  void (*print) (guint64 key, char ret_name[SENTRY_PROC_NAME_MAX]);
  gboolean (*parse) (const char *name, guint64 *ret_key);
  gboolean (*enter) (const SentryProcPlace *dir, guint64 key, SentryProcPlace *child);
  gboolean (*alive) (const SentryProcPlace *place);
} SentryProcEntry;

/* `tree`: "proc" or "sysfs".  Before main, or before the first mount: `entries` must stay.
 * Directories on the way that no row names are made, 0555.  The order of rows is the order of names
 * in a task's directory; elsewhere names are sorted as Linux does. */
void sentry_proc_register (const char *tree, const SentryProcEntry *entries, guint n_entries);

#define SENTRY_PROC_ENTRIES(tree, array)                                                           \
  __attribute__ ((constructor)) static void array##_register (void)                                \
  {                                                                                                \
    sentry_proc_register (tree, array, G_N_ELEMENTS (array));                                      \
  }                                                                                                \
  G_STATIC_ASSERT (sizeof (array) > 0)

/* --- for the file system types --- */

/* The root's place; nothing to clear. */
SentryProcPlace sentry_proc_root (const char *tree, SentryKernel *kernel);
void sentry_proc_place_copy (const SentryProcPlace *place, SentryProcPlace *ret_copy);
void sentry_proc_place_clear (SentryProcPlace *place);
const SentryProcEntry *sentry_proc_entry (const SentryProcPlace *place);

/* -ENOENT. */
int sentry_proc_lookup (const SentryProcPlace *dir, const char *name, SentryProcPlace *ret_child);
/* Has the directory names that come and go? Then a name that isn't there now may be there next
 * time. */
gboolean sentry_proc_is_dynamic (const SentryProcPlace *dir);
/* Is it still what its name says? */
gboolean sentry_proc_is_alive (const SentryProcPlace *place);
/* The entry at or behind *cursor (0 first, moved behind it); FALSE at the end. */
gboolean sentry_proc_next (const SentryProcPlace *dir, gint64 *cursor,
                           char ret_name[SENTRY_PROC_NAME_MAX], guint32 *ret_type,
                           guint64 *ret_ino);
guint64 sentry_proc_ino (const SentryProcPlace *place);
/* Mode with type, and owner: root, or the task's effective ids while it is dumpable. */
void sentry_proc_owner (const SentryProcPlace *place, guint32 *ret_mode, guint32 *ret_uid,
                        guint32 *ret_gid);
guint sentry_proc_n_subdirs (const SentryProcPlace *dir); /* without numbered ones */
/* May the calling task open or follow it, by the row's flags? 0, -EACCES, -EPERM, -ESRCH. */
int sentry_proc_check_access (const SentryProcPlace *place);
/* A directory with SENTRY_PROC_SEARCH_TASK, and the caller is of that task's group. */
gboolean sentry_proc_is_own (const SentryProcPlace *place);

G_END_DECLS
