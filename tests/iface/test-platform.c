/* The Platform conformance suite: set-up, helpers, main. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "platform-suite.h"

#include <string.h>
#include <unistd.h>

#include "ptrace-platform.h"

SentryPlatform *suite_platform;

SentryContext *
suite_new_context (void)
{
  int err = 0;
  SentryContext *ctx = sentry_platform_new_context (suite_platform, &err);

  g_assert_nonnull (ctx);
  ctx->regs.eflags = 0x202;
  ctx->regs.cs = SENTRY_USER_CS;
  ctx->regs.ss = SENTRY_USER_SS;
  ctx->regs_dirty = TRUE;
  return ctx;
}

SentryAddressSpace *
suite_new_address_space (void)
{
  int err = 0;
  SentryAddressSpace *as = sentry_platform_new_address_space (suite_platform, &err);

  if (as == NULL)
    g_error ("no address space: %s", g_strerror (err));
  return as;
}

void
guest_start (Guest *g, const guint8 *code, gsize size)
{
  g->as = suite_new_address_space ();
  g->ctx = suite_new_context ();
  g_assert_cmpint (as_map (g, CODE_AT, PAGE, RW), ==, 0);
  g_assert_cmpint (as_map (g, DATA_AT, PAGE, RW), ==, 0);
  g_assert_cmpint (as_map (g, STACK_AT, PAGE, RW), ==, 0);
  g_assert_cmpuint (g->as->ops->copy_out (g->as, CODE_AT, code, size), ==, size);
  g_assert_cmpint (g->as->ops->protect (g->as, g->ctx, CODE_AT, PAGE, PROT_READ | PROT_EXEC), ==,
                   0);
  g->ctx->regs.rsp = STACK_AT + PAGE;
  guest_goto (g, CODE_AT);
}

void
guest_end (Guest *g)
{
  g->ctx->ops->free (g->ctx);
  sentry_address_space_unref (g->as);
}

void
guest_goto (Guest *g, guint64 rip)
{
  g->ctx->regs.rip = rip;
  g->ctx->regs_dirty = TRUE;
}

static const char *
event_name (SentryEventKind kind)
{
  static const char *const names[] = { "SYSCALL", "FAULT", "EXCEPTION", "INTERRUPTED", "GONE" };

  return names[kind];
}

void
guest_run (Guest *g, SentryEventKind kind, SentryEvent *ret_event)
{
  g->ctx->ops->run (g->ctx, g->as, ret_event);
  if (ret_event->kind != kind)
    g_error ("event %s instead of %s: signal %d code %d address 0x%lx rip 0x%lx",
             event_name (ret_event->kind), event_name (kind), ret_event->info.si_signo,
             ret_event->info.si_code, (gulong) ret_event->addr, (gulong) g->ctx->regs.rip);
}

void
guest_run_to_call (Guest *g)
{
  SentryEvent event;

  guest_run (g, SENTRY_EVENT_SYSCALL, &event);
  g_assert_cmpint (event.abi, ==, SENTRY_ABI_AMD64);
}

int
as_map (Guest *g, guint64 addr, guint64 len, int prot)
{
  return g->as->ops->map (g->as, g->ctx, addr, len, prot, SENTRY_MAP_PRIVATE, -1, 0);
}

guint64
as_load (SentryAddressSpace *as, guint64 addr)
{
  guint64 value;

  g_assert_cmpuint (as->ops->copy_in (as, &value, addr, sizeof value), ==, sizeof value);
  return value;
}

void
as_store (SentryAddressSpace *as, guint64 addr, guint64 value)
{
  g_assert_cmpuint (as->ops->copy_out (as, addr, &value, sizeof value), ==, sizeof value);
}

gboolean
as_readable (SentryAddressSpace *as, guint64 addr)
{
  guint8 byte;

  return as->ops->copy_in (as, &byte, addr, 1) == 1;
}

int
suite_file (guint pages)
{
  int fd = memfd_create ("suite", MFD_CLOEXEC);
  guint8 bytes[PAGE];

  g_assert_cmpint (fd, >=, 0);
  for (guint i = 0; i < pages; i++)
    {
      memset (bytes, (int) i + 1, sizeof bytes);
      g_assert_cmpint (pwrite (fd, bytes, sizeof bytes, i * (off_t) PAGE), ==, sizeof bytes);
    }
  return fd;
}

int
main (int argc, char **argv)
{
  SentryPlatformConfig config = { .max_tasks = 4096 };
  g_autoptr (GError) error = NULL;
  gboolean nobody = FALSE;
  int status;

  for (int i = 1; i < argc; i++)
    nobody |= g_str_equal (argv[i], "--nobody");
  if (nobody && geteuid () == 0)
    g_assert_true (setgid (65534) == 0 && setuid (65534) == 0);
  g_test_init (&argc, &argv, NULL);
  suite_platform = g_object_new (SENTRY_TYPE_PTRACE_PLATFORM, NULL);
  if (!sentry_platform_probe (suite_platform, &error)
      || !sentry_platform_start (suite_platform, &config, &error))
    g_error ("%s", error->message);
  suite_add_runs ();
  status = g_test_run ();
  sentry_platform_stop (suite_platform);
  g_object_unref (suite_platform);
  return status;
}
