/* What lies in a fresh /dev. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device.h"

typedef struct
{
  const char *name;
  guint32 mode, gid, major, minor;
  const char *target;
} Node;

/* As a Debian system's /dev shows them; groups are Debian's (5 tty). */
static const Node nodes[] = {
  { "null", S_IFCHR | 0666, 0, 1, 3, NULL },
  { "zero", S_IFCHR | 0666, 0, 1, 5, NULL },
  { "full", S_IFCHR | 0666, 0, 1, 7, NULL },
  { "random", S_IFCHR | 0666, 0, 1, 8, NULL },
  { "urandom", S_IFCHR | 0666, 0, 1, 9, NULL },
  { "tty", S_IFCHR | 0666, 5, 5, 0, NULL },
  { "console", S_IFCHR | 0600, 0, 5, 1, NULL },
  { "ptmx", S_IFCHR | 0666, 5, 5, 2, NULL },
  { "fd", S_IFLNK | 0777, 0, 0, 0, "/proc/self/fd" },
  { "stdin", S_IFLNK | 0777, 0, 0, 0, "/proc/self/fd/0" },
  { "stdout", S_IFLNK | 0777, 0, 0, 0, "/proc/self/fd/1" },
  { "stderr", S_IFLNK | 0777, 0, 0, 0, "/proc/self/fd/2" },
  { "shm", S_IFDIR | 01777, 0, 0, 0, NULL },
  { "pts", S_IFDIR | 0755, 0, 0, 0, NULL },
  { "mqueue", S_IFDIR | 01777, 0, 0, 0, NULL },
};

int
sentry_fs_populate_dev (SentryTmpfsInode *root)
{
  for (guint i = 0; i < G_N_ELEMENTS (nodes); i++)
    {
      const Node *n = &nodes[i];
      SentryTmpfsInode *inode;
      int r = sentry_tmpfs_make (root, n->name, n->mode, 0, n->gid, n->major, n->minor, n->target,
                                 &inode);

      if (r < 0)
        return r;
      sentry_inode_unref (&inode->inode);
    }
  return 0;
}
