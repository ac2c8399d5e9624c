/* Starting, pausing and ending all tasks together. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

/* Counted are the threads that have been let go (n_threads) and those of them that wait in
 * sentry_kernel_park (n_parked). Pausing interrupts every task; each one unwinds to its run loop,
 * with SENTRY_EPAUSE from whatever it slept in, and parks. */

void
sentry_kernel_thread_begin (SentryKernel *k, SentryTask *task)
{
  sentry_mutex_lock (&k->run_lock);
  k->n_threads++;
  if (k->pause_depth > 0)
    sentry_sleeper_interrupt (&task->sleeper, SENTRY_INTERRUPT_PAUSE);
  sentry_mutex_unlock (&k->run_lock);
}

void
sentry_kernel_thread_end (SentryKernel *k)
{
  sentry_mutex_lock (&k->run_lock);
  k->n_threads--;
  g_cond_broadcast (&k->run_cond);
  sentry_mutex_unlock (&k->run_lock);
}

void
sentry_kernel_park (SentryKernel *k, SentryTask *task)
{
  sentry_mutex_lock (&k->run_lock);
  if (k->pause_depth > 0)
    {
      __atomic_store_n (&task->run_state, SENTRY_RUN_PAUSED, __ATOMIC_SEQ_CST);
      k->n_parked++;
      g_cond_broadcast (&k->run_cond);
      while (k->pause_depth > 0)
        g_cond_wait (&k->run_cond, &k->run_lock.mutex);
      k->n_parked--;
      __atomic_store_n (&task->run_state, SENTRY_RUN_SYSCALL, __ATOMIC_SEQ_CST);
    }
  sentry_sleeper_clear (&task->sleeper, SENTRY_INTERRUPT_PAUSE);
  sentry_mutex_unlock (&k->run_lock);
}

static void
foreach_task_locked (SentryKernel *k, void (*func) (SentryTask *task, gpointer data), gpointer data)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, k->pid_ns->pids);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SentryPid *pid = value;
      if (pid->task != NULL)
        func (pid->task, data);
    }
}

static void
pause_one (SentryTask *task, gpointer data)
{
  sentry_task_kick (task, SENTRY_INTERRUPT_PAUSE);
}

static void
stop_tasks (SentryKernel *k)
{
  gboolean first;

  sentry_mutex_lock (&k->run_lock);
  first = k->pause_depth++ == 0;
  sentry_mutex_unlock (&k->run_lock);
  if (first)
    {
      /* A task that enters the tree after this has seen pause_depth in thread_begin. */
      sentry_rwlock_read_lock (&k->task_set);
      foreach_task_locked (k, pause_one, NULL);
      sentry_rwlock_read_unlock (&k->task_set);
    }
  sentry_mutex_lock (&k->run_lock);
  while (k->n_parked < k->n_threads)
    g_cond_wait (&k->run_cond, &k->run_lock.mutex);
  sentry_mutex_unlock (&k->run_lock);
}

static void
resume_tasks (SentryKernel *k)
{
  sentry_mutex_lock (&k->run_lock);
  if (--k->pause_depth == 0)
    g_cond_broadcast (&k->run_cond);
  sentry_mutex_unlock (&k->run_lock);
}

void
sentry_kernel_pause (SentryKernel *k)
{
  stop_tasks (k);
  sentry_mutex_lock (&k->run_lock);
  k->n_pauses++;
  sentry_mutex_unlock (&k->run_lock);
  sentry_timer_wheel_pause (k->timers);
  sentry_timekeeper_pause (k->timekeeper);
}

void
sentry_kernel_unpause (SentryKernel *k)
{
  guint left;

  sentry_mutex_lock (&k->run_lock);
  if (k->n_pauses == 0)
    g_error ("sentry_kernel_unpause without sentry_kernel_pause");
  left = --k->n_pauses;
  sentry_mutex_unlock (&k->run_lock);
  if (left == 0)
    sentry_timekeeper_resume (k->timekeeper);
  sentry_timer_wheel_resume (k->timers);
  resume_tasks (k);
}

/* --- the debug mode that throws blocked stacks away --- */

static gpointer
stack_check_thread (gpointer data)
{
  SentryKernel *k = data;

  sentry_mutex_lock (&k->run_lock);
  while (!k->stack_check_stop)
    {
      gint64 until = g_get_monotonic_time () + (gint64) k->stack_check_ms * 1000;
      if (g_cond_wait_until (&k->stack_check_cond, &k->run_lock.mutex, until))
        continue;
      sentry_mutex_unlock (&k->run_lock);
      stop_tasks (k);
      resume_tasks (k);
      sentry_mutex_lock (&k->run_lock);
    }
  sentry_mutex_unlock (&k->run_lock);
  return NULL;
}

void
sentry_kernel_start_stack_check (SentryKernel *k)
{
  if (k->stack_check_ms > 0)
    k->stack_check = g_thread_new ("stack-check", stack_check_thread, k);
}

void
sentry_kernel_stop_stack_check (SentryKernel *k)
{
  GThread *thread;

  sentry_mutex_lock (&k->run_lock);
  thread = g_steal_pointer (&k->stack_check);
  k->stack_check_stop = TRUE;
  g_cond_signal (&k->stack_check_cond);
  sentry_mutex_unlock (&k->run_lock);
  if (thread != NULL)
    g_thread_join (thread);
}

/* --- the end --- */

static void
kill_one (SentryTask *task, gpointer data)
{
  int *wait_status = data;
  SentryThreadGroup *group = task->group;

  if (group->leader != task)
    return;
  sentry_mutex_lock (&group->handlers->lock);
  sentry_thread_group_begin_exit_sighand (group, *wait_status);
  sentry_mutex_unlock (&group->handlers->lock);
}

void
sentry_kernel_kill (SentryKernel *k, int wait_status)
{
  sentry_rwlock_read_lock (&k->task_set);
  sentry_mutex_lock (&k->run_lock);
  k->killed = TRUE;
  sentry_mutex_unlock (&k->run_lock);
  foreach_task_locked (k, kill_one, &wait_status);
  sentry_rwlock_read_unlock (&k->task_set);
}

void
sentry_kernel_init_gone (SentryKernel *k, int wait_status)
{
  sentry_mutex_lock (&k->run_lock);
  k->init_exited = TRUE;
  k->init_status = wait_status;
  sentry_mutex_unlock (&k->run_lock);
  sentry_kernel_kill (k, SIGKILL);
}

int
sentry_kernel_wait_exited (SentryKernel *k)
{
  int status;

  sentry_mutex_lock (&k->run_lock);
  while (k->n_threads > 0 || (k->state == SENTRY_KERNEL_STARTED && !k->init_exited))
    g_cond_wait (&k->run_cond, &k->run_lock.mutex);
  status = k->init_status;
  sentry_mutex_unlock (&k->run_lock);
  return status;
}
