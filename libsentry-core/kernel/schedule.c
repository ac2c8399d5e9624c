/* Priorities, policies and CPU sets of tasks. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sched.h>
#include <string.h>

#include "kernel/attributes.h"
#include "kernel/task-private.h"

static gboolean
same_owner (SentryTask *task, SentryTask *target)
{
  SentryCred *t = sentry_task_get_cred (target);
  gboolean same = task->cred->euid == t->euid || task->cred->euid == t->ruid;

  sentry_cred_unref (t);
  return same;
}

void
sentry_task_get_schedule (SentryTask *target, SentrySchedule *ret_schedule)
{
  SentryTaskPrivate *priv = target->priv;

  sentry_mutex_lock (&target->lock);
  *ret_schedule = (SentrySchedule){ .policy = priv->sched_policy,
                                    .priority = priv->sched_priority,
                                    .nice = priv->nice,
                                    .reset_on_fork = priv->sched_reset_on_fork };
  sentry_mutex_unlock (&target->lock);
}

/* RLIMIT_NICE counts from 1 (nice 19) to 40 (nice -20). */
static gboolean
nice_allowed (SentryTask *target, int nice)
{
  return (guint64) (20 - nice) <= sentry_limits_get (&target->group->limits, RLIMIT_NICE);
}

static gboolean
is_realtime (int policy)
{
  return policy == SCHED_FIFO || policy == SCHED_RR;
}

static gboolean
schedule_allowed (SentryTask *task, SentryTask *target, const SentrySchedule *old,
                  const SentrySchedule *now)
{
  guint64 rtprio = sentry_limits_get (&target->group->limits, RLIMIT_RTPRIO);

  if (is_realtime (now->policy)
      && ((now->policy != old->policy && rtprio == 0)
          || (now->priority > old->priority && (guint64) now->priority > rtprio)))
    return FALSE;
  if (!is_realtime (now->policy) && now->nice < old->nice && !nice_allowed (target, now->nice))
    return FALSE;
  if (old->policy == SCHED_IDLE && now->policy != SCHED_IDLE && !nice_allowed (target, old->nice))
    return FALSE;
  if (old->reset_on_fork && !now->reset_on_fork)
    return FALSE;
  return same_owner (task, target);
}

int
sentry_task_set_schedule (SentryTask *task, SentryTask *target, const SentrySchedule *schedule)
{
  SentryTaskPrivate *priv = target->priv;
  SentrySchedule old;

  sentry_task_get_schedule (target, &old);
  if (!schedule_allowed (task, target, &old, schedule) && !sentry_task_capable (task, CAP_SYS_NICE))
    return -EPERM;
  sentry_mutex_lock (&target->lock);
  priv->sched_policy = schedule->policy;
  priv->sched_priority = schedule->priority;
  priv->nice = schedule->nice;
  priv->sched_reset_on_fork = schedule->reset_on_fork;
  sentry_mutex_unlock (&target->lock);
  return 0;
}

int
sentry_task_set_nice (SentryTask *task, SentryTask *target, int nice)
{
  gboolean capable = sentry_task_capable (task, CAP_SYS_NICE);

  if (!capable && !same_owner (task, target))
    return -EPERM;
  if (!capable && nice < __atomic_load_n (&target->priv->nice, __ATOMIC_RELAXED)
      && !nice_allowed (target, nice))
    return -EACCES;
  __atomic_store_n (&target->priv->nice, nice, __ATOMIC_RELAXED);
  return 0;
}

guint32
sentry_task_get_ioprio (SentryTask *target)
{
  return __atomic_load_n (&target->priv->ioprio, __ATOMIC_RELAXED);
}

int
sentry_task_set_ioprio (SentryTask *task, SentryTask *target, guint32 ioprio)
{
  SentryCred *t = sentry_task_get_cred (target);
  gboolean ok = t->ruid == task->cred->euid || t->ruid == task->cred->ruid;

  sentry_cred_unref (t);
  if (!ok && !sentry_task_capable (task, CAP_SYS_NICE))
    return -EPERM;
  __atomic_store_n (&target->priv->ioprio, ioprio, __ATOMIC_RELAXED);
  return 0;
}

typedef struct
{
  void (*func) (SentryTask *target, gpointer data);
  gpointer data;
  gboolean any;
} Each;

static void
each_of_group (SentryThreadGroup *group, Each *each)
{
  SENTRY_LIST_FOREACH (link, safe, &group->tasks)
  {
    each->func (&SENTRY_CONTAINER (link, SentryTaskPrivate, group_link)->task, each->data);
    each->any = TRUE;
  }
}

static void
each_of_user (SentryTask *task, SentryKuid uid, Each *each)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, task->priv->pid_ns->pids);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SentryTask *t = ((SentryPid *) value)->task;
      if (t == NULL)
        continue;
      SentryCred *cred = sentry_task_get_cred (t);
      gboolean match = cred->ruid == uid;
      sentry_cred_unref (cred);
      if (!match)
        continue;
      each->func (t, each->data);
      each->any = TRUE;
    }
}

gboolean
sentry_task_foreach_priority (SentryTask *task, int which, gint32 who,
                              void (*func) (SentryTask *target, gpointer data), gpointer data)
{
  Each each = { func, data, FALSE };
  SentryPidNamespace *ns = task->priv->pid_ns;
  SentryPid *pid;

  sentry_rwlock_read_lock (&task->kernel->task_set);
  pid = who != 0 ? sentry_pid_lookup (ns, who) : NULL;
  if (which == PRIO_PROCESS)
    {
      SentryTask *t = who == 0 ? task : pid != NULL ? pid->task : NULL;
      each.any = t != NULL;
      if (t != NULL)
        func (t, data);
    }
  else if (which == PRIO_PGRP)
    {
      SentryProcessGroup *pgrp = who == 0 ? task->group->pgrp : pid != NULL ? pid->pgrp : NULL;
      if (pgrp != NULL)
        SENTRY_LIST_FOREACH (link, safe, &pgrp->groups)
      each_of_group (SENTRY_CONTAINER (link, SentryThreadGroup, pgrp_link), &each);
    }
  else
    each_of_user (task,
                  who == 0 ? task->cred->ruid
                           : sentry_user_namespace_uid_from (task->cred->user_ns, (guint32) who),
                  &each);
  sentry_rwlock_read_unlock (&task->kernel->task_set);
  return each.any;
}

static guint64
all_cpus_word (guint n_cpus, guint word)
{
  guint left = n_cpus > word * 64 ? n_cpus - word * 64 : 0;

  return left >= 64 ? G_MAXUINT64 : (G_GUINT64_CONSTANT (1) << left) - 1;
}

void
sentry_task_get_affinity (SentryTask *target, guint64 *ret_mask, guint n_words)
{
  guint n_cpus = target->kernel->n_cpus;

  sentry_mutex_lock (&target->lock);
  for (guint i = 0; i < n_words; i++)
    ret_mask[i] = i < (n_cpus + 63) / 64 && target->priv->affinity != NULL
                      ? target->priv->affinity[i]
                      : all_cpus_word (n_cpus, i);
  sentry_mutex_unlock (&target->lock);
}

int
sentry_task_set_affinity (SentryTask *task, SentryTask *target, const guint64 *mask, guint n_words)
{
  guint n_cpus = target->kernel->n_cpus, n = (n_cpus + 63) / 64;
  g_autofree guint64 *now = g_new0 (guint64, n);
  guint64 any = 0;

  if (!same_owner (task, target) && !sentry_task_capable (task, CAP_SYS_NICE))
    return -EPERM;
  for (guint i = 0; i < n; i++)
    any |= now[i] = (i < n_words ? mask[i] : 0) & all_cpus_word (n_cpus, i);
  if (any == 0)
    return -EINVAL;
  if (target->kernel->use_host_cores)
    return 0;
  sentry_vdso_set_host_cpus (FALSE);
  sentry_mutex_lock (&target->lock);
  guint64 *old = target->priv->affinity;
  target->priv->affinity = g_steal_pointer (&now);
  target->priv->affinity_len = n * sizeof (guint64);
  sentry_mutex_unlock (&target->lock);
  g_free (old);
  return 0;
}

guint
sentry_task_cpu (SentryTask *task)
{
  SentryKernel *k = task->kernel;
  guint cpu = (guint) MAX (sched_getcpu (), 0);
  guint64 word;

  if (k->use_host_cores)
    return cpu;
  cpu %= k->n_cpus;
  /* Its own set must hold what it is told. */
  for (guint i = 0; i < k->n_cpus; i++)
    {
      guint c = (cpu + i) % k->n_cpus;
      guint64 *affinity = task->priv->affinity;
      word = affinity != NULL ? affinity[c / 64] : all_cpus_word (k->n_cpus, c / 64);
      if (word >> (c % 64) & 1)
        return c;
    }
  return cpu;
}
