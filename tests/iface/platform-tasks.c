/* Several contexts: fork, threads, exec, death. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform-suite.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

GUEST_CODE (count);
GUEST_CODE (load);
GUEST_CODE (locked);
GUEST_CODE (store);
GUEST_CODE (syscalls);
GUEST_CODE (vectors);

/* A context that another thread runs once, or until it's interrupted. */
typedef struct
{
  SentryContext *ctx;
  SentryAddressSpace *as;
  SentryEvent event;
  SentryRegs regs;
  gboolean keep; /* a: somebody may still interrupt the context */
} Runner;

static gpointer
run_once (gpointer data)
{
  Runner *r = data;

  r->ctx->ops->run (r->ctx, r->as, &r->event);
  r->regs = r->ctx->regs;
  while (g_atomic_int_get (&r->keep))
    g_thread_yield ();
  r->ctx->ops->free (r->ctx);
  return NULL;
}

static void
join (GThread *t, Runner *r, SentryEventKind kind)
{
  g_thread_join (t);
  g_assert_cmpint (r->event.kind, ==, kind);
}

static void
forked_child_runs_alone (void)
{
  Guest g;
  Runner child = { 0 };
  GThread *t;

  guest_set_up (&g, store);
  g.ctx->regs.rdi = DATA_AT;
  g.ctx->regs.rsi = 1;
  guest_run_to_call (&g);
  child.ctx = suite_new_context ();
  child.ctx->regs = g.ctx->regs;
  child.ctx->regs.rsi = 2;
  child.ctx->regs.rax = 0;
  g_assert_cmpint (g.as->ops->fork (g.as, g.ctx, child.ctx, &child.as), ==, 0);
  t = g_thread_new ("child", run_once, &child);
  g.ctx->regs.rax = 4242;
  guest_run_to_call (&g);
  join (t, &child, SENTRY_EVENT_SYSCALL);
  g_assert_cmpint (child.regs.orig_rax, ==, 0);
  g_assert_cmpint (g.ctx->regs.orig_rax, ==, 4242);
  sentry_address_space_unref (child.as);
  g_assert_cmpuint (as_load (g.as, DATA_AT), ==, 1);
  guest_end (&g);
}

static void
threads_share_memory (void)
{
  Guest g;
  Runner child = { 0 };

  guest_set_up (&g, store);
  g.ctx->regs.rdi = DATA_AT;
  g.ctx->regs.rsi = 1;
  guest_run_to_call (&g);
  child.as = g.as;
  child.ctx = suite_new_context ();
  child.ctx->regs = g.ctx->regs;
  child.ctx->regs.rsi = 2;
  g_assert_cmpint (g.ctx->ops->clone_thread (g.ctx, g.as, child.ctx), ==, 0);
  join (g_thread_new ("child", run_once, &child), &child, SENTRY_EVENT_SYSCALL);
  g_assert_cmpuint (as_load (g.as, DATA_AT), ==, 2);
  g.ctx->regs.rsi = 3;
  guest_run_to_call (&g);
  g_assert_cmpuint (as_load (g.as, DATA_AT), ==, 3);
  guest_end (&g);
}

static void
fpu_state_is_inherited (void)
{
  Guest g;
  Runner child = { 0 }, thread = { 0 };

  guest_set_up (&g, vectors);
  g.ctx->regs.rdi = 21;
  g.ctx->regs.rsi = DATA_AT;
  guest_run_to_call (&g);
  child.ctx = suite_new_context ();
  child.ctx->regs = g.ctx->regs;
  thread.ctx = suite_new_context ();
  thread.ctx->regs = g.ctx->regs;
  thread.as = g.as;
  g_assert_cmpint (g.as->ops->fork (g.as, g.ctx, child.ctx, &child.as), ==, 0);
  g_assert_cmpint (g.ctx->ops->clone_thread (g.ctx, g.as, thread.ctx), ==, 0);
  join (g_thread_new ("child", run_once, &child), &child, SENTRY_EVENT_SYSCALL);
  join (g_thread_new ("thread", run_once, &thread), &thread, SENTRY_EVENT_SYSCALL);
  g_assert_cmpuint (child.regs.rdi, ==, 42);
  g_assert_cmpuint (thread.regs.rdi, ==, 42);
  sentry_address_space_unref (child.as);
  guest_end (&g);
}

/* exec: builds another address space with the own context, then runs there. */
static void
exec_moves_the_context (void)
{
  Guest g;
  SentryAddressSpace *old, *as;
  guint8 before[SENTRY_XSTATE_MAX], after[SENTRY_XSTATE_MAX];
  gsize size = sentry_xstate_size ();
  gint64 cpu_time;

  guest_set_up (&g, vectors);
  g.ctx->regs.rdi = 21;
  g.ctx->regs.rsi = DATA_AT;
  guest_run_to_call (&g);
  g.ctx->ops->get_xstate (g.ctx, before, size);
  cpu_time = g.ctx->ops->cpu_time (g.ctx);
  old = g.as;
  for (guint round = 0; round < 3; round++)
    {
      as = suite_new_address_space ();
      g.as = as;
      g_assert_cmpint (as_map (&g, CODE_AT, PAGE, RW), ==, 0);
      g_assert_cmpuint (as->ops->copy_out (as, CODE_AT, guest_syscalls, 4), ==, 4);
      g_assert_cmpint (as->ops->protect (as, g.ctx, CODE_AT, PAGE, PROT_READ | PROT_EXEC), ==, 0);
      sentry_address_space_unref (old);
      guest_goto (&g, CODE_AT);
      guest_run_to_call (&g);
      g_assert_false (as_readable (as, DATA_AT));
      old = as;
    }
  g.ctx->ops->get_xstate (g.ctx, after, size);
  g_assert_cmpmem (after + 160, 256, before + 160, 256);
  g_assert_cmpint (g.ctx->ops->cpu_time (g.ctx), >=, cpu_time);
  guest_end (&g);
}

static void
abandoned_exec_leaves_the_old_space (void)
{
  Guest g;
  SentryAddressSpace *old, *as;
  guint children;

  guest_set_up (&g, syscalls);
  guest_run_to_call (&g);
  children = suite_n_children ();
  as = suite_new_address_space ();
  old = g.as;
  g.as = as;
  g_assert_cmpint (as_map (&g, CODE_AT, PAGE, RW), ==, 0);
  sentry_address_space_unref (as);
  g.as = old;
  g.ctx->regs.rax = 55;
  guest_run_to_call (&g);
  g_assert_cmpint (g.ctx->regs.orig_rax, ==, 55);
  if (suite_traits & SUITE_HOST_PROCESSES)
    while (suite_n_children () > children)
      g_thread_yield ();
  guest_end (&g);
}

/* vfork: the child shares the parent's memory until it moves on. */
static gpointer
vfork_child (gpointer data)
{
  Runner *r = data;
  Guest g = { suite_new_address_space (), r->ctx };

  r->ctx->ops->run (r->ctx, r->as, &r->event);
  g_assert_cmpint (r->event.kind, ==, SENTRY_EVENT_SYSCALL);
  g_assert_cmpint (as_map (&g, CODE_AT, PAGE, RW), ==, 0);
  g_assert_cmpuint (g.as->ops->copy_out (g.as, CODE_AT, guest_syscalls, 4), ==, 4);
  g_assert_cmpint (g.as->ops->protect (g.as, g.ctx, CODE_AT, PAGE, PROT_READ | PROT_EXEC), ==, 0);
  guest_goto (&g, CODE_AT);
  guest_run_to_call (&g);
  guest_end (&g);
  return NULL;
}

static void
vfork_then_exec (void)
{
  Guest g;
  Runner child = { 0 };

  guest_set_up (&g, store);
  g.ctx->regs.rdi = DATA_AT;
  g.ctx->regs.rsi = 1;
  guest_run_to_call (&g);
  child.as = g.as;
  child.ctx = suite_new_context ();
  child.ctx->regs = g.ctx->regs;
  child.ctx->regs.rsi = 2;
  g_assert_cmpint (g.ctx->ops->clone_thread (g.ctx, g.as, child.ctx), ==, 0);
  g_thread_join (g_thread_new ("vfork", vfork_child, &child));
  g_assert_cmpuint (as_load (g.as, DATA_AT), ==, 2);
  guest_run_to_call (&g);
  guest_end (&g);
}

#define ADDERS 2
#define ADDS 20000

/* Guest code and the sentry count up one word by compare-and-exchange: no count may get lost. */
static void
exchanges_against_guest_code (SentryMapFlags flags, int fd)
{
  Guest g;
  Runner r[ADDERS] = { 0 };
  GThread *t[ADDERS];
  guint32 value, found;

  guest_set_up (&g, locked);
  g_assert_cmpint (g.as->ops->map (g.as, g.ctx, FREE_AT, PAGE, RW, flags, fd, 0), ==, 0);
  as_store (g.as, FREE_AT, 0);
  g.ctx->regs.rdi = FREE_AT;
  g.ctx->regs.rsi = 1;
  guest_run_to_call (&g);
  for (guint i = 0; i < ADDERS; i++)
    {
      r[i].as = g.as;
      r[i].ctx = suite_new_context ();
      r[i].ctx->regs = g.ctx->regs;
      r[i].ctx->regs.rip = CODE_AT;
      r[i].ctx->regs.rsi = ADDS;
      g_assert_cmpint (g.ctx->ops->clone_thread (g.ctx, g.as, r[i].ctx), ==, 0);
      t[i] = g_thread_new ("adder", run_once, &r[i]);
    }
  for (guint i = 0; i < 500; i++)
    {
      do
        {
          g_assert_cmpint (g.as->ops->load32 (g.as, FREE_AT, &value), ==, 0);
          g_assert_cmpint (
              g.as->ops->cmpxchg32 (g.as, g.ctx, FREE_AT, value, value + 1, TRUE, &found), ==, 0);
        }
      while (found != value);
    }
  for (guint i = 0; i < ADDERS; i++)
    join (t[i], &r[i], SENTRY_EVENT_SYSCALL);
  g_assert_cmpint (g.as->ops->load32 (g.as, FREE_AT, &value), ==, 0);
  g_assert_cmpuint (value, ==, 1 + ADDERS * ADDS + 500);
  guest_end (&g);
}

static void
exchanges_private (void)
{
  exchanges_against_guest_code (SENTRY_MAP_PRIVATE, -1);
}

static void
exchanges_shared (void)
{
  int fd = suite_file (1);

  exchanges_against_guest_code (SENTRY_MAP_SHARED, fd);
  close (fd);
}

/* A context of its own that counts in DATA_AT of its own address space. */
static GThread *
start_busy (Runner *r)
{
  Guest g = { suite_new_address_space (), NULL };

  g_assert_cmpint (as_map (&g, CODE_AT, PAGE, RW | PROT_EXEC), ==, 0);
  g_assert_cmpint (as_map (&g, DATA_AT, PAGE, RW), ==, 0);
  g.as->ops->copy_out (g.as, CODE_AT, guest_count, (gsize) (guest_count_end - guest_count));
  r->as = g.as;
  r->ctx = suite_new_context ();
  r->ctx->regs.rip = CODE_AT;
  r->ctx->regs.rdi = DATA_AT;
  r->keep = TRUE;
  return g_thread_new ("busy", run_once, r);
}

static void
end_busy (GThread *t, Runner *r)
{
  r->ctx->ops->interrupt (r->ctx);
  g_atomic_int_set (&r->keep, FALSE);
  join (t, r, SENTRY_EVENT_INTERRUPTED);
  sentry_address_space_unref (r->as);
}

static void
wait_for_progress (Runner *r, guint64 *seen)
{
  while (as_load (r->as, DATA_AT) == *seen)
    g_thread_yield ();
  *seen = as_load (r->as, DATA_AT);
}

/* Another thread's wishes, while guest code runs. */
static void
outsiders_reach_running_guests (void)
{
  Runner r = { 0 };
  GThread *t = start_busy (&r);
  guint64 seen = 0;
  guint32 found;

  wait_for_progress (&r, &seen);
  for (guint64 i = 0; i < 50; i++)
    {
      g_assert_cmpint (r.as->ops->map (r.as, NULL, FREE_AT, PAGE, RW, SENTRY_MAP_PRIVATE, -1, 0),
                       ==, 0);
      as_store (r.as, FREE_AT, i);
      g_assert_cmpint (r.as->ops->cmpxchg32 (r.as, NULL, FREE_AT, (guint32) i, 1000, FALSE, &found),
                       ==, 0);
      g_assert_cmpuint (found, ==, i);
      g_assert_cmpuint (as_load (r.as, FREE_AT), ==, 1000);
      g_assert_cmpint (r.as->ops->unmap (r.as, NULL, FREE_AT, PAGE), ==, 0);
    }
  wait_for_progress (&r, &seen);
  end_busy (t, &r);
}

/* The owner of a trapped context waits for a lock that the outsider holds: the operation is done
 * all the same. */
typedef struct
{
  GMutex lock;
  gint trapped; /* a */
  Runner runner;
} Blocked;

static gpointer
run_then_wait_for_lock (gpointer data)
{
  Blocked *b = data;
  Guest g = { b->runner.as, b->runner.ctx };

  guest_run_to_call (&g);
  g_atomic_int_set (&b->trapped, TRUE);
  g_mutex_lock (&b->lock);
  g_mutex_unlock (&b->lock);
  g.ctx->regs.rax = 99;
  guest_run_to_call (&g);
  g_assert_cmpint (g.ctx->regs.orig_rax, ==, 99);
  guest_end (&g);
  return NULL;
}

static void
outsiders_reach_trapped_guests (void)
{
  Guest g;
  Blocked b = { 0 };
  gsize size = sentry_xstate_size ();
  g_autofree guint8 *x = g_malloc0 (size);
  GThread *t;

#ifdef __SANITIZE_THREAD__
  g_test_skip ("ThreadSanitizer holds signals back while a thread waits in GLib");
  return;
#endif
  guest_set_up (&g, vectors);
  g.ctx->regs.rdi = 21;
  g.ctx->regs.rsi = DATA_AT;
  b.runner.as = sentry_address_space_ref (g.as);
  b.runner.ctx = g.ctx;
  g_mutex_init (&b.lock);
  g_mutex_lock (&b.lock);
  t = g_thread_new ("trapped", run_then_wait_for_lock, &b);
  while (!g_atomic_int_get (&b.trapped))
    g_thread_yield ();
  for (guint i = 0; i < 50; i++)
    {
      g_assert_cmpint (g.as->ops->map (g.as, NULL, FREE_AT, PAGE, RW, SENTRY_MAP_PRIVATE, -1, 0),
                       ==, 0);
      as_store (g.as, FREE_AT, i);
      g_assert_cmpint (g.as->ops->protect (g.as, NULL, FREE_AT, PAGE, PROT_READ), ==, 0);
    }
  g.ctx->ops->get_xstate (g.ctx, x, size);
  g_assert_cmpint (x[160], ==, 21); /* xmm0 */
  g_mutex_unlock (&b.lock);
  g_thread_join (t);
  sentry_address_space_unref (b.runner.as);
}

/* A context without a parent joins a space that others run in (restore, exec into a running
 * process). */
static void
late_context_gets_a_home (void)
{
  Runner r = { 0 }, late = { 0 };
  GThread *t = start_busy (&r);
  guint64 seen = 0;

  wait_for_progress (&r, &seen);
  g_assert_cmpint (
      r.as->ops->map (r.as, NULL, FREE_AT, PAGE, RW | PROT_EXEC, SENTRY_MAP_PRIVATE, -1, 0), ==, 0);
  r.as->ops->copy_out (r.as, FREE_AT, guest_syscalls, 4);
  late.as = r.as;
  late.ctx = suite_new_context ();
  late.ctx->regs.rip = FREE_AT;
  join (g_thread_new ("late", run_once, &late), &late, SENTRY_EVENT_SYSCALL);
  wait_for_progress (&r, &seen);
  end_busy (t, &r);
}

/* fork's child before its first run. */
static void
outsiders_reach_newborns (void)
{
  Guest g;
  Runner child = { 0 };

  guest_set_up (&g, load);
  g.ctx->regs.rdi = DATA_AT;
  guest_run_to_call (&g);
  child.ctx = suite_new_context ();
  child.ctx->regs = g.ctx->regs;
  child.ctx->regs.rdi = FREE_AT;
  g_assert_cmpint (g.as->ops->fork (g.as, g.ctx, child.ctx, &child.as), ==, 0);
  g_assert_cmpint (
      child.as->ops->map (child.as, NULL, FREE_AT, PAGE, RW, SENTRY_MAP_PRIVATE, -1, 0), ==, 0);
  as_store (child.as, FREE_AT, 123);
  g_assert_cmpint (child.as->ops->protect (child.as, g.ctx, FREE_AT, PAGE, PROT_READ), ==, 0);
  join (g_thread_new ("child", run_once, &child), &child, SENTRY_EVENT_SYSCALL);
  g_assert_cmpint (child.regs.orig_rax, ==, 123);
  sentry_address_space_unref (child.as);
  guest_end (&g);
}

static void
nonblocking_exchange_says_so (void)
{
  SentryAddressSpace *as = suite_new_address_space ();
  guint32 found;

  g_assert_cmpint (as->ops->map (as, NULL, FREE_AT, PAGE, RW, SENTRY_MAP_PRIVATE, -1, 0), ==, 0);
  g_assert_cmpint (as->ops->cmpxchg32 (as, NULL, FREE_AT, 0, 1, TRUE, &found), ==, -EAGAIN);
  g_assert_cmpint (as->ops->cmpxchg32 (as, NULL, FREE_AT, 0, 1, FALSE, &found), ==, 0);
  g_assert_cmpuint (as_load (as, FREE_AT), ==, 1);
  sentry_address_space_unref (as);
}

/* Two contexts that only compute both get on, again and again. */
static void
two_busy_contexts_both_progress (void)
{
  Runner r[2] = { 0 };
  GThread *t[2];
  guint64 seen[2] = { 0, 0 };

  for (guint i = 0; i < 2; i++)
    t[i] = start_busy (&r[i]);
  for (guint turn = 0; turn < 20; turn++)
    for (guint i = 0; i < 2; i++)
      wait_for_progress (&r[i], &seen[i]);
  for (guint i = 0; i < 2; i++)
    end_busy (t[i], &r[i]);
}

/* A thread and its guest stay together, yet two busy pairs end up on two CPUs, also if they start
 * on one. */
static void
busy_pairs_part (void)
{
  Runner r[2] = { 0 };
  GThread *t[2];
  cpu_set_t all, one, set[2] = { 0 }, tracer_set;
  pid_t pids[16], tracers[16];
  guint64 seen = 0;

  g_assert_cmpint (sched_getaffinity (0, sizeof all, &all), ==, 0);
  if (CPU_COUNT (&all) < 2)
    {
      g_test_skip ("one CPU");
      return;
    }
  CPU_ZERO (&one);
  CPU_SET (sched_getcpu (), &one);
  g_assert_cmpint (sched_setaffinity (0, sizeof one, &one), ==, 0);
  for (guint i = 0; i < 2; i++)
    {
      t[i] = start_busy (&r[i]);
      seen = 0;
      wait_for_progress (&r[i], &seen);
    }
  g_assert_cmpint (sched_setaffinity (0, sizeof all, &all), ==, 0);
  do
    {
      g_thread_yield ();
      if (suite_guests (pids, tracers, G_N_ELEMENTS (pids))
          != 2) /* some of earlier tests still die */
        continue;
      for (guint i = 0; i < 2; i++)
        g_assert_cmpint (sched_getaffinity (pids[i], sizeof set[i], &set[i]), ==, 0);
      g_assert_cmpint (CPU_COUNT (&set[0]), ==, 1);
    }
  while (CPU_EQUAL (&set[0], &set[1]));
  for (guint i = 0; i < 2; i++)
    {
      /* The balancer may be between the two halves of a move. */
      do
        {
          g_assert_cmpint (sched_getaffinity (tracers[i], sizeof tracer_set, &tracer_set), ==, 0);
          g_assert_cmpint (sched_getaffinity (pids[i], sizeof set[i], &set[i]), ==, 0);
        }
      while (!CPU_EQUAL (&tracer_set, &set[i]));
      end_busy (t[i], &r[i]);
    }
}

static void
killed_process_is_gone (void)
{
  Guest g;
  SentryEvent event;

  guest_set_up (&g, syscalls);
  guest_run_to_call (&g);
  kill (suite_guest_pid (), SIGKILL);
  guest_run (&g, SENTRY_EVENT_GONE, &event);
  guest_run (&g, SENTRY_EVENT_GONE, &event);
  g_assert_cmpint (as_map (&g, FREE_AT, PAGE, RW), <, 0);
  g.ctx->ops->interrupt (g.ctx);
  guest_end (&g);
  /* Nobody else was hurt. */
  guest_set_up (&g, syscalls);
  guest_run_to_call (&g);
  guest_end (&g);
}

static gpointer
kill_once_running (gpointer data)
{
  Guest *g = data;

  while (as_load (g->as, DATA_AT) == 0)
    g_thread_yield ();
  kill (suite_guest_pid (), SIGKILL);
  return NULL;
}

static void
process_killed_while_running_is_gone (void)
{
  Guest g;
  SentryEvent event;
  GThread *t;

  guest_set_up (&g, count);
  g.ctx->regs.rdi = DATA_AT;
  t = g_thread_new ("killer", kill_once_running, &g);
  guest_run (&g, SENTRY_EVENT_GONE, &event);
  g_thread_join (t);
  guest_end (&g);
}

static void
outsiders_signals_mean_nothing (void)
{
  static const int signals[]
      = { SIGTERM, SIGSTOP, SIGSEGV, SIGTRAP, SIGURG, SIGCHLD, SIGCONT, SIGINT, SIGSYS };
  Guest g;

  guest_set_up (&g, syscalls);
  guest_run_to_call (&g);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      kill (suite_guest_pid (), signals[i]);
      g.ctx->regs.rax = i;
      guest_run_to_call (&g);
      g_assert_cmpuint (g.ctx->regs.orig_rax, ==, i);
      kill (suite_guest_pid (), signals[i]);
      g_assert_cmpint (as_map (&g, FREE_AT, PAGE, RW), ==, 0);
    }
  guest_end (&g);
}

static void
guest_process_holds_nothing (void)
{
  Guest g;
  g_autofree char *pid = NULL, *path = NULL, *text = NULL;
  guint before;
  int fd;

  guest_set_up (&g, syscalls);
  guest_run_to_call (&g);
  pid = g_strdup_printf ("%d", (int) suite_guest_pid ());
  before = suite_n_fds (pid);
  fd = suite_file (1);
  g_assert_cmpint (
      g.as->ops->map (g.as, g.ctx, FREE_AT, PAGE, PROT_READ, SENTRY_MAP_PRIVATE, fd, 0), ==, 0);
  close (fd);
  g_assert_cmpuint (suite_n_fds (pid), ==, before);
  path = g_build_filename ("/proc", pid, "status", NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "CapPrm:\t0000000000000000"));
  g_assert_nonnull (strstr (text, "NoNewPrivs:\t1"));
  g_assert_nonnull (strstr (text, "Seccomp:\t2"));
  g_clear_pointer (&path, g_free);
  path = g_build_filename ("/proc", pid, "environ", NULL);
  g_clear_pointer (&text, g_free);
  g_assert_true (!g_file_get_contents (path, &text, NULL, NULL) || text[0] == '\0');
  guest_end (&g);
}

static void
generations_leak_nothing (void)
{
  Guest g;
  guint fds, children;

  guest_set_up (&g, syscalls);
  guest_run_to_call (&g);
  fds = suite_n_fds ("self");
  children = suite_n_children ();
  for (guint i = 0; i < 1000; i++)
    {
      SentryContext *child = suite_new_context ();
      SentryAddressSpace *as = NULL;
      SentryEvent event;

      child->regs = g.ctx->regs;
      child->regs.rax = i;
      g_assert_cmpint (g.as->ops->fork (g.as, g.ctx, child, &as), ==, 0);
      if (i % 4 != 0)
        {
          child->ops->run (child, as, &event);
          g_assert_cmpint (event.kind, ==, SENTRY_EVENT_SYSCALL);
          g_assert_cmpuint (child->regs.orig_rax, ==, i);
        }
      if (i % 2 != 0)
        {
          child->ops->free (child);
          sentry_address_space_unref (as);
        }
      else
        {
          sentry_address_space_unref (as);
          child->ops->free (child);
        }
    }
  while (suite_n_children () > children)
    g_thread_yield ();
  g_assert_cmpuint (suite_n_fds ("self"), ==, fds);
  guest_end (&g);
}

static void
bound_on_tasks_holds (void)
{
  g_autoptr (GPtrArray) contexts = g_ptr_array_new ();
  int err = 0;

  for (;;)
    {
      SentryContext *ctx = sentry_platform_new_context (suite_platform, &err);
      if (ctx == NULL)
        break;
      g_ptr_array_add (contexts, ctx);
      g_assert_cmpuint (contexts->len, <=, 4096);
    }
  g_assert_cmpint (err, ==, EAGAIN);
  for (guint i = 0; i < contexts->len; i++)
    {
      SentryContext *ctx = contexts->pdata[i];
      ctx->ops->free (ctx);
    }
  g_assert_cmpuint (contexts->len, ==, 4096);
}

void
suite_add_tasks (void)
{
#define ADD(path, func) g_test_add_func ("/sentry/platform/" path, func)
  ADD ("task/forked-child-runs-alone", forked_child_runs_alone);
  ADD ("task/threads-share-memory", threads_share_memory);
  ADD ("task/fpu-state-is-inherited", fpu_state_is_inherited);
  ADD ("task/exec-moves-the-context", exec_moves_the_context);
  ADD ("task/abandoned-exec", abandoned_exec_leaves_the_old_space);
  ADD ("task/vfork-then-exec", vfork_then_exec);
  ADD ("task/bound-holds", bound_on_tasks_holds);
  ADD ("outsider/reaches-running-guests", outsiders_reach_running_guests);
  ADD ("outsider/reaches-trapped-guests", outsiders_reach_trapped_guests);
  ADD ("outsider/reaches-newborns", outsiders_reach_newborns);
  ADD ("outsider/late-context-gets-a-home", late_context_gets_a_home);
  ADD ("cmpxchg/private-against-guest-code", exchanges_private);
  ADD ("cmpxchg/shared-against-guest-code", exchanges_shared);
  ADD ("cmpxchg/nonblocking-says-so", nonblocking_exchange_says_so);
  ADD ("placement/two-busy-contexts-both-progress", two_busy_contexts_both_progress);
  if (suite_traits & SUITE_HOST_PROCESSES)
    {
      ADD ("placement/busy-pairs-part", busy_pairs_part);
      ADD ("process/killed-is-gone", killed_process_is_gone);
      ADD ("process/killed-while-running-is-gone", process_killed_while_running_is_gone);
      ADD ("process/outsiders-signals-mean-nothing", outsiders_signals_mean_nothing);
      ADD ("process/holds-nothing", guest_process_holds_nothing);
      ADD ("process/generations-leak-nothing", generations_leak_nothing);
    }
}
