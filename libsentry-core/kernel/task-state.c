/* How tasks, groups, sessions and the kernel itself are saved.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/group-timers.h"
#include "kernel/task-private.h"

#include <string.h>

static gboolean
bad (GError **error, const char *what)
{
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "tasks: %s", what);
  return FALSE;
}

SENTRY_STATE_DECLARE (SentryCred);
SENTRY_STATE_DECLARE (SentryFdTable);
SENTRY_STATE_DECLARE (SentryFile);
SENTRY_STATE_DECLARE (SentryFsState);
SENTRY_STATE_DECLARE (SentryMM);
SENTRY_STATE_DECLARE (SentryUserNamespace);

/* --- numbers, groups, sessions --- */

static void
pid_namespace_free (gpointer object)
{
  g_free (object);
}

static gboolean
pid_namespace_post_load (gpointer object, gpointer context, GError **error)
{
  SentryPidNamespace *ns = object;
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, ns->pids);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      SentryPid *pid = value;
      if (pid->nr <= 0 || pid->nr != GPOINTER_TO_INT (key)
          || (pid->task != NULL && pid->task->tid != pid->nr)
          || (pid->pgrp != NULL && pid->pgrp->pgid != pid->nr)
          || (pid->session != NULL && pid->session->sid != pid->nr))
        return bad (error, "a number that its bearer doesn't have");
    }
  return ns->n_pids == g_hash_table_size (ns->pids) || bad (error, "numbers miscounted");
}

/* The tree's own reference of each task is its number's. */
SENTRY_STATE_TABLE (SentryPid, "pid", 1, SENTRY_STATE_I32 (SentryPid, nr),
                    SENTRY_STATE_REF (SentryPid, task, SentryTask),
                    SENTRY_STATE_REF (SentryPid, pgrp, SentryProcessGroup),
                    SENTRY_STATE_REF (SentryPid, session, SentrySession));

SENTRY_STATE_TABLE_WITH (SentryPidNamespace, "pid-namespace", 1,
                         (.post_load = pid_namespace_post_load, .free = pid_namespace_free),
                         SENTRY_STATE_REFCOUNT (SentryPidNamespace, ref),
                         SENTRY_STATE_HASH (SentryPidNamespace, pids, SentryPid, 1 << 17),
                         SENTRY_STATE_I32 (SentryPidNamespace, last_pid),
                         SENTRY_STATE_U32 (SentryPidNamespace, n_pids),
                         SENTRY_STATE_REF (SentryPidNamespace, init, SentryThreadGroup));

SENTRY_STATE_TABLE (SentrySession, "session", 1, SENTRY_STATE_I32 (SentrySession, sid),
                    SENTRY_STATE_U32 (SentrySession, n_pgrps),
                    SENTRY_STATE_SKIP (SentrySession, tty, "terminals do not exist yet"));

SENTRY_STATE_TABLE (SentryProcessGroup, "process-group", 1,
                    SENTRY_STATE_I32 (SentryProcessGroup, pgid),
                    SENTRY_STATE_WEAK_REF (SentryProcessGroup, session, SentrySession),
                    SENTRY_STATE_LIST_WEAK (SentryProcessGroup, groups, SentryThreadGroup,
                                            pgrp_link));

SENTRY_STATE_TABLE (SentryUsage, "usage", 1, SENTRY_STATE_I64 (SentryUsage, user_ns),
                    SENTRY_STATE_I64 (SentryUsage, system_ns),
                    SENTRY_STATE_U64 (SentryUsage, minflt), SENTRY_STATE_U64 (SentryUsage, majflt),
                    SENTRY_STATE_U64 (SentryUsage, nvcsw), SENTRY_STATE_U64 (SentryUsage, nivcsw),
                    SENTRY_STATE_U64 (SentryUsage, max_rss));

SENTRY_STATE_TABLE (
    SentryThreadGroup, "thread-group", 1, SENTRY_STATE_REFCOUNT (SentryThreadGroup, ref),
    SENTRY_STATE_WEAK_REF (SentryThreadGroup, kernel, SentryKernel),
    SENTRY_STATE_I32 (SentryThreadGroup, tgid),
    SENTRY_STATE_WEAK_REF (SentryThreadGroup, leader, SentryTask),
    SENTRY_STATE_LIST_WEAK (SentryThreadGroup, tasks, SentryTaskPrivate, group_link),
    SENTRY_STATE_U32 (SentryThreadGroup, n_live),
    SENTRY_STATE_STRUCT (SentryThreadGroup, limits, SentryLimits),
    SENTRY_STATE_REF (SentryThreadGroup, handlers, SentrySignalHandlers),
    SENTRY_STATE_STRUCT (SentryThreadGroup, pending, SentryPendingSignals),
    SENTRY_STATE_U32 (SentryThreadGroup, flags), SENTRY_STATE_U32 (SentryThreadGroup, stop_count),
    SENTRY_STATE_I32 (SentryThreadGroup, exit_code),
    SENTRY_STATE_WEAK_REF (SentryThreadGroup, exec_task, SentryTask),
    SENTRY_STATE_WEAK_REF (SentryThreadGroup, pgrp, SentryProcessGroup),
    SENTRY_STATE_LINK (SentryThreadGroup, pgrp_link),
    SENTRY_STATE_BOOL (SentryThreadGroup, session_leader),
    SENTRY_STATE_U64_MAX (SentryThreadGroup, thp_disabled, 1),
    SENTRY_STATE_U32 (SentryThreadGroup, membarrier),
    SENTRY_STATE_BOOL (SentryThreadGroup, did_exec),
    SENTRY_STATE_BOOL (SentryThreadGroup, is_subreaper),
    SENTRY_STATE_I32 (SentryThreadGroup, oom_score_adj),
    SENTRY_STATE_I32 (SentryThreadGroup, oom_score_adj_min),
    SENTRY_STATE_BOOL (SentryThreadGroup, has_subreaper),
    SENTRY_STATE_WAIT_QUEUE (SentryThreadGroup, wait_child),
    SENTRY_STATE_WAIT_QUEUE (SentryThreadGroup, wait_exit),
    SENTRY_STATE_STRUCT (SentryThreadGroup, dead, SentryUsage),
    SENTRY_STATE_STRUCT (SentryThreadGroup, children, SentryUsage),
    SENTRY_STATE_I64 (SentryThreadGroup, start_time),
    SENTRY_STATE_REF (SentryThreadGroup, timers, SentryGroupTimers),
    SENTRY_STATE_U64 (SentryThreadGroup, timers_gone));

/* --- tasks --- */

SENTRY_STATE_TABLE (SentrySyscallArgs, "syscall-args", 1,
                    SENTRY_STATE_ARRAY (SentrySyscallArgs, arg, 8));

SENTRY_STATE_TABLE (SentryCallState, "call-state", 1, SENTRY_STATE_BOOL (SentryCallState, entered),
                    SENTRY_STATE_BOOL (SentryCallState, has_deadline),
                    SENTRY_STATE_I64 (SentryCallState, deadline),
                    SENTRY_STATE_U64 (SentryCallState, done),
                    SENTRY_STATE_ARRAY (SentryCallState, scratch, 8),
                    SENTRY_STATE_REF (SentryCallState, file, SentryFile),
                    SENTRY_STATE_BOOL (SentryCallState, has_saved_mask),
                    SENTRY_STATE_U64 (SentryCallState, saved_mask));

static void
save_context (SentryStateWriter *w, const SentryStateField *field, gconstpointer object)
{
  const SentryTask *task = object;
  gsize size = sentry_xstate_size ();

  sentry_state_put_u8 (w, task->context != NULL);
  if (task->context == NULL)
    return;
  g_autofree guint8 *xstate = g_malloc (size);
  task->context->ops->get_xstate (task->context, xstate, size);
  sentry_state_put_bytes (w, &task->context->regs, sizeof task->context->regs);
  sentry_state_put_u32 (w, size);
  sentry_state_put_bytes (w, xstate, size);
}

/* The platform's context comes later; what it starts with is kept until then, made safe. */
static void
load_context (SentryStateReader *r, const SentryStateField *field, gpointer object)
{
  SentryTaskPrivate *priv = object;
  SentryRegs regs;
  guint32 size;

  if (sentry_state_get_u8 (r) == 0)
    return;
  sentry_state_get_bytes (r, &regs, sizeof regs);
  size = sentry_state_get_count (r, SENTRY_XSTATE_MAX, 1);
  if (sentry_state_reader_failed (r))
    return;
  SentrySavedContext *saved = g_malloc0 (sizeof *saved + size);
  saved->regs = regs;
  saved->xstate_size = size;
  sentry_state_get_bytes (r, saved->xstate, size);
  sentry_regs_sanitize (&saved->regs);
  if (!sentry_xstate_sanitize (saved->xstate, size))
    sentry_state_reader_fail (r, "registers of a task: not an FPU state");
  priv->saved_context = saved;
}

static void
clear_context (const SentryStateField *field, gpointer object)
{
  g_clear_pointer (&((SentryTaskPrivate *) object)->saved_context, g_free);
}

static void
save_restart (SentryStateWriter *w, const SentryStateField *field, gconstpointer object)
{
  const SentryTask *task = object;

  sentry_state_put_string (w, task->restart != NULL ? sentry_restart_name (task->restart) : NULL);
}

static void
load_restart (SentryStateReader *r, const SentryStateField *field, gpointer object)
{
  SentryTask *task = object;
  g_autofree char *name = sentry_state_get_string (r, 64);

  if (name == NULL)
    return;
  task->restart = sentry_restart_find (name);
  if (task->restart == NULL)
    sentry_state_reader_fail (r, "a task restarts \"%s\", which is not known", name);
}

static const SentryStateTable *
task_concrete (gconstpointer object)
{
  return SENTRY_STATE_OF (SentryTaskPrivate);
}

SENTRY_STATE_TABLE_WITH (
    SentryTask, "task", 1, (.concrete = task_concrete), SENTRY_STATE_REFCOUNT (SentryTask, ref),
    SENTRY_STATE_WEAK_REF (SentryTask, kernel, SentryKernel),
    SENTRY_STATE_REF (SentryTask, group, SentryThreadGroup), SENTRY_STATE_I32 (SentryTask, tid),
    SENTRY_STATE_SKIP (SentryTask, context, "its registers are saved_context's"),
    SENTRY_STATE_SLEEPER (SentryTask, sleeper),
    SENTRY_STATE_SKIP (SentryTask, run_state, "follows from exit_state and in_call"),
    SENTRY_STATE_STRUCT (SentryTask, call, SentryCallState),
    SENTRY_STATE_CUSTOM (SentryTask, restart, save_restart, load_restart, NULL),
    SENTRY_STATE_REF (SentryTask, mm, SentryMM), SENTRY_STATE_REF (SentryTask, fds, SentryFdTable),
    SENTRY_STATE_REF (SentryTask, fs, SentryFsState),
    SENTRY_STATE_SKIP (SentryTask, mount_ns, "until mount namespaces have their tables"),
    SENTRY_STATE_REF (SentryTask, cred, SentryCred),
    SENTRY_STATE_MUTEX (SentryTask, lock, SENTRY_LOCK_TASK),
    SENTRY_STATE_SKIP (SentryTask, priv, "points to the task itself"));

static void
task_pre_load (gpointer object, gpointer context)
{
  SentryTaskPrivate *priv = object;

  priv->task.priv = priv;
  g_mutex_init (&priv->start_lock);
  g_cond_init (&priv->start_cond);
}

static gboolean
task_post_load (gpointer object, gpointer context, GError **error)
{
  SentryTaskPrivate *priv = object;

  if (priv->task.group == NULL || priv->pid_ns == NULL || priv->user == NULL
      || priv->exit_state >= SENTRY_EXIT_DEAD)
    return bad (error, "one without its group, namespace or user");
  priv->task.run_state
      = priv->exit_state == SENTRY_EXIT_ZOMBIE ? SENTRY_RUN_ZOMBIE : SENTRY_RUN_NEW;
  priv->blocked &= ~(SENTRY_SIGMASK (SIGKILL) | SENTRY_SIGMASK (SIGSTOP));
  priv->comm[sizeof priv->comm - 1] = '\0';
  return TRUE;
}

static void
task_free_loaded (gpointer object)
{
  SentryTaskPrivate *priv = object;

  g_mutex_clear (&priv->start_lock);
  g_cond_clear (&priv->start_cond);
  g_free (priv);
}

SENTRY_STATE_TABLE_WITH (
    SentryTaskPrivate, "task-private", 1,
    (.base = SENTRY_STATE_OF (SentryTask), .pre_load = task_pre_load, .post_load = task_post_load,
     .free = task_free_loaded),
    SENTRY_STATE_STRUCT (SentryTaskPrivate, task, SentryTask),
    SENTRY_STATE_WEAK_REF (SentryTaskPrivate, parent, SentryTask),
    SENTRY_STATE_BOOL (SentryTaskPrivate, orphaned),
    SENTRY_STATE_LIST_WEAK (SentryTaskPrivate, children, SentryTaskPrivate, sibling),
    SENTRY_STATE_LINK (SentryTaskPrivate, sibling),
    SENTRY_STATE_LINK (SentryTaskPrivate, group_link),
    SENTRY_STATE_I32 (SentryTaskPrivate, exit_signal),
    SENTRY_STATE_ENUM (SentryTaskPrivate, exit_state, SENTRY_EXIT_DEAD + 1),
    SENTRY_STATE_I32 (SentryTaskPrivate, exit_code),
    SENTRY_STATE_I32 (SentryTaskPrivate, pdeath_signal),
    SENTRY_STATE_U64 (SentryTaskPrivate, self_exec_id),
    SENTRY_STATE_WEAK_REF (SentryTaskPrivate, pid_ns, SentryPidNamespace),
    SENTRY_STATE_WEAK_REF (SentryTaskPrivate, user, SentryUserCount),
    SENTRY_STATE_STRUCT (SentryTaskPrivate, pending, SentryPendingSignals),
    SENTRY_STATE_U64 (SentryTaskPrivate, blocked),
    SENTRY_STATE_U64 (SentryTaskPrivate, real_blocked), SENTRY_STATE_U32 (SentryTaskPrivate, stop),
    SENTRY_STATE_BOOL (SentryTaskPrivate, stopped), SENTRY_STATE_BOOL (SentryTaskPrivate, dying),
    SENTRY_STATE_BOOL (SentryTaskPrivate, kill),
    SENTRY_STATE_SKIP (SentryTaskPrivate, n_turns, "compared within one membarrier only"),
    SENTRY_STATE_STRUCT (SentryTaskPrivate, altstack, SentryAltStack),
    SENTRY_STATE_BOOL (SentryTaskPrivate, exiting), SENTRY_STATE_U32 (SentryTaskPrivate, abi),
    SENTRY_STATE_U64 (SentryTaskPrivate, call_nr),
    SENTRY_STATE_STRUCT (SentryTaskPrivate, call_args, SentrySyscallArgs),
    SENTRY_STATE_BOOL (SentryTaskPrivate, exit_work),
    SENTRY_STATE_BOOL (SentryTaskPrivate, in_call),
    SENTRY_STATE_STRUCT (SentryTaskPrivate, restart_call, SentryCallState),
    SENTRY_STATE_STRUCT (SentryTaskPrivate, futex, SentryFutexWaiter),
    SENTRY_STATE_U64 (SentryTaskPrivate, clear_child_tid),
    SENTRY_STATE_U64 (SentryTaskPrivate, robust_list),
    SENTRY_STATE_U64 (SentryTaskPrivate, set_child_tid),
    SENTRY_STATE_SKIP (SentryTaskPrivate, exec, "the call is entered again and builds it anew"),
    SENTRY_STATE_U64 (SentryTaskPrivate, fault_addr),
    SENTRY_STATE_U64 (SentryTaskPrivate, fault_trapno),
    SENTRY_STATE_U64 (SentryTaskPrivate, fault_error),
    SENTRY_STATE_U64 (SentryTaskPrivate, personality),
    SENTRY_STATE_REF (SentryTaskPrivate, vfork_parent, SentryTask),
    SENTRY_STATE_BYTES (SentryTaskPrivate, comm), SENTRY_STATE_I32 (SentryTaskPrivate, nice),
    SENTRY_STATE_I32 (SentryTaskPrivate, sched_policy),
    SENTRY_STATE_I32 (SentryTaskPrivate, sched_priority),
    SENTRY_STATE_BOOL (SentryTaskPrivate, sched_reset_on_fork),
    SENTRY_STATE_U32 (SentryTaskPrivate, ioprio), SENTRY_STATE_U64 (SentryTaskPrivate, timer_slack),
    SENTRY_STATE_BUFFER (SentryTaskPrivate, affinity, affinity_len, 8192),
    SENTRY_STATE_U32 (SentryTaskPrivate, dumpable),
    SENTRY_STATE_I64 (SentryTaskPrivate, start_time),
    SENTRY_STATE_STRUCT (SentryTaskPrivate, usage, SentryUsage),
    SENTRY_STATE_BOOL (SentryTaskPrivate, usage_final),
    SENTRY_STATE_SKIP (SentryTaskPrivate, thread, "a new thread each time"),
    SENTRY_STATE_SKIP (SentryTaskPrivate, has_thread, "a new thread each time"),
    SENTRY_STATE_SKIP (SentryTaskPrivate, thread_clock, "a new thread each time"),
    SENTRY_STATE_CUSTOM (SentryTaskPrivate, saved_context, save_context, load_context,
                         clear_context),
    SENTRY_STATE_SKIP (SentryTaskPrivate, start_lock, "made anew on load"),
    SENTRY_STATE_SKIP (SentryTaskPrivate, start_cond, "made anew on load"),
    SENTRY_STATE_SKIP (SentryTaskPrivate, start, "a new thread waits to be started"));

/* --- the kernel --- */

static gpointer
kernel_alloc (gpointer context)
{
  SentryKernel *k = sentry_kernel_new ();

  g_clear_pointer (&k->users, g_hash_table_unref); /* its field makes it */
  return k;
}

/* After a failed load: what it points to is freed by its own table. */
static void
kernel_free (gpointer object)
{
  SentryKernel *k = object;

  k->pid_ns = NULL;
  k->uts_ns = NULL;
  k->users = NULL;
  g_object_unref (k);
}

SENTRY_STATE_TABLE_WITH (
    SentryKernel, "kernel", 1, (.alloc = kernel_alloc, .free = kernel_free),
    SENTRY_STATE_SKIP (SentryKernel, parent_instance, "GObject's own"),
    SENTRY_STATE_SKIP (SentryKernel, external, "made anew on load"),
    SENTRY_STATE_SKIP (SentryKernel, state, "set up by whoever loads"),
    SENTRY_STATE_SKIP (SentryKernel, platform, "given by whoever loads"),
    SENTRY_STATE_SKIP (SentryKernel, timekeeper, "given by whoever loads"),
    SENTRY_STATE_REF (SentryKernel, user_ns, SentryUserNamespace),
    SENTRY_STATE_SKIP (SentryKernel, network, "given by whoever loads"),
    SENTRY_STATE_SKIP (SentryKernel, mount_ns, "until mount namespaces have their tables"),
    SENTRY_STATE_SKIP (SentryKernel, features, "given by whoever loads, who compares"),
    SENTRY_STATE_REF (SentryKernel, uts_ns, SentryUtsNamespace),
    SENTRY_STATE_SKIP (SentryKernel, timers, "made by set-up"),
    SENTRY_STATE_SKIP (SentryKernel, extra_auxv, "given by whoever loads"),
    SENTRY_STATE_U32 (SentryKernel, n_cpus), SENTRY_STATE_BOOL (SentryKernel, use_host_cores),
    SENTRY_STATE_U32 (SentryKernel, max_tasks), SENTRY_STATE_U64 (SentryKernel, max_memory),
    SENTRY_STATE_SKIP (SentryKernel, syscalls, "given by whoever loads"),
    SENTRY_STATE_U32 (SentryKernel, n_tasks), SENTRY_STATE_U64 (SentryKernel, last_id),
    SENTRY_STATE_U32 (SentryKernel, last_cookie), SENTRY_STATE_U64 (SentryKernel, n_forks),
    SENTRY_STATE_SKIP (SentryKernel, task_set, "made anew on load"),
    SENTRY_STATE_REF (SentryKernel, pid_ns, SentryPidNamespace),
    SENTRY_STATE_SKIP (SentryKernel, users_lock, "made anew on load"),
    SENTRY_STATE_HASH (SentryKernel, users, SentryUserCount, 1 << 20),
    SENTRY_STATE_SKIP (SentryKernel, run_lock, "made anew on load"),
    SENTRY_STATE_SKIP (SentryKernel, run_cond, "made anew on load"),
    SENTRY_STATE_SKIP (SentryKernel, pause_depth, "a loaded kernel starts paused"),
    SENTRY_STATE_SKIP (SentryKernel, n_pauses, "a loaded kernel starts paused"),
    SENTRY_STATE_SKIP (SentryKernel, n_threads, "none yet"),
    SENTRY_STATE_SKIP (SentryKernel, n_parked, "none yet"),
    SENTRY_STATE_BOOL (SentryKernel, init_exited), SENTRY_STATE_I32 (SentryKernel, init_status),
    SENTRY_STATE_BOOL (SentryKernel, killed),
    SENTRY_STATE_SKIP (SentryKernel, exit_error, "a sandbox with an error is not saved"),
    SENTRY_STATE_SKIP (SentryKernel, stack_check_ms, "a matter of this run"),
    SENTRY_STATE_SKIP (SentryKernel, stack_check, "a matter of this run"),
    SENTRY_STATE_SKIP (SentryKernel, stack_check_cond, "a matter of this run"),
    SENTRY_STATE_SKIP (SentryKernel, stack_check_stop, "a matter of this run"));
