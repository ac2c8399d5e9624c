/* Kernels whose guests are C functions. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scripted.h"

#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "syscalls/dispatch.h"

/* --- a mount namespace without mounts: these guests name no files --- */

typedef struct
{
  GObject parent;
} NoMounts;
typedef GObjectClass NoMountsClass;

static void no_mounts_iface (SentryMountNamespaceInterface *iface);
static GType no_mounts_get_type (void);
G_DEFINE_TYPE_WITH_CODE (NoMounts, no_mounts, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (SENTRY_TYPE_MOUNT_NAMESPACE, no_mounts_iface))

static void
no_mounts_iface (SentryMountNamespaceInterface *iface)
{
}

static void
no_mounts_init (NoMounts *self)
{
}

static void
no_mounts_class_init (NoMountsClass *klass)
{
}

/* --- the script's machine --- */

static void
run_script (SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event, gpointer data)
{
  Script *s = data;
  SentryRegs *r = &ctx->regs;

  if (r->rip == SCRIPT_CALL)
    {
      r->rip += 2;
      sentry_mock_syscall (ctx, event, (int) r->rax, r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9);
      return;
    }
  if (r->rip == SCRIPT_RESTORER)
    {
      r->rip = SCRIPT_CALL + 2;
      sentry_mock_syscall (ctx, event, SYS_rt_sigreturn, 0, 0, 0, 0, 0, 0);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (s->handler); i++)
    if (r->rip == (guint64) SCRIPT_HANDLER (i))
      {
        /* Entered: from now on rbp counts its steps, and r15 says which handler runs. */
        r->rbp = 0;
        r->r15 = i + 1;
        r->rip = SCRIPT_CODE;
      }
  (r->r15 != 0 ? s->handler[r->r15 - 1] : s->main) (s, ctx, as, event);
}

static const SentrySyscallOps syscall_ops = { .dispatch = sentry_syscall_dispatch };

static void
add_init (Script *s)
{
  SentryPath nowhere = { 0 };
  SentryFsState *fs = sentry_fs_state_new (&nowhere, &nowhere, 022);
  SentryFdTable *fds = sentry_fd_table_new ();
  SentryUserNamespace *user_ns = sentry_user_namespace_new_root ();
  SentryCred *cred = sentry_cred_new_root (user_ns);
  SentryLimits limits;
  SentryTask *task;
  int err = 0;

  sentry_limits_init (&limits);
  task = sentry_kernel_new_process (s->kernel, cred, fds, fs, s->mount_ns, &limits);
  task->context = sentry_platform_new_context (SENTRY_PLATFORM (s->platform), &err);
  task->mm = sentry_mm_new (SENTRY_PLATFORM (s->platform), &limits, FALSE, &err);
  SentryMmapArgs map = { .addr = SCRIPT_DATA,
                         .len = 0x10000,
                         .prot = PROT_READ | PROT_WRITE,
                         .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };
  g_assert_cmphex (sentry_mm_mmap (task->mm, NULL, &limits, &map), ==, SCRIPT_DATA);
  map.addr = SCRIPT_STACK_TOP - 0x40000;
  map.len = 0x40000;
  g_assert_cmphex (sentry_mm_mmap (task->mm, NULL, &limits, &map), ==, map.addr);
  SentryRegs regs = { .rip = SCRIPT_CODE, .rsp = SCRIPT_STACK_TOP };
  sentry_regs_sanitize (&regs);
  sentry_task_reset_registers (task, &regs);
  g_assert_cmpint (sentry_kernel_add_process (s->kernel, task, NULL), ==, 0);
  sentry_cred_unref (cred);
  sentry_user_namespace_unref (user_ns);
  sentry_fd_table_unref (fds);
  sentry_fs_state_unref (fs);
}

Script *
script_new (ScriptFunc main)
{
  Script *s = g_new0 (Script, 1);
  g_autoptr (SentryTimekeeper) tk = sentry_host_timekeeper_new ();
  SentryUserNamespace *user_ns = sentry_user_namespace_new_root ();
  SentryKernelConfig config = {
    .features = sentry_feature_set_new_host (), .timekeeper = tk, .user_ns = user_ns, .n_cpus = 2
  };
  const char *ms = g_getenv ("SENTRY_TEST_STACK_CHECK_MS");
  GError *error = NULL;

  if (ms != NULL)
    config.stack_check_ms = (guint) atoi (ms);
  s->main = main;
  s->log = g_string_new (NULL);
  s->platform = sentry_mock_platform_new ();
  sentry_mock_platform_set_guest (s->platform, run_script, s);
  s->mount_ns = g_object_new (no_mounts_get_type (), NULL);
  s->kernel = sentry_kernel_new ();
  sentry_kernel_set_platform (s->kernel, SENTRY_PLATFORM (s->platform));
  sentry_kernel_set_syscalls (s->kernel, &syscall_ops);
  sentry_kernel_setup (s->kernel, &config, &error);
  g_assert_no_error (error);
  sentry_user_namespace_unref (user_ns);
  add_init (s);
  return s;
}

void
script_start (Script *s)
{
  GError *error = NULL;

  sentry_kernel_start (s->kernel, &error);
  g_assert_no_error (error);
}

int
script_finish (Script *s)
{
  int status = sentry_kernel_wait_exited (s->kernel);

  sentry_kernel_destroy (s->kernel);
  g_assert_cmpuint (g_hash_table_size (s->kernel->pid_ns->pids), ==, 0);
  g_assert_cmpuint (s->kernel->n_tasks, ==, 0);
  g_object_unref (s->kernel);
  g_assert_cmpuint (sentry_mock_platform_n_contexts (s->platform), ==, 0);
  g_assert_cmpuint (sentry_mock_platform_n_address_spaces (s->platform), ==, 0);
  g_object_unref (s->platform);
  g_object_unref (s->mount_ns);
  g_string_free (s->log, TRUE);
  g_free (s);
  return status;
}

int
script_run (ScriptFunc main)
{
  Script *s = script_new (main);

  script_start (s);
  return script_finish (s);
}

void
script_say (Script *s, const char *format, ...)
{
  va_list ap;

  g_mutex_lock (&s->lock);
  va_start (ap, format);
  g_string_append_vprintf (s->log, format, ap);
  va_end (ap);
  g_mutex_unlock (&s->lock);
}

void
script_expect (Script *s, const char *log)
{
  sentry_kernel_wait_exited (s->kernel);
  g_assert_cmpstr (s->log->str, ==, log);
}

void
script_call (SentryContext *ctx, SentryEvent *event, int nr, ...)
{
  guint64 a[6];
  va_list ap;

  va_start (ap, nr);
  for (guint i = 0; i < G_N_ELEMENTS (a); i++)
    a[i] = va_arg (ap, guint64);
  va_end (ap);
  ctx->regs.rip = SCRIPT_CALL + 2;
  sentry_mock_syscall (ctx, event, nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

void
script_return (SentryContext *ctx, SentryEvent *event)
{
  ctx->regs.r15 = 0;
  ctx->regs.rsp += 8; /* the restorer's address is taken off */
  ctx->regs.rip = SCRIPT_CALL + 2;
  sentry_mock_syscall (ctx, event, SYS_rt_sigreturn, 0, 0, 0, 0, 0, 0);
}

guint64
script_load64 (SentryAddressSpace *as, guint64 addr)
{
  guint64 value = 0;

  g_assert_cmpuint (as->ops->copy_in (as, &value, addr, sizeof value), ==, sizeof value);
  return value;
}

guint32
script_load32 (SentryAddressSpace *as, guint64 addr)
{
  guint32 value = 0;

  g_assert_cmpuint (as->ops->copy_in (as, &value, addr, sizeof value), ==, sizeof value);
  return value;
}

void
script_store (SentryAddressSpace *as, guint64 addr, gconstpointer data, gsize len)
{
  g_assert_cmpuint (as->ops->copy_out (as, addr, data, len), ==, len);
}

void
script_store64 (SentryAddressSpace *as, guint64 addr, guint64 value)
{
  script_store (as, addr, &value, sizeof value);
}

void
script_sigaction (SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event, int sig,
                  guint64 handler, guint64 flags, guint64 mask)
{
  SentrySigaction a = { .handler = handler,
                        .flags = flags | SENTRY_SA_RESTORER,
                        .restorer = SCRIPT_RESTORER,
                        .mask = mask };

  script_store (as, SCRIPT_DATA + 0xf000, &a, sizeof a);
  CALL (SYS_rt_sigaction, (guint64) sig, (guint64) (SCRIPT_DATA + 0xf000), (guint64) 0,
        (guint64) 8);
}

void
script_wait_blocked (Script *s, gint32 tid)
{
  for (;;)
    {
      SentryTask *task = sentry_kernel_find_task (s->kernel, tid);
      gboolean blocked
          = task != NULL
            && __atomic_load_n (&task->run_state, __ATOMIC_SEQ_CST) == SENTRY_RUN_BLOCKED;
      sentry_task_unref (task);
      if (blocked)
        return;
      g_thread_yield ();
    }
}
