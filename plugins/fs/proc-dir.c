/* Open directories of generated trees. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proc-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "iface/sentry-mount-namespace.h"

/* Positions: 0 and 1 are the dots, then comes the tree's own cursor. */
#define DOTS 2

static void
dir_release (SentryFile *f)
{
  sentry_file_clear (f);
  g_free (f);
}

static gboolean
emit_dots (SentryFile *f, SentryDirEmit *emit)
{
  SentryInode *inode = f->inode;

  if (f->pos == 0)
    {
      if (!emit->emit (emit, ".", 1, inode->ino, DT_DIR, 1))
        return FALSE;
      f->pos = 1;
    }
  if (f->pos == 1)
    {
      /* The parent's number isn't at hand here; the root's is what getdents says on Linux of a
       * top-level directory. */
      if (!emit->emit (emit, "..", 2, inode->sb->root->ino, DT_DIR, 2))
        return FALSE;
      f->pos = DOTS;
    }
  return TRUE;
}

static int
dir_iterate (SentryFile *f, SentryDirEmit *emit)
{
  const SentryProcPlace *place = &sentry_proc_inode (f->inode)->place;
  char name[SENTRY_PROC_NAME_MAX];
  guint32 type;
  guint64 ino;

  if (!sentry_proc_is_alive (place))
    return -ENOENT;
  if (!emit_dots (f, emit))
    return 0;
  for (;;)
    {
      gint64 cursor = f->pos - DOTS;

      if (cursor < 0 || !sentry_proc_next (place, &cursor, name, &type, &ino))
        return 0;
      if (!emit->emit (emit, name, strlen (name), ino, (guint8) IFTODT (type), cursor + DOTS))
        return 0;
      f->pos = cursor + DOTS;
    }
}

static gint64
dir_seek (SentryFile *f, gint64 offset, int whence)
{
  if (whence != SEEK_SET && whence != SEEK_CUR)
    return -EINVAL;
  return sentry_file_seek_generic (f, offset, whence, 0, G_MAXINT64);
}

static const SentryFileOps proc_dir_ops = {
  .name = "proc-dir",
  .release = dir_release,
  .seek = dir_seek,
  .iterate = dir_iterate,
};

int
sentry_proc_dir_open (SentryInode *inode, const SentryPath *path, SentryCred *cred, guint32 mode,
                      guint32 flags, SentryFile **ret_file)
{
  SentryFile *f = g_new0 (SentryFile, 1);

  sentry_file_init (f, &proc_dir_ops, mode, flags, path, inode, cred);
  *ret_file = f;
  return 0;
}
