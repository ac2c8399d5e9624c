/* The Platform conformance suite: set-up, helpers, main. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "platform-suite.h"

#include <errno.h>
#include <string.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mock-platform.h"
#include "ptrace-platform.h"

SentryPlatform *suite_platform;
SuiteTraits suite_traits;

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

  if (g->ctx->regs.rax
      == (guint64) -ENOSYS) /* nobody gave the last call a result: as a number it'd be x32 */
    g->ctx->regs.rax = 0;
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

/* Value of "Key:" in a /proc status file, or -1. */
static glong
status_value (const char *pid, const char *key)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "status", NULL), *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (at = strstr (text, key)) == NULL)
    return -1;
  return strtol (at + strlen (key), NULL, 10);
}

static gboolean
is_zombie (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "status", NULL), *text = NULL;

  return !g_file_get_contents (path, &text, NULL, NULL) || strstr (text, "State:\tZ") != NULL;
}

typedef void (*ChildFunc) (const char *pid, gpointer data);

static void
foreach_child (ChildFunc func, gpointer data)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const char *pid;

  while ((pid = g_dir_read_name (dir)) != NULL)
    if (g_ascii_isdigit (pid[0]) && status_value (pid, "\nPPid:") == getpid ())
      func (pid, data);
}

typedef struct
{
  pid_t *pids, *tracers;
  guint n, max;
} Guests;

static void
note_traced (const char *pid, gpointer data)
{
  Guests *g = data;
  glong tracer = status_value (pid, "TracerPid:");

  if (tracer <= 0 || is_zombie (pid))
    return;
  g_assert_cmpuint (g->n, <, g->max);
  g->pids[g->n] = atoi (pid);
  g->tracers[g->n++] = (pid_t) tracer;
}

guint
suite_guests (pid_t *ret_pids, pid_t *ret_tracers, guint max)
{
  Guests g = { ret_pids, ret_tracers, 0, max };

  foreach_child (note_traced, &g);
  return g.n;
}

pid_t
suite_guest_pid (void)
{
  pid_t pids[16], tracers[16];

  /* Those of earlier tests may still be dying. */
  while (suite_guests (pids, tracers, 16) != 1)
    g_thread_yield ();
  return pids[0];
}

static void
count_child (const char *pid, gpointer data)
{
  if (!is_zombie (pid))
    ++*(guint *) data;
}

guint
suite_n_children (void)
{
  guint n = 0;

  foreach_child (count_child, &n);
  return n;
}

guint
suite_n_fds (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "fd", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
make_platform (const char *name)
{
  if (g_str_equal (name, "ptrace"))
    {
      suite_platform = g_object_new (SENTRY_TYPE_PTRACE_PLATFORM, NULL);
      suite_traits = SUITE_NATIVE | SUITE_HOST_PROCESSES;
    }
  else if (g_str_equal (name, "mock"))
    suite_platform = SENTRY_PLATFORM (sentry_mock_platform_new ());
  else
    g_error ("no platform '%s'", name);
}

/* As an ordinary user.  Linux then refuses to have us traced, or read by ourselves in /proc, until
 * we say otherwise. */
static void
become_nobody (void)
{
  if (geteuid () == 0)
    g_assert_true (setgroups (0, NULL) == 0 && setgid (65534) == 0 && setuid (65534) == 0
                   && prctl (PR_SET_DUMPABLE, 1) == 0);
}

int
main (int argc, char **argv)
{
  SentryPlatformConfig config = { .max_tasks = 4096 };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  if (argc > 2 && g_str_equal (argv[2], "nobody"))
    become_nobody ();
  make_platform (argc > 1 ? argv[1] : "ptrace");
  if (!sentry_platform_probe (suite_platform, &error)
      || !sentry_platform_start (suite_platform, &config, &error))
    g_error ("%s", error->message);
  suite_add_memory ();
  if (suite_traits & SUITE_NATIVE)
    {
      suite_add_runs ();
      suite_add_faults ();
      suite_add_tasks ();
    }
  status = g_test_run ();
  sentry_platform_stop (suite_platform);
  g_object_unref (suite_platform);
  return status;
}
