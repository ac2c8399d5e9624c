/* Timers of a thread group: interval timers, POSIX timers, and what runs on CPU time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <signal.h>
#include "base/sentry-id-table.h"
#include "kernel/guest-clock.h"
#include "kernel/task.h"
#include "state/sentry-state.h"
#include "time/clock.h"

G_BEGIN_DECLS

/* ns; value 0: not armed.  Relative unless said otherwise. */
typedef struct
{
  gint64 value, interval;
} SentryTimerSetting;

/* What an expiry leads to, once no lock is held. */
typedef struct
{
  siginfo_t info;    /* si_signo 0: no signal */
  gint32 tid;        /* for this thread; 0: for the group */
  gboolean is_posix; /* queued at most once, by its timer's number */
  SentryTask *wake;  /* a reference: only wake this one */
} SentryTimerEvent;

typedef struct SentryGroupTimers SentryGroupTimers;
typedef struct SentryCpuTimer SentryCpuTimer;

/* Runs on a CPU clock.  Nothing tells us when such a clock reaches a value, so that armed ones are
 * looked at each tick, or as late as the clock can reach the nearest, or not at all while every
 * thread of the group sleeps.  Embedded in its user; all members GROUP_TIMER. */
struct SentryCpuTimer
{
  SentryList link;
  const SentryGuestClock *clock; /* the user's */
  gint64 deadline;               /* in the clock's ns */
  /* Due: appends SentryTimerEvents and sets the next deadline, or SENTRY_TIME_NEVER. */
  void (*expire) (SentryCpuTimer *timer, gint64 now, GArray *events);
};

typedef struct
{
  SentryCpuTimer cpu;
  SentryGuestClock clock; /* borrows the group */
  gint64 interval;
  int signo;
} SentryCpuItimer;

/* Life: made when a group first uses a timer, stopped when its last thread exits, freed with the
 * group. */
struct SentryGroupTimers
{
  SentryThreadGroup *group; /* I: no reference, the group owns us */
  SentryMutex lock;         /* GROUP_TIMER */

  SentryTimer real;     /* ITIMER_REAL: one shot each, armed again when its signal has been taken */
  gint64 real_deadline; /* m: monotonic, of the last setting or period */
  gint64 real_interval; /* m */
  SentryCpuItimer itimer[2]; /* m: ITIMER_VIRTUAL, ITIMER_PROF */

  SentryCpuTimer cpu_limit; /* RLIMIT_CPU */
  SentryGuestClock cpu_limit_clock;

  SentryIdTable posix;   /* m: SentryPosixTimer */
  guint next_posix;      /* m: numbers aren't used again soon */
  gboolean cpu_parked;   /* a: everybody sleeps, the next who wakes starts the looks again */
  SentryList cpu_timers; /* m: armed */
  SentryTimer cpu_poll;
};

SENTRY_STATE_DECLARE (SentryGroupTimers);

/* The group's timers, made if need be. */
SentryGroupTimers *sentry_group_timers (SentryThreadGroup *group);
/* The last thread exits: nothing expires any more. */
void sentry_group_timers_stop (SentryThreadGroup *group);
void sentry_group_timers_free (SentryThreadGroup *group);
/* execve: POSIX timers go, interval timers stay. */
void sentry_group_timers_exec (SentryThreadGroup *group);
/* A signal was taken from a queue; fills in a POSIX timer's overruns.  No lock held. */
void sentry_group_timers_dequeued (SentryThreadGroup *group, siginfo_t *info);
/* A thread of the group woke from a sleep. */
void sentry_group_timers_woken (SentryThreadGroup *group);
/* Sends what `events` hold; no lock held. */
void sentry_timer_events_send (SentryGroupTimers *timers, GArray *events);
/* RLIMIT_CPU of the group may have changed. */
void sentry_group_timers_cpu_limit (SentryThreadGroup *group);

/* ITIMER_REAL, VIRTUAL, PROF. */
void sentry_itimer_get (SentryTask *task, int which, SentryTimerSetting *ret);
void sentry_itimer_set (SentryTask *task, int which, const SentryTimerSetting *set,
                        SentryTimerSetting *ret_old);

/* cpu-timer.c; GROUP_TIMER held. */
void sentry_cpu_timer_arm_locked (SentryGroupTimers *timers, SentryCpuTimer *t, gint64 deadline);
void sentry_cpu_timer_disarm_locked (SentryCpuTimer *t);
void sentry_cpu_timers_unpark (SentryGroupTimers *timers); /* takes the lock */
void sentry_cpu_timer_poll (SentryTimer *timer, guint64 overruns, gpointer data);
/* clock_nanosleep: until the CPU clock shows `deadline`; as sentry_task_sleep. */
int sentry_task_sleep_cpu (SentryTask *task, const SentryGuestClock *clock, gint64 deadline);

/* posix-timer.c.  0 or negative errno as the system calls give them. */
typedef struct
{
  SentryGuestClock clock; /* taken over, also by a failure */
  gboolean silent;        /* SIGEV_NONE */
  int signo;
  gboolean default_value; /* the value is the timer's number */
  guint64 value;          /* sigev_value */
  gint32 tid;             /* SIGEV_THREAD_ID: in the root PID namespace; 0 the group */
} SentryPosixTimerConfig;

int sentry_posix_timer_create (SentryTask *task, SentryPosixTimerConfig *config);
int sentry_posix_timer_set (SentryTask *task, int id, gboolean absolute,
                            const SentryTimerSetting *set, SentryTimerSetting *ret_old);
int sentry_posix_timer_get (SentryTask *task, int id, SentryTimerSetting *ret);
int sentry_posix_timer_overrun (SentryTask *task, int id);
int sentry_posix_timer_delete (SentryTask *task, int id);
void sentry_posix_timers_delete_all (SentryGroupTimers *timers);
void sentry_posix_timer_dequeued (SentryGroupTimers *timers, siginfo_t *info);
/* Its signal was ignored: nobody will take it. */
void sentry_posix_timer_unheard (SentryGroupTimers *timers, int id);

G_END_DECLS
