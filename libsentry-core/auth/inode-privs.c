/* What a write does to set-id bits: it needs credentials, so it can't stand beside the inode.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>

#include "auth/sentry-cred.h"
#include "iface/sentry-inode.h"

int
sentry_inode_remove_privs (SentryInode *inode, SentryCred *cred)
{
  guint32 mode = __atomic_load_n (&inode->mode, __ATOMIC_RELAXED);
  SentrySetAttr set = { .valid = SENTRY_SET_MODE, .mode = mode & 07777 };

  if (!S_ISREG (mode) || !(mode & (S_ISUID | S_ISGID)))
    return 0;
  set.mode &= ~S_ISUID;
  if ((mode & S_IXGRP)
      || !sentry_cred_in_group (cred, __atomic_load_n (&inode->gid, __ATOMIC_RELAXED)))
    set.mode &= ~S_ISGID;
  if (set.mode == (mode & 07777) || sentry_cred_capable_in (cred, cred->user_ns, CAP_FSETID)
      || inode->ops->setattr == NULL)
    return 0;
  return inode->ops->setattr (inode, cred, &set);
}
