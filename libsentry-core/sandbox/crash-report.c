/* What a sandbox process still says when it crashes. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/crash-report.h"
#include "sandbox/log.h"
#include <execinfo.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define MAX_FIXUPS 4

static int exit_status = 1;                 /* I after start */
static SentryFaultFixup fixups[MAX_FIXUPS]; /* I once threads run */
static void (*print_details) (void);        /* I once threads run */
static gint crashed;                        /* a: only the first thread reports */
static __thread gboolean reporting;         /* T */

static void
format_number (char *buffer, gsize size, guint64 value, guint base)
{
  char *p = buffer + size - 1;

  *p = '\0';
  do
    *--p = "0123456789abcdef"[value % base];
  while ((value /= base) != 0 && p > buffer);
  memmove (buffer, p, (gsize) (buffer + size - p));
}

static const char *
signal_text (int signo)
{
  switch (signo)
    {
    case SIGSEGV:
      return "invalid memory access";
    case SIGBUS:
      return "bus error";
    case SIGILL:
      return "illegal instruction";
    case SIGFPE:
      return "arithmetic error";
    case SIGABRT:
      return "aborted";
    default:
      return "host system call that isn't allowed";
    }
}

static void
report (int signo, const siginfo_t *info, const ucontext_t *context)
{
  char detail[24], ip[24];
  const char *pieces[] = { "sandbox: crashed: ",
                           signal_text (signo),
                           signo == SIGSYS ? ": number " : " at 0x",
                           detail,
                           ", instruction 0x",
                           ip };

  if (signo == SIGSYS)
    format_number (detail, sizeof detail, (guint64) info->si_syscall, 10);
  else
    format_number (detail, sizeof detail, (guint64) (guintptr) info->si_addr, 16);
  format_number (ip, sizeof ip, (guint64) context->uc_mcontext.gregs[REG_RIP], 16);
  sentry_log_raw (pieces, G_N_ELEMENTS (pieces));
}

/* For the report of a defect: where the process was.  Neither function allocates once libgcc_s is
 * loaded. */
static void
report_stack (void)
{
#ifndef __SANITIZE_THREAD__ /* which counts the dynamic linker's first look for the unwinder */
  gpointer frames[32];
  int n = backtrace (frames, G_N_ELEMENTS (frames));

  if (n > 2)
    backtrace_symbols_fd (frames + 2, n - 2, sentry_log_fd ());
#endif
}

static gboolean
fixed_up (int signo, const siginfo_t *info, gpointer context)
{
  if (signo == SIGSEGV || signo == SIGBUS)
    for (guint i = 0; i < MAX_FIXUPS && fixups[i] != NULL; i++)
      if (fixups[i](signo, info, context))
        return TRUE;
  return FALSE;
}

/* Another thread that crashes meanwhile waits for the end; a crash of the report itself is the end.
 */
static void
wait_for_end (void)
{
  guint32 never = 0;

  while (!reporting)
    syscall (SYS_futex, &never, 0 /* FUTEX_WAIT */, 0, NULL);
}

static void
handler (int signo, siginfo_t *info, gpointer context)
{
  if (fixed_up (signo, info, context))
    return;
  if (g_atomic_int_compare_and_exchange (&crashed, 0, 1))
    {
      reporting = TRUE;
      report (signo, info, context);
      report_stack ();
      if (print_details != NULL)
        print_details ();
    }
  else
    wait_for_end ();
  syscall (SYS_exit_group, exit_status);
}

void
sentry_crash_report_start (int status)
{
  static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };
  struct sigaction action
      = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

  exit_status = status;
  sigemptyset (&action.sa_mask);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &action, NULL);
}

void
sentry_crash_report_add_fixup (SentryFaultFixup fixup)
{
  guint i = 0;

  while (i < MAX_FIXUPS && fixups[i] != NULL)
    i++;
  g_assert (i < MAX_FIXUPS);
  fixups[i] = fixup;
}

void
sentry_crash_report_set_details (void (*details) (void))
{
  print_details = details;
}
