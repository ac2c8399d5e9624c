/* Tasks and thread groups: making, references, what others may read of them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

#include <fcntl.h>
#include <string.h>

SentryTask *
sentry_task_new (SentryKernel *k)
{
  SentryTaskPrivate *priv = g_try_new0 (SentryTaskPrivate, 1);
  SentryTask *task = &priv->task;

  if (priv == NULL)
    return NULL;
  sentry_ref_init (&task->ref);
  task->priv = priv;
  task->kernel = k;
  task->run_state = SENTRY_RUN_NEW;
  sentry_mutex_init (&task->lock, SENTRY_LOCK_TASK);
  sentry_list_init (&priv->children);
  sentry_pending_init (&priv->pending);
  priv->exit_signal = -1;
  priv->timer_slack = 50000;
  priv->dumpable = 1;
  priv->start_time = sentry_clock_now (k->timekeeper, CLOCK_BOOTTIME);
  g_mutex_init (&priv->start_lock);
  g_cond_init (&priv->start_cond);
  return task;
}

static void
task_free (SentryTask *task)
{
  SentryTaskPrivate *priv = task->priv;

  if (task->context != NULL)
    task->context->ops->free (task->context);
  sentry_mm_unref (task->mm);
  if (task->fds != NULL)
    sentry_fd_table_unref (task->fds);
  if (task->fs != NULL)
    sentry_fs_state_unref (task->fs);
  g_clear_object (&task->mount_ns);
  if (task->cred != NULL)
    sentry_cred_unref (task->cred);
  if (task->group != NULL)
    sentry_thread_group_unref (task->group);
  sentry_pending_flush (&priv->pending);
  g_free (priv->affinity);
  g_free (priv->saved_context);
  g_mutex_clear (&priv->start_lock);
  g_cond_clear (&priv->start_cond);
  g_free (priv);
}

SentryTask *
sentry_task_ref (SentryTask *task)
{
  sentry_ref_get (&task->ref);
  return task;
}

void
sentry_task_unref (SentryTask *task)
{
  if (task != NULL && sentry_ref_put (&task->ref))
    task_free (task);
}

SentryThreadGroup *
sentry_thread_group_new (SentryKernel *k, SentrySignalHandlers *handlers)
{
  SentryThreadGroup *group = g_try_new0 (SentryThreadGroup, 1);

  if (group == NULL)
    return NULL;
  sentry_ref_init (&group->ref);
  group->kernel = k;
  group->handlers = sentry_signal_handlers_ref (handlers);
  sentry_list_init (&group->tasks);
  sentry_pending_init (&group->pending);
  sentry_wait_queue_init (&group->wait_child);
  sentry_wait_queue_init (&group->wait_exit);
  sentry_limits_init (&group->limits);
  group->start_time = sentry_clock_now (k->timekeeper, CLOCK_BOOTTIME);
  return group;
}

SentryThreadGroup *
sentry_thread_group_ref (SentryThreadGroup *group)
{
  sentry_ref_get (&group->ref);
  return group;
}

void
sentry_thread_group_unref (SentryThreadGroup *group)
{
  if (group == NULL || !sentry_ref_put (&group->ref))
    return;
  sentry_group_timers_free (group);
  sentry_pending_flush (&group->pending);
  sentry_signal_handlers_unref (group->handlers);
  sentry_wait_queue_clear (&group->wait_child);
  sentry_wait_queue_clear (&group->wait_exit);
  g_free (group);
}

/* The bits are stored before the state is read, and the run loop stores its state before it reads
 * the bits: one of the two sees the other.  interrupt () on a context that just left run is
 * remembered and costs one empty turn. */
void
sentry_task_kick (SentryTask *task, guint32 bits)
{
  sentry_sleeper_interrupt (&task->sleeper, bits);
  if (__atomic_load_n (&task->run_state, __ATOMIC_SEQ_CST) != SENTRY_RUN_APP)
    return;
  sentry_mutex_lock (&task->lock); /* the context goes under it */
  if (task->context != NULL)
    task->context->ops->interrupt (task->context);
  sentry_mutex_unlock (&task->lock);
}

SentryLimits *
sentry_task_limits (SentryTask *task)
{
  return &task->group->limits;
}

SentryMM *
sentry_task_get_mm (SentryTask *task)
{
  SentryMM *mm;

  sentry_mutex_lock (&task->lock);
  mm = task->mm != NULL ? sentry_mm_ref (task->mm) : NULL;
  sentry_mutex_unlock (&task->lock);
  return mm;
}

SentryFdTable *
sentry_task_get_fds (SentryTask *task)
{
  SentryFdTable *fds;

  sentry_mutex_lock (&task->lock);
  fds = task->fds != NULL ? sentry_fd_table_ref (task->fds) : NULL;
  sentry_mutex_unlock (&task->lock);
  return fds;
}

SentryFsState *
sentry_task_get_fs (SentryTask *task)
{
  SentryFsState *fs;

  sentry_mutex_lock (&task->lock);
  fs = task->fs != NULL ? sentry_fs_state_ref (task->fs) : NULL;
  sentry_mutex_unlock (&task->lock);
  return fs;
}

SentryCred *
sentry_task_get_cred (SentryTask *task)
{
  SentryCred *cred;

  sentry_mutex_lock (&task->lock);
  cred = sentry_cred_ref (task->cred);
  sentry_mutex_unlock (&task->lock);
  return cred;
}

gboolean
sentry_task_capable (SentryTask *task, int cap)
{
  return sentry_cred_capable (task->cred, cap);
}

void
sentry_task_set_fds (SentryTask *task, SentryFdTable *fds)
{
  SentryFdTable *old;

  sentry_mutex_lock (&task->lock);
  old = task->fds;
  task->fds = fds;
  sentry_mutex_unlock (&task->lock);
  if (old != NULL)
    sentry_fd_table_unref (old);
}

void
sentry_task_set_fs (SentryTask *task, SentryFsState *fs)
{
  SentryFsState *old;

  sentry_mutex_lock (&task->lock);
  old = task->fs;
  task->fs = fs;
  sentry_mutex_unlock (&task->lock);
  if (old != NULL)
    sentry_fs_state_unref (old);
}

void
sentry_task_get_comm (SentryTask *task, char ret_comm[16])
{
  sentry_mutex_lock (&task->lock);
  memcpy (ret_comm, task->priv->comm, 16);
  sentry_mutex_unlock (&task->lock);
}

void
sentry_task_set_comm (SentryTask *task, const char *comm)
{
  sentry_mutex_lock (&task->lock);
  memset (task->priv->comm, 0, 16);
  g_strlcpy (task->priv->comm, comm, 16);
  sentry_mutex_unlock (&task->lock);
}

/* Does `now` leave the task with ids or capabilities that `old` had not? */
static gboolean
ids_changed (const SentryCred *old, const SentryCred *now)
{
  return old->euid != now->euid || old->egid != now->egid || old->fsuid != now->fsuid
         || old->fsgid != now->fsgid || (now->cap_permitted & ~old->cap_permitted) != 0;
}

void
sentry_task_set_cred (SentryTask *task, SentryCred *cred)
{
  SentryTaskPrivate *priv = task->priv;
  SentryCred *old = task->cred;

  if (ids_changed (old, cred))
    {
      __atomic_store_n (&priv->dumpable, 0, __ATOMIC_RELAXED);
      priv->pdeath_signal = 0;
    }
  if (old->ruid != cred->ruid)
    {
      SentryUserCount *user = sentry_kernel_user_count (task->kernel, cred->ruid);
      __atomic_fetch_add (&user->n_processes, 1, __ATOMIC_RELAXED);
      __atomic_fetch_sub (&priv->user->n_processes, 1, __ATOMIC_RELAXED);
      sentry_rwlock_write_lock (&task->kernel->task_set);
      priv->user = user;
      sentry_rwlock_write_unlock (&task->kernel->task_set);
    }
  sentry_mutex_lock (&task->lock);
  task->cred = cred;
  sentry_mutex_unlock (&task->lock);
  sentry_cred_unref (old);
}

void
sentry_task_walk_init (SentryTask *task, int dirfd, SentryWalk *ret_walk)
{
  *ret_walk = (SentryWalk){ .cred = task->cred, .umask = task->fs->umask };
  if (dirfd == AT_FDCWD)
    {
      sentry_fs_state_get (task->fs, &ret_walk->root, &ret_walk->start);
      return;
    }
  sentry_fs_state_get (task->fs, &ret_walk->root, NULL);
  g_autoptr (SentryFile) f = sentry_fd_table_get (task->fds, dirfd);
  if (f == NULL)
    ret_walk->start_error = -EBADF;
  else if (sentry_path_is_empty (&f->path))
    ret_walk->start_error = -ENOTDIR;
  else
    {
      ret_walk->start = f->path;
      sentry_path_ref (&ret_walk->start);
    }
}

void
sentry_task_walk_clear (SentryWalk *walk)
{
  if (!sentry_path_is_empty (&walk->root))
    sentry_path_unref (&walk->root);
  if (!sentry_path_is_empty (&walk->start))
    sentry_path_unref (&walk->start);
}

static SentryTask *
find_in (SentryKernel *k, SentryPidNamespace *ns, gint32 tid)
{
  SentryTask *task = NULL;

  sentry_rwlock_read_lock (&k->task_set);
  SentryPid *pid = sentry_pid_lookup (ns, tid);
  if (pid != NULL && pid->task != NULL)
    task = sentry_task_ref (pid->task);
  sentry_rwlock_read_unlock (&k->task_set);
  return task;
}

SentryTask *
sentry_kernel_find_task (SentryKernel *k, gint32 tid)
{
  return find_in (k, k->pid_ns, tid);
}

SentryTask *
sentry_task_find (SentryTask *viewer, gint32 tid)
{
  return find_in (viewer->kernel, viewer->priv->pid_ns, tid);
}
