/* Small files of /proc/PID. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-private.h"

#include <errno.h>
#include <string.h>

#include "kernel/attributes.h"
#include "kernel/sysinfo.h"

#define PAGE 4096

gboolean
sentry_proc_parse_number (const char *data, gint64 *ret_number)
{
  const char *start = data;
  char *end;

  while (g_ascii_isspace (*start))
    start++;
  errno = 0;
  *ret_number = g_ascii_strtoll (start, &end, 0);
  if (end == start || errno != 0)
    return FALSE;
  while (g_ascii_isspace (*end))
    end++;
  return *end == '\0';
}

/* --- comm --- */

int
sentry_proc_show_comm (const SentryProcPlace *p, GString *out)
{
  char comm[16];

  sentry_task_get_comm (p->task, comm);
  g_string_append_printf (out, "%s\n", comm);
  return 0;
}

/* Only threads of the same group may rename each other. */
int
sentry_proc_write_comm (const SentryProcPlace *p, SentryCred *cred, const char *data, gsize len)
{
  SentryTask *writer = sentry_task_current ();
  char comm[16];

  if (writer != NULL && writer->group != p->task->group)
    return -EINVAL;
  g_strlcpy (comm, data, sizeof comm);
  g_strdelimit (comm, "\n", '\0');
  sentry_task_set_comm (p->task, comm);
  return 0;
}

/* --- limits --- */

static void
append_limit (GString *out, guint64 value)
{
  if (value == SENTRY_RLIM_INFINITY)
    g_string_append (out, "unlimited            ");
  else
    g_string_append_printf (out, "%-20" G_GUINT64_FORMAT " ", value);
}

int
sentry_proc_show_limits (const SentryProcPlace *p, GString *out)
{
  static const struct
  {
    const char *name, *unit;
  } rows[SENTRY_N_LIMITS] = {
    [RLIMIT_CPU] = { "Max cpu time", "seconds" },
    [RLIMIT_FSIZE] = { "Max file size", "bytes" },
    [RLIMIT_DATA] = { "Max data size", "bytes" },
    [RLIMIT_STACK] = { "Max stack size", "bytes" },
    [RLIMIT_CORE] = { "Max core file size", "bytes" },
    [RLIMIT_RSS] = { "Max resident set", "bytes" },
    [RLIMIT_NPROC] = { "Max processes", "processes" },
    [RLIMIT_NOFILE] = { "Max open files", "files" },
    [RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
    [RLIMIT_AS] = { "Max address space", "bytes" },
    [RLIMIT_LOCKS] = { "Max file locks", "locks" },
    [RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
    [RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
    [RLIMIT_NICE] = { "Max nice priority", NULL },
    [RLIMIT_RTPRIO] = { "Max realtime priority", NULL },
    [RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
  };

  g_string_append_printf (out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit",
                          "Units");
  for (guint i = 0; i < SENTRY_N_LIMITS; i++)
    {
      SentryLimit limit = sentry_limits_get_both (sentry_task_limits (p->task), (int) i);

      g_string_append_printf (out, "%-25s ", rows[i].name);
      append_limit (out, limit.soft);
      append_limit (out, limit.hard);
      if (rows[i].unit != NULL)
        g_string_append_printf (out, "%-10s", rows[i].unit);
      g_string_append_c (out, '\n');
    }
  return 0;
}

/* --- what it is doing --- */

int
sentry_proc_show_personality (const SentryProcPlace *p, GString *out)
{
  g_string_append_printf (out, "%08" G_GINT64_MODIFIER "x\n", sentry_task_personality (p->task));
  return 0;
}

int
sentry_proc_show_syscall (const SentryProcPlace *p, GString *out)
{
  SentryTaskInfo info;

  if (!sentry_proc_info (p, &info))
    return -ESRCH;
  /* Who asks about itself is in a call too, but its registers are its own business. */
  if (info.call_nr < 0)
    {
      g_string_append (out, "running\n");
      return 0;
    }
  g_string_append_printf (out, "%" G_GINT64_FORMAT, info.call_nr);
  for (guint i = 0; i < 6; i++)
    g_string_append_printf (out, " 0x%" G_GINT64_MODIFIER "x", info.call_args[i]);
  g_string_append_printf (out, " 0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER "x\n",
                          info.call_sp, info.call_pc);
  return 0;
}

/* Linux says 0 as well to those who may not know where a task sleeps. */
int
sentry_proc_show_wchan (const SentryProcPlace *p, GString *out)
{
  g_string_append_c (out, '0');
  return 0;
}

/* Time on the processor; how often and how long it waited for one, nobody counts here. */
int
sentry_proc_show_schedstat (const SentryProcPlace *p, GString *out)
{
  SentryTaskInfo info;

  if (!sentry_proc_info (p, &info))
    return -ESRCH;
  g_string_append_printf (out, "%" G_GINT64_FORMAT " 0 %" G_GUINT64_FORMAT "\n",
                          info.user_ns + info.system_ns, info.nvcsw + info.nivcsw);
  return 0;
}

int
sentry_proc_show_children (const SentryProcPlace *p, GString *out)
{
  g_autoptr (GArray) list = sentry_task_list_children (p->task);

  for (guint i = 0; i < list->len; i++)
    g_string_append_printf (out, "%d ", g_array_index (list, gint32, i));
  return 0;
}

/* --- out of memory --- */

/* oom_badness: thousandths of all memory, moved by the adjustment, squeezed into what scripts
 * expect. */
int
sentry_proc_show_oom_score (const SentryProcPlace *p, GString *out)
{
  SentryMM *mm = sentry_task_get_mm (p->task);
  SentrySysinfo info = { .total_memory = 1 };
  SentryMMStats stats = { 0 };
  gint64 points;

  if (p->kernel != NULL)
    sentry_kernel_sysinfo (p->kernel, &info);
  if (mm != NULL)
    {
      sentry_mm_stats (mm, &stats);
      sentry_mm_unref (mm);
    }
  points = (gint64) (stats.rss / PAGE * 1000 / MAX (1, info.total_memory / PAGE))
           + sentry_task_oom_score_adj (p->task);
  g_string_append_printf (out, "%" G_GINT64_FORMAT "\n", CLAMP ((1000 + points) * 2 / 3, 0, 2000));
  return 0;
}

int
sentry_proc_show_oom_score_adj (const SentryProcPlace *p, GString *out)
{
  g_string_append_printf (out, "%d\n", sentry_task_oom_score_adj (p->task));
  return 0;
}

/* The old scale: -17 … 15. */
int
sentry_proc_show_oom_adj (const SentryProcPlace *p, GString *out)
{
  gint32 adj = sentry_task_oom_score_adj (p->task);

  g_string_append_printf (out, "%d\n", adj == 1000 ? 15 : MIN (adj * 17 / 1000, 15));
  return 0;
}

int
sentry_proc_write_oom_score_adj (const SentryProcPlace *p, SentryCred *cred, const char *data,
                                 gsize len)
{
  gint64 n;

  if (!sentry_proc_parse_number (data, &n) || n < -1000 || n > 1000)
    return -EINVAL;
  return sentry_task_set_oom_score_adj (p->task, (gint32) n,
                                        sentry_cred_capable (cred, CAP_SYS_RESOURCE));
}

int
sentry_proc_write_oom_adj (const SentryProcPlace *p, SentryCred *cred, const char *data, gsize len)
{
  gint64 n;

  if (!sentry_proc_parse_number (data, &n) || n < -17 || n > 15)
    return -EINVAL;
  return sentry_task_set_oom_score_adj (p->task, n == 15 ? 1000 : (gint32) (n * 1000 / 17),
                                        sentry_cred_capable (cred, CAP_SYS_RESOURCE));
}

/* --- identity --- */

/* loginuid, sessionid: nobody has set them. */
int
sentry_proc_show_unset_id (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, "4294967295");
  return 0;
}

/* The first user namespace maps everything to itself. */
int
sentry_proc_show_id_map (const SentryProcPlace *p, GString *out)
{
  g_string_append_printf (out, "%10u %10u %10u\n", 0, 0, G_MAXUINT32);
  return 0;
}

int
sentry_proc_show_setgroups (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, "allow\n");
  return 0;
}

int
sentry_proc_show_cgroup (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, "0::/\n");
  return 0;
}

/* --- timer slack --- */

static gboolean
may_tune (const SentryProcPlace *p)
{
  SentryTask *task = sentry_task_current ();

  return task == NULL || task == p->task || sentry_task_capable (task, CAP_SYS_NICE);
}

int
sentry_proc_show_timerslack (const SentryProcPlace *p, GString *out)
{
  if (!may_tune (p))
    return -EPERM;
  g_string_append_printf (out, "%" G_GUINT64_FORMAT "\n", sentry_task_timer_slack (p->task));
  return 0;
}

int
sentry_proc_write_timerslack (const SentryProcPlace *p, SentryCred *cred, const char *data,
                              gsize len)
{
  gint64 n;

  if (!may_tune (p))
    return -EPERM;
  if (!sentry_proc_parse_number (data, &n) || n < 0)
    return -EINVAL;
  sentry_task_set_timer_slack (p->task, (guint64) n);
  return 0;
}
