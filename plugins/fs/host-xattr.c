/* Extended attributes of host files. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include <errno.h>
#include <sys/xattr.h>

/* Attributes need a real descriptor, which only regular files and directories get: other types say
 * that they have none. A file that we may not read is taken for one without any; ls -l asks for
 * them on every file. */
static int
handle_for_xattr (SentryInode *inode, SentryHostHandle **ret_handle)
{
  if (inode->type != S_IFREG && inode->type != S_IFDIR)
    return -EOPNOTSUPP;
  return sentry_host_handle_get (sentry_host_inode (inode), SENTRY_HOST_WANT_READ, ret_handle);
}

gssize
sentry_host_getxattr (SentryInode *inode, const char *name, gpointer value, gsize size)
{
  SentryHostHandle *h;
  gssize r = handle_for_xattr (inode, &h);

  if (r == -EOPNOTSUPP || r == -EACCES)
    return -ENODATA;
  if (r < 0)
    return r;
  r = fgetxattr (h->fd, name, value, size);
  if (r < 0)
    r = -errno;
  sentry_host_handle_put (sentry_host_inode (inode), h);
  return r;
}

gssize
sentry_host_listxattr (SentryInode *inode, char *list, gsize size)
{
  SentryHostHandle *h;
  gssize r = handle_for_xattr (inode, &h);

  if (r == -EOPNOTSUPP || r == -EACCES)
    return 0;
  if (r < 0)
    return r;
  r = flistxattr (h->fd, list, size);
  if (r < 0)
    r = -errno;
  sentry_host_handle_put (sentry_host_inode (inode), h);
  return r;
}

int
sentry_host_setxattr (SentryInode *inode, const char *name, gconstpointer value, gsize size,
                      int flags)
{
  SentryHostHandle *h;
  int r = handle_for_xattr (inode, &h);

  if (r < 0)
    return r;
  if (fsetxattr (h->fd, name, value, size, flags) < 0)
    r = -errno;
  sentry_host_handle_put (sentry_host_inode (inode), h);
  return r;
}

int
sentry_host_removexattr (SentryInode *inode, const char *name)
{
  SentryHostHandle *h;
  int r = handle_for_xattr (inode, &h);

  if (r < 0)
    return r;
  if (fremovexattr (h->fd, name) < 0)
    r = -errno;
  sentry_host_handle_put (sentry_host_inode (inode), h);
  return r;
}
