/* The crash report: one line, the right status, and faults that were expected go on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/crash-report.h"
#include "sandbox/log.h"
#include "in-child.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

static int pipe_ends[2];
static int *volatile bad_pointer = (int *) 0x10;

static void
start (void)
{
  sentry_log_start (pipe_ends[1], -1);
  sentry_crash_report_start (125);
}

static int
bad_access (gconstpointer data)
{
  start ();
  *bad_pointer = 1;
  return 0;
}

static int
abort_now (gconstpointer data)
{
  start ();
  abort ();
}

static void
write_details (void)
{
  sentry_log_text ("details\n");
}

static int
bad_access_with_details (gconstpointer data)
{
  sentry_crash_report_set_details (write_details);
  return bad_access (data);
}

/* The report itself crashes. */
static void
crash_again (void)
{
  *bad_pointer = 2;
}

static int
double_crash (gconstpointer data)
{
  sentry_crash_report_set_details (crash_again);
  return bad_access (data);
}

static gboolean
skip_instruction (int signo, const siginfo_t *info, gpointer context)
{
  ucontext_t *uc = context;

  if (info->si_addr != (gpointer) 0x1000)
    return FALSE;
  uc->uc_mcontext.gregs[REG_RIP] = uc->uc_mcontext.gregs[REG_RBX];
  return TRUE;
}

static int
expected_fault (gconstpointer data)
{
  start ();
  sentry_crash_report_add_fixup (skip_instruction);
  asm volatile("lea 1f(%%rip), %%rbx\n\t"
               "movl $1, 0x1000\n"
               "1:"
               :
               :
               : "rbx", "memory");
  return 42;
}

static void
check (int (*body) (gconstpointer), int status, const char *begins)
{
  char text[8000];
  ssize_t n;
  int wait_status;

  g_assert_cmpint (pipe2 (pipe_ends, O_NONBLOCK), ==, 0);
  wait_status = in_child (body, NULL);
  n = read (pipe_ends[0], text, sizeof text - 1);
  text[MAX (n, 0)] = '\0';
  g_assert_true (WIFEXITED (wait_status));
  g_assert_cmpint (WEXITSTATUS (wait_status), ==, status);
  if (strlen (begins) == 0)
    g_assert_cmpstr (text, ==, "");
  else
    g_assert_true (g_str_has_prefix (text, begins));
  if (body == bad_access_with_details)
    g_assert_true (g_str_has_suffix (text, "\ndetails\n"));
  close (pipe_ends[0]);
  close (pipe_ends[1]);
}

static void
test_segv (void)
{
  check (bad_access, 125,
         "sentry: sandbox: crashed: invalid memory access at 0x10, instruction 0x");
  check (bad_access_with_details, 125,
         "sentry: sandbox: crashed: invalid memory access at 0x10, instruction 0x");
}

static void
test_abort (void)
{
  check (abort_now, 125, "sentry: sandbox: crashed: aborted");
}

static void
test_double (void)
{
#ifdef __SANITIZE_THREAD__
  g_test_skip ("ThreadSanitizer's own handlers take faults inside of a handler");
  return;
#endif
  check (double_crash, 125, "sentry: sandbox: crashed: invalid memory access at 0x10");
}

static void
test_fixup (void)
{
#ifdef __SANITIZE_THREAD__
  g_test_skip ("ThreadSanitizer's own handlers take faults inside of a handler");
  return;
#endif
  check (expected_fault, 42, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/sandbox/crash-report/invalid-access", test_segv);
  g_test_add_func ("/sentry/sandbox/crash-report/abort", test_abort);
  g_test_add_func ("/sentry/sandbox/crash-report/crash-in-report", test_double);
  g_test_add_func ("/sentry/sandbox/crash-report/expected-fault-goes-on", test_fixup);
  return g_test_run ();
}
