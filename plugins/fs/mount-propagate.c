/* Peer groups and slaves: which mounts see the mounts and unmounts of others.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount.h"

static void
leave_ring (SentryList *l)
{
  l->next->prev = l->prev;
  l->prev->next = l->next;
  l->next = l->prev = l;
}

/* Its slaves follow a peer if there is one, else they go to the master that it had itself. */
static void
hand_over_slaves (SentryFsMount *m, SentryFsMount *heir)
{
  SENTRY_LIST_FOREACH (link, safe, &m->slaves)
  {
    SentryFsMount *slave = SENTRY_CONTAINER (link, SentryFsMount, slave);

    sentry_list_remove (link);
    slave->master = heir;
    if (heir != NULL)
      sentry_list_append (&heir->slaves, link);
  }
}

void
sentry_fs_mount_set_private_locked (SentryFsMount *m)
{
  SentryFsMount *heir = m->master;

  if (m->peers.next != &m->peers)
    heir = SENTRY_CONTAINER (m->peers.next, SentryFsMount, peers);
  leave_ring (&m->peers);
  hand_over_slaves (m, heir);
  sentry_list_remove (&m->slave);
  m->master = NULL;
  m->group = 0;
  m->state &= ~SENTRY_FS_MOUNT_UNBINDABLE;
}
