/* The first namespace: the plan of the host side becomes mounts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "auth/sentry-cred.h"
#include "host-proc.h"
#include "iface/sentry-platform.h"
#include "mount-call.h"
#include "namei.h"
#include "tmpfs.h"
#include "usermem/sentry-usermem.h"

typedef struct
{
  SentryFsMountNamespace *ns;
  SentryKernel *kernel;
  const SentryMountPlan *plan;
  SentryCred *cred; /* may do anything */
} Populate;

static gboolean
fail (GError **error, int r, const char *what, const char *where)
{
  g_set_error (error, SENTRY_PLATFORM_ERROR, SENTRY_PLATFORM_ERROR_FAILED, "%s %s: %s", what, where,
               g_strerror (-r));
  return FALSE;
}

/* A superblock of a type by name; -ENODEV: there is no such type. */
static int
make_super (Populate *p, const char *type, SentryMountRequest *req, SentrySuperBlock **ret_sb)
{
  g_autoptr (SentryFilesystem) fs = sentry_fs_vfs_find_filesystem (p->ns->vfs, type);

  if (fs == NULL)
    return -ENODEV;
  req->kernel = p->kernel;
  req->cred = p->cred;
  return sentry_filesystem_mount (fs, req, ret_sb);
}

static SentryWalk
walk_of (Populate *p)
{
  SentryWalk walk = { .cred = p->cred };

  sentry_mount_namespace_ops (SENTRY_MOUNT_NAMESPACE (p->ns))
      ->get_root (SENTRY_MOUNT_NAMESPACE (p->ns), &walk.root);
  walk.start = walk.root;
  sentry_path_ref (&walk.start);
  return walk;
}

static void
walk_clear (SentryWalk *walk)
{
  sentry_path_unref (&walk->root);
  sentry_path_unref (&walk->start);
}

/* The directories on the way to `where`, and itself (a directory, or an empty file). */
static int
make_mountpoint (Populate *p, const SentryWalk *walk, const char *where, gboolean directory)
{
  SentryMountNamespace *ns = SENTRY_MOUNT_NAMESPACE (p->ns);
  g_autofree char *path = g_strdup (where);
  int r = 0;

  for (char *slash = strchr (path + 1, '/'); slash != NULL && (r == 0 || r == -EEXIST);
       slash = strchr (slash + 1, '/'))
    {
      *slash = '\0';
      r = sentry_fs_mkdir (ns, walk, path, 0755);
      *slash = '/';
    }
  if (r < 0 && r != -EEXIST)
    return r;
  if (directory)
    return sentry_fs_mkdir (ns, walk, where, 0755);
  return sentry_fs_mknod (ns, walk, where, S_IFREG | 0644, 0, 0, NULL);
}

static int
find_mountpoint (Populate *p, const SentryWalk *walk, const char *where, gboolean directory,
                 SentryPath *ret_path)
{
  int r = sentry_fs_lookup (p->ns->vfs, walk, where, SENTRY_LOOKUP_FOLLOW, ret_path);

  if (r != -ENOENT)
    return r;
  r = make_mountpoint (p, walk, where, directory);
  if (r < 0)
    return r;
  return sentry_fs_lookup (p->ns->vfs, walk, where, SENTRY_LOOKUP_FOLLOW, ret_path);
}

/* Takes over the reference on `sb`. */
static int
mount_at (Populate *p, const char *where, const char *source, SentrySuperBlock *sb, guint32 flags)
{
  SentryFsMount *m = sentry_fs_mount_new (p->ns->vfs, sb, source, flags | MS_RELATIME);
  SentryPath path = { NULL, NULL };
  SentryWalk walk;
  int r;

  if (m == NULL)
    {
      if (sb->ops->kill != NULL)
        sb->ops->kill (sb);
      sentry_super_block_unref (sb);
      return -ENOMEM;
    }
  walk = walk_of (p);
  r = find_mountpoint (p, &walk, where, S_ISDIR (sb->root->type), &path);
  sentry_super_block_unref (sb);
  if (r == 0)
    r = sentry_fs_graft (p->ns, m, &path);
  else
    sentry_fs_mount_unref (m);
  sentry_path_unref (&path);
  walk_clear (&walk);
  return r;
}

/* The overlay's upper layer: a kept host directory, or memory that vanishes. */
static int
make_upper (Populate *p, SentrySuperBlock **ret_sb)
{
  SentryMountRequest req = { .host_fd = p->plan->keep_fd, .revalidate = FALSE };
  g_autofree char *options = NULL;

  if (p->plan->keep_fd >= 0)
    return make_super (p, "host", &req, ret_sb);
  options = p->plan->upper_max == 0
                ? g_strdup ("mode=755")
                : g_strdup_printf ("mode=755,size=%" G_GUINT64_FORMAT, p->plan->upper_max);
  req.options = options;
  return make_super (p, "tmpfs", &req, ret_sb);
}

static int
make_overlay (Populate *p, SentrySuperBlock *lower, SentrySuperBlock **ret_sb)
{
  SentryMountRequest req = { .host_fd = -1, .lower = &lower, .n_lower = 1, .source = "overlay" };
  SentrySuperBlock *upper = NULL;
  int r = make_upper (p, &upper);

  if (r < 0)
    return r;
  req.upper = upper;
  /* The sandbox process has not the host's CAP_SYS_ADMIN, which trusted.* would need. */
  if (p->plan->keep_fd >= 0)
    req.options = "userxattr";
  r = make_super (p, "overlay", &req, ret_sb);
  sentry_super_block_unref (upper);
  return r;
}

/* Of "/": overlay over the host directory; without an overlay the host directory read-only; without
 * that, memory. */
static int
make_root_super (Populate *p, SentrySuperBlock **ret_sb)
{
  SentryMountRequest host = { .host_fd = p->plan->root_fd, .read_only = TRUE, .source = "/" };
  SentryMountRequest memory = { .host_fd = -1, .options = "mode=755" };
  SentrySuperBlock *lower = NULL;
  int r = p->plan->root_fd < 0 ? -ENODEV : make_super (p, "host", &host, &lower);

  if (r == -ENODEV)
    return make_super (p, "tmpfs", &memory, ret_sb);
  if (r < 0)
    return r;
  r = make_overlay (p, lower, ret_sb);
  if (r == -ENODEV)
    {
      *ret_sb = lower;
      return 0;
    }
  sentry_super_block_unref (lower);
  return r;
}

/* Below "/" lies an empty rootfs that nobody sees, as on every Linux: so "/" can be pivoted away
 * from. */
static int
mount_rootfs (Populate *p)
{
  SentryMountRequest req = { .host_fd = -1, .options = "size=4k,mode=755" };
  SentryFsTree *tree = &p->ns->tree;
  SentryFsVfs *vfs = p->ns->vfs;
  SentrySuperBlock *sb;
  SentryFsMount *m;
  int r;

  req.kernel = p->kernel;
  req.cred = p->cred;
  r = sentry_tmpfs_mount (&req, "rootfs", &sb);
  if (r < 0)
    return r;
  m = sentry_fs_mount_new (vfs, sb, "none", 0);
  sentry_super_block_unref (sb);
  if (m == NULL)
    return -ENOMEM;
  sentry_fs_vfs_lock (vfs);
  sentry_fs_vfs_begin_change (vfs);
  sentry_fs_mount_attach_locked (m, tree, NULL, NULL);
  tree->root = m;
  sentry_fs_vfs_end_change (vfs);
  sentry_fs_vfs_unlock (vfs);
  return 0;
}

static gboolean
mount_root (Populate *p, GError **error)
{
  SentrySuperBlock *sb;
  int r = mount_rootfs (p);

  if (r == 0)
    r = make_root_super (p, &sb);
  if (r == 0)
    r = mount_at (p, "/", sb->fs_name, sb, 0);
  return r < 0 ? fail (error, r, "mounting", "/") : TRUE;
}

/* What every sandbox has; a type that isn't there is left out. */
static gboolean
mount_kernel_trees (Populate *p, GError **error)
{
  static const struct
  {
    const char *where, *type, *source, *options;
    guint32 flags;
  } trees[] = {
    { "/proc", "proc", "proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
    { "/sys", "sysfs", "sysfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
    { "/dev", "devtmpfs", "devtmpfs", NULL, MS_NOSUID },
    { "/dev/shm", "tmpfs", "tmpfs", NULL, MS_NOSUID | MS_NODEV },
    { "/dev/pts", "devpts", "devpts", "gid=5,mode=620,ptmxmode=666", MS_NOSUID | MS_NOEXEC },
    { "/dev/mqueue", "mqueue", "mqueue", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
  };

  gboolean has_dev = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (trees); i++)
    {
      SentryMountRequest req
          = { .host_fd = -1, .options = trees[i].options, .source = trees[i].source };
      SentrySuperBlock *sb;
      int r;

      if (g_str_has_prefix (trees[i].where, "/dev/") && !has_dev)
        continue;
      r = make_super (p, trees[i].type, &req, &sb);
      if (r == -ENODEV)
        continue;
      has_dev |= strcmp (trees[i].where, "/dev") == 0;
      if (r == 0)
        r = mount_at (p, trees[i].where, trees[i].source, sb, trees[i].flags);
      if (r < 0)
        return fail (error, r, "mounting", trees[i].where);
    }
  return TRUE;
}

static gboolean
mount_binds (Populate *p, GError **error)
{
  for (guint i = 0; i < p->plan->n_binds; i++)
    {
      const SentryBind *bind = &p->plan->binds[i];
      SentryMountRequest req = { .host_fd = bind->host_fd,
                                 .read_only = bind->read_only,
                                 .revalidate = TRUE,
                                 .source = bind->where };
      SentrySuperBlock *sb;
      int r = make_super (p, "host", &req, &sb);

      if (r == 0)
        r = mount_at (p, bind->where, bind->where, sb,
                      MS_NOSUID | MS_NODEV | (bind->read_only ? MS_RDONLY : 0));
      if (r < 0)
        return fail (error, r, "binding", bind->where);
    }
  return TRUE;
}

static gboolean
mount_tmpfs (Populate *p, GError **error)
{
  for (guint i = 0; p->plan->tmpfs != NULL && p->plan->tmpfs[i] != NULL; i++)
    {
      SentryMountRequest req = { .host_fd = -1, .source = "tmpfs" };
      SentrySuperBlock *sb;
      int r = make_super (p, "tmpfs", &req, &sb);

      if (r == 0)
        r = mount_at (p, p->plan->tmpfs[i], "tmpfs", sb, MS_NOSUID | MS_NODEV);
      if (r < 0)
        return fail (error, r, "mounting a tmpfs on", p->plan->tmpfs[i]);
    }
  return TRUE;
}

/* An empty file as a mount: the one file of a tmpfs that nothing else shows. */
static int
make_empty_file_mount (Populate *p, SentryFsMount **ret_mount)
{
  SentryMountRequest req = { .host_fd = -1, .options = "mode=755,size=4k", .source = "tmpfs" };
  SentryFsMount *whole;
  SentryFsDentry *file = NULL;
  SentrySuperBlock *sb;
  SentryInode *inode;
  int r = make_super (p, "tmpfs", &req, &sb);

  if (r < 0)
    return r;
  whole = sentry_fs_mount_new (p->ns->vfs, sb, "tmpfs", MS_RDONLY | MS_RELATIME);
  if (whole == NULL)
    {
      sb->ops->kill (sb);
      sentry_super_block_unref (sb);
      return -ENOMEM;
    }
  sentry_rwlock_write_lock (&sb->root->lock);
  r = sb->root->ops->create (sb->root, p->cred, "empty", S_IFREG | 0444, &inode);
  if (r == 0)
    file = sentry_fs_dcache_add (p->ns->vfs->cache, whole->root, "empty", 5, inode);
  sentry_rwlock_write_unlock (&sb->root->lock);
  *ret_mount = file == NULL ? NULL : sentry_fs_mount_new_like (whole, file);
  sentry_fs_dentry_unref (file);
  sentry_fs_mount_unref (whole);
  sentry_super_block_unref (sb);
  return r < 0 ? r : *ret_mount == NULL ? -ENOMEM : 0;
}

/* What isn't there needs no hiding. */
static int
hide_one (Populate *p, const char *where)
{
  SentryMountRequest req = { .host_fd = -1, .options = "mode=755,size=4k", .source = "tmpfs" };
  SentryWalk walk = walk_of (p);
  SentryPath path = { NULL, NULL };
  SentryFsMount *m = NULL;
  SentrySuperBlock *sb;
  int r = sentry_fs_lookup (p->ns->vfs, &walk, where, SENTRY_LOOKUP_FOLLOW, &path);

  walk_clear (&walk);
  if (r < 0)
    return r == -ENOENT || r == -ENOTDIR ? 0 : r;
  if (S_ISDIR (path.dentry->inode->type))
    {
      r = make_super (p, "tmpfs", &req, &sb);
      if (r == 0)
        r = mount_at (p, where, "tmpfs", sb, MS_RDONLY | MS_NOSUID | MS_NODEV);
    }
  else
    {
      r = make_empty_file_mount (p, &m);
      if (r == 0)
        r = sentry_fs_graft (p->ns, m, &path);
    }
  sentry_path_unref (&path);
  return r;
}

static gboolean
hide (Populate *p, GError **error)
{
  for (guint i = 0; p->plan->hide != NULL && p->plan->hide[i] != NULL; i++)
    {
      int r = hide_one (p, p->plan->hide[i]);

      if (r < 0)
        return fail (error, r, "hiding", p->plan->hide[i]);
    }
  return TRUE;
}

/* /etc/hostname of the sandbox; a root without /etc, or a read-only one, goes without. */
static gboolean
write_hostname (Populate *p, GError **error)
{
  SentryWalk walk;
  SentryFile *f = NULL;
  g_autofree char *text = NULL;
  SentryIter it;
  int r;

  if (p->plan->hostname == NULL)
    return TRUE;
  walk = walk_of (p);
  r = sentry_fs_open (SENTRY_MOUNT_NAMESPACE (p->ns), &walk, "/etc/hostname",
                      O_WRONLY | O_CREAT | O_TRUNC, 0644, &f);
  walk_clear (&walk);
  if (r == -ENOENT || r == -EROFS || r == -ENOTDIR)
    return TRUE;
  if (r < 0)
    return fail (error, r, "writing", "/etc/hostname");
  text = g_strdup_printf ("%s\n", p->plan->hostname);
  sentry_iter_init_kernel (&it, text, strlen (text));
  r = sentry_file_write (f, &it, NULL);
  sentry_iter_clear (&it);
  sentry_file_unref (f);
  return r < 0 ? fail (error, r, "writing", "/etc/hostname") : TRUE;
}

gboolean
sentry_fs_populate (SentryMountNamespace *ns, SentryKernel *kernel, const SentryMountPlan *plan,
                    GError **error)
{
  SentryUserNamespace *user_ns = sentry_user_namespace_new_root ();
  Populate p = { .ns = sentry_fs_mount_namespace (ns), .kernel = kernel, .plan = plan };
  gboolean ok;

  g_assert (p.ns->tree.root == NULL);
  p.cred = sentry_cred_new_root (user_ns);
  p.ns->vfs->kernel = kernel;
  ok = sentry_fs_host_proc_open (error) && mount_root (&p, error) && mount_kernel_trees (&p, error)
       && write_hostname (&p, error) && mount_binds (&p, error) && mount_tmpfs (&p, error)
       && hide (&p, error);
  if (!ok)
    sentry_fs_tree_clear (p.ns->vfs, &p.ns->tree);
  sentry_cred_unref (p.cred);
  sentry_user_namespace_unref (user_ns);
  return ok;
}
