/* Shows signal sets, siginfos and wait statuses. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/decode.h"

#include <string.h>
#include <sys/wait.h>

/* [INT USR1 RT_8]; a set with more than half of the signals as ~[those that lack]. */
void
strace_append_sigset (GString *out, guint64 set)
{
  gboolean inverted = __builtin_popcountll (set) > 40;
  const char *separator = "";
  char buffer[16];

  g_string_append (out, inverted ? "~[" : "[");
  for (int sig = 1; sig <= 64; sig++)
    if (((set >> (sig - 1) & 1) != 0) != inverted)
      {
        g_string_append_printf (out, "%s%s", separator, sentry_signal_name (sig, buffer) + 3);
        separator = " ";
      }
  g_string_append_c (out, ']');
}

static const SentryNames *
code_names (const siginfo_t *info)
{
  if (info->si_code <= 0 || info->si_code >= 0x80)
    return &sentry_names_si_code;
  switch (info->si_signo)
    {
    case SIGILL:
      return &sentry_names_si_code_ill;
    case SIGFPE:
      return &sentry_names_si_code_fpe;
    case SIGSEGV:
      return &sentry_names_si_code_segv;
    case SIGBUS:
      return &sentry_names_si_code_bus;
    case SIGTRAP:
      return &sentry_names_si_code_trap;
    case SIGCHLD:
      return &sentry_names_si_code_chld;
    case SIGIO:
      return &sentry_names_si_code_poll;
    default:
      return &sentry_names_si_code;
    }
}

static void
append_child (GString *out, const siginfo_t *info)
{
  g_string_append_printf (out, ", si_pid=%d, si_uid=%u, si_status=", info->si_pid, info->si_uid);
  if (info->si_code == CLD_EXITED)
    g_string_append_printf (out, "%d", info->si_status);
  else
    strace_append_signal (out, info->si_status);
  g_string_append_printf (out, ", si_utime=%ld, si_stime=%ld", info->si_utime, info->si_stime);
}

static void
append_sender (GString *out, const siginfo_t *info)
{
  if (info->si_code == SI_TIMER)
    g_string_append_printf (out, ", si_timerid=%#x, si_overrun=%d", info->si_timerid,
                            info->si_overrun);
  else
    g_string_append_printf (out, ", si_pid=%d, si_uid=%u", info->si_pid, info->si_uid);
  if (info->si_code != SI_USER && info->si_code != SI_TKILL && info->si_ptr == NULL)
    g_string_append (out, ", si_int=0, si_ptr=NULL");
  else if (info->si_code != SI_USER && info->si_code != SI_TKILL)
    g_string_append_printf (out, ", si_int=%d, si_ptr=%#" G_GINT64_MODIFIER "x", info->si_int,
                            (guint64) (guintptr) info->si_ptr);
}

static void
append_fault (GString *out, const siginfo_t *info)
{
  if (info->si_addr == NULL)
    g_string_append (out, ", si_addr=NULL");
  else
    g_string_append_printf (out, ", si_addr=%#" G_GINT64_MODIFIER "x",
                            (guint64) (guintptr) info->si_addr);
}

void
strace_append_siginfo (GString *out, const siginfo_t *info)
{
  siginfo_t i;

  /* The copy is aligned, and a waitid that found nothing left zeroes. */
  memcpy (&i, info, sizeof i);
  if (i.si_signo == 0)
    {
      g_string_append (out, "{}");
      return;
    }
  g_string_append (out, "{si_signo=");
  strace_append_signal (out, i.si_signo);
  g_string_append (out, ", si_code=");
  sentry_names_append_value (out, code_names (&i), (guint32) i.si_code);
  if (i.si_code == SI_KERNEL)
    {
      if (i.si_signo == SIGSEGV || i.si_signo == SIGBUS)
        append_fault (out, &i);
    }
  else if (i.si_code <= 0)
    append_sender (out, &i);
  else if (i.si_signo == SIGCHLD)
    append_child (out, &i);
  else if (i.si_signo == SIGIO)
    g_string_append_printf (out, ", si_band=%ld, si_fd=%d", i.si_band, i.si_fd);
  else if (i.si_signo == SIGSYS)
    g_string_append_printf (out, ", si_call_addr=%p, si_syscall=%d, si_arch=%#x", i.si_call_addr,
                            i.si_syscall, i.si_arch);
  else
    append_fault (out, &i);
  g_string_append_c (out, '}');
}

void
strace_append_wstatus (GString *out, int status)
{
  if (WIFEXITED (status))
    g_string_append_printf (out, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]", WEXITSTATUS (status));
  else if (WIFSTOPPED (status))
    {
      g_string_append (out, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
      strace_append_signal (out, WSTOPSIG (status) & 0x7f);
      g_string_append (out, WSTOPSIG (status) & 0x80 ? " | 0x80}]" : "}]");
    }
  else if (WIFCONTINUED (status))
    g_string_append (out, "[{WIFCONTINUED(s)}]");
  else
    {
      g_string_append (out, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
      strace_append_signal (out, WTERMSIG (status));
      g_string_append (out, WCOREDUMP (status) ? " && WCOREDUMP(s)}]" : "}]");
    }
}
