/* What the sandbox as a whole looks like. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/sysinfo.h"

#include <sys/sysinfo.h>
#include "base/sentry-charge.h"
#include "kernel/task-private.h"

/* Memory is the host's, or --max-memory if that is less; free is what is left of it for the guest.
 */
static void
fill_memory (SentryKernel *k, SentrySysinfo *s)
{
  struct sysinfo host;

  if (sysinfo (&host) != 0)
    return;
  s->total_memory = (guint64) host.totalram * host.mem_unit;
  s->free_memory = (guint64) host.freeram * host.mem_unit;
  s->available_memory = s->free_memory + (guint64) host.bufferram * host.mem_unit;
  if (k->max_memory == 0 || k->max_memory >= s->total_memory)
    return;
  s->total_memory = k->max_memory;
  s->available_memory = k->max_memory - MIN (sentry_charge_used (), k->max_memory);
  s->free_memory = MIN (s->free_memory, s->available_memory);
}

static void
count_tasks (SentryKernel *k, SentrySysinfo *s)
{
  GHashTableIter iter;
  gpointer value;

  sentry_rwlock_read_lock (&k->task_set);
  g_hash_table_iter_init (&iter, k->pid_ns->pids);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SentryTask *task = ((SentryPid *) value)->task;
      if (task == NULL)
        continue;
      SentryRunState state = __atomic_load_n (&task->run_state, __ATOMIC_RELAXED);
      s->n_tasks++;
      s->n_running += state == SENTRY_RUN_APP || state == SENTRY_RUN_SYSCALL;
    }
  s->last_pid = k->pid_ns->last_pid;
  sentry_rwlock_read_unlock (&k->task_set);
  s->n_forks = __atomic_load_n (&k->n_forks, __ATOMIC_RELAXED);
}

void
sentry_kernel_sysinfo (SentryKernel *k, SentrySysinfo *ret_info)
{
  *ret_info = (SentrySysinfo){ .uptime_ns = sentry_clock_now (k->timekeeper, CLOCK_BOOTTIME) };
  fill_memory (k, ret_info);
  count_tasks (k, ret_info);
}
