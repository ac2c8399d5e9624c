/* Shows structs of fixed size. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/decode.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "abi/sentry-abi-file.h"
#include "abi/sentry-abi-process.h"
#include "abi/sentry-abi-signal.h"

#define U64 "%" G_GUINT64_FORMAT
#define I64 "%" G_GINT64_FORMAT
#define X64 "%#" G_GINT64_MODIFIER "x"

/* --- numbers behind pointers --- */

void
strace_append_int_struct (GString *out, gconstpointer data)
{
  g_string_append_printf (out, "%d", *(const int *) data);
}

static void
append_uint (GString *out, gconstpointer data)
{
  g_string_append_printf (out, "%u", *(const guint32 *) data);
}

static void
append_long (GString *out, gconstpointer data)
{
  g_string_append_printf (out, I64, *(const gint64 *) data);
}

static void
append_ptr (GString *out, gconstpointer data)
{
  g_string_append_printf (out, X64, *(const guint64 *) data);
}

static void
append_pipefd (GString *out, gconstpointer data)
{
  const int *fds = data;
  g_string_append_printf (out, "[%d, %d]", fds[0], fds[1]);
}

/* --- times --- */

void
strace_append_timespec (GString *out, gconstpointer data)
{
  const SentryAbiTimespec *t = data;

  if (t->tv_nsec == UTIME_NOW)
    g_string_append (out, "UTIME_NOW");
  else if (t->tv_nsec == UTIME_OMIT)
    g_string_append (out, "UTIME_OMIT");
  else
    g_string_append_printf (out, "{tv_sec=" I64 ", tv_nsec=" I64 "}", t->tv_sec, t->tv_nsec);
}

static void
append_timeval (GString *out, gconstpointer data)
{
  const SentryAbiTimeval *t = data;
  g_string_append_printf (out, "{tv_sec=" I64 ", tv_usec=" I64 "}", t->tv_sec, t->tv_usec);
}

static void
append_itimerspec (GString *out, gconstpointer data)
{
  const SentryAbiItimerspec *t = data;

  g_string_append (out, "{it_interval=");
  strace_append_timespec (out, &t->it_interval);
  g_string_append (out, ", it_value=");
  strace_append_timespec (out, &t->it_value);
  g_string_append_c (out, '}');
}

static void
append_itimerval (GString *out, gconstpointer data)
{
  const SentryAbiItimerval *t = data;

  g_string_append (out, "{it_interval=");
  append_timeval (out, &t->it_interval);
  g_string_append (out, ", it_value=");
  append_timeval (out, &t->it_value);
  g_string_append_c (out, '}');
}

static void
append_timezone (GString *out, gconstpointer data)
{
  const SentryAbiTimezone *t = data;
  g_string_append_printf (out, "{tz_minuteswest=%d, tz_dsttime=%d}", t->tz_minuteswest,
                          t->tz_dsttime);
}

static void
append_tms (GString *out, gconstpointer data)
{
  const SentryAbiTms *t = data;
  g_string_append_printf (
      out, "{tms_utime=" I64 ", tms_stime=" I64 ", tms_cutime=" I64 ", tms_cstime=" I64 "}",
      t->tms_utime, t->tms_stime, t->tms_cutime, t->tms_cstime);
}

static void
append_utimbuf (GString *out, gconstpointer data)
{
  const SentryAbiUtimbuf *t = data;
  g_string_append_printf (out, "{actime=" I64 ", modtime=" I64 "}", t->actime, t->modtime);
}

/* --- files --- */

static void
append_size_or_device (GString *out, const char *prefix, guint32 mode, guint64 size, guint maj,
                       guint min)
{
  if (S_ISCHR (mode) || S_ISBLK (mode))
    g_string_append_printf (out, ", %s_rdev=makedev(%#x, %#x)", prefix, maj, min);
  else
    g_string_append_printf (out, ", %s_size=" U64, prefix, size);
  g_string_append (out, ", ...}");
}

static void
append_stat (GString *out, gconstpointer data)
{
  const SentryAbiStat *s = data;

  g_string_append (out, "{st_mode=");
  strace_append_mode (out, s->st_mode);
  append_size_or_device (out, "st", s->st_mode, s->st_size, major (s->st_rdev), minor (s->st_rdev));
}

static void
append_statx (GString *out, gconstpointer data)
{
  const SentryAbiStatx *s = data;

  g_string_append (out, "{stx_mask=");
  sentry_names_append_flags (out, &sentry_names_statx_mask, s->stx_mask);
  g_string_append (out, ", stx_attributes=");
  sentry_names_append_flags (out, &sentry_names_statx_attr, s->stx_attributes);
  g_string_append (out, ", stx_mode=");
  strace_append_mode (out, s->stx_mode);
  append_size_or_device (out, "stx", s->stx_mode, s->stx_size, s->stx_rdev_major,
                         s->stx_rdev_minor);
}

static void
append_statfs (GString *out, gconstpointer data)
{
  const SentryAbiStatfs *s = data;

  g_string_append (out, "{f_type=");
  sentry_names_append_value (out, &sentry_names_statfs_type, s->f_type);
  g_string_append_printf (out,
                          ", f_bsize=" I64 ", f_blocks=" U64 ", f_bfree=" U64 ", f_bavail=" U64
                          ", f_files=" U64 ", f_ffree=" U64,
                          s->f_bsize, s->f_blocks, s->f_bfree, s->f_bavail, s->f_files, s->f_ffree);
  g_string_append_printf (
      out, ", f_fsid={val=[%#x, %#x]}, f_namelen=" I64 ", f_frsize=" I64 ", f_flags=", s->f_fsid[0],
      s->f_fsid[1], s->f_namelen, s->f_frsize);
  sentry_names_append_flags (out, &sentry_names_statfs_flags, s->f_flags);
  g_string_append_c (out, '}');
}

static void
append_epoll_event (GString *out, gconstpointer data)
{
  SentryAbiEpollEvent e;

  memcpy (&e, data, sizeof e);
  g_string_append (out, "{events=");
  sentry_names_append_flags (out, &sentry_names_epoll_events, e.events);
  g_string_append_printf (out, ", data={u32=%u, u64=" U64 "}}", (guint32) e.data, (guint64) e.data);
}

static void
append_open_how (GString *out, gconstpointer data)
{
  const SentryAbiOpenHow *h = data;

  g_string_append (out, "{flags=");
  sentry_names_append_flags (out, &sentry_names_open, h->flags);
  if (h->mode != 0 || (h->flags & O_CREAT) != 0)
    g_string_append_printf (out, ", mode=%#03o", (guint) h->mode);
  g_string_append (out, ", resolve=");
  sentry_names_append_flags (out, &sentry_names_resolve, h->resolve);
  g_string_append_c (out, '}');
}

/* --- processes --- */

static void
append_limit (GString *out, guint64 v)
{
  if (v == SENTRY_ABI_RLIM_INFINITY)
    g_string_append (out, "RLIM64_INFINITY");
  else if (v > 1024 && v % 1024 == 0)
    g_string_append_printf (out, U64 "*1024", v / 1024);
  else
    g_string_append_printf (out, U64, v);
}

static void
append_rlimit (GString *out, gconstpointer data)
{
  const SentryAbiRlimit *r = data;

  g_string_append (out, "{rlim_cur=");
  append_limit (out, r->rlim_cur);
  g_string_append (out, ", rlim_max=");
  append_limit (out, r->rlim_max);
  g_string_append_c (out, '}');
}

static void
append_rusage (GString *out, gconstpointer data)
{
  const SentryAbiRusage *r = data;

  g_string_append (out, "{ru_utime=");
  append_timeval (out, &r->ru_utime);
  g_string_append (out, ", ru_stime=");
  append_timeval (out, &r->ru_stime);
  g_string_append (out, ", ...}");
}

static void
append_sysinfo (GString *out, gconstpointer data)
{
  const SentryAbiSysinfo *s = data;

  g_string_append_printf (
      out, "{uptime=" I64 ", loads=[" U64 ", " U64 ", " U64 "], totalram=" U64 ", freeram=" U64,
      s->uptime, s->loads[0], s->loads[1], s->loads[2], s->totalram, s->freeram);
  g_string_append_printf (
      out, ", sharedram=" U64 ", bufferram=" U64 ", totalswap=" U64 ", freeswap=" U64 ", procs=%u",
      s->sharedram, s->bufferram, s->totalswap, s->freeswap, s->procs);
  g_string_append_printf (out, ", totalhigh=" U64 ", freehigh=" U64 ", mem_unit=%u}", s->totalhigh,
                          s->freehigh, s->mem_unit);
}

static void
append_utsname (GString *out, gconstpointer data)
{
  const SentryAbiUtsname *u = data;

  g_string_append (out, "{sysname=");
  strace_append_quoted (out, u->sysname, strnlen (u->sysname, 65), FALSE);
  g_string_append (out, ", nodename=");
  strace_append_quoted (out, u->nodename, strnlen (u->nodename, 65), FALSE);
  g_string_append (out, ", ...}");
}

static void
append_clone_args (GString *out, gconstpointer data)
{
  const SentryAbiCloneArgs *a = data;

  g_string_append (out, "{flags=");
  sentry_names_append_flags (out, &sentry_names_clone, a->flags);
  if (a->flags & 0x00001000) /* CLONE_PIDFD */
    g_string_append_printf (out, ", pidfd=" X64, a->pidfd);
  if (a->flags & 0x01200000) /* CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID */
    g_string_append_printf (out, ", child_tid=" X64, a->child_tid);
  if (a->flags & 0x00100000) /* CLONE_PARENT_SETTID */
    g_string_append_printf (out, ", parent_tid=" X64, a->parent_tid);
  g_string_append (out, ", exit_signal=");
  strace_append_signal (out, a->exit_signal);
  if (a->stack == 0)
    g_string_append_printf (out, ", stack=NULL, stack_size=" X64, a->stack_size);
  else
    g_string_append_printf (out, ", stack=" X64 ", stack_size=" X64, a->stack, a->stack_size);
  if (a->flags & 0x00080000) /* CLONE_SETTLS */
    g_string_append_printf (out, ", tls=" X64, a->tls);
  g_string_append_c (out, '}');
}

static void
append_cap_header (GString *out, gconstpointer data)
{
  const SentryAbiCapHeader *h = data;
  static const guint32 versions[]
      = { SENTRY_ABI_CAP_VERSION_1, SENTRY_ABI_CAP_VERSION_2, SENTRY_ABI_CAP_VERSION_3 };

  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    if (versions[i] == h->version)
      {
        g_string_append_printf (out, "{version=_LINUX_CAPABILITY_VERSION_%u, pid=%d}", i + 1,
                                h->pid);
        return;
      }
  g_string_append_printf (out, "{version=%#x, pid=%d}", h->version, h->pid);
}

static void
append_caps (GString *out, const char *name, guint64 set)
{
  gsize start;

  g_string_append_printf (out, "%s=", name);
  start = out->len;
  for (guint i = 0; i < 64; i++)
    if (set >> i & 1)
      {
        g_string_append (out, out->len > start ? "|1<<" : "1<<");
        sentry_names_append_value (out, &sentry_names_caps, i);
      }
  if (out->len == start)
    g_string_append_c (out, '0');
}

/* Two of them: the low and the high halves. */
static void
append_cap_data (GString *out, gconstpointer data)
{
  const SentryAbiCapData *d = data;

  append_caps (out, "{effective", d[0].effective | (guint64) d[1].effective << 32);
  append_caps (out, ", permitted", d[0].permitted | (guint64) d[1].permitted << 32);
  append_caps (out, ", inheritable", d[0].inheritable | (guint64) d[1].inheritable << 32);
  g_string_append_c (out, '}');
}

static void
append_sembuf (GString *out, gconstpointer data)
{
  const SentryAbiSembuf *s = data;
  g_string_append_printf (out, "{sem_num=%u, sem_op=%d, sem_flg=%#x}", s->sem_num, s->sem_op,
                          (guint16) s->sem_flg);
}

static void
append_mq_attr (GString *out, gconstpointer data)
{
  const SentryAbiMqAttr *a = data;

  g_string_append (out, "{mq_flags=");
  sentry_names_append_flags (out, &sentry_names_open, a->mq_flags);
  g_string_append_printf (out, ", mq_maxmsg=" I64 ", mq_msgsize=" I64 ", mq_curmsgs=" I64 "}",
                          a->mq_maxmsg, a->mq_msgsize, a->mq_curmsgs);
}

/* --- signals --- */

static void
append_handler (GString *out, guint64 handler)
{
  if (handler == 0)
    g_string_append (out, "SIG_DFL");
  else if (handler == 1)
    g_string_append (out, "SIG_IGN");
  else
    g_string_append_printf (out, X64, handler);
}

static void
append_sigaction (GString *out, gconstpointer data)
{
  const SentryAbiSigaction *a = data;

  g_string_append (out, "{sa_handler=");
  append_handler (out, a->handler);
  g_string_append (out, ", sa_mask=");
  strace_append_sigset (out, a->mask);
  g_string_append (out, ", sa_flags=");
  sentry_names_append_flags (out, &sentry_names_sa_flags, (guint32) a->flags);
  if (a->flags & SENTRY_ABI_SA_RESTORER)
    g_string_append_printf (out, ", sa_restorer=" X64, a->restorer);
  g_string_append_c (out, '}');
}

static void
append_sigset_struct (GString *out, gconstpointer data)
{
  strace_append_sigset (out, *(const guint64 *) data);
}

static void
append_siginfo_struct (GString *out, gconstpointer data)
{
  strace_append_siginfo (out, data);
}

static void
append_stack (GString *out, gconstpointer data)
{
  const SentryAbiStack *s = data;

  if (s->ss_sp == 0)
    g_string_append (out, "{ss_sp=NULL, ss_flags=");
  else
    g_string_append_printf (out, "{ss_sp=" X64 ", ss_flags=", s->ss_sp);
  sentry_names_append_flags (out, &sentry_names_ss_flags, (guint32) s->ss_flags);
  g_string_append_printf (out, ", ss_size=" U64 "}", s->ss_size);
}

static void
append_sigevent (GString *out, gconstpointer data)
{
  const SentryAbiSigevent *e = data;

  g_string_append_c (out, '{');
  if (e->sigev_value != 0)
    g_string_append_printf (out, "sigev_value={sival_int=%d, sival_ptr=" X64 "}, ",
                            (int) e->sigev_value, e->sigev_value);
  g_string_append (out, "sigev_signo=");
  strace_append_signal (out, e->sigev_signo);
  g_string_append (out, ", sigev_notify=");
  sentry_names_append_value (out, &sentry_names_sigev_notify, (guint32) e->sigev_notify);
  if (e->sigev_notify == 4) /* SIGEV_THREAD_ID */
    g_string_append_printf (out, ", sigev_notify_thread_id=%d", e->sigev_tid);
  g_string_append_c (out, '}');
}

static void
append_wstatus_struct (GString *out, gconstpointer data)
{
  strace_append_wstatus (out, *(const int *) data);
}

/* pselect6 passes {pointer to the set, its size}; the set itself is read by the caller. */
static void
append_sigset_arg (GString *out, gconstpointer data)
{
  const SentryAbiSigsetArg *a = data;

  if (a->sigmask == 0)
    g_string_append_printf (out, "{sigmask=NULL, sigsetsize=" U64 "}", a->sigsetsize);
  else
    g_string_append_printf (out, "{sigmask=" X64 ", sigsetsize=" U64 "}", a->sigmask,
                            a->sigsetsize);
}

static void
append_sched_attr (GString *out, gconstpointer data)
{
  const SentryAbiSchedAttr *a = data;

  g_string_append_printf (out, "{size=%u, sched_policy=", a->size);
  sentry_names_append_flags (out, &sentry_names_sched, a->sched_policy);
  g_string_append_printf (out, ", sched_flags=" X64 ", sched_nice=%d, sched_priority=%u",
                          a->sched_flags, a->sched_nice, a->sched_priority);
  g_string_append_printf (out,
                          ", sched_runtime=" U64 ", sched_deadline=" U64 ", sched_period=" U64 "}",
                          a->sched_runtime, a->sched_deadline, a->sched_period);
}

const StraceStruct *
strace_struct (SentryArgKind kind)
{
  static const StraceStruct structs[] = {
    [SENTRY_ARG_INT] = { 4, strace_append_int_struct, TRUE },
    [SENTRY_ARG_UINT] = { 4, append_uint, TRUE },
    [SENTRY_ARG_LONG] = { 8, append_long, TRUE },
    [SENTRY_ARG_ULONG] = { 8, append_long, TRUE },
    [SENTRY_ARG_PTR] = { 8, append_ptr, TRUE },
    [SENTRY_ARG_UID] = { 4, append_uint, TRUE },
    [SENTRY_ARG_OFF] = { 8, append_long, TRUE },
    [SENTRY_ARG_CAP_DATA] = { 2 * sizeof (SentryAbiCapData), append_cap_data },
    [SENTRY_ARG_CAP_HEADER] = { sizeof (SentryAbiCapHeader), append_cap_header },
    [SENTRY_ARG_CLONE_ARGS] = { sizeof (SentryAbiCloneArgs), append_clone_args },
    [SENTRY_ARG_EPOLL_EVENT] = { sizeof (SentryAbiEpollEvent), append_epoll_event },
    [SENTRY_ARG_ITIMERSPEC] = { sizeof (SentryAbiItimerspec), append_itimerspec },
    [SENTRY_ARG_ITIMERVAL] = { sizeof (SentryAbiItimerval), append_itimerval },
    [SENTRY_ARG_MQ_ATTR] = { sizeof (SentryAbiMqAttr), append_mq_attr },
    [SENTRY_ARG_OPEN_HOW] = { sizeof (SentryAbiOpenHow), append_open_how },
    [SENTRY_ARG_PIPEFD] = { 8, append_pipefd },
    [SENTRY_ARG_RLIMIT] = { sizeof (SentryAbiRlimit), append_rlimit },
    [SENTRY_ARG_RUSAGE] = { sizeof (SentryAbiRusage), append_rusage },
    [SENTRY_ARG_SCHED_ATTR] = { 48, append_sched_attr },
    [SENTRY_ARG_SEMBUF] = { sizeof (SentryAbiSembuf), append_sembuf },
    [SENTRY_ARG_SIGACTION] = { sizeof (SentryAbiSigaction), append_sigaction },
    [SENTRY_ARG_SIGEVENT] = { sizeof (SentryAbiSigevent), append_sigevent },
    [SENTRY_ARG_SIGINFO] = { sizeof (SentryAbiSiginfo), append_siginfo_struct },
    [SENTRY_ARG_SIGSET] = { 8, append_sigset_struct },
    [SENTRY_ARG_SIGSET_ARG] = { sizeof (SentryAbiSigsetArg), append_sigset_arg },
    [SENTRY_ARG_STACK] = { sizeof (SentryAbiStack), append_stack },
    [SENTRY_ARG_STAT] = { sizeof (SentryAbiStat), append_stat },
    [SENTRY_ARG_STATFS] = { sizeof (SentryAbiStatfs), append_statfs },
    [SENTRY_ARG_STATX] = { sizeof (SentryAbiStatx), append_statx },
    [SENTRY_ARG_SYSINFO] = { sizeof (SentryAbiSysinfo), append_sysinfo },
    [SENTRY_ARG_TIMESPEC] = { sizeof (SentryAbiTimespec), strace_append_timespec },
    [SENTRY_ARG_TIMEVAL] = { sizeof (SentryAbiTimeval), append_timeval },
    [SENTRY_ARG_TIMEZONE] = { sizeof (SentryAbiTimezone), append_timezone },
    [SENTRY_ARG_TMS] = { sizeof (SentryAbiTms), append_tms },
    [SENTRY_ARG_UTIMBUF] = { sizeof (SentryAbiUtimbuf), append_utimbuf },
    [SENTRY_ARG_UTSNAME] = { sizeof (SentryAbiUtsname), append_utsname },
    [SENTRY_ARG_WSTATUS] = { 4, append_wstatus_struct },
  };

  return kind < G_N_ELEMENTS (structs) && structs[kind].show != NULL ? &structs[kind] : NULL;
}
