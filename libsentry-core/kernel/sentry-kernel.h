/* The Kernel object: an emulated Linux kernel in an ordinary process.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <signal.h>
#include "auth/sentry-cred.h"
#include "auth/sentry-limits.h"
#include "iface/sentry-mount-namespace.h"
#include "iface/sentry-network-stack.h"
#include "iface/sentry-platform.h"
#include "iface/sentry-timekeeper.h"

G_BEGIN_DECLS

#define SENTRY_TYPE_KERNEL (sentry_kernel_get_type ())
G_DECLARE_FINAL_TYPE (SentryKernel, sentry_kernel, SENTRY, KERNEL, GObject)

#define SENTRY_KERNEL_ERROR (sentry_kernel_error_quark ())
GQuark sentry_kernel_error_quark (void);
typedef enum
{
  SENTRY_KERNEL_ERROR_INVALID,   /* a missing or impossible argument; the text names it */
  SENTRY_KERNEL_ERROR_STATE,     /* not now: started twice, no init process … */
  SENTRY_KERNEL_ERROR_NOT_FOUND, /* file or working directory; ret_errno has the errno */
  SENTRY_KERNEL_ERROR_FAILED,
} SentryKernelError;

typedef struct SentryFeatureSet SentryFeatureSet;
typedef struct SentryUtsNamespace SentryUtsNamespace;
typedef struct SentryIpcNamespace SentryIpcNamespace;
typedef struct SentryFdTable SentryFdTable;
typedef struct SentryTimerWheel SentryTimerWheel;

/* The CPU features that guests see; host: those of this machine. */
SentryFeatureSet *sentry_feature_set_new_host (void);
void sentry_feature_set_free (SentryFeatureSet *features);

typedef struct
{
  SentryFeatureSet *features;   /* required */
  SentryTimekeeper *timekeeper; /* required */
  SentryUserNamespace *user_ns; /* required: root user namespace */
  SentryNetworkStack *network;  /* may be NULL */
  guint n_cpus;                 /* application cores, required > 0 */
  gboolean use_host_cores;
  const guint64 *extra_auxv;         /* pairs, ends with AT_NULL; may be NULL */
  const char *hostname, *domainname; /* root UTS namespace; NULL: "sentry", "(none)" */
  guint max_tasks;                   /* 0: 32768 */
  guint64
      max_memory; /* bytes that guests may make the sentry and their processes hold; 0: no bound */
  guint stack_check_ms; /* debug mode: pause, throw blocked stacks away and re-enter, every so many
                           ms; 0 off */
} SentryKernelConfig;

/* Everything that create_process needs; all borrowed (the fd table: it takes its own reference). */
typedef struct
{
  const char *file_name; /* NULL or "": argv[0], which must then be absolute */
  const char *const *argv;
  const char *const *envv;
  const char *cwd; /* absolute; an unknown one is an error that names it */
  SentryCred *cred;
  SentryFdTable *fds;
  guint32 umask;
  SentryLimits *limits;
  const char *root; /* NULL: the namespace's root */
} SentryProcessConfig;

SentryKernel *sentry_kernel_new (void);
/* Before setup. */
void sentry_kernel_set_platform (SentryKernel *k, SentryPlatform *platform);
/* kernel-spec's "init" (GObject has taken that name): borrows what config holds and takes its own
 * references; a feature set is taken over on success.  Nothing is half-built after an error. */
gboolean sentry_kernel_setup (SentryKernel *k, const SentryKernelConfig *config, GError **error);
/* The root mount namespace; after setup, before the first process.  Takes a reference. */
void sentry_kernel_set_mount_namespace (SentryKernel *k, SentryMountNamespace *ns);
/* A process without a parent in a new thread group of the root PID namespace.  The first one before
 * start is PID 1; one made after start runs at once.  FALSE: *ret_errno (may be NULL) is a positive
 * errno when the program could not be executed. */
gboolean sentry_kernel_create_process (SentryKernel *k, const SentryProcessConfig *config,
                                       gint32 *ret_pid, int *ret_errno, GError **error);
gboolean sentry_kernel_start (SentryKernel *k, GError **error);
/* Blocks until every task has gone; the wait status of PID 1 (as wait(2) encodes it). */
int sentry_kernel_wait_exited (SentryKernel *k);
/* Every task exits as by exit_group with this wait status; does not wait. */
void sentry_kernel_kill (SentryKernel *k, int wait_status);
/* Stops every task and returns once none runs; nests.  unpause without pause aborts with a message.
 */
void sentry_kernel_pause (SentryKernel *k);
void sentry_kernel_unpause (SentryKernel *k);
/* To the init process; `origin` goes to the log. */
void sentry_kernel_external_signal (SentryKernel *k, const siginfo_t *info, const char *origin);
/* The first error that ended the sandbox stays. */
void sentry_kernel_set_exit_error (SentryKernel *k, const GError *error);
const GError *sentry_kernel_exit_error (SentryKernel *k);
guint64 sentry_kernel_unique_id (SentryKernel *k);
guint32 sentry_kernel_inotify_cookie (SentryKernel *k);
/* Drops the mount namespace; no task may be running. */
void sentry_kernel_destroy (SentryKernel *k);
/* Every task's state, call, wait queue and locks, as text (SIGQUIT). */
char *sentry_kernel_dump (SentryKernel *k);

SentryPlatform *sentry_kernel_platform (SentryKernel *k);
SentryTimekeeper *sentry_kernel_timekeeper (SentryKernel *k);
SentryMountNamespace *sentry_kernel_mount_namespace (SentryKernel *k);
guint sentry_kernel_n_cpus (SentryKernel *k);
SentryTimerWheel *sentry_kernel_timers (SentryKernel *k);
const SentryFeatureSet *sentry_kernel_features (SentryKernel *k);
SentryUtsNamespace *sentry_kernel_uts_namespace (SentryKernel *k);

/* One charge call for all that a guest makes us hold (pages of tmpfs, pipe buffers, queued signals,
 * dentries …): FALSE when max_memory would be passed (the guest gets ENOMEM, ENOSPC or ENFILE). */
gboolean sentry_kernel_charge (SentryKernel *k, guint64 bytes);
void sentry_kernel_uncharge (SentryKernel *k, guint64 bytes);

G_END_DECLS
