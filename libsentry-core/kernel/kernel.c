/* The Kernel object: making it, starting it, its counters.  The order of its locks is
 * base/lock-order.h. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <elf.h>
#include <unistd.h>
#include "base/sentry-charge.h"
#include "kernel/feature-set.h"

G_DEFINE_FINAL_TYPE (SentryKernel, sentry_kernel, G_TYPE_OBJECT)
G_DEFINE_QUARK (sentry - kernel - error - quark, sentry_kernel_error)

#define DEFAULT_MAX_TASKS 32768

static void
sentry_kernel_init (SentryKernel *k)
{
  sentry_mutex_init (&k->external, SENTRY_LOCK_EXTERNAL);
  sentry_rwlock_init (&k->task_set, SENTRY_LOCK_TASK_SET);
  sentry_mutex_init (&k->run_lock, SENTRY_LOCK_AUX);
  sentry_mutex_init (&k->users_lock, SENTRY_LOCK_AUX);
  g_cond_init (&k->run_cond);
  g_cond_init (&k->stack_check_cond);
  k->users = g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

static void
sentry_kernel_finalize (GObject *object)
{
  SentryKernel *k = SENTRY_KERNEL (object);

  sentry_kernel_destroy (k);
  if (k->pid_ns != NULL)
    sentry_pid_namespace_free (k->pid_ns);
  if (k->timers != NULL)
    sentry_timer_wheel_free (k->timers);
  g_clear_object (&k->platform);
  g_clear_object (&k->timekeeper);
  g_clear_object (&k->network);
  if (k->user_ns != NULL)
    sentry_user_namespace_unref (k->user_ns);
  sentry_uts_namespace_unref (k->uts_ns);
  g_clear_pointer (&k->users, g_hash_table_unref);
  g_free (k->extra_auxv);
  g_clear_error (&k->exit_error);
  sentry_rwlock_clear (&k->task_set);
  g_cond_clear (&k->run_cond);
  g_cond_clear (&k->stack_check_cond);
  G_OBJECT_CLASS (sentry_kernel_parent_class)->finalize (object);
}

static void
sentry_kernel_class_init (SentryKernelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sentry_kernel_finalize;
}

SentryKernel *
sentry_kernel_new (void)
{
  return g_object_new (SENTRY_TYPE_KERNEL, NULL);
}

void
sentry_kernel_set_platform (SentryKernel *k, SentryPlatform *platform)
{
  g_return_if_fail (k->state == SENTRY_KERNEL_RAW);
  g_set_object (&k->platform, platform);
}

static gboolean
check_config (SentryKernel *k, const SentryKernelConfig *config, GError **error)
{
  const char *missing = k->platform == NULL          ? "a platform"
                        : config->features == NULL   ? "a CPU feature set"
                        : config->timekeeper == NULL ? "a timekeeper"
                        : config->user_ns == NULL    ? "a root user namespace"
                        : config->n_cpus == 0        ? "at least one application core"
                        : k->syscalls == NULL        ? "a system call table"
                                                     : NULL;

  if (k->state != SENTRY_KERNEL_RAW)
    {
      g_set_error (error, SENTRY_KERNEL_ERROR, SENTRY_KERNEL_ERROR_STATE, "kernel: set up already");
      return FALSE;
    }
  if (missing == NULL)
    return TRUE;
  g_set_error (error, SENTRY_KERNEL_ERROR, SENTRY_KERNEL_ERROR_INVALID, "kernel: needs %s",
               missing);
  return FALSE;
}

static guint
choose_n_cpus (const SentryKernelConfig *config)
{
  guint host = (guint) sysconf (_SC_NPROCESSORS_CONF);

  if (!config->use_host_cores || config->n_cpus >= host)
    return config->n_cpus;
  g_message ("kernel: %u application cores asked for, raised to the host's %u", config->n_cpus,
             host);
  return host;
}

static guint64 *
copy_auxv (const guint64 *auxv)
{
  gsize n = 0;

  if (auxv == NULL)
    return NULL;
  while (auxv[n] != AT_NULL)
    n += 2;
  return g_memdup2 (auxv, (n + 2) * sizeof *auxv);
}

gboolean
sentry_kernel_setup (SentryKernel *k, const SentryKernelConfig *config, GError **error)
{
  if (!check_config (k, config, error) || !sentry_vdso_init (error)
      || !sentry_timekeeper_start (config->timekeeper, sentry_vdso_params (), error))
    return FALSE;
  k->features = config->features;
  k->timekeeper = g_object_ref (config->timekeeper);
  k->user_ns = sentry_user_namespace_ref (config->user_ns);
  if (config->network != NULL)
    k->network = g_object_ref (config->network);
  k->n_cpus = choose_n_cpus (config);
  k->use_host_cores = config->use_host_cores;
  sentry_vdso_set_host_cpus (k->use_host_cores
                             || k->n_cpus >= (guint) sysconf (_SC_NPROCESSORS_CONF));
  k->extra_auxv = copy_auxv (config->extra_auxv);
  k->max_tasks = config->max_tasks != 0 ? config->max_tasks : DEFAULT_MAX_TASKS;
  k->stack_check_ms = config->stack_check_ms;
  k->uts_ns = sentry_uts_namespace_new (config->hostname, config->domainname);
  k->pid_ns = sentry_pid_namespace_new ();
  k->timers = sentry_timer_wheel_new (k->timekeeper);
  k->max_memory = config->max_memory;
  sentry_charge_set_bound (config->max_memory);
  k->state = SENTRY_KERNEL_READY;
  return TRUE;
}

void
sentry_kernel_set_syscalls (SentryKernel *k, const SentrySyscallOps *ops)
{
  g_return_if_fail (k->state == SENTRY_KERNEL_RAW);
  k->syscalls = ops;
}

void
sentry_kernel_set_mount_namespace (SentryKernel *k, SentryMountNamespace *ns)
{
  g_set_object (&k->mount_ns, ns);
}

static void
start_one (SentryTask *task)
{
  /* One reference more: once started it may be gone before the next line. */
  sentry_task_ref (task);
  sentry_task_start_thread (task);
  sentry_task_unref (task);
}

gboolean
sentry_kernel_start (SentryKernel *k, GError **error)
{
  g_autoptr (GPtrArray) tasks = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  sentry_mutex_lock (&k->external);
  if (k->state != SENTRY_KERNEL_READY || k->pid_ns->init == NULL)
    {
      g_set_error (error, SENTRY_KERNEL_ERROR, SENTRY_KERNEL_ERROR_STATE, "kernel: %s",
                   k->state == SENTRY_KERNEL_RAW       ? "start before it is set up"
                   : k->state == SENTRY_KERNEL_STARTED ? "started already"
                   : k->state == SENTRY_KERNEL_READY   ? "start without an init process"
                                                       : "start after it was destroyed");
      sentry_mutex_unlock (&k->external);
      return FALSE;
    }
  k->state = SENTRY_KERNEL_STARTED;
  sentry_timekeeper_resume (k->timekeeper);
  sentry_rwlock_read_lock (&k->task_set);
  g_hash_table_iter_init (&iter, k->pid_ns->pids);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((SentryPid *) value)->task != NULL)
      g_ptr_array_add (tasks, ((SentryPid *) value)->task);
  sentry_rwlock_read_unlock (&k->task_set);
  for (guint i = 0; i < tasks->len; i++)
    start_one (tasks->pdata[i]);
  sentry_kernel_start_stack_check (k);
  sentry_mutex_unlock (&k->external);
  return TRUE;
}

/* Tasks that were made but never started are let go with SIGKILL pending, so that they end as all
 * tasks do. */
static void
end_unstarted (SentryKernel *k)
{
  if (k->state != SENTRY_KERNEL_READY || k->pid_ns->init == NULL)
    return;
  sentry_kernel_kill (k, SIGKILL);
  sentry_kernel_start (k, NULL);
}

void
sentry_kernel_destroy (SentryKernel *k)
{
  if (k->state == SENTRY_KERNEL_DESTROYED || k->state == SENTRY_KERNEL_RAW)
    return;
  end_unstarted (k);
  sentry_kernel_stop_stack_check (k);
  sentry_mutex_lock (&k->run_lock);
  while (k->n_threads > 0 && k->killed)
    g_cond_wait (&k->run_cond, &k->run_lock.mutex);
  g_assert (k->n_threads == 0);
  sentry_mutex_unlock (&k->run_lock);
  k->state = SENTRY_KERNEL_DESTROYED;
  if (k->mount_ns != NULL)
    sentry_mount_namespace_ops (k->mount_ns)->destroy (k->mount_ns);
  g_clear_object (&k->mount_ns);
  g_clear_pointer (&k->features, sentry_feature_set_free);
}

void
sentry_kernel_external_signal (SentryKernel *k, const siginfo_t *info, const char *origin)
{
  SentryThreadGroup *init = NULL;

  sentry_rwlock_read_lock (&k->task_set);
  if (k->pid_ns->init != NULL)
    init = sentry_thread_group_ref (k->pid_ns->init);
  sentry_rwlock_read_unlock (&k->task_set);
  g_debug ("signal %d to init from %s", info->si_signo, origin);
  if (init != NULL)
    sentry_thread_group_send_signal (init, info);
  sentry_thread_group_unref (init);
}

void
sentry_kernel_set_exit_error (SentryKernel *k, const GError *error)
{
  sentry_mutex_lock (&k->run_lock);
  if (k->exit_error == NULL)
    k->exit_error = g_error_copy (error);
  sentry_mutex_unlock (&k->run_lock);
}

const GError *
sentry_kernel_exit_error (SentryKernel *k)
{
  const GError *error;

  sentry_mutex_lock (&k->run_lock);
  error = k->exit_error;
  sentry_mutex_unlock (&k->run_lock);
  return error;
}

guint64
sentry_kernel_unique_id (SentryKernel *k)
{
  guint64 id = __atomic_add_fetch (&k->last_id, 1, __ATOMIC_RELAXED);

  if (id == 0)
    g_error ("the counter of unique ids has wrapped");
  return id;
}

guint32
sentry_kernel_inotify_cookie (SentryKernel *k)
{
  guint32 cookie;

  do
    cookie = __atomic_add_fetch (&k->last_cookie, 1, __ATOMIC_RELAXED);
  while (cookie == 0);
  return cookie;
}

SentryPlatform *
sentry_kernel_platform (SentryKernel *k)
{
  return k->platform;
}

SentryTimekeeper *
sentry_kernel_timekeeper (SentryKernel *k)
{
  return k->timekeeper;
}

SentryTimerWheel *
sentry_kernel_timers (SentryKernel *k)
{
  return k->timers;
}

const SentryFeatureSet *
sentry_kernel_features (SentryKernel *k)
{
  return k->features;
}

SentryUtsNamespace *
sentry_kernel_uts_namespace (SentryKernel *k)
{
  return k->uts_ns;
}

SentryMountNamespace *
sentry_kernel_mount_namespace (SentryKernel *k)
{
  return k->mount_ns;
}

guint
sentry_kernel_n_cpus (SentryKernel *k)
{
  return k->n_cpus;
}

gboolean
sentry_kernel_charge (SentryKernel *k, guint64 bytes)
{
  return sentry_charge (bytes);
}

void
sentry_kernel_uncharge (SentryKernel *k, guint64 bytes)
{
  sentry_uncharge (bytes);
}
