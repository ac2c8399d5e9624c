/* The mount namespace object. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-namespace.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "mount-call.h"
#include "namei.h"

static void
get_root (SentryMountNamespace *ns, SentryPath *ret_path)
{
  SentryFsMountNamespace *self = sentry_fs_mount_namespace (ns);

  sentry_fs_tree_get_root (self->vfs, &self->tree, ret_path);
}

static void
destroy (SentryMountNamespace *ns)
{
  SentryFsMountNamespace *self = sentry_fs_mount_namespace (ns);

  sentry_fs_tree_clear (self->vfs, &self->tree);
}

static int
lookup (SentryMountNamespace *ns, const SentryWalk *walk, const char *name, guint32 flags,
        SentryPath *ret_path)
{
  return sentry_fs_lookup (sentry_fs_mount_namespace (ns)->vfs, walk, name, flags, ret_path);
}

static void
add_filesystem (SentryMountNamespace *ns, SentryFilesystem *fs)
{
  sentry_fs_vfs_add_filesystem (sentry_fs_mount_namespace (ns)->vfs, fs);
}

static const SentryHostCall *
host_calls (SentryMountNamespace *ns)
{
  static const SentryHostCall calls[] = {
    { .nr = SYS_getrandom, .why = "keys of hash tables, /dev/random" },
    { .nr = SYS_memfd_create, .why = "mapped tmpfs files" },
    { .nr = SYS_ftruncate, .why = "mapped tmpfs files" },
    { .nr = SYS_fallocate, .why = "holes in mapped tmpfs files" },
    { .nr = SYS_lseek, .why = "holes in mapped tmpfs files" },
    { .nr = SYS_pread64, .why = "mapped tmpfs files" },
    { .nr = SYS_pwrite64, .why = "mapped tmpfs files" },
    { .nr = SYS_openat2, .why = "reopening mapped tmpfs files read-only" },
    { .nr = SYS_newfstatat, .why = "size of mapped tmpfs files" },
    { .nr = SYS_fstat, .why = "size of mapped tmpfs files" },
    { .nr = SYS_close, .why = "mapped tmpfs files" },
    { .nr = SYS_mmap, .why = "pages of tmpfs files", .args = { { 2, PROT_EXEC, 0 } }, .n_args = 1 },
    { .nr = SYS_munmap, .why = "pages of tmpfs files" },
    SENTRY_HOST_CALLS_END,
  };

  return calls;
}

static void
iface_init (SentryMountNamespaceInterface *iface)
{
  iface->populate = sentry_fs_populate;
  iface->add_filesystem = add_filesystem;
  iface->clone = sentry_fs_clone;
  iface->get_root = get_root;
  iface->destroy = destroy;
  iface->lookup = lookup;
  iface->open = sentry_fs_open;
  iface->open_path = sentry_fs_open_path;
  iface->mkdir = sentry_fs_mkdir;
  iface->mknod = sentry_fs_mknod;
  iface->symlink = sentry_fs_symlink;
  iface->link = sentry_fs_link;
  iface->unlink = sentry_fs_unlink;
  iface->rmdir = sentry_fs_rmdir;
  iface->rename = sentry_fs_rename;
  iface->getattr = sentry_fs_getattr;
  iface->setattr = sentry_fs_setattr;
  iface->access = sentry_fs_access;
  iface->readlink = sentry_fs_readlink;
  iface->statfs = sentry_fs_statfs;
  iface->getxattr = sentry_fs_getxattr;
  iface->setxattr = sentry_fs_setxattr;
  iface->listxattr = sentry_fs_listxattr;
  iface->removexattr = sentry_fs_removexattr;
  iface->path_name = sentry_fs_path_name;
  iface->mount = sentry_fs_mount_call;
  iface->umount = sentry_fs_umount;
  iface->pivot_root = sentry_fs_pivot_root;
  iface->sync = sentry_fs_sync;
  iface->show_mounts = sentry_fs_show_mounts;
  iface->show_filesystems = sentry_fs_show_filesystems;
  iface->host_calls = host_calls;
}

G_DEFINE_TYPE_WITH_CODE (SentryFsMountNamespace, sentry_fs_mount_namespace, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (SENTRY_TYPE_MOUNT_NAMESPACE, iface_init))

static void
sentry_fs_mount_namespace_finalize (GObject *object)
{
  SentryFsMountNamespace *self = SENTRY_FS_MOUNT_NAMESPACE (object);

  sentry_fs_tree_clear (self->vfs, &self->tree);
  g_clear_pointer (&self->vfs, sentry_fs_vfs_unref);
  G_OBJECT_CLASS (sentry_fs_mount_namespace_parent_class)->finalize (object);
}

static void
sentry_fs_mount_namespace_class_init (SentryFsMountNamespaceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sentry_fs_mount_namespace_finalize;
}

static void
sentry_fs_mount_namespace_init (SentryFsMountNamespace *self)
{
  self->vfs = sentry_fs_vfs_new (NULL);
  sentry_list_init (&self->tree.mounts);
}
