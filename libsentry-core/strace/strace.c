/* The tracer: what happens to a task becomes lines. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/strace.h"

#include <sys/wait.h>

#include "abi/sentry-abi-signal.h"
#include "base/sentry-errno.h"
#include "strace/tracee.h"
#include "syscalls/dispatch.h"

static gboolean started;
static StraceFilter filter;
static guint refused[SENTRY_N_SYSCALLS + 1]; /* a: for "missing" */

/* What numbers outside the table, and the 32-bit entry, look like. */
static const SentrySyscallInfo unknown_info = {
  .result = SENTRY_RESULT_INT,
  .n_args = 6,
  .args = { { "1", SENTRY_ARG_HEX, 0, SENTRY_ARG_NONE, 1, NULL },
            { "2", SENTRY_ARG_HEX, 0, SENTRY_ARG_NONE, 1, NULL },
            { "3", SENTRY_ARG_HEX, 0, SENTRY_ARG_NONE, 1, NULL },
            { "4", SENTRY_ARG_HEX, 0, SENTRY_ARG_NONE, 1, NULL },
            { "5", SENTRY_ARG_HEX, 0, SENTRY_ARG_NONE, 1, NULL },
            { "6", SENTRY_ARG_HEX, 0, SENTRY_ARG_NONE, 1, NULL } },
};

static guint
call_index (SentrySyscallAbi abi, guint64 nr)
{
  if (abi != SENTRY_ABI_AMD64 || (guint32) nr >= SENTRY_N_SYSCALLS
      || sentry_syscall_table[(guint32) nr].name == NULL)
    return SENTRY_N_SYSCALLS;
  return (guint32) nr;
}

static const SentrySyscallInfo *
call_info (guint index)
{
  return index < SENTRY_N_SYSCALLS ? &sentry_syscall_table[index] : &unknown_info;
}

static char *
call_name (SentrySyscallAbi abi, guint64 nr)
{
  guint index = call_index (abi, nr);

  if (index < SENTRY_N_SYSCALLS)
    return g_strdup (sentry_syscall_table[index].name);
  return g_strdup_printf ("%ssyscall_%#x", abi == SENTRY_ABI_I386 ? "i386_" : "", (guint32) nr);
}

gboolean
sentry_strace_start (const char *filter_text, int fd, gboolean times, GError **error)
{
  g_assert (!started);
  if (!strace_filter_parse (&filter, filter_text, error))
    return FALSE;
  strace_lines_init (fd, times);
  started = TRUE;
  return TRUE;
}

/* --- calls --- */

static SentryUserMem *
task_memory (SentryTask *task)
{
  return task->mm != NULL ? sentry_task_usermem (task) : NULL;
}

static void
trace_enter (SentryTask *task, SentrySyscallAbi abi, guint64 nr, const SentrySyscallArgs *args)
{
  guint index = call_index (abi, nr);
  g_autofree char *name = NULL;
  Tracee *t;

  if (!filter.calls[index])
    return;
  t = strace_tracee (task, task->tid);
  name = call_name (abi, nr);
  g_string_printf (t->head, "%s(", name);
  t->call = (StraceCall){
    .out = t->head, .um = task_memory (task), .info = call_info (index), .args = *args
  };
  if (t->call.info->n_args == 1 && t->call.info->args[0].kind == SENTRY_ARG_SIGRETURN)
    t->call.args.arg[0] = task->context->regs.rsp;
  strace_show_args (&t->call);
  t->in_call = TRUE;
  strace_line_begin (t);
  if (t->call.info->result == SENTRY_RESULT_NORETURN)
    {
      g_string_assign (t->tail, ")");
      strace_line_end (t, name, "?");
      t->in_call = FALSE;
    }
}

static void
count_refusal (guint index, gint64 result)
{
  const SentrySyscallInfo *info = call_info (index);

  if (info->handler == NULL && result < 0)
    __atomic_fetch_add (&refused[index], 1, __ATOMIC_RELAXED);
}

static void
trace_leave (SentryTask *task, SentrySyscallAbi abi, guint64 nr, const SentrySyscallArgs *args,
             gint64 result)
{
  guint index = call_index (abi, nr);
  g_autoptr (GString) shown = NULL;
  g_autofree char *name = NULL;
  Tracee *t;

  if (filter.missing)
    count_refusal (index, result);
  if (!filter.calls[index])
    return;
  t = strace_tracee (task, task->tid);
  if (!t->in_call)
    return;
  t->in_call = FALSE;
  name = call_name (abi, nr);
  shown = g_string_new (NULL);
  g_string_truncate (t->tail, 0);
  t->call.out = t->tail;
  t->call.um = task_memory (task); /* exec made another */
  t->call.left = TRUE;
  /* execve has given its result, rt_sigreturn brings that of the call it returns to. */
  t->call.result = result != -SENTRY_ENORETURN ? result
                   : t->call.info->args[0].kind == SENTRY_ARG_SIGRETURN
                       ? (gint64) task->context->regs.rax
                       : 0;
  strace_show_args (&t->call);
  g_string_append_c (t->tail, ')');
  t->call.out = shown;
  strace_show_result (&t->call);
  strace_line_end (t, name, shown->str);
}

/* --- signals and ends --- */

static void
trace_signal (SentryTask *task, const siginfo_t *info)
{
  g_autoptr (GString) line = NULL;

  if (filter.missing)
    return;
  line = g_string_new ("--- ");
  strace_append_signal (line, info->si_signo);
  g_string_append_c (line, ' ');
  strace_append_siginfo (line, info);
  g_string_append (line, " ---");
  strace_line_write (strace_tracee (task, task->tid), line->str);
}

static void
trace_exited (SentryTask *task, int wait_status, gboolean group)
{
  g_autoptr (GString) line = NULL;
  Tracee *t;

  if (filter.missing)
    return;
  t = strace_tracee (task, task->tid);
  line = g_string_new ("+++ ");
  if (t->in_call)
    {
      /* It died in the call. */
      g_autofree char *name = g_strndup (t->head->str, strcspn (t->head->str, "("));
      g_string_assign (t->tail, ")");
      strace_line_end (t, name, "?");
    }
  if (WIFSIGNALED (wait_status))
    {
      g_string_append (line, "killed by ");
      strace_append_signal (line, WTERMSIG (wait_status));
      g_string_append (line, WCOREDUMP (wait_status) ? " (core dumped) +++" : " +++");
    }
  else
    g_string_append_printf (line, "exited with %d +++", WEXITSTATUS (wait_status));
  strace_line_write (t, line->str);
  strace_tracee_forget (task);
}

static void
trace_blocked (SentryTask *task)
{
  Tracee *t;

  if (filter.missing)
    return;
  t = strace_tracee (task, task->tid);
  if (t->in_call)
    strace_line_blocked (t);
}

const SentrySyscallOps *
sentry_strace_syscalls (void)
{
  static const SentrySyscallOps plain = { .dispatch = sentry_syscall_dispatch };
  static const SentrySyscallOps traced = { .dispatch = sentry_syscall_dispatch,
                                           .enter = trace_enter,
                                           .leave = trace_leave,
                                           .signal = trace_signal,
                                           .exited = trace_exited,
                                           .blocked = trace_blocked };

  return started ? &traced : &plain;
}

/* --- the end --- */

static gint
compare_refused (gconstpointer a, gconstpointer b)
{
  guint x = *(const guint *) a, y = *(const guint *) b;
  return refused[x] != refused[y] ? (refused[x] < refused[y] ? 1 : -1) : (x > y ? 1 : -1);
}

static void
write_refused (void)
{
  guint order[SENTRY_N_SYSCALLS + 1], n = 0;
  g_autoptr (GString) text = g_string_new ("Refused system calls:\n");

  for (guint i = 0; i <= SENTRY_N_SYSCALLS; i++)
    if (refused[i] > 0)
      order[n++] = i;
  qsort (order, n, sizeof *order, compare_refused);
  for (guint i = 0; i < n; i++)
    {
      const SentrySyscallInfo *info = call_info (order[i]);
      g_string_append_printf (text, "%8u %s: %s\n", refused[order[i]],
                              info->name != NULL ? info->name : "numbers without a call",
                              sentry_errno_name (info->name != NULL ? info->error : ENOSYS));
    }
  if (n == 0)
    g_string_append (text, "    none\n");
  strace_line_raw (text->str);
}

void
sentry_strace_stop (void)
{
  if (!started)
    return;
  if (filter.missing)
    write_refused ();
  strace_tracees_clear ();
  started = FALSE;
}
