/* --strace=FILTER. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/filter.h"

#include <sys/syscall.h>

static StraceFilter filter;

static void
parse (const char *text)
{
  g_autoptr (GError) error = NULL;

  strace_filter_parse (&filter, text, &error);
  g_assert_no_error (error);
}

static guint
count (void)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (filter.calls); i++)
    n += filter.calls[i];
  return n;
}

static void
test_names (void)
{
  parse ("open,openat,close");
  g_assert_cmpuint (count (), ==, 3);
  g_assert_true (filter.calls[SYS_open] && filter.calls[SYS_openat] && filter.calls[SYS_close]);
  parse (NULL);
  g_assert_cmpuint (count (), ==, SENTRY_N_SYSCALLS + 1);
  parse ("!read,write");
  g_assert_cmpuint (count (), ==, SENTRY_N_SYSCALLS - 1);
  g_assert_false (filter.calls[SYS_read]);
  parse ("none");
  g_assert_cmpuint (count (), ==, 0);
  g_assert_false (filter.missing);
  parse ("missing");
  g_assert_cmpuint (count (), ==, 0);
  g_assert_true (filter.missing);
}

static void
test_classes (void)
{
  parse ("%file");
  g_assert_true (filter.calls[SYS_openat] && filter.calls[SYS_execve] && filter.calls[SYS_getcwd]);
  g_assert_false (filter.calls[SYS_read]);
  parse ("%desc");
  g_assert_true (filter.calls[SYS_read] && filter.calls[SYS_openat] && filter.calls[SYS_mmap]
                 && filter.calls[SYS_poll] && filter.calls[SYS_pipe2] && filter.calls[SYS_socket]);
  g_assert_false (filter.calls[SYS_getpid] || filter.calls[SYS_execve]);
  parse ("%process,%signal");
  g_assert_true (filter.calls[SYS_clone] && filter.calls[SYS_wait4]
                 && filter.calls[SYS_rt_sigaction] && filter.calls[SYS_exit_group]);
  parse ("%memory");
  g_assert_true (filter.calls[SYS_brk] && filter.calls[SYS_mprotect] && filter.calls[SYS_shmat]);
  parse ("%network");
  g_assert_true (filter.calls[SYS_sendfile] && filter.calls[SYS_accept4]);
  parse ("%ipc");
  g_assert_true (filter.calls[SYS_semop] && !filter.calls[SYS_pipe]);
  parse ("!%file,%desc");
  g_assert_true (filter.calls[SYS_getpid]);
  g_assert_false (filter.calls[SYS_openat] || filter.calls[SYS_read]);
}

static void
refuse (const char *text, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (strace_filter_parse (&filter, text, &error));
  g_assert_error (error, STRACE_ERROR, STRACE_ERROR_FILTER);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_errors (void)
{
  refuse ("opennat",
          "\"opennat\" is no system call and no class of them; did you mean \"openat\"?");
  refuse ("read,%fil", "\"%fil\" is no system call and no class of them; did you mean \"%file\"?");
  refuse ("qwertyuiopasdf", "\"qwertyuiopasdf\" is no system call and no class of them");
  refuse (",", "\"\" is no system call and no class of them");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/strace/filter/takes-names", test_names);
  g_test_add_func ("/sentry/strace/filter/takes-classes", test_classes);
  g_test_add_func ("/sentry/strace/filter/suggests-the-nearest-word", test_errors);
  return g_test_run ();
}
