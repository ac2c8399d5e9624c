/* What /proc/PID shows of a task's files, directories and mounts. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fs/anon-inode.h"

/* --- names --- */

SentryMountNamespace *
sentry_proc_mount_ns (const SentryProcPlace *p)
{
  SentryMountNamespace *ns;

  sentry_mutex_lock (&p->task->lock);
  ns = p->task->mount_ns != NULL ? g_object_ref (p->task->mount_ns) : NULL;
  sentry_mutex_unlock (&p->task->lock);
  return ns;
}

/* The root of whoever reads; a sentry thread sees from the namespace's root. */
static void
get_reader_root (SentryMountNamespace *ns, SentryPath *ret_root)
{
  SentryTask *reader = sentry_task_current ();

  if (reader != NULL && reader->fs != NULL)
    sentry_fs_state_get (reader->fs, ret_root, NULL);
  else
    sentry_mount_namespace_ops (ns)->get_root (ns, ret_root);
}

char *
sentry_proc_path_name (const SentryProcPlace *p, const SentryPath *path)
{
  SentryMountNamespace *ns = sentry_proc_mount_ns (p);
  SentryPath root;
  char *name;

  if (ns == NULL)
    return NULL;
  get_reader_root (ns, &root);
  name = sentry_mount_namespace_ops (ns)->path_name (ns, path, &root, NULL, NULL);
  sentry_path_unref (&root);
  g_object_unref (ns);
  return name;
}

/* Takes over the reference on `path`. */
static int
name_and_drop (const SentryProcPlace *p, SentryPath *path, char **ret_target)
{
  char *name = sentry_proc_path_name (p, path);

  sentry_path_unref (path);
  if (name == NULL)
    return -ENOENT;
  *ret_target = name;
  return 0;
}

typedef int (*GetPath) (const SentryProcPlace *p, SentryPath *ret_path);

static int
read_by (const SentryProcPlace *p, GetPath get, char **ret_target)
{
  SentryPath path;
  int r = get (p, &path);

  return r < 0 ? r : name_and_drop (p, &path, ret_target);
}

/* --- exe, cwd, root --- */

int
sentry_proc_follow_exe (const SentryProcPlace *p, SentryPath *ret_path)
{
  SentryMM *mm = sentry_task_get_mm (p->task);
  SentryFile *exe = mm == NULL ? NULL : sentry_mm_get_exe (mm);

  if (mm != NULL)
    sentry_mm_unref (mm);
  if (exe == NULL)
    return -ENOENT;
  *ret_path = exe->path;
  sentry_path_ref (ret_path);
  sentry_file_unref (exe);
  return 0;
}

int
sentry_proc_read_exe (const SentryProcPlace *p, char **ret_target)
{
  return read_by (p, sentry_proc_follow_exe, ret_target);
}

static int
get_fs_path (const SentryProcPlace *p, gboolean cwd, SentryPath *ret_path)
{
  SentryFsState *fs = sentry_task_get_fs (p->task);

  if (fs == NULL)
    return -ENOENT;
  sentry_fs_state_get (fs, cwd ? NULL : ret_path, cwd ? ret_path : NULL);
  sentry_fs_state_unref (fs);
  return 0;
}

int
sentry_proc_follow_cwd (const SentryProcPlace *p, SentryPath *ret_path)
{
  return get_fs_path (p, TRUE, ret_path);
}

int
sentry_proc_follow_root (const SentryProcPlace *p, SentryPath *ret_path)
{
  return get_fs_path (p, FALSE, ret_path);
}

int
sentry_proc_read_cwd (const SentryProcPlace *p, char **ret_target)
{
  return read_by (p, sentry_proc_follow_cwd, ret_target);
}

int
sentry_proc_read_root (const SentryProcPlace *p, char **ret_target)
{
  return read_by (p, sentry_proc_follow_root, ret_target);
}

/* --- fd --- */

/* A reference, O_PATH files too; NULL: no such descriptor. */
static SentryFile *
get_file (const SentryProcPlace *p, gboolean *ret_cloexec)
{
  SentryFdTable *fds = sentry_task_get_fds (p->task);
  SentryFile *f = NULL;

  if (fds == NULL)
    return NULL;
  if (p->key <= G_MAXINT32
      && sentry_fd_table_next (fds, (int) p->key, &f, ret_cloexec) != (int) p->key)
    {
      if (f != NULL)
        sentry_file_unref (f);
      f = NULL;
    }
  sentry_fd_table_unref (fds);
  return f;
}

gboolean
sentry_proc_next_fd (const SentryProcPlace *dir, guint64 from, guint64 *ret_fd)
{
  SentryFdTable *fds = sentry_task_get_fds (dir->task);
  int fd = -1;

  if (fds == NULL)
    return FALSE;
  if (from <= G_MAXINT32)
    fd = sentry_fd_table_next (fds, (int) from, NULL, NULL);
  sentry_fd_table_unref (fds);
  *ret_fd = (guint64) fd;
  return fd >= 0;
}

gboolean
sentry_proc_fd_alive (const SentryProcPlace *p)
{
  guint64 fd;

  return sentry_proc_next_fd (p, p->key, &fd) && fd == p->key;
}

int
sentry_proc_follow_fd (const SentryProcPlace *p, SentryPath *ret_path)
{
  SentryFile *f = get_file (p, NULL);

  if (f == NULL)
    return -ENOENT;
  *ret_path = f->path;
  if (!sentry_path_is_empty (ret_path))
    sentry_path_ref (ret_path);
  sentry_file_unref (f);
  return sentry_path_is_empty (ret_path) ? -ENXIO : 0;
}

int
sentry_proc_read_fd (const SentryProcPlace *p, char **ret_target)
{
  return read_by (p, sentry_proc_follow_fd, ret_target);
}

/* The link's own permissions say how the file was opened. */
guint32
sentry_proc_fd_mode (const SentryProcPlace *p)
{
  SentryFile *f = get_file (p, NULL);
  guint32 mode = 0;

  if (f == NULL)
    return 0;
  if (f->mode & SENTRY_FMODE_READ)
    mode |= 0500;
  if (f->mode & SENTRY_FMODE_WRITE)
    mode |= 0300;
  sentry_file_unref (f);
  return mode;
}

int
sentry_proc_show_fdinfo (const SentryProcPlace *p, GString *out)
{
  gboolean cloexec = FALSE;
  SentryFile *f = get_file (p, &cloexec);

  if (f == NULL)
    return -ENOENT;
  g_string_append_printf (
      out, "pos:\t%" G_GINT64_FORMAT "\nflags:\t0%o\nmnt_id:\t%u\nino:\t%" G_GUINT64_FORMAT "\n",
      __atomic_load_n (&f->pos, __ATOMIC_RELAXED),
      sentry_file_flags (f) | (cloexec ? O_CLOEXEC : 0),
      f->path.mount != NULL ? f->path.mount->id : 0, f->inode != NULL ? f->inode->ino : 0);
  if (f->ops->fdinfo != NULL)
    f->ops->fdinfo (f, out);
  sentry_file_unref (f);
  return 0;
}

/* --- mounts --- */

static int
show_mounts (const SentryProcPlace *p, char which, GString *out)
{
  SentryMountNamespace *ns = sentry_proc_mount_ns (p);
  SentryPath root;

  if (ns == NULL)
    return -EINVAL;
  if (get_fs_path (p, FALSE, &root) == 0)
    {
      sentry_mount_namespace_ops (ns)->show_mounts (ns, &root, which, out);
      sentry_path_unref (&root);
    }
  g_object_unref (ns);
  return 0;
}

int
sentry_proc_show_mounts (const SentryProcPlace *p, GString *out)
{
  return show_mounts (p, 'm', out);
}

int
sentry_proc_show_mountinfo (const SentryProcPlace *p, GString *out)
{
  return show_mounts (p, 'i', out);
}

int
sentry_proc_show_mountstats (const SentryProcPlace *p, GString *out)
{
  return show_mounts (p, 's', out);
}

/* --- ns --- */

/* A number for as long as the namespace lives. */
static guint64
mount_ns_ino (SentryMountNamespace *ns)
{
  static const char key[] = "sentry-proc-ino";
  guint64 ino = GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (ns), key));

  if (ino == 0)
    {
      ino = 0xf0000000u + sentry_anon_ino_new ();
      if (!g_object_replace_data (G_OBJECT (ns), key, NULL, GSIZE_TO_POINTER (ino), NULL, NULL))
        ino = GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (ns), key));
    }
  return ino;
}

/* There is one of each other kind so far, with the numbers that Linux gives its first ones. */
static const struct
{
  const char *link, *kind;
  guint64 ino;
} first_namespaces[] = {
  { "cgroup", "cgroup", 4026531835 },
  { "ipc", "ipc", 4026531839 },
  { "net", "net", 4026531833 },
  { "pid", "pid", 4026531836 },
  { "pid_for_children", "pid", 4026531836 },
  { "time", "time", 4026531834 },
  { "time_for_children", "time", 4026531834 },
  { "user", "user", 4026531837 },
  { "uts", "uts", 4026531838 },
};

static int
find_ns (const SentryProcPlace *p, const char **ret_kind, guint64 *ret_ino)
{
  const char *link = strrchr (sentry_proc_entry (p)->path, '/') + 1;
  SentryMountNamespace *ns;

  for (guint i = 0; i < G_N_ELEMENTS (first_namespaces); i++)
    if (strcmp (first_namespaces[i].link, link) == 0)
      {
        *ret_kind = first_namespaces[i].kind;
        *ret_ino = first_namespaces[i].ino;
        return 0;
      }
  ns = sentry_proc_mount_ns (p);
  if (ns == NULL)
    return -ENOENT;
  *ret_kind = "mnt";
  *ret_ino = mount_ns_ino (ns);
  g_object_unref (ns);
  return 0;
}

int
sentry_proc_read_ns (const SentryProcPlace *p, char **ret_target)
{
  const char *kind;
  guint64 ino;
  int r = find_ns (p, &kind, &ino);

  if (r == 0)
    *ret_target = g_strdup_printf ("%s:[%" G_GUINT64_FORMAT "]", kind, ino);
  return r;
}

int
sentry_proc_follow_ns (const SentryProcPlace *p, SentryPath *ret_path)
{
  const char *kind;
  guint64 ino;
  int r = find_ns (p, &kind, &ino);

  if (r == 0)
    sentry_anon_ns_path_new (kind, ino, ret_path);
  return r;
}
