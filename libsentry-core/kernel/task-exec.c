/* execve: a new program in an old task. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

#include <fcntl.h>
#include <string.h>

/* The new image is built beside the old one, so that every failure up to there is an ordinary
 * errno.  Then the other threads are killed and waited for (the call may be thrown away by a pause
 * meanwhile: what was built stays in priv->exec), and only then is the old image given up. */

void
sentry_exec_state_free (SentryExecState *state)
{
  if (state == NULL)
    return;
  sentry_mm_unref (state->result.mm);
  g_free (state->result.comm);
  if (state->result.exe != NULL)
    sentry_file_unref (state->result.exe);
  if (state->cred != NULL)
    sentry_cred_unref (state->cred);
  g_free (state);
}

/* "" with AT_EMPTY_PATH: the file behind the descriptor. */
static int
open_descriptor (SentryTask *task, int dirfd, SentryFile **ret_file)
{
  SentryWalk walk;
  int r;

  sentry_task_walk_init (task, dirfd, &walk);
  r = walk.start_error;
  if (r == 0)
    r = sentry_mount_namespace_ops (task->mount_ns)
            ->open_path (task->mount_ns, &walk.start, task->cred, O_RDONLY | SENTRY_OPEN_EXEC,
                         ret_file);
  sentry_task_walk_clear (&walk);
  return r;
}

static int
open_program (SentryTask *task, const SentryWalk *walk, int dirfd, const char *path, int flags,
              SentryFile **ret_file)
{
  if (*path == '\0')
    return flags & AT_EMPTY_PATH ? open_descriptor (task, dirfd, ret_file) : -ENOENT;
  return sentry_exec_open (task->mount_ns, walk, path, (flags & AT_SYMLINK_NOFOLLOW) != 0,
                           ret_file);
}

/* What scripts and AT_EXECFN see. */
static char *
visible_name (int dirfd, const char *path)
{
  if (dirfd == AT_FDCWD || *path == '/')
    return g_strdup (path);
  return *path == '\0' ? g_strdup_printf ("/dev/fd/%d", dirfd)
                       : g_strdup_printf ("/dev/fd/%d/%s", dirfd, path);
}

static int
load (SentryTask *task, const SentryWalk *walk, SentryFile *file, const char *name, char **argv,
      char **envv, SentryExecState *state)
{
  char *const empty_argv[] = { (char *) "", NULL };
  SentryExecArgs args = { .platform = task->kernel->platform,
                          .mount_ns = task->mount_ns,
                          .walk = walk,
                          .file = file,
                          .file_name = name,
                          .argv = argv[0] != NULL ? argv : (char **) empty_argv,
                          .envv = envv,
                          .limits = &task->group->limits,
                          .extra_auxv = task->kernel->extra_auxv };

  state->cred = sentry_task_exec_cred (task, file, &state->secure, &state->setid);
  args.cred = state->cred;
  args.secure = state->secure;
  return sentry_exec_load (&args, &state->result);
}

static int
prepare (SentryTask *task, int dirfd, const char *path, char **argv, char **envv, int flags)
{
  g_autoptr (SentryFile) file = NULL;
  g_autofree char *name = visible_name (dirfd, path);
  SentryExecState *state;
  SentryWalk walk;
  int r;

  sentry_task_walk_init (task, dirfd, &walk);
  r = open_program (task, &walk, dirfd, path, flags, &file);
  state = g_new0 (SentryExecState, 1);
  if (r == 0)
    r = load (task, &walk, file, name, argv, envv, state);
  sentry_task_walk_clear (&walk);
  if (r < 0)
    {
      sentry_exec_state_free (state);
      return r;
    }
  task->priv->exec = state;
  return 0;
}

/* --- the other threads --- */

/* FALSE: somebody else is ending the group. */
static gboolean
claim_group (SentryTask *task)
{
  SentryThreadGroup *group = task->group;
  gboolean ok;

  sentry_mutex_lock (&group->handlers->lock);
  ok = !(group->flags & SENTRY_GROUP_EXIT)
       && (group->exec_task == NULL || group->exec_task == task);
  if (ok && group->exec_task == NULL)
    {
      group->exec_task = task;
      group->stop_count = 0;
      SENTRY_LIST_FOREACH (link, safe, &group->tasks)
      {
        SentryTaskPrivate *other = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
        other->stop = 0;
        if (&other->task == task || other->dying)
          continue;
        other->kill = TRUE;
        __atomic_store_n (&other->stopped, FALSE, __ATOMIC_RELAXED);
        sentry_task_kick (&other->task, SENTRY_INTERRUPT_KILL);
      }
    }
  sentry_mutex_unlock (&group->handlers->lock);
  return ok;
}

/* Alone, but for a leader that has ended and waits to be replaced. */
static gboolean
is_last (SentryTask *task)
{
  SentryThreadGroup *group = task->group;
  gboolean last = TRUE;

  sentry_rwlock_read_lock (&task->kernel->task_set);
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    SentryTaskPrivate *other = SENTRY_CONTAINER (link, SentryTaskPrivate, group_link);
    if (&other->task != task
        && !(&other->task == group->leader && other->exit_state == SENTRY_EXIT_ZOMBIE))
      last = FALSE;
  }
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return last;
}

/* The old leader's number, parent and place become the caller's. */
static SentryTask *
replace_leader_locked (SentryTask *task)
{
  SentryThreadGroup *group = task->group;
  SentryTask *leader = group->leader;
  SentryTaskPrivate *p = task->priv, *l = leader->priv;
  gint32 old_tid = task->tid;

  sentry_pid_lookup (p->pid_ns, leader->tid)->task = task;
  sentry_pid_lookup (p->pid_ns, old_tid)->task = leader;
  task->tid = leader->tid;
  leader->tid = old_tid;
  p->parent = l->parent;
  if (sentry_list_linked (&l->sibling))
    sentry_list_insert_before (&l->sibling, &p->sibling);
  sentry_list_remove (&l->sibling);
  p->orphaned = l->orphaned;
  p->exit_signal = SIGCHLD;
  l->exit_signal = -1;
  p->start_time = l->start_time;
  sentry_list_remove (&p->group_link);
  sentry_list_prepend (&group->tasks, &p->group_link);
  group->leader = task;
  return sentry_task_release_locked (leader);
}

static void
take_over (SentryTask *task)
{
  SentryThreadGroup *group = task->group;
  SentryTask *leader = NULL;

  sentry_rwlock_write_lock (&task->kernel->task_set);
  if (group->leader != task)
    leader = replace_leader_locked (task);
  task->priv->exit_signal = SIGCHLD;
  group->did_exec = TRUE;
  sentry_mutex_lock (&group->handlers->lock);
  group->exec_task = NULL;
  sentry_mutex_unlock (&group->handlers->lock);
  sentry_rwlock_write_unlock (&task->kernel->task_set);
  sentry_task_unref (leader);
}

static int
kill_other_threads (SentryTask *task)
{
  int r = 0;

  if (!claim_group (task))
    return -EAGAIN;
  for (;;)
    {
      sentry_sleeper_prepare (&task->sleeper);
      if (is_last (task))
        break;
      r = sentry_task_sleep_killable (task, SENTRY_TIME_NEVER);
      if (r < 0)
        return r;
    }
  take_over (task);
  return 0;
}

/* --- the new image --- */

static int
unshare_handlers (SentryTask *task)
{
  SentryThreadGroup *group = task->group;
  SentrySignalHandlers *old = group->handlers, *h;

  if (__atomic_load_n (&old->ref.count, __ATOMIC_ACQUIRE) == 1)
    return 0;
  h = sentry_signal_handlers_copy (old);
  if (h == NULL)
    return -ENOMEM;
  sentry_rwlock_write_lock (&task->kernel->task_set);
  group->handlers = h;
  sentry_rwlock_write_unlock (&task->kernel->task_set);
  sentry_signal_handlers_unref (old);
  return 0;
}

static int
unshare_files (SentryTask *task)
{
  SentryFdTable *copy;

  if (!sentry_fd_table_is_shared (task->fds))
    return 0;
  copy = sentry_fd_table_copy (task->fds, G_MAXINT);
  if (copy == NULL)
    return -ENOMEM;
  sentry_task_set_fds (task, copy);
  return 0;
}

static void
swap_mm (SentryTask *task, SentryExecState *state)
{
  SentryMM *old;

  sentry_mm_enter (NULL, NULL); /* the context comes over with its next run */
  sentry_mutex_lock (&task->lock);
  old = task->mm;
  task->mm = g_steal_pointer (&state->result.mm);
  sentry_mutex_unlock (&task->lock);
  sentry_mm_enter (task->mm, task->context);
  sentry_mm_unref (old);
  sentry_task_vfork_done (task);
}

void
sentry_task_reset_registers (SentryTask *task, const SentryRegs *regs)
{
  SentryContext *ctx = task->context;
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *xstate = g_malloc (size);

  ctx->regs = *regs;
  ctx->regs.orig_rax = ~G_GUINT64_CONSTANT (0);
  ctx->regs_dirty = TRUE;
  sentry_xstate_init (xstate, size);
  ctx->ops->set_xstate (ctx, xstate, size);
}

static void
apply_cred (SentryTask *task, SentryExecState *state)
{
  SentryTaskPrivate *priv = task->priv;

  sentry_task_set_cred (task, g_steal_pointer (&state->cred));
  __atomic_store_n (&priv->dumpable, state->setid || state->secure ? 0 : 1, __ATOMIC_RELAXED);
  if (state->secure)
    priv->pdeath_signal = 0;
}

static void
commit (SentryTask *task, SentryExecState *state)
{
  SentryTaskPrivate *priv = task->priv;

  sentry_task_leave_mm (task);
  swap_mm (task, state);
  sentry_fd_table_close_on_exec (task->fds);
  sentry_signal_handlers_reset (task->group->handlers, FALSE);
  priv->altstack = (SentryAltStack){ .flags = SS_DISABLE };
  sentry_group_timers_exec (task->group);
  task->restart = NULL;
  priv->self_exec_id++;
  task->group->membarrier = 0;
  sentry_task_set_comm (task, state->result.comm);
  apply_cred (task, state);
  sentry_task_reset_registers (task, &state->result.regs);
  sentry_exec_state_free (state);
}

gint64
sentry_task_execve (SentryTask *task, int dirfd, const char *path, char **argv, char **envv,
                    int flags)
{
  SentryTaskPrivate *priv = task->priv;
  int r = 0;

  if (priv->exec == NULL)
    r = prepare (task, dirfd, path, argv, envv, flags);
  if (r < 0)
    return r;
  r = kill_other_threads (task);
  if (r == -SENTRY_EPAUSE)
    return r;
  if (r == 0)
    r = unshare_handlers (task);
  if (r == 0)
    r = unshare_files (task);
  if (r < 0)
    {
      /* Past the point of no return (or somebody ends the group anyway). */
      sentry_exec_state_free (g_steal_pointer (&priv->exec));
      return sentry_task_exit_group (task, SIGKILL);
    }
  commit (task, g_steal_pointer (&priv->exec));
  return -SENTRY_ENORETURN;
}
