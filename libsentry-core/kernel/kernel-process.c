/* Processes that the host side asks for: init, and programs run beside it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <fcntl.h>

static gboolean
fail (GError **error, int *ret_errno, SentryKernelError code, int err, const char *what,
      const char *name)
{
  if (ret_errno != NULL)
    *ret_errno = err;
  if (err != 0)
    g_set_error (error, SENTRY_KERNEL_ERROR, code, "%s: %s", name, g_strerror (err));
  else
    g_set_error (error, SENTRY_KERNEL_ERROR, code, "%s%s", name, what);
  return FALSE;
}

/* The name to execute, or NULL and an error. */
static const char *
choose_name (const SentryProcessConfig *config, GError **error)
{
  const char *argv0 = config->argv != NULL ? config->argv[0] : NULL;

  if (config->file_name != NULL && *config->file_name != '\0')
    return config->file_name;
  if (argv0 == NULL)
    g_set_error (error, SENTRY_KERNEL_ERROR, SENTRY_KERNEL_ERROR_INVALID,
                 "process: neither a file name nor arguments");
  else if (*argv0 != '/')
    {
      g_set_error (error, SENTRY_KERNEL_ERROR, SENTRY_KERNEL_ERROR_INVALID,
                   "%s: must be absolute when no file name is given", argv0);
      argv0 = NULL;
    }
  return argv0;
}

static int
look_up (SentryKernel *k, SentryWalk *walk, const char *name, SentryPath *ret_path)
{
  return sentry_mount_namespace_ops (k->mount_ns)
      ->lookup (k->mount_ns, walk, name, SENTRY_LOOKUP_FOLLOW | SENTRY_LOOKUP_DIRECTORY, ret_path);
}

static gboolean
find_directories (SentryKernel *k, const SentryProcessConfig *config, SentryWalk *walk,
                  int *ret_errno, GError **error)
{
  SentryPath path;
  int r;

  sentry_mount_namespace_ops (k->mount_ns)->get_root (k->mount_ns, &walk->root);
  if (config->root != NULL)
    {
      r = look_up (k, walk, config->root, &path);
      if (r < 0)
        return fail (error, NULL, SENTRY_KERNEL_ERROR_NOT_FOUND, -r, NULL, config->root);
      sentry_path_unref (&walk->root);
      walk->root = path;
    }
  r = look_up (k, walk, config->cwd != NULL ? config->cwd : "/", &path);
  if (r < 0)
    return fail (error, NULL, SENTRY_KERNEL_ERROR_NOT_FOUND, -r, NULL, config->cwd);
  walk->start = path;
  return TRUE;
}

SentryTask *
sentry_kernel_new_process (SentryKernel *k, SentryCred *cred, SentryFdTable *fds, SentryFsState *fs,
                           SentryMountNamespace *mount_ns, SentryLimits *limits)
{
  SentryTask *task = sentry_task_new (k);
  SentrySignalHandlers *h = sentry_signal_handlers_new ();

  task->group = sentry_thread_group_new (k, h);
  sentry_signal_handlers_unref (h);
  sentry_limits_copy (&task->group->limits, limits);
  task->cred = sentry_cred_ref (cred);
  task->fds = sentry_fd_table_ref (fds);
  task->fs = sentry_fs_state_ref (fs);
  task->mount_ns = g_object_ref (mount_ns);
  task->priv->pid_ns = k->pid_ns;
  task->priv->altstack.flags = SS_DISABLE;
  return task;
}

static int
load (SentryTask *task, const SentryProcessConfig *config, const SentryWalk *walk, const char *name)
{
  char *const nothing[] = { NULL };
  SentryExecResult result = { 0 };
  g_autoptr (SentryFile) file = NULL;
  SentryExecArgs args = { .platform = task->kernel->platform,
                          .mount_ns = task->mount_ns,
                          .walk = walk,
                          .file_name = name,
                          .argv = (char **) config->argv,
                          .envv = config->envv != NULL ? (char **) config->envv : (char **) nothing,
                          .limits = &task->group->limits,
                          .extra_auxv = task->kernel->extra_auxv };
  gboolean setid;
  int r;

  r = sentry_exec_open (task->mount_ns, walk, name, FALSE, &file);
  if (r < 0)
    return r;
  SentryCred *cred = sentry_task_exec_cred (task, file, &args.secure, &setid);
  sentry_cred_unref (task->cred);
  task->cred = cred;
  args.file = file;
  args.cred = cred;
  r = sentry_exec_load (&args, &result);
  if (r < 0)
    return r;
  task->mm = result.mm;
  task->priv->dumpable = !setid && !args.secure;
  sentry_task_set_comm (task, result.comm);
  g_free (result.comm);
  sentry_file_unref (result.exe);
  sentry_task_reset_registers (task, &result.regs);
  return 0;
}

/* Puts the new group, leader of a session of its own, into the tree. */
static int
publish (SentryKernel *k, SentryTask *task)
{
  SentryThreadGroup *group = task->group;
  SentryPid *pid;

  sentry_rwlock_write_lock (&k->task_set);
  pid = sentry_pid_alloc (k, k->pid_ns);
  if (pid != NULL)
    {
      task->tid = group->tgid = pid->nr;
      pid->task = group->leader = task;
      sentry_list_append (&group->tasks, &task->priv->group_link);
      group->n_live = 1;
      task->priv->exit_signal = SIGCHLD;
      task->priv->user = sentry_kernel_user_count (k, task->cred->ruid);
      __atomic_fetch_add (&task->priv->user->n_processes, 1, __ATOMIC_RELAXED);
      __atomic_fetch_add (&k->n_tasks, 1, __ATOMIC_RELAXED);
      __atomic_fetch_add (&k->n_forks, 1, __ATOMIC_RELAXED);
      sentry_thread_group_new_session (group);
      if (k->pid_ns->init == NULL)
        k->pid_ns->init = sentry_thread_group_ref (group);
    }
  sentry_rwlock_write_unlock (&k->task_set);
  return pid != NULL ? 0 : -EAGAIN;
}

static int
make_task (SentryKernel *k, const SentryProcessConfig *config, const SentryWalk *walk,
           const char *name, SentryTask **ret_task)
{
  SentryFsState *fs = sentry_fs_state_new (&walk->root, &walk->start, config->umask);
  SentryTask *task
      = sentry_kernel_new_process (k, config->cred, config->fds, fs, k->mount_ns, config->limits);
  int err = 0, r;

  sentry_fs_state_unref (fs);
  task->context = sentry_platform_new_context (k->platform, &err);
  r = task->context != NULL ? load (task, config, walk, name) : -(err != 0 ? err : EAGAIN);
  if (r < 0)
    {
      sentry_task_unref (task);
      return r;
    }
  *ret_task = task;
  return 0;
}

static gboolean
takes_processes (SentryKernel *k)
{
  return (k->state == SENTRY_KERNEL_READY || k->state == SENTRY_KERNEL_STARTED) && !k->killed;
}

int
sentry_kernel_add_process (SentryKernel *k, SentryTask *task, gint32 *ret_pid)
{
  int r = sentry_task_make_thread (task);

  if (r < 0)
    return r;
  sentry_mutex_lock (&k->external);
  r = takes_processes (k) ? publish (k, task) : -ESRCH;
  if (r == 0 && ret_pid != NULL)
    *ret_pid = task->tid;
  if (r == 0 && k->state == SENTRY_KERNEL_STARTED)
    sentry_task_start_thread (task);
  sentry_mutex_unlock (&k->external);
  if (r < 0)
    sentry_task_abandon_thread (task);
  return r;
}

/* The program is loaded with no lock held; what it is loaded into is nobody else's yet. */
static gboolean
create (SentryKernel *k, const SentryProcessConfig *config, const SentryWalk *walk,
        const char *name, gint32 *ret_pid, int *ret_errno, GError **error)
{
  SentryTask *task = NULL;
  int r = make_task (k, config, walk, name, &task);

  if (r == 0 && (r = sentry_kernel_add_process (k, task, ret_pid)) < 0)
    sentry_task_unref (task);
  return r == 0 || fail (error, ret_errno, SENTRY_KERNEL_ERROR_FAILED, -r, NULL, name);
}

gboolean
sentry_kernel_create_process (SentryKernel *k, const SentryProcessConfig *config, gint32 *ret_pid,
                              int *ret_errno, GError **error)
{
  SentryWalk walk = { .cred = config->cred, .umask = config->umask };
  const char *name = choose_name (config, error);
  gboolean ok;

  if (ret_errno != NULL)
    *ret_errno = 0;
  if (name == NULL)
    return FALSE;
  if (!takes_processes (k) || k->mount_ns == NULL)
    return fail (error, ret_errno, SENTRY_KERNEL_ERROR_STATE, 0,
                 ": the kernel takes no processes now", name);
  ok = find_directories (k, config, &walk, ret_errno, error)
       && create (k, config, &walk, name, ret_pid, ret_errno, error);
  sentry_task_walk_clear (&walk);
  return ok;
}
