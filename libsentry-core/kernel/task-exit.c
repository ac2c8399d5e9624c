/* The end of tasks: exit, zombies, reparenting, reaping. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

#include <sys/wait.h>
#include "ipc/futex.h"

/* Own thread: leaves the run loop when the handler, or signal delivery, returns. */
gint64
sentry_task_exit (SentryTask *task, int wait_status)
{
  task->priv->exit_code = wait_status;
  task->priv->exiting = TRUE;
  return -SENTRY_ENORETURN;
}

gint64
sentry_task_exit_group (SentryTask *task, int wait_status)
{
  SentryThreadGroup *group = task->group;

  sentry_mutex_lock (&group->handlers->lock);
  sentry_thread_group_begin_exit_sighand (group, wait_status);
  wait_status = group->exit_code;
  sentry_mutex_unlock (&group->handlers->lock);
  return sentry_task_exit (task, wait_status);
}

/* Tasks that the caller drops the tree's reference of after the lock. */
typedef struct
{
  GPtrArray *released;
  int init_status;
  gboolean init_gone;
} ExitWork;

static int
group_exit_code (SentryTask *leader)
{
  return leader->group->flags & SENTRY_GROUP_EXIT ? leader->group->exit_code
                                                  : leader->priv->exit_code;
}

static gboolean
is_alone (SentryTask *task)
{
  return task->group->tasks.next == &task->priv->group_link
         && task->group->tasks.prev == &task->priv->group_link;
}

SentryTask *
sentry_task_release_locked (SentryTask *task)
{
  SentryTaskPrivate *priv = task->priv;
  SentryThreadGroup *group = task->group;
  SentryKernel *k = task->kernel;
  SentryUsage usage;

  __atomic_store_n (&priv->exit_state, SENTRY_EXIT_DEAD, __ATOMIC_RELAXED);
  __atomic_store_n (&task->run_state, SENTRY_RUN_DEAD, __ATOMIC_RELAXED);
  sentry_task_usage (task, &usage);
  sentry_mutex_lock (&group->handlers->lock);
  sentry_usage_add (&group->dead, &usage);
  sentry_list_remove (&priv->group_link);
  sentry_pending_flush (&priv->pending);
  if (group->leader == task)
    sentry_pending_flush (&group->pending);
  sentry_mutex_unlock (&group->handlers->lock);
  sentry_list_remove (&priv->sibling);
  priv->parent = NULL;
  if (group->leader == task)
    {
      sentry_thread_group_leave_pgrp (group);
      group->leader = NULL;
      sentry_wait_queue_wake (&group->wait_exit, POLLIN | POLLRDNORM | POLLHUP, 0);
    }

  SentryPid *pid = sentry_pid_lookup (priv->pid_ns, task->tid);
  pid->task = NULL;
  sentry_pid_put (priv->pid_ns, pid);
  __atomic_fetch_sub (&priv->user->n_processes, 1, __ATOMIC_RELAXED);
  __atomic_fetch_sub (&k->n_tasks, 1, __ATOMIC_RELAXED);
  return task;
}

static void
fill_sigchld (SentryTask *leader, int sig, int code, siginfo_t *ret_info)
{
  gint64 user_ns, system_ns;

  sentry_thread_group_cpu_times_locked (leader->group, &user_ns, &system_ns);
  sentry_task_fill_siginfo (leader, sig, 0, ret_info);
  ret_info->si_utime = user_ns / (SENTRY_NSEC_PER_SEC / 100);
  ret_info->si_stime = system_ns / (SENTRY_NSEC_PER_SEC / 100);
  if (WIFEXITED (code))
    {
      ret_info->si_code = CLD_EXITED;
      ret_info->si_status = WEXITSTATUS (code);
    }
  else
    {
      ret_info->si_code = WCOREDUMP (code) ? CLD_DUMPED : CLD_KILLED;
      ret_info->si_status = WTERMSIG (code);
    }
}

/* Tells the parent of a dead group.  TRUE: nobody will wait for it. */
static gboolean
notify_parent (SentryTask *leader, int sig)
{
  SentryTask *parent = leader->priv->parent;
  gboolean reap = FALSE;
  siginfo_t info;

  if (parent == NULL)
    return TRUE;
  fill_sigchld (leader, sig, group_exit_code (leader), &info);
  SentrySignalHandlers *h = parent->group->handlers;
  sentry_mutex_lock (&h->lock);
  const SentrySigaction *action = &h->action[SIGCHLD - 1];
  if (sig == SIGCHLD && (action->handler == SENTRY_SIG_IGN || (action->flags & SA_NOCLDWAIT)))
    {
      reap = TRUE;
      if (action->handler == SENTRY_SIG_IGN)
        sig = 0;
    }
  if (sig >= 1 && sig <= SENTRY_NSIG)
    sentry_signal_send_sighand (parent, TRUE, &info);
  sentry_mutex_unlock (&h->lock);
  sentry_wait_queue_wake (&parent->group->wait_child, 0, 0);
  return reap;
}

static SentryTask *
living_thread (SentryThreadGroup *group)
{
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTaskPrivate *priv = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
    if (!priv->dying)
      return &priv->task;
  }
  return NULL;
}

/* Another thread, the nearest ancestor that asked for orphans, or nobody: then the kernel object
 * reaps. */
static SentryTask *
find_reaper (SentryTask *father)
{
  SentryTask *reaper = living_thread (father->group);

  if (reaper != NULL || !father->group->has_subreaper)
    return reaper;
  for (SentryTask *t = father->group->leader->priv->parent; t != NULL;
       t = t->group->leader->priv->parent)
    if (t->group->is_subreaper && (reaper = living_thread (t->group)) != NULL)
      return reaper;
  return NULL;
}

static void
hang_up (SentryProcessGroup *pgrp)
{
  siginfo_t info;

  sentry_siginfo_init (&info, SIGHUP, SI_KERNEL);
  sentry_process_group_send_locked (pgrp, &info);
  sentry_siginfo_init (&info, SIGCONT, SI_KERNEL);
  sentry_process_group_send_locked (pgrp, &info);
}

/* `child` loses its parent (or its group ends, parent NULL): if that orphans its process group, and
 * a member is stopped, nobody would ever continue it. */
static void
check_orphaned_pgrp (SentryTask *child, SentryTask *parent)
{
  SentryThreadGroup *group = child->group, *ignored = NULL;

  if (parent == NULL)
    {
      parent = group->leader->priv->parent;
      ignored = group;
    }
  if (parent == NULL || group->pgrp == NULL || parent->group->pgrp == NULL)
    return;
  if (parent->group->pgrp != group->pgrp && parent->group->pgrp->session == group->pgrp->session
      && sentry_process_group_is_orphaned (group->pgrp, ignored)
      && sentry_process_group_has_stopped (group->pgrp))
    hang_up (group->pgrp);
}

static void
send_pdeath_signals (SentryThreadGroup *group)
{
  siginfo_t info;

  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTaskPrivate *priv = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
    if (priv->pdeath_signal == 0)
      continue;
    sentry_siginfo_init (&info, priv->pdeath_signal, SI_USER);
    sentry_signal_send_locked (&priv->task, TRUE, &info);
  }
}

static void
give_away_child (SentryTask *father, SentryTask *child, SentryTask *reaper, ExitWork *work)
{
  SentryTaskPrivate *priv = child->priv;

  sentry_list_remove (&priv->sibling);
  priv->parent = reaper;
  if (reaper != NULL)
    sentry_list_append (&reaper->priv->children, &priv->sibling);
  else
    priv->orphaned = TRUE;
  send_pdeath_signals (child->group);
  if (reaper != NULL && reaper->group == father->group)
    return;
  priv->exit_signal = SIGCHLD;
  if (priv->exit_state == SENTRY_EXIT_ZOMBIE && is_alone (child) && notify_parent (child, SIGCHLD))
    g_ptr_array_add (work->released, sentry_task_release_locked (child));
  else
    check_orphaned_pgrp (child, father);
}

static void
forget_children (SentryTask *task, ExitWork *work)
{
  SentryTask *reaper;

  if (sentry_list_is_empty (&task->priv->children))
    return;
  reaper = find_reaper (task);
  SENTRY_LIST_FOREACH (link, safe, &task->priv->children)
  give_away_child (task, &SENTRY_CONTAINER (link, SentryTaskPrivate, sibling)->task, reaper, work);
}

static void
group_ended (SentryTask *leader, ExitWork *work)
{
  if (leader->group == leader->priv->pid_ns->init)
    {
      work->init_gone = TRUE;
      work->init_status = group_exit_code (leader);
    }
}

/* The last steps under TASK_SET: after them the task is a zombie, or gone. */
static void
exit_notify (SentryTask *task, gboolean last, ExitWork *work)
{
  SentryThreadGroup *group = task->group;
  SentryTaskPrivate *priv = task->priv;
  SentryTask *leader = group->leader;

  sentry_rwlock_write_lock (&task->kernel->task_set);
  forget_children (task, work);
  if (last)
    check_orphaned_pgrp (leader, NULL);
  __atomic_store_n (&priv->exit_state, SENTRY_EXIT_ZOMBIE, __ATOMIC_RELAXED);
  __atomic_store_n (&task->run_state, SENTRY_RUN_ZOMBIE, __ATOMIC_RELAXED);
  if (task != leader)
    g_ptr_array_add (work->released, sentry_task_release_locked (task));
  if (leader->priv->exit_state == SENTRY_EXIT_ZOMBIE && is_alone (leader))
    {
      group_ended (leader, work);
      sentry_wait_queue_wake (&group->wait_exit, POLLIN | POLLRDNORM | POLLHUP, 0);
      if (notify_parent (leader, leader->priv->exit_signal))
        g_ptr_array_add (work->released, sentry_task_release_locked (leader));
    }
  if (group->exec_task != NULL)
    sentry_sleeper_wake (&group->exec_task->sleeper);
  sentry_rwlock_write_unlock (&task->kernel->task_set);
}

/* No new signals; what the group has pending goes to others; a group stop does not wait for this
 * task. */
static gboolean
stop_taking_signals (SentryTask *task)
{
  SentryThreadGroup *group = task->group;
  SentryTaskPrivate *priv = task->priv;
  gboolean last, stopped;

  sentry_mutex_lock (&group->handlers->lock);
  priv->dying = TRUE;
  last = --group->n_live == 0;
  if (last && !(group->flags & SENTRY_GROUP_EXIT))
    {
      group->flags = SENTRY_GROUP_EXIT;
      group->exit_code = priv->exit_code;
    }
  stopped = sentry_task_join_stop_sighand (task);
  sentry_task_retarget_sighand (task, ~priv->blocked);
  sentry_mutex_unlock (&group->handlers->lock);
  if (stopped)
    {
      sentry_rwlock_read_lock (&task->kernel->task_set);
      sentry_thread_group_notify_stop_locked (group, CLD_STOPPED);
      sentry_rwlock_read_unlock (&task->kernel->task_set);
    }
  return last;
}

void
sentry_task_vfork_done (SentryTask *task)
{
  SentryTask *parent;

  sentry_mutex_lock (&task->lock);
  parent = g_steal_pointer (&task->priv->vfork_parent);
  sentry_mutex_unlock (&task->lock);
  if (parent == NULL)
    return;
  sentry_sleeper_wake (&parent->sleeper);
  sentry_task_unref (parent);
}

void
sentry_task_leave_mm (SentryTask *task)
{
  SentryTaskPrivate *priv = task->priv;
  SentryUserMem *um = sentry_task_usermem (task);
  gint32 zero = 0;

  if (priv->robust_list != 0)
    sentry_futex_release_robust_list (task->mm, task->context, task->tid, priv->robust_list);
  priv->robust_list = 0;
  if (priv->clear_child_tid != 0 && sentry_copy_out_object (um, priv->clear_child_tid, &zero) == 0)
    sentry_futex_wake (task->mm, priv->clear_child_tid, TRUE, 1, G_MAXUINT32);
  priv->clear_child_tid = 0;
}

/* Files may take the host a while to close: no lock is held, and each pointer is taken out before
 * it is dropped. */
static void
drop_resources (SentryTask *task)
{
  SentryContext *ctx;
  SentryMM *mm;
  SentryFdTable *fds;
  SentryFsState *fs;

  sentry_task_clear_call (task);
  sentry_mm_enter (NULL, NULL);
  sentry_mutex_lock (&task->lock);
  ctx = g_steal_pointer (&task->context);
  mm = g_steal_pointer (&task->mm);
  fds = g_steal_pointer (&task->fds);
  fs = g_steal_pointer (&task->fs);
  sentry_mutex_unlock (&task->lock);
  ctx->ops->free (ctx);
  sentry_mm_unref (mm);
  sentry_task_vfork_done (task);
  sentry_fd_table_unref (fds);
  sentry_fs_state_unref (fs);
}

void
sentry_task_do_exit (SentryTask *task)
{
  SentryKernel *k = task->kernel;
  ExitWork work
      = { .released = g_ptr_array_new_with_free_func ((GDestroyNotify) sentry_task_unref) };
  gboolean last = stop_taking_signals (task);

  if (last)
    sentry_group_timers_stop (task->group);
  sentry_exec_state_free (g_steal_pointer (&task->priv->exec));
  sentry_task_leave_mm (task);
  sentry_task_finish_usage (task);
  drop_resources (task);
  if (k->syscalls->exited != NULL)
    k->syscalls->exited (task, task->priv->exit_code, last);
  exit_notify (task, last, &work);
  g_ptr_array_unref (work.released);
  if (work.init_gone)
    sentry_kernel_init_gone (k, work.init_status);
}
