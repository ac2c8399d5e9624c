/* Signals of scripted guests. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "arch/x86-64/signal-frame.h"
#include "scripted.h"

#define STATUS (SCRIPT_DATA + 0x10)
#define MASK (SCRIPT_DATA + 0x20)

/* --- a handler interrupts a blocking call --- */

typedef struct
{
  guint64 flags;
  int nr;
  gint64 expected; /* result, G_MAXINT64: the call went on */
} Restart;

static void
says_handler (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  script_say (s, "handler %d;", (int) ctx->regs.rdi);
  script_return (ctx, event);
}

static void
blocks_with_handler (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  const Restart *r = s->data;

  switch (STEP (ctx))
    {
    case 0:
      script_sigaction (ctx, as, event, SIGUSR1, SCRIPT_HANDLER (0), r->flags, 0);
      break;
    case 1:
      CALL (SYS_fork);
      break;
    case 2:
      if (ctx->regs.rax == 0)
        {
          CALL (SYS_pause);
          ctx->regs.rbx = 20;
          break;
        }
      ctx->regs.r12 = ctx->regs.rax;
      if (r->nr == SYS_wait4)
        CALL (SYS_wait4, (guint64) -1);
      else
        CALL (r->nr);
      break;
    case 3:
      script_say (s, "result %d;", (int) ctx->regs.rax);
      CALL (SYS_exit_group);
      break;
    default:
      CALL (SYS_exit_group);
    }
}

static void
check_restart (guint64 flags, int nr, const char *log, gboolean end_child)
{
  Restart r = { .flags = flags, .nr = nr };
  Script *s = script_new (blocks_with_handler);
  siginfo_t info;

  s->data = &r;
  s->handler[0] = says_handler;
  script_start (s);
  script_wait_blocked (s, 2);
  script_wait_blocked (s, 1);
  sentry_siginfo_init (&info, SIGUSR1, SI_USER);
  sentry_kernel_external_signal (s->kernel, &info, "the test");
  if (end_child)
    {
      while (s->log->len == 0)
        g_thread_yield ();
      script_wait_blocked (s, 1);
      SentryTask *child = sentry_kernel_find_task (s->kernel, 2);
      sentry_siginfo_init (&info, SIGTERM, SI_USER);
      sentry_task_send_signal (child, &info);
      sentry_task_unref (child);
    }
  script_expect (s, log);
  g_assert_cmpint (script_finish (s), ==, 0);
}

static void
test_restart_with_flag (void)
{
  check_restart (SA_RESTART, SYS_wait4, "handler 10;result 2;", TRUE);
}

static void
test_no_restart_without_flag (void)
{
  check_restart (0, SYS_wait4, "handler 10;result -4;", FALSE);
}

static void
test_pause_never_restarts (void)
{
  check_restart (SA_RESTART, SYS_pause, "handler 10;result -4;", FALSE);
}

/* --- masks --- */

static void
nested (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  /* SIGUSR2 is in the handler's mask: it must wait until this one has returned. */
  switch (ctx->regs.rbp++)
    {
    case 0:
      script_say (s, "in;");
      CALL (SYS_kill, (guint64) 1, (guint64) SIGUSR2);
      break;
    case 1:
      script_say (s, "out;");
      script_return (ctx, event);
      break;
    }
}

static void
masks (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      script_sigaction (ctx, as, event, SIGUSR1, SCRIPT_HANDLER (0), 0, SENTRY_SIGMASK (SIGUSR2));
      break;
    case 1:
      script_sigaction (ctx, as, event, SIGUSR2, SCRIPT_HANDLER (1), 0, 0);
      break;
    case 2:
      CALL (SYS_kill, (guint64) 1, (guint64) SIGUSR1);
      break;
    case 3:
      CALL (SYS_exit_group);
      break;
    }
}

static void
test_handler_mask (void)
{
  Script *s = script_new (masks);

  s->handler[0] = nested;
  s->handler[1] = says_handler;
  script_start (s);
  script_expect (s, "in;out;handler 12;");
  g_assert_cmpint (script_finish (s), ==, 0);
}

static void
suspends (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      script_sigaction (ctx, as, event, SIGUSR1, SCRIPT_HANDLER (0), SA_RESTART, 0);
      break;
    case 1:
      script_store64 (as, MASK, SENTRY_SIGMASK (SIGUSR1));
      CALL (SYS_rt_sigprocmask, (guint64) SIG_BLOCK, (guint64) MASK, (guint64) 0, (guint64) 8);
      break;
    case 2:
      CALL (SYS_kill, (guint64) 1, (guint64) SIGUSR1);
      break;
    case 3:
      script_say (s, "suspend;");
      script_store64 (as, MASK, 0);
      CALL (SYS_rt_sigsuspend, (guint64) MASK, (guint64) 8);
      break;
    case 4:
      script_say (s, "%d;", (int) ctx->regs.rax);
      CALL (SYS_rt_sigprocmask, (guint64) SIG_BLOCK, (guint64) 0, (guint64) MASK, (guint64) 8);
      break;
    case 5:
      script_say (s, "%s", script_load64 (as, MASK) == SENTRY_SIGMASK (SIGUSR1) ? "restored" : "?");
      CALL (SYS_exit_group);
      break;
    }
}

static void
test_sigsuspend_restores_mask (void)
{
  Script *s = script_new (suspends);

  s->handler[0] = says_handler;
  script_start (s);
  script_expect (s, "suspend;handler 10;-4;restored");
  g_assert_cmpint (script_finish (s), ==, 0);
}

/* --- faults --- */

static void
faults (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      script_store64 (as, MASK, ~(guint64) 0);
      CALL (SYS_rt_sigprocmask, (guint64) SIG_BLOCK, (guint64) MASK, (guint64) 0, (guint64) 8);
      break;
    default:
      sentry_mock_fault (event, 0x42, SENTRY_ACCESS_READ, SEGV_MAPERR);
    }
}

static void
test_blocked_fault_kills (void)
{
  g_assert_cmpint (script_run (faults), ==, SIGSEGV);
}

static void
fault_handler (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  SentrySignalFrame frame;

  g_assert_cmpuint (as->ops->copy_in (as, &frame, ctx->regs.rsp, sizeof frame), ==, sizeof frame);
  g_assert_cmphex (frame.context.cr2, ==, 0x42);
  g_assert_cmpuint (frame.context.trapno, ==, 14);
  g_assert_cmphex (ctx->regs.rsp % 16, ==, 8);
  g_assert_cmphex (ctx->regs.rsi, ==, ctx->regs.rsp + G_STRUCT_OFFSET (SentrySignalFrame, info));
  siginfo_t info;
  memcpy (&info, frame.info, sizeof info);
  g_assert_cmpint (info.si_code, ==, SEGV_MAPERR);
  g_assert_cmphex ((guint64) info.si_addr, ==, 0x42);
  CALL (SYS_exit_group, (guint64) 5);
}

static void
handles_fault (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  if (STEP (ctx) == 0)
    script_sigaction (ctx, as, event, SIGSEGV, SCRIPT_HANDLER (0), SA_SIGINFO, 0);
  else
    sentry_mock_fault (event, 0x42, SENTRY_ACCESS_READ, SEGV_MAPERR);
}

static void
test_fault_frame (void)
{
  Script *s = script_new (handles_fault);

  s->handler[0] = fault_handler;
  script_start (s);
  g_assert_cmpint (script_finish (s), ==, 5 << 8);
}

/* A frame that the guest has filled with anything: the task may die of it, we may not. */
static void
returns_to_garbage (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  SentrySignalFrame frame;
  GRand *rand = s->data;

  if (STEP (ctx) > 200)
    {
      CALL (SYS_exit_group);
      return;
    }
  guint64 counter = ctx->regs.rbx;
  for (guint i = 0; i < sizeof frame; i++)
    ((guint8 *) &frame)[i] = (guint8) g_rand_int (rand);
  frame.context.rbx = counter;
  frame.context.r15 = 0;
  frame.context.rip = SCRIPT_CODE;
  if (g_rand_boolean (rand))
    frame.context.fpstate = SCRIPT_DATA + 0x1000;
  else
    frame.context.fpstate = 0;
  frame.uc_sigmask = 0;
  script_store (as, SCRIPT_DATA + 0x8000, &frame, sizeof frame);
  guint8 fp[4096];
  for (guint i = 0; i < sizeof fp; i++)
    fp[i] = (guint8) g_rand_int (rand);
  script_store (as, SCRIPT_DATA + 0x1000, fp, sizeof fp);
  ctx->regs.rsp = SCRIPT_DATA + 0x8008;
  CALL (SYS_rt_sigreturn);
}

static void
test_hostile_frames (void)
{
  Script *s = script_new (returns_to_garbage);
  GRand *rand = g_rand_new_with_seed ((guint32) g_test_rand_int ());

  s->data = rand;
  script_start (s);
  g_assert_cmpint (script_finish (s), ==, 0);
  g_rand_free (rand);
}

static void
returns_nowhere (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  ctx->regs.rsp = 0x1000;
  CALL (SYS_rt_sigreturn);
}

static void
test_bad_frame_kills (void)
{
  g_assert_cmpint (script_run (returns_nowhere), ==, SIGSEGV);
}

static void
overflows_stack (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      script_sigaction (ctx, as, event, SIGUSR1, SCRIPT_HANDLER (0), 0, 0);
      break;
    case 1:
      ctx->regs.rsp = 0x2000; /* nothing there */
      CALL (SYS_kill, (guint64) 1, (guint64) SIGUSR1);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
test_no_room_for_frame_kills (void)
{
  g_assert_cmpint (script_run (overflows_stack), ==, SIGSEGV);
}

/* --- queues --- */

static void
queues (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  siginfo_t info;
  guint64 step = STEP (ctx);

  if (step == 0)
    {
      script_store64 (as, MASK, ~(guint64) 0);
      CALL (SYS_rt_sigprocmask, (guint64) SIG_BLOCK, (guint64) MASK, (guint64) 0, (guint64) 8);
    }
  else if (step <= 6)
    {
      /* 40, 39, 40, 39 …: lowest number first, then in order. */
      sentry_siginfo_init (&info, 0, SI_QUEUE);
      info.si_value.sival_int = (int) step;
      script_store (as, SCRIPT_DATA + 0x100, &info, sizeof info);
      CALL (SYS_rt_sigqueueinfo, (guint64) 1, step % 2 ? (guint64) 40 : (guint64) 39,
            (guint64) SCRIPT_DATA + 0x100);
    }
  else if (step <= 13)
    {
      if (step > 7)
        {
          as->ops->copy_in (as, &info, SCRIPT_DATA + 0x100, sizeof info);
          script_say (s, "%d:%d ", (int) ctx->regs.rax, info.si_value.sival_int);
        }
      script_store64 (as, MASK, SENTRY_SIGMASK (39) | SENTRY_SIGMASK (40));
      script_store64 (as, STATUS, 0);
      script_store64 (as, STATUS + 8, 0);
      CALL (SYS_rt_sigtimedwait, (guint64) MASK, (guint64) SCRIPT_DATA + 0x100, (guint64) STATUS,
            (guint64) 8);
    }
  else
    {
      script_say (s, "%d", (int) ctx->regs.rax);
      CALL (SYS_exit_group);
    }
}

static void
test_realtime_order (void)
{
  Script *s = script_new (queues);

  script_start (s);
  script_expect (s, "39:2 39:4 39:6 40:1 40:3 40:5 -11");
  g_assert_cmpint (script_finish (s), ==, 0);
}

static void
queues_too_many (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  siginfo_t info;
  guint64 step = STEP (ctx);

  if (step == 0)
    {
      script_store64 (as, MASK, ~(guint64) 0);
      CALL (SYS_rt_sigprocmask, (guint64) SIG_BLOCK, (guint64) MASK, (guint64) 0, (guint64) 8);
      return;
    }
  if (step > 1 && (gint64) ctx->regs.rax < 0)
    {
      script_say (s, "%d after %d", (int) ctx->regs.rax, (int) step - 2);
      CALL (SYS_exit_group);
      return;
    }
  sentry_siginfo_init (&info, 0, SI_QUEUE);
  script_store (as, SCRIPT_DATA + 0x100, &info, sizeof info);
  CALL (SYS_rt_sigqueueinfo, (guint64) 1, (guint64) 40, (guint64) SCRIPT_DATA + 0x100);
}

static void
test_queue_limit (void)
{
  Script *s = script_new (queues_too_many);
  SentryLimit limit = { 20, 20 };

  sentry_limits_swap (&s->kernel->pid_ns->init->limits, RLIMIT_SIGPENDING, &limit, TRUE, NULL);
  script_start (s);
  script_expect (s, "-11 after 20");
  g_assert_cmpint (script_finish (s), ==, 0);
}

/* --- threads --- */

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static void
main_blocks_all (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      script_sigaction (ctx, as, event, SIGUSR1, SCRIPT_HANDLER (0), 0, 0);
      break;
    case 1:
      CALL (SYS_clone, (guint64) THREAD_FLAGS, (guint64) SCRIPT_STACK_TOP - 0x20000);
      break;
    case 2:
      if (ctx->regs.rax == 0)
        {
          ctx->regs.rbx = 10;
          CALL (SYS_pause);
          break;
        }
      script_store64 (as, MASK, ~(guint64) 0);
      CALL (SYS_rt_sigprocmask, (guint64) SIG_BLOCK, (guint64) MASK, (guint64) 0, (guint64) 8);
      break;
    case 3:
      CALL (SYS_pause);
      break;
    case 10:
      CALL (SYS_gettid);
      break;
    case 11:
      script_say (s, "thread %d", (int) ctx->regs.rax);
      CALL (SYS_exit_group);
      break;
    }
}

static void
test_group_signal_finds_a_thread (void)
{
  Script *s = script_new (main_blocks_all);
  siginfo_t info;

  s->handler[0] = says_handler;
  script_start (s);
  script_wait_blocked (s, 2);
  script_wait_blocked (s, 1);
  sentry_siginfo_init (&info, SIGUSR1, SI_USER);
  sentry_kernel_external_signal (s->kernel, &info, "the test");
  script_expect (s, "handler 10;thread 2");
  g_assert_cmpint (script_finish (s), ==, 0);
}

/* --- stop and continue --- */

static void
stops_child (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      CALL (SYS_fork);
      break;
    case 1:
      if (ctx->regs.rax == 0)
        {
          /* Two threads: both have to stop. */
          ctx->regs.rbx = 20;
          CALL (SYS_clone, (guint64) THREAD_FLAGS, (guint64) SCRIPT_STACK_TOP - 0x20000);
          break;
        }
      ctx->regs.r12 = ctx->regs.rax;
      CALL (SYS_kill, ctx->regs.r12, (guint64) SIGSTOP);
      break;
    case 2:
      CALL (SYS_wait4, ctx->regs.r12, (guint64) STATUS, (guint64) WUNTRACED);
      break;
    case 3:
      script_say (s, "%x ", script_load32 (as, STATUS));
      CALL (SYS_wait4, ctx->regs.r12, (guint64) STATUS, (guint64) (WUNTRACED | WNOHANG));
      break;
    case 4:
      script_say (s, "%d ", (int) ctx->regs.rax);
      CALL (SYS_kill, ctx->regs.r12, (guint64) SIGCONT);
      break;
    case 5:
      CALL (SYS_wait4, ctx->regs.r12, (guint64) STATUS, (guint64) WCONTINUED);
      break;
    case 6:
      script_say (s, "%x ", script_load32 (as, STATUS));
      CALL (SYS_kill, ctx->regs.r12, (guint64) SIGSTOP);
      break;
    case 7:
      CALL (SYS_wait4, ctx->regs.r12, (guint64) STATUS, (guint64) WUNTRACED);
      break;
    case 8:
      /* A stopped process is killed at once. */
      CALL (SYS_kill, ctx->regs.r12, (guint64) SIGKILL);
      break;
    case 9:
      CALL (SYS_wait4, ctx->regs.r12, (guint64) STATUS);
      break;
    case 10:
      script_say (s, "%x", script_load32 (as, STATUS));
      CALL (SYS_exit_group);
      break;
    default:
      sentry_mock_spin (ctx, event);
    }
}

static void
test_stop_and_continue (void)
{
  Script *s = script_new (stops_child);

  script_start (s);
  script_expect (s, "137f 0 ffff 9");
  g_assert_cmpint (script_finish (s), ==, 0);
}

/* The shell of a job dies while the job is stopped: SIGHUP and SIGCONT free it. */
static void
orphans_stopped_job (Script *s, SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  switch (STEP (ctx))
    {
    case 0:
      CALL (SYS_prctl, (guint64) 36 /* PR_SET_CHILD_SUBREAPER */, (guint64) 1);
      break;
    case 1:
      CALL (SYS_fork);
      break;
    case 2:
      if (ctx->regs.rax == 0)
        {
          ctx->regs.rbx = 19;
          CALL (SYS_setsid);
          break;
        }
      /* The shell, then the job that it left to us. */
      CALL (SYS_wait4, (guint64) -1, (guint64) STATUS);
      break;
    case 3:
      script_say (s, "shell %x ", script_load32 (as, STATUS));
      CALL (SYS_wait4, (guint64) -1, (guint64) STATUS);
      break;
    case 4:
      script_say (s, "job %x", script_load32 (as, STATUS));
      CALL (SYS_exit_group);
      break;
    case 19:
      CALL (SYS_fork);
      break;
    case 20:
      if (ctx->regs.rax == 0)
        {
          ctx->regs.rbx = 40;
          CALL (SYS_pause);
          break;
        }
      ctx->regs.r12 = ctx->regs.rax;
      CALL (SYS_setpgid, ctx->regs.r12, ctx->regs.r12);
      break;
    case 21:
      CALL (SYS_kill, ctx->regs.r12, (guint64) SIGSTOP);
      break;
    case 22:
      CALL (SYS_wait4, ctx->regs.r12, (guint64) STATUS, (guint64) WUNTRACED);
      break;
    case 23:
      CALL (SYS_exit_group);
      break;
    }
}

static void
test_orphaned_job_hangs_up (void)
{
  Script *s = script_new (orphans_stopped_job);

  script_start (s);
  script_expect (s, "shell 0 job 1");
  g_assert_cmpint (script_finish (s), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/sentry/kernel/signal/" path, func)
  ADD ("restart-with-sa-restart", test_restart_with_flag);
  ADD ("eintr-without-sa-restart", test_no_restart_without_flag);
  ADD ("pause-is-eintr-always", test_pause_never_restarts);
  ADD ("handler-mask-holds-back", test_handler_mask);
  ADD ("sigsuspend-restores-mask", test_sigsuspend_restores_mask);
  ADD ("blocked-fault-kills", test_blocked_fault_kills);
  ADD ("fault-frame-tells-all", test_fault_frame);
  ADD ("hostile-frames-harm-nobody", test_hostile_frames);
  ADD ("bad-frame-kills", test_bad_frame_kills);
  ADD ("no-room-for-frame-kills", test_no_room_for_frame_kills);
  ADD ("realtime-in-order", test_realtime_order);
  ADD ("queue-is-limited", test_queue_limit);
  ADD ("group-signal-finds-a-thread", test_group_signal_finds_a_thread);
  ADD ("stop-and-continue", test_stop_and_continue);
  ADD ("orphaned-job-hangs-up", test_orphaned_job_hangs_up);
  return g_test_run ();
}
