/* /sys: processors, one memory node, and the empty classes that programs look into.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "kernel/proc-private.h"
#include "kernel/sysinfo.h"

static guint
n_cpus (const SentryProcPlace *p)
{
  return p->kernel == NULL ? 1 : sentry_kernel_n_cpus (p->kernel);
}

/* --- cpuN --- */

static gboolean
next_cpu (const SentryProcPlace *dir, guint64 from, guint64 *ret_cpu)
{
  *ret_cpu = from;
  return from < n_cpus (dir);
}

static void
print_cpu (guint64 cpu, char ret_name[SENTRY_PROC_NAME_MAX])
{
  g_snprintf (ret_name, SENTRY_PROC_NAME_MAX, "cpu%u", (guint) cpu);
}

static gboolean
parse_cpu (const char *name, guint64 *ret_cpu)
{
  return g_str_has_prefix (name, "cpu") && (name[3] != '0' || name[4] == '\0')
         && g_ascii_string_to_unsigned (name + 3, 10, 0, G_MAXINT32, ret_cpu, NULL);
}

static int
show_range (const SentryProcPlace *p, GString *out)
{
  sentry_proc_append_range (out, n_cpus (p));
  g_string_append_c (out, '\n');
  return 0;
}

static int
show_mask (const SentryProcPlace *p, GString *out)
{
  sentry_proc_append_mask (out, n_cpus (p), n_cpus (p));
  g_string_append_c (out, '\n');
  return 0;
}

static int
show_empty_line (const SentryProcPlace *p, GString *out)
{
  g_string_append_c (out, '\n');
  return 0;
}

static int
show_kernel_max (const SentryProcPlace *p, GString *out)
{
  g_string_append_printf (out, "%u\n", MAX (n_cpus (p), 256) - 1);
  return 0;
}

static int
show_number (const SentryProcPlace *p, GString *out)
{
  g_string_append_printf (out, "%" G_GUINT64_FORMAT "\n", p->key);
  return 0;
}

static int
show_zero (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, "0\n");
  return 0;
}

/* One processor's bit, in a mask as wide as all. */
static int
show_own_mask (const SentryProcPlace *p, GString *out)
{
  for (guint i = (n_cpus (p) + 31) / 32; i > 0; i--)
    {
      guint low = (i - 1) * 32, top = (n_cpus (p) + 31) / 32;
      guint32 word = p->key >= low && p->key < low + 32 ? 1u << (p->key - low) : 0;
      guint digits = i == top ? (n_cpus (p) - low + 3) / 4 : 8;
      g_string_append_printf (out, "%s%0*x", i == top ? "" : ",", (int) digits, word);
    }
  g_string_append_c (out, '\n');
  return 0;
}

/* --- node0 --- */

static int
show_node_meminfo (const SentryProcPlace *p, GString *out)
{
  SentrySysinfo s;

  sentry_kernel_sysinfo (p->kernel, &s);
  g_string_append_printf (
      out,
      "Node 0 MemTotal:       %8" G_GUINT64_FORMAT " kB\nNode 0 MemFree:        %8" G_GUINT64_FORMAT
      " kB\nNode 0 MemUsed:        %8" G_GUINT64_FORMAT " kB\n",
      s.total_memory / 1024, s.free_memory / 1024, (s.total_memory - s.free_memory) / 1024);
  return 0;
}

static int
show_distance (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, "10\n");
  return 0;
}

/* --- huge pages --- */

/* Guest memory is host memory, so the host's setting is the guest's too; read once, before the
 * process locks itself down. */
static char *host_thp;

__attribute__ ((constructor)) static void
read_host_thp (void)
{
  g_file_get_contents ("/sys/kernel/mm/transparent_hugepage/enabled", &host_thp, NULL, NULL);
}

static int
show_thp (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, host_thp != NULL ? host_thp : "always madvise [never]\n");
  return 0;
}

static int
show_pmd_size (const SentryProcPlace *p, GString *out)
{
  g_string_append (out, "2097152\n");
  return 0;
}

#define DIR_ROW(name)                                                                              \
  {                                                                                                \
    .path = name, .mode = S_IFDIR | 0555                                                           \
  }
#define FILE_ROW(name, func)                                                                       \
  {                                                                                                \
    .path = name, .mode = S_IFREG | 0444, .show = func                                             \
  }
#define CPU "devices/system/cpu/"
#define TOPOLOGY CPU "[cpu]/topology/"
#define NODE "devices/system/node/"

static const SentryProcEntry cpu_entries[] = {
  DIR_ROW ("block"),
  DIR_ROW ("bus"),
  DIR_ROW ("class/block"),
  DIR_ROW ("class/net"),
  DIR_ROW ("dev/block"),
  DIR_ROW ("dev/char"),
  DIR_ROW ("firmware"),
  DIR_ROW ("fs/cgroup"),
  DIR_ROW ("module"),
  DIR_ROW ("power"),
  FILE_ROW (CPU "isolated", show_empty_line),
  FILE_ROW (CPU "kernel_max", show_kernel_max),
  FILE_ROW (CPU "offline", show_empty_line),
  FILE_ROW (CPU "online", show_range),
  FILE_ROW (CPU "possible", show_range),
  FILE_ROW (CPU "present", show_range),
  { .path = CPU "[cpu]",
    .mode = S_IFDIR | 0555,
    .next = next_cpu,
    .print = print_cpu,
    .parse = parse_cpu },
  FILE_ROW (TOPOLOGY "core_cpus", show_own_mask),
  FILE_ROW (TOPOLOGY "core_cpus_list", show_number),
  FILE_ROW (TOPOLOGY "core_id", show_number),
  FILE_ROW (TOPOLOGY "core_siblings", show_mask),
  FILE_ROW (TOPOLOGY "core_siblings_list", show_range),
  FILE_ROW (TOPOLOGY "die_id", show_zero),
  FILE_ROW (TOPOLOGY "package_cpus", show_mask),
  FILE_ROW (TOPOLOGY "package_cpus_list", show_range),
  FILE_ROW (TOPOLOGY "physical_package_id", show_zero),
  FILE_ROW (TOPOLOGY "thread_siblings", show_own_mask),
  FILE_ROW (TOPOLOGY "thread_siblings_list", show_number),
  FILE_ROW (NODE "has_cpu", show_zero),
  FILE_ROW (NODE "has_memory", show_zero),
  FILE_ROW (NODE "online", show_zero),
  FILE_ROW (NODE "possible", show_zero),
  FILE_ROW (NODE "node0/cpulist", show_range),
  FILE_ROW (NODE "node0/cpumap", show_mask),
  FILE_ROW (NODE "node0/distance", show_distance),
  FILE_ROW (NODE "node0/meminfo", show_node_meminfo),
  FILE_ROW ("kernel/mm/transparent_hugepage/enabled", show_thp),
  FILE_ROW ("kernel/mm/transparent_hugepage/hpage_pmd_size", show_pmd_size),
};
SENTRY_PROC_ENTRIES ("sysfs", cpu_entries);
