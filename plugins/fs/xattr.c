/* Extended attributes: namespaces of names and who may use them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "namei.h"
#include "permission.h"

#define XATTR_SIZE_MAX 65536
#define XATTR_NAME_MAX 255

static gboolean
is_user (const char *name)
{
  return g_str_has_prefix (name, "user.");
}

/* xattr_permission, and which names exist at all: no ACLs, no other namespaces. */
static int
may_use (const SentryPath *path, const SentryCred *cred, const char *name, guint32 mask)
{
  SentryInode *inode = path->dentry->inode;
  gboolean write = mask == SENTRY_MAY_WRITE;

  if (g_str_has_prefix (name, "trusted."))
    {
      if (!sentry_cred_capable (cred, CAP_SYS_ADMIN))
        return write ? -EPERM : -ENODATA;
      return 0;
    }
  /* security.* is decided by security modules: setting needs CAP_SYS_ADMIN (cap_inode_setxattr). */
  if (g_str_has_prefix (name, "security."))
    {
      if (!write)
        return 0;
      if (strcmp (name, "security.capability") == 0)
        return sentry_fs_capable_for (inode, cred, CAP_SETFCAP) ? 0 : -EPERM;
      return sentry_cred_capable (cred, CAP_SYS_ADMIN) ? 0 : -EPERM;
    }
  if (!is_user (name))
    return -EOPNOTSUPP;
  if (!S_ISREG (inode->type) && !S_ISDIR (inode->type))
    return write ? -EPERM : -ENODATA;
  if (write && S_ISDIR (inode->type) && (__atomic_load_n (&inode->mode, __ATOMIC_RELAXED) & S_ISVTX)
      && !sentry_fs_is_owner (inode, cred))
    return -EPERM;
  return sentry_fs_inode_permission (inode, cred, mask);
}

static int
check_name (const char *name)
{
  gsize len = strlen (name);
  const char *dot = strchr (name, '.');

  if (len == 0 || len > XATTR_NAME_MAX)
    return -ERANGE;
  /* "user." alone names nothing. */
  if (dot != NULL && dot[1] == '\0'
      && (is_user (name) || g_str_has_prefix (name, "trusted.")
          || g_str_has_prefix (name, "security.")))
    return -EINVAL;
  return 0;
}

gssize
sentry_fs_getxattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                    const char *name, gpointer value, gsize size)
{
  SentryInode *inode = path->dentry->inode;
  int r = check_name (name);

  if (r == 0)
    r = may_use (path, cred, name, SENTRY_MAY_READ);
  if (r < 0)
    return r;
  if (inode->ops->getxattr == NULL)
    return -EOPNOTSUPP;
  return inode->ops->getxattr (inode, name, value, size);
}

int
sentry_fs_setxattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                    const char *name, gconstpointer value, gsize size, int flags)
{
  SentryInode *inode = path->dentry->inode;
  int r;

  if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
    return -EINVAL;
  r = check_name (name);
  if (r < 0)
    return r;
  if (size > XATTR_SIZE_MAX)
    return -E2BIG;
  if (sentry_fs_mount_is_read_only (path->mount))
    return -EROFS;
  r = may_use (path, cred, name, SENTRY_MAY_WRITE);
  if (r < 0)
    return r;
  if (inode->ops->setxattr == NULL)
    return -EOPNOTSUPP;
  return inode->ops->setxattr (inode, name, value, size, flags);
}

/* Those who may not read trusted.* don't see that it is there. */
static gssize
without_trusted (char *list, gsize len)
{
  gsize kept = 0;

  for (gsize at = 0; at < len;)
    {
      gsize n = strlen (list + at) + 1;

      if (!g_str_has_prefix (list + at, "trusted."))
        {
          memmove (list + kept, list + at, n);
          kept += n;
        }
      at += n;
    }
  return kept;
}

gssize
sentry_fs_listxattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred, char *list,
                     gsize size)
{
  SentryInode *inode = path->dentry->inode;
  g_autofree char *all = NULL;
  gssize len;

  if (inode->ops->listxattr == NULL)
    return 0;
  if (sentry_cred_capable (cred, CAP_SYS_ADMIN))
    return inode->ops->listxattr (inode, list, size);
  all = g_try_malloc (XATTR_SIZE_MAX);
  if (all == NULL)
    return -ENOMEM;
  len = inode->ops->listxattr (inode, all, XATTR_SIZE_MAX);
  if (len < 0)
    return len == -ERANGE ? -E2BIG : len;
  len = without_trusted (all, len);
  if (size == 0)
    return len;
  if ((gsize) len > size)
    return -ERANGE;
  memcpy (list, all, len);
  return len;
}

int
sentry_fs_removexattr (SentryMountNamespace *ns, const SentryPath *path, SentryCred *cred,
                       const char *name)
{
  SentryInode *inode = path->dentry->inode;
  int r = check_name (name);

  if (r < 0)
    return r;
  if (sentry_fs_mount_is_read_only (path->mount))
    return -EROFS;
  r = may_use (path, cred, name, SENTRY_MAY_WRITE);
  if (r < 0)
    return r;
  if (inode->ops->removexattr == NULL)
    return -EOPNOTSUPP;
  return inode->ops->removexattr (inode, name);
}
