/* The file system types "proc" and "sysfs". SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proc-private.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

/* Life: each mount makes a superblock of its own; they all show the same trees, which the core
 * owns. */

struct _SentryProcFilesystem
{
  GObject parent_instance;
};

struct _SentrySysfsFilesystem
{
  GObject parent_instance;
};

static void proc_iface_init (SentryFilesystemInterface *iface);
static void sysfs_iface_init (SentryFilesystemInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (SentryProcFilesystem, sentry_proc_filesystem, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SENTRY_TYPE_FILESYSTEM, proc_iface_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (SentrySysfsFilesystem, sentry_sysfs_filesystem, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SENTRY_TYPE_FILESYSTEM, sysfs_iface_init))

static void
super_free (SentrySuperBlock *base)
{
  sentry_super_block_clear (base);
  g_free (base);
}

static int
super_statfs (SentrySuperBlock *sb, struct statfs *ret_st)
{
  memset (ret_st, 0, sizeof *ret_st);
  ret_st->f_type = sb->magic;
  ret_st->f_bsize = ret_st->f_frsize = 4096;
  ret_st->f_namelen = 255;
  return 0;
}

static const SentrySuperBlockOps super_ops = { .free = super_free, .statfs = super_statfs };

static int
mount_tree (const char *tree, guint32 magic, const SentryMountRequest *req,
            SentrySuperBlock **ret_sb)
{
  SentryProcSuper *sb = g_new0 (SentryProcSuper, 1);
  SentryProcPlace root;

  sentry_super_block_init (&sb->base, &super_ops, tree, magic);
  sb->kernel = req->kernel;
  sb->base.read_only = req->read_only;
  sb->base.no_dev_nodes = sb->base.no_exec = TRUE;
  sb->base.is_proc = strcmp (tree, "proc") == 0;
  root = sentry_proc_root (tree, req->kernel);
  sentry_super_block_set_root (&sb->base, sentry_proc_inode_new (sb, &root));
  *ret_sb = &sb->base;
  return 0;
}

/* hidepid=, gid= and subset= would change what is shown; they are refused rather than ignored. */
static int
proc_mount (SentryFilesystem *self, const SentryMountRequest *req, SentrySuperBlock **ret_sb)
{
  if (req->options != NULL && *req->options != '\0' && strcmp (req->options, "hidepid=0") != 0)
    return -EINVAL;
  return mount_tree ("proc", PROC_SUPER_MAGIC, req, ret_sb);
}

static int
sysfs_mount (SentryFilesystem *self, const SentryMountRequest *req, SentrySuperBlock **ret_sb)
{
  return mount_tree ("sysfs", SYSFS_MAGIC, req, ret_sb);
}

static const char *
proc_get_name (SentryFilesystem *self)
{
  return "proc";
}

static const char *
sysfs_get_name (SentryFilesystem *self)
{
  return "sysfs";
}

static gboolean
guest_may_mount (SentryFilesystem *self)
{
  return TRUE;
}

static void
proc_iface_init (SentryFilesystemInterface *iface)
{
  iface->get_name = proc_get_name;
  iface->guest_may_mount = guest_may_mount;
  iface->mount = proc_mount;
}

static void
sysfs_iface_init (SentryFilesystemInterface *iface)
{
  iface->get_name = sysfs_get_name;
  iface->guest_may_mount = guest_may_mount;
  iface->mount = sysfs_mount;
}

static void
sentry_proc_filesystem_class_init (SentryProcFilesystemClass *klass)
{
}

static void
sentry_proc_filesystem_init (SentryProcFilesystem *self)
{
}

static void
sentry_sysfs_filesystem_class_init (SentrySysfsFilesystemClass *klass)
{
}

static void
sentry_sysfs_filesystem_init (SentrySysfsFilesystem *self)
{
}
