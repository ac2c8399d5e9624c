/* How many processes and queued signals each real user has.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

/* Only CAP_SETUID makes new users, and an entry is small: they stay until the kernel goes. */
SentryUserCount *
sentry_kernel_user_count (SentryKernel *k, SentryKuid uid)
{
  SentryUserCount *user;

  sentry_mutex_lock (&k->users_lock);
  user = g_hash_table_lookup (k->users, GUINT_TO_POINTER (uid));
  if (user == NULL)
    {
      user = g_new0 (SentryUserCount, 1);
      user->uid = uid;
      g_hash_table_insert (k->users, GUINT_TO_POINTER (uid), user);
    }
  sentry_mutex_unlock (&k->users_lock);
  return user;
}
