/* /proc/PID/status, stat and statm. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-private.h"

#include <errno.h>
#include <string.h>

#include "kernel/attributes.h"
#include "kernel/signal.h"

#define TICK_NS 10000000 /* a clock tick, as sysconf (_SC_CLK_TCK) says */
#define PAGE 4096
#define PF_RANDOMIZE 0x00400000u

gboolean
sentry_proc_info (const SentryProcPlace *p, SentryTaskInfo *ret_info)
{
  if (__atomic_load_n (&p->task->run_state, __ATOMIC_ACQUIRE) == SENTRY_RUN_DEAD)
    return FALSE;
  sentry_task_get_info (p->task, !p->thread, ret_info);
  return TRUE;
}

static SentryUserNamespace *
reader_user_ns (const SentryProcPlace *p)
{
  SentryTask *reader = sentry_task_current ();

  return reader != NULL ? reader->cred->user_ns : p->task->cred->user_ns;
}

/* --- status --- */

/* Guest code runs on the host's processors, so their state against speculation is what the host
 * says of ours; and node masks are as wide as there.  Read before the process locks itself down. */
static struct
{
  char *speculation; /* whole lines */
  char *mems;
} host_lines;

__attribute__ ((constructor)) static void
read_host_lines (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  GString *speculation = g_string_new (NULL);

  if (g_file_get_contents ("/proc/self/status", &text, NULL, NULL))
    lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "Speculation"))
      g_string_append_printf (speculation, "%s\n", lines[i]);
    else if (g_str_has_prefix (lines[i], "Mems_allowed:\t"))
      {
        /* One node: the lowest bit of a mask as wide as the host's. */
        host_lines.mems = g_strdup (lines[i] + strlen ("Mems_allowed:\t"));
        for (char *c = host_lines.mems; *c != '\0'; c++)
          if (g_ascii_isxdigit (*c))
            *c = c[1] == '\0' ? '1' : '0';
      }
  host_lines.speculation = g_string_free (speculation, FALSE);
}

static const char *
state_name (char letter)
{
  switch (letter)
    {
    case 'R':
      return "R (running)";
    case 'S':
      return "S (sleeping)";
    case 'D':
      return "D (disk sleep)";
    case 'T':
      return "T (stopped)";
    case 't':
      return "t (tracing stop)";
    case 'Z':
      return "Z (zombie)";
    default:
      return "X (dead)";
    }
}

/* A newline or backslash in a name would forge lines. */
static void
append_escaped (GString *out, const char *name)
{
  for (; *name != '\0'; name++)
    if (*name == '\n')
      g_string_append (out, "\\n");
    else if (*name == '\\')
      g_string_append (out, "\\\\");
    else
      g_string_append_c (out, *name);
}

static void
append_ids (const SentryProcPlace *p, GString *out)
{
  SentryUserNamespace *ns = reader_user_ns (p);
  SentryCred *c = sentry_task_get_cred (p->task);

  g_string_append_printf (out, "Uid:\t%u\t%u\t%u\t%u\n", sentry_user_namespace_uid_to (ns, c->ruid),
                          sentry_user_namespace_uid_to (ns, c->euid),
                          sentry_user_namespace_uid_to (ns, c->suid),
                          sentry_user_namespace_uid_to (ns, c->fsuid));
  g_string_append_printf (out, "Gid:\t%u\t%u\t%u\t%u\n", sentry_user_namespace_gid_to (ns, c->rgid),
                          sentry_user_namespace_gid_to (ns, c->egid),
                          sentry_user_namespace_gid_to (ns, c->sgid),
                          sentry_user_namespace_gid_to (ns, c->fsgid));
  sentry_cred_unref (c);
}

static void
append_groups (const SentryProcPlace *p, GString *out)
{
  SentryUserNamespace *ns = reader_user_ns (p);
  SentryCred *c = sentry_task_get_cred (p->task);

  g_string_append (out, "Groups:\t");
  for (guint i = 0; i < c->n_groups; i++)
    g_string_append_printf (out, "%s%u", i > 0 ? " " : "",
                            sentry_user_namespace_gid_to (ns, c->groups[i]));
  g_string_append (out, " \n");
  sentry_cred_unref (c);
}

static void
append_identity (const SentryProcPlace *p, const SentryTaskInfo *info, GString *out)
{
  SentryFdTable *fds = sentry_task_get_fds (p->task);
  SentryFsState *fs = sentry_task_get_fs (p->task);

  g_string_append (out, "Name:\t");
  append_escaped (out, info->comm);
  g_string_append_c (out, '\n');
  if (fs != NULL)
    {
      g_string_append_printf (out, "Umask:\t%#04o\n",
                              __atomic_load_n (&fs->umask, __ATOMIC_RELAXED));
      sentry_fs_state_unref (fs);
    }
  g_string_append_printf (out,
                          "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
                          state_name (info->state), info->tgid, info->tid, info->ppid);
  append_ids (p, out);
  g_string_append_printf (out, "FDSize:\t%u\n", fds == NULL ? 0 : sentry_fd_table_size (fds));
  if (fds != NULL)
    sentry_fd_table_unref (fds);
  append_groups (p, out);
  g_string_append_printf (out, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\nKthread:\t0\n",
                          info->tgid, info->tid, info->pgid, info->sid);
}

static void
append_kb (GString *out, const char *name, guint64 bytes)
{
  g_string_append_printf (out, "%s:\t%8" G_GUINT64_FORMAT " kB\n", name, bytes / 1024);
}

static guint64
text_size (SentryMM *mm)
{
  const SentryMMLayout *l = sentry_mm_layout (mm);

  return ((l->end_code + PAGE - 1) & ~(guint64) (PAGE - 1))
         - (l->start_code & ~(guint64) (PAGE - 1));
}

static void
append_memory (SentryMM *mm, GString *out)
{
  SentryMMStats s;
  guint64 text = text_size (mm);

  sentry_mm_stats (mm, &s);
  append_kb (out, "VmPeak", s.peak_vm);
  append_kb (out, "VmSize", s.total_vm);
  append_kb (out, "VmLck", s.locked_vm);
  append_kb (out, "VmPin", s.pinned_vm);
  append_kb (out, "VmHWM", MAX (s.peak_rss, s.rss));
  append_kb (out, "VmRSS", s.rss);
  append_kb (out, "RssAnon", s.rss - MIN (s.rss, s.rss_shared));
  append_kb (out, "RssFile", s.rss_shared);
  append_kb (out, "RssShmem", 0);
  append_kb (out, "VmData", s.data_vm);
  append_kb (out, "VmStk", s.stack_vm);
  append_kb (out, "VmExe", text);
  append_kb (out, "VmLib", s.exec_vm - MIN (s.exec_vm, text));
  /* Page tables are the host's; three upper levels and a table for a few mappings come close. */
  append_kb (out, "VmPTE", (3 + s.n_vmas / 4) * (guint64) PAGE);
  append_kb (out, "VmSwap", 0);
  append_kb (out, "HugetlbPages", 0);
  g_string_append (out, "CoreDumping:\t0\nTHP_enabled:\t1\nuntag_mask:\t0xffffffffffffffff\n");
}

static void
append_set (GString *out, const char *name, guint64 set)
{
  g_string_append_printf (out, "%s:\t%016" G_GINT64_MODIFIER "x\n", name, set);
}

static void
append_signals (const SentryProcPlace *p, GString *out)
{
  SentrySignalInfo s;

  sentry_task_signal_info (p->task, &s);
  g_string_append_printf (out, "SigQ:\t%u/%" G_GUINT64_FORMAT "\n", s.n_queued, s.max_queued);
  append_set (out, "SigPnd", s.pending);
  append_set (out, "ShdPnd", s.shared_pending);
  append_set (out, "SigBlk", s.blocked);
  append_set (out, "SigIgn", s.ignored);
  append_set (out, "SigCgt", s.caught);
}

static void
append_capabilities (const SentryProcPlace *p, GString *out)
{
  SentryCred *c = sentry_task_get_cred (p->task);

  append_set (out, "CapInh", c->cap_inheritable);
  append_set (out, "CapPrm", c->cap_permitted);
  append_set (out, "CapEff", c->cap_effective);
  append_set (out, "CapBnd", c->cap_bounding);
  append_set (out, "CapAmb", c->cap_ambient);
  g_string_append_printf (out, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n",
                          c->no_new_privs ? 1 : 0);
  sentry_cred_unref (c);
}

static void
append_affinity (const SentryProcPlace *p, GString *out)
{
  guint n_cpus = p->kernel == NULL ? 1 : sentry_kernel_n_cpus (p->kernel),
        n_words = (n_cpus + 63) / 64;
  g_autofree guint64 *mask = g_new0 (guint64, n_words);
  gboolean first = TRUE;

  sentry_task_get_affinity (p->task, mask, n_words);
  g_string_append (out, "Cpus_allowed:\t");
  for (guint i = (n_cpus + 31) / 32; i > 0; i--)
    {
      guint32 word = (guint32) (mask[(i - 1) / 2] >> ((i - 1) % 2 * 32));
      guint digits = first ? MAX (1, (n_cpus - (i - 1) * 32 + 3) / 4) : 8;
      g_string_append_printf (out, "%s%0*x", first ? "" : ",", (int) digits, word);
      first = FALSE;
    }
  g_string_append (out, "\nCpus_allowed_list:\t");
  first = TRUE;
  for (guint i = 0; i < n_cpus; i++)
    {
      guint end = i;
      if (!(mask[i / 64] >> (i % 64) & 1))
        continue;
      while (end + 1 < n_cpus && (mask[(end + 1) / 64] >> ((end + 1) % 64) & 1))
        end++;
      g_string_append_printf (out, end > i ? "%s%u-%u" : "%s%u", first ? "" : ",", i, end);
      first = FALSE;
      i = end;
    }
  g_string_append_printf (out, "\nMems_allowed:\t%s\nMems_allowed_list:\t0\n",
                          host_lines.mems != NULL ? host_lines.mems : "1");
}

int
sentry_proc_show_status (const SentryProcPlace *p, GString *out)
{
  SentryTaskInfo info;
  SentryMM *mm;

  if (!sentry_proc_info (p, &info))
    return -ESRCH;
  append_identity (p, &info, out);
  mm = sentry_task_get_mm (p->task);
  if (mm != NULL)
    {
      append_memory (mm, out);
      sentry_mm_unref (mm);
    }
  g_string_append_printf (out, "Threads:\t%u\n", info.n_threads);
  append_signals (p, out);
  append_capabilities (p, out);
  g_string_append (out, host_lines.speculation);
  append_affinity (p, out);
  g_string_append_printf (out,
                          "voluntary_ctxt_switches:\t%" G_GUINT64_FORMAT
                          "\nnonvoluntary_ctxt_switches:\t%" G_GUINT64_FORMAT "\n",
                          info.nvcsw, info.nivcsw);
  return 0;
}

/* --- stat --- */

static void
append_u64 (GString *out, guint64 value)
{
  g_string_append_printf (out, " %" G_GUINT64_FORMAT, value);
}

static void
append_i64 (GString *out, gint64 value)
{
  g_string_append_printf (out, " %" G_GINT64_FORMAT, value);
}

/* Addresses are for those who might ptrace it; others see that there is code, or not. */
static void
append_stat_memory (const SentryProcPlace *p, SentryMM *mm, gboolean permitted, GString *out)
{
  static const SentryMMLayout none;
  const SentryMMLayout *l = mm == NULL ? &none : sentry_mm_layout (mm);
  SentryMMStats s = { 0 };

  if (mm != NULL)
    sentry_mm_stats (mm, &s);
  append_u64 (out, s.total_vm);
  append_u64 (out, s.rss / PAGE);
  append_u64 (out, sentry_limits_get (sentry_task_limits (p->task), RLIMIT_RSS));
  append_u64 (out, permitted ? l->start_code : mm != NULL);
  append_u64 (out, permitted ? l->end_code : mm != NULL);
  append_u64 (out, permitted ? l->start_stack : 0);
  g_string_append (out, " 0 0");
}

static void
append_stat_layout (SentryMM *mm, gboolean permitted, GString *out)
{
  const SentryMMLayout *l = mm == NULL || !permitted ? NULL : sentry_mm_layout (mm);

  if (l == NULL)
    {
      g_string_append (out, " 0 0 0 0 0 0 0");
      return;
    }
  append_u64 (out, l->start_data);
  append_u64 (out, l->end_data);
  append_u64 (out, l->start_brk);
  append_u64 (out, l->arg_start);
  append_u64 (out, l->arg_end);
  append_u64 (out, l->env_start);
  append_u64 (out, l->env_end);
}

/* What priority top shows: 20 + nice, or negative for real-time policies. */
static gint64
shown_priority (const SentryTaskInfo *info)
{
  return info->rt_priority > 0 ? -1 - info->rt_priority : 20 + info->nice;
}

static void
append_stat_times (const SentryTaskInfo *info, GString *out)
{
  append_u64 (out, info->minflt);
  append_u64 (out, info->children_minflt);
  append_u64 (out, info->majflt);
  append_u64 (out, info->children_majflt);
  append_i64 (out, info->user_ns / TICK_NS);
  append_i64 (out, info->system_ns / TICK_NS);
  append_i64 (out, info->children_user_ns / TICK_NS);
  append_i64 (out, info->children_system_ns / TICK_NS);
  append_i64 (out, shown_priority (info));
  append_i64 (out, info->nice);
  append_u64 (out, info->n_threads);
  g_string_append (out, " 0");
  append_i64 (out, info->start_time / TICK_NS);
}

static void
append_stat_signals (const SentryProcPlace *p, GString *out)
{
  SentrySignalInfo s;

  sentry_task_signal_info (p->task, &s);
  /* 31 bits each, by numbers, as long ago. */
  append_u64 (out, (s.pending | s.shared_pending) & 0x7fffffff);
  append_u64 (out, s.blocked & 0x7fffffff);
  append_u64 (out, s.ignored & 0x7fffffff);
  append_u64 (out, s.caught & 0x7fffffff);
}

int
sentry_proc_show_stat (const SentryProcPlace *p, GString *out)
{
  SentryTask *reader = sentry_task_current ();
  SentryTaskInfo info;
  gboolean permitted;
  SentryMM *mm;

  if (!sentry_proc_info (p, &info))
    return -ESRCH;
  permitted = reader == NULL || sentry_task_may_access (reader, p->task, FALSE, TRUE) == 0;
  mm = sentry_task_get_mm (p->task);
  g_string_append_printf (out, "%d (%s) %c %d %d %d 0 -1 %u", info.tid, info.comm, info.state,
                          info.ppid, info.pgid, info.sid, PF_RANDOMIZE);
  append_stat_times (&info, out);
  append_stat_memory (p, mm, permitted, out);
  append_stat_signals (p, out);
  g_string_append_printf (out, " %d 0 0 %d %u %d %d 0 0 0",
                          info.state == 'S' || info.state == 'D' ? 1 : 0, info.exit_signal,
                          reader == p->task ? sentry_task_cpu (reader) : 0, info.rt_priority,
                          info.policy);
  append_stat_layout (mm, permitted, out);
  append_i64 (out, permitted ? info.exit_code : 0);
  g_string_append_c (out, '\n');
  if (mm != NULL)
    sentry_mm_unref (mm);
  return 0;
}

int
sentry_proc_show_statm (const SentryProcPlace *p, GString *out)
{
  SentryMM *mm = sentry_task_get_mm (p->task);
  SentryMMStats s;

  if (mm == NULL)
    {
      g_string_append (out, "0 0 0 0 0 0 0\n");
      return 0;
    }
  sentry_mm_stats (mm, &s);
  g_string_append_printf (out,
                          "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                          " %" G_GUINT64_FORMAT " 0 %" G_GUINT64_FORMAT " 0\n",
                          s.total_vm / PAGE, s.rss / PAGE, s.rss_shared / PAGE,
                          text_size (mm) / PAGE, (s.data_vm + s.stack_vm) / PAGE);
  sentry_mm_unref (mm);
  return 0;
}
