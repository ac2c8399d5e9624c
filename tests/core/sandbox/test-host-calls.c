/* The host call filter: allows what was declared, and nothing else.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/host-calls.h"
#include "sandbox/preload.h"
#include "in-child.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define ONE_CALL(name, reason)                                                                     \
  {                                                                                                \
    SYS_##name, reason, { { 0, 0, 0 } }, 0                                                         \
  }

static const SentryHostCall dup_calls[] = { ONE_CALL (dup, "for a test"), SENTRY_HOST_CALLS_END };
static const SentryHostCall dup_0_calls[]
    = { { SYS_dup, "descriptor 0", { { 0, 0xffffffff, 0 } }, 1 }, SENTRY_HOST_CALLS_END };
static const SentryHostCall dup_1_calls[]
    = { { SYS_dup, "descriptor 1", { { 0, 0xffffffff, 1 } }, 1 }, SENTRY_HOST_CALLS_END };

static SentryHostCallSet *
core_set (void)
{
  SentryHostCallSet *set = sentry_host_call_set_new ();

  sentry_host_call_set_add (set, "core", sentry_core_host_calls ());
  sentry_host_call_set_add (set, "sanitizer", sentry_sanitizer_host_calls ());
  return set;
}

static void
test_union (void)
{
  g_autoptr (SentryHostCallSet) set = sentry_host_call_set_new ();
  g_autofree char *text = NULL;

  sentry_host_call_set_add (set, "one", dup_0_calls);
  sentry_host_call_set_add (set, "two", dup_1_calls);
  sentry_host_call_set_add (set, "nothing", NULL);
  g_assert_cmpuint (sentry_host_call_set_size (set), ==, 1);
  text = sentry_host_call_set_describe (set);
  g_assert_cmpstr (text, ==,
                   "dup if arg0 & 0xffffffff == 0x0  one: descriptor 0\n"
                   "dup if arg0 & 0xffffffff == 0x1  two: descriptor 1");
}

/* What the body of a child does under the filter; the exit status tells whether the calls did what
 * they should. */
static int
enforce (const SentryHostCall *more, const SentryHostCall *and_more)
{
  g_autoptr (SentryHostCallSet) set = core_set ();

  sentry_host_call_set_add (set, "test", more);
  sentry_host_call_set_add (set, "test", and_more);
  return sentry_host_call_set_enforce (set, NULL) ? 0 : 99;
}

static int
call_allowed (gconstpointer data)
{
  int rc = enforce (dup_calls, NULL);

  return rc != 0 ? rc : syscall (SYS_dup, 0) >= 0 ? 0 : 1;
}

static int
call_not_declared (gconstpointer data)
{
  int rc = enforce (NULL, NULL);

  return rc != 0 ? rc : (int) syscall (GPOINTER_TO_INT (data), 0, 0, 0, 0, 0, 0);
}

static int
condition_holds (gconstpointer data)
{
  int rc = enforce (dup_0_calls, dup_1_calls);

  if (rc != 0)
    return rc;
  return syscall (SYS_dup, 0) >= 0 && syscall (SYS_dup, 1) >= 0 ? 0 : 1;
}

static int
condition_fails (gconstpointer data)
{
  int rc = enforce (dup_0_calls, NULL);

  return rc != 0 ? rc : (int) syscall (SYS_dup, 2);
}

static int
free_wins_over_condition (gconstpointer data)
{
  int rc = enforce (dup_0_calls, dup_calls);

  return rc != 0 ? rc : syscall (SYS_dup, 2) >= 0 ? 0 : 1;
}

static int
executable_memory (gconstpointer data)
{
  int rc = enforce (NULL, NULL);

  if (rc != 0)
    return rc;
  return mmap (NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
             ? 0
             : 1;
}

static gpointer
add_one (gpointer data)
{
  int *n = data;

  *n += 1;
  return NULL;
}

/* Threads can still be made, waited for, and given memory. */
static int
threads_work (gconstpointer data)
{
  pthread_t first;
  int n = -1;
  int rc;

  /* As a sandbox has it: the C library prepares itself with the first thread. */
  sentry_preload_libraries ();
  pthread_create (&first, NULL, add_one, &n);
  pthread_join (first, NULL);
  rc = enforce (NULL, NULL);
  for (int i = 0; rc == 0 && i < 20; i++)
    {
      pthread_t t;
      g_autofree char *block = g_malloc (1 << 20);

      memset (block, 1, 1 << 20);
      rc = pthread_create (&t, NULL, add_one, &n);
      if (rc == 0)
        rc = pthread_join (t, NULL);
    }
  return rc != 0 ? rc : n == 20 ? 0 : 1;
}

static volatile int stop;

static gpointer
spin_then_call (gpointer data)
{
  while (!stop)
    ;
  syscall (SYS_socket, AF_UNIX, SOCK_STREAM, 0);
  return NULL;
}

/* A thread that was there before the filter is under it too. */
static int
older_thread_filtered (gconstpointer data)
{
  pthread_t t;
  int rc = pthread_create (&t, NULL, spin_then_call, NULL);

  if (rc == 0)
    rc = enforce (NULL, NULL);
  stop = 1;
  if (rc == 0)
    rc = pthread_join (t, NULL);
  return rc;
}

static void
assert_exit (int (*body) (gconstpointer))
{
  int status = in_child (body, NULL);

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

static void
assert_sigsys (int (*body) (gconstpointer), gconstpointer data)
{
  int status = in_child (body, data);

  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGSYS);
}

static void
test_allowed (void)
{
  assert_exit (call_allowed);
}

static void
test_not_declared (void)
{
  static const int calls[]
      = { SYS_socket, SYS_execve, SYS_execveat,       SYS_fork,   SYS_ptrace,  SYS_kill,
          SYS_mount,  SYS_bpf,    SYS_io_uring_setup, SYS_setuid, SYS_unshare, SYS_chroot };

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_sigsys (call_not_declared, GINT_TO_POINTER (calls[i]));
}

static void
test_condition (void)
{
  assert_exit (condition_holds);
  assert_exit (free_wins_over_condition);
  assert_sigsys (condition_fails, NULL);
}

static void
test_executable_memory (void)
{
  if (sentry_sanitizer_host_calls () != NULL)
    {
      g_test_skip ("a sanitizer's runtime may map anything");
      return;
    }
  assert_sigsys (executable_memory, NULL);
}

static void
test_threads (void)
{
  assert_exit (threads_work);
}

static void
test_older_thread (void)
{
  assert_sigsys (older_thread_filtered, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/sandbox/host-calls/union", test_union);
  g_test_add_func ("/sentry/sandbox/host-calls/allowed", test_allowed);
  g_test_add_func ("/sentry/sandbox/host-calls/not-declared", test_not_declared);
  g_test_add_func ("/sentry/sandbox/host-calls/condition", test_condition);
  g_test_add_func ("/sentry/sandbox/host-calls/no-executable-memory", test_executable_memory);
  g_test_add_func ("/sentry/sandbox/host-calls/threads-work", test_threads);
  g_test_add_func ("/sentry/sandbox/host-calls/older-thread-filtered", test_older_thread);
  return g_test_run ();
}
