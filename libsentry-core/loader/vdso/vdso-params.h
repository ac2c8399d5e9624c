/* The parameter page as guest code sees it. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

typedef struct
{
  uint32_t seq, usable;
  uint64_t base_tsc;
  uint32_t mult, shift;
  uint64_t monotonic_ns, realtime_ns, boottime_ns;
  uint64_t max_tsc;
  int32_t tz_minuteswest, tz_dsttime;
  uint32_t host_cpus;
} VdsoParams;
