/* From the number to the handler. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "syscalls/dispatch.h"
#include "syscalls/handlers.h"
#include "syscalls/syscall-table.h"

static const SentrySyscallArgs no_args;

static gint64
call (SentrySyscallAbi abi, guint64 nr)
{
  return sentry_syscall_dispatch (NULL, abi, nr, &no_args);
}

static void
test_refused (void)
{
  g_assert_cmpint (call (SENTRY_ABI_AMD64, SENTRY_N_SYSCALLS), ==, -ENOSYS);
  g_assert_cmpint (call (SENTRY_ABI_AMD64, 0xffffffff), ==, -ENOSYS);
  g_assert_cmpint (call (SENTRY_ABI_AMD64, G_MAXUINT64), ==, -ENOSYS);
  g_assert_cmpint (call (SENTRY_ABI_AMD64, 0x40000000 | SYS_getpid), ==, -ENOSYS);
  g_assert_cmpint (call (SENTRY_ABI_X32, SYS_getpid), ==, -ENOSYS);
  g_assert_cmpint (call (SENTRY_ABI_I386, 20), ==, -ENOSYS);
  for (guint nr = 335; nr < 424; nr++)
    g_assert_cmpint (call (SENTRY_ABI_AMD64, nr), ==, -ENOSYS);
}

/* Each call that is not there fails with its errno, also with garbage in the upper half of rax. */
static void
test_none (void)
{
  for (guint nr = 0; nr < SENTRY_N_SYSCALLS; nr++)
    if (sentry_syscall_table[nr].handler == NULL)
      {
        g_assert_cmpint (sentry_syscall_table[nr].error, >, 0);
        g_assert_cmpint (call (SENTRY_ABI_AMD64, nr), ==, -sentry_syscall_table[nr].error);
        g_assert_cmpint (call (SENTRY_ABI_AMD64, nr | G_GUINT64_CONSTANT (5) << 32), ==,
                         -sentry_syscall_table[nr].error);
      }
}

/* The table says what the header that programs are compiled with says. */
static void
test_numbers (void)
{
  static const struct
  {
    const char *name;
    int nr;
  } known[] = {
#define KNOWN(name) { #name, SYS_##name }
    KNOWN (read),        KNOWN (mmap),         KNOWN (rt_sigreturn), KNOWN (clone),
    KNOWN (execve),      KNOWN (exit),         KNOWN (wait4),        KNOWN (fcntl),
    KNOWN (getdents64),  KNOWN (futex),        KNOWN (openat),       KNOWN (exit_group),
    KNOWN (epoll_pwait), KNOWN (prlimit64),    KNOWN (renameat2),    KNOWN (statx),
    KNOWN (rseq),        KNOWN (pidfd_open),   KNOWN (clone3),       KNOWN (openat2),
    KNOWN (faccessat2),  KNOWN (epoll_pwait2), KNOWN (futex_waitv),
#undef KNOWN
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    g_assert_cmpint (sentry_syscall_by_name (known[i].name), ==, known[i].nr);
  g_assert_cmpint (sentry_syscall_by_name ("file_setattr"), ==, 469);
  g_assert_cmpint (sentry_syscall_by_name ("nonsense"), ==, -1);
}

static void
test_handlers (void)
{
  for (guint nr = 0; nr < SENTRY_N_SYSCALLS; nr++)
    {
      const SentrySyscallInfo *info = &sentry_syscall_table[nr];

      g_assert_cmpint (info->handler != NULL, ==, info->support != SENTRY_SUPPORT_NONE);
      g_assert_true (info->name != NULL || info->handler == NULL);
      for (guint a = 0; a < info->n_args; a++)
        {
          g_assert_cmpint (info->args[a].link, <, (gint) info->n_args);
          g_assert_true (info->args[a].kind != SENTRY_ARG_FLAGS || info->args[a].names != NULL);
          g_assert_true (info->args[a].kind != SENTRY_ARG_ENUM || info->args[a].names != NULL);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/syscalls/dispatch/refuses-foreign-numbers", test_refused);
  g_test_add_func ("/sentry/syscalls/dispatch/refuses-missing-calls-by-their-errno", test_none);
  g_test_add_func ("/sentry/syscalls/table/has-linux-numbers", test_numbers);
  g_test_add_func ("/sentry/syscalls/table/is-consistent", test_handlers);
  return g_test_run ();
}
