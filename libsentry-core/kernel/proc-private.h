/* What the generators of a task's directory share. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "auth/sentry-cred.h"
#include "iface/sentry-proc.h"
#include "kernel/process.h"
#include "kernel/task-info.h"

G_BEGIN_DECLS

/* proc-status.c */
int sentry_proc_show_status (const SentryProcPlace *p, GString *out);
int sentry_proc_show_stat (const SentryProcPlace *p, GString *out);
int sentry_proc_show_statm (const SentryProcPlace *p, GString *out);
/* The task's numbers; FALSE (-ESRCH): it has been reaped. */
gboolean sentry_proc_info (const SentryProcPlace *p, SentryTaskInfo *ret_info);

/* proc-mm.c */
int sentry_proc_show_cmdline (const SentryProcPlace *p, GString *out);
int sentry_proc_show_environ (const SentryProcPlace *p, GString *out);
int sentry_proc_show_auxv (const SentryProcPlace *p, GString *out);
int sentry_proc_show_maps (const SentryProcPlace *p, GString *out);
int sentry_proc_show_smaps (const SentryProcPlace *p, GString *out);
int sentry_proc_show_smaps_rollup (const SentryProcPlace *p, GString *out);
int sentry_proc_open_mem (const SentryProcPlace *p, SentryInode *inode, const SentryPath *path,
                          SentryCred *cred, guint32 mode, guint32 flags, SentryFile **ret_file);

/* proc-paths.c */
int sentry_proc_read_exe (const SentryProcPlace *p, char **ret_target);
int sentry_proc_follow_exe (const SentryProcPlace *p, SentryPath *ret_path);
int sentry_proc_read_cwd (const SentryProcPlace *p, char **ret_target);
int sentry_proc_follow_cwd (const SentryProcPlace *p, SentryPath *ret_path);
int sentry_proc_read_root (const SentryProcPlace *p, char **ret_target);
int sentry_proc_follow_root (const SentryProcPlace *p, SentryPath *ret_path);
int sentry_proc_read_fd (const SentryProcPlace *p, char **ret_target);
int sentry_proc_follow_fd (const SentryProcPlace *p, SentryPath *ret_path);
guint32 sentry_proc_fd_mode (const SentryProcPlace *p);
gboolean sentry_proc_next_fd (const SentryProcPlace *dir, guint64 from, guint64 *ret_fd);
gboolean sentry_proc_fd_alive (const SentryProcPlace *p);
int sentry_proc_show_fdinfo (const SentryProcPlace *p, GString *out);
int sentry_proc_show_mounts (const SentryProcPlace *p, GString *out);
int sentry_proc_show_mountinfo (const SentryProcPlace *p, GString *out);
int sentry_proc_show_mountstats (const SentryProcPlace *p, GString *out);
int sentry_proc_read_ns (const SentryProcPlace *p, char **ret_target);
int sentry_proc_follow_ns (const SentryProcPlace *p, SentryPath *ret_path);
/* The name of `path` as the calling task sees it; g_free. */
char *sentry_proc_path_name (const SentryProcPlace *p, const SentryPath *path);
/* A reference, or NULL. */
SentryMountNamespace *sentry_proc_mount_ns (const SentryProcPlace *p);

/* proc-attributes.c */
int sentry_proc_show_comm (const SentryProcPlace *p, GString *out);
int sentry_proc_write_comm (const SentryProcPlace *p, SentryCred *cred, const char *data,
                            gsize len);
int sentry_proc_show_limits (const SentryProcPlace *p, GString *out);
int sentry_proc_show_personality (const SentryProcPlace *p, GString *out);
int sentry_proc_show_syscall (const SentryProcPlace *p, GString *out);
int sentry_proc_show_wchan (const SentryProcPlace *p, GString *out);
int sentry_proc_show_cgroup (const SentryProcPlace *p, GString *out);
int sentry_proc_show_oom_score (const SentryProcPlace *p, GString *out);
int sentry_proc_show_oom_adj (const SentryProcPlace *p, GString *out);
int sentry_proc_show_oom_score_adj (const SentryProcPlace *p, GString *out);
int sentry_proc_write_oom_adj (const SentryProcPlace *p, SentryCred *cred, const char *data,
                               gsize len);
int sentry_proc_write_oom_score_adj (const SentryProcPlace *p, SentryCred *cred, const char *data,
                                     gsize len);
int sentry_proc_show_unset_id (const SentryProcPlace *p, GString *out);
int sentry_proc_show_id_map (const SentryProcPlace *p, GString *out);
int sentry_proc_show_setgroups (const SentryProcPlace *p, GString *out);
int sentry_proc_show_timerslack (const SentryProcPlace *p, GString *out);
int sentry_proc_write_timerslack (const SentryProcPlace *p, SentryCred *cred, const char *data,
                                  gsize len);
int sentry_proc_show_children (const SentryProcPlace *p, GString *out);
int sentry_proc_show_schedstat (const SentryProcPlace *p, GString *out);

/* A decimal (or 0x hex, 0 octal) number with spaces around it. */
gboolean sentry_proc_parse_number (const char *data, gint64 *ret_number);

/* proc-system.c: bits 0 … n - 1 as Linux prints masks, in groups of 32 bits, at least `width` bits.
 */
void sentry_proc_append_mask (GString *out, guint n, guint width);
/* "0-3", "0", "". */
void sentry_proc_append_range (GString *out, guint n);

G_END_DECLS
