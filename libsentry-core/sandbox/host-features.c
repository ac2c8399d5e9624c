/* What the host offers that sandboxes and platforms are built on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/host-features.h"
#include "sandbox/host-capabilities.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_mseal
#  define SYS_mseal 462
#endif

/* Runs `probe` in a child that leaves nothing behind; 0 or an errno. */
static int
in_child (int (*probe) (void))
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    _exit (probe ());
  if (pid < 0)
    return errno;
  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return errno;
  return WIFEXITED (status) ? WEXITSTATUS (status) : EPERM;
}

static gboolean
verdict (int error, char **ret_why)
{
  if (error != 0)
    *ret_why = g_strdup (g_strerror (error));
  return error == 0;
}

static gboolean
probe_kernel (char **ret_why)
{
  struct utsname u;
  int major = 0, minor = 0;

  uname (&u);
  *ret_why = g_strdup_printf ("Linux %s; 6.1 or newer is needed", u.release);
  return sscanf (u.release, "%d.%d", &major, &minor) == 2
         && (major > 6 || (major == 6 && minor >= 1));
}

gboolean
sentry_host_is_privileged (void)
{
  return sentry_host_has_capability (CAP_SYS_ADMIN);
}

static int
try_namespaces (void)
{
  return unshare (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) == 0 ? 0 : errno;
}

static gboolean
probe_privilege (char **ret_why)
{
  return verdict (in_child (try_namespaces), ret_why);
}

static int
try_user_namespace (void)
{
  return unshare (CLONE_NEWUSER | CLONE_NEWPID) == 0 ? 0 : errno;
}

static gboolean
probe_user_namespace (char **ret_why)
{
  return verdict (in_child (try_user_namespace), ret_why);
}

/* A child that asks to be traced, and whose first system call must stop at PTRACE_SYSEMU without
 * being made. */
static int
try_sysemu (void)
{
  pid_t pid = fork ();
  int status;
  int result = ENOSYS;

  if (pid == 0)
    {
      ptrace (PTRACE_TRACEME, 0, NULL, NULL);
      raise (SIGSTOP);
      _exit (0);
    }
  if (waitpid (pid, &status, 0) != pid || !WIFSTOPPED (status))
    return EPERM;
  if (ptrace (PTRACE_SYSEMU, pid, NULL, NULL) != 0)
    result = errno;
  else if (waitpid (pid, &status, 0) == pid && WIFSTOPPED (status) && WSTOPSIG (status) == SIGTRAP)
    result = 0;
  kill (pid, SIGKILL);
  return result;
}

static gboolean
probe_ptrace (char **ret_why)
{
  return verdict (in_child (try_sysemu), ret_why);
}

static gboolean
probe_seccomp (char **ret_why)
{
  guint32 action = SECCOMP_RET_TRAP;

  return verdict (syscall (SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ? 0 : errno,
                  ret_why);
}

static gboolean
probe_notify (char **ret_why)
{
  struct seccomp_notif_sizes sizes;

  return verdict (syscall (SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 ? 0 : errno,
                  ret_why);
}

int
sentry_host_landlock_abi (void)
{
  long abi
      = syscall (SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);

  return abi > 0 ? (int) abi : 0;
}

static gboolean
probe_landlock (char **ret_why)
{
  int abi = sentry_host_landlock_abi ();

  if (abi > 0)
    *ret_why = g_strdup_printf ("ABI %d", abi);
  else
    *ret_why = g_strdup ("this kernel was built or started without it");
  return abi > 0;
}

static gboolean
probe_mseal (char **ret_why)
{
  /* a length of zero seals nothing */
  return verdict (syscall (SYS_mseal, NULL, 0, 0) == 0 ? 0 : errno, ret_why);
}

static gboolean
probe_kvm (char **ret_why)
{
  int fd = open ("/dev/kvm", O_RDWR | O_CLOEXEC);
  int version;

  if (fd < 0)
    {
      *ret_why = g_strdup_printf ("/dev/kvm: %s", g_strerror (errno));
      return FALSE;
    }
  version = ioctl (fd, KVM_GET_API_VERSION, 0);
  close (fd);
  if (version != KVM_API_VERSION)
    *ret_why = g_strdup_printf ("/dev/kvm has API version %d", version);
  return version == KVM_API_VERSION;
}

const SentryHostFeature sentry_host_features[] = {
  { "kernel", NULL, probe_kernel },
  { "privilege", "namespaces of its own for the sandbox process", probe_privilege },
  { "user-namespace", "guest processes can be in a PID namespace without privilege",
    probe_user_namespace },
  { "ptrace", "PTRACE_SYSEMU, for platform ptrace", probe_ptrace },
  { "seccomp", "filters, for lock-down and platform seccomp", probe_seccomp },
  { "seccomp-notify", "user notifications, for platform seccomp", probe_notify },
  { "landlock", NULL, probe_landlock },
  { "mseal", "sealed hidden code in guest processes", probe_mseal },
  { "kvm", "/dev/kvm, for platform kvm", probe_kvm },
  { NULL, NULL, NULL },
};

const char *
sentry_host_lockdown_level (gboolean privileged, int landlock_abi)
{
  if (privileged)
    return "full: empty root, own PID, IPC and UTS namespaces, few capabilities, system call "
           "filter";
  if (landlock_abi > 0)
    return "user: Landlock, no new privileges, system call filter";
  return "basic: no new privileges, system call filter; this kernel has no Landlock, so that only "
         "the filter keeps a "
         "broken sandbox process from the caller's files and processes";
}
