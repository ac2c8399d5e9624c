/* The sentry thread behind each task. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/thread-signals.h"
#include "kernel/task-private.h"

#include <stdio.h>

/* Handlers keep little on the stack (bounded buffers are on the heap), so that thousands of blocked
 * tasks cost address space and two or three touched pages each.  Sanitizers' frames are several
 * times as big. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define STACK_SIZE (1024 * 1024)
#else
#  define STACK_SIZE (128 * 1024)
#endif

static __thread SentryTask *current;

SentryTask *
sentry_task_current (void)
{
  return current;
}

static void
name_thread (SentryTask *task)
{
  char name[16];

  g_snprintf (name, sizeof name, "task/%d", task->tid);
  pthread_setname_np (pthread_self (), name);
}

static gpointer
task_thread (gpointer data)
{
  SentryTask *task = data;
  SentryTaskPrivate *priv = task->priv;
  SentryKernel *k = task->kernel;
  gboolean run;

  g_mutex_lock (&priv->start_lock);
  while (priv->start == SENTRY_START_WAIT)
    g_cond_wait (&priv->start_cond, &priv->start_lock);
  run = priv->start == SENTRY_START_RUN;
  g_mutex_unlock (&priv->start_lock);
  if (run)
    {
      name_thread (task);
      current = task;
      sentry_task_run (task);
      current = NULL;
      /* From here on wait_exited may return: nothing of the kernel's is touched but by the task's
       * last reference, which is dropped before. */
      sentry_task_unref (task);
      sentry_kernel_thread_end (k);
    }
  else
    sentry_task_unref (task);
  return NULL;
}

int
sentry_task_make_thread (SentryTask *task)
{
  SentryTaskPrivate *priv = task->priv;
  pthread_attr_t attr;
  sigset_t all, old;
  int r;

  sentry_task_ref (task);
  sentry_thread_signals (&all);
  pthread_attr_init (&attr);
  pthread_attr_setstacksize (&attr, STACK_SIZE);
  pthread_attr_setdetachstate (&attr, PTHREAD_CREATE_DETACHED);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  r = pthread_create (&priv->thread, &attr, task_thread, task);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  pthread_attr_destroy (&attr);
  if (r != 0)
    {
      sentry_task_unref (task);
      return -EAGAIN;
    }
  pthread_getcpuclockid (priv->thread, &priv->thread_clock);
  priv->has_thread = TRUE;
  return 0;
}

static void
set_start (SentryTask *task, SentryTaskStart start)
{
  SentryTaskPrivate *priv = task->priv;

  g_mutex_lock (&priv->start_lock);
  priv->start = start;
  g_cond_signal (&priv->start_cond);
  g_mutex_unlock (&priv->start_lock);
}

void
sentry_task_start_thread (SentryTask *task)
{
  sentry_kernel_thread_begin (task->kernel, task);
  set_start (task, SENTRY_START_RUN);
}

void
sentry_task_abandon_thread (SentryTask *task)
{
  set_start (task, SENTRY_START_NEVER);
}
