/* Signals: actions, masks, queues, sending. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <signal.h>
#include "kernel/task.h"

G_BEGIN_DECLS

#define SENTRY_NSIG 64
#define SENTRY_SIGRTMIN 32

/* As rt_sigaction(2) passes it on x86-64. */
typedef struct
{
  guint64 handler; /* address, or SIG_DFL 0, SIG_IGN 1 */
  guint64 flags;
  guint64 restorer;
  SentrySigset mask;
} SentrySigaction;

#define SENTRY_SIG_DFL 0
#define SENTRY_SIG_IGN 1
#define SENTRY_SA_UNSUPPORTED 0x00000400u
#define SENTRY_SA_EXPOSE_TAGBITS 0x00000800u
#define SENTRY_SA_RESTORER 0x04000000u
#define SENTRY_SS_AUTODISARM (1u << 31)

/* As sigaltstack(2) passes it: no padding that could leak. */
typedef struct
{
  guint64 sp;
  gint32 flags;
  gint32 pad;
  guint64 size;
} SentryAltStack;

/* What of a task's signals /proc shows. */
typedef struct
{
  SentrySigset pending, shared_pending, blocked, ignored, caught;
  guint n_queued;
  guint64 max_queued;
} SentrySignalInfo;

/* All: the calling task, own thread.  0 or negative errno. */
int sentry_task_sigaction (SentryTask *task, int sig, const SentrySigaction *set,
                           SentrySigaction *ret_old);
SentrySigset sentry_task_blocked (SentryTask *task);
/* KILL and STOP are taken out. */
void sentry_task_set_blocked (SentryTask *task, SentrySigset mask);
SentrySigset sentry_task_sigpending (SentryTask *task);
/* `set` may be NULL; `sp` is the caller's stack pointer; `min_size` MINSIGSTKSZ or what the xstate
 * needs. */
int sentry_task_sigaltstack (SentryTask *task, const SentryAltStack *set, SentryAltStack *ret_old,
                             gsize min_size);
/* sigtimedwait: the signal's number and *ret_info, -EAGAIN, or what sentry_task_sleep gives.
 * Deadline 0: only look. */
gint64 sentry_task_sigwait (SentryTask *task, SentrySigset which, gint64 deadline,
                            siginfo_t *ret_info);
gint64 sentry_task_sigreturn (SentryTask *task);
/* pause, sigsuspend: sleep until a signal; -SENTRY_ERESTARTNOHAND. */
gint64 sentry_task_sigsuspend (SentryTask *task);

/* kill(2) and kin: permission checks of `task`, then the signal; `sig` 0 only checks.  `pid` as
 * kill's. */
int sentry_task_kill (SentryTask *task, gint32 pid, int sig, const siginfo_t *info);
/* tgid <= 0: any group (tkill). */
int sentry_task_tgkill (SentryTask *task, gint32 tgid, gint32 tid, int sig, const siginfo_t *info);
int sentry_task_sigqueue (SentryTask *task, gint32 tgid, int sig, const siginfo_t *info);
/* si_pid, si_uid of the calling task, code SI_USER or SI_TKILL. */
void sentry_task_fill_siginfo (SentryTask *task, int sig, int code, siginfo_t *ret_info);
/* -EPERM unless `sender` may send `sig` to `target`. */
int sentry_task_may_signal (SentryTask *sender, SentryTask *target, int sig);

/* A fault of the calling task itself: can't be blocked or ignored. */
void sentry_task_force_signal (SentryTask *task, const siginfo_t *info);
/* SIGSEGV for a signal frame that could not be written or read. */
void sentry_task_force_segv (SentryTask *task, int sig);

/* Any thread. */
void sentry_task_signal_info (SentryTask *task, SentrySignalInfo *ret_info);

G_END_DECLS
