/* /proc/sys. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "kernel/proc-private.h"
#include "kernel/task-private.h"
#include "kernel/uts-namespace.h"

/* --- names --- */

static void
get_names (const SentryProcPlace *p, struct utsname *ret_names)
{
  sentry_uts_namespace_get (sentry_kernel_uts_namespace (p->kernel), ret_names);
}

#define NAME(func, member)                                                                         \
  static int func (const SentryProcPlace *p, GString *out)                                         \
  {                                                                                                \
    struct utsname u;                                                                              \
    get_names (p, &u);                                                                             \
    g_string_append_printf (out, "%s\n", u.member);                                                \
    return 0;                                                                                      \
  }

NAME (show_hostname, nodename)
NAME (show_domainname, domainname)
NAME (show_osrelease, release)
NAME (show_ostype, sysname)
NAME (show_version, version)
NAME (show_arch, machine)

typedef void (*SetName) (SentryUtsNamespace *ns, const char *name, gsize len);

/* A line, at most 64 bytes, of whoever is root over the namespace. */
static int
write_name (const SentryProcPlace *p, SentryCred *cred, const char *data, SetName set)
{
  gsize len = strcspn (data, "\n");

  if (!sentry_cred_capable (cred, CAP_SYS_ADMIN))
    return -EPERM;
  set (sentry_kernel_uts_namespace (p->kernel), data, MIN (len, SENTRY_UTS_MAX));
  return 0;
}

static int
write_hostname (const SentryProcPlace *p, SentryCred *cred, const char *data, gsize len)
{
  return write_name (p, cred, data, sentry_uts_namespace_set_nodename);
}

static int
write_domainname (const SentryProcPlace *p, SentryCred *cred, const char *data, gsize len)
{
  return write_name (p, cred, data, sentry_uts_namespace_set_domainname);
}

/* --- random --- */

static void
append_uuid (GString *out, const guint8 uuid[16])
{
  for (guint i = 0; i < 16; i++)
    g_string_append_printf (out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                            uuid[i]);
  g_string_append_c (out, '\n');
}

static gboolean
make_uuid (guint8 uuid[16])
{
  if (getrandom (uuid, 16, 0) != 16)
    return FALSE;
  uuid[6] = (guint8) ((uuid[6] & 0x0f) | 0x40);
  uuid[8] = (guint8) ((uuid[8] & 0x3f) | 0x80);
  return TRUE;
}

static int
show_uuid (const SentryProcPlace *p, GString *out)
{
  guint8 uuid[16];

  if (!make_uuid (uuid))
    return -EIO;
  append_uuid (out, uuid);
  return 0;
}

/* One for the life of the sandbox. */
static int
show_boot_id (const SentryProcPlace *p, GString *out)
{
  static guint8 boot_id[16];
  static gsize once;

  if (g_once_init_enter (&once))
    g_once_init_leave (&once, make_uuid (boot_id) ? 1 : 2);
  if (once != 1)
    return -EIO;
  append_uuid (out, boot_id);
  return 0;
}

/* --- numbers --- */

static int
show_threads_max (const SentryProcPlace *p, GString *out)
{
  g_string_append_printf (out, "%u\n", p->kernel->max_tasks);
  return 0;
}

static int
show_ns_last_pid (const SentryProcPlace *p, GString *out)
{
  gint32 last;

  sentry_rwlock_read_lock (&p->kernel->task_set);
  last = p->kernel->pid_ns->last_pid;
  sentry_rwlock_read_unlock (&p->kernel->task_set);
  g_string_append_printf (out, "%d\n", last);
  return 0;
}

/* Open files of all tasks; each table and each file counts once. */
static guint
count_files (SentryKernel *k)
{
  g_autoptr (GArray) list = sentry_kernel_list_processes (k);
  g_autoptr (GHashTable) files = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < list->len; i++)
    {
      SentryTask *task = sentry_kernel_find_task (k, g_array_index (list, gint32, i));
      SentryFdTable *fds = task == NULL ? NULL : sentry_task_get_fds (task);
      SentryFile *f;

      for (int fd = 0; fds != NULL && (fd = sentry_fd_table_next (fds, fd, &f, NULL)) >= 0; fd++)
        {
          g_hash_table_add (files, f);
          sentry_file_unref (f);
        }
      if (fds != NULL)
        sentry_fd_table_unref (fds);
      if (task != NULL)
        sentry_task_unref (task);
    }
  return g_hash_table_size (files);
}

static int
show_file_nr (const SentryProcPlace *p, GString *out)
{
  g_string_append_printf (out, "%u\t0\t%" G_GINT64_FORMAT "\n", count_files (p->kernel),
                          G_MAXINT64);
  return 0;
}

/* What never changes here: the limits that our code has, and how it behaves. */
typedef struct
{
  const char *path;
  const char *text;
} Constant;

static const Constant constants[] = {
  { "sys/kernel/cap_last_cap", G_STRINGIFY (CAP_LAST_CAP) },
  { "sys/kernel/core_pattern", "core" },
  { "sys/kernel/core_uses_pid", "0" },
  { "sys/kernel/dmesg_restrict", "1" },
  { "sys/kernel/kptr_restrict", "2" },
  { "sys/kernel/ngroups_max", "65536" },
  { "sys/kernel/overflowgid", "65534" },
  { "sys/kernel/overflowuid", "65534" },
  { "sys/kernel/panic", "0" },
  { "sys/kernel/pid_max", "32768" },
  { "sys/kernel/printk", "7\t4\t1\t7" },
  { "sys/kernel/random/entropy_avail", "256" },
  { "sys/kernel/random/poolsize", "256" },
  { "sys/kernel/random/urandom_min_reseed_secs", "60" },
  { "sys/kernel/random/write_wakeup_threshold", "256" },
  { "sys/kernel/randomize_va_space", "2" },
  { "sys/kernel/sched_rr_timeslice_ms", "100" },
  { "sys/kernel/tainted", "0" },
  { "sys/fs/aio-max-nr", "65536" },
  { "sys/fs/aio-nr", "0" },
  { "sys/fs/file-max", "9223372036854775807" },
  { "sys/fs/mount-max", "100000" },
  { "sys/fs/nr_open", "1048576" },
  { "sys/fs/overflowgid", "65534" },
  { "sys/fs/overflowuid", "65534" },
  { "sys/fs/pipe-max-size", "1048576" },
  { "sys/fs/protected_fifos", "0" },
  { "sys/fs/protected_hardlinks", "1" },
  { "sys/fs/protected_regular", "0" },
  { "sys/fs/protected_symlinks", "1" },
  { "sys/fs/suid_dumpable", "0" },
  { "sys/vm/legacy_va_layout", "0" },
  { "sys/vm/max_map_count", "65530" },
  { "sys/vm/mmap_min_addr", "65536" },
  { "sys/vm/nr_hugepages", "0" },
  { "sys/vm/overcommit_memory", "0" },
  { "sys/vm/overcommit_ratio", "50" },
  { "sys/vm/overcommit_kbytes", "0" },
  { "sys/vm/page-cluster", "3" },
  { "sys/vm/swappiness", "60" },
  { "sys/vm/vfs_cache_pressure", "100" },
};

static int
show_constant (const SentryProcPlace *p, GString *out)
{
  const char *path = sentry_proc_entry (p)->path;

  for (guint i = 0; i < G_N_ELEMENTS (constants); i++)
    if (strcmp (constants[i].path, path) == 0)
      {
        g_string_append_printf (out, "%s\n", constants[i].text);
        return 0;
      }
  return -ENOENT;
}

#define SYS(name, perm, ...)                                                                       \
  {                                                                                                \
    .path = "sys/" name, .mode = S_IFREG | perm, __VA_ARGS__                                       \
  }

static const SentryProcEntry sysctl_entries[] = {
  SYS ("kernel/hostname", 0644, .show = show_hostname, .write = write_hostname),
  SYS ("kernel/domainname", 0644, .show = show_domainname, .write = write_domainname),
  SYS ("kernel/osrelease", 0444, .show = show_osrelease),
  SYS ("kernel/ostype", 0444, .show = show_ostype),
  SYS ("kernel/version", 0444, .show = show_version),
  SYS ("kernel/arch", 0444, .show = show_arch),
  SYS ("kernel/threads-max", 0444, .show = show_threads_max),
  SYS ("kernel/ns_last_pid", 0444, .show = show_ns_last_pid),
  SYS ("kernel/random/boot_id", 0444, .show = show_boot_id),
  SYS ("kernel/random/uuid", 0444, .show = show_uuid),
  SYS ("fs/file-nr", 0444, .show = show_file_nr),
};
SENTRY_PROC_ENTRIES ("proc", sysctl_entries);

__attribute__ ((constructor)) static void
register_constants (void)
{
  static SentryProcEntry entries[G_N_ELEMENTS (constants)];

  for (guint i = 0; i < G_N_ELEMENTS (constants); i++)
    entries[i] = (SentryProcEntry){ .path = constants[i].path,
                                    .mode = S_IFREG | 0444,
                                    .show = show_constant };
  sentry_proc_register ("proc", entries, G_N_ELEMENTS (entries));
}
