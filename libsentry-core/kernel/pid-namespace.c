/* Numbers of tasks, process groups and sessions. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

/* Linux's defaults: numbers wrap at pid_max, and 1 … 299 are not given out again after that. */
#define PID_MAX 32768
#define RESERVED_PIDS 300

SentryPidNamespace *
sentry_pid_namespace_new (void)
{
  SentryPidNamespace *ns = g_new0 (SentryPidNamespace, 1);

  sentry_ref_init (&ns->ref);
  ns->pids = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return ns;
}

void
sentry_pid_namespace_free (SentryPidNamespace *ns)
{
  sentry_thread_group_unref (ns->init);
  g_hash_table_unref (ns->pids);
  g_free (ns);
}

SentryPid *
sentry_pid_lookup (SentryPidNamespace *ns, gint32 nr)
{
  return g_hash_table_lookup (ns->pids, GINT_TO_POINTER (nr));
}

SentryPid *
sentry_pid_alloc (SentryKernel *k, SentryPidNamespace *ns)
{
  if (ns->n_pids >= MIN (k->max_tasks, PID_MAX - RESERVED_PIDS))
    return NULL;
  do
    if (++ns->last_pid >= PID_MAX)
      ns->last_pid = RESERVED_PIDS;
  while (sentry_pid_lookup (ns, ns->last_pid) != NULL);

  SentryPid *pid = g_new0 (SentryPid, 1);
  pid->nr = ns->last_pid;
  g_hash_table_insert (ns->pids, GINT_TO_POINTER (pid->nr), pid);
  ns->n_pids++;
  return pid;
}

void
sentry_pid_put (SentryPidNamespace *ns, SentryPid *pid)
{
  if (pid->task != NULL || pid->pgrp != NULL || pid->session != NULL)
    return;
  g_hash_table_remove (ns->pids, GINT_TO_POINTER (pid->nr));
  ns->n_pids--;
}
