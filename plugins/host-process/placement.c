/* Keeps each guest thread and its sentry thread on one CPU, and the CPUs evenly busy.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "placement.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NSEC G_GINT64_CONSTANT (1000000000)
#define LOOK_INTERVAL (4 * G_TIME_SPAN_MILLISECOND)
/* Looks without a busy pair before the balancer sleeps: short pauses shouldn't cost a wake-up each.
 */
#define LINGER 16
/* A pair that had less than 3/4 of the time it asked for, this many looks in a row, is moved, and
 * then has peace for a while. */
#define WAITED_LOOKS 2
#define PEACE (NSEC / 20)

struct SentryHostPlacement
{
  SentryMutex lock;            /* PLATFORM_LEAF; m below */
  SentryList pairs;            /* m */
  cpu_set_t allowed;           /* I */
  int cpus[CPU_SETSIZE];       /* I: the allowed ones */
  guint n_cpus;                /* I */
  gint busy_on[CPU_SETSIZE];   /* a: by CPU number */
  gint64 used_on[CPU_SETSIZE]; /* of the balancer: ns in the last interval */
  gint n_busy;                 /* a */
  /* The balancer's sleep. */
  GMutex sleep_lock;
  GCond sleep_cond;
  gboolean asleep;   /* a; changed under sleep_lock */
  gboolean stopping; /* sleep_lock */
  GThread *thread;   /* m */
};

SentryHostPlacement *
sentry_host_placement_new (void)
{
  SentryHostPlacement *p = g_new0 (SentryHostPlacement, 1);

  sentry_mutex_init (&p->lock, SENTRY_LOCK_PLATFORM_LEAF);
  g_mutex_init (&p->sleep_lock);
  g_cond_init (&p->sleep_cond);
  sentry_list_init (&p->pairs);
  if (sched_getaffinity (0, sizeof p->allowed, &p->allowed) != 0)
    CPU_ZERO (&p->allowed); /* more CPUs than we can count: leave it to the host */
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET (cpu, &p->allowed))
      p->cpus[p->n_cpus++] = cpu;
  return p;
}

static void
pin (pid_t thread, int cpu)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (cpu, &set);
  sched_setaffinity (thread, sizeof set, &set); /* a CPU that has gone offline: the host chooses */
}

void
sentry_host_placement_unpin (SentryHostPlacement *p)
{
  if (p->n_cpus > 0)
    sched_setaffinity (0, sizeof p->allowed, &p->allowed);
}

static gint64
cpu_clock (pid_t id, int kind)
{
  struct timespec ts;

  if (clock_gettime ((clockid_t) ((~(unsigned) id << 3) | (unsigned) kind), &ts) != 0)
    return 0;
  return ts.tv_sec * NSEC + ts.tv_nsec;
}

/* CPU time of both halves: a process's clock, and one thread's. */
static gint64
used_by (const SentryHostPair *pair)
{
  return cpu_clock (pair->guest, 2) + cpu_clock (pair->tracer, 6);
}

static gint64
now (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * NSEC + ts.tv_nsec;
}

/* Busy and place are one word, so that the counts follow each change exactly, whoever makes it. */
static guint32
place_of (int cpu)
{
  return (guint32) (cpu + 1) << 1;
}

static int
cpu_of (guint32 place)
{
  return (int) (place >> 1) - 1;
}

static int
pair_cpu (const SentryHostPair *pair)
{
  return cpu_of (__atomic_load_n (&pair->place, __ATOMIC_RELAXED));
}

/* Only its own thread joins and leaves. */
static gboolean
is_joined (const SentryHostPair *pair)
{
  return __atomic_load_n (&pair->place, __ATOMIC_RELAXED) != 0;
}

static void
move_locked (SentryHostPlacement *p, SentryHostPair *pair, int cpu)
{
  guint32 old = __atomic_load_n (&pair->place, __ATOMIC_RELAXED);

  while (!__atomic_compare_exchange_n (&pair->place, &old,
                                       place_of (cpu) | (old & SENTRY_HOST_BUSY), FALSE,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
  if (old & SENTRY_HOST_BUSY)
    {
      g_atomic_int_add (&p->busy_on[cpu_of (old)], -1);
      g_atomic_int_inc (&p->busy_on[cpu]);
    }
  pin (pair->guest, cpu);
  pin (pair->tracer, cpu);
}

/* One interval of one pair: notes what it used and whether it waited. */
static void
look_at_locked (SentryHostPlacement *p, SentryHostPair *pair, gint64 t)
{
  guint sleeps = __atomic_load_n (&pair->n_sleeps, __ATOMIC_RELAXED);
  gint64 used = used_by (pair), interval = t - pair->seen_time, delta = used - pair->seen_used;

  p->used_on[pair_cpu (pair)] += MAX (delta, 0);
  if (pair->seen_time != 0 && sleeps == pair->seen_sleeps && delta < interval - interval / 4)
    pair->waited++;
  else
    pair->waited = 0;
  pair->seen_sleeps = sleeps;
  pair->seen_time = t;
  pair->seen_used = used;
}

static int
least_used (SentryHostPlacement *p, int but)
{
  int best = -1;

  for (guint i = 0; i < p->n_cpus; i++)
    {
      int cpu = p->cpus[i];
      if (cpu != but && (best < 0 || p->used_on[cpu] < p->used_on[best]))
        best = cpu;
    }
  return best;
}

/* The pair that has waited longest moves, one a look, so that the next look sees what it changed.
 */
static void
balance_locked (SentryHostPlacement *p, gint64 t)
{
  SentryHostPair *worst = NULL;
  int cpu;

  SENTRY_LIST_FOREACH (link, safe, &p->pairs)
  {
    SentryHostPair *pair = SENTRY_CONTAINER (link, SentryHostPair, link);
    if (pair->waited >= WAITED_LOOKS && t - pair->moved_time > PEACE
        && (worst == NULL || pair->waited > worst->waited))
      worst = pair;
  }
  if (worst == NULL)
    return;
  cpu = least_used (p, pair_cpu (worst));
  if (cpu < 0)
    return;
  worst->moved_time = t;
  worst->waited = 0;
  move_locked (p, worst, cpu);
}

static void
look (SentryHostPlacement *p)
{
  gint64 t = now ();

  memset (p->used_on, 0, sizeof p->used_on);
  sentry_mutex_lock (&p->lock);
  SENTRY_LIST_FOREACH (link, safe, &p->pairs)
  {
    SentryHostPair *pair = SENTRY_CONTAINER (link, SentryHostPair, link);
    if (__atomic_load_n (&pair->place, __ATOMIC_RELAXED) & SENTRY_HOST_BUSY)
      look_at_locked (p, pair, t);
    else
      pair->seen_time = 0;
  }
  balance_locked (p, t);
  sentry_mutex_unlock (&p->lock);
}

static gpointer
balancer_main (gpointer data)
{
  SentryHostPlacement *p = data;
  guint lingered = 0;

  sentry_host_placement_unpin (p);
  g_mutex_lock (&p->sleep_lock);
  while (!p->stopping)
    {
      gint64 until = g_get_monotonic_time () + LOOK_INTERVAL;

      lingered = g_atomic_int_get (&p->n_busy) > 0 ? 0 : lingered + 1;
      if (lingered > LINGER)
        {
          g_atomic_int_set (&p->asleep, TRUE);
          /* Look again: whoever became busy before it saw `asleep` wakes nobody. */
          while (!p->stopping && g_atomic_int_get (&p->n_busy) == 0)
            g_cond_wait (&p->sleep_cond, &p->sleep_lock);
          g_atomic_int_set (&p->asleep, FALSE);
          lingered = 0;
          continue;
        }
      while (!p->stopping && g_cond_wait_until (&p->sleep_cond, &p->sleep_lock, until))
        ;
      g_mutex_unlock (&p->sleep_lock);
      if (lingered == 0)
        look (p);
      g_mutex_lock (&p->sleep_lock);
    }
  g_mutex_unlock (&p->sleep_lock);
  return NULL;
}

static void
wake_balancer (SentryHostPlacement *p)
{
  g_mutex_lock (&p->sleep_lock);
  g_cond_signal (&p->sleep_cond);
  g_mutex_unlock (&p->sleep_lock);
}

static void
set_idle (SentryHostPlacement *p, SentryHostPair *pair)
{
  guint32 old = __atomic_fetch_and (&pair->place, ~SENTRY_HOST_BUSY, __ATOMIC_RELAXED);

  if (!(old & SENTRY_HOST_BUSY))
    return;
  __atomic_fetch_add (&pair->n_sleeps, 1, __ATOMIC_RELAXED);
  g_atomic_int_add (&p->busy_on[cpu_of (old)], -1);
  g_atomic_int_add (&p->n_busy, -1);
}

static void
set_busy (SentryHostPlacement *p, SentryHostPair *pair)
{
  guint32 old = __atomic_fetch_or (&pair->place, SENTRY_HOST_BUSY, __ATOMIC_RELAXED);

  if (old & SENTRY_HOST_BUSY)
    return;
  g_atomic_int_inc (&p->busy_on[cpu_of (old)]);
  if (g_atomic_int_add (&p->n_busy, 1) == 0 && g_atomic_int_get (&p->asleep))
    wake_balancer (p);
}

void
sentry_host_placement_idle (SentryHostPlacement *p, SentryHostPair *pair, gboolean idle)
{
  if (!is_joined (pair))
    return;
  if (idle)
    set_idle (p, pair);
  else
    set_busy (p, pair);
}

/* Where a new pair starts: here, unless this CPU has others to serve and another has none. */
static int
first_cpu (SentryHostPlacement *p)
{
  int here = sched_getcpu ();

  if (here < 0 || here >= CPU_SETSIZE || !CPU_ISSET (here, &p->allowed))
    return p->cpus[0];
  if (g_atomic_int_get (&p->busy_on[here]) > 1)
    for (guint i = 0; i < p->n_cpus; i++)
      if (g_atomic_int_get (&p->busy_on[p->cpus[i]]) == 0)
        return p->cpus[i];
  return here;
}

void
sentry_host_placement_join (SentryHostPlacement *p, SentryHostPair *pair, pid_t guest)
{
  int cpu;

  if (p->n_cpus < 2)
    return;
  if (is_joined (pair))
    {
      sentry_mutex_lock (&p->lock);
      pair->guest = guest;
      pair->seen_time = 0;
      pin (guest, pair_cpu (pair));
      sentry_mutex_unlock (&p->lock);
      return;
    }
  sentry_mutex_lock (&p->lock);
  pair->tracer = (pid_t) syscall (SYS_gettid);
  pair->guest = guest;
  pair->seen_time = 0;
  cpu = first_cpu (p);
  __atomic_store_n (&pair->place, place_of (cpu), __ATOMIC_RELAXED);
  pin (guest, cpu);
  pin (pair->tracer, cpu);
  sentry_list_append (&p->pairs, &pair->link);
  if (p->thread == NULL)
    p->thread = g_thread_new ("balancer", balancer_main, p);
  sentry_mutex_unlock (&p->lock);
  set_busy (p, pair);
}

void
sentry_host_placement_leave (SentryHostPlacement *p, SentryHostPair *pair)
{
  if (!is_joined (pair))
    return;
  set_idle (p, pair);
  sentry_mutex_lock (&p->lock);
  sentry_list_remove (&pair->link);
  __atomic_store_n (&pair->place, 0, __ATOMIC_RELAXED);
  sentry_mutex_unlock (&p->lock);
}

void
sentry_host_placement_fetch (SentryHostPlacement *p, pid_t guest)
{
  int here = sched_getcpu ();

  if (p->n_cpus > 1 && here >= 0 && here < CPU_SETSIZE && CPU_ISSET (here, &p->allowed))
    pin (guest, here);
}

void
sentry_host_placement_free (SentryHostPlacement *p)
{
  g_assert (sentry_list_is_empty (&p->pairs));
  g_mutex_lock (&p->sleep_lock);
  p->stopping = TRUE;
  g_cond_signal (&p->sleep_cond);
  g_mutex_unlock (&p->sleep_lock);
  if (p->thread != NULL)
    g_thread_join (p->thread);
  g_mutex_clear (&p->sleep_lock);
  g_cond_clear (&p->sleep_cond);
  g_free (p);
}
