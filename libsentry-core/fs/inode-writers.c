/* Who writes an inode and who executes it exclude each other (ETXTBSY).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-inode.h"

#include <errno.h>

/* write_count: above 0 so many writers, below 0 so many executions. */
static int
move_away_from_zero (gint32 *count, gint32 step)
{
  gint32 old = __atomic_load_n (count, __ATOMIC_RELAXED);

  do
    if (step > 0 ? old < 0 : old > 0)
      return -ETXTBSY;
  while (!__atomic_compare_exchange_n (count, &old, old + step, TRUE, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED));
  return 0;
}

int
sentry_inode_get_writer (SentryInode *inode)
{
  return move_away_from_zero (&inode->write_count, 1);
}

int
sentry_inode_deny_writers (SentryInode *inode)
{
  return move_away_from_zero (&inode->write_count, -1);
}

void
sentry_inode_put_writer (SentryInode *inode)
{
  gint32 old = __atomic_fetch_sub (&inode->write_count, 1, __ATOMIC_ACQ_REL);
  g_assert (old > 0);
}

void
sentry_inode_allow_writers (SentryInode *inode)
{
  gint32 old = __atomic_fetch_add (&inode->write_count, 1, __ATOMIC_ACQ_REL);
  g_assert (old < 0);
}
