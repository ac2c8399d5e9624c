/* Namespaces, empty root, capabilities and Landlock: what is gone afterwards.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/host-capabilities.h"
#include "sandbox/host-features.h"
#include "sandbox/host-namespaces.h"
#include "sandbox/landlock.h"
#include "in-child.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#define CHECK(condition)                                                                           \
  do                                                                                               \
    if (!(condition))                                                                              \
      {                                                                                            \
        fprintf (stderr, "# line %d: %s: %s\n", __LINE__, #condition, strerror (errno));           \
        return 1;                                                                                  \
      }                                                                                            \
  while (0)

static gboolean
need_privilege (void)
{
  if (sentry_host_is_privileged ())
    return TRUE;
  g_test_skip ("needs CAP_SYS_ADMIN");
  return FALSE;
}

static void
assert_passes (int (*body) (gconstpointer), gconstpointer data)
{
  int status = in_child (body, data);

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

static guint
count_entries (const char *path)
{
  DIR *dir = opendir (path);
  guint n = 0;

  while (dir != NULL && readdir (dir) != NULL)
    n++;
  if (dir != NULL)
    closedir (dir);
  return n;
}

/* PID 1 of a PID namespace, in an empty root: the lower layer is there by descriptor only,
 * read-only, without /proc. */
static int
in_empty_root (gconstpointer data)
{
  g_autoptr (SentrySandboxConfig) config = sentry_sandbox_config_new ();
  SentryDonated d;
  struct stat st;

  CHECK (sentry_host_enter_namespaces (NULL));
  CHECK (sentry_donated_open (&d, config, TRUE, NULL));
  CHECK (sentry_host_empty_root (NULL));
  CHECK (open ("/etc/passwd", O_RDONLY) < 0 && errno == ENOENT);
  CHECK (count_entries ("/") == 3); /* . .. proc */
  CHECK (open ("/file", O_WRONLY | O_CREAT, 0600) < 0 && errno == EROFS);
  CHECK (access ("/proc/1/status", F_OK) == 0);
  CHECK (access ("/proc/sys", F_OK) != 0);
  CHECK (fstatat (d.root, "etc/passwd", &st, 0) == 0);
  CHECK (openat (d.root, "tmp/sentry-test-written", O_WRONLY | O_CREAT, 0600) < 0
         && errno == EROFS);
  CHECK (fstatat (d.root, "proc/1", &st, 0) != 0 && fstatat (d.root, "dev/null", &st, 0) != 0);
  return 0;
}

static int
as_pid_1 (gconstpointer body)
{
  int status;

  CHECK (unshare (CLONE_NEWPID) == 0);
  status = in_child ((int (*) (gconstpointer)) body, NULL);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 100;
}

static void
test_empty_root (void)
{
  if (need_privilege ())
    assert_passes (as_pid_1, (gconstpointer) in_empty_root);
}

static int
bind_flags (gconstpointer data)
{
  g_autoptr (SentrySandboxConfig) config = sentry_sandbox_config_new ();
  g_autofree char *folder = g_dir_make_tmp ("sentry-bind-XXXXXX", NULL);
  SentryDonated d;

  g_ptr_array_add (config->binds, sentry_sandbox_bind_new (folder, "/mnt", FALSE));
  g_ptr_array_add (config->binds, sentry_sandbox_bind_new (folder, "/ro", TRUE));
  CHECK (sentry_host_enter_namespaces (NULL));
  CHECK (sentry_donated_open (&d, config, TRUE, NULL));
  CHECK (mknodat (d.binds[0], "null", S_IFCHR | 0666, (1 << 8) | 3) == 0);
  CHECK (openat (d.binds[0], "null", O_RDONLY) < 0 && errno == EACCES); /* nodev */
  CHECK (unlinkat (d.binds[0], "null", 0) == 0);
  CHECK (openat (d.binds[1], "file", O_WRONLY | O_CREAT, 0600) < 0 && errno == EROFS);
  CHECK (g_rmdir (folder) == 0);
  return 0;
}

static void
test_bind_flags (void)
{
  if (need_privilege ())
    assert_passes (bind_flags, NULL);
}

static int
missing_names (gconstpointer data)
{
  g_autoptr (SentrySandboxConfig) config = sentry_sandbox_config_new ();
  g_autoptr (GError) error = NULL;
  SentryDonated d;

  g_free (config->root);
  config->root = g_strdup ("/nonexistent");
  CHECK (!sentry_donated_open (&d, config, FALSE, &error));
  CHECK (g_str_equal (error->message, "--root: /nonexistent: No such file or directory"));
  g_clear_error (&error);
  config->keep = g_strdup ("/etc/passwd");
  CHECK (!sentry_donated_open (&d, config, FALSE, &error));
  CHECK (g_str_equal (error->message, "--keep: /etc/passwd: Not a directory"));
  return 0;
}

static void
test_missing_names (void)
{
  assert_passes (missing_names, NULL);
}

static int
few_capabilities (gconstpointer data)
{
  CHECK (sentry_host_drop_capabilities (NULL));
  CHECK (!sentry_host_has_capability (CAP_SYS_ADMIN) && !sentry_host_has_capability (CAP_SYS_PTRACE)
         && !sentry_host_has_capability (CAP_NET_RAW) && !sentry_host_has_capability (CAP_KILL));
  CHECK (unshare (CLONE_NEWUTS) < 0 && errno == EPERM);
  return 0;
}

static int
capabilities_kept (gconstpointer data)
{
  CHECK (sentry_host_drop_capabilities (NULL));
  CHECK (sentry_host_has_capability (CAP_DAC_OVERRIDE) && sentry_host_has_capability (CAP_FOWNER)
         && sentry_host_has_capability (CAP_CHOWN));
  return 0;
}

static void
test_capabilities (void)
{
  assert_passes (few_capabilities, NULL);
  if (geteuid () == 0)
    assert_passes (capabilities_kept, NULL);
}

/* Under Landlock: reads below the root only, writes below a bind only, nobody outside can be traced
 * or signalled. */
static int
landlocked (gconstpointer folder)
{
  g_autoptr (SentrySandboxConfig) config = sentry_sandbox_config_new ();
  const char *const read_too[] = { "/proc", NULL };
  g_autofree char *inside = g_build_filename (folder, "root", "file", NULL);
  g_autofree char *bound = g_build_filename (folder, "bind", "file", NULL);
  int alive[2];
  int abi = pipe (alive);
  pid_t outsider = fork ();

  if (outsider == 0)
    {
      close (alive[1]);
      _exit ((int) read (alive[0], &abi, 1)); /* returns when the parent has gone */
    }
  g_free (config->root);
  config->root = g_build_filename (folder, "root", NULL);
  g_autofree char *bind = g_build_filename (folder, "bind", NULL);
  g_ptr_array_add (config->binds, sentry_sandbox_bind_new (bind, "/mnt", FALSE));
  CHECK (sentry_landlock_restrict (config, read_too, &abi, NULL));
  CHECK (abi > 0);
  CHECK (open (inside, O_RDONLY) >= 0);
  CHECK (open (inside, O_WRONLY) < 0 && errno == EACCES);
  CHECK (open (bound, O_RDWR | O_CREAT, 0600) >= 0);
  CHECK (open ("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
  CHECK (ptrace (PTRACE_SEIZE, outsider, NULL, NULL) < 0 && errno == EPERM);
  if (abi >= 6)
    CHECK (kill (getppid (), 0) < 0 && errno == EPERM);
  return 0;
}

static void
test_landlock (void)
{
  g_autofree char *folder = g_dir_make_tmp ("sentry-landlock-XXXXXX", NULL);
  g_autofree char *root = g_build_filename (folder, "root", NULL);
  g_autofree char *bind = g_build_filename (folder, "bind", NULL);
  g_autofree char *inside = g_build_filename (root, "file", NULL);
  g_autofree char *bound = g_build_filename (bind, "file", NULL);

  if (sentry_host_landlock_abi () == 0)
    {
      g_test_skip ("this kernel has no Landlock");
      return;
    }
  g_assert_cmpint (g_mkdir (root, 0755) | g_mkdir (bind, 0755), ==, 0);
  g_assert_true (g_file_set_contents (inside, "x", 1, NULL));
  assert_passes (landlocked, folder);
  g_unlink (bound);
  g_unlink (inside);
  g_rmdir (bind);
  g_rmdir (root);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/sandbox/confine/empty-root", test_empty_root);
  g_test_add_func ("/sentry/sandbox/confine/bind-flags", test_bind_flags);
  g_test_add_func ("/sentry/sandbox/confine/missing-names", test_missing_names);
  g_test_add_func ("/sentry/sandbox/confine/capabilities", test_capabilities);
  g_test_add_func ("/sentry/sandbox/confine/landlock", test_landlock);
  return g_test_run ();
}
