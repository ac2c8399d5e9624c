/* clone, fork, vfork. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/pidfd.h"
#include "kernel/task-private.h"

#include <linux/sched.h>
#include <sched.h>
#include <string.h>

#define NAMESPACES                                                                                 \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID      \
   | CLONE_NEWNET | CLONE_NEWTIME)

/* The combinations that Linux refuses, and what does not exist here yet. */
static int
check_flags (SentryTask *task, const SentryCloneArgs *args)
{
  guint64 f = args->flags;

  if ((f & (CLONE_NEWNS | CLONE_FS)) == (CLONE_NEWNS | CLONE_FS)
      || (f & (CLONE_NEWUSER | CLONE_FS)) == (CLONE_NEWUSER | CLONE_FS)
      || ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND)) || ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
      || ((f & CLONE_THREAD) && (f & (CLONE_NEWUSER | CLONE_NEWPID)))
      || ((f & CLONE_PIDFD) && (f & CLONE_DETACHED))
      || ((f & CLONE_CLEAR_SIGHAND) && (f & CLONE_SIGHAND)))
    return -EINVAL;
  /* Global init has no parent to share. */
  if ((f & CLONE_PARENT) && task->group == task->priv->pid_ns->init)
    return -EINVAL;
  if ((f & CLONE_INTO_CGROUP) || ((f & CLONE_PIDFD) && (f & CLONE_THREAD)))
    return -EINVAL;
  if (f & NAMESPACES)
    return sentry_task_capable (task, CAP_SYS_ADMIN) || (f & NAMESPACES) == CLONE_NEWUSER ? -EINVAL
                                                                                          : -EPERM;
  return 0;
}

static int
copy_shared (SentryTask *task, SentryTask *child, guint64 flags)
{
  if (flags & CLONE_FILES)
    child->fds = sentry_fd_table_ref (task->fds);
  else
    child->fds = sentry_fd_table_copy (task->fds, G_MAXINT);
  if (child->fds == NULL)
    return -ENOMEM;
  child->fs = flags & CLONE_FS ? sentry_fs_state_ref (task->fs) : sentry_fs_state_copy (task->fs);
  child->mount_ns = g_object_ref (task->mount_ns);
  child->cred = sentry_cred_ref (task->cred);
  return 0;
}

static int
copy_group (SentryTask *task, SentryTask *child, guint64 flags)
{
  SentrySignalHandlers *h;

  if (flags & CLONE_THREAD)
    {
      child->group = sentry_thread_group_ref (task->group);
      return 0;
    }
  h = flags & CLONE_SIGHAND ? sentry_signal_handlers_ref (task->group->handlers)
                            : sentry_signal_handlers_copy (task->group->handlers);
  if (h == NULL)
    return -ENOMEM;
  if (flags & CLONE_CLEAR_SIGHAND)
    sentry_signal_handlers_reset (h, FALSE);
  child->group = sentry_thread_group_new (task->kernel, h);
  sentry_signal_handlers_unref (h);
  if (child->group == NULL)
    return -ENOMEM;
  sentry_limits_copy (&child->group->limits, &task->group->limits);
  child->group->membarrier = task->group->membarrier;
  child->group->thp_disabled = task->group->thp_disabled;
  return 0;
}

/* Reset on fork takes away what needs privilege, and itself. */
static void
copy_schedule (const SentryTaskPrivate *p, SentryTaskPrivate *c)
{
  gboolean realtime = p->sched_policy == SCHED_FIFO || p->sched_policy == SCHED_RR;

  c->ioprio = p->ioprio;
  c->nice = p->nice;
  c->sched_policy = p->sched_policy;
  c->sched_priority = p->sched_priority;
  if (!p->sched_reset_on_fork)
    return;
  if (realtime)
    {
      c->sched_policy = SCHED_OTHER;
      c->sched_priority = 0;
    }
  c->nice = realtime ? 0 : MAX (c->nice, 0);
}

static void
copy_private (SentryTask *task, SentryTask *child, const SentryCloneArgs *args)
{
  SentryTaskPrivate *p = task->priv, *c = child->priv;
  guint64 flags = args->flags;

  c->pid_ns = p->pid_ns;
  c->blocked = task->call.has_saved_mask ? task->call.saved_mask : p->blocked;
  /* A new stack, or a vfork child on its parent's: only fork keeps the alternate stack. */
  if (!(flags & CLONE_VM) || (flags & CLONE_VFORK))
    c->altstack = p->altstack;
  sentry_task_get_comm (task, c->comm);
  c->clear_child_tid = flags & CLONE_CHILD_CLEARTID ? args->child_tid : 0;
  c->set_child_tid = flags & CLONE_CHILD_SETTID ? args->child_tid : 0;
  c->personality = p->personality;
  copy_schedule (p, c);
  c->timer_slack = p->timer_slack;
  c->dumpable = p->dumpable;
  sentry_mutex_lock (&task->lock);
  if (p->affinity != NULL)
    {
      c->affinity = g_memdup2 (p->affinity, p->affinity_len);
      c->affinity_len = p->affinity_len;
    }
  sentry_mutex_unlock (&task->lock);
}

static int
copy_context (SentryTask *task, SentryTask *child, const SentryCloneArgs *args)
{
  SentryContext *ctx;
  int err = 0;

  ctx = sentry_platform_new_context (task->kernel->platform, &err);
  if (ctx == NULL)
    return -(err != 0 ? err : EAGAIN);
  child->context = ctx;
  ctx->regs = task->context->regs;
  ctx->regs.rax = 0;
  ctx->regs.orig_rax = ~G_GUINT64_CONSTANT (0);
  if (args->stack != 0)
    ctx->regs.rsp = args->stack + args->stack_size;
  if (args->flags & CLONE_SETTLS)
    ctx->regs.fs_base = args->tls;
  ctx->regs_dirty = TRUE;
  if (!(args->flags & CLONE_VM))
    return sentry_mm_fork (task->mm, task->context, ctx, &child->mm);
  child->mm = sentry_mm_ref (task->mm);
  return ctx->ops->clone_thread (task->context, sentry_mm_address_space (task->mm), ctx);
}

/* Before anything is made: a fork bomb costs its author, not us. */
static int
reserve_process (SentryTask *task)
{
  SentryKernel *k = task->kernel;
  SentryTaskPrivate *priv = task->priv;
  guint64 limit = sentry_limits_get (&task->group->limits, RLIMIT_NPROC);

  if (__atomic_add_fetch (&priv->user->n_processes, 1, __ATOMIC_RELAXED) > limit
      && priv->user->uid != 0 && !sentry_task_capable (task, CAP_SYS_RESOURCE)
      && !sentry_task_capable (task, CAP_SYS_ADMIN))
    goto refuse;
  if (__atomic_add_fetch (&k->n_tasks, 1, __ATOMIC_RELAXED) <= k->max_tasks)
    return 0;
  __atomic_fetch_sub (&k->n_tasks, 1, __ATOMIC_RELAXED);
refuse:
  __atomic_fetch_sub (&priv->user->n_processes, 1, __ATOMIC_RELAXED);
  return -EAGAIN;
}

static void
release_reservation (SentryTask *task, SentryUserCount *user)
{
  __atomic_fetch_sub (&task->kernel->n_tasks, 1, __ATOMIC_RELAXED);
  __atomic_fetch_sub (&user->n_processes, 1, __ATOMIC_RELAXED);
}

static void
link_thread (SentryTask *task, SentryTask *child)
{
  SentryThreadGroup *group = child->group;

  child->priv->exit_signal = -1;
  sentry_list_append (&group->tasks, &child->priv->group_link);
  group->n_live++;
  /* A group stop under way holds the new thread too. */
  child->priv->stop = task->priv->stop & ~SENTRY_STOP_DEQUEUED;
  if (child->priv->stop & SENTRY_STOP_CONSUME)
    group->stop_count++;
}

static void
link_leader (SentryTask *task, SentryTask *child, const SentryCloneArgs *args)
{
  SentryThreadGroup *group = child->group;
  SentryTaskPrivate *c = child->priv;
  SentryTask *parent = task;

  c->exit_signal = (int) args->exit_signal;
  if (args->flags & CLONE_PARENT)
    {
      parent = task->group->leader->priv->parent;
      c->exit_signal = task->group->leader->priv->exit_signal;
    }
  group->tgid = child->tid;
  group->leader = child;
  sentry_list_append (&group->tasks, &c->group_link);
  group->n_live = 1;
  group->has_subreaper = task->group->has_subreaper || task->group->is_subreaper;
  group->oom_score_adj = task->group->oom_score_adj;
  group->oom_score_adj_min = task->group->oom_score_adj_min;
  c->parent = parent;
  if (parent != NULL)
    sentry_list_append (&parent->priv->children, &c->sibling);
  else
    c->orphaned = TRUE;
  sentry_thread_group_join_pgrp (group, task->group->pgrp);
}

/* Puts the child into the tree: from now on it exists.  -ERESTARTNOINTR: a signal came first (a ^C
 * must not miss the child of a fork under way); -EAGAIN: no number left. */
static int
publish (SentryTask *task, SentryTask *child, const SentryCloneArgs *args)
{
  SentryKernel *k = task->kernel;
  SentrySignalHandlers *h = task->group->handlers;
  SentryPid *pid = NULL;
  int r = 0;

  sentry_rwlock_write_lock (&k->task_set);
  sentry_mutex_lock (&h->lock);
  if (task->priv->kill || sentry_task_recalc_pending_sighand (task))
    r = -SENTRY_ERESTARTNOINTR;
  else if ((pid = sentry_pid_alloc (k, task->priv->pid_ns)) == NULL)
    r = -EAGAIN;
  else
    {
      child->tid = pid->nr;
      pid->task = child;
      child->priv->user = task->priv->user;
      if (args->flags & CLONE_THREAD)
        link_thread (task, child);
      else
        link_leader (task, child, args);
      __atomic_fetch_add (&k->n_forks, 1, __ATOMIC_RELAXED);
    }
  sentry_mutex_unlock (&h->lock);
  sentry_rwlock_write_unlock (&k->task_set);
  return r;
}

static int
make_child (SentryTask *task, const SentryCloneArgs *args, SentryTask **ret_child)
{
  SentryTask *child = sentry_task_new (task->kernel);
  int r;

  if (child == NULL)
    return -ENOMEM;
  copy_private (task, child, args);
  r = copy_shared (task, child, args->flags);
  if (r == 0)
    r = copy_group (task, child, args->flags);
  if (r == 0)
    r = copy_context (task, child, args);
  if (r == 0)
    r = sentry_task_make_thread (child);
  if (r < 0)
    {
      sentry_task_unref (child);
      return r;
    }
  r = publish (task, child, args);
  if (r < 0)
    {
      sentry_task_abandon_thread (child);
      sentry_task_unref (child);
      return r;
    }
  *ret_child = child;
  return 0;
}

/* scratch[0] is the child's number; the child drops its pointer to us when it has left our memory.
 */
static gint64
wait_for_vfork (SentryTask *task)
{
  gint32 tid = (gint32) task->call.scratch[0];
  SentryTask *child = sentry_kernel_find_task (task->kernel, tid);
  gboolean waiting = child != NULL;
  int r = 0;

  while (waiting)
    {
      sentry_sleeper_prepare (&task->sleeper);
      sentry_mutex_lock (&child->lock);
      waiting = child->priv->vfork_parent == task;
      sentry_mutex_unlock (&child->lock);
      if (!waiting || (r = sentry_task_sleep_killable (task, SENTRY_TIME_NEVER)) < 0)
        break;
    }
  sentry_task_unref (child);
  return r == -SENTRY_EPAUSE ? r : tid;
}

/* CLONE_PIDFD: the number is reserved before there is a child, so that nothing can fail afterwards.
 */
static int
reserve_pidfd (SentryTask *task, const SentryCloneArgs *args, int *ret_fd)
{
  *ret_fd = -1;
  if (!(args->flags & CLONE_PIDFD))
    return 0;
  *ret_fd = sentry_fd_table_reserve (task->fds, 0,
                                     sentry_limits_get (&task->group->limits, RLIMIT_NOFILE));
  if (*ret_fd < 0)
    return *ret_fd;
  gint32 fd = *ret_fd;
  if (sentry_copy_out_object (sentry_task_usermem (task), args->pidfd, &fd) == 0)
    return 0;
  sentry_fd_table_cancel (task->fds, *ret_fd);
  return -EFAULT;
}

static void
fill_pidfd (SentryTask *task, SentryTask *child, int fd)
{
  SentryFile *f = child != NULL ? sentry_pidfd_new (task, child->group, 0) : NULL;

  if (f != NULL)
    {
      sentry_fd_table_fill (task->fds, fd, f, TRUE);
      sentry_file_unref (f);
    }
  else
    sentry_fd_table_cancel (task->fds, fd);
}

/* Limits, the child, its descriptor: all or nothing. */
static int
begin_child (SentryTask *task, const SentryCloneArgs *args, SentryTask **ret_child)
{
  SentryUserCount *user = task->priv->user;
  int fd, r = reserve_process (task);

  if (r < 0)
    return r;
  r = reserve_pidfd (task, args, &fd);
  if (r == 0)
    {
      r = make_child (task, args, ret_child);
      if (fd >= 0)
        fill_pidfd (task, r == 0 ? *ret_child : NULL, fd);
    }
  if (r < 0)
    release_reservation (task, user);
  return r;
}

gint64
sentry_task_clone (SentryTask *task, const SentryCloneArgs *args)
{
  SentryTask *child;
  gint32 tid;
  int r;

  if (task->call.entered)
    return wait_for_vfork (task);
  r = check_flags (task, args);
  if (r == 0)
    r = begin_child (task, args, &child);
  if (r < 0)
    return r;
  tid = child->tid;
  if (args->flags & CLONE_PARENT_SETTID)
    sentry_copy_out_object (sentry_task_usermem (task), args->parent_tid, &tid);
  if (args->flags & CLONE_VFORK)
    child->priv->vfork_parent = sentry_task_ref (task);
  sentry_task_start_thread (child); /* the tree's reference may go from here on */
  if (!(args->flags & CLONE_VFORK))
    return tid;
  task->call.scratch[0] = (guint64) tid;
  return wait_for_vfork (task);
}

gint64
sentry_task_unshare (SentryTask *task, guint64 flags)
{
  if (flags
      & ~(guint64) (CLONE_THREAD | CLONE_FS | CLONE_NEWNS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES
                    | CLONE_SYSVSEM | NAMESPACES))
    return -EINVAL;
  if (flags & NAMESPACES)
    return sentry_task_capable (task, CAP_SYS_ADMIN) || (flags & NAMESPACES) == CLONE_NEWUSER
               ? -EINVAL
               : -EPERM;
  if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && task->group->n_live > 1)
    return -EINVAL;
  if (flags & CLONE_FS)
    sentry_task_set_fs (task, sentry_fs_state_copy (task->fs));
  if (flags & CLONE_FILES)
    {
      SentryFdTable *copy = sentry_fd_table_copy (task->fds, G_MAXINT);
      if (copy == NULL)
        return -ENOMEM;
      sentry_task_set_fds (task, copy);
    }
  return 0;
}
