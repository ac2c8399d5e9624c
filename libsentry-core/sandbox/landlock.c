/* Landlock: what an unprivileged sandbox process may do with host files and processes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/landlock.h"
#include "sandbox/host-features.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct landlock_ruleset_attr as of ABI 6; older kernels take a shorter one. */
typedef struct
{
  guint64 fs, net, scoped;
} RulesetAttr;

#define FS_ABI1 ((G_GUINT64_CONSTANT (1) << 13) - 1)
#define FS_REFER (G_GUINT64_CONSTANT (1) << 13)    /* ABI 2 */
#define FS_TRUNCATE (G_GUINT64_CONSTANT (1) << 14) /* ABI 3 */
#define NET_ALL 3                                  /* ABI 4: TCP bind and connect */
#define SCOPE_ALL 3                                /* ABI 6: abstract sockets and signals */

#define FS_READ                                                                                    \
  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_FILE_ONLY                                                                               \
  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE       \
   | FS_TRUNCATE)

static RulesetAttr
attr_of_abi (int abi, gsize *ret_size)
{
  RulesetAttr a = { FS_ABI1, 0, 0 };

  *ret_size = sizeof (guint64) * (abi >= 6 ? 3 : abi >= 4 ? 2 : 1);
  if (abi >= 2)
    a.fs |= FS_REFER;
  if (abi >= 3)
    a.fs |= FS_TRUNCATE;
  if (abi >= 4)
    a.net = NET_ALL;
  if (abi >= 6)
    a.scoped = SCOPE_ALL;
  return a;
}

/* What can't be opened now can't be used later either, so it needs no rule. */
static int
allow_below (int ruleset, const char *path, guint64 access)
{
  struct landlock_path_beneath_attr rule = { .allowed_access = access };
  struct stat st;
  int rc = 0;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return 0;
  if (fstat (rule.parent_fd, &st) == 0 && !S_ISDIR (st.st_mode))
    rule.allowed_access &= FS_FILE_ONLY;
  if (syscall (SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    rc = -errno;
  close (rule.parent_fd);
  return rc;
}

static int
add_rules (int ruleset, guint64 all, const SentrySandboxConfig *config, const char *const *read_too)
{
  int rc = allow_below (ruleset, config->root, FS_READ);

  for (guint i = 0; rc == 0 && i < config->binds->len; i++)
    {
      const SentrySandboxBind *b = g_ptr_array_index (config->binds, i);

      rc = allow_below (ruleset, b->source, b->read_only ? FS_READ : all);
    }
  if (rc == 0 && config->keep != NULL)
    rc = allow_below (ruleset, config->keep, all);
  for (; rc == 0 && *read_too != NULL; read_too++)
    rc = allow_below (ruleset, *read_too, FS_READ);
  return rc;
}

gboolean
sentry_landlock_restrict (const SentrySandboxConfig *config, const char *const *read_too,
                          int *ret_abi, GError **error)
{
  int abi = sentry_host_landlock_abi ();
  gsize size;
  RulesetAttr attr = attr_of_abi (abi, &size);
  int ruleset, rc;

  *ret_abi = abi;
  if (abi == 0 || g_strv_contains ((const char *const *) config->pretend_missing, "landlock"))
    {
      *ret_abi = 0;
      return TRUE;
    }
  ruleset = (int) syscall (SYS_landlock_create_ruleset, &attr, size, 0);
  rc = ruleset < 0 ? -errno : add_rules (ruleset, attr.fs, config, read_too);
  if (rc == 0 && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    rc = -errno;
  if (rc == 0 && syscall (SYS_landlock_restrict_self, ruleset, 0) != 0)
    rc = -errno;
  if (ruleset >= 0)
    close (ruleset);
  if (rc == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (-rc), "lock-down: Landlock: %s",
               g_strerror (-rc));
  return FALSE;
}
