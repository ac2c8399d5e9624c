/* execve's work on a file: scripts, ELF images, the first stack. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "arch/x86-64/sentry-regs.h"
#include "auth/sentry-cred.h"
#include "auth/sentry-limits.h"
#include "iface/sentry-mount-namespace.h"
#include "mm/mm.h"

G_BEGIN_DECLS

typedef struct
{
  /* in; all borrowed */
  SentryPlatform *platform;
  SentryMountNamespace *mount_ns;
  const SentryWalk *walk;  /* for names of interpreters; its cred is the caller's */
  SentryFile *file;        /* opened with SENTRY_FMODE_EXEC by sentry_exec_open */
  const char *file_name;   /* as execve was given it (AT_EXECFN, scripts' argument); /dev/fd/N… for execveat */
  char **argv, **envv;     /* bounded by the caller's copy-in: each <= 128 KiB, all <= RLIMIT_STACK/4 */
  SentryLimits *limits;
  SentryCred *cred;        /* the credentials that the new image will have (AT_UID, AT_SECURE) */
  gboolean secure;         /* AT_SECURE */
  const guint64 *extra_auxv; /* type, value pairs, ends with AT_NULL; may be NULL */
} SentryExecArgs;

typedef struct
{
  SentryMM *mm;      /* a reference */
  SentryRegs regs;   /* initial registers */
  char *comm;        /* g_free: base name for PR_GET_NAME */
  SentryFile *exe;   /* a reference: the ELF file itself (for a script: its interpreter) */
} SentryExecResult;

/* Opens for execution: regular file, execute permission, not on noexec, ETXTBSY rules.  0 or negative errno. */
int sentry_exec_open (SentryMountNamespace *ns, const SentryWalk *walk, const char *name, gboolean no_follow,
                      SentryFile **ret_file);
/* Builds a new mm with the program in it.  The caller's own mm is untouched until this has succeeded, so that every failure
 * is an ordinary errno: ENOEXEC, E2BIG, ENOMEM, ELIBBAD, EACCES, ELOOP (scripts nested > 4), EINVAL. */
int sentry_exec_load (const SentryExecArgs *args, SentryExecResult *ret_result);

/* The vDSO image (an ELF shared object) and where the parameter page stands relative to it; mapped by exec_load. */
gconstpointer sentry_vdso_image (gsize *ret_size);
/* Host descriptor of the page with SentryVdsoParams, made once at kernel init, mapped read-only by guests. */
int sentry_vdso_params_fd (void);

G_END_DECLS
