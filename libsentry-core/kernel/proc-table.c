/* The directories of processes and threads: /proc/PID, /proc/PID/task/TID, self.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-private.h"

#include <errno.h>

/* --- numbers --- */

static gboolean
next_pid (const SentryProcPlace *dir, guint64 from, guint64 *ret_pid)
{
  g_autoptr (GArray) list = NULL;

  if (dir->kernel == NULL)
    return FALSE;
  list = sentry_kernel_list_processes (dir->kernel);
  for (guint i = 0; i < list->len; i++)
    if ((guint64) g_array_index (list, gint32, i) >= from)
      {
        *ret_pid = (guint64) g_array_index (list, gint32, i);
        return TRUE;
      }
  return FALSE;
}

/* Threads can be looked up among the processes too, as on Linux, though they aren't listed. */
static gboolean
enter_pid (const SentryProcPlace *dir, guint64 pid, SentryProcPlace *child)
{
  SentryTask *task;

  if (dir->kernel == NULL || pid == 0 || pid > G_MAXINT32)
    return FALSE;
  task = sentry_kernel_find_task (dir->kernel, (gint32) pid);
  if (task == NULL)
    return FALSE;
  child->task = task;
  return TRUE;
}

static gboolean
next_tid (const SentryProcPlace *dir, guint64 from, guint64 *ret_tid)
{
  g_autoptr (GArray) list = sentry_task_list_threads (dir->task);

  for (guint i = 0; i < list->len; i++)
    if ((guint64) g_array_index (list, gint32, i) >= from)
      {
        *ret_tid = (guint64) g_array_index (list, gint32, i);
        return TRUE;
      }
  return FALSE;
}

static gboolean
enter_tid (const SentryProcPlace *dir, guint64 tid, SentryProcPlace *child)
{
  if (!enter_pid (dir, tid, child))
    return FALSE;
  child->thread = TRUE;
  if (child->task->group == dir->task->group)
    return TRUE;
  sentry_proc_place_clear (child);
  return FALSE;
}

/* --- self --- */

static int
read_self (const SentryProcPlace *p, char **ret_target)
{
  SentryTask *task = sentry_task_current ();

  if (task == NULL)
    return -ENOENT;
  *ret_target = g_strdup_printf ("%d", sentry_task_tgid (task));
  return 0;
}

static int
read_thread_self (const SentryProcPlace *p, char **ret_target)
{
  SentryTask *task = sentry_task_current ();

  if (task == NULL)
    return -ENOENT;
  *ret_target = g_strdup_printf ("%d/task/%d", sentry_task_tgid (task), task->tid);
  return 0;
}

/* --- the tables --- */

#define DIR(perm) S_IFDIR | perm
#define REG(perm) S_IFREG | perm
#define LNK S_IFLNK | 0777

/* A row for /proc/PID, and the same for a thread. */
#define PID(name, mode_, ...)                                                                      \
  {                                                                                                \
    .path = "[pid]/" name, .mode = mode_, __VA_ARGS__                                              \
  }
#define TID(name, mode_, ...)                                                                      \
  {                                                                                                \
    .path = "[pid]/task/[tid]/" name, .mode = mode_, __VA_ARGS__                                   \
  }

#define FD_ROWS(ROW)                                                                               \
  ROW ("fd", DIR (0500), .flags = SENTRY_PROC_SEARCH_TASK),                                        \
      ROW ("fd/[fd]", LNK, .flags = SENTRY_PROC_READ_ACCESS, .readlink = sentry_proc_read_fd,      \
           .follow = sentry_proc_follow_fd, .link_mode = sentry_proc_fd_mode,                      \
           .next = sentry_proc_next_fd, .alive = sentry_proc_fd_alive)
#define FDINFO_ROWS(ROW)                                                                           \
  ROW ("fdinfo", DIR (0555), .flags = SENTRY_PROC_READ_ACCESS),                                    \
      ROW ("fdinfo/[fd]", REG (0444), .flags = SENTRY_PROC_READ_ACCESS,                            \
           .show = sentry_proc_show_fdinfo, .next = sentry_proc_next_fd,                           \
           .alive = sentry_proc_fd_alive)
#define NS_ROW(ROW, name)                                                                          \
  ROW ("ns/" name, LNK, .flags = SENTRY_PROC_READ_ACCESS, .readlink = sentry_proc_read_ns,         \
       .follow = sentry_proc_follow_ns)
#define NS_ROWS(ROW)                                                                               \
  ROW ("ns", DIR (0511)), NS_ROW (ROW, "cgroup"), NS_ROW (ROW, "ipc"), NS_ROW (ROW, "mnt"),        \
      NS_ROW (ROW, "net"), NS_ROW (ROW, "pid"), NS_ROW (ROW, "pid_for_children"),                  \
      NS_ROW (ROW, "time"), NS_ROW (ROW, "time_for_children"), NS_ROW (ROW, "user"),               \
      NS_ROW (ROW, "uts")
#define MEMORY_ROWS(ROW)                                                                           \
  ROW ("environ", REG (0400), .flags = SENTRY_PROC_READ_ACCESS, .show = sentry_proc_show_environ), \
      ROW ("auxv", REG (0400), .flags = SENTRY_PROC_READ_ACCESS, .show = sentry_proc_show_auxv)
#define STATE_ROWS(ROW)                                                                            \
  ROW ("status", REG (0444), .show = sentry_proc_show_status),                                     \
      ROW ("personality", REG (0400), .flags = SENTRY_PROC_ATTACH_ACCESS,                          \
           .show = sentry_proc_show_personality),                                                  \
      ROW ("limits", REG (0444), .show = sentry_proc_show_limits),                                 \
      ROW ("comm", REG (0644), .show = sentry_proc_show_comm, .write = sentry_proc_write_comm),    \
      ROW ("syscall", REG (0400), .flags = SENTRY_PROC_ATTACH_ACCESS,                              \
           .show = sentry_proc_show_syscall),                                                      \
      ROW ("cmdline", REG (0444), .show = sentry_proc_show_cmdline),                               \
      ROW ("stat", REG (0444), .show = sentry_proc_show_stat),                                     \
      ROW ("statm", REG (0444), .show = sentry_proc_show_statm),                                   \
      ROW ("maps", REG (0444), .flags = SENTRY_PROC_READ_ACCESS, .show = sentry_proc_show_maps),   \
      ROW ("mem", REG (0600), .flags = SENTRY_PROC_ATTACH_ACCESS, .open = sentry_proc_open_mem)
#define PATH_ROWS(ROW)                                                                             \
  ROW ("cwd", LNK, .flags = SENTRY_PROC_READ_ACCESS, .readlink = sentry_proc_read_cwd,             \
       .follow = sentry_proc_follow_cwd),                                                          \
      ROW ("root", LNK, .flags = SENTRY_PROC_READ_ACCESS, .readlink = sentry_proc_read_root,       \
           .follow = sentry_proc_follow_root),                                                     \
      ROW ("exe", LNK, .flags = SENTRY_PROC_READ_ACCESS, .readlink = sentry_proc_read_exe,         \
           .follow = sentry_proc_follow_exe),                                                      \
      ROW ("mounts", REG (0444), .flags = SENTRY_PROC_READ_ACCESS,                                 \
           .show = sentry_proc_show_mounts),                                                       \
      ROW ("mountinfo", REG (0444), .flags = SENTRY_PROC_READ_ACCESS,                              \
           .show = sentry_proc_show_mountinfo)
#define LATE_ROWS(ROW)                                                                             \
  ROW ("smaps", REG (0444), .flags = SENTRY_PROC_READ_ACCESS, .show = sentry_proc_show_smaps),     \
      ROW ("smaps_rollup", REG (0444), .flags = SENTRY_PROC_READ_ACCESS,                           \
           .show = sentry_proc_show_smaps_rollup),                                                 \
      ROW ("wchan", REG (0444), .show = sentry_proc_show_wchan),                                   \
      ROW ("schedstat", REG (0444), .show = sentry_proc_show_schedstat),                           \
      ROW ("cgroup", REG (0444), .show = sentry_proc_show_cgroup),                                 \
      ROW ("oom_score", REG (0444), .show = sentry_proc_show_oom_score),                           \
      ROW ("oom_adj", REG (0644), .show = sentry_proc_show_oom_adj,                                \
           .write = sentry_proc_write_oom_adj),                                                    \
      ROW ("oom_score_adj", REG (0644), .show = sentry_proc_show_oom_score_adj,                    \
           .write = sentry_proc_write_oom_score_adj),                                              \
      ROW ("loginuid", REG (0444), .show = sentry_proc_show_unset_id),                             \
      ROW ("sessionid", REG (0444), .show = sentry_proc_show_unset_id),                            \
      ROW ("uid_map", REG (0444), .show = sentry_proc_show_id_map),                                \
      ROW ("gid_map", REG (0444), .show = sentry_proc_show_id_map),                                \
      ROW ("projid_map", REG (0444), .show = sentry_proc_show_id_map),                             \
      ROW ("setgroups", REG (0444), .show = sentry_proc_show_setgroups)

static const SentryProcEntry pid_entries[] = {
  { .path = "self", .mode = LNK, .readlink = read_self },
  { .path = "thread-self", .mode = LNK, .readlink = read_thread_self },
  { .path = "[pid]", .mode = DIR (0555), .next = next_pid, .enter = enter_pid },
  PID ("task", DIR (0555)),
  { .path = "[pid]/task/[tid]", .mode = DIR (0555), .next = next_tid, .enter = enter_tid },
  FD_ROWS (PID),
  FDINFO_ROWS (PID),
  NS_ROWS (PID),
  PID ("net", DIR (0555), .flags = SENTRY_PROC_ROOT_OWNED),
  MEMORY_ROWS (PID),
  STATE_ROWS (PID),
  PATH_ROWS (PID),
  PID ("mountstats", REG (0400), .flags = SENTRY_PROC_READ_ACCESS,
       .show = sentry_proc_show_mountstats),
  LATE_ROWS (PID),
  PID ("timerslack_ns", REG (0666), .show = sentry_proc_show_timerslack,
       .write = sentry_proc_write_timerslack),
};
SENTRY_PROC_ENTRIES ("proc", pid_entries);

static const SentryProcEntry tid_entries[] = {
  FD_ROWS (TID),    FDINFO_ROWS (TID),
  NS_ROWS (TID),    MEMORY_ROWS (TID),
  STATE_ROWS (TID), TID ("children", REG (0444), .show = sentry_proc_show_children),
  PATH_ROWS (TID),  LATE_ROWS (TID),
};
SENTRY_PROC_ENTRIES ("proc", tid_entries);
