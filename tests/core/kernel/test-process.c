/* fork, exit, wait, process groups, threads. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "scripted.h"

#define STATUS (SCRIPT_DATA + 0x10)

static void
exits_with_7 (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  CALL (SYS_exit_group, (guint64) 7);
}

static void
test_exit_status (void)
{
  g_assert_cmpint (script_run (exits_with_7), ==, 7 << 8);
}

static void
forks_and_waits (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      CALL (SYS_fork);
      break;
    case 1:
      if (ctx->regs.rax == 0)
        {
          CALL (SYS_exit_group, (guint64) 3);
          break;
        }
      ctx->regs.r12 = ctx->regs.rax;
      CALL (SYS_wait4, (guint64) -1, (guint64) STATUS);
      break;
    case 2:
      g_assert_cmpint (ctx->regs.rax, ==, ctx->regs.r12);
      g_assert_cmpint (script_load32 (as, STATUS), ==, 3 << 8);
      CALL (SYS_wait4, (guint64) -1, (guint64) STATUS);
      break;
    case 3:
      g_assert_cmpint ((gint64) ctx->regs.rax, ==, -ECHILD);
      CALL (SYS_exit_group, (guint64) 0);
      break;
    }
}

static void
test_fork (void)
{
  g_assert_cmpint (script_run (forks_and_waits), ==, 0);
}

/* The child makes a grandchild and exits; the grandchild must not become init's child. */
static void
leaves_orphan (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
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
          CALL (SYS_fork);
          break;
        }
      CALL (SYS_wait4, (guint64) -1, (guint64) STATUS);
      break;
    case 2:
      CALL (SYS_wait4, (guint64) -1, (guint64) STATUS);
      break;
    case 3:
      g_assert_cmpint ((gint64) ctx->regs.rax, ==, -ECHILD);
      CALL (SYS_exit_group, (guint64) 0);
      break;
    case 10:
      if (ctx->regs.rax != 0)
        CALL (SYS_exit_group, (guint64) 0);
      else
        CALL (SYS_pause); /* killed when init has gone */
      break;
    }
}

static void
test_orphan (void)
{
  g_assert_cmpint (script_run (leaves_orphan), ==, 0);
}

static void
starts_thread (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  const guint64 flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD
                        | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

  switch (STEP (ctx))
    {
    case 0:
      CALL (SYS_clone, flags, (guint64) SCRIPT_STACK_TOP - 0x20000, (guint64) STATUS,
            (guint64) STATUS);
      break;
    case 1:
      if (ctx->regs.rax == 0)
        {
          ctx->regs.rbx = 10;
          CALL (SYS_gettid);
          break;
        }
      /* As pthread_join: sleeps until the kernel clears the word. */
      ctx->regs.r12 = ctx->regs.rax;
      CALL (SYS_futex, (guint64) STATUS, (guint64) 0, ctx->regs.r12);
      break;
    case 2:
      g_assert_cmpint (script_load32 (as, STATUS), ==, 0);
      CALL (SYS_exit_group, (guint64) 0);
      break;
    case 10:
      g_assert_cmpint (ctx->regs.rax, ==, 2);
      CALL (SYS_exit, (guint64) 9);
      break;
    }
}

static void
test_thread (void)
{
  g_assert_cmpint (script_run (starts_thread), ==, 0);
}

static void
vforks (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      CALL (SYS_vfork);
      break;
    case 1:
      if (ctx->regs.rax == 0)
        {
          script_store64 (as, SCRIPT_DATA, 42);
          CALL (SYS_exit_group, (guint64) 1);
          break;
        }
      /* It ran in our memory, and to its end. */
      g_assert_cmpint (script_load64 (as, SCRIPT_DATA), ==, 42);
      CALL (SYS_wait4, (guint64) -1, (guint64) STATUS, (guint64) WNOHANG);
      break;
    case 2:
      /* It has left our memory, but may still be on its way to being a zombie. */
      if (ctx->regs.rax == 0)
        {
          ctx->regs.rbx = 2;
          CALL (SYS_wait4, (guint64) -1, (guint64) STATUS);
          break;
        }
      CALL (SYS_exit_group, (guint64) script_load32 (as, STATUS) >> 8);
      break;
    }
}

static void
test_vfork (void)
{
  g_assert_cmpint (script_run (vforks), ==, 1 << 8);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/kernel/exit/status-of-init", test_exit_status);
  g_test_add_func ("/sentry/kernel/fork/child-is-waited-for", test_fork);
  g_test_add_func ("/sentry/kernel/exit/orphans-are-reaped-by-the-kernel", test_orphan);
  g_test_add_func ("/sentry/kernel/clone/thread-clears-its-tid", test_thread);
  g_test_add_func ("/sentry/kernel/vfork/parent-waits", test_vfork);
  return g_test_run ();
}
