/* The kernel object itself: set-up, start, pause, kill. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "scripted.h"

static const SentrySyscallOps no_calls;

static void
expect_setup_error (SentryKernelConfig config, const char *what)
{
  g_autoptr (SentryKernel) k = sentry_kernel_new ();
  g_autoptr (GError) error = NULL;
  SentryMockPlatform *platform = sentry_mock_platform_new ();

  sentry_kernel_set_platform (k, SENTRY_PLATFORM (platform));
  sentry_kernel_set_syscalls (k, &no_calls);
  g_assert_false (sentry_kernel_setup (k, &config, &error));
  g_assert_error (error, SENTRY_KERNEL_ERROR, SENTRY_KERNEL_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, what));
  g_assert_cmpint (k->state, ==, SENTRY_KERNEL_RAW);
  g_assert_null (k->pid_ns);
  g_object_unref (platform);
}

static void
test_setup_names_what_is_missing (void)
{
  g_autoptr (SentryTimekeeper) tk = sentry_host_timekeeper_new ();
  SentryUserNamespace *user_ns = sentry_user_namespace_new_root ();
  SentryFeatureSet *features = sentry_feature_set_new_host ();
  const SentryKernelConfig good
      = { .features = features, .timekeeper = tk, .user_ns = user_ns, .n_cpus = 1 };
  SentryKernelConfig c;

  c = good;
  c.features = NULL;
  expect_setup_error (c, "feature set");
  c = good;
  c.timekeeper = NULL;
  expect_setup_error (c, "timekeeper");
  c = good;
  c.user_ns = NULL;
  expect_setup_error (c, "user namespace");
  c = good;
  c.n_cpus = 0;
  expect_setup_error (c, "application core");
  sentry_feature_set_free (features);
  sentry_user_namespace_unref (user_ns);
}

static void
exits (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  CALL (SYS_exit_group, (guint64) 0);
}

static void
test_start_once (void)
{
  Script *s = script_new (exits);
  g_autoptr (GError) error = NULL;

  script_start (s);
  g_assert_false (sentry_kernel_start (s->kernel, &error));
  g_assert_error (error, SENTRY_KERNEL_ERROR, SENTRY_KERNEL_ERROR_STATE);
  g_assert_cmpint (script_finish (s), ==, 0);
}

static void
test_never_started (void)
{
  Script *s = script_new (exits);

  /* Destroying ends what was made: script_finish checks that nothing is left. */
  sentry_kernel_destroy (s->kernel);
  script_finish (s);
}

static void
spins (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  __atomic_fetch_add ((guint64 *) s->data, 1, __ATOMIC_RELAXED);
  sentry_mock_spin (ctx, event);
}

static void
test_pause_nests (void)
{
  Script *s = script_new (spins);
  guint64 turns = 0, before;

  s->data = &turns;
  script_start (s);
  while (__atomic_load_n (&turns, __ATOMIC_RELAXED) == 0)
    g_thread_yield ();
  sentry_kernel_pause (s->kernel);
  before = turns;
  sentry_kernel_pause (s->kernel);
  sentry_kernel_unpause (s->kernel);
  sentry_task_kick (s->kernel->pid_ns->init->leader, SENTRY_INTERRUPT_SIGNAL);
  g_assert_cmpint (s->kernel->pid_ns->init->leader->run_state, ==, SENTRY_RUN_PAUSED);
  g_assert_cmpuint (turns, ==, before);
  sentry_kernel_unpause (s->kernel);
  while (__atomic_load_n (&turns, __ATOMIC_RELAXED) == before)
    g_thread_yield ();
  sentry_kernel_kill (s->kernel, 3 << 8);
  g_assert_cmpint (script_finish (s), ==, 3 << 8);
}

static void
unpause_without_pause (void)
{
  Script *s = script_new (exits);

  sentry_kernel_unpause (s->kernel);
}

static void
test_unpause_without_pause (void)
{
  if (g_test_subprocess ())
    unpause_without_pause ();
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*unpause without*pause*");
}

static void
pauses (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  CALL (SYS_pause);
}

static void
test_external_signal_kills_init (void)
{
  Script *s = script_new (pauses);
  siginfo_t info;

  script_start (s);
  script_wait_blocked (s, 1);
  sentry_siginfo_init (&info, SIGTERM, SI_USER);
  sentry_kernel_external_signal (s->kernel, &info, "the test");
  g_assert_cmpint (script_finish (s), ==, SIGTERM);
}

/* A blocked task is thrown back to the run loop by a pause, and its call goes on afterwards. */
static void
test_pause_of_blocked_call (void)
{
  Script *s = script_new (pauses);

  script_start (s);
  for (guint i = 0; i < 50; i++)
    {
      script_wait_blocked (s, 1);
      sentry_kernel_pause (s->kernel);
      g_assert_true (s->kernel->pid_ns->init->leader->priv->in_call);
      sentry_kernel_unpause (s->kernel);
    }
  sentry_kernel_kill (s->kernel, 0);
  g_assert_cmpint (script_finish (s), ==, 0);
}

static void
test_first_exit_error_stays (void)
{
  Script *s = script_new (exits);
  g_autoptr (GError) first = g_error_new (SENTRY_KERNEL_ERROR, 0, "first");
  g_autoptr (GError) second = g_error_new (SENTRY_KERNEL_ERROR, 0, "second");

  g_assert_null (sentry_kernel_exit_error (s->kernel));
  sentry_kernel_set_exit_error (s->kernel, first);
  sentry_kernel_set_exit_error (s->kernel, second);
  g_assert_cmpstr (sentry_kernel_exit_error (s->kernel)->message, ==, "first");
  script_start (s);
  script_finish (s);
}

static void
test_counters (void)
{
  Script *s = script_new (exits);
  guint64 id = sentry_kernel_unique_id (s->kernel);

  g_assert_cmpuint (id, >, 0);
  g_assert_cmpuint (sentry_kernel_unique_id (s->kernel), ==, id + 1);
  s->kernel->last_cookie = G_MAXUINT32 - 1;
  g_assert_cmpuint (sentry_kernel_inotify_cookie (s->kernel), ==, G_MAXUINT32);
  g_assert_cmpuint (sentry_kernel_inotify_cookie (s->kernel), ==, 1);
  script_start (s);
  script_finish (s);
}

static void
expect_create_error (Script *s, SentryProcessConfig config, const char *what)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (sentry_kernel_create_process (s->kernel, &config, NULL, NULL, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, what));
}

static void
test_create_process_errors (void)
{
  const char *const relative[] = { "true", NULL };
  const char *const nothing[] = { NULL };
  Script *s = script_new (exits);

  expect_create_error (s, (SentryProcessConfig){ .argv = nothing }, "neither a file name nor");
  expect_create_error (s, (SentryProcessConfig){ 0 }, "neither a file name nor");
  expect_create_error (s, (SentryProcessConfig){ .argv = relative }, "true: must be absolute");
  script_start (s);
  script_finish (s);
}

static void
forks_many (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      CALL (SYS_fork);
      break;
    case 1:
      if (ctx->regs.rax == 0)
        {
          ctx->regs.rbx = 10;
          CALL (SYS_pause);
          break;
        }
      if ((gint64) ctx->regs.rax == -EAGAIN)
        {
          CALL (SYS_exit_group, ctx->regs.r12);
          break;
        }
      ctx->regs.r12++;
      ctx->regs.rbx = 1;
      CALL (SYS_fork);
      break;
    }
}

static void
test_max_tasks (void)
{
  Script *s = script_new (forks_many);

  s->kernel->max_tasks = 10;
  script_start (s);
  g_assert_cmpint (script_finish (s), ==, 9 << 8);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/kernel/setup/names-what-is-missing", test_setup_names_what_is_missing);
  g_test_add_func ("/sentry/kernel/start/only-once", test_start_once);
  g_test_add_func ("/sentry/kernel/destroy/ends-what-never-started", test_never_started);
  g_test_add_func ("/sentry/kernel/pause/nests", test_pause_nests);
  g_test_add_func ("/sentry/kernel/pause/unpause-alone-is-a-bug", test_unpause_without_pause);
  g_test_add_func ("/sentry/kernel/pause/blocked-call-goes-on", test_pause_of_blocked_call);
  g_test_add_func ("/sentry/kernel/signal/external-one-kills-init",
                   test_external_signal_kills_init);
  g_test_add_func ("/sentry/kernel/exit/first-error-stays", test_first_exit_error_stays);
  g_test_add_func ("/sentry/kernel/ids/count-up", test_counters);
  g_test_add_func ("/sentry/kernel/process/errors-name-the-thing", test_create_process_errors);
  g_test_add_func ("/sentry/kernel/fork/max-tasks", test_max_tasks);
  return g_test_run ();
}
