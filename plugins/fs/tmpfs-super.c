/* tmpfs superblocks: options, quota, statfs; the types "tmpfs" and "devtmpfs".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <unistd.h>

#include "auth/sentry-cred.h"
#include "base/sentry-charge.h"
#include "device.h"
#include "page-pool.h"
#include "tmpfs.h"

typedef struct
{
  guint64 max_blocks, max_inodes; /* 0: no bound */
  guint32 mode, uid, gid;
  gboolean has_blocks, has_inodes;
} Options;

/* Half of memory, as Linux. */
static guint64
default_blocks (void)
{
  static guint64 blocks;

  if (blocks == 0)
    blocks = MAX (sysconf (_SC_PHYS_PAGES) / 2, 1);
  return blocks;
}

/* memparse: a number with k, m, g, t; for sizes, % of memory. */
static gboolean
parse_size (const char *s, gboolean percent_allowed, guint64 *ret_n)
{
  char *end;
  guint64 n = g_ascii_strtoull (s, &end, 0);
  guint shift = 0;

  if (end == s)
    return FALSE;
  switch (g_ascii_tolower (*end))
    {
    case 't':
      shift += 10;
      G_GNUC_FALLTHROUGH;
    case 'g':
      shift += 10;
      G_GNUC_FALLTHROUGH;
    case 'm':
      shift += 10;
      G_GNUC_FALLTHROUGH;
    case 'k':
      shift += 10;
      end++;
      break;
    case '%':
      if (!percent_allowed)
        return FALSE;
      n = n * default_blocks () * 2 / 100 * SENTRY_FS_PAGE;
      end++;
      break;
    default:
      break;
    }
  if (*end != '\0' || n > G_MAXUINT64 >> shift)
    return FALSE;
  *ret_n = n << shift;
  return TRUE;
}

static gboolean
parse_number (const char *s, guint base, guint64 max, guint32 *ret_n)
{
  guint64 n;

  if (!g_ascii_string_to_unsigned (s, base, 0, max, &n, NULL))
    return FALSE;
  *ret_n = n;
  return TRUE;
}

static gboolean
parse_option (Options *o, const char *key, const char *value)
{
  guint64 n;

  if (value == NULL)
    return strcmp (key, "inode64") == 0 || strcmp (key, "inode32") == 0
           || strcmp (key, "noswap") == 0;
  if (strcmp (key, "size") == 0)
    {
      if (!parse_size (value, TRUE, &n))
        return FALSE;
      o->max_blocks = (n + SENTRY_FS_PAGE - 1) / SENTRY_FS_PAGE;
      o->has_blocks = TRUE;
      return TRUE;
    }
  if (strcmp (key, "nr_blocks") == 0)
    return o->has_blocks = parse_size (value, FALSE, &o->max_blocks);
  if (strcmp (key, "nr_inodes") == 0)
    return o->has_inodes = parse_size (value, FALSE, &o->max_inodes);
  if (strcmp (key, "mode") == 0)
    return parse_number (value, 8, 07777, &o->mode);
  if (strcmp (key, "uid") == 0)
    return parse_number (value, 10, G_MAXUINT32 - 1, &o->uid);
  if (strcmp (key, "gid") == 0)
    return parse_number (value, 10, G_MAXUINT32 - 1, &o->gid);
  /* Placement of pages is the host's. */
  return strcmp (key, "huge") == 0 || strcmp (key, "mpol") == 0;
}

static gboolean
parse_options (Options *o, const char *text)
{
  g_auto (GStrv) parts = NULL;

  if (text == NULL || *text == '\0')
    return TRUE;
  parts = g_strsplit (text, ",", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *value = strchr (parts[i], '=');

      if (parts[i][0] == '\0')
        continue;
      if (value != NULL)
        *value++ = '\0';
      if (!parse_option (o, parts[i], value))
        return FALSE;
    }
  return TRUE;
}

static void
super_free (SentrySuperBlock *sb)
{
  sentry_super_block_clear (sb);
  sentry_uncharge (sizeof (SentryTmpfs));
  g_free (sb);
}

/* Names hold their inodes and inodes the superblock: the names must go first. */
static void
super_kill (SentrySuperBlock *sb)
{
  sentry_tmpfs_dir_clear (sentry_tmpfs_inode (sb->root));
}

static int
super_statfs (SentrySuperBlock *sb, struct statfs *ret_st)
{
  SentryTmpfs *fs = (SentryTmpfs *) sb;
  guint64 blocks = __atomic_load_n (&fs->max_blocks, __ATOMIC_RELAXED);
  guint64 inodes = __atomic_load_n (&fs->max_inodes, __ATOMIC_RELAXED);

  ret_st->f_type = sb->magic;
  ret_st->f_bsize = ret_st->f_frsize = SENTRY_FS_PAGE;
  ret_st->f_namelen = 255;
  ret_st->f_fsid.__val[0] = sb->dev_major << 20 | sb->dev_minor;
  if (blocks != 0)
    {
      guint64 used = MIN (__atomic_load_n (&fs->used_blocks, __ATOMIC_RELAXED), blocks);

      ret_st->f_blocks = blocks;
      ret_st->f_bfree = ret_st->f_bavail = blocks - used;
    }
  if (inodes != 0)
    {
      guint64 used = MIN (__atomic_load_n (&fs->used_inodes, __ATOMIC_RELAXED), inodes);

      ret_st->f_files = inodes;
      ret_st->f_ffree = inodes - used;
    }
  return 0;
}

static void
super_show_options (SentrySuperBlock *sb, GString *out)
{
  SentryTmpfs *fs = (SentryTmpfs *) sb;

  if (fs->max_blocks != default_blocks ())
    g_string_append_printf (out, ",size=%" G_GUINT64_FORMAT "k",
                            fs->max_blocks * (SENTRY_FS_PAGE / 1024));
  if (fs->max_inodes != default_blocks ())
    g_string_append_printf (out, ",nr_inodes=%" G_GUINT64_FORMAT, fs->max_inodes);
  if (fs->mode != 01777)
    g_string_append_printf (out, ",mode=%03o", fs->mode);
  if (fs->uid != 0)
    g_string_append_printf (out, ",uid=%u", fs->uid);
  if (fs->gid != 0)
    g_string_append_printf (out, ",gid=%u", fs->gid);
}

/* shmem_reconfigure: bounds may change, but not below what is used, nor from none to one. */
static int
super_remount (SentrySuperBlock *sb, const char *options, gboolean read_only)
{
  SentryTmpfs *fs = (SentryTmpfs *) sb;
  Options o = { 0 };

  if (!parse_options (&o, options))
    return -EINVAL;
  if (o.has_blocks && o.max_blocks != 0 && (fs->max_blocks == 0 || fs->used_blocks > o.max_blocks))
    return -EINVAL;
  if (o.has_inodes && o.max_inodes != 0 && (fs->max_inodes == 0 || fs->used_inodes > o.max_inodes))
    return -EINVAL;
  if (o.has_blocks)
    __atomic_store_n (&fs->max_blocks, o.max_blocks, __ATOMIC_RELAXED);
  if (o.has_inodes)
    __atomic_store_n (&fs->max_inodes, o.max_inodes, __ATOMIC_RELAXED);
  __atomic_store_n (&sb->read_only, read_only, __ATOMIC_RELAXED);
  return 0;
}

static int
super_sync (SentrySuperBlock *sb)
{
  return 0;
}

static const SentrySuperBlockOps super_ops = {
  .free = super_free,
  .kill = super_kill,
  .statfs = super_statfs,
  .sync = super_sync,
  .show_options = super_show_options,
  .remount = super_remount,
};

static int
mount_with (const SentryMountRequest *req, const char *fs_name, Options *o,
            SentrySuperBlock **ret_sb)
{
  SentryTmpfsInode *root;
  SentryTmpfs *fs;
  int r;

  if (!parse_options (o, req->options))
    return -EINVAL;
  if (!sentry_charge (sizeof *fs))
    return -ENOMEM;
  fs = g_new0 (SentryTmpfs, 1);
  sentry_super_block_init (&fs->sb, &super_ops, fs_name, TMPFS_MAGIC);
  fs->kernel = req->kernel;
  fs->max_blocks = o->max_blocks;
  fs->max_inodes = o->max_inodes;
  fs->mode = o->mode;
  fs->uid = o->uid;
  fs->gid = o->gid;
  fs->next_ino = 1;
  r = sentry_tmpfs_inode_new (fs, S_IFDIR | o->mode, o->uid, o->gid, &root);
  if (r < 0)
    {
      sentry_super_block_unref (&fs->sb);
      return r;
    }
  sentry_super_block_set_root (&fs->sb, &root->inode);
  fs->sb.read_only = req->read_only;
  *ret_sb = &fs->sb;
  return 0;
}

int
sentry_tmpfs_mount (const SentryMountRequest *req, const char *fs_name, SentrySuperBlock **ret_sb)
{
  Options o = { .max_blocks = default_blocks (), .max_inodes = default_blocks (), .mode = 01777 };

  if (req->cred != NULL)
    {
      o.uid = req->cred->fsuid;
      o.gid = req->cred->fsgid;
    }
  return mount_with (req, fs_name, &o, ret_sb);
}

/* --- the types --- */

struct _SentryTmpfsFilesystem
{
  GObject parent_instance;
};

struct _SentryDevtmpfsFilesystem
{
  GObject parent_instance;
};

static const char *
tmpfs_get_name (SentryFilesystem *self)
{
  return "tmpfs";
}

static gboolean
guest_may_mount (SentryFilesystem *self)
{
  return TRUE;
}

static int
tmpfs_mount (SentryFilesystem *self, const SentryMountRequest *req, SentrySuperBlock **ret_sb)
{
  return sentry_tmpfs_mount (req, "tmpfs", ret_sb);
}

static void
tmpfs_iface_init (SentryFilesystemInterface *iface)
{
  iface->get_name = tmpfs_get_name;
  iface->guest_may_mount = guest_may_mount;
  iface->mount = tmpfs_mount;
}

G_DEFINE_TYPE_WITH_CODE (SentryTmpfsFilesystem, sentry_tmpfs_filesystem, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (SENTRY_TYPE_FILESYSTEM, tmpfs_iface_init))

static void
sentry_tmpfs_filesystem_class_init (SentryTmpfsFilesystemClass *klass)
{
  default_blocks (); /* asks the host while that is still allowed */
}

static void
sentry_tmpfs_filesystem_init (SentryTmpfsFilesystem *self)
{
}

static const char *
devtmpfs_get_name (SentryFilesystem *self)
{
  return "devtmpfs";
}

static int
devtmpfs_mount (SentryFilesystem *self, const SentryMountRequest *req, SentrySuperBlock **ret_sb)
{
  Options o = { .max_blocks = default_blocks (), .max_inodes = default_blocks (), .mode = 0755 };
  SentrySuperBlock *sb;
  int r = mount_with (req, "devtmpfs", &o, &sb);

  if (r < 0)
    return r;
  r = sentry_fs_populate_dev (sentry_tmpfs_inode (sb->root));
  if (r < 0)
    {
      super_kill (sb);
      sentry_super_block_unref (sb);
      return r;
    }
  *ret_sb = sb;
  return 0;
}

static void
devtmpfs_iface_init (SentryFilesystemInterface *iface)
{
  iface->get_name = devtmpfs_get_name;
  iface->guest_may_mount = guest_may_mount;
  iface->mount = devtmpfs_mount;
}

G_DEFINE_TYPE_WITH_CODE (SentryDevtmpfsFilesystem, sentry_devtmpfs_filesystem, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (SENTRY_TYPE_FILESYSTEM, devtmpfs_iface_init))

static void
sentry_devtmpfs_filesystem_class_init (SentryDevtmpfsFilesystemClass *klass)
{
  default_blocks ();
  sentry_fs_register_devices ();
}

static void
sentry_devtmpfs_filesystem_init (SentryDevtmpfsFilesystem *self)
{
}
