/* What opening a FIFO, socket or device node leads to. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <sys/stat.h>

#include "fs/pipe.h"
#include "iface/sentry-inode.h"

#define MAX_CHAR_DEVICES 64

/* Filled before guests run, read without a lock afterwards. */
static struct
{
  guint32 major, minor;
  SentryDeviceOpen open;
} char_devices[MAX_CHAR_DEVICES];
static guint n_char_devices;

void
sentry_char_device_register (guint32 major, guint32 minor, SentryDeviceOpen open)
{
  for (guint i = 0; i < n_char_devices; i++)
    if (char_devices[i].major == major && char_devices[i].minor == minor)
      {
        char_devices[i].open = open;
        return;
      }
  g_assert (n_char_devices < MAX_CHAR_DEVICES);
  char_devices[n_char_devices].major = major;
  char_devices[n_char_devices].minor = minor;
  char_devices[n_char_devices++].open = open;
}

int
sentry_inode_open_special (SentryInode *inode, const SentryPath *path, SentryCred *cred,
                           guint32 mode, guint32 flags, SentryFile **ret_file)
{
  if (inode->type == S_IFIFO)
    return sentry_fifo_open (inode, path, cred, mode, flags, ret_file);
  if (inode->type != S_IFCHR)
    return -ENXIO;
  for (guint i = 0; i < n_char_devices; i++)
    if (char_devices[i].major == inode->rdev_major && char_devices[i].minor == inode->rdev_minor)
      return char_devices[i].open (inode, path, cred, mode, flags, ret_file);
  return -ENXIO;
}
