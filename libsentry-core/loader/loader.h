/* execve's work on a file: scripts, ELF images, the first stack.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "arch/x86-64/sentry-regs.h"
#include "auth/sentry-cred.h"
#include "auth/sentry-limits.h"
#include "iface/sentry-mount-namespace.h"
#include "iface/sentry-timekeeper.h"
#include "mm/mm.h"

G_BEGIN_DECLS

typedef struct
{
  /* in; all borrowed */
  SentryPlatform *platform;
  SentryMountNamespace *mount_ns;
  const SentryWalk *walk; /* for names of interpreters; its cred is the caller's */
  SentryFile *file;       /* opened with SENTRY_FMODE_EXEC by sentry_exec_open */
  const char *file_name;  /* as execve was given it (AT_EXECFN, scripts' argument); /dev/fd/N… for
                             execveat */
  char **argv, **envv; /* bounded by the caller's copy-in: each <= 128 KiB, all <= RLIMIT_STACK/4 */
  SentryLimits *limits;
  SentryCred *cred;          /* the credentials that the new image will have (AT_UID, AT_SECURE) */
  gboolean secure;           /* AT_SECURE */
  gboolean no_randomize;     /* personality ADDR_NO_RANDOMIZE */
  const guint64 *extra_auxv; /* type, value pairs, ends with AT_NULL; may be NULL */
} SentryExecArgs;

typedef struct
{
  SentryMM *mm;    /* a reference */
  SentryRegs regs; /* initial registers */
  char *comm;      /* g_free: base name for PR_GET_NAME */
  SentryFile *exe; /* a reference: the ELF file itself (for a script: its interpreter) */
} SentryExecResult;

/* Opens for execution: regular file, execute permission, not on noexec, ETXTBSY rules.  0 or
 * negative errno. */
int sentry_exec_open (SentryMountNamespace *ns, const SentryWalk *walk, const char *name,
                      gboolean no_follow, SentryFile **ret_file);
/* Builds a new mm with the program in it.  The caller's own mm is untouched until this has
 * succeeded, so that every failure is an ordinary errno: ENOEXEC, E2BIG, ENOMEM, ELIBBAD, EACCES,
 * ELOOP (scripts nested > 5), EINVAL. */
int sentry_exec_load (const SentryExecArgs *args, SentryExecResult *ret_result);

/* The vDSO: its two host objects, made once, by kernel init before lock-down.  Without them (unit
 * tests) programs get none. */
gboolean sentry_vdso_init (GError **error);
/* What the timekeeper writes and every guest can read. */
SentryVdsoParams *sentry_vdso_params (void);
/* The image, an ELF shared object; exec_load maps it above its parameter page. */
gconstpointer sentry_vdso_image (gsize *ret_size);
/* May getcpu answer with the number of the host CPU, without a kernel entry?  Only while that is
 * what the system call would say: application cores are host cores and no task has asked for
 * another affinity. */
void sentry_vdso_set_host_cpus (gboolean on);

G_END_DECLS
