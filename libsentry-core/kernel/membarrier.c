/* membarrier(2). SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/membarrier.h"

#include <sched.h>
#include "kernel/task-private.h"

/* Going from the guest to its sentry thread and back passes through the host kernel, which is a
 * full barrier and serialises the core.  So it is enough that each task which was in guest code
 * when we looked has been out of it since: `n_turns` counts. */
typedef struct
{
  SentryTask *task;
  guint32 n_turns;
} Seen;

static gboolean
shares_mm (SentryTask *task, SentryTask *other)
{
  gboolean same;

  sentry_mutex_lock (&other->lock);
  same = other->mm == task->mm;
  sentry_mutex_unlock (&other->lock);
  return same;
}

static gboolean
in_guest_since (const Seen *seen)
{
  return __atomic_load_n (&seen->task->run_state, __ATOMIC_SEQ_CST) == SENTRY_RUN_APP
         && __atomic_load_n (&seen->task->priv->n_turns, __ATOMIC_SEQ_CST) == seen->n_turns;
}

static GArray *
find_running (SentryTask *task, gboolean mm_only)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (Seen));
  GHashTableIter iter;
  gpointer value;

  sentry_rwlock_read_lock (&task->kernel->task_set);
  g_hash_table_iter_init (&iter, task->kernel->pid_ns->pids);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SentryTask *other = ((SentryPid *) value)->task;
      if (other == NULL || other == task || (mm_only && !shares_mm (task, other)))
        continue;
      Seen seen = { other, __atomic_load_n (&other->priv->n_turns, __ATOMIC_SEQ_CST) };
      if (!in_guest_since (&seen))
        continue;
      sentry_task_ref (other);
      g_array_append_val (found, seen);
    }
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return found;
}

static void
interrupt (SentryTask *task)
{
  sentry_mutex_lock (&task->lock);
  if (task->context != NULL)
    task->context->ops->interrupt (task->context);
  sentry_mutex_unlock (&task->lock);
}

int
sentry_task_membarrier (SentryTask *task, gboolean mm_only)
{
  g_autoptr (GArray) found = NULL;
  int r = 0;

  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  found = find_running (task, mm_only);
  for (guint i = 0; i < found->len; i++)
    interrupt (g_array_index (found, Seen, i).task);
  for (guint i = 0; i < found->len; i++)
    {
      Seen *seen = &g_array_index (found, Seen, i);
      while (in_guest_since (seen) && !__atomic_load_n (&task->priv->kill, __ATOMIC_RELAXED))
        sched_yield ();
      if (in_guest_since (seen))
        r = -EINTR;
      sentry_task_unref (seen->task);
    }
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  return r;
}

guint32
sentry_task_membarrier_registered (SentryTask *task)
{
  return __atomic_load_n (&task->group->membarrier, __ATOMIC_RELAXED);
}

void
sentry_task_membarrier_register (SentryTask *task, guint32 command)
{
  __atomic_fetch_or (&task->group->membarrier, command, __ATOMIC_RELAXED);
}
