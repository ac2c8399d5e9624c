/* All that a person decides about one sandbox, parsed. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <sys/resource.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* --bind SRC:DST[:ro] */
typedef struct
{
  char *source; /* host path, absolute */
  char *target; /* absolute path in the sandbox */
  gboolean read_only;
} SentrySandboxBind;

/* --limit NAME=SOFT[:HARD]; every resource has a value, the caller's own unless it was set. */
typedef struct
{
  guint64 soft, hard; /* RLIM_INFINITY: none */
} SentrySandboxLimit;

/* Filled by bin/ from the command line and the configuration files; read-only once the sandbox
 * process exists. Strings are bytes as given, not necessarily UTF-8. */
typedef struct
{
  /* What runs. */
  char **argv; /* CMD and its arguments; never empty */
  char **env;  /* NAME=VALUE, the guest's whole environment */
  char *cwd;   /* absolute path in the sandbox */
  uid_t uid;   /* the guest's */
  gid_t gid;
  gid_t *groups; /* supplementary */
  guint n_groups;
  guint32 umask;
  char *hostname;        /* at most 64 bytes */
  gboolean hostname_set; /* by --hostname: /etc/hostname shows it too */

  /* What it sees. */
  char *root;       /* host directory under the sandbox's /; "/" by default */
  char *keep;       /* host directory of the upper layer; NULL: writes vanish at the end */
  GPtrArray *binds; /* of SentrySandboxBind */
  char **tmpfs;     /* paths in the sandbox; NULL-terminated */
  char **hide;      /* paths in the sandbox; NULL-terminated */

  /* What it may use. */
  SentrySandboxLimit limits[RLIM_NLIMITS];
  guint64 max_memory; /* bytes of guest memory, tmpfs contents included */
  guint64 max_upper;  /* bytes of the writable layer that vanishes */
  guint max_tasks;

  /* How it runs. */
  char *platform;         /* "auto" or the name of one */
  char **plugin_dirs;     /* looked at before the program's own folder; NULL-terminated */
  guint pause_every_ms;   /* debug: pause the kernel this often, throwing blocked stacks away; 0:
                             never */
  char **pretend_missing; /* debug: host features to treat as absent; NULL-terminated */

  /* What it tells. */
  gboolean strace;
  char *strace_filter; /* NULL: every call; "missing"; or names separated by ',' */
  char *debug_log;     /* file for the log, opened by the caller; NULL: none */
  gboolean print_host_syscalls;
} SentrySandboxConfig;

/* Defaults as the manual page says, from the calling process. */
SentrySandboxConfig *sentry_sandbox_config_new (void);
void sentry_sandbox_config_free (SentrySandboxConfig *config);

SentrySandboxBind *sentry_sandbox_bind_new (const char *source, const char *target,
                                            gboolean read_only);
void sentry_sandbox_bind_free (SentrySandboxBind *bind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SentrySandboxConfig, sentry_sandbox_config_free)

G_END_DECLS
