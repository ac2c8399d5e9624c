/* An mm on the mock platform, for tests. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <sys/mman.h>
#include "mm/mm-private.h"
#include "mock-platform.h"

#define PAGE 4096

typedef struct
{
  SentryMockPlatform *platform;
  SentryLimits limits;
  SentryMM *mm;
} Fixture;

static inline void
set_limit (Fixture *f, int which, guint64 soft)
{
  SentryLimit l = { soft, SENTRY_RLIM_INFINITY };

  g_assert_cmpint (sentry_limits_swap (&f->limits, which, &l, TRUE, NULL), ==, 0);
}

static inline void
set_up (Fixture *f, gconstpointer data)
{
  int err = 0;

  f->platform = sentry_mock_platform_new ();
  sentry_limits_init (&f->limits);
  f->mm = sentry_mm_new (SENTRY_PLATFORM (f->platform), &f->limits, FALSE, &err);
  g_assert_nonnull (f->mm);
}

static inline void
tear_down (Fixture *f, gconstpointer data)
{
  sentry_mm_unref (f->mm);
  g_assert_cmpuint (sentry_mock_platform_n_address_spaces (f->platform), ==, 0);
  g_object_unref (f->platform);
}

static inline gint64
map_at (Fixture *f, guint64 addr, guint64 len, int prot, int flags)
{
  SentryMmapArgs args = { .addr = addr, .len = len, .prot = prot, .flags = flags };

  return sentry_mm_mmap (f->mm, NULL, &f->limits, &args);
}

static inline gint64
map_file (Fixture *f, SentryFile *file, guint64 len, int prot, int flags, guint64 offset)
{
  SentryMmapArgs args
      = { .len = len, .prot = prot, .flags = flags, .file = file, .offset = offset };

  return sentry_mm_mmap (f->mm, NULL, &f->limits, &args);
}

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static inline guint
n_vmas (Fixture *f)
{
  SentryMMStats stats;

  sentry_mm_stats (f->mm, &stats);
  return stats.n_vmas;
}

static inline int
host_prot (Fixture *f, guint64 addr)
{
  return sentry_mock_address_space_prot (sentry_mm_address_space (f->mm), addr);
}
