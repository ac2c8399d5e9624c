/* The vDSO: time and CPU number without a kernel entry.  Runs in guests; freestanding, position
 * independent, no data of its own. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <time.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* SentryVdsoParams of iface/sentry-timekeeper.h, without GLib; vdso-params.c asserts that they
 * agree. */
#include "loader/vdso/vdso-params.h"

#define NSEC_PER_SEC 1000000000u
#define CLOCK_MASK(clock) (1u << (clock))
/* What follows CLOCK_REALTIME, and what runs like CLOCK_MONOTONIC; TAI is the kernel's to know. */
#define LIKE_REALTIME (CLOCK_MASK (CLOCK_REALTIME) | CLOCK_MASK (CLOCK_REALTIME_COARSE))
#define LIKE_MONOTONIC                                                                             \
  (CLOCK_MASK (CLOCK_MONOTONIC) | CLOCK_MASK (CLOCK_MONOTONIC_COARSE)                              \
   | CLOCK_MASK (CLOCK_MONOTONIC_RAW))
#define MAX_TRIES 64
/* The host's GDT entry whose limit holds CPU (12 bits) and node. */
#define CPU_NUMBER_SELECTOR 0x7b

extern const VdsoParams sentry_vdso_params_page __attribute__ ((visibility ("hidden")));

static inline long
kernel_call (long nr, long a, long b, long c)
{
  long ret;

  __asm__ volatile("syscall"
                   : "=a"(ret)
                   : "a"(nr), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return ret;
}

static inline uint64_t
read_tsc (void)
{
  uint32_t low, high;

  __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
  return (uint64_t) high << 32 | low;
}

/* Nanoseconds of the clock, or 0: ask the kernel. */
static uint64_t
now (clockid_t clock)
{
  const volatile VdsoParams *p = &sentry_vdso_params_page;

  for (int i = 0; i < MAX_TRIES; i++)
    {
      uint32_t seq = __atomic_load_n (&p->seq, __ATOMIC_ACQUIRE);
      uint64_t base, delta, mult, max;
      uint32_t shift, usable;

      if (seq & 1)
        {
          __builtin_ia32_pause ();
          continue;
        }
      usable = p->usable;
      delta = read_tsc () - p->base_tsc;
      max = p->max_tsc;
      mult = p->mult;
      shift = p->shift & 63;
      base = clock == CLOCK_BOOTTIME              ? p->boottime_ns
             : CLOCK_MASK (clock) & LIKE_REALTIME ? p->realtime_ns
                                                  : p->monotonic_ns;
      __atomic_thread_fence (__ATOMIC_ACQUIRE);
      if (__atomic_load_n (&p->seq, __ATOMIC_RELAXED) != seq)
        continue;
      if (!usable || delta > max)
        return 0;
      return base + (uint64_t) ((unsigned __int128) delta * mult >> shift);
    }
  return 0;
}

int __vdso_clock_gettime (clockid_t clock, struct timespec *ts);
int __vdso_gettimeofday (struct timeval *tv, struct timezone *tz);
int __vdso_clock_getres (clockid_t clock, struct timespec *ts);
time_t __vdso_time (time_t *t);
int __vdso_getcpu (unsigned *cpu, unsigned *node);

int
__vdso_clock_gettime (clockid_t clock, struct timespec *ts)
{
  uint64_t ns = 0;

  if ((unsigned) clock < 32
      && (CLOCK_MASK (clock) & (LIKE_REALTIME | LIKE_MONOTONIC | CLOCK_MASK (CLOCK_BOOTTIME))))
    ns = now (clock);
  if (ns == 0)
    return kernel_call (SYS_clock_gettime, clock, (long) ts, 0);
  ts->tv_sec = ns / NSEC_PER_SEC;
  ts->tv_nsec = ns % NSEC_PER_SEC;
  return 0;
}

int
__vdso_gettimeofday (struct timeval *tv, struct timezone *tz)
{
  uint64_t ns = tv != NULL ? now (CLOCK_REALTIME) : 1;

  if (ns == 0)
    return kernel_call (SYS_gettimeofday, (long) tv, (long) tz, 0);
  if (tv != NULL)
    {
      tv->tv_sec = ns / NSEC_PER_SEC;
      tv->tv_usec = ns % NSEC_PER_SEC / 1000;
    }
  if (tz != NULL)
    {
      tz->tz_minuteswest = sentry_vdso_params_page.tz_minuteswest;
      tz->tz_dsttime = sentry_vdso_params_page.tz_dsttime;
    }
  return 0;
}

int
__vdso_clock_getres (clockid_t clock, struct timespec *ts)
{
  if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME
      && clock != CLOCK_MONOTONIC_RAW)
    return kernel_call (SYS_clock_getres, clock, (long) ts, 0);
  if (ts != NULL)
    {
      ts->tv_sec = 0;
      ts->tv_nsec = 1;
    }
  return 0;
}

time_t
__vdso_time (time_t *t)
{
  uint64_t ns = now (CLOCK_REALTIME);
  time_t seconds;

  if (ns == 0)
    return kernel_call (SYS_time, (long) t, 0, 0);
  seconds = ns / NSEC_PER_SEC;
  if (t != NULL)
    *t = seconds;
  return seconds;
}

int
__vdso_getcpu (unsigned *cpu, unsigned *node)
{
  unsigned number;

  if (!__atomic_load_n (&sentry_vdso_params_page.host_cpus, __ATOMIC_RELAXED))
    return kernel_call (SYS_getcpu, (long) cpu, (long) node, 0);
  __asm__ volatile("lsl %1, %0" : "=r"(number) : "r"(CPU_NUMBER_SELECTOR));
  if (cpu != NULL)
    *cpu = number & 0xfff;
  if (node != NULL)
    *node = number >> 12;
  return 0;
}

/* The names without prefix, as Linux gives them too. */
int clock_gettime (clockid_t, struct timespec *)
    __attribute__ ((weak, alias ("__vdso_clock_gettime")));
int gettimeofday (struct timeval *restrict, void *restrict)
    __attribute__ ((weak, alias ("__vdso_gettimeofday")));
int clock_getres (clockid_t, struct timespec *)
    __attribute__ ((weak, alias ("__vdso_clock_getres")));
time_t time (time_t *) __attribute__ ((weak, alias ("__vdso_time")));
int getcpu (unsigned *, unsigned *) __attribute__ ((weak, alias ("__vdso_getcpu")));
