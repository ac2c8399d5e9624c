/* The sentry is killed at any moment: no guest process survives it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform-suite.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptrace-platform.h"

GUEST_CODE (count);
GUEST_CODE (syscalls);

#define KILLS 200

static SentryPlatform *platform;

static SentryContext *
new_context (void)
{
  int err;
  SentryContext *ctx = sentry_platform_new_context (platform, &err);

  g_assert_nonnull (ctx);
  ctx->regs.rip = CODE_AT;
  ctx->regs.rdi = DATA_AT;
  ctx->regs_dirty = TRUE;
  return ctx;
}

static SentryAddressSpace *
new_space (SentryContext *ctx, const guint8 *code, gsize size)
{
  int err;
  SentryAddressSpace *as = sentry_platform_new_address_space (platform, &err);

  g_assert_nonnull (as);
  g_assert_cmpint (as->ops->map (as, ctx, CODE_AT, PAGE, RW | PROT_EXEC, SENTRY_MAP_PRIVATE, -1, 0),
                   ==, 0);
  g_assert_cmpint (as->ops->map (as, ctx, DATA_AT, PAGE, RW, SENTRY_MAP_PRIVATE, -1, 0), ==, 0);
  as->ops->copy_out (as, CODE_AT, code, size);
  return as;
}

#define NEW_SPACE(ctx, name)                                                                       \
  new_space (ctx, guest_##name, (gsize) (guest_##name##_end - guest_##name))

static void
run (SentryContext *ctx, SentryAddressSpace *as)
{
  SentryEvent event;

  ctx->regs.rax = 39;
  ctx->ops->run (ctx, as, &event);
}

/* The victim's threads, each busy with one kind of birth and death. */

static gpointer
forks (gpointer data)
{
  SentryContext *ctx = new_context ();
  SentryAddressSpace *as = NEW_SPACE (ctx, syscalls), *child_as;

  run (ctx, as);
  for (;;)
    {
      SentryContext *child = new_context ();

      child->regs = ctx->regs;
      g_assert_cmpint (as->ops->fork (as, ctx, child, &child_as), ==, 0);
      run (child, child_as);
      run (ctx, as);
      child->ops->free (child);
      sentry_address_space_unref (child_as);
    }
  return NULL;
}

static gpointer
execs (gpointer data)
{
  SentryContext *ctx = new_context ();
  SentryAddressSpace *as = NEW_SPACE (ctx, syscalls), *old;

  for (;;)
    {
      run (ctx, as);
      old = as;
      as = NEW_SPACE (ctx, syscalls);
      sentry_address_space_unref (old);
    }
  return NULL;
}

static gpointer
clones (gpointer data)
{
  SentryContext *ctx = new_context ();
  SentryAddressSpace *as = NEW_SPACE (ctx, syscalls);

  run (ctx, as);
  for (;;)
    {
      SentryContext *child = new_context ();

      g_assert_cmpint (ctx->ops->clone_thread (ctx, as, child), ==, 0);
      run (child, as);
      child->ops->free (child);
    }
  return NULL;
}

/* Guests that never come back by themselves. */
static gpointer
computes (gpointer data)
{
  SentryContext *ctx = new_context ();
  SentryAddressSpace *as = NEW_SPACE (ctx, count);

  run (ctx, as);
  return NULL;
}

G_GNUC_NORETURN static void
be_victim (void)
{
  static const GThreadFunc threads[] = { forks, execs, clones, computes };
  SentryPlatformConfig config = { 0 };

  platform = g_object_new (SENTRY_TYPE_PTRACE_PLATFORM, NULL);
  if (write (1, "s", 1) != 1 || !sentry_platform_start (platform, &config, NULL))
    exit (1);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_new ("victim", threads[i], NULL);
  if (write (1, "r", 1) != 1)
    exit (1);
  for (;;)
    pause ();
}

/* The victim's orphans become ours, because the test is a subreaper: TRUE when all are gone, in
 * time. */
static gboolean
all_gone (gint64 until)
{
  for (;;)
    {
      pid_t pid = waitpid (-1, NULL, WNOHANG | __WALL);

      if (pid < 0 && errno == ECHILD)
        return TRUE;
      if (g_get_monotonic_time () > until)
        return FALSE;
      if (pid == 0)
        g_usleep (200);
    }
}

static void
kill_one (guint round)
{
  int ready[2];
  char byte;
  pid_t victim;
  /* A part of them before start has ended. */
  guint wanted = round % 8 == 0 ? 1 : 2;

  g_assert_cmpint (pipe (ready), ==, 0);
  victim = fork ();
  if (victim == 0)
    {
      dup2 (ready[1], 1);
      execl ("/proc/self/exe", "victim", "victim", NULL);
      _exit (127);
    }
  close (ready[1]);
  for (guint i = 0; i < wanted; i++)
    g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  g_usleep ((gulong) g_test_rand_int_range (0, wanted == 1 ? 3000 : 15000));
  kill (victim, SIGKILL);
  if (!all_gone (g_get_monotonic_time () + G_TIME_SPAN_SECOND))
    g_error ("processes are left after kill %u", round);
  close (ready[0]);
}

static void
nothing_survives (void)
{
  g_assert_cmpint (prctl (PR_SET_CHILD_SUBREAPER, 1), ==, 0);
  for (guint i = 0; i < KILLS; i++)
    kill_one (i);
}

int
main (int argc, char **argv)
{
  if (argc > 1 && strcmp (argv[1], "victim") == 0)
    be_victim ();
  g_test_init (&argc, &argv, NULL);
  if (argc > 1 && g_str_equal (argv[1], "nobody") && geteuid () == 0)
    g_assert_true (setgroups (0, NULL) == 0 && setgid (65534) == 0 && setuid (65534) == 0);
  g_test_add_func ("/sentry/platform/death/nothing-survives", nothing_survives);
  return g_test_run ();
}
