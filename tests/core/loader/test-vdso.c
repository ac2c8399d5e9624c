/* The vDSO's image, run natively beside a parameter page of the test's.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/loader.h"
#include "time/clock.h"

#include <elf.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define PAGE 4096

typedef int (*ClockFunc) (clockid_t, struct timespec *);

typedef struct
{
  guint8 *image;
  SentryVdsoParams *params;
} Vdso;

static void
set_up (Vdso *v, gconstpointer data)
{
  gsize size;
  gconstpointer bytes = sentry_vdso_image (&size);
  guint8 *at = mmap (NULL, PAGE + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  g_assert_true (at != MAP_FAILED);
  v->params = (SentryVdsoParams *) at;
  v->image = at + PAGE;
  memcpy (v->image, bytes, size);
  g_assert_cmpint (mprotect (v->image, size, PROT_READ | PROT_EXEC), ==, 0);
}

static void
tear_down (Vdso *v, gconstpointer data)
{
  gsize size;

  sentry_vdso_image (&size);
  munmap (v->params, PAGE + size);
}

static const Elf64_Dyn *
dynamic (Vdso *v)
{
  const Elf64_Ehdr *header = (const Elf64_Ehdr *) v->image;
  const Elf64_Phdr *ph = (const Elf64_Phdr *) (v->image + header->e_phoff);

  for (guint i = 0; i < header->e_phnum; i++)
    if (ph[i].p_type == PT_DYNAMIC)
      return (const Elf64_Dyn *) (v->image + ph[i].p_vaddr);
  g_assert_not_reached ();
}

static gconstpointer
table (Vdso *v, gint64 tag)
{
  for (const Elf64_Dyn *d = dynamic (v); d->d_tag != DT_NULL; d++)
    if (d->d_tag == tag)
      return v->image + d->d_un.d_ptr;
  g_assert_not_reached ();
}

/* As libc looks it up: by name and version LINUX_2.6. */
static gpointer
find (Vdso *v, const char *name)
{
  const Elf64_Sym *symbols = table (v, DT_SYMTAB);
  const char *strings = table (v, DT_STRTAB);
  const guint16 *versions = table (v, DT_VERSYM);
  const guint32 *hash = table (v, DT_HASH);
  const Elf64_Verdef *def = table (v, DT_VERDEF);

  for (guint i = 1; i < hash[1]; i++)
    {
      const Elf64_Verdef *d = def;

      if (strcmp (strings + symbols[i].st_name, name) != 0)
        continue;
      while ((d->vd_ndx & 0x7fff) != (versions[i] & 0x7fff))
        d = (const Elf64_Verdef *) ((const char *) d + d->vd_next);
      g_assert_cmpstr (strings + ((const Elf64_Verdaux *) ((const char *) d + d->vd_aux))->vda_name,
                       ==, "LINUX_2.6");
      return v->image + symbols[i].st_value;
    }
  g_error ("no %s", name);
}

static guint64
read_tsc (void)
{
  return __builtin_ia32_rdtsc ();
}

/* A clock that ticks once a TSC tick. */
static void
set_params (Vdso *v)
{
  *v->params = (SentryVdsoParams){ .usable = 1,
                                   .base_tsc = read_tsc (),
                                   .mult = 1 << 24,
                                   .shift = 24,
                                   .monotonic_ns = 5 * SENTRY_NSEC_PER_SEC,
                                   .realtime_ns = 1000 * SENTRY_NSEC_PER_SEC,
                                   .boottime_ns = 70 * SENTRY_NSEC_PER_SEC,
                                   .max_tsc = G_MAXINT64,
                                   .tz_minuteswest = -60 };
}

static gint64
nanoseconds (const struct timespec *ts)
{
  return ts->tv_sec * SENTRY_NSEC_PER_SEC + ts->tv_nsec;
}

static void
clocks_come_from_the_page (Vdso *v, gconstpointer data)
{
  ClockFunc get = (ClockFunc) find (v, "__vdso_clock_gettime");
  int (*gettimeofday_func) (struct timeval *, struct timezone *) = find (v, "__vdso_gettimeofday");
  time_t (*time_func) (time_t *) = find (v, "__vdso_time");
  const struct
  {
    clockid_t clock;
    gint64 seconds;
  } clocks[]
      = { { CLOCK_MONOTONIC, 5 },   { CLOCK_MONOTONIC_RAW, 5 },      { CLOCK_MONOTONIC_COARSE, 5 },
          { CLOCK_REALTIME, 1000 }, { CLOCK_REALTIME_COARSE, 1000 }, { CLOCK_BOOTTIME, 70 } };
  struct timespec ts;
  struct timeval tv;
  struct timezone tz;
  time_t t = 0;

  set_params (v);
  for (guint i = 0; i < G_N_ELEMENTS (clocks); i++)
    {
      guint64 before = read_tsc () - v->params->base_tsc, after;

      g_assert_cmpint (get (clocks[i].clock, &ts), ==, 0);
      after = read_tsc () - v->params->base_tsc;
      g_assert_cmpint (nanoseconds (&ts), >=, clocks[i].seconds * SENTRY_NSEC_PER_SEC + before);
      g_assert_cmpint (nanoseconds (&ts), <=, clocks[i].seconds * SENTRY_NSEC_PER_SEC + after);
    }
  g_assert_cmpint (gettimeofday_func (&tv, &tz), ==, 0);
  g_assert_cmpint (tv.tv_sec, >=, 1000);
  g_assert_cmpint (tv.tv_sec, <, 1100);
  g_assert_cmpint (tz.tz_minuteswest, ==, -60);
  g_assert_cmpint (gettimeofday_func (NULL, NULL), ==, 0);
  g_assert_cmpint (time_func (&t), ==, t);
  g_assert_cmpint (t, >=, 1000);
  g_assert_cmpint (t, <, 1100);
}

/* Where the page can't answer, the kernel does: here the host's. */
static void
stale_page_asks_the_kernel (Vdso *v, gconstpointer data)
{
  ClockFunc get = (ClockFunc) find (v, "__vdso_clock_gettime");
  struct timespec host, ts;

  for (guint i = 0; i < 4; i++)
    {
      set_params (v);
      if (i == 0)
        v->params->usable = 0;
      else if (i == 1)
        v->params->max_tsc = 0;
      else if (i == 2)
        v->params->base_tsc += G_GUINT64_CONSTANT (1) << 60;
      else
        v->params->seq = 1;
      clock_gettime (CLOCK_MONOTONIC, &host);
      g_assert_cmpint (get (CLOCK_MONOTONIC, &ts), ==, 0);
      g_assert_cmpint (nanoseconds (&ts) - nanoseconds (&host), <, 10 * SENTRY_NSEC_PER_SEC);
      g_assert_cmpint (nanoseconds (&ts) - nanoseconds (&host), >=, 0);
    }
  set_params (v);
  g_assert_cmpint (get (1234, &ts), ==, -EINVAL);
  g_assert_cmpint (get (CLOCK_PROCESS_CPUTIME_ID, &ts), ==, 0);
}

static void
resolution_and_cpu (Vdso *v, gconstpointer data)
{
  ClockFunc res = (ClockFunc) find (v, "__vdso_clock_getres");
  int (*getcpu_func) (unsigned *, unsigned *, void *) = find (v, "__vdso_getcpu");
  struct timespec ts;
  cpu_set_t old, one;
  unsigned cpu = 77, node = 77;

  set_params (v);
  g_assert_cmpint (res (CLOCK_MONOTONIC, &ts), ==, 0);
  g_assert_cmpint (nanoseconds (&ts), ==, 1);
  g_assert_cmpint (res (CLOCK_MONOTONIC, NULL), ==, 0);
  g_assert_cmpint (res (1234, &ts), ==, -EINVAL);
  g_assert_cmpint (sched_getaffinity (0, sizeof old, &old), ==, 0);
  for (int i = 0; i < CPU_SETSIZE; i++)
    {
      if (!CPU_ISSET (i, &old))
        continue;
      CPU_ZERO (&one);
      CPU_SET (i, &one);
      g_assert_cmpint (sched_setaffinity (0, sizeof one, &one), ==, 0);
      for (v->params->host_cpus = 0; v->params->host_cpus < 2; v->params->host_cpus++)
        {
          g_assert_cmpint (getcpu_func (&cpu, &node, NULL), ==, 0);
          g_assert_cmpuint (cpu, ==, i);
        }
      g_assert_cmpint (getcpu_func (NULL, NULL, NULL), ==, 0);
    }
  sched_setaffinity (0, sizeof old, &old);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/sentry/loader/vdso/clocks-come-from-the-page", Vdso, NULL, set_up,
              clocks_come_from_the_page, tear_down);
  g_test_add ("/sentry/loader/vdso/stale-page-asks-the-kernel", Vdso, NULL, set_up,
              stale_page_asks_the_kernel, tear_down);
  g_test_add ("/sentry/loader/vdso/resolution-and-cpu", Vdso, NULL, set_up, resolution_and_cpu,
              tear_down);
  return g_test_run ();
}
