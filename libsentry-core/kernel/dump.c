/* Every task's state as text, for the person who pressed Ctrl-\.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-info.h"
#include "kernel/task-private.h"

static const char *const state_names[] = {
  [SENTRY_RUN_NEW] = "new",           [SENTRY_RUN_APP] = "running",
  [SENTRY_RUN_SYSCALL] = "in kernel", [SENTRY_RUN_BLOCKED] = "blocked",
  [SENTRY_RUN_PAUSED] = "paused",     [SENTRY_RUN_STOPPED] = "stopped",
  [SENTRY_RUN_EXITING] = "exiting",   [SENTRY_RUN_ZOMBIE] = "zombie",
  [SENTRY_RUN_DEAD] = "dead",
};

static void
dump_signals (SentryTask *task, GString *out)
{
  SentrySignalInfo s;

  sentry_task_signal_info (task, &s);
  if ((s.pending | s.shared_pending | s.blocked) != 0)
    g_string_append_printf (out,
                            "  pending %" G_GINT64_MODIFIER "x shared %" G_GINT64_MODIFIER
                            "x blocked %" G_GINT64_MODIFIER "x",
                            s.pending, s.shared_pending, s.blocked);
}

/* The numbers are read while the task may run: they tell where it was, not more. */
static void
dump_task (SentryKernel *k, gint32 tid, GString *out)
{
  SentryTask *task = sentry_kernel_find_task (k, tid);
  SentryTaskInfo info;

  if (task == NULL)
    return;
  sentry_task_get_info (task, FALSE, &info);
  g_string_append_printf (out, "%6d %6d %6d %-15s %-9s", info.tid, info.tgid, info.ppid, info.comm,
                          state_names[__atomic_load_n (&task->run_state, __ATOMIC_RELAXED)]);
  if (info.call_nr >= 0)
    g_string_append_printf (
        out,
        "  call %" G_GINT64_FORMAT " (%#" G_GINT64_MODIFIER "x, %#" G_GINT64_MODIFIER
        "x, %#" G_GINT64_MODIFIER "x) at %#" G_GINT64_MODIFIER "x",
        info.call_nr, info.call_args[0], info.call_args[1], info.call_args[2], info.call_pc);
  g_string_append_printf (out, "  interrupt %x",
                          __atomic_load_n (&task->sleeper.interrupt, __ATOMIC_RELAXED));
  dump_signals (task, out);
  g_string_append_c (out, '\n');
  sentry_task_unref (task);
}

char *
sentry_kernel_dump (SentryKernel *k)
{
  GString *out = g_string_new ("   TID   TGID   PPID COMMAND         STATE\n");
  g_autoptr (GArray) processes = sentry_kernel_list_processes (k);

  for (guint i = 0; i < processes->len; i++)
    {
      SentryTask *leader = sentry_kernel_find_task (k, g_array_index (processes, gint32, i));
      if (leader == NULL)
        continue;
      g_autoptr (GArray) threads = sentry_task_list_threads (leader);
      sentry_task_unref (leader);
      for (guint j = 0; j < threads->len; j++)
        dump_task (k, g_array_index (threads, gint32, j), out);
    }
  sentry_mutex_lock (&k->run_lock);
  g_string_append_printf (out, "%u threads, %u parked, pause depth %u\n", k->n_threads, k->n_parked,
                          k->pause_depth);
  sentry_mutex_unlock (&k->run_lock);
  return g_string_free (out, FALSE);
}
