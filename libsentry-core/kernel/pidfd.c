/* Descriptors of processes. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/pidfd.h"

#include <fcntl.h>
#include "fs/anon-inode.h"
#include "kernel/task-private.h"

typedef struct
{
  SentryFile file;
  SentryThreadGroup *group; /* I: a reference */
} Pidfd;

static Pidfd *
pidfd_of (SentryFile *f)
{
  return SENTRY_CONTAINER (f, Pidfd, file);
}

static guint32
pidfd_poll (SentryFile *f, SentryPollTable *table)
{
  SentryThreadGroup *group = pidfd_of (f)->group;
  guint32 events = 0;

  if (table != NULL)
    table->add (table, &group->wait_exit);
  sentry_rwlock_read_lock (&group->kernel->task_set);
  if (group->leader == NULL)
    events = POLLIN | POLLRDNORM | POLLHUP;
  else if (group->leader->priv->exit_state == SENTRY_EXIT_ZOMBIE
           && group->tasks.next->next == &group->tasks)
    events = POLLIN | POLLRDNORM;
  sentry_rwlock_read_unlock (&group->kernel->task_set);
  return events;
}

static void
pidfd_fdinfo (SentryFile *f, GString *out)
{
  SentryThreadGroup *group = pidfd_of (f)->group;
  SentryTask *leader = sentry_thread_group_get_leader (group);
  int pid = leader != NULL ? group->tgid : -1;

  g_string_append_printf (out, "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
  sentry_task_unref (leader);
}

static void
pidfd_release (SentryFile *f)
{
  Pidfd *p = pidfd_of (f);

  sentry_thread_group_unref (p->group);
  sentry_file_clear (f);
  g_free (p);
}

static const SentryFileOps pidfd_ops = {
  .name = "pidfd",
  .release = pidfd_release,
  .poll = pidfd_poll,
  .fdinfo = pidfd_fdinfo,
};

SentryFile *
sentry_pidfd_new (SentryTask *task, SentryThreadGroup *group, guint32 flags)
{
  Pidfd *p = g_try_new0 (Pidfd, 1);
  SentryPath path;

  if (p == NULL)
    return NULL;
  sentry_anon_path_new (SENTRY_ANON_INODE, "[pidfd]", task->cred, &path);
  sentry_file_init (&p->file, &pidfd_ops, SENTRY_FMODE_READ | SENTRY_FMODE_WRITE,
                    O_RDWR | (flags & O_NONBLOCK), &path, sentry_path_inode (&path), task->cred);
  sentry_path_unref (&path);
  p->group = sentry_thread_group_ref (group);
  return &p->file;
}

SentryThreadGroup *
sentry_pidfd_group (SentryFile *f)
{
  return f->ops == &pidfd_ops ? pidfd_of (f)->group : NULL;
}

SentryTask *
sentry_thread_group_get_leader (SentryThreadGroup *group)
{
  SentryTask *leader;

  sentry_rwlock_read_lock (&group->kernel->task_set);
  leader = group->leader != NULL ? sentry_task_ref (group->leader) : NULL;
  sentry_rwlock_read_unlock (&group->kernel->task_set);
  return leader;
}

int
sentry_task_find_group (SentryTask *viewer, gint32 pid, SentryThreadGroup **ret_group)
{
  SentryTask *target = sentry_task_find (viewer, pid);
  int r = target == NULL ? -ESRCH : sentry_task_tgid (target) != pid ? -ENOENT : 0;

  if (r == 0)
    *ret_group = sentry_thread_group_ref (target->group);
  sentry_task_unref (target);
  return r;
}

void
sentry_thread_group_drop (SentryThreadGroup *group)
{
  sentry_thread_group_unref (group);
}
