/* Files of /proc about the sandbox as a whole. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "fs/file-lock.h"
#include "kernel/feature-set.h"
#include "kernel/proc-private.h"
#include "kernel/sysinfo.h"
#include "kernel/uts-namespace.h"
#include "time/clock.h"

#define TICK_NS 10000000

/* --- lists of processors --- */

void
sentry_proc_append_mask (GString *out, guint n, guint width)
{
  guint words = (MAX (n, width) + 31) / 32;

  for (guint i = words; i > 0; i--)
    {
      guint low = (i - 1) * 32, bits = n <= low ? 0 : MIN (32, n - low);
      guint digits = i == words ? (MAX (n, width) - low + 3) / 4 : 8;
      guint32 word = bits == 32 ? G_MAXUINT32 : (1u << bits) - 1;
      g_string_append_printf (out, "%s%0*x", i == words ? "" : ",", (int) digits, word);
    }
}

void
sentry_proc_append_range (GString *out, guint n)
{
  if (n == 1)
    g_string_append_c (out, '0');
  else if (n > 1)
    g_string_append_printf (out, "0-%u", n - 1);
}

/* The lines that number a processor stand behind "cache size", where Linux has them. */
static void
append_processor (GString *out, guint cpu, guint n_cpus, const char *common)
{
  const char *after = strstr (common, "\ncache size");

  g_string_append_printf (out, "processor\t: %u\n", cpu);
  after = after == NULL ? NULL : strchr (after + 1, '\n');
  if (after != NULL)
    g_string_append_len (out, common, after + 1 - common);
  else
    g_string_append (out, common);
  g_string_append_printf (out,
                          "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n"
                          "apicid\t\t: %u\ninitial apicid\t: %u\n",
                          n_cpus, cpu, n_cpus, cpu, cpu);
  if (after != NULL)
    g_string_append (out, after + 1);
  g_string_append_c (out, '\n');
}

static int
show_cpuinfo (const SentryProcPlace *p, GString *out)
{
  guint n = sentry_kernel_n_cpus (p->kernel);

  for (guint i = 0; i < n; i++)
    append_processor (out, i, n, sentry_kernel_features (p->kernel)->cpuinfo);
  return 0;
}

/* --- memory --- */

static void
append_kb (GString *out, const char *name, guint64 bytes)
{
  g_autofree char *label = g_strconcat (name, ":", NULL);

  g_string_append_printf (out, "%-16s%8" G_GUINT64_FORMAT " kB\n", label, bytes / 1024);
}

/* What the sandbox knows; swap, huge pages and dirty pages are the host's business and none of the
 * guest's. */
static int
show_meminfo (const SentryProcPlace *p, GString *out)
{
  static const char *const zero[] = { "Dirty", "Writeback" };
  SentrySysinfo s;
  guint64 used;

  sentry_kernel_sysinfo (p->kernel, &s);
  used = s.total_memory - MIN (s.total_memory, s.available_memory);
  append_kb (out, "MemTotal", s.total_memory);
  append_kb (out, "MemFree", s.free_memory);
  append_kb (out, "MemAvailable", s.available_memory);
  append_kb (out, "Buffers", 0);
  append_kb (out, "Cached", s.available_memory - MIN (s.available_memory, s.free_memory));
  append_kb (out, "SwapCached", 0);
  append_kb (out, "Active", used);
  append_kb (out, "Inactive", 0);
  append_kb (out, "SwapTotal", 0);
  append_kb (out, "SwapFree", 0);
  for (guint i = 0; i < G_N_ELEMENTS (zero); i++)
    append_kb (out, zero[i], 0);
  append_kb (out, "AnonPages", used - MIN (used, s.shared_memory));
  append_kb (out, "Mapped", 0);
  append_kb (out, "Shmem", s.shared_memory);
  append_kb (out, "KReclaimable", 0);
  append_kb (out, "Slab", 0);
  append_kb (out, "SReclaimable", 0);
  append_kb (out, "SUnreclaim", 0);
  append_kb (out, "CommitLimit", s.total_memory);
  append_kb (out, "Committed_AS", used);
  append_kb (out, "VmallocTotal", G_GUINT64_CONSTANT (34359738367) * 1024);
  append_kb (out, "VmallocUsed", 0);
  return 0;
}

/* Pages in and out are the host's; a sandbox has no swap. */
static int
show_vmstat (const SentryProcPlace *p, GString *out)
{
  SentrySysinfo s;

  sentry_kernel_sysinfo (p->kernel, &s);
  g_string_append_printf (out,
                          "nr_free_pages %" G_GUINT64_FORMAT "\nnr_shmem %" G_GUINT64_FORMAT "\n",
                          s.free_memory / 4096, s.shared_memory / 4096);
  g_string_append (out, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n");
  return 0;
}

/* --- time --- */

typedef struct
{
  gint64 user_ns, system_ns;
  guint64 switches;
} Busy;

/* Every process there is, with its dead threads and the children that it has waited for. */
static void
add_up_processes (SentryKernel *k, Busy *ret_busy)
{
  g_autoptr (GArray) list = sentry_kernel_list_processes (k);

  *ret_busy = (Busy){ 0 };
  for (guint i = 0; i < list->len; i++)
    {
      SentryTask *task = sentry_kernel_find_task (k, g_array_index (list, gint32, i));
      SentryTaskInfo info;

      if (task == NULL)
        continue;
      sentry_task_get_info (task, TRUE, &info);
      ret_busy->user_ns += info.user_ns + info.children_user_ns;
      ret_busy->system_ns += info.system_ns + info.children_system_ns;
      ret_busy->switches += info.nvcsw + info.nivcsw;
      sentry_task_unref (task);
    }
}

/* Counters must not go back when an orphan's time is lost with it. */
static guint64
at_least (guint64 *high, guint64 now)
{
  guint64 old = __atomic_load_n (high, __ATOMIC_RELAXED);

  while (
      now > old
      && !__atomic_compare_exchange_n (high, &old, now, TRUE, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
  return MAX (old, now);
}

typedef struct
{
  guint64 user, system, idle; /* ticks, all processors together */
  guint64 switches;
} Ticks;

static void
count_ticks (SentryKernel *k, const SentrySysinfo *s, Ticks *ret_ticks)
{
  static guint64 high_user, high_system, high_idle, high_switches;
  guint64 all = (guint64) (s->uptime_ns / TICK_NS) * sentry_kernel_n_cpus (k), busy;
  Busy b;

  add_up_processes (k, &b);
  ret_ticks->user = at_least (&high_user, (guint64) b.user_ns / TICK_NS);
  ret_ticks->system = at_least (&high_system, (guint64) b.system_ns / TICK_NS);
  busy = ret_ticks->user + ret_ticks->system;
  ret_ticks->idle = at_least (&high_idle, all - MIN (all, busy));
  ret_ticks->switches = at_least (&high_switches, b.switches);
}

static void
append_cpu (GString *out, const char *name, const Ticks *t, guint share)
{
  g_string_append_printf (
      out, "%s %" G_GUINT64_FORMAT " 0 %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " 0 0 0 0 0 0\n",
      name, t->user / share, t->system / share, t->idle / share);
}

/* Which processor a guest used isn't known; each gets its share. */
static int
show_stat (const SentryProcPlace *p, GString *out)
{
  guint n = sentry_kernel_n_cpus (p->kernel);
  SentryTimekeeper *tk = sentry_kernel_timekeeper (p->kernel);
  gint64 btime;
  SentrySysinfo s;
  Ticks t;

  sentry_kernel_sysinfo (p->kernel, &s);
  count_ticks (p->kernel, &s, &t);
  append_cpu (out, "cpu ", &t, 1);
  for (guint i = 0; i < n; i++)
    {
      char name[16];
      g_snprintf (name, sizeof name, "cpu%u", i);
      append_cpu (out, name, &t, n);
    }
  btime = (sentry_clock_now (tk, CLOCK_REALTIME) - sentry_clock_now (tk, CLOCK_BOOTTIME))
          / SENTRY_NSEC_PER_SEC;
  g_string_append_printf (out,
                          "intr 0\nctxt %" G_GUINT64_FORMAT "\nbtime %" G_GINT64_FORMAT
                          "\nprocesses %" G_GUINT64_FORMAT
                          "\nprocs_running %u\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
                          t.switches, btime, s.n_forks, MAX (1, s.n_running));
  return 0;
}

static int
show_uptime (const SentryProcPlace *p, GString *out)
{
  gint64 up, idle;
  SentrySysinfo s;
  Ticks t;

  sentry_kernel_sysinfo (p->kernel, &s);
  count_ticks (p->kernel, &s, &t);
  up = s.uptime_ns / TICK_NS;
  idle = (gint64) t.idle;
  g_string_append_printf (out, "%" G_GINT64_FORMAT ".%02d %" G_GINT64_FORMAT ".%02d\n", up / 100,
                          (int) (up % 100), idle / 100, (int) (idle % 100));
  return 0;
}

static int
show_loadavg (const SentryProcPlace *p, GString *out)
{
  SentrySysinfo s;

  sentry_kernel_sysinfo (p->kernel, &s);
  for (guint i = 0; i < 3; i++)
    {
      gulong load = s.load[i] + (1ul << SENTRY_LOAD_SHIFT) / 200;
      gulong fraction = (load & ((1ul << SENTRY_LOAD_SHIFT) - 1)) * 100 >> SENTRY_LOAD_SHIFT;
      g_string_append_printf (out, "%lu.%02lu ", load >> SENTRY_LOAD_SHIFT, fraction);
    }
  g_string_append_printf (out, "%u/%u %d\n", s.n_running, s.n_tasks, s.last_pid);
  return 0;
}

/* --- what there is --- */

static int
show_version (const SentryProcPlace *p, GString *out)
{
  struct utsname u;

  sentry_uts_namespace_get (sentry_kernel_uts_namespace (p->kernel), &u);
  g_string_append_printf (out, "%s version %s (sentry@%s) (gcc %s) %s\n", u.sysname, u.release,
                          "localhost", __VERSION__, u.version);
  return 0;
}

static int
show_filesystems (const SentryProcPlace *p, GString *out)
{
  SentryMountNamespace *ns = sentry_kernel_mount_namespace (p->kernel);

  if (ns != NULL)
    sentry_mount_namespace_ops (ns)->show_filesystems (ns, out);
  return 0;
}

static int
show_devices (const SentryProcPlace *p, GString *out)
{
  g_string_append (
      out, "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n136 pts\n"
           "\nBlock devices:\n");
  return 0;
}

static int
show_locks (const SentryProcPlace *p, GString *out)
{
  sentry_file_locks_show (out);
  return 0;
}

/* There are none. */
static int
show_nothing (const SentryProcPlace *p, GString *out)
{
  return 0;
}

static int
show_swaps (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
  return 0;
}

static int
show_partitions (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, "major minor  #blocks  name\n\n");
  return 0;
}

static int
show_cgroups (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
  return 0;
}

/* A kernel without parameters. */
static int
show_cmdline (const SentryProcPlace *p, GString *out)
{
  g_string_append_c (out, '\n');
  return 0;
}

static int
read_mounts (const SentryProcPlace *p, char **ret_target)
{
  *ret_target = g_strdup ("self/mounts");
  return 0;
}

static int
read_net (const SentryProcPlace *p, char **ret_target)
{
  *ret_target = g_strdup ("self/net");
  return 0;
}

#define FILE_ROW(name, func)                                                                       \
  {                                                                                                \
    .path = name, .mode = S_IFREG | 0444, .show = func                                             \
  }

static const SentryProcEntry system_entries[] = {
  FILE_ROW ("cgroups", show_cgroups),
  FILE_ROW ("cmdline", show_cmdline),
  FILE_ROW ("cpuinfo", show_cpuinfo),
  FILE_ROW ("devices", show_devices),
  FILE_ROW ("diskstats", show_nothing),
  FILE_ROW ("filesystems", show_filesystems),
  FILE_ROW ("loadavg", show_loadavg),
  FILE_ROW ("locks", show_locks),
  FILE_ROW ("meminfo", show_meminfo),
  FILE_ROW ("modules", show_nothing),
  { .path = "mounts", .mode = S_IFLNK | 0777, .readlink = read_mounts },
  { .path = "net", .mode = S_IFLNK | 0777, .readlink = read_net },
  FILE_ROW ("partitions", show_partitions),
  FILE_ROW ("stat", show_stat),
  FILE_ROW ("swaps", show_swaps),
  FILE_ROW ("uptime", show_uptime),
  FILE_ROW ("version", show_version),
  FILE_ROW ("vmstat", show_vmstat),
};
SENTRY_PROC_ENTRIES ("proc", system_entries);
