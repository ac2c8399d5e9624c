/* Test plugin: a platform that, once the process is locked down, tries what it must not be able to
 * do.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-platform.h"
#include "iface/sentry-plugin.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct
{
  GObject parent_instance;
} LockdownPlatform;
typedef GObjectClass LockdownPlatformClass;

/* Each returns 0 when it got what it wanted, else errno; the filter kills the process before most
 * return. */

static int
try_socket (void)
{
  return socket (AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int
try_execve (void)
{
  return execl ("/bin/true", "true", NULL) == 0 ? 0 : errno;
}

static int
try_fork (void)
{
  return fork () >= 0 ? 0 : errno;
}

static int
try_open (void)
{
  return open ("/etc/passwd", O_RDONLY) >= 0 ? 0 : errno;
}

/* The one open that is allowed, with a name instead of a descriptor: the empty root or Landlock is
 * what stops it. */
static int
try_openat2_write (void)
{
  struct
  {
    guint64 flags, mode, resolve;
  } how = { O_WRONLY, 0, 0 };

  return syscall (SYS_openat2, AT_FDCWD, getenv ("SENTRY_TEST_FILE"), &how, sizeof how) >= 0
             ? 0
             : errno;
}

static int
try_dlopen (void)
{
  return dlopen ("libpanel.so.6", RTLD_NOW) != NULL || dlopen ("libanl.so.1", RTLD_NOW) != NULL
             ? 0
             : EACCES;
}

static int
try_exec_memory (void)
{
  return mmap (NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                 != MAP_FAILED
             ? 0
             : errno;
}

static pid_t
outsider (void)
{
  return atoi (getenv ("SENTRY_TEST_PID"));
}

static int
try_attach (void)
{
  return ptrace (PTRACE_ATTACH, outsider (), NULL, NULL) == 0 ? 0 : errno;
}

static int
try_seize (void)
{
  return ptrace (PTRACE_SEIZE, outsider (), NULL, NULL) == 0 ? 0 : errno;
}

static int
try_kill (void)
{
  return kill (outsider (), SIGKILL) == 0 ? 0 : errno;
}

static int
try_clone (void)
{
  return (int) syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) >= 0 ? 0 : errno;
}

static const struct
{
  const char *name;
  int (*attempt) (void);
} attempts[] = {
  { "socket", try_socket },
  { "execve", try_execve },
  { "fork", try_fork },
  { "clone", try_clone },
  { "open", try_open },
  { "openat2-write", try_openat2_write },
  { "dlopen", try_dlopen },
  { "exec-memory", try_exec_memory },
  { "ptrace-attach", try_attach },
  { "ptrace-seize", try_seize },
  { "kill", try_kill },
};

/* Called for the first process, which is made after the lock-down. */
static SentryContext *
new_context (SentryPlatform *self, int *ret_errno)
{
  const char *wanted = getenv ("SENTRY_TEST_ATTEMPT");

  for (gsize i = 0; i < G_N_ELEMENTS (attempts); i++)
    if (g_str_equal (attempts[i].name, wanted))
      {
        int rc = attempts[i].attempt ();

        g_message ("attempt %s: %s", wanted, rc == 0 ? "succeeded" : g_strerror (rc));
      }
  *ret_errno = ENOMEM;
  return NULL;
}

static SentryAddressSpace *
new_address_space (SentryPlatform *self, int *ret_errno)
{
  *ret_errno = ENOMEM;
  return NULL;
}

static gboolean
start (SentryPlatform *self, const SentryPlatformConfig *config, GError **error)
{
  return TRUE;
}

/* What a platform that traces guest processes declares: the filter can't tell guests from others.
 */
static const SentryHostCall *
host_calls (SentryPlatform *self)
{
  static const SentryHostCall calls[] = {
    { SYS_ptrace, "tracing", { { 0, 0xffffffff, PTRACE_SEIZE } }, 1 },
    { SYS_kill, "killing", { { 1, 0xffffffff, SIGKILL } }, 1 },
    SENTRY_HOST_CALLS_END,
  };

  return calls;
}

static void
address_range (SentryPlatform *self, guint64 *ret_min, guint64 *ret_max)
{
  *ret_min = 0x10000;
  *ret_max = G_GUINT64_CONSTANT (0x7fff00000000);
}

static void
iface_init (SentryPlatformInterface *iface)
{
  iface->start = start;
  iface->new_address_space = new_address_space;
  iface->new_context = new_context;
  iface->host_calls = host_calls;
  iface->address_range = address_range;
}

static GType lockdown_platform_get_type (void);
G_DEFINE_TYPE_WITH_CODE (LockdownPlatform, lockdown_platform, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (SENTRY_TYPE_PLATFORM, iface_init))

static void
lockdown_platform_class_init (LockdownPlatformClass *klass)
{
}

static void
lockdown_platform_init (LockdownPlatform *self)
{
}

SENTRY_PLUGIN_DEFINE (lockdown, NULL, { "platform", "lockdown", lockdown_platform_get_type });
