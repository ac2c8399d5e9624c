/* What /proc shows of mounts: mounts, mountinfo, mountstats, filesystems; and sync.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mount.h>

#include "mount-call.h"
#include "mount-private.h"
#include "namei.h"

/* mangle: what would break a line into other words is written in octal. */
static void
put_escaped (GString *out, const char *s, const char *special)
{
  for (; *s != '\0'; s++)
    if (strchr (special, *s) != NULL)
      g_string_append_printf (out, "\\%03o", (guint8) *s);
    else
      g_string_append_c (out, *s);
}

static void
put_source (GString *out, SentryFsMount *m)
{
  put_escaped (out, *m->source == '\0' ? "none" : m->source, " \t\n\\#");
}

static void
put_mount_options (GString *out, guint32 flags)
{
  static const struct
  {
    guint32 flag;
    const char *text;
  } options[] = { { MS_NOSUID, ",nosuid" },         { MS_NODEV, ",nodev" },
                  { MS_NOEXEC, ",noexec" },         { MS_NOATIME, ",noatime" },
                  { MS_NODIRATIME, ",nodiratime" }, { MS_RELATIME, ",relatime" },
                  { 256, ",nosymfollow" } };

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    if (flags & options[i].flag)
      g_string_append (out, options[i].text);
}

static void
put_super_options (GString *out, SentrySuperBlock *sb)
{
  if (sb->ops->show_options != NULL)
    sb->ops->show_options (sb, out);
}

/* FALSE: it can't be seen from there. */
static gboolean
put_place (GString *out, SentryFsMount *m, const SentryPath *root)
{
  SentryPath path = { &m->pub, &m->root->pub };
  gboolean reachable;
  g_autofree char *name = sentry_fs_vfs_path_name (m->vfs, &path, root, &reachable, NULL);

  if (reachable)
    put_escaped (out, name, " \t\n\\");
  return reachable;
}

/* What a mountinfo line needs of the tree, read in one go. */
typedef struct
{
  SentryFsMount *m; /* a reference */
  guint32 parent_id, group, master_group;
  gboolean unbindable;
} Line;

static void
put_mounts_line (GString *out, const Line *line, const SentryPath *root)
{
  SentryFsMount *m = line->m;
  g_autoptr (GString) place = g_string_new (NULL);

  if (!put_place (place, m, root))
    return;
  put_source (out, m);
  g_string_append_printf (out, " %s %s %s", place->str, m->pub.sb->fs_name,
                          sentry_fs_mount_is_read_only (&m->pub) ? "ro" : "rw");
  put_mount_options (out, sentry_fs_mount_flags (&m->pub));
  put_super_options (out, m->pub.sb);
  g_string_append (out, " 0 0\n");
}

static void
put_mountinfo_line (GString *out, const Line *line, const SentryPath *root)
{
  SentryFsMount *m = line->m;
  guint32 flags = sentry_fs_mount_flags (&m->pub);
  g_autoptr (GString) place = g_string_new (NULL);
  g_autofree char *inside = sentry_fs_dentry_name (m->vfs, m->root);

  if (!put_place (place, m, root))
    return;
  g_string_append_printf (out, "%u %u %u:%u ", m->pub.id, line->parent_id, m->pub.sb->dev_major,
                          m->pub.sb->dev_minor);
  put_escaped (out, inside, " \t\n\\");
  g_string_append_printf (out, " %s %s", place->str, flags & MS_RDONLY ? "ro" : "rw");
  put_mount_options (out, flags);
  if (line->group != 0)
    g_string_append_printf (out, " shared:%u", line->group);
  if (line->master_group != 0)
    g_string_append_printf (out, " master:%u", line->master_group);
  if (line->unbindable)
    g_string_append (out, " unbindable");
  g_string_append_printf (out, " - %s ", m->pub.sb->fs_name);
  put_source (out, m);
  g_string_append (out, __atomic_load_n (&m->pub.sb->read_only, __ATOMIC_RELAXED) ? " ro" : " rw");
  put_super_options (out, m->pub.sb);
  g_string_append_c (out, '\n');
}

static void
put_mountstats_line (GString *out, const Line *line, const SentryPath *root)
{
  g_autoptr (GString) place = g_string_new (NULL);

  if (!put_place (place, line->m, root))
    return;
  g_string_append (out, "device ");
  put_source (out, line->m);
  g_string_append_printf (out, " mounted on %s with fstype %s\n", place->str,
                          line->m->pub.sb->fs_name);
}

static GArray *
read_lines (SentryFsMountNamespace *ns)
{
  GArray *lines = g_array_new (FALSE, FALSE, sizeof (Line));

  sentry_fs_vfs_lock (ns->vfs);
  SENTRY_LIST_FOREACH (link, safe, &ns->tree.mounts)
  {
    SentryFsMount *m = SENTRY_CONTAINER (link, SentryFsMount, in_tree);
    Line line = { .m = sentry_fs_mount_ref (m),
                  .parent_id = m->parent == NULL ? m->pub.id : m->parent->pub.id,
                  .group = m->group,
                  .master_group = m->master == NULL ? 0 : m->master->group,
                  .unbindable = (m->state & SENTRY_FS_MOUNT_UNBINDABLE) != 0 };

    g_array_append_val (lines, line);
  }
  sentry_fs_vfs_unlock (ns->vfs);
  return lines;
}

void
sentry_fs_show_mounts (SentryMountNamespace *ns, const SentryPath *root, char which, GString *out)
{
  g_autoptr (GArray) lines = read_lines (sentry_fs_mount_namespace (ns));

  for (guint i = 0; i < lines->len; i++)
    {
      Line *line = &g_array_index (lines, Line, i);

      if (which == 'i')
        put_mountinfo_line (out, line, root);
      else if (which == 's')
        put_mountstats_line (out, line, root);
      else
        put_mounts_line (out, line, root);
      sentry_fs_mount_unref (line->m);
    }
}

void
sentry_fs_show_filesystems (SentryMountNamespace *ns, GString *out)
{
  SentryFsVfs *vfs = sentry_fs_mount_namespace (ns)->vfs;

  sentry_fs_vfs_lock (vfs);
  for (guint i = 0; i < vfs->filesystems->len; i++)
    {
      SentryFilesystem *fs = vfs->filesystems->pdata[i];

      /* None needs a block device; those of the host side aren't for guests. */
      if (sentry_filesystem_guest_may_mount (fs))
        g_string_append_printf (out, "nodev\t%s\n", sentry_filesystem_get_name (fs));
    }
  sentry_fs_vfs_unlock (vfs);
}

int
sentry_fs_sync (SentryMountNamespace *ns)
{
  SentryFsVfs *vfs = sentry_fs_mount_namespace (ns)->vfs;
  g_autoptr (GPtrArray) supers
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sentry_super_block_unref);
  GHashTableIter iter;
  gpointer sb;
  int r = 0;

  sentry_fs_vfs_lock (vfs);
  g_hash_table_iter_init (&iter, vfs->supers);
  while (g_hash_table_iter_next (&iter, &sb, NULL))
    g_ptr_array_add (supers, sentry_super_block_ref (sb));
  sentry_fs_vfs_unlock (vfs);
  for (guint i = 0; i < supers->len; i++)
    {
      SentrySuperBlock *super = supers->pdata[i];
      int one = super->ops->sync == NULL ? 0 : super->ops->sync (super);
      r = r < 0 ? r : one;
    }
  return r;
}
